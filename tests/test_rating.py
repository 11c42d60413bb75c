"""Rating: a handful of organisations whose scores can be added up in the head."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.auditing.audit_plan import audit
from gridplan.errors import PlanError, RuleError
from gridplan.people.rate_plan import rate, rate_level
from gridplan.people.score_bands import band_scores
from gridplan.people.staffing.staff_plan import staff
from gridplan.rules.all_rules import Rules
from gridplan.rules.rating import Criterion, FieldShare, RatingRules
from gridplan.synthetic import make_people_plan

TWO = [Criterion("share", 60.0, 0.0, 1.0), Criterion("span", 40.0, 4.0, 2.0)]


def make_values(share, span):
    return pd.DataFrame(
        {"share": share, "span": span, "workers": 9.0, "community": "a", "field": "urban"},
        index=list("abcdefgh"[: len(share)]),
    )


def test_scores_add_up_and_the_lever_is_where_most_can_be_gained():
    rated = rate_level(
        "community", make_values([1.0, 0.5, 0.0], [2.0, 3.0, 2.0]), TWO, RatingRules(small=0)
    ).set_index("of")
    assert rated["score"].tolist() == [100.0, 50.0, 40.0]
    assert rated["lever"].tolist() == ["", "share", "share"]
    assert rated["lever_gain"].tolist() == [0.0, 30.0, 60.0]
    assert rated["rank"].tolist() == [1, 2, 3]


def test_an_unknown_criterion_earns_nothing_and_the_score_has_its_interval():
    rated = rate_level(
        "community", make_values([np.nan, 0.5], [3.0, 2.0]), TWO, RatingRules(small=0)
    ).set_index("of")
    assert rated["score"].to_dict() == {"a": 20.0, "b": 70.0}
    assert rated["score_high"].to_dict() == {"a": 80.0, "b": 70.0}
    assert rated["known"].to_dict() == {"a": 1, "b": 2}
    assert rated["known_share"].to_dict() == {"a": 0.4, "b": 1.0}
    assert rated["lever"].to_dict() == {"a": "share", "b": "share"}
    assert rated["caveat"].tolist() == ["share unknown; too little known for A", ""]


def test_band_a_is_for_those_who_are_known_well_enough():
    values = make_values([np.nan, 1.0, 0.2, 0.1, 0.0], [2.0, np.nan, 2.0, 2.0, 4.0])
    rated = rate_level("community", values, TWO, RatingRules()).set_index("of")
    # Certain scores: 40, 60, 52, 46, 0; the first two know less than 80 % of the weight.
    assert rated["band"].to_dict() == {"a": "B", "b": "B", "c": "A", "d": "B", "e": "C"}
    assert rated.loc["b", "to_next"] == 0
    all_in = rate_level("community", values, TWO, RatingRules(known_least=0.6)).set_index("of")
    assert all_in.index[all_in["band"] == "A"].tolist() == ["b"]
    # Nobody in the last band gets a place that others are not known well enough for.
    few = rate_level(
        "community", values, TWO, RatingRules(known_least=0.95, share_a=0.8)
    ).set_index("of")
    assert few.loc["e", "band"] == "C"


def test_each_field_has_its_own_bands_and_share():
    values = make_values([1.0, 0.9, 0.8, 0.3, 0.2, 0.1], [2.0] * 6)
    values["field"] = ["urban"] * 3 + ["village"] * 3
    rules = RatingRules(fields=[FieldShare("village", 0.6)])
    rated = rate_level("community", values, TWO, rules).set_index("of")
    assert rated["band"].to_dict() == dict(zip("abcdef", "ABBAAB", strict=True))
    assert rated["rank"].tolist() == [1, 2, 3, 1, 2, 3]
    # The N of 1+N: what only one field is asked.
    own = [*TWO, Criterion("workers", 100.0, 0.0, 18.0, "urban")]
    rated = rate_level("community", values, own, RatingRules()).set_index("of")
    assert rated["asked"].tolist() == [3, 3, 3, 2, 2, 2]
    assert rated.loc[["a", "d"], "score"].tolist() == [75.0, 58.0]


def test_institutions_are_rated_only_by_criteria_of_their_own():
    plan = rate(staff(make_people_plan()))
    assert "institution" not in set(plan.ratings["level"])
    with pytest.raises(RuleError, match="stands twice"):
        RatingRules(criteria=[Criterion("e", 1, 0, 1), Criterion("e", 1, 0, 1, "urban")])
    with pytest.raises(RuleError, match="fields"):
        RatingRules(fields=[{"field": "moon", "share_a": 0.2}])


def test_an_organisation_of_which_nothing_is_known_is_not_rated():
    rated = rate_level("community", make_values([np.nan, 0.5], [np.nan, 2.0]), TWO, RatingRules())
    assert rated["of"].tolist() == ["b"]


def test_few_organisations_and_few_posts_are_a_caveat():
    values = make_values([0.5], [2.0]).rename(columns={"share": "party_share"}).assign(workers=2.0)
    rated = rate_level(
        "community", values, [Criterion("party_share", 1.0, 0.0, 1.0)], RatingRules()
    )
    assert rated["caveat"].item() == "party_share of fewer than 5; only 1 compared"


def test_all_who_tie_with_the_last_of_band_a_are_in_it():
    band, missing = band_scores(np.array([80.0, 80.0, 80.0, 60.0, 50.0]), RatingRules())
    assert band.tolist() == ["A", "A", "A", "B", "C"]
    assert missing[3:].tolist() == [20.0, 10.0]


def test_fixed_cuts_band_by_score_alone():
    band, missing = band_scores(np.array([85.0, 84.0, 60.0, 59.0]), RatingRules(bands="cuts"))
    assert band.tolist() == ["A", "B", "B", "C"]
    assert missing[1:].tolist() == [1.0, 25.0, 1.0]


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.2, 0.5]),
    st.sampled_from([0.0, 0.2, 0.5]),
)
def test_a_better_score_is_never_in_a_worse_band_and_a_is_never_too_small(scores, a, c):
    score = np.array(scores, float)
    band, missing = band_scores(score, RatingRules(share_a=a, share_c=c))
    assert (band == "A").sum() >= a * len(score) - 1e-9
    assert (band == "C").sum() <= c * len(score) + 1e-9
    order = np.array([{"A": 0, "B": 1, "C": 2}[b] for b in band])
    for one in range(len(score)):
        assert (order[score > score[one]] <= order[one]).all()
    # Nothing is above A, and nothing that B could reach where nobody is in A.
    none_above = (band == "A") | ((band == "B") & ~(band == "A").any())
    assert (np.isnan(missing) == none_above).all()
    assert (missing[~none_above] >= 0).all()


def test_everything_wrong_with_criteria_is_reported_at_once():
    with pytest.raises(RuleError) as error:
        RatingRules(
            criteria=[
                {"measure": "a", "weight": 10, "floor": 1, "cap": 1},
                {"measure": "b", "weight": "x", "floor": 0, "cap": 1},
                {"measure": "d", "weight": -1, "floor": 0, "cap": 1},
                {"measure": "e", "weight": 1, "floor": 0},
            ]
        )
    assert [f"criteria[{n}]" in str(error.value) for n in range(4)] == [True] * 4
    with pytest.raises(RuleError, match="e stands twice"):
        RatingRules(criteria=[Criterion("e", 1, 0, 1), Criterion("e", 1, 0, 1)])


def test_a_measure_that_no_community_has_is_refused_by_name():
    with pytest.raises(RuleError, match="wishes: no indicator of a community"):
        rate(
            staff(make_people_plan()),
            Rules().replace(rating={"criteria": [Criterion("wishes", 1, 0, 1)]}),
        )


def test_a_plan_without_indicators_is_refused():
    with pytest.raises(PlanError, match="run staff"):
        rate(make_people_plan())


def test_rules_that_contradict_one_another_are_refused():
    for wrong in ({"share_a": 0.7, "share_c": 0.4}, {"cut_a": 50.0}, {"bands": "curve"}):
        with pytest.raises(RuleError):
            Rules().replace(rating=wrong)


# The auditor


def findings(plan):
    all_findings = audit(plan).findings
    return all_findings[all_findings["rule"] == "rating"]


def test_a_rated_plan_passes_the_audit_and_rating_again_changes_nothing():
    plan = rate(staff(make_people_plan()))
    assert findings(plan).empty
    pd.testing.assert_frame_equal(rate(plan).ratings, plan.ratings)
    assert plan.ratings["level"].tolist() == ["community", "branch"]


def edit(plan, **values):
    ratings = plan.ratings.copy()
    for column, value in values.items():
        ratings.loc[ratings.index[-1], column] = value
    return plan.replace(ratings=ratings)


FAULTS = {
    "score outside 0 to 100": lambda p: edit(p, score=120.0),
    "does not follow from the indicators": lambda p: edit(p, score=1.0),
    "whose rank does not follow": lambda p: edit(p, rank=7),
    "in a band that does not follow": lambda p: edit(p, band="D"),
    "whose field is not what": lambda p: edit(p, field="other"),
    "whose score_high is not what": lambda p: edit(p, score_high=99.9),
    "whose known_share is not what": lambda p: edit(p, known_share=0.5),
    "whose asked is not what": lambda p: edit(p, asked=9),
}


@pytest.fixture(scope="module")
def rated():
    return rate(staff(make_people_plan()))


@pytest.mark.parametrize("what", FAULTS)
def test_the_auditor_finds_a_planted_fault(rated, what):
    errors = findings(FAULTS[what](rated))
    assert errors["message"].str.contains(what, regex=False).any()
