"""Cells joined to larger ones, the lightest first, each to where it makes the best shape."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.geometry.linework import find_edges

ON_LINE = 0.1  # m within which a border lies on a line
BARRED = 0.05  # a border that counts for a smaller share of its metres joins nothing

Border = tuple[float, float]  # metres, and metres as they count


def measure_borders(cells: Shapes, worth: Sequence[tuple[Shapes, float]]) -> pd.DataFrame:
    """Measure the common borders of cells: metres, and metres as they count.

    Parameters
    ----------
    cells
        Faces of one noded linework.
    worth
        Lines, and what a metre of border along them counts; the later ones
        rule.

    Examples
    --------
    >>> cells = shapely.box([0, 1], 0, [1, 2], 5)
    >>> river = shapely.linestrings([[[1, 0], [1, 9]]])
    >>> measure_borders(cells, [(river, 0.1)]).to_dict("records")
    [{'one': 0, 'two': 1, 'metres': 5.0, 'counted': 0.5}]
    """
    start, end, one, two = find_edges(cells)
    factor = np.ones(len(one))
    for lines, share in worth:
        factor[lie_on(start, end, lines)] = share
    metres = np.hypot(*(end - start).T)
    table = pd.DataFrame(
        {
            "one": np.minimum(one, two),
            "two": np.maximum(one, two),
            "metres": metres,
            "counted": metres * factor,
        }
    )
    return table[table["one"] != table["two"]].groupby(["one", "two"], as_index=False).sum()


def lie_on(start: Floats, end: Floats, lines: Shapes) -> Bools:
    """Say which edges lie on lines, by their middles."""
    out = np.zeros(len(start), bool)
    if len(lines) and len(start):
        middle = shapely.points((start + end) / 2)
        out[shapely.STRtree(lines).query(middle, predicate="dwithin", distance=ON_LINE)[0]] = True
    return out


def join_cells(
    cells: Shapes,
    load: Floats,
    borders: pd.DataFrame,
    least: float,
    most: float = np.inf,
    alone: float = np.inf,
) -> Ints:
    """Join cells, the lightest first, until each group carries enough.

    A group goes to the neighbour with which it shares most of its border and
    makes the most compact whole, and that does not then carry more than
    ``most`` where there is such a one. Over a border that hardly counts it
    goes only where it carries less than ``alone`` and nothing else is left.

    Parameters
    ----------
    cells
        Faces of one noded linework.
    load
        What each carries.
    borders
        As :func:`measure_borders` gives them.
    least
        What each group is to carry.
    most
        What none is to carry, where that can be helped.
    alone
        What lets a group stand alone rather than go over a border that hardly
        counts.

    Returns
    -------
    The group of each cell: the number of one of its cells.

    Examples
    --------
    >>> cells = shapely.box([0, 1, 2], 0, [1, 2, 6], 5)
    >>> join_cells(cells, np.array([6.0, 1.0, 7.0]), measure_borders(cells, []), 5).tolist()
    [0, 2, 2]
    """
    near = [dict[int, Border]() for _ in cells]
    for one, two, metres, counted in borders.itertuples(index=False, name=None):
        near[one][two] = near[two][one] = (metres, counted)
    length = shapely.length(cells).tolist()
    area = shapely.area(cells).tolist()
    carried = load.tolist()
    label = np.arange(len(cells))

    def rate(cell: int, other: int) -> tuple[bool, bool, float, int]:
        """Rate a neighbour as a host: the greater the better."""
        metres, counted = near[cell][other]
        around = max(length[cell] + length[other] - 2 * metres, 1e-9)
        compact = 4 * np.pi * (area[cell] + area[other]) / around**2
        share = counted / max(length[cell], 1e-9)
        fits = carried[cell] + carried[other] <= most
        # Rounded, so that equals go by number on every machine.
        return (not _is_barred(metres, counted), fits, round(share * (0.3 + compact), 6), -other)

    queue = [(weight, cell) for cell, weight in enumerate(carried) if weight < least]
    heapq.heapify(queue)
    while queue:
        weight, cell = heapq.heappop(queue)
        if weight != carried[cell] or not near[cell]:
            continue  # it has grown or gone since, or nothing is beside it
        host = max(near[cell], key=lambda other: rate(cell, other))
        metres = near[cell][host][0]
        if _is_barred(*near[cell][host]) and weight >= alone:
            continue
        _hand_over(near, cell, host)
        length[host] += length[cell] - 2 * metres
        area[host] += area[cell]
        carried[host] += weight
        carried[cell] = -1.0
        label[cell] = host
        if carried[host] < least:
            heapq.heappush(queue, (carried[host], host))
    # a host may have been joined itself: follow until nothing changes
    while (label[label] != label).any():
        label = label[label]
    return label


def _is_barred(metres: float, counted: float) -> bool:
    return counted < BARRED * metres


def _hand_over(near: list[dict[int, Border]], cell: int, host: int) -> None:
    """Give the borders of a cell to the host that takes it in."""
    for other, (metres, counted) in near[cell].items():
        del near[other][cell]
        if other != host:
            old = near[host].get(other, (0.0, 0.0))
            near[host][other] = near[other][host] = (old[0] + metres, old[1] + counted)
    near[cell] = {}
