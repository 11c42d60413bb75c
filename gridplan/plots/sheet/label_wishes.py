"""Which labels a map wants: names of communities and streets, captions, codes of sub-grids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridplan.arrays import Shapes
from gridplan.plan import Plan
from gridplan.plots.sheet.ground import find_withheld
from gridplan.plots.sheet.labels import Board, Placed, Wish, place_along, place_labels
from gridplan.plots.sheet.request import (
    SheetRequest,
    find_home,
    join_subdistricts,
    list_chosen,
)
from gridplan.plots.sheet.texts import Typeface
from gridplan.plots.sheet.view import View
from gridplan.plots.sheet.window import Window
from gridplan.tables.palette import PRINT_INK

CODE_SIZE = 6.6  # points
STREET_SIZE = 6.0
CAPTION_SIZE = 7.0
SIGN = 1.9  # mm of half the width of a sign with a number
COMMUNITY_SIZE = 10.0
NEIGHBOUR_SIZE = 8.0
MANY = 40  # communities above which a map of the whole names subdistricts
SMALLEST = 7_500  # the smallest scale at which sub-grids of several communities are labelled


@dataclass
class Wishes:
    """Labels placed already, those of areas still to be placed, and how each is drawn."""

    look: dict[str, Any]
    size: float = 1.0
    looks: dict[str, dict[str, Any]] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    wanted: int = 0
    codes: list[Wish] = field(default_factory=list)


def wish_labels(
    plan: Plan, view: View, request: SheetRequest, window: Window, type_: Typeface, board: Board
) -> Wishes:
    """Place the names that come first, and list the codes of sub-grids that come after them."""
    code_look = {"style": type_.style(_size_code(request)), "colour": "#111827", "halo": "#ffffff"}
    wishes = Wishes(code_look, request.size)
    _place_communities(plan, request, window, type_, board, wishes)
    # Of hundreds of communities the colours say more than a figure on one in four.
    if list_chosen(plan, request) or len(plan.site.communities) <= MANY:
        _place_captions(view, window, type_, board, wishes, request.size)
    _place_streets(plan, request, window, type_, board, wishes)
    if view.has_codes:
        wishes.codes = _wish_codes(plan, request, window, type_)
    return wishes


def _size_code(request: SheetRequest) -> float:
    """Return the points of a code: a little larger on a wall map, where many must fit still."""
    return CODE_SIZE * min(request.size, 1.25)


def _place_areas(
    wants: list[Wish], look: dict[str, Any], board: Board, wishes: Wishes, counted: bool = True
) -> None:
    """Place labels of areas now, and note how they are drawn."""
    placed, out = place_labels(wants, board)
    wishes.placed += placed
    wishes.looks |= {label.key: look for label in placed}
    if counted:
        wishes.wanted += len(wants)
        wishes.left_out += out


def _place_communities(
    plan: Plan,
    request: SheetRequest,
    window: Window,
    type_: Typeface,
    board: Board,
    wishes: Wishes,
) -> None:
    """Name the communities shown where there are several, and the neighbours of those shown."""
    table = plan.site.communities.sort_index()
    table = table[(table["name"] != "").to_numpy()]
    chosen = list_chosen(plan, request)
    shown = table[table.index.isin(chosen)] if chosen else table
    if not chosen and len(shown) > MANY:
        shown = _name_subdistricts(plan, shown)
    if len(shown) > 1:
        _name_lands(shown, COMMUNITY_SIZE, PRINT_INK["limit"], True, window, type_, board, wishes)
    if chosen:
        others = table[~table.index.isin(chosen)]
        _name_lands(others, NEIGHBOUR_SIZE, "#6b7280", False, window, type_, board, wishes)


def _name_subdistricts(plan: Plan, communities: Any) -> Any:
    """Name subdistricts in place of communities, where there are several with names."""
    named = [(name, land) for name, land in join_subdistricts(plan) if name]
    if len(named) < 2:
        return communities
    names, lands = zip(*named, strict=True)
    return gpd.GeoDataFrame(
        {"name": list(names)}, geometry=list(lands), index=list(names), crs=communities.crs
    )


def _name_lands(
    table: Any,
    points: float,
    colour: str,
    counted: bool,
    window: Window,
    type_: Typeface,
    board: Board,
    wishes: Wishes,
) -> None:
    """Name communities on their land, in points as on A4."""
    size = points * wishes.size
    land = shapely.intersection(table.geometry.to_numpy(), window.box)
    wants = []
    for code, name, shape in zip(table.index, table["name"], land, strict=True):
        # A sliver at the edge of the sheet is no land that a name could stand on.
        if shapely.area(shape) * (1000 / window.scale) ** 2 < 60:
            continue
        width, height = type_.measure(name, size, bold=True)
        paper = window.to_paper(np.array([shape], dtype=object))[0]
        wants.append(Wish(f"community {code}", str(name), width, height, paper))
    look = {
        "style": type_.style(size, bold=True),
        "colour": colour,
        "halo": "#ffffff",
        "order": 10.5,
    }
    _place_areas(wants, look, board, wishes, counted)


def _place_captions(
    view: View, window: Window, type_: Typeface, board: Board, wishes: Wishes, size: float
) -> None:
    """Place the captions of a view near their points."""
    by_colour: dict[str, list[Wish]] = {}
    for n, caption in enumerate(view.captions):
        shown = shapely.intersection(caption.land, window.box)
        if shapely.is_empty(shown):
            continue
        land = window.to_paper(np.array([shown], dtype=object))[0]
        width, height = type_.measure(caption.text, CAPTION_SIZE * size, bold=True)
        sign = SIGN if shapely.get_type_id(land) == 0 else 0.0
        wish = Wish(f"caption {n:04d}", caption.text, width, height, land, sign)
        by_colour.setdefault(caption.colour, []).append(wish)
    for colour, wants in by_colour.items():
        style = type_.style(CAPTION_SIZE * size, bold=True)
        look = {"style": style, "colour": colour, "halo": "#ffffff", "order": 10.5}
        _place_areas(wants, look, board, wishes)


def _place_streets(
    plan: Plan,
    request: SheetRequest,
    window: Window,
    type_: Typeface,
    board: Board,
    wishes: Wishes,
) -> None:
    """Name streets and rivers once each, along their longest straight piece in the frame."""
    site = plan.site
    # On the land outside a community its own labels do not stand.
    land = window.box
    size = STREET_SIZE * request.size
    home = find_home(plan, request)
    if home is not None:
        land = shapely.intersection(land, shapely.buffer(home, 12.0))
    for table, ink in ((site.streets, "#57534e"), (site.barriers, "#1d4e79")):
        look = {"style": type_.style(size), "colour": ink, "halo": "#ffffff"}
        named = table[(table["name"] != "").to_numpy()]
        for name, rows in named.groupby("name", sort=True):
            shapes = shapely.intersection(rows.sort_index().geometry.to_numpy(), land)
            lines = _find_courses(shapes)
            if not len(lines):
                continue
            width, height = type_.measure(str(name), size)
            wish = Wish(f"street {name}", str(name), width, height, None)
            spot = place_along(wish, window.to_paper(lines), board)
            if spot is not None:
                wishes.placed.append(spot)
                wishes.looks[spot.key] = look


def _find_courses(shapes: Shapes) -> Shapes:
    """Find the lines along which a name may run: lines themselves, the long axis of areas."""
    parts = shapely.get_parts(shapes[~shapely.is_empty(shapes)])
    kinds = shapely.get_type_id(parts)
    lines = list(parts[np.isin(kinds, (1, 2))])
    for area in parts[kinds == 3]:
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area))
        if len(corners) < 5:
            continue
        a, b = corners[1] - corners[0], corners[2] - corners[1]
        along = a if np.hypot(*a) >= np.hypot(*b) else b
        middle = shapely.get_coordinates(shapely.point_on_surface(area))[0]
        axis = shapely.LineString([middle - along / 2, middle + along / 2])
        inside = shapely.get_parts(shapely.intersection(axis, area))
        lines += [line for line in inside if shapely.get_type_id(line) == 1]
    return np.array(lines, dtype=object)


def has_room(plan: Plan, request: SheetRequest, scale: float) -> bool:
    """Whether sub-grids are labelled at a scale: those of several communities at larger ones."""
    chosen = list_chosen(plan, request) or plan.subgrids["community"].unique()
    single = len(chosen) <= 1
    return single or scale <= SMALLEST


def _wish_codes(plan: Plan, request: SheetRequest, window: Window, type_: Typeface) -> list[Wish]:
    """List the codes of the sub-grids shown: what follows the community's code, which is unique."""
    table = plan.subgrids[~find_withheld(plan)]
    if not has_room(plan, request, window.scale):
        return []
    chosen = list_chosen(plan, request)
    if chosen:
        table = table[table["community"].isin(chosen)]
    # Open land is looked after by a sub-grid beside it and needs no code on paper.
    table = table[table["kind"] != "open"].sort_index()
    shapes = table.geometry.to_numpy()
    table = table[shapely.intersects(shapes, window.box)] if len(table) else table
    land = shapely.intersection(table.geometry.to_numpy(), window.box)
    wants = []
    papers = window.to_paper(land)
    for code, community, shape in zip(table.index, table["community"], papers, strict=True):
        if shapely.area(shape) <= 0.5:
            continue
        text = str(code).removeprefix(f"{community}-") or str(code)
        width, height = type_.measure(text, _size_code(request))
        wants.append(Wish(str(code), text, width, height, shape))
    return wants
