"""Two plans on one map: outlines before and now, homes that changed, what became of sub-grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Shapes
from gridplan.comparison import Comparison
from gridplan.comparison.changed_homes import gather_homes
from gridplan.comparison.subgrid_changes import EVENT_KINDS, find_events, find_members
from gridplan.errors import PlanError
from gridplan.maps.class_layers import add_class_layers
from gridplan.maps.colours import CHANGE_STYLES
from gridplan.maps.legend import Key, compose_config
from gridplan.maps.map_shapes import (
    Sheet,
    compose_sheet,
    find_bounds,
    list_boxes,
    simplify_coverage,
    to_degrees,
)
from gridplan.maps.page_elements import make_stage, make_statement, make_switch, put
from gridplan.maps.plan_map import add_views, check_choices, choose_tiles, finish_map, open_map
from gridplan.maps.tiled_layers import add_tiled_layers, pack_shapes
from gridplan.plan import Plan
from gridplan.publishing.place_and_date import choose_title
from gridplan.redrawing.revision.concordance import classify_flows
from gridplan.tables.palette import CHANGES, HOMES
from gridplan.tables.schema import Language
from gridplan.tables.words import say

if TYPE_CHECKING:
    import folium


def draw_comparison(
    new: Plan,
    comparison: Comparison,
    *,
    lang: Language = "en",
    layers: Literal["auto", "classes", "tiles"] = "auto",
    base_map: bool = False,
    title: str | None = None,
) -> folium.Map:
    """Draw what is different between a plan and the one before.

    Outlines before are dashed, those now solid; sub-grids are coloured by what
    became of them, homes by whether they are in another sub-grid, new or gone.
    The tooltip of a home shows where its households were and where they are.
    The parameters are those of :func:`gridplan.draw_map`.

    Raises
    ------
    ValueError
        If ``lang`` or ``layers`` is another word.
    PlanError
        If the plan is not the later one of those that were compared.
    """
    check_choices(lang, layers)
    if new is not comparison.new and not new.subgrids.index.equals(comparison.new.subgrids.index):
        raise PlanError(
            "the plan is not the later one of the two that were compared -> draw over that one"
        )
    old = comparison.old
    events = find_events(comparison.concordance, lang)
    members = find_members(comparison.concordance)
    before = to_degrees(old, simplify_coverage(old.subgrids.geometry.to_numpy()))
    sheet = _add_events(compose_sheet(new, lang), new, events, members["new"], before)
    tiled = choose_tiles(new, layers)
    heading = choose_title(new, lang, "change_title") if title is None else title
    config = compose_config(new, sheet, lang, heading, base_map)
    config |= _compose_change(config, comparison, events, lang)
    if not tiled:
        config |= {"records": sheet.records, "communities": sheet.community_records}
    plan_map = open_map(config, sheet, lang, base_map)
    put(plan_map, make_stage(config, tiled, ("change.js",)))
    add_views(plan_map, lang, ("change", "households", "band", "colours"), "change")
    for overlay, name in (("before", "before"), ("homes", "changed_homes")):
        put(plan_map, make_switch(say(name, lang), f'makeOverlay("{overlay}")'))
    (add_tiled_layers if tiled else add_class_layers)(plan_map, sheet, lang)
    place = f"gridplan-change-{plan_map._id}"
    pack = _pack_change(old, new, comparison, events, members, before)
    body = f'<script type="text/plain" id="{place}">{pack}</script>'
    put(plan_map, make_statement(f'loadChange("{place}")', body))
    finish_map(plan_map, lang, tiled)
    return plan_map


def _add_events(
    sheet: Sheet, plan: Plan, events: pd.DataFrame, event_of: pd.Series[Any], before: Shapes
) -> Sheet:
    """Add to the figures of sub-grids what became of them, and to the bounds the land before."""
    event = event_of.reindex(plan.subgrids.index)
    kinds, stories = (event.map(events[name]).fillna("") for name in ("kind", "sentence"))
    # The page knows a kind by its number; a sub-grid without an event is as it was.
    order = list(CHANGES)
    more = {"change": [order.index(kind or "kept") for kind in kinds], "story": stories.tolist()}
    bounds = find_bounds(np.array([shapely.box(*sheet.bounds)], dtype=object), before)
    return replace(sheet, records={**sheet.records, **more}, bounds=bounds)


def _compose_change(
    config: Mapping[str, Any], comparison: Comparison, events: pd.DataFrame, lang: Language
) -> dict[str, Any]:
    """Compose what the page needs to know to show a change: colours, legend, figures and notes."""
    summary = comparison.summary
    figures = [
        (f"{summary[name]:,}", say(f"figure_{name}", lang))
        for name in ("moved", "displaced", "gone", "new")
    ]
    there = set(events["kind"])
    # A sub-grid that ended has no land now: it is a line, not a fill.
    fills: list[Key] = [
        ("fill", colour, say(f"event_{kind}", lang))
        for kind, colour in CHANGES.items()
        if kind in there and kind != "death"
    ]
    flows = set(classify_flows(comparison.flows))
    homes: list[Key] = [
        ("block" if kind != "gone" else "frame", colour, say(f"home_{kind}", lang))
        for kind, colour in HOMES.items()
        if kind in flows
    ]
    lines: list[Key] = [("before", CHANGE_STYLES["before"]["color"], say("before", lang))]
    if "death" in there:
        lines.append(("before", CHANGE_STYLES["ended"]["color"], say("event_death", lang)))
    note = say(
        "compared", lang, old=f"{summary['old_subgrids']:,}", new=f"{summary['new_subgrids']:,}"
    )
    look = {
        "fills": list(CHANGES.values()),
        "kinds": dict(CHANGES),
        "homes": {kind: dict(CHANGE_STYLES[kind]) for kind in HOMES},
        **{name: dict(CHANGE_STYLES[name]) for name in ("before", "ended")},
    }
    keys = config["keys"]
    return {
        "figures": figures,
        "keys": keys | {"change": fills, "always": [*lines, *homes, *keys["always"]]},
        "notes": [config["notes"][0], note, *config["notes"][1:]],
        "change": look,
    }


def _pack_change(
    old: Plan,
    new: Plan,
    comparison: Comparison,
    events: pd.DataFrame,
    members: Mapping[str, pd.Series[Any]],
    before: Shapes,
) -> str:
    """Pack outlines before, homes that changed with the flows of each, and the list of events."""
    homes = gather_homes(comparison.flows)
    shapes = {}
    listed = {}
    for kind, table in homes.items():
        # A home that is gone is in the old plan only.
        plan = old if kind == "gone" else new
        shapes[kind] = to_degrees(
            plan, plan.site.buildings.geometry.reindex(list(table)).to_numpy()
        )
        names = plan.site.buildings["building_name"].reindex(list(table)).fillna("")
        listed[kind] = [
            {"name": name or code, "gone": kind == "gone", "flows": flows}
            for name, (code, flows) in zip(names, table.items(), strict=True)
        ]
    kind_of = members["old"].map(events["kind"]).reindex(old.subgrids.index)
    changed = kind_of.notna() & ~kind_of.isin(["kept", "renamed"])
    # An outline left out keeps its row, by which the page finds those that ended.
    outlines = before.copy()
    outlines[~changed.to_numpy(bool)] = None
    head = {
        "homes": listed,
        "ended": np.flatnonzero(kind_of == "death").tolist(),
        "events": _list_events(old, new, events, members),
    }
    named: list[tuple[str, Shapes, list[str]]] = [
        ("before", outlines, []),
        *((f"homes_{kind}", shapes[kind], []) for kind in homes),
    ]
    return pack_shapes(head, named)


def _list_events(
    old: Plan, new: Plan, events: pd.DataFrame, members: Mapping[str, pd.Series[Any]]
) -> list[dict[str, Any]]:
    """List what became of the sub-grids, by kind.

    Each event has the box of its land, and the row of its only new sub-grid, or -1.
    """
    # The box of an event is round all its land, before and now.
    boxes: dict[int, list[Any]] = {}
    for plan, event_of in ((old, members["old"]), (new, members["new"])):
        known = event_of[event_of.index.isin(plan.subgrids.index)]
        shapes = to_degrees(plan, plan.subgrids.geometry.reindex(known.index).to_numpy())
        for event, box in zip(known, list_boxes(shapes), strict=True):
            if box is not None:
                boxes.setdefault(int(event), []).append(box)
    rows: dict[int, list[int]] = {}
    for code, event in members["new"].items():
        rows.setdefault(int(event), []).append(int(new.subgrids.index.get_indexer([code])[0]))
    kinds = []
    for kind in (k for k in EVENT_KINDS if k != "kept"):
        listed = []
        for number, text in events.loc[events["kind"] == kind, "sentence"].items():
            around = np.array(boxes.get(int(number), []))
            box = (
                None
                if not len(around)
                else [*around[:, :2].min(axis=0).tolist(), *around[:, 2:].max(axis=0).tolist()]
            )
            single = rows.get(int(number), [])
            listed.append({"text": text, "box": box, "row": single[0] if len(single) == 1 else -1})
        if listed:
            kinds.append({"kind": kind, "events": listed})
    return kinds
