"""Cures: whether a part out of its band could be brought into it, tried by the audit itself.

The audit cannot prove in general that nothing would help, but it can show that
something would: it takes the sub-grid, alone and together with each one that
adjoins it, and looks for contiguous parts that are all within the band. Along
a spanning tree that is answered exactly, and several trees are tried.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from gridplan.arrays import Ints
from gridplan.auditing.layers import BandLayer

TREES = 24  # spanning trees that are tried on each piece of land
LARGEST = 400  # atoms beyond which a piece of land is not tried: an audit must end


def find_cure(layer: BandLayer, part: int) -> str:
    """Find what would bring a part into its band: say it in words, or nothing.

    Returns
    -------
    ``"cut it in 4"``, ``"divide the homes of the two in 2, with 0301-002"``,
    or an empty text where the audit finds no cure.
    """
    cut = find_cut(layer, part)
    if cut:
        return cut
    members = np.flatnonzero(layer.part == part)
    for other in _find_adjoining(layer, part):
        both = np.concatenate([members, np.flatnonzero(layer.part == other)])
        count = divide_land(both, layer, part)
        if count:
            ways = "join the two" if count == 1 else f"divide the homes of the two in {count}"
            return f"{ways}, with {layer.codes[other]}"
    return ""


def find_cut(layer: BandLayer, part: int) -> str:
    """Find whether a part can be cut into some within the band: say it in words, or nothing."""
    count = divide_land(np.flatnonzero(layer.part == part), layer, part)
    return f"cut it in {count}" if count else ""


def _find_adjoining(layer: BandLayer, part: int) -> list[int]:
    """Find the parts of the same band that adjoin one."""
    a, b = layer.part[layer.a], layer.part[layer.b]
    near = np.unique(np.concatenate([b[a == part], a[b == part]]))
    return [
        int(other)
        for other in near
        if other >= 0
        and other != part
        and layer.counted[other]
        and layer.low[other] == layer.low[part]
        and layer.high[other] == layer.high[part]
    ]


def divide_land(members: Ints, layer: BandLayer, part: int) -> int:
    """Divide some atoms of a layer into contiguous parts within the band of one of its parts.

    Returns
    -------
    The number of parts of the first division found; 0 where none was.
    """
    return divide_atoms(
        members, layer.links, layer.weight, int(layer.low[part]), int(layer.high[part])
    )


def divide_atoms(
    members: Ints, links: dict[int, list[int]], weight: Ints, low: int, high: int
) -> int:
    """Divide some atoms into contiguous parts of low to high households.

    Returns
    -------
    The number of parts of the first division found; 0 where none was.

    Examples
    --------
    Four houses in a row make two parts of 20, and none of 25:

    >>> row = {0: [1], 1: [0, 2], 2: [1, 3], 3: [2]}
    >>> homes = np.array([10, 10, 10, 10])
    >>> [divide_atoms(np.arange(4), row, homes, size, size) for size in (20, 25)]
    [2, 0]
    """
    total = int(weight[members].sum())
    # Without a whole number of parts between the two limits no tree needs to be tried.
    if not 0 < len(members) <= LARGEST or -(-total // high) > total // max(low, 1):
        return 0
    inside = set(members.tolist())
    roots = members[np.unique(np.linspace(0, len(members) - 1, TREES // 2).astype(int))].tolist()
    for root in roots:
        for deep in (False, True):
            order, parent = _grow_tree(root, inside, links, deep)
            # Land that does not hang together is a matter of another rule.
            if len(order) < len(inside):
                return 0
            count = _cut_tree(order, parent, weight, low, high)
            if count:
                return count
    return 0


def _grow_tree(
    root: int, inside: set[int], links: dict[int, list[int]], deep: bool
) -> tuple[list[int], dict[int, int]]:
    """Grow a spanning tree from a root, by breadth or by depth: the order found, and parents."""
    parent = {root: -1}
    order: list[int] = []
    waiting = deque([root])
    reached = {root}
    while waiting:
        node = waiting.pop() if deep else waiting.popleft()
        if deep and node in order:
            continue
        order.append(node)
        for other in sorted(links.get(node, ())):
            if other in inside and (other not in reached or (deep and other not in order)):
                reached.add(other)
                parent[other] = node
                waiting.append(other)
    return order, parent


def _cut_tree(order: list[int], parent: dict[int, int], weight: Ints, low: int, high: int) -> int:
    """Cut a tree into parts of low to high households: their fewest number, 0 if there is none.

    For each node all sizes that the part open at it can have are kept, with
    the fewest parts that are closed below.
    """
    sizes: dict[int, dict[int, int]] = {
        node: {int(weight[node]): 0} if weight[node] <= high else {} for node in order
    }
    for node in reversed(order):
        closed = [n for size, n in sizes[node].items() if size >= low]
        above = parent[node]
        if above < 0:
            return 1 + min(closed) if closed else 0
        joined: dict[int, int] = {}
        for size, number in sizes[above].items():
            if closed:
                _keep_fewest(joined, size, number + 1 + min(closed))
            for more, below in sizes[node].items():
                if size + more <= high:
                    _keep_fewest(joined, size + more, number + below)
        sizes[above] = joined
    return 0


def _keep_fewest(table: dict[int, int], size: int, number: int) -> None:
    table[size] = min(number, table.get(size, number))
