"""Chiefs: a river over two communities, whose stretches, posts and hand-over can be seen by eye."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridplan.auditing.chiefs_again import check_chiefs
from gridplan.auditing.evidence import Evidence
from gridplan.people.staffing.staff_plan import staff
from gridplan.planning.outlines.special_grids import find_specials
from gridplan.publishing.published_figures import count_figures
from gridplan.rules.special import SpecialRules
from gridplan.synthetic.board_plan import make_table
from gridplan.synthetic.people_plan import make_people_plan


def make_river_plan(rules=None, **people):
    """Make the board with a second community east of it, and a river through both.

    The river runs from west to east along y = 4390030, 180 m in the first community
    and 300 m in the second.
    """
    plan = make_people_plan(**people)
    first = plan.site.communities
    west, south, east, north = first.total_bounds
    second = make_table(
        "communities",
        [
            {
                "community": "0302",
                "kind": "rural",
                "name": "East",
                "geometry": shapely.box(east, south, east + 300, north),
            }
        ],
        plan.crs,
    )
    communities = pd.concat([first, second])
    river = shapely.LineString([(west, south + 30), (east + 300, south + 30)])
    barriers = make_table(
        "barriers",
        [{"barrier": "b1", "kind": "river", "name": "Qing", "geometry": river}],
        plan.crs,
    )
    found = find_specials(barriers, communities, plan.subgrids, rules or SpecialRules())
    upper = plan.subgrids.dissolve("community", aggfunc={"households": "sum"}).reset_index()
    grids = make_table(
        "grids",
        gpd.GeoDataFrame(upper.assign(grid="0301-G001", subgrid_count=2)).to_dict("records"),
        plan.crs,
    )
    return plan.replace(
        communities=communities,
        barriers=barriers,
        special_grids=found.grids,
        touches=found.touches,
        grids=grids,
        subgrids=plan.subgrids.assign(grid="0301-G001"),
    )


@pytest.fixture(scope="module")
def staffed():
    return staff(make_river_plan())


def take_chiefs(plan):
    roles = ["river_chief", "upper_leader"]
    return plan.posts[plan.posts["role"].isin(roles)]


def find_errors(plan):
    return check_chiefs(Evidence(plan, plan.rules))["message"].tolist()


def test_each_communitys_stretch_has_a_chief_and_the_upper_grid_a_leader(staffed):
    chiefs = take_chiefs(staffed)
    assert chiefs[["role", "source", "filled", "served", "households"]].to_dict("index") == {
        "0301-G001-UL1": {
            **{"role": "upper_leader", "source": "secretary", "filled": True},
            **{"served": 2, "households": 120},
        },
        "0301-RC1": {
            **{"role": "river_chief", "source": "secretary", "filled": True},
            **{"served": 2, "households": 120},
        },
        # Nobody is organised or counted in the second community.
        "0302-RC1": {
            **{"role": "river_chief", "source": "none", "filled": False},
            **{"served": 0, "households": 0},
        },
    }
    gaps = staffed.gaps.query("room == 'staffing' and rule == 'chief'")
    assert gaps[["of", "value", "need"]].values.tolist() == [["0302", 0.0, 1.0]]


def test_a_chief_of_several_stretches_spans_them_all_and_hands_over_once():
    plan = staff(make_river_plan(SpecialRules(length=60)))
    duties = plan.layer_duties[plan.layer_duties["layer"] == "special_grids"]
    spans = duties.groupby("post")["length"].agg(["size", "sum"]).round(1)
    assert spans.values.tolist() == [[3, 180.0], [5, 300.0]]
    assert plan.handovers[["special_grid", "next", "post", "next_post"]].values.tolist() == [
        ["0301-S003", "0302-S001", "0301-RC1", "0302-RC1"]
    ]


def test_chiefs_hand_over_at_the_community_limit(staffed):
    (point,) = staffed.handovers.geometry
    assert (point.x, point.y) == pytest.approx((500180.0, 4390030.0), abs=0.1)
    figures = count_figures(staffed)
    assert figures[["chiefs", "upper_leaders", "handovers"]].tolist() == [1.0, 1.0, 1.0]


def test_the_audit_derives_posts_spans_and_hand_overs_again(staffed):
    assert find_errors(staffed) == []
    moved = staffed.handovers.set_geometry(staffed.handovers.geometry.translate(5))
    duties = staffed.layer_duties
    for changed in (
        staffed.replace(handovers=staffed.handovers.iloc[:0]),
        staffed.replace(handovers=moved),
        staffed.replace(layer_duties=duties.iloc[1:]),
        staffed.replace(layer_duties=duties.assign(post="0301-RC1")),
        staffed.replace(posts=staffed.posts.drop("0302-RC1")),
        staffed.replace(posts=staffed.posts.assign(served=7)),
    ):
        assert find_errors(changed)
