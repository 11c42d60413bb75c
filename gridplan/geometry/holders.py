"""Which of some outlines holds each shape, by the largest part of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Ints


def find_holders(shapes: Any, outlines: Any) -> Ints:
    """Find for each shape the outline with the largest part of it, -1 where it meets none."""
    held = np.full(len(shapes), -1, dtype=np.int64)
    tree = shapely.STRtree(shapes)
    # Most shapes lie wholly in one outline, which is quick to see; only the
    # rest is intersected.
    outline, shape = tree.query(outlines, predicate="covers")
    # Backwards, so that of two overlapping outlines that both hold a shape the
    # first one wins.
    order = np.lexsort((-outline, shape))
    held[shape[order]] = outline[order]
    open_shapes = np.flatnonzero(held < 0)
    shape, outline = shapely.STRtree(outlines).query(shapes[open_shapes], predicate="intersects")
    if len(shape):
        common = shapely.area(shapely.intersection(shapes[open_shapes[shape]], outlines[outline]))
        meets = common > 0
        shape = shape[meets]
        outline = outline[meets]
        # Rounded, so that equal halves tie and go to the lower code.
        common = np.round(common[meets], 6)
        order = np.lexsort((-outline, common, shape))
        held[open_shapes[shape[order]]] = outline[order]
    return held
