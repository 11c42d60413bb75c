"""The land of the synthetic town: limits, rivers, railways, main roads and crossings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Floats, Shapes
from gridplan.synthetic.lattice import Cell, Edge, Lattice, Line
from gridplan.synthetic.names import name_street
from gridplan.synthetic.shapes import CENTIMETRE, Sheets

# m from the middle line to the streets beside it
BANKS = {"river": 42.0, "railway": 26.0, "stream": 12.0}
WATER = (24.0, 5.0)  # m, half the width of the river, and how much that varies
PLAIN_SIDE = 450.0  # m; in smaller quads banks and rivers are narrower
BRIDGED = 0.6  # share of other main roads that cross the rivers and railways they meet
ROADS = ("primary", "secondary", "residential")


@dataclass(frozen=True)
class Quad:
    """The land of one quad inside its banks, counter-clockwise from the south.

    ``sides`` are its four lines, ``landing`` the number of the point on each
    where inner streets arrive, ``kinds`` what runs along each.
    """

    sides: tuple[Floats, ...]
    landing: tuple[int, ...]
    kinds: tuple[str, ...]

    @property
    def landings(self) -> Floats:
        """Where inner streets arrive, one point on each side, float64[4, 2]."""
        return np.array([side[k] for side, k in zip(self.sides, self.landing, strict=True)])

    @property
    def corners(self) -> Floats:
        """The four corners from the south-west, float64[4, 2]."""
        return np.array([side[0] for side in self.sides])

    @property
    def shape(self) -> Any:
        """The land as a polygon."""
        return shapely.Polygon(np.concatenate([side[:-1] for side in self.sides]))


def measure_bank(kind: str, side: float) -> float:
    """Measure the metres from the middle of a barrier to the streets beside it."""
    return BANKS.get(kind, 0.0) * min(1.0, side / PLAIN_SIDE)


def find_quad(lattice: Lattice, cell: Cell) -> Quad:
    """Find the land of a quad inside the banks of the barriers around it."""
    i, j = cell
    e = lattice.edges
    # counter-clockwise, so that the land is always to the left of a line
    ring = (e["h", i, j], e["v", i + 1, j], e["h", i, j + 1].reverse(), e["v", i, j].reverse())
    banks = [measure_bank(edge.kind, lattice.side) for edge in ring]
    corners = [
        _find_corner(
            ring[k].points[0], ring[k - 1].ends[1], ring[k].ends[0], banks[k - 1], banks[k]
        )
        for k in range(4)
    ]
    sides = []
    landing = []
    for k, edge in enumerate(ring):
        inner = edge.points[1:-1] + (find_normals(edge)[1:-1] * banks[k] if banks[k] else 0.0)
        chord = corners[(k + 1) % 4] - corners[k]
        along = (inner - corners[k]) @ chord / (chord @ chord)
        # where two banks meet, points near a corner would be beyond the other bank
        kept = (along > 0.04) & (along < 0.96)
        sides.append(np.vstack([corners[k], inner[kept], corners[(k + 1) % 4]]).round(CENTIMETRE))
        # the landing is counted again among the points kept, after the corner
        landing.append(int(kept[: edge.landing].sum()))
    return Quad(tuple(sides), tuple(landing), tuple(edge.kind for edge in ring))


def find_normals(edge: Edge) -> Floats:
    """Find the unit directions to the left of a line at each of its points."""
    slopes = np.gradient(edge.points, axis=0)
    # the ends' slopes are those of the whole run: banks of neighbouring lines meet exactly
    slopes[[0, -1]] = edge.ends
    slopes /= np.hypot(*slopes.T)[:, None]
    return np.column_stack([-slopes[:, 1], slopes[:, 0]])


def _find_corner(
    node: Floats, before: Floats, after: Floats, bank_before: float, bank_after: float
) -> Floats:
    """Find the point at the banks' distances to the left of two lines that meet in a node."""
    if bank_before == bank_after == 0:
        return node
    # the crossing of the two lines moved to their banks: two equations in two unknowns
    normals = np.array([(-before[1], before[0]), (-after[1], after[0])])
    return np.asarray(node + np.linalg.solve(normals, np.array([bank_before, bank_after])))


def outline_communities(lattice: Lattice) -> Shapes:
    """Outline communities along the lattice: neighbours share every point of their limit."""
    outlines = np.empty(len(lattice.quads), dtype=object)
    for number, cells in enumerate(lattice.quads):
        shapes = [_outline_quad(lattice, cell) for cell in cells]
        # normalised, since the ring of a union may start anywhere in another version of GEOS
        outlines[number] = (
            shapes[0] if len(shapes) == 1 else shapely.normalize(shapely.union_all(shapes))
        )
    return outlines


def _outline_quad(lattice: Lattice, cell: Cell) -> Any:
    i, j = cell
    e = lattice.edges
    ring = (e["h", i, j], e["v", i + 1, j], e["h", i, j + 1].reverse(), e["v", i, j].reverse())
    return shapely.Polygon(np.concatenate([edge.points[:-1] for edge in ring]))


def draw_land(rng: np.random.Generator, lattice: Lattice, sheets: Sheets) -> None:
    """Draw the rivers, railways, streams and main roads of the town, and where they cross."""
    _draw_barriers(lattice, sheets)
    _draw_roads(lattice, sheets)
    _draw_banks(lattice, sheets)
    _draw_crossings(rng, lattice, sheets)


def find_rivers(lattice: Lattice) -> Shapes:
    """Find the water of each river, a polygon; streams end at it."""
    waters = []
    for run in _find_runs(lattice, "river"):
        points = np.concatenate([e.points[:-1] for e in run[:-1]] + [run[-1].points])
        normals = np.concatenate([find_normals(e)[:-1] for e in run[:-1]] + [find_normals(run[-1])])
        scale = min(1.0, lattice.side / PLAIN_SIDE)
        # the width swings along the run: a river with parallel banks looks like a canal
        half = (WATER[0] + WATER[1] * np.sin(0.4 * np.arange(len(points))))[:, None] * scale
        waters.append(
            shapely.Polygon(
                np.concatenate([points - normals * half, (points + normals * half)[::-1]]).round(
                    CENTIMETRE
                )
            )
        )
    return np.array(waters, dtype=object)


def _find_runs(lattice: Lattice, kind: str) -> list[list[Edge]]:
    """Find the lines of one kind, joined end to end."""
    lines = [line for line in lattice.edges if lattice.edges[line].kind == kind]
    # along the run, row by row or column by column, so that a piece follows the one before
    lines.sort(key=lambda line: (line[2], line[1]) if line[0] == "h" else (line[1], line[2]))
    runs: list[list[Line]] = []
    for axis, i, j in lines:
        before = (axis, i - 1, j) if axis == "h" else (axis, i, j - 1)
        if runs and runs[-1][-1] == before:
            runs[-1].append((axis, i, j))
        else:
            runs.append([(axis, i, j)])
    return [[lattice.edges[line] for line in run] for run in runs]


def _draw_barriers(lattice: Lattice, sheets: Sheets) -> None:
    rivers = find_rivers(lattice)
    names = ["青龙河", "还乡水", "白沙河", "柳叶河", "双龙河"]
    for number, river in enumerate(rivers):
        sheets.add("barriers", river, kind="river", name=names[number % len(names)], hard=True)
    for kind, name, hard in (("railway", "津山支线", True), ("stream", "", False)):
        for run in _find_runs(lattice, kind):
            line = shapely.LineString(
                np.concatenate([run[0].points[:1]] + [edge.points[1:] for edge in run])
            )
            # without the water of rivers, which is a barrier already
            if kind == "stream":
                line = shapely.difference(line, shapely.union_all(rivers))
            sheets.add("barriers", shapely.get_parts(line), kind=kind, name=name, hard=hard)


def _draw_roads(lattice: Lattice, sheets: Sheets) -> None:
    """Draw the streets along the lines of the lattice, cut back to the banks of what they meet."""
    for line, edge in lattice.edges.items():
        if edge.kind not in ROADS:
            continue
        axis, i, j = line
        first, last = (_cut_back(lattice, edge, line, end) for end in (0, 1))
        points = np.vstack([first, edge.points[1:-1], last])
        # the roads to the north take their names seven further on, so the two sets differ
        name = (
            name_street((j if axis == "h" else i) + (0 if axis == "h" else 7))
            if edge.kind != "residential"
            else ""
        )
        sheets.add(
            "streets",
            shapely.LineString(points.round(CENTIMETRE)),
            kind=edge.kind,
            name=name,
            bridge=False,
            tunnel=False,
        )


def _find_barrier(lattice: Lattice, line: Line, end: int) -> Edge | None:
    """Find the river or railway across the end (0 or 1) of a line."""
    axis, i, j = line
    i, j = (i + end, j) if axis == "h" else (i, j + end)
    across = (("v", i, j), ("v", i, j - 1)) if axis == "h" else (("h", i, j), ("h", i - 1, j))
    barriers = [
        lattice.edges[a]
        for a in across
        if a in lattice.edges and lattice.edges[a].kind in ("river", "railway")
    ]
    return barriers[0] if barriers else None


def _cut_back(lattice: Lattice, edge: Edge, line: Line, end: int) -> Floats:
    """Find where a street ends: at the node, or at the bank of the barrier through the node."""
    node: Floats = edge.points[-end]
    barrier = _find_barrier(lattice, line, end)
    if barrier is None:
        return node
    at_start = bool(np.allclose(barrier.points[0], node))
    slope = barrier.ends[0 if at_start else 1]
    inward = edge.ends[end] * (-1 if end else 1)
    # the bank is a distance across the barrier; along an oblique street it is longer
    sine = abs(inward[0] * slope[1] - inward[1] * slope[0])
    return np.asarray(node + inward * measure_bank(barrier.kind, lattice.side) / sine)


def _draw_banks(lattice: Lattice, sheets: Sheets) -> None:
    """Draw a street along each bank in the town."""
    for cells in lattice.quads:
        for cell in cells if lattice.urban[cells[0]] else ():
            quad = find_quad(lattice, cell)
            banks = [
                shapely.LineString(s)
                for s, kind in zip(quad.sides, quad.kinds, strict=True)
                if kind in ("river", "railway")
            ]
            sheets.add("streets", banks, kind="residential", name="", bridge=False, tunnel=False)


def _draw_crossings(rng: np.random.Generator, lattice: Lattice, sheets: Sheets) -> None:
    """Draw the crossings: of most main roads, and where a community is on both sides.

    They are bridges, underpasses and level crossings. Both ends of a river or
    railway are crossed, so that all streets of the town are connected.
    """
    columns, rows = lattice.owner.shape
    chance = rng.uniform(size=(columns + 1, rows + 1))
    for line, edge in lattice.edges.items():
        if edge.kind not in BANKS:
            continue
        axis, i, j = line
        sides = lattice.find_sides(line)
        if sides[0] == sides[1]:
            way = _cross_middle(lattice, line, edge)
            _add_crossing(sheets, way, edge.kind, lattice.is_urban(sides[0]), "residential")
        ahead, after = ((i - 1, j), (i + 1, j)) if axis == "h" else ((i, j - 1), (i, j + 1))
        # streets are cut back at rivers and railways only, so a stream has no crossing at nodes
        if edge.kind == "stream":
            continue
        first = (axis, *ahead) not in lattice.edges
        last = (axis, *after) not in lattice.edges
        _cross_node(lattice, axis, (i, j), edge, first or bool(chance[i, j] < BRIDGED), sheets)
        if last:  # the last node of a run begins no line of its own
            _cross_node(lattice, axis, after, edge, True, sheets)


def _cross_node(
    lattice: Lattice, axis: str, node: Cell, edge: Edge, wanted: bool, sheets: Sheets
) -> None:
    """Draw the crossing where a street meets a river or railway; a primary road always crosses."""
    i, j = node
    before, after = (
        (("v", i, j - 1), ("v", i, j)) if axis == "h" else (("h", i - 1, j), ("h", i, j))
    )
    first = lattice.edges.get(before)
    last = lattice.edges.get(after)
    if (
        first is None
        or last is None
        or last.kind not in ROADS
        or not (wanted or last.kind == "primary")
    ):
        return
    points = (
        _cut_back(lattice, first, before, 1),
        last.points[0],
        _cut_back(lattice, last, after, 0),
    )
    near = {*lattice.find_sides(before), *lattice.find_sides(after)}
    _add_crossing(
        sheets, np.array(points), edge.kind, any(lattice.is_urban(n) for n in near), last.kind
    )


def _cross_middle(lattice: Lattice, line: Line, edge: Edge) -> Floats:
    """Find the way over a barrier inside a community, from the landing on one bank to the other."""
    axis, i, j = line
    below, above = (((i, j - 1), (i, j)), (2, 0)) if axis == "h" else (((i - 1, j), (i, j)), (1, 3))
    ends = [
        find_quad(lattice, cell).landings[side] for cell, side in zip(below, above, strict=True)
    ]
    return np.array([ends[0], edge.points[edge.landing], ends[1]])


def _add_crossing(sheets: Sheets, way: Floats, barrier: str, urban: bool, street: str) -> None:
    # under a railway in town, across its tracks in the country
    kind = "bridge" if barrier != "railway" else "underpass" if urban else "level_crossing"
    shape = shapely.LineString(way.round(CENTIMETRE))
    sheets.add("openings", shape, kind=kind)
    sheets.add(
        "streets", shape, kind=street, name="", bridge=kind == "bridge", tunnel=kind == "underpass"
    )


def join_streets(lines: Shapes) -> Shapes:
    """Join streets: where one ends on another, both get a common point.

    Examples
    --------
    >>> lines = shapely.from_wkt(["LINESTRING (0 0, 10 0)", "LINESTRING (4 0, 4 5)"])
    >>> join_streets(lines)[0].wkt
    'LINESTRING (0 0, 4 0, 10 0)'
    """
    lines = _merge_ends(shapely.transform(lines, lambda xy: xy.round(CENTIMETRE)))
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    # an end on another street becomes a vertex of it; 5 cm covers the rounding of both
    end, line = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=0.05)
    order = np.argsort(line, kind="stable")
    where, place = np.unique(line[order], return_inverse=True)
    joined = lines.copy()
    joined[where] = shapely.snap(
        lines[where], shapely.multipoints(ends[end[order]], indices=place), 0.05
    )
    return np.asarray(joined)


def _merge_ends(lines: Shapes) -> Shapes:
    """Make ends of streets that are a rounding apart the same point."""
    points, of = shapely.get_coordinates(lines, return_index=True)
    rim = np.flatnonzero((np.diff(of, prepend=-1) != 0) | (np.diff(of, append=-1) != 0))
    # each end takes the place of the first one near it, so the result is the same in any order
    # of the pairs
    a, b = shapely.STRtree(shapely.points(points[rim])).query(
        shapely.points(points[rim]), predicate="dwithin", distance=0.05
    )
    first = np.arange(len(rim))
    np.minimum.at(first, a, b)
    points[rim] = points[rim[first]]
    return np.asarray(shapely.linestrings(points, indices=of))
