"""OpenStreetMap files: a made-up township (drawn in ``osm_stand_in``), and two real extracts."""

import gzip
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gridplan.errors import InputError
from gridplan.reading.osm_barriers import make_barriers
from gridplan.reading.osm_file import read_features, read_osm_file
from gridplan.reading.osm_tables import make_tables
from gridplan.reading.osm_tags import Features, make_layer
from gridplan.tables.conform import conform_table
from tests.osm_stand_in import read_elements, write_osm

REAL = Path(__file__).parents[2] / "shared" / "data" / "liechtenstein"
real = pytest.mark.skipif(
    not REAL.is_dir(),
    reason="the Liechtenstein extracts stand outside the project, in ../shared/data",
)


def read(tmp_path, elements, **kwargs):
    return read_osm_file(write_osm(tmp_path / "town.osm", elements), **kwargs)


def find_way(elements, number):
    return next(e for e in elements if e["type"] == "way" and e["id"] == number)


def count_entries(reading, table):
    return {entry.reason: entry.count for entry in reading.entries if entry.table == table}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return read(tmp_path_factory.mktemp("osm"), read_elements())


def test_every_table_has_the_shape_of_the_schema_and_is_sorted(town):
    assert len(town.tables) == 8
    for name, table in town.tables.items():
        assert list(table.columns) == list(conform_table(name, table).columns)
        assert table.index.is_monotonic_increasing
        assert table.index.is_unique
        assert table.crs == "EPSG:4326"


def test_buildings_bring_use_name_floors_height_and_flats(town):
    buildings = town.tables["buildings"]
    columns = ["building_name", "use", "floors", "height", "households_observed"]
    known = buildings[columns].astype(object).where(buildings[columns].notna(), None)
    assert {code: tuple(row) for code, row in zip(known.index, known.to_numpy(), strict=True)} == {
        "w100": ("", "house", None, None, None),
        "w101": ("", "house", None, None, None),
        "w102": ("", "house", None, None, None),
        "w103": ("", "house", None, None, None),
        "w104": ("", "yes", None, None, None),
        "w105": ("", "yes", None, None, None),
        "w110": ("河西小学", "school", None, None, None),
        "w113": ("青河造纸厂", "industrial", None, None, None),
        "w120": ("桥街 3", "apartments", 6.0, None, 48.0),
        "w121": ("2号楼", "apartments", 5.5, 18.0, None),
        "w123": ("", "house", None, None, None),
        "w124": ("", "house", None, None, None),
    }


def test_what_is_no_building_is_counted(town):
    assert count_entries(town, "buildings") == {
        "a point without a footprint": 1,
        "not a building to live in: building=roof": 1,
        "values of building:levels that are no number: taken as not known": 1,
    }


def test_communities_are_the_finest_areas_and_know_their_township(town):
    communities = town.tables["communities"]
    assert communities[["name", "subdistrict", "kind"]].to_numpy().tolist() == [
        ["河西村", "两河镇", ""],
        ["河东村", "两河镇", ""],
        ["邻村", "", ""],
    ]


def test_a_level_can_be_asked_for(tmp_path):
    communities = read(tmp_path, read_elements(), admin_level=8).tables["communities"]
    assert communities["name"].tolist() == ["两河镇"]


def test_a_level_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(
        InputError, match=r"no administrative area of admin_level 9; there are: 8 \(1\), 10 \(3\)"
    ):
        read(tmp_path, read_elements(), admin_level=9)


def test_an_area_whose_limit_is_not_whole_is_left_out_and_its_pieces_are_counted(tmp_path):
    elements = [
        e for e in read_elements() if (e["type"], e["id"]) != ("way", 3)
    ]  # the southern limit of 河东村
    reading = read(tmp_path, elements)
    assert reading.tables["communities"]["name"].tolist() == ["河西村", "邻村"]
    assert [entry.ids for entry in reading.entries if "not whole" in entry.reason] == [["w5"]]


def test_without_areas_there_are_no_communities_and_the_ledger_says_so(tmp_path):
    reading = read(tmp_path, [e for e in read_elements() if e["type"] != "relation"])
    assert reading.tables["communities"].empty
    assert [entry.action for entry in reading.entries if entry.table == "communities"] == ["noted"]


def test_places_drawn_as_areas_stand_in_for_communities(tmp_path):
    elements = [e for e in read_elements() if e["type"] != "relation"]
    nodes = {
        (round((e["lon"] - 118.2) * 1e4), round((e["lat"] - 39.6) * 1e4)): e["id"]
        for e in elements
        if e["type"] == "node"
    }
    ring = {
        "桥西": [(0, 0), (0, 40), (30, 40), (30, 0), (0, 0)],
        "桥东": [(30, 0), (30, 40), (60, 40), (60, 0), (30, 0)],
    }
    for number, (name, corners) in enumerate(ring.items(), 900):
        tags = {"place": "neighbourhood", "name": name}
        elements.append(
            {"type": "way", "id": number, "nodes": [nodes[c] for c in corners], "tags": tags}
        )
    assert read(tmp_path, elements).tables["communities"]["name"].tolist() == ["桥西", "桥东"]


def test_a_walled_estate_is_a_compound_and_plain_residential_land_is_not(town):
    assert town.tables["compounds"]["name"].to_dict() == {"w122": "翠湖花园"}
    assert count_entries(town, "compounds") == {"residential land without name, wall or gate": 1}


def test_residential_land_named_after_a_village_is_not_a_compound(tmp_path):
    elements = read_elements()
    next(e for e in elements if e["type"] == "node" and e["id"] == 1)["tags"] = {
        "place": "village",
        "name": "翠湖花园",
    }
    reading = read(tmp_path, elements)
    assert reading.tables["compounds"].empty
    assert "residential land named after a village or quarter: not one compound" in count_entries(
        reading, "compounds"
    )


def test_barriers_are_hard_or_soft_by_kind_and_broken_by_bridges(town):
    barriers = town.tables["barriers"]
    assert {
        code: (kind, hard)
        for code, kind, hard in zip(barriers.index, barriers["kind"], barriers["hard"], strict=True)
    } == {
        "w122": ("wall", False),
        "w20": ("river", True),
        "w21": ("river", True),
        "w22": ("pond", False),
        "w23": ("stream", False),
        "w30": ("railway", True),  # w31 between them runs over a bridge
        "w32": ("railway", True),
        "w33": ("motorway", True),
        "w35": ("motorway", True),
    }
    assert barriers.geometry["w122"].geom_type == "LineString"
    assert barriers.geometry["w21"].geom_type == "Polygon"


def test_openings_are_bridges_tunnels_and_level_crossings(town):
    openings = town.tables["openings"]
    assert openings["kind"].to_dict() == {
        "n23": "level_crossing",
        "w41": "bridge",
        "w47": "underpass",
        "x1182038000y396029556": "bridge",  # the track over the stream
        "x1182050000y396005000": "level_crossing",  # the path over the railway, not marked
    }
    assert openings.geometry["x1182050000y396005000"].equals(shapely.Point(118.205, 39.6005))
    assert openings.geometry["w41"].geom_type == "LineString"


def test_a_street_that_ends_at_a_trunk_road_does_not_cross_it_and_two_that_meet_there_do(tmp_path):
    elements = read_elements()
    assert "x1182010000y396035000" not in read(tmp_path, elements).tables["openings"].index
    corner = next(
        e["id"]
        for e in elements
        if e["type"] == "node" and (e["lon"], e["lat"]) == (118.201, 39.6035)
    )
    elements.insert(0, {"type": "node", "id": 0, "lon": 118.201, "lat": 39.6039})
    lane = {"type": "way", "id": 990, "nodes": [corner, 0], "tags": {"highway": "residential"}}
    elements.insert(next(n for n, e in enumerate(elements) if e["type"] == "relation"), lane)
    assert (
        read(tmp_path, elements).tables["openings"]["kind"]["x1182010000y396035000"] == "crossing"
    )


@pytest.mark.parametrize(
    ("way", "tags", "place", "kind"),
    [
        (44, {"layer": "1"}, "x1182050000y396005000", "bridge"),
        (44, {"layer": "-1"}, "x1182050000y396005000", "underpass"),
        (48, {"ford": "yes"}, "w48", "ford"),
    ],
)
def test_a_crossing_is_named_by_who_passes_above(tmp_path, way, tags, place, kind):
    elements = read_elements()
    find_way(elements, way)["tags"] |= tags
    assert read(tmp_path, elements).tables["openings"]["kind"][place] == kind


@pytest.mark.parametrize("tag", ["tunnel", "bridge"])
def test_a_street_over_a_long_tunnel_or_below_a_long_viaduct_is_no_opening(tmp_path, tag):
    elements = read_elements()
    find_way(elements, 32)["tags"][tag] = "yes"
    result = read(tmp_path, elements)
    assert "x1182050000y396005000" not in result.tables["openings"].index
    assert [
        count for reason, count in count_entries(result, "openings").items() if "below" in reason
    ]


@pytest.mark.parametrize(("half", "kinds"), [(0.0002, ["bridge"]), (0.002, [])])
def test_the_street_over_a_culvert_opens_the_river_only_where_it_is_short(half, kinds):
    xs = [-0.01, -half, half, 0.01]
    courses = [[[xs[n], 0], [xs[n + 1], 0]] for n in range(3)]
    rows = {"waterway": ["river", "river", "river", None], "tunnel": [None, "culvert", None, None]}
    rows |= {"highway": [None, None, None, "residential"], "name": [None, None, None, "Mill Lane"]}
    street = [[0, -0.01], [0, 0.01]]
    shapes = shapely.linestrings([*courses, street])
    lines = gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")
    nothing = make_layer(lines[:0], [])
    features = Features(nothing, make_layer(lines, ["w1", "w2", "w3", "w4"]), nothing)
    barriers, openings, _ = make_barriers(features)
    assert barriers.index.tolist() == ["w1", "w3"]
    assert openings["kind"].tolist() == kinds
    assert openings["name"].tolist() == ["Mill Lane"] * len(kinds)


COAST = [[9.0, 47.02], [9.0, 46.98]]  # southwards, so that the land is in the east


def draw_coast(*coast, houses=((9.001, 47.0), (9.004, 47.003))):
    """The kinds and the west, south, east and north of the seas beside two houses."""
    shapes = shapely.linestrings(list(coast))
    lines = gpd.GeoDataFrame({"natural": "coastline"}, range(len(shapes)), geometry=shapes)
    boxes = [shapely.box(x, y, x + 0.0002, y + 0.0002) for x, y in houses]
    homes = gpd.GeoDataFrame({"building": "yes"}, range(len(boxes)), geometry=boxes)
    layers = make_layer(lines, [f"w{n}" for n in lines.index]), make_layer(homes, ["w8", "w9"])
    barriers, _, entries = make_barriers(Features(layers[0][:0], *layers))
    assert barriers["hard"].all()
    bounds = [[round(v, 4) for v in b] for b in barriers.bounds.to_numpy().tolist()]
    return barriers["kind"].tolist(), bounds, [e.reason for e in entries if e.count]


def test_the_sea_lies_on_the_right_of_a_coastline():
    assert draw_coast(COAST)[:2] == (["sea"], [[8.991, 46.99, 9.0, 47.0132]])
    # in two pieces, and cut off a little inside the map
    pieces = [COAST[0], [9.0, 47.001]], [[9.0, 47.001], [9.0, 46.9995]]
    assert draw_coast(*pieces)[:2] == (["sea"], [[8.991, 46.99, 9.0, 47.0132]])


def test_no_sea_is_drawn_over_homes_nor_where_a_coastline_ends_amid_them():
    assert draw_coast(COAST[::-1])[0] == []  # the wrong way round: both houses would be at sea
    kinds, _, reasons = draw_coast([[8.98, 47.01], [9.01, 47.01]], houses=((9, 46.9), (9, 47.1)))
    assert (kinds, "no sea is drawn" in reasons[0]) == ([], True)


def test_nobody_walks_where_it_is_forbidden(tmp_path):
    elements = read_elements()
    find_way(elements, 44)["tags"]["access"] = "private"
    find_way(elements, 47)["tags"]["foot"] = "no"
    openings = read(tmp_path, elements).tables["openings"]
    assert openings.index.tolist() == ["n23", "w41", "x1182038000y396029556"]


def test_a_river_in_a_culvert_is_no_barrier(tmp_path):
    elements = read_elements()
    find_way(elements, 20)["tags"]["tunnel"] = "culvert"
    find_way(elements, 21)["tags"]["location"] = "underground"
    reading = read(tmp_path, elements)
    assert "river" not in reading.tables["barriers"]["kind"].tolist()
    assert count_entries(reading, "barriers")["water under the ground is no barrier"] == 1


def test_streets_are_all_ways_that_are_there(town):
    streets = town.tables["streets"]
    assert streets.index.tolist() == [
        f"w{n}" for n in (33, 34, 35, 40, 41, 42, 43, 44, 45, 46, 47, 48)
    ]
    assert streets.index[streets["bridge"]].tolist() == ["w34", "w41"]
    assert streets.index[streets["tunnel"]].tolist() == ["w47"]
    assert count_entries(town, "streets") == {"planned, under construction or gone": 1}


def test_places_mapped_twice_are_one_and_names_say_more_than_tags(town):
    assert town.tables["places"][["kind", "name"]].to_numpy().tolist() == [
        ["clinic", ""],
        ["service_centre", "河东村党群服务中心"],
        ["government", "河东村村民委员会"],
        ["shop", ""],
        ["school", "河西小学"],  # the ground, with the name of the point on it
    ]
    assert (
        count_entries(town, "places")["mapped twice: inside an outline of the same kind and name"]
        == 2
    )


def test_institutions_are_those_with_a_name(town):
    assert town.tables["institutions"][["kind", "name"]].to_numpy().tolist() == [
        ["organ", "河东村村民委员会"],
        ["school", "河西小学"],
        ["enterprise", "青河造纸厂"],
    ]


def test_no_contact_and_no_person_gets_in(town):
    text = "\n".join(table.drop(columns="geometry").to_csv() for table in town.tables.values())
    assert "青河造纸厂" in text
    for contact in ("13812345678", "0315", "a@b.cn", "李四", "张三"):
        assert contact not in text


def test_the_order_of_features_does_not_matter(tmp_path):
    features, _ = read_features(write_osm(tmp_path / "town.osm", read_elements()))
    mixed = [
        layer.sample(frac=1, random_state=7)
        for layer in (features.points, features.lines, features.areas)
    ]
    tables, entries = make_tables(features)
    again, noted = make_tables(Features(*(make_layer(layer, layer.index) for layer in mixed)))
    assert all(tables[name].equals(again[name]) for name in tables)
    assert entries == noted


def test_a_file_with_nothing_but_buildings_is_enough(tmp_path):
    elements = read_elements()
    houses = [e for e in elements if "house" in e.get("tags", {}).get("building", "")]
    corners = {n for house in houses for n in house["nodes"]}
    reading = read(
        tmp_path,
        [e for e in elements if e["type"] == "node" and e["id"] in corners and "tags" not in e]
        + houses,
    )
    assert {name: len(table) for name, table in reading.tables.items() if len(table)} == {
        "buildings": 6
    }


def test_a_packed_file_reads_like_a_plain_one(tmp_path, town):
    plain = write_osm(tmp_path / "town.osm", read_elements())
    packed = tmp_path / "town.osm.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_osm_file(packed).tables["buildings"].equals(town.tables["buildings"])
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_osm_file(packed)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is not there"),
        ("building,floors\n1,2\n", "is not OpenStreetMap data"),
        ("<?xml version='1.0'?><osm version='0.6'></osm>", "has no buildings"),
        (
            "<?xml version='1.0'?><osm version='0.6'><node id='1' lat='1' lon='1'/><way",
            "breaks off",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, content, words):
    path = tmp_path / "town.osm"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        read_osm_file(path)
    assert caught.value.problems[0].file == str(path)
    assert caught.value.problems[0].remedy


def test_a_file_out_of_order_is_refused_with_the_remedy(tmp_path):
    elements = read_elements()
    nodes = sum(e["type"] == "node" for e in elements)
    with pytest.raises(InputError, match="osmium sort"):
        read(tmp_path, elements[:nodes][::-1] + elements[nodes:])


@pytest.fixture(scope="module")
def country():
    return read_osm_file(REAL / "liechtenstein-2015-07-27.osm.pbf")


@real
def test_liechtenstein_of_2015_has_11_municipalities_and_8994_footprints(country):
    assert sorted(country.tables["communities"]["name"]) == [
        *(
            "Balzers",
            "Eschen",
            "Gamprin",
            "Mauren",
            "Planken",
            "Ruggell",
            "Schaan",
            "Schellenberg",
            "Triesen",
            "Triesenberg",
        ),
        "Vaduz",
    ]
    counted = count_entries(country, "buildings")
    roofs, none = (
        counted[f"not a building to live in: building={word}"] for word in ("roof", "no")
    )
    assert (len(country.tables["buildings"]), roofs, none) == (8979, 14, 1)  # 8,994 together
    assert {name: len(table) for name, table in country.tables.items()} == {
        "communities": 11,
        "compounds": 0,
        "buildings": 8979,
        "barriers": 594,
        "openings": 352,
        "streets": 4658,
        "places": 220,
        "institutions": 42,
    }


@real
def test_the_rhine_and_the_railway_can_be_crossed_at_bridges_and_level_crossings_only(country):
    barriers = country.tables["barriers"]
    openings = country.tables["openings"]
    assert barriers.loc[barriers["hard"], "kind"].value_counts().to_dict() == {
        "river": 24,
        "railway": 18,
        "lake": 14,
    }
    assert openings["kind"].value_counts().to_dict() == {
        "bridge": 329,
        "level_crossing": 15,
        "underpass": 6,
        "ford": 2,
    }


@real
def test_what_the_edge_of_the_extract_cut_is_counted(country):
    reasons = count_entries(country, "communities")
    assert [count for reason, count in reasons.items() if "not whole" in reason] == [6]


@real
def test_liechtenstein_of_2013_has_the_same_municipalities_and_3717_buildings():
    tables = read_osm_file(REAL / "liechtenstein-2013-08-03.osm.pbf").tables
    assert (len(tables["communities"]), len(tables["buildings"]), len(tables["streets"])) == (
        11,
        3717,
        2748,
    )


@real
def test_a_file_that_was_cut_short_is_refused(tmp_path):
    whole = (REAL / "liechtenstein-2013-08-03.osm.pbf").read_bytes()
    short = tmp_path / "short.osm.pbf"
    short.write_bytes(whole[:-5])
    with pytest.raises(InputError, match="breaks off"):
        read_osm_file(short)
