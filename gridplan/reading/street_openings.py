"""Openings in barriers of files that have none: where streets cross them.

The rules are those of OpenStreetMap files: a walkable bridge or tunnel that
meets a barrier opens it, and so does a walkable street that goes through a
railway, river, stream or motorway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.reading.osm_openings import (
    NOT_THERE,
    NOT_WALKED,
    find_crossings,
    note_crossings,
    note_mouths,
    write_places,
)
from gridplan.reading.osm_tags import CRS, note
from gridplan.site import Reading
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

# What gridplan and its users call kinds of barriers -> what crossings are judged by.
_KINDS = {
    "railway": "railway",
    "rail": "railway",
    "铁路": "railway",
    "river": "river",
    "canal": "river",
    "河": "river",
    "河流": "river",
    "stream": "stream",
    "motorway": "motorway",
    "高速公路": "motorway",
}


def add_openings(reading: Reading, added: Sequence[Any] = ()) -> Reading:
    """Add openings to a reading that has barriers and streets, and no openings.

    Where the source has openings, only the barriers that were ``added`` to
    its own need more.

    Examples
    --------
    >>> rail = gpd.GeoDataFrame({"kind": ["railway"]}, crs=CRS,
    ...                         geometry=[shapely.linestrings([[9, 47], [9, 47.002]])])
    >>> lane = gpd.GeoDataFrame({"kind": ["residential"]}, crs=CRS,
    ...                         geometry=[shapely.linestrings([[8.999, 47.001], [9.001, 47.001]])])
    >>> add_openings(Reading({"barriers": rail, "streets": lane})).tables["openings"]["kind"][0]
    'level_crossing'
    """
    streets = reading.tables.get("streets")
    barriers = reading.tables.get("barriers")
    there = reading.tables.get("openings")
    if there is not None:
        parts = [part.to_crs(CRS) for part in added if _are_placed(part)]
        barriers = pd.concat(parts, ignore_index=True) if parts else None
    if not _are_placed(streets) or not _are_placed(barriers):
        return reading
    table, entries = make_openings(streets, barriers)
    if not len(table):
        return reading
    table = table.reset_index()
    if there is not None and len(there) and there.crs is not None:
        there = there.reset_index() if there.index.name == "opening" else there
        table = table.to_crs(there.crs)
        known = set(there["opening"]) if "opening" in there.columns else set()
        table = pd.concat([there, table[~table["opening"].isin(known)]], ignore_index=True)
    tables = {**reading.tables, "openings": table}
    return replace(reading, tables=tables, entries=(*reading.entries, *entries))


def _are_placed(frame: Any) -> bool:
    return isinstance(frame, gpd.GeoDataFrame) and len(frame) > 0 and frame.crs is not None


def make_openings(
    streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make the openings of barriers by the streets that cross them, in degrees (WGS 84)."""
    ways = _find_walked(streets)
    lines = _find_lines(barriers)
    over = (ways["bridge"] | ways["tunnel"]).to_numpy(bool)
    bridges = ways[over]
    met = np.zeros(len(bridges), bool)
    shapes = barriers.to_crs(CRS).geometry.to_numpy()
    met[shapely.STRtree(shapes).query(bridges.geometry.to_numpy(), predicate="intersects")[0]] = (
        True
    )
    bridges = bridges[met]
    kept = pd.DataFrame(
        {
            "kind": np.where(bridges["bridge"], "bridge", "underpass").astype(object),
            "geometry": bridges.geometry.to_numpy(),
        },
        index=pd.Index(write_places(bridges.geometry.to_numpy()), dtype="str"),
    )
    crossings, _ = find_crossings(ways[~over], lines)
    crossings = crossings[~crossings.index.isin(kept.index)]
    frame = pd.concat([part for part in (kept, crossings) if len(part)] or [kept])
    frame = frame[~frame.index.duplicated()].sort_index()
    table = gpd.GeoDataFrame(frame.assign(opening=frame.index), geometry="geometry", crs=CRS)
    entries = [
        note("openings", "inferred", kept.index, "bridges and tunnels of streets over barriers"),
        note_crossings(crossings),
    ]
    return conform_table("openings", table), entries


def _find_walked(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find the streets that people walk along, with bridge, tunnel, layer and class."""
    table = conform_table("streets", streets)
    kind = table["kind"].str.lower()
    shut = kind.isin((*NOT_THERE, *NOT_WALKED, "trunk", "trunk_link")).to_numpy(bool)
    line = shapely.get_dimensions(table.geometry.to_numpy()) == 1
    walked = table[line & ~shut].to_crs(CRS).explode(index_parts=False).reset_index(drop=True)
    return walked.assign(
        bridge=walked["bridge"].fillna(False).astype(bool),
        tunnel=walked["tunnel"].fillna(False).astype(bool),
        layer=0.0,
        trunk=False,
        ford=False,
    )


def _find_lines(barriers: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find the lines that streets may cross anywhere, with what crossings are judged by."""
    table = conform_table("barriers", barriers).reset_index()
    words = table["kind"].str.lower()
    kind = words.map(_KINDS).where(~words.str.startswith("rail"), "railway")
    is_line = shapely.get_dimensions(table.geometry.to_numpy()) == 1
    lines = table.assign(kind=kind)[is_line & kind.notna().to_numpy()].to_crs(CRS)
    return note_mouths(lines.assign(over=False, under=False, layer=0.0))
