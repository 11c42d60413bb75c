"""Blocks of streets: on which side of main roads and of streets each door lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Objects, Shapes
from gridplan.geometry.faces import GRID
from gridplan.geometry.linework import make_faces
from gridplan.geometry.tiling import find_holder
from gridplan.land.settled_land import draw_mask
from gridplan.land.site_lines import find_site_lines
from gridplan.rules.settlements import SettlementRules
from gridplan.site import Site

LEVELS = ("quarter", "block", "settlement")


def add_blocks(stairwells: gpd.GeoDataFrame, site: Site, rules: SettlementRules) -> Any:
    """Add to the stairwells the quarter, block and settlement that each door lies in.

    A quarter is a face of the main roads within the community, a block one of
    main roads and local streets; a dead end has the same block on both sides.
    A settlement is land around homes without wide gaps. Each is named by its
    first door, so that names do not depend on the order of rows.

    Examples
    --------
    >>> from gridplan.synthetic.board_plan import make_board_plan
    >>> plan = make_board_plan()
    >>> doors = add_blocks(plan.stairwells, plan.site, SettlementRules())
    >>> doors[["quarter", "block", "settlement"]].nunique().tolist()
    [1, 1, 1]
    """
    lines = find_site_lines(site)
    # Which homes are near one another, however straight the edge of their land is drawn.
    exact = replace(rules, straighten=0.0)
    doors = stairwells.sort_index()
    codes = {level: np.full(len(doors), "", dtype=object) for level in LEVELS}
    outlines = site.communities.geometry.sort_index()
    streets = np.concatenate([lines.main, lines.local])
    shapes = outlines.to_numpy()
    main_at = _list_meeting(lines.main, shapes)
    street_at = _list_meeting(streets, shapes)
    rows = doors.groupby("community").indices
    for i, community in enumerate(outlines.index):
        here = rows.get(community)
        if here is None:
            continue
        some = doors.iloc[here]
        xy = shapely.get_coordinates(some.geometry.to_numpy())
        ids = some.index.to_numpy(dtype=object)
        codes["quarter"][here] = _name_faces(shapes[i], lines.main[main_at[i]], xy, ids)
        codes["block"][here] = _name_faces(shapes[i], streets[street_at[i]], xy, ids)
        parts = shapely.get_parts(draw_mask(shapely.points(np.unique(xy, axis=0)), exact))
        codes["settlement"][here] = _name_groups(find_holder(parts, xy), ids)
    return doors.assign(**{level: pd.array(names, dtype="str") for level, names in codes.items()})


def _list_meeting(lines: Shapes, outlines: Shapes) -> list[Any]:
    where, line = shapely.STRtree(lines).query(outlines, predicate="intersects")
    return [np.sort(line[where == i]) for i in range(len(outlines))]


def _name_faces(outline: Any, lines: Shapes, xy: Floats, ids: Objects) -> Objects:
    """Name the face of each door by the first door in it."""
    if not len(lines):
        return _name_groups(np.zeros(len(xy), np.int64), ids)
    snapped = shapely.set_precision(outline, GRID)
    near = shapely.clip_by_rect(lines, *shapely.buffer(outline, 1.0).bounds)
    faces = make_faces(near[~shapely.is_empty(near)], snapped, GRID)
    return _name_groups(find_holder(faces, xy), ids)


def _name_groups(group: Any, ids: Objects) -> Objects:
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(ids[first][number], dtype=object)
