"""Land and points that are not as they should be: an answer that holds, always, or an error that says why there is none."""

import time

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import Point, box

import gridplan as gp
from gridplan.division.divide import divide_atoms
from gridplan.division.points import divide_points
from gridplan.rules import Band
from tests.test_division import is_contiguous, make, make_random, masses
from tests.villages import X0, Y0, make_checkerboard, make_table

QUICK = gp.Rules().replace(division={"effort": "quick"})


def make_row(weights, band=None, step=20.0):
    """Houses in a straight row, each beside the next."""
    n = len(weights)
    return make(weights, [(step * i, 0) for i in range(n)], [(i, i + 1) for i in range(n - 1)], band or Band(20, 30, 40))


def hold(problem, division):
    """What must hold of every division: complete, contiguous, centred in its own parts, and explained where out of band."""
    k = len(division.centres)
    assert len(division.part) == len(problem)
    assert sorted(set(division.part)) == list(range(k))
    assert is_contiguous(problem, division.part)
    assert division.part[division.centres].tolist() == list(range(k))
    assert np.isfinite(division.price)
    mass = masses(problem, division.part)
    out = np.flatnonzero((mass < problem.band.low) | (mass > problem.band.high))
    assert set(out) == {s.part for s in division.shortfalls}
    return mass


# Atoms


def test_one_atom_within_the_band_is_one_part():
    assert hold(make_row([30]), divide_atoms(make_row([30]))).tolist() == [30]


def test_all_weight_in_one_tower_and_empty_yards_around_it():
    """A stairwell of 300 households among six houses of none."""
    problem = make_row([0, 0, 0, 300, 0, 0, 0])
    division = divide_atoms(problem)
    assert 300 in hold(problem, division)
    assert any("one stairwell alone has 300 households" in s.explanation and s.proven for s in division.shortfalls)


def test_atoms_without_any_household_still_belong_somewhere():
    problem = make_row([0] * 6)
    division = divide_atoms(problem)
    assert hold(problem, division).tolist() == [0]
    assert all(s.proven for s in division.shortfalls)


def test_blocks_without_households_join_a_part_of_those_who_live_beside_them():
    problem = make_row([10, 0, 10, 0, 10, 0, 10, 0, 10, 0, 10, 0])
    assert hold(problem, divide_atoms(problem)).tolist() == [30, 30]


def test_all_atoms_at_one_place():
    """Sixty households at one door, each joined to the next: two parts, and nobody walks."""
    problem = make([10] * 6, [(5, 5)] * 6, [(i, i + 1) for i in range(5)], Band(20, 30, 40))
    division = divide_atoms(problem)
    assert hold(problem, division).tolist() == [30, 30]
    assert division.walk.tolist() == [0.0, 0.0]


def test_houses_in_one_straight_line():
    problem = make_row([10] * 300)
    assert set(hold(problem, divide_atoms(problem, "quick"))) == {30}


def test_islands_that_nothing_joins():
    """Forty houses of ten, none with a neighbour: forty parts, each proven too small."""
    problem = make([10] * 40, [(100 * i, 0) for i in range(40)], [], Band(20, 30, 40))
    division = divide_atoms(problem)
    assert len(hold(problem, division)) == 40
    assert all(s.proven for s in division.shortfalls)


def test_one_part_for_all():
    """k = 1: three hundred houses of one household, and a band that takes them all."""
    problem = make_random(300, 1, band=Band(100, 2000, 20_000))
    assert hold(problem, divide_atoms(problem)).tolist() == [problem.households]


def test_positions_far_from_the_origin_change_nothing():
    near = make_random(40, 2)
    far = make(near.weights, near.xy + 1e9, near.pairs, near.band)
    one, two = divide_atoms(near, "quick", 1), divide_atoms(far, "quick", 1)
    hold(far, two)
    assert two.price == pytest.approx(one.price, rel=0.05)


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_a_hub_with_two_hundred_dead_ends(seconds):
    """Every house hangs on one: at most one part has more than one house, and no other division is contiguous."""
    problem = make([10] * 201, [(0, 0), *((30 * np.cos(a), 30 * np.sin(a)) for a in np.linspace(0, 6, 200))],
                   [(0, i) for i in range(1, 201)], Band(20, 30, 40))  # fmt: skip
    mass = hold(problem, divide_atoms(problem, "quick", 0, gp_deadline(seconds)))
    assert (mass > 10).sum() <= 1


def gp_deadline(seconds):
    from gridplan.deadline import Deadline

    return Deadline(seconds)


@pytest.mark.parametrize("shape", ["one place", "line", "pairs"])
def test_points_that_coincide_or_stand_in_line_are_divided(shape):
    """Forty points, four parts of at most ten."""
    xy = {
        "one place": [(7.0, 7.0)] * 40,
        "line": [(float(i), 0.0) for i in range(40)],
        "pairs": [(float(i // 2), 0.0) for i in range(40)],
    }[shape]
    division = divide_points(xy, k=4, high=10, effort="quick")
    assert np.bincount(division.part).tolist() == [10] * 4
    assert division.outside == 0
    # A line of ten points has 5 + 4 + 4 + ... + 1 + 1 = 25 steps to its middle; ten points in pairs have 12.
    assert division.objective == {"one place": 0.0, "line": 100.0, "pairs": 48.0}[shape]


def test_one_point_and_as_many_parts_as_points():
    assert divide_points([(3.0, 4.0)], k=1).part.tolist() == [0]
    assert divide_points([(0.0, 0.0), (1.0, 0.0), (5.0, 0.0)], k=3, effort="quick").objective == 0.0


def test_points_of_no_weight_belong_somewhere():
    division = divide_points([(0, 0), (1, 0), (9, 0), (10, 0)], [0, 5, 0, 5], k=2, high=5, effort="quick")
    assert np.bincount(division.part, [0, 5, 0, 5]).tolist() == [5, 5]


def test_points_where_nobody_knows_are_refused_with_the_reason():
    with pytest.raises(gp.InputError):
        divide_points([(0.0, np.nan), (1.0, 0.0)], k=1)


@pytest.mark.slow
def test_a_community_of_twenty_thousand_atoms_is_done_in_sane_time():
    problem = make_random(20_000, 1, levels=2)
    began = time.process_time()
    hold(problem, divide_atoms(problem, "quick"))
    assert time.process_time() - began < 120
