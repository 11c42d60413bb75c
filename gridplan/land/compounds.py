"""Compounds: which building lies in which, inferred from street blocks where none are given."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.geometry.faces import GRID, polygonise
from gridplan.rules.site import SiteRules
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

# Ways of these kinds run inside a compound as well as between two.
INNER_WAYS = (
    *(
        "service",
        "footway",
        "path",
        "track",
        "steps",
        "cycleway",
        "pedestrian",
        "bridleway",
        "corridor",
    ),
    *("living_street", "construction", "proposed"),
)
BLOCK_SHARE = 0.5  # a compound that fills this share of its block takes all of it


def infer_compounds(site: Site, rules: SiteRules) -> Site:
    """Assign buildings to the compounds given, or infer them in urban communities.

    Inferred compounds are clusters, within a block of streets and barriers, of
    buildings of ``rules.compound_floors`` floors or more, each within
    ``rules.compound_gap`` metres of the next, with
    ``rules.compound_households`` households together. The outline is the block
    where it holds no other home and they fill half of it, else the land
    within half the gap around the buildings, so that no two outlines meet.
    Codes are the community's code and a number from west to east; the ledger
    says that they were inferred.
    """
    known = site.compounds[site.compounds["origin"] != "inferred"]
    if len(known):
        return _assign_compounds(site.replace(compounds=known))
    urban = site.communities.index[site.communities["kind"] == "urban"]
    buildings = site.buildings.sort_index()
    tall = (
        (buildings["households"] > 0)
        & (buildings["floors"] >= rules.compound_floors)
        & buildings["community"].isin(urban)
    )
    blocks = _draw_blocks(site)
    clusters = _cluster_buildings(buildings[tall], blocks, rules)
    households = clusters.groupby("cluster")["households"].transform("sum")
    clusters = clusters[households >= rules.compound_households]
    outlines = _draw_compounds(clusters, buildings, blocks, rules)
    codes = pd.Series("", index=buildings.index, dtype="str")
    codes[clusters.index] = clusters["cluster"].map(outlines["compound"])
    reason = (
        f"no compounds given: {len(outlines)} clusters of buildings in street blocks "
        "stand in for them"
    )
    names = sorted(outlines["compound"])
    entry = Entry("compounds", "compounds", "inferred", len(names), reason, names)
    compounds = conform_table("compounds", outlines).sort_index()
    return site.replace(
        compounds=compounds,
        buildings=site.buildings.assign(compound=codes.reindex(site.buildings.index)),
    ).note([entry])


def _assign_compounds(site: Site) -> Site:
    """Assign buildings to the compounds around them, and each compound to one community.

    It is the one of most of its buildings.
    """
    compounds = site.compounds.sort_index()
    buildings = site.buildings
    shapes = compounds.geometry.to_numpy()
    inner = shapely.point_on_surface(buildings.geometry.to_numpy())
    outline, building = shapely.STRtree(inner).query(shapes, predicate="intersects")
    order = np.argsort(-outline, kind="stable")  # where two outlines overlap the first one wins
    codes = pd.Series("", index=buildings.index, dtype="str")
    codes.iloc[building[order]] = compounds.index.to_numpy()[outline[order]]
    inside = codes != ""
    counts = (
        pd.DataFrame({"compound": codes[inside], "community": buildings["community"][inside]})
        .value_counts()
        .reset_index()
    )
    compounds = settle_compounds(compounds, site.communities, counts)
    home = compounds["community"]
    astray = inside & (codes.map(home) != buildings["community"])
    reason = (
        "in a compound of another community: left without compound, "
        "for a compound lies in one community"
    )
    ids = sorted(buildings.index[astray])
    entry = Entry("compounds", "buildings", "noted", len(ids), reason, ids)
    return site.replace(
        compounds=compounds.assign(origin="given"),
        buildings=buildings.assign(compound=codes.mask(astray, "")),
    ).note([entry])


def settle_compounds(
    compounds: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, counts: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Put each compound that has no community yet to the one with most of its buildings.

    Of equals it is the one with the lower code. ``counts`` has columns
    compound, community and count. A compound without buildings goes to the
    nearest community.
    """
    counts = counts.sort_values(["compound", "count", "community"], ascending=[True, False, True])
    home = (
        counts.drop_duplicates("compound")
        .set_index("compound")["community"]
        .reindex(compounds.index)
    )
    within = gpd.GeoSeries(compounds.representative_point(), crs=compounds.crs)
    where = shapely.STRtree(communities.geometry.to_numpy()).query_nearest(
        within.to_numpy(), all_matches=False
    )[1]
    home = home.fillna(
        pd.Series(communities.index.to_numpy()[where], index=compounds.index)
    ).astype("str")
    return compounds.assign(
        community=compounds["community"].where(compounds["community"] != "", home)
    )


def _draw_blocks(site: Site) -> Any:
    """Cut the communities along streets and barriers into blocks.

    Their order does not depend on that of the rows.
    """
    streets = site.streets[
        ~site.streets["kind"].isin(INNER_WAYS) & ~site.streets["tunnel"].fillna(False).astype(bool)
    ]
    barriers = site.barriers.geometry.to_numpy()
    barriers = np.where(shapely.get_dimensions(barriers) == 2, shapely.boundary(barriers), barriers)
    barriers = barriers[shapely.get_dimensions(barriers) == 1]
    limits = shapely.boundary(site.communities.geometry.to_numpy())
    lines = np.concatenate([limits, streets.geometry.to_numpy(), barriers])
    return polygonise(lines)


def _cluster_buildings(homes: gpd.GeoDataFrame, blocks: Any, rules: SiteRules) -> gpd.GeoDataFrame:
    """Cluster buildings by the gaps between their walls within a block and community.

    Adds the columns block and cluster.
    """
    from scipy.sparse import coo_array
    from sklearn.cluster import DBSCAN

    shapes = homes.geometry.to_numpy()
    block = np.full(len(homes), -1, dtype=np.int64)
    face, building = shapely.STRtree(shapely.point_on_surface(shapes)).query(
        blocks, predicate="intersects"
    )
    # Backwards, so that of two faces that share a point the first stays.
    block[building[::-1]] = face[::-1]
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="dwithin", distance=rules.compound_gap)
    community = homes["community"].to_numpy()
    same = (block[a] == block[b]) & (block[a] >= 0) & (community[a] == community[b]) & (a != b)
    a = a[same]
    b = b[same]
    # A stored zero would read as "not near" in a sparse matrix.
    gaps = np.maximum(shapely.distance(shapes[a], shapes[b]), GRID)
    cluster = np.arange(len(homes))
    if len(a):
        graph = coo_array((gaps, (a, b)), shape=(len(homes),) * 2).tocsr()
        cluster = (
            DBSCAN(eps=rules.compound_gap, min_samples=1, metric="precomputed").fit(graph).labels_
        )
    return homes.assign(block=block, cluster=cluster)[block >= 0]


def _draw_compounds(
    clusters: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, blocks: Any, rules: SiteRules
) -> gpd.GeoDataFrame:
    """Draw the outline of each cluster and give it a code; the result is indexed by cluster."""
    first = clusters.groupby("cluster")[["block", "community"]].first()
    around = (
        clusters.geometry.buffer(rules.compound_gap / 2 - GRID, quad_segs=2)
        .groupby(clusters["cluster"])
        .agg(shapely.union_all)
    )
    own_block = blocks[first["block"].to_numpy(dtype=np.int64)]
    outline = shapely.intersection(around.reindex(first.index).to_numpy(), own_block)
    # A block is the compound only if it holds no other home and the buildings
    # fill most of it.
    others = buildings[(buildings["households"] > 0) & ~buildings.index.isin(clusters.index)]
    block, other = shapely.STRtree(others.geometry.to_numpy()).query(blocks, predicate="intersects")
    # A home that only reaches over from another community does not count:
    # communities are independent.
    owner = first.drop_duplicates("block").set_index("block")["community"].reindex(block).to_numpy()
    taken = block[owner == others["community"].to_numpy()[other]]
    alone = ~first["block"].duplicated(keep=False) & ~first["block"].isin(taken)
    filled = shapely.area(outline) >= BLOCK_SHARE * shapely.area(own_block)
    outline = shapely.normalize(np.where(alone & filled, own_block, outline))
    frame = first.assign(origin="inferred").reset_index()
    frame = gpd.GeoDataFrame(frame, geometry=outline, crs=clusters.crs)
    # Rounded to decimetres, so that numbers do not depend on the last bits of
    # a centroid.
    x, y = shapely.get_coordinates(shapely.centroid(outline)).round(1).reshape(-1, 2).T
    frame = frame.iloc[np.lexsort((-y, x, frame["community"].to_numpy(dtype=object)))]
    number = frame.groupby("community").cumcount() + 1
    most = (
        frame.groupby("community")["cluster"].transform("size").astype(str).str.len().clip(lower=2)
    )
    frame["compound"] = [
        f"{c}-x{n:0{w}d}" for c, n, w in zip(frame["community"], number, most, strict=True)
    ]
    return frame.set_index("cluster")
