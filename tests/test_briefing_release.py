"""What a release says by place: sums, posts, organisations, what is in band, and no difference."""

import itertools
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from benchmarks.disclosure import attack_places, change_posts, draw_plan
from gridplan.publishing import choose_posts as posts_module
from gridplan.publishing.left_over import list_left_over
from gridplan.publishing.place_sums import CITY, UPPER
from gridplan.publishing.release_check import check_release
from gridplan.publishing.release_plan import release
from gridplan.publishing.suppression import is_small
from gridplan.synthetic.board_plan import make_table
from gridplan.tables.level_indicators import place_bodies
from tests.test_disclosure import make_homes

SEED = 1  # of a town in which a few posts change
TOWNS = ["c1", "c2", "c3", "c4", "c5", "c6"]
WARDS = ["north", "north", "north", "south", "south", ""]
DISTRICTS = ["east", "east", "east", "east", "east", "west"]
# leaders, full-time and part-time workers, and how many of the workers are of the Party
POSTS = {
    "c1": (9, 8, 20, 15),
    "c2": (12, 9, 30, 20),
    "c3": (3, 7, 16, 12),
    "c4": (20, 10, 40, 30),
    "c5": (14, 8, 28, 2),
    "c6": (16, 12, 24, 20),
}
MEMBERS = {"c1": 60, "c2": 70, "c3": 4, "c4": 80, "c5": 90, "c6": 50}
BRANCHES = {"c1": 2, "c2": 3, "c3": 1, "c4": 2, "c5": 4, "c6": 2}


def make_posts(counts):
    """Posts of so many leaders, full-time and part-time workers in each community."""
    rows = []
    for code, (leaders, full, part, party) in counts.items():
        roles = ["grid_worker_full"] * full + ["grid_worker_part"] * part
        rows += [
            {"role": role, "community": code, "party": n < party} for n, role in enumerate(roles)
        ]
        rows += [{"role": "grid_leader", "community": code, "party": False}] * leaders
        rows += [{"role": "central_household", "community": code, "party": True}] * 9
    fixed = {"filled": True, "served": 1}
    return make_table("posts", [row | fixed | {"post": f"p{n}"} for n, row in enumerate(rows)])


def make_place_plan(**tables):
    """Six communities in two subdistricts and two districts, with people of every kind."""
    homes = [[33, 35, 36], [31, 29, 36], [34, 38, 39], [35, 31, 45], [30, 36, 18], [37, 32, 33]]
    plan = make_homes(*homes)
    towns = plan.site.communities.assign(subdistrict=WARDS, district=DISTRICTS)
    doors = plan.stairwells.groupby("community").head(1)
    people = [
        {"stairwell": door, "community": code, "full": MEMBERS[code], "probationary": 0}
        for door, code in doors["community"].items()
    ]
    orgs = [
        {"org": f"{code}-{n}", "level": "branch", "community": code}
        for code, count in BRANCHES.items()
        for n in range(count)
    ]
    pairs = [("i1", "c1"), ("i1", "c2"), ("i2", "c2"), ("i3", "c6")]
    links = [
        {"link": f"{n}", "kind": "pairing", "source": source, "community": code, "target": code}
        for n, (source, code) in enumerate(pairs)
    ]
    gaps = [
        ("c1", "leader"),
        ("c1", "leader"),
        ("c2", "captain"),
        ("c3", "leader"),
        ("c6", "leader"),
    ]
    need = {"room": "staffing", "level": "community", "measure": "full_workers", "need": 4.0}
    full = {
        "communities": towns,
        "members": make_table("members", people),
        "posts": make_posts(POSTS),
        # branches without members of their own are counted, not published one by one
        "party_orgs": make_table("party_orgs", orgs),
        "links": make_table("links", links),
        "gaps": make_table(
            "gaps",
            [
                {"gap": f"{n}", "room": "staffing", "rule": rule, "community": code, "of": code}
                for n, (code, rule) in enumerate(gaps)
            ],
        ),
        "indicators": make_table(
            "indicators",
            [need | {"indicator": f"{n}", "of": c, "community": c} for n, c in enumerate(TOWNS)],
        ),
    }
    return plan.replace(**(full | tables))


@pytest.fixture(scope="module")
def plan():
    return make_place_plan()


@pytest.fixture(scope="module")
def leaving(plan):
    return release(plan)


def read_rows(leaving, measure):
    """The rows of a measure by place: its value, and whether it is shown."""
    rows = leaving.published[leaving.published["measure"] == measure]
    return rows.set_index("of")[["value", "shown"]]


def put_back(leaving, changes):
    """Put values, by measure and place, back into a release."""
    table = leaving.published.copy()
    for (measure, of), value in changes.items():
        row = (table["measure"] == measure) & (table["of"] == of)
        table.loc[row, ["value", "shown"]] = [float(value), True]
    return leaving.replace(published=table)


def find_rules(leaving, **known):
    return {problem.rule for problem in check_release(leaving, **known).problems}


def test_every_body_that_somebody_names_has_sums_and_no_other_has(leaving):
    subgrids = read_rows(leaving, "subgrids")["value"].to_dict()
    communities = dict.fromkeys(TOWNS, 3)
    assert subgrids == communities | {"north": 9, "south": 6, "east": 15, "west": 3, "site": 18}
    levels = leaving.published.set_index("of")["level"].to_dict()
    assert (levels["north"], levels["east"], levels["site"]) == ("subdistrict", "district", "city")
    households = read_rows(leaving, "households")["value"]
    assert households["north"] == 104 + 96 + 111
    assert households["site"] == read_rows(leaving, "figure:households")["value"]["site"]


def test_an_institution_counts_once_in_each_place(leaving):
    paired = read_rows(leaving, "institutions_paired")["value"].to_dict()
    assert [paired[of] for of in ("c1", "c2", "c3", "north", "south", "east", "site")] == [
        1,
        2,
        0,
        2,
        0,
        2,
        3,
    ]


def test_small_posts_stay_behind_with_others_so_that_no_sum_gives_them_back(leaving):
    leaders = read_rows(leaving, "grid_leaders")
    assert not leaders.loc["c3", "shown"]
    assert leaders["value"].isna().equals(~leaders["shown"])
    # One hidden community alone would be its subdistrict less the other two.
    inside = leaders.loc[["c1", "c2", "c3", "north"], "shown"]
    assert (~inside).sum() >= 2
    assert leaders.loc["site", "shown"]
    assert leaders.loc["site", "value"] == 74
    assert "posts" in find_rules(
        put_back(leaving, {("grid_leaders", c): POSTS[c][0] for c in ("c1", "c2")})
    )
    assert "figures" in find_rules(put_back(leaving, {("grid_leaders", "c3"): 3}))


def test_the_order_of_rows_does_not_choose_what_stays_behind(plan, leaving):
    turned = plan.replace(communities=plan.site.communities.iloc[::-1], posts=plan.posts.iloc[::-1])
    pd.testing.assert_frame_equal(release(turned).published, leaving.published)


def test_the_check_finds_posts_of_which_only_the_small_ones_are_hidden(plan):
    def hide_small(system, rules, always=None, never=None, small=None):
        hidden = is_small(system.cells["value"].to_numpy(float), rules)
        return mock.Mock(hidden=hidden, exposed=[], gap=0.0)

    with (
        mock.patch.object(posts_module, "choose_suppressed", hide_small),
        pytest.raises(Exception, match="can be worked out from the posts of"),
    ):
        release(plan)


def test_central_households_are_counted_for_the_city_alone(leaving):
    table = leaving.published
    assert set(table.loc[table["measure"].str.contains("central_house"), "level"]) == {"city"}
    row = table.iloc[:1].assign(level="community", of="c1", community="c1", value=9.0, shown=True)
    for measure in ("central_households", "figure:grid_leaders"):
        more = pd.concat([table, row.assign(measure=measure).set_axis(["900"])])
        assert "levels" in find_rules(leaving.replace(published=more))


def test_branches_are_counted_only_where_members_are(leaving):
    members, branches = (read_rows(leaving, name) for name in ("members", "branches"))
    towns = members.index[~members["shown"]]
    assert "c3" in towns
    assert not branches.loc[towns, "shown"].any()
    assert branches.loc["c4", "value"] == 2
    told = put_back(leaving, {("branches", "c3"): 1})
    assert "places" in find_rules(told)
    # All but one are as good as all.
    one = put_back(
        leaving, {("branches", of): BRANCHES[of] for of in towns if of in BRANCHES and of != "c3"}
    )
    more = put_back(
        one, {("branches", "north"): 6, ("branches", "east"): 12, ("branches", "site"): 14}
    )
    assert "places" in find_rules(more)


def test_gaps_of_all_rules_add_up_and_stay_behind_with_hidden_people(leaving):
    gaps = read_rows(leaving, "gaps")
    assert gaps.loc[["c4", "c5"], "value"].tolist() == [0, 0]
    assert not gaps.loc["c3", "shown"]
    by_rule = leaving.published[leaving.published["measure"].str.startswith("gaps:")]
    for level in ("community", *UPPER):
        rows = by_rule[by_rule["level"] == level].groupby("of")["value"].sum()
        together = leaving.published[
            (leaving.published["measure"] == "gaps") & (leaving.published["level"] == level)
        ].set_index("of")["value"]
        assert together.fillna(0).to_dict() == rows.reindex(together.index).fillna(0).to_dict()
    assert "places" in find_rules(put_back(leaving, {("gaps", "c3"): 1}))
    assert "places" in find_rules(put_back(leaving, {("gaps", "east"): 17}))


def test_sub_grids_in_band_are_those_that_the_bands_say(leaving):
    in_band = read_rows(leaving, "in_band")["value"]
    # 45 and 18 households are beyond the limits of 20 and 40.
    assert in_band[[*TOWNS, "site"]].tolist() == [3, 3, 3, 2, 2, 3, 16]


def test_a_band_that_is_withheld_takes_what_is_in_band_with_it():
    # An empty sub-grid has no band; whether it is in band is not said either.
    homes = [[34, 36], [33, 37], [0, 34, 36]]
    leaving = release(make_homes(*homes))
    in_band = read_rows(leaving, "in_band")
    assert in_band["shown"].to_dict() == {"c1": True, "c2": True, "c3": False, "site": False}
    assert not read_rows(leaving, "figure:in_band")["shown"]["site"]
    assert "places" in find_rules(put_back(leaving, {("in_band", "c3"): 2}))
    assert "places" in find_rules(put_back(leaving, {("in_band", "site"): 6}))
    assert "figures" in find_rules(put_back(leaving, {("figure:in_band", "site"): 6 / 7}))


def test_workers_needed_stay_behind_with_the_households_they_follow_from():
    plan = make_place_plan()
    homes = plan.subgrids.drop(index=["c1-2", "c1-3"])
    doors = plan.stairwells[plan.stairwells["subgrid"].isin(homes.index)]
    leaving = release(plan.replace(subgrids=homes, stairwells=doors))
    households, needed = (read_rows(leaving, name) for name in ("households", "workers_needed"))
    assert not households.loc["c1", "shown"]
    assert not needed.loc[households.index[~households["shown"]], "shown"].any()
    assert needed.loc["site", "value"] == 24
    assert "places" in find_rules(put_back(leaving, {("workers_needed", "c1"): 4}))


def test_posts_that_changed_by_a_few_in_one_place_are_no_difference(plan, leaving):
    # One worker of c4 more, of the Party; the city has ten more in all.
    more = POSTS | {"c4": (20, 11, 40, 31), "c6": (16, 21, 24, 29)}
    new = plan.replace(posts=make_posts(more))
    alone = release(new)
    assert read_rows(alone, "grid_workers").loc["c4", "shown"]
    known = {"working": new, "before": plan, "published": leaving}
    assert "posts" in find_rules(alone, **known)
    careful = release(new, before=plan, published=leaving)
    workers = read_rows(careful, "grid_workers")
    assert not workers.loc["c4", "shown"]
    assert workers.loc["site", "value"] == 222
    # c5, of which nothing changed, cannot hide it: whoever kept the first release has its number.
    assert not find_rules(careful, **known)


def test_nobody_solves_for_the_posts_of_a_place_from_two_releases():
    rng = np.random.default_rng(SEED)
    old = draw_plan(rng)
    new = change_posts(old, rng)
    first = release(old)
    both = (first, release(new, before=old, published=first)), (first, release(new))
    held = [
        [high - low >= width for _, _, (low, high), width in attack_places((old, new), pair)]
        for pair in both
    ]
    assert all(held[0])
    # The attacker finds what is not protected.
    assert not all(held[1])


def test_what_a_sum_leaves_over_is_two_at_the_least():
    rng = np.random.default_rng(0)
    bodies = place_bodies(pd.DataFrame({"subdistrict": WARDS, "district": DISTRICTS}, index=TOWNS))
    for size in range(1, 7):
        for withheld in itertools.combinations(TOWNS, size):
            amount = dict(zip(TOWNS, rng.integers(1, 90, 6), strict=True))
            listed = list_left_over(withheld, bodies, lambda codes: len(codes) > 1)
            shut = {(one.level, one.of) for one in listed if not one.may_join}
            rows, sums = [], []
            for level in UPPER:
                for name in set(bodies[level]) - {""}:
                    if (level, name) not in shut:
                        inside = (bodies[level] == name).to_numpy(float)
                        rows.append(inside)
                        sums.append(sum(amount[c] for c in bodies.index[bodies[level] == name]))
            rows += [np.eye(6)[n] for n, code in enumerate(TOWNS) if code not in withheld]
            # A community is found if it is a combination of what is known.
            rank = np.linalg.matrix_rank(np.array(rows)) if rows else 0
            for n, code in enumerate(TOWNS):
                found = np.linalg.matrix_rank(np.array([*rows, np.eye(6)[n]])) == rank
                assert found == (code not in withheld), (withheld, code, CITY)


def test_shares_in_reach_are_given_above_where_they_leave_over_no_few(plan):
    asked = dict.fromkeys(TOWNS, 100)
    inside = {"c1": 50, "c2": 60, "c3": 97, "c4": 96, "c5": 95, "c6": 40}
    rows = [
        {"level": "community", "of": code, "community": code, "households": asked[code]}
        | {"reachable": inside[code], "reachable_share": inside[code] / 100}
        for code in TOWNS
    ]
    city = {"level": "city", "of": "site", "community": "", "households": 600, "reachable": 438}
    rows.append(city | {"reachable_share": 438 / 600})
    fixed = {"state": "now", "kind": "canteen", "minutes": 15.0, "own": True}
    table = make_table("coverage", [row | fixed for row in rows])
    share = read_rows(release(plan.replace(coverage=table)), "reach:canteen:15")
    # Three of c3 are out of reach: north less the others would be c3. Those of c4 and c5
    # together are nine, still too few to be left over.
    shown = share["shown"].to_dict()
    assert [shown[of] for of in ("c1", "c3", "c4", "c5", "north", "south")] == [True] + [False] * 5
    # All three together are twelve.
    assert share.loc["east", "value"] == 0.8
    assert share.loc["site", "value"] == 0.73
