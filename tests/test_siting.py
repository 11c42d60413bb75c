"""Siting: posts on streets small enough to be checked by eye, and against every choice there is."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from gridplan.coverage.siting.fair_siting import place_in_each, serve_worst
from gridplan.coverage.siting.location_problems import cover_all, cover_most, p_centre, p_median
from gridplan.coverage.siting.siting_curve import trace_siting
from gridplan.coverage.siting.siting_problem import make_siting_problem
from gridplan.errors import InputError

INF = np.inf


def draw_street(n=5, reach=100.0, **more):
    """Houses 100 m apart, a household and a site at each."""
    at = np.arange(n) * 100.0
    far = abs(at[:, None] - at)
    return make_siting_problem(
        np.where(far <= reach, far, INF), more.pop("weights", np.ones(n)), **more
    )


def share_by_hand(ways, weights, opened, capacities, beyond):
    """The best price by another formulation: a dense linear programme with a dummy post."""
    opened = sorted(opened)
    n = len(weights)
    if capacities is None:
        return float((weights * np.minimum(ways[:, opened].min(axis=1, initial=INF), beyond)).sum())
    cost = np.column_stack(
        [np.where(ways[:, opened] < beyond, ways[:, opened], 1e7), np.full(n, beyond)]
    )
    columns = cost.shape[1]
    each = np.kron(np.eye(n), np.ones(columns))
    room = np.kron(np.ones(n), np.eye(columns)[:-1])
    limits = np.minimum(capacities[opened], 1e6)
    found = linprog(cost.ravel(), A_eq=each, b_eq=weights, A_ub=room, b_ub=limits)
    return float(found.fun)


@st.composite
def problems(draw, capacities=False, **kinds):
    """Small problems: 1 to 7 places, 1 to 6 sites, some out of reach, some posts fixed."""
    n = draw(st.integers(1, 7))
    m = draw(st.integers(1, 6))
    way = st.one_of(st.integers(0, 6).map(float), st.just(INF))
    ways = np.array(draw(st.lists(way, min_size=n * m, max_size=n * m))).reshape(n, m)
    weights = np.array(draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), float)
    fixed = draw(st.lists(st.integers(0, m - 1), max_size=2, unique=True))
    rooms = (
        np.array(draw(st.lists(st.integers(0, 15), min_size=m, max_size=m)), float)
        if capacities
        else None
    )
    return ways, weights, fixed, rooms, draw(st.integers(0, 4))


def list_choices(m, fixed, k):
    free = [j for j in range(m) if j not in fixed]
    for size in range(min(k, len(free)) + 1):
        for own in combinations(free, size):
            yield list(own), [*own, *fixed]


def find_uncovered(ways, weights, opened, rooms, radius=1e6):
    return share_by_hand(np.where(ways <= radius, 0.0, INF), weights, opened, rooms, 1.0)


def check(answer, best, problem, k):
    assert answer.ended == ("optimal" if np.isfinite(best) else "impossible")
    assert answer.objective == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert answer.gap == 0
    assert len(answer.chosen) <= k
    assert not set(answer.chosen) & set(problem.fixed)
    shared = answer.assignment.toarray()
    assert (shared.sum(axis=1) <= problem.weights + 1e-6).all()
    is_open = np.isin(np.arange(shared.shape[1]), [*problem.fixed, *answer.chosen])
    assert not shared[:, ~is_open].any()
    if problem.capacities is not None:
        assert (shared.sum(axis=0) <= problem.capacities + 1e-6).all()


@pytest.mark.parametrize("is_tight", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_cover_most_is_the_best_of_all_choices(is_tight, data):
    ways, weights, fixed, rooms, k = data.draw(problems(is_tight))
    problem = make_siting_problem(ways, weights, fixed, rooms)
    answer = cover_most(problem, k)
    best = min(
        find_uncovered(ways, weights, opened, rooms)
        for _, opened in list_choices(ways.shape[1], fixed, k)
    )
    check(answer, weights.sum() - best, problem, k)
    assert answer.served == pytest.approx(answer.objective, abs=1e-6)


@pytest.mark.parametrize("is_tight", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data(), share=st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_cover_all_needs_the_fewest_of_all_choices(is_tight, data, share):
    ways, weights, fixed, rooms, _ = data.draw(problems(is_tight))
    problem = make_siting_problem(ways, weights, fixed, rooms)
    answer = cover_all(problem, share)
    left = (1 - share) * weights.sum() + 1e-6
    enough = [
        len(own)
        for own, opened in list_choices(ways.shape[1], fixed, 9)
        if find_uncovered(ways, weights, opened, rooms) <= left
    ]
    check(answer, min(enough, default=INF), problem, 9)
    if enough:
        assert answer.served >= weights.sum() - left


@pytest.mark.parametrize("is_tight", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data(), beyond=st.sampled_from([4.0, 10.0, INF]))
def test_p_median_is_the_best_of_all_choices(is_tight, data, beyond):
    ways, weights, fixed, rooms, k = data.draw(problems(is_tight))
    problem = make_siting_problem(ways, weights, fixed, rooms)
    answer = p_median(problem, k, beyond)
    far = min(beyond, 1e5)
    best = min(
        share_by_hand(ways, weights, opened, rooms, far)
        for _, opened in list_choices(ways.shape[1], fixed, k)
    )
    check(answer, INF if best >= 1e5 - 1 else best, problem, k)


@pytest.mark.parametrize("is_tight", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_p_centre_is_the_best_of_all_choices(is_tight, data):
    ways, weights, fixed, rooms, k = data.draw(problems(is_tight))
    problem = make_siting_problem(ways, weights, fixed, rooms)
    answer = p_centre(problem, k)
    radii = [0.0, *np.unique(ways[np.isfinite(ways)])]
    fits = [
        radius
        for radius in radii
        for _, opened in list_choices(ways.shape[1], fixed, k)
        if find_uncovered(ways, weights, opened, rooms, radius) <= 1e-6
    ]
    best = min(fits, default=INF)
    if weights.sum() == 0:
        best = answer.objective  # nobody walks
    check(answer, best, problem, k)


def test_two_posts_serve_a_street_of_five_houses():
    street = draw_street()
    assert cover_most(street, 1).objective == 3
    both = cover_most(street, 2)
    assert both.objective == 5
    assert both.ended == "optimal"
    assert cover_all(street).chosen.tolist() in ([1, 3], [1, 4], [0, 3])


def test_no_posts_serve_nobody():
    answer = cover_most(draw_street(), 0)
    assert (answer.objective, answer.bound, answer.chosen.tolist(), answer.served) == (0, 0, [], 0)
    assert p_median(draw_street(), 0, beyond=500).objective == 5 * 500
    assert p_centre(draw_street(), 0).ended == "impossible"


def test_a_post_that_stands_is_kept_and_not_counted():
    # houses 0 to 4; the post at 0 serves 0 and 1, so one more at 3 serves the rest
    street = draw_street(fixed=[0])
    assert cover_all(street).chosen.tolist() == [3]
    assert cover_most(street, 1).chosen.tolist() == [3]
    assert p_centre(street, 1).objective == 100
    assert p_median(street, 1).objective == 3 * 100


def test_a_post_with_room_for_two_households_leaves_the_third_to_another():
    street = draw_street(capacities=2)
    assert cover_most(street, 1).objective == 2
    assert cover_all(street).objective == 3
    shared = cover_most(street, 2).assignment.toarray()
    assert shared.sum() == 4
    assert shared.sum(axis=0).max() == 2


def test_a_place_is_shared_out_where_no_post_has_room_for_all_of_it():
    house = make_siting_problem([[10.0, 20.0]], [5], capacities=[3, 4])
    answer = p_median(house, 2)
    assert answer.assignment.toarray().tolist() == [[3, 2]]
    assert answer.objective == 3 * 10 + 2 * 20
    assert p_median(house, 1).ended == "impossible"


def test_the_far_farm_decides_the_centre_but_not_the_median():
    at = np.array([0.0, 10, 20, 1000])
    far = abs(at[:, None] - at)
    village = make_siting_problem(far, [9, 9, 9, 1])
    assert p_median(village, 1).chosen.tolist() == [1]
    assert p_centre(village, 1).objective == 980
    assert p_centre(village, 2).objective == 10


def test_a_house_out_of_all_reach_makes_covering_all_impossible():
    ways = [[0.0, INF], [INF, 0.0], [INF, INF]]
    answer = cover_all(make_siting_problem(ways, [5, 4, 1]))
    assert (answer.ended, answer.objective, answer.bound) == ("impossible", INF, INF)
    assert cover_all(make_siting_problem(ways, [5, 4, 1]), 0.9).objective == 2
    assert cover_all(make_siting_problem(ways, [5, 4, 0])).objective == 2  # nobody lives there


def test_a_way_of_nought_is_a_way():
    assert cover_most(make_siting_problem(csr_array(np.array([[1.0]])) * 0, [3]), 1).objective == 3


def test_everything_wrong_is_reported_at_once():
    with pytest.raises(InputError) as caught:
        make_siting_problem([[1.0, -2.0]], [1, 2], fixed=[7], capacities=[1, 2, 3])
    assert [problem.table for problem in caught.value.problems] == ["ways"] * 4


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_one_more_post_never_serves_fewer_and_rows_of_a_curve_hold(data):
    ways, weights, fixed, rooms, _ = data.draw(problems(data.draw(st.booleans())))
    problem = make_siting_problem(ways, weights, fixed, rooms)
    best = trace_siting(problem, 4, nested=False)
    built = trace_siting(problem, 4)
    for curve in (best, built):
        assert (np.diff(curve["served"]) >= -1e-9).all()
        assert (curve["served"] <= curve["bound"] + 1e-9).all()
    assert (best["ended"] == "optimal").all()
    assert (built["served"] <= best["served"] + 1e-6).all()
    assert (built["bound"] >= best["served"] - 1e-6).all()
    assert all(set(a) <= set(b) for a, b in pairwise(built["sites"]))


def draw_village(n, m, radius, seed=3):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 1000, (n, 2))
    sites = rng.uniform(0, 1000, (m, 2))
    far = np.rint(np.hypot(*(xy[:, None] - sites[None]).transpose(2, 0, 1)))
    return np.where(far <= radius, far, INF), rng.integers(1, 40, n).astype(float)


@pytest.mark.parametrize("k", [4, 12])
def test_a_village_too_large_for_every_choice_is_solved_as_the_plain_integer_problem_is(k):
    ways, weights = draw_village(150, 40, 180)
    n, m = ways.shape
    # the textbook formulation, apart from ours: z a post, y a place served
    holds = np.isfinite(ways).astype(float)
    found = milp(
        np.append(np.zeros(m), -weights),
        integrality=np.append(np.ones(m), np.zeros(n)),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(np.hstack([-holds, np.eye(n)]), -INF, 0),
            LinearConstraint(np.append(np.ones(m), np.zeros(n)), 0, k),
        ],
        options={"mip_rel_gap": 0},
    )
    answer = cover_most(make_siting_problem(ways, weights), k)
    assert answer.ended == "optimal"
    assert answer.objective == pytest.approx(-found.fun, abs=1e-6)
    fewest = cover_all(make_siting_problem(ways, weights), answer.objective / weights.sum())
    assert fewest.objective <= k
    assert (
        cover_most(make_siting_problem(ways, weights), int(fewest.objective) - 1).objective
        < answer.objective
    )


def test_row_order_of_places_does_not_matter():
    ways, weights = draw_village(120, 30, 250)
    order = np.random.default_rng(0).permutation(len(weights))
    for solve in (
        lambda p: cover_most(p, 6),
        lambda p: p_median(p, 6, 300.0),
        lambda p: p_centre(p, 20),
        cover_all,
    ):
        one = solve(make_siting_problem(ways, weights))
        other = solve(make_siting_problem(ways[order], weights[order]))
        assert one.chosen.tolist() == other.chosen.tolist()
        assert (one.objective, one.bound, one.ended) == (other.objective, other.bound, other.ended)
        assert one.assignment.toarray()[order].tolist() == other.assignment.toarray().tolist()


@pytest.mark.parametrize("capacities", [None, 150.0])
def test_bounds_hold_where_branch_and_bound_is_not_allowed(monkeypatch, capacities):
    ways, weights = draw_village(100, 25, 300)
    problem = make_siting_problem(ways, weights, capacities=capacities)
    proven = cover_most(problem, 5), p_median(problem, 5, 300.0)
    assert {answer.ended for answer in proven} == {"optimal"}
    monkeypatch.setattr("gridplan.coverage.siting.best_sites.ENTRIES", 0)
    monkeypatch.setattr("gridplan.coverage.siting.capacitated_siting.ENTRIES", 0)
    served = cover_most(problem, 5)
    walked = p_median(problem, 5, 300.0)
    assert served.objective <= proven[0].objective + 1e-6 <= served.bound + 2e-6
    assert walked.bound <= proven[1].objective + 1e-6 <= walked.objective + 2e-6
    assert max(served.gap, walked.gap) < 0.05


@pytest.mark.parametrize("capacities", [None, 0.0])
@pytest.mark.parametrize("weights", [[3.0, 4.0], [0.0, 0.0]])
def test_where_no_site_is_in_reach_nobody_is_served(capacities, weights):
    desert = make_siting_problem(np.full((2, 3), INF), weights, capacities=capacities)
    assert cover_most(desert, 2).objective == 0
    assert trace_siting(desert, 2)["served"].tolist() == [0, 0, 0]
    assert p_median(desert, 2, beyond=100.0).objective == 100 * sum(weights)
    for answer in (cover_all(desert), p_median(desert, 2), p_centre(desert, 2)):
        assert answer.ended == ("impossible" if sum(weights) else "optimal")


# ---- fairness


def share_least(problem, group, sites):
    """The least share of any community that some site could serve, places served by any of them."""
    ways = problem.ways.toarray()
    near = np.zeros(ways.shape, bool)
    near[np.repeat(np.arange(len(ways)), np.diff(problem.ways.indptr)), problem.ways.indices] = True
    served = near[:, list(sites)].any(axis=1) * problem.weights
    towns = np.unique(group[near.any(axis=1)])
    shares = [served[group == town].sum() / problem.weights[group == town].sum() for town in towns]
    return min(shares), served.sum()


@pytest.mark.parametrize("seed", range(6))
def test_fair_choices_are_those_that_trying_all_of_them_finds(seed):
    rng = np.random.default_rng(seed)
    far = np.where(rng.random((14, 7)) < 0.3, 1.0, np.inf)
    group = rng.integers(0, 4, 14)
    stands = rng.integers(0, 4, 7)
    problem = make_siting_problem(far, rng.integers(1, 9, 14), fixed=[0])
    every = [(0, *trio) for trio in combinations(range(1, 7), 3)]
    answer = serve_worst(problem, group, 3)
    assert answer.ended == "optimal"
    best = max(share_least(problem, group, sites)[0] for sites in every)
    assert answer.objective == pytest.approx(best, abs=1e-6)
    chosen = [0, *answer.chosen.tolist()]
    assert share_least(problem, group, chosen)[0] == pytest.approx(best, abs=1e-6)
    # one in each: of choices with a site in most communities that lack one, the one serving most
    lacking = set(np.unique(group)) - {stands[0]}
    number = {sites: len({stands[s] for s in sites} & lacking) for sites in every}
    most = max(number.values())
    served = max(share_least(problem, group, s)[1] for s in every if number[s] == most)
    answer = place_in_each(problem, group, stands, 3)
    assert (answer.ended, answer.objective) == ("optimal", pytest.approx(served))
    assert len({stands[s] for s in answer.chosen} & lacking) == most


def test_three_posts_do_not_all_stand_in_the_largest_community():
    """Room for ten each: community 0 has 40 households round three sites, 1 and 2 have 5 each."""
    far = np.full((5, 5), np.inf)
    far[:3, :3] = 1.0
    far[3, 3] = far[4, 4] = 1.0
    problem = make_siting_problem(far, [20, 10, 10, 5, 5], capacities=10)
    group = np.array([0, 0, 0, 1, 2])
    assert cover_most(problem, 3).chosen.tolist() == [0, 1, 2]
    fair = serve_worst(problem, group, 3)
    assert (fair.objective, fair.ended) == (pytest.approx(0.25), "optimal")
    assert fair.chosen[1:].tolist() == [3, 4]
    each = place_in_each(problem, group, np.array([0, 0, 0, 1, 2]), 3)
    assert each.chosen[1:].tolist() == [3, 4]
    assert each.objective == 20
