"""Proposing service points: candidate places, the best of them, and what each would bring."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array

from gridplan.arrays import Floats, Ints
from gridplan.coverage.allocation import serve_households
from gridplan.coverage.coverage_inputs import CoverageInputs, prepare_coverage_inputs
from gridplan.coverage.coverage_tables import find_reach, order_rows
from gridplan.coverage.group_demand import find_demand, weigh_doors
from gridplan.coverage.proposal_notes import compare_communities, note_proposal
from gridplan.coverage.reach_plan import reach
from gridplan.coverage.service_points import complete_service_points, list_service_points
from gridplan.coverage.siting.fair_siting import place_in_each, serve_worst
from gridplan.coverage.siting.location_problems import cover_all, cover_most, p_centre, p_median
from gridplan.coverage.siting.siting_problem import (
    Siting,
    SitingProblem,
    assign_nearest,
    make_siting_problem,
)
from gridplan.coverage.walk_times import measure_walk_times, prepare_walking_inputs
from gridplan.errors import PlanError, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import CENTRAL, Service
from gridplan.tables.conform import conform_table

QUESTIONS = ("most", "fewest", "median", "centre", "fairest", "each")
WIDE = ("median", "centre")  # questions in which all ways count, however long
CURVE = 12  # numbers of service points at which the curve is reported, at most


def propose_posts(
    plan: Plan,
    kind: str,
    *,
    add: int | None = None,
    share: float | None = None,
    question: str = "",
    limited: bool = True,
    rules: Rules | None = None,
) -> Plan:
    """Propose where to add service points of one kind, and what each would bring.

    Those that are there stay. New ones may stand at places of the kinds that
    the rules name, and at the centres of sub-grids; a central household in any
    stairwell with a member able to hold the post. Fills service_posts with
    those proposed (ranked by the households that each brings) and siting with
    the curve of the share served against service points added; then measures
    reach again. Run again, it replaces its own proposals of that kind.

    Parameters
    ----------
    plan
        A working plan.
    kind
        A kind of service point that the rules name.
    add, share
        How many service points to add; or the share of all households to be
        served by as few more as possible.
    question
        With ``add``: ``most`` (households served, as if nothing is said),
        ``median`` (fewest minutes in all), ``centre`` (shortest longest way),
        ``fairest`` (the largest share for the community served least) or
        ``each`` (one in each community that has none, then most served).
    limited
        Whether service points have room for their capacity only.
    rules
        The rules; if not given, those that reach was last measured by, else
        those of the plan's manifest.

    Raises
    ------
    RuleError
        If the kind or question is not known, or not one of ``add`` and
        ``share`` is given.
    PlanError
        If the plan is a release, or there is no place where a service point
        could stand.

    Examples
    --------
    Canteens for two minutes of walking, on the board of twelve houses; one
    is in the second of six columns and reaches five of them:

    >>> from gridplan.synthetic import make_board_plan
    >>> rules = Rules().replace(coverage={"services": [Service("canteen", 2, 0, 0, "city")]})
    >>> plan = propose_posts(make_board_plan(), "canteen", add=2, rules=rules)
    >>> plan.siting[["added", "served", "ended"]].values.tolist()
    [[0, 0.0, 'optimal'], [1, 100.0, 'optimal'], [2, 120.0, 'optimal']]
    """
    rules = rules or recall_rules(plan)
    question = question or ("fewest" if share is not None else "most")
    service = _check_question(kind, add, share, question, rules)
    if plan.is_release:
        raise PlanError("a release holds no stairwells -> give the working plan")
    # its earlier proposals of this kind are replaced, so they do not count as there
    others = plan.service_posts[
        (plan.service_posts["status"] == "proposed") & (plan.service_posts["kind"] != kind)
    ]
    plan = plan.replace(service_posts=others)
    ground = prepare_coverage_inputs(plan, rules)
    ground = weigh_doors(ground, find_demand(plan.site, ground, service.group, rules))
    posts = list_service_points(plan, [service], rules.coverage.fills)
    sites = list_candidates(plan, service, rules)
    if sites.empty:
        raise PlanError(
            f"there is no place where a {kind} could stand "
            "-> give places, or organise the plan first"
        )
    # those that are there come first: they are the fixed sites of the problem
    every = gpd.GeoDataFrame(
        pd.concat([posts.reset_index(), sites.reset_index()], ignore_index=True), crs=plan.crs
    )
    every = conform_table("service_posts", every)
    problem = pose_problem(plan, ground, every, len(posts), service, rules, limited)
    # these two weigh every way, so those beyond the threshold are needed as well
    asked = (
        pose_problem(plan, ground, every, len(posts), service, rules, limited, wide=True)
        if question in WIDE
        else problem
    )
    towns = (ground.community, ground.communities.get_indexer(pd.Index(every["community"])))
    answer = _answer_question(asked, question, add or 0, share or 1.0, towns)
    # ranked and traced within the threshold, whichever question was asked
    chosen = rank_sites(problem, answer.chosen)
    curve = trace_curve(problem, question, answer, limited)
    proposed = _write_proposals(plan, kind, every.iloc[chosen], curve)
    able = np.unique(ground.community[(np.diff(problem.ways.indptr) > 0) & (problem.weights > 0)])
    compared = compare_communities(
        reach(proposed, rules), kind, ground.communities[able[able >= 0]]
    )
    return note_proposal(compared, kind, limited)


def _write_proposals(plan: Plan, kind: str, chosen: gpd.GeoDataFrame, curve: pd.DataFrame) -> Plan:
    """Write the sites chosen, in order of rank, and the curve into the plan's tables.

    Proposals and curves of other kinds stay.
    """
    ranks = np.arange(1, len(chosen) + 1)
    codes = [f"{kind}-N{rank:03d}" for rank in ranks]
    new = conform_table(
        "service_posts", chosen.reset_index(drop=True).assign(service_post=codes, rank=ranks)
    )
    # empty tables are left out of a concat, where they would have a say in the types
    kept = plan.siting[plan.siting["kind"] != kind].reset_index(drop=True)
    rows = pd.concat(
        [part for part in (kept, curve.assign(kind=kind)) if len(part)], ignore_index=True
    )
    siting = conform_table("siting", order_rows(rows, ["kind", "question", "added"]))
    parts = [part for part in (plan.service_posts, new) if len(part)]
    proposed = pd.concat(parts) if parts else plan.service_posts
    return plan.replace(service_posts=proposed.sort_index(), siting=siting)


def recall_rules(plan: Plan) -> Rules:
    """Recall the rules that a plan's reach was last measured by; else those of the plan."""
    last = plan.manifest.get("people", {}).get("reach", {}).get("rules", {})
    return plan.rules.replace(**last)


def _check_question(
    kind: str, add: int | None, share: float | None, question: str, rules: Rules
) -> Service:
    """Check what is asked, and find the kind of service point."""
    services = {s.kind: s for s in rules.coverage.services}
    wrong = []
    if kind not in services:
        wrong.append(f"{kind} is not a kind of post; coverage.services names {', '.join(services)}")
    if (add is None) == (share is None):
        wrong.append("say either how many posts to add or the share to be served")
    if add is not None and add < 0:
        wrong.append(f"{add} posts cannot be added")
    if share is not None and not 0 < share <= 1:
        wrong.append(f"{share} is not a share above 0 and up to 1")
    if question not in QUESTIONS or (question == "fewest") != (share is not None and add is None):
        wrong.append(
            f"{question} is not a question: "
            "most, median, centre, fairest or each for so many posts, fewest for a share"
        )
    if wrong:
        raise RuleError("siting: " + "; ".join(wrong))
    return services[kind]


def list_candidates(plan: Plan, service: Service, rules: Rules) -> gpd.GeoDataFrame:
    """List the places where a new service point may stand, with the capacity of their kind.

    One for each place and spot.
    """
    if service.kind == CENTRAL:
        # a central household needs a member who can hold the post
        able = plan.members.index[plan.members["available"] > 0]
        stairwells = plan.stairwells[plan.stairwells.index.isin(able)].sort_index()
        subgrid = stairwells["subgrid"]
        stairwell = stairwells.index
        shapes = stairwells.geometry.to_numpy()
        names = np.full(len(stairwells), "", object)
    else:
        homes = plan.subgrids[plan.subgrids["centre"].isin(plan.stairwells.index)].sort_index()
        # a place of the very kind is there already, and not a candidate
        filling = {fill.place for fill in rules.coverage.fills if fill.kind == service.kind}
        kinds = set(rules.coverage.candidates) - {service.kind} - filling
        places = plan.site.places[plan.site.places["kind"].isin(kinds)].sort_index()
        blank = np.full(len(places), "", object)
        subgrid = np.concatenate([blank, homes.index.to_numpy(object)])
        stairwell = np.concatenate([blank, homes["centre"].to_numpy(object)])
        names = np.concatenate([places["name"].to_numpy(object), np.full(len(homes), "", object)])
        shapes = np.concatenate(
            [
                places.geometry.to_numpy(),
                plan.stairwells.geometry.reindex(homes["centre"]).to_numpy(),
            ]
        )
    # type 0 is a point; a point on the surface lies within the shape, as a centroid may not
    points = np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
    table = gpd.GeoDataFrame(
        {
            "service_post": [f"site-{n:06d}" for n in range(len(points))],
            "kind": service.kind,
            "status": "proposed",
            "name": names,
            "subgrid": np.asarray(subgrid, object),
            "stairwell": np.asarray(stairwell, object),
            "floor_area": np.nan,
        },
        geometry=points,
        crs=plan.crs,
    )
    return conform_table(
        "service_posts", complete_service_points(plan, table, {service.kind: service})
    )


def pose_problem(
    plan: Plan,
    ground: CoverageInputs,
    every: gpd.GeoDataFrame,
    there: int,
    service: Service,
    rules: Rules,
    limited: bool,
    *,
    wide: bool = False,
) -> SitingProblem:
    """Pose the problem of siting: minutes from stairwells to service points and candidates.

    The first ``there`` of them are service points already.

    Ways count up to the threshold of the kind; where ``wide``, as far as they
    are looked for.
    """
    footing = prepare_walking_inputs(plan.site, ground, rules)
    # stairs only add minutes, so no way longer than this is in time
    limit = rules.coverage.farthest if wide else rules.walking.to_metres(service.minutes)
    ways = measure_walk_times(footing, every, [service], limit)[0]
    candidates = find_reach(ground, service, every, np.arange(len(every)), ways, rules)
    # with stairs, some of these ways are too long after all
    near = np.ones(len(candidates.minutes), bool) if wide else candidates.minutes <= service.minutes
    shape = (len(ground), len(every))
    minutes = csr_array(
        (candidates.minutes[near], (candidates.ways.door[near], candidates.ways.post[near])),
        shape=shape,
    )
    # a capacity that is missing is no limit; without any limit the problem is easier
    room = every["capacity"].fillna(np.inf).to_numpy(float)
    return make_siting_problem(
        minutes,
        ground.weight,
        np.arange(there),
        room if limited and np.isfinite(room).any() else None,
    )


def _answer_question(
    problem: SitingProblem, question: str, add: int, share: float, towns: tuple[Ints, Ints]
) -> Siting:
    """Ask one of the questions of siting; ``towns`` are the communities of doors and sites.

    For the median, who has no way at all counts as twice the longest.
    """
    if question == "fairest":
        return serve_worst(problem, towns[0], add)
    if question == "each":
        return place_in_each(problem, *towns, add)
    if question == "most":
        return cover_most(problem, add)
    if question == "fewest":
        return cover_all(problem, share)
    if question == "median":
        return p_median(problem, add, 2.0 * float(problem.ways.data.max(initial=0.0)) + 1.0)
    return p_centre(problem, add)


def rank_sites(problem: SitingProblem, chosen: Ints) -> Ints:
    """Rank the sites chosen by the households left that each serves, of equals the first."""
    columns = problem.ways.tocsc()
    rooms = (
        np.full(problem.ways.shape[1], np.inf) if problem.capacities is None else problem.capacities
    )
    weight_left = problem.weights - _assign_served(problem, problem.fixed)
    # in order of number, so that argmax takes the first of equals
    waiting = sorted(int(site) for site in chosen)
    order = []
    while waiting:
        near = [
            columns.indices[columns.indptr[site] : columns.indptr[site + 1]] for site in waiting
        ]
        best = int(
            np.argmax(np.minimum(rooms[waiting], [weight_left[nearest].sum() for nearest in near]))
        )
        site = waiting.pop(best)
        nearest = near[best]
        nearest = nearest[
            np.argsort(columns.data[columns.indptr[site] : columns.indptr[site + 1]], kind="stable")
        ]
        # the nearest households come first, until the capacity is used up
        before = np.cumsum(weight_left[nearest]) - weight_left[nearest]
        weight_left[nearest] -= np.clip(rooms[site] - before, 0.0, weight_left[nearest])
        order.append(site)
    return np.asarray(order, np.int64)


def trace_curve(
    problem: SitingProblem, question: str, answer: Siting, limited: bool
) -> pd.DataFrame:
    """Trace the share served against service points added, with bounds; and the answer."""
    total = max(problem.total, 1.0)
    k = len(answer.chosen)
    # spread evenly from none to all; rounding may make two of them equal
    counts = np.unique(np.rint(np.linspace(0, k, min(k, CURVE) + 1)).astype(int))
    rows = []
    for count in counts:
        answer_here = (
            answer if question == "most" and count == k else cover_most(problem, int(count))
        )
        rows.append(
            (
                "most",
                int(count),
                question == "most" and count == k,
                answer_here.objective,
                answer_here.bound / total,
                answer_here.gap,
                answer_here.ended,
                np.nan,
            )
        )
    if question != "most":
        bound = np.nan
        # the share of the community served least, which is no share of all
        worst_bound = answer.bound if question == "fairest" else np.nan
        if question == "each":
            bound = answer.bound / total
        # even one at every site would serve no more than this
        if answer.ended == "impossible" and not limited:
            bound = float(assign_nearest(problem, np.arange(problem.ways.shape[1])).sum()) / total
        rows.append(
            (
                question,
                k,
                True,
                float(_assign_served(problem, np.union1d(problem.fixed, answer.chosen)).sum()),
                bound,
                answer.gap,
                answer.ended,
                worst_bound,
            )
        )
    table = pd.DataFrame(
        rows,
        columns=["question", "added", "chosen", "served", "bound", "gap", "ended", "worst_bound"],
    )
    return table.assign(
        share=(table["served"] / total).round(6),
        bound=table["bound"].round(6),
        gap=table["gap"].round(6),
    )


def _assign_served(problem: SitingProblem, sites: Ints) -> Ints:
    """Assign households to service points at some sites; returns those served of each stairwell."""
    rooms = (
        np.full(problem.ways.shape[1], np.inf) if problem.capacities is None else problem.capacities
    )
    rows = np.repeat(np.arange(len(problem.weights)), np.diff(problem.ways.indptr))
    there = np.isin(problem.ways.indices, sites)
    door: Ints = rows[there]
    post: Ints = problem.ways.indices[there]
    minutes: Floats = problem.ways.data[there]
    return serve_households(door, post, minutes, problem.weights.astype(np.int64), rooms)[0]
