"""Layers over changed sub-grids: special grids, and the upper layer with its codes kept."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.plan import Plan
from gridplan.planning.outlines.special_grids import find_specials, find_touches
from gridplan.planning.upper_grids import RULE, place_exclusives, write_grids
from gridplan.rules.all_rules import Rules
from gridplan.site import Site
from gridplan.tables.conform import conform_table


def renew_specials(
    before: Plan,
    site: Site,
    subgrids: Any,
    drawn: Collection[str],
    limits: Collection[str],
    rules: Rules,
) -> Any:
    """Find again what special grids touch of redrawn sub-grids.

    Where ``limits`` changed, all that they touch.

    Returns the tables special_grids and touches.
    """
    grids = before.special_grids
    touches = before.touches
    if limits and rules.special.drawn:
        # Which community a stretch along a limit belongs to depends on all of
        # them; where none changed, the same comes out again.
        new = find_specials(
            site.barriers, site.communities, subgrids, rules.special, site.communities
        )
        return new.grids, new.touches
    # What an unchanged sub-grid touches is still true.
    kept = touches[touches["subgrid"].isin(subgrids.index) & ~touches["subgrid"].isin(drawn)]
    touched_again = []
    grids = grids[grids["community"].isin(site.communities.index)]
    kept = kept[kept["special_grid"].isin(grids.index)]
    again = grids[grids["community"].isin(subgrids["community"].reindex(list(drawn)).dropna())]
    if len(again):
        touched_again.append(
            find_touches(
                again, subgrids.loc[subgrids.index.intersection(sorted(drawn))], rules.special.touch
            )
        )
    every = pd.concat([kept, *(f for f in touched_again if len(f))]).sort_values(
        ["special_grid", "subgrid"], ignore_index=True
    )
    # Numbered again from the first row, at one width, as a plan drawn from
    # nothing has them.
    every["touch"] = (every.index + 1).astype("str").str.zfill(len(str(len(every))))
    touches = conform_table("touches", every)
    count = touches.groupby("special_grid").size().reindex(grids.index, fill_value=0)
    return grids.assign(subgrid_count=count.to_numpy(np.int64)), touches


def join_upper(before: Plan, plan: Plan, rules: Rules) -> Plan:
    """Let new sub-grids join the upper grid that most of their households were in, or live beside.

    Where a grid fell apart, as a sub-grid in its middle ended, its largest piece
    keeps it and the others join the grids that they live beside.
    Grids whose sub-grids or outlines changed are written again under their
    codes; those left without any end.
    """
    if before.grids.empty:
        return plan
    grid = plan.subgrids["grid"].to_dict()
    lone = (plan.subgrids["kind"] != "residential").to_dict()
    open_ = [code for code, of in grid.items() if not of and not lone[code]]
    grid |= _find_upper(before, plan, open_, grid)
    grid |= _join_torn(before, plan, grid)
    subgrids = place_exclusives(
        plan.subgrids.assign(grid=pd.Series(grid, dtype="str").reindex(plan.subgrids.index))
    )
    return _write_changed(before, plan.replace(subgrids=subgrids), rules)


def _join_torn(before: Plan, plan: Plan, grid: dict[str, str]) -> dict[str, str]:
    """Find another grid for the pieces of grids that fell apart, but for the largest of each."""
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    place = pd.Series(np.arange(len(homes)), index=homes.index)
    of = plan.stairwells["subgrid"].map(place)
    ends = [of.reindex(plan.neighbours[end]).to_numpy(float) for end in ("focal", "neighbour")]
    a, b = (end[~np.isnan(ends[0] + ends[1])].astype(np.int64) for end in ends)
    if not len(a):
        return {}
    upper = np.array([grid[code] for code in homes.index], dtype=object)
    town = homes["community"].to_numpy(dtype=object)
    within = upper[a] == upper[b]
    graph = coo_array((np.ones(within.sum()), (a[within], b[within])), shape=(len(homes),) * 2)
    pieces, label = connected_components(graph, directed=False)
    held = np.bincount(label, homes["households"].to_numpy(float), minlength=pieces)
    table = pd.DataFrame({"grid": upper, "piece": label}).drop_duplicates().sort_values("piece")
    table = table.assign(held=held[table["piece"]])
    table = table[table["grid"].isin(_find_touched(before, plan))]
    # Of equals the first stays.
    rest = table.sort_values("held", ascending=False, kind="stable").duplicated("grid")
    used = set(before.grids.index) | set(grid.values())
    out: dict[str, str] = {}
    for piece in sorted(table.loc[rest[rest].index, "piece"]):
        inside = np.flatnonzero(label == piece)
        community = str(town[inside[0]])
        beside = np.concatenate([b[label[a] == piece], a[label[b] == piece]])
        beside = beside[(label[beside] != piece) & (town[beside] == community)]
        votes = pd.Series(upper[beside], dtype=object).value_counts()
        best = sorted(votes.index[votes == votes.max()])
        goal = str(best[0]) if best else _number_next(community, used)
        used.add(goal)
        out |= dict.fromkeys(homes.index[inside], goal)
    return out


def _find_touched(before: Plan, plan: Plan) -> set[str]:
    """Find the grids from which homes went to another sub-grid or away."""
    then = before.stairwells["subgrid"]
    left = then != plan.stairwells["subgrid"].reindex(then.index)
    return set(before.subgrids["grid"].reindex(then[left].unique()).dropna()) - {""}


def _number_next(community: str, used: set[str]) -> str:
    free = next(n for n in range(1, len(used) + 2) if f"{community}-G{n:03d}" not in used)
    return f"{community}-G{free:03d}"


def _find_upper(before: Plan, plan: Plan, codes: list[str], grid: dict[str, str]) -> dict[str, str]:
    """Find the grid of each new sub-grid.

    Of most of its households, else of its neighbours', else a new one.
    """
    had = (
        before.subgrids["grid"]
        .reindex(before.stairwells["subgrid"])
        .set_axis(before.stairwells.index)
    )
    stairwells = plan.stairwells[plan.stairwells["subgrid"].isin(codes)]
    votes = pd.DataFrame(
        {
            "code": stairwells["subgrid"],
            "grid": had.reindex(stairwells.index),
            "households": stairwells["households"],
        }
    )
    subgrid_of = plan.stairwells["subgrid"]
    ends = [subgrid_of.reindex(plan.neighbours[end]).to_numpy() for end in ("focal", "neighbour")]
    weigh = plan.stairwells["households"].reindex(plan.neighbours["neighbour"]).to_numpy()
    both = [
        pd.DataFrame({"code": a, "grid": pd.Series(b).map(grid).to_numpy(), "households": weigh})
        for a, b in (ends, ends[::-1])
    ]
    out: dict[str, str] = {}
    community = plan.subgrids["community"]
    # First by who lives there, then by who lives beside: the first that knows
    # an answer counts.
    for table in (votes, pd.concat(both)):
        rows = table[table["code"].isin(set(codes) - set(out)) & (table["grid"].fillna("") != "")]
        rows = rows[
            before.grids["community"].reindex(rows["grid"]).to_numpy()
            == community.reindex(rows["code"]).to_numpy()
        ]
        total = rows.groupby(["code", "grid"], as_index=False)["households"].sum()
        # Of equals the lower code.
        best = total.sort_values(
            ["code", "households", "grid"], ascending=[True, False, True]
        ).drop_duplicates("code")
        out |= dict(zip(best["code"], best["grid"], strict=True))
    # What is still without a grid begins one, under a number never used.
    used = set(before.grids.index)
    for code in sorted(set(codes) - set(out)):
        out[code] = _number_next(str(community[code]), used)
    return out


def _write_changed(before: Plan, plan: Plan, rules: Rules) -> Plan:
    """Write the rows of grids whose sub-grids changed, and the exceptions of this layer."""
    old = before.subgrids
    new = plan.subgrids
    columns = ["grid", "households", "kind", "geometry"]
    same = (
        old[columns]
        .eq(new[columns].reindex(old.index))
        .all(axis=1)
        .reindex(new.index, fill_value=False)
    )
    # A grid changed if it gained or lost a sub-grid, or one of its sub-grids changed.
    changed = set(new["grid"][~same]) | set(old["grid"][~old.index.isin(new.index[same])])
    written = write_grids(plan, new[new["grid"].isin(changed)], rules.grids)
    kept = before.grids[~before.grids.index.isin(changed)]
    grids = pd.concat([kept, written]).sort_index() if len(kept) else written
    rows = plan.exceptions
    # Grids that are back in their band need no exception any more.
    stale = (rows["rule"] == RULE) & ~(rows["subgrid"].isin(grids.index[~grids["in_band"]]))
    explained = rows["subgrid"][(rows["rule"] == RULE) & ~stale]
    out = written[~written["in_band"] & ~written.index.isin(explained)]
    more = [
        {
            "community": g.community,
            "subgrid": g.Index,
            "rule": RULE,
            "proven": False,
            "explanation": (
                f"{g.households} households: its sub-grids were changed, and it kept them"
            ),
            "remedy": "draw the grids again",
        }
        for g in out.itertuples()
    ]
    return plan.replace(grids=grids, exceptions=_number(rows[~stale], more))


def _number(rows: Any, more: list[dict[str, Any]]) -> Any:
    from gridplan.planning.site_to_plan import number_exceptions

    return number_exceptions([*rows.to_dict("records"), *more])
