"""The colours of a map: calm tones that colour-blind people can distinguish, and who gets which.

Sub-grids that touch never share a tone: the graph of touching outlines is
coloured greedily, the outline with most neighbours first (Welsh and Powell,
The Computer Journal 10 (1967), 85-86). Among the tones that are free each
takes the one used least so far, so that a page shows all tones alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Ints, Shapes

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
# How shapes are drawn, in Leaflet's words; weights are pixels, those of
# streets and barriers at zoom 16.
STYLES: Mapping[str, Mapping[str, Any]] = {
    "subgrid": {"stroke": False, "fillOpacity": 0.85},
    "outline": {"color": INK["outline"], "weight": 1.1, "opacity": 0.9, "lineJoin": "round"},
    "highlight": {"color": INK["limit"], "weight": 3, "opacity": 0.9, "lineJoin": "round"},
    "out": {
        "color": INK["out"],
        "weight": 2.2,
        "opacity": 0.95,
        "fillColor": "url(#gridplan-hatch)",
        "fillOpacity": 1,
    },
    "limit": {
        "color": INK["limit"],
        "weight": 3,
        "opacity": 0.85,
        "fill": False,
        "lineJoin": "round",
    },
    "home": {"stroke": False, "fillColor": INK["home"], "fillOpacity": 0.9, "fillRule": "nonzero"},
    "other_building": {
        "stroke": False,
        "fillColor": INK["other_building"],
        "fillOpacity": 0.9,
        "fillRule": "nonzero",
    },
    "street_major": {"color": INK["street"], "weight": 5.5, "opacity": 0.95},
    "street_minor": {"color": INK["street"], "weight": 3, "opacity": 0.95},
    "street_path": {"color": INK["street"], "weight": 1.1, "opacity": 0.9},
    "water": {"color": INK["water"], "weight": 3, "fillColor": INK["water"], "fillOpacity": 0.95},
    "rail": {
        "color": INK["rail"],
        "weight": 2.4,
        "dashArray": "7 4",
        "fillColor": INK["rail"],
        "fillOpacity": 0.3,
    },
    "road": {"color": INK["road"], "weight": 2.6, "fillColor": INK["road"], "fillOpacity": 0.3},
    "wall": {"color": INK["wall"], "weight": 1.8, "fillColor": INK["wall"], "fillOpacity": 0.3},
    "special": {
        "color": INK["special"],
        "weight": 4,
        "opacity": 0.75,
        "fillColor": INK["special"],
        "fillOpacity": 0.3,
    },
    "grid": {
        "color": INK["grid"],
        "weight": 2.4,
        "opacity": 0.9,
        "fill": False,
        "lineJoin": "round",
    },
    "branch": {
        "color": INK["branch"],
        "weight": 2.6,
        "opacity": 0.9,
        "fill": False,
        "lineJoin": "round",
    },
    "group": {
        "color": INK["group"],
        "weight": 1.6,
        "opacity": 0.95,
        "fill": False,
        "lineJoin": "round",
    },
    "red_list": {"color": INK["red_list"], "weight": 3.2, "opacity": 0.95, "fill": False},
    "black_list": {"color": INK["black_list"], "weight": 3.2, "opacity": 0.95, "fill": False},
    "bare_owners": {"color": INK["bare_owners"], "weight": 2.6, "opacity": 0.95, "fill": False},
    "veil": {
        "stroke": False,
        "fillColor": INK["veil"],
        "fillOpacity": 0.6,
    },
    "opening": {
        "fill": True,
        "color": INK["opening"],
        "weight": 2.5,
        "fillColor": "#ffffff",
        "fillOpacity": 1,
        "radius": 3.5,
    },
}
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
CHANGE_STYLES: Mapping[str, Mapping[str, Any]] = {
    "before": {
        "color": "#3b3f8f",
        "weight": 2,
        "opacity": 0.9,
        "dashArray": "6 5",
        "lineJoin": "round",
    },
    "ended": {
        "color": HOMES["gone"],
        "weight": 2.6,
        "opacity": 0.95,
        "dashArray": "6 5",
        "lineJoin": "round",
    },
    "moved": {"stroke": False, "fillColor": HOMES["moved"], "fillOpacity": 1},
    "new": {"stroke": False, "fillColor": HOMES["new"], "fillOpacity": 1},
    "gone": {
        "color": HOMES["gone"],
        "weight": 1.2,
        "dashArray": "3 2",
        "fillColor": HOMES["gone"],
        "fillOpacity": 0.18,
    },
}
TOUCH = 0.5  # metres; outlines that are nearer count as touching


def choose_tones(outlines: Any, tones: int = len(TONES)) -> Ints:
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
