"""Proofs: that a part must be out of its band, derived by the audit itself.

Two kinds count. Arithmetic: an atom alone is larger than the band allows, or no
number of parts of low to high households makes the households of an island.
Enumeration: all contiguous parts of an island that are within the band are
listed, and an integer program finds that no choice of them makes the island;
this is tried where there are few enough of them to list.

A proof explains no more than it must: no part that could be cut into parts
within the band, none with more than twice the most households unless one atom
is to blame. Enumeration explains one part of an island only, and none that could
be cut into parts that are all nearer to the band than it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.sparse import csc_matrix

from gridplan.arrays import Bools
from gridplan.auditing.cures import divide_atoms, find_cut
from gridplan.auditing.layers import BandLayer
from gridplan.engine.highs import open_cover

PARTS = 30_000  # contiguous parts of an island beyond which they are not listed: an audit must end
NODES = 200  # nodes that the integer program may branch on


def find_proven(layer: BandLayer) -> Bools:
    """Find the parts of a layer that had to be out of their band: bool[k]."""
    out = layer.out
    low, high = layer.low, layer.high
    known = layer.part >= 0
    largest = np.zeros(len(out), np.int64)
    # An atom is never divided: one above the band puts its part above it.
    np.maximum.at(largest, layer.part[known], layer.weight[known])
    too_large = largest > high
    # What was put beside an atom that is too large is not explained by it.
    proven = out & too_large & (layer.held - largest < np.maximum(low, 1))
    if not layer.walkable or not (out & ~proven).any():
        return np.asarray(proven)
    island_of = np.full(len(out), -1)
    # Any atom will do: those of a contiguous part are all on one island.
    island_of[layer.part[known]] = layer.island[known]
    held = np.bincount(layer.island, layer.weight, minlength=1).astype(np.int64)
    households = np.where(island_of >= 0, held[island_of], 0)
    # -(-a // b) rounds up; the 1 keeps parts without a band from dividing by 0.
    fewest_parts = -(-households // np.maximum(high, 1))
    most_parts = households // np.maximum(low, 1)
    open_ = out & ~proven & ~too_large & (island_of >= 0) & (layer.held <= 2 * high)
    for part in np.flatnonzero(open_).tolist():
        if find_cut(layer, part):
            continue
        if fewest_parts[part] > most_parts[part]:
            proven[part] = True
        elif (out & (island_of == island_of[part])).sum() == 1 and not _cut_nearer(layer, part):
            proven[part] = not can_divide(
                layer, int(island_of[part]), int(low[part]), int(high[part])
            )
    return np.asarray(proven)


def _cut_nearer(layer: BandLayer, part: int) -> bool:
    """Whether a part can be cut into parts that are all nearer to the band than it is."""
    low = int(layer.low[part])
    high = int(layer.high[part])
    off = max(low - int(layer.held[part]), int(layer.held[part]) - high)
    members = np.flatnonzero(layer.part == part)
    nearer = max(1, low - off + 1), high + off - 1
    return divide_atoms(members, layer.links, layer.weight, *nearer) > 1


def can_divide(layer: BandLayer, island: int, low: int, high: int) -> bool:
    """Whether an island may have a division into parts of low to high households.

    False is proven; true may only mean that there were too many parts to try.
    """
    members = np.flatnonzero(layer.island == island)
    row = {int(atom): n for n, atom in enumerate(members)}
    near = {n: {row[other] for other in layer.links.get(atom, ())} for atom, n in row.items()}
    parts: list[tuple[int, ...]] = []
    for atoms in list_parts(near, layer.weight[members].tolist(), low, high):
        if atoms is None or len(parts) >= PARTS:
            return True
        parts.append(atoms)
    return _can_cover(parts, len(members))


def list_parts(
    near: Mapping[int, set[int]], weight: list[int], low: int, high: int
) -> Iterator[tuple[int, ...] | None]:
    """List every contiguous part of low to high households once; None where there are too many.

    Examples
    --------
    >>> row = {0: {1}, 1: {0, 2}, 2: {1}}
    >>> sorted(list_parts(row, [10, 10, 10], 20, 20))
    [(0, 1), (1, 2)]
    """
    # Sets of atoms are whole numbers with a bit for each, which are quick to join and compare.
    beside_of = {atom: sum(1 << other for other in others) for atom, others in near.items()}
    steps = 0
    for root in near:
        # Parts of which the root is the first: each is grown from there alone.
        waiting: list[tuple[tuple[int, ...], int, int, int]] = [
            ((root,), weight[root], beside_of[root], (2 << root) - 1)
        ]
        while waiting:
            steps += 1
            if steps > 4 * PARTS:
                yield None
                return
            part, size, beside, shut = waiting.pop()
            if size > high:
                continue
            if size >= low:
                yield part
            # An atom that was passed over is shut from then on, so that no part comes twice.
            open_ = beside & ~shut
            while open_:
                bit = open_ & -open_
                open_ ^= bit
                shut |= bit
                atom = bit.bit_length() - 1
                if size + weight[atom] <= high:
                    waiting.append(
                        ((*part, atom), size + weight[atom], beside | beside_of[atom], shut)
                    )


def _can_cover(parts: list[tuple[int, ...]], count: int) -> bool:
    """Whether some of the parts may cover each of the atoms exactly once."""
    covered = {atom for part in parts for atom in part}
    if len(covered) < count:
        return False
    sizes = np.array([len(part) for part in parts])
    atoms = np.array([atom for part in parts for atom in part], np.int32)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    rows = csc_matrix((np.ones(len(atoms)), atoms, start), shape=(count, len(parts)))
    once = np.ones(count)
    model = open_cover(np.zeros(len(parts)), rows, once, once, NODES, 0.0)
    model.run()
    return str(model.modelStatusToString(model.getModelStatus())) != "Infeasible"
