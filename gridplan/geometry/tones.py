"""Which of a few tones each outline gets, so that those that touch differ.

The graph of touching outlines is coloured greedily, the outline with most
neighbours first (Welsh and Powell, The Computer Journal 10 (1967), 85-86).
Among the tones that are free each takes the one used least so far, so that a
page shows all tones alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Ints, Shapes

TONES = 8  # as many as the palette has
TOUCH = 0.5  # metres; outlines that are nearer count as touching


def choose_tones(outlines: Any, tones: int = TONES) -> Ints:
    """Choose a tone for each outline so that those that touch differ; ties go to the earlier row.

    Parameters
    ----------
    outlines
        Array of polygons, in metres.
    tones
        How many tones there are; where they do not suffice, touching outlines
        may share one.

    Returns
    -------
    Number of the tone of each outline, from 0.

    Examples
    --------
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(4)]
    >>> choose_tones(np.array(row)).tolist()
    [2, 0, 1, 3]
    """
    start, neighbours = _find_touching(np.asarray(outlines))
    chosen = np.full(len(start) - 1, -1, dtype=np.int64)
    used = np.zeros(tones, dtype=np.int64)
    # Most neighbours first: the hardest to place choose while all tones are free.
    # The sort is stable, so that the colours depend on nothing but the plan.
    for row in np.argsort(-np.diff(start), kind="stable"):
        taken = chosen[neighbours[start[row] : start[row + 1]]]
        price = used.copy()
        price[taken[taken >= 0]] = len(chosen) + 1  # dearer than any tone that is free
        chosen[row] = int(price.argmin())
        used[chosen[row]] += 1
    return chosen


def _find_touching(outlines: Shapes) -> tuple[Ints, Ints]:
    """Find the outlines that each one touches: the start of each list, and all lists joined."""
    tree = shapely.STRtree(outlines)
    focal, neighbour = tree.query(outlines, predicate="dwithin", distance=TOUCH)
    apart = focal != neighbour
    focal = focal[apart]
    neighbour = neighbour[apart]
    # The tree answers in an order of its own.
    order = np.lexsort((neighbour, focal))
    start = np.searchsorted(focal[order], np.arange(len(outlines) + 1))
    return start.astype(np.int64), neighbour[order].astype(np.int64)
