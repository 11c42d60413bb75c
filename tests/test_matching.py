"""Which old home each new one continues: by code where the place agrees, else by shared land."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from shapely.geometry import box

from gridplan.land.stairwells import find_stairwells
from gridplan.redrawing.revision.building_matching import match_communities, match_stairwells
from gridplan.rules.band import Band
from gridplan.rules.redraw import RedrawRules
from gridplan.rules.stairwells import StairwellRules
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_board_plan, make_site, make_table
from gridplan.tables.conform import conform_table

RULES = RedrawRules()
REAL = Path(__file__).parents[2] / "shared" / "data" / "liechtenstein"


def make_land(houses, **columns):
    """Buildings and stairwells of one community, by code; ``columns`` hold for all buildings."""
    import pandas as pd

    frame = gpd.GeoDataFrame(
        {"building": list(houses), "community": "0301"} | columns,
        geometry=list(houses.values()),
        crs=CRS,
    )
    buildings = conform_table("buildings", frame).sort_index()
    stairwells, _ = find_stairwells(
        buildings, pd.Series({"0301": "urban"}), Band(), Band(), StairwellRules()
    )
    return buildings, stairwells


def make_plan(houses, homes, **columns):
    """The plan of such land, in which ``homes`` says the sub-grid of each stairwell."""
    buildings, stairwells = make_land(houses, **columns)
    land = [{"community": "0301", "kind": "urban", "geometry": box(X0, Y0, X0 + 200, Y0 + 100)}]
    site = make_site(buildings=buildings, communities=make_table("communities", land))
    plan = make_board_plan()
    return plan.replace(
        stairwells=stairwells.assign(subgrid=stairwells.index.map(homes).astype("str")),
        **vars(site),
    )


def house(x, y, width=10.0, depth=10.0):
    return box(X0 + x, Y0 + y, X0 + x + width, Y0 + y + depth)


def slab(households=24, doors=3, floors=4):
    return {"floors": float(floors), "households": households, "stairwell_count": float(doors)}


def test_the_same_land_twice_matches_by_code_and_nothing_is_gone():
    plan = make_board_plan()
    matching = match_stairwells(plan, plan.stairwells, plan.site.buildings, RULES)
    assert (matching.stairwells["how"] == "id").all()
    assert (matching.stairwells["old"] == plan.stairwells.index).all()
    assert matching.stairwells["home"].tolist() == plan.stairwells["subgrid"].tolist()
    assert (matching.stairwells["share"] == 1.0).all()
    assert matching.gone.empty
    assert [(e.count, e.action) for e in matching.entries if e.count] == [(12, "noted")]


def test_a_code_that_was_given_again_elsewhere_is_not_the_same_building():
    """Houses a and b exchange their codes; c is demolished and a new house far away is c now."""
    plan = make_plan(
        {"a": house(0, 0), "b": house(50, 0), "c": house(100, 0)},
        {"a-1": "A", "b-1": "B", "c-1": "C"},
        households=3,
    )
    buildings, stairwells = make_land(
        {"a": house(50, 0), "b": house(0, 0), "c": house(150, 50)}, households=3
    )
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["home"].to_dict() == {"a-1": "B", "b-1": "A", "c-1": ""}
    assert matching.stairwells["how"].to_dict() == {"a-1": "overlap", "b-1": "overlap", "c-1": ""}
    assert np.isnan(matching.stairwells.loc["c-1", "share"])
    assert matching.gone["why"].to_dict() == {"c-1": "demolished"}


def test_codes_that_moved_on_by_one_do_not_match_a_house_within_another():
    """A hut h2 is inside the footprint of h1; then the hut is called h1 and the house h2."""
    plan = make_plan(
        {"h1": house(0, 0, 40, 40), "h2": house(15, 15)}, {"h1-1": "A", "h2-1": "B"}, households=3
    )
    buildings, stairwells = make_land(
        {"h2": house(0, 0, 40, 40), "h1": house(15, 15)}, households=3
    )
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["home"].to_dict() == {"h1-1": "B", "h2-1": "A"}


def test_a_footprint_redrawn_under_its_code_is_the_same_building():
    plan = make_plan({"a": house(0, 0)}, {"a-1": "A"}, households=3)
    buildings, stairwells = make_land({"a": rotate(house(3, 1, 12, 8), 20)}, households=4)
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells.loc["a-1", ["how", "home"]].tolist() == ["id", "A"]
    assert 0.5 < matching.stairwells.loc["a-1", "share"] < 1


def test_what_overlaps_by_less_than_the_rule_is_new():
    """Nine tenths and a bit of the new house stand beside the old one."""
    plan = make_plan({"a": house(0, 0)}, {"a-1": "A"}, households=3)
    buildings, stairwells = make_land({"n": house(9.1, 0)}, households=3)
    assert match_stairwells(plan, stairwells, buildings, RULES).stairwells.loc["n-1", "home"] == ""
    near = match_stairwells(plan, stairwells, buildings, RedrawRules(overlap=0.05))
    assert near.stairwells.loc["n-1", "home"] == "A"
    assert near.stairwells.loc["n-1", "share"] == pytest.approx(0.09)


def test_a_slab_that_was_split_keeps_the_homes_of_its_doors():
    """One slab of three doors becomes a pair of houses and a third:  [1|2|3] -> [w][m][e]."""
    plan = make_plan({"s": house(0, 0, 60, 12)}, {"s-1": "A", "s-2": "A", "s-3": "B"}, **slab())
    parts = {"w": house(0, 0, 20, 12), "m": house(20, 0, 20, 12), "e": house(40, 0, 20, 12)}
    buildings, stairwells = make_land(parts, floors=4.0, households=8, stairwell_count=1.0)
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["old"].to_dict() == {"e-1": "s-3", "m-1": "s-2", "w-1": "s-1"}
    assert matching.stairwells["home"].to_dict() == {"e-1": "B", "m-1": "A", "w-1": "A"}
    assert matching.gone.empty


def test_a_slab_made_of_three_houses_keeps_their_homes_door_by_door():
    """Three houses of three sub-grids become one slab under the last's code; doors stay."""
    parts = {"w": house(0, 0, 20, 12), "m": house(20, 0, 20, 12), "e": house(40, 0, 20, 12)}
    plan = make_plan(
        parts, {"w-1": "A", "m-1": "B", "e-1": "C"}, floors=4.0, households=8, stairwell_count=1.0
    )
    buildings, stairwells = make_land({"e": house(0, 0, 60, 12)}, **slab())
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["home"].to_dict() == {"e-1": "A", "e-2": "B", "e-3": "C"}
    assert matching.stairwells["how"].to_dict() == {"e-1": "overlap", "e-2": "overlap", "e-3": "id"}
    assert matching.gone.empty


def test_houses_joined_behind_one_door_go_to_the_larger_and_the_other_is_listed():
    """A house of 80 m2 and one of 120 m2 become one house with one door under a new code."""
    plan = make_plan(
        {"l": house(0, 0, 8, 10), "r": house(8, 0, 12, 10)}, {"l-1": "A", "r-1": "B"}, households=3
    )
    buildings, stairwells = make_land({"n": house(0, 0, 20, 10)}, households=6)
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["home"].to_dict() == {"n-1": "B"}
    assert matching.gone["why"].to_dict() == {"l-1": "joined"}
    assert matching.gone.loc["l-1", ["subgrid", "households"]].tolist() == ["A", 3]


def test_doors_are_matched_by_place_where_their_number_changed():
    """Three doors become two: the western keeps the home of the first, the eastern of the last."""
    plan = make_plan({"s": house(0, 0, 60, 12)}, {"s-1": "A", "s-2": "B", "s-3": "C"}, **slab())
    buildings, stairwells = make_land({"s": house(0, 0, 60, 12)}, **slab(doors=2))
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["home"].to_dict() == {"s-1": "A", "s-2": "C"}
    assert matching.gone["why"].to_dict() == {"s-2": "joined"}


def test_doors_numbered_from_the_other_end_stay_where_they_are():
    """A slab leaned a degree to the east, now to the west: its first door is the last one now."""
    upright = house(0, 0, 12, 60)
    plan = make_plan({"s": rotate(upright, -1)}, {"s-1": "A", "s-2": "B", "s-3": "C"}, **slab())
    buildings, stairwells = make_land({"s": rotate(upright, 1)}, **slab())
    turned = plan.stairwells.geometry.y["s-1"] > plan.stairwells.geometry.y["s-3"]
    assert turned != (stairwells.geometry.y["s-1"] > stairwells.geometry.y["s-3"])
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["home"].to_dict() == {"s-1": "C", "s-2": "B", "s-3": "A"}


def test_floor_bands_are_matched_by_their_share_of_the_height():
    """A tower of six bands, the upper two of another sub-grid, has nine bands by a better count."""
    tower = {"t": house(0, 0, 25, 25)}
    homes = {f"t-1.{band:02d}": "A" if band <= 4 else "B" for band in range(1, 7)}
    plan = make_plan(tower, homes, floors=18.0, households=54, stairwell_count=1.0)
    buildings, stairwells = make_land(tower, floors=18.0, households=90, stairwell_count=1.0)
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    middle = (stairwells["floor_from"] - 1 + stairwells["floor_to"]) / 2
    assert len(stairwells) == 9
    assert (matching.stairwells["home"] == np.where(middle <= 12, "A", "B")).all()


def test_a_home_that_is_no_home_now_is_distinguished_from_one_that_is_gone():
    plan = make_plan({"a": house(0, 0), "b": house(50, 0)}, {"a-1": "A", "b-1": "A"}, households=3)
    buildings, _ = make_land({"a": house(0, 0), "n": house(100, 0)}, households=3)
    stairwells = make_land({"n": house(100, 0)}, households=3)[1]
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.gone["why"].to_dict() == {"a-1": "emptied", "b-1": "demolished"}
    assert {e.reason: e.count for e in matching.entries if e.count} == {
        "new: the plan before has no home in this place": 1,
        "gone: nothing is built there now": 1,
        "gone: what is built there now is no home": 1,
    }


def test_a_home_is_continued_rather_than_what_was_no_home():
    """A new house covers most of a barn and a part of a dwelling: its households had a home."""
    plan = make_plan(
        {"barn": house(0, 0, 12, 10), "home": house(12, 0, 8, 10)},
        {"home-1": "A"},
        households=[0, 3],
    )
    buildings, stairwells = make_land({"n": house(0, 0, 20, 10)}, households=5)
    assert match_stairwells(plan, stairwells, buildings, RULES).stairwells.loc["n-1", "home"] == "A"


def test_new_land_in_another_crs_is_the_same_land():
    plan = make_board_plan()
    buildings = plan.site.buildings.to_crs("EPSG:4548")
    stairwells = plan.stairwells.to_crs("EPSG:4548")
    matching = match_stairwells(plan, stairwells, buildings, RULES)
    assert matching.stairwells["home"].tolist() == plan.stairwells["subgrid"].tolist()
    assert (matching.stairwells["how"] == "id").all()


def test_communities_are_matched_by_their_land():
    old = make_table(
        "communities",
        [{"community": c, "geometry": house(x, 0, 50, 50)} for c, x in (("1", 0), ("2", 50))],
    )
    new = make_table(
        "communities",
        [
            {"community": c, "geometry": house(x, 0, w, 50)}
            for c, x, w in (("n", 0, 45), ("m", 45, 55), ("far", 300, 50))
        ],
    )
    assert match_communities(old, new).to_dict() == {"far": "", "m": "2", "n": "1"}


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_whatever_the_codes_and_the_order_of_rows_every_home_is_found_again(data):
    """A row of slabs and towers with new codes in another order, some shifted by half a metre."""
    n = data.draw(st.integers(2, 8))
    count = data.draw(st.lists(st.integers(1, 80), min_size=n, max_size=n))
    floors = data.draw(st.lists(st.integers(1, 20), min_size=n, max_size=n))
    names = [f"b{i}" for i in range(n)]
    shapes = {name: house(45 * i, 0, 40, 12 + i) for i, name in enumerate(names)}
    known = {"households": count, "floors": [float(f) for f in floors]}
    stairwells = make_land(shapes, **known)[1]
    homes = {s: f"g{data.draw(st.integers(0, 2))}" for s in stairwells.index}
    plan = make_plan(shapes, homes, **known)
    new_names = dict(zip(names, data.draw(st.permutations(names)), strict=True))
    moved = [translate(shapes[name], data.draw(st.sampled_from([0.0, 0.5])), 0) for name in names]
    again, doors = make_land(dict(zip(new_names.values(), moved, strict=True)), **known)
    order = np.random.default_rng(data.draw(st.integers(0, 9)))
    matching = match_stairwells(
        plan,
        doors.sample(frac=1, random_state=order),
        again.sample(frac=1, random_state=order),
        RULES,
    )
    back = {new: old for old, new in new_names.items()}
    was = [back[b] + s.removeprefix(b) for s, b in doors["building"].items()]
    assert matching.stairwells["old"].tolist() == was
    assert matching.stairwells["home"].tolist() == [homes[s] for s in was]
    kept = [back[b] == b for b in doors["building"]]
    assert matching.stairwells["how"].tolist() == ["id" if k else "overlap" for k in kept]
    assert matching.gone.empty


@pytest.mark.slow
@pytest.mark.skipif(
    not REAL.exists(), reason="the two extracts of Liechtenstein are not beside the project"
)
def test_liechtenstein_nearly_all_homes_of_2013_are_found_in_2015_though_every_code_is_another():
    from gridplan.planning import prepare
    from gridplan.reading.read import read_site
    from gridplan.rules.all_rules import Rules

    rules = Rules()
    found = []
    for day in ("2013-08-03", "2015-07-27"):
        site = prepare.prepare_site(read_site(REAL / f"liechtenstein-{day}.osm.pbf"), rules)
        doors, _ = find_stairwells(
            site.buildings, site.communities["kind"], rules.urban, rules.rural, rules.stairwells
        )
        found.append((site, doors))
    (site, doors), (new_site, new_doors) = found
    plan = make_board_plan().replace(
        stairwells=doors.assign(subgrid=doors["community"] + "-001"), **vars(site)
    )
    matching = match_stairwells(plan, new_doors, new_site.buildings, RULES)
    assert not len(site.buildings.index.intersection(new_site.buildings.index))
    assert (len(doors), len(new_doors)) == (3094, 7178)
    assert matching.gone["why"].value_counts().to_dict() == {
        "emptied": 17,
        "demolished": 2,
        "joined": 2,
    }
    assert matching.stairwells["how"].value_counts().to_dict() == {"overlap": 3082, "": 4096}
    names = site.communities["name"]
    same = match_communities(site.communities, new_site.communities)
    assert names[same].tolist() == new_site.communities["name"].tolist()
