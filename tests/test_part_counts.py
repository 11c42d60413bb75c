"""An exact number of sub-grids: shared out in proportion, met exactly, or refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.auditing.evidence import Evidence
from gridplan.auditing.requested_count import check_requested
from gridplan.division.divide import divide_atoms
from gridplan.division.part_counts import request_parts, share_counts
from gridplan.division.problem import DivisionProblem
from gridplan.errors import RuleError
from gridplan.planning.site_to_plan import divide
from gridplan.reading.site_tables import make_site
from gridplan.rules.all_rules import Rules
from gridplan.rules.band import Band
from gridplan.synthetic.town import make_town


def make_row(houses, broken_at=()):
    """Make a row of houses of ten households, 20 m apart, cut before some of them."""
    pairs = [(n, n + 1) for n in range(houses - 1) if n + 1 not in broken_at]
    return DivisionProblem(
        ids=tuple(f"{n:03d}" for n in range(houses)),
        weights=np.full(houses, 10),
        pull=np.full(houses, 10.0),
        xy=np.column_stack([20.0 * np.arange(houses), np.zeros(houses)]),
        climb=np.zeros(houses),
        stack=np.arange(houses),
        pairs=np.array(pairs),
        groups=np.zeros((houses, 0), np.int32),
        prices=np.zeros(0),
        band=Band(20, 30, 40),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.1, 9), st.integers(1, 4), st.integers(0, 5)), min_size=1, max_size=5
    ),
    st.integers(0, 100),
)
def test_shares_add_up_within_their_intervals(places, share):
    wishes = np.array([wish for wish, _, _ in places])
    intervals = [(low, low + more) for _, low, more in places]
    fewest, most = (sum(ends[n] for ends in intervals) for n in (0, 1))
    total = fewest + share * (most - fewest) // 100
    counts = share_counts(wishes, intervals, total)
    assert counts.sum() == total
    for count, (low, high) in zip(counts, intervals, strict=True):
        assert low <= count <= high


@pytest.mark.parametrize("wanted", [3, 4, 5, 6])
def test_a_row_is_divided_into_exactly_the_parts_that_are_wanted(wanted):
    row = replace(make_row(12), wanted=wanted)
    division = divide_atoms(row)
    assert len(division.centres) == wanted
    assert not division.shortfalls


def test_islands_share_the_parts_of_their_community():
    division = divide_atoms(replace(make_row(12, broken_at=(4,)), wanted=6))
    west, east = (len(set(division.part[rows])) for rows in (slice(4), slice(4, 12)))
    assert (west, east) == (2, 4)


def test_communities_share_in_proportion_and_what_no_band_allows_is_refused():
    rows = {"a": make_row(12), "b": make_row(6)}
    wanted = {code: p.wanted for code, p in request_parts(rows, 6).items()}
    assert wanted == {"a": 4, "b": 2}
    assert request_parts(rows, 0) == rows
    with pytest.raises(RuleError, match="make 5 to 9 sub-grids within their bands"):
        request_parts(rows, 10)


def test_a_plan_has_exactly_the_sub_grids_that_its_rules_ask_for():
    site = make_site(make_town(1, urban_share=0.0, seed=3))
    rules = Rules().replace(division={"effort": "quick"})
    usual = int((divide(site, rules).subgrids["kind"] == "residential").sum())
    asked = rules.replace(division={"effort": "quick", "subgrids": usual + 1})
    plan = divide(site, asked)
    assert (plan.subgrids["kind"] == "residential").sum() == usual + 1
    assert check_requested(Evidence(plan, plan.rules)).empty
    manifest = {**plan.manifest, "rules": rules.replace(division={"subgrids": usual}).to_dict()}
    wrong = plan.replace(manifest=manifest)
    assert len(check_requested(Evidence(wrong, wrong.rules))) == 1
