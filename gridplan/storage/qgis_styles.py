"""QGIS styles of a plan's layers, so that a plan opens coloured and labelled.

A style is QML, the XML in which QGIS (3.22 and later) keeps symbols and
labels. It is drawn by rules that look at a layer's own columns only, so it
holds whatever the layer is called in the project and whatever is edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridplan.storage.qgis_qml import (
    DrawRule,
    Label,
    Look,
    Shape,
    draw_line,
    fill_area,
    mark_point,
    write_qml,
)
from gridplan.tables.schema import find_columns, read_schema

# colours that sub-grids take in turn; codes run from west to east, so
# neighbours mostly differ
COLOURS = 6
_PALETTE = ("#59a89c", "#f0a573", "#8aa1d1", "#d992c2", "#9ccb6b", "#efcb5a")


@dataclass(frozen=True)
class LayerStyle:
    """One style of one layer: its name, its QML, and whether QGIS takes it without being asked."""

    layer: str
    name: str
    qml: str
    default: bool


def make_styles(layer: str) -> tuple[LayerStyle, ...]:
    """Make the styles of a layer, the default one first; none for tables without shapes.

    Parameters
    ----------
    layer
        Name of a spatial table; where a table may hold several shapes, with
        ``_points``, ``_lines`` or ``_areas``.

    Examples
    --------
    >>> [(style.name, style.default) for style in make_styles("subgrids")]
    [('sub-grids', True), ('in band', False)]
    >>> make_styles("ledger")
    ()
    """
    looks = _LOOKS.get(layer, ())
    aliases = name_columns(layer) if looks else {}
    return tuple(
        LayerStyle(layer, look.name, write_qml(look, aliases), number == 0)
        for number, look in enumerate(looks)
    )


def name_columns(layer: str) -> dict[str, str]:
    """Name the columns of a layer as its attribute table shows them: by themselves, and in Chinese.

    Examples
    --------
    >>> name_columns("subgrids")["households"]
    'households 户数'
    """
    # The layer of centres shows columns of both; a table may be kept as several layers.
    kept = layer if layer in read_schema() else layer.rpartition("_")[0]
    tables = ("subgrids", "stairwells") if layer == "centres" else (kept,)
    return {
        column.name: f"{column.name} {column.zh}"
        for table in tables
        for column in find_columns(table)
        if not column.is_geometry
    }


_NAME = "coalesce(\"name\", '')"


def _name_label(
    size: int, farthest: int, colour: str, bold: bool = False, instead: str = "''"
) -> Label:
    return Label(f"if({_NAME} <> '', \"name\", {instead})", size, farthest, colour, bold)


# Above households, from 1:15,000 on: the code without that of its community, which is written
# there already; a whole code of sixteen digits would hide its sub-grid.
_STEM = 'left("subgrid", length("community") + 1)'
_SHORT = 'substr("subgrid", length("community") + 2)'
_SHORT_CODE = f'if({_STEM} = "community" || \'-\', {_SHORT}, "subgrid")'
_LIVED_IN = "\"kind\" = 'residential'"
_HOUSEHOLDS = f"if({_LIVED_IN}, '\\n' || to_string(\"households\"), '')"
_CODE_LABEL = Label(f"{_SHORT_CODE} || {_HOUSEHOLDS}", 8, 15_000)
_EXCLUSIVE = DrawRule(
    "exclusive grid 专属网格", "\"kind\" = 'exclusive'", fill_area("#b0b0b0", 0.45, "#555555", 0.4)
)
_OPEN = DrawRule("open land 空地", "\"kind\" = 'open'", fill_area("#eef1e4", 0.6, "#b8bfa0", 0.2))
_OTHER = DrawRule("other sub-grid 其他子网格", "ELSE", fill_area("#e8e8e8", 0.45, "#444444", 0.4))
_BY_COLOUR = [
    DrawRule(
        f"sub-grid 子网格 {n + 1}",
        # the last three digits of the code are its number in the community
        f'{_LIVED_IN} AND to_int(right("subgrid", 3)) % {COLOURS} = {n}',
        fill_area(c, 0.45, "#444444", 0.4),
    )
    for n, c in enumerate(_PALETTE)
]
_BY_BAND = [
    DrawRule(
        "in band 在区间内", f'{_LIVED_IN} AND "in_band"', fill_area("#4d9d6a", 0.45, "#2c5e3f", 0.4)
    ),
    DrawRule(
        "too many households 户数过多",
        f'{_LIVED_IN} AND NOT "in_band" AND "households" > "high"',
        fill_area("#c8453c", 0.55, "#6e1f1a", 0.6),
    ),
    DrawRule(
        "too few households 户数过少",
        f'{_LIVED_IN} AND NOT "in_band" AND "households" < "low"',
        fill_area("#e6a23c", 0.55, "#7a5310", 0.6),
    ),
]

_WATER = (
    "\"kind\" IN ('river', 'lake', 'sea', 'pond', 'stream', 'canal', 'water', 'ditch', "
    "'drain', 'reservoir')"
)
_RAIL = "\"kind\" IN ('railway', 'rail')"
_ROAD = "\"kind\" IN ('motorway', 'main_road', 'trunk', 'primary')"
_BARRIERS: Mapping[Shape, Sequence[DrawRule]] = {
    "lines": [
        DrawRule("water 水体", _WATER, draw_line("#3f7fbf", 0.7)),
        DrawRule("railway 铁路", _RAIL, draw_line("#111111", 0.8, "dash")),
        DrawRule("main road 主干道", _ROAD, draw_line("#8a4b2a", 0.8)),
        DrawRule("other barrier 其他屏障", "ELSE", draw_line("#333333", 0.5)),
    ],
    "areas": [
        DrawRule("water 水体", _WATER, fill_area("#9cc4e4", 0.8, "#3f7fbf")),
        DrawRule("railway 铁路", _RAIL, fill_area("#777777", 0.6, "#111111")),
        DrawRule("other barrier 其他屏障", "ELSE", fill_area("#999999", 0.6, "#333333")),
    ],
    "points": [DrawRule("barrier 屏障", "", mark_point("square", "#333333", 1.6))],
}


def _mark_everywhere(
    title: str, form: str, colour: str, size: float
) -> Mapping[Shape, Sequence[DrawRule]]:
    """Draw a thing in one colour, whether it is a point, a line or an area."""
    return {
        "points": [DrawRule(title, "", mark_point(form, colour, size))],
        "lines": [DrawRule(title, "", draw_line(colour, 0.9))],
        "areas": [DrawRule(title, "", fill_area(colour, 0.5, colour))],
    }


def _style_by_shape(
    table: str,
    name: str,
    rules: Mapping[Shape, Sequence[DrawRule]],
    label: Label | None,
    farthest: int,
) -> dict[str, tuple[Look, ...]]:
    return {
        f"{table}_{shape}": (Look(name, shape, shape_rules, label, farthest),)
        for shape, shape_rules in rules.items()
    }


_LOOKS: Mapping[str, tuple[Look, ...]] = {
    "communities": (
        Look(
            "communities",
            "areas",
            [DrawRule("community 社区", "", fill_area("#ffffff", 0, "#5b2a86", 1.0, "dash"))],
            _name_label(11, 200_000, "#5b2a86", bold=True, instead='"community"'),
        ),
    ),
    "compounds": (
        Look(
            "compounds",
            "areas",
            [DrawRule("compound 小区", "", fill_area("#ffffff", 0, "#a0703c", 0.4, "dot"))],
            _name_label(8, 8_000, "#7a5228"),
            50_000,
        ),
    ),
    "buildings": (
        Look(
            "buildings",
            "areas",
            [
                DrawRule("homes 住宅", '"households" > 0', fill_area("#8c8c8c", 1, "#5f5f5f", 0.1)),
                DrawRule(
                    "other buildings 其他建筑", "ELSE", fill_area("#d3d3d3", 1, "#a8a8a8", 0.1)
                ),
            ],
            farthest=50_000,
        ),
    ),
    "streets": (
        Look(
            "streets",
            "lines",
            [DrawRule("street 道路", "", draw_line("#cfc8b8", 0.3))],
            _name_label(7, 5_000, "#6b6455"),
            100_000,
        ),
    ),
    "stairwells": (
        Look(
            "doors",
            "points",
            [DrawRule("door 单元", "", mark_point("circle", "#2b2b2b", 1.0))],
            farthest=10_000,
        ),
    ),
    "centres": (
        Look(
            "centres",
            "points",
            [DrawRule("walking centre 中心单元", "", mark_point("star", "#c0182a", 3.6))],
            farthest=50_000,
        ),
    ),
    "branches": (
        Look(
            "Party branches",
            "areas",
            [
                DrawRule(
                    f"branch 党支部 {n + 1}",
                    # the last two digits of the code are its number in the community
                    f'to_int(right("branch", 2)) % {COLOURS} = {n}',
                    fill_area(c, 0.45, "#9d174d", 0.8),
                )
                for n, c in enumerate(_PALETTE)
            ],
            _name_label(9, 25_000, "#831843", bold=True, instead='"branch"'),
        ),
    ),
    "groups": (
        Look(
            "Party groups",
            "areas",
            [DrawRule("group 党小组", "", fill_area("#ffffff", 0, "#be185d", 0.4, "dash"))],
            Label('right("group", 3) || \'\\n\' || to_string("members")', 8, 8_000, "#9d174d"),
            50_000,
        ),
    ),
    "handovers": (
        Look(
            "hand-overs",
            "points",
            [DrawRule("hand-over 交接点", "", mark_point("diamond", "#0f766e", 3.0))],
            farthest=50_000,
        ),
    ),
    "subgrids": (
        Look("sub-grids", "areas", [*_BY_COLOUR, _EXCLUSIVE, _OPEN, _OTHER], _CODE_LABEL),
        Look("in band", "areas", [*_BY_BAND, _EXCLUSIVE, _OPEN, _OTHER], _CODE_LABEL),
    ),
    "grids": (
        Look(
            "grids",
            "areas",
            [DrawRule("grid 网格", "", fill_area("#ffffff", 0, "#6d28d9", 0.8))],
            Label('"grid" || \'\\n\' || to_string("households")', 9, 50_000, "#5b21b6", True),
        ),
    ),
    **_style_by_shape("barriers", "barriers", _BARRIERS, None, 0),
    **_style_by_shape(
        "special_grids",
        "special grids",
        _mark_everywhere("special grid 专项网格", "circle", "#0f766e", 2.0),
        _name_label(8, 25_000, "#115e59", instead='"special_grid"'),
        0,
    ),
    **_style_by_shape(
        "openings",
        "openings",
        _mark_everywhere("opening 通道", "diamond", "#2e8b57", 2.0),
        None,
        25_000,
    ),
    **_style_by_shape(
        "places",
        "places",
        _mark_everywhere("place 设施", "circle", "#1f6fb2", 2.6),
        _name_label(8, 8_000, "#1f4f7a"),
        50_000,
    ),
    **_style_by_shape(
        "institutions",
        "institutions",
        _mark_everywhere("institution 单位", "square", "#7a4fa3", 2.4),
        _name_label(8, 8_000, "#553772"),
        50_000,
    ),
}
