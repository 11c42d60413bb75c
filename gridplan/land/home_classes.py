"""Classes of homes: which row of the coefficients holds for a building, by use and floors."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats
from gridplan.land.slab_estates import find_slab_estates
from gridplan.rules.households import HouseholdRules

TEXT_COLUMNS = ("profile", "class", "uses", "source", "meaning")
DEFAULT = "china"
# Classes of several flats, in which a footprint of 10 m x 10 m stands for a point.
FLATS = ("low_rise", "estate", "slab", "high_rise", "dormitory")
POINT = 12.0  # m, the widest square that stands for a point


@cache
def _read_rows() -> tuple[dict[str, str], ...]:
    text = files("gridplan.land").joinpath("coefficients.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def read_coefficients(profile: str = DEFAULT) -> pd.DataFrame:
    """Read ``coefficients.csv`` for a country, by class of home, each number with its source.

    A class that the profile has no row of its own for has that of China.
    Efficiency is the share of footprint x floors that is floor area of
    dwellings in which somebody lives; floor area of dwellings is counted as
    the census does (建筑面积, walls and the share of stairs included).
    ``second`` is how readily a small home holds a second household; spreads
    are standard deviations of the logarithm: of a building among its
    neighbours, and of a place among places.

    Examples
    --------
    >>> float(read_coefficients().loc["slab", "dwelling_m2"])
    92.17
    >>> float(read_coefficients("singapore").loc["slab", "dwelling_m2"])
    109.0
    """
    table = pd.DataFrame(_read_rows())
    # the profile's own row comes last and stays
    table = table[table["profile"].isin([DEFAULT, profile])]
    table = table.drop_duplicates("class", keep="last").set_index("class").sort_index()
    numbers = [column for column in table.columns if column not in TEXT_COLUMNS]
    return table.assign(**{column: pd.to_numeric(table[column]) for column in numbers})


@cache
def _read_uses() -> dict[str, str]:
    return {word: row["class"] for row in _read_rows() for word in row["uses"].split("|") if word}


def classify_uses(use: pd.Series[Any]) -> pd.Series[Any]:
    """Find the class of home that words of use stand for; "not_home", or empty if unknown.

    Examples
    --------
    >>> classify_uses(pd.Series(["House", "学校", "yes", "apartments;retail"])).tolist()
    ['detached', 'not_home', '', 'slab']
    """
    # Of several uses the first: shops under flats are written after them.
    words = use.str.lower().str.split(";").str[0].str.strip()
    return words.map(_read_uses()).fillna("").astype("str").rename("class")


def derive_floors(buildings: gpd.GeoDataFrame, rules: HouseholdRules) -> pd.Series[Any]:
    """Find the floors of each building, from its height where nobody counted them."""
    by_height = np.maximum((buildings["height"] / rules.floor_height).round(), 1.0)
    return buildings["floors"].where(buildings["floors"] > 0).fillna(by_height)


def classify_homes(
    buildings: gpd.GeoDataFrame, residential: pd.Series[Any], rules: HouseholdRules
) -> pd.Series[Any]:
    """Find the class of each home, a row of ``coefficients.csv``; "not_home" for others."""
    kind = classify_uses(buildings["use"]).replace({"": "plain", "not_home": "plain"})
    floors = derive_floors(buildings, rules)
    # A home of unknown use with the footprint of a block is a block if it is
    # known to have floors for it.
    block = (kind == "slab") | (
        (kind == "plain") & (buildings.geometry.area > rules.largest_house) & (floors >= 2)
    )
    kind = kind.mask(block & (floors < 4), "low_rise")
    kind = kind.mask((kind == "plain") & find_slab_estates(buildings, rules), "estate")
    flats = ~kind.isin(["dormitory"])
    # known floors outweigh the words of use: a "house" of ten floors is a tower
    kind = kind.mask(flats & (floors >= 4), "slab").mask(flats & (floors >= 10), "high_rise")
    return kind.where(residential, "not_home").rename("class")


def expect_second_households(
    buildings: gpd.GeoDataFrame, kinds: pd.Series[Any], rules: HouseholdRules
) -> pd.DataFrame:
    """Find how many households a home is expected to hold beyond its first.

    Of blocks it is footprint x floors x efficiency / m2 of a dwelling, less
    the first; of houses a small number that rises with their size, without a
    step between the two.

    Returns
    -------
    By building: ``second`` (households), ``spread`` (of a building) and
    ``place_spread`` (of places), and ``volume`` (m2 of footprint x floors).
    """
    rows = read_coefficients(rules.profile).reindex(kinds).set_axis(buildings.index)
    floors = derive_floors(buildings, rules).fillna(rows["floors_default"])
    pointlike = find_points(buildings) & kinds.isin(FLATS).to_numpy()
    area = buildings.geometry.area.where(~pointlike, rows["area_default"])
    volume = area * floors
    beyond = volume * rows["efficiency"] / rows["dwelling_m2"] - 1.0
    second = 0.5 * (beyond + np.sqrt(beyond**2 + 4.0 * rows["second"]))
    return pd.DataFrame(
        {
            "second": second,
            # of a tower whose outline nobody knows, the area may be half or double
            "spread": np.hypot(rows["spread"], np.where(pointlike, 0.5, 0.0)),
            "place_spread": rows["place_spread"],
            "volume": volume,
        }
    )


def find_points(buildings: gpd.GeoDataFrame) -> Bools:
    """Find the outlines that stand for a point: small squares along the axes."""
    shapes = buildings.geometry.to_numpy()
    west, south, east, north = shapely.bounds(shapes).T
    width, height = east - west, north - south
    square = (np.abs(width - height) < 1e-3) & (width <= POINT)
    return np.asarray(square & (np.abs(shapely.area(shapes) - width * height) < 1e-2))


def measure_thickness(buildings: gpd.GeoDataFrame) -> Floats:
    """Measure how thick each building is: 2 x area / length of its outline, in metres."""
    shapes = buildings.geometry.to_numpy()
    return np.asarray(2.0 * shapely.area(shapes) / np.maximum(shapely.length(shapes), 1e-6))
