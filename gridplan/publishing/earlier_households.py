"""What earlier releases say of households: bands and totals over the atoms of all plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from gridplan.arrays import Bools, Floats
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.publishing.door_atoms import link_doors, list_atoms, place_doors
from gridplan.publishing.household_bands import OPEN, read_bands
from gridplan.publishing.household_cells import read_totals, tie_households
from gridplan.publishing.place_sums import CellSystem

# A working plan whose release went out, and that release.
Earlier = Sequence[tuple[Plan, Plan]]


@dataclass(frozen=True)
class HouseholdOverlay:
    """Household cells of a new release with those of earlier ones behind them.

    ``known`` marks the totals that were shown before, old ones and new ones of
    the same homes; ``bands`` has first and last of what each old sub-grid is
    known to be (0 and OPEN for the others).
    """

    system: CellSystem
    known: Bools
    bands: pd.DataFrame


def overlay_households(plan: Plan, earlier: Earlier) -> HouseholdOverlay:
    """Add the sub-grids and totals of earlier releases to those of a new one.

    All are sums of atoms, the doors that no release parts. A part is an atom; a
    piece is what went from one community to another, such as those of one
    building, or came to one or left it as houses were built or torn down.

    Raises
    ------
    PlanError
        If a release given is not one of the plan given with it.
    """
    systems = [tie_households(plan)]
    bands = [_open_bands(len(systems[0].cells))]
    known = [np.zeros(len(systems[0].cells), bool)]
    for old, out in earlier:
        system, band = _tie_old(old, out)
        systems.append(system)
        bands.append(band)
        known.append((system.cells["level"] != "old_subgrid").to_numpy())
    atoms = list_atoms(
        link_doors([place_doors(one) for one in (plan, *(old for old, _ in earlier))])
    )
    flows, inside = _list_flows(atoms, len(systems))
    touched = _list_touched(atoms, len(systems), set(plan.subgrids["community"].astype("str")))
    of = atoms["subgrid0"].str.cat([atoms[f"subgrid{n}"] for n in range(1, len(systems))], "|")
    named = ["|".join(sorted({code for n in row for code in touched[n]})) for row in inside]
    extra = pd.concat(
        [
            _number("part", of, ["|".join(codes) for codes in touched], atoms["value"]),
            _number("piece", flows, named, [int(atoms["value"].iloc[row].sum()) for row in inside]),
        ]
    )
    sizes = np.array([len(system.cells) for system in systems])
    starts = np.cumsum([0, *sizes])
    n = int(starts[-1]) + len(extra)
    rows = []
    sums = []
    for k, system in enumerate(systems):
        rows.append(_move(system.matrix, int(starts[k]), n))
        homes = system.cells.index[system.cells["level"].isin(["subgrid", "old_subgrid"])]
        place = pd.Series(homes, index=system.cells.loc[homes, "of"])
        whole = place.reindex(atoms[f"subgrid{k}"]).to_numpy()
        rows.append(_sum_up(int(starts[-1]), starts[k] + whole, n))
        sums.append(_list_summands(system, whole))
    public = {atoms_of for one in sums[1:] for atoms_of in one.values()}
    # What went out cannot be taken back, so it need not be withheld now.
    known[0][[cell for cell, atoms_of in sums[0].items() if atoms_of in public]] = True
    rows.append(_sum_flows(inside, int(starts[-1]), len(atoms), n))
    cells = pd.concat([*(system.cells for system in systems), extra], ignore_index=True)
    return HouseholdOverlay(
        CellSystem(cells, vstack(rows, format="csr"), np.zeros(n)),
        np.concatenate([*known, np.zeros(len(extra), bool)]),
        pd.concat([*bands, _open_bands(len(extra))], ignore_index=True),
    )


def _tie_old(old: Plan, out: Plan) -> tuple[CellSystem, pd.DataFrame]:
    """Tie the sub-grids of an earlier release to the totals that it shows, and read its bands."""
    system = tie_households(old)
    totals = read_totals(out)
    is_subgrid = (system.cells["level"] == "subgrid").to_numpy()
    key = zip(system.cells["level"], system.cells["of"].astype(str), strict=True)
    shown = np.array([not np.isnan(totals.get(one, np.nan)) for one in key], dtype=bool)
    keep = is_subgrid | shown
    # A sum whose total stayed behind says nothing.
    rows = np.asarray(abs(system.matrix[:, ~keep]).sum(axis=1)).ravel() == 0
    cells = system.cells[keep].reset_index(drop=True)
    bands = _open_bands(len(cells))
    read = read_bands(out.subgrids["household_band"]).reindex(cells.loc[is_subgrid[keep], "of"])
    bands[is_subgrid[keep]] = read.to_numpy()
    _require_same(old, out, cells["value"].to_numpy(float), bands)
    cells = cells.assign(level="old_" + cells["level"])
    return CellSystem(cells, system.matrix[rows][:, keep].tocsr(), np.zeros(len(cells))), bands


def _require_same(old: Plan, out: Plan, values: Floats, bands: pd.DataFrame) -> None:
    """Refuse a release whose totals or bands do not hold for the plan that it is said to be of."""
    sums = old.subgrids["households"].groupby(old.subgrids["community"].astype("str")).sum()
    public = out.site.communities["households"]
    differs = public.notna() & (public != sums.reindex(public.index))
    outside = bands.isna().any(axis=1) | (bands["first"] > values) | (bands["last"] < values)
    if differs.any() or outside.any():
        raise PlanError(
            f"the earlier release is not one of the earlier plan: {int(differs.sum())} totals and "
            f"{int(outside.sum())} bands of households differ -> give with --before the plan "
            "that the release was made from"
        )


def _open_bands(count: int) -> pd.DataFrame:
    return pd.DataFrame({"first": np.zeros(count, np.int64), "last": np.full(count, OPEN)})


def _list_flows(atoms: pd.DataFrame, plans: int) -> tuple[list[str], list[Any]]:
    """List what two plans have in different communities: a name and the atoms of each."""
    flows: dict[tuple[str, tuple[int, ...]], None] = {}
    wholes = {
        tuple(rows)
        for n in range(plans)
        for code, rows in atoms.groupby(f"community{n}").indices.items()
        if code != ""
    }
    for new, old in combinations(range(plans), 2):
        then, now = atoms[f"community{old}"], atoms[f"community{new}"]
        for name, rows in (then + ">" + now)[then != now].groupby(then + ">" + now).indices.items():
            inside = tuple(np.flatnonzero(then != now)[rows])
            # A whole community is no piece: its total may be known.
            if inside not in wholes:
                flows[(str(name), inside)] = None
    return [name for name, _ in flows], [list(inside) for _, inside in flows]


def _list_touched(atoms: pd.DataFrame, plans: int, today: set[str]) -> list[list[str]]:
    """List the communities of today that each atom is or was in."""
    columns = [atoms[f"community{n}"] for n in range(plans)]
    return [sorted(set(codes) & today) for codes in zip(*columns, strict=True)]


def _number(level: str, of: Any, community: Any, values: Any) -> pd.DataFrame:
    frame = {"level": level, "of": list(of), "measure": "households", "value": list(values)}
    return pd.DataFrame(frame | {"community": list(community)})


def _move(matrix: csr_matrix, before: int, width: int) -> csr_matrix:
    """Give a matrix more columns, some of them before its own."""
    parts = (matrix.data, matrix.indices + before, matrix.indptr)
    return csr_matrix(parts, shape=(matrix.shape[0], width))


def _sum_up(first: int, whole: Any, width: int) -> csr_matrix:
    """Write the sums of atoms that make up a whole; atoms without one (NaN) are in no sum."""
    inside = np.flatnonzero(~np.isnan(whole.astype(float)))
    wholes, row = np.unique(whole[inside].astype(np.int64), return_inverse=True)
    signs = np.concatenate([np.ones(len(inside)), -np.ones(len(wholes))])
    rows = np.concatenate([row, np.arange(len(wholes))])
    columns = np.concatenate([first + inside, wholes])
    return csr_matrix((signs, (rows, columns)), shape=(len(wholes), width))


def _list_summands(system: CellSystem, whole: Floats) -> dict[int, tuple[int, ...]]:
    """List the atoms that each total of a release sums up, by the total's cell."""
    inside = np.flatnonzero(~np.isnan(whole))
    shape = (len(system.cells), len(whole))
    of_home = csr_matrix((np.ones(len(inside)), (whole[inside].astype(int), inside)), shape)
    sums = (system.matrix.maximum(0) @ of_home).tocsr()
    signs = system.matrix.tocoo()
    # The total of a sum is the cell that counts against the others.
    return {
        int(total): tuple(sorted(sums.indices[sums.indptr[n] : sums.indptr[n + 1]].tolist()))
        for n, total, sign in zip(signs.row, signs.col, signs.data, strict=True)
        if sign < 0
    }


def _sum_flows(inside: list[Any], first: int, atoms: int, width: int) -> csr_matrix:
    """Write the sums of atoms that make up each piece; pieces come after the atoms."""
    n = len(inside)
    row = np.repeat(np.arange(n), [len(one) for one in inside])
    column = np.array([first + cell for one in inside for cell in one], dtype=np.int64)
    signs = np.concatenate([np.ones(len(column)), -np.ones(n)])
    places = (np.append(row, np.arange(n)), np.append(column, first + atoms + np.arange(n)))
    return csr_matrix((signs, places), shape=(n, width))
