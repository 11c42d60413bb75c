"""The centre of a part: the one place that says which of its atoms it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.arrays import Floats, Ints
from gridplan.division.exchange_kernels import PartsState, walk_between
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import open_state


@njit(cache=True, nogil=True)
def choose_centre(walks: Any, weights: Any) -> Any:
    """Choose the centre of a part: the atom to which its households walk least, all together.

    This is where the definition of a centre stands; every plan, redrawn plan
    and table of figures takes its centres from here. For another one, say the
    least farthest walk, change the score. The audit has a definition of its
    own (``gridplan/auditing/centres.py``), which has to be changed as well.

    The search does not ask for it. A part is priced by the least sum of
    household-metres to one of its atoms, because that sum changes by two walks
    when an atom comes or goes, and needs no look at all pairs.

    Parameters
    ----------
    walks
        float64[m, m], metres between the atoms of the part; a row for each
        atom that may be the centre.
    weights
        float64[m], households that walk from each atom.

    Returns
    -------
    The row of the centre; the first of equally good ones.

    Examples
    --------
    Three houses in a row, of which the last one is as large as four. It is the
    centre, although nobody would walk far to the middle one:

    >>> walks = np.abs(np.subtract.outer([0.0, 10.0, 20.0], [0.0, 10.0, 20.0]))
    >>> int(choose_centre(walks, np.array([1.0, 1.0, 4.0])))
    2
    """
    centre = 0
    least = np.inf
    for row in range(len(weights)):
        score = 0.0
        for column in range(len(weights)):
            score += weights[column] * walks[row, column]
        # To a millionth, so that the first of equally good atoms is taken on every machine.
        score = np.rint(score * 1e6)
        if score < least:
            least = score
            centre = row
    return centre


@njit(cache=True, nogil=True)
def choose_centres(data: Any, state: Any) -> Any:
    """Choose the centre of every part of a state; int64[k], atoms."""
    centres = np.empty(state.size.shape[0], np.int64)
    for p in range(len(centres)):
        members = state.members[p, : state.size[p]]
        walks = np.empty((len(members), len(members)))
        for row in range(len(members)):
            for column in range(len(members)):
                walks[row, column] = walk_between(data, members[row], members[column])
        centres[p] = members[choose_centre(walks, data.pull[members])]
    return centres


def find_centres(problem: DivisionProblem, part: Ints, k: int) -> tuple[Ints, Floats]:
    """Find the centre of each part, and the household-metres to each atom of its part."""
    data = problem.to_data()
    state: PartsState = open_state(data, part, k)
    return np.asarray(choose_centres(data, state)), state.sums
