"""Demonstration points and drills: what a thousand points, 25 belts and a season cost.

The city is made up; points stand along its streets, those of a belt one after
another along one of the longest.
"""

import time

import geopandas as gpd
import numpy as np
import shapely

import gridplan as gp
from gridplan.auditing.audit_plan import audit
from gridplan.coverage.demonstration import demonstrate
from gridplan.coverage.drills.drill_plan import plan_drills
from gridplan.coverage.proposals import propose_posts, recall_rules

COMMUNITIES = 40
HOUSEHOLDS = 18_000
POINTS = 1_000
BELTS = 25
OF_BELT = 12  # points of a belt
DAYS = 10


def run():
    """Run and print."""
    town = gp.synthetic.make_town(COMMUNITIES, 0.5, HOUSEHOLDS, seed=1)
    rules = gp.Rules().replace(division={"effort": "quick"})
    plan = gp.divide(gp.read_site(town), rules, seed=1)
    points = place_points(plan)
    print(f"{COMMUNITIES} communities, {len(points):,} points, {BELTS} belts")
    plan = measure("demonstrate", lambda: demonstrate(plan, points))
    city = plan.indicators.query("room == 'demonstration' and level == 'city'")
    for row in city.itertuples():
        print(f"    {row.measure:<30}{row.value:>10.2f}")
    far = plan.indicators.query("measure == 'demonstration_metres'")["value"]
    print(f"    metres of communities to a point  {far.min():.0f} to {far.max():.0f}")
    kind = "demonstration_point"
    for aim in ("most", "fairest", "each"):
        after = measure(
            f"propose 3, {aim}",
            lambda aim=aim: propose_posts(
                plan, kind, add=3, question=aim, rules=recall_rules(plan)
            ),
        )
        row = after.siting[after.siting["chosen"]].iloc[0]
        print(
            f"    share {row['share']:.4f}, worst {row['worst_share']:.4f}, "
            f"unserved {row['unserved']:.0f}, {row['ended']}"
        )
    for sites in (8, 20):
        of = rules.replace(drills={"sites": sites, "visit": 15})
        drilled = measure(
            f"{DAYS} days of {sites}", lambda of=of: plan_drills(plan, DAYS, rules=of)
        )
        days = drilled.drill_days
        print(
            f"    {days['sites'].sum()} visits, subdistricts a day "
            f"{days['subdistricts'].min()} to {days['subdistricts'].max()}, "
            f"gap at most {days['gap'].max():.3f}"
        )
        found = audit(drilled).findings
        wrong = found[(found["severity"] == "error")]
        print(f"    errors of the audit: {len(wrong)}")
    measure("map", lambda: gp.draw_map(plan, reach=kind).get_root().render())


def place_points(plan):
    """Place points along streets: belts along the longest, the others anywhere."""
    lines = plan.site.streets.geometry.sort_index()
    order = lines.length.sort_values(ascending=False, kind="stable").index
    rng = np.random.default_rng(1)
    rows = [
        (f"B{belt:02d}-{n:02d}", f"belt {belt:02d}", n, shapely.line_interpolate_point(
            lines[order[belt]], n / (OF_BELT - 1), normalized=True))
        for belt in range(BELTS)
        for n in range(OF_BELT)
    ]  # fmt: skip
    others = rng.choice(len(lines), POINTS - len(rows))
    rows += [
        (f"S{n:04d}", "", np.nan, shapely.line_interpolate_point(
            lines.iloc[street], rng.random(), normalized=True))
        for n, street in enumerate(others)
    ]  # fmt: skip
    codes, belts, places, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"demonstration": codes, "belt": belts, "belt_order": places},
        geometry=list(shapes),
        crs=plan.crs,
    )


def measure(name, work):
    """Do the work and print its seconds."""
    start = time.perf_counter()
    result = work()
    print(f"{name:<20}{time.perf_counter() - start:8.1f} s", flush=True)
    return result
