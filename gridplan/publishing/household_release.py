"""Which totals of households and which bands leave, alone and beside an earlier release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints
from gridplan.plan import Plan
from gridplan.publishing.cells import CellSystem
from gridplan.publishing.earlier_households import HouseholdOverlay, overlay_households
from gridplan.publishing.household_bands import OPEN, band_households, read_bands
from gridplan.publishing.household_cells import (
    check_households,
    choose_hidden_totals,
    find_narrow,
    list_bands,
    read_totals,
    tie_households,
)
from gridplan.rules.disclosure import DisclosureRules


@dataclass(frozen=True)
class HouseholdChoice:
    """What leaves of the households: bands of the sub-grids, and the totals that stay behind.

    ``hidden`` holds pairs of level (community, grid, kind, city) and code.
    """

    bands: pd.DataFrame
    hidden: frozenset[tuple[str, str]]


def choose_households(
    plan: Plan, rules: DisclosureRules, earlier: tuple[Plan, Plan] | None
) -> HouseholdChoice:
    """Choose the bands and totals of households that may leave.

    Examples
    --------
    Two sub-grids of sixty share a total of 120, which leaves each open:

    >>> from gridplan.synthetic import make_board_plan
    >>> choose_households(make_board_plan(), DisclosureRules(), None).hidden
    frozenset()
    """
    overlay = _overlay(plan, earlier)
    system = overlay.system
    hidden = choose_hidden_totals(system, rules, overlay.known)
    bands = band_households(plan.subgrids, rules)
    while True:
        narrow = find_narrow(system, hidden, _join_bands(overlay, bands), rules)
        touched = _list_communities(system, narrow.astype(np.int64))
        # Bands go first: they say least. Then the totals of the place, then those above.
        of_place = plan.subgrids["community"].isin(touched) & (bands["first"] > 0)
        level = system.cells["level"]
        near = level.isin(["community"]) & system.cells["of"].isin(touched)
        near |= (level == "grid") & system.cells["of"].isin(
            plan.subgrids.loc[plan.subgrids["community"].isin(touched), "grid"]
        )
        above = level.isin(["city", "kind"]) & bool(touched)
        if of_place.any():
            first = bands["first"].mask(of_place, 0)
            bands = bands.assign(first=first, last=bands["last"].mask(of_place, OPEN))
        elif (near & ~hidden).any():
            hidden = hidden | near.to_numpy(bool)
        elif (above & ~hidden).any():
            hidden = hidden | above.to_numpy(bool)
        else:  # what is still narrow was given away by the earlier release alone
            break
    totals = system.cells[
        hidden & system.cells["level"].isin(["community", "grid", "kind", "city"])
    ]
    pairs = zip(totals["level"].astype(str), totals["of"].astype(str), strict=True)
    return HouseholdChoice(bands, frozenset(pairs))


def _overlay(plan: Plan, earlier: tuple[Plan, Plan] | None) -> HouseholdOverlay:
    system = tie_households(plan.subgrids)
    if earlier is not None:
        return overlay_households(system, plan, *earlier)
    bands = pd.DataFrame({"first": 0, "last": OPEN}, index=system.cells.index)
    return HouseholdOverlay(system, np.zeros(len(system.cells), bool), bands)


def _join_bands(overlay: HouseholdOverlay, bands: pd.DataFrame) -> pd.DataFrame:
    """Put the new bands beside the old ones, a row for each cell."""
    new = list_bands(overlay.system, bands)
    return pd.DataFrame(
        {
            "first": np.maximum(new["first"], overlay.bands["first"]),
            "last": np.minimum(new["last"], overlay.bands["last"]),
        }
    )


def _list_communities(system: CellSystem, rows: Ints) -> set[str]:
    named = system.cells["community"].iloc[rows].astype(str)
    return {code for names in named for code in names.split("|")} - {""}


def check_both(
    leaving: Plan, working: Plan, before: Plan, published: Plan, rules: DisclosureRules
) -> list[str]:
    """Find what both releases narrow too far and the earlier one alone does not."""
    overlay = _overlay(working, (before, published))
    system = overlay.system
    totals = read_totals(leaving)
    keys = zip(system.cells["level"], system.cells["of"].astype(str), strict=True)
    shown = np.array([not np.isnan(totals.get(key, np.nan)) for key in keys]) | overlay.known
    bands = read_bands(leaving.subgrids["household_band"])
    both = find_narrow(system, ~shown, _join_bands(overlay, bands), rules)
    alone = find_narrow(system, ~overlay.known, overlay.bands, rules)
    rows = np.setdiff1d(both, alone).astype(np.int64)
    return sorted(system.cells["of"].iloc[rows].astype(str))


def find_narrowed(
    leaving: Plan,
    rules: DisclosureRules,
    working: Plan | None,
    before: Plan | None,
    published: Plan | None,
) -> list[str]:
    """Find the sub-grids, or what moved between communities, that a release narrows too far."""
    if working is None or before is None or published is None:
        return check_households(leaving, rules)
    return check_both(leaving, working, before, published, rules)


def hide_totals(values: pd.Series[Any], level: str, choice: HouseholdChoice) -> Bools:
    """Say which totals of a level stay behind."""
    return np.array([(level, str(code)) in choice.hidden for code in values.index], dtype=bool)
