"""Sub-grids that fell apart: their homes cannot all be walked between within them."""

from __future__ import annotations

from typing import Any

from gridplan.redrawing.revision.islands import find_pieces


def find_torn(stairwells: Any, neighbours: Any) -> list[str]:
    """Find the sub-grids whose stairwells cannot all be walked between within them, by code.

    Where no neighbours are known at all, as in a plan drawn by others, none is
    said to be torn.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan((1, 1, 1, 2, 2, 1) * 2)
    >>> find_torn(plan.stairwells, plan.neighbours)
    ['0301-001']
    """
    if not len(neighbours):
        return []
    pieces = find_pieces(stairwells, neighbours, stairwells["subgrid"])
    return [str(code) for code in pieces.index[pieces > 1]]
