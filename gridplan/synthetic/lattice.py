"""The lattice of the synthetic town: which community lies where, and the lines between them.

The town is a board of square blocks, each of four quads. A village holds a
block, an urban community a quad (or two or four, where a block has fewer urban
communities). The corners are shaken and the lines bent: streets on most of
them, a river along one row, a railway along one column. So limits, streets and
barriers are the same lines, and the communities tile the town by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridplan.arrays import Bools, Floats, Ints, Texts
from gridplan.synthetic.shapes import CENTIMETRE

Cell = tuple[int, int]
# "h" (west to east) or "v" (south to north), column and row of its first node.
Line = tuple[str, int, int]

# The middle of the town: 118.18 E, 39.63 N in EPSG:4548.
CENTRE = np.array([601_300.0, 4_389_100.0])
# lattice lines between two rivers, two railways of a prefecture
RIVER_EVERY = 24
RAILWAY_EVERY = 32
# of the side of a quad: corners at random, all together, middles of streets
SHAKE = 0.07
WAVE = 0.10
BEND = 0.008
MEANDER = {"river": 0.03, "stream": 0.05, "railway": 0.0}
STEPS = 8  # pieces of a curved line
# Quads of each urban community in a block, by how many share it. The quads of one are side
# by side, and not on both sides of the river where that can be avoided.
_SHARES = {
    1: (((0, 0), (1, 0), (0, 1), (1, 1)),),
    2: (((0, 0), (1, 0)), ((1, 1), (0, 1))),
    3: (((0, 0),), ((1, 0),), ((1, 1), (0, 1))),
    4: (((0, 0),), ((0, 1),), ((1, 1),), ((1, 0),)),
}


@dataclass(frozen=True)
class Edge:
    """A line between two nodes: its points, what runs along it, its directions at both ends."""

    points: Floats
    kind: str
    ends: Floats
    landing: int  # the point where streets from inside the quads arrive

    def reverse(self) -> Edge:
        """Return the line from its other end."""
        return Edge(
            self.points[::-1], self.kind, -self.ends[::-1], len(self.points) - 1 - self.landing
        )


@dataclass(frozen=True)
class Lattice:
    """Who holds each quad (-1: nobody), which are urban, and the lines between them."""

    owner: Ints
    urban: Bools
    quads: tuple[tuple[Cell, ...], ...]
    edges: Mapping[Line, Edge]
    side: float
    river_rows: frozenset[int]
    railway_columns: frozenset[int]

    def get_owner(self, i: int, j: int) -> int:
        """Return the community that holds a quad; -1 where there is none."""
        columns, rows = self.owner.shape
        return int(self.owner[i, j]) if 0 <= i < columns and 0 <= j < rows else -1

    def find_sides(self, line: Line) -> tuple[int, int]:
        """Find the communities on the two sides of a line: below and above, or left and right."""
        axis, i, j = line
        return (
            self.get_owner(i, j - 1) if axis == "h" else self.get_owner(i - 1, j)
        ), self.get_owner(i, j)

    def is_urban(self, number: int) -> bool:
        """Whether a community is urban."""
        return number >= 0 and bool(self.urban[self.quads[number][0]])


def make_lattice(rng: np.random.Generator, urban: Bools, county: Texts, side: float) -> Lattice:
    """Make the lattice of a town.

    Parameters
    ----------
    rng
        The town's generator.
    urban, county
        Of each community in order of code: whether it is urban, and its
        county; each county has a core of its own.
    side
        Side of a quad, metres.
    """
    quads, shape = place_communities(urban, county)
    owner = np.full(shape, -1, np.int64)
    town = np.zeros(shape, bool)
    for number, cells in enumerate(quads):
        for cell in cells:
            owner[cell] = number
            town[cell] = urban[number]
    rows = shape[1] // 2
    columns = shape[0] // 2
    # The nearest odd line to the middle: even lines are the rims of blocks and carry the main
    # roads. The remainder lets further rivers of a prefecture start on either side.
    rivers = frozenset(range((2 * (rows // 2) + 1) % RIVER_EVERY, 2 * rows, RIVER_EVERY))
    railways = frozenset(
        range((2 * ((columns - 1) // 2) + 1) % RAILWAY_EVERY, 2 * columns, RAILWAY_EVERY)
    )
    # lines are drawn by asking who is on either side, which needs the board first
    bare = Lattice(owner, town, quads, {}, side, rivers, railways)
    edges = _draw_edges(rng, bare, _shake_nodes(rng, bare))
    return Lattice(owner, town, quads, edges, side, rivers, railways)


def place_communities(
    urban: Bools, county: Texts
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[int, int]]:
    """Place communities on the board, counties along a Hilbert curve, towns in their middles.

    Returns the quads of each community, its main one first, and the columns
    and rows of quads.

    Examples
    --------
    >>> place_communities(np.array([True, False]), np.array(["a", "a"]))
    ((((0, 0), (1, 0), (0, 1), (1, 1)), ((2, 0), (3, 0), (2, 1), (3, 1))), (4, 2))
    """
    counties = [np.flatnonzero(county == c) for c in dict.fromkeys(county.tolist())]
    # blocks: up to four urban communities share one, a village has one to itself
    needs = [
        -(-int(urban[members].sum()) // 4) + int((~urban[members]).sum()) for members in counties
    ]
    columns = int(np.ceil(np.sqrt(sum(needs))))
    rows = -(-sum(needs) // columns)
    # a stretch of the curve is compact: a county is nearly always one piece, and no thin strip
    curve = order_along_curve(columns, rows)
    quads: list[tuple[Cell, ...]] = [()] * len(urban)
    start = 0
    for members, need in zip(counties, needs, strict=True):
        blocks = curve[start : start + need]
        start += need
        towns = members[urban[members]]
        villages = members[~urban[members]]
        # the blocks nearest the middle are the town; sorted, to follow the curve again
        gap = np.hypot(*(blocks - blocks.mean(axis=0)).T)
        core = np.sort(np.argsort(gap, kind="stable")[: -(-len(towns) // 4)])
        # the block with fewer than four communities, whose quads are larger, is the outermost
        last = core[np.argmax(gap[core])] if len(core) else -1
        taken = 0
        for block in core:
            held = len(towns) - 4 * (len(core) - 1) if block == last else 4
            for number, share in zip(towns[taken : taken + held], _SHARES[held], strict=True):
                quads[number] = tuple(
                    (int(2 * blocks[block, 0] + x), int(2 * blocks[block, 1] + y)) for x, y in share
                )
            taken += held
        for number, (x, y) in zip(villages, np.delete(blocks, core, axis=0).tolist(), strict=True):
            quads[number] = tuple((2 * x + dx, 2 * y + dy) for dx, dy in _SHARES[1][0])
    return tuple(quads), (2 * columns, 2 * rows)


def order_along_curve(columns: int, rows: int) -> Ints:
    """Order the squares of a board along a Hilbert curve; int64[columns x rows, 2].

    Examples
    --------
    >>> order_along_curve(2, 2).tolist()
    [[0, 0], [0, 1], [1, 1], [1, 0]]
    """
    x, y = (
        a.ravel().copy() for a in np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij")
    )
    squares = np.column_stack([x, y])
    place = np.zeros(len(x), np.int64)
    # The usual algorithm from coordinates to distance, bit by bit from the highest, for all
    # squares at once: O(squares x bits). A board that is no power of two is cut from a larger.
    s = 1 << max(0, int(max(columns, rows) - 1).bit_length() - 1)
    while s > 0:
        right = (x & s) > 0
        upper = (y & s) > 0
        place += s * s * ((3 * right) ^ upper)
        flip = ~upper & right
        # lower quadrants are mirrored and transposed, so that the curve goes on where it left
        x[flip] = s - 1 - (x[flip] & (s - 1))
        y[flip] = s - 1 - (y[flip] & (s - 1))
        swap = ~upper
        x[swap], y[swap] = y[swap].copy(), x[swap].copy()
        s //= 2
    return squares[np.argsort(place, kind="stable")]


def _shake_nodes(rng: np.random.Generator, lattice: Lattice) -> Floats:
    """Place the nodes: a board bent as a whole and shaken; float64[columns + 1, rows + 1, 2]."""
    columns, rows = lattice.owner.shape
    grid = np.stack(
        np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0), indexing="ij"), axis=-1
    )
    shake = rng.uniform(-SHAKE, SHAKE, grid.shape)
    shake[sorted(lattice.railway_columns), :, 0] *= 0.2  # a railway bends gently
    phase = rng.uniform(0, 2 * np.pi, 2)
    wave = WAVE * np.stack(
        [np.sin(0.9 * grid[..., 1] + phase[0]), np.sin(0.9 * grid[..., 0] + phase[1])], axis=-1
    )
    middle = np.array([columns, rows]) / 2
    return np.asarray((grid + shake + wave - middle) * lattice.side + CENTRE)


def _draw_edges(rng: np.random.Generator, lattice: Lattice, nodes: Floats) -> dict[Line, Edge]:
    """Draw the line between each two nodes that has a community on either side."""
    columns, rows = lattice.owner.shape
    # sampled for all lines at once: a line's chance does not depend on which others exist
    shape = (2, columns + 1, rows + 1)
    where = rng.uniform(0.42, 0.58, shape)
    aside = rng.normal(0.0, BEND, shape)
    landings = rng.integers(STEPS // 2 - 1, STEPS // 2 + 2, shape)
    edges: dict[Line, Edge] = {}
    for axis, number in (("h", 0), ("v", 1)):
        for i in range(columns + (axis == "v")):
            for j in range(rows + (axis == "h")):
                kind = _choose_kind(lattice, (axis, i, j))
                if not kind:
                    continue
                # a barrier runs on through its nodes; a street may have a corner at each
                if kind in MEANDER:
                    run, k = (nodes[:, j], i) if axis == "h" else (nodes[i], j)
                    edges[axis, i, j] = _bend_curve(
                        run, k, axis, kind, lattice.side, int(landings[number, i, j])
                    )
                    continue
                a = nodes[i, j]
                b = nodes[i + (axis == "h"), j + (axis == "v")]
                across = np.array([a[1] - b[1], b[0] - a[0]])
                middle = a + (b - a) * where[number, i, j] + across * aside[number, i, j]
                points = np.array([a, middle, b]).round(CENTIMETRE)
                steps = np.diff(points, axis=0)
                edges[axis, i, j] = Edge(points, kind, steps / np.hypot(*steps.T)[:, None], 1)
    return edges


def _bend_curve(run: Floats, k: int, axis: str, kind: str, side: float, landing: int) -> Edge:
    """Bend the piece from node k to k + 1 of a barrier: a cubic through the nodes that meanders."""
    # a Hermite cubic with the slopes of the whole run, so that pieces join without a corner
    slopes = np.gradient(run, axis=0)[[k, k + 1]]
    swing = MEANDER[kind] * side * (np.array([0.0, 1.0]) if axis == "h" else np.array([1.0, 0.0]))
    s = np.linspace(0, 1, STEPS + 1)[:, None]
    points = (1 - s) ** 2 * ((1 + 2 * s) * run[k] + s * slopes[0]) + s**2 * (
        (3 - 2 * s) * run[k + 1] - (1 - s) * slopes[1]
    )
    points += np.sin(2 * np.pi * s) * swing
    points[[0, -1]] = run[[k, k + 1]]  # neighbouring lines end in the very same point
    # the sine adds its own slope at both ends, which banks and bridges must know
    slopes = slopes + 2 * np.pi * swing
    return Edge(points.round(CENTIMETRE), kind, slopes / np.hypot(*slopes.T)[:, None], landing)


def _choose_kind(lattice: Lattice, line: Line) -> str:
    """Choose what runs along a line; empty where there is no community on either side."""
    axis, i, j = line
    sides = lattice.find_sides(line)
    if max(sides) < 0:
        return ""
    # barriers come first: they replace whatever street would be on their line
    crossing = j if axis == "h" else i
    if axis == "h" and j in lattice.river_rows:
        return "river"
    if axis == "v" and i in lattice.railway_columns:
        return "railway"
    # even lines are rims of blocks, every second of which is a primary road
    if crossing % 2 == 0:
        return "primary" if crossing % 4 == 2 else "secondary"
    if any(lattice.is_urban(number) for number in sides):
        return "residential" if sides[0] == sides[1] else "secondary"
    return "stream" if axis == "v" and (i // 2) % 3 == 1 else "field"
