"""Files as they come: stacked rows, parts that are missing or packed, places that cannot be."""

import json
import shutil
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point, box

import gridplan as gp
from gridplan.errors import InputError
from gridplan.rules.all_rules import Rules
from gridplan.rules.band import Band

CRS = "EPSG:4548"
X0 = 600_000
Y0 = 4_390_000


def make_houses(count=8, west=0.0, **columns):
    """Houses of 10 m in a row, 30 m apart, of 6 households each unless said otherwise."""
    columns = {"building": [f"B{n}" for n in range(count)], "households": 6} | columns
    shapes = [box(X0 + west + 30 * n, Y0, X0 + west + 30 * n + 10, Y0 + 10) for n in range(count)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def make_land(west=-50.0, east=350.0, **columns):
    land = [box(X0 + west, Y0 - 50, X0 + east, Y0 + 60)]
    return gpd.GeoDataFrame({"community": ["A"], **columns}, geometry=land, crs=CRS)


def read_reasons(site, action=None):
    ledger = site.ledger if action is None else site.ledger[site.ledger["action"] == action]
    return ledger["reason"].tolist()


# ---- rows of one place


@pytest.mark.parametrize("order", [1, -1])
def test_flats_on_one_point_add_up(order):
    """Sixty flats of one household on three points: three buildings of twenty."""
    points = [Point(X0 + 50 * (n % 3), Y0) for n in range(60)]
    flats = gpd.GeoDataFrame(
        {"building": [f"f{n:02d}" for n in range(60)], "households": 1, "population": 2.5},
        geometry=points,
        crs=CRS,
    )
    site = gp.read_site(flats.iloc[::order])
    assert site.buildings["households_observed"].tolist() == [20, 20, 20]
    assert site.buildings["population"].tolist() == [50, 50, 50]
    joined = (
        "same shape as another building: their counts are added to it, 57 households, 142 people"
    )
    assert joined in read_reasons(site, "joined")


def test_a_footprint_again_a_little_aside_is_one_building():
    houses = make_houses(4, households=None, floors=3)
    aside = houses.assign(building=["C0", "C1", "C2", "C3"], floors=None)
    aside = aside.set_geometry(aside.translate(0.4, 0.3))
    site = gp.read_site(pd.concat([houses, aside], ignore_index=True))
    assert list(site.buildings.index) == ["B0", "B1", "B2", "B3"]
    assert "nearly the same outline as another building" in read_reasons(site, "dropped")


def test_neighbours_that_touch_and_a_shed_within_a_house_stay():
    rows = [box(X0, Y0, X0 + 10, Y0 + 10), box(X0 + 10, Y0, X0 + 20, Y0 + 10)]
    rows.append(box(X0 + 1, Y0 + 1, X0 + 5, Y0 + 5))
    assert len(gp.read_site(gpd.GeoDataFrame(geometry=rows, crs=CRS)).buildings) == 3


def test_two_counted_buildings_that_nearly_cover_each_other_both_count():
    houses = make_houses(1)
    aside = houses.assign(building=["C0"]).set_geometry(houses.translate(0.4, 0.3))
    site = gp.read_site(pd.concat([houses, aside], ignore_index=True))
    assert site.buildings["households_observed"].sum() == 12


def test_what_lies_outside_the_boundary_is_counted_in_households():
    site = gp.read_site(make_houses(), boundary=make_land(east=100.0))
    assert "outside of the boundary, 24 households" in read_reasons(site, "dropped")


def test_an_exclave_on_a_row_of_its_own_is_joined():
    land = pd.concat([make_land(east=100, name=["东村"]), make_land(200, 350, name=["东村"])])
    site = gp.read_site(make_houses(), communities=land)
    assert site.communities["name"].to_dict() == {"A": "东村"}
    assert shapely.get_num_geometries(site.communities.geometry.iloc[0]) == 2


def test_two_communities_of_one_code_and_two_names_are_refused():
    land = pd.concat([make_land(east=100, name=["东村"]), make_land(200, 350, name=["西村"])])
    with pytest.raises(InputError, match="codes stand more than once"):
        gp.read_site(make_houses(), communities=land)


# ---- parts of a file


def write_shapefile(folder):
    make_houses().to_file(folder / "b.shp")
    return folder / "b.shp"


@pytest.mark.parametrize("end", [".dbf", ".shx"])
def test_a_shapefile_without_a_part_is_refused(tmp_path, end):
    path = write_shapefile(tmp_path)
    path.with_suffix(end).unlink()
    with pytest.raises(InputError, match=rf"b\{end} is missing"):
        gp.read_site(path)


@pytest.mark.parametrize(
    "stray", ["__MACOSX/._b.shp", "in/__MACOSX/._b.shp", "in/meta.json", "._b.shp"]
)
def test_a_zip_as_it_comes_is_read(tmp_path, stray):
    write_shapefile(tmp_path)
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for file in tmp_path.glob("b.*"):
            archive.write(file, f"in/{file.name}")
        archive.writestr(stray, "{}")
    assert len(gp.read_site(tmp_path / "z.zip").buildings) == 8


def test_a_geodatabase_in_a_zip_is_read(tmp_path):
    try:
        make_houses(households=6.0).to_file(
            tmp_path / "b.gdb", driver="OpenFileGDB", layer="buildings"
        )
    except Exception:  # an older GDAL reads geodatabases and writes none
        pytest.skip("this GDAL writes no geodatabase")
    shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path, "b.gdb")
    assert len(gp.read_site(tmp_path / "z.zip").buildings) == 8


def test_layers_that_are_not_read_are_named(tmp_path):
    make_houses().to_file(tmp_path / "t.gpkg", layer="buildings")
    make_land().to_file(tmp_path / "t.gpkg", layer="trees")
    site = gp.read_site(tmp_path / "t.gpkg")
    assert any(
        why.startswith("not used from t.gpkg: trees (") for why in read_reasons(site, "noted")
    )


def test_a_header_without_rows_says_so(tmp_path):
    (tmp_path / "h.csv").write_text("building,lon,lat\n")
    with pytest.raises(InputError, match="it has no rows"):
        gp.read_site(tmp_path / "h.csv", crs="EPSG:4326")


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp", ".fgb"])
def test_a_virtual_file_under_another_name_is_not_opened(tmp_path, suffix):
    path = tmp_path / f"town{suffix}"
    path.write_text(
        "<OGRVRTDataSource><OGRVRTLayer name='b'><SrcDataSource>/etc/hostname</SrcDataSource>"
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    path.with_suffix(".dbf").touch()
    path.with_suffix(".shx").touch()
    with pytest.raises(InputError, match="does not begin as one does"):
        gp.read_site(path)


def test_steps_for_gdal_in_json_are_not_run(tmp_path):
    path = tmp_path / "town.json"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": "vector read x"}))
    with pytest.raises(InputError, match="links to other data are not followed"):
        gp.read_site(path)


OSM = """<?xml version='1.0' encoding='UTF-8'?>
<osm version='0.6' generator='JOSM'>
{nodes}{ways}</osm>"""


def write_osm(path, deleted=(), negative=False):
    """Four houses; JOSM marks what was deleted, and numbers what is new below zero."""
    sign = -1 if negative else 1
    nodes = []
    ways = []
    for n in range(4):
        lon = 118.18 + 0.001 * n
        corners = [(0, 0), (0.0002, 0), (0.0002, 0.0002), (0, 0.0002)]
        ids = [sign * (4 * n + k + 1) for k in range(4)]
        for number, (dx, dy) in zip(ids, corners, strict=True):
            nodes.append(f"<node id='{number}' lat='{39.63 + dy}' lon='{lon + dx}'/>\n")
        refs = "".join(f"<nd ref='{i}'/>" for i in [*ids, ids[0]])
        mark = " action='delete' visible='false'" if n in deleted else ""
        tag = "<tag k='building' v='house'/>"
        ways.append(f"<way id='{sign * (n + 1)}'{mark}>{refs}{tag}</way>\n")
    path.write_text(OSM.format(nodes="".join(nodes), ways="".join(ways)))
    return path


def test_deleted_objects_of_an_editor_stay_out(tmp_path):
    site = gp.read_site(write_osm(tmp_path / "t.osm", deleted=(1, 2)))
    assert list(site.buildings.index) == ["w1", "w4"]
    assert "marked as deleted by an editor" in read_reasons(site, "dropped")


def test_new_objects_of_an_editor_are_read(tmp_path):
    site = gp.read_site(write_osm(tmp_path / "t.osm", negative=True))
    assert len(site.buildings) == 4
    assert site.buildings.geometry.area.min() > 100


@pytest.mark.parametrize("values", [["yes", "apartments"], ["house", "house"], ["yes", "yes"]])
def test_openstreetmap_s_tag_is_no_code(values):
    houses = make_houses(2, building=values, osm_id=["17", "18"])
    site = gp.read_site(houses)
    assert site.buildings["use"].tolist() == values


# ---- where it lies


def test_a_stray_row_is_named():
    houses = make_houses().to_crs(4326)
    houses.loc[7, "geometry"] = box(0, 0, 0.0001, 0.0001)
    with pytest.raises(InputError, match=r"1 row lies 12,\d+ km from the middle .*\(B7\)"):
        gp.read_site(houses)


def test_villages_of_one_prefecture_are_no_strays():
    far = make_houses(4, west=180_000.0, building=["F0", "F1", "F2", "F3"])
    assert len(gp.read_site(pd.concat([make_houses(4), far], ignore_index=True)).buildings) == 8


def test_one_impossible_latitude_is_named(tmp_path):
    rows = ["building,lon,lat"]
    rows += [f"B{n},118.18{n},{39.63 if n else 396.3}" for n in range(8)]
    (tmp_path / "h.csv").write_text("\n".join(rows))
    with pytest.raises(InputError, match=r"1 of its 8 rows lie beyond the degrees .*\(B0\)"):
        gp.read_site(tmp_path / "h.csv", crs="EPSG:4326")


def test_urumqi_with_longitude_and_latitude_exchanged_is_refused():
    spots = [Point(43.8 + 0.0003 * n, 87.4) for n in range(8)]
    with pytest.raises(InputError, match="longitude comes before latitude"):
        gp.read_site(gpd.GeoDataFrame(geometry=spots, crs="EPSG:4326"))


def test_degrees_that_are_called_metres_are_refused():
    houses = make_houses().to_crs(4326).set_crs(CRS, allow_override=True)
    with pytest.raises(InputError, match="--crs buildings=EPSG:4326"):
        gp.read_site(houses)
    assert len(gp.read_site(houses, crs={"buildings": "EPSG:4326"}).buildings) == 8


def test_metres_in_geojson_without_crs_take_the_one_that_is_given(tmp_path):
    text = make_houses().to_json(drop_id=True, to_wgs84=False)
    content = json.loads(text)
    content.pop("crs", None)
    (tmp_path / "b.geojson").write_text(json.dumps(content))
    with pytest.raises(InputError, match="--crs EPSG:4547"):
        gp.read_site(tmp_path / "b.geojson")
    site = gp.read_site(tmp_path / "b.geojson", crs=CRS)
    assert site.buildings.total_bounds[:2] == pytest.approx([X0, Y0], abs=0.01)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32760"])
def test_a_town_across_180_degrees_is_like_one_beside_it(crs):
    """Ten houses on the meridian of 180 degrees in Fiji, in one community across it."""
    middle = gpd.GeoSeries([Point(180.0, -16.8)], crs=4326).to_crs(32760).iloc[0]
    houses = [
        box(middle.x - 150 + 30 * n, middle.y, middle.x - 140 + 30 * n, middle.y + 10)
        for n in range(10)
    ]
    land = [box(middle.x - 200, middle.y - 50, middle.x + 200, middle.y + 60)]
    town = gpd.GeoDataFrame({"households": [6] * 10}, geometry=houses, crs=32760).to_crs(crs)
    whole = gpd.GeoDataFrame({"community": ["A"]}, geometry=land, crs=32760).to_crs(crs)
    site = gp.read_site(town, communities=whole)
    assert site.buildings.geometry.area.to_numpy() == pytest.approx(np.full(10, 100.0), rel=0.01)
    assert site.communities.geometry.area.iloc[0] == pytest.approx(44_000, rel=0.01)


def test_communities_elsewhere_are_the_cause_and_named():
    with pytest.raises(InputError, match=r"all of them lie outside of the communities, 4\d\.\d km"):
        gp.read_site(make_houses(), communities=make_land(50_000, 50_400))
    with pytest.raises(InputError, match="all 8 buildings lie outside of it"):
        gp.read_site(make_houses(), boundary=make_land(50_000, 50_400))


def test_a_datum_for_all_leaves_surveyed_tables_where_they_are():
    from gridplan.reading.datum import find_shifted

    true = make_houses().to_crs(4326)
    shifted = true.set_geometry(
        shapely.transform(true.geometry.to_numpy(), lambda xy: find_shifted(xy, "gcj02")), crs=4326
    )
    site = gp.read_site(shifted, communities=make_land(), datum="gcj02")
    assert site.buildings.total_bounds[:2] == pytest.approx([X0, Y0], abs=0.05)
    assert site.communities.total_bounds[:2] == pytest.approx([X0 - 50, Y0 - 50], abs=0.05)
    assert any(reason.startswith("datum gcj02 not applied") for reason in read_reasons(site))


# ---- shapes and numbers without end


def test_an_outline_that_crosses_itself_all_over_is_refused():
    rng = np.random.default_rng(1)
    tangle = shapely.polygons(rng.uniform(0, 50, (600, 2)) + np.array([X0, Y0 + 100]))
    houses = make_houses()
    houses.loc[3, "geometry"] = tangle
    with pytest.raises(InputError, match=r"crosses itself all over \(B3\)"):
        gp.read_site(houses)


def test_a_bow_tie_is_repaired():
    houses = make_houses()
    houses.loc[3, "geometry"] = shapely.polygons(
        np.array([(0, 0), (9, 9), (9, 0), (0, 9)]) + np.array([X0 + 90, Y0])
    )
    assert len(gp.read_site(houses).buildings) == 8


def test_a_building_whose_parts_lie_apart_is_planned():
    """Two parts with a gap between them, in which some stairwells would lie."""
    houses = make_houses(households=[30] * 8)
    parts = [box(X0 + 300, Y0, X0 + 320, Y0 + 20), box(X0 + 400, Y0 + 100, X0 + 410, Y0 + 110)]
    houses.loc[7, "geometry"] = shapely.multipolygons(parts)
    houses.loc[7, "households"] = 90
    plan = gp.divide(gp.read_site(houses), seed=1)
    assert gp.audit(plan).passed


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**24, -(10**24)])
def test_rules_are_finite(value):
    with pytest.raises(gp.errors.RuleError, match="at most 1,000,000,000,000,000"):
        Band(low=25, high=35, target=value)


def test_rules_nested_too_deep_are_refused(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text("a=" + "[" * 20_000 + "]" * 20_000)
    with pytest.raises(gp.errors.RuleError, match="nested too deep"):
        Rules.from_file(path)
