"""Five colours for sub-grids, so that those that touch differ."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from heapq import heapify, heappop, heappush

import numpy as np
import shapely

from gridplan.plan import Plan
from gridplan.workbench.desk import Desk
from gridplan.workbench.map_colours import COLOURS

_TOUCH = 0.5  # metres; outlines that are nearer count as touching
_KEPT: weakref.WeakKeyDictionary[Desk, dict[str, int]] = weakref.WeakKeyDictionary()


def list_tones(desk: Desk, codes: Sequence[str]) -> list[int]:
    """List the colours of some sub-grids, by the plan on the desk; -1 for those that are new."""
    if desk not in _KEPT:
        _KEPT[desk] = colour_subgrids(desk.plan)
    return [_KEPT[desk].get(code, -1) for code in codes]


def colour_subgrids(plan: Plan) -> dict[str, int]:
    """Colour the sub-grids of homes of a whole plan, also across borders of communities."""
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"].sort_index()
    outlines = homes.geometry.to_numpy()
    near: list[set[int]] = [set() for _ in range(len(outlines))]
    pairs = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=_TOUCH)
    for a, b in pairs.T:
        if a != b:
            near[a].add(int(b))
    colours = colour_graph(near, len(COLOURS))
    return {str(code): colour for code, colour in zip(homes.index, colours, strict=True)}


def colour_graph(near: Sequence[AbstractSet[int]], count: int) -> list[int]:
    """Colour a graph greedily, the vertices that have fewest colours left first.

    Where a vertex has none left, two colours are swapped in the part of the
    graph that leads from its neighbours (a Kempe chain); where that does
    not help it takes the colour that is rarest about it.

    Parameters
    ----------
    near
        The neighbours of each vertex.
    count
        How many colours there are.

    Examples
    --------
    >>> colour_graph([{1, 2}, {0, 2}, {0, 1}, set()], 5)
    [0, 1, 2, 3]
    """
    colours = [-1] * len(near)
    used = np.zeros(count, np.int64)
    taken: list[set[int]] = [set() for _ in near]
    # By how many colours are taken about it, then by neighbours; the first of equals.
    queue = [(0, -len(others), vertex) for vertex, others in enumerate(near)]
    heapify(queue)
    while queue:
        held, _, vertex = heappop(queue)
        if colours[vertex] >= 0 or -held != len(taken[vertex]):
            continue
        free = [c for c in range(count) if c not in taken[vertex]]
        if not free and (colour := _free_by_swap(near, colours, vertex, count)) is not None:
            free = [colour]
            taken = [{colours[w] for w in near[v] if colours[w] >= 0} for v in range(len(near))]
            queue = [(-len(taken[v]), -len(near[v]), v) for v, c in enumerate(colours) if c < 0]
            heapify(queue)
        # Of the free ones that which is used least, so that all are seen alike.
        price = used if free else [_count(near, colours, vertex, c) for c in range(count)]
        rarest = min(free or range(count), key=price.__getitem__)
        colours[vertex] = rarest
        used[rarest] += 1
        for other in near[vertex]:
            if rarest not in taken[other]:
                taken[other].add(rarest)
                heappush(queue, (-len(taken[other]), -len(near[other]), other))
    return colours


def _free_by_swap(
    near: Sequence[AbstractSet[int]], colours: list[int], vertex: int, count: int
) -> int | None:
    """Swap two colours along a chain so that one is free at a vertex; None where none can be."""
    for a in range(count):
        for b in range(count):
            starts = [w for w in near[vertex] if colours[w] == a]
            if a == b or not starts:
                continue
            chain = _find_chain(near, colours, starts, (a, b))
            if any(colours[w] == b for w in near[vertex] if w in chain):
                continue
            for w in chain:
                colours[w] = b if colours[w] == a else a
            return a
    return None


def _find_chain(
    near: Sequence[AbstractSet[int]],
    colours: Sequence[int],
    starts: Sequence[int],
    pair: tuple[int, int],
) -> set[int]:
    chain, open_ = set(starts), list(starts)
    while open_:
        for other in near[open_.pop()]:
            if colours[other] in pair and other not in chain:
                chain.add(other)
                open_.append(other)
    return chain


def _count(
    near: Sequence[AbstractSet[int]], colours: Sequence[int], vertex: int, colour: int
) -> int:
    return sum(colours[w] == colour for w in near[vertex])
