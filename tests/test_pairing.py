"""Pairing: institutions and communities few enough that every pairing can be tried."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from gridplan.auditing.audit_plan import audit
from gridplan.errors import InputError, RuleError
from gridplan.people.pairing.cadres import list_cadres, pair_cadres
from gridplan.people.pairing.feasibility import find_shortage
from gridplan.people.pairing.institutions import check_existing, pair_institutions
from gridplan.people.pairing.member_checkin import spread_members
from gridplan.people.pairing.minimum_cost_flow import FlowProblem, solve_flow
from gridplan.people.pairing.pair_plan import pair
from gridplan.people.pairing.paired_communities import prepare_towns
from gridplan.people.pairing.service_centres import measure_centres, write_centres
from gridplan.people.staffing.staff_plan import staff
from gridplan.rules.all_rules import Rules
from gridplan.rules.pairing import PairingRules
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
from gridplan.synthetic.people_plan import count_rows, make_people_plan, settle

NONE = pd.DataFrame({"institution": [], "community": []}, dtype=str)


def make_towns(*x, need=None):
    """Communities a, b, c ... on a line, all in need alike."""
    codes = list("abcdefgh"[: len(x)])
    return pd.DataFrame(
        {
            "x": [float(v) for v in x],
            "y": 0.0,
            "need": 1.0 if need is None else need,
            "subdistrict": "",
        },
        index=codes,
    )


def make_bodies(places, members=60.0, capacity=1):
    """Institutions i1, i2 ... on the same line."""
    codes = [f"i{n}" for n in range(1, len(places) + 1)]
    return pd.DataFrame(
        {"x": [float(p) for p in places], "y": 0.0, "members": members, "capacity": capacity},
        index=codes,
    )


def list_pairs(links):
    return list(zip(links["source"], links["community"], strict=True))


# Institutions


def test_each_institution_takes_the_nearest_community_when_all_are_served():
    paired = pair_institutions(
        make_bodies([0, 90, 210]), make_towns(0, 100, 200), NONE, PairingRules()
    )
    assert list_pairs(paired.links) == [("i1", "a"), ("i2", "b"), ("i3", "c")]
    assert (paired.flow.metres, paired.flow.gap) == (20.0, 0.0)


def test_a_far_community_is_served_by_the_one_that_it_costs_least():
    # Both institutions stand by a; i2, nearer to b, goes there although it is nearer to a.
    paired = pair_institutions(make_bodies([0, 30]), make_towns(0, 100), NONE, PairingRules())
    assert list_pairs(paired.links) == [("i1", "a"), ("i2", "b")]


def test_an_institution_answers_for_two_only_where_one_would_be_left():
    paired = pair_institutions(
        make_bodies([0, 100], capacity=2), make_towns(0, 100, 140), NONE, PairingRules()
    )
    assert list_pairs(paired.links) == [("i1", "a"), ("i2", "b"), ("i2", "c")]


def test_an_existing_pair_is_kept_unless_giving_it_up_saves_more_than_its_price():
    stood = pd.DataFrame({"institution": ["i1", "i2"], "community": ["b", "a"]})
    towns = make_towns(0, 100)
    bodies = make_bodies([0, 100])
    assert list_pairs(pair_institutions(bodies, towns, stood, PairingRules()).links) == [
        ("i1", "b"),
        ("i2", "a"),
    ]
    cheap = PairingRules(kept_price=50.0)
    assert list_pairs(pair_institutions(bodies, towns, stood, cheap).links) == [
        ("i1", "a"),
        ("i2", "b"),
    ]


def test_the_community_with_more_need_gets_more_institutions():
    paired = pair_institutions(
        make_bodies([50] * 4), make_towns(0, 100, need=[3.0, 1.0]), NONE, PairingRules()
    )
    assert paired.links["community"].value_counts().to_dict() == {"a": 3, "b": 1}


def price_all(bodies, towns, least, need_price, crowd):
    """The least price of any pairing by trying all, with as many communities served as can be."""
    n = len(bodies)
    m = len(towns)
    best = None
    target = np.maximum(-(-n // m) if n % m == 0 else n / m, least)
    options = [
        [
            s
            for k in range(1, bodies["capacity"].iloc[i] + 1)
            for s in itertools.combinations(range(m), k)
        ]
        for i in range(n)
    ]
    for chosen in itertools.product(*options):
        number = np.bincount([j for places in chosen for j in places], minlength=m)
        way = sum(
            abs(bodies["x"].iloc[i] - towns["x"].iloc[j])
            for i, places in enumerate(chosen)
            for j in places
        )
        extra = sum(
            crowd * k for j in range(m) for k in range(1, max(0, number[j] - int(target)) + 1)
        )
        price = (
            way
            + extra
            - 10_000_000 * (number >= 1).sum()
            - need_price * np.clip(number - 1, 0, int(target) - 1).sum()
        )
        best = price if best is None else min(best, price)
    return best


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 900), min_size=2, max_size=3),
    st.lists(st.integers(1, 2), min_size=3, max_size=3),
    st.lists(st.integers(0, 900), min_size=2, max_size=3),
)
def test_the_price_is_the_least_that_trying_every_pairing_finds(towns, capacity, bodies):
    bodies = (bodies * 3)[: len(towns)]  # as many as communities, so that the share of each is one
    institutions = make_bodies(bodies, capacity=capacity[: len(bodies)])
    paired = pair_institutions(institutions, make_towns(*towns), NONE, PairingRules())
    assert paired.flow.gap == 0.0
    assert paired.flow.price == price_all(institutions, make_towns(*towns), 1, 1000, 500)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 40))
def test_no_flow_leaves_its_bounds_and_its_gap_is_nought(seed, n, m):
    rng = np.random.default_rng(seed)
    most = rng.integers(1, 4, n)
    steps = np.array(
        [
            [j, size, price]
            for j in range(m)
            for size, price in ((1, -10_000_000), (2, 0), (10_000, 700))
        ]
    )
    ones = np.ones(n, np.int64)
    problem = FlowProblem(
        rng.uniform(0, 9e3, (n, 2)),
        rng.uniform(0, 9e3, (m, 2)),
        ones,
        np.minimum(most, m),
        ones,
        steps,
        np.zeros((0, 3)),
    )
    flow = solve_flow(problem)
    given_ = np.bincount(flow.links[:, 0], flow.links[:, 2], minlength=n)
    assert (flow.links[:, 2] == 1).all()
    assert ((given_ >= 1) & (given_ <= most)).all()
    assert flow.gap == 0.0
    shortage = find_shortage(problem.sources, problem.targets, problem.most, ones, 1, np.inf)
    assert len(np.unique(flow.links[:, 1])) == m - (shortage.lacking if shortage else 0)


# When it cannot be done


def test_more_communities_than_places_is_answered_with_the_proof_and_the_cure():
    plan = settle(make_people_plan(), {"i1": 0})
    gaps = pair(plan).gaps.query("rule == 'pairing'")
    city = gaps[gaps["level"] == "city"].iloc[0]
    assert (
        city["reason"] == "1 communities ask for 1 places, "
        "all institutions that may serve them offer 0: no pairing serves all"
    )
    assert city["remedy"] == "add 1 places (pairing.capacity_most, or more institutions)"
    assert gaps[gaps["level"] == "community"]["of"].tolist() == ["0301"]


def test_two_communities_out_of_reach_but_one_prove_the_shortage_and_the_distance_that_cures_it():
    # i1 (2 places) at 0, i2 (1 place) at 500; communities at 0, 480, 520: the
    # last two both need i2 within 100 m
    sources = np.array([[0.0, 0], [500, 0]])
    targets = np.array([[0.0, 0], [480, 0], [520, 0]])
    shortage = find_shortage(sources, targets, np.array([2, 1]), np.array([1, 1]), 1, 100.0)
    assert (
        shortage.lacking,
        shortage.communities.tolist(),
        shortage.wanted,
        shortage.offered,
        shortage.reach,
    ) == (1, [1, 2], 2, 1, 480.0)
    assert find_shortage(sources, targets, np.array([2, 1]), np.array([1, 1]), 1, 480.0) is None


def test_two_institutions_of_many_places_cannot_give_a_community_three():
    two = np.array([[0.0, 0], [1, 0]])
    shortage = find_shortage(two, two, np.array([9, 9]), np.array([1, 1]), 3, np.inf)
    assert (shortage.lacking, shortage.wanted, shortage.offered) == (2, 6, 4)


def test_institutions_without_members_are_distinguished_from_those_nobody_counted():
    plan = pair(settle(make_people_plan(), {"i1": 0, "i2": None, "i3": 60}))
    reasons = plan.gaps.query("rule == 'institution'").set_index("of")["reason"]
    assert reasons["i1"] == "it has no Party members, so it answers for no community"
    assert reasons["i2"].startswith("nobody counted its Party members")
    assert plan.links.query("kind == 'pairing'")["source"].tolist() == ["i2", "i3"]


def test_contradictory_rules_are_refused():
    for wrong in ({"seats": 5}, {"cadre_rule": "1+3"}, {"scope": "some"}, {"owners_share": 2.0}):
        with pytest.raises(RuleError):
            Rules().replace(pairing=wrong)


def test_a_table_of_existing_pairs_without_columns_is_refused():
    with pytest.raises(InputError, match="columns are missing: community"):
        check_existing(pd.DataFrame({"institution": ["i1"]}), make_bodies([0]), make_towns(0))


# Cadres


def test_cadres_with_one_community_each_cover_all():
    links, flow = pair_cadres(
        list_cadres(3, make_bodies([0, 100])),
        make_bodies([0, 100]),
        make_towns(0, 100),
        PairingRules(),
    )
    assert sorted(list_pairs(links)) == [("i1-C1", "a"), ("i1-C2", "a"), ("i2-C1", "b")]
    assert flow.gap == 0.0


def test_one_lead_cadre_and_three_others_for_each_community():
    rules = PairingRules(cadre_rule="lead_and_others")
    links, _ = pair_cadres(
        list_cadres(5, make_bodies([0, 100])), make_bodies([0, 100]), make_towns(0, 100), rules
    )
    by = links.groupby("community")
    assert by["source"].nunique().tolist() == [4, 4]
    assert by["kind"].agg(lambda k: (k == "cadre_lead").sum()).tolist() == [1, 1]
    assert links[links["kind"] == "cadre_lead"]["source"].nunique() == 2
    assert links.groupby("source").size().max() == 2  # eight links of five cadres


def test_one_cadre_with_three_communities_none_twice():
    rules = PairingRules(cadre_rule="cadre_and_targets")
    bodies = make_bodies([0, 300])
    links, _ = pair_cadres(list_cadres(4, bodies), bodies, make_towns(0, 100, 200, 300), rules)
    assert links.groupby("source")["community"].nunique().tolist() == [3, 3, 3, 3]
    assert links["community"].value_counts().tolist() == [3, 3, 3, 3]


def test_everything_wrong_with_posts_of_cadres_is_reported_at_once():
    posts = pd.DataFrame({"cadre": ["c1", "c1"], "institution": ["i1", "i9"], "phone": ["1", "2"]})
    with pytest.raises(InputError) as error:
        list_cadres(posts, make_bodies([0]))
    assert [p.rule for p in error.value.problems] == [
        "posts only",
        "codes are unique",
        "codes are known",
    ]


# Check-in, seats, bodies, centres


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=6),
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
)
def test_every_member_checks_in_once_and_communities_get_their_share(members, need):
    towns = make_towns(*range(0, 100 * len(need), 100), need=[float(n) for n in need])
    links, flow = spread_members(
        make_bodies([70 * n for n in range(len(members))], members=[float(m) for m in members]),
        towns,
        PairingRules(),
    )
    if sum(members) == 0:
        assert links.empty
        return
    sent = (
        links.groupby("source")["amount"]
        .sum()
        .reindex([f"i{n}" for n in range(1, len(members) + 1)], fill_value=0)
    )
    assert sent.tolist() == members
    got = links.groupby("community")["amount"].sum().reindex(towns.index, fill_value=0).to_numpy()
    assert (np.abs(got - sum(members) * np.array(need) / sum(need)) < 1).all()
    assert flow.gap == 0.0


def give_compound(plan, counts=None):
    """One compound over the left half of the board, with what is counted of both."""
    court = make_table(
        "compounds",
        [{"compound": "x1", "community": "0301", "geometry": box(X0, Y0, X0 + 90, Y0 + 60)}],
    )
    return plan.replace(compounds=court, counts=count_rows(counts or []))


def test_seats_go_to_the_kinds_in_turn_and_a_committee_without_any_is_reported():
    counts = [("compound", "x1", "owners_committee", 1), ("compound", "x1", "property_firm", 1)]
    plan = give_compound(
        settle(make_people_plan(), {"i1": 80, "i2": 40}, {"i1": (10, 10), "i2": (20, 10)}), counts
    )
    seats = pair(plan).links.query("kind.str.startswith('seat')")
    assert seats[["kind", "source"]].values.tolist() == [
        ["seat", "i1"],
        ["seat_firm", "x1"],
        ["seat_owners", "x1"],
    ]
    assert pair(make_people_plan()).gaps.query("rule == 'outside_seats'")["of"].tolist() == ["0301"]


def test_six_in_one_keeps_what_is_missing_apart_from_what_is_unknown():
    counts = [
        ("community", "0301", "residents_committee", 1),
        ("community", "0301", "service_station", 0),
    ]
    gap = pair(give_compound(make_people_plan(), counts)).gaps.query("rule == 'six_in_one'").iloc[0]
    assert gap["value"] == 2.0
    assert gap["reason"] == (
        "service_station is missing; owners_committee is unknown; "
        "property_firm is unknown; building_captains is unknown"
    )


def test_owners_committees_without_the_party_are_listed_with_the_number_that_reaches_the_target():
    counts = [
        ("compound", "x1", "owners_committee", 1),
        ("compound", "x1", "owners_committee_party", 0),
    ]
    plan = pair(give_compound(make_people_plan(), counts))
    gap = plan.gaps.query("rule == 'owners_party'").iloc[0]
    assert (gap["of"], gap["community"], gap["remedy"]) == (
        "x1",
        "0301",
        "1 more in the whole city reach the target of 87.76%",
    )
    city = plan.indicators.query("level == 'city' and measure == 'owners_party_share'").iloc[0]
    assert (city["value"], city["need"], city["met"]) == (0.0, 0.8776, False)


def give_centre(plan, x, area):
    return plan.replace(
        places=make_table(
            "places",
            [
                {
                    "place": "p1",
                    "kind": "service_centre",
                    "floor_area": area,
                    "geometry": Point(X0 + x, Y0 + 30),
                }
            ],
        )
    )


def test_a_centre_is_measured_by_area_and_by_the_way_of_households():
    # The board is 180 m wide: from its west end half the houses (15, 45 and 75
    # m along, 15 m off) are within 80 m.
    rules = PairingRules(centre_reach=80.0)
    plan = give_centre(make_people_plan(), 0.0, 30.0)
    table = measure_centres(plan, prepare_towns(plan, rules), rules)
    assert table.loc["0301", ["centres", "area", "area_need", "within"]].tolist() == [
        1.0,
        30.0,
        36.0,
        0.5,
    ]
    assert table["mean_way"].item() == pytest.approx(
        np.hypot([15, 45, 75, 105, 135, 165], 15).mean()
    )
    figures = write_centres(table, rules).set_index(["level", "measure"])["value"]
    assert figures["community", "centre_second_site"] == 1.0


def test_a_community_without_a_centre_has_nobody_within_reach():
    plan = make_people_plan()
    table = measure_centres(plan, prepare_towns(plan, PairingRules()), PairingRules())
    assert table["within"].item() == 0.0
    assert np.isnan(table["mean_way"].item())


# The whole verb, and the auditor


def make_paired(**given_):
    return pair(settle(staff(make_people_plan()), {"i1": 130, "i2": 50, "i3": 70}), **given_)


def test_pairing_twice_changes_nothing_and_the_order_of_rows_does_not_matter():
    once = make_paired(cadres=4)
    plan = settle(staff(make_people_plan()), {"i1": 130, "i2": 50, "i3": 70})
    mixed = plan.replace(
        institutions=plan.site.institutions.iloc[::-1], stairwells=plan.stairwells.iloc[::-1]
    )
    for again in (pair(once, cadres=4), pair(mixed, cadres=4)):
        for table in ("links", "indicators", "gaps"):
            pd.testing.assert_frame_equal(getattr(once, table), getattr(again, table))
    assert (once.indicators["room"] == "staffing").any()


def findings(plan):
    all_findings = audit(plan).findings
    return all_findings[all_findings["rule"] == "pairing"]


def test_a_paired_plan_passes_the_audit_under_every_rule_of_cadres():
    for word in ("one", "lead_and_others", "cadre_and_targets"):
        plan = settle(make_people_plan(), {"i1": 130, "i2": 50})
        rules = Rules.from_dict(plan.manifest["rules"]).replace(pairing={"cadre_rule": word})
        paired = pair(plan, rules, cadres=5)
        assert findings(
            paired.replace(manifest={**paired.manifest, "rules": rules.to_dict()})
        ).empty


def edit(plan, kind, **values):
    links = plan.links.copy()
    row = links.index[links["kind"] == kind][0]
    for column, value in values.items():
        links.loc[row, column] = value
    return plan.replace(links=links)


FAULTS = {
    "to a community that does not exist": lambda p: edit(p, "pairing", community="0999"),
    "from a source that does not exist": lambda p: edit(p, "pairing", source="i9"),
    "that stands twice": lambda p: edit(p, "pairing", source="i2"),
    "fewer than 1 links of the kind pairing, and no gap": lambda p: p.replace(
        links=p.links[p.links["kind"] != "pairing"]
    ),
    "beyond what its institution can bear": lambda p: p.replace(
        institutions=p.site.institutions.assign(party_members=0.0)
    ),
    "more or fewer members than it has": lambda p: edit(p, "member_checkin", amount=1.0),
    "not a whole number": lambda p: edit(p, "member_checkin", amount=1.5),
    "whose distance is not that": lambda p: edit(p, "pairing", distance=1.0),
    "of a cadre who has not 1 communities": lambda p: p.replace(
        links=pd.concat(
            [
                p.links,
                p.links[p.links["kind"] == "cadre"]
                .head(1)
                .assign(community="0302")
                .set_axis(["99"]),
            ]
        ),
        communities=pd.concat(
            [p.site.communities, p.site.communities.set_axis(["0302"])]
        ).rename_axis("community"),
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_the_auditor_finds_a_planted_fault(what):
    errors = findings(FAULTS[what](make_paired(cadres=4)))
    assert errors["message"].str.contains(what, regex=False).any()
    assert (errors["severity"] == "error").any()


def test_a_plan_without_urban_communities_pairs_with_nobody():
    plan = make_board_plan()
    paired = pair(plan.replace(communities=plan.site.communities.assign(kind="rural")))
    assert paired.links.empty
    assert paired.manifest["people"]["pair"]["figures"]["communities"] == 0


@pytest.mark.parametrize("words", [[None, None], [True, None], [True, False]])
def test_the_audit_judges_compounds_of_which_no_list_says_anything(words):
    plan = make_people_plan()
    rows = [
        {"compound": f"x{n}", "community": "0301", "geometry": box(n, 0, n + 1, 1)}
        | ({} if word is None else {"black_list": word})
        for n, word in enumerate(words)
    ]
    plan = pair(plan.replace(compounds=make_table("compounds", rows, plan.crs)))
    listed = plan.gaps.loc[plan.gaps["rule"] == "property_black", "of"].tolist()
    assert listed == (["x0"] if words[0] else [])
    findings = audit(plan).findings
    assert not findings["message"].str.contains("could not be judged").any()
    assert "gaps" not in set(findings["rule"])
