"""Growth: parts one atom away from good ones, found where they cost less than they are worth."""

import itertools

import numpy as np
import pytest

from gridplan.division.column_growth import grow_columns, grow_parts
from gridplan.division.column_pool import hash_columns, take_columns
from gridplan.division.enumeration import list_parts, price_parts
from gridplan.division.lp_relaxation import solve_relaxation
from gridplan.division.set_partitioning import solve_set_partitioning
from gridplan.rules.band import Band
from tests.test_division import make, make_random


def test_a_part_of_two_grows_to_the_third_house_that_is_worth_its_walk():
    """Four houses of ten in a row, 30 m apart, worth 1,000 each: 0-1 may grow to 0-1-2, not to 0-2.

    Three houses walk 600 household-metres; two walk 300 and are ten households
    off the target, 100 more.
    """
    problem = make(
        [10] * 4, [(30 * i, 0) for i in range(4)], [(0, 1), (1, 2), (2, 3)], Band(20, 30, 40)
    )
    starts = np.array([0, 2])
    atoms = np.array([0, 1], np.int32)
    prices, ends, grown = grow_parts(problem.to_data(), starts, atoms, np.full(4, 1000.0), 0.0, 4)
    found = {
        tuple(sorted(grown[a:b].tolist())): p
        for (a, b), p in zip(itertools.pairwise(ends), prices, strict=True)
    }
    assert found == {(0, 1, 2): pytest.approx(600.0), (1, 2): pytest.approx(400.0)}


@pytest.mark.parametrize("seed", range(5))
def test_grown_columns_are_connected_in_band_and_priced_right(seed):
    problem = make_random(14, seed, band=Band(15, 24, 34), levels=1)
    data = problem.to_data()
    listed = list_parts(data, 50_000)
    k = problem.band.choose_count(problem.households)
    cover = solve_set_partitioning(listed, 14, k)
    if cover.part is None:
        pytest.skip("no division into the number of parts nearest to the target")
    chosen = np.flatnonzero(np.isin(hash_columns(listed[1], listed[2]), _hash(cover.part)))
    grown, relaxed = grow_columns(data, take_columns(listed, chosen), k, 5)
    assert np.isin(hash_columns(grown[1], grown[2]), hash_columns(listed[1], listed[2])).all()
    assert price_parts(data, grown[1], grown[2]) == pytest.approx(grown[0])
    assert solve_relaxation(listed, 14, (k, k)).value <= relaxed.value + 1e-6 <= cover.price + 1e-5


def _hash(part):
    from gridplan.division.column_pool import hash_parts

    return hash_parts(part, int(part.max()) + 1)
