"""Demonstration points on the board of twelve houses, where distances can be read off."""

import numpy as np
import pytest
from shapely.geometry import Point

from gridplan.auditing.audit_plan import audit
from gridplan.coverage.demonstration import demonstrate, expect_nearest
from gridplan.coverage.proposals import propose_posts, recall_rules
from gridplan.errors import InputError
from gridplan.maps.reach_map import pack_reach
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table


def make_points(*rows):
    return make_table(
        "demonstrations",
        [
            {"demonstration": code, "belt": belt, "belt_order": order,
             "geometry": Point(X0 + x, Y0 + y)}
            for code, belt, order, x, y in rows
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    """A belt from west to east, entered out of order, and a point by itself 30 m north of it."""
    points = make_points(
        ("d3", "b", 3, 100, 10),
        ("d1", "b", 1, 20, 10),
        ("d2", "b", 2, 60, 10),
        ("d4", "", 1, 60, 40),
    )
    return demonstrate(make_board_plan(), points)


def read_city(plan):
    rows = plan.indicators.query("room == 'demonstration' and level == 'city'")
    return rows.set_index("measure")["value"]


def test_a_belt_is_as_long_as_its_legs_in_their_order(plan):
    assert plan.belts.loc["b", ["points", "metres", "spacing"]].tolist() == [3, 80.0, 40.0]
    assert plan.belts.geometry.item().coords[0] == (X0 + 20, Y0 + 10)
    assert plan.demonstrations["nearest"].to_dict() == {"d1": 40, "d2": 30, "d3": 40, "d4": 30}


def test_the_ratio_is_the_mean_distance_to_that_by_chance(plan):
    city = read_city(plan)
    land = plan.site.communities.geometry.item()
    assert city["demonstration_nearest"] == 35.0
    assert city["demonstration_expected"] == pytest.approx(
        expect_nearest(4, land.area, land.length)[0]
    )
    assert city["demonstration_ratio"] == pytest.approx(35.0 / city["demonstration_expected"])


def test_points_at_random_are_as_far_apart_as_chance_says():
    """400 points on a square of 1 km: the mean over 20 draws is within 1 % of what is expected."""
    from gridplan.coverage.demonstration import measure_nearest

    rng = np.random.default_rng(0)
    means = [measure_nearest(rng.random((400, 2)) * 1000).mean() for _ in range(20)]
    mean, error = expect_nearest(400, 1e6, 4e3)
    assert np.mean(means) == pytest.approx(mean, rel=0.01)
    assert np.std(means) == pytest.approx(error, rel=0.4)


def test_the_points_are_posts_that_reach_and_proposals_know(plan):
    assert set(plan.service_posts.query("kind == 'demonstration_point'").index) == set(
        plan.demonstrations.index
    )
    after = propose_posts(plan, "demonstration_point", add=1, rules=recall_rules(plan))
    assert after.siting.query("kind == 'demonstration_point' and chosen")["share"].item() == 1.0
    assert len(after.demonstrations) == 4
    assert len(pack_reach(plan, "zh")) > 0


def test_the_audit_agrees_where_points_are_close_together():
    rng = np.random.default_rng(2)
    rows = [(f"r{n:02d}", "b", n, *(rng.random(2) * 90).tolist()) for n in range(20)]
    found = audit(demonstrate(make_board_plan(), make_points(*rows))).findings
    assert found[found["rule"] == "demonstration"].empty


def test_points_entered_again_replace_those_before(plan):
    again = demonstrate(plan, make_points(("e1", "", 1, 20, 10)))
    assert again.demonstrations.index.tolist() == ["e1"]
    assert again.site.places.query("kind == 'demonstration_point'").index.tolist() == ["e1"]
    assert again.belts.empty
    assert np.isnan(read_city(again)["demonstration_nearest"])


def test_a_code_of_another_place_is_refused():
    place = {"place": "d1", "kind": "school", "geometry": Point(X0, Y0)}
    plan = make_board_plan().replace(places=make_table("places", [place]))
    with pytest.raises(InputError, match="other places"):
        demonstrate(plan, make_points(("d1", "", 1, 20, 10)))


def test_the_audit_derives_points_and_belts_again(plan):
    def find(plan):
        found = audit(plan).findings
        return found[found["rule"].isin(["demonstration", "values"])]

    assert find(plan).empty
    assert len(find(plan.replace(belts=plan.belts.assign(metres=90.0))))
    assert len(find(plan.replace(demonstrations=plan.demonstrations.assign(nearest=31.0))))
    moved = plan.demonstrations.set_geometry(plan.demonstrations.geometry.translate(1))
    assert len(find(plan.replace(demonstrations=moved)))
