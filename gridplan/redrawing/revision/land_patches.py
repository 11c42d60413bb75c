"""Patches of changed land: which sub-grids are drawn together, and their drawing.

What comes of a patch depends on the plan before, its codes and its homes
alone: not on other patches, nor on the order of changes. So a patch that was
drawn once need not be drawn again while the plan before stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Objects
from gridplan.engine.parallel_map import Progress, map_tasks
from gridplan.planning.outlines.tessellation import (
    AREA_ERROR,
    FALLBACKS,
    list_entries,
    tessellate_community,
)
from gridplan.redrawing.revision.drawing_ground import DrawingGround, DrawnPatch, LandPatch
from gridplan.redrawing.revision.outline_fitting import (
    ADJOINS,
    group_adjoining,
    label_groups,
    match_around,
)
from gridplan.tables.ledger import Entry

_KEPT = 400  # groups of fitted outlines that a ground remembers


@dataclass(frozen=True)
class DrawnPatches:
    """Patches that hold, and the communities whose land has to be drawn wholly."""

    patches: tuple[DrawnPatch, ...]
    failed: frozenset[str]

    def join(self) -> pd.Series[Any]:
        """Join their outlines, by code."""
        parts = [drawn.outlines for drawn in self.patches]
        return pd.concat(parts) if parts else pd.Series(dtype=object)

    def note(self) -> list[Entry]:
        """Note for the ledger how they were drawn."""
        both = [(d.land, d.drawing) for d in self.patches if d.land and d.drawing]
        noted = list_entries((), [land for land, _ in both], [drawing for _, drawing in both])
        return [e for e in noted if e.table != "communities" or e.reason in FALLBACKS.values()]


def draw_patches(
    ground: DrawingGround,
    member: Objects,
    land: Collection[str],
    over: Mapping[str, str],
    communities: Collection[str],
    progress: Progress,
    *,
    apart: bool = True,
) -> DrawnPatches:
    """Draw changed sub-grids on the land that they had together, or on more of it.

    First on their own land; where no good tiling comes of it, with that of the
    sub-grids round them too, then on that of all homes of the community.

    Parameters
    ----------
    ground
        The land, and the outlines before.
    member
        The sub-grid of each stairwell of the ground.
    land
        The codes, before and after, whose land is to be drawn.
    over
        The community of each sub-grid, before and after.
    communities
        Those whose sub-grids are drawn.
    progress
        Called with the stage, the patches done and all patches.
    apart
        Whether sub-grids that do not adjoin are drawn apart; else those of a
        community are one patch.
    """
    open_ = {str(c): {code for code in land if over.get(code) == c} for c in communities}
    good: dict[str, list[DrawnPatch]] = {}
    # Each round takes more land, and only communities that failed the round before.
    for wide in (False, False, True):
        if wide:
            open_ = {c: {code for code in over if over[code] == c} for c in open_}
        patches = _find_patches(ground, member, open_, apart and not wide)
        for drawn in _draw(ground, patches, progress):
            good.setdefault(drawn.patch.community, []).append(drawn)
        # The widest round may draw plainly: nothing better can come after it.
        bad = {
            c: [d for d in good[c] if not d.sound or (d.plain and not wide)]
            for c in open_
            if c in good
        }
        open_ = {c: codes for c, codes in open_.items() if bad.get(c) or c not in good}
        for community in open_:
            beside = {code for d in bad.get(community, ()) for code in d.patch.codes}
            open_[community] |= ground.find_beside(beside)
            good.pop(community, None)
        if not open_:
            break
    kept = [drawn for community in sorted(good) for drawn in good[community]]
    return DrawnPatches(tuple(kept), frozenset(open_))


def _find_patches(
    ground: DrawingGround, member: Objects, codes_of: Mapping[str, Collection[str]], apart: bool
) -> list[LandPatch]:
    """Divide changed sub-grids into patches: those that adjoin, or that a home went between."""
    codes = sorted({code for codes in codes_of.values() for code in codes})
    where = pd.Index(codes, dtype=object)
    community = {code: c for c, members in codes_of.items() for code in members}
    now = where.get_indexer(member)
    if apart:
        before = where.get_indexer(ground.member)
        went = np.flatnonzero((now >= 0) & (before >= 0) & (now != before))
        rows = [(n, ground.row[code]) for n, code in enumerate(codes) if code in ground.row]
        rows = [(n, row) for n, row in rows if ground.lived[row]]
        place = np.array([n for n, _ in rows], np.int64)
        shapes = ground.shapes[[row for _, row in rows]]
        ask, near = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=ADJOINS)
        names = np.array([community[code] for code in codes], object)
        same = names[place[ask]] == names[place[near]]
        one = np.concatenate([before[went], place[ask[same]]])
        other = np.concatenate([now[went], place[near[same]]])
        label = label_groups(len(codes), one, other)
    else:
        label = np.unique([community[code] for code in codes], return_inverse=True)[1]
    inner = np.flatnonzero(now >= 0)
    rows_of = pd.Series(inner).groupby(label[now[inner]]).indices
    codes_in = pd.Series(codes, dtype=object).groupby(label).indices
    patches = []
    for key, places in codes_in.items():
        rows_here = inner[rows_of[key]] if key in rows_of else inner[:0]
        patches.append(
            LandPatch(
                community[codes[places[0]]],
                frozenset(codes[n] for n in places),
                tuple(int(row) for row in rows_here),
                tuple(str(code) for code in member[rows_here]),
            )
        )
    return patches


def _draw(ground: DrawingGround, patches: list[LandPatch], progress: Progress) -> list[DrawnPatch]:
    """Draw patches, those alone that were not drawn before."""
    fresh = [patch for patch in patches if patch not in ground.drawn]
    drawn = {p: ground.drawn[p] for p in patches if p in ground.drawn}
    if fresh:
        made = map_tasks(
            partial(_draw_patch, ground),
            fresh,
            workers=ground.workers,
            stage="outlines",
            progress=progress,
        )
        for one in made:
            ground.remember(one)
            drawn[one.patch] = one
    return [drawn[patch] for patch in patches]


def _draw_patch(ground: DrawingGround, patch: LandPatch) -> DrawnPatch:
    """Draw one patch."""
    land = ground.prepare(patch)
    if land is None:
        return DrawnPatch(patch, pd.Series(dtype=object))
    drawing = tessellate_community(land, ground.rules)
    outlines = pd.Series(drawing.shapes, index=list(land.codes), dtype=object)
    # Land that was lost or gained in drawing shows that the tiling does not hold.
    whole = shapely.area(ground.unite(patch))
    short = abs(whole - float(shapely.area(drawing.shapes).sum())) > AREA_ERROR * whole
    sound = not short and ground.fits(outlines, patch.codes)
    return DrawnPatch(patch, outlines, land, drawing, drawing.method in FALLBACKS, sound)


def fit_outlines(
    ground: DrawingGround, outlines: pd.Series[Any], stays: Bools
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Fit new outlines to one another and to those that stay.

    Parameters
    ----------
    ground
        The land, and the outlines before.
    outlines
        The new outlines, by code.
    stays
        Whether each outline of the ground stays.

    Returns
    -------
    The new outlines, and the outlines around, which get a corner where a new
    line ends on their border.
    """
    if not len(outlines):
        return outlines, pd.Series(dtype=object)
    shapes = outlines.to_numpy()
    new, near = ground.find_pairs(shapes)
    inner = stays[near]
    fitted = shapes.copy()
    around: dict[str, Any] = {}
    for rows, beside in group_adjoining(shapes, new[inner], near[inner]):
        mine, theirs = _fit_group(ground, shapes[rows], beside)
        fitted[rows] = mine
        around |= zip(ground.codes[beside], theirs, strict=True)
    codes = sorted(around)
    return (
        pd.Series(fitted, index=outlines.index, dtype=object),
        pd.Series([around[code] for code in codes], index=codes, dtype=object),
    )


def _fit_group(ground: DrawingGround, shapes: Any, beside: Any) -> tuple[Any, Any]:
    """Fit the outlines of one group, unless the same were fitted before."""
    # Shapes are known by their place in memory, where what is remembered keeps them.
    key = tuple(map(id, shapes)), tuple(beside.tolist())
    if key not in ground.fitted:
        while len(ground.fitted) >= _KEPT:
            ground.fitted.pop(next(iter(ground.fitted)))
        matched = match_around(shapes, ground.shapes[beside], ground.rules.grid)
        ground.fitted[key] = (shapes, *matched)
    _, mine, theirs = ground.fitted[key]
    return mine, theirs
