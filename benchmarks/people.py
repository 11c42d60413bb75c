"""The people: what each verb costs and proves on a made-up district, and its ratios beside those printed for Tangshan.

Each verb runs in a process of its own on the plan that the last one wrote, so
that the peak memory is the verb's own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import gridplan as gp
from gridplan.publishing.tangshan_ratios import compare_ratios

# a district with as many of its communities in town as Tangshan has
COMMUNITIES = 100
URBAN_SHARE = 0.24
HOUSEHOLDS = 2_837_237 / 6_304  # of a community of Tangshan, on the mean
VERBS = ("plan", "organise", "staff", "pair", "rate", "release", "brief")


def draw_district(households, hierarchy):
    """Draw a made-up district, of the communities of hierarchy tables where some are given; returns its plan."""
    from gridplan.reading.hierarchy import read_hierarchy

    wards = read_hierarchy(hierarchy) if hierarchy else None
    count = COMMUNITIES if wards is None else len(wards)
    town = gp.synthetic.make_town(
        count, URBAN_SHARE, int(households or round(count * HOUSEHOLDS)), seed=1, hierarchy=wards
    )
    return gp.divide(gp.read_site(town), gp.Rules().replace(division={"effort": "quick"}), seed=1)


def serve(verb, folder, households="", *hierarchy):
    """Run one verb on what the last one wrote; returns processor seconds of reading, the verb and writing, and what it found."""
    place = Path(folder)
    moments = [time.process_time()]
    plan = None if verb == "plan" else gp.read_plan(place / VERBS[VERBS.index(verb) - 1])
    moments.append(time.process_time())
    done = (
        draw_district(households, hierarchy)
        if verb == "plan"
        else gp.write_brief(plan)
        if verb == "brief"
        else getattr(gp, verb)(plan)
    )
    moments.append(time.process_time())
    if verb == "brief":
        found = {"ratios": json.loads(compare_ratios(plan).to_json(orient="records"))}
    else:
        gp.write_plan(done, place / verb)
        moments.append(time.process_time())
        note = (
            done.manifest["release"]
            if verb == "release"
            else done.manifest.get("people", {}).get(verb, {}).get("figures", {})
        )
        found = {
            "gaps": {name: gap for name, gap in note.items() if name.endswith("gap")},
            "sizes": list_sizes(done),
        }
    return found | {
        "seconds": np.diff(moments).tolist(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def list_sizes(plan):
    """List how large the plan is."""
    tables = {
        "communities": plan.site.communities,
        "buildings": plan.site.buildings,
        "sub-grids": plan.subgrids,
    }
    return {"households": int(plan.subgrids["households"].sum())} | {
        name: len(table) for name, table in tables.items()
    }


def run(hierarchy=(), households=None):
    """Print what each verb costs and proves, then every ratio beside the published one and how far off it is."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for verb in VERBS:
            code = "import json, sys; from benchmarks.people import serve; print(json.dumps(serve(*sys.argv[1:])))"
            words = [
                sys.executable,
                "-c",
                code,
                verb,
                folder,
                str(households or ""),
                *map(str, hierarchy),
            ]
            done = subprocess.run(words, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(done.stderr)
            results[verb] = json.loads(done.stdout.splitlines()[-1])
    sizes = ", ".join(f"{count:,} {name}" for name, count in results["plan"]["sizes"].items())
    print(f"\nThe people of {', '.join(map(str, hierarchy)) or 'a made-up district'}: {sizes}")
    print_costs(results)
    print_ratios(results["brief"]["ratios"])


def print_costs(results):
    """Print a row for each verb: processor seconds, peak memory, and the optimality gaps that it proved."""
    print(f"{'verb':10}{'reading s':>10}{'verb s':>9}{'writing s':>10}{'peak MB':>9}  proven gaps")
    for verb, result in results.items():
        seconds = [*result["seconds"], 0.0][:3]
        gaps = ", ".join(
            f"{name.removesuffix('_gap').removesuffix('gap')} {gap:.4%}"
            for name, gap in result.get("gaps", {}).items()
        )
        print(
            f"{verb:10}{seconds[0]:10.1f}{seconds[1]:9.1f}{seconds[2]:10.1f}{result['peak_mb']:9.0f}  {gaps}"
        )


def print_ratios(ratios):
    """Print every ratio, ours beside the published one; a dash where one is not known, a star where they are far apart."""
    print(f"\n{'ratio':45}{'ours':>10}{'Tangshan':>10}{'off':>9}")
    for row in ratios:
        ours, theirs = (show(row[name], "{:,.3f}") for name in ("value", "tangshan"))
        print(
            f"{row['en']:45}{ours:>10}{theirs:>10}{show(row['off'], '{:+.1%}'):>9}  {'* ' + row['why'] if row['far'] else ''}"
        )


def show(figure, pattern):
    return "-" if figure is None else pattern.format(figure)
