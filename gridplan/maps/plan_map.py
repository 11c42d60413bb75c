"""A plan drawn as a map: a folium map that needs no network and can be added to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from gridplan.coverage.shown_reach import choose_kind, has_reach, read_bands
from gridplan.maps.class_layers import add_class_layers
from gridplan.maps.legend import compose_config, list_reach_keys
from gridplan.maps.map_shapes import Sheet, compose_sheet
from gridplan.maps.page_elements import (
    make_layer_control,
    make_map,
    make_stage,
    make_statement,
    make_switch,
    put,
    seal,
)
from gridplan.maps.party_view import add_party
from gridplan.maps.reach_map import add_reach
from gridplan.maps.tiled_layers import add_tiled_layers
from gridplan.plan import Plan
from gridplan.publishing.place_and_date import choose_title
from gridplan.publishing.release_seal import require_release
from gridplan.tables.palette import choose_bands
from gridplan.tables.schema import Language
from gridplan.tables.words import say

if TYPE_CHECKING:
    import folium

# Up to so many a page of class layers, one path for each shape, stays below 1 MB and moves as
# smoothly as one of tiles. Measured in Chromium: with 434 sub-grids and 2,182 buildings 1.0 MB
# against 0.4, with 582 and 2,910 1.3 MB against 0.4 and a longest frame of 0.8 s against 0.3.
MOST_SUBGRIDS = 400
MOST_BUILDINGS = 2_000
OSM_TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
OSM_CREDIT = (
    '&copy; <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> contributors'
)


def draw_plan(
    plan: Plan,
    *,
    lang: Language = "en",
    layers: Literal["auto", "classes", "tiles"] = "auto",
    base_map: bool = False,
    title: str | None = None,
    reach: str | None = None,
) -> folium.Map:
    """Draw a plan alone; the parameters are those of :func:`gridplan.draw_map`."""
    check_choices(lang, layers)
    # Whoever draws a release may hand the page out: it is checked again.
    if plan.is_release:
        require_release(plan)
    is_reached = has_reach(plan)
    # A kind that was asked for is refused here if its reach was not measured.
    kind = choose_kind(plan, reach) if is_reached or reach is not None else ""
    sheet = add_party(plan, compose_sheet(plan, lang), lang)
    tiled = choose_tiles(plan, layers)
    heading = choose_title(plan, lang) if title is None else title
    config = compose_config(plan, sheet, lang, heading, base_map)
    if is_reached:
        config |= _compose_reach(plan, config, lang)
    # Tiles carry the figures in their pack, since a city's are many megabytes.
    if not tiled:
        config |= {"records": sheet.records, "communities": sheet.community_records}
    plan_map = open_map(config, sheet, lang, base_map)
    put(plan_map, make_stage(config, tiled, ("reach.js", "reach_panel.js") if is_reached else ()))
    add_views(
        plan_map,
        lang,
        ("colours", "households", "band", *_list_views(sheet), *(("reach",) if is_reached else ())),
        "colours" if reach is None else "reach",
    )
    if tiled:
        add_tiled_layers(plan_map, sheet, lang)
    else:
        add_class_layers(plan_map, sheet, lang)
    if is_reached:
        add_reach(plan_map, plan, lang, kind)
    if "hosts" in sheet.records:
        put(plan_map, make_switch(say("hosts", lang), 'makeMarks("hosts")'))
    finish_map(plan_map, lang, tiled)
    return plan_map


def check_choices(lang: str, layers: str) -> None:
    """Refuse a language or a kind of layers that no map has."""
    if lang not in ("en", "zh"):
        raise ValueError(f'lang must be "en" or "zh", not {lang!r}')
    if layers not in ("auto", "classes", "tiles"):
        raise ValueError(f'layers must be "auto", "classes" or "tiles", not {layers!r}')


def choose_tiles(plan: Plan, layers: str) -> bool:
    """Whether a plan is shown by tiled layers: if asked for, or if it is too large for classes."""
    is_small = len(plan.subgrids) <= MOST_SUBGRIDS and len(plan.site.buildings) <= MOST_BUILDINGS
    return layers == "tiles" or (layers == "auto" and not is_small)


def open_map(config: dict[str, Any], sheet: Sheet, lang: Language, base_map: bool) -> folium.Map:
    """Make the empty map; its name comes from what it shows, so that two on one page differ."""
    import folium

    # folium's own names are random, and would make every page differ.
    stamp = hashlib.sha256(json.dumps([config, sheet.records["code"]]).encode()).hexdigest()[:8]
    west, south, east, north = sheet.bounds
    options = {"zoom_start": 12, "max_zoom": 20, "zoom_snap": 0.5, "wheel_px_per_zoom_level": 90}
    middle = ((south + north) / 2, (west + east) / 2)
    plan_map = make_map(
        config["title"],
        "zh-CN" if lang == "zh" else "en",
        stamp,
        base_map,
        location=middle,
        **options,
    )
    if base_map:
        name = say("base_map", lang)
        put(
            plan_map,
            folium.TileLayer(
                OSM_TILES, attr=OSM_CREDIT, name=name, overlay=True, max_zoom=20, max_native_zoom=19
            ),
        )
    return plan_map


def _compose_reach(plan: Plan, config: dict[str, Any], lang: Language) -> dict[str, Any]:
    """Compose what the page needs to know to colour by minutes on foot."""
    bands = read_bands(plan)
    streets, fills = choose_bands(len(bands))
    return {
        "keys": config["keys"] | {"reach": list_reach_keys(bands, lang)},
        "reach": {"streets": streets, "fills": fills},
    }


def _list_views(sheet: Sheet) -> tuple[str, ...]:
    """List the views of chances, where households are estimates, and of branches, if any."""
    return tuple(view for view in ("chance", "branch") if view in sheet.records)


def add_views(plan_map: folium.Map, lang: Language, views: Iterable[str], shown: str) -> None:
    """Add the ways to colour the sub-grids, of which one is shown at first."""
    for view in views:
        name = say(f"view_{view}", lang)
        put(plan_map, make_switch(name, f'makeView("{view}")', overlay=False, show=view == shown))


def finish_map(plan_map: folium.Map, lang: Language, tiled: bool) -> None:
    """Add what both kinds of page have on top: centres, labels and the layer control."""
    put(plan_map, make_switch(say("centres", lang), 'makeMarks("centres")'))
    put(plan_map, make_switch(say("codes", lang), 'makeMarks("labels")'))
    put(plan_map, make_layer_control())
    # A tiled page is ready when its pack is read, which its own script reports.
    if not tiled:
        put(plan_map, make_statement("ready()"))
    seal(plan_map)
