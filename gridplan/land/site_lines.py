"""Lines of a site by what they are for outlines: hard limits, main roads, edges, water."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gridplan.arrays import Bools, Shapes
from gridplan.site import Site

MAIN_ROADS = (
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "main_road",
)
LOCAL_STREETS = (
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "road",
)
# No edge of anything: they run across squares and along walls, or are not there.
NO_EDGES = (
    "footway",
    "steps",
    "cycleway",
    "corridor",
    "platform",
    "proposed",
    "construction",
    "raceway",
    "bus_stop",
    "elevator",
)
# Barriers of these kinds are soft unless the data calls them hard.
SOFT_BARRIERS = (
    "stream",
    "ditch",
    "drain",
    "canal",
    "wall",
    "fence",
    "hedge",
    "trunk",
    "primary",
    "secondary",
    "main_road",
)
WALLS = ("wall", "fence", "hedge")
TRACKS = 12.0  # m; tracks up to twice as far apart have no land between them that is anybody's
BED = 2.5  # m that the land of a railway reaches beyond its outer tracks
NARROW = 1.5  # m; half the width of a strip between tracks that is not worth drawing


@dataclass(frozen=True)
class SiteLines:
    """Streets and barriers as lines and polygons.

    Parameters
    ----------
    edges
        Lines that may be an edge of settled land: all but walls, footways and
        tunnels.
    main, local
        Main roads and local streets among them.
    hard
        Lines that nobody can walk across.
    water, tracks
        Polygons of water, and of land between railway tracks.
    """

    edges: Shapes
    main: Shapes
    local: Shapes
    hard: Shapes
    water: Shapes
    tracks: Shapes

    @property
    def wet(self) -> Shapes:
        """Polygons where nobody's land is: water and land between tracks."""
        return np.concatenate([self.water, self.tracks])


def find_site_lines(site: Site) -> SiteLines:
    """Sort the streets and barriers of a site by what they are for outlines."""
    streets = site.streets.sort_index()
    streets = streets[~streets["tunnel"].fillna(False).astype(bool)]
    kind = streets["kind"].str.lower()
    main = kind.isin(MAIN_ROADS).to_numpy()
    local = kind.isin(LOCAL_STREETS).to_numpy()
    # Data without kinds of street: any of them may be the main one.
    if bool((kind == "").all()):
        main = np.ones(len(streets), bool)
    roads = shapely.force_2d(streets.geometry.to_numpy())
    barriers = site.barriers.sort_index()
    shapes = shapely.force_2d(barriers.geometry.to_numpy())
    of = barriers["kind"].str.lower()
    hard = barriers["hard"].fillna(~of.isin(SOFT_BARRIERS)).to_numpy(bool)
    area = shapely.get_dimensions(shapes) == 2
    line = np.where(area, shapely.boundary(shapes), shapes)
    is_line = shapely.get_dimensions(line) == 1
    rail = of.str.contains("rail").to_numpy(bool) & hard & ~area
    drawn = is_line & ~of.isin(WALLS).to_numpy()
    main_barrier = is_line & of.isin(MAIN_ROADS).to_numpy()
    return SiteLines(
        edges=np.concatenate([roads[~kind.isin(NO_EDGES).to_numpy()], line[drawn & ~area]]),
        main=np.concatenate([roads[main], line[main_barrier]]),
        local=roads[local & ~main],
        hard=line[is_line & hard & ~main_barrier],
        water=_keep(shapes, area & hard),
        tracks=find_track_land(shapes[rail]),
    )


def _keep(shapes: Shapes, rows: Bools) -> Shapes:
    parts = shapely.get_parts(shapes[rows])
    return np.asarray(parts[shapely.area(parts) > 0], dtype=object)


def find_track_land(tracks: Shapes) -> Shapes:
    """Find the land between railway tracks, with a bed beside the outer ones.

    A single track has none.

    Examples
    --------
    >>> tracks = shapely.linestrings([[[0, 0], [900, 0]], [[0, 10], [900, 10]]])
    >>> [np.round(shape.bounds).tolist() for shape in find_track_land(tracks)]
    [[-1.0, -1.0, 901.0, 11.0]]
    """
    if not len(tracks):
        return np.array([], dtype=object)
    grown = shapely.union_all(shapely.buffer(tracks, TRACKS, quad_segs=2))
    strips = shapely.buffer(grown, -TRACKS - NARROW, join_style="mitre")
    beds = shapely.buffer(strips, BED, join_style="mitre")
    parts = shapely.get_parts(beds)
    return np.asarray(parts[shapely.area(parts) > 0], dtype=object)
