"""Which buildings belong to which stand-alone institution, by outline, point, use and nearness."""

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
from gridplan.planning.outlines.exclusive_owners import COLUMNS, list_words
from gridplan.rules.exclusive import ExclusiveRules
from gridplan.site import Site

# Uses of buildings that say what kind of institution stands there, and others
# that its kind may also use.
USES: Mapping[str, tuple[str, ...]] = {
    "school": ("school", "kindergarten", "college", "university"),
    "hospital": ("hospital",),
    "enterprise": ("industrial", "factory", "manufacture", "works", "warehouse"),
    "mall": ("mall", "supermarket", "department_store"),
    "market": ("market", "marketplace"),
}
ALSO: Mapping[str, tuple[str, ...]] = {
    "hospital": ("clinic",),
    "enterprise": ("commercial", "office", "storage_tank", "silo"),
    "mall": ("retail", "commercial"),
    "market": ("retail", "commercial"),
}
# Uses that any institution may have, away from homes.
PLAIN = ("", "yes", "public", "civic", "service", "roof")
BESIDE = 15.0  # m within which a building of plain use belongs to the home beside it
HIT = 30.0  # m within which the nearest building that is no home belongs to an institution's point
# m from wall to wall to an institution's point along its buildings, as far as
# they are its own
FAR = 300.0
# Ways that cross a yard and end none.
INNER_WAYS = (
    "service",
    "footway",
    "path",
    "track",
    "steps",
    "cycleway",
    "pedestrian",
    "corridor",
)


def claim_buildings(
    site: Site, owners: gpd.GeoDataFrame, rules: ExclusiveRules
) -> tuple[gpd.GeoDataFrame, pd.Series[Any]]:
    """Find the buildings of each owner.

    Buildings whose use says so, and that nobody claims, become owners
    themselves.

    A building belongs to the smallest outline around it; else to the point
    within or beside it; else to the nearest owner of a fitting kind along
    buildings within twice ``rules.margin`` of each other that no street,
    barrier or wall divides. No home is anybody's, and every building lies in
    its owner's community.

    Returns
    -------
    The owners, with more at their end whose code is that of their first
    building; and the footprints by number of the owner.

    Examples
    --------
    >>> from gridplan.tables.conform import make_empty
    >>> from gridplan.synthetic.board_plan import CRS, X0, Y0, make_checkerboard, make_table
    >>> site = make_checkerboard()
    >>> hall = {"building": "hall", "use": "school", "community": "0301"}
    >>> hall["geometry"] = shapely.box(X0, Y0 + 80, X0 + 30, Y0 + 120)
    >>> both = pd.concat([site.buildings, make_table("buildings", [hall])]).sort_index()
    >>> none = gpd.GeoDataFrame({c: [] for c in COLUMNS}, geometry="geometry", crs=CRS)
    >>> owners, claims = claim_buildings(site.replace(buildings=both), none, ExclusiveRules())
    >>> owners[["owner", "kind"]].values.tolist(), claims.area.tolist()
    ([['hall', 'school']], [1200.0])
    """
    buildings = site.buildings.sort_index()
    home = (buildings["households"] > 0).to_numpy()
    lone = buildings[~home & ~buildings["residential"].fillna(False).to_numpy(bool)]
    kind, fits = _judge_uses(lone, buildings[home], rules)
    owner = np.full(len(lone), -1, np.int64)
    of = lone["community"].to_numpy(object)
    shapes = lone.geometry.to_numpy()
    # From the surest claim to the weakest: each takes only what nobody has
    # yet.
    _claim_inside(owner, shapes, of, owners)
    edges = _link_buildings(site, shapes, of, 2 * rules.margin)
    _find_seats(owner, shapes, of, owners, buildings[home], fits)
    _claim_near(owner, edges, fits, owners)
    more = _make_owners(owner, lone, kind, edges, len(owners))
    held = np.flatnonzero(owner >= 0)
    both = pd.concat(
        [part for part in (pd.DataFrame(owners), more) if len(part)] or [more], ignore_index=True
    )
    claims = gpd.GeoSeries(shapes[held], index=pd.Index(owner[held]), crs=buildings.crs)
    return gpd.GeoDataFrame(both[list(COLUMNS)], geometry="geometry", crs=buildings.crs), claims


def _judge_uses(
    lone: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, rules: ExclusiveRules
) -> tuple[Any, dict[str, Any]]:
    """Find the kind of owner that the use of each building shows, and which others it fits.

    The kind is empty where the use shows none.
    """
    use = lone["use"].str.lower()
    kinds = list(dict.fromkeys(list_words(rules).values()))
    kind = np.full(len(lone), "", object)
    for word in kinds:
        # The first kind whose words fit counts, in the order of the rule.
        kind[use.isin(USES.get(word, (word,))).to_numpy(bool) & (kind == "")] = word
    plain = use.isin(PLAIN).to_numpy(bool, copy=True)
    near = shapely.STRtree(homes.geometry.to_numpy()).query(
        lone.geometry.to_numpy(), predicate="dwithin", distance=BESIDE
    )[0]
    # A shed beside a house is the house's.
    plain[near] = False
    return kind, {
        word: (kind == word) | plain | use.isin(ALSO.get(word, ())).to_numpy(bool) for word in kinds
    }


def _claim_inside(owner: Ints, shapes: Any, of: Any, owners: gpd.GeoDataFrame) -> None:
    """Give buildings to the smallest outline of their community around them."""
    outlines = owners.geometry.to_numpy()
    area = np.round(shapely.area(outlines), 3)
    row, building = shapely.STRtree(shapely.point_on_surface(shapes)).query(
        outlines, predicate="intersects"
    )
    same_community = (area[row] > 0) & (owners["community"].to_numpy(object)[row] == of[building])
    row = row[same_community]
    building = building[same_community]
    # Written in order, so that the smallest outline comes last and stays; of
    # equals the first.
    order = np.lexsort((-row, -area[row], building))
    owner[building[order]] = row[order]


def _link_buildings(site: Site, shapes: Any, of: Any, reach: float) -> tuple[Ints, Ints, Ints]:
    """Link near buildings of one community with no street, barrier or wall between.

    Gaps are in millimetres.
    """
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=reach)
    same = (a < b) & (of[a] == of[b])
    a = a[same]
    b = b[same]
    streets = site.streets[
        ~site.streets["kind"].isin(INNER_WAYS) & ~site.streets["tunnel"].fillna(False).astype(bool)
    ]
    barriers = site.barriers.geometry.to_numpy()
    barriers = np.where(shapely.get_dimensions(barriers) == 2, shapely.boundary(barriers), barriers)
    lines = np.concatenate([streets.geometry.to_numpy(), barriers])
    between = shapely.shortest_line(shapes[a], shapes[b])
    open_ = np.ones(len(a), bool)
    open_[shapely.STRtree(lines).query(between, predicate="intersects")[0]] = False
    a = a[open_]
    b = b[open_]
    # Whole numbers add up alike on every machine.
    gap = np.round(1000 * shapely.distance(shapes[a], shapes[b])).astype(np.int64)
    return np.append(a, b), np.append(b, a), np.append(gap, gap)


def _find_seats(
    owner: Ints,
    shapes: Any,
    of: Any,
    owners: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    fits: Mapping[str, Any],
) -> None:
    """Give each point the nearest building at or around it, if no home is nearer."""
    points = owners.geometry.to_numpy()
    rows = np.flatnonzero(shapely.area(points) == 0)
    if not len(rows):
        return
    n, building = shapely.STRtree(shapes).query(points[rows], predicate="dwithin", distance=HIT)
    row = rows[n]
    gap = np.round(shapely.distance(points[row], shapes[building]), 3)
    home_shapes = homes.geometry.to_numpy()
    beside = np.full(len(points), np.inf)
    if len(home_shapes):
        n, _ = pair = shapely.STRtree(home_shapes).query(
            points[rows], predicate="dwithin", distance=HIT
        )
        np.minimum.at(
            beside, rows[n], np.round(shapely.distance(points[rows[n]], home_shapes[pair[1]]), 3)
        )
    kinds = owners["kind"].to_numpy(object)
    fit = np.array([fits[k][b] for k, b in zip(kinds[row], building, strict=True)], bool)
    good = (
        (owner[building] < 0)
        & (owners["community"].to_numpy(object)[row] == of[building])
        & (gap <= beside[row])
        & fit
    )
    pairs = pd.DataFrame({"row": row[good], "building": building[good], "gap": gap[good]})
    pairs = (
        # The nearest pairs first; each point and each building once.
        pairs.sort_values(["gap", "row", "building"])
        .drop_duplicates("row")
        .drop_duplicates("building")
    )
    owner[pairs["building"].to_numpy()] = pairs["row"].to_numpy()


def _claim_near(
    owner: Ints, edges: tuple[Ints, Ints, Ints], fits: Mapping[str, Any], owners: gpd.GeoDataFrame
) -> None:
    """Give unclaimed buildings to the owner of a fitting kind nearest along the links."""
    one, two, gap = edges
    count = len(owners) + 1
    most = int(1000 * FAR) * count
    pointed = np.append(shapely.area(owners.geometry.to_numpy()) == 0, False)
    kinds = np.append(owners["kind"].to_numpy(object), "")
    never = np.int64(2**62)
    best = np.full(len(owner), never)
    for kind, fit in fits.items():
        seat = (owner >= 0) & pointed[owner] & (kinds[owner] == kind)
        # Millimetres times the number of owners plus the owner: the least is
        # the nearest, of equals the first.
        key = np.where(seat, owner, never)
        usable = fit & (owner < 0)
        along = (usable | seat)[one] & usable[two]
        a = one[along]
        b = two[along]
        w = gap[along] * count
        # Bellman and Ford: shortest ways from all seats of the kind at once, a
        # link farther each time.
        while True:
            new = key.copy()
            reach = (key[a] < never) & (key[a] + w <= most)
            np.minimum.at(new, b[reach], key[a[reach]] + w[reach])
            if (new == key).all():
                break
            key = new
        best = np.minimum(best, np.where(owner < 0, key, never))
    claimed = best < never
    owner[claimed] = best[claimed] % count


def _make_owners(
    owner: Ints, lone: gpd.GeoDataFrame, kind: Any, edges: tuple[Ints, Ints, Ints], first: int
) -> pd.DataFrame:
    """Make owners of unclaimed buildings whose use is clear.

    Those of one kind that are linked together are one owner.
    """
    free = (owner < 0) & (kind != "")
    one, two, _ = edges
    same = free[one] & free[two] & (kind[one] == kind[two])
    graph = coo_array(
        (np.ones(int(same.sum())), (one[same], two[same])), shape=(len(lone), len(lone))
    )
    label = connected_components(graph, directed=False)[1]
    rows = np.flatnonzero(free)
    _, start, number = np.unique(label[rows], return_index=True, return_inverse=True)
    rank = np.empty(len(start), np.int64)
    # Numbered by their first building, since labels depend on the matrix.
    rank[np.argsort(start)] = np.arange(len(start))
    owner[rows] = first + rank[number]
    seat = lone.iloc[rows[np.sort(start)]]
    data = {
        "owner": seat.index.to_numpy(object),
        "kind": kind[rows[np.sort(start)]],
        "name": seat["building_name"].to_numpy(object),
    }
    places = shapely.point_on_surface(seat.geometry.to_numpy())
    return pd.DataFrame(data).assign(community=seat["community"].to_numpy(object), geometry=places)
