"""The tables of a site from OpenStreetMap: buildings, communities and compounds are made here."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Objects
from gridplan.errors import InputError, Problem
from gridplan.reading.osm_barriers import make_barriers, make_streets
from gridplan.reading.osm_places import make_institutions, make_places
from gridplan.reading.osm_tags import (
    CRS,
    LEVELS,
    Features,
    drop_where,
    is_yes,
    measure_areas,
    note,
    read_first_words,
    read_tag_numbers,
)
from gridplan.tables.conform import conform_table, make_empty
from gridplan.tables.ledger import Entry

NOT_BUILDINGS = (
    "no",
    "roof",
    "canopy",
    "ruins",
    "collapsed",
    "demolished",
    "destroyed",
    "razed",
    "proposed",
    "planned",
    "construction",
    "bridge",
    "entrance",
    "tent",
)
GENERIC = (
    "yes",
    "true",
    "1",
    "building",
    "public",
    "civic",
    "unclassified",
    "unknown",
    "multipolygon",
)
# tags whose value only says which shop, office or craft it is; of any other tag
# the value is the use
USE_WORDS = {"shop": "retail", "office": "office", "craft": "industrial"}
USE_TAGS = (
    "amenity",
    "healthcare",
    "shop",
    "office",
    "craft",
    "tourism",
    "leisure",
    "man_made",
    "railway",
    "landuse",
)
NO_USE = ("residential", "grass", "yes", "no", "construction", "swimming_pool", "garden")
PLACES = (("neighbourhood", "village", "hamlet"), ("quarter",), ("suburb", "town"))
HELD = 0.8  # share of the buildings that areas must hold to be the communities
COMPOUND_MOST = 600_000.0  # m2; residential land larger than 60 ha is a district, not a compound
GATED = ("gated", "gated_community", "compound", "apartments", "condominium", "小区")
MOST_FLOORS = 200.0


def make_tables(
    features: Features, admin_level: int | None = None, least: int = 2, file: str = ""
) -> tuple[dict[str, gpd.GeoDataFrame], tuple[Entry, ...]]:
    """Make all tables of a site that OpenStreetMap knows of.

    Parameters
    ----------
    features
        Tagged points, lines and areas in degrees.
    admin_level
        Level of the administrative areas that are the communities; without it
        the finest from 11 to 8 that has ``least`` areas which hold most
        buildings.
    least
        Number of areas that a level must have to be chosen.
    file
        Where the features come from, for the messages.

    Returns
    -------
    The tables by name, each in the schema's shape and sorted by key, and the
    lines of the ledger.

    Raises
    ------
    InputError
        If there is no building, or no area of the level asked for.
    """
    buildings, entries = make_buildings(features)
    if buildings.empty:
        raise InputError([_describe_no_buildings(file)])
    communities, notes = make_communities(features, buildings, admin_level, least)
    compounds, more = make_compounds(features)
    streets, gone = make_streets(features)
    barriers, openings, barred = make_barriers(features)
    places, doubles = make_places(features)
    institutions, nameless = make_institutions(features)
    tables = {
        "communities": communities,
        "compounds": compounds,
        "buildings": buildings,
        "barriers": barriers,
        "openings": openings,
        "streets": streets,
        "places": places,
        "institutions": institutions,
    }
    entries = [*entries, *notes, *more, *gone, *barred, *doubles, *nameless]
    return {name: table.sort_index() for name, table in tables.items()}, tuple(
        e for e in entries if e.count
    )


def _describe_no_buildings(file: str) -> Problem:
    remedy = (
        "take an extract that has buildings, or give footprints of your own: "
        "gridplan plan BUILDINGS_FILE"
    )
    return Problem(
        "buildings", "not empty", "OpenStreetMap has no buildings here", remedy, file=file
    )


def make_buildings(features: Features) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make the buildings table: use, name or address, floors, height and dwellings.

    Dwellings are known where ``building:flats`` counts them. ``building=yes``
    says nothing, so the other tags of the same outline are asked; roofs, ruins
    and buildings not built yet are left out and counted.

    Examples
    --------
    >>> from gridplan.reading.osm_tags import make_layer
    >>> tags = {"building": ["apartments"], "building:levels": ["6"], "building:flats": ["48"]}
    >>> outline = shapely.box(118, 39, 118.001, 39.0002)
    >>> block = gpd.GeoDataFrame(tags, geometry=[outline], crs=CRS)
    >>> nothing = make_layer(block[:0], [])
    >>> buildings, _ = make_buildings(Features(nothing, nothing, make_layer(block, ["w1"])))
    >>> buildings[["use", "floors", "households_observed"]].to_numpy().tolist()
    [['apartments', 6.0, 48.0]]
    """
    buildings = features.areas[features.areas["building"].notna()]
    entries = []
    for layer, reason in (
        (features.points, "a point without a footprint"),
        (features.lines, "a footprint that is not closed"),
    ):
        there = layer["building"].notna() & ~layer["building"].isin(NOT_BUILDINGS)
        entries.append(note("buildings", "dropped", layer.index[there], reason))
    use = _find_use(buildings)
    reasons = {word: f"not a building to live in: building={word}" for word in NOT_BUILDINGS}
    entries += [
        note("buildings", "dropped", buildings.index[use == word], reason)
        for word, reason in reasons.items()
    ]
    # by use, not by the tag alone: building=yes with man_made=bridge is a bridge too
    standing = ~use.isin(NOT_BUILDINGS)
    buildings = buildings[standing]
    use = use[standing]
    floors, height, flats = (
        read_tag_numbers(buildings[key]) for key in ("building:levels", "height", "building:flats")
    )
    # more floors than any house on earth has is a slip of typing
    floors = floors.where(floors <= MOST_FLOORS)
    for key, numbers in (
        ("building:levels", floors),
        ("height", height),
        ("building:flats", flats),
    ):
        odd = buildings[key].notna() & numbers.isna()
        entries.append(
            note(
                "buildings",
                "dropped",
                buildings.index[odd],
                f"values of {key} that are no number: taken as not known",
            )
        )
    frame = gpd.GeoDataFrame(
        {
            "building": buildings.index,
            "building_name": _name_buildings(buildings).to_numpy(),
            "use": use.to_numpy(),
            "floors": floors.to_numpy(),
            "height": height.to_numpy(),
            "households_observed": np.rint(flats.to_numpy(float)),
        },
        geometry=buildings.geometry.to_numpy(),
        crs=CRS,
    )
    return conform_table("buildings", frame), entries


def _find_use(buildings: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Find the use of buildings: their own word, or where that says nothing, other tags'."""
    use = read_first_words(buildings["building"]).fillna("")
    tagged_use = pd.Series("", index=buildings.index, dtype="str")
    for tag in USE_TAGS:
        word = read_first_words(buildings[tag])
        # USE_TAGS is in order of weight: the first tag that says something counts
        said = (tagged_use == "") & word.notna() & ~word.isin(NO_USE)
        tagged_use = tagged_use.mask(said, USE_WORDS.get(tag, word))
    return use.mask(use.isin(GENERIC) & (tagged_use != ""), tagged_use)


def _name_buildings(buildings: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Name buildings by name, house name, or street and number."""
    address = (
        buildings["addr:street"].fillna("") + " " + buildings["addr:housenumber"].fillna("")
    ).str.strip()
    # a street alone would give all its houses one name
    address = address.where(buildings["addr:housenumber"].notna(), "")
    return buildings["name"].fillna(buildings["addr:housename"]).fillna(address)


def make_communities(
    features: Features, buildings: gpd.GeoDataFrame, admin_level: int | None = None, least: int = 2
) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make the communities table from administrative areas, else from places drawn as areas.

    ``subdistrict`` is the name of the area of the next coarser level, from 8
    on, that a community lies in; ``kind`` stays empty.

    Raises
    ------
    InputError
        If there is no area of the level asked for.
    """
    areas = features.areas
    drawn = areas[areas["boundary"].eq("administrative").fillna(False).to_numpy(bool)]
    level = pd.to_numeric(drawn["admin_level"], errors="coerce")
    if admin_level is not None and not (level == admin_level).any():
        raise InputError([_describe_no_level(admin_level, level)])
    wanted = LEVELS if admin_level is None else (admin_level,)
    choices = [(f"administrative areas of admin_level {n}", drawn[level == n]) for n in wanted]
    if admin_level is None:
        named = areas[areas["name"].notna() & areas["boundary"].isna()]
        choices += [
            (f"areas of place={'|'.join(words)}", named[named["place"].isin(words)])
            for words in PLACES
        ]
    what, chosen, entries = _choose_areas(choices, buildings, least if admin_level is None else 1)
    if chosen is None:
        reason = (
            "no administrative areas or places hold the buildings: "
            "the communities have to come from elsewhere"
        )
        return make_empty("communities", CRS), [Entry("read", "communities", "noted", 1, reason)]
    entries.append(note("communities", "noted", chosen.index, f"the communities are the {what}"))
    finest = level[level.index.isin(chosen.index)].min()
    entries += _count_unassembled(features.lines, chosen, finest)
    # places have no level, and so nothing coarser above them
    upper = 0 if pd.isna(finest) else finest
    coarser = sorted({n for n in level.dropna() if min(LEVELS) <= n < upper})
    parents = drawn[level == coarser[-1]] if coarser else drawn[:0]
    frame = gpd.GeoDataFrame(
        {
            "community": chosen.index,
            "name": chosen["name"].to_numpy(),
            "subdistrict": _find_parents(chosen, parents),
        },
        geometry=chosen.geometry.to_numpy(),
        crs=CRS,
    )
    return conform_table("communities", frame.assign(origin="given")), entries


def _describe_no_level(asked: int, level: pd.Series[Any]) -> Problem:
    there = (
        ", ".join(f"{n:g} ({count})" for n, count in level.value_counts().sort_index().items())
        or "none"
    )
    message = f"there is no administrative area of admin_level {asked}; there are: {there}"
    return Problem(
        "communities",
        "admin_level",
        message,
        "ask for one of these, or give communities of your own",
    )


def _choose_areas(
    choices: list[tuple[str, gpd.GeoDataFrame]], buildings: gpd.GeoDataFrame, least: int
) -> tuple[str, gpd.GeoDataFrame | None, list[Entry]]:
    """Choose the first areas that hold most buildings, else those that hold the largest share."""
    points = shapely.point_on_surface(buildings.geometry.to_numpy())
    best: tuple[float, str, gpd.GeoDataFrame | None, list[Entry]] = (0.0, "", None, [])
    for what, raw in choices:
        # an area mapped as a way and as a relation comes twice; normalised outlines match
        # whatever corner they begin at
        double = shapely.to_wkb(shapely.normalize(raw.geometry.to_numpy()))
        areas, entries = drop_where(
            "communities",
            raw,
            pd.Series(double, dtype=object).duplicated(),
            "the same outline twice",
        )
        if len(areas) < least:
            continue
        # points counted once, even where two areas overlap
        held = len(
            np.unique(
                shapely.STRtree(areas.geometry.to_numpy()).query(points, predicate="within")[0]
            )
        ) / len(points)
        if held >= HELD:
            return what, areas, entries
        if held > best[0]:
            best = (held, what, areas, entries)
    return best[1:]


def _find_parents(areas: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> Objects:
    """Find the name of the area that each area's middle lies in; empty where there is none."""
    middles = shapely.point_on_surface(areas.geometry.to_numpy())
    inner, outer = shapely.STRtree(parents.geometry.to_numpy()).query(middles, predicate="within")
    names = np.full(len(areas), "", dtype=object)
    # backwards, so that of several parents the first in order is written last
    names[inner[::-1]] = parents["name"].fillna("").to_numpy(dtype=object)[outer[::-1]]
    return names


def _count_unassembled(
    lines: gpd.GeoDataFrame, chosen: gpd.GeoDataFrame, level: float
) -> list[Entry]:
    """Count the pieces of limits of the same level that bound none of the areas.

    The edge of an extract cut the areas that they bound.
    """
    boundaries = lines[lines["boundary"].eq("administrative").fillna(False).to_numpy(bool)]
    boundaries = boundaries[pd.to_numeric(boundaries["admin_level"], errors="coerce") == level]
    middles = shapely.line_interpolate_point(boundaries.geometry.to_numpy(), 0.5, normalized=True)
    limits = shapely.STRtree(shapely.boundary(chosen.geometry.to_numpy()))
    bound = np.zeros(len(boundaries), bool)
    # 1e-6 degrees, a decimetre: the areas are made of these very lines
    bound[limits.query(middles, predicate="dwithin", distance=1e-6)[0]] = True
    reason = (
        f"pieces of limits of admin_level {level:g} whose areas are not whole in the source: "
        "these areas are left out"
    )
    return [note("communities", "dropped", boundaries.index[~bound], reason)]


def make_compounds(features: Features) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make the compounds table: residential land up to 60 ha that has a name, a wall or a gate."""
    areas = features.areas
    land = areas[areas["landuse"].eq("residential").fillna(False).to_numpy(bool)]
    closed = (
        land["barrier"].isin(["wall", "fence", "city_wall"])
        | is_yes(land["gated"])
        | land["residential"].isin(GATED)
    )
    land, entries = drop_where(
        "compounds",
        land,
        land["name"].isna() & ~closed,
        "residential land without name, wall or gate",
    )
    large = measure_areas(land.geometry) > COMPOUND_MOST
    land, more = drop_where(
        "compounds", land, large, f"residential land above {COMPOUND_MOST / 1e4:g} ha: a district"
    )
    # land mapped for a whole village carries the village's name
    settlements = pd.concat(
        [layer.loc[layer["place"].notna(), "name"] for layer in (features.points, areas)]
    ).dropna()
    village = land["name"].isin(settlements)
    land, last = drop_where(
        "compounds",
        land,
        village,
        "residential land named after a village or quarter: not one compound",
    )
    frame = gpd.GeoDataFrame(
        {"compound": land.index, "name": land["name"].to_numpy()},
        geometry=land.geometry.to_numpy(),
        crs=CRS,
    )
    return conform_table("compounds", frame.assign(origin="given")), [*entries, *more, *last]
