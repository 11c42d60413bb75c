"""Barriers and streets, from OpenStreetMap's lines and areas."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gridplan.reading.osm_openings import NOT_THERE, find_openings, read_layer
from gridplan.reading.osm_sea import make_sea
from gridplan.reading.osm_tags import (
    CRS,
    Features,
    drop_where,
    find_kinds,
    is_yes,
    measure_areas,
    note,
)
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

# m2; a smaller still water is walked round, not a hard barrier (assumption of gridplan)
POND = 2500.0
FLOWING = ("river", "canal", "oxbow", "lagoon", "moat")
TRICKLING = ("stream", "ditch", "drain", "stream_pool")


def make_streets(features: Features) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make the streets table: all ways for people or vehicles; ``kind`` is OSM's class.

    Examples
    --------
    >>> from gridplan.reading.osm_tags import make_layer
    >>> lane = gpd.GeoDataFrame({"highway": ["residential"], "bridge": ["yes"]},
    ...                         geometry=[shapely.linestrings([[9, 47], [9.001, 47]])], crs=CRS)
    >>> nothing = make_layer(lane[:0], [])
    >>> streets, _ = make_streets(Features(nothing, make_layer(lane, ["w1"]), nothing))
    >>> streets[["kind", "bridge", "tunnel"]].to_numpy().tolist()
    [['residential', True, False]]
    """
    ways = features.lines[features.lines["highway"].notna()]
    ways, entries = drop_where(
        "streets", ways, ways["highway"].isin(NOT_THERE), "planned, under construction or gone"
    )
    squares = features.areas.index[
        features.areas["highway"].notna() & features.areas["building"].isna()
    ]
    entries.append(
        note("streets", "dropped", squares, "squares and paved areas: a street is a line")
    )
    frame = gpd.GeoDataFrame(
        {
            "street": ways.index,
            "kind": ways["highway"].to_numpy(),
            "name": ways["name"].to_numpy(),
            "bridge": is_yes(ways["bridge"]).to_numpy(),
            "tunnel": is_yes(ways["tunnel"]).to_numpy(),
        },
        geometry=ways.geometry.to_numpy(),
        crs=CRS,
    )
    return conform_table("streets", frame), entries


def make_barriers(features: Features) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, list[Entry]]:
    """Make the barriers and the openings in them.

    A railway, road or river is no barrier where it runs over a bridge or
    through a tunnel or culvert. Openings are the walkable bridges and tunnels
    that meet a barrier, marked level crossings and fords, and the places where
    a walkable street crosses a railway, river, stream or motorway in any other
    way.

    Returns
    -------
    The barriers table, the openings table, and the lines of the ledger.
    """
    lines = _find_lines(features.lines)
    areas, entries = _find_areas(features.areas)
    # A short culvert or viaduct is an opening of the barrier beside it, so they take part below.
    carried = (lines["over"] | lines["under"]).to_numpy()
    drawn, dropped = drop_where(
        "barriers", lines, carried, "no barrier: over a bridge, through a tunnel or culvert"
    )
    fences = _find_fences(features.areas)
    sea, found_sea = make_sea(features)
    parts = [part for part in (drawn, areas, fences, sea) if len(part)] or [drawn]
    frame = pd.concat(parts).sort_index()
    frame = gpd.GeoDataFrame(frame.assign(barrier=frame.index), geometry="geometry", crs=CRS)
    openings, notes = find_openings(features, lines, areas)
    return conform_table("barriers", frame), openings, [*entries, *dropped, *found_sea, *notes]


def _find_lines(lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find the lines that are barriers, with bridge, tunnel and layer."""
    kinds = find_kinds("barriers", lines, ("railway", "waterway", "highway", "barrier"))
    features = lines.loc[kinds.index]
    under = (
        is_yes(features["tunnel"])
        | is_yes(features["covered"])
        | features["location"].eq("underground").fillna(False)
    )
    return _make_shapes(
        features,
        kinds,
        over=is_yes(features["bridge"]),
        under=under.astype(bool),
        layer=read_layer(features),
    )


def _make_shapes(
    features: gpd.GeoDataFrame, kinds: pd.DataFrame, **columns: Any
) -> gpd.GeoDataFrame:
    data = {"kind": kinds["kind"], "hard": kinds["hard"], "name": features["name"], **columns}
    return gpd.GeoDataFrame(
        data, index=features.index, geometry=features.geometry.to_numpy(), crs=CRS
    )


def _find_areas(areas: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Find the waters: rivers and lakes are hard; small ponds and the beds of streams are soft."""
    kinds = find_kinds("barriers", areas, ("natural", "waterway", "landuse"))
    # an area that is a building too is not water to walk round
    kinds = kinds[areas.loc[kinds.index, "building"].isna().to_numpy()]
    features = areas.loc[kinds.index]
    still = kinds["kind"] == "lake"
    kinds = kinds.assign(kind=kinds["kind"].mask(still & features["water"].isin(FLOWING), "river"))
    kinds = kinds.assign(
        kind=kinds["kind"].mask(still & features["water"].isin(TRICKLING), "stream")
    )
    # after rivers and streams are sorted out: only still water is measured
    small = (kinds["kind"] == "lake") & (measure_areas(features.geometry) < POND)
    kinds = kinds.assign(kind=kinds["kind"].mask(small, "pond"))
    # ponds and streams can be walked round or stepped over
    kinds = kinds.assign(hard=kinds["hard"] & kinds["kind"].isin(["river", "lake"]))
    under = (
        is_yes(features["tunnel"])
        | is_yes(features["covered"])
        | features["location"].eq("underground").fillna(False)
    )
    shapes, entries = drop_where(
        "barriers", _make_shapes(features, kinds), under, "water under the ground is no barrier"
    )
    entries.append(
        note(
            "barriers",
            "noted",
            small.index[small],
            f"still waters below {POND:g} m2 are soft barriers",
        )
    )
    return shapes, entries


def _find_fences(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find the walls round areas: the outline is the barrier."""
    kinds = find_kinds("barriers", areas, ("barrier",))
    kinds = kinds[areas.loc[kinds.index, "building"].isna().to_numpy()]
    # a pond with a fence is a barrier already, as a whole
    water = find_kinds("barriers", areas, ("natural", "waterway", "landuse")).index
    kinds = kinds[~kinds.index.isin(water)]
    # an area tagged as a wall is walled along its outline
    fences = _make_shapes(areas.loc[kinds.index], kinds)
    return fences.set_geometry(shapely.boundary(fences.geometry.to_numpy()), crs=CRS)
