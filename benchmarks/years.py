"""Change over years: what ten years under each policy cost to simulate, and what they say.

Each case runs in a process of its own, so that the peak memory is its own.
"""

import resource
import time

import gridplan as gp
from benchmarks.own_process import call_in_own_process

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
    """Look ten years ahead; returns sizes, costs, and every figure at the end by policy."""
    plan = draw(case)
    # a first year loads the kernels
    gp.simulate_years(plan, years=1, replications=1, policies=["never", "repair", "from_scratch"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    moments = [(time.process_time(), time.perf_counter())]
    result = gp.simulate_years(plan, years=YEARS, replications=int(replications))
    moments.append((time.process_time(), time.perf_counter()))
    last = result.by_year[result.by_year["year"] == YEARS].set_index(["measure", "policy"])
    share = result.by_year[result.by_year["measure"] == "in_band"]
    figures = {
        m: {
            p: [
                float(last.loc[(m, p), "mean"]),
                float(last.loc[(m, p), "high"] - last.loc[(m, p), "mean"]),
            ]
            for p in result.manifest["policies"]
        }
        for m in MEASURES
    }
    return {
        "communities": int(plan.subgrids["community"].nunique()),
        "households": int(plan.subgrids["households"].sum()),
        "subgrids": len(result.subgrids),
        "likely": int((result.subgrids["share"] >= 0.5).sum()),
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
        print_case(case, replications, call_in_own_process("years", "look", case, replications))


def print_case(case, replications, result):
    """Print one case."""
    cpu, wall = result["seconds"]
    print(
        f"\n{case}: {result['communities']} communities, {result['households']:,} households, "
        f"{result['subgrids']:,} sub-grids; {replications} futures of {YEARS} years"
    )
    each = cpu / replications / result["communities"]
    print(
        f"{cpu:.1f} s of processor ({each:.3f} s for a future of a community), {wall:.1f} s wall; "
        f"peak {result['peak_mb'][1]:.0f} MB, {result['peak_mb'][0]:.0f} MB before"
    )
    print(
        f"{result['likely']} sub-grids leave their band more likely than not if nothing is redrawn"
    )
    policies = list(result["worst"])
    print(f"{'at the end':16}" + "".join(f"{p:>20}" for p in policies))
    for name, values in result["figures"].items():
        size = 100.0 if name == "in_band" else 1.0
        print(
            f"{name:16}"
            + "".join(
                f"{size * values[p][0]:>11,.1f} ± {size * values[p][1]:<6,.1f}" for p in policies
            )
        )
    print(
        f"{'worst in_band':16}"
        + "".join(f"{100.0 * result['worst'][p]:>11,.1f}{'':9}" for p in policies)
    )
