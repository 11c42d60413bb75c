"""Exports of common makers: each is read at the first try, without an option.

One village of forty houses in four rows is written with the columns that each
maker writes.
"""

import zipfile
from functools import partial

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box

import gridplan as gp
from gridplan.errors import PersonalDataError
from gridplan.planning.prepare import prepare_site
from gridplan.reading.column_uses import collect_columns, suggest_columns
from gridplan.reading.markup_files import read_markup

COUNT = 40
EAST, NORTH = 9.52, 47.14  # in Liechtenstein, where web maps shift nothing
NUMBERS = range(COUNT)
EMPTY = [None] * COUNT


def make_village(east=EAST, north=NORTH, **columns):
    """Make forty houses of about 11 by 11 m with a maker's columns, in degrees."""
    corners = [(east + 0.0004 * (i % 10), north + 0.0004 * (i // 10)) for i in NUMBERS]
    shapes = [box(x, y, x + 0.00015, y + 0.0001) for x, y in corners]
    return gpd.GeoDataFrame(geometry=shapes, crs=4326).assign(**columns)


def some(*words):
    """Repeat some values over the houses."""
    return [words[i % len(words)] for i in NUMBERS]


GEOFABRIK = {
    "osm_id": [str(10**8 + i) for i in NUMBERS],
    "code": 1500,
    "fclass": "building",
    "name": some("Rathaus", None, None, None),
    "type": some("house", None, "garage", "apartments"),
}
QUICKOSM = {
    "full_id": [f"w{i}" for i in NUMBERS],
    "osm_id": list(NUMBERS),
    "osm_type": "way",
    "building": some("yes", "house", "shed"),
    "building:levels": some("2", None, "5;6"),
    "contact:phone": some("+41 79 123 45 67", None),
    "amenity": some("school", None, None),
}
HOT = {
    "osm_id": list(NUMBERS),
    "building": some("yes", "residential"),
    "building_levels": some("2", None),
    "addr_full": some("Dorfstrasse 1", None),
    "name": EMPTY,
    "source": "survey",
}
OVERTURE = {
    "id": [f"08b2a{i:05d}" for i in NUMBERS],
    "height": some(6.5, None),
    "num_floors": some(2, None),
    "class": some("house", None, None),
    "subtype": some("residential", "outbuilding", "residential"),
    "names": some('{"primary": "Rathaus"}', None),
}
# maker -> columns, and what is expected of house 1 or 2: column -> value
MAKERS = {
    "geofabrik": (GEOFABRIK, 0, {"building_name": "Rathaus", "use": "house"}),
    "geofabrik garage": (GEOFABRIK, 2, {"use": "garage"}),
    "bbbike": (
        {"osm_id": list(NUMBERS), "name": some("Haus", None), "type": some("house", "tank")},
        1,
        {"use": "storage_tank"},
    ),
    "quickosm": (QUICKOSM, 0, {"use": "school", "floors": 2.0}),
    "quickosm shed": (QUICKOSM, 2, {"use": "shed", "floors": 5.5}),
    "hot": (HOT, 0, {"floors": 2.0}),
    "overture": (OVERTURE, 0, {"building_name": "Rathaus", "use": "house", "height": 6.5}),
    "overture outbuilding": (OVERTURE, 1, {"use": "shed"}),
    "microsoft": ({"height": some(6.0, -1.0), "confidence": 0.9}, 0, {"height": 6.0}),
    "microsoft unknown": ({"height": some(6.0, -1.0), "confidence": 0.9}, 1, {"floors": None}),
    "microsoft bare": ({}, 0, {}),
    "eubucco": (
        {
            "id": [f"v0-{i}" for i in NUMBERS],
            "height": some(8.9),
            "age": some(1970),
            "type": some("residential", "non-residential"),
        },
        1,
        {"use": "commercial", "height": 8.9},
    ),
    "bdtopo": (
        {
            "ID": [f"BAT{i}" for i in NUMBERS],
            "NB_LOGTS": some(4, 1),
            "NB_ETAGES": some(3, 1),
            "USAGE1": some("Résidentiel", "Annexe"),
            "HAUTEUR": some(9.1, 3.0),
        },
        0,
        {"households_observed": 4.0, "floors": 3.0, "use": "residential", "height": 9.1},
    ),
    "cadastre": (
        {
            "房屋层数": some(6, 1),
            "结构": "砖混",
            "用途": some("住宅", "车库"),
            "建筑面积": some(900.0),
            "户数": some(24, 0),
        },
        0,
        {"floors": 6.0, "use": "住宅", "households_observed": 24.0},
    ),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_an_export_is_read_at_the_first_try(maker):
    columns, house, expected = MAKERS[maker]
    village = make_village(**columns)
    site = gp.read_site(village)
    assert len(site.buildings) == COUNT
    middle = village.to_crs(site.crs).geometry[house].centroid
    row = site.buildings[site.buildings.contains(middle)].iloc[0]
    for column, value in expected.items():
        assert pd.isna(row[column]) if value is None else row[column] == value, column


def write_alkis(folder):
    """Write layers as German survey offices name them, with a railway 60 m north."""
    village = make_village(
        funktion=some("Wohngebäude", "Garage"), anzahlDerOberirdischenGeschosse=some(2, 5)
    ).to_crs(25832)
    street = make_lines((EAST, NORTH - 0.0002)).to_crs(25832)
    village.to_file(folder / "alkis.gpkg", layer="AX_Gebaeude")
    street.assign(widmung="Gemeindestraße").to_file(
        folder / "alkis.gpkg", layer="AX_Strassenverkehr"
    )
    make_lines((EAST, NORTH + 0.003)).to_crs(25832).to_file(
        folder / "alkis.gpkg", layer="AX_Bahnstrecke"
    )
    return folder / "alkis.gpkg"


def write_russian(folder):
    make_village(**{"Назначен": "Жилой дом", "Этажность": some(2, 5), "Квартир": 3}).to_file(
        folder / "Здания.shp", encoding="cp1251"
    )
    make_lines((EAST, NORTH - 0.0002)).to_file(folder / "Улицы.shp")
    make_lines((EAST, NORTH + 0.003)).to_file(folder / "Железные_дороги.shp")
    return folder


def write_deep(folder):
    """Write a delivery of folders in a folder, as France's BD TOPO comes."""
    (folder / "BATI").mkdir()
    (folder / "TRANSPORT").mkdir()
    make_village(USAGE1="Résidentiel", NB_ETAGES=some(2, 5)).to_file(
        folder / "BATI" / "BATIMENT.shp", encoding="utf-8"
    )
    for name, north in (("ROUTE", -0.0002), ("VOIE_FERREE", 0.003)):
        make_lines((EAST, NORTH + north)).to_file(folder / "TRANSPORT" / f"TRONCON_DE_{name}.shp")
    return folder


def write_themes(folder):
    """Write layers of which one alone may hold the buildings, whatever it is called."""
    make_village(Stockwerke=some(2, 5)).to_file(folder / "themes.gpkg", layer="Bestand 2026")
    make_lines((EAST, NORTH - 0.0002)).to_file(folder / "themes.gpkg", layer="RoadCenterlines")
    make_lines((EAST, NORTH + 0.003)).to_file(folder / "themes.gpkg", layer="Eisenbahn")
    return folder / "themes.gpkg"


def make_lines(*starts):
    return gpd.GeoDataFrame(
        geometry=[LineString([(x - 0.002, y), (x + 0.008, y)]) for x, y in starts], crs=4326
    )


@pytest.mark.parametrize("write", [write_alkis, write_russian, write_deep, write_themes])
def test_deliveries_of_other_countries_are_read_with_their_streets_and_railways(write, tmp_path):
    site = gp.read_site(write(tmp_path))
    assert (len(site.buildings), len(site.streets)) == (COUNT, 1)
    assert site.barriers["kind"].tolist() == ["railway"]
    assert site.buildings["floors"].value_counts().to_dict() == {2.0: 20, 5.0: 20}


@pytest.mark.parametrize(
    ("columns", "floors", "households"),
    [
        ({"用途": "共同住宅", "地上階数": 5, "世帯数": 20}, 5, 20),
        ({"건물용도": "공동주택", "지상층수": 5, "세대수": 20}, 5, 20),
        ({"gebruiksdoel": "woonfunctie", "aantal_bouwlagen": 5, "woningen": 20}, 5, 20),
        ({"USO": "residenziale", "N_PIANI": 5, "ABITAZIONI": 20}, 5, 20),
        ({"currentUse": "1_residential", "numberOfFloorsAboveGround": 5, "viviendas": 20}, 5, 20),
    ],
)
def test_columns_of_other_languages_are_understood(columns, floors, households):
    site = gp.read_site(make_village(**columns))
    assert site.buildings["floors"].unique().tolist() == [floors]
    assert site.buildings["households_observed"].unique().tolist() == [households]
    homes = prepare_site(site, gp.Rules()).buildings
    assert homes["residential"].all()


def write_kmz(village, folder):
    village.assign(Name="House", Description="").to_file(folder / "doc.kml", driver="KML")
    with zipfile.ZipFile(folder / "village.kmz", "w") as archive:
        archive.write(folder / "doc.kml", "doc.kml")
    return folder / "village.kmz"


def write_with(driver, name):
    def write(village, folder):
        village.assign(floors=2).to_file(folder / name, driver=driver)
        return folder / name

    return write


def write_postgis(village, folder, binary=False):
    metric = village.to_crs(32632)
    texts = [f"SRID=32632;{shape.wkt}" for shape in metric.geometry]
    if binary:
        texts = shapely.to_wkb(
            shapely.set_srid(metric.geometry.to_numpy(), 32632), hex=True, include_srid=True
        )
    pd.DataFrame({"the_geom": texts}).to_csv(folder / "rows.csv", sep=";", index=False)
    return folder / "rows.csv"


def write_decimal_commas(village, folder):
    middle = village.to_crs(32632).centroid.to_crs(4326)
    rows = {"Latitude": middle.y, "Longitude": middle.x}
    pd.DataFrame(rows).to_csv(folder / "points.csv", sep=";", decimal=",", index=False)
    return folder / "points.csv"


@pytest.mark.parametrize(
    "write",
    [
        write_kmz,
        write_with("GML", "village.gml"),
        write_with("GeoJSONSeq", "village.geojsons"),
        write_with("MapInfo File", "village.tab"),
        write_postgis,
        partial(write_postgis, binary=True),
        write_decimal_commas,
    ],
)
def test_other_kinds_of_file_are_read_where_they_lie(write, tmp_path):
    path = write(make_village(), tmp_path)
    before = sorted(tmp_path.iterdir())
    site = gp.read_site(path)
    middle = gpd.GeoSeries([site.buildings.union_all().centroid], crs=site.crs).to_crs(4326)[0]
    assert len(site.buildings) == COUNT
    assert (middle.x, middle.y) == pytest.approx((EAST + 0.001875, NORTH + 0.00065), abs=1e-5)
    assert sorted(tmp_path.iterdir()) == before  # no file of an index or schema beside it


def test_addresses_in_a_file_of_markup_are_not_followed(tmp_path):
    path = write_kmz(make_village(), tmp_path).with_name("doc.kml")
    text = path.read_text(encoding="utf-8")
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    path.write_text(text.replace("</Document>", f"{link}</Document>"), encoding="utf-8")
    assert b"127.0.0.1" not in read_markup(path).getvalue()
    assert len(gp.read_site(path).buildings) == COUNT


def test_contacts_in_an_export_of_openstreetmap_are_left_unread_and_named():
    site = gp.read_site(make_village(**QUICKOSM))
    (entry,) = site.ledger[site.ledger["step"] == "files"].itertuples()
    assert "contact:phone" in entry.ids


def test_overpass_turbo_nodes_and_lines_without_the_tag_are_no_buildings(tmp_path):
    village = make_village(**{"@id": [f"way/{i}" for i in NUMBERS], "building": some("yes")})
    others = {"@id": ["node/1", "way/900"], "building": [None, None], "highway": [None, "path"]}
    shapes = [Point(EAST, NORTH), LineString([(EAST, NORTH), (EAST, NORTH + 0.001)])]
    mixed = pd.concat([village, gpd.GeoDataFrame(others, geometry=shapes, crs=4326)])
    mixed.to_file(tmp_path / "export.geojson")
    assert len(gp.read_site(tmp_path / "export.geojson").buildings) == COUNT


def test_a_way_and_a_relation_of_one_number_are_two_buildings():
    village = make_village(building="yes")
    names = ["element", "id"]
    rows = [("relation" if i < 20 else "way", 7 + i % 20) for i in NUMBERS]
    village.index = pd.MultiIndex.from_tuples(rows, names=names)
    site = gp.read_site(village)
    assert {"r7", "w7"} <= set(site.buildings.index)
    assert len(site.buildings) == COUNT


def write_csv(path, **columns):
    village = make_village(**columns)
    table = pd.DataFrame(village.drop(columns="geometry")).assign(
        geometry=village.geometry.to_wkt()
    )
    table.to_csv(path, index=False)
    return path


def test_google_open_buildings_are_read(tmp_path):
    middles = {"latitude": NORTH, "longitude": EAST}
    columns = {**middles, "area_in_meters": 120.0, "confidence": 0.8, "full_plus_code": "8FVF4G"}
    site = gp.read_site(write_csv(tmp_path / "google.csv", **columns))
    assert len(site.buildings) == COUNT
    assert site.buildings.area.median() > 100  # the outlines, not squares at the points


CHINA = (118.18, 39.63)


@pytest.mark.parametrize(
    ("columns", "datum"),
    [
        ({"lng": "lng", "lat": "lat", "adcode": "130203", "typecode": "120300"}, "gcj02"),
        ({"gcj02_lng": "lng", "gcj02_lat": "lat"}, "gcj02"),
        ({"百度经度": "lng", "百度纬度": "lat"}, "bd09"),
        ({"wgs84_lng": "lng", "wgs84_lat": "lat", "gcj02_lng": 0, "gcj02_lat": 0}, "wgs84"),
    ],
)
def test_the_datum_that_columns_name_is_taken(tmp_path, columns, datum):
    points = {
        "lng": [CHINA[0] + 0.0004 * (i % 10) for i in NUMBERS],
        "lat": [CHINA[1] + 0.0004 * (i // 10) for i in NUMBERS],
    }
    table = pd.DataFrame({name: points.get(word, word) for name, word in columns.items()})
    table.to_csv(tmp_path / "points.csv", index=False)
    places = gp.read_site(tmp_path / "points.csv").buildings.to_crs(4326)
    bare = pd.DataFrame(points)
    bare.to_csv(tmp_path / "bare.csv", index=False)
    expected = gp.read_site(tmp_path / "bare.csv", datum=datum).buildings.to_crs(4326)
    assert places.total_bounds == pytest.approx(expected.total_bounds, abs=1e-9)


def test_bare_degrees_in_china_are_asked_about(tmp_path):
    pd.DataFrame({"经度": [118.18, 118.181], "纬度": [39.63, 39.631]}).to_csv(
        tmp_path / "bare.csv", index=False
    )
    with pytest.raises(gp.errors.InputError, match="declare the datum of its degrees"):
        gp.read_site(tmp_path / "bare.csv")


def test_a_folder_of_geofabrik_is_read_whole(tmp_path):
    make_village(**GEOFABRIK).to_file(tmp_path / "gis_osm_buildings_a_free_1.shp")
    middle = NORTH + 0.0002

    def write(name, lines, **columns):
        shapes = [LineString(line) for line in lines]
        table = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
        table.to_file(tmp_path / f"gis_osm_{name}_free_1.shp")

    across = [(EAST + 0.00105, NORTH - 0.001), (EAST + 0.00105, NORTH + 0.002)]
    along = [(EAST - 0.001, middle), (EAST + 0.005, middle)]
    under = [(EAST - 0.001, NORTH + 0.0006), (EAST + 0.005, NORTH + 0.0006)]
    none = {"bridge": ["F", "F"], "tunnel": ["F", "T"]}
    write("railways", [across, across[::-1]], fclass=["rail", "subway"], **none)
    carried = {"bridge": ["T", "F"], "tunnel": ["F", "F"]}
    write("roads", [along, under], fclass=["residential", "footway"], **carried)
    write("trees", [along], fclass=["tree"])
    site = gp.read_site(tmp_path)
    assert site.barriers["kind"].tolist() == ["railway"]
    assert sorted(site.openings["kind"]) == ["bridge", "level_crossing"]
    assert len(site.streets) == 2
    notes = site.ledger[site.ledger["step"] == "files"]["reason"]
    assert any("gis_osm_trees_free_1.shp" in note for note in notes)


def test_barriers_given_beside_a_map_are_added_and_opened_by_its_streets(tmp_path):
    across = LineString([(EAST + 0.002, NORTH - 0.001), (EAST + 0.002, NORTH + 0.002)])
    wall = LineString([(EAST + 0.003, NORTH - 0.001), (EAST + 0.003, NORTH + 0.002)])
    street = LineString([(EAST - 0.001, NORTH + 0.0002), (EAST + 0.005, NORTH + 0.0002)])

    def make(shape, **columns):
        return gpd.GeoDataFrame(
            {name: [word] for name, word in columns.items()}, crs=4326, geometry=[shape]
        )

    path = tmp_path / "town.gpkg"
    make_village(building="yes").to_file(path, layer="buildings")
    make(street, highway="residential").to_file(path, layer="streets")
    make(across, kind="river", id="1").to_file(path, layer="barriers")
    middle = Point(EAST + 0.002, NORTH + 0.0002)
    make(middle, kind="bridge").to_file(path, layer="openings")
    rail = make(wall, kind="railway", id="1")
    site = gp.read_site(path, barriers=rail)
    assert sorted(site.barriers["kind"]) == ["railway", "river"]
    assert sorted(site.openings["kind"]) == ["bridge", "level_crossing"]


def test_check_shows_what_each_column_is_taken_for_and_what_to_type():
    columns = {"CS": some("6", "5"), "住户": some("24"), "owner": some("张三"), "层高": some(2.9)}
    with collect_columns() as seen, pytest.raises(PersonalDataError):
        gp.read_site(make_village(**columns))
    taken = {use.column: (use.taken_for, use.filled, use.examples) for use in seen}
    assert taken["CS"] == ("-", 1.0, "5, 6")
    assert taken["owner"] == ("refused", 1.0, "")
    assert "--column floors=CS" in suggest_columns(seen)


def test_all_that_is_wrong_comes_in_one_run():
    village = make_village(owner=some("x"), floors=some(2), households=some("many", 3))
    street = gpd.GeoDataFrame({"kind": ["path"]}, geometry=[Point(9, 47)], crs=4326)
    with pytest.raises(PersonalDataError) as caught:
        gp.read_site(village, streets=street)
    rules = {(problem.table, problem.rule) for problem in caught.value.problems}
    assert rules == {
        ("buildings", "no personal data"),
        ("buildings", "households_observed is float64"),
        ("streets", "shapes"),
    }


def test_words_of_the_rules_hold_for_the_next_file_and_not_for_the_tool_s_own_table():
    mapping = {"buildings.floors": "CS"}
    site = gp.read_site(make_village(CS=some(3)), mapping=mapping)
    assert site.buildings["floors"].eq(3).all()
    again = gp.read_site(site.buildings, mapping=mapping)
    assert again.buildings["floors"].eq(3).all()
    with pytest.raises(gp.errors.InputError, match="no column CS"):
        gp.read_site(make_village(levels=some(3)), mapping=mapping)


def remark(site):
    return site.ledger[site.ledger["step"] == "files"]


def test_streets_without_buildings_say_that_buildings_are_missing():
    lanes = [LineString([(EAST, NORTH + y), (EAST + 0.02, NORTH + y)]) for y in (0.0, 0.01, 0.02)]
    streets = gpd.GeoDataFrame({"kind": ["residential"] * 3}, geometry=lanes, crs=4326)
    (note,) = remark(gp.read_site(make_village(), streets=streets))["reason"]
    assert note.startswith("buildings are missing in the data: ")
    assert remark(gp.read_site(make_village(), streets=streets[:1])).empty


def test_what_counts_twice_lies_over_all_or_far_away_is_named():
    village = make_village(households=some(6))
    moved = village.set_geometry(village.translate(0.000003, 0.0))  # a quarter of a metre
    over = gpd.GeoDataFrame({"households": [None]}, geometry=[box(*village.total_bounds)], crs=4326)
    lone = gpd.GeoDataFrame({"households": [3]}, geometry=[Point(EAST + 0.1, NORTH)], crs=4326)
    site = gp.read_site(pd.concat([village, moved, over, lone], ignore_index=True))
    notes = remark(site).set_index("count")["reason"].to_dict()
    assert notes.pop(COUNT).endswith("perhaps counted twice, 240 households")
    over_all, far = remark(site)[lambda table: table["count"] == 1]["reason"]
    assert over_all == "an outline over many buildings, and so of none"
    assert far == "more than 5 km from any other building, 3 households"
    assert len(site.buildings) == 2 * COUNT + 1
