"""Decomposition: a very large island is cut into connected pieces, each divided by itself.

The set partitioning of the search takes time that grows faster than the number of atoms.
No community should come to so many; where one does (a whole town given as one
community), its pieces are searched each by itself, and atoms are moved over
the seams afterwards as long as that makes the division cheaper.
"""

from __future__ import annotations

import numpy as np

from gridplan.arrays import Ints
from gridplan.division.annealing import anneal
from gridplan.division.exchange_kernels import NO_MOVE_PENALTIES
from gridplan.division.initial_division import cut_tree
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import COLD, MARGIN, SWAP_SHARE, open_state, total_price

LARGE = 2_500  # atoms from which an island is cut into pieces
PIECE = 1_000  # atoms of a piece, about
TREES = 4  # spanning trees grown for each cut
SEAM_ROUNDS = 60  # exchanges tried over the seams, for each atom


def is_large(problem: DivisionProblem) -> bool:
    """Whether an island is to be cut into pieces."""
    return len(problem) > LARGE and problem.pairs is not None


def cut_pieces(problem: DivisionProblem, seed: int) -> list[Ints]:
    """Cut an island into connected pieces of a whole number of parts each; returns their atoms."""
    count = -(-len(problem) // PIECE)
    parts = max(1, round(problem.band.choose_count(problem.households) / count))
    data = problem.to_data()
    chance = np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
    # Each piece is cut as if it were one part of a band so many times wider.
    piece = cut_tree(data._replace(band=data.band * parts), count, chance, TREES)
    return [np.flatnonzero(piece == p) for p in range(count)]


def repair_seams(problem: DivisionProblem, part: Ints, seed: int) -> tuple[Ints, float]:
    """Move and exchange atoms as long as that is cheaper; returns the division and its price."""
    data = problem.to_data()
    k = int(part.max()) + 1
    state = open_state(data, part, k)
    chance = np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
    margin = MARGIN * COLD * float(state.walk.sum()) / k
    # At zero heat: the pieces are good already, only their seams are not.
    anneal(
        data,
        state,
        chance,
        SEAM_ROUNDS * len(part),
        0.0,
        0.0,
        SWAP_SHARE,
        margin,
        NO_MOVE_PENALTIES,
    )
    return state.part, total_price(data, state.part, k)
