"""What an earlier release adds to the attacker's knowledge: its counts, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from gridplan.arrays import Bools, Objects
from gridplan.plan import Plan
from gridplan.publishing.cells import OUTSIDE, CellSystem


def add_overlay(
    system: CellSystem, plan: Plan, old: Plan, out: Plan
) -> tuple[CellSystem, Bools, Bools]:
    """Add an earlier release to the cells and sums of a new one.

    A piece is what lies in one branch (or community) of the new plan and one
    of the old; its count is never published, but differences might give it
    away. Old counts that today's numbers no longer agree with say nothing of
    today's and are left aside.

    Returns
    -------
    The larger system, the cells that are hidden whatever happens (pieces, and
    old counts that were suppressed), and those that were published before.
    """
    published = out.published[out.published["measure"].isin(["members", OUTSIDE])]
    n = len(system.cells)
    never = _find_shown_before(system.cells, plan, old, out)
    # Pieces can only be counted where both plans have members by stairwell.
    if plan.members.empty or old.members.empty or published.empty:
        return system, np.zeros(n, bool), never
    people = plan.members["full"] + plan.members["probationary"]
    # Where this release shows no branches, the community is the finest place.
    open_now = system.cells.loc[system.cells["level"] == "branch", "community"]
    new_leaf = _find_leaves(plan.members, set(open_now))
    old_leaf = _find_leaves(
        old.members, set(published.loc[published["level"] == "branch", "community"])
    )
    # Stairwells keep their codes; one that is new was in no place of the old release.
    both = pd.DataFrame(
        {"new": new_leaf, "old": old_leaf.reindex(new_leaf.index).fillna(""), "value": people}
    )
    pieces = both.groupby(["new", "old"], as_index=False)["value"].sum()
    sums = pieces.groupby("old")["value"].sum()
    known = _list_old(published, sums)
    extra = pd.concat(
        [
            pd.DataFrame(
                {
                    "level": "piece",
                    "of": pieces["new"] + "|" + pieces["old"],
                    "value": pieces["value"],
                    "shown": False,
                }
            ),
            known,
        ],
        ignore_index=True,
    ).assign(community="", measure="members")
    rows = [
        _sum_pieces(pieces["new"], _place_new(system.cells), n, len(extra)),
        _sum_pieces(pieces["old"], _place_old(known, n + len(pieces)), n, len(extra)),
        _sum_old(known, published, n + len(pieces), n + len(extra)),
    ]
    # The sums stay as they are; the matrix only has more columns.
    wide = csr_matrix(
        (system.matrix.data, system.matrix.indices, system.matrix.indptr),
        shape=(system.matrix.shape[0], n + len(extra)),
    )
    cells = pd.concat([system.cells, extra.drop(columns="shown")], ignore_index=True)
    # Pieces were never shown; old counts are hidden where they were suppressed.
    shown_before = np.append(never, extra["shown"].to_numpy(bool))
    always = np.append(np.zeros(n, bool), ~extra["shown"].to_numpy(bool))
    # Any piece may be empty, for all that anybody knows.
    lower = np.append(system.lower, np.zeros(len(extra)))
    return CellSystem(cells, vstack([wide, *rows], format="csr"), lower), always, shown_before


def _find_leaves(members: pd.DataFrame, open_in: set[str]) -> pd.Series[Any]:
    """Find the finest published place of each stairwell: branch, outside branches, or community."""
    community = members["community"].astype("str")
    branch = members["branch"].astype("str")
    # The prefix keeps a branch and a community of one code apart.
    inner = np.where(branch != "", "branch:" + branch, "outside:" + community)
    return pd.Series(
        np.where(community.isin(open_in), inner, "community:" + community),
        index=members.index,
        dtype=object,
    )


def _name_leaf(table: pd.DataFrame) -> Objects:
    kind = np.select(
        [table["measure"] == OUTSIDE, table["level"] == "branch"],
        ["outside", "branch"],
        table["level"],
    )
    return np.asarray(
        pd.Series(kind, index=table.index).astype(str) + ":" + table["of"].astype(str), dtype=object
    )


def _list_old(published: pd.DataFrame, sums: pd.Series[Any]) -> pd.DataFrame:
    """List the old leaves that agree with today's numbers, and the old communities over them."""
    old_counts = published[published["level"].isin(["branch", "community"])]
    leaf = _name_leaf(old_counts)
    now = pd.Series(sums.reindex(leaf).to_numpy(), index=old_counts.index)
    # A community whose branches were published is their sum and no place of its own.
    over = old_counts.loc[old_counts["level"] == "branch", "community"]
    above = old_counts["level"].eq("community") & old_counts["of"].isin(over)
    total = pd.Series(leaf, index=old_counts.index).isin(sums.index)
    by_community = now[old_counts["level"] == "branch"].groupby(old_counts["community"]).sum()
    now = now.where(~above, old_counts["of"].map(by_community))
    # A shown count that differs from today's is about other people, and says nothing.
    stands = (total | above) & now.notna() & (~old_counts["shown"] | (old_counts["value"] == now))
    return pd.DataFrame(
        {"level": "before", "of": leaf, "value": now, "shown": old_counts["shown"]}
    )[stands].reset_index(drop=True)


def _place_new(cells: pd.DataFrame) -> pd.Series[Any]:
    members = cells[
        cells["measure"].isin(["members", OUTSIDE]) & cells["level"].isin(["branch", "community"])
    ]
    return pd.Series(members.index.to_numpy(), index=_name_leaf(members))


def _place_old(known: pd.DataFrame, first: int) -> pd.Series[Any]:
    return pd.Series(first + np.arange(len(known)), index=known["of"])


def _sum_pieces(of: pd.Series[Any], place: pd.Series[Any], n: int, more: int) -> csr_matrix:
    """Write the sums of pieces: all pieces of a leaf make up the leaf."""
    # Places without a cell, such as old counts left aside, have no sum.
    names = [name for name in np.unique(of) if name in place.index]
    row = pd.Series(np.arange(len(names)), index=names).reindex(of).to_numpy()
    inside = ~np.isnan(row)
    rows = np.concatenate([row[inside].astype(np.int64), np.arange(len(names))])
    columns = np.concatenate(
        [n + np.flatnonzero(inside), place.reindex(names).to_numpy().astype(np.int64)]
    )
    signs = np.concatenate([np.ones(int(inside.sum())), -np.ones(len(names))])
    return csr_matrix((signs, (rows, columns)), shape=(len(names), n + more))


def _sum_old(known: pd.DataFrame, published: pd.DataFrame, first: int, width: int) -> csr_matrix:
    """Write the sums of old communities over their branches, where all of them still stand."""
    place = _place_old(known, first)
    branch = published[published["level"] == "branch"]
    leaf = pd.Series(_name_leaf(branch), index=branch.index)
    rows: list[int] = []
    columns: list[int] = []
    signs: list[float] = []
    count = 0
    for community, leaves in leaf.groupby(branch["community"]):
        names = [*leaves, f"community:{community}"]
        # One branch that no longer agrees spoils the sum of all.
        if all(name in place.index for name in names):
            rows += [count] * len(names)
            columns += [int(place[name]) for name in names]
            signs += [1.0] * (len(names) - 1) + [-1.0]
            count += 1
    return csr_matrix((signs, (rows, columns)), shape=(count, width))


def _find_shown_before(cells: pd.DataFrame, plan: Plan, old: Plan, out: Plan) -> Bools:
    """Find the cells published before: the same place, the same doors and the same number."""
    published = out.published[out.published["shown"]]
    key = ["level", "of", "measure"]
    value = pd.Series(published["value"].to_numpy(), index=pd.MultiIndex.from_frame(published[key]))
    # A doubled key cannot be looked up.
    value = value[~value.index.duplicated()]
    was = value.reindex(pd.MultiIndex.from_frame(cells[key])).to_numpy()
    same = was == cells["value"].to_numpy(float)
    moved = _find_moved(plan, old)
    # The same number over other doors is another count.
    return np.asarray(same & ~cells["of"].isin(moved).to_numpy())


def _find_moved(plan: Plan, old: Plan) -> set[str]:
    """Find the branches and communities that do not hold the same doors in both plans."""
    moved: set[str] = set()
    pairs = [(plan.stairwells["community"], old.stairwells["community"])]
    if len(plan.members) and len(old.members):
        pairs.append((plan.members["branch"], old.members["branch"]))
    for now, then in pairs:
        # The outer join keeps a door that only one plan has: that is a change too.
        codes = pd.concat([now.rename("now"), then.rename("then")], axis=1).fillna("")
        differ = codes["now"] != codes["then"]
        moved |= set(codes.loc[differ, "now"]) | set(codes.loc[differ, "then"])
    # A subdistrict is changed with any of its communities.
    towns = [
        p.site.communities["subdistrict"].reindex(sorted(moved & set(p.site.communities.index)))
        for p in (plan, old)
    ]
    return (moved | {t for codes in towns for t in codes.dropna()}) - {""}
