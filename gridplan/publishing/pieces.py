"""Pieces: what two releases cut the people into, counted measure by measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Objects
from gridplan.plan import Plan
from gridplan.publishing.cells import COUNTED, OUTSIDE, find_places, place_counts
from gridplan.tables.level_indicators import place_bodies

COLUMNS = ("measure", "new", "old", "new_community", "old_community", "value")


def name_leaves(table: pd.DataFrame) -> Objects:
    """Name the place of each count: its kind and code, so that codes shared by kinds differ."""
    kind = np.select(
        [table["measure"] == OUTSIDE, table["level"] == "branch"],
        ["outside", "branch"],
        table["level"],
    )
    return np.asarray(
        pd.Series(kind, index=table.index).astype(str) + ":" + table["of"].astype(str), dtype=object
    )


def count_pieces(
    plan: Plan, old: Plan, open_now: set[str], open_before: set[str], cells: pd.DataFrame
) -> pd.DataFrame:
    """Count what lies in one place of the new plan and one of the old, for every measure.

    Parameters
    ----------
    plan, old
        The working plans of both releases.
    open_now, open_before
        Communities whose branches each release shows.
    cells
        The cells of the new release with their true values; a measure whose
        pieces do not add up to them is left out.

    Returns
    -------
    A row for each piece: measure, new and old place, the communities of both,
    value.
    """
    tables = [_count_doors(plan, old, open_now, open_before), _count_buildings(plan, old)]
    pieces = pd.concat(tables, ignore_index=True)
    # What stands by the door comes first, as it does in the cells.
    by_door = pieces["measure"].isin(tables[0]["measure"].unique())
    first = pieces[~by_door | (np.arange(len(pieces)) < len(tables[0]))]
    first = pd.concat([first, *_derive(first)], ignore_index=True)
    known = cells[cells["level"] == "community"].set_index(["measure", "of"])["value"]
    sums = first.groupby(["measure", "new_community"])["value"].sum()
    # Counts by community have no pieces, and rounded ones have others.
    differ = known.astype(float) != sums.reindex(known.index).fillna(0.0)
    wrong = set(differ.index[differ.to_numpy(bool)].get_level_values(0))
    return first[~first["measure"].isin(wrong)].reset_index(drop=True)


def _count_doors(plan: Plan, old: Plan, open_now: set[str], open_before: set[str]) -> pd.DataFrame:
    """Count pieces from the members by stairwell."""
    people = plan.members
    if people.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    new_leaf = _find_leaves(people["community"], people["branch"], open_now)
    was = old.stairwells["community"].astype("str")
    if len(old.members):
        was = old.members["community"].astype("str").combine_first(was)
        branch = old.members["branch"].reindex(was.index).fillna("")
    else:
        branch = pd.Series("", index=was.index, dtype="str")
    old_leaf = _find_leaves(was, branch, open_before)
    # Stairwells keep their codes; one that is new was in no place of the old release.
    doors = pd.DataFrame(
        {
            "new": new_leaf,
            "old": old_leaf.reindex(people.index).fillna(""),
            "new_community": people["community"].astype("str"),
            "old_community": was.reindex(people.index).fillna("").astype("str"),
        }
    )
    frames = []
    for measure in ("members", *COUNTED):
        if measure == "members":
            value = people["full"] + people["probationary"]
            table = doors
        elif measure in people.columns:
            value = people[measure].fillna(0)
            table = doors.assign(
                new="community:" + doors["new_community"],
                old=np.where(
                    doors["old_community"] == "", "", "community:" + doors["old_community"]
                ),
            )
        else:
            continue
        frames.append(table.assign(measure=measure, value=value.astype(float)))
    return _gather(frames)


def _count_buildings(plan: Plan, old: Plan) -> pd.DataFrame:
    """Count pieces from the site's counts by building and compound."""
    counts = plan.site.counts
    now = find_places(plan)
    then = place_counts(counts, old.site)
    rows = counts["level"].isin(["building", "compound"]) & (now != "")
    frames = []
    for measure, word in COUNTED.items():
        these = rows & (counts["measure"] == word)
        frames.append(
            pd.DataFrame(
                {
                    "measure": measure,
                    "new": "community:" + now[these],
                    "old": np.where(then[these] == "", "", "community:" + then[these]),
                    "new_community": now[these],
                    "old_community": then[these],
                    "value": counts.loc[these, "value"].astype(float),
                }
            )
        )
    return _gather(frames)


def _gather(frames: list[pd.DataFrame]) -> pd.DataFrame:
    keys = [name for name in COLUMNS if name != "value"]
    table = pd.concat(frames, ignore_index=True)
    return table.groupby(keys, as_index=False)["value"].sum()[list(COLUMNS)]


def _derive(pieces: pd.DataFrame) -> list[pd.DataFrame]:
    """Derive members from their parts, and other volunteers, where doors do not give them."""
    by = {str(name): rows for name, rows in pieces.groupby("measure")}
    derived = []
    if "members" not in by and "full" in by:
        both = [by["full"], *([by["probationary"]] if "probationary" in by else [])]
        derived.append(_gather([rows.assign(measure="members") for rows in both]))
    if "full" in by and "probationary" not in by:
        derived.append(by["full"].assign(measure="probationary", value=0.0))
    if "volunteers" in by and "volunteers_party" in by:
        less = by["volunteers_party"].assign(value=-by["volunteers_party"]["value"])
        both = [rows.assign(measure="volunteers_other") for rows in (by["volunteers"], less)]
        derived.append(_gather(both))
    return derived


def _find_leaves(
    communities: pd.Series[Any], branches: pd.Series[Any], open_in: set[str]
) -> pd.Series[Any]:
    """Find the finest published place of each stairwell: branch, outside branches, or community."""
    community = communities.astype("str")
    branch = branches.astype("str")
    # The prefix keeps a branch and a community of one code apart.
    inner = np.where(branch != "", "branch:" + branch, "outside:" + community)
    return pd.Series(
        np.where(community.isin(open_in), inner, "community:" + community),
        index=communities.index,
        dtype=object,
    )


def find_moved(plan: Plan, old: Plan) -> set[str]:
    """Find the places, named by kind, that do not hold the same doors in both plans.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> find_moved(make_board_plan(), make_board_plan())
    set()
    """
    moved: set[str] = set()
    now = plan.stairwells["community"].astype("str")
    then = old.stairwells["community"].astype("str")
    pairs = [("community:" + now, "community:" + then)]
    if len(plan.members) and len(old.members):
        # With all communities open, a leaf is a branch or what is outside of all.
        leaves = [
            _find_leaves(p.members["community"], p.members["branch"], set(p.members["community"]))
            for p in (plan, old)
        ]
        pairs.append((leaves[0], leaves[1]))
    for new, before in pairs:
        # The outer join keeps a door that only one plan has: that is a change too.
        codes = pd.concat([new.rename("now"), before.rename("then")], axis=1).fillna("")
        differ = codes["now"] != codes["then"]
        moved |= set(codes.loc[differ, "now"]) | set(codes.loc[differ, "then"])
    if set(now.index) != set(then.index):
        moved.add("city:site")
    # A subdistrict or district is changed with any of its communities.
    for p in (plan, old):
        bodies = place_bodies(p.site.communities)
        changed = ("community:" + bodies.index.to_series().astype("str")).isin(moved)
        for level in ("subdistrict", "district"):
            named = set(bodies.loc[changed.to_numpy(bool), level]) - {""}
            moved |= {f"{level}:{name}" for name in named}
    return moved - {""}
