"""The ground that changed sub-grids are drawn on: old outlines, buildings and lines, with trees.

A ground is of one plan and one land. Whoever draws often on the same plan keeps
it, since it also remembers the patches that were drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints, Objects, Shapes
from gridplan.land.community_land import CommunityLand, check_stairwells, prepare_lands
from gridplan.plan import Plan
from gridplan.planning.outlines.tessellation import CommunityOutlines
from gridplan.redrawing.revision.outline_fitting import ADJOINS, match_around
from gridplan.rules.outlines import OutlineRules
from gridplan.site import Site

MEETS = 1.0  # m from land within which buildings and lines may shape the outlines on it
KEPT = 400  # drawn patches that a ground remembers, the newest ones


@dataclass(frozen=True)
class LandPatch:
    """Sub-grids of a community that are drawn together, on the land that they had together.

    ``codes`` are those before and after, ``rows`` their stairwells and
    ``member`` the sub-grid of each of these. Equal patches are drawn equally.
    """

    community: str
    codes: frozenset[str]
    rows: tuple[int, ...]
    member: tuple[str, ...]


@dataclass(frozen=True)
class DrawnPatch:
    """The outlines of a patch by code, and how they were drawn.

    ``plain`` says that only a plainer way of drawing held, ``sound`` that the
    outlines tile the land and fit with those around.
    """

    patch: LandPatch
    outlines: pd.Series[Any]
    land: CommunityLand | None = None
    drawing: CommunityOutlines | None = None
    plain: bool = False
    sound: bool = False


@dataclass
class DrawingGround:
    """What is needed to draw on the land of a plan, found once.

    Parameters
    ----------
    plan
        The plan before, whose outlines stay where nothing changes.
    site
        The land; the plan's own, or the new one.
    stairwells
        The homes on it; their sub-grids are not read.
    rules
        How outlines are drawn.
    workers
        Threads that draw; one for each core if not given.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> ground = DrawingGround(plan, plan.site, plan.stairwells, plan.rules.outlines)
    >>> sorted(ground.find_beside({"0301-001"}))
    ['0301-001', '0301-002']
    """

    plan: Plan
    site: Site
    stairwells: gpd.GeoDataFrame
    rules: OutlineRules
    workers: int | None = None
    drawn: dict[LandPatch, DrawnPatch] = field(default_factory=dict)
    fitted: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def codes(self) -> Objects:
        """The codes of the plan's sub-grids, exclusive grids and open land."""
        return np.asarray(self.plan.subgrids.index, object)

    @cached_property
    def shapes(self) -> Shapes:
        """Their outlines."""
        return np.asarray(self.plan.subgrids.geometry.to_numpy(), object)

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each code."""
        return {str(code): n for n, code in enumerate(self.codes)}

    @cached_property
    def community(self) -> Objects:
        """The community of each of them."""
        return np.asarray(self.plan.subgrids["community"], object)

    @cached_property
    def lived(self) -> Any:
        """Whether each of them is of homes."""
        return (self.plan.subgrids["kind"] == "residential").to_numpy(bool)

    @cached_property
    def member(self) -> Objects:
        """The sub-grid that each stairwell had in the plan; empty where it is new."""
        before = self.plan.stairwells["subgrid"]
        if not before.index.equals(self.stairwells.index):
            before = before.reindex(self.stairwells.index).fillna("")
        return np.asarray(before, object)

    @cached_property
    def unsound(self) -> frozenset[str]:
        """Communities with broken outlines, of which nothing is to be kept."""
        shapes = self.shapes[self.lived]
        sound = shapely.is_valid(shapes) & (shapely.area(shapes) > 0)
        return frozenset(map(str, self.community[self.lived][~sound]))

    @cached_property
    def _outline_tree(self) -> Any:
        return shapely.STRtree(self.shapes)

    @cached_property
    def _homes(self) -> gpd.GeoDataFrame:
        return self.stairwells[["building", "community", "slice_from", "geometry"]]

    @cached_property
    def _buildings(self) -> gpd.GeoDataFrame:
        return self.site.buildings[["community", "geometry"]]

    @cached_property
    def _building_rows(self) -> Ints:
        rows = self.site.buildings.index.get_indexer(self.stairwells["building"])
        return np.asarray(rows, np.int64)

    @cached_property
    def _plain(self) -> Any:
        """Whether a building has no homes: these shape outlines as well."""
        plain = np.ones(len(self.site.buildings), bool)
        plain[self._building_rows[self._building_rows >= 0]] = False
        return plain

    @cached_property
    def _trees(self) -> tuple[Any, ...]:
        tables = (self.site.buildings, self.site.streets, self.site.barriers)
        return tuple(shapely.STRtree(table.geometry.to_numpy()) for table in tables)

    def find_pairs(self, shapes: Shapes) -> tuple[Ints, Ints]:
        """Find the pairs of a shape and the row of an outline that adjoin."""
        pairs = self._outline_tree.query(shapes, predicate="dwithin", distance=ADJOINS)
        return pairs[0].astype(np.int64), pairs[1].astype(np.int64)

    def find_beside(self, codes: Iterable[str]) -> set[str]:
        """Find the sub-grids of homes that adjoin some others of their community."""
        rows = self.list_rows(codes)
        rows = rows[self.lived[rows]]
        ask, near = self.find_pairs(self.shapes[rows])
        same = (self.community[near] == self.community[rows[ask]]) & self.lived[near]
        return set(map(str, self.codes[near[same]]))

    def list_rows(self, codes: Iterable[str]) -> Ints:
        """List the rows of those codes that have an outline."""
        rows = [self.row[code] for code in codes if code in self.row]
        return np.array(sorted(rows), np.int64)

    def prepare(self, patch: LandPatch) -> CommunityLand | None:
        """Prepare the land of a patch; None where there is nothing to draw."""
        union = self.unite(patch)
        if union is None or not patch.rows:
            return None
        # The name of the community is all that a land needs to be known by.
        index = pd.Index([patch.community], name="community")
        lands = gpd.GeoDataFrame(geometry=[union], index=index, crs=self.site.crs)
        doors = self._homes.iloc[list(patch.rows)].assign(subgrid=list(patch.member))
        met, streets, barriers = (self._find_meeting(n, union) for n in range(3))
        plain = met[self._plain[met]]
        buildings = self.site.buildings
        plain = plain[buildings["community"].to_numpy(object)[plain] == patch.community]
        lived = self._building_rows[list(patch.rows)]
        homes = self._buildings.iloc[np.unique(np.append(lived[lived >= 0], plain))]
        check_stairwells(lands, homes, doors)
        tables = (
            self.site.streets[["geometry"]].iloc[streets],
            self.site.barriers[["geometry"]].iloc[barriers],
        )
        prepared = prepare_lands(lands, homes, doors, *tables, self.rules)
        return prepared[0] if prepared else None

    def unite(self, patch: LandPatch) -> Any:
        """Unite the land that the sub-grids of a patch had; None where they had none."""
        rows = self.list_rows(patch.codes)
        rows = rows[self.lived[rows]]
        return _unite(self.shapes[rows]) if len(rows) else None

    def _find_meeting(self, number: int, land: Any) -> Ints:
        """Find the rows of buildings, streets or barriers that meet some land."""
        met = self._trees[number].query(land, predicate="dwithin", distance=MEETS)
        return np.sort(met).astype(np.int64)

    def remember(self, drawn: DrawnPatch) -> None:
        """Remember a patch, so that it is not drawn again; the oldest are forgotten."""
        while len(self.drawn) >= KEPT:
            self.drawn.pop(next(iter(self.drawn)))
        self.drawn[drawn.patch] = drawn

    def fits(self, outlines: pd.Series[Any], codes: Collection[str]) -> bool:
        """Whether new outlines are sound, and fit with one another and the old ones around.

        A fault that the old outlines had with those around, in the same place,
        is none of the new ones: drawing on more land would not cure it.
        """
        near = np.unique(self.find_pairs(outlines.to_numpy())[1])
        near = near[[code not in codes for code in self.codes[near]]]
        shapes, around = match_around(outlines.to_numpy(), self.shapes[near], self.rules.grid)
        if (shapely.area(shapes) <= 0).any() or not shapely.is_valid(shapes).all():
            return False
        # Edges that do not fit show where outlines overlap or leave a gap.
        wrong = _find_unfitting(np.concatenate([shapes, around]), len(shapes))
        if not len(wrong):
            return True
        rows = self.list_rows(codes)
        before = self.shapes[rows[self.lived[rows]]]
        known = _find_unfitting(np.concatenate([before, self.shapes[near]]), len(before))
        old = shapely.buffer(shapely.union_all(known), ADJOINS)
        return bool(shapely.is_empty(shapely.difference(wrong, old)).all())


def _find_unfitting(shapes: Shapes, count: int) -> Shapes:
    """Find the edges of the first outlines of a tiling that fit with no other outline."""
    wrong = shapely.coverage_invalid_edges(shapes)[:count]
    return np.asarray(wrong[~shapely.is_empty(wrong)], object)


def _unite(shapes: Shapes) -> Any:
    """Unite outlines that share their corners, keeping these.

    Where they do not, at the cost of a rounding.
    """
    # The union of a coverage only drops shared edges, so that every corner
    # stays to the last bit.
    if shapely.coverage_is_valid(shapes):
        return shapely.coverage_union_all(shapes)
    return shapely.union_all(shapes)
