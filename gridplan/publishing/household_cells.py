"""Households as cells: sub-grids within their bands, and the totals over them that are exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from gridplan.arrays import Bools, Floats
from gridplan.plan import Plan
from gridplan.publishing.attack import find_ranges
from gridplan.publishing.household_bands import OPEN, read_bands
from gridplan.publishing.place_sums import CITY, UPPER, CellSystem
from gridplan.publishing.suppression import choose_suppressed, find_exposed
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies

TOTALS = ("community", "grid", "kind", *UPPER)
# Cells that must stay open: homes, what moved from one community to another, and
# what no release parts, such as one building that went to the next sub-grid.
INNER = ("subgrid", "piece", "old_subgrid", "part")
# The mean of a kind of sub-grid is their total, since their number is known.
MEANS = {"urban": "figure:households_urban", "rural": "figure:households_rural"}


def tie_households(plan: Plan, inhabited: Bools | None = None) -> CellSystem:
    """Tie the households of a plan's sub-grids to the totals that leave exactly.

    Totals are those of communities and of the bodies above them, of upper grids,
    and of urban and rural sub-grids (as means). What is no home is no cell of its
    own, nor is a sub-grid without households: everybody can see that it is empty,
    and that a total over it is what the others hold. ``inhabited`` says which
    have some, where the numbers themselves do not.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> tie_households(make_board_plan()).cells["value"].tolist()
    [60.0, 60.0, 120.0, 120.0, 120.0]
    """
    table = pd.DataFrame(plan.subgrids.drop(columns="geometry", errors="ignore"))
    if inhabited is None:
        inhabited = (table["households"] > 0).to_numpy(bool)
    homes = table[(table["kind"] == "residential").to_numpy(bool) & inhabited]
    community = table["community"].astype("str")
    bodies = place_bodies(plan.site.communities).reindex(community).fillna("")
    keys = {
        "community": community,
        "grid": table["grid"].astype("str"),
        "kind": table["community_kind"].astype("str").where(table["kind"] == "residential", ""),
        **{level: pd.Series(bodies[level].to_numpy(object), table.index) for level in UPPER},
        "city": pd.Series(CITY, index=table.index),
    }
    frames = [_list_cells("subgrid", homes.index, homes["community"], homes["households"])]
    rows = []
    first = len(homes)
    for level in TOTALS:
        key = keys[level]
        sums = table["households"].groupby(key).sum()
        # What exclusive grids hold is no secret of a home, and taken off every total.
        sums = sums - table.loc[table["kind"] == "exclusive", "households"].groupby(
            key
        ).sum().reindex(sums.index).fillna(0)
        sums = sums[sums.index != ""]
        place = pd.Series(np.arange(len(sums)), index=sums.index)
        of = place.reindex(key[homes.index]).to_numpy()
        inside = np.flatnonzero(~np.isnan(of))
        rows.append((of[inside].astype(np.int64), inside, first, len(sums)))
        frames.append(_list_cells(level, sums.index, "", sums.astype(np.int64)))
        first += len(sums)
    matrices = []
    for of, inside, start, n in rows:
        signs = np.concatenate([np.ones(len(inside)), -np.ones(n)])
        places = (
            np.concatenate([of, np.arange(n)]),
            np.concatenate([inside, start + np.arange(n)]),
        )
        matrices.append(csr_matrix((signs, places), shape=(n, first)))
    cells = pd.concat(frames, ignore_index=True)
    return CellSystem(cells, vstack(matrices, format="csr"), np.zeros(first))


def _list_cells(level: str, of: Any, community: Any, values: Any) -> pd.DataFrame:
    frame = {"level": level, "of": list(of), "measure": "households", "value": list(values)}
    return pd.DataFrame(frame).assign(
        community=list(community) if not isinstance(community, str) else community
    )


def open_to_width(rules: DisclosureRules) -> DisclosureRules:
    """Return the rules by which households stay open: as wide as a band, however many they are."""
    return replace(rules, smallest=OPEN, interval=rules.household_width - 1, zeros_safe=True)


def choose_hidden_totals(
    system: CellSystem, rules: DisclosureRules, shown_before: Bools | None = None
) -> Bools:
    """Choose the totals that stay behind so that no sub-grid's households can be worked out.

    ``shown_before`` are totals that went out earlier and cannot be taken back.
    """
    inner = system.cells["level"].isin(list(INNER)).to_numpy()
    never = np.zeros(len(inner), bool) if shown_before is None else shown_before
    choice = choose_suppressed(system, open_to_width(rules), inner, never, small=inner)
    return choice.hidden


def find_narrow(
    system: CellSystem, hidden: Bools, bands: pd.DataFrame, rules: DisclosureRules
) -> Floats:
    """Find the cells that totals and bands together narrow to fewer numbers than a band may have.

    Parameters
    ----------
    system
        Sub-grids, totals and pieces, with their values.
    hidden
        Cells whose value is not known.
    bands
        First and last number of each cell; 0 and OPEN where nothing is known.
    rules
        The width of a band.
    """
    wide = open_to_width(rules)
    values = np.where(hidden, np.nan, system.cells["value"].to_numpy(float))
    inner = system.cells["level"].isin(list(INNER)).to_numpy()
    ranges = find_ranges(
        system.matrix,
        values,
        bands["first"].to_numpy(float),
        np.flatnonzero(hidden & inner),
        wide.interval,
        upper=bands["last"].to_numpy(float),
    )
    return np.asarray(ranges.cells[find_exposed(ranges, wide)])


def list_bands(system: CellSystem, bands: pd.DataFrame) -> pd.DataFrame:
    """List a band for each cell: that of a sub-grid, and none for the others."""
    is_subgrid = system.cells["level"] == "subgrid"
    known = bands.reindex(system.cells["of"].where(is_subgrid)).reset_index(drop=True)
    return known.fillna({"first": 0, "last": OPEN}).astype(np.int64)


def read_totals(plan: Plan) -> Mapping[tuple[str, str], float]:
    """Read the exact totals of a release, less what is in none of its homes; NaN where hidden."""
    table = plan.published[plan.published["shown"].astype(bool)]
    of_measure = table.set_index(["measure", "level", "of"])["value"]
    figure = of_measure.get(("figure:households", "city", CITY), np.nan)
    totals = {("city", CITY): float(figure)}
    for level, of, value in table.loc[
        (table["measure"] == "households") & table["level"].isin(UPPER), ["level", "of", "value"]
    ].itertuples(index=False):
        totals[(str(level), str(of))] = float(value)
    for code, value in plan.site.communities["households"].items():
        totals[("community", str(code))] = float(value)
    for code, value in plan.grids["households"].items():
        totals[("grid", str(code))] = float(value) if value > 0 else np.nan
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    for kind, measure in MEANS.items():
        count = int((homes["community_kind"] == kind).sum())
        totals[("kind", kind)] = count * of_measure.get((measure, "city", CITY), np.nan)
    return totals


def check_households(
    plan: Plan, rules: DisclosureRules, inhabited: Bools | None = None
) -> list[str]:
    """Find the sub-grids of a release whose households its totals and bands narrow too far.

    ``inhabited`` says which sub-grids hold households; all are taken to, where it is
    not known, as a release keeps the numbers to itself.
    """
    totals = read_totals(plan)
    if inhabited is None:
        inhabited = np.ones(len(plan.subgrids), bool)
    system = tie_households(plan, inhabited)
    key = zip(system.cells["level"], system.cells["of"].astype(str), strict=True)
    value = np.array([totals.get(one, np.nan) for one in key], dtype=float)
    inner = (system.cells["level"] == "subgrid").to_numpy()
    value[inner] = np.nan
    system = CellSystem(system.cells.assign(value=np.round(value)), system.matrix, system.lower)
    bands = list_bands(system, read_bands(plan.subgrids["household_band"]))
    narrow = find_narrow(system, np.isnan(value), bands, rules)
    return sorted(system.cells["of"].iloc[narrow.astype(np.int64)].astype(str))
