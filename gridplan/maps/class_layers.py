"""Class layers: one GeoJson layer of folium's per colour, for plans of some thousand sub-grids.

Each layer has one constant style, which whoever draws the plan can change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Shapes
from gridplan.maps.colours import STYLES
from gridplan.maps.map_shapes import Sheet
from gridplan.maps.page_elements import make_statement, part_braces, put
from gridplan.tables.palette import EXCLUSIVE, OPEN_LAND, TONES
from gridplan.tables.schema import Language
from gridplan.tables.words import say

# The kinds of geometry by GEOS's numbers, and what gathers several of a kind into one shape.
GATHERED: Mapping[int, Callable[..., Any]] = {
    3: shapely.multipolygons,
    1: shapely.multilinestrings,
    0: shapely.multipoints,
}


def add_class_layers(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    """Add the shapes of a plan to its map, as layers that the layer control switches."""
    _add_subgrids(plan_map, sheet, lang)
    _add_out_of_band(plan_map, sheet, lang)
    _add_others(plan_map, sheet, lang)
    group = _add_group(plan_map, say("communities", lang))
    _add_shapes(
        plan_map,
        group,
        _make_features(sheet.communities),
        "limit",
        "limits",
        "seeLimit",
        smooth_factor=0,
    )
    _add_buildings(plan_map, sheet, lang)
    _add_streets(plan_map, sheet, lang)
    _add_barriers(plan_map, sheet, lang)
    _add_veil(plan_map, sheet)


def _add_subgrids(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    group = _add_group(plan_map, say("subgrids", lang))
    # The page draws the outlines itself; they come and go with this group.
    put(plan_map, make_statement(f"tie({group.get_name()})"))
    tones = np.array(sheet.records["tone"], dtype=int)
    unlived = np.array(sheet.records["exclusive"], dtype=int)
    # Two more classes than tones: exclusive grids and open land.
    tones = np.where(unlived > 0, len(TONES) - 1 + unlived, tones)
    for tone, colour in enumerate((*TONES, EXCLUSIVE, OPEN_LAND)):
        rows = np.flatnonzero(tones == tone)
        features = _make_features(sheet.subgrids[rows], ({"i": int(row)} for row in rows))
        _add_shapes(
            plan_map,
            group,
            features,
            "subgrid",
            "fills",
            "seeSubgrid",
            {"fillColor": colour},
            smooth_factor=0,  # Leaflet would smooth each outline alone, and borders would gape
        )


def _add_out_of_band(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    group = _add_group(plan_map, say("out", lang))
    out = ~(
        np.array(sheet.records["in_band"], dtype=bool)
        | np.array(sheet.records["exclusive"], dtype=bool)
    )
    _add_shapes(plan_map, group, _make_features(sheet.subgrids[out]), "out", "out", smooth_factor=0)


def _add_others(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    """Add special grids and the upper layer if the plan has them."""
    if len(sheet.specials):
        group = _add_group(plan_map, say("specials", lang))
        _add_shapes(
            plan_map,
            group,
            _make_features(_gather(sheet.specials)),
            "special",
            "specials",
            "seeLine",
        )
    if sheet.party:
        group = _add_group(plan_map, say("party", lang))
        for level in ("group", "branch"):
            features = _make_features(sheet.party[level])
            _add_shapes(plan_map, group, features, level, "party", smooth_factor=0)
    for name, shapes in sheet.compounds.items():
        group = _add_group(plan_map, say(name, lang), show=False)
        _add_shapes(plan_map, group, _make_features(shapes), name, "grids", smooth_factor=0)
    if len(sheet.grids):
        _add_shapes(
            plan_map,
            _add_group(plan_map, say("grids", lang)),
            _make_features(sheet.grids),
            "grid",
            "grids",
            smooth_factor=0,
        )


def _add_streets(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    group = _add_group(plan_map, say("streets", lang))
    # Wide streets come last, so that they lie over the narrow ones.
    for family in ("path", "minor", "major"):
        lines = sheet.streets.get(family, np.array([], dtype=object))
        _add_shapes(
            plan_map,
            group,
            _make_features(_gather(lines)),
            f"street_{family}",
            "streets",
            "seeLine",
        )


def _add_veil(plan_map: Any, sheet: Sheet) -> None:
    """Lay a veil over the land outside the plan, so that its streets and barriers are faint."""
    import folium

    land = sheet.communities
    land = land[~(shapely.is_missing(land) | shapely.is_empty(land))]
    if not len(land):
        return
    west, south, east, north = sheet.bounds
    # As wide as the plan on every side, which is farther than streets are shown.
    margin = max(east - west, north - south)
    frame = shapely.box(west - margin, south - margin, east + margin, north + margin)
    # On a grid of decimetres, as corners are rounded to it.
    inside = shapely.union_all(shapely.make_valid(land), grid_size=1e-6)
    outside = np.array([shapely.difference(frame, inside)])
    group = put(plan_map, folium.FeatureGroup(control=False))
    _add_shapes(plan_map, group, _make_features(outside), "veil", "veil", smooth_factor=0)


def _add_barriers(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    import folium
    from folium.utilities import JsCode

    group = _add_group(plan_map, say("barriers", lang))
    for family, shapes in sheet.barriers.items():
        _add_shapes(plan_map, group, _make_features(_gather(shapes)), family, "barriers", "seeLine")
    ring: Any = folium.CircleMarker(radius=STYLES["opening"]["radius"])
    ring.options |= {
        "renderer": JsCode(f"{plan_map.get_name()}.gridplan.renderers.openings"),
        "interactive": False,
    }
    _add_shapes(plan_map, group, _make_features(sheet.openings), "opening", "openings", marker=ring)


def _add_buildings(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    group = _add_group(plan_map, say("buildings", lang))
    # Homes lie over the other buildings.
    both = (
        ("other_building", sheet.other_buildings, sheet.other_names, sheet.other_codes),
        ("home", sheet.homes, sheet.home_names, sheet.home_codes),
    )
    for style, shapes, plain_names, plain_codes in both:
        names = [part_braces(name) for name in plain_names]
        codes = [part_braces(code) for code in plain_codes]
        named = np.array([name != "" for name in names], dtype=bool)
        # Those without a name are one path; the page knows the code of each of its parts.
        part_codes = _list_part_codes(shapes[~named], np.array(codes, dtype=object)[~named])
        features = _make_features(_gather(shapes[~named]), part_codes)
        features += _make_features(
            shapes[named],
            ({"n": n, "c": [c]} for n, c in zip(names, codes, strict=True) if n),
        )
        _add_shapes(plan_map, group, features, style, "buildings", "seeBuilding")


def _list_part_codes(shapes: Shapes, codes: Any) -> Iterator[dict[str, Any]]:
    """List the codes of the parts of each gathered shape, in the order of ``_gather``."""
    parts, rows = shapely.get_parts(shapes, return_index=True)
    kinds = shapely.get_type_id(parts)
    for kind in GATHERED:
        if (kinds == kind).any():
            yield {"c": codes[rows[kinds == kind]].tolist()}


def _add_group(plan_map: Any, name: str, show: bool = True) -> Any:
    import folium

    return put(plan_map, folium.FeatureGroup(name=name, show=show))


def _add_shapes(
    plan_map: Any,
    group: Any,
    features: list[dict[str, Any]],
    style: str,
    pane: str,
    see: str = "",
    more: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Add features to a group of layers, all in one style, drawn in one of the page's panes."""
    import folium
    from folium.utilities import JsCode

    if not features:
        return
    constant = dict(STYLES[style]) | dict(more or {})
    stage = f"{plan_map.get_name()}.gridplan"
    layer = folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=lambda feature: constant,
        on_each_feature=JsCode(f"(feature, path) => {stage}.{see}(feature, path)") if see else None,
        renderer=JsCode(f"{stage}.renderers.{pane}"),
        # The page itself finds what is under the pointer, whichever pane is on top.
        interactive=False,
        control=False,
        **options,
    )
    put(plan_map, layer, group)


def _gather(shapes: Shapes) -> Shapes:
    """Gather shapes that nobody asks about one by one into one shape for each kind of geometry."""
    parts = shapely.get_parts(shapes)
    kinds = shapely.get_type_id(parts)
    gathered = []
    for kind, gather in GATHERED.items():
        if (kinds == kind).any():
            gathered.append(gather(parts[kinds == kind]))
    return np.array(gathered, dtype=object)


def _make_features(
    shapes: Shapes, properties: Iterable[Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Make GeoJSON features; shapes that are missing or empty are left out."""
    # RFC 7946 wants outer rings counter-clockwise.
    texts = shapely.to_geojson(shapely.orient_polygons(shapes))
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    given_properties = properties if properties is not None else ({} for _ in shapes)
    rows = zip(texts, given_properties, drawn, strict=True)
    return [
        {"type": "Feature", "properties": dict(p), "geometry": json.loads(t)}
        for t, p, keep in rows
        if keep
    ]
