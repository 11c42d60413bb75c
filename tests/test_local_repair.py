"""The core of redrawing on division problems alone: labels, prices of moves, caps and locks."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.division.divide import divide_atoms
from gridplan.division.local_repair import (
    RepairSettings,
    divide_near,
    repair_division,
    trace_move_budgets,
)
from gridplan.division.move_budgets import (
    choose_division,
    label_division,
    list_options,
    price_division,
)
from gridplan.division.move_penalties import EarlierParts, count_moved, gather_parts, name_parts
from gridplan.division.search import EFFORTS
from gridplan.redrawing.budget_knapsack import choose_divisions
from gridplan.rules.band import Band
from tests.test_division import make_random

NOBODY = 1e18


def find_homes(problem, part, fixed=()):
    """The homes of a division, with some atoms held."""
    k = int(part.max()) + 1
    held = np.zeros(len(problem), bool)
    held[list(fixed)] = True
    return EarlierParts(part.astype(np.int64), k, held, np.zeros(k, bool))


def disturb(problem, part, seed):
    """Households change in a few places: a part grows by half, one shrinks, 3 atoms are new."""
    chance = np.random.default_rng(seed)
    weights = problem.weights.copy()
    grown, shrunk = chance.permutation(int(part.max()) + 1)[:2] if part.max() > 0 else (0, 0)
    weights[part == grown] = weights[part == grown] * 3 // 2 + 1
    weights[part == shrunk] = np.maximum(1, weights[part == shrunk] // 3)
    return replace(problem, weights=weights, pull=weights.astype(float))


def is_connected(problem, atoms):
    return len(problem.take(np.asarray(atoms)).find_islands()) == 1


def test_parts_are_named_so_that_fewest_households_move():
    problem = make_random(12, 1)
    weights = np.full(12, 10)
    problem = replace(problem, weights=weights, pull=weights.astype(float))
    homes = find_homes(problem, np.array([0] * 6 + [1] * 6))
    part = np.array([1] * 5 + [0] * 7)
    carries = name_parts(problem, homes, part)
    assert carries.tolist() == [1, 0]
    assert count_moved(problem, homes, part, carries) == 10


def test_where_all_fits_nobody_moves_at_a_price():
    problem = make_random(60, 4)
    division = divide_atoms(problem, "quick", 1)
    homes = find_homes(problem, division.part)
    near = divide_near(problem, homes, [1e6], "quick", 1)[0]
    assert label_division(problem, homes, near).moved == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3))
def test_a_repaired_division_is_whole_and_connected_and_holds_what_is_held(seed, held):
    problem = make_random(50, seed)
    part = divide_atoms(problem, "quick", seed).part
    changed = disturb(problem, part, seed)
    fixed = np.random.default_rng(seed + 1).permutation(50)[:held]
    homes = find_homes(changed, part, fixed)
    closed = np.zeros(homes.count, bool)
    closed[seed % homes.count] = True
    touched = np.ones(homes.count, bool) & ~closed
    label = homes.label.copy()
    for island in changed.find_islands():
        own = changed.take(island)
        here = homes.take(island)
        for place in repair_division(
            own, here, touched, closed, RepairSettings(100.0, 1, "quick", seed)
        ):
            choice = place.choices[0]
            atoms = island[place.atoms]
            label[atoms] = np.where(
                choice.carries[choice.part] >= 0, choice.carries[choice.part], 1000 + choice.part
            )
            assert all(
                is_connected(own, place.atoms[choice.part == p]) for p in range(len(choice.carries))
            )
    assert (label[fixed] == homes.label[fixed]).all()
    assert (label[homes.label == seed % homes.count] == seed % homes.count).all()
    assert not (label[homes.label != seed % homes.count] == seed % homes.count).any()


def test_what_is_held_is_held_where_no_division_keeps_the_band():
    """Sixteen households for a band of twenty to forty; an atom of each of two parts is held."""
    problem = make_random(16, 2)
    ones = np.ones(16, np.int64)
    problem = replace(problem, weights=ones, pull=ones.astype(float))
    part = np.unique(
        divide_atoms(replace(problem, band=Band(3, 5, 8)), "quick", 1).part, return_inverse=True
    )[1]
    held = [int(np.flatnonzero(part == 0)[0]), int(np.flatnonzero(part == 1)[0])]
    homes = find_homes(problem, part, held)
    every = np.ones(homes.count, bool)
    choice = repair_division(problem, homes, every, ~every, RepairSettings(100.0, 1, "quick", 1))[
        0
    ].choices[0]
    assert (choice.carries[choice.part[held]] == homes.label[held]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_larger_budget_is_never_dearer_and_no_budget_is_passed(seed):
    problem = make_random(40, seed)
    part = divide_atoms(problem, "quick", seed).part
    changed = disturb(problem, part, seed)
    homes = find_homes(changed, part)
    columns, divisions = gather_parts(changed, homes, EFFORTS["quick"], seed, (0.0, 100.0))
    limits = [0.0, 20.0, 60.0, NOBODY]
    found = choose_division(
        changed, homes, list_options(changed, homes, columns), divisions, 0.0, limits
    )
    known = [
        (limit, choice) for limit, choice in zip(limits, found, strict=True) if choice is not None
    ]
    assert all(choice.moved <= limit for limit, choice in known)
    prices = [choice.price for _, choice in known]
    assert (np.diff(prices) <= 1e-6).all()
    for _, choice in known:
        assert np.isclose(choice.price, price_division(changed, choice.part))
        assert choice.moved == count_moved(changed, homes, choice.part, choice.carries)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_trace_ends_at_the_division_from_nothing(seed):
    problem = make_random(40, seed)
    part = divide_atoms(problem, "quick", seed).part
    homes = find_homes(problem, part)
    closed = np.zeros(homes.count, bool)
    place = trace_move_budgets(
        problem, homes, RepairSettings(100.0, 1, "quick", seed), (0.0, 0.5), closed
    )
    assert place.choices[0].moved == 0
    assert min(c.price for c in place.choices) <= place.choices[-1].price + 1e-6


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 500), st.integers(0, 40)), min_size=1, max_size=4),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 120),
)
def test_a_budget_is_shared_out_as_well_as_trying_everything(lists, most):
    class Point:
        def __init__(self, price, moved):
            self.price = float(price)
            self.moved = moved

    points = [[Point(*pair) for pair in pairs] for pairs in lists]
    chosen = [own[n] for own, n in zip(points, choose_divisions(points, 1.0, most), strict=True)]
    least = sum(min(p.moved for p in own) for own in points)
    if least > most:
        assert sum(p.moved for p in chosen) == least
        return
    assert sum(p.moved for p in chosen) <= most
    best = {0: 0.0}
    for own in points:
        after = {}
        for used, price in best.items():
            for p in own:
                if used + p.moved <= most:
                    after[used + p.moved] = min(
                        after.get(used + p.moved, np.inf), price + p.price + p.moved
                    )
        best = after
    assert np.isclose(sum(p.price + p.moved for p in chosen), min(best.values()))
