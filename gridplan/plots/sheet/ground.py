"""The ground of a printed map: water, streets, buildings, railways and walls within a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Shapes
from gridplan.plan import Plan
from gridplan.plots.sheet.shapes import draw_areas, draw_lines
from gridplan.tables.kind_families import BARRIER_FAMILIES, STREET_FAMILIES, find_family
from gridplan.tables.palette import PRINT_INK

# What is not drawn on any sheet, and not named: parts of the words of use and kind.
WITHHELD = (
    *("military", "barracks", "bunker", "naval", "airfield", "prison", "power", "substation"),
    *("ammunition", "missile", "radar", "军", "监狱", "看守所", "变电", "雷达", "弹药"),
)
# Points of the white of streets, at 1:2,500; the edge is added on both sides.
STREETS: Mapping[str, float] = {"major": 2.6, "minor": 1.5, "path": 0.5}
EDGE = 0.35


@dataclass(frozen=True)
class Ground:
    """The shapes of the land in metres, as far as they reach into the window."""

    homes: Shapes
    others: Shapes
    streets: Mapping[str, Shapes]
    barriers: Mapping[str, Shapes]

    def keep_main(self) -> Ground:
        """Keep what a map of small scale shows: main streets, water, roads and railways."""
        none = np.array([], dtype=object)
        return Ground(
            homes=none,
            others=none,
            streets={name: lines for name, lines in self.streets.items() if name == "major"},
            barriers={name: lines for name, lines in self.barriers.items() if name != "wall"},
        )


def is_withheld(kinds: Any) -> Bools:
    """Whether a kind or use is one that no sheet shows, for each of a column.

    Examples
    --------
    >>> is_withheld(["school", "military", "power_tower"]).tolist()
    [False, True, True]
    """
    # By the few different kinds: a city has hundreds of thousands of rows.
    rows, known = pd.factorize(np.asarray(kinds, dtype=object), use_na_sentinel=False)
    hidden = [any(word in str(kind).lower() for word in WITHHELD) for kind in known]
    return np.asarray(np.array(hidden, dtype=bool)[rows])


def find_withheld(plan: Plan) -> Bools:
    """Find the sub-grids of institutions that no sheet shows, one by one in the plan's order."""
    site = plan.site
    owners = plan.subgrids["institution"].to_numpy(object)
    columns = [site.institutions["kind"], site.places["kind"], site.buildings["use"]]
    hidden: set[str] = set()
    for kinds in columns:
        hidden |= set(kinds.index[is_withheld(kinds)])
    return np.asarray(np.isin(owners, sorted(hidden - {""})), dtype=bool)


def cut_ground(plan: Plan, window: Any) -> Ground:
    """Take of a plan's land what reaches into a window, without what no sheet shows."""
    site = plan.site
    buildings = _take(site.buildings, "use", window)
    lives = buildings["residential"].fillna(False).to_numpy(dtype=bool) | (
        buildings["households"].to_numpy() > 0
    )
    shapes = buildings.geometry.to_numpy()
    return Ground(
        homes=shapes[lives],
        others=shapes[~lives],
        streets=_sort(_take(site.streets, "kind", window), STREET_FAMILIES),
        barriers=_sort(_take(site.barriers, "kind", window), BARRIER_FAMILIES),
    )


def _take(table: Any, column: str, window: Any) -> Any:
    """Take the rows of a table that reach into the window and may be shown, in order of codes.

    The column says of which kind each is.
    """
    shapes = table.geometry.to_numpy()
    near = ~shapely.is_missing(shapes) & shapely.intersects(shapes, window)
    rows = table[near]
    return rows[~is_withheld(rows[column])].sort_index()


def _sort(table: Any, families: Mapping[str, tuple[str, ...]]) -> dict[str, Shapes]:
    """Sort shapes by the family of their kind; families without any are left out."""
    known = {kind: find_family(kind, families) for kind in set(table["kind"])}
    family_of = np.array([known[kind] for kind in table["kind"]], dtype=object)
    shapes = table.geometry.to_numpy()
    return {name: shapes[family_of == name] for name in families if (family_of == name).any()}


def draw_ground(axes: Any, ground: Ground, scale: float) -> None:
    """Draw the ground over the colours of sub-grids: water first, then ways, buildings, walls."""
    # Lines are drawn by their width on the land, within what can be printed and read.
    wide = float(np.clip(2500 / scale, 0.4, 1.5))
    ink = PRINT_INK
    water = ground.barriers.get("water", np.array([], dtype=object))
    draw_areas(axes, water, facecolor=ink["water"], edgecolor="none", zorder=2)
    is_line = ~np.isin(shapely.get_type_id(water), (3, 6))
    draw_lines(axes, water[is_line], edgecolor=ink["water"], linewidth=1.4 * wide, zorder=2)
    for family in ("path", "minor", "major"):
        lines = ground.streets.get(family, np.array([], dtype=object))
        width = STREETS[family] * wide
        draw_lines(
            axes, lines, edgecolor=ink["casing"], linewidth=width + 2 * EDGE * wide, zorder=2.1
        )
        draw_lines(axes, lines, edgecolor=ink["street"], linewidth=width, zorder=2.2)
    draw_areas(axes, ground.others, facecolor=ink["other_building"], edgecolor="none", zorder=3)
    draw_areas(axes, ground.homes, facecolor=ink["home"], edgecolor="none", zorder=3.1)
    for family, look in (
        ("wall", {"linewidth": 0.5 * wide, "linestyle": (0, (1, 1.6))}),
        ("road", {"linewidth": 1.6 * wide}),
        ("rail", {"linewidth": 1.2 * wide, "linestyle": (0, (4, 2.2))}),
    ):
        lines = ground.barriers.get(family, np.array([], dtype=object))
        draw_lines(axes, lines, edgecolor=ink[family], zorder=3.2, **look)
