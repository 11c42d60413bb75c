"""The land of changed sub-grids drawn again, while the tiling round them stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Shapes
from gridplan.engine.parallel_map import Progress
from gridplan.plan import Plan
from gridplan.planning.outlines.tessellation import AREA_ERROR, FALLBACKS, tessellate
from gridplan.planning.site_to_plan import draw_land
from gridplan.redrawing.revision.changes import PlanChanges
from gridplan.redrawing.revision.outline_fitting import ADJOINS, find_faults, match_around
from gridplan.rules.all_rules import Rules
from gridplan.rules.outlines import OutlineRules
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry


@dataclass(frozen=True)
class RedrawnLand:
    """Outlines drawn again.

    ``outlines`` by code; ``around`` those of untouched sub-grids beside them,
    which got a corner where a new line ends on their border; ``lone`` the rows
    of exclusive grids and open land of the communities ``wholly_drawn``, drawn wholly; and entries
    for the ledger.
    """

    outlines: gpd.GeoSeries
    around: pd.Series[Any]
    lone: Any
    wholly_drawn: frozenset[str]
    entries: tuple[Entry, ...]


def redraw_land(
    plan: Plan,
    site: Site,
    stairwells: Any,
    figures: Any,
    changes: PlanChanges,
    rules: Rules,
    progress: Progress,
) -> RedrawnLand:
    """Draw the outlines of changed sub-grids on the land that they had together.

    Where that fails, on more of it.

    First the union of the old outlines is taken for the community; where no
    good tiling comes of it, that of the sub-grids round them too, then that of
    all its sub-grids of homes; and where the land itself changed, or none of
    these holds, the whole community is drawn, exclusive grids too.

    ``figures`` has a row for every sub-grid of homes, by code.
    """
    old = plan.subgrids[plan.subgrids["kind"] == "residential"]
    over = figures["community"]
    codes = set(changes.land) | _find_beside(old, _find_deserted(plan, stairwells, changes.land))
    asked = set(over.reindex(list(codes)).dropna()) | set(
        old["community"].reindex(list(codes)).dropna()
    )
    # What was another community's land is no part of what the sub-grids of
    # this one had together.
    came = over[over.index.isin(old.index) & (over != old["community"].reindex(over.index))]
    wholly_drawn = set(changes.wholly_drawn) | (asked & _find_unsound(old, over)) | set(came)
    # Outlines that new ones have to fit to.
    staying = plan.subgrids[
        plan.subgrids.index.isin(over.index) | (plan.subgrids["kind"] != "residential")
    ]
    pieces_drawn, entries, failed = _draw_in_rounds(
        old,
        codes,
        site,
        stairwells,
        over,
        sorted((asked & set(over)) - wholly_drawn),
        staying,
        rules.outlines,
        progress,
    )
    wholly_drawn |= failed
    lone, whole_shapes, noted = _draw_whole(
        plan,
        site,
        stairwells,
        figures,
        sorted(wholly_drawn & set(site.communities.index)),
        rules,
        progress,
    )
    outlines = pd.concat([*pieces_drawn, whole_shapes]) if pieces_drawn else whole_shapes
    there = (
        staying["community"].isin(site.communities.index)
        & ~staying["community"].isin(wholly_drawn)
        & ~staying.index.isin(came.index)
    )
    return _fit_around(
        outlines,
        staying[there.to_numpy()],
        lone,
        frozenset(wholly_drawn),
        (*entries, *noted),
        rules.outlines.grid,
        site.crs,
    )


def _fit_around(
    outlines: pd.Series[Any],
    staying: Any,
    lone: Any,
    wholly_drawn: frozenset[str],
    entries: tuple[Entry, ...],
    grid: float,
    crs: Any,
) -> RedrawnLand:
    """Fit new outlines to those that stay, which get a corner where a new line ends on them."""
    shapes, around = match_around(outlines, staying, grid)
    series = gpd.GeoSeries(
        shapes.to_numpy(), index=pd.Index(shapes.index, dtype="str", name="subgrid"), crs=crs
    ).sort_index()
    # Matching may have given exclusive grids corners too, so they take the
    # matched shapes.
    lone = lone.set_geometry(series.reindex(lone.index).set_crs(crs)) if len(lone) else lone
    return RedrawnLand(series[~series.index.isin(lone.index)], around, lone, wholly_drawn, entries)


def _draw_in_rounds(
    old: Any,
    codes: set[str],
    site: Site,
    stairwells: Any,
    over: Any,
    communities: list[str],
    staying: Any,
    rules: OutlineRules,
    progress: Progress,
) -> tuple[list[pd.Series[Any]], list[Entry], set[str]]:
    """Draw changed sub-grids on ever more land, until the outlines hold.

    Returns the outlines of each round, entries for the ledger, and the
    communities where no round held.
    """
    pieces_drawn: list[pd.Series[Any]] = []
    entries: list[Entry] = []
    open_ = communities
    # Each round takes more land, and only communities that failed the round before.
    for wide in (False, False, True):
        if not open_:
            break
        codes = set(old.index) | set(over.index) if wide else codes
        drawn, noted, poor = _draw_on_old(
            old, codes, site, stairwells, over, open_, rules, progress
        )
        # The widest round may draw plainly: nothing better can come after it.
        failed = set(over.reindex(find_faults(drawn, staying, rules.grid)).dropna()) | (
            set() if wide else poor
        )
        good = drawn[~over.reindex(drawn.index).isin(failed).to_numpy()]
        pieces_drawn.append(good)
        # Entries are of the whole round, so they are true only if all of it is kept.
        entries += noted if len(good) == len(drawn) else []
        open_ = sorted(set(open_) - set(over.reindex(good.index)))
        # The next round may use the land of the sub-grids round these too.
        codes = codes | _find_beside(old, codes)
    return pieces_drawn, entries, set(open_)


def _find_unsound(old: Any, over: Any) -> set[str]:
    """Find the communities whose outlines are broken, or which have none: nothing is to be kept."""
    shapes = old.geometry.to_numpy()
    sound = shapely.is_valid(shapes) & (shapely.area(shapes) > 0)
    return set(old["community"][~sound]) | (set(over) - set(old["community"]))


def _find_deserted(plan: Plan, stairwells: Any, codes: frozenset[str]) -> set[str]:
    """Find the changed sub-grids none of whose homes are there any more.

    Others have to take their land.
    """
    members = plan.stairwells[plan.stairwells["subgrid"].isin(codes)]
    return set(members["subgrid"]) - set(
        members["subgrid"][stairwells.index.get_indexer(members.index) >= 0]
    )


def _find_beside(old: Any, codes: set[str]) -> set[str]:
    """Find the sub-grids of homes that adjoin some others of their community."""
    changed = old[old.index.isin(codes)]
    near = shapely.STRtree(old.geometry.to_numpy()).query(
        changed.geometry.to_numpy(), predicate="dwithin", distance=ADJOINS
    )
    same = (
        old["community"].to_numpy(object)[near[1]] == changed["community"].to_numpy(object)[near[0]]
    )
    return set(old.index[near[1][same]])


def _draw_on_old(
    old: Any,
    codes: set[str],
    site: Site,
    stairwells: Any,
    over: Any,
    communities: list[str],
    rules: OutlineRules,
    progress: Progress,
) -> tuple[pd.Series[Any], list[Entry], set[str]]:
    """Draw sub-grids on the land that they had together.

    Returns the outlines, entries for the ledger, and the communities where
    only a plainer way of drawing held.
    """
    land_before = old[old["community"].isin(communities) & old.index.isin(codes)]
    unions = {
        str(c): _unite(outlines_before.geometry.to_numpy())
        for c, outlines_before in land_before.groupby("community", sort=True)
    }
    if not unions:
        return pd.Series(dtype=object), [], set()
    table = pd.DataFrame({"community": list(unions)})
    lands = conform_table(
        "communities", gpd.GeoDataFrame(table, geometry=list(unions.values()), crs=site.crs)
    )
    members = stairwells["subgrid"].isin(
        over.index[over.isin(lands.index) & over.index.isin(codes)]
    )
    doors = stairwells[members.to_numpy()]
    homes = site.buildings.index.isin(doors["building"])
    around = (
        _find_meeting(site.buildings, lands)
        & site.buildings["community"].isin(lands.index).to_numpy()
    )
    # Buildings without homes shape outlines as well, though nobody lives in them.
    near = np.flatnonzero(around)
    lived = pd.Index(stairwells["building"].unique()).get_indexer(site.buildings.index[near]) >= 0
    plain = np.zeros(len(around), bool)
    plain[near[~lived]] = True
    streets, barriers = (
        table[_find_meeting(table, lands)] for table in (site.streets, site.barriers)
    )
    outlines = tessellate(
        lands, site.buildings[homes | plain], doors, streets, barriers, rules, progress=progress
    )
    shapes = pd.Series(outlines.subgrids.to_numpy(), index=outlines.subgrids.index, dtype=object)
    poor = {c for e in outlines.entries if e.reason in FALLBACKS.values() for c in e.ids}
    whole = pd.Series({c: shapely.area(u) for c, u in unions.items()})
    drawn = (
        pd.Series(shapely.area(shapes.to_numpy()), index=shapes.index)
        .groupby(over.reindex(shapes.index))
        .sum()
    )
    # Land that was lost or gained in drawing shows that the tiling does not hold.
    short = whole.index[
        (np.abs(whole - drawn.reindex(whole.index, fill_value=0.0)) > AREA_ERROR * whole).to_numpy()
    ]
    shapes = shapes[~over.reindex(shapes.index).isin(short).to_numpy()]
    return (
        shapes,
        [e for e in outlines.entries if e.table != "communities" or e.reason in FALLBACKS.values()],
        poor | set(short),
    )


def _unite(shapes: Shapes) -> Any:
    """Unite outlines that share their corners, keeping these.

    Where they do not, at the cost of a rounding.
    """
    # The union of a coverage only drops shared edges, so that every corner
    # stays to the last bit.
    if shapely.coverage_is_valid(shapes):
        return shapely.coverage_union_all(shapes)
    return shapely.union_all(shapes)


def _find_meeting(table: Any, lands: Any) -> Bools:
    """Find the rows that meet one of some lands; by their boxes first, as tables may be large."""
    shapes = table.geometry.to_numpy()
    box = shapely.bounds(shapes)
    west, south, east, north = shapely.total_bounds(lands.geometry.to_numpy())
    near = np.flatnonzero(
        (box[:, 0] <= east + 1)
        & (box[:, 2] >= west - 1)
        & (box[:, 1] <= north + 1)
        & (box[:, 3] >= south - 1)
    )
    met = shapely.STRtree(lands.geometry.to_numpy()).query(
        shapes[near], predicate="dwithin", distance=1.0
    )[0]
    meets = np.zeros(len(table), bool)
    meets[near[met]] = True
    return meets


def _draw_whole(
    plan: Plan,
    site: Site,
    stairwells: Any,
    figures: Any,
    communities: list[str],
    rules: Rules,
    progress: Progress,
) -> tuple[Any, pd.Series[Any], list[Entry]]:
    """Draw the whole land of some communities.

    Exclusive grids of the same institution keep their codes.
    """
    none = plan.subgrids.iloc[:0]
    if not communities:
        return none, pd.Series(dtype=object), []
    part = site.replace(
        communities=site.communities.loc[communities],
        buildings=site.buildings[site.buildings["community"].isin(communities)],
    )
    homes = stairwells[stairwells["community"].isin(communities)]
    rows = figures[figures["community"].isin(communities)].reset_index()
    drawn, noted = draw_land(part, homes, rows, rules, site.communities, progress)
    lone = drawn[drawn["kind"] == "exclusive"]
    before = plan.subgrids[
        (plan.subgrids["kind"] == "exclusive") & plan.subgrids["community"].isin(communities)
    ]
    drawn = drawn.rename(index=_recall_codes(lone, before))
    shapes = pd.Series(drawn.geometry.to_numpy(), index=drawn.index, dtype=object)
    lone = drawn[drawn["kind"] != "residential"].sort_index()
    # Codes are not listed again: they may be those of the whole community.
    entries = [replace(entry, ids=()) for entry in noted if entry.count]
    return (
        lone.assign(grid=before["grid"].reindex(lone.index).fillna("").astype("str")),
        shapes,
        entries,
    )


def _recall_codes(lone: Any, before: Any) -> dict[str, str]:
    """Give exclusive grids the codes of their institutions, and others the next unused numbers."""
    had = dict(
        zip(zip(before["community"], before["institution"], strict=True), before.index, strict=True)
    )
    names = {
        new: had.get((r.community, r.institution), "")
        for new, r in zip(lone.index, lone.itertuples(), strict=True)
    }
    taken = set(before.index)
    for new, community in lone["community"].items():
        if not names[new]:
            # Of one number more than are taken one is free.
            n = next(n for n in range(1, len(taken) + 2) if f"{community}-E{n:03d}" not in taken)
            names[new] = f"{community}-E{n:03d}"
            taken.add(names[new])
    return names
