"""Sub-grids out of band because their community has too few households for one."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd


class TooSmall(NamedTuple):
    """Sub-grids of places too small for one (``few``), all that are out of band, and the band.

    ``low`` are the fewest households of a sub-grid, by class, in order.
    """

    few: int
    out: int
    low: tuple[int, ...]


def find_too_small(subgrids: pd.DataFrame) -> pd.Series[Any]:
    """Find the sub-grids that are all of a community with fewer households than the band asks for.

    Examples
    --------
    >>> rows = {"community": ["v", "t", "t"], "kind": "residential", "households": [13, 30, 19]}
    >>> rows |= {"low": [35, 20, 20], "in_band": [False, True, False]}
    >>> find_too_small(pd.DataFrame(rows)).tolist()
    [True, False, False]
    """
    lived = subgrids["kind"] == "residential"
    held = subgrids["households"].where(lived, 0).groupby(subgrids["community"]).transform("sum")
    return lived & ~subgrids["in_band"] & (held < subgrids["low"])


def count_too_small(subgrids: pd.DataFrame) -> TooSmall:
    """Count the sub-grids out of band, and those that are all of a community too small for one."""
    small = find_too_small(subgrids)
    out = int(((subgrids["kind"] == "residential") & ~subgrids["in_band"]).sum())
    return TooSmall(int(small.sum()), out, tuple(sorted(set(subgrids["low"][small].astype(int)))))
