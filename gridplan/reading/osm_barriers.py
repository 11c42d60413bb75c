"""Barriers, the openings in them, and streets, from OpenStreetMap's lines and areas."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Objects, Shapes
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
NOT_THERE = (
    "proposed",
    "construction",
    "planned",
    "abandoned",
    "razed",
    "dismantled",
    "disused",
    "platform",
    "no",
)
NOT_WALKED = ("motorway", "motorway_link", "raceway", "bus_guideway", "escape", "elevator")
DIGITS = 7  # of degrees: OpenStreetMap's own precision, about a centimetre


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
    # still lines that bridges may cross, so they take part in finding openings
    carried = (lines["over"] | lines["under"]).to_numpy()
    drawn, dropped = drop_where(
        "barriers", lines, carried, "no barrier: over a bridge, through a tunnel or culvert"
    )
    fences = _find_fences(features.areas)
    parts = [part for part in (drawn, areas, fences) if len(part)] or [drawn]
    frame = pd.concat(parts).sort_index()
    frame = gpd.GeoDataFrame(frame.assign(barrier=frame.index), geometry="geometry", crs=CRS)
    openings, notes = _find_openings(features, lines, areas)
    return conform_table("barriers", frame), openings, [*entries, *dropped, *notes]


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
        layer=_read_layer(features),
    )


def _make_shapes(
    features: gpd.GeoDataFrame, kinds: pd.DataFrame, **columns: Any
) -> gpd.GeoDataFrame:
    data = {"kind": kinds["kind"], "hard": kinds["hard"], "name": features["name"], **columns}
    return gpd.GeoDataFrame(
        data, index=features.index, geometry=features.geometry.to_numpy(), crs=CRS
    )


def _read_layer(ways: gpd.GeoDataFrame) -> pd.Series[Any]:
    return pd.to_numeric(ways["layer"], errors="coerce").fillna(0.0)


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


def _find_openings(
    features: Features, lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Find where barriers can be crossed on foot."""
    streets, closed = _find_walkable(features.lines)
    over = streets["bridge"] | streets["tunnel"]
    ways = streets[over]
    # before those under bridges are left out: a culvert below a footbridge is met too
    met = np.zeros(len(ways), bool)
    for shapes in (lines.geometry.to_numpy(), areas.geometry.to_numpy()):
        met[shapely.STRtree(shapes).query(ways.geometry.to_numpy(), predicate="intersects")[0]] = (
            True
        )
    ways, entries = drop_where("openings", ways, ~met, "bridges and tunnels that cross no barrier")
    # a bridge or tunnel over a barrier is its opening
    kept = pd.DataFrame(
        {
            "kind": np.where(ways["bridge"], "bridge", "underpass"),
            "geometry": ways.geometry.to_numpy(),
        },
        ways.index,
    )
    marked = _find_marked(features)
    crossings = find_crossings(
        streets[~over], lines[lines["kind"].isin(["railway", "river", "stream", "motorway"])]
    )
    there = write_places(marked["geometry"].to_numpy(dtype=object))
    # what is mapped as a crossing comes before what geometry suggests
    crossings = crossings[~crossings.index.isin(there)]
    frame = pd.concat([part for part in (kept, marked, crossings) if len(part)] or [kept])
    frame = frame[~frame.index.duplicated()].sort_index()
    table = gpd.GeoDataFrame(frame.assign(opening=frame.index), geometry="geometry", crs=CRS)
    entries += closed
    entries.append(
        note(
            "openings",
            "inferred",
            crossings.index,
            "a street crosses a railway, river, stream or motorway without a mark",
        )
    )
    return conform_table("openings", table), entries


def _find_walkable(lines: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Find the streets that people may walk along, with bridge, tunnel, layer and class."""
    ways = lines[lines["highway"].notna() & ~lines["highway"].isin((*NOT_THERE, *NOT_WALKED))]
    allowed = ways["foot"].isin(["yes", "designated", "permissive"])
    closed = (
        ways["foot"].isin(["no", "private"])
        | ways["access"].isin(["no", "private"])
        | ways["motorroad"].isin(["yes"])
    )
    # along a trunk road only where it says so
    closed = (closed | ways["highway"].isin(["trunk", "trunk_link"])) & ~allowed
    level = pd.DataFrame(
        {
            "bridge": is_yes(ways["bridge"]),
            "tunnel": is_yes(ways["tunnel"]),
            "layer": _read_layer(ways),
        }
    )
    level["trunk"] = ways["highway"].isin(["trunk", "trunk_link"])
    level["ford"] = is_yes(ways["ford"])
    streets = gpd.GeoDataFrame(level, geometry=ways.geometry.to_numpy(), crs=CRS)[~closed]
    barred = ways.index[closed & (level["bridge"] | level["tunnel"])]
    return streets, [
        note("openings", "dropped", barred, "bridges and tunnels not meant for people on foot")
    ]


def _find_marked(features: Features) -> pd.DataFrame:
    """Find what is marked as a crossing: level crossings and fords."""
    points = features.points
    lines = features.lines
    rail = points["railway"].isin(["level_crossing", "crossing"])
    fords = is_yes(points["ford"]) & ~rail
    wet = is_yes(lines["ford"]) & ~is_yes(lines["bridge"]) & ~is_yes(lines["tunnel"])
    parts = [(points[rail], "level_crossing"), (points[fords], "ford"), (lines[wet], "ford")]
    shapes = np.concatenate([features_of.geometry.to_numpy() for features_of, _ in parts])
    index = pd.Index([code for features_of, _ in parts for code in features_of.index], dtype="str")
    kinds = np.concatenate(
        [np.repeat(np.array([kind], object), len(features_of)) for features_of, kind in parts]
    )
    return pd.DataFrame({"kind": kinds, "geometry": shapes}, index=index)


def find_crossings(streets: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Find the places where streets cross barriers, indexed by place.

    A street that only ends at a barrier crosses it only if another ends there
    too: each end is one arm, a street going through has two, and a crossing
    has two arms or more.
    """
    s, b = shapely.STRtree(lines.geometry.to_numpy()).query(
        streets.geometry.to_numpy(), predicate="intersects"
    )
    # a trunk road beside a motorway is joined to it, and crosses nothing
    both = streets["trunk"].to_numpy()[s] & (lines["kind"].to_numpy()[b] == "motorway")
    s = s[~both]
    b = b[~both]
    met = shapely.intersection(streets.geometry.to_numpy()[s], lines.geometry.to_numpy()[b])
    parts, pair = shapely.get_parts(met, return_index=True)
    # where a street runs along a barrier it does not cross it
    points = shapely.get_type_id(parts) == 0
    parts = parts[points]
    s = s[pair[points]]
    b = b[pair[points]]
    # an intersection differs from the mapped vertex in its last digits
    xy = shapely.get_coordinates(parts).round(DIGITS)
    crossing_streets = streets.geometry.to_numpy()[s]
    ends = [
        shapely.get_coordinates(shapely.get_point(crossing_streets, n)).round(DIGITS)
        for n in (0, -1)
    ]
    # a street that ends here is one arm, one that goes through is two
    at_end = (xy == ends[0]).all(axis=1) | (xy == ends[1]).all(axis=1)
    # a ring has no ends
    closed = (ends[0] == ends[1]).all(axis=1)
    meetings = pd.DataFrame(
        {
            "place": write_places(parts),
            "street": streets.index.to_numpy()[s],
            "arms": np.where(at_end & ~closed, 1, 2),
        }
    )
    meetings["kind"] = _name_crossings(streets.iloc[s], lines.iloc[b])
    meetings["geometry"] = shapely.points(xy) if len(xy) else np.empty(0, object)
    # a street may meet two barriers in one place, and still is one street
    arms = meetings.drop_duplicates(["place", "street"]).groupby("place")["arms"].sum()
    # sorted, so that of two kinds in one place the same one always stays
    meetings = meetings[meetings["place"].map(arms).fillna(0).to_numpy() >= 2].sort_values(
        ["place", "kind"]
    )
    return meetings.drop_duplicates("place").set_index("place")[["kind", "geometry"]]


def _name_crossings(streets: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> Objects:
    """Name crossings by which passes above the other.

    Over water without a word it is a bridge that nobody tagged.
    """
    # which one lies higher decides where neither is tagged
    above = streets["layer"].to_numpy() - lines["layer"].to_numpy()
    kind = lines["kind"].to_numpy(dtype=object)
    water = np.isin(kind, ["river", "stream"])
    level = np.select(
        [kind == "railway", streets["ford"].to_numpy(), water],
        ["level_crossing", "ford", "bridge"],
        "crossing",
    )
    names = [lines["under"].to_numpy(), lines["over"].to_numpy(), water, above > 0, above < 0]
    # np.select takes the first that holds: what is tagged comes before what is guessed
    return np.select(names, ["bridge", "underpass", level, "bridge", "underpass"], level).astype(
        object
    )


def write_places(points: Shapes) -> Objects:
    """Write the place of points as a code: ``x95213450y471412340`` is 9.5213450, 47.1412340."""
    middles = shapely.get_coordinates(shapely.centroid(points)) if len(points) else np.empty((0, 2))
    # whole numbers, so that equal places have equal codes on every machine
    scaled = np.rint(middles * 10**DIGITS).astype(np.int64)
    return np.array([f"x{x}y{y}" for x, y in scaled.tolist()], dtype=object)
