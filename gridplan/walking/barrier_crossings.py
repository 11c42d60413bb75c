"""Crossings: where streets on the ground meet hard barriers, and whether there is a way through."""

from __future__ import annotations

import numpy as np
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.walking.noding import StreetPieces, project_places

GAP = 0.05  # metres taken out of a street on either side of a barrier that closes it


def meet_barriers(
    pieces: StreetPieces, shapes: Shapes, ways: Shapes, reach: float
) -> tuple[Ints, Floats, Floats, Bools]:
    """Find where pieces on the ground meet hard barriers.

    A street goes on where one of the ``ways`` through (openings, bridges,
    tunnels) is no farther than ``reach`` metres; else the part of it on the
    barrier is taken out.

    Returns
    -------
    For each meeting: the piece, the shares of its length between which it is
    on the barrier, and whether it is closed.
    """
    ground = np.flatnonzero(pieces.level == 0)
    lines = pieces.take(ground).draw()
    shapely.prepare(shapes)
    barrier, line = shapely.STRtree(lines).query(shapes, predicate="intersects")
    met = shapely.intersection(lines[line], shapes[barrier])
    parts, row = shapely.get_parts(met, return_index=True)
    piece_ground = ground[line[row]]
    start, stop = _find_shares(pieces, piece_ground, parts)
    closed = ~_find_near(parts, ways, reach)
    length = np.hypot(*(pieces.last[piece_ground] - pieces.first[piece_ground]).T)
    # an end on the very barrier would still join both sides, so a little more
    # is taken out
    widen = np.where(closed, GAP / length, 0.0)
    return piece_ground, np.clip(start - widen, 0, 1), np.clip(stop + widen, 0, 1), closed


def _find_shares(pieces: StreetPieces, piece: Ints, parts: Shapes) -> tuple[Floats, Floats]:
    """Find between which shares of the pieces' length the parts lie."""
    if len(parts) == 0:
        return np.zeros(0), np.zeros(0)
    ends = [
        # a street that only touches a barrier meets it in a point, which is both ends
        np.where(shapely.get_type_id(parts) == 0, parts, shapely.get_point(parts, n))
        for n in (0, -1)
    ]
    shares = [project_places(pieces, piece, shapely.get_coordinates(end))[0] for end in ends]
    return np.minimum(*shares), np.maximum(*shares)


def _find_near(parts: Shapes, ways: Shapes, reach: float) -> Bools:
    """Find which parts have a way through beside them."""
    near = np.zeros(len(parts), bool)
    near[shapely.STRtree(ways).query(parts, predicate="dwithin", distance=reach)[0]] = True
    return near
