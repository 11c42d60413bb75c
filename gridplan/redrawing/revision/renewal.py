"""Renewal: from an assignment to a plan, making only what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints, Texts
from gridplan.division.centres import find_centres
from gridplan.division.divide import Division, explain_parts
from gridplan.division.problem import DivisionProblem
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import InputError, PlanError
from gridplan.errors import Problem as Wrong
from gridplan.plan import PEOPLE_TABLES, REACH_TABLES, VISIT_TABLES, Plan
from gridplan.planning.outlines.open_land import find_carers_again
from gridplan.planning.plan_manifest import write_manifest
from gridplan.planning.prepare import PreparedLand, open_land
from gridplan.planning.site_to_plan import join_outlines, number_exceptions, write_subgrids
from gridplan.redrawing.revision.changed_land import RedrawnLand, redraw_land
from gridplan.redrawing.revision.changes import PlanChanges, find_changes
from gridplan.redrawing.revision.drawing_ground import DrawingGround
from gridplan.redrawing.revision.overlying_layers import join_upper, renew_specials
from gridplan.redrawing.revision.renewed_ranges import renew_ranges
from gridplan.redrawing.revision.torn_subgrids import find_torn
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

# Tables that speak of the plan before, so that they are emptied.
OF_PLAN_BEFORE = (*PEOPLE_TABLES, *REACH_TABLES, *VISIT_TABLES, "triggers", "concordance")
# Rules of exceptions that are judged again where members change.
SIZE_RULES = ("band", "households", "contiguity")


def renew_plan(
    plan: Plan,
    member: pd.Series[Any],
    *,
    land: PreparedLand | None = None,
    centres: Mapping[str, str] | None = None,
    freed: Collection[str] = (),
    exceptions: Sequence[Mapping[str, Any]] = (),
    progress: Progress = keep_silent,
    ground: DrawingGround | None = None,
) -> Plan:
    """Make the plan of an assignment, with the least change to the plan before.

    Figures, outlines, exceptions and manifest are made again for the sub-grids
    whose members or land changed; all others keep their rows. (A sub-grid
    beside changed land may get a corner on its border, where a new line ends.)
    Exclusive and special grids stay unless the land under them changed; an
    upper layer keeps its codes. Tables about people and reach speak of the
    plan before and are emptied. Where nothing changed the plan itself comes
    back.

    Parameters
    ----------
    plan
        The plan before.
    member
        The code of the sub-grid of every stairwell; codes may be new, and each
        stays within one community.
    land
        New land, where it changed, or the rules to draw by; the plan's own if
        not given. Division problems that it has made are not made again.
    centres
        Stairwells wanted as centres, by code of the sub-grid; the one with the
        least household-metres if not given.
    freed
        Sub-grids whose centre was chosen by hand and is to be the best one again.
    exceptions
        Rows for the table of exceptions about sub-grids that change
        (community, subgrid, rule, proven, explanation, remedy), in place of
        those that would be written.
    progress
        Called with the stage, the steps done and all steps.
    ground
        One kept from earlier drawings on this plan and its land.

    Raises
    ------
    InputError
        If stairwells have no sub-grid, a sub-grid lies in several communities,
        or a centre is none of its stairwells.
    PlanError
        If the plan is a release, which holds no households.

    Examples
    --------
    The house h04 goes from the right half of the board to the left one:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> member = plan.stairwells["subgrid"].copy()
    >>> member["h04-1"] = "0301-001"
    >>> renewed = renew_plan(plan, member)
    >>> renewed.subgrids["households"].tolist(), renewed.subgrids["area"].round(2).tolist()
    ([70, 50], [6300.0, 4500.0])
    """
    if plan.is_release:
        raise PlanError(
            "a release holds no households -> change the working plan, and release it again"
        )
    land = open_land(plan) if land is None else land
    rules = land.rules
    site = land.site
    doors = land.stairwells
    # The plan's own table is in order already, and tens of thousands of rows long.
    if doors is not plan.stairwells:
        doors = conform_table("stairwells", doors)
    _check_member(plan, doors, member, centres or {})
    doors = doors.assign(subgrid=member.reindex(doors.index).astype("str"))
    # Everything below is done for what changed only: a plan has thousands of sub-grids.
    changes = find_changes(plan, site, doors, centres or {}, rules)
    # Sub-grids that ended meanwhile have no centre to free.
    freed_now = set(freed) & set(doors["subgrid"])
    changes = replace(changes, figures=changes.figures | freed_now)
    pairs = land.neighbours
    if not changes and site is plan.site and pairs is plan.neighbours:
        return plan
    progress("figures", 0, 1)
    figures, shortfalls = _measure_changed(plan, land, doors, changes, centres or {})
    # Figures first, as the land is drawn by the codes that have homes.
    homes = _join_rows(plan, doors, figures)
    redrawn = redraw_land(plan, site, doors, homes, changes, rules, progress, ground)
    subgrids = _join_land(plan, doors, homes, redrawn, site)
    site = site.note(_keep_new(site.ledger, redrawn.entries))
    drawn = {*redrawn.outlines.index, *redrawn.lone.index}
    grids, touches = renew_specials(plan, site, subgrids, drawn, changes.limits, rules)
    rows = _renew_exceptions(plan, doors, pairs, subgrids, changes, shortfalls, exceptions)
    # These tables speak of sub-grids that may be others now.
    before = {name: plan.get_table(name) for name in OF_PLAN_BEFORE}
    emptied = {name: table.iloc[:0] for name, table in before.items() if len(table)}
    new = plan.replace(
        site=site,
        stairwells=doors,
        neighbours=pairs,
        subgrids=subgrids,
        exceptions=rows,
        special_grids=grids,
        touches=touches,
        **emptied,
    )
    new = join_upper(plan, renew_ranges(plan, new, changes, redrawn, rules), rules)
    # Where the plan came from stays; its figures are counted again.
    kept = {key: value for key, value in plan.manifest.items() if key in ("inputs", "history")}
    written = write_manifest(
        new, rules, int(plan.manifest.get("seed", 0)), plan.manifest.get("inputs") or {}
    )
    return new.replace(manifest={**written, **kept})


def _check_member(
    plan: Plan, doors: Any, member: pd.Series[Any], centres: Mapping[str, str]
) -> None:
    """Refuse assignments that no plan can be made of, all faults at once."""
    code = member.reindex(doors.index)
    bare = doors.index[(code.isna() | (code == "")).to_numpy()]
    pairs = pd.DataFrame(
        {"code": code.to_numpy(object), "community": doors["community"].to_numpy(object)}
    ).drop_duplicates()
    torn = sorted(
        {c for c in pairs["code"][pairs["code"].duplicated(keep=False)] if isinstance(c, str)}
    )
    lone = plan.subgrids.index[plan.subgrids["kind"] != "residential"]
    taken = sorted(set(lone) & set(pairs["code"]))
    lost = sorted(c for c, s in centres.items() if code.get(s) != c)
    problems = [
        Wrong("stairwells", rule, f"{len(ids)} {message}", remedy, tuple(ids))
        for rule, ids, message, remedy in (
            (
                "every home is in a sub-grid",
                bare,
                "stairwells are given no sub-grid",
                "name one for each",
            ),
            (
                "sub-grids lie in one community",
                torn,
                "sub-grids are given homes of several communities",
                "keep to one each",
            ),
            (
                "exclusive grids and open land hold no homes",
                taken,
                "codes are those of exclusive grids or open land",
                "choose other codes",
            ),
            (
                "centres are of their sub-grids",
                lost,
                "sub-grids are given centres elsewhere",
                "choose one of their own stairwells",
            ),
        )
        if len(ids)
    ]
    if problems:
        raise InputError(problems)


def _measure_changed(
    plan: Plan,
    land: PreparedLand,
    doors: Any,
    changes: PlanChanges,
    centres: Mapping[str, str],
) -> tuple[Any, list[dict[str, Any]]]:
    """Measure the sub-grids whose figures change, and explain those out of their band."""
    # A division problem is one of a whole community.
    over = doors["community"][doors["subgrid"].isin(changes.figures)].unique()
    homes = doors[doors["community"].isin(over)]
    tables = []
    shortfalls = []
    for community, problem in land.get_problems(over).items():
        rows = homes.index.get_indexer(pd.Index(problem.ids))
        codes, part = np.unique(
            homes["subgrid"].to_numpy(object)[rows].astype(str), return_inverse=True
        )
        best, sums = find_centres(problem, part, len(codes))
        # A centre chosen by hand goes before the cheapest one.
        wanted = {code: problem.ids.index(centres[code]) for code in codes if code in centres}
        best = np.array(
            [wanted.get(code, b) for code, b in zip(codes, best, strict=True)], np.int64
        )
        # Only its assignment and centres are read, so the price may be zero.
        division = Division(part, best, sums[best], 0.0, ())
        table = write_subgrids(community, problem, division, [str(c) for c in codes])[
            "subgrids"
        ].set_index("subgrid")
        table = table[table.index.isin(changes.figures)]
        tables.append(table)
        if not table["in_band"].all():
            shortfalls += _explain(
                community, problem, part, codes, set(table.index[~table["in_band"]])
            )
    return (pd.concat(tables) if tables else plan.subgrids.iloc[:0]), shortfalls


def _explain(
    community: str, problem: DivisionProblem, part: Ints, codes: Texts, out: set[str]
) -> list[dict[str, Any]]:
    """Explain sub-grids out of their band.

    Proven where arithmetic proves that no plan could keep it.
    """
    rows = {}
    islands = problem.find_islands()
    for island in islands:
        here, local = np.unique(part[island], return_inverse=True)
        for s in explain_parts(problem.take(island), local, 0, len(islands) > 1, False, False):
            code = str(codes[here[s.part]])
            mass = int(problem.weights[part == here[s.part]].sum())
            text = (
                s.explanation
                if s.proven
                else f"{mass} households, allowed are {problem.band.low} to {problem.band.high}"
            )
            remedy = (
                s.remedy if s.proven else "move homes to or from a neighbour, or repair the plan"
            )
            rows[code] = {
                "community": community,
                "subgrid": code,
                "rule": s.rule,
                "proven": s.proven,
                "explanation": text,
                "remedy": remedy,
            }
    # In several islands, each of a good size by itself.
    for code in out - set(rows):
        mass = int(problem.weights[part == np.searchsorted(codes, code)].sum())
        rows[code] = {
            "community": community,
            "subgrid": code,
            "rule": "households",
            "proven": False,
            "explanation": (
                f"{mass} households, allowed are {problem.band.low} to {problem.band.high}"
            ),
            "remedy": "move homes to or from a neighbour, or repair the plan",
        }
    return [rows[code] for code in sorted(out)]


def _join_rows(plan: Plan, doors: Any, figures: Any) -> Any:
    """Join the rows of unchanged sub-grids and those measured again, by code.

    Columns about land are still the old ones.
    """
    old = plan.subgrids[
        (plan.subgrids["kind"] == "residential")
        & plan.subgrids.index.isin(doors["subgrid"].unique())
    ]
    kept = old[~old.index.isin(figures.index)]
    if figures.empty:
        return pd.DataFrame(kept.drop(columns="geometry"))
    fresh = figures.assign(grid=old["grid"].reindex(figures.index).fillna("").astype("str"))
    # A grid of the upper layer lies in one community, so who leaves it leaves the grid.
    moved = old["community"].reindex(figures.index)
    fresh["grid"] = fresh["grid"].where((moved == fresh["community"]) | moved.isna(), "")
    return (
        pd.concat([pd.DataFrame(kept.drop(columns="geometry")), fresh])
        .rename_axis("subgrid")
        .sort_index()
    )


def _join_land(
    plan: Plan, doors: Any, homes: Any, redrawn: RedrawnLand, site: Site
) -> gpd.GeoDataFrame:
    """Join outlines to the rows of sub-grids.

    Rows whose figures and outline both stayed are those of the plan before.
    """
    old = plan.subgrids
    # Old outlines stay, byte for byte, where nothing was drawn.
    land = old.geometry.reindex(homes.index).to_numpy().copy()
    rows = homes.index.get_indexer(redrawn.outlines.index)
    land[rows] = redrawn.outlines.to_numpy()
    outlines = gpd.GeoSeries(land, index=homes.index, crs=site.crs)
    fresh = homes.index[homes.index.isin(redrawn.outlines.index) | _find_without_land(homes)]
    lone = old[
        (old["kind"] != "residential")
        & ~old["community"].isin(redrawn.wholly_drawn)
        & old["community"].isin(site.communities.index)
    ]
    kept = old[old.index.isin(homes.index) & ~old.index.isin(fresh)]
    parts = [kept, lone, redrawn.lone]
    if len(fresh):
        homes_redrawn = doors[doors["subgrid"].isin(fresh)]
        parts.append(join_outlines(homes.loc[fresh].reset_index(), homes_redrawn, outlines, site))
    table = pd.concat([part for part in parts if len(part)]).sort_index()
    shapes = table.geometry.to_numpy().copy()
    rows = table.index.get_indexer(redrawn.around.index)
    shapes[rows] = redrawn.around.to_numpy()
    table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=site.crs))
    return find_carers_again(table, set(homes["community"].reindex(fresh)))


def _find_without_land(homes: Any) -> Bools:
    """Find the rows that were measured again, which lack what comes with the land."""
    return np.asarray(homes["building_count"].isna(), bool)


def _keep_new(ledger: pd.DataFrame, entries: Sequence[Entry]) -> list[Entry]:
    """Keep the entries that the ledger does not have yet."""
    # A plan renewed many times would note the same line each time.
    had = set(zip(ledger["step"], ledger["table"], ledger["reason"], ledger["count"], strict=True))
    return [e for e in entries if (e.step, e.table, e.reason, e.count) not in had]


def _renew_exceptions(
    plan: Plan,
    doors: Any,
    pairs: Any,
    subgrids: Any,
    changes: PlanChanges,
    shortfalls: Sequence[Mapping[str, Any]],
    rows_given: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Write the exceptions: unchanged sub-grids keep theirs, changed ones are judged again."""
    old = plan.exceptions
    upper = old["subgrid"].isin(plan.grids.index)
    gone = (old["subgrid"] != "") & ~upper & ~old["subgrid"].isin(subgrids.index)
    # Size and contiguity are judged again; locks and other rules stay as they were.
    again = old["subgrid"].isin(changes.figures) & old["rule"].isin(SIZE_RULES)
    lost = ~old["community"].isin(subgrids["community"])
    rows: list[dict[str, Any]] = old[~gone & ~again & ~lost].to_dict("records")
    # Other ways between homes may tear sub-grids whose members stayed.
    judged = changes.figures if pairs is plan.neighbours else set(subgrids.index)
    torn = [code for code in find_torn(doors, pairs) if code in judged]
    had = {(r["subgrid"], r["rule"]) for r in rows} | {
        (r["subgrid"], r["rule"]) for r in rows_given
    }
    explained = {r["subgrid"] for r in rows_given if r["rule"] in ("band", "households")}
    rows += [dict(r) for r in rows_given]
    rows += [dict(r) for r in shortfalls if r["subgrid"] not in explained]
    rows += [
        {
            "community": subgrids["community"][code],
            "subgrid": code,
            "rule": "contiguity",
            "proven": False,
            "explanation": "its homes do not hang together on foot",
            "remedy": "move the rest to a neighbour, or repair the plan",
        }
        for code in torn
        if (code, "contiguity") not in had
    ]
    # The very table where nothing changed, so that its numbers stay.
    return number_exceptions(rows) if rows != old.to_dict("records") else old
