"""How many more sub-grids are truly in band where the division prices what estimates leave open.

Reads the sets in ``../shared/truth``; without them it says so and measures nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gridplan as gp
from benchmarks.households import TRUTH, draw_counted, make_truth_site, read_sets
from gridplan.land.household_errors import find_shares
from gridplan.rules.all_rules import Rules
from gridplan.site import Site

DRAWS = 4
# Blocks of a hundred dwellings are no sub-grid of thirty: they get a band of their own.
BANDS = {
    "house": {"low": 20, "target": 30, "high": 40},
    "block": {"low": 200, "target": 300, "high": 400},
}


def run(folder: Path = TRUTH) -> bool:
    """Print the share of sub-grids truly in band, plain and robust; return whether robust wins."""
    if not folder.exists():
        print(f"the sets of {folder} are not here: nothing was measured")
        return True
    rows = []
    claims = []
    for name, buildings, profile, kind in read_sets(folder):
        for known in (0, 30):
            for draw in range(DRAWS if known else 1):
                counted = draw_counted(buildings, known, draw)
                site = make_truth_site(buildings, False, counted)
                site = site.replace(communities=site.communities.assign(kind="urban"))
                for robust in (False, True):
                    found, each = measure_truth(site, buildings, profile, BANDS[kind], robust)
                    rows.append({"set": name, "known": known, "robust": robust} | found)
                    claims.append(each)
            print(f"{name}, {known} counted: done", flush=True)
    table = pd.DataFrame(rows).groupby(["set", "known", "robust"], sort=False).mean()
    print(table.round(3).to_string())
    true = table["true"].unstack("robust")
    more = int((true[True] >= true[False]).sum())
    print(f"robust at least as often truly in band: {len(true)} tried, {more} held")
    by = table.groupby("robust")[["claimed", "true"]].mean()
    print(by.round(3).to_string())
    near = print_tenths(pd.concat(claims))
    return near and bool(by.loc[True, "true"] >= by.loc[False, "true"])


def print_tenths(claims: pd.DataFrame) -> bool:
    """Print the chance claimed beside the share that is true, by tenths of the chance."""
    tenth = np.minimum((claims["claimed"] * 10).astype(int), 9)
    table = claims.groupby(tenth.rename("tenth")).agg(
        subgrids=("true", "size"), claimed=("claimed", "mean"), true=("true", "mean")
    )
    print(table.round(3).to_string())
    full = table[table["subgrids"] >= 100]
    near = (full["claimed"] - full["true"]).abs() <= 0.1
    print(
        f"claimed within 0.1 of true, tenths of 100 sub-grids: {len(full)} tried, {near.sum()} held"
    )
    return bool(near.all())


def measure_truth(
    site: Site, buildings: Any, profile: str, band: dict[str, int], robust: bool
) -> tuple[dict[str, float], pd.DataFrame]:
    """Measure a plan of a set, and for each sub-grid the chance claimed and whether it is true."""
    rules = Rules().replace(
        urban=band, households={"profile": profile}, division={"robust": robust}
    )
    plan = gp.divide(site, rules, seed=1)
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    table = plan.site.buildings.sort_index()
    # who lives where the plan expects no home counts too
    row, column, share = find_shares(plan.stairwells.sort_index(), table, plan.subgrids)
    truth = buildings.set_index("building")["dwellings"].reindex(table.index).to_numpy(float)
    homes = homes.sort_index()
    real = np.round(np.bincount(column, share * truth[row], minlength=len(homes)))
    inside = (homes["low"] <= real) & (homes["high"] >= real)
    figures = {
        "sub-grids": len(homes),
        "by estimate": float(homes["in_band"].mean()),
        "claimed": float(homes["chance_in_band"].mean()),
        "true": float(inside.mean()),
    }
    each = pd.DataFrame({"claimed": homes["chance_in_band"], "true": inside.astype(float)})
    return figures, each
