"""The people: what each verb costs and proves, and our ratios beside Tangshan's.

The district is made up. Each verb runs in a process of its own on the plan
that the last one wrote, so that the peak memory is the verb's own.
"""

import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

import gridplan as gp
from benchmarks.own_process import call_in_own_process
from gridplan.publishing.tangshan_ratios import compare_ratios

# a district with as many of its communities in town as Tangshan has
COMMUNITIES = 100
URBAN_SHARE = 0.24
HOUSEHOLDS = 2_837_237 / 6_304  # mean of the communities of Tangshan
VERBS = ("plan", "organise", "staff", "pair", "rate", "release", "brief")


def draw_district(households, hierarchy):
    """Draw a made-up district, of the communities of ``hierarchy`` if any; returns its plan."""
    from gridplan.reading.hierarchy import read_hierarchy

    wards = read_hierarchy(hierarchy) if hierarchy else None
    count = COMMUNITIES if wards is None else len(wards)
    town = gp.synthetic.make_town(
        count, URBAN_SHARE, int(households or round(count * HOUSEHOLDS)), seed=1, hierarchy=wards
    )
    return gp.divide(gp.read_site(town), gp.Rules().replace(division={"effort": "quick"}), seed=1)


def serve(verb, folder, households="", *hierarchy):
    """Run one verb on what the last one wrote.

    Returns the seconds of processor for reading, the verb and writing, and the
    figures of its result.
    """
    place = Path(folder)
    moments = [time.process_time()]
    plan = None if verb == "plan" else gp.read_plan(place / VERBS[VERBS.index(verb) - 1])
    moments.append(time.process_time())
    if verb == "plan":
        result = draw_district(households, hierarchy)
    elif verb == "brief":
        result = gp.write_brief(plan)
    else:
        result = getattr(gp, verb)(plan)
    moments.append(time.process_time())
    if verb == "brief":
        figures = {"ratios": json.loads(compare_ratios(plan).to_json(orient="records"))}
    else:
        gp.write_plan(result, place / verb)
        moments.append(time.process_time())
        note = (
            result.manifest["release"]
            if verb == "release"
            else result.manifest.get("people", {}).get(verb, {}).get("figures", {})
        )
        figures = {
            "gaps": {name: gap for name, gap in note.items() if name.endswith("gap")},
            "sizes": list_sizes(result),
        }
    return figures | {
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
    """Print what each verb costs and proves, then every ratio beside the published one."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for verb in VERBS:
            results[verb] = call_in_own_process(
                "people", "serve", verb, folder, households or "", *hierarchy
            )
    sizes = ", ".join(f"{count:,} {name}" for name, count in results["plan"]["sizes"].items())
    print(f"\nThe people of {', '.join(map(str, hierarchy)) or 'a made-up district'}: {sizes}")
    print_costs(results)
    print_ratios(results["brief"]["ratios"])


def print_costs(results):
    """Print a row for each verb: seconds of processor, peak memory, and proven gaps."""
    print(f"{'verb':10}{'reading s':>10}{'verb s':>9}{'writing s':>10}{'peak MB':>9}  proven gaps")
    for verb, result in results.items():
        seconds = [*result["seconds"], 0.0][:3]
        gaps = ", ".join(
            f"{name.removesuffix('_gap').removesuffix('gap')} {gap:.4%}"
            for name, gap in result.get("gaps", {}).items()
        )
        print(
            f"{verb:10}{seconds[0]:10.1f}{seconds[1]:9.1f}{seconds[2]:10.1f}"
            f"{result['peak_mb']:9.0f}  {gaps}"
        )


def print_ratios(ratios):
    """Print every ratio beside the published one; a dash: not known, a star: far apart."""
    print(f"\n{'ratio':45}{'ours':>10}{'Tangshan':>10}{'off':>9}")
    for row in ratios:
        ours, theirs = (show(row[name], "{:,.3f}") for name in ("value", "tangshan"))
        off = show(row["off"], "{:+.1%}")
        remark = "* " + row["why"] if row["far"] else ""
        print(f"{row['en']:45}{ours:>10}{theirs:>10}{off:>9}  {remark}")


def show(figure, pattern):
    return "-" if figure is None else pattern.format(figure)
