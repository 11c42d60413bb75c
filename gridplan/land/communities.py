"""Communities: which building lies in which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints
from gridplan.errors import InputError, Problem
from gridplan.geometry.holders import find_holders
from gridplan.rules.site import SiteRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry, name_households


def assign_communities(site: Site, rules: SiteRules) -> Site:
    """Assign every building to the community that holds most of it.

    Equal shares go to the lower code.

    Buildings outside every community go to the nearest one within
    ``rules.outside_limit`` metres where ``rules.outside`` is "nearest"; those
    farther, or all of them where it is "drop", are left out. The ledger counts
    both.

    Raises
    ------
    InputError
        If there is no community at all.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from gridplan.rules.site import SiteRules
    >>> from gridplan.site import Site
    >>> from gridplan.tables.conform import conform_table
    >>> from shapely import box
    >>> def table(name, **columns):
    ...     return conform_table(name, gpd.GeoDataFrame(columns, crs="EPSG:32650"))
    >>> from gridplan.tables.conform import make_empty
    >>> from gridplan.site import SITE_TABLES
    >>> land = [box(0, 0, 50, 50), box(50, 0, 100, 50)]
    >>> houses = [box(45, 5, 52, 9), box(120, 5, 130, 9)]
    >>> site = Site(**{t: make_empty(t, "EPSG:32650") for t in SITE_TABLES}).replace(
    ...     communities=table("communities", community=["w", "e"], geometry=land),
    ...     buildings=table("buildings", building=["a", "b"], geometry=houses))
    >>> assign_communities(site, SiteRules()).buildings["community"].tolist()
    ['w', 'e']
    """
    communities = site.communities.sort_index()
    if communities.empty:
        remedy = "give a table of communities, or let settlements stand in for them"
        raise InputError([Problem("communities", "not empty", "there is no community", remedy)])
    held, attached = find_communities(
        site.buildings.geometry.to_numpy(), communities.geometry.to_numpy(), rules
    )
    keep = held >= 0
    codes = pd.Series(
        np.append(communities.index.to_numpy(dtype=object), "")[held],
        index=site.buildings.index,
        dtype="str",
    )
    far = (
        f", and more than {rules.outside_limit:g} m from the nearest"
        if rules.outside == "nearest"
        else ""
    )
    entries = [
        _count(
            "attached",
            site.buildings[attached],
            "outside every community: put to the nearest one",
        ),
        _count("dropped", site.buildings[~keep], f"outside every community{far}"),
    ]
    zones, shortened = _drop_totals(site.zones, site.buildings["zone"][~keep])
    kept = site.buildings.assign(community=codes)[keep]
    return site.replace(buildings=kept, zones=zones).note([*entries, *shortened])


def _drop_totals(zones: Any, dropped: pd.Series[str]) -> tuple[Any, list[Entry]]:
    """Drop the totals of zones that counted buildings which are left out."""
    partly = zones.index.isin(dropped) & zones["households"].notna().to_numpy()
    reason = "total not used, as it is of buildings outside every community too"
    entry = Entry(
        "communities", "zones", "noted", int(partly.sum()), reason, list(zones.index[partly])
    )
    return zones.assign(households=zones["households"].mask(partly)), [entry]


def find_communities(footprints: Any, outlines: Any, rules: SiteRules) -> tuple[Ints, Bools]:
    """Find the outline that each footprint belongs to, -1 where it belongs to none.

    Also returns which footprints lie outside all outlines, but near one.

    Examples
    --------
    >>> footprints = shapely.box([1, 60], 1, [2, 61], 2)
    >>> find_communities(footprints, shapely.box([0], 0, 50, 50), SiteRules())
    (array([0, 0]), array([False,  True]))
    """
    held = find_holders(footprints, outlines)
    outside = np.flatnonzero(held < 0)
    attached = np.zeros(len(held), dtype=bool)
    if rules.outside == "nearest" and len(outside):
        nearest, gap = find_nearest(footprints[outside], outlines)
        near = gap <= rules.outside_limit
        held[outside[near]] = nearest[near]
        attached[outside[near]] = True
    return held, attached


def _count(action: str, rows: Any, reason: str) -> Entry:
    """Count buildings for the ledger, in rows and in the households that they count."""
    reason += name_households(rows)
    return Entry("communities", "buildings", action, len(rows), reason, sorted(rows.index))


def find_nearest(shapes: Any, outlines: Any) -> tuple[Ints, Floats]:
    """Find for each shape the nearest outline and its distance in metres; of equals the first."""
    (shape, outline), gap = shapely.STRtree(outlines).query_nearest(
        shapes, all_matches=True, return_distance=True
    )
    # Backwards, so that of equals the first is written last and stays.
    order = np.lexsort((-outline, shape))
    nearest = np.zeros(len(shapes), dtype=np.int64)
    gaps = np.zeros(len(shapes))
    nearest[shape[order]] = outline[order]
    gaps[shape[order]] = gap[order]
    return nearest, gaps
