"""Four levels and their ranking: sums that can be added up with a pencil."""

import numpy as np
import pandas as pd
import pytest

from gridplan.auditing.audit_plan import open_evidence
from gridplan.auditing.level_figures import check_levels
from gridplan.comparison.periods import read_period
from gridplan.comparison.rank_bodies import rank_bodies
from gridplan.errors import InputError
from gridplan.people.levels.level_table import find_interval, roll_levels
from gridplan.rules.all_rules import Rules
from gridplan.synthetic import make_board_plan
from gridplan.synthetic.people_plan import count_rows
from gridplan.tables.level_indicators import FOUR_LEVELS, list_level_indicators

# community -> subdistrict and district
TOWNS = {"a": ("east", "one"), "b": ("east", "one"), "c": ("west", "two"), "d": ("", "")}
# The number of sub-grids of the two that each community has in band.
IN_BAND = {"a": 2, "b": 1, "c": 0, "d": 2}
VOLUNTEERS = {"a": 12, "b": 24, "c": 6}  # nobody counted those of d


def copy_board(towns, in_band, volunteers):
    """Make a plan of several communities, each a copy of the board of 120 households."""
    board = make_board_plan()
    tables = {"stairwells": [], "subgrids": [], "buildings": [], "communities": []}
    for code, (ward, over) in towns.items():
        for name, frames in tables.items():
            table = board.get_table(name).copy()
            table.index = table.index.map(lambda key, code=code: f"{code}-{key}")
            for column in {"subgrid", "building"} & set(table.columns):
                table[column] = [f"{code}-{value}" for value in table[column]]
            if name == "communities":
                table.index = pd.Index([code], name="community", dtype="str")
                table = table.assign(subdistrict=ward, district=over)
            else:
                table["community"] = code
            if name == "subgrids":
                low = [50] * in_band[code] + [90] * (2 - in_band[code])
                table = table.assign(low=low, in_band=table["households"] >= low)
            frames.append(table)
    joined = {
        name: pd.concat(frames).rename_axis(frames[0].index.name) for name, frames in tables.items()
    }
    counts = count_rows([("community", code, "volunteers", n) for code, n in volunteers.items()])
    return board.replace(**joined, counts=counts)


@pytest.fixture(scope="module")
def plan():
    return copy_board(TOWNS, IN_BAND, VOLUNTEERS)


@pytest.fixture(scope="module")
def table(plan):
    return roll_levels(plan).level_indicators


def take(table, indicator, level):
    rows = table[(table["indicator"] == indicator) & (table["level"] == level)]
    return rows.set_index("body")


def test_every_body_of_every_level_has_the_same_indicators(table):
    assert set(table["level"]) == set(FOUR_LEVELS)
    for _, rows in table.groupby(["level", "body"]):
        assert rows["indicator"].tolist() == list(list_level_indicators())


def test_ratios_are_those_of_sums_and_not_means_of_ratios(table):
    assert take(table, "in_band", "subdistrict")["value"].to_dict() == {"east": 0.75, "west": 0.0}
    assert take(table, "in_band", "city")["value"].tolist() == [5 / 8]
    assert take(table, "households", "district")["value"].to_dict() == {"one": 240, "two": 120}
    above = take(table, "in_band", "community")["above"].to_dict()
    assert above == {"a": "east", "b": "east", "c": "west", "d": "site"}


def test_a_community_that_does_not_know_is_left_out_of_both_sums(table):
    row = take(table, "volunteers", "city").iloc[0]
    assert row[["value", "numerator", "denominator"]].tolist() == [100 * 42 / 360, 42, 360]
    assert row[["communities", "known"]].tolist() == [4, 3]
    assert np.isnan(take(table, "volunteers", "community").loc["d", "value"])
    # Nobody staffed the plan, which is no count of zero.
    assert take(table, "party_share", "city")["value"].isna().all()


def test_the_interval_of_a_share_is_wilsons():
    # Table I of Newcombe, Statistics in Medicine 17 (1998): 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    low, high = find_interval(
        np.array([81.0, 15.0, 0.0, 1.0]), np.array([263.0, 148.0, 20.0, 29.0]), 0.95
    )
    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


def test_the_order_of_rows_changes_nothing(plan, table):
    turned = plan.replace(
        subgrids=plan.subgrids.iloc[::-1], communities=plan.site.communities.iloc[::-1]
    )
    pd.testing.assert_frame_equal(roll_levels(turned).level_indicators, table)


def judge(plan, **columns):
    rolled = roll_levels(plan)
    rows = rolled.level_indicators.copy()
    for column, value in columns.items():
        rows.loc[rows.index[3], column] = value
    return check_levels(open_evidence(rolled.replace(level_indicators=rows)))


def test_the_audit_counts_every_figure_again(plan):
    own_bands = Rules().replace(urban={"low": 50, "target": 60, "high": 70})
    # In band by the rules of the audit are all sub-grids of sixty.
    even = copy_board(TOWNS, dict.fromkeys(TOWNS, 2), VOLUNTEERS)
    even = even.replace(manifest={**even.manifest, "rules": own_bands.to_dict()})
    assert judge(even).empty
    for column, value in {
        "value": 0.5, "low": 0.5, "high": 0.5, "numerator": 3.0, "denominator": 9.0,
        "known": 1, "communities": 9, "above": "east", "body": "nowhere", "indicator": "led",
    }.items():  # fmt: skip
        assert len(judge(even, **{column: value})), column


def test_equal_values_share_the_better_rank_and_few_are_not_ranked(plan):
    rules = Rules().replace(ranking={"least": 2})
    ranked = rank_bodies(plan, level="community", indicators=["in_band"], rules=rules)
    assert ranked["body"].tolist() == ["a", "d", "b", "c"]
    assert ranked["rank"].tolist() == [1, 1, 3, 4]
    assert ranked["tied"].tolist() == [2, 2, 1, 1]
    few = rank_bodies(plan, level="community", indicators=["in_band"])
    assert few["rank"].isna().all()
    assert set(few["caveat"]) == {"few"}


def test_less_is_better_where_the_indicator_says_so_and_unknown_is_not_ranked(plan):
    volunteers = rank_bodies(plan, level="community", indicators=["volunteers"])
    assert volunteers["body"].tolist() == ["b", "a", "c", "d"]
    assert volunteers["caveat"].tolist() == ["", "", "", "unknown"]
    inside = rank_bodies(plan, level="community", indicators=["volunteers"], within="east")
    assert inside["body"].tolist() == ["b", "a"]


def test_what_moved_since_the_plan_before(plan):
    before = copy_board(
        {**{code: TOWNS[code] for code in "abc"}, "e": ("west", "two")},
        {"a": 2, "b": 2, "c": 0, "e": 1},
        {"a": 12, "b": 6, "c": 12, "e": 1},
    )
    rules = Rules().replace(ranking={"least": 0})
    both = rank_bodies(
        plan, before, level="community", indicators=["volunteers", "in_band"], rules=rules
    )
    moved = both.pivot(index="body", columns="indicator", values="moved")
    assert moved["volunteers"].to_dict() == {
        "a": "same", "b": "better", "c": "worse", "d": "new", "e": "gone",
    }  # fmt: skip
    # One sub-grid of two that falls out of band may be chance.
    assert moved["in_band"].to_dict() == {
        "a": "same", "b": "chance", "c": "same", "d": "new", "e": "gone",
    }  # fmt: skip
    row = both[(both["body"] == "b") & (both["indicator"] == "volunteers")].iloc[0]
    assert (row["before"], row["change"], row["rank"], row["rank_before"]) == (5.0, 15.0, 1, 3)


def test_what_cannot_be_ranked_is_refused_with_what_there_is(plan):
    with pytest.raises(InputError, match="give one or more of in_band"):
        rank_bodies(plan, indicators=["households"])
    with pytest.raises(InputError, match="give one of east, site, west"):
        rank_bodies(plan, level="community", within="north")
    with pytest.raises(InputError, match="no community names its subdistrict"):
        rank_bodies(make_board_plan())


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2026-W01", "2025-W52"),
        ("2021-W01", "2020-W53"),
        ("2026-01", "2025-12"),
        ("2026-01/02", "2025-11/12"),
        ("2026-Q1", "2025-Q4"),
        ("2026-H1", "2025-H2"),
        ("2026", "2025"),
    ],
)
def test_each_period_follows_the_one_before_it(text, before):
    period = read_period(text)
    assert period.label == text
    assert period.shift(-1).label == before
    assert (period.start - period.shift(-1).end).days == 1


@pytest.mark.parametrize("text", ["", "2026-13", "2026-W54", "2026-11/1", "2026-10/11", "26-11"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(InputError, match="names no period -> write one as 2026-W48"):
        read_period(text)
