"""Openings in barriers, from OpenStreetMap's streets and marked crossings."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Objects, Shapes
from gridplan.reading.osm_tags import (
    CRS,
    METRES_PER_DEGREE,
    Features,
    drop_where,
    is_yes,
    note,
)
from gridplan.rules.neighbours import SERVES
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

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
ON = 1.0  # m from a barrier within which a marked crossing lies on it


def find_openings(
    features: Features, lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Find where barriers can be crossed on foot."""
    streets, closed = _find_walkable(features.lines)
    over = streets["bridge"] | streets["tunnel"]
    barriers = note_mouths(lines)
    ways, entries = _find_ways(streets[over], barriers, areas)
    marked, off = _find_marked(features, barriers, areas)
    crossings, hovering = find_crossings(
        streets[~over],
        barriers[barriers["kind"].isin(["railway", "river", "stream", "motorway"])],
    )
    there = write_places(marked["geometry"].to_numpy(dtype=object))
    # what is mapped as a crossing comes before what geometry suggests
    crossings = crossings[~crossings.index.isin(there)]
    frame = pd.concat([part for part in (ways, marked, crossings) if len(part)] or [ways])
    frame = frame[~frame.index.duplicated()].sort_index()
    table = gpd.GeoDataFrame(frame.assign(opening=frame.index), geometry="geometry", crs=CRS)
    entries += [
        *closed,
        note("openings", "dropped", off, "level crossings and fords that lie on no barrier"),
        note(
            "openings",
            "dropped",
            hovering,
            "over a railway or water in a tunnel, or below one on a bridge: no barrier there",
        ),
        note_crossings(crossings),
    ]
    return conform_table("openings", table), entries


def note_crossings(crossings: pd.DataFrame) -> Entry:
    """Note the crossings that are openings though nothing marks them."""
    reason = "a street crosses a railway, river, stream or motorway without a mark"
    return note("openings", "inferred", crossings.index, reason)


def note_mouths(lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Note which lines run over a bridge or in a tunnel, and where those come out, if anywhere.

    ``mouths`` are the points where such a line, or others that continue it,
    goes on as a barrier.
    """
    carried = (lines["over"] | lines["under"]).to_numpy(bool)
    shapes = lines.geometry.to_numpy()
    ends = np.concatenate(
        [shapely.get_coordinates(shapely.get_point(shapes, n)).round(DIGITS) for n in (0, -1)]
    )
    node = np.unique(ends, axis=0, return_inverse=True)[1].reshape(2, -1)
    first, last = node if len(lines) else np.empty((2, 0), np.int64)
    count = int(node.max(initial=-1)) + 1
    on_ground = np.zeros(count, bool)
    on_ground[node[:, ~carried].ravel()] = True
    graph = coo_array(
        (np.ones(carried.sum()), (first[carried], last[carried])), shape=(count, count)
    )
    chain = connected_components(graph, directed=False)[1]
    places = np.zeros((count, 2))
    places[node.ravel()] = ends
    seen = np.zeros(count, bool)
    seen[node[:, carried].ravel()] = True
    out = np.flatnonzero(seen & on_ground)
    of_line = np.full(len(lines), None, dtype=object)
    for number in np.unique(chain[out]):
        rows = carried & (chain[first] == number)
        of_line[rows] = shapely.multipoints(places[out[chain[out] == number]])
    return lines.assign(carried=carried, mouths=of_line)


def _lie_on_barriers(places: Shapes, barriers: gpd.GeoDataFrame) -> Bools:
    """Whether each place, where a barrier is met, is where people cannot walk but for it.

    It is where the barrier lies on the ground, and near where one comes out of
    a tunnel or off a bridge, since whoever walks round its end passes there.
    """
    latitude = float(np.nanmean(shapely.get_y(shapely.centroid(places)))) if len(places) else 0.0
    mouths = barriers["mouths"].to_numpy(object)
    gap = shapely.distance(_draw_plane(places, latitude), _draw_plane(mouths, latitude))
    return np.asarray(~barriers["carried"].to_numpy(bool) | (gap <= SERVES))


def _draw_plane(shapes: Shapes, latitude: float) -> Shapes:
    """Draw shapes given in degrees on a plane, in metres, good near some latitude.

    Examples
    --------
    >>> step = shapely.linestrings([[[9, 60], [9.001, 60]]])
    >>> shapely.length(_draw_plane(step, 60.0)).round(1).tolist()
    [55.7]
    """
    metres = METRES_PER_DEGREE * np.array([np.cos(np.radians(latitude)), 1.0])
    return np.asarray(shapely.transform(shapes, lambda xy: xy * metres))


def _find_ways(
    ways: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, list[Entry]]:
    """Find the bridges and tunnels that cross a barrier: each is its opening."""
    shapes = ways.geometry.to_numpy()
    way, line = shapely.STRtree(barriers.geometry.to_numpy()).query(shapes, predicate="intersects")
    places = shapely.intersection(shapes[way], barriers.geometry.to_numpy()[line])
    met = np.zeros(len(ways), bool)
    met[way[_lie_on_barriers(places, barriers.iloc[line])]] = True
    met[shapely.STRtree(areas.geometry.to_numpy()).query(shapes, predicate="intersects")[0]] = True
    ways, entries = drop_where("openings", ways, ~met, "bridges and tunnels that cross no barrier")
    kind = np.where(ways["bridge"], "bridge", "underpass")
    frame = pd.DataFrame({"kind": kind, "name": ways["name"].to_numpy()}, ways.index)
    return frame.assign(geometry=ways.geometry.to_numpy()), entries


def _find_walkable(lines: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Find the streets that people may walk along, with name, bridge, tunnel, layer and class."""
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
            "layer": read_layer(ways),
        }
    )
    level["name"] = ways["name"].fillna("")
    level["trunk"] = ways["highway"].isin(["trunk", "trunk_link"])
    level["ford"] = is_yes(ways["ford"])
    streets = gpd.GeoDataFrame(level, geometry=ways.geometry.to_numpy(), crs=CRS)[~closed]
    barred = ways.index[closed & (level["bridge"] | level["tunnel"])]
    return streets, [
        note("openings", "dropped", barred, "bridges and tunnels not meant for people on foot")
    ]


def _find_marked(
    features: Features, barriers: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, Any]:
    """Find what is marked as a crossing: level crossings and fords.

    Also returns the codes of those that lie on no barrier.
    """
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
    names = np.concatenate([features_of["name"].to_numpy() for features_of, _ in parts])
    ground = barriers.geometry.to_numpy()[~barriers["carried"].to_numpy(bool)]
    drawn = np.concatenate([ground, areas.geometry.to_numpy()])
    # Degrees, as narrow as they are in the far north: a metre or less anywhere.
    near = shapely.STRtree(drawn).query(
        shapes, predicate="dwithin", distance=ON / METRES_PER_DEGREE
    )[0]
    on = np.zeros(len(shapes), bool)
    on[near] = True
    marked = pd.DataFrame({"kind": kinds, "name": names, "geometry": shapes}, index=index)
    return marked[on], index[~on]


def find_crossings(streets: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> tuple[pd.DataFrame, Any]:
    """Find the places where streets cross barriers, indexed by place.

    Also returns the places that are on no barrier, since the line that is
    crossed there runs in a tunnel or over a bridge.

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
            "name": streets["name"].to_numpy()[s],
            "on": _lie_on_barriers(parts, lines.iloc[b]),
            "arms": np.where(at_end & ~closed, 1, 2),
        }
    )
    meetings["kind"] = _name_crossings(streets.iloc[s], lines.iloc[b])
    meetings["geometry"] = shapely.points(xy) if len(xy) else np.empty(0, object)
    # a street may meet two barriers in one place, and still is one street
    arms = meetings.drop_duplicates(["place", "street"]).groupby("place")["arms"].sum()
    # sorted, so that of two kinds in one place the same one always stays
    meetings = meetings[meetings["place"].map(arms).fillna(0).to_numpy() >= 2].sort_values(
        ["place", "kind", "street"]
    )
    hovering = meetings["place"][~meetings["place"].isin(meetings["place"][meetings["on"]])]
    meetings = meetings[meetings["on"]].drop_duplicates("place").set_index("place")
    return meetings[["kind", "name", "geometry"]], hovering.unique()


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


def read_layer(ways: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Read the layers of ways: higher ones lie above, 0 where none is given."""
    return pd.to_numeric(ways["layer"], errors="coerce").fillna(0.0)
