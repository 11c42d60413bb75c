"""The colours of maps and printed sheets: calm tones that colour-blind people can distinguish.

They stand here once, so that a page on a screen and a sheet of paper agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridplan.arrays import Ints

TONES = ("#a8cbe8", "#f3d9a0", "#b5dcc4", "#e9bfc8", "#cfc7ea", "#d8dc9c", "#9fd6d8", "#f0c3a1")
EXCLUSIVE = "#d9d9d9"
OPEN_LAND = "#eef1e4"  # quiet, so that the land of homes stands out
# Below the band, lower half, upper half, above it.
LOADS = ("#5b8fc0", "#bcd7ea", "#f7ddb4", "#d97b4a")
BAND = ("#a9d3c3", "#e0856f")  # in band, out of it
# Streets by minutes on foot, the shortest first.
REACH = ("#15607a", "#3f9a8c", "#a9b84a", "#e3a83a", "#d9822b")
REACH_FILLS = ("#8fbccb", "#b3d8cd", "#dbe2b0", "#f1dcae", "#efcba5")  # sub-grids likewise
REACH_BEYOND = "#e3a19a"
# From good to bad; lightness falls all along, so that a grey print keeps the order.
SEVERITY = ("#f7ecd0", "#f0cf8e", "#e3a04f", "#c4633a", "#7d2a2b")
# Much better, better, alike, worse, much worse.
AGAINST = ("#5b98cc", "#a9cce8", "#efece4", "#c0603a", "#86281a")
STATES = {  # of a sub-grid in a year to come
    "inside": "#e8efe4",
    "unsure": "#cfc7ea",
    "under": "#5b98cc",
    "over": "#c0603a",
    "gone": "#3a3f47",
}
INK: Mapping[str, str] = {
    "paper": "#f5f3ee",
    "outline": "#52606d",
    "limit": "#1f2933",
    "out": "#c0262d",
    "home": "#5d6b7a",
    "other_building": "#b4b9bf",
    "street": "#ffffff",
    "casing": "#cfcac0",
    "water": "#8fb8d8",
    "rail": "#3e4750",
    "road": "#c98b3c",
    "wall": "#8a6d5b",
    "opening": "#2e7d5b",
    "centre": "#1f2933",
    "special": "#0f766e",
    "grid": "#6d28d9",
    "branch": "#9d174d",
    "group": "#db6b9c",
    "host": "#c0182a",
    "red_list": "#d7263d",
    "black_list": "#0b0b0b",
    "bare_owners": "#b45309",
    "post": "#1f3b73",
    "proposed": "#a3195b",
    "gap": "#b3261e",
    "unlit": "#e9e7e1",
    "blank": "#ffffff",
    "veil": "#ece8e1",
}
# On paper the dark homes of a screen are heavy under small letters, white streets need an edge,
# and neighbours are told from water by leaving out the blue tones.
PRINT_INK: Mapping[str, str] = {
    **INK,
    "paper": "#ffffff",
    "home": "#97a3b0",
    "other_building": "#cdd2d7",
    "casing": "#a8a59d",
}
PRINT_TONES = tuple(TONES[n] for n in (1, 2, 3, 4, 5, 7))
# What became of a sub-grid, in the order in which the page numbers them.
CHANGES: Mapping[str, str] = {
    "kept": "#e9e7e1",
    "renamed": "#d3d8df",
    "shifted": "#b9d3ea",
    "split": "#f3d9a0",
    "merge": "#cfc7ea",
    "regrouped": "#e9bfc8",
    "birth": "#9fd6c4",
    "death": "#ffffff",
}
HOMES = {"moved": "#c2570c", "new": "#0f766e", "gone": "#8c1d40"}


def choose_bands(count: int) -> tuple[list[str], list[str]]:
    """Choose colours for bands of minutes: of streets, and of sub-grids with one for beyond.

    Examples
    --------
    >>> choose_bands(2)
    (['#15607a', '#e3a83a'], ['#8fbccb', '#f1dcae', '#e3a19a'])
    """
    # Few bands take colours that are far apart.
    rows = {1: (0,), 2: (0, 3), 3: (0, 1, 3), 4: (0, 1, 2, 3)}.get(count, range(count))
    return [REACH[n] for n in rows], [*(REACH_FILLS[n] for n in rows), REACH_BEYOND]


def choose_severity(count: int) -> tuple[str, ...]:
    """Choose colours of two to five classes from good to bad; the darker, the worse.

    Examples
    --------
    >>> choose_severity(3)
    ('#f7ecd0', '#e3a04f', '#7d2a2b')
    """
    return tuple(SEVERITY[round(n * (len(SEVERITY) - 1) / (count - 1))] for n in range(count))


def grade_loads(subgrids: Any) -> Ints:
    """Grade households: 0 below the band, 1 in it but below the target, 2 in it, 3 above it.

    Examples
    --------
    >>> import pandas as pd
    >>> band = {"low": 20, "target": 30, "high": 40}
    >>> grade_loads(pd.DataFrame([{"households": h} | band for h in (19, 20, 30, 41)])).tolist()
    [0, 1, 2, 3]
    """
    households = subgrids["households"].to_numpy()
    # The upper limit is in the band itself, hence the step of one.
    limits = [subgrids[c].to_numpy() + step for c, step in (("low", 0), ("target", 0), ("high", 1))]
    return np.asarray(np.sum([households >= limit for limit in limits], axis=0), dtype=np.int64)
