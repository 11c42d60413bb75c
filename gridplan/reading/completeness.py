"""What a site lacks or has too much of, said before a plan is drawn on it.

An extract with forty buildings on square kilometres of streets is a map that
nobody has finished: homes stand along residential streets, and where none does
for kilometres, buildings are missing and not people.
"""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.reading.layer_names import REMARK
from gridplan.site import Site
from gridplan.tables.ledger import Entry, name_households

LIVED_ON = ("residential", "living_street")
BESIDE = 60.0  # m from a street within which a building stands beside it
STEP = 50.0  # m of street that are looked at as one
LEAST_STREETS = 2_000.0  # m of residential streets, below which nothing is said
MOST_BARE = 0.4  # share of them without a building, above which buildings are missing
LONE = 5_000.0  # m from any other building, from which on one is named as a stray


def note_completeness(site: Site) -> Site:
    """Note what is missing or lies apart in a site, for the screen and the ledger."""
    return site.note([*_note_bare_streets(site), *_note_lone(site)])


def measure_bare_streets(
    streets: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame
) -> tuple[float, float]:
    """Measure residential streets (m), and how much of them has no building beside it (m).

    Examples
    --------
    >>> lanes = [shapely.linestrings([[0, y], [1000, y]]) for y in (0, 500)]
    >>> streets = gpd.GeoDataFrame({"kind": ["residential"] * 2}, geometry=lanes, crs=32650)
    >>> house = gpd.GeoDataFrame(geometry=[shapely.box(0, 5, 1000, 20)], crs=32650)
    >>> measure_bare_streets(streets, house)
    (2000.0, 1000.0)
    """
    lived_on = streets[streets["kind"].isin(LIVED_ON)]
    pieces, length = _cut(lived_on.geometry.to_numpy())
    if not len(pieces) or not len(buildings):
        return float(length.sum()), float(length.sum())
    tree = shapely.STRtree(buildings.geometry.to_numpy())
    bare = np.ones(len(pieces), bool)
    bare[tree.query(pieces, predicate="dwithin", distance=BESIDE)[0]] = False
    return float(length.sum()), float(length[bare].sum())


def _cut(lines: Floats) -> tuple[Floats, Floats]:
    """Cut lines into pieces of about ``STEP``; return their middles and lengths."""
    parts = shapely.get_parts(lines)
    whole = shapely.length(parts)
    count = np.maximum(1, np.rint(whole / STEP)).astype(np.int64)
    line = np.repeat(np.arange(len(parts)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    share = (np.arange(len(line)) - first + 0.5) / count[line]
    middles = shapely.line_interpolate_point(parts[line], share, normalized=True)
    return np.asarray(middles), np.asarray((whole / count)[line])


def _note_bare_streets(site: Site) -> Iterator[Entry]:
    length, bare = measure_bare_streets(site.streets, site.buildings)
    if length >= LEAST_STREETS and bare > MOST_BARE * length:
        reason = (
            f"buildings are missing in the data: {bare / 1000:,.1f} of {length / 1000:,.1f} km of "
            f"residential streets have none within {BESIDE:g} m, beside the "
            f"{len(site.buildings):,} that are there; a plan would leave out who lives there"
        )
        yield Entry(REMARK, "buildings", "noted", len(site.buildings), reason)


def _note_lone(site: Site) -> Iterator[Entry]:
    """Name the buildings that lie far from any other."""
    shapes = site.buildings.geometry.to_numpy()
    if len(shapes) < 3:
        return
    # only the nearest of each is looked for: pairs within kilometres would be nearly all
    row, distance = _find_nearest(shapes)
    lone = np.zeros(len(shapes), bool)
    lone[row] = distance > LONE
    if lone.any():
        rows = site.buildings[lone]
        reason = f"more than {LONE / 1000:g} km from any other building{name_households(rows)}"
        yield Entry(REMARK, "buildings", "noted", len(rows), reason, sorted(rows.index))


def _find_nearest(shapes: Floats) -> tuple[Ints, Floats]:
    """Find how far the middle of each shape is from the nearest other (m)."""
    middles = shapely.centroid(shapes)
    pairs, distance = shapely.STRtree(middles).query_nearest(
        middles, exclusive=True, return_distance=True, all_matches=False
    )
    return np.asarray(pairs[0]), np.asarray(distance)
