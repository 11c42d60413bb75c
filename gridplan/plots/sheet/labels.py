"""Labels that do not overlap: inside their land, else beside it with a leader, else left out.

Everything here is millimetres of paper. The smallest land is served first,
since it has fewest places. For each label a list of places is tried: the
middle of the largest circle within its land, places round it, then rings of
places outside. A place must lie in the frame and touch no other label, sign or
leader; of those that remain the one over fewest buildings is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Floats, Shapes

GAP = 0.35  # mm of air round a label
RINGS = (1.0, 1.8, 2.8)  # how far outside, in heights of the label beyond its land's middle
DIRECTIONS = 16
INSIDE = tuple(
    (dx, dy)
    for dx, dy in (
        *((0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5)),
        *((0.4, 0.4), (-0.4, 0.4), (0.4, -0.4), (-0.4, -0.4)),
    )
)
AWAY = 0.6  # what a millimetre of leader costs, in square millimetres of building covered


@dataclass(frozen=True)
class Wish:
    """A label that is wanted: its text, its width and height, and the land that it is of.

    ``sign`` is half the width of a sign that the label stands beside; the land is
    then the point of the sign.
    """

    key: str
    text: str
    width: float
    height: float
    land: Any
    sign: float = 0.0


@dataclass(frozen=True)
class Placed:
    """A label that has a place: its middle, its turn in degrees, and its leader's two ends."""

    key: str
    text: str
    x: float
    y: float
    turn: float = 0.0
    leader: tuple[float, float, float, float] | None = None


@dataclass
class Board:
    """What is on the paper already: boxes that no label may touch, and leaders.

    ``frame`` bounds all labels. ``buildings`` are avoided, not forbidden.
    """

    frame: Any
    buildings: Shapes
    taken: list[Any] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    _tree: Any = None

    def take(self, shape: Any) -> None:
        """Keep a place free of labels from now on."""
        self.taken.append(shape)
        self.boxes.append(tuple(shapely.bounds(shape)))

    def is_free(self, shape: Any) -> bool:
        """Whether a shape touches nothing that is taken, and lies in the frame."""
        west, south, east, north = shapely.bounds(shape)
        edge = shapely.bounds(self.frame)
        if west < edge[0] or south < edge[1] or east > edge[2] or north > edge[3]:
            return False
        if not self.boxes:
            return True
        boxes = np.array(self.boxes)
        near = np.flatnonzero(
            (boxes[:, 0] < east)
            & (boxes[:, 2] > west)
            & (boxes[:, 1] < north)
            & (boxes[:, 3] > south)
        )
        return not any(shapely.intersects(self.taken[n], shape) for n in near)

    def measure_cover(self, shape: Any) -> float:
        """Measure the area of buildings under a shape."""
        if not len(self.buildings):
            return 0.0
        if self._tree is None:
            self._tree = shapely.STRtree(self.buildings)
        rows = self._tree.query(shape)
        if not len(rows):
            return 0.0
        return float(shapely.area(shapely.intersection(self.buildings[rows], shape)).sum())


def place_labels(wishes: Sequence[Wish], board: Board) -> tuple[list[Placed], list[str]]:
    """Place the labels of areas, each at most once; returns those placed and the keys left out.

    Examples
    --------
    >>> land = shapely.box(0, 0, 10, 10)
    >>> board = Board(shapely.box(0, 0, 100, 100), np.array([], dtype=object))
    >>> placed, out = place_labels([Wish("a", "001", 5, 2, land)], board)
    >>> (round(placed[0].x, 1), placed[0].leader, out)
    (5.0, None, [])
    """
    order = sorted(wishes, key=lambda wish: (round(wish.land.area, 3), wish.key))
    placed, later = [], []
    # Those with room inside are set first, so that no leader's label takes their place.
    for wish in order:
        if wish.sign:
            middle, radius = (float(wish.land.x), float(wish.land.y)), wish.sign
            spot = _place_beside(wish, board)
        else:
            middle, radius = _find_middle(wish.land)
            spot = _place_inside(wish, middle, radius, board)
        if spot is None:
            later.append((wish, middle, radius))
        else:
            placed.append(spot)
    left_out = []
    for wish, middle, radius in later:
        spot = _place_outside(wish, middle, radius, board)
        if spot is None:
            left_out.append(wish.key)
        else:
            placed.append(spot)
    return placed, left_out


def _find_middle(land: Any) -> tuple[tuple[float, float], float]:
    """Find the middle and radius of the largest circle within the largest part of some land."""
    parts = shapely.get_parts(land)
    part = parts[int(np.argmax(shapely.area(parts)))]
    line = shapely.maximum_inscribed_circle(part, tolerance=0.15)
    ends = shapely.get_coordinates(line)
    return (float(ends[0, 0]), float(ends[0, 1])), float(shapely.length(line))


def make_box(x: float, y: float, width: float, height: float, turn: float = 0.0) -> Any:
    """Make the box of a label round its middle, with air, turned by degrees."""
    half, tall = width / 2 + GAP, height / 2 + GAP
    box = shapely.box(x - half, y - tall, x + half, y + tall)
    if turn:
        from shapely.affinity import rotate

        box = rotate(box, turn, origin=(x, y))
    return box


def _place_inside(
    wish: Wish, middle: tuple[float, float], radius: float, board: Board
) -> Placed | None:
    """Place a label wholly inside its land, where it covers fewest buildings."""
    best: tuple[float, float, float] | None = None
    step = max(radius, wish.height)
    land = shapely.buffer(wish.land, GAP)
    shapely.prepare(land)
    for n, (dx, dy) in enumerate(INSIDE):
        x, y = middle[0] + dx * step, middle[1] + dy * step
        box = make_box(x, y, wish.width, wish.height)
        if not shapely.contains_properly(land, box) or not board.is_free(box):
            continue
        # The middle is worth a little, so that labels do not wander without need.
        cost = board.measure_cover(box) + 0.15 * (n > 0)
        if best is None or cost < best[0] - 1e-9:
            best = (cost, x, y)
    if best is None:
        return None
    _, x, y = best
    board.take(make_box(x, y, wish.width, wish.height))
    return Placed(wish.key, wish.text, x, y)


def _place_beside(wish: Wish, board: Board) -> Placed | None:
    """Place a label right beside its sign: above, below, to the right or to the left."""
    up = wish.sign + wish.height / 2 + 2 * GAP
    along = wish.sign + wish.width / 2 + 2 * GAP
    for dx, dy in ((0.0, up), (0.0, -up), (along, 0.0), (-along, 0.0)):
        x, y = wish.land.x + dx, wish.land.y + dy
        box = make_box(x, y, wish.width, wish.height)
        if board.is_free(box):
            board.take(box)
            return Placed(wish.key, wish.text, x, y)
    return None


def _place_outside(
    wish: Wish, middle: tuple[float, float], radius: float, board: Board
) -> Placed | None:
    """Place a label near its land with a leader to its middle."""
    x0, y0 = middle
    best: tuple[float, Placed, Any, Any] | None = None
    for ring in RINGS:
        for n in range(DIRECTIONS):
            angle = 2 * np.pi * n / DIRECTIONS
            dx, dy = float(np.cos(angle)), float(np.sin(angle))
            away = radius * 0.6 + ring * wish.height
            x = x0 + dx * (away + wish.width / 2)
            y = y0 + dy * (away + wish.height / 2)
            box = make_box(x, y, wish.width, wish.height)
            if not board.is_free(box):
                continue
            near = shapely.get_coordinates(
                shapely.shortest_line(shapely.Point(x0, y0), shapely.buffer(box, -GAP))
            )
            leader = shapely.LineString(near)
            if wish.sign:
                # The leader of a sign begins at its edge.
                near[0] = shapely.get_coordinates(leader.interpolate(wish.sign + GAP))[0]
                leader = shapely.LineString(near)
            if not board.is_free(shapely.buffer(leader, 0.1)):
                continue
            cost = board.measure_cover(box) + AWAY * leader.length
            if best is None or cost < best[0] - 1e-9:
                ends = tuple(near.ravel().tolist())
                spot = Placed(wish.key, wish.text, x, y, 0.0, ends)
                best = (cost, spot, box, leader)
    if best is None:
        return None
    _, spot, box, leader = best
    board.take(box)
    board.take(shapely.buffer(leader, 0.15))
    return spot


def place_along(wish: Wish, lines: Shapes, board: Board) -> Placed | None:
    """Place a name along the longest straight piece of its lines; None where there is none.

    Text is turned so as to be read from below or from the right.
    """
    for start, end in _list_pieces(lines):
        along = end - start
        length = float(np.hypot(*along))
        if length < wish.width + 2 * GAP:
            return None
        turn = float(np.degrees(np.arctan2(along[1], along[0])))
        # From below or from the right: never upside down.
        turn = turn - 180 if turn > 90 + 1e-6 else turn + 180 if turn <= -90 + 1e-6 else turn
        for share in (0.5, 0.3, 0.7, 0.15, 0.85):
            x, y = (start + share * along).tolist()
            if min(share, 1 - share) * length < wish.width / 2:
                continue
            box = make_box(x, y, wish.width, wish.height, turn)
            if board.is_free(box):
                board.take(box)
                return Placed(wish.key, wish.text, x, y, turn)
    return None


def _list_pieces(lines: Shapes) -> list[tuple[Floats, Floats]]:
    """List the straight pieces of lines, the longest first, of equals the first in order."""
    pieces = []
    for line in shapely.get_parts(np.asarray(lines, dtype=object)):
        points = shapely.get_coordinates(shapely.simplify(line, 0.4))
        pieces += [(a, b) for a, b in pairwise(points)]
    lengths = [round(float(np.hypot(*(b - a))), 3) for a, b in pieces]
    order = sorted(range(len(pieces)), key=lambda n: (-lengths[n], tuple(pieces[n][0])))
    return [pieces[n] for n in order]
