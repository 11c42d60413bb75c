"""Files of every kind, each of a few houses of one lane, and what is read from them."""

import warnings
from zipfile import ZipFile

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from gridplan.errors import InputError, PersonalDataError
from gridplan.reading.vector_files import gather_readings, read_tables, take_table
from gridplan.synthetic.board_plan import CRS, X0, Y0


def make_lane(crs=CRS, **columns):
    """Three houses from west to east, with the columns given."""
    shapes = [shapely.box(X0 + 20 * n, Y0, X0 + 20 * n + 10, Y0 + 10) for n in range(3)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def write_shapefile(frame, path, encoding, with_cpg=True):
    frame.to_file(path, encoding=encoding)
    if not with_cpg:
        path.with_suffix(".cpg").unlink()
    return path


LANE = {"编号": ["一号", "二号", "三号"], "层数": [1, 2, 3]}


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "fgb", "parquet"])
def test_every_kind_of_file_gives_the_same_houses(tmp_path, suffix):
    path = tmp_path / f"lane.{suffix}"
    frame = make_lane(**LANE)
    frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
    reading = read_tables(path)
    houses = reading.tables["buildings"].sort_values("floors")
    assert houses["building"].tolist() == ["一号", "二号", "三号"]
    assert houses["floors"].tolist() == [1, 2, 3]
    assert houses.to_crs(CRS).area.round(2).tolist() == [100.0, 100.0, 100.0]
    assert reading.files == {"buildings": str(path)}


def test_a_multi_layer_geopackage_gives_the_tables_that_its_layers_are_named_after(tmp_path):
    path = tmp_path / "town.gpkg"
    make_lane(floors=[1, 2, 3]).to_file(path, layer="buildings")
    make_lane(kind=["river"] * 3).to_file(path, layer="barriers")
    make_lane().to_file(path, layer="sketches")
    counts = pd.DataFrame({"level": ["site"], "of": [""], "measure": ["elders"], "value": [7.0]})
    pyogrio.write_dataframe(counts, path, layer="counts")
    reading = read_tables(path)
    assert set(reading.tables) == {"buildings", "barriers", "counts"}
    assert reading.tables["counts"]["value"].tolist() == [7.0]
    assert set(read_tables(path, "barriers").tables) == {"barriers"}


def test_layers_with_other_names_are_asked_about(tmp_path):
    path = tmp_path / "town.gpkg"
    make_lane().to_file(path, layer="old")
    make_lane().to_file(path, layer="new")
    with pytest.raises(
        InputError,
        match=r"town\.gpkg: .*none of its 2 layers is named after a table: old, new -> rename",
    ):
        read_tables(path)


def test_columns_are_matched_by_mapping_then_name_and_the_rest_is_named(tmp_path):
    path = tmp_path / "lane.gpkg"
    make_lane(
        storeys_old=[9, 9, 9], etages=[1, 2, 3], colour=["red"] * 3, area_m2=[100] * 3
    ).to_file(path)
    reading = read_tables(path, mapping={"floors": "ETAGES", "communities.kind": "elsewhere"})
    assert list(reading.tables["buildings"].columns) == ["floors", "geometry"]
    assert reading.tables["buildings"]["floors"].tolist() == [1, 2, 3]
    (entry,) = reading.entries
    assert (entry.action, entry.count, entry.ids) == (
        "noted",
        3,
        ("storeys_old", "colour", "area_m2"),
    )


def test_a_mapping_that_leads_nowhere_is_reported(tmp_path):
    path = tmp_path / "lane.gpkg"
    make_lane(levels=[1, 2, 3]).to_file(path)
    with pytest.raises(InputError) as caught:
        read_tables(
            path,
            mapping={
                "buildings.floors": "storeys",
                "buildings.flor": "levels",
                "houses.floors": "levels",
            },
        )
    listed = [str(p) for p in caught.value.problems]
    assert len(listed) == 3
    assert any(
        "it has no column storeys, which is mapped to floors -> name one of its columns: levels"
        in t
        for t in listed
    )
    assert any(
        "there is no column buildings.flor to map -> map one of building, building_name, use" in t
        for t in listed
    )


def test_personal_columns_of_all_layers_are_refused_at_once_and_no_value_is_shown(tmp_path):
    path = tmp_path / "town.gpkg"
    make_lane(户主姓名=["甲某某"] * 3, note=["13812345678"] * 3).to_file(path, layer="buildings")
    make_lane(kind=["school"] * 3, 联系人=["x"] * 3).to_file(path, layer="places")
    with pytest.raises(PersonalDataError) as caught:
        read_tables(path)
    assert sorted(p.message.split(" is refused")[0] for p in caught.value.problems) == [
        "column note",
        "column 户主姓名",
        "column 联系人",
    ]
    assert "甲某某" not in str(caught.value)
    assert "13812345678" not in str(caught.value)


def test_a_name_of_a_house_is_read_and_that_of_a_person_refused_until_it_is_declared(tmp_path):
    path = tmp_path / "lane.gpkg"
    make_lane(name=["East house", "Mill", "Inn"]).to_file(path)
    reading = read_tables(path)
    assert reading.tables["buildings"]["building_name"].tolist() == ["East house", "Mill", "Inn"]
    make_lane(name=["张三", "李小明", "王芳"]).to_file(path)
    with pytest.raises(PersonalDataError, match=r"--column buildings.building_name=name"):
        read_tables(path)
    reading = read_tables(path, mapping={"buildings.building_name": "name"})
    assert len(reading.tables["buildings"]) == 3


def test_contacts_of_places_are_left_unread_and_named(tmp_path):
    path = tmp_path / "pois.gpkg"
    make_lane(kind=["school"] * 3, phone=["0315-1"] * 3, operator=["x"] * 3).to_file(path)
    reading = read_tables(path, "places")
    assert "phone" not in reading.tables["places"].columns
    (entry,) = (e for e in reading.entries if e.step == "files")
    assert set(entry.ids) == {"phone", "operator"}


def test_a_gbk_shapefile_without_cpg_is_asked_about_and_read_when_known(tmp_path):
    path = write_shapefile(make_lane(**LANE), tmp_path / "lane.shp", "gbk", with_cpg=False)
    with pytest.raises(
        InputError,
        match=r"not UTF-8, and no .cpg says what it is; "
        r"it may be GBK or GB18030 -> .*--encoding gb18030",
    ):
        read_tables(path)
    assert read_tables(path, encoding="gb18030").tables["buildings"]["building"].tolist() == [
        "一号",
        "二号",
        "三号",
    ]


@pytest.mark.parametrize(
    ("encoding", "with_cpg"), [("gbk", True), ("utf-8", True), ("utf-8", False)]
)
def test_a_shapefile_that_says_or_proves_its_encoding_is_read_whatever_the_user_says(
    tmp_path, encoding, with_cpg
):
    path = write_shapefile(make_lane(**LANE), tmp_path / "lane.shp", encoding, with_cpg)
    assert read_tables(path).tables["buildings"]["building"].tolist() == ["一号", "二号", "三号"]
    assert read_tables(path, encoding="gb18030").tables["buildings"]["building"].tolist() == [
        "一号",
        "二号",
        "三号",
    ]


def test_the_language_byte_of_a_dbf_counts_as_its_word(tmp_path):
    path = write_shapefile(make_lane(**LANE), tmp_path / "lane.shp", "gbk", with_cpg=False)
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    data[29] = 0x4D  # code page 936
    path.with_suffix(".dbf").write_bytes(data)
    assert read_tables(path).tables["buildings"]["building"].tolist() == ["一号", "二号", "三号"]


def test_a_cpg_that_promises_utf8_and_breaks_it_is_not_believed(tmp_path):
    path = write_shapefile(make_lane(**LANE), tmp_path / "lane.shp", "gbk")
    path.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(InputError, match=r"not UTF-8, as its .cpg says"):
        read_tables(path)
    assert read_tables(path, encoding="gb18030").tables["buildings"]["building"].tolist() == [
        "一号",
        "二号",
        "三号",
    ]


def test_a_zipped_shapefile_is_read_and_asked_about_like_an_open_one(tmp_path):
    path = write_shapefile(make_lane(**LANE), tmp_path / "lane.shp", "gbk", with_cpg=False)
    archive = tmp_path / "lane.zip"
    with ZipFile(archive, "w") as out:
        for part in ("shp", "shx", "dbf", "prj"):
            out.write(path.with_suffix(f".{part}"), f"folder/lane.{part}")
    with pytest.raises(InputError, match="--encoding gb18030"):
        read_tables(archive)
    assert read_tables(archive, encoding="gb18030").tables["buildings"]["building"].tolist() == [
        "一号",
        "二号",
        "三号",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_csv_with_coordinates_keeps_codes_as_text(tmp_path, encoding):
    path = tmp_path / "houses.csv"
    path.write_text(
        "编号,经度,纬度,层数\n0301,118.18,39.63,6\n0302,118.19,39.64,\n0303,,39.64,2\n",
        encoding=encoding,
    )
    houses = read_tables(path, crs="EPSG:4326").tables["buildings"]
    assert houses["building"].tolist() == ["0301", "0302", "0303"]
    assert [g and g.wkt for g in houses.geometry] == [
        "POINT (118.18 39.63)",
        "POINT (118.19 39.64)",
        None,
    ]
    assert houses["floors"].isna().tolist() == [False, True, False]


def test_a_csv_with_wkt_and_semicolons_is_read(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text('id;levels;WKT\n7;2;"POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"\n8;3;rubbish\n')
    houses = read_tables(path, crs=CRS).tables["buildings"]
    assert houses["building"].tolist() == ["7", "8"]
    assert houses.geometry.area.iloc[0] == 81
    assert houses.geometry.iloc[1] is None


def test_a_csv_in_gbk_is_asked_about(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text("编号,x,y\n一号,500000,4390000\n", encoding="gbk")
    with pytest.raises(
        InputError, match=r"houses\.csv: text: its text is not UTF-8; it may be GBK or GB18030"
    ):
        read_tables(path, crs=CRS)
    assert read_tables(path, crs=CRS, encoding="gbk").tables["buildings"]["building"].tolist() == [
        "一号"
    ]
    with pytest.raises(InputError, match="there is no encoding 'gb1830'"):
        read_tables(path, crs=CRS, encoding="gb1830")


def test_coordinates_without_crs_are_refused_and_degrees_asked_for_their_datum(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text("lon,lat\n118.18,39.63\n")
    with pytest.raises(
        InputError,
        match="does not say its coordinate reference system -> declare the datum of its degrees",
    ):
        read_tables(path)
    path.write_text("x,y\n500000,4390000\n")
    with pytest.raises(
        InputError, match="does not say its coordinate reference system -> say which it is"
    ):
        read_tables(path)
    assert read_tables(path, crs=CRS).tables["buildings"].crs == CRS


def test_counts_need_no_shapes_and_buildings_do(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("层级,对象,指标,数值\ncommunity,0301,elders,12\n")
    assert read_tables(path).tables["counts"].iloc[0].tolist() == [
        "community",
        "0301",
        "elders",
        "12",
    ]
    with pytest.raises(
        InputError,
        match="buildings: it has no shapes -> give a file with shapes, or a CSV with columns",
    ):
        read_tables(path, "buildings")


def test_broken_shapes_are_read_as_none_and_left_for_the_survey_to_count(tmp_path):
    path = tmp_path / "broken.geojson"
    ring = "[[0, 0], [1, 0]]"  # two points are no ring
    path.write_text(
        '{"type": "FeatureCollection", "features": ['
        '{"type": "Feature", "properties": {"id": "a"}, '
        '"geometry": {"type": "Polygon", "coordinates": [' + ring + "]}},"
        '{"type": "Feature", "properties": {"id": "b"}, "geometry": null}]}'
    )
    houses = read_tables(path).tables["buildings"]
    assert houses.geometry.isna().tolist() == [True, True]


def test_what_is_not_there_not_known_or_not_readable_is_said_so(tmp_path):
    with pytest.raises(InputError, match="there is no such file -> check the path"):
        read_tables(tmp_path / "nowhere.gpkg")
    (tmp_path / "town.dwg").write_bytes(b"AC1032")
    with pytest.raises(InputError, match=r"its kind \.dwg is not known -> save it as GeoPackage"):
        read_tables(tmp_path / "town.dwg")
    unreadable = r"cannot be read \(.+\) -> check that it opens in QGIS"
    misnamed = r"does not begin as one does -> see that the file is whole"
    for name, message in (
        ("torn.gpkg", misnamed),
        ("torn.parquet", unreadable),
        ("torn.zip", unreadable),
        ("torn.shp", misnamed),
    ):
        (tmp_path / name).write_bytes(b"not what it says")
        with pytest.raises(InputError, match=message) as caught:
            read_tables(tmp_path / name)
        assert str(tmp_path) not in str(caught.value)


def test_warnings_of_the_reader_go_to_the_ledger(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text("id,x,y\na,1,2,surplus\nb,3,4,\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reading = read_tables(path, crs=CRS)
    assert reading.tables["buildings"]["building"].tolist() == ["a", "b"]
    assert [e.action for e in reading.entries] == ["noted"]


def test_readers_are_all_heard_before_the_error_and_repeated_tables_are_put_end_to_end():
    def fail(word):
        return lambda: take_table(
            make_lane(**{word: ["x"] * 3}),
            "buildings",
            mapping={"floors": "gone"},
            file=f"{word}.gpkg",
        )

    with pytest.raises(PersonalDataError) as caught:
        gather_readings([fail("phone"), fail("colour")])
    assert [(p.file, p.rule) for p in caught.value.problems] == [
        ("phone.gpkg", "no personal data"),
        ("phone.gpkg", "mapped columns exist"),
        ("colour.gpkg", "mapped columns exist"),
    ]
    degrees = make_lane(type=["wall"] * 3).to_crs(4326)
    both = gather_readings(
        [lambda: take_table(make_lane(), "barriers"), lambda: take_table(degrees, "barriers")]
    )
    barriers = both.tables["barriers"]
    assert barriers.crs == CRS
    assert barriers.area.round(3).tolist() == [100.0] * 6
    assert barriers["kind"].isna().tolist() == [True] * 3 + [False] * 3


def test_an_index_with_a_name_is_a_column_and_the_argument_is_not_changed():
    lane = make_lane(floors=[1, 2, 3], building=["a", "b", "c"]).set_index("building")
    before = lane.copy()
    assert take_table(lane, "buildings").tables["buildings"]["building"].tolist() == ["a", "b", "c"]
    assert lane.equals(before)
