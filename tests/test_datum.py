"""Shifted datums, against places whose shift is known."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.errors import InputError
from gridplan.reading.datum import convert_datum, find_shifted, find_unshifted

TIANANMEN = (116.404, 39.915)
METRES_PER_DEGREE = 111_320.0


def test_a_point_of_beijing_moves_as_the_published_formula_says():
    shown = find_shifted(np.array([TIANANMEN]), "gcj02")
    assert shown[0] == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)


def test_baidu_moves_it_further():
    # The published example: GCJ-02 116.404, 39.915 is BD-09 116.41036949371029, 39.92133699351021.
    on_the_ground = find_unshifted(np.array([TIANANMEN]), "gcj02")
    assert find_shifted(on_the_ground, "bd09")[0] == pytest.approx(
        (116.41036949371029, 39.92133699351021), abs=1e-11
    )


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_there_and_back_is_exact_to_a_micrometre(datum, seed):
    rng = np.random.default_rng(seed)
    points = np.column_stack([rng.uniform(73.5, 134.7, 200), rng.uniform(18.0, 53.5, 200)])
    back = find_unshifted(find_shifted(points, datum), datum)
    assert np.abs(back - points).max() * METRES_PER_DEGREE < 1e-6


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_points_outside_china_stay_where_they_are(datum):
    points = np.array([[39.9, 59.2], [9.5, 47.1], [-70.0, -33.0]])
    assert find_shifted(points, datum).tolist() == points.tolist()
    assert find_unshifted(points, datum).tolist() == points.tolist()


def test_a_shape_comes_back_whole_with_its_index_and_crs():
    house = shapely.box(118.1800, 39.6300, 118.1802, 39.6301)
    shown = shapely.transform(house, lambda c: find_shifted(c, "gcj02"))
    series = gpd.GeoSeries([shown, None], index=["h1", "h2"], crs=4326)
    back = convert_datum(series, "gcj02")
    assert back.index.tolist() == ["h1", "h2"]
    assert back.crs.to_epsg() == 4326
    assert back["h1"].equals_exact(house, 1e-10)
    assert back["h2"] is None
    assert 400 < series.to_crs(32650)["h1"].distance(back.to_crs(32650)["h1"]) < 700
    assert series["h1"].equals_exact(shown, 0)


def test_a_web_map_in_web_mercator_is_converted_too():
    shown = gpd.GeoSeries.from_xy(*find_shifted(np.array([TIANANMEN]), "gcj02").T, crs=4326)
    back = convert_datum(shown.to_crs(3857), "gcj02")
    assert (back[0].x, back[0].y) == pytest.approx(TIANANMEN, abs=1e-9)


def test_wgs84_changes_nothing():
    place = gpd.GeoSeries.from_xy([118.18], [39.63])
    assert convert_datum(place, "wgs84")[0].equals(place[0])


def test_nothing_to_convert_is_nothing():
    assert len(convert_datum(gpd.GeoSeries([], crs=4326), "gcj02")) == 0


def test_an_unknown_datum_is_refused_by_name():
    with pytest.raises(InputError, match=r"no datum 'gcj20' -> declare one of wgs84, gcj02, bd09"):
        convert_datum(gpd.GeoSeries.from_xy([118.18], [39.63]), "gcj20")
