"""Stretches: tracks that run side by side merged, long lines and areas cut to one length."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.geometry.repair import keep_areas

# m; tracks nearer to each other are one line, and a line nearer to a river's
# bed is part of the river
BESIDE = 15.0
STUB = 30.0  # m; a shorter rest away from another track is a turnout or a rounding
CHAIN = 200.0  # m; lines without a name farther apart are not one

SHORTEST = 1e-6  # m, shorter pieces of lines are none


def measure_middles(shapes: Shapes) -> Floats:
    """Measure lengths of lines and long areas in metres.

    The length of an area is that of the rectangle with its area and perimeter.

    Examples
    --------
    >>> way = shapely.LineString([(0, 0), (9, 0)])
    >>> measure_middles(np.array([way, shapely.box(0, 0, 50, 4)])).tolist()
    [9.0, 50.0]
    """
    area = shapely.area(shapes)
    length = shapely.length(shapes)
    # The longer root of l + w = perimeter / 2 and l * w = area. A shape rounder
    # than a square has no such rectangle: a square of its perimeter has to do.
    return np.asarray(
        np.where(area > 0, (length + np.sqrt(np.maximum(length**2 - 16 * area, 0.0))) / 4, length)
    )


def merge_tracks(parts: pd.DataFrame, bed: Any) -> list[tuple[str, Shapes, list[str]]]:
    """Merge lines of one name, and count tracks side by side once.

    What lies along the bed of a river is left to the bed.

    Parameters
    ----------
    parts
        Rows with barrier, name and geometry, all of one kind.
    bed
        Areas of the same kind.

    Returns
    -------
    For each merged line its name, its pieces and the barrier of each piece,
    sorted by name.

    Examples
    --------
    >>> tracks = pd.DataFrame({"barrier": ["a", "b"], "name": ["", "West"]})
    >>> tracks["geometry"] = [shapely.LineString([(0, y), (500, y)]) for y in (0, 5)]
    >>> merged = merge_tracks(tracks, shapely.Polygon())
    >>> [(name, shapely.length(lines).tolist(), codes) for name, lines, codes in merged]
    [('West', [500.0], ['b'])]
    """
    if parts.empty:
        return []
    name, code, lines = _take_lines(parts, bed)
    # The named and the longer ones stay; of the others only what is not beside
    # one of those. Lengths are rounded so that equal ones go by code.
    order = np.lexsort((code.astype(str), -np.round(shapely.length(lines), 3), name == ""))
    kept: list[int] = []
    shapes = lines.copy()
    tree = shapely.STRtree(lines)
    rank = np.empty(len(lines), np.int64)
    rank[order] = np.arange(len(lines))
    for row in order:
        near = tree.query(lines[row], predicate="dwithin", distance=BESIDE)
        # only lines that were settled before; what is left of them counts, so that two
        # lines never take each other away
        near = np.sort(near[(rank[near] < rank[row])])
        near = np.array([n for n in near if not shapely.is_empty(shapes[n])], dtype=np.int64)
        if len(near):
            rest = shapely.get_parts(
                shapely.difference(
                    lines[row], shapely.buffer(shapely.union_all(shapes[near]), BESIDE)
                )
            )
            shapes[row] = shapely.MultiLineString(list(rest[shapely.length(rest) >= STUB]))
        if not shapely.is_empty(shapes[row]):
            kept.append(int(row))
    rows = np.sort(np.array(kept, dtype=np.int64))
    pieces, of = shapely.get_parts(shapes[rows], return_index=True)
    return _group_lines(name[rows][of], code[rows][of], pieces)


def _take_lines(parts: pd.DataFrame, bed: Any) -> tuple[Any, Any, Shapes]:
    """Take parts apart into single lines without what lies along the bed.

    Lines of one barrier that meet are joined.
    """
    shapes = shapely.line_merge(parts["geometry"].to_numpy(object))
    if not bed.is_empty:
        shapes = shapely.difference(shapes, shapely.buffer(bed, BESIDE))
    lines, of = shapely.get_parts(shapes, return_index=True)
    # a difference may leave empty lines behind
    good = (shapely.get_dimensions(lines) == 1) & (shapely.length(lines) > 0)
    lines = lines[good]
    of = of[good]
    return parts["name"].to_numpy(object)[of], parts["barrier"].to_numpy(object)[of], lines


def _group_lines(name: Any, code: Any, lines: Shapes) -> list[tuple[str, Shapes, list[str]]]:
    """Group lines by name; one without a name goes with the lines near it, named ones first."""
    bare = np.flatnonzero(name == "")
    one, two = shapely.STRtree(lines).query(lines[bare], predicate="dwithin", distance=CHAIN)
    one = bare[one]
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(len(lines),) * 2)
    # nameless lines join among themselves only: chained through a named one, any
    # two of its far branches would be one line
    label = (
        connected_components(graph[bare][:, bare] if len(bare) else graph, directed=False)[1]
        if len(bare)
        else []
    )
    key = name.copy()
    joined = pd.DataFrame(
        {
            "label": np.asarray(label)[np.searchsorted(bare, one)] if len(bare) else [],
            "name": name[two],
        }
    )
    # of several names nearby the first in order, whatever the order of rows
    joined = joined[joined["name"] != ""].groupby("label")["name"].min()
    # a null character cannot be part of a name, so these keys meet no real one
    key[bare] = [joined.get(n, f"\0{n:06d}") for n in label]
    groups = []
    for word in sorted(set(key)):
        rows = np.flatnonzero(key == word)
        groups.append(
            ("" if word.startswith("\0") else word, lines[rows], [str(c) for c in code[rows]])
        )
    return groups


def cut_lines(lines: Shapes, codes: list[str], length: float) -> tuple[list[Any], list[str]]:
    """Cut lines, chained end to end, into pieces of equal length nearest to ``length``.

    Returns
    -------
    The pieces, in order along the chain from its western end (the southern one
    where it runs due north), and of each piece the code that most of it has.

    Examples
    --------
    >>> south, north = [(0, 0), (0, 900)], [(0, 900), (0, 2400)]
    >>> way = np.array([shapely.LineString(south), shapely.LineString(north)])
    >>> pieces, codes = cut_lines(way, ["a", "b"], 1000)
    >>> shapely.length(pieces).tolist(), codes
    ([1200.0, 1200.0], ['a', 'b'])
    """
    # A line that only touches an outline leaves a piece without length.
    kept = np.flatnonzero(shapely.length(lines) > SHORTEST)
    if not len(kept):
        return [], []
    codes = [codes[row] for row in kept]
    lines = lines[kept]
    order, flip = _chain(lines)
    lines = np.where(flip, shapely.reverse(lines[order]), lines[order])
    size = shapely.length(lines)
    ends = np.cumsum(size)
    count = max(1, round(float(ends[-1]) / length))
    marks = ends[-1] * np.arange(count + 1) / count
    pieces = []
    owner = []
    for low, high in pairwise(marks):
        # where the piece begins and ends on each line, in metres from the line's start
        begin = np.clip(low - (ends - size), 0, size)
        end = np.clip(high - (ends - size), 0, size)
        # a micrometre is what summing leaves over, not a piece
        rows = np.flatnonzero(end - begin > SHORTEST)
        cut = [_take_piece(lines[r], begin[r], end[r], size[r]) for r in rows]
        pieces.append(cut[0] if len(cut) == 1 else shapely.MultiLineString(cut))
        share = (
            pd.Series(end[rows] - begin[rows])
            .round(6)
            .groupby([codes[order[r]] for r in rows])
            .sum()
        )
        # groupby has sorted the codes: of equal shares the first code wins
        owner.append(str(share.index[int(np.argmax(share.to_numpy()))]))
    return pieces, owner


def _take_piece(line: Any, begin: float, end: float, length: float) -> Any:
    """Take the piece of a line between two distances along it, in metres."""
    if begin <= 0 and end >= length:
        return line
    xy = shapely.get_coordinates(line)
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
    # corners on a cut are left out, since the cut adds them itself
    inner = xy[(along > begin + 1e-9) & (along < end - 1e-9)]
    ends = shapely.get_coordinates(shapely.line_interpolate_point([line, line], [begin, end]))
    return shapely.linestrings(np.vstack([ends[:1], inner, ends[1:]]))


def _chain(lines: Shapes) -> tuple[Ints, Bools]:
    """Chain lines end to end, the nearest end next: their order, and which are turned round.

    Greedy and quadratic, which is enough for the lines of one name.
    """
    ends = shapely.get_coordinates(
        [shapely.get_point(lines, 0), shapely.get_point(lines, -1)]
    ).reshape(2, -1, 2)
    waiting = set(range(len(lines)))
    # millimetres decide, then the row: a last digit must not turn a chain round
    side, first = min(
        ((s, r) for s in (0, 1) for r in waiting),
        key=lambda e: (*np.round(ends[e], 3).tolist(), e[1], e[0]),
    )
    order = [first]
    flip = [side == 1]
    waiting.discard(first)
    end = ends[1 - side, first]
    while waiting:
        rows = np.array(sorted(waiting))
        gaps = np.round(np.hypot(*(ends[:, rows] - end).reshape(-1, 2).T).reshape(2, -1), 3)
        side, n = divmod(int(np.argmin(gaps)), len(rows))
        row = int(rows[n])
        order.append(row)
        flip.append(side == 1)
        waiting.discard(row)
        end = ends[1 - side, row]
    return np.array(order, dtype=np.int64), np.array(flip, dtype=bool)


def cut_area(area: Any, length: float) -> list[Any]:
    """Cut a long area across into pieces of about equal area, each about ``length`` long.

    The cut goes across the longest axis of what is left, so that a bent river
    is cut across its bends. The pieces come from west to east along that axis
    (south to north where it runs due north).

    Examples
    --------
    >>> [piece.bounds for piece in cut_area(shapely.box(0, 0, 2100, 40), 1000)]
    [(0.0, 0.0, 1050.0, 40.0), (1050.0, 0.0, 2100.0, 40.0)]
    """
    count = max(1, round(float(measure_middles(np.array([area]))[0]) / length))
    return _halve(area, count)


def _halve(area: Any, count: int) -> list[Any]:
    if count == 1:
        return [area]
    corners = shapely.get_coordinates(shapely.oriented_envelope(area))
    # a degenerate area has a line or a point for an envelope, and no length to cut
    if len(corners) != 5:
        return [area]
    sides = corners[1:3] - corners[0:2]
    # by more than a rounding: the axis of a square is always its first side
    axis = sides[int(np.hypot(*sides[1]) > np.hypot(*sides[0]) + 1e-9)]
    axis = axis / np.hypot(*axis)
    # the axis points east, or due north, so that pieces are numbered that way
    axis = -axis if (round(axis[0], 9), round(axis[1], 9)) < (0.0, 0.0) else axis
    along = shapely.get_coordinates(area) @ axis
    low = along.min()
    high = along.max()
    first = count // 2
    wanted = area.area * first / count
    # 30 halvings bring a kilometre down to a micrometre; area grows with the cut
    for _ in range(30):
        middle = (low + high) / 2
        if shapely.area(shapely.intersection(area, _draw_half(area, axis, middle))) < wanted:
            low = middle
        else:
            high = middle
    # cut at whole millimetres, so that the search's last digit does not show
    half = _draw_half(area, axis, round((low + high) / 2, 3))
    one = keep_areas(shapely.intersection(area, half))
    two = keep_areas(shapely.difference(area, half))
    if one.is_empty or two.is_empty:
        return [area]
    return [*_halve(one, first), *_halve(two, count - first)]


def _draw_half(area: Any, axis: Floats, cut: float) -> Any:
    """Draw a rectangle that holds all of an area that lies before a distance along an axis."""
    # the two extents together exceed any diagonal of the area
    reach = float(np.ptp(shapely.get_coordinates(area), axis=0).sum()) + 10.0
    middle = shapely.get_coordinates(area).mean(axis=0)
    across = np.array([-axis[1], axis[0]]) * reach
    foot = middle + axis * (cut - middle @ axis)
    back = foot - axis * 2 * reach
    return shapely.Polygon([foot - across, foot + across, back + across, back - across])
