import re

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.errors import InputError, RuleError
from gridplan.land.communities import assign_communities
from gridplan.reading.site_tables import make_site
from gridplan.rules.site import SiteRules
from gridplan.synthetic import town as town_maker
from gridplan.synthetic.estates import STYLES
from gridplan.synthetic.lattice import make_lattice, place_communities
from gridplan.synthetic.rural import draw_rural
from gridplan.synthetic.shapes import Sheets
from gridplan.synthetic.town import make_town, write_town
from gridplan.synthetic.urban import draw_urban
from gridplan.tables.schema import find_columns

EXAMPLE = "data/example/town.gpkg"
SIZES = {
    "the example": (5, 0.6, None, 1),
    "villages": (3, 0.0, None, 2),
    "a city": (9, 1.0, None, 3),
    "tiny": (4, 0.5, 120, 4),
}


@pytest.fixture(scope="module", params=list(SIZES))
def tables(request):
    communities, share, households, seed = SIZES[request.param]
    return make_town(communities, share, households, seed).tables


@pytest.fixture(scope="module")
def town():
    return make_town(5, seed=1)


@pytest.fixture(scope="module")
def large():
    return make_town(40, seed=5)


def find_meetings(table, other):
    """Pairs of codes whose shapes touch."""
    a, b = shapely.STRtree(other.geometry.to_numpy()).query(
        table.geometry.to_numpy(), predicate="intersects"
    )
    return [
        (table.index[i], other.index[j])
        for i, j in zip(a, b, strict=True)
        if table.index[i] != other.index[j]
    ]


# The land


def test_no_building_touches_another_a_street_a_barrier_or_a_gate(tables):
    for other in ("buildings", "streets", "barriers", "openings"):
        assert find_meetings(tables["buildings"], tables[other]) == [], other


def test_all_shapes_are_valid(tables):
    for name, table in tables.items():
        if name != "counts":
            assert table.geometry.is_valid.all(), name


def test_every_building_lies_within_the_community_whose_code_it_bears(tables):
    outlines = tables["communities"].geometry
    own = outlines.loc[tables["buildings"].index.str[:12]].to_numpy()
    assert shapely.contains_properly(own, tables["buildings"].geometry.to_numpy()).all()


def test_the_communities_tile_the_town(tables):
    outlines = tables["communities"].geometry.to_numpy()
    whole = shapely.union_all(outlines)
    assert shapely.coverage_is_valid(outlines)
    assert whole.area == pytest.approx(shapely.area(outlines).sum(), rel=1e-9)
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0


def test_all_streets_hang_together(tables):
    streets = tables["streets"].geometry.to_numpy()
    points, of = shapely.get_coordinates(streets, return_index=True)
    corner = np.unique(points, axis=0, return_inverse=True)[1].ravel()
    meets = coo_matrix((np.ones(len(of)), (of, corner))).tocsr()
    assert connected_components(meets @ meets.T)[0] == 1


def test_every_compound_is_reached_by_a_street_through_its_gate(town):
    gates = town.tables["openings"].query("kind == 'gate'").geometry
    streets = shapely.union_all(town.tables["streets"].geometry.to_numpy())
    walls = shapely.union_all(town.tables["barriers"].query("kind == 'wall'").geometry.to_numpy())
    rims = town.tables["compounds"].geometry.boundary
    assert (gates.distance(streets) < 0.02).all()
    assert gates.distance(walls).between(4.9, 5.1).all()  # in the middle of a gap of ten metres
    assert (rims.apply(lambda rim: (gates.distance(rim) < 0.02).sum()) == 2).all()


def test_streets_cross_the_river_and_the_railway_only_at_openings(tables):
    hard = tables["barriers"].query("hard == True")
    ways = shapely.union_all(tables["openings"].geometry.to_numpy())
    crossing = {code for code, _ in find_meetings(tables["streets"], hard)}
    assert crossing
    assert all(tables["streets"].geometry[code].within(ways.buffer(0.02)) for code in crossing)


def test_the_railway_is_crossed_under_in_town_and_level_in_the_country():
    for share, kind in ((1.0, "underpass"), (0.0, "level_crossing")):
        tables = make_town(2, share, seed=3).tables
        railway = shapely.union_all(
            tables["barriers"].query("kind == 'railway'").geometry.to_numpy()
        )
        ways = tables["openings"][tables["openings"].crosses(railway)]
        assert set(ways["kind"]) == {kind}
        assert set(tables["streets"].query("bridge == True").geometry) & set(ways.geometry) == set()


def test_the_town_has_everything_that_a_planner_must_handle(town):
    tables = town.tables
    assert list(tables) == list(town_maker.TABLES)
    assert set(tables["communities"]["kind"]) == {"urban", "rural"}
    assert {"river", "railway", "stream", "lake", "wall"} == set(tables["barriers"]["kind"])
    assert {"bridge", "underpass", "level_crossing", "gate"} == set(tables["openings"]["kind"])
    assert {"primary", "secondary", "residential", "service", "path"} == set(
        tables["streets"]["kind"]
    )
    assert {"service_centre", "volunteer_post", "school", "hospital", "market", "canteen"} <= set(
        tables["places"]["kind"]
    )
    assert {"organ", "enterprise", "school", "hospital"} == set(tables["institutions"]["kind"])
    assert {"apartments", "house", "retail", "farm_auxiliary", ""} <= set(
        tables["buildings"]["use"]
    )
    floors = tables["buildings"]["floors"]
    assert floors.min() == 1
    assert floors.max() >= 18
    assert tables["communities"].index.str.fullmatch(r"\d{12}").all()
    assert tables["communities"].crs.to_epsg() == 4548


# Households and counts


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(1, 5), st.sampled_from([0.0, 0.4, 1.0]), st.integers(200, 4_000), st.integers(0, 99)
)
def test_the_total_of_households_comes_out_exactly(communities, share, households, seed):
    tables = make_town(communities, share, households, seed).tables
    counts = tables["counts"].query("level == 'site'")
    known = tables["communities"]["households"]
    assert counts["value"].tolist() == [households]
    assert known.sum() == households or known.isna().any()
    assert known.sum() <= households


@pytest.mark.parametrize("households", [30, 150, 700, 2_600, 6_000])
@pytest.mark.parametrize("draw", [draw_urban, draw_rural])
def test_a_community_houses_exactly_the_households_asked_for(draw, households):
    lattice = make_lattice(
        np.random.default_rng(1), np.array([draw is draw_urban]), np.array(["130203"]), 560.0
    )
    sheets = Sheets()
    draw(np.random.default_rng(2), lattice, 0, "翠湖", households, sheets)
    homes = sheets.collect("buildings")["homes"].dropna()
    assert homes.sum() == households
    assert homes.min() >= 0


def test_flats_are_nearly_all_lived_in_and_never_shared_by_many():
    lattice = make_lattice(np.random.default_rng(1), np.array([True]), np.array(["130203"]), 560.0)
    sheets = Sheets()
    draw_urban(np.random.default_rng(2), lattice, 0, "翠湖", 2_600, sheets)
    homes = sheets.collect("buildings").dropna(subset=["homes"])
    most = homes["floors"] * homes["stairs"] * max(style.flats[1] for style in STYLES)
    assert (homes["homes"] <= most).all()
    assert (
        homes["homes"].sum() / homes["floors"].mul(homes["stairs"]).sum() > 1.5
    )  # at two flats or more a floor


def test_a_planner_knows_most_floors_many_stairwells_and_some_households(large):
    buildings = large.tables["buildings"]
    communities = large.tables["communities"]
    slabs = buildings[buildings["use"] == "apartments"]
    homes = buildings[buildings["use"].isin(["apartments", "house"])]
    assert buildings["floors"].notna().mean() == pytest.approx(0.92, abs=0.02)
    assert slabs["stairwell_count"].notna().mean() == pytest.approx(0.8, abs=0.05)
    assert homes["households_observed"].notna().mean() == pytest.approx(0.3, abs=0.03)
    assert 0.6 < communities["households"].notna().mean() < 1.0
    assert buildings["use"].eq("").mean() == pytest.approx(0.1, abs=0.02)


def test_the_counts_stand_in_the_ratios_of_tangshan(large):
    counts = large.tables["counts"]
    communities = large.tables["communities"]
    towns = communities.index[(communities["kind"] == "urban") & communities["households"].notna()]
    urban = counts[counts["of"].str[:12].isin(towns)].groupby("measure")["value"].sum()
    households = communities.loc[towns, "households"].sum()
    members = urban["party_members_full"] + urban["party_members_probationary"]
    assert (
        14 < 100 * members / households < 22
    )  # 6.9 % of residents in the country, 12.3 % in an old estate
    assert 0.01 < urban["party_members_probationary"] / members < 0.05
    assert urban["volunteers"] / len(towns) == pytest.approx(71.5, rel=0.1)
    assert urban["volunteers_party"] / urban["volunteers"] == pytest.approx(0.558, abs=0.03)
    assert households / len(towns) == pytest.approx(2_367, rel=0.1)
    centres = large.tables["places"].query("kind == 'service_centre'")
    assert len(centres) == len(communities)
    assert centres["floor_area"].between(180, 800).all()


def test_members_are_counted_by_building_in_towns_and_by_community_in_villages(town):
    counts = town.tables["counts"].query("measure == 'party_members_full'")
    kinds = town.tables["communities"]["kind"]
    assert set(kinds[counts.query("level == 'community'")["of"]]) == {"rural"}
    assert set(kinds[counts.query("level == 'building'")["of"].str[:12]]) == {"urban"}
    assert counts.query("level == 'building'")["of"].isin(town.tables["buildings"].index).all()


# Chance


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    first = write_town(make_town(2, 0.5, seed=7), tmp_path / "a.gpkg").read_bytes()
    again = write_town(make_town(2, 0.5, seed=7), tmp_path / "b.gpkg").read_bytes()
    other = write_town(make_town(2, 0.5, seed=8), tmp_path / "c.gpkg").read_bytes()
    assert first == again
    assert first != other


def test_a_community_does_not_depend_on_the_others_being_drawn_before_it(monkeypatch):
    kept = make_town(4, 0.5, seed=6).tables["buildings"]
    draw = town_maker.draw_community

    def draw_backwards(town, number):
        if number < 3:
            return {}
        rows = [draw(town, n) for n in reversed(range(4))]
        return {
            table: pd.concat([r[table] for r in rows if table in r]) for table in rows[-1] | rows[0]
        }

    monkeypatch.setattr(town_maker, "draw_community", draw_backwards)
    assert_frame_equal(make_town(4, 0.5, seed=6).tables["buildings"], kept)


# A hierarchy


HIERARCHY = pd.DataFrame(
    {
        "code": ["130209100200", "130203001001", "130203001002", "130209100201"],
        "name": ["南庄村民委员会", "橡湖社区居民委员会", "新谊社区居民委员会", "北庄村民委员会"],
        "kind": ["rural", "urban", "urban", "rural"],
        "subdistrict": ["柳赞镇", "学院街道", "学院街道", "柳赞镇"],
    }
)


def test_a_hierarchy_gives_the_communities_their_codes_and_names_whatever_its_order():
    tables = make_town(hierarchy=HIERARCHY, seed=1).tables
    shuffled = make_town(hierarchy=HIERARCHY.iloc[::-1], seed=1).tables
    assert tables["communities"]["name"].to_dict() == dict(
        zip(HIERARCHY["code"], HIERARCHY["name"], strict=True)
    )
    assert set(tables["buildings"].index.str[:12]) == set(HIERARCHY["code"])
    assert_frame_equal(tables["buildings"], shuffled["buildings"])
    assert_frame_equal(tables["counts"], shuffled["counts"])


def test_a_village_that_counts_as_urban_is_built_of_houses_and_stays_urban():
    fringe = HIERARCHY.replace({"name": {"新谊社区居民委员会": "西街村民委员会"}})
    tables = make_town(hierarchy=fringe, seed=1).tables
    buildings = tables["buildings"]
    kinds = tables["communities"]["kind"]
    own = buildings[buildings.index.str.startswith("130203001002")]
    assert kinds["130203001002"] == "urban"
    assert set(own["use"]) >= {"house", "shed"}
    assert not own["use"].isin(["apartments"]).any()
    assert (
        tables["communities"]["households"].max()
        == tables["communities"]["households"]["130203001001"]
    )  # the town of the four


def test_every_second_house_has_a_shed_in_its_yard_that_is_no_home():
    buildings = make_town(3, 0.0, seed=2).tables["buildings"]
    sheds = buildings[buildings["use"].isin(["shed", "garage"])]
    houses = buildings[buildings["use"] == "house"]
    assert 0.25 < len(sheds) / len(houses) < 0.5  # and farm buildings besides
    assert sheds["households_observed"].isna().all()
    assert sheds.area.between(
        6.0, 26.1
    ).all()  # too small to be taken for a home where its use is not known
    assert (shapely.distance(sheds.union_all(), houses.geometry.to_numpy()) < 40).mean() > 0.95


def test_a_wrong_hierarchy_is_reported_all_at_once():
    wrong = pd.concat([HIERARCHY, HIERARCHY.iloc[:1]]).replace({"kind": {"urban": "town"}})
    with pytest.raises(InputError) as caught:
        make_town(hierarchy=wrong)
    assert [problem.ids for problem in caught.value.problems] == [
        ("130203001001", "130203001002"),
        ("130209100200",),
    ]


def test_counties_lie_one_beside_another_each_with_its_own_core():
    # Two counties of four urban communities and three villages: eight blocks,
    # two of them urban and apart.
    urban = np.array([True] * 4 + [False] * 3 + [True] * 4 + [False] * 3)
    quads, shape = place_communities(urban, np.array(["a"] * 7 + ["b"] * 7))
    cells = [cell for own in quads for cell in own]
    assert shape == (6, 6)
    assert len(set(cells)) == len(cells) == 32
    assert [len(own) for own in quads] == [1] * 4 + [4] * 3 + [1] * 4 + [4] * 3
    cores = [{(x // 2, y // 2) for own in quads[k : k + 4] for x, y in own} for k in (0, 7)]
    assert [len(core) for core in cores] == [1, 1]
    assert cores[0] != cores[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"communities": 0, "urban_share": 1.5, "seed": -1},
            "communities = 0 .* urban_share = 1.5 .* seed = -1",
        ),
        ({"communities": 5, "households": 100}, "households = 100 is below 30 for each of 5"),
    ],
)
def test_numbers_out_of_range_are_refused_all_at_once(arguments, words):
    with pytest.raises(RuleError, match=words):
        make_town(**arguments)


# Going on from it


def test_only_input_columns_are_written(town):
    for name, table in town.tables.items():
        assert set(table.columns) == {
            c.name for c in find_columns(name) if c.need not in ("key", "derived")
        }, name


def test_a_town_is_a_site_without_complaint(town):
    site = make_site(town)
    assert len(site.buildings) == len(town.tables["buildings"])
    assert set(site.ledger["action"]) == {"noted", "inferred"}  # nothing dropped, nothing repaired


def test_blemishes_are_a_bow_tie_a_duplicate_and_a_building_outside():
    plain, spoiled = (make_town(2, 0.5, seed=1, blemishes=b) for b in (False, True))
    before = plain.tables["buildings"]
    after = spoiled.tables["buildings"]
    assert sorted(set(after.index) - set(before.index)) == ["130203-doubled", "130203-outside"]
    assert (~after.geometry.is_valid).sum() == 1
    site = assign_communities(make_site(spoiled), SiteRules())
    done = site.ledger.query("table == 'buildings'").groupby("action")["count"].sum()
    assert done[["repaired", "dropped", "attached"]].tolist() == [1, 1, 1]


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, town):
    path = tmp_path / "town.gpkg"
    path.write_text("what was there")
    monkeypatch.setattr(
        pyogrio, "write_dataframe", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full"))
    )
    with pytest.raises(OSError, match="disk full"):
        write_town(town, path)
    assert path.read_text() == "what was there"
    assert [p.name for p in tmp_path.iterdir()] == ["town.gpkg"]
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_the_embedded_example_is_what_the_generator_makes(town, request):
    path = request.config.rootpath / EXAMPLE
    assert path.stat().st_size < 2e6
    assert [name for name, _ in pyogrio.list_layers(path)] == list(town.tables)
    for name in ("buildings", "communities", "streets"):
        stored = pyogrio.read_dataframe(path, layer=name).set_index(town.tables[name].index.name)
        made = town.tables[name]
        assert stored.index.tolist() == made.index.tolist()
        # A hundredth of a metre is what the coordinates are rounded to.
        assert shapely.equals_exact(
            stored.geometry.to_numpy(), made.geometry.to_numpy(), tolerance=0.02
        ).all()


def test_the_readme_of_the_example_counts_its_layers_rightly(town, request):
    text = (request.config.rootpath / EXAMPLE).with_name("README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (\d+) \|", text, flags=re.MULTILINE))
    assert {name: int(count) for name, count in rows.items()} == {
        name: len(table) for name, table in town.tables.items()
    }
    total = town.tables["counts"].query("level == 'site'")["value"].item()
    assert f"{total:,.0f} households, {rows['buildings']} buildings" in text
