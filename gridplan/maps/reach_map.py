"""Reach on a map: minutes to the nearest post, the sub-grids that each post reaches, and gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.coverage.coverage_inputs import prepare_coverage_inputs
from gridplan.coverage.coverage_tables import find_reach
from gridplan.coverage.group_demand import find_demand
from gridplan.coverage.shown_reach import pick_city, read_bands, read_reach_rules
from gridplan.coverage.walk_times import WalkingInputs, measure_walk_times, prepare_walking_inputs
from gridplan.maps.isochrones import cut_edges, join_bands, measure_pieces
from gridplan.maps.map_shapes import DIGITS, to_degrees
from gridplan.maps.page_elements import make_statement, put
from gridplan.maps.tiled_layers import pack_shapes
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import DEMONSTRATION, Service, say_kind
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say
from gridplan.walking.door_access import reach_doors

MOST_GAPS = 200  # of a kind; the largest
LINE = 1  # shapely's number of lines
FIGURES = ("posts", "demand", "reachable", "served", "backed_up")


def add_reach(plan_map: Any, plan: Plan, lang: Language, kind: str) -> None:
    """Add what the page needs to show reach: figures by sub-grid, posts, gaps and streets, packed.

    ``kind`` is shown first.
    """
    place = f"gridplan-reach-{plan_map._id}"
    body = f'<script type="text/plain" id="{place}">{pack_reach(plan, lang)}</script>'
    put(plan_map, make_statement(f'loadReach("{place}", "{kind}")', body))


def pack_reach(plan: Plan, lang: Language) -> str:
    """Pack how far posts reach, as the page's script reads it; the same plan, the same text."""
    rules = read_reach_rules(plan)
    city = pick_city(plan)
    services = [s for s in rules.coverage.services if s.kind in set(city["kind"])]
    bands = read_bands(plan)
    posts = plan.service_posts[
        plan.service_posts["kind"].isin([s.kind for s in services])
    ].sort_index()
    reached, lines, texts = _measure(plan, services, posts, rules, bands)
    # The script relies on this order: a kind's view with proposed posts comes
    # right after its view of now, and each line of streets has a digit for each view.
    views = [
        (s, state)
        for s in services
        for state in ("now", "proposed")
        if ((city["kind"] == s.kind) & (city["state"] == state)).any()
    ]
    head = {
        "bands": bands,
        "views": [_list_view(plan, service, state, city, lang) for service, state in views],
        "gaps": {s.kind: list_gaps(plan, s.kind) for s in services},
        "posts": _list_posts(plan, posts, reached),
        "reasons": dict(list_words("cause", lang)),
        "lines": texts,
        "courses": _list_courses(plan, lang),
    }
    return pack_shapes(head, [("streets", lines, [])] if len(lines) else [])


def _list_courses(plan: Plan, lang: Language) -> list[dict[str, Any]]:
    """List lines from post to post, in degrees: belts, and the routes of drills.

    Each has its name and the kind of post that it is shown with.
    """
    days = plan.drill_days
    first = plan.drills.drop_duplicates("day")["site"]
    kinds = plan.drill_sites["kind"].reindex(first).to_numpy(object)
    text = say("drill_day", lang)
    named = [
        text.format(day=int(str(d.Index)), sites=d.sites, starts=d.starts, ends=d.ends)
        for d in days.itertuples()
    ]
    belts = (plan.belts, [DEMONSTRATION] * len(plan.belts), plan.belts.index, False)
    courses = []
    for table, shown_with, names, is_drill in (belts, (days, kinds, named, True)):
        lines = to_degrees(plan, table.geometry.to_numpy())
        for line, kind, name in zip(lines, shown_with, names, strict=True):
            # a belt or a day of one site is a point, and no line
            if shapely.get_type_id(line) == LINE:
                xy = np.round(shapely.get_coordinates(line), DIGITS).tolist()
                courses.append({"kind": kind, "name": name, "drill": is_drill, "line": xy})
    return courses


def _list_view(
    plan: Plan, service: Service, state: str, city: pd.DataFrame, lang: Language
) -> dict[str, Any]:
    """List the figures of one kind of post in one state: the city's, and those of each sub-grid."""
    table = plan.coverage
    rows = table[(table["kind"] == service.kind) & (table["state"] == state) & table["own"]]
    whole = rows[rows["level"] == "city"].iloc[0]
    each = rows[rows["level"] == "subgrid"].set_index("of").reindex(plan.subgrids.index)
    minutes = each["mean_minutes"].to_numpy(float)
    is_empty = ~(each["households"].fillna(0).to_numpy() > 0)
    # Whole tenths of a minute, which are shorter on the page than decimals; -1:
    # no way is known, -2: nobody lives there.
    tenths = np.where(np.isnan(minutes), -1, np.round(np.nan_to_num(minutes) * 10)).astype(int)
    return {
        "kind": service.kind,
        "label": say_kind(service.kind, lang),
        "group": service.group,
        "unit": list_words("demand_unit", lang)[service.group],
        "state": state,
        "within": service.minutes,
        "figures": {name: int(whole[name]) for name in FIGURES},
        "minutes": np.where(is_empty, -2, tenths).tolist(),
        **{name: each[name].fillna(0).astype(int).tolist() for name in FIGURES[1:]},
    }


def list_gaps(plan: Plan, kind: str) -> list[dict[str, Any]]:
    """List the largest gaps of one kind of post: where, how many households, how far, and why.

    Metres are the mean way of the households that are not served, None where
    none is known; the cause is that of most of them.
    """
    rows = (
        plan.gaps[(plan.gaps["room"] == "reach") & (plan.gaps["rule"] == kind)]
        .sort_values("rank")
        .head(MOST_GAPS)
    )
    doors = plan.reach[(plan.reach["kind"] == kind) & (plan.reach["state"] == "now")]
    doors = doors.assign(unserved=doors["demand"] - doors["served"]).query("unserved > 0")
    numbers = {
        level: {code: n for n, code in enumerate(codes)}
        for level, codes in (
            ("subgrid", plan.subgrids.index),
            ("community", plan.site.communities.index),
        )
    }
    ways_of = {level: _weigh_doors(doors, level) for level in numbers}
    gaps = []
    for gap in rows.itertuples():
        number = numbers.get(str(gap.level), {}).get(str(gap.of))
        # A gap of another level, or of a place that this plan lacks, is not drawn.
        if number is None:
            continue
        metres, reason = ways_of[str(gap.level)].get(str(gap.of), (np.nan, ""))
        ways = {
            "metres": None if np.isnan(metres) else round(metres),
            "minutes": None if pd.isna(gap.value) else round(gap.value, 1),
        }
        gaps.append(
            {
                "level": gap.level,
                "row": number,
                "rank": int(gap.rank),
                "households": int(gap.households),
                **ways,
                "reason": reason,
            }
        )
    return gaps


def _weigh_doors(doors: pd.DataFrame, by: str) -> Mapping[str, tuple[float, str]]:
    """Find the mean metres and the main cause of the households not served in each place."""
    # A door without a way has a cause, but no metres to count in the mean.
    known = doors[doors["metres"].notna()]
    weight = known.groupby(by)["unserved"].sum()
    metres = (known["unserved"] * known["metres"]).groupby(known[by]).sum() / weight
    # Of causes that concern as many households the first by name is taken.
    causes = (
        doors.groupby([by, "reason"])["unserved"]
        .sum()
        .reset_index()
        .sort_values(["unserved", "reason"], ascending=[False, True])
    )
    main = causes.drop_duplicates(by).set_index(by)["reason"]
    return {
        str(code): (float(metres.get(code, np.nan)), str(reason)) for code, reason in main.items()
    }


def _list_posts(plan: Plan, posts: Any, reached: pd.DataFrame | None) -> list[dict[str, Any]]:
    """List the posts: what each is, where, and the sub-grids that it reaches.

    Sub-grids come as three lists: their rows, demand and tenths of minutes.
    """
    points = to_degrees(plan, posts.geometry.to_numpy())
    places = np.round(
        np.column_stack([shapely.get_x(points), shapely.get_y(points)]), DIGITS
    ).tolist()
    grids_of = dict(list(reached.groupby("post"))) if reached is not None else {}
    listed = []
    for n, (post, place) in enumerate(zip(posts.itertuples(), places, strict=True)):
        grids = grids_of.get(n)
        lists = (
            [] if grids is None else grids[["subgrid", "demand", "tenths"]].T.to_numpy().tolist()
        )
        listed.append(
            {
                "code": post.Index,
                "kind": post.kind,
                "name": post.name,
                "proposed": int(post.status == "proposed"),
                "at": place,
                "reachable": int(post.reachable),
                "served": int(post.served),
                "capacity": None if pd.isna(post.capacity) else int(post.capacity),
                "grids": lists,
            }
        )
    return listed


def _measure(
    plan: Plan, services: Sequence[Service], posts: Any, rules: Rules, bands: Sequence[float]
) -> tuple[pd.DataFrame | None, Any, list[str]]:
    """Measure the ways again, for what the plan's tables do not hold.

    That is the sub-grids that each post reaches, and the streets in bands. If
    some stairwells are missing, as in a part of a city, there is neither.
    """
    if posts.empty or not plan.reach["stairwell"].isin(plan.stairwells.index).all():
        return None, np.array([], dtype=object), []
    ground = prepare_coverage_inputs(plan, rules)
    footing = prepare_walking_inputs(plan.site, ground, rules)
    ways = measure_walk_times(footing, posts, services, rules.coverage.farthest)[0]
    parts = []
    for service in services:
        rows = np.flatnonzero((posts["kind"] == service.kind).to_numpy())
        reach = find_reach(ground, service, posts, rows, ways, rules)
        # A door of no sub-grid (-1) has no place to be shown in.
        near = (reach.minutes <= service.minutes) & (ground.subgrid[reach.ways.door] >= 0)
        door = reach.ways.door[near]
        group = service.group
        weight = find_demand(plan.site, ground, group, rules).people[door]
        parts.append(
            pd.DataFrame(
                {
                    "post": rows[reach.ways.post[near]],
                    "grid": ground.subgrid[door],
                    "demand": weight,
                    "long": weight * reach.minutes[near],
                }
            )
        )
    table = pd.concat(parts).groupby(["post", "grid"])[["demand", "long"]].sum().reset_index()
    table = table[table["demand"] > 0]
    # The inputs number the sub-grids in an order of their own, the page in the plan's.
    number = plan.subgrids.index.get_indexer(ground.subgrids)
    tenths = np.round(table["long"] / table["demand"] * 10).astype(int)
    reached = table.assign(subgrid=number[table["grid"].to_numpy(np.int64)], tenths=tenths)
    lines, texts = _band_streets(plan, footing, services, posts, rules, bands)
    return reached, to_degrees(plan, lines), texts


def _band_streets(
    plan: Plan,
    footing: WalkingInputs,
    services: Sequence[Service],
    posts: Any,
    rules: Rules,
    bands: Sequence[float],
) -> tuple[Any, list[str]]:
    """Put streets into bands of minutes, for each kind of post and state.

    Posts that serve their own sub-grid only have no streets.
    """
    if footing.network is None:
        return np.array([], dtype=object), []
    pieces = cut_edges(footing.network)
    access = reach_doors(footing.network, posts, plan.site, rules.walking)[0]
    limit = rules.walking.to_metres(bands[-1])
    in_bands = []
    for service in services:
        is_kind = (posts["kind"] == service.kind).to_numpy()
        is_there = is_kind & (posts["status"] == "existing").to_numpy()
        # First as things are now, then with the posts proposed, if there are any.
        for chosen in (is_there, is_kind) if (is_kind & ~is_there).any() else (is_there,):
            if service.scope == "subgrid":
                metres = np.full(len(pieces.edge), np.inf)
            else:
                metres = measure_pieces(
                    pieces, posts[chosen], access[chosen], service, plan.site.communities, limit
                )
            # A way of just so many minutes is within the band, whatever rounding did to it.
            in_bands.append(np.searchsorted(bands, rules.walking.to_minutes(metres) - 1e-9))
    return join_bands(pieces, in_bands, len(bands))
