"""Siting: posts on streets small enough to be checked by eye, and against every choice there is."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridplan.errors import InputError
from gridplan.siting.locate import cover_all, cover_most, p_centre, p_median
from gridplan.siting.problem import make_problem

INF = np.inf


def draw_street(n=5, reach=100.0, **more):
    """Houses 100 m apart, a household and a site at each."""
    at = np.arange(n) * 100.0
    far = abs(at[:, None] - at)
    return make_problem(np.where(far <= reach, far, INF), more.pop("weights", np.ones(n)), **more)


def share_by_hand(ways, weights, opened, capacities, beyond):
    """Price of the best sharing out, by another formulation than ours: a dense linear programme with a dummy post."""
    opened = sorted(opened)
    n = len(weights)
    if capacities is None:
        return float((weights * np.minimum(ways[:, opened].min(axis=1, initial=INF), beyond)).sum())
    cost = np.column_stack([np.where(ways[:, opened] < beyond, ways[:, opened], 1e7), np.full(n, beyond)])
    columns = cost.shape[1]
    each = np.kron(np.eye(n), np.ones(columns))
    room = np.kron(np.ones(n), np.eye(columns)[:-1])
    limits = np.minimum(capacities[opened], 1e6)
    found = linprog(cost.ravel(), A_eq=each, b_eq=weights, A_ub=room, b_ub=limits)
    return float(found.fun)


@st.composite
def problems(draw, capacities=False, **kinds):
    """Small problems: 1 to 7 places, 1 to 6 sites, some out of reach, some posts fixed."""
    n, m = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    way = st.one_of(st.integers(0, 6).map(float), st.just(INF))
    ways = np.array(draw(st.lists(way, min_size=n * m, max_size=n * m))).reshape(n, m)
    weights = np.array(draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), float)
    fixed = draw(st.lists(st.integers(0, m - 1), max_size=2, unique=True))
    rooms = np.array(draw(st.lists(st.integers(0, 15), min_size=m, max_size=m)), float) if capacities else None
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
    problem = make_problem(ways, weights, fixed, rooms)
    answer = cover_most(problem, k)
    best = min(find_uncovered(ways, weights, opened, rooms) for _, opened in list_choices(ways.shape[1], fixed, k))
    check(answer, weights.sum() - best, problem, k)
    assert answer.served == pytest.approx(answer.objective, abs=1e-6)


@pytest.mark.parametrize("is_tight", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data(), share=st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_cover_all_needs_the_fewest_of_all_choices(is_tight, data, share):
    ways, weights, fixed, rooms, _ = data.draw(problems(is_tight))
    problem = make_problem(ways, weights, fixed, rooms)
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
    problem = make_problem(ways, weights, fixed, rooms)
    answer = p_median(problem, k, beyond)
    far = min(beyond, 1e5)
    best = min(share_by_hand(ways, weights, opened, rooms, far) for _, opened in list_choices(ways.shape[1], fixed, k))
    check(answer, INF if best >= 1e5 - 1 else best, problem, k)


@pytest.mark.parametrize("is_tight", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_p_centre_is_the_best_of_all_choices(is_tight, data):
    ways, weights, fixed, rooms, k = data.draw(problems(is_tight))
    problem = make_problem(ways, weights, fixed, rooms)
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
