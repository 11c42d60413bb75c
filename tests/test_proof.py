"""The proof: listed parts, covers and lower bounds against trying everything."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.division.bound import find_bound
from gridplan.division.columns import Pool, hash_parts
from gridplan.division.cover import choose_cover
from gridplan.division.divide import divide_atoms
from gridplan.division.listing import list_parts
from gridplan.division.search import open_state
from gridplan.rules import Band
from tests.test_division import find_best, make, make_board, make_random


def list_by_trying(problem):
    graph = nx.Graph(problem.pairs.tolist())
    graph.add_nodes_from(range(len(problem)))
    found = set()
    for r in range(1, len(problem) + 1):
        for own in itertools.combinations(range(len(problem)), r):
            mass = int(problem.weights[list(own)].sum())
            if problem.band.low <= mass <= problem.band.high and nx.is_connected(graph.subgraph(own)):
                found.add(own)
    return found


def test_the_parts_of_a_row_of_four_are_its_pieces_of_two_to_four():
    """Ten households each, band 20 to 40: 01, 12, 23, 012, 123, 0123."""
    problem = make([10] * 4, [(30 * i, 0) for i in range(4)], [(0, 1), (1, 2), (2, 3)], Band(20, 30, 40))
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


def test_where_there_are_too_many_parts_none_is_listed():
    assert list_parts(make_board(8, 8).to_data(), 50) is None


@pytest.mark.parametrize("seed", range(6))
def test_the_best_cover_by_all_parts_is_the_best_division(seed):
    problem = make_random(9, seed, band=Band(15, 22, 32), levels=1)
    k = problem.band.choose_count(problem.households)
    cover = choose_cover(list_parts(problem.to_data(), 5000), len(problem), k)
    best = find_best(problem, k)
    if cover.part is None:
        mass_best = divide_atoms(problem)
        assert mass_best.shortfalls or len(mass_best.centres) != k
    else:
        assert cover.price == pytest.approx(best, rel=1e-3) or cover.price >= best  # the best may leave the band
        assert cover.bound <= cover.price + 1e-6


def test_a_cover_that_cannot_be_says_so():
    """Three houses of thirty in a row, parts of exactly two: nothing covers all."""
    problem = make([30] * 3, [(30 * i, 0) for i in range(3)], [(0, 1), (1, 2)], Band(60, 60, 60))
    cover = choose_cover(list_parts(problem.to_data(), 100), 3, (1, 2))
    assert cover.part is None
    assert cover.bound == np.inf


def test_the_pool_keeps_every_part_once():
    problem = make_board(6, 2)
    pool = Pool(12, 4)
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


@given(seed=st.integers(0, 10_000), n=st.integers(5, 9), levels=st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_the_bound_is_never_above_the_best_division_in_band(seed, n, levels):
    problem = make_random(n, seed, band=Band(12, 20, 32), levels=levels)
    k = problem.band.choose_count(problem.households)
    listed = list_parts(problem.to_data(), 20_000)
    cover = choose_cover(listed, n, k)
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
    """Weights of 17 and a lower limit of 20: two make 34, and the bound must not fall to infinity."""
    problem = make([17] * 8, [(30 * i, 0) for i in range(8)], [(i, i + 1) for i in range(7)], Band(20, 30, 40))
    division = divide_atoms(problem)
    bound = find_bound(problem, division.part, division.price, 100, listed=0)
    assert 0 < bound.value <= division.price
