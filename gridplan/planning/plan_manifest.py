"""The manifest of a plan: how it was made, and what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from gridplan import __version__
from gridplan.land.total_groups import list_settled_together
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.tables.likely_band import find_likely

CUT_SHORT = (
    "the search was ended early, by a time limit or by the user, so the plan depends on the machine"
)


def write_manifest(
    plan: Plan, rules: Rules, seed: int, inputs: Mapping[str, str]
) -> dict[str, Any]:
    """Write down how a plan was made and what it comes to.

    Nothing in it depends on the machine or the hour.
    """
    sizes = {
        "communities": len(plan.site.communities),
        "buildings": len(plan.site.buildings),
        "homes": int((plan.site.buildings["households"] > 0).sum()),
        "stairwells": len(plan.stairwells),
        "exceptions": len(plan.exceptions),
        "special_grids": len(plan.special_grids),
        "grids": len(plan.grids),
    }
    settled = list_settled_together(plan.site)
    return compose_manifest(sizes, plan.subgrids, rules, seed, inputs, plan.site.ledger, settled)


def compose_manifest(
    sizes: Mapping[str, int],
    subgrids: pd.DataFrame,
    rules: Rules,
    seed: int,
    inputs: Mapping[str, str],
    ledger: pd.DataFrame,
    settled: Collection[str] = (),
) -> dict[str, Any]:
    """Compose the manifest from the rows of each table, the table of sub-grids and the ledger.

    ``settled`` are the communities whose total of households is known.
    """
    exclusive = int((subgrids["kind"] == "exclusive").sum())
    subgrids = subgrids[subgrids["kind"] == "residential"]
    households = int(subgrids["households"].sum())
    figures = {
        "communities": sizes["communities"],
        "buildings": sizes["buildings"],
        "homes": sizes["homes"],
        "households": households,
        "stairwells": sizes["stairwells"],
        "subgrids": len(subgrids),
        "in_band": int(subgrids["in_band"].sum()),
        "exceptions": sizes["exceptions"],
        # Rounded, and of at least one sub-grid, so that a plan without any has
        # figures too.
        "mean_households": round(households / max(1, len(subgrids)), 2),
        "mean_walk": round(float(subgrids["household_metres"].sum()) / max(1, households), 2),
    }
    more = {"exclusive": exclusive} | {
        table: sizes.get(table, 0) for table in ("special_grids", "grids")
    }
    # Layers that were not drawn are left out, so that they do not read as
    # empty.
    figures |= {name: count for name, count in more.items() if count}
    figures |= _list_likely(subgrids, rules, settled)
    manifest = {
        "gridplan": __version__,
        "seed": seed,
        "inputs": dict(inputs),
        "rules": rules.to_dict(),
        "figures": figures,
    }
    # From the ledger, since plans joined from parts have no divisions to ask.
    cut_short = count_cut_short(ledger)
    return manifest | (
        {"cut_short": {"communities": cut_short, "note": CUT_SHORT}} if cut_short else {}
    )


def _list_likely(
    subgrids: pd.DataFrame, rules: Rules, settled: Collection[str]
) -> dict[str, int | float]:
    """List what the estimates leave open, if they do: households, and the share likely in band."""
    # a known total of the site settles that of every community together
    every = set(subgrids["community"]) if rules.households.total > 0 else settled
    likely = find_likely(subgrids, every, rules.simulation.near_multiple)
    if likely is None or not likely.is_open:
        return {}
    return {
        "households_low": likely.households_low,
        "households_high": likely.households_high,
        "likely_in_band": likely.share,
        "likely_low": round(likely.share_low, 4),
        "likely_high": round(likely.share_high, 4),
    }


def count_cut_short(ledger: pd.DataFrame) -> int:
    """Count the communities whose search was ended before it was done."""
    return int(ledger.loc[ledger["reason"] == CUT_SHORT, "count"].sum())
