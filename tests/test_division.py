"""Division: balanced, contiguous, walkable parts, checked by eye or by trying everything."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from gridplan.division.centres import choose_centre, find_centres
from gridplan.division.divide import divide_atoms
from gridplan.division.exchange_kernels import exchange, price_exchange, price_part, stays_connected
from gridplan.division.initial_division import cut_tree
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import open_state, total_price
from gridplan.planning.measures import measure_parts
from gridplan.rules.band import Band


def make(weights, xy, pairs, band, groups=None, prices=(), climb=None, stack=None):
    n = len(weights)
    return DivisionProblem(
        ids=tuple(f"{i:04d}" for i in range(n)),
        weights=np.asarray(weights),
        pull=np.asarray(weights, float),
        xy=np.asarray(xy, float),
        climb=np.zeros(n) if climb is None else np.asarray(climb, float),
        stack=np.arange(n) if stack is None else np.asarray(stack),
        pairs=None if pairs is None else np.asarray(pairs, int).reshape(-1, 2),
        groups=np.zeros((n, 0), np.int32) if groups is None else np.asarray(groups, np.int32),
        prices=np.asarray(prices, float),
        band=band,
    )


def make_board(columns, rows, weight=10, band=None, step=30.0):
    xy = [(step * c, step * r) for r in range(rows) for c in range(columns)]
    pairs = [
        (r * columns + c, s * columns + d)
        for r in range(rows)
        for c in range(columns)
        for s, d in ((r, c + 1), (r + 1, c))
        if s < rows and d < columns
    ]
    return make([weight] * len(xy), xy, pairs, band or Band(20, 30, 40))


def make_random(n, seed, band=None, levels=0):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 30 * np.sqrt(n), (n, 2))
    corners = Delaunay(xy).simplices
    pairs = np.unique(
        np.sort(
            np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1
        ),
        axis=0,
    )
    groups = rng.integers(0, max(2, n // 3), (n, levels))
    return make(
        rng.integers(3, 14, n), xy, pairs, band or Band(20, 30, 40), groups, [200.0] * levels
    )


def is_contiguous(problem, part):
    graph = nx.Graph(problem.pairs.tolist())
    graph.add_nodes_from(range(len(problem)))
    return all(
        nx.is_connected(graph.subgraph(np.flatnonzero(part == p).tolist())) for p in np.unique(part)
    )


def masses(problem, part):
    return np.bincount(part, problem.weights).astype(int)


def find_best(problem, k):
    """Try every division of a small problem; the price of the cheapest contiguous one."""
    data = problem.to_data()
    n = len(problem)
    graph = nx.Graph(problem.pairs.tolist())
    connected = {
        s
        for r in range(1, n + 1)
        for s in itertools.combinations(range(n), r)
        if nx.is_connected(graph.subgraph(s))
    }
    price = {}
    for s in connected:
        part = np.ones(n, np.int32)
        part[list(s)] = 0
        state = open_state(data, part, 2)
        price[s] = price_part(data, state, 0)

    def cover(left, parts):
        if parts == 0:
            return 0.0 if not left else np.inf
        if not left:
            return np.inf
        first = left[0]
        rest = left[1:]
        choices = (
            s
            for r in range(len(rest) + 1)
            for c in itertools.combinations(rest, r)
            if (s := (first, *c)) in price
        )
        return min(
            (price[s] + cover(tuple(i for i in rest if i not in s), parts - 1) for s in choices),
            default=np.inf,
        )

    return cover(tuple(range(n)), k)


def test_a_board_of_six_by_two_houses_is_cut_into_four_pieces_of_three():
    problem = make_board(6, 2)
    division = divide_atoms(problem)
    assert masses(problem, division.part).tolist() == [30, 30, 30, 30]
    assert is_contiguous(problem, division.part)
    assert division.walk.tolist() == [600.0] * 4
    assert not division.shortfalls


def test_the_centre_is_the_door_with_the_least_household_metres():
    """Weights 1, 1, 28 in a row: the heavy house is the centre although it stands at the end."""
    problem = make([1, 1, 28], [(0, 0), (10, 0), (20, 0)], [(0, 1), (1, 2)], Band(20, 30, 40))
    division = divide_atoms(problem)
    assert division.centres.tolist() == [2]
    assert division.walk.tolist() == [30.0]


def test_a_tower_of_34_floors_and_272_households_makes_nine_sub_grids():
    problem = make(
        [8] * 34,
        [(0, 0)] * 34,
        [(i, i + 1) for i in range(33)],
        Band(20, 30, 40),
        climb=[3.0 * i for i in range(34)],
        stack=[0] * 34,
    )
    division = divide_atoms(problem)
    assert len(division.centres) == 9
    assert sorted(set(masses(problem, division.part))) == [24, 32]
    assert is_contiguous(problem, division.part)


def test_two_islands_are_divided_each_by_itself():
    """Seventy households on each bank: two parts of 35 there, never one across."""
    xy = [(30 * i, 0) for i in range(7)] + [(30 * i, 100) for i in range(7)]
    pairs = [(i, i + 1) for i in range(6)] + [(i, i + 1) for i in range(7, 13)]
    problem = make([10] * 14, xy, pairs, Band(20, 30, 40))
    division = divide_atoms(problem)
    assert sorted(masses(problem, division.part)) == [30, 30, 40, 40]
    assert is_contiguous(problem, division.part)
    assert not set(division.part[:7]) & set(division.part[7:])


def test_seventy_households_between_36_and_40_are_proven_impossible_with_the_smallest_cure():
    problem = make(
        [10] * 7, [(30 * i, 0) for i in range(7)], [(i, i + 1) for i in range(6)], Band(36, 38, 40)
    )
    division = divide_atoms(problem)
    assert division.shortfalls
    assert all(s.proven for s in division.shortfalls)
    assert "70 households" in division.shortfalls[0].explanation
    assert "low = 35 (then 2 sub-grids)" in division.shortfalls[0].remedy


def test_where_no_number_of_parts_keeps_the_band_one_part_alone_is_outside():
    """Seventeen beside 35 fit nowhere; eight doors of 18 fit in pairs, if parts are fewer."""
    weights = [17, 35, *[18] * 8, 35]
    xy = [(30 * i, 0) for i in range(len(weights))]
    pairs = [(i, i + 1) for i in range(len(weights) - 1)]
    problem = make(weights, xy, pairs, Band(20, 30, 40))
    division = divide_atoms(problem)
    assert sorted(masses(problem, division.part)) == [17, 35, 35, 36, 36, 36, 36]
    assert [s.proven for s in division.shortfalls] == [True]


def test_a_hamlet_of_eight_behind_the_river_is_proven_too_small():
    xy = [(30 * i, 0) for i in range(6)] + [(0, 200)]
    problem = make([10] * 6 + [8], xy, [(i, i + 1) for i in range(5)], Band(20, 30, 40))
    division = divide_atoms(problem)
    (short,) = division.shortfalls
    assert short.proven
    assert division.part[6] == short.part
    assert "8 households" in short.explanation
    assert "opening" in short.remedy


def test_a_hamlet_of_eight_over_a_bridge_joins_the_other_bank():
    """The bridge is pair (0, 6); its price is paid, since eight alone are too few."""
    xy = [(30 * i, 0) for i in range(6)] + [(0, 60)]
    groups = [[0]] * 6 + [[1]]
    pairs = [*((i, i + 1) for i in range(5)), (0, 6)]
    problem = make([10] * 6 + [8], xy, pairs, Band(20, 30, 40), groups, [3000.0])
    division = divide_atoms(problem)
    assert not division.shortfalls
    assert sorted(masses(problem, division.part)) == [30, 38]


def test_no_part_reaches_over_a_bridge_where_both_banks_can_do_without():
    xy = [(30 * i, 0) for i in range(6)] + [(30 * i, 40) for i in range(6)]
    groups = [[0]] * 6 + [[1]] * 6
    pairs = [(i, i + 1) for i in (*range(5), *range(6, 11))] + [(i, i + 6) for i in range(6)]
    problem = make([10] * 12, xy, pairs, Band(20, 30, 40), groups, [3000.0])
    division = divide_atoms(problem)
    assert not set(division.part[:6]) & set(division.part[6:])


def test_whole_buildings_are_worth_their_price():
    """Two buildings of three doors, ten households each, in one row: cut between the buildings."""
    problem = make(
        [10] * 6,
        [(20 * i, 0) for i in range(6)],
        [(i, i + 1) for i in range(5)],
        Band(20, 30, 40),
        groups=[[0], [0], [0], [1], [1], [1]],
        prices=[150.0],
    )
    assert divide_atoms(problem).part.tolist() == [0, 0, 0, 1, 1, 1]


def test_one_stairwell_larger_than_the_band_is_proven():
    problem = make(
        [90, 10, 10, 10],
        [(30 * i, 0) for i in range(4)],
        [(i, i + 1) for i in range(3)],
        Band(20, 30, 40),
    )
    division = divide_atoms(problem)
    assert [
        s.proven for s in division.shortfalls if "one stairwell alone has 90" in s.explanation
    ] == [True]


def test_a_single_house_is_a_single_part():
    problem = make([4], [(0, 0)], [], Band(20, 30, 40))
    division = divide_atoms(problem)
    assert division.part.tolist() == [0]
    assert "low = 4 (then 1 sub-grid)" in division.shortfalls[0].remedy


@pytest.mark.parametrize("seed", range(8))
def test_small_problems_reach_the_best_of_all_divisions(seed):
    problem = make_random(9, seed, band=Band(15, 22, 32), levels=1)
    k = problem.band.choose_count(problem.households)
    division = divide_atoms(problem)
    if len(division.centres) == k:
        assert division.price == pytest.approx(find_best(problem, k), rel=1e-9)


@given(seed=st.integers(0, 10_000), n=st.integers(12, 60), levels=st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_parts_are_contiguous_complete_and_explained(seed, n, levels):
    problem = make_random(n, seed, levels=levels)
    division = divide_atoms(problem, "quick", seed)
    assert is_contiguous(problem, division.part)
    assert set(division.part) == set(range(len(division.centres)))
    mass = masses(problem, division.part)
    out = set(np.flatnonzero((mass < problem.band.low) | (mass > problem.band.high)))
    assert out == {s.part for s in division.shortfalls}
    for p, centre in enumerate(division.centres):
        own = np.flatnonzero(division.part == p)
        metres = [
            (problem.weights[own] * np.hypot(*(problem.xy[own] - problem.xy[c]).T)).sum()
            for c in own
        ]
        assert division.walk[p] == pytest.approx(min(metres))
        assert centre == own[int(np.argmin(np.round(metres, 6)))]


@given(seed=st.integers(0, 10_000), n=st.integers(6, 40))
@settings(max_examples=40, deadline=None)
def test_the_price_of_an_exchange_is_what_the_division_then_costs(seed, n):
    """Incremental sums against sums made from scratch, for moves and swaps, with two groupings."""
    problem = make_random(n, seed, levels=2)
    data = problem.to_data()
    k = max(2, n // 4)
    part = cut_tree(data, k, np.array([seed], np.uint64), 2)
    state = open_state(data, part, k)
    rng = np.random.default_rng(seed)
    for _ in range(30):
        a = int(rng.integers(n))
        p = int(state.part[a])
        q = int(rng.integers(k))
        if p == q or (state.size[p] == 1):
            continue
        b = int(rng.choice(np.flatnonzero(state.part == q))) if rng.random() < 0.5 else -1
        if b < 0 and state.size[q] >= state.members.shape[1]:
            continue
        foreseen = price_exchange(data, state, p, a, b) + price_exchange(data, state, q, b, a)
        connected = stays_connected(data, state, p, a, b) and stays_connected(data, state, q, b, a)
        before = {r: price_part(data, state, r) for r in range(k)}
        exchange(data, state, p, a, -1)
        exchange(data, state, q, b, a)
        if b >= 0:
            exchange(data, state, p, -1, b)
        rest = sum(before[r] for r in range(k) if r not in (p, q))
        assert rest + foreseen == pytest.approx(total_price(data, state.part, k))
        graph = nx.Graph(problem.pairs.tolist())
        whole = all(
            nx.is_connected(graph.subgraph(np.flatnonzero(state.part == r).tolist()))
            for r in (p, q)
        )
        if all(nx.is_connected(graph.subgraph(np.flatnonzero(part == r).tolist())) for r in (p, q)):
            assert connected == whole
        if not whole:  # the check may assume that parts were connected before
            state = open_state(data, part, k)
        else:
            part = state.part.copy()


def test_the_same_seed_gives_the_same_division_and_another_seed_may_not():
    problem = make_random(120, 5)
    one = divide_atoms(problem, "quick", 1)
    two = divide_atoms(problem, "quick", 1)
    assert one.part.tolist() == two.part.tolist()
    assert divide_atoms(problem, "quick", 2).price != one.price


def test_more_effort_is_never_dearer_on_a_town():
    problem = make_random(150, 3)
    prices = [divide_atoms(problem, effort, 1).price for effort in ("quick", "default", "thorough")]
    assert prices[2] <= prices[1] <= prices[0]


@pytest.mark.parametrize("seed", range(4))
def test_thorough_effort_never_ends_in_a_dearer_division_than_default(seed):
    problem = make_random(18, seed, Band(20, 30, 40))
    assert (
        divide_atoms(problem, "thorough", 1).price
        <= divide_atoms(problem, "default", 1).price + 1e-6
    )


def test_the_centre_is_nearest_to_all_households_and_first_of_equals():
    # Three houses in a row, the last as large as four: it is the centre, though
    # nobody would walk far to the middle one.
    row = np.array([0.0, 10.0, 20.0])
    walks = np.abs(row[:, None] - row)
    assert choose_centre(walks, np.array([1.0, 1.0, 4.0])) == 2
    assert choose_centre(walks, np.ones(3)) == 1
    assert choose_centre(walks[:2, :2], np.ones(2)) == 0


def test_every_table_takes_the_same_centres():
    board = make_board(6, 2)
    part = np.array([0, 0, 0, 1, 1, 1] * 2)
    centres, sums = find_centres(board, part, 2)
    assert centres.tolist() == [1, 4]
    assert measure_parts(board, part)["household_metres"].tolist() == sums[centres].tolist()
