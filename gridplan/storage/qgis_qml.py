"""Symbols and labels of a layer as QML, the XML of QGIS 3.22 and later."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Shape = Literal["points", "lines", "areas"]

QGIS_VERSION = "3.22.0"
_SYMBOL_TYPE: Mapping[Shape, str] = {"points": "marker", "lines": "line", "areas": "fill"}
_SHAPE_NUMBER: Mapping[Shape, str] = {"points": "0", "lines": "1", "areas": "2"}
# QGIS's numbers: around the point, along the line, over the middle
_PLACEMENT: Mapping[Shape, str] = {"points": "0", "lines": "3", "areas": "1"}


@dataclass(frozen=True)
class SymbolPart:
    """One layer of a symbol: its class and its properties in QGIS's words."""

    kind: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class DrawRule:
    """What is drawn where a filter holds; an empty one always does, ELSE if no other does."""

    label: str
    where: str
    part: SymbolPart


@dataclass(frozen=True)
class Label:
    """What is written on a shape: an expression, size in points, smallest scale 1:``farthest``."""

    text: str
    size: int
    farthest: int
    colour: str = "#222222"
    bold: bool = False


@dataclass(frozen=True)
class Look:
    """All of one style; ``farthest`` is the smallest scale 1:n that shows it, 0 for always."""

    name: str
    shape: Shape
    rules: Sequence[DrawRule]
    label: Label | None = None
    farthest: int = 0


def write_colour(colour: str, opacity: float = 1.0) -> str:
    """Write a colour such as #ff8800 in QGIS's words: red, green, blue, opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def fill_area(
    colour: str, opacity: float, outline: str, width: float = 0.2, dash: str = "solid"
) -> SymbolPart:
    """Make the fill of an area, with its outline."""
    return SymbolPart(
        "SimpleFill",
        {
            "color": write_colour(colour, opacity),
            "style": "solid" if opacity else "no",
            "joinstyle": "round",
            "outline_color": write_colour(outline),
            "outline_style": dash,
            "outline_width": str(width),
            "outline_width_unit": "MM",
        },
    )


def draw_line(colour: str, width: float, dash: str = "solid") -> SymbolPart:
    """Make the stroke of a line."""
    return SymbolPart(
        "SimpleLine",
        {
            "line_color": write_colour(colour),
            "line_style": dash,
            "line_width": str(width),
            "line_width_unit": "MM",
            "capstyle": "round" if dash == "solid" else "flat",
            "joinstyle": "round",
        },
    )


def mark_point(form: str, colour: str, size: float, outline: str = "#ffffff") -> SymbolPart:
    """Make the marker of a point."""
    return SymbolPart(
        "SimpleMarker",
        {
            "name": form,
            "color": write_colour(colour),
            "size": str(size),
            "size_unit": "MM",
            "outline_color": write_colour(outline),
            "outline_style": "solid",
            "outline_width": "0.2",
            "outline_width_unit": "MM",
        },
    )


def write_qml(look: Look, aliases: Mapping[str, str]) -> str:
    """Write a style as the XML that QGIS reads, with the names it shows of a layer's columns."""
    categories = "Symbology|Labeling|Fields|Rendering"
    root = ET.Element("qgis", version=QGIS_VERSION, styleCategories=categories)
    root.set("labelsEnabled", "1" if look.label else "0")
    root.set("hasScaleBasedVisibilityFlag", "1" if look.farthest else "0")
    # QGIS's minScale is the largest denominator
    root.set("minScale", str(look.farthest or 100_000_000))
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
        # a rule and its symbol are joined by the number
        element = ET.SubElement(
            rules, "rule", key=f"rule{number}", symbol=str(number), label=rule.label
        )
        # without a filter a rule holds for every shape
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
    names = ET.SubElement(root, "aliases")
    for column, name in aliases.items():
        ET.SubElement(names, "alias", field=column, name=name)
    ET.SubElement(root, "blendMode").text = "0"
    ET.SubElement(root, "layerGeometryType").text = _SHAPE_NUMBER[look.shape]
    # one element a line, so that two styles can be compared
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _add_label(root: ET.Element, label: Label, shape: Shape) -> None:
    labeling = ET.SubElement(root, "labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    style = ET.SubElement(
        settings, "text-style", fieldName=label.text, isExpression="1", allowHtml="0"
    )
    style.set("fontSize", str(label.size))
    style.set("fontSizeUnit", "Point")
    style.set("forcedBold", "1" if label.bold else "0")
    style.set("textColor", write_colour(label.colour))
    style.set("textOpacity", "1")
    style.set("multilineHeight", "1")
    # a white edge, so that text can be read over buildings
    buffer = ET.SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferOpacity="0.8",
    )
    buffer.set("bufferColor", write_colour("#ffffff"))
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
