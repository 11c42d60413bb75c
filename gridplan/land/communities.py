"""Communities: which building lies in which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints
from gridplan.errors import InputError, Problem
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
    return site.replace(buildings=site.buildings.assign(community=codes)[keep]).note(entries)


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


def find_holders(shapes: Any, outlines: Any) -> Ints:
    """Find for each shape the outline with the largest part of it, -1 where it meets none."""
    held = np.full(len(shapes), -1, dtype=np.int64)
    tree = shapely.STRtree(shapes)
    # Most shapes lie wholly in one outline, which is quick to see; only the
    # rest is intersected.
    outline, shape = tree.query(outlines, predicate="covers")
    # Backwards, so that of two overlapping outlines that both hold a shape the
    # first one wins.
    order = np.lexsort((-outline, shape))
    held[shape[order]] = outline[order]
    open_shapes = np.flatnonzero(held < 0)
    shape, outline = shapely.STRtree(outlines).query(shapes[open_shapes], predicate="intersects")
    if len(shape):
        common = shapely.area(shapely.intersection(shapes[open_shapes[shape]], outlines[outline]))
        meets = common > 0
        shape = shape[meets]
        outline = outline[meets]
        # Rounded, so that equal halves tie and go to the lower code.
        common = np.round(common[meets], 6)
        order = np.lexsort((-outline, common, shape))
        held[open_shapes[shape[order]]] = outline[order]
    return held


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
