"""How often draws of the households of communities lie in the ranges that the plan says.

On made-up towns and villages of eight communities, whose households nobody
counted, with and without uses, with nothing known and with the site's total.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import gridplan as gp
from gridplan.reading.site_tables import make_site
from gridplan.simulation.requests.household_draws import sample_households
from gridplan.synthetic.town import make_town

COVER = (0.85, 0.95)
DRAWS = 800


def run() -> bool:
    """Print the cover of the ranges of communities; return whether all are held."""
    rows = [
        _measure(kind, uses, total)
        for kind in ("villages", "towns")
        for uses in (True, False)
        for total in (False, True)
    ]
    table = pd.DataFrame(rows)
    print(table.round(3).to_string(index=False))
    held = table["cover"].between(*COVER)
    print(f"communities, cover of 85 to 95 %: {len(held)} tried, {int(held.sum())} held")
    return bool(held.all())


def _measure(kind: str, uses: bool, total: bool) -> dict[str, object]:
    site = make_site(make_town(8, urban_share=float(kind == "towns"), seed=3))
    known = int(site.communities["households"].sum())
    bare = site.buildings.assign(households_observed=np.nan, population=np.nan)
    if not uses:
        bare = bare.assign(use="")
    nameless = site.communities.assign(households=np.nan)
    rules = gp.Rules().replace(
        division={"effort": "quick"}, households={"total": known if total else 0}
    )
    plan = gp.divide(site.replace(buildings=bare, communities=nameless), rules, seed=1)
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"].sort_index()
    drawn = sample_households(plan, homes.index, DRAWS, 0)
    covers = []
    for code, row in plan.site.communities.iterrows():
        here = np.floor(drawn[:, (homes["community"] == code).to_numpy()].sum(axis=1) + 0.5)
        inside = (here >= row["households_low"]) & (here <= row["households_high"])
        covers.append(inside.mean())
    return {
        "kind": kind,
        "uses": uses,
        "site's total": total,
        "cover": float(np.mean(covers)),
        "least": min(covers),
        "most": max(covers),
    }
