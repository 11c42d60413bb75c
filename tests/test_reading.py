"""A site read from files, folders and frames, with tables of one's own added."""

import re
import sys
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, box

from gridplan.errors import InputError, PersonalDataError
from gridplan.reading.datum import find_shifted
from gridplan.reading.read import read_site
from gridplan.site import Reading
from gridplan.synthetic.board_plan import CRS, X0, Y0

VOLOGDA = Path(__file__).parents[2] / "shared" / "data" / "vologda"


def make_houses(n=3, **columns):
    """Houses of 10 m from west to east, 20 m apart."""
    shapes = [box(X0 + 20 * k, Y0, X0 + 20 * k + 10, Y0 + 10) for k in range(n)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def make_line(y, **columns):
    return gpd.GeoDataFrame(
        columns, geometry=[LineString([(X0, Y0 + y), (X0 + 60, Y0 + y)])], crs=CRS
    )


def read_reasons(site):
    return {(row["table"], row["reason"]): row["count"] for _, row in site.ledger.iterrows()}


def test_a_folder_gives_the_tables_that_its_files_are_named_after(tmp_path):
    make_houses().to_parquet(tmp_path / "buildings.parquet")
    make_line(30, kind=["river"]).to_file(tmp_path / "barriers.fgb")
    make_line(40).to_file(tmp_path / "trees.gpkg")
    pd.DataFrame({"level": ["site"], "of": [""], "measure": ["elders"], "value": [4]}).to_csv(
        tmp_path / "counts.csv", index=False
    )
    site = read_site(tmp_path)
    assert (len(site.buildings), len(site.barriers), len(site.counts)) == (3, 1, 1)
    note = site.ledger[site.ledger["table"] == "site"].iloc[0]
    assert (note["action"], note["count"], note["ids"]) == ("noted", 1, "trees.gpkg")


def test_a_folder_with_a_site_file_is_that_file(tmp_path):
    make_houses(2).to_file(tmp_path / "site.gpkg", layer="buildings")
    make_houses(3).to_parquet(tmp_path / "buildings.parquet")
    assert len(read_site(tmp_path).buildings) == 2


def test_a_folder_with_nothing_or_two_of_one_table_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds neither site\.gpkg nor files named after tables"):
        read_site(tmp_path)
    make_houses().to_parquet(tmp_path / "buildings.parquet")
    make_houses().to_file(tmp_path / "buildings.fgb")
    with pytest.raises(
        InputError, match=r"more than one: buildings\.fgb, buildings\.parquet -> leave one"
    ):
        read_site(tmp_path)


def test_barriers_are_named_after_their_files_where_they_have_no_kind(tmp_path):
    names = [
        "railways.parquet",
        "my_rivers.parquet",
        "Water.parquet",
        "main_roads.parquet",
        "道路.parquet",
        "other.parquet",
    ]
    for n, name in enumerate(names):
        make_line(30 + n).to_parquet(tmp_path / name)
    make_line(50, kind=["stream"]).to_parquet(tmp_path / "waterways.parquet")
    site = read_site(
        make_houses(), barriers=[*(tmp_path / n for n in names), tmp_path / "waterways.parquet"]
    )
    kinds = {
        round(y - Y0): (k, h)
        for y, k, h in zip(
            site.barriers.geometry.bounds["miny"],
            site.barriers["kind"],
            site.barriers["hard"],
            strict=True,
        )
    }
    assert kinds == {
        30: ("railway", True),
        31: ("river", True),
        32: ("water", True),
        33: ("main_road", False),
        34: ("main_road", False),
        35: ("barrier", True),
        50: ("stream", False),
    }
    assert read_reasons(site)["barriers", "kind railway, from the name of railways.parquet"] == 1


def test_a_single_barrier_file_needs_no_list(tmp_path):
    make_line(30).to_parquet(tmp_path / "rail.parquet")
    assert read_site(make_houses(), barriers=tmp_path / "rail.parquet").barriers[
        "kind"
    ].tolist() == ["railway"]


def test_given_tables_replace_those_of_the_source_and_barriers_are_added(tmp_path):
    make_houses().to_file(tmp_path / "town.gpkg", layer="buildings")
    make_line(30, kind=["river"]).to_file(tmp_path / "town.gpkg", layer="barriers")
    site = read_site(
        tmp_path / "town.gpkg",
        barriers=[make_line(40, kind=["wall"])],
        communities=make_houses(1).buffer(100).to_frame("geometry"),
    )
    assert sorted(site.barriers["kind"]) == ["river", "wall"]
    assert list(site.communities.index) == ["c01"]
    note = "1 of the source, to which the barriers given are added"
    assert read_reasons(site)["barriers", note] == 1


def test_a_reading_of_another_source_is_taken_as_it_is():
    reading = Reading({"buildings": make_houses(floors=[1, 2, 3])})
    assert read_site(reading, streets=make_line(20)).buildings["floors"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "name", ["town.osm.pbf", "town.pbf", "town.osm", "town.osm.gz", "town.xml"]
)
def test_openstreetmap_extracts_go_to_their_reader(tmp_path, monkeypatch, name):
    asked = []
    reader = ModuleType("gridplan.reading.osm_file")
    reader.read_osm_file = lambda path: (
        asked.append(path.name) or Reading({"buildings": make_houses(2)})
    )
    monkeypatch.setitem(sys.modules, "gridplan.reading.osm_file", reader)
    (tmp_path / name).write_bytes(b"")
    assert len(read_site(tmp_path / name, datum="gcj02").buildings) == 2
    assert asked == [name]


def test_buildings_outside_of_the_boundary_are_left_out_and_counted(tmp_path):
    limit = gpd.GeoDataFrame(geometry=[box(X0 - 5, Y0 - 5, X0 + 26, Y0 + 15)], crs=CRS).to_crs(4326)
    limit.to_parquet(tmp_path / "limit.parquet")
    houses = make_houses(4, building=list("abcd"))
    houses.loc[3, "geometry"] = None
    site = read_site(houses, boundary=tmp_path / "limit.parquet")
    assert list(site.buildings.index) == ["a", "b"]  # b stands across the limit, its middle within
    assert read_reasons(site) == {
        ("buildings", "outside of the boundary"): 1,
        ("buildings", "no shape, or none that can be placed"): 1,
    }
    with pytest.raises(InputError, match="boundary: it has no polygon"):
        read_site(houses, boundary=make_line(0))
    with pytest.raises(InputError, match=r"limit\.gpkg: boundary: there is no such file"):
        read_site(houses, boundary=tmp_path / "limit.gpkg")


def shift(frame, datum):
    return frame.set_geometry(frame.geometry.transform(lambda c: find_shifted(c, datum)))


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_declared_datum_is_taken_back_to_the_ground(tmp_path, datum):
    ground = make_houses().to_crs(4326)
    shift(ground, datum).to_file(tmp_path / "houses.gpkg")
    site = read_site(tmp_path / "houses.gpkg", datum=datum)
    gap = shapely.hausdorff_distance(
        site.buildings.geometry.to_numpy(), ground.to_crs(site.crs).geometry.to_numpy()
    )
    assert gap.max() < 1e-6
    assert read_reasons(site)["buildings", f"from datum {datum} to WGS 84"] == 3


def test_each_table_can_have_its_datum():
    schools = gpd.GeoDataFrame(
        {"kind": ["school"]}, geometry=gpd.points_from_xy([X0], [Y0]), crs=CRS
    )
    site = read_site(
        make_houses(), places=shift(schools.to_crs(4326), "gcj02"), datum={"places": "gcj02"}
    )
    assert site.places.geometry.iloc[0].distance(shapely.Point(X0, Y0)) < 1e-6
    assert site.buildings.geometry.iloc[0].equals(make_houses().geometry[0])


def test_a_list_of_house_points_needs_a_datum_and_then_works(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text(
        "编号,经度,纬度,层数,户数\n01,118.180,39.63,6,24\n02,118.181,39.63,1,1\n",
        encoding="utf-8-sig",
    )
    with pytest.raises(InputError, match="--datum wgs84"):
        read_site(path)
    site = read_site(path, datum="wgs84")
    assert site.buildings[["floors", "households_observed"]].to_dict("index") == {
        "01": {"floors": 6, "households_observed": 24},
        "02": {"floors": 1, "households_observed": 1},
    }
    assert site.buildings.area.round(6).tolist() == [100, 100]
    with pytest.raises(InputError, match="not known: buildings: gcj20"):
        read_site(path, datum="gcj20")


def test_problems_of_all_files_come_as_one_error(tmp_path):
    (tmp_path / "walls.dxf").write_text("")
    make_houses(户主姓名=["x"] * 3).to_parquet(tmp_path / "houses.parquet")
    with pytest.raises(PersonalDataError) as caught:
        read_site(
            tmp_path / "houses.parquet",
            barriers=[tmp_path / "walls.dxf"],
            communities=tmp_path / "none.gpkg",
        )
    assert sorted((p.table, p.rule) for p in caught.value.problems) == [
        ("barriers", "kinds of file"),
        ("buildings", "no personal data"),
        ("communities", "the file exists"),
    ]


def test_a_source_that_is_not_there_or_not_known_says_what_to_give(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_site(tmp_path / "town.osm.pbf")
    (tmp_path / "town.docx").write_text("")
    with pytest.raises(
        InputError, match=re.escape("its kind .docx is not known -> give an OpenStreetMap extract")
    ):
        read_site(tmp_path / "town.docx")


def test_a_crs_that_does_not_exist_is_reported_once():
    with pytest.raises(
        InputError,
        match=r"^1 problem .*\n.* there is no CRS 'EPSG:99999' -> give a code such as EPSG:4547",
    ):
        read_site(make_houses(), barriers=[make_line(30), make_line(40)], crs="EPSG:99999")


@pytest.mark.skipif(not VOLOGDA.exists(), reason="the real data is not there")
def test_vologda_is_read_with_its_barriers_and_boundary():
    site = read_site(
        VOLOGDA / "buildings.parquet",
        barriers=[
            VOLOGDA / "railways.parquet",
            VOLOGDA / "water.parquet",
            VOLOGDA / "roads.parquet",
        ],
        boundary=VOLOGDA / "boundaries.parquet",
    )
    assert site.crs.to_epsg() == 32637
    assert (
        len(site.buildings) == 25_324 - 3 - 2
    )  # three outside of the boundary, two that repeat a shape
    assert site.buildings["population"].sum() == 356_810
    assert site.barriers.groupby("kind").size().to_dict() == {
        "main_road": 1901,
        "railway": 328,
        "water": 221,
    }
    assert site.barriers.groupby("kind")["hard"].all().to_dict() == {
        "main_road": False,
        "railway": True,
        "water": True,
    }
    assert list(site.buildings.index[:2]) == ["b000001", "b000002"]
    assert np.all(np.diff(site.buildings.geometry.centroid.x) >= 0)
