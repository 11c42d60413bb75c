"""Which totals of households and which bands leave, alone and beside an earlier release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.publishing.earlier_households import Earlier, HouseholdOverlay, overlay_households
from gridplan.publishing.household_bands import OPEN, band_households, read_bands
from gridplan.publishing.household_cells import (
    INNER,
    TOTALS,
    check_households,
    choose_hidden_totals,
    find_narrow,
    list_bands,
    read_totals,
    tie_households,
)
from gridplan.publishing.place_sums import UPPER, CellSystem
from gridplan.rules.disclosure import DisclosureRules


@dataclass(frozen=True)
class HouseholdChoice:
    """What leaves of the households: bands of the sub-grids, and the totals that stay behind.

    ``hidden`` holds pairs of level (community, grid, kind, subdistrict, district, city)
    and code.
    """

    bands: pd.DataFrame
    hidden: frozenset[tuple[str, str]]


def choose_households(plan: Plan, rules: DisclosureRules, earlier: Earlier = ()) -> HouseholdChoice:
    """Choose the bands and totals of households that may leave.

    Raises
    ------
    PlanError
        If earlier releases give a sub-grid away, whatever this one withholds.

    Examples
    --------
    Two sub-grids of sixty share a total of 120, which leaves each open:

    >>> from gridplan.synthetic import make_board_plan
    >>> choose_households(make_board_plan(), DisclosureRules()).hidden
    frozenset()
    """
    overlay = _overlay(plan, earlier)
    system = overlay.system
    level = system.cells["level"]
    totals = level.isin(TOTALS).to_numpy(bool) & ~overlay.known
    inner = level.isin(INNER).to_numpy(bool)
    if earlier:
        _refuse_lost(overlay, inner | totals, rules)
    hidden = choose_hidden_totals(system, rules, overlay.known)
    bands = band_households(plan.subgrids, rules)
    while True:
        narrow = find_narrow(system, hidden, _join_bands(overlay, bands), rules)
        if not len(narrow):
            break
        touched = _list_communities(system, narrow.astype(np.int64))
        # Bands go first: they say least. Then the totals of the place, then those above.
        of_place = plan.subgrids["community"].isin(touched) & (bands["first"] > 0)
        near = level.isin(["community"]) & system.cells["of"].isin(touched)
        near |= (level == "grid") & system.cells["of"].isin(
            plan.subgrids.loc[plan.subgrids["community"].isin(touched), "grid"]
        )
        above = level.isin(["kind", *UPPER]) & bool(touched)
        near, above = near & totals, above & totals
        if not (of_place.any() or ((near | above) & ~hidden).any()):
            # What other places show narrows it: where nothing is shown, nothing is narrow.
            of_place = bands["first"] > 0
            near = pd.Series(totals)
        if of_place.any():
            first = bands["first"].mask(of_place, 0)
            bands = bands.assign(first=first, last=bands["last"].mask(of_place, OPEN))
        elif (near & ~hidden).any():
            hidden = hidden | near.to_numpy(bool)
        elif (above & ~hidden).any():
            hidden = hidden | above.to_numpy(bool)
        else:
            break
    withheld = system.cells[hidden & totals]
    pairs = zip(withheld["level"].astype(str), withheld["of"].astype(str), strict=True)
    return HouseholdChoice(bands, frozenset(pairs))


def find_narrow_if(
    plan: Plan,
    rules: DisclosureRules,
    choice: HouseholdChoice,
    known: pd.DataFrame,
    earlier: Earlier = (),
) -> list[str]:
    """Find what is narrowed too far if somebody knew more of some sub-grids than their bands.

    ``known`` has the first and last number of each of those, which is in no narrower band.
    """
    overlay = _overlay(plan, earlier)
    cells = overlay.system.cells
    pairs = pd.MultiIndex.from_frame(cells[["level", "of"]])
    hidden = cells["level"].isin(INNER).to_numpy(bool) | pairs.isin(list(choice.hidden))
    bands = choice.bands.copy()
    bands.loc[known.index, ["first", "last"]] = known.to_numpy(np.int64)
    joined = _join_bands(overlay, bands)
    narrow = find_narrow(overlay.system, hidden & ~overlay.known, joined, rules)
    return sorted(set(cells["of"].iloc[narrow.astype(np.int64)].astype(str)))


def _refuse_lost(overlay: HouseholdOverlay, hidden: Bools, rules: DisclosureRules) -> None:
    """Refuse a release of which earlier ones give a sub-grid away, though it shows nothing more."""
    lost = find_narrow(overlay.system, hidden, overlay.bands, rules).astype(np.int64)
    if not len(lost):
        return
    named = overlay.system.cells.iloc[lost]
    # An atom is named by the sub-grids of all plans; that of today is enough.
    names = sorted({str(of).split("|")[0] or str(of).strip("|") for of in named["of"]})
    raise PlanError(
        f"earlier releases give the households of {len(names)} sub-grids or moved limits away, "
        f"whatever this one withholds ({', '.join(names[:5])}) -> draw their limits as they "
        "went out, or release by the disclosure.household_width that the earlier release had"
    )


def _overlay(plan: Plan, earlier: Earlier) -> HouseholdOverlay:
    if earlier:
        return overlay_households(plan, earlier)
    system = tie_households(plan)
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


def check_together(
    leaving: Plan, working: Plan, earlier: Earlier, rules: DisclosureRules
) -> list[str]:
    """Find what a release and earlier ones narrow too far together."""
    overlay = overlay_households(working, earlier)
    system = overlay.system
    totals = read_totals(leaving)
    keys = zip(system.cells["level"], system.cells["of"].astype(str), strict=True)
    public = np.array([not np.isnan(totals.get(key, np.nan)) for key in keys], dtype=bool)
    bands = _join_bands(overlay, read_bands(leaving.subgrids["household_band"]))
    rows = find_narrow(system, ~(public | overlay.known), bands, rules).astype(np.int64)
    return sorted(set(system.cells["of"].iloc[rows].astype(str)))


def find_narrowed(
    leaving: Plan, rules: DisclosureRules, working: Plan | None, earlier: Earlier
) -> list[str]:
    """Find the sub-grids, or what moved between communities, that a release narrows too far."""
    if working is None:
        return check_households(leaving, rules)
    if not earlier:
        held = working.subgrids["households"].reindex(leaving.subgrids.index)
        return check_households(leaving, rules, (held > 0).to_numpy(bool))
    return check_together(leaving, working, earlier, rules)


def hide_totals(values: pd.Series[Any], level: str, choice: HouseholdChoice) -> Bools:
    """Say which totals of a level stay behind."""
    return np.array([(level, str(code)) in choice.hidden for code in values.index], dtype=bool)
