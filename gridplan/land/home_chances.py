"""How likely each building is a home, where the data does not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.special import expit

from gridplan.land.home_classes import classify_uses, measure_thickness
from gridplan.land.slab_estates import find_slab_estates
from gridplan.rules.households import HouseholdRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry

# How gently the chance falls around the sizes of the rules, in logarithms.
SMALL_STEP = 0.2
LARGE_STEP = 0.35
THICK_STEP = 0.15
LOW_FLOORS = 1.5  # floors that rules.largest_plain is said of
BESIDE = 0.15  # what is left of the chance of a small building beside a larger home


@dataclass(frozen=True)
class HomeChances:
    """How likely each building is a home before anything is learned from counts.

    ``chance`` is 0 or 1 where the data says so; ``basis`` is how it was found:
    stated, use, place, size, beside or counted; ``prior`` is the chance
    without counts, ``prior_basis`` how that was found.
    """

    chance: pd.Series[Any]
    basis: pd.Series[Any]
    prior: pd.Series[Any]
    prior_basis: pd.Series[Any]
    entries: list[Entry]


def judge_chances(site: Site, rules: HouseholdRules) -> HomeChances:
    """Judge how likely each building is a home, with reasons to report.

    In this order: people or households counted there; the data's own word; its
    use; the outline of a school, hospital, works or institution around it; its
    size and shape, and a larger home beside a small outbuilding.
    """
    buildings = site.buildings
    counted = buildings["households_observed"].fillna(buildings["population"])
    stated = buildings["residential"]
    kind = classify_uses(buildings["use"])
    prior = expect_from_size(buildings, rules)
    # In an estate a long building is flats, though it would be a hall by itself.
    prior = prior.mask(find_slab_estates(buildings, rules), rules.home_chance)
    basis = pd.Series("size", index=buildings.index, dtype="str")
    inside = _find_in_places(site)
    for mask, value, word in (
        (inside, 0.0, "place"),
        (kind != "", 1.0, "use"),
        (kind == "not_home", 0.0, "use"),
        (stated.notna(), stated.fillna(False).astype(float), "stated"),
    ):
        prior = prior.mask(mask, value)
        basis = basis.mask(mask, word)
    is_home = (prior >= 0.5).mask(counted.notna(), counted > 0)
    beside = _find_outbuildings(buildings, is_home, basis == "size", rules)
    prior = prior.mask(beside, prior * BESIDE)
    basis = basis.mask(beside, "beside")
    # a count of people outweighs the data's own word; a stated home may be empty
    settled = counted.notna() & ~((counted == 0) & (basis == "stated"))
    chance = prior.mask(settled, (counted > 0).astype(float))
    entries = _note_stated(stated, counted)
    return HomeChances(chance, basis.mask(settled, "counted"), prior, basis, entries)


def expect_from_size(buildings: gpd.GeoDataFrame, rules: HouseholdRules) -> pd.Series[Any]:
    """Find the chance of being a home by size and shape alone, without steps.

    Sheds are small; halls and works are large for their floors, and thicker
    than daylight reaches into flats.

    Examples
    --------
    >>> rows = {"floors": [2.0, 1.0, 6.0], "height": [np.nan] * 3}
    >>> shapes = [shapely.box(0, 0, *size) for size in ((12, 12), (4, 4), (50, 12))]
    >>> frame = gpd.GeoDataFrame(rows, geometry=shapes)
    >>> expect_from_size(frame, HouseholdRules()).round(2).tolist()
    [0.89, 0.01, 0.89]
    """
    area = np.log(np.maximum(buildings.geometry.area.to_numpy(), 1e-6))
    height = (buildings["height"] / rules.floor_height).clip(lower=1.0)
    floors = buildings["floors"].where(buildings["floors"] > 0).fillna(height).fillna(LOW_FLOORS)
    largest = np.log(max(rules.largest_plain, 1e-6)) + 1.5 * np.log(floors.to_numpy() / LOW_FLOORS)
    thickness = np.log(np.maximum(measure_thickness(buildings), 1e-6))
    chance = rules.home_chance * expit((largest - area) / LARGE_STEP)
    if rules.smallest > 0:
        chance = chance * expit((area - np.log(rules.smallest)) / SMALL_STEP)
    if rules.thickest > 0:
        chance = chance * expit((np.log(rules.thickest) - thickness) / THICK_STEP)
    return pd.Series(chance, index=buildings.index)


def _note_stated(stated: pd.Series[Any], counted: pd.Series[Any]) -> list[Entry]:
    against = ~stated.fillna(True).astype(bool) & (counted > 0)
    return [
        note_buildings(
            stated.isna() & (counted > 0), "homes by the people or households counted there"
        ),
        note_buildings(stated.isna() & (counted == 0), "not homes: the data counts nobody there"),
        note_buildings(
            against, "given as no homes, yet people or households are counted there: homes"
        ),
    ]


def note_buildings(mask: pd.Series[Any], reason: str, action: str = "inferred") -> Entry:
    """Make the entry of the ledger on some buildings."""
    ids = mask.index[mask.to_numpy(bool)]
    return Entry("households", "buildings", action, len(ids), reason, sorted(ids))


def _find_in_places(site: Site) -> pd.Series[Any]:
    places = site.places[classify_uses(site.places["kind"]) == "not_home"]
    shapes = np.concatenate([places.geometry.to_numpy(), site.institutions.geometry.to_numpy()])
    shapes = shapes[shapely.get_dimensions(shapes) == 2]
    inside = pd.Series(False, index=site.buildings.index)
    # a point inside, so that a building that touches a school's fence is not in it
    inner = shapely.point_on_surface(site.buildings.geometry.to_numpy())
    inside.iloc[shapely.STRtree(inner).query(shapes, predicate="intersects")[1]] = True
    return inside


def _find_outbuildings(
    buildings: gpd.GeoDataFrame, homes: pd.Series[Any], open_: pd.Series[Any], rules: HouseholdRules
) -> pd.Series[Any]:
    """Find small buildings of unknown use with a home at least twice as large beside them."""
    area = buildings.geometry.area.to_numpy()
    small = np.flatnonzero(open_.to_numpy() & (area < rules.outbuilding))
    others = np.flatnonzero(homes.to_numpy(bool))
    shapes = buildings.geometry.to_numpy()
    a, b = shapely.STRtree(shapes[others]).query(
        shapes[small], predicate="dwithin", distance=rules.outbuilding_reach
    )
    community = buildings["community"].to_numpy(dtype=object)
    # Only within a community, for communities are independent of one another.
    serves = (area[others[b]] >= 2 * area[small[a]]) & (community[others[b]] == community[small[a]])
    beside = pd.Series(False, index=buildings.index)
    beside.iloc[small[a[serves]]] = True
    return beside
