"""Zones whose total of households is known: which of them holds each building."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.geometry.holders import find_holders
from gridplan.reading.layer_names import REMARK
from gridplan.tables.ledger import Entry, name_households


def place_in_zones(
    buildings: gpd.GeoDataFrame, zones: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Find the zone of each building: the one that it names, else the one that holds most of it.

    Equal parts go to the lower code. A building in no zone, or in one whose
    households are not known, is estimated by itself.

    Returns
    -------
    The buildings with ``zone`` filled in, and what the ledger is to say.

    Examples
    --------
    >>> import shapely
    >>> from gridplan.tables.conform import conform_table
    >>> def table(name, **columns):
    ...     return conform_table(name, gpd.GeoDataFrame(columns, crs="EPSG:32650"))
    >>> land = [shapely.box(0, 0, 50, 50)]
    >>> zones = table("zones", zone=["t1"], households=[7], geometry=land)
    >>> homes = shapely.box([45, 20, 90], 5, [52, 29, 99], 9)
    >>> houses = table("buildings", building=["a", "b", "c"], geometry=homes)
    >>> placed, entries = place_in_zones(houses, zones)
    >>> placed["zone"].tolist(), entries[1].reason
    (['t1', 't1', ''], 'in no zone: their households are estimated without a total of one')
    """
    given = buildings["zone"]
    if zones.empty:
        unused = given != ""
        reason = "zones of buildings not used, as there is no table of zones (--zones FILE)"
        entry = Entry("survey", "buildings", "noted", int(unused.sum()), reason)
        return buildings.assign(zone=pd.Series("", buildings.index, dtype="str")), [entry]
    known = given.isin(zones.index).to_numpy()
    shaped = zones[zones.geometry.notna()]
    code = np.where(known, given.to_numpy(object), "")
    if len(shaped):
        held = find_holders(buildings.geometry.to_numpy(), shaped.geometry.to_numpy())
        by_place = np.append(shaped.index.to_numpy(object), "")[held]
        code = np.where(known, code, by_place)
    strange = buildings[~known & (given != "").to_numpy()]
    outside = buildings[code == ""]
    silent = zones.index[zones["households"].isna()]
    entries = [
        _note("buildings", strange, "name a zone that is not in the table of zones"),
        _note(
            "buildings",
            outside,
            "in no zone: their households are estimated without a total of one"
            + name_households(outside),
        ),
        _note(
            "zones", zones.loc[silent], "households not known: their buildings are estimated freely"
        ),
    ]
    return buildings.assign(zone=pd.Series(code, buildings.index, dtype="str")), entries


def _note(table: str, rows: Any, reason: str) -> Entry:
    # shown on the screen; what is noted of zones always is
    step = REMARK if table == "buildings" else "survey"
    return Entry(step, table, "noted", len(rows), reason, sorted(rows.index))
