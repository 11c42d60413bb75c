"""How the shapes of a map are drawn on a page: the house's colours in Leaflet's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.tables.palette import HOMES, INK

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
