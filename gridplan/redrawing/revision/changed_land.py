"""The land of changed sub-grids drawn again, while the tiling round them stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Objects
from gridplan.engine.parallel_map import Progress
from gridplan.plan import Plan
from gridplan.planning.site_to_plan import draw_land
from gridplan.redrawing.revision.changes import PlanChanges
from gridplan.redrawing.revision.drawing_ground import DrawingGround
from gridplan.redrawing.revision.land_patches import DrawnPatches, draw_patches, fit_outlines
from gridplan.rules.all_rules import Rules
from gridplan.site import Site
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
    ground: DrawingGround | None = None,
) -> RedrawnLand:
    """Draw the outlines of changed sub-grids on the land that they had together.

    Where that fails, on more of it, as :func:`draw_patches` does; and where the
    land itself changed, or nothing else holds, the whole community is drawn,
    exclusive grids too.

    ``figures`` has a row for every sub-grid of homes, by code. ``ground`` is
    one kept from an earlier drawing on the same plan and land.
    """
    if ground is None or ground.site is not site or ground.plan is not plan:
        ground = DrawingGround(plan, site, stairwells, rules.outlines)
    over = {str(code): str(c) for code, c in figures["community"].items()}
    deserted = _find_deserted(plan, stairwells, changes.land)
    codes = set(changes.land) | ground.find_beside(deserted)
    # Homes on new land stand on what several sub-grids had.
    apart = site is plan.site and stairwells.index.equals(plan.stairwells.index)
    drawn, wholly_drawn = draw_changed(
        ground,
        stairwells["subgrid"].to_numpy(object),
        codes,
        over,
        set(changes.wholly_drawn),
        progress,
        apart=apart,
    )
    lone, whole_shapes, noted = _draw_whole(
        plan,
        site,
        stairwells,
        figures,
        sorted(wholly_drawn & set(site.communities.index)),
        rules,
        progress,
    )
    outlines = pd.concat([drawn.join(), whole_shapes])
    stays = find_staying(ground, set(outlines.index), over, wholly_drawn)
    shapes, around = fit_outlines(ground, outlines, stays)
    series = gpd.GeoSeries(
        shapes.to_numpy(), index=pd.Index(shapes.index, dtype="str", name="subgrid"), crs=site.crs
    ).sort_index()
    # Matching may have given exclusive grids corners too, so they take the
    # matched shapes.
    lone = lone.set_geometry(series.reindex(lone.index).set_crs(site.crs)) if len(lone) else lone
    outlines_of_homes = series[~series.index.isin(lone.index)]
    entries = (*drawn.note(), *noted)
    return RedrawnLand(outlines_of_homes, around, lone, frozenset(wholly_drawn), entries)


def draw_changed(
    ground: DrawingGround,
    member: Objects,
    codes: set[str],
    over: Mapping[str, str],
    wholly_drawn: set[str],
    progress: Progress,
    *,
    apart: bool = True,
) -> tuple[DrawnPatches, set[str]]:
    """Draw changed sub-grids patch by patch; returns too which communities are drawn wholly.

    ``over`` is the community of each sub-grid of homes as it is now.
    """
    before = {
        str(code): str(c)
        for code, c, lived in zip(ground.codes, ground.community, ground.lived, strict=True)
        if lived
    }
    asked = {side[code] for side in (over, before) for code in codes if code in side}
    # What was another community's land is no part of what the sub-grids of
    # this one had together.
    came = {c for code, c in over.items() if before.get(code, c) != c}
    bare = set(over.values()) - set(before.values())
    wholly_drawn = wholly_drawn | (asked & (ground.unsound | bare)) | came
    open_ = sorted((asked & set(over.values())) - wholly_drawn)
    drawn = draw_patches(ground, member, codes, {**before, **over}, open_, progress, apart=apart)
    return drawn, wholly_drawn | drawn.failed


def find_staying(
    ground: DrawingGround, drawn: set[str], over: Mapping[str, str], wholly_drawn: set[str]
) -> Bools:
    """Find the outlines of the ground that stay, and that new ones have to fit to."""
    there = set(ground.site.communities.index)
    return np.array(
        [
            code not in drawn
            and (not lived or over.get(code) == c)
            and c in there
            and c not in wholly_drawn
            for code, c, lived in zip(ground.codes, ground.community, ground.lived, strict=True)
        ],
        bool,
    )


def _find_deserted(plan: Plan, stairwells: Any, codes: frozenset[str]) -> set[str]:
    """Find the changed sub-grids none of whose homes are there any more.

    Others have to take their land.
    """
    members = plan.stairwells[plan.stairwells["subgrid"].isin(codes)]
    return set(members["subgrid"]) - set(
        members["subgrid"][stairwells.index.get_indexer(members.index) >= 0]
    )


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
