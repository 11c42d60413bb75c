"""Owners of exclusive grids: which institutions stand alone, which are the same, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Ints
from gridplan.rules.exclusive import ExclusiveRules

# Words of places and institutions that mean the same kind of owner; any other
# word in the rule means itself.
WORDS: Mapping[str, tuple[str, ...]] = {
    "school": ("school", "kindergarten", "college", "university"),
    "hospital": ("hospital",),
    "enterprise": ("enterprise", "industrial", "commercial", "factory", "works", "company"),
    "mall": ("mall", "supermarket", "department_store", "shopping_centre"),
    "market": ("market", "marketplace"),
}
# a place or institution of this kind always gets an exclusive grid: the way to
# give a layer of them
GIVEN = "exclusive"
NAMESAKES = 100.0  # m within which owners of one name are one
SPOT = 10.0  # m within which owners of one kind are one where a name is missing
COLUMNS = ("owner", "kind", "name", "community", "geometry")


def list_words(rules: ExclusiveRules) -> dict[str, str]:
    """List the kinds of places that get an exclusive grid, and the kind of owner that each means.

    Examples
    --------
    >>> list_words(ExclusiveRules(kinds=("school", "prison")))["college"]
    'school'
    >>> list_words(ExclusiveRules(kinds=("prison",)))
    {'prison': 'prison', 'exclusive': 'exclusive'}
    """
    kinds = [*rules.kinds, GIVEN]
    return {word: kind for kind in kinds for word in WORDS.get(kind, (kind,))}


def find_owners(
    places: gpd.GeoDataFrame,
    institutions: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    rules: ExclusiveRules,
    wanted: Any = None,
) -> tuple[gpd.GeoDataFrame, dict[str, list[str]]]:
    """Find the stand-alone institutions, each once, and the community that each belongs to.

    A place and an institution are one where they share a name within 100 m, or
    a kind where one has no name and the outline of one holds the other (or
    both are points within 10 m). An institution's code goes before a place's.
    What has an outline belongs to the community that holds most of it, a point
    to the one that it lies in.

    Parameters
    ----------
    places, institutions
        The site's tables.
    communities
        All communities that any of them may lie in.
    rules
        Which kinds get an exclusive grid.
    wanted
        Codes of the communities whose owners are wanted; all of them if not
        given.

    Returns
    -------
    A table with the columns owner, kind, name, community and geometry, sorted
    by owner; those in no community are left out. And the codes of owners by
    what was noted: ``double``, ``over`` (lies in several communities).

    Examples
    --------
    >>> from gridplan.tables.conform import conform_table, make_empty
    >>> def table(of, geometry, **columns):
    ...     return conform_table(of, gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:32650"))
    >>> yard, gate = shapely.box(0, 0, 60, 40), shapely.Point(30, 20)
    >>> school = {"kind": ["school"], "name": ["东湖小学"]}
    >>> places = table("places", [yard], place=["p1"], **school)
    >>> institutions = table("institutions", [gate], institution=["i1"], **school)
    >>> land = table("communities", [shapely.box(-9, -9, 99, 99)], community=["c"])
    >>> owners, noted = find_owners(places, institutions, land, ExclusiveRules())
    >>> owners[["owner", "community"]].values.tolist(), owners.area.tolist(), noted["double"]
    ([['i1', 'c']], [2400.0], ['p1'])
    """
    rows = _list_candidates(places, institutions, list_words(rules))
    if rows.empty:
        none = gpd.GeoDataFrame(
            {c: [] for c in COLUMNS[:-1]},
            geometry=gpd.GeoSeries([], crs=places.crs),
            crs=places.crs,
        )
        return none, {"double": [], "over": []}
    rows["group"] = _number_same(rows)
    owners = _join_groups(rows)
    community, over = _find_community(owners["geometry"].to_numpy(), communities.sort_index())
    owners = owners.assign(community=community, over=over)
    owners = owners[
        owners["community"].isin(communities.index if wanted is None else wanted)
    ].sort_values("owner", ignore_index=True)
    double = rows[rows["group"].isin(owners["group"]) & ~rows["owner"].isin(owners["owner"])]
    noted = {"double": sorted(double["owner"]), "over": sorted(owners.loc[owners["over"], "owner"])}
    return gpd.GeoDataFrame(owners[list(COLUMNS)], geometry="geometry", crs=places.crs), noted


def _list_candidates(
    places: gpd.GeoDataFrame, institutions: gpd.GeoDataFrame, words: Mapping[str, str]
) -> Any:
    """List the places and institutions of the kinds asked for, institutions first.

    What is a line counts as a point.
    """
    parts = []
    for rank, table in enumerate((institutions, places)):
        table = table.sort_index()
        fitting = table[table["kind"].str.lower().isin(words).to_numpy(bool)]
        kind = fitting["kind"].str.lower().map(dict(words)).to_numpy(object)
        data = {
            "owner": fitting.index.to_numpy(object),
            "kind": kind,
            "name": fitting["name"].to_numpy(object),
            "rank": rank,
        }
        parts.append(pd.DataFrame(data).assign(geometry=fitting.geometry.to_numpy()))
    rows = pd.concat(parts, ignore_index=True)
    shapes = rows["geometry"].to_numpy(object)
    rows["outlined"] = shapely.area(shapes) > 0
    # A point on the line, not its middle, which may lie far off a bent one.
    rows["geometry"] = np.where(rows["outlined"], shapes, shapely.point_on_surface(shapes))
    return rows


def _number_same(rows: pd.DataFrame) -> Ints:
    """Give the candidates numbers, those which are one and the same the same number."""
    shapes = rows["geometry"].to_numpy(object)
    name = rows["name"].to_numpy(object)
    kind = rows["kind"].to_numpy(object)
    outlined = rows["outlined"].to_numpy(bool)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=NAMESAKES)
    once = a < b
    a = a[once]
    b = b[once]
    apart = shapely.distance(shapes[a], shapes[b])
    named = (name[a] == name[b]) & (name[a] != "")
    bare = (kind[a] == kind[b]) & ((name[a] == "") | (name[b] == ""))
    # Half of the smaller outline: two maps never draw one yard alike.
    inside = shapely.area(shapely.intersection(shapes[a], shapes[b])) > 0.5 * np.minimum(
        *shapely.area([shapes[a], shapes[b]])
    )
    points = ~(outlined[a] & outlined[b])
    bare &= np.where(points, apart <= np.where(outlined[a] | outlined[b], 0.0, SPOT), inside)
    same = named | bare
    graph = coo_array((np.ones(int(same.sum())), (a[same], b[same])), shape=(len(rows), len(rows)))
    # What is the same as a third is the same: a school may be in three layers.
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _join_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Join what is one and the same.

    Code and name of the first, the more telling kind, and all outlines
    together.
    """
    rows = rows.sort_values(["group", "rank", "owner"], kind="stable")
    first = rows.drop_duplicates("group").set_index("group")
    # Enterprise says the least, since any office may be called one.
    telling = rows.assign(plain=rows["kind"] == "enterprise").sort_values(
        ["group", "plain"], kind="stable"
    )
    name = rows[rows["name"] != ""].drop_duplicates("group").set_index("group")["name"]
    out = first.assign(
        kind=telling.drop_duplicates("group").set_index("group")["kind"],
        name=name.reindex(first.index).fillna(""),
    )
    many = rows[rows["outlined"]].groupby("group")["geometry"]
    lands = many.first()
    several = many.size()[lambda s: s > 1].index
    for group in several:
        lands[group] = shapely.union_all(many.get_group(group).to_numpy(object))
    drawn = lands.reindex(out.index)
    return out.assign(geometry=drawn.where(drawn.notna(), out["geometry"])).reset_index()


def _find_community(shapes: Any, communities: gpd.GeoDataFrame) -> tuple[Any, Any]:
    """Find the community that holds most of each shape, and whether it lies in several.

    The lower code wins a tie.
    """
    limits = communities.geometry.to_numpy()
    codes = np.append(communities.index.to_numpy(object), "")
    row, limit = shapely.STRtree(limits).query(shapes, predicate="intersects")
    # Rounded to a thousandth of a square metre, so that equal parts tie.
    common = np.round(shapely.area(shapely.intersection(shapes[row], limits[limit])), 3)
    met = (shapely.area(shapes[row]) == 0) | (common > 0)
    row = row[met]
    limit = limit[met]
    common = common[met]
    # Written in order, so that the largest part, of equals the lower code,
    # comes last and stays.
    order = np.lexsort((-limit, common, row))
    held = np.full(len(shapes), -1)
    held[row[order]] = limit[order]
    # A square metre over the limit is a fault of drawing.
    several = np.bincount(row[common > 1.0], minlength=len(shapes)) > 1
    return codes[held], several
