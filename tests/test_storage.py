"""Plans on disk: what is written comes back, whole or not at all, and opens styled in QGIS."""

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import closing
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal
from shapely.geometry import (
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from gridplan.cli.options import Format
from gridplan.engine import placement
from gridplan.errors import OutputExistsError, PlanError, RuleError
from gridplan.plan import ALL_TABLES, OPTIONAL_TABLES
from gridplan.rules.all_rules import Rules
from gridplan.storage import (
    companion_files,
    hash_files,
    read_plan,
    refuse_existing,
    write_plan,
)
from gridplan.storage import plan_folder as room
from gridplan.storage.formats import Writer
from gridplan.storage.qgis_styles import make_styles
from gridplan.synthetic import board_plan as villages
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_table
from gridplan.tables.conform import is_spatial
from gridplan.tables.schema import find_columns, find_key
from gridplan.tables.words import list_words

FORMATS = ["gpkg", "parquet"]
EVIL = "<script>alert('东\"湖')</script>"


make_board_plan = cache(villages.make_board_plan)  # nothing writes into a plan, so one is enough


def square(x, y, size=5):
    return box(X0 + x, Y0 + y, X0 + x + size, Y0 + y + size)


def line(*points):
    return LineString([(X0 + x, Y0 + y) for x, y in points])


def make_full_plan():
    """The board with a row or two in every table, and in one table every kind of shape."""
    plan = make_board_plan()
    rails = MultiLineString([line((0, 62), (90, 62)), line((90, 62), (180, 62))])
    unsure = plan.site.buildings.copy()
    unsure.loc["h02", "residential"] = pd.NA
    unsure.loc["h03", "residential"] = False
    unsure.loc["h01", "building_name"] = EVIL
    return plan.replace(
        buildings=unsure,
        compounds=make_table(
            "compounds",
            [
                {
                    "compound": "0007",
                    "name": "翠湖花园",
                    "community": "0301",
                    "geometry": square(0, 0, 60),
                }
            ],
        ),
        barriers=make_table(
            "barriers",
            [
                {
                    "barrier": "001",
                    "kind": "river",
                    "name": "陡河",
                    "hard": True,
                    "geometry": line((0, -5), (180, -5)),
                },
                {"barrier": "002", "kind": "lake", "hard": pd.NA, "geometry": square(200, 0, 30)},
                {"barrier": "003", "kind": "railway", "hard": True, "geometry": rails},
                {
                    "barrier": "004",
                    "kind": "wall",
                    "hard": False,
                    "geometry": line((90, 0), (90, 60)),
                },
                {"barrier": "005", "kind": "post", "geometry": Point(X0, Y0)},
            ],
        ),
        openings=make_table(
            "openings", [{"opening": "1", "kind": "gate", "geometry": Point(X0 + 90, Y0 + 30)}]
        ),
        streets=make_table(
            "streets",
            [{"street": "s1", "name": EVIL, "bridge": True, "geometry": line((0, 30), (180, 30))}],
        ),
        places=make_table(
            "places",
            [
                {
                    "place": "p1",
                    "kind": "service_centre",
                    "name": '"党群"',
                    "floor_area": 400.0,
                    "geometry": Point(X0 + 3, Y0 + 3),
                },
                {"place": "p2", "kind": "school", "geometry": square(150, 70, 20)},
            ],
        ),
        institutions=make_table(
            "institutions",
            [{"institution": "u1", "party_members": 12, "geometry": Point(X0 + 9, Y0)}],
        ),
        counts=make_table(
            "counts",
            [{"count": "1", "level": "building", "of": "h01", "measure": "elders", "value": 3}],
        ),
        ledger=make_table(
            "ledger",
            [
                {"entry": str(n), "table": "buildings", "action": "noted", "count": n}
                for n in range(1, 12)
            ],
        ),
        exceptions=make_table(
            "exceptions", [{"exception": "1", "community": "0301", "rule": "band", "proven": True}]
        ),
    )


def assert_same_table(table, left, right):
    if is_spatial(table):
        assert_geodataframe_equal(left, right)
        assert list(left.geometry.to_wkb()) == list(
            right.geometry.to_wkb()
        )  # type and every coordinate
    else:
        assert_frame_equal(left, right)


def assert_same_plan(left, right):
    for table in ALL_TABLES:
        assert_same_table(table, left.get_table(table), right.get_table(table))
    assert left.manifest == right.manifest
    assert left.crs == right.crs


def read_bytes(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(Path(folder).rglob("*"))
        if p.is_file()
    }


def list_names(folder):
    return sorted(p.name for p in Path(folder).iterdir())


@pytest.fixture(scope="module")
def full_plan():
    return make_full_plan()


@pytest.fixture(scope="module")
def written(full_plan, tmp_path_factory):
    """The full plan in either format; tests that change files make their own."""
    return {
        f: write_plan(full_plan, tmp_path_factory.mktemp("plans") / f, format=f) for f in FORMATS
    }


@pytest.fixture(scope="module")
def read(written):
    return {f: read_plan(written[f]) for f in FORMATS}


@pytest.mark.parametrize("format", FORMATS)
def test_a_plan_comes_back_as_it_was_written(full_plan, read, format):
    assert_same_plan(read[format], full_plan)


@pytest.mark.parametrize("format", FORMATS)
def test_empty_tables_come_back_with_their_columns_and_crs(tmp_path, format):
    plan = make_board_plan()
    back = read_plan(write_plan(plan, tmp_path / "plan", format=format))
    assert_same_plan(back, plan)
    assert len(back.site.barriers) == 0
    assert back.site.barriers.crs == CRS


@pytest.mark.parametrize("format", FORMATS)
def test_codes_stay_text_and_gaps_stay_gaps(read, format):
    back = read[format]
    assert list(back.site.communities.index) == ["0301"]
    assert list(back.site.compounds.index) == ["0007"]
    assert list(back.site.buildings["residential"].head(3)) == [True, pd.NA, False]
    assert back.site.buildings.loc["h01", "building_name"] == EVIL
    assert back.site.buildings.loc["h02", "building_name"] == ""
    assert list(back.site.ledger.index) == [str(n) for n in range(1, 12)]


@pytest.mark.parametrize(("format", "inner"), [("gpkg", "plan.gpkg"), ("parquet", "tables")])
def test_the_data_alone_is_a_plan_too(full_plan, written, format, inner):
    assert_same_plan(read_plan(written[format] / inner), full_plan)


def test_a_column_under_its_former_name_keeps_its_values(full_plan, tmp_path):
    places = full_plan.site.places.assign(floor_area=640.0)
    plan = full_plan.replace(site=full_plan.site.replace(places=places))
    folder = write_plan(plan, tmp_path / "plan", format="parquet")
    file = folder / "tables" / "places.parquet"
    gpd.read_parquet(file).rename(columns={"floor_area": "area"}).to_parquet(file)
    assert set(read_plan(folder).site.places["floor_area"]) == {640.0}


def test_large_plans_become_parquet_when_nobody_chooses(tmp_path, monkeypatch):
    plan = make_board_plan()  # 12 buildings
    assert "plan.gpkg" in list_names(write_plan(plan, tmp_path / "small"))
    monkeypatch.setattr(room, "LARGE", 11)
    assert "tables" in list_names(write_plan(plan, tmp_path / "large"))


def test_a_format_is_one_row_and_is_written_beside_one_that_can_be_read_back(tmp_path, monkeypatch):
    def count_rows(plan, path):
        path.write_text(str(len(plan.subgrids)), encoding="utf-8")

    notes = {**list_words("plan_file"), "rows.txt": "The number of sub-grids."}
    monkeypatch.setattr(companion_files, "list_words", lambda *_: notes)
    monkeypatch.setattr(room, "WRITERS", {**room.WRITERS, "rows": Writer("rows.txt", count_rows)})
    monkeypatch.setattr(room, "OWN_FILES", ("rows.txt", *room.OWN_FILES))
    plan = make_board_plan()
    folder = write_plan(plan, tmp_path / "plan", format="rows")
    assert (folder / "rows.txt").read_text(encoding="utf-8") == str(len(plan.subgrids))
    assert "The number of sub-grids." in (folder / "README.txt").read_text(encoding="utf-8")
    assert_same_plan(read_plan(folder), plan)


def test_the_command_offers_every_format():
    assert [format.value for format in Format] == ["auto", *room.WRITERS]


def test_an_unknown_format_is_refused_by_name(tmp_path):
    with pytest.raises(RuleError, match="gpkg or parquet, not 'shp'"):
        write_plan(make_board_plan(), tmp_path / "plan", format="shp")
    assert list_names(tmp_path) == []


WRITE = """
import sys
from tests.test_storage import make_full_plan
from gridplan.storage import write_plan
write_plan(make_full_plan(), sys.argv[1], format="gpkg")
write_plan(make_full_plan(), sys.argv[2], format="parquet")
"""


def run(code, *arguments):
    root = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=root, capture_output=True, text=True
    )


def test_the_same_plan_gives_the_same_bytes_in_another_process(written, tmp_path):
    process = run(WRITE, tmp_path / "gpkg", tmp_path / "parquet")
    assert process.returncode == 0, process.stderr
    for format in FORMATS:
        assert read_bytes(tmp_path / format) == read_bytes(written[format])


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_plan_gives_the_same_bytes_however_its_tables_were_put_together(
    written, full_plan, tmp_path, format
):
    halves = {t: full_plan.get_table(t) for t in ALL_TABLES}
    pieced = {
        t: pd.concat([frame.iloc[:1], frame.iloc[1:]]) if len(frame) > 1 else frame
        for t, frame in halves.items()
    }
    assert read_bytes(
        write_plan(full_plan.replace(**pieced), tmp_path / "p", format=format)
    ) == read_bytes(written[format])


def test_the_date_that_gdal_writes_is_given_back(tmp_path):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "1999-09-09T00:00:00.000Z"})
    try:
        write_plan(make_board_plan(), tmp_path / "plan", format="gpkg")
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == "1999-09-09T00:00:00.000Z"
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


@pytest.mark.parametrize("format", FORMATS)
def test_a_plan_is_not_overwritten_unasked(tmp_path, format):
    folder = write_plan(make_board_plan(), tmp_path / "plan", format=format)
    before = read_bytes(folder)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        write_plan(make_full_plan(), folder, format=format)
    assert read_bytes(folder) == before


@pytest.mark.parametrize(("old", "new"), [("gpkg", "parquet"), ("parquet", "gpkg")])
def test_overwriting_replaces_the_plan_and_nothing_else(tmp_path, full_plan, old, new):
    folder = write_plan(make_board_plan(), tmp_path / "plan", format=old)
    (folder / "map.html").write_text("mine", encoding="utf-8")
    write_plan(full_plan, folder, format=new, overwrite=True)
    assert_same_plan(read_plan(folder), full_plan)
    data = {"gpkg": "plan.gpkg", "parquet": "tables"}[new]
    assert list_names(folder) == sorted(
        ["README.txt", "map.html", "plan.toml", "subgrids.csv", data]
        + ["plan.qgs"] * (new == "gpkg")
    )


def test_a_file_of_the_user_with_a_name_of_ours_is_not_overwritten_unasked(tmp_path):
    (tmp_path / "README.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExistsError, match=r"README\.txt"):
        write_plan(make_board_plan(), tmp_path)
    assert (tmp_path / "README.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused_even_when_overwriting(tmp_path):
    (tmp_path / "plan.gpkg").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExistsError, match="is a file"):
        refuse_existing(tmp_path / "plan.gpkg", overwrite=True)


def test_a_plan_that_another_program_has_open_is_not_replaced(tmp_path):
    folder = write_plan(make_board_plan(), tmp_path / "plan", format="gpkg")
    (folder / "plan.gpkg-wal").write_bytes(b"edits")
    with pytest.raises(OutputExistsError, match="another program"):
        write_plan(make_board_plan(), folder, overwrite=True)


@pytest.mark.parametrize("format", FORMATS)
def test_a_run_that_fails_leaves_the_old_plan_and_no_litter(tmp_path, monkeypatch, format):
    plan = make_board_plan()
    folder = write_plan(plan, tmp_path / "plan", format=format)
    before = read_bytes(folder)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(placement, "force_to_disk", fail)
    with pytest.raises(OSError, match="disk full"):
        write_plan(make_full_plan(), folder, format=format, overwrite=True)
    assert read_bytes(folder) == before
    with pytest.raises(OSError, match="disk full"):
        write_plan(plan, tmp_path / "new", format=format)
    assert not (tmp_path / "new").exists()


# ---- QGIS


def read_styles(folder):
    return pyogrio.read_dataframe(folder / "plan.gpkg", layer="layer_styles")


def test_every_layer_with_shapes_has_one_default_style(written):
    spatial = {
        name
        for name, kind in pyogrio.list_layers(written["gpkg"] / "plan.gpkg")
        if kind is not None
    }
    styles = read_styles(written["gpkg"])
    assert set(styles["f_table_name"]) == spatial
    assert styles.groupby("f_table_name")["useAsDefault"].sum().eq(1).all()
    assert dict(zip(styles["styleName"], styles["useAsDefault"], strict=True))["in band"] == 0
    assert set(styles["f_geometry_column"]) == {"geometry"}


def test_qgis_finds_the_style_of_sub_grids_by_its_own_question(written):
    question = (
        "f_table_schema='' AND f_table_name='subgrids' AND f_geometry_column='geometry'"
        " ORDER BY CASE WHEN useAsDefault THEN 1 ELSE 2 END,update_time DESC LIMIT 1"
    )
    answer = pyogrio.read_dataframe(
        written["gpkg"] / "plan.gpkg", layer="layer_styles", where=question
    )
    assert list(answer["styleName"]) == ["sub-grids"]


def test_layers_hold_one_kind_of_shape_each(written):
    layers = {
        name: kind
        for name, kind in pyogrio.list_layers(written["gpkg"] / "plan.gpkg")
        if kind is not None
    }
    assert layers == {
        "communities": "Polygon",
        "compounds": "Polygon",
        "buildings": "Polygon",
        "barriers_points": "Point",
        "barriers_lines": "MultiLineString",
        "barriers_areas": "Polygon",
        "openings_points": "Point",
        "streets": "LineString",
        "places_points": "Point",
        "places_areas": "Polygon",
        "institutions_points": "Point",
        "stairwells": "Point",
        "subgrids": "Polygon",
        "centres": "Point",
    }


def test_centres_are_a_layer_of_their_own(written, full_plan):
    centres = (
        pyogrio.read_dataframe(written["gpkg"] / "plan.gpkg", layer="centres")
        .set_index("subgrid")
        .sort_index()
    )
    assert list(centres["stairwell"]) == ["h02-1", "h05-1"]
    assert list(centres.geometry) == list(full_plan.stairwells.geometry[["h02-1", "h05-1"]])
    assert centres.crs == CRS


STYLED = [
    *("communities", "compounds", "buildings", "streets", "stairwells", "centres", "subgrids"),
    *(
        f"{table}_{shape}"
        for table in ("barriers", "openings", "places", "institutions")
        for shape in ("points", "lines", "areas")
    ),
]
FUNCTIONS = {"coalesce", "if", "to_int", "to_string", "left", "right", "substr", "length", "in"}


def find_expressions(root):
    yield from (
        rule.get("filter") for rule in root.iter("rule") if rule.get("filter") not in {None, "ELSE"}
    )
    yield from (text.get("fieldName") for text in root.iter("text-style"))


@pytest.mark.parametrize("layer", STYLED)
def test_styles_are_sound_xml_and_name_only_what_is_there(layer):
    columns = set(find_columns(layer.split("_")[0])) if layer != "centres" else set()
    fields = {column.name for column in columns if not column.is_geometry}
    symbol = {"points": "marker", "lines": "line", "areas": "fill"}
    styles = make_styles(layer)
    assert styles
    for style in styles:
        root = ET.fromstring(style.qml)
        for expression in find_expressions(root):
            bare = re.sub(r"'[^']*'", "", expression)
            assert set(re.findall(r'"(\w+)"', bare)) <= fields, expression
            assert {word.lower() for word in re.findall(r"(\w+)\s*\(", bare)} <= FUNCTIONS, (
                expression
            )
            assert bare.count("(") == bare.count(")")
        symbols = [s.get("name") for s in root.iter("symbol")]
        assert [rule.get("symbol") for rule in root.iter("rule")] == symbols
        assert {s.get("type") for s in root.iter("symbol")} == {
            list(symbol.values())[int(root.findtext("layerGeometryType"))]
        }
        assert root.get("labelsEnabled") == str(len(root.findall("labeling")))
        assert len(style.name) <= 30  # the width of styleName
        if "_" in layer:
            assert {s.get("type") for s in root.iter("symbol")} == {symbol[layer.split("_")[1]]}


def test_sub_grids_take_six_colours_in_turn_and_are_labelled():
    root = ET.fromstring(make_styles("subgrids")[0].qml)
    filters = [rule.get("filter") for rule in root.iter("rule")]
    assert [f[-3:] for f in filters[:6]] == ["= 0", "= 1", "= 2", "= 3", "= 4", "= 5"]
    fills = [o.get("value") for o in root.iter("Option") if o.get("name") == "color"]
    assert len(set(fills)) == len(filters)
    assert all(int(fill.split(",")[3]) < 255 for fill in fills)  # one sees through them
    assert '"subgrid"' in root.find(".//text-style").get("fieldName")
    assert '"households"' in root.find(".//text-style").get("fieldName")
    assert root.find(".//rendering").get("scaleVisibility") == "1"
    # The code of its community is left out where it begins the sub-grid's own.
    assert 'substr("subgrid", length("community") + 2)' in root.find(".//text-style").get(
        "fieldName"
    )


@pytest.mark.parametrize("layer", STYLED)
def test_a_style_names_every_column_in_chinese_too(layer):
    root = ET.fromstring(make_styles(layer)[0].qml)
    assert "Fields" in root.get("styleCategories").split("|")  # else QGIS leaves them unread
    aliases = {alias.get("field"): alias.get("name") for alias in root.iter("alias")}
    if layer != "centres":
        columns = find_columns(layer.split("_")[0])
        assert set(aliases) == {column.name for column in columns if not column.is_geometry}
    assert all(re.search("[\u4e00-\u9fff]", name) for name in aliases.values())


def test_parquet_has_its_styles_beside_it(written):
    assert (written["parquet"] / "tables" / "subgrids.qml").read_text(
        encoding="utf-8"
    ) == make_styles("subgrids")[0].qml


def test_the_geopackage_lists_all_that_it_holds(written):
    with closing(sqlite3.connect(written["gpkg"] / "plan.gpkg")) as database:
        listed = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents"))
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        columns = [row[1] for row in database.execute("PRAGMA table_info(buildings)")]
    attributes = {"counts", "ledger", "neighbours", "exceptions", "manifest", "layer_styles"}
    assert {name for name, kind in listed.items() if kind == "attributes"} == attributes
    assert columns[:4] == ["fid", "geometry", "building", "building_name"]


# ---- shapes


ONE = Polygon([(0, 0), (4, 0), (0, 4)])
TWO = MultiPolygon([ONE, Polygon([(10, 10), (14, 10), (10, 14)])])
ONE_OF_MANY = MultiPolygon([ONE])


def test_one_part_and_many_part_shapes_keep_their_type(tmp_path):
    mixes = {
        "communities": [ONE, TWO],
        "compounds": [ONE_OF_MANY, TWO],
        "buildings": [ONE_OF_MANY, ONE],
        "subgrids": [TWO, ONE, ONE_OF_MANY, ONE, ONE_OF_MANY, None],
    }
    tables = {
        t: make_table(t, [{find_key(t): str(n), "geometry": s} for n, s in enumerate(mix)])
        for t, mix in mixes.items()
    }
    back = read_plan(write_plan(make_board_plan().replace(**tables), tmp_path / "p", format="gpkg"))
    for table, wanted in tables.items():
        assert_same_table(table, back.get_table(table), wanted)


def test_points_lines_and_heights_keep_their_type(tmp_path):
    shapes = [
        MultiPoint([(0, 0)]),
        Point(1, 1),
        LineString([(0, 0, 5), (1, 1, 6)]),
        None,
        MultiPoint([(0, 0), (2, 2)]),
    ]
    places = make_table(
        "places", [{"place": f"p{n}", "kind": "park", "geometry": s} for n, s in enumerate(shapes)]
    )
    plan = make_board_plan().replace(places=places)
    assert_same_table(
        "places", read_plan(write_plan(plan, tmp_path / "p", format="gpkg")).site.places, places
    )


@pytest.mark.parametrize("format", FORMATS)
def test_a_crs_without_a_number_comes_back(tmp_path, format):
    crs = "+proj=tmerc +lat_0=0 +lon_0=118.2 +k=1 +x_0=500000 +ellps=GRS80 +units=m"
    plan = make_board_plan()
    moved = {
        t: plan.get_table(t).set_crs(crs, allow_override=True) for t in ALL_TABLES if is_spatial(t)
    }
    assert read_plan(write_plan(plan.replace(**moved), tmp_path / "p", format=format)).crs == crs


# ---- parquet


def test_parquet_is_sorted_by_community_and_one_is_read_alone(tmp_path):
    plan = make_board_plan()
    doors = plan.stairwells.assign(community=["0301", "0302"] * 6)
    folder = write_plan(plan.replace(stairwells=doors), tmp_path / "p", format="parquet")
    path = folder / "tables" / "stairwells.parquet"
    assert list(gpd.read_parquet(path)["community"]) == ["0301"] * 6 + ["0302"] * 6
    one = gpd.read_parquet(path, filters=[("community", "==", "0302")])
    assert list(one["stairwell"]) == ["h02-1", "h04-1", "h06-1", "h08-1", "h10-1", "h12-1"]
    assert_same_table("stairwells", read_plan(folder).stairwells, doors)


# ---- what is missing


def spoil(folder, *statements):
    with closing(sqlite3.connect(folder / "plan.gpkg")) as database, database:
        for statement in statements:
            database.execute(statement)


def test_all_that_is_missing_is_reported_at_once(tmp_path):
    folder = write_plan(make_board_plan(), tmp_path / "p", format="gpkg")
    spoil(
        folder,
        "DROP TABLE exceptions",
        "DELETE FROM gpkg_contents WHERE table_name IN ('exceptions', 'manifest')",
        "ALTER TABLE ledger DROP COLUMN step",
        "ALTER TABLE ledger DROP COLUMN count",
        "UPDATE neighbours SET pair = NULL WHERE pair IN ('3', '4')",
        "UPDATE neighbours SET pair = '1' WHERE pair = '2'",
    )
    with pytest.raises(PlanError) as caught:
        read_plan(folder)
    problems = str(caught.value).splitlines()
    assert problems[0].startswith("5 problems in the plan")
    assert [re.sub(" ->.*", "", t.strip()[3:]) for t in problems[1:]] == [
        "manifest: the manifest is missing",
        "ledger: columns step, count missing",
        "neighbours: pair is empty in 2 rows",
        "neighbours: 1 code stands more than once in pair (1)",
        "exceptions: the table is missing",
    ]
    assert all("->" in t for t in problems[1:])


def test_words_for_numbers_and_a_missing_crs_are_reported(tmp_path):
    plan = make_board_plan()
    folder = write_plan(plan, tmp_path / "p", format="parquet")
    doors = plan.stairwells.reset_index().set_crs(None, allow_override=True)
    doors["households"] = ["many", None] + ["10"] * 10
    doors.to_parquet(folder / "tables" / "stairwells.parquet")
    (folder / "tables" / "counts.parquet").unlink()
    with pytest.raises(PlanError, match="4 problems") as caught:
        read_plan(folder)
    assert "stairwells: households is not a number in 1 row (h01-1)" in str(caught.value)
    assert "stairwells: households is empty in 1 row (h02-1)" in str(caught.value)
    assert "stairwells: the CRS is missing" in str(caught.value)
    assert "counts: the table is missing" in str(caught.value)


def test_tables_in_two_crs_are_reported(tmp_path):
    plan = make_board_plan()
    folder = write_plan(plan, tmp_path / "p", format="parquet")
    plan.subgrids.reset_index().to_crs("EPSG:32651").to_parquet(
        folder / "tables" / "subgrids.parquet"
    )
    with pytest.raises(
        PlanError, match="subgrids: the CRS is WGS 84 / UTM zone 51N, but that of the buildings"
    ):
        read_plan(folder)


def test_what_is_no_plan_is_said_so(tmp_path):
    with pytest.raises(PlanError, match="there is no plan in"):
        read_plan(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(PlanError, match="is not a plan"):
        read_plan(tmp_path / "notes.txt")
    (tmp_path / "broken.gpkg").write_text("hello", encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be read as a GeoPackage"):
        read_plan(tmp_path / "broken.gpkg")
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be read as JSON"):
        read_plan(tmp_path)
    (tmp_path / "buildings.parquet").write_text("hello", encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be read as GeoParquet"):
        read_plan(tmp_path)


def test_two_plans_in_one_folder_are_not_guessed_between(tmp_path):
    plan = make_board_plan()
    folder = write_plan(plan, tmp_path / "p", format="gpkg")
    os.rename(write_plan(plan, tmp_path / "q", format="parquet") / "tables", folder / "tables")
    with pytest.raises(PlanError, match="two plans"):
        read_plan(folder)
    assert_same_plan(read_plan(folder / "tables"), plan)


# ---- the papers


def test_the_list_for_excel_is_utf8_with_a_mark_and_keeps_codes_as_text(tmp_path):
    plan = make_board_plan()
    risky = plan.subgrids.rename(index={"0301-002": "=1+1"})
    folder = write_plan(plan.replace(subgrids=risky), tmp_path / "p")
    raw = (folder / "subgrids.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfsubgrid,community,")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert [(r["subgrid"], r["community"], r["households"], r["mean_walk"]) for r in rows] == [
        ("0301-001", "0301", "60", "29.1"),
        ("'=1+1", "0301", "60", "29.1"),
    ]
    assert "geometry" not in rows[0]


def test_the_rules_beside_a_plan_are_those_it_was_drawn_by(written, full_plan):
    for format in FORMATS:
        assert (
            Rules.from_file(written[format] / "plan.toml").to_dict() == full_plan.manifest["rules"]
        )


def test_a_plan_without_rules_has_no_rules_file(tmp_path):
    folder = write_plan(make_board_plan(), tmp_path / "p")
    write_plan(make_board_plan().replace(manifest={"from": "another tool"}), folder, overwrite=True)
    assert "plan.toml" not in list_names(folder)
    assert read_plan(folder).manifest == {"from": "another tool"}


@pytest.mark.parametrize("format", FORMATS)
def test_the_note_explains_every_file_and_column_in_both_languages(written, format):
    note = (written[format] / "README.txt").read_text(encoding="utf-8")
    assert all(f"\n{name}\n" in note for name in list_names(written[format]))
    for table in (t for t in ALL_TABLES if t not in OPTIONAL_TABLES):
        for column in find_columns(table):
            mark = "*" if column.name == find_key(table) else " "
            assert f"  {mark} {column.name}  {column.zh}" in note
    assert "Sub-grids 子网格: 2\nHouseholds 户数: 120\n" in note


def test_the_manifest_holds_plain_json_only(tmp_path):
    figures = {
        "share": float("nan"),
        "parts": (np.int64(3), np.float64(0.5)),
        "ok": np.True_,
        "place": Path("a"),
    }
    plan = make_board_plan().replace(manifest={"figures": figures})
    for format in FORMATS:
        folder = write_plan(plan, tmp_path / format, format=format)
        assert read_plan(folder).manifest == {
            "figures": {"share": None, "parts": [3, 0.5], "ok": True, "place": "a"}
        }
    json.loads(
        (tmp_path / "parquet" / "tables" / "manifest.json").read_text(encoding="utf-8"),
        parse_constant=pytest.fail,
    )


def test_inputs_are_hashed_by_name_with_all_parts_of_a_shapefile(tmp_path):
    for name in ("a.shp", "a.dbf", "a.qix", "b/a.dbf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    hashes = hash_files([tmp_path / "a.shp", tmp_path / "b"])
    assert sorted(hashes) == ["a.dbf", "a.shp", "b/a.dbf"]
    assert len(set(hashes.values())) == 3


def test_the_project_opens_all_layers_of_the_plan_in_order_and_in_chinese(written, full_plan):
    """What QGIS reads: every layer of the file once, its style, and names of its columns."""
    folder = written["gpkg"]
    text = (folder / "plan.qgs").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    ids = [leaf.get("id") for leaf in root.iter("layer-tree-layer")]
    # QGIS 3.22 gives shorter ones new names, and then finds nothing to show for them.
    assert min(len(one) for one in ids) > 10
    shown = [one.removeprefix("gridplan_") for one in ids]
    entries = {
        entry.findtext("id").removeprefix("gridplan_"): entry for entry in root.iter("maplayer")
    }
    assert root.findtext("properties/SpatialRefSys/ProjectionsEnabled") == "1"
    layers = {name for name, _ in pyogrio.list_layers(folder / "plan.gpkg")}
    assert set(shown) == set(entries) == layers - {"layer_styles"}
    assert len(shown) == len(entries)
    drawn = [name for name in shown if entries[name].get("geometry") != "No geometry"]
    assert drawn.index("centres") < drawn.index("subgrids") < drawn.index("buildings")
    for name, entry in entries.items():
        source = entry.findtext("datasource")
        place, layer = source.split("|layername=")
        assert (folder / place).resolve() == (folder / "plan.gpkg").resolve()
        assert layer == name
        assert entry.find("aliases") is not None, name
    subgrids = entries["subgrids"]
    assert {a.get("field"): a.get("name") for a in subgrids.iter("alias")}["households"] == (
        "households 户数"
    )
    assert subgrids.find("renderer-v2") is not None
    assert pyproj.CRS(subgrids.findtext("srs/spatialrefsys/wkt")) == full_plan.crs
    # Beside the plan wherever that is moved to.
    assert str(folder) not in text
    assert not (written["parquet"] / "plan.qgs").exists()
