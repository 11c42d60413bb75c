"""A project of QGIS beside a plan: its layers in order, styled, with Chinese names of columns.

A GeoPackage holds styles, but neither the order of its layers nor which are
shown at first. The project, ``plan.qgs`` (QGIS 3.22 and later), names the
GeoPackage beside it, so that a plan folder can be moved.
"""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

from pyproj import CRS

from gridplan.storage.qgis_qml import QGIS_VERSION
from gridplan.storage.qgis_styles import make_styles
from gridplan.tables.schema import find_columns, read_schema
from gridplan.tables.words import say

# From the top down. What is not here has no shapes and comes last, in a group of its own.
ORDER = (
    *("centres", "service_posts", "institutions", "openings", "handovers"),
    *("special_grids", "places"),
    *(
        "stairwells",
        "communities",
        "grids",
        "groups",
        "branches",
        "subgrids",
        "barriers",
        "compounds",
    ),
    *("party_orgs", "streets", "buildings"),
)
SHAPES = ("points", "lines", "areas")  # ends of the names of layers of mixed tables
# Shown at first; the others are a click away.
SHOWN = {"centres", "communities", "grids", "subgrids", "barriers", "buildings"}
_GEOMETRY = {
    "POINT": "Point",
    "MULTIPOINT": "Point",
    "LINESTRING": "Line",
    "MULTILINESTRING": "Line",
    "POLYGON": "Polygon",
    "MULTIPOLYGON": "Polygon",
}
_MARGIN = 0.05  # of the land's extent, around it


def write_project(data: Path, crs: CRS) -> str:
    """Write the project of the GeoPackage ``data``, as XML.

    Returns
    -------
    The text of ``plan.qgs``, which goes beside ``data``.
    """
    with closing(sqlite3.connect(f"{data.resolve().as_uri()}?mode=ro", uri=True)) as database:
        kinds = dict(
            database.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns")
        )
        contents = database.execute(
            "SELECT table_name, data_type, min_x, min_y, max_x, max_y FROM gpkg_contents"
        ).fetchall()
    boxes = {name: box for name, _, *box in contents}
    spatial = sorted((name for name in kinds if _find_rank(name) >= 0), key=_find_rank)
    plain = sorted(name for name, kind, *_ in contents if kind == "attributes" and _is_table(name))
    root = ET.Element("qgis", projectname="gridplan", version=QGIS_VERSION)
    ET.SubElement(root, "title").text = "gridplan"
    _add_crs(ET.SubElement(root, "projectCrs"), crs)
    tree = ET.SubElement(root, "layer-tree-group")
    for name in spatial:
        _add_to_tree(tree, name, data.name, _find_table(name) in SHOWN)
    tables = ET.SubElement(
        tree, "layer-tree-group", name=_say_both("plan_note.tables"), checked="Qt::Checked"
    )
    tables.set("expanded", "0")
    for name in plain:
        _add_to_tree(tables, name, data.name, True)
    _add_canvas(root, boxes.get("communities"), crs)
    layers = ET.SubElement(root, "projectlayers")
    for name in (*spatial, *plain):
        layers.append(_make_layer(name, data.name, kinds.get(name), crs))
    order = ET.SubElement(root, "layerorder")
    for name in spatial:
        ET.SubElement(order, "layer", id=_name_id(name))
    properties = ET.SubElement(root, "properties")
    paths = ET.SubElement(properties, "Paths")
    ET.SubElement(paths, "Absolute", type="bool").text = "false"
    # Without it QGIS does not read the project's coordinate system.
    system = ET.SubElement(properties, "SpatialRefSys")
    ET.SubElement(system, "ProjectionsEnabled", type="int").text = "1"
    ET.indent(root)
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + ET.tostring(root, encoding="unicode") + "\n"


def _is_table(name: str) -> bool:
    return name in read_schema() or name == "manifest"


def _find_table(layer: str) -> str:
    """Find the table that a layer is kept in, which may be split by kind of shape."""
    stem, _, shape = layer.rpartition("_")
    return stem if shape in SHAPES and stem in read_schema() else layer


def _find_rank(layer: str) -> int:
    """Find the place of a layer from the top; -1 if it is none of the plan's."""
    table = _find_table(layer)
    if table != "centres" and table not in read_schema():
        return -1
    place = ORDER.index(table) if table in ORDER else len(ORDER)
    # Points lie over lines, and lines over areas.
    shape = layer.rpartition("_")[2]
    return place * len(SHAPES) + (SHAPES.index(shape) if table != layer else 0)


def _say_both(key: str) -> str:
    return f"{say(key)} {say(key, 'zh')}"


def _title_layer(layer: str) -> str:
    table = _find_table(layer)
    title = _say_both(f"plan_table.{table}")
    return title if table == layer else f"{title} ({layer.rpartition('_')[2]})"


def _name_id(layer: str) -> str:
    """Name a layer within the project; QGIS 3.22 gives ids of ten letters and fewer new ones."""
    return f"gridplan_{layer}"


def _point_to(layer: str, data: str) -> str:
    return f"./{data}|layername={layer}"


def _add_to_tree(tree: ET.Element, layer: str, data: str, is_shown: bool) -> None:
    leaf = ET.SubElement(tree, "layer-tree-layer", id=_name_id(layer), name=_title_layer(layer))
    leaf.set("source", _point_to(layer, data))
    leaf.set("providerKey", "ogr")
    leaf.set("checked", "Qt::Checked" if is_shown else "Qt::Unchecked")
    leaf.set("expanded", "0")


def _add_crs(parent: ET.Element, crs: CRS) -> None:
    system = ET.SubElement(parent, "spatialrefsys", nativeFormat="Wkt")
    ET.SubElement(system, "wkt").text = crs.to_wkt()
    authority = crs.to_authority()
    if authority:
        ET.SubElement(system, "authid").text = ":".join(authority)


def _add_canvas(root: ET.Element, box: list[float | None] | None, crs: CRS) -> None:
    """Add what the project shows when it is opened: all of the land."""
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    ET.SubElement(canvas, "units").text = "meters"
    if box is not None and None not in box:
        west, south, east, north = (float(value or 0.0) for value in box)
        rim = _MARGIN * max(east - west, north - south)
        extent = ET.SubElement(canvas, "extent")
        sides = {"xmin": west - rim, "ymin": south - rim, "xmax": east + rim, "ymax": north + rim}
        for name, value in sides.items():
            ET.SubElement(extent, name).text = repr(round(value, 3))
    _add_crs(ET.SubElement(canvas, "destinationsrs"), crs)


def _make_layer(name: str, data: str, kind: str | None, crs: CRS) -> ET.Element:
    """Make the entry of a layer, with its style where it has one."""
    styles = make_styles(name)
    # In a project the elements of a style stand in the layer itself.
    styled = ET.fromstring(styles[0].qml) if styles else ET.Element("qgis")
    layer = ET.Element("maplayer", {**styled.attrib, "type": "vector"})
    layer.attrib.pop("version", None)
    layer.set("geometry", _GEOMETRY.get(str(kind), "No geometry"))
    ET.SubElement(layer, "id").text = _name_id(name)
    ET.SubElement(layer, "datasource").text = _point_to(name, data)
    ET.SubElement(layer, "layername").text = _title_layer(name)
    ET.SubElement(layer, "provider", encoding="UTF-8").text = "ogr"
    if kind is not None:
        _add_crs(ET.SubElement(layer, "srs"), crs)
    layer.extend(styled)
    if styled.find("aliases") is None:
        names = ET.SubElement(layer, "aliases")
        columns = find_columns(name) if name in read_schema() else []
        for column in columns:
            if not column.is_geometry:
                ET.SubElement(names, "alias", field=column.name, name=f"{column.name} {column.zh}")
    return layer
