"""The chain of organisation and central households, on villages small enough to see through."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import box

import gridplan as gp
from gridplan.people.organisation import exact_cover
from gridplan.people.organisation.branch_division import Limits, divide_stairwells
from gridplan.people.organisation.central_households import TRIED, choose_medians
from gridplan.people.organisation.exact_cover import cover_exactly
from gridplan.people.organisation.joint_branches import join_places, list_fields
from gridplan.plan import PEOPLE_TABLES, PLAN_TABLES
from gridplan.rules.organisation import OrganisationRules
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
from gridplan.tables.conform import make_empty
from gridplan.tables.whole_shares import share_groups

RULES = OrganisationRules()


def make_counts(*rows):
    """Rows of the table of counts: (level, of, value), or with the measure as a fourth word."""
    return make_table(
        "counts",
        [
            {
                "count": f"n{n}",
                "level": row[0],
                "of": row[1],
                "value": row[2],
                "measure": (*row, "party_members_full")[3],
            }
            for n, row in enumerate(rows)
        ],
    )


def count_houses(*values):
    """Full members of houses h01, h02 ... of the board."""
    return make_counts(*(("building", f"h{n:02d}", v) for n, v in enumerate(values, 1)))


def organise_board(counts, compounds=None, columns=6, rows=2, kind="urban", **rules):
    """Organise the board: ``compounds`` is a word, a letter for each house, a dot for none."""
    plan = make_board_plan(
        (1,) * (columns * rows // 2) + (2,) * (columns * rows - columns * rows // 2), columns, rows
    )
    letters = [c.replace(".", "") for c in compounds or "." * (columns * rows)]
    names = sorted(set(letters) - {""})
    lands = [
        {
            "compound": c,
            "name": f"{c}园",
            "community": "0301",
            "geometry": box(X0, Y0, X0 + 1, Y0 + 1),
        }
        for c in names
    ]
    plan = plan.replace(
        counts=counts,
        buildings=plan.site.buildings.assign(compound=letters),
        stairwells=plan.stairwells.assign(compound=letters, community_kind=kind),
        communities=plan.site.communities.assign(kind=kind),
        compounds=make_table("compounds", lands) if lands else make_empty("compounds", plan.crs),
    )
    return gp.organise(plan, gp.Rules.from_dict(plan.manifest["rules"]).replace(organisation=rules))


def list_branches(plan):
    """Branches as their houses: {'h01h02', ...}."""
    members = plan.members[plan.members["branch"] != ""]
    return sorted("".join(b.dropna()) for _, b in members.groupby("branch")["building"])


# --- members
# -----------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=40),
    st.lists(st.integers(0, 50), min_size=3, max_size=3),
)
def test_apportioned_counts_add_up_and_stay_within_one_of_their_share(rows, totals):
    group = np.array([g for g, _ in rows])
    weights = np.array([w for _, w in rows], float)
    totals = np.where(np.bincount(group, minlength=3) > 0, totals, 0)
    value = share_groups(totals, weights, group, evenly=True)
    assert np.bincount(group, value, minlength=3).tolist() == totals.tolist()
    for g in set(group.tolist()):
        shares = weights[group == g] if weights[group == g].sum() else np.ones((group == g).sum())
        assert (np.abs(value[group == g] - totals[g] * shares / shares.sum()) < 1).all()


def test_a_finer_count_wins_and_the_rest_of_the_coarser_goes_to_where_none_is_given():
    """Twelve houses: 4 members counted in the first, 10 in its compound, 30 in the community."""
    plan = organise_board(
        make_counts(("building", "h01", 4), ("compound", "A", 10), ("community", "0301", 30)),
        "AA..........",
    )
    assert plan.members["full"].tolist() == [4, 6] + [2] * 10
    assert plan.members["level"].tolist() == ["building", "compound"] + ["community"] * 10


def test_the_available_share_holds_over_the_community():
    plan = organise_board(make_counts(("community", "0301", 100)))
    assert plan.members["available"].sum() == 89
    assert (plan.members["available"] <= plan.members["full"]).all()


def test_all_that_is_wrong_with_counts_is_reported_at_once():
    counts = make_counts(
        ("building", "h99", 3),
        ("building", "h01", -1),
        ("building", "h02", 2),
        ("building", "h02", 2),
        ("street", "x", 1),
        ("community", "0999", 5),
    )
    with pytest.raises(gp.errors.InputError) as caught:
        organise_board(counts)
    text = str(caught.value)
    for words in (
        "no such building (n0)",
        "negative or missing values (n1)",
        "(n2, n3)",
        "unknown levels (n4)",
        "no such community (n5)",
    ):
        assert words in text
    assert len(caught.value.problems) == 5


def test_finer_counts_above_a_coarser_one_are_a_contradiction():
    with pytest.raises(
        gp.errors.InputError,
        match=r"1 community counts are below what finer counts in them add up to \(0301\)",
    ):
        organise_board(make_counts(("building", "h01", 7), ("community", "0301", 5)))


def test_a_count_where_nobody_lives_goes_to_the_ledger():
    plan = make_board_plan()
    shop = plan.site.buildings.iloc[[0]].assign(households=0)
    shop.index = pd.Index(["shop"], name="building")
    plan = plan.replace(buildings=pd.concat([plan.site.buildings, shop]).sort_index())
    plan = gp.organise(
        plan.replace(counts=make_counts(("building", "shop", 6), ("community", "0301", 6)))
    )
    assert (
        plan.members["full"].sum() == 6
    )  # of the community's count, which knows of no finer one among its homes
    assert plan.site.ledger["ids"].tolist() == ["shop"]
    assert "6 counted by building" in plan.site.ledger["reason"].iloc[0]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"branch_full": 60}, "branch_full = 60 is above branch_most = 50"),
        ({"group_target": 40}, "group_target = 40 is above group_most = 30"),
        ({"general_over": 200}, "general_over = 200 is above committee_over = 100"),
        ({"available_share": 1.2}, "available_share = 1.2 is above 1"),
        ({"seats_least": 6}, "seats_least = 6 is above seats_most = 5"),
    ],
)
def test_contradictory_rules_are_refused(rules, words):
    with pytest.raises(gp.errors.RuleError, match=words):
        gp.Rules().replace(organisation=rules)


# --- the chain
# -----------------------------------------------------------------------------


def test_a_community_without_members_has_no_organisation_and_says_so():
    plan = organise_board(make_empty("counts"))
    assert plan.party_orgs.empty
    assert plan.posts.empty
    gap = plan.gaps[plan.gaps["rule"] == "branch_full"].iloc[0]
    assert (gap["level"], gap["of"], gap["reason"]) == (
        "community",
        "0301",
        "no member is counted here",
    )
    assert gap["remedy"].startswith("3 more full members")
    assert gp.audit(plan).passed


def test_two_full_members_and_any_number_of_probationary_ones_are_no_branch():
    plan = organise_board(
        make_counts(("building", "h01", 2), ("building", "h01", 9, "party_members_probationary"))
    )
    assert plan.party_orgs.empty
    assert plan.gaps[plan.gaps["rule"] == "branch_full"]["reason"].tolist() == [
        "2 full members in all, fewer than 3"
    ]


def test_a_small_community_is_one_branch_with_one_group():
    plan = organise_board(make_counts(("community", "0301", 12)), "." * 12)
    assert plan.party_orgs[
        ["level", "form", "parent", "full", "committee_seats"]
    ].to_numpy().tolist() == [
        ["branch", "community", "", 12, 3],
        ["group", "joint", "0301-B01", 12, 0],
    ]
    assert plan.party_orgs["name"].tolist() == ["东湖社区党支部", "东湖社区党支部第1党小组"]


def test_compounds_have_branches_of_their_own_and_a_short_one_joins_the_nearer():
    """
    Compounds on the board, three members to a house of A, six of D, one of S::

        A A S . . D       . has no member and goes with the nearest
        A A S . . D
    """
    members = [3, 3, 1, 0, 0, 6] * 2
    plan = organise_board(count_houses(*members), "AAS..D" * 2)
    branches = plan.party_orgs[plan.party_orgs["level"] == "branch"]
    assert branches[["form", "compound", "full"]].to_numpy().tolist() == [
        ["joint", "", 14],
        ["compound", "D", 12],
    ]
    assert branches["places"].tolist() == [2, 1]
    assert list_branches(plan) == ["h01h02h03h04h05h07h08h09h10h11", "h06h12"]
    head = plan.party_orgs[plan.party_orgs["parent"] == ""].iloc[0]
    assert (head["level"], head["full"]) == ("general_branch", 26)
    assert head["advice"] == "2 branches with 26 members in all, not over 50: one branch would do"
    assert gp.audit(plan).passed


def test_a_compound_of_sixty_is_cut_into_two_equal_branches_side_by_side():
    plan = organise_board(count_houses(*[5] * 12), "A" * 12, branch_whole=50)
    assert list_branches(plan) == ["h01h02h03h07h08h09", "h04h05h06h10h11h12"]
    branches = plan.party_orgs[plan.party_orgs["level"] == "branch"]
    assert branches["form"].tolist() == ["part", "part"]
    assert branches["full"].tolist() == [30, 30]
    assert plan.party_orgs["level"].value_counts().to_dict() == {
        "group": 4,
        "branch": 2,
        "general_branch": 1,
    }


def test_a_compound_is_cut_only_where_it_is_too_large_to_stay_whole():
    """General is no limit: 60 members stay one branch, with advice; 108 are two of 54."""
    plan = organise_board(count_houses(*[5] * 12), "A" * 12)
    branches = plan.party_orgs[plan.party_orgs["level"].isin(["branch", "general_branch"])]
    assert branches["full"].tolist()[-1] == 60
    assert len(list_branches(plan)) == 1
    plan = organise_board(count_houses(*[9] * 12), "A" * 12)
    branches = plan.party_orgs[plan.party_orgs["level"] == "branch"]
    assert branches["full"].tolist() == [54, 54]
    assert "54 members, generally at most 50: kept whole" in branches["advice"].iloc[0]
    assert gp.audit(plan).passed


def test_probationary_members_count_in_size():
    plan = organise_board(
        make_counts(("building", "h01", 40), ("building", "h02", 20, "party_members_probationary")),
        "AA..........",
    )
    branches = plan.party_orgs[plan.party_orgs["level"] == "branch"]
    assert branches[["full", "probationary"]].to_numpy().tolist() == [
        [40, 20]
    ]  # a part with no full member cannot stand alone
    assert "60 members, generally at most 50" in branches["advice"].iloc[0]


def test_more_than_a_hundred_members_make_a_committee():
    plan = organise_board(count_houses(*[10] * 12), "A" * 12)
    head = plan.party_orgs[plan.party_orgs["parent"] == ""]
    assert head[["level", "name", "committee_seats"]].to_numpy().tolist() == [
        ["committee", "东湖社区党委", 5]
    ]


def test_a_place_that_nothing_joins_is_a_gap_with_its_remedy():
    """One house with two members stands across a river: its neighbours are struck out."""
    plan = make_board_plan()
    pairs = plan.neighbours[~plan.neighbours[["focal", "neighbour"]].eq("h12-1").any(axis=1)]
    plan = gp.organise(plan.replace(counts=count_houses(*[4] * 11, 2), neighbours=pairs))
    gap = plan.gaps.iloc[0]
    assert (gap["level"], gap["of"], gap["value"], gap["need"]) == ("building", "h12", 2.0, 3.0)
    assert (
        gap["remedy"] == "an opening towards the nearest branch, 30 m away, or 1 more full members"
    )
    assert plan.members.loc["h12-1", "branch"] == ""
    assert not set(gp.audit(plan).findings["rule"]) & {"chain", "sizes", "pieces"}


def test_a_village_is_one_branch_and_its_groups_are_of_whole_sub_grids():
    plan = organise_board(make_counts(("community", "0301", 36)), kind="rural")
    assert plan.party_orgs[["level", "form", "full"]].to_numpy().tolist() == [
        ["branch", "village", 36],
        ["group", "joint", 18],
        ["group", "joint", 18],
    ]
    assert plan.members.groupby("group")["subgrid"].nunique().tolist() == [1, 1]


def test_places_left_over_by_the_usual_number_are_attached_and_advised():
    """An able house amid a star of seven places of one member; a joint branch takes five."""
    links = np.array([[0, n] for n in range(1, 8)])
    walk = np.where(np.eye(8), 5.0, 50.0)
    fields = join_places(np.array([9] + [1] * 7), np.array([9] + [1] * 7), links, walk, RULES)
    assert fields.label.tolist() == [0] * 8
    assert fields.attached == 3


# --- optimal
# -----------------------------------------------------------------------------


def partition(things):
    """All partitions of a list."""
    if not things:
        yield []
        return
    first = things[0]
    rest = things[1:]
    for n in range(len(rest) + 1):
        for mates in itertools.combinations(rest, n):
            for others in partition([t for t in rest if t not in mates]):
                yield [[first, *mates], *others]


def is_contiguous(part, links):
    met = {part[0]}
    part = set(part)
    while True:
        more = {b for a, b in [*links, *[(b, a) for a, b in links]] if a in met and b in part} - met
        if not more:
            return met == part
        met |= more


graphs = st.integers(2, 7).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 14), min_size=n, max_size=n),
        st.lists(
            st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=n, max_size=n, unique=True
        ),
        st.lists(st.integers(0, 1000), min_size=n - 1, max_size=n - 1),
        st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=4),
    )
)


def make_links(parents, more):
    """A connected graph: each thing linked to an earlier one, and a few links more."""
    links = {(p % (n + 1), n + 1) for n, p in enumerate(parents)} | {
        (min(a, b), max(a, b)) for a, b in more if a != b
    }
    return sorted(links)


@settings(max_examples=40, deadline=None)
@given(graphs)
def test_groups_are_the_cheapest_of_all_contiguous_partitions(drawn):
    size, points, parents, more = drawn
    links = make_links(parents, more)
    xy = np.array(points, float)
    size = np.array(size)
    limits = Limits(least=3, most=30, target=20, full=1, price=200.0, imbalance=20.0)
    atoms = (np.arange(len(size)), np.arange(len(size)))
    division = divide_stairwells(xy, size, size, atoms, np.array(links), limits)
    count = max(1, -(-size.sum() // 30), int(size.sum() / 20 + 0.5))
    even = max(-(-size.sum() // count), 3)

    def price(part):
        walk = min(sum(size[i] * np.hypot(*(xy[i] - xy[c])) for i in part) for c in part)
        return walk + limits.price + limits.imbalance * abs(size[part].sum() - even)

    for least in (max(3, even // 2), 3):
        fits = [
            parts
            for parts in partition(list(range(len(size))))
            if all(least <= size[part].sum() <= 30 and is_contiguous(part, links) for part in parts)
        ]
        if fits:
            best = min(sum(price(part) for part in parts) for parts in fits)
            assert division.price == pytest.approx(best, abs=1e-5)
            assert division.bound == pytest.approx(best, abs=1e-5)
            return
    assert division.bound <= division.price


@settings(max_examples=40, deadline=None)
@given(graphs, st.integers(0, 2))
def test_joint_branches_are_the_cheapest_of_all_contiguous_joinings(drawn, less):
    size, points, parents, more = drawn
    full = np.maximum(0, np.array(size) - 10 * less)
    links = make_links(parents, more)
    xy = np.array(points, float)
    size = np.array(size)
    walk = 10.0 + np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    fields = join_places(full, size, np.array(links), walk, RULES)

    def count(members):
        # Up to a hundred are one branch; more are cut into branches of about fifty.
        return 1 if members <= 100 else max(-(-members // 100), int(members / 50 + 0.5))

    even = size.sum() / max(1, (full >= 3).sum(), count(size.sum()))

    def price(places):
        if full[places].sum() < 3:
            return RULES.price_unserved * size[places].sum() if len(places) == 1 else np.inf
        if len(places) > 1 and (
            not is_contiguous(places, links) or len(places) > 5 or (full[places] >= 3).sum() > 1
        ):
            return np.inf
        branches = count(size[places].sum())
        metres = min(sum(size[p] * walk[p, q] for p in places) for q in places)
        return metres + branches * (
            RULES.price_branch + RULES.price_imbalance * abs(size[places].sum() / branches - even)
        )

    best = min(
        sum(price(places) for places in parts) for parts in partition(list(range(len(size))))
    )
    assert fields.price == pytest.approx(best)
    assert fields.bound == pytest.approx(best)


def test_sets_of_places_are_listed_once_each():
    full = np.array([0, 1, 9, 2, 1, 4])
    links = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [0, 3]])
    sets = list_fields(full, links, RULES)
    assert len(sets) == len(set(sets))
    brute = [
        places
        for n in range(1, 6)
        for places in itertools.combinations(range(6), n)
        if full[list(places)].sum() >= 3
        and (full[list(places)] >= 3).sum() <= 1
        and is_contiguous(list(places), links.tolist())
    ]
    assert sorted(sets) == sorted(brute)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_the_cover_is_the_cheapest_there_is_whichever_way_it_is_found(seed, wide):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    sets = [
        atoms_of_set
        for k in range(1, 5)
        for atoms_of_set in itertools.combinations(range(n), k)
        if rng.uniform() < 0.6
    ]
    prices = (
        rng.integers(1, 30, len(sets))
        + np.array([len(atoms_of_set) for atoms_of_set in sets], float) * 3
    )
    starts = np.append(0, np.cumsum([len(atoms_of_set) for atoms_of_set in sets]))
    atoms = np.array([i for atoms_of_set in sets for i in atoms_of_set], int)
    cost = dict(zip(sets, prices, strict=True))
    all_parts = [
        [tuple(atoms_of_set) for atoms_of_set in parts] for parts in partition(list(range(n)))
    ]
    fits = [
        sum(cost[atoms_of_set] for atoms_of_set in parts)
        for parts in all_parts
        if all(atoms_of_set in cost for atoms_of_set in parts)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_cover, "FIRST", 3)
        if wide:
            patch.setattr(exact_cover, "WIDEST", 0)  # HiGHS instead of the sweep
        label, bound = cover_exactly(prices, starts, atoms, n)
    if not fits:
        assert label is None
        return
    assert sum(
        cost[tuple(np.flatnonzero(label == p))] for p in range(label.max() + 1)
    ) == pytest.approx(min(fits))
    assert bound == pytest.approx(min(fits))


def test_many_buildings_are_searched_and_the_gap_is_proven():
    """A hundred and forty-four houses with a member each: too many parts to list."""
    xy = np.array([(30.0 * c, 30.0 * r) for r in range(12) for c in range(12)])
    links = np.array(
        [
            (n, m)
            for n in range(144)
            for m in (n + 1, n + 12)
            if m < 144 and not (m == n + 1 and m % 12 == 0)
        ]
    )
    ones = np.ones(144, int)
    limits = Limits(least=3, most=50, target=50, full=3, price=5_000.0, imbalance=20.0)
    parts = divide_stairwells(xy, ones, ones, (np.arange(144), np.arange(144)), links, limits)
    assert np.bincount(parts.label).tolist() == [48, 48, 48]
    assert 0.9 * parts.price < parts.bound <= parts.price


# --- central households
# -----------------------------------------------------------------------------


def test_the_central_household_is_in_the_nearest_stairwell_with_an_available_member():
    """Sub-grid 1 is the lower row: members in its first and fourth house, the nearer one."""
    plan = organise_board(count_houses(3, 0, 0, 3, 0, 0, 3), available_share=1.0, central_load=60)
    assert plan.posts["stairwell"].tolist() == ["h04-1", "h07-1"]
    assert plan.posts["households"].tolist() == [60, 60]
    assert plan.posts["mean_walk"].iloc[0] == pytest.approx(30 * (3 + 2 + 1 + 0 + 1 + 2) / 6)


def test_a_second_one_is_placed_where_the_load_is_exceeded():
    plan = organise_board(count_houses(*[1] * 12), available_share=1.0, central_load=30)
    assert plan.posts["stairwell"].tolist() == ["h02-1", "h05-1", "h08-1", "h11-1"]
    assert plan.posts["households"].tolist() == [30] * 4
    figures = plan.manifest["people"]["organise"]["figures"]
    assert figures["central_per_subgrid"] == 2.0
    assert figures["central_needed_at"] == {"10": 12}


def test_sub_grids_without_an_available_member_are_ranked_gaps_with_the_nearest_help():
    plan = organise_board(count_houses(2, 2), available_share=1.0)
    gaps = plan.gaps[plan.gaps["rule"] == "central_household"]
    assert gaps["of"].tolist() == ["0301-002"]
    assert gaps["rank"].tolist() == [1]
    assert gaps["reason"].tolist() == ["no full member lives here"]
    assert gaps["remedy"].iloc[0].startswith("let one of 0301-001, ")
    assert gp.audit(plan).passed


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_medians_by_integer_programming_are_those_by_trial(seed):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 100, (7, 2))
    walk = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    weight = rng.integers(1, 9, 7)
    tried = choose_medians(walk, weight, 3)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridplan.people.organisation.central_households.TRIED", 0)
        solved = choose_medians(walk, weight, 3)[0]
    assert weight @ walk[:, list(tried)].min(axis=1) == pytest.approx(
        weight @ walk[:, list(solved)].min(axis=1)
    )
    assert TRIED > 0


# --- a whole town
# -----------------------------------------------------------------------------


def make_quick_plan(order=None):
    reading = gp.synthetic.make_town(3, urban_share=0.34, seed=5)
    if order is not None:
        tables = {
            name: table.sample(frac=1, random_state=order) for name, table in reading.tables.items()
        }
        reading = type(reading)(tables, reading.files, reading.entries)
    return gp.divide(
        gp.read_site(reading), gp.Rules().replace(division={"effort": "quick"}), seed=3
    )


@pytest.fixture(scope="module")
def drawn():
    return make_quick_plan()


@pytest.fixture(scope="module")
def town(drawn):
    return gp.organise(drawn)


def test_a_towns_branches_and_groups_are_as_many_as_tangshans_numbers_imply(drawn, town):
    """75,081 sub-grids, 8,662 branches, 22,828 groups; at 17.6 members for 100 households."""
    figures = town.manifest["people"]["organise"]["figures"]
    members = figures["full"] + figures["probationary"]
    assert 100 * members / drawn.subgrids["households"].sum() == pytest.approx(17.6, abs=1.5)
    assert figures["subgrids_per_branch"] == pytest.approx(75_081 / 8_662, rel=0.15)
    assert figures["groups_per_branch"] == pytest.approx(22_828 / 8_662, rel=0.15)


def test_a_town_is_organised_within_the_rules_and_the_proof(town):
    audit = gp.audit(town)
    assert audit.passed, str(audit)
    assert not set(audit.findings["rule"]) & {"members", "chain", "pieces", "central"}
    held = town.members[town.members["full"] + town.members["probationary"] > 0]
    assert (held["branch"] != "").all()
    assert (
        town.party_orgs.loc[held["group"], "parent"].to_numpy() == held["branch"].to_numpy()
    ).all()
    assert town.manifest["people"]["organise"]["figures"]["optimality_gap"] < 0.01
    assert (town.indicators["value"] < 0.02).all()


def test_counts_are_kept_to_the_last_member(drawn, town):
    counts = drawn.site.counts
    for column, measure in (
        ("full", "party_members_full"),
        ("elders", "elders"),
        ("volunteers", "volunteers"),
    ):
        assert town.members[column].sum() == counts.loc[counts["measure"] == measure, "value"].sum()


def test_the_chain_is_the_same_whatever_the_order_of_rows_or_workers_and_when_run_again(
    drawn, town
):
    before = {name: drawn.get_table(name).copy() for name in PLAN_TABLES}
    for other in (
        gp.organise(make_quick_plan(order=4), workers=1),
        gp.organise(drawn, workers=3),
        gp.organise(town),
    ):
        for name in (*PEOPLE_TABLES, "ledger"):
            assert_frame_equal(
                pd.DataFrame(town.get_table(name)), pd.DataFrame(other.get_table(name)), obj=name
            )
        assert town.manifest == other.manifest
    for name, table in before.items():
        assert_frame_equal(pd.DataFrame(table), pd.DataFrame(drawn.get_table(name)), obj=name)


def test_rows_of_other_verbs_are_left_alone(town):
    post = make_table("posts", [{"post": "x", "role": "grid_leader"}])
    gap = make_table("gaps", [{"gap": "y", "room": "staffing"}])
    plan = gp.organise(
        town.replace(posts=pd.concat([town.posts, post]), gaps=pd.concat([town.gaps, gap]))
    )
    assert len(plan.posts) == len(town.posts) + 1
    assert plan.gaps["room"].tolist().count("staffing") == 1


def plant(table, column, change):
    """Plant a fault: change one column of a table of people."""

    def spoil(plan):
        frame = plan.get_table(table).copy()
        frame[column] = change(frame, plan)
        return plan.replace(**{table: frame})

    return spoil


def mix_groups(frame, plan):
    """
    Of the two groups of the first branch, none of whose houses now adjoins
    another of its group::

        h07:2 h08:1 h09:2
        h01:1 h02:2 h03:1
    """
    groups = frame["group"].copy()
    groups[["h01-1", "h03-1", "h08-1"]] = "0301-B01-G01"
    groups[["h02-1", "h07-1", "h09-1"]] = "0301-B01-G02"
    return groups


def change_first(column, value):
    def change(frame, plan):
        out = frame[column].copy()
        out.iloc[0] = value
        return out

    return change


FAULTS = {
    "members that no one counted": (plant("members", "full", change_first("full", 99)), "members"),
    "more available than full members": (
        plant("members", "available", change_first("available", 77)),
        "members",
    ),
    "a stairwell placed elsewhere": (
        plant("members", "building", change_first("building", "h02")),
        "members",
    ),
    "a member in no branch": (plant("members", "branch", change_first("branch", "")), "chain"),
    "a branch that does not exist": (
        plant("members", "branch", change_first("branch", "nowhere")),
        "chain",
    ),
    "a group of another branch": (
        plant("members", "group", lambda f, p: f["group"].iloc[::-1].to_numpy()),
        "chain",
    ),
    "an organisation without parent": (
        plant("party_orgs", "parent", lambda f, p: f["parent"].replace("0301-P", "gone")),
        "chain",
    ),
    "two heads": (
        plant("party_orgs", "parent", lambda f, p: f["parent"].replace("0301-P", "")),
        "chain",
    ),
    "figures that do not add up": (
        plant("party_orgs", "full", lambda f, p: f["full"] + 1),
        "sizes",
    ),
    "seats": (
        plant("party_orgs", "committee_seats", lambda f, p: f["committee_seats"] + 2),
        "sizes",
    ),
    "a group in pieces": (plant("members", "group", mix_groups), "pieces"),
    "a central household elsewhere": (
        plant("posts", "stairwell", change_first("stairwell", "h12-1")),
        "central",
    ),
    "a central household in the worst place": (
        plant("posts", "stairwell", change_first("stairwell", "h01-1")),
        "central",
    ),
    "a central household that is missing": (lambda p: p.replace(posts=p.posts.iloc[1:]), "central"),
    "households served by nobody": (
        plant("posts", "households", lambda f, p: f["households"] - 1),
        "central",
    ),
}


@pytest.fixture(scope="module")
def sound():
    """Two branches of six houses each, five members to a house, in four groups."""
    plan = organise_board(
        count_houses(*[5] * 12), "A" * 12, branch_whole=50, available_share=1.0, central_load=60
    )
    assert not set(gp.audit(plan).findings["rule"]) & {
        "members",
        "chain",
        "sizes",
        "pieces",
        "central",
    }
    return plan


@pytest.mark.parametrize("name", FAULTS)
def test_the_audit_finds_planted_faults(sound, name):
    spoil, rule = FAULTS[name]
    findings = gp.audit(spoil(sound)).findings
    assert rule in set(findings["rule"])


def test_the_audit_finds_a_branch_with_too_few_full_members(sound):
    strict = gp.Rules.from_dict(sound.manifest["rules"]).replace(
        organisation={"branch_full": 40, "branch_most": 50}
    )
    findings = gp.audit(sound, strict).findings
    assert "with too few members" in findings[findings["rule"] == "sizes"]["message"].iloc[0]
