"""Views of service and people: who is reached on foot, Party branches, changes, demonstrations."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from gridplan.comparison.changed_homes import gather_homes
from gridplan.comparison.compare_plans import compare
from gridplan.comparison.subgrid_changes import find_events, find_members
from gridplan.coverage.shown_reach import choose_kind, pick_city, read_bands
from gridplan.coverage.volunteers import KIND as VOLUNTEERS
from gridplan.errors import PlanError
from gridplan.geometry.tones import choose_tones
from gridplan.plan import Plan
from gridplan.plots.sheet.released_views import view_released_coverage
from gridplan.plots.sheet.request import SheetRequest, list_chosen
from gridplan.plots.sheet.view import (
    Caption,
    Key,
    Mark,
    Overlay,
    View,
    fill_homes,
    list_unlived_keys,
)
from gridplan.rules.coverage import say_kind
from gridplan.tables.palette import CHANGES, HOMES, INK, PRINT_TONES, choose_bands
from gridplan.tables.schema import Language
from gridplan.tables.words import say

MOST_GAPS = 20  # marked on a sheet; the others are counted
HOST = "central_household"
CENTRE = "service_centre"


def view_coverage(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids by minutes on foot to the nearest post of a kind, with posts and gaps.

    Of a release, communities by the share served, which is what it publishes.
    """
    if plan.is_release:
        return view_released_coverage(plan, request)
    lang = request.lang
    kind = _choose_kind(plan, request.kind)
    bands = read_bands(plan)
    _, colours = choose_bands(len(bands))
    table = plan.coverage
    rows = table[
        (table["kind"] == kind)
        & (table["state"] == "now")
        & table["own"]
        & (table["level"] == "subgrid")
    ]
    minutes = rows.set_index("of")["mean_minutes"].reindex(plan.subgrids.index).to_numpy(float)
    grades = np.searchsorted(bands, np.nan_to_num(minutes, nan=np.inf) - 1e-9)
    ends = [f"{end:g}" for end in bands]
    words = [say("band_first", lang, high=ends[0])]
    words += [say("band_next", lang, low=low, high=high) for low, high in pairwise(ends)]
    words.append(say("band_last", lang))
    keys: list[Key] = [("fill", c, word) for c, word in zip(colours, words, strict=True)]
    posts, post_keys = _mark_posts(plan, kind, lang)
    gaps, gap_keys, notes = _mark_gaps(plan, request, kind)
    said = _say_served(plan, request, kind)
    called = say_kind(kind, lang)
    title = say("sheet.coverage", lang, kind=called[:1].upper() + called[1:])
    return View(
        title,
        fill_homes(plan, [colours[grade] for grade in grades]),
        [*keys, *post_keys, *gap_keys, *list_unlived_keys(plan, lang)],
        marks=(*posts, *gaps),
        notes=(*said, *notes),
    )


def _say_served(plan: Plan, request: SheetRequest, kind: str) -> list[str]:
    """Say the share served of the community shown, or of all; nothing where it is not known."""
    table = plan.coverage
    if request.subdistrict:
        return []
    of = (table["level"] == "community") & (table["of"] == request.community)
    rows = table[of & table["own"]] if request.community else pick_city(plan)
    rows = rows[(rows["kind"] == kind) & (rows["state"] == "now")]
    if rows.empty or np.isnan(rows["served_share"].iloc[0]):
        return []
    # Rounded down, as everywhere: what is not wholly served never reads as 100 %.
    share = np.floor(1000 * rows["served_share"].iloc[0]) / 10
    minutes = f"{rows['minutes'].iloc[0]:g}"
    return [say("sheet.served", request.lang, share=f"{share:.1f}", minutes=minutes)]


def _choose_kind(plan: Plan, kind: str | None) -> str:
    """Choose the kind of post: that asked for, else of those with posts the one least served."""
    first = choose_kind(plan, kind)
    city = pick_city(plan)
    there = city[(city["state"] == "now") & (city["posts"] > 0)].sort_values("kind")
    if kind is not None or there.empty:
        return first
    unserved = (there["demand"] - there["served"]).to_numpy(float)
    return str(there["kind"].iloc[int(unserved.argmax())])


def view_volunteers(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids by minutes on foot from the nearest post of volunteers."""
    shown = view_coverage(plan, replace(request, view="coverage", kind=VOLUNTEERS))
    return replace(shown, title=say("sheet.volunteers", request.lang))


def _mark_posts(plan: Plan, kind: str, lang: Language) -> tuple[list[Mark], list[Key]]:
    """Mark the posts of a kind, those proposed in another colour."""
    posts = plan.service_posts[plan.service_posts["kind"] == kind].sort_index()
    marks, keys = [], []
    for status, ink, word in (
        ("existing", "post", "sheet.post"),
        ("proposed", "proposed", "sheet.proposed"),
    ):
        points = _list_points(posts[posts["status"] == status].geometry.to_numpy())
        marks += [Mark(x, y, "post", INK[ink]) for x, y in points]
        if points:
            keys.append(("post", INK[ink], say(word, lang)))
    return marks, keys


def _mark_gaps(
    plan: Plan, request: SheetRequest, kind: str
) -> tuple[list[Mark], list[Key], list[str]]:
    """Mark the largest gaps on the land shown by their rank; say how many there are."""
    gaps = plan.gaps
    rows = gaps[(gaps["room"] == "reach") & (gaps["rule"] == kind) & (gaps["level"] == "subgrid")]
    chosen = list_chosen(plan, request)
    if chosen:
        rows = rows[rows["community"].isin(chosen)]
    rows = rows[rows["of"].isin(plan.subgrids.index)].sort_values("rank")
    shown = rows.head(MOST_GAPS)
    land = plan.subgrids.geometry.reindex(shown["of"]).to_numpy()
    places = _list_points(shapely.point_on_surface(land))
    marks = [
        Mark(x, y, "gap", INK["gap"], str(rank))
        for (x, y), rank in zip(places, shown["rank"], strict=True)
    ]
    keys: list[Key] = [("gap", INK["gap"], say("sheet.gap", request.lang))] if marks else []
    if len(rows) <= len(shown):
        return marks, keys, []
    more = say("sheet.more_gaps", request.lang, shown=len(shown), count=len(rows))
    return marks, keys, [more]


def _list_points(shapes: Any) -> list[tuple[float, float]]:
    points = shapely.centroid(np.asarray(shapes, dtype=object))
    kept = points[~(shapely.is_missing(points) | shapely.is_empty(points))]
    return [(float(p.x), float(p.y)) for p in kept]


def view_party(plan: Plan, request: SheetRequest) -> View:
    """Colour the land of Party branches, with groups, central households and service centres.

    Raises
    ------
    PlanError
        If the plan was not organised, or leaves it out as a release does.
    """
    lang = request.lang
    if plan.branches.empty:
        why = (
            "a release leaves them out -> map the working plan"
            if plan.is_release
            else "the plan was not organised -> gridplan organise PLAN"
        )
        raise PlanError(f"the map cannot show Party branches: {why}")
    branches = plan.branches.sort_index()
    shapes = branches.geometry.to_numpy()
    tones = choose_tones(shapes, len(PRINT_TONES))
    overlays = [
        Overlay("area", shapes[tones == n], {"facecolor": tone, "edgecolor": "none"})
        for n, tone in enumerate(PRINT_TONES)
        if (tones == n).any()
    ]
    line = {"linewidth": 0.7, "linestyle": (0, (3, 1.2)), "edgecolor": INK["group"]}
    overlays.append(Overlay("line", plan.groups.geometry.to_numpy(), line))
    overlays.append(Overlay("line", shapes, {"linewidth": 1.3, "edgecolor": INK["branch"]}))
    hosts = plan.posts[(plan.posts["role"] == HOST) & plan.posts["filled"]].sort_index()
    doors = plan.stairwells.geometry.reindex(hosts["stairwell"]).to_numpy()
    marks = [Mark(x, y, "host", INK["host"]) for x, y in _list_points(doors)]
    centres = plan.site.places[plan.site.places["kind"] == CENTRE].sort_index()
    places = _list_points(centres.geometry.to_numpy())
    marks += [Mark(x, y, "post", INK["post"]) for x, y in places]
    keys: list[Key] = [
        ("tones", PRINT_TONES[:4], say("any_branch", lang)),
        ("line", INK["branch"], say("sheet.branch", lang)),
        ("dash", INK["group"], say("sheet.group", lang)),
        ("fill", INK["unlit"], say("no_branch", lang)),
    ]
    keys += [("host", INK["host"], say("sheet.host", lang))] if len(hosts) else []
    keys += [("post", INK["post"], say("sheet.centre", lang))] if places else []
    named = zip(shapes, branches.index, branches["name"], branches["community"], strict=True)
    captions = [
        Caption(land, _shorten(str(name) or str(code), plan, str(community)), INK["branch"])
        for land, code, name, community in named
    ]
    fills = fill_homes(plan, [INK["unlit"]] * len(plan.subgrids))
    keys += list_unlived_keys(plan, lang)
    return View(say("sheet.party", lang), fills, keys, overlays, marks, captions, has_codes=False)


def _shorten(name: str, plan: Plan, community: str) -> str:
    """Leave the community's name out of a branch's, since the sheet says it."""
    place = str(plan.site.communities["name"].get(community, ""))
    return name.removeprefix(place) or name if place else name


def view_change(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids by what became of them since the plan before, and homes that changed."""
    lang = request.lang
    before = request.before
    if before is None:
        raise PlanError("the map cannot show what changed: the plan before is missing")
    if plan.is_release or before.is_release:
        raise PlanError(
            "the map cannot show what changed: a release holds no households "
            "-> map the working plans"
        )
    result = compare(before, plan)
    events = find_events(result.concordance, lang)
    members = find_members(result.concordance)
    kinds = members["new"].map(events["kind"]).reindex(plan.subgrids.index).fillna("kept")
    kind_of = members["old"].map(events["kind"]).reindex(before.subgrids.index)
    changed = (kind_of.notna() & ~kind_of.isin(["kept", "renamed"])).to_numpy(bool)
    ended = (kind_of == "death").to_numpy(bool)
    outlines = before.subgrids.geometry.to_numpy()
    dashed = {"linestyle": (0, (4, 3)), "linewidth": 0.9}
    old_ink = "#3b3f8f"
    overlays = [
        Overlay("line", outlines[changed & ~ended], {"edgecolor": old_ink, **dashed}),
        Overlay("line", outlines[ended], {"edgecolor": HOMES["gone"], **dashed}),
    ]
    keys: list[Key] = [
        ("fill", colour, say(f"event_{kind}", lang))
        for kind, colour in CHANGES.items()
        if kind in set(kinds) and kind != "death"
    ]
    keys += [("dash", old_ink, say("sheet.before", lang))] if (changed & ~ended).any() else []
    keys += [("dash", HOMES["gone"], say("sheet.ended", lang))] if ended.any() else []
    for kind, table in gather_homes(result.flows).items():
        land = (before if kind == "gone" else plan).site.buildings.geometry
        shapes = land.reindex(sorted(table)).to_numpy()
        look = {"facecolor": HOMES[kind], "edgecolor": "none", "zorder": 3.3}
        overlays.append(Overlay("area", shapes, look))
        if table:
            keys.append(("block", HOMES[kind], say(f"home_{kind}", lang)))
    fills = fill_homes(plan, [CHANGES[kind] for kind in kinds])
    keys += list_unlived_keys(plan, lang)
    return View(say("sheet.change", lang), fills, keys, overlays)


def view_demonstration(plan: Plan, request: SheetRequest) -> View:
    """Show demonstration points, belts, and the routes of drills over pale sub-grids.

    Raises
    ------
    PlanError
        If the plan has no demonstration points.
    """
    lang = request.lang
    points = plan.demonstrations.sort_index()
    if points.empty:
        why = (
            "a release leaves them out -> map the working plan"
            if plan.is_release
            else "the plan has none -> gridplan demonstrate PLAN FILE"
        )
        raise PlanError(f"the map cannot show demonstration points: {why}")
    ink = INK["proposed"]
    belt = {"edgecolor": ink, "linewidth": 3.0, "alpha": 0.45}
    route = {"edgecolor": INK["limit"], "linewidth": 0.9, "linestyle": (0, (1, 1.8))}
    overlays = [
        Overlay("line", plan.belts.geometry.to_numpy(), {**belt, "zorder": 5}),
        Overlay("line", plan.drill_days.geometry.to_numpy(), {**route, "zorder": 5}),
    ]
    places = _list_points(points.geometry.to_numpy())
    marks = [Mark(x, y, "gap", ink, str(n)) for n, (x, y) in enumerate(places, 1)]
    names = points["name"].where(points["name"] != "", points.index.to_series())
    captions = [
        Caption(shapely.Point(place), str(name), INK["limit"])
        for place, name in zip(places, names, strict=True)
    ]
    keys: list[Key] = [("gap", ink, say("sheet.demonstration_point", lang))]
    keys += [("wide", ink, say("sheet.belt", lang))] if len(plan.belts) else []
    keys += [("dots", INK["limit"], say("sheet.drill", lang))] if len(plan.drill_days) else []
    fills = fill_homes(plan, ["#f3f1ea"] * len(plan.subgrids))
    keys += list_unlived_keys(plan, lang)
    return View(say("sheet.demonstration", lang), fills, keys, overlays, marks, captions)
