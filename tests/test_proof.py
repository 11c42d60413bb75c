"""The proof: listed parts, covers and lower bounds against trying everything."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix, vstack

from gridplan.division.column_pool import ColumnPool, hash_parts
from gridplan.division.divide import divide_atoms
from gridplan.division.enumeration import list_parts, price_parts
from gridplan.division.lower_bound import find_bound
from gridplan.division.lp_relaxation import solve_relaxation
from gridplan.division.pricing import make_pricing_workspace, price_centre
from gridplan.division.search import open_state
from gridplan.division.set_partitioning import solve_set_partitioning
from gridplan.rules.band import Band
from tests.test_division import find_best, make, make_board, make_random


def list_by_trying(problem):
    graph = nx.Graph(problem.pairs.tolist())
    graph.add_nodes_from(range(len(problem)))
    found = set()
    for r in range(1, len(problem) + 1):
        for own in itertools.combinations(range(len(problem)), r):
            mass = int(problem.weights[list(own)].sum())
            if problem.band.low <= mass <= problem.band.high and nx.is_connected(
                graph.subgraph(own)
            ):
                found.add(own)
    return found


def test_the_parts_of_a_row_of_four_are_its_pieces_of_two_to_four():
    """Ten households each, band 20 to 40: 01, 12, 23, 012, 123, 0123."""
    problem = make(
        [10] * 4, [(30 * i, 0) for i in range(4)], [(0, 1), (1, 2), (2, 3)], Band(20, 30, 40)
    )
    prices, starts, atoms = list_parts(problem.to_data(), 100)
    listed = [tuple(sorted(atoms[a:b].tolist())) for a, b in itertools.pairwise(starts)]
    assert sorted(listed) == [(0, 1), (0, 1, 2), (0, 1, 2, 3), (1, 2), (1, 2, 3), (2, 3)]
    assert dict(zip(listed, prices.tolist(), strict=True))[0, 1, 2] == 600.0


@given(seed=st.integers(0, 10_000), n=st.integers(4, 10))
@settings(max_examples=30, deadline=None)
def test_every_part_is_listed_once(seed, n):
    problem = make_random(n, seed, band=Band(12, 20, 30))
    _, starts, atoms = list_parts(problem.to_data(), 5000)
    listed = [tuple(sorted(atoms[a:b].tolist())) for a, b in itertools.pairwise(starts)]
    assert len(listed) == len(set(listed))
    assert set(listed) == list_by_trying(problem)


@given(seed=st.integers(0, 10_000), n=st.integers(4, 10), levels=st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_parts_are_priced_as_they_are_listed(seed, n, levels):
    data = make_random(n, seed, band=Band(12, 20, 30), levels=levels).to_data()
    prices, starts, atoms = list_parts(data, 5000)
    assert prices == pytest.approx(price_parts(data, starts, atoms))


def test_where_there_are_too_many_parts_none_is_listed():
    assert list_parts(make_board(8, 8).to_data(), 50) is None


@pytest.mark.parametrize("seed", range(6))
def test_the_best_cover_by_all_parts_is_the_best_division(seed):
    problem = make_random(9, seed, band=Band(15, 22, 32), levels=1)
    k = problem.band.choose_count(problem.households)
    cover = solve_set_partitioning(list_parts(problem.to_data(), 5000), len(problem), k)
    best = find_best(problem, k)
    if cover.part is None:
        mass_best = divide_atoms(problem)
        assert mass_best.shortfalls or len(mass_best.centres) != k
    else:
        assert (
            cover.price == pytest.approx(best, rel=1e-3) or cover.price >= best
        )  # the best may leave the band
        assert cover.bound <= cover.price + 1e-6


def test_a_cover_that_cannot_be_says_so():
    """Three houses of thirty in a row, parts of exactly two: nothing covers all."""
    problem = make([30] * 3, [(30 * i, 0) for i in range(3)], [(0, 1), (1, 2)], Band(60, 60, 60))
    cover = solve_set_partitioning(list_parts(problem.to_data(), 100), 3, (1, 2))
    assert cover.part is None
    assert cover.bound == np.inf


def test_the_pool_keeps_every_part_once():
    problem = make_board(6, 2)
    pool = ColumnPool(12, 4)
    for part in (
        [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3],
        [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 2],
        [1, 1, 1, 0, 0, 0, 3, 3, 3, 2, 2, 2],
    ):
        data = problem.to_data()
        pool.add(data, open_state(data, np.array(part, np.int32), 4))
    prices, starts, _ = pool.list_columns(100)
    assert len(prices) == 6  # 012, 345, 678, 9ab and of the second 67b, 89a
    assert np.diff(starts).tolist() == [3] * 6


def test_the_hash_of_a_part_does_not_depend_on_its_number():
    one = hash_parts(np.array([0, 0, 1, 1], np.int32), 2)
    other = hash_parts(np.array([1, 1, 0, 0], np.int32), 2)
    assert sorted(one.tolist()) == sorted(other.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_the_relaxed_cover_is_that_of_all_columns_at_once(seed):
    problem = make_random(12, seed, band=Band(15, 24, 34), levels=1)
    columns = list_parts(problem.to_data(), 50_000)
    n = len(problem)
    k = problem.band.choose_count(problem.households)
    held = csc_matrix(
        (np.ones(len(columns[2])), columns[2], columns[1]), shape=(n, len(columns[0]))
    )
    rows = vstack([held, np.ones((1, len(columns[0])))])
    plain = linprog(columns[0], A_eq=rows, b_eq=np.append(np.ones(n), k), method="highs")
    for first in (0, 10, 10_000):
        relaxed = solve_relaxation(columns, n, (k, k), first)
        assert (relaxed is None) == (plain.x is None)
        if relaxed is not None:
            assert relaxed.value == pytest.approx(plain.fun)
            assert relaxed.reduced.min() >= -1e-4
            assert relaxed.worth.sum() + k * relaxed.place == pytest.approx(plain.fun)


def test_a_relaxed_cover_that_cannot_be_says_so():
    """Four houses of thirty in a row, parts of exactly three: one house is always left out."""
    problem = make(
        [30] * 4, [(30 * i, 0) for i in range(4)], [(0, 1), (1, 2), (2, 3)], Band(90, 90, 90)
    )
    columns = list_parts(problem.to_data(), 100)
    assert len(columns[0]) == 2
    assert solve_relaxation(columns, 4, (1, 2)) is None


def find_cheapest(problem, parts, centre, worth):
    """Try every part with the centre in it: the least walk and charges, less the atoms' worth."""
    data = problem.to_data()
    cheapest = np.inf
    for own in parts:
        if centre in own:
            walk = sum(
                data.pull[i] * np.hypot(data.x[i] - data.x[centre], data.y[i] - data.y[centre])
                for i in own
            )
            off = data.wishes[1] * abs(int(data.weights[list(own)].sum()) - problem.band.target)
            kinds = [
                len(set(data.groups[list(own), level].tolist())) - 1
                for level in range(len(data.prices))
            ]
            cheapest = min(
                cheapest,
                walk + off + float(data.prices @ np.array(kinds, float)) - worth[list(own)].sum(),
            )
    return cheapest


def list_all(problem):
    n = len(problem)
    band = problem.band
    sets = [own for r in range(1, n + 1) for own in itertools.combinations(range(n), r)]
    return [own for own in sets if band.low <= problem.weights[list(own)].sum() <= band.high]


@given(
    seed=st.integers(0, 10_000), n=st.integers(4, 8), levels=st.integers(0, 1), apart=st.booleans()
)
@settings(max_examples=25, deadline=None)
def test_the_cheapest_connected_part_round_a_centre_is_found_and_never_bounded_from_above(
    seed, n, levels, apart
):
    problem = make_random(n, seed, band=Band(12, 20, 32), levels=levels)
    if apart:
        problem = make(
            problem.weights, problem.xy, None, problem.band, problem.groups, problem.prices
        )
    data = problem.to_data()
    worth = np.random.default_rng(seed).uniform(0, 60, n) * problem.weights
    workspace = make_pricing_workspace(data)
    parts = list_all(problem) if apart else list_by_trying(problem)
    for centre in range(n):
        exact = find_cheapest(problem, parts, centre, worth)
        found, _, sound = price_centre(data, workspace, worth, centre, 10_000, np.inf)
        assert found == pytest.approx(exact) if exact < np.inf else (found == np.inf or not sound)
        for nodes in (1, 2, 5):
            assert price_centre(data, workspace, worth, centre, nodes, np.inf)[0] <= exact + 1e-6
        assert price_centre(data, workspace, worth, centre, 10_000, exact - 5.0)[0] <= exact + 1e-6


def test_a_piece_apart_costs_the_bridge_to_it():
    """A row of 10, 10, 10, 10 households; the third is worth nothing, the others 1,000 each.

    Round the first house: alone with the second it walks 300, which leaves 300
    - 2,000 and 10 off the target of 30, 100; with all four the third adds 600
    and the fourth 900 - 1,000, ten above the target. Without the bridge the
    fourth would come.
    """
    problem = make(
        [10] * 4, [(30 * i, 0) for i in range(4)], [(0, 1), (1, 2), (2, 3)], Band(20, 30, 40)
    )
    worth = np.array([1000.0, 1000.0, 0.0, 1000.0])
    data = problem.to_data()
    workspace = make_pricing_workspace(data)
    bound = price_centre(data, workspace, worth, 0, 1, np.inf)
    assert (bound[0], bound[2]) == (
        pytest.approx(300 + 900 - 3000),
        False,
    )  # houses 0, 1 and 3, not connected
    found, size, sound = price_centre(data, workspace, worth, 0, 100, np.inf)
    assert found == pytest.approx(300 - 2000 + 100)
    assert sorted(workspace.best[:size].tolist()) == [0, 1]
    assert sound


def solve_flow(problem, k):
    """Solve a small division by HiGHS: atom i goes to centre c, and flow from c reaches it."""
    data = problem.to_data()
    n = len(problem)
    edges = (
        []
        if problem.pairs is None
        else [e for a, b in problem.pairs.tolist() for e in ((a, b), (b, a))]
    )
    kinds = [
        (level, g) for level in range(len(data.prices)) for g in np.unique(data.groups[:, level])
    ]
    walk = (
        np.hypot(data.x[:, None] - data.x[None, :], data.y[:, None] - data.y[None, :])
        * data.pull[:, None]
    )
    # where the kinds of columns begin
    sent = n * n
    off = n * n + n * len(edges)
    opened = n * n + n * len(edges) + n
    count = opened + n * len(kinds)
    cost = np.zeros(count)
    cost[:sent] = walk.ravel()
    cost[off:opened] = data.wishes[1]
    rows = []
    least = []
    most = []

    def add(entries, low, high):
        row = np.zeros(count)
        for j, value in entries:
            row[j] += value
        rows.append(row)
        least.append(low)
        most.append(high)

    low = problem.band.low
    target = problem.band.target
    high = problem.band.high
    for i in range(n):
        add([(i * n + c, 1) for c in range(n)], 1, 1)
    add([(c * n + c, 1) for c in range(n)], k, k)
    for c in range(n):
        centre = c * n + c
        mass = [(i * n + c, float(data.weights[i])) for i in range(n)]
        add([*mass, (centre, -low)], 0, np.inf)
        add([*mass, (centre, -high)], -np.inf, 0)
        add([*mass, (centre, -target), (off + c, -1)], -np.inf, 0)
        add([*mass, (centre, -target), (off + c, 1)], 0, np.inf)
        for number, (level, g) in enumerate(kinds):
            cost[opened + c * len(kinds) + number] = data.prices[level]
            for i in np.flatnonzero(data.groups[:, level] == g):
                add([(opened + c * len(kinds) + number, 1), (i * n + c, -1)], 0, np.inf)
        cost[centre] -= data.prices.sum()
        for i in range(n):
            into = [(sent + c * len(edges) + e, 1) for e, (_, b) in enumerate(edges) if b == i]
            away = [(sent + c * len(edges) + e, -1) for e, (a, _) in enumerate(edges) if a == i]
            if edges and i != c:
                add([*into, *away, (i * n + c, -1)], 0, 0)
                add([*into, (i * n + c, -n)], -np.inf, 0)
    whole = np.zeros(count)
    whole[:sent] = 1
    top = np.full(count, np.inf)
    top[:sent] = 1
    found = milp(
        cost,
        integrality=whole,
        bounds=Bounds(0, top),
        constraints=LinearConstraint(np.array(rows), least, most),
    )
    return None if found.x is None else found.fun


@pytest.mark.parametrize(
    ("seed", "levels", "apart"),
    [(s, levels, a) for s in range(3) for levels in (0, 2) for a in (False, True)],
)
def test_the_bound_is_never_above_what_highs_finds(seed, levels, apart):
    """Two levels of groups that do not nest; contiguous by a flow or not; a lower limit."""
    problem = make_random(7, seed, band=Band(18, 22, 32), levels=levels)
    if apart:
        problem = make(
            problem.weights, problem.xy, None, problem.band, problem.groups, problem.prices
        )
    k = problem.band.choose_count(problem.households)
    division = divide_atoms(problem, "quick", seed)
    best = solve_flow(problem, k)
    if best is None or len(division.centres) != k:
        pytest.skip("no division into the number of parts nearest to the target")
    assert division.price >= best - 1e-6
    bound = find_bound(problem, division.part, division.price, 60, listed=0)
    assert bound.value <= best + 1e-6
    if not apart:
        assert find_bound(problem, division.part, division.price).value == pytest.approx(
            best, rel=6e-4
        )
        assert find_best(problem, k) <= best + 1e-6  # which may leave the band


@given(seed=st.integers(0, 10_000), n=st.integers(5, 9), levels=st.integers(0, 2))
@settings(max_examples=20, deadline=None)
def test_the_bound_is_never_above_the_best_division_in_band(seed, n, levels):
    problem = make_random(n, seed, band=Band(12, 20, 32), levels=levels)
    k = problem.band.choose_count(problem.households)
    listed = list_parts(problem.to_data(), 20_000)
    cover = solve_set_partitioning(listed, n, k)
    division = divide_atoms(problem, "quick", seed)
    if cover.part is None or len(division.centres) != k:
        return
    bound = find_bound(problem, division.part, division.price, 60, listed=0)
    exact = find_bound(problem, division.part, division.price)
    assert bound.value <= exact.value + 1e-6
    assert exact.value <= cover.price * (1 + 1e-9)


def test_the_bound_of_a_board_comes_near_its_best_division():
    problem = make_board(6, 6)
    division = divide_atoms(problem)
    bound = find_bound(problem, division.part, division.price, 300, listed=0)
    assert division.price == pytest.approx(12 * 600.0)
    assert 0.95 * division.price <= bound.value <= division.price + 1e-6


def test_the_bound_holds_where_no_number_of_atoms_fits_the_lower_limit():
    """Weights of 17 and a lower limit of 20: two make 34; the bound must not become infinite."""
    problem = make(
        [17] * 8, [(30 * i, 0) for i in range(8)], [(i, i + 1) for i in range(7)], Band(20, 30, 40)
    )
    division = divide_atoms(problem)
    bound = find_bound(problem, division.part, division.price, 100, listed=0)
    assert 0 < bound.value <= division.price
