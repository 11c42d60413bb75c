"""What an earlier release adds to the attacker's knowledge: its counts, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from gridplan.arrays import Bools
from gridplan.plan import Plan
from gridplan.publishing.cells import MEASURES, OUTSIDE, PARTS, count_cells, tie_cells
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.pieces import count_pieces, find_moved, name_leaves
from gridplan.publishing.place_sums import CITY, UPPER, CellSystem
from gridplan.tables.level_indicators import place_bodies


def add_overlays(
    system: CellSystem, plan: Plan, earlier: Earlier
) -> tuple[CellSystem, Bools, Bools]:
    """Add several earlier releases to one system; returns what :func:`add_overlay` does."""
    n = len(system.cells)
    extra, matrices, lower = [], [], [system.lower]
    always, never = [np.zeros(n, bool)], [np.zeros(n, bool)]
    filled = system.cells
    for old, out in earlier:
        one, hidden, shown = add_overlay(system, plan, old, out)
        filled = one.cells[:n] if one.cells[:n]["value"].notna().all() else filled
        extra.append(one.cells[n:])
        matrices.append(one.matrix[system.matrix.shape[0] :])
        lower.append(one.lower[n:])
        always.append(hidden[n:])
        never[0] |= shown[:n]
        never.append(shown[n:])
    width = n + sum(len(cells) for cells in extra)
    rows = [_widen(system.matrix, 0, width)]
    first = n
    for matrix, cells in zip(matrices, extra, strict=True):
        # The first columns are shared, the others are of one earlier release.
        parts = matrix.tocsr()
        columns = np.where(parts.indices < n, parts.indices, parts.indices + first - n)
        rows.append(csr_matrix((parts.data, columns, parts.indptr), (parts.shape[0], width)))
        first += len(cells)
    joined = CellSystem(
        pd.concat([filled, *extra], ignore_index=True),
        vstack(rows, format="csr"),
        np.concatenate(lower),
    )
    return joined, np.concatenate(always), np.concatenate(never)


def add_overlay(
    system: CellSystem, plan: Plan, old: Plan, out: Plan
) -> tuple[CellSystem, Bools, Bools]:
    """Add an earlier release to the cells and sums of a new one, for every measure of people.

    A piece is what lies in one place of the new plan and one of the old; its
    count is never published, but differences might give it away. Where people
    are counted by community only, the piece is the difference itself. Old
    counts that today's numbers no longer agree with say nothing of today's and
    are left aside.

    Returns
    -------
    The larger system, the cells that are hidden whatever happens (pieces, and
    old counts that were suppressed), and those that were published before.
    """
    table = out.published
    published = table[table["measure"].isin([*MEASURES, OUTSIDE])].reset_index(drop=True)
    moved = find_moved(plan, old)
    never = _find_shown_before(system.cells, published, moved)
    if published.empty:
        return system, np.zeros(len(system.cells), bool), never
    new = system.cells
    true = _fill_values(new, plan)
    branch = new["level"] == "branch"
    pieces = count_pieces(
        plan,
        old,
        set(new.loc[branch, "community"]),
        set(published.loc[published["level"] == "branch", "community"]),
        true,
    )
    before = _tie_old(published, old, pieces)
    cells = pd.concat([new, _name_pieces(pieces), before.cells], ignore_index=True)
    matrix = [
        _widen(system.matrix, 0, len(cells)),
        _sum_pieces(pieces, "new", new, before.cells),
        _sum_pieces(pieces, "old", new, before.cells),
        *_sum_parts_of_pieces(pieces, len(new), len(before.cells)),
        _widen(before.matrix, len(new) + len(pieces), len(cells)),
    ]
    # Any piece may be empty, for all that anybody knows.
    lower = np.concatenate([system.lower, np.zeros(len(pieces)), before.lower])
    joined = CellSystem(cells.drop(columns="shown"), vstack(matrix, format="csr"), lower)
    joined, known = _add_differences(joined, published, moved, pieces, true)
    # Pieces were never shown; old counts are hidden where they were suppressed.
    known = np.concatenate(
        [np.zeros(len(pieces), bool), before.cells["shown"].to_numpy(bool), known]
    )
    return joined, np.append(np.zeros(len(new), bool), ~known), np.append(never, known)


def _fill_values(cells: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Put the true values into cells that are suppressed, as a check has them."""
    if cells["value"].notna().all():
        return cells
    key = ["level", "of", "measure"]
    true = count_cells(plan).set_index(key)["value"]
    return cells.assign(value=true.reindex(pd.MultiIndex.from_frame(cells[key])).to_numpy(float))


def _name_pieces(pieces: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "level": "piece",
            "of": pieces["new"] + "|" + pieces["old"],
            "community": "",
            "measure": pieces["measure"],
            "value": pieces["value"],
            "shown": False,
        }
    )


def _tie_old(published: pd.DataFrame, old: Plan, pieces: pd.DataFrame) -> CellSystem:
    """Tie the old counts that agree with today's numbers, by the sums that held among them."""
    bodies = place_bodies(old.site.communities)
    stamp = old.rules.disclosure.zeros_safe
    system = tie_cells(published, bodies, int(stamp), old.rules.organisation.branch_full)
    now = _recount_old(published, bodies, pieces)
    # A shown count that differs from today's is about other people, and says nothing.
    stands = np.asarray(now.notna() & (~published["shown"] | (published["value"] == now)))
    # One count that no longer agrees spoils every sum that it is in.
    spoilt = np.asarray(abs(system.matrix[:, ~stands]).sum(axis=1)).ravel() > 0
    cells = pd.DataFrame(
        {
            "level": "before",
            "of": name_leaves(published),
            "community": "",
            "measure": published["measure"].replace(OUTSIDE, "members"),
            "value": now,
            "shown": published["shown"],
        }
    )[stands].reset_index(drop=True)
    # What was at least a branch may have fewer members by now.
    lower = np.minimum(system.lower[stands], cells["value"].to_numpy(float))
    return CellSystem(cells, system.matrix[~spoilt][:, stands].tocsr(), lower)


def _recount_old(
    published: pd.DataFrame, bodies: pd.DataFrame, pieces: pd.DataFrame
) -> pd.Series[Any]:
    """Count the old places by today's numbers; NaN where no piece says."""
    inside = pieces[pieces["old_community"] != ""]
    over = bodies.assign(city=CITY).reindex(inside["old_community"]).fillna("")
    names = [inside["old"], "community:" + inside["old_community"]]
    names += [
        pd.Series(f"{level}:" + over[level].to_numpy(object), index=inside.index, dtype=object)
        for level in UPPER
    ]
    # A leaf that is a whole community is named twice, and counted once.
    sums = pd.concat(
        [inside["value"].groupby([inside["measure"], name.rename("place")]).sum() for name in names]
    )
    sums = sums[~sums.index.duplicated()]
    measure = published["measure"].replace(OUTSIDE, "members")
    key = pd.MultiIndex.from_arrays([measure, name_leaves(published)])
    # A place without a piece is empty, if its measure is known by pieces at all.
    value = sums.reindex(key).to_numpy()
    known = measure.isin(pieces["measure"].unique())
    return pd.Series(np.where(known, np.nan_to_num(value), np.nan), index=published.index)


def _sum_pieces(
    pieces: pd.DataFrame, side: str, new: pd.DataFrame, before: pd.DataFrame
) -> csr_matrix:
    """Write the sums of pieces: all pieces of a new place make it up, and all of an old one."""
    width = len(new) + len(pieces) + len(before)
    if side == "new":
        places = new[new["level"].isin(["branch", "community"])]
        measure = places["measure"].replace(OUTSIDE, "members")
        name = pd.Series(name_leaves(places), index=places.index)
        column = places.index.to_numpy()
    else:
        measure = before["measure"]
        name = before["of"]
        column = len(new) + len(pieces) + np.arange(len(before))
    place = pd.Series(column, index=pd.MultiIndex.from_arrays([measure, name]))
    key = pd.MultiIndex.from_arrays([pieces["measure"], pieces[side]])
    # Places without a cell, such as old counts left aside, have no sum.
    whole = place.reindex(key).to_numpy()
    inside = np.flatnonzero(~np.isnan(whole))
    wholes, row = np.unique(whole[inside].astype(np.int64), return_inverse=True)
    signs = np.concatenate([np.ones(len(inside)), -np.ones(len(wholes))])
    rows = np.concatenate([row, np.arange(len(wholes))])
    columns = np.concatenate([len(new) + inside, wholes])
    return csr_matrix((signs, (rows, columns)), shape=(len(wholes), width))


def _sum_parts_of_pieces(pieces: pd.DataFrame, first: int, after: int) -> list[csr_matrix]:
    """Write the sums of parts of pieces: full and probationary members are all members."""
    between = pd.MultiIndex.from_frame(pieces[["new_community", "old_community"]])
    sums = []
    for total, parts in PARTS.items():
        names = (total, *parts)
        if not parts or not set(names) <= set(pieces["measure"]):
            continue
        rows = np.flatnonzero(pieces["measure"].isin(names))
        pair = pd.factorize(between[rows])[0]
        signs = np.where(pieces["measure"].to_numpy(object)[rows] == total, -1.0, 1.0)
        shape = (int(pair.max(initial=-1)) + 1, first + len(pieces) + after)
        sums.append(csr_matrix((signs, (pair, first + rows)), shape=shape))
    return sums


def _add_differences(
    system: CellSystem,
    published: pd.DataFrame,
    moved: set[str],
    pieces: pd.DataFrame,
    new: pd.DataFrame,
) -> tuple[CellSystem, Bools]:
    """Add the differences of communities that moved and whose people are counted as a whole.

    Returns the larger system, and which of the new cells are known.
    """
    old = published[
        (published["level"] == "community")
        & published["shown"]
        & ~published["measure"].isin(pieces["measure"].unique())
        & np.isin(name_leaves(published), sorted(moved))
    ]
    key = ["level", "of", "measure"]
    place = pd.Series(np.arange(len(new)), index=pd.MultiIndex.from_frame(new[key]))
    here = place.reindex(pd.MultiIndex.from_frame(old[key])).to_numpy()
    has_place = ~np.isnan(here)
    old = old[has_place]
    here = here[has_place].astype(np.int64)
    then = old["value"].to_numpy(float)
    more = new["value"].to_numpy(float)[here] - then
    changed = more != 0
    old = old[changed]
    here = here[changed]
    then = then[changed]
    more = more[changed]
    n = len(old)
    frame = {"of": "community:" + old["of"], "community": "", "measure": old["measure"]}
    cells = [
        pd.DataFrame(frame | {"level": "before", "value": then}),
        pd.DataFrame(frame | {"level": "piece", "value": np.abs(more)}),
    ]
    width = len(system.cells)
    rows = np.tile(np.arange(n), 3)
    columns = np.concatenate([here, width + np.arange(n), width + n + np.arange(n)])
    signs = np.concatenate([np.ones(n), -np.ones(n), -np.sign(more)])
    sums = csr_matrix((signs, (rows, columns)), shape=(n, width + 2 * n))
    joined = CellSystem(
        pd.concat([system.cells, *cells], ignore_index=True),
        vstack([_widen(system.matrix, 0, width + 2 * n), sums], format="csr"),
        np.append(system.lower, np.zeros(2 * n)),
    )
    return joined, np.repeat([True, False], n)


def _widen(matrix: csr_matrix, before: int, width: int) -> csr_matrix:
    """Give a matrix of sums more columns, without a change to the sums."""
    return csr_matrix(
        (matrix.data, matrix.indices + before, matrix.indptr), shape=(matrix.shape[0], width)
    )


def _find_shown_before(cells: pd.DataFrame, published: pd.DataFrame, moved: set[str]) -> Bools:
    """Find the cells published before: the same place, the same doors and the same number."""
    shown = published[published["shown"]]
    key = ["level", "of", "measure"]
    value = pd.Series(shown["value"].to_numpy(), index=pd.MultiIndex.from_frame(shown[key]))
    # A doubled key cannot be looked up.
    value = value[~value.index.duplicated()]
    was = value.reindex(pd.MultiIndex.from_frame(cells[key])).to_numpy()
    same = was == cells["value"].to_numpy(float)
    # The same number over other doors is another count.
    return np.asarray(same & ~np.isin(name_leaves(cells), sorted(moved)))
