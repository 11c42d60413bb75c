"""Change over years: what ten years under each policy cost to look at, on the example and a district, and what they say.

Each case runs in a process of its own, so that the peak memory is its own.
"""

import json
import resource
import subprocess
import sys
import time

import gridplan as gp

EXAMPLE = "data/example/town.gpkg"
CASES = ("example", "district")
MEASURES = ("moved_total", "in_band", "out", "subgrids", "mean_walk", "uncentred", "short_branches")
YEARS = 10


def draw(case):
    """Draw and organise the plan of a case."""
    from benchmarks.people import draw_district

    plan = (
        gp.divide(gp.read_site(EXAMPLE), seed=1) if case == "example" else draw_district(None, ())
    )
    return gp.organise(plan)


def look(case, replications):
    """Look ten years ahead; returns sizes, processor and wall seconds, peak memory, and every figure at the end by policy."""
    plan = draw(case)
    gp.simulate_years(
        plan, years=1, replications=1, policies=["never", "repair", "anew"]
    )  # loads the kernels
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    moments = [(time.process_time(), time.perf_counter())]
    done = gp.simulate_years(plan, years=YEARS, replications=int(replications))
    moments.append((time.process_time(), time.perf_counter()))
    last = done.by_year[done.by_year["year"] == YEARS].set_index(["measure", "policy"])
    share = done.by_year[done.by_year["measure"] == "in_band"]
    figures = {
        m: {
            p: [
                float(last.loc[(m, p), "mean"]),
                float(last.loc[(m, p), "high"] - last.loc[(m, p), "mean"]),
            ]
            for p in done.manifest["policies"]
        }
        for m in MEASURES
    }
    return {
        "communities": int(plan.subgrids["community"].nunique()),
        "households": int(plan.subgrids["households"].sum()),
        "subgrids": len(done.subgrids),
        "likely": int((done.subgrids["share"] >= 0.5).sum()),
        "seconds": [moments[1][n] - moments[0][n] for n in (0, 1)],
        "peak_mb": [
            mb / 1024 for mb in (before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        ],
        "figures": figures,
        "worst": share.groupby("policy", sort=False)["mean"].min().to_dict(),
    }


def run(replications=5):
    """Print what each case costs, and a row for each measure with a column for each policy."""
    for case in CASES:
        code = "import json, sys; from benchmarks.years import look; print(json.dumps(look(*sys.argv[1:])))"
        done = subprocess.run(
            [sys.executable, "-c", code, case, str(replications)], capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        print_case(case, replications, json.loads(done.stdout.splitlines()[-1]))


def print_case(case, replications, found):
    """Print one case."""
    cpu, wall = found["seconds"]
    print(
        f"\n{case}: {found['communities']} communities, {found['households']:,} households, {found['subgrids']:,} sub-grids; "
        f"{replications} futures of {YEARS} years"
    )
    each = cpu / replications / found["communities"]
    print(
        f"{cpu:.1f} s of processor ({each:.3f} s for a future of a community), {wall:.1f} s wall; "
        f"peak {found['peak_mb'][1]:.0f} MB, {found['peak_mb'][0]:.0f} MB before"
    )
    print(
        f"{found['likely']} sub-grids leave their band more likely than not if nothing is redrawn"
    )
    policies = list(found["worst"])
    print(f"{'at the end':16}" + "".join(f"{p:>20}" for p in policies))
    for name, values in found["figures"].items():
        size = 100.0 if name == "in_band" else 1.0
        print(
            f"{name:16}"
            + "".join(
                f"{size * values[p][0]:>11,.1f} ± {size * values[p][1]:<6,.1f}" for p in policies
            )
        )
    print(
        f"{'worst in_band':16}"
        + "".join(f"{100.0 * found['worst'][p]:>11,.1f}{'':9}" for p in policies)
    )
