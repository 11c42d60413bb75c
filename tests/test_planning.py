"""From a site to a plan that passes the audit, the same in whatever order the work is done."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from shapely.geometry import LineString, box

import gridplan as gp
from gridplan.plan import ALL_TABLES
from gridplan.planning.site_to_plan import code_parts, divide
from gridplan.rules.all_rules import Rules
from gridplan.storage import write_plan
from gridplan.synthetic.board_plan import X0, Y0, make_checkerboard, make_table
from tests.test_division import make_board


def test_the_checkerboard_of_120_households_becomes_four_sub_grids_of_thirty():
    plan = divide(make_checkerboard())
    assert plan.subgrids["households"].tolist() == [30, 30, 30, 30]
    assert plan.subgrids["area"].sum() == pytest.approx(180.0 * 60.0)
    assert plan.subgrids.index.tolist() == ["0301-001", "0301-002", "0301-003", "0301-004"]
    assert gp.audit(plan).passed
    assert plan.manifest["figures"]["in_band"] == 4


def test_codes_run_from_north_to_south_and_from_west_to_east():
    """
    Six parts of four houses each on a board of six by four houses::

        1 2 3
        4 5 6
    """
    problem = make_board(6, 4)
    part = np.array([(r // 2) * 3 + c // 2 for r in range(4) for c in range(6)])
    division = type("D", (), {"part": part, "centres": np.arange(6)})
    assert code_parts("c", problem, division) == [
        "c-004",
        "c-005",
        "c-006",
        "c-001",
        "c-002",
        "c-003",
    ]


def test_nobody_home_is_a_clear_error():
    site = make_checkerboard(households=0)
    with pytest.raises(gp.errors.InputError, match="no building counts as a home"):
        divide(site)


def test_seventy_households_between_36_and_40_end_in_an_exception_with_its_cure():
    plan = divide(
        make_checkerboard(7, 1), Rules().replace(urban={"low": 36, "target": 38, "high": 40})
    )
    assert plan.exceptions["proven"].all()
    assert plan.exceptions["remedy"].str.contains("low = 35").all()
    assert gp.audit(plan).passed


def test_a_river_with_a_bridge_keeps_sub_grids_on_their_banks():
    """Sixty households on each bank of a river along y = 45; a bridge at its middle."""
    site = make_checkerboard(6, 3)
    houses = site.buildings[~site.buildings.geometry.centroid.y.between(Y0 + 31, Y0 + 59)]
    river = make_table(
        "barriers",
        [
            {
                "barrier": "r",
                "kind": "river",
                "hard": True,
                "geometry": box(X0, Y0 + 40, X0 + 180, Y0 + 50),
            }
        ],
    )
    bridge = [
        {
            "opening": "o",
            "kind": "bridge",
            "geometry": LineString([(X0 + 90, Y0 + 38), (X0 + 90, Y0 + 52)]),
        }
    ]
    plan = divide(
        site.replace(buildings=houses, barriers=river, openings=make_table("openings", bridge))
    )
    north = plan.stairwells.geometry.y > Y0 + 45
    assert not set(plan.stairwells["subgrid"][north]) & set(plan.stairwells["subgrid"][~north])
    assert "opening" in set(plan.neighbours["link"])
    assert gp.audit(plan).passed


def draw_example(order=None, **kwargs):
    reading = gp.synthetic.make_town(2, urban_share=0.5, seed=11)
    if order is not None:
        tables = {
            name: table.sample(frac=1, random_state=order) for name, table in reading.tables.items()
        }
        reading = type(reading)(tables, reading.files, reading.entries)
    return divide(gp.read_site(reading), seed=3, **kwargs)


@pytest.fixture(scope="module")
def example():
    return draw_example()


def test_a_synthetic_town_passes_the_audit(example):
    audit = gp.audit(example)
    assert audit.passed, str(audit)
    homes = example.subgrids[example.subgrids["kind"] == "residential"]
    assert homes["in_band"].mean() >= 0.95
    urban = homes[homes["community_kind"] == "urban"]["households"]
    rural = homes[homes["community_kind"] == "rural"]["households"]
    assert 28 <= urban.mean() <= 33
    assert 44 <= rural.mean() <= 56


@pytest.mark.parametrize("change", [{"order": 5, "workers": 3}, {"workers": 1}], ids=str)
def test_the_plan_is_the_same_whatever_the_order_of_rows_or_the_number_of_workers(
    example, change, tmp_path
):
    other = draw_example(**change)
    for name in ALL_TABLES:
        assert_frame_equal(
            pd.DataFrame(example.get_table(name)), pd.DataFrame(other.get_table(name)), obj=name
        )
    one = (write_plan(example, tmp_path / "a") / "plan.gpkg").read_bytes()
    assert one == (write_plan(other, tmp_path / "b") / "plan.gpkg").read_bytes()


def test_another_seed_may_give_another_plan_of_the_same_size(example):
    reading = gp.synthetic.make_town(2, urban_share=0.5, seed=11)
    other = divide(gp.read_site(reading), seed=4)
    assert len(other.subgrids) == len(example.subgrids)
    assert other.manifest["seed"] == 4


def test_progress_names_every_stage():
    seen = []
    divide(make_checkerboard(), progress=lambda stage, done, total: seen.append(stage))
    assert list(dict.fromkeys(seen))[:6] == [
        "communities",
        "households",
        "compounds",
        "stairwells",
        "neighbours",
        "division",
    ]


def test_a_tower_among_houses_makes_sub_grids_inside_the_tower():
    tower = {
        "building": "tower",
        "geometry": box(X0 + 200, Y0 + 20, X0 + 225, Y0 + 45),
        "residential": True,
        "floors": 34,
        "households_observed": 272,
        "stairwell_count": 1,
    }
    community = {"community": "0301", "kind": "urban", "geometry": box(X0, Y0, X0 + 260, Y0 + 60)}
    site = make_checkerboard()
    both = pd.concat([site.buildings, make_table("buildings", [tower])]).sort_index()
    plan = divide(site.replace(buildings=both, communities=make_table("communities", [community])))
    inside = plan.stairwells[plan.stairwells["building"] == "tower"]["subgrid"]
    assert 8 <= inside.nunique() <= 9
    assert not set(inside) & set(plan.stairwells[plan.stairwells["building"] != "tower"]["subgrid"])
    assert gp.audit(plan).passed
