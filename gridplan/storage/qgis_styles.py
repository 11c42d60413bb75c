"""QGIS styles of a plan's layers, so that a plan opens coloured and labelled.

A style is QML, the XML in which QGIS (3.22 and later) keeps symbols and
labels. It is drawn by rules that look at a layer's own columns only, so it
holds whatever the layer is called in the project and whatever is edited.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Shape = Literal["points", "lines", "areas"]

QGIS_VERSION = "3.22.0"
# colours that sub-grids take in turn; codes run from west to east, so
# neighbours mostly differ
COLOURS = 6
_PALETTE = ("#59a89c", "#f0a573", "#8aa1d1", "#d992c2", "#9ccb6b", "#efcb5a")
_SYMBOL_TYPE: Mapping[Shape, str] = {"points": "marker", "lines": "line", "areas": "fill"}
_SHAPE_NUMBER: Mapping[Shape, str] = {"points": "0", "lines": "1", "areas": "2"}
_PLACEMENT: Mapping[Shape, str] = {
    "points": "0",
    "lines": "3",
    "areas": "1",
}  # around the point, along the line, over the middle


@dataclass(frozen=True)
class Style:
    """One style of one layer: its name, its QML, and whether QGIS takes it without being asked."""

    layer: str
    name: str
    qml: str
    default: bool


@dataclass(frozen=True)
class _Part:
    """One layer of a symbol: its class and its properties in QGIS's words."""

    kind: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class _Rule:
    """What is drawn where a filter holds; an empty filter always holds, ELSE where no other rule does."""

    label: str
    where: str
    part: _Part


@dataclass(frozen=True)
class _Label:
    """What is written on a shape: an expression, its size in points, and the smallest scale 1:``farthest`` it is shown at."""

    text: str
    size: int
    farthest: int
    colour: str = "#222222"
    bold: bool = False


@dataclass(frozen=True)
class _Look:
    """All that makes one style; ``farthest`` is the smallest scale 1:n at which the layer is shown, 0 for always."""

    name: str
    shape: Shape
    rules: Sequence[_Rule]
    label: _Label | None = None
    farthest: int = 0


def make_styles(layer: str) -> tuple[Style, ...]:
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
    return tuple(
        Style(layer, look.name, _write_qml(look), number == 0) for number, look in enumerate(looks)
    )


def _paint(colour: str, opacity: float = 1.0) -> str:
    """Write a colour such as #ff8800 in QGIS's words: red, green, blue, opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _fill(
    colour: str, opacity: float, outline: str, width: float = 0.2, dash: str = "solid"
) -> _Part:
    return _Part(
        "SimpleFill",
        {
            "color": _paint(colour, opacity),
            "style": "solid" if opacity else "no",
            "joinstyle": "round",
            "outline_color": _paint(outline),
            "outline_style": dash,
            "outline_width": str(width),
            "outline_width_unit": "MM",
        },
    )


def _line(colour: str, width: float, dash: str = "solid") -> _Part:
    return _Part(
        "SimpleLine",
        {
            "line_color": _paint(colour),
            "line_style": dash,
            "line_width": str(width),
            "line_width_unit": "MM",
            "capstyle": "round" if dash == "solid" else "flat",
            "joinstyle": "round",
        },
    )


def _mark(form: str, colour: str, size: float, outline: str = "#ffffff") -> _Part:
    return _Part(
        "SimpleMarker",
        {
            "name": form,
            "color": _paint(colour),
            "size": str(size),
            "size_unit": "MM",
            "outline_color": _paint(outline),
            "outline_style": "solid",
            "outline_width": "0.2",
            "outline_width_unit": "MM",
        },
    )


def _write_qml(look: _Look) -> str:
    """Write a style as the XML that QGIS reads."""
    root = ET.Element("qgis", version=QGIS_VERSION, styleCategories="Symbology|Labeling|Rendering")
    root.set("labelsEnabled", "1" if look.label else "0")
    root.set("hasScaleBasedVisibilityFlag", "1" if look.farthest else "0")
    root.set(
        "minScale", str(look.farthest or 100_000_000)
    )  # QGIS's minScale is the largest denominator
    root.set("maxScale", "0")
    renderer = ET.SubElement(
        root,
        "renderer-v2",
        type="RuleRenderer",
        symbollevels="0",
        enableorderby="0",
        forceraster="0",
    )
    rules = ET.SubElement(renderer, "rules", key="rules")
    symbols = ET.SubElement(renderer, "symbols")
    for number, rule in enumerate(look.rules):
        element = ET.SubElement(
            rules, "rule", key=f"rule{number}", symbol=str(number), label=rule.label
        )
        if rule.where:
            element.set("filter", rule.where)
        symbol = ET.SubElement(
            symbols, "symbol", type=_SYMBOL_TYPE[look.shape], name=str(number), alpha="1"
        )
        symbol.set("clip_to_extent", "1")
        symbol.set("force_rhr", "0")
        layer = ET.SubElement(
            symbol, "layer", {"class": rule.part.kind, "enabled": "1", "locked": "0", "pass": "0"}
        )
        options = ET.SubElement(layer, "Option", type="Map")
        for name, value in rule.part.properties.items():
            ET.SubElement(options, "Option", type="QString", name=name, value=value)
    if look.label:
        _add_label(root, look.label, look.shape)
    ET.SubElement(root, "blendMode").text = "0"
    ET.SubElement(root, "layerGeometryType").text = _SHAPE_NUMBER[look.shape]
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _add_label(root: ET.Element, label: _Label, shape: Shape) -> None:
    labeling = ET.SubElement(root, "labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    style = ET.SubElement(
        settings, "text-style", fieldName=label.text, isExpression="1", allowHtml="0"
    )
    style.set("fontSize", str(label.size))
    style.set("fontSizeUnit", "Point")
    style.set("forcedBold", "1" if label.bold else "0")
    style.set("textColor", _paint(label.colour))
    style.set("textOpacity", "1")
    style.set("multilineHeight", "1")
    buffer = ET.SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferOpacity="0.8",
    )
    buffer.set("bufferColor", _paint("#ffffff"))
    ET.SubElement(settings, "text-format", multilineAlign="1", wrapChar="")
    placement = ET.SubElement(
        settings, "placement", placement=_PLACEMENT[shape], placementFlags="10", priority="5"
    )
    placement.set("centroidInside", "1")
    placement.set("dist", "1" if shape == "points" else "0")
    placement.set("distUnits", "MM")
    rendering = ET.SubElement(
        settings, "rendering", drawLabels="1", scaleVisibility="1", scaleMin="1", obstacle="1"
    )
    rendering.set("scaleMax", str(label.farthest))


_NAME = "coalesce(\"name\", '')"


def _name_label(
    size: int, farthest: int, colour: str, bold: bool = False, instead: str = "''"
) -> _Label:
    return _Label(f"if({_NAME} <> '', \"name\", {instead})", size, farthest, colour, bold)


_CODE_LABEL = _Label('"subgrid" || \'\\n\' || to_string("households")', 8, 15_000)
_LIVED_IN = "\"kind\" = 'residential'"
_EXCLUSIVE = _Rule(
    "exclusive grid 专属网格", "\"kind\" = 'exclusive'", _fill("#b0b0b0", 0.45, "#555555", 0.4)
)
_OTHER = _Rule("other sub-grid 其他子网格", "ELSE", _fill("#e8e8e8", 0.45, "#444444", 0.4))
_BY_COLOUR = [
    _Rule(
        f"sub-grid 子网格 {n + 1}",
        f'{_LIVED_IN} AND to_int(right("subgrid", 3)) % {COLOURS} = {n}',
        _fill(c, 0.45, "#444444", 0.4),
    )
    for n, c in enumerate(_PALETTE)
]
_BY_BAND = [
    _Rule("in band 达标", f'{_LIVED_IN} AND "in_band"', _fill("#4d9d6a", 0.45, "#2c5e3f", 0.4)),
    _Rule(
        "too many households 户数过多",
        f'{_LIVED_IN} AND NOT "in_band" AND "households" > "high"',
        _fill("#c8453c", 0.55, "#6e1f1a", 0.6),
    ),
    _Rule(
        "too few households 户数过少",
        f'{_LIVED_IN} AND NOT "in_band" AND "households" < "low"',
        _fill("#e6a23c", 0.55, "#7a5310", 0.6),
    ),
]

_WATER = "\"kind\" IN ('river', 'lake', 'pond', 'stream', 'canal', 'water', 'ditch', 'drain', 'reservoir')"
_RAIL = "\"kind\" IN ('railway', 'rail')"
_ROAD = "\"kind\" IN ('motorway', 'main_road', 'trunk', 'primary')"
_BARRIERS: Mapping[Shape, Sequence[_Rule]] = {
    "lines": [
        _Rule("water 水体", _WATER, _line("#3f7fbf", 0.7)),
        _Rule("railway 铁路", _RAIL, _line("#111111", 0.8, "dash")),
        _Rule("main road 主干道", _ROAD, _line("#8a4b2a", 0.8)),
        _Rule("other barrier 其他屏障", "ELSE", _line("#333333", 0.5)),
    ],
    "areas": [
        _Rule("water 水体", _WATER, _fill("#9cc4e4", 0.8, "#3f7fbf")),
        _Rule("railway 铁路", _RAIL, _fill("#777777", 0.6, "#111111")),
        _Rule("other barrier 其他屏障", "ELSE", _fill("#999999", 0.6, "#333333")),
    ],
    "points": [_Rule("barrier 屏障", "", _mark("square", "#333333", 1.6))],
}


def _mark_everywhere(
    title: str, form: str, colour: str, size: float
) -> Mapping[Shape, Sequence[_Rule]]:
    """Draw a thing in one colour, whether it is a point, a line or an area."""
    return {
        "points": [_Rule(title, "", _mark(form, colour, size))],
        "lines": [_Rule(title, "", _line(colour, 0.9))],
        "areas": [_Rule(title, "", _fill(colour, 0.5, colour))],
    }


def _spread(
    table: str,
    name: str,
    rules: Mapping[Shape, Sequence[_Rule]],
    label: _Label | None,
    farthest: int,
) -> dict[str, tuple[_Look, ...]]:
    return {
        f"{table}_{shape}": (_Look(name, shape, own, label, farthest),)
        for shape, own in rules.items()
    }


_LOOKS: Mapping[str, tuple[_Look, ...]] = {
    "communities": (
        _Look(
            "communities",
            "areas",
            [_Rule("community 社区", "", _fill("#ffffff", 0, "#5b2a86", 1.0, "dash"))],
            _name_label(11, 200_000, "#5b2a86", bold=True, instead='"community"'),
        ),
    ),
    "compounds": (
        _Look(
            "compounds",
            "areas",
            [_Rule("compound 小区", "", _fill("#ffffff", 0, "#a0703c", 0.4, "dot"))],
            _name_label(8, 8_000, "#7a5228"),
            50_000,
        ),
    ),
    "buildings": (
        _Look(
            "buildings",
            "areas",
            [
                _Rule("homes 住宅", '"households" > 0', _fill("#8c8c8c", 1, "#5f5f5f", 0.1)),
                _Rule("other buildings 其他建筑", "ELSE", _fill("#d3d3d3", 1, "#a8a8a8", 0.1)),
            ],
            farthest=50_000,
        ),
    ),
    "streets": (
        _Look(
            "streets",
            "lines",
            [_Rule("street 道路", "", _line("#cfc8b8", 0.3))],
            _name_label(7, 5_000, "#6b6455"),
            100_000,
        ),
    ),
    "stairwells": (
        _Look(
            "doors",
            "points",
            [_Rule("door 单元", "", _mark("circle", "#2b2b2b", 1.0))],
            farthest=10_000,
        ),
    ),
    "centres": (
        _Look(
            "centres",
            "points",
            [_Rule("centre 中心户", "", _mark("star", "#c0182a", 3.6))],
            farthest=50_000,
        ),
    ),
    "subgrids": (
        _Look("sub-grids", "areas", [*_BY_COLOUR, _EXCLUSIVE, _OTHER], _CODE_LABEL),
        _Look("in band", "areas", [*_BY_BAND, _EXCLUSIVE, _OTHER], _CODE_LABEL),
    ),
    "grids": (
        _Look(
            "grids",
            "areas",
            [_Rule("grid 网格", "", _fill("#ffffff", 0, "#6d28d9", 0.8))],
            _Label('"grid" || \'\\n\' || to_string("households")', 9, 50_000, "#5b21b6", True),
        ),
    ),
    **_spread("barriers", "barriers", _BARRIERS, None, 0),
    **_spread(
        "special_grids",
        "special grids",
        _mark_everywhere("special grid 专项网格", "circle", "#0f766e", 2.0),
        _name_label(8, 25_000, "#115e59", instead='"special_grid"'),
        0,
    ),
    **_spread(
        "openings",
        "openings",
        _mark_everywhere("opening 通道", "diamond", "#2e8b57", 2.0),
        None,
        25_000,
    ),
    **_spread(
        "places",
        "places",
        _mark_everywhere("place 设施", "circle", "#1f6fb2", 2.6),
        _name_label(8, 8_000, "#1f4f7a"),
        50_000,
    ),
    **_spread(
        "institutions",
        "institutions",
        _mark_everywhere("institution 单位", "square", "#7a4fa3", 2.4),
        _name_label(8, 8_000, "#553772"),
        50_000,
    ),
}
