"""Robust division: the households outside the band are those that estimates lead to expect."""

from itertools import combinations

import numpy as np
import pytest

import gridplan as gp
from gridplan.division.divide import divide_atoms
from gridplan.division.lower_bound import find_bound
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import total_price
from gridplan.planning.robust_prices import _tabulate
from gridplan.reading.site_tables import make_site
from gridplan.rules.all_rules import Rules
from gridplan.rules.band import Band
from gridplan.synthetic.town import make_town

BAND = Band(20, 30, 40)


def make_row(weights, expected):
    """Atoms in a row, 10 m apart, each joined to the next."""
    n = len(weights)
    return DivisionProblem(
        ids=tuple(f"{i:02d}" for i in range(n)),
        weights=np.array(weights, np.int64),
        pull=np.array(weights, float),
        xy=np.column_stack([10.0 * np.arange(n), np.zeros(n)]),
        climb=np.zeros(n),
        stack=np.arange(n),
        pairs=np.column_stack([np.arange(n - 1), np.arange(1, n)]),
        groups=np.zeros((n, 0), np.int32),
        prices=np.zeros(0),
        band=BAND,
        expected=expected,
    )


def list_divisions(n, k):
    for cuts in combinations(range(1, n), k - 1):
        part = np.zeros(n, np.int64)
        for cut in cuts:
            part[cut:] += 1
        yield part


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.08])
@pytest.mark.parametrize("listed", [2_000_000, 0])
def test_the_division_is_the_cheapest_and_the_bound_below_it(spread, listed):
    weights = [9, 3, 8, 7, 4, 9, 6, 5, 8, 7, 3, 9, 6, 4, 8]
    problem = make_row(weights, _tabulate(BAND, 1.0, 0.5, spread))
    data = problem.to_data()
    found = divide_atoms(problem, "default", 1)
    k = int(found.part.max()) + 1
    masses = [np.bincount(p, weights) for p in list_divisions(len(weights), k)]
    prices = [total_price(data, p, k) for p in list_divisions(len(weights), k)]
    inside = [
        price
        for price, mass in zip(prices, masses, strict=True)
        if mass.min() >= BAND.low and mass.max() <= BAND.high
    ]
    assert found.price == pytest.approx(min(inside))
    bound = find_bound(problem, found.part, found.price, listed=listed).value
    assert bound <= min(inside) + 1e-6
    assert bound >= 0.5 * min(inside)


def test_a_price_without_doubt_is_that_of_the_number_itself():
    weights = [9, 3, 8, 7, 4, 9, 6, 5, 8, 7, 3, 9]
    plain, sure = make_row(weights, None), make_row(weights, _tabulate(BAND, 1.0, 0.0, 0.0))
    for part in list_divisions(len(weights), 3):
        assert total_price(plain.to_data(), part, 3) == total_price(sure.to_data(), part, 3)


def test_a_robust_plan_is_as_likely_in_band_and_sound():
    site = make_site(make_town(1, urban_share=0.0, seed=5))
    buildings = site.buildings.assign(households_observed=np.nan, population=np.nan)
    communities = site.communities.assign(households=np.nan)
    site = site.replace(buildings=buildings, communities=communities)
    plain = gp.divide(site, seed=1)
    robust = gp.divide(site, Rules().replace(division={"robust": True}), seed=1)
    tables = [p.subgrids[p.subgrids["kind"] == "residential"] for p in (plain, robust)]
    chance = [table["chance_in_band"].mean() for table in tables]
    assert chance[1] >= chance[0] - 0.005
    assert "error" not in set(gp.audit(robust).findings["severity"])
