"""What is in an atlas: its sheets in order, what is beside each, and the table of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely

from gridplan.arrays import Bools, Ints, Shapes
from gridplan.briefing.atlas.page_layout import SheetLayout, lay_out_sheet
from gridplan.briefing.atlas.request import AtlasRequest
from gridplan.errors import ArgumentError
from gridplan.plan import Plan
from gridplan.plots.sheet.compose import find_land, find_panel_need
from gridplan.plots.sheet.ground import find_withheld
from gridplan.plots.sheet.paper import ENLARGED, choose_layout
from gridplan.plots.sheet.text_table import TextTable
from gridplan.plots.sheet.texts import Typeface
from gridplan.plots.sheet.view import View
from gridplan.tables.level_indicators import place_bodies
from gridplan.tables.words import list_words, say

NEAR = 60.0  # metres within which a community is a neighbour: a river may lie between
TOUCH = 0.5  # metres within which sub-grids are side by side
SMALL = 5000  # below this scale a settlement is shown enlarged
PAIRS = 2000  # of sub-grids side by side that are looked at together
GAIN = 1.5  # how much larger it must be
WITHHELD = "0+"  # the band of a sub-grid whose band is withheld
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class AtlasSheet:
    """A sheet: its number, community and subdistrict, where things stand, and its first page.

    ``enlarged`` is the land of a page that shows the settlement larger, if there
    is one; ``codes`` are the sub-grids of the rows of the table.
    """

    number: int
    community: str
    name: str
    subdistrict: str
    codes: tuple[str, ...]
    made: SheetLayout
    enlarged: Box | None = None
    page: int = 0

    @property
    def pages(self) -> int:
        """How many pages it has: map, enlarged map, and the rest of the table."""
        return len(self.made.parts) + (self.enlarged is not None)


def list_sheets(plan: Plan, request: AtlasRequest, view: View, type_: Typeface) -> list[AtlasSheet]:
    """List the sheets of an atlas in the order of the communities' codes, subdistrict by another.

    Raises
    ------
    ArgumentError
        If the plan lacks a community asked for.
    """
    numbers = number_communities(plan, request)
    table = plan.site.communities
    above = place_bodies(table)["subdistrict"]
    rows = _list_rows(plan, numbers, request)
    sheets = []
    for code, number in numbers.items():
        name = str(table["name"].loc[code]) or code
        codes, texts = rows[code]
        made_table = _make_table(plan, code, numbers, texts, request)
        asked = request.ask_sheet(community=code)
        west, south, east, north = find_land(plan, asked)
        made = lay_out_sheet(
            request.paper,
            (east - west, north - south),
            find_panel_need(plan, asked, view, type_),
            made_table,
            type_,
        )
        enlarged = _find_settlement(plan, code, made.layout.scale, request)
        if enlarged is not None:
            note = say("atlas.see_enlarged", request.lang)
            made_table = replace(made_table, notes=(*made_table.notes, note))
            made = lay_out_sheet(
                request.paper,
                (east - west, north - south),
                find_panel_need(plan, asked, view, type_),
                made_table,
                type_,
            )
        sheets.append(AtlasSheet(number, code, name, str(above.loc[code]), codes, made, enlarged))
    return sheets


def number_communities(plan: Plan, request: AtlasRequest) -> dict[str, int]:
    """Give communities their numbers, those of a subdistrict one after another."""
    table = plan.site.communities
    asked = request.communities or tuple(table.index)
    unknown = sorted(set(asked) - set(table.index))
    if unknown:
        some = ", ".join(sorted(table.index)[:5])
        raise ArgumentError(
            f"atlas: the plan has no community {', '.join(unknown)} -> codes such as {some}"
        )
    above = place_bodies(table)["subdistrict"]
    first: dict[str, str] = {}
    for code in sorted(asked):
        first.setdefault(str(above.loc[code]), code)
    order = sorted(set(asked), key=lambda code: (first[str(above.loc[code])], code))
    return {code: n for n, code in enumerate(order, 1)}


def _find_settlement(plan: Plan, code: str, scale: int, request: AtlasRequest) -> Box | None:
    """Find the land with homes of a community that is small on its sheet, if it gains by a page."""
    if scale <= SMALL:
        return None
    table = plan.subgrids
    homes = table[((table["community"] == code) & (table["kind"] == "residential")).to_numpy()]
    if homes.empty:
        return None
    west, south, east, north = shapely.total_bounds(homes.geometry.to_numpy()).tolist()
    margin = 0.04 * max(east - west, north - south)
    box = (west - margin, south - margin, east + margin, north + margin)
    size = ENLARGED[request.paper]
    larger = choose_layout(
        request.paper, (box[2] - box[0], box[3] - box[1]), lambda width: 70.0 * size
    )
    return box if larger.scale * GAIN <= scale else None


def _list_rows(
    plan: Plan, numbers: Mapping[str, int], request: AtlasRequest
) -> dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    """List the rows of each community's table: sub-grids that a sheet may name, by their codes."""
    table = plan.subgrids[~find_withheld(plan)]
    table = table[(table["kind"] != "open").to_numpy()].sort_index()
    shapes = table.geometry.to_numpy()
    tree = shapely.STRtree(shapes)
    ours = np.flatnonzero(table["community"].isin(list(numbers)).to_numpy())
    here, there = tree.query(shapes[ours], predicate="dwithin", distance=TOUCH)
    here = ours[here]
    kept = (here != there) & _are_beside(shapes, here, there)
    codes = table.index.astype(str).to_numpy(object)
    communities = table["community"].astype(str).to_numpy(object)
    short = [
        code.removeprefix(f"{community}-")
        for code, community in zip(codes, communities, strict=True)
    ]
    beside: dict[int, list[tuple[bool, str, str]]] = {}
    for a, b in zip(here[kept].tolist(), there[kept].tolist(), strict=True):
        other = communities[a] != communities[b]
        number = numbers.get(communities[b])
        if other and number is None:
            continue
        text = f"{number}:{short[b]}" if other else short[b]
        beside.setdefault(a, []).append((other, codes[b], text))
    words = {kind: say(f"atlas.{kind}", request.lang) for kind in ("residential", "exclusive")}
    rows: dict[str, list[tuple[str, tuple[str, ...]]]] = {code: [] for code in numbers}
    columns = zip(
        ours.tolist(),
        *(table[c].to_numpy()[ours] for c in ("kind", "household_band", "area")),
        strict=True,
    )
    for n, kind, band, area in columns:
        texts = (
            short[n],
            words[kind],
            "*" if band == WITHHELD else str(band),
            f"{area:,.0f}",
            " ".join(text for _, _, text in sorted(beside.get(n, []))),
        )
        rows[communities[n]].append((codes[n], texts))
    return {
        code: (tuple(c for c, _ in found), tuple(texts for _, texts in found))
        for code, found in rows.items()
    }


def _are_beside(shapes: Shapes, here: Ints, there: Ints) -> Bools:
    """Whether two outlines share an edge, not a corner alone."""
    lengths = np.zeros(len(here))
    # By parts: the outlines of a district's hundred thousand pairs at once fill the memory.
    for first in range(0, len(here), PAIRS):
        part = slice(first, first + PAIRS)
        zones = shapely.buffer(shapes[here[part]], TOUCH, quad_segs=1)
        edges = shapely.intersection(zones, shapely.boundary(shapes[there[part]]))
        lengths[part] = shapely.length(edges)
    return np.asarray(lengths > 4 * TOUCH)


def _make_table(
    plan: Plan,
    code: str,
    numbers: Mapping[str, int],
    rows: tuple[tuple[str, ...], ...],
    request: AtlasRequest,
) -> TextTable:
    """Make the table of a community, with the notes that stand above it."""
    lang = request.lang
    notes = [_say_around(plan, code, numbers, request), _say_out_of_band(plan, code, request)]
    if any(":" in row[-1] for row in rows):
        notes.append(say("atlas.beside_note", lang))
    if any(row[2] == "*" for row in rows):
        notes.append(say("atlas.withheld_note", lang))
    heads = tuple(say(f"atlas.{word}", lang) for word in ("code", "kind", "band", "area", "beside"))
    return TextTable(heads, rows, 4, (3,), tuple(notes), size=5.2 * ENLARGED[request.paper])


def _say_around(plan: Plan, code: str, numbers: Mapping[str, int], request: AtlasRequest) -> str:
    """Say which communities lie to the north, east, south and west, with their sheets."""
    lang = request.lang
    table = plan.site.communities.sort_index()
    home = table.geometry.loc[code]
    others = table[(table.index != code) & shapely.dwithin(table.geometry.to_numpy(), home, NEAR)]
    sides: list[list[str]] = [[], [], [], []]
    middle = shapely.get_coordinates(shapely.centroid(home))[0]
    zone = shapely.buffer(home, NEAR + 1)
    west, south, east, north = shapely.bounds(home)
    for other, name, shape in zip(others.index, others["name"], others.geometry, strict=True):
        there = shapely.get_coordinates(shapely.centroid(shapely.intersection(shape, zone)))[0]
        # In halves of the land's own width and height, so that a long side is one side.
        dx, dy = (there - middle) / (np.array([east - west, north - south]) / 2)
        side = (0 if dy > 0 else 2) if abs(dy) >= abs(dx) else (1 if dx > 0 else 3)
        said = str(name) or str(other)
        number = numbers.get(str(other))
        if number is not None:
            said = say("atlas.sheet_of_name", lang, name=said, number=number)
        sides[side].append(said)
    gap, stop = ("、", "；") if lang == "zh" else (", ", "; ")
    named = say("atlas.sides", lang).split("|")
    parts = [
        say("atlas.side", lang, side=side, names=gap.join(names) or say("atlas.none", lang))
        for side, names in zip(named, sides, strict=True)
    ]
    return say("atlas.around", lang, sides=stop.join(parts))


def _say_out_of_band(plan: Plan, code: str, request: AtlasRequest) -> str:
    """Say which sub-grids a release publishes as out of band, with the band of their homes."""
    lang = request.lang
    table = plan.subgrids
    out = (table["community"] == code) & (table["kind"] == "residential") & ~table["in_band"]
    rows = table[out.to_numpy(bool)].sort_index()
    if rows.empty:
        return say("atlas.all_in_band", lang)
    codes = [
        say(
            "atlas.code_and_band",
            lang,
            code=str(subgrid).removeprefix(f"{code}-"),
            band="*" if band == WITHHELD else band,
        )
        for subgrid, band in zip(rows.index, rows["household_band"], strict=True)
    ]
    return say("atlas.out_of_band", lang, codes=("、" if lang == "zh" else ", ").join(codes))


def list_letters(plan: Plan, request: AtlasRequest) -> str:
    """List all letters that an atlas may write, for the choice of its font."""
    table = plan.site.communities
    said = [
        *list_words("atlas", request.lang).values(),
        *(str(name) for name in table["name"]),
        *(str(name) for name in place_bodies(table)["subdistrict"]),
        request.title,
        "†…",
    ]
    return "".join(said)
