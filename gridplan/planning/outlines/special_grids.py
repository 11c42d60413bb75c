"""Special grids: stretches of rivers, lakes and railways over the sub-grids, with chiefs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Shapes
from gridplan.geometry.repair import keep_areas
from gridplan.geometry.stretches import cut_area, cut_lines, measure_middles, merge_tracks
from gridplan.rules.special import SpecialRules
from gridplan.tables.conform import conform_table, make_empty
from gridplan.tables.ledger import Entry

LONG = 8.0  # times as long as wide, from which a water is a river where the data only says water
# m; a line so near the limit of two communities runs along it, and belongs to
# the one with the lower code
ALONG = 0.05
# m, m2; what a barrier has less of in a community is a mere corner
LEAST_LINE = 20.0
LEAST_AREA = 100.0


@dataclass(frozen=True)
class SpecialGrids:
    """Special grids, the sub-grids that they touch, and what was noted."""

    grids: gpd.GeoDataFrame
    touches: pd.DataFrame
    entries: tuple[Entry, ...]


def find_specials(
    barriers: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    subgrids: gpd.GeoDataFrame,
    rules: SpecialRules,
    around: gpd.GeoDataFrame | None = None,
) -> SpecialGrids:
    """Cut rivers, lakes and railways at community limits, into stretches of ``rules.length``.

    In each community the lines of one kind and name are one, and tracks side
    by side count once; they are cut into pieces of equal length, so that no
    short rest is left. Rivers drawn as areas are cut across their length, a
    lake is one in each community. A line along a limit belongs to the
    community with the lower code.

    Parameters
    ----------
    barriers, communities
        The site's tables.
    subgrids
        The sub-grids with their outlines.
    rules
        Which kinds, the length of a stretch, and how near a sub-grid touches
        it, in metres.
    around
        Communities beside the site's own that a line along a limit may belong
        to.

    Examples
    --------
    >>> def table(of, geometry, **columns):
    ...     return conform_table(of, gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:32650"))
    >>> land = table("communities", [shapely.box(0, 0, 3000, 100)], community=["c"])
    >>> tracks = [shapely.LineString([(-500, y), (3500, y)]) for y in (50, 54)]
    >>> rails = table("barriers", tracks, barrier=["b1", "b2"], kind="railway", name="")
    >>> west = table("subgrids", [shapely.box(0, 0, 1200, 100)], subgrid=["c-001"], community="c")
    >>> found = find_specials(rails, land, west, SpecialRules())
    >>> found.grids["length"].round().to_dict()
    {'c-S001': 1000.0, 'c-S002': 1000.0, 'c-S003': 1000.0}
    >>> found.touches.round()[["special_grid", "subgrid", "length"]].values.tolist()
    [['c-S001', 'c-001', 1000.0], ['c-S002', 'c-001', 205.0]]
    """
    features = _take_kinds(barriers, rules)
    parts, corners = _clip(
        features, communities.sort_index(), communities if around is None else around
    )
    rows = [
        row
        for _, group in parts.groupby("community", sort=True)
        for row in _cut_community(group, rules)
    ]
    note = Entry(
        "special",
        "barriers",
        "noted",
        len(corners),
        "mere corners of them in a community: no special grid",
        corners,
    )
    if not rows:
        return SpecialGrids(
            make_empty("special_grids", communities.crs), make_empty("touches"), (note,)
        )
    table = _number_apart(pd.DataFrame(rows))
    number = table.groupby("community").cumcount() + 1
    # At least three digits; as many as the community's last number has, so
    # that codes sort.
    width = (
        table.groupby("community")["community"]
        .transform("size")
        .astype(str)
        .str.len()
        .clip(lower=3)
    )
    table["special_grid"] = [
        f"{c}-S{n:0{w}d}" for c, n, w in zip(table["community"], number, width, strict=True)
    ]
    grids = gpd.GeoDataFrame(
        table.assign(subgrid_count=0), geometry="geometry", crs=communities.crs
    )
    touches = find_touches(grids.set_index("special_grid"), subgrids, rules.touch)
    count = touches.groupby("special_grid").size().reindex(grids["special_grid"], fill_value=0)
    grids["subgrid_count"] = count.to_numpy()
    return SpecialGrids(conform_table("special_grids", grids).sort_index(), touches, (note,))


def _take_kinds(barriers: gpd.GeoDataFrame, rules: SpecialRules) -> gpd.GeoDataFrame:
    """Take the barriers of the kinds asked for, in order of code.

    What is only called water is a river if it is long.
    """
    features = barriers.sort_index()
    shapes = features.geometry.to_numpy()
    kind = features["kind"].str.lower()
    length = measure_middles(shapes)
    area = shapely.area(shapes)
    # A lake is about as long as it is wide; water much longer is a river.
    long = (area == 0) | (length**2 > LONG * area)
    kind = kind.mask(
        kind == "water",
        pd.Series(np.where(long, "river", "lake"), index=features.index, dtype="str"),
    )
    wanted = kind.isin(list(rules.kinds)) & (shapely.get_dimensions(shapes) > 0)
    return features.assign(kind=kind)[wanted]


def _clip(
    barriers: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, around: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Clip barriers to communities, and list the barriers with mere corners there.

    Each part has its community, barrier, kind, name and shape.
    """
    limits = communities.geometry.to_numpy()
    shapes = barriers.geometry.to_numpy()
    solid = shapely.get_dimensions(shapes) == 2
    community, barrier = shapely.STRtree(shapes).query(limits, predicate="dwithin", distance=ALONG)
    parts = np.full(len(barrier), None, dtype=object)
    # Areas are cut at the very limit, lines by zones that each own the lines
    # along it.
    flat = solid[barrier]
    parts[flat] = shapely.intersection(shapes[barrier[flat]], limits[community[flat]])
    zone = _draw_zones(communities, around)
    parts[~flat] = shapely.intersection(shapes[barrier[~flat]], zone[community[~flat]])
    size = np.where(flat, shapely.area(parts), shapely.length(parts))
    met = (size > 0) & (shapely.is_empty(parts) == 0)
    table = pd.DataFrame(
        {
            "community": communities.index.to_numpy(object)[community],
            "barrier": barriers.index.to_numpy(object)[barrier],
            "kind": barriers["kind"].to_numpy(object)[barrier],
            "name": barriers["name"].to_numpy(object)[barrier],
            "solid": flat,
            "size": size,
            "geometry": parts,
        }
    )
    table = table[met].sort_values(["community", "barrier"], ignore_index=True)
    # Judged by what a community has of one river in all, as a mere corner is
    # no stretch.
    whole = table.groupby(["community", "kind", "name", "solid"])["size"].transform("sum")
    small = whole < np.where(table["solid"], LEAST_AREA, LEAST_LINE)
    return table[~small].reset_index(drop=True), sorted(table.loc[small, "barrier"].unique())


def _draw_zones(communities: gpd.GeoDataFrame, around: gpd.GeoDataFrame) -> Shapes:
    """Draw the land whose lines each community owns.

    Its own and a little beyond, without that of lower codes.
    """
    every = around.sort_index()
    # Lines often run along a limit: the lower code owns them, so that none is
    # cut lengthwise.
    grown = shapely.buffer(every.geometry.to_numpy(), ALONG, join_style="mitre", mitre_limit=2.0)
    rows = every.index.get_indexer(communities.index)
    a, b = shapely.STRtree(grown).query(grown[rows], predicate="intersects")
    lower = b < rows[a]
    out = np.array(grown[rows], dtype=object)
    for n, others in pd.Series(b[lower]).groupby(a[lower]):
        out[n] = shapely.difference(out[n], shapely.union_all(grown[np.sort(others.to_numpy())]))
    return out


def _cut_community(parts: pd.DataFrame, rules: SpecialRules) -> list[dict[str, Any]]:
    """Cut the parts of barriers in one community into stretches.

    Lakes, rivers as areas, then lines, each kind in turn.
    """
    rows = []
    for kind in sorted(parts["kind"].unique()):
        of_kind = parts[parts["kind"] == kind]
        beds = of_kind[of_kind["solid"]]
        taken: Any = shapely.Polygon()
        for name, code, bed_area in _join_areas(beds, of_kind[~of_kind["solid"]]):
            # Where two rivers are drawn over one another, the land is the first one's.
            area = keep_areas(shapely.difference(bed_area, taken))
            taken = shapely.union(taken, bed_area)
            if shapely.is_empty(area):
                continue
            pieces = [area] if kind == "lake" else cut_area(area, rules.length)
            rows += _list_stretches(pieces, kind, name, [code] * len(pieces))
        # A line within an area of its kind is the same river, and is not cut twice.
        bed = (
            shapely.union_all(beds["geometry"].to_numpy(object)) if len(beds) else shapely.Polygon()
        )
        for name, lines, codes in merge_tracks(of_kind[~of_kind["solid"]], bed):
            pieces, owner = cut_lines(lines, codes, rules.length)
            rows += _list_stretches(pieces, kind, name, owner)
    community = parts["community"].iloc[0]
    return [{"community": community, **row} for row in rows]


def _list_stretches(pieces: Any, kind: str, name: str, codes: Any) -> list[dict[str, Any]]:
    shapes = np.array(list(pieces), dtype=object)
    length = measure_middles(shapes)
    area = shapely.area(shapes)
    return [
        {
            "kind": kind,
            "name": name,
            "barrier": b,
            "stretch": n,
            "length": m,
            "area": a,
            "geometry": g,
        }
        for n, (b, m, a, g) in enumerate(zip(codes, length, area, shapes, strict=True), 1)
    ]


def _number_apart(table: pd.DataFrame) -> pd.DataFrame:
    """Give stretches of one nameless barrier whose lines lie apart different numbers."""
    line = ["community", "kind", "name", "barrier"]
    doubled = table.duplicated([*line, "stretch"], keep=False)
    twice = doubled.groupby([table[column] for column in line]).transform("any")
    number = table.groupby(line).cumcount() + 1
    return table.assign(stretch=table["stretch"].where(~twice, number))


def _join_areas(beds: pd.DataFrame, lines: pd.DataFrame) -> list[tuple[str, str, Any]]:
    """Join areas of one name, and nameless ones that touch them.

    A nameless one takes the name of the line within.
    """
    if beds.empty:
        return []
    shapes = beds["geometry"].to_numpy(object)
    name = beds["name"].to_numpy(object).copy()
    named = lines[lines["name"] != ""]
    line = named["geometry"].to_numpy(object)
    row, bed = shapely.STRtree(shapes).query(line, predicate="intersects")
    within = pd.DataFrame({"bed": bed, "name": named["name"].to_numpy(object)[row]})
    within["length"] = shapely.length(shapely.intersection(line[row], shapes[bed]))
    best = (
        within.groupby(["bed", "name"], as_index=False)["length"]
        .sum()
        .sort_values(["bed", "length", "name"])
    )
    # The name of most metres of line within; of equals the last in order.
    best = best.drop_duplicates("bed", keep="last").set_index("bed")["name"]
    bare = np.flatnonzero(name == "")
    name[bare] = best.reindex(bare).fillna("").to_numpy()
    rest = np.flatnonzero(name == "")
    one, two = shapely.STRtree(shapes[rest]).query(shapes[rest], predicate="intersects")
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    label = connected_components(
        coo_array((np.ones(len(one)), (one, two)), shape=(len(rest),) * 2), directed=False
    )[1]
    key = name.copy()
    # No name begins so: nameless waters keep apart from named ones, and from
    # each other unless they touch.
    key[rest] = [f"\0{n}" for n in label]
    out = []
    for word in sorted(set(key)):
        rows = np.flatnonzero(key == word)
        # A stretch refers to one row of the data: the largest, of equals the
        # first.
        code = beds["barrier"].to_numpy(object)[
            rows[np.argmax(np.round(shapely.area(shapes[rows]), 3))]
        ]
        out.append(("" if word.startswith("\0") else word, code, shapely.union_all(shapes[rows])))
    return out


def find_touches(grids: gpd.GeoDataFrame, subgrids: gpd.GeoDataFrame, touch: float) -> pd.DataFrame:
    """Find the sub-grids within ``touch`` metres of each special grid of their community.

    The length of what they touch is in metres; of an area it is that of its
    bank.
    """
    shapes = grids.geometry.to_numpy()
    lines = np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes)
    land = subgrids.geometry.to_numpy()
    grid, subgrid = shapely.STRtree(land).query(shapes, predicate="dwithin", distance=touch)
    same = (
        grids["community"].to_numpy(object)[grid] == subgrids["community"].to_numpy(object)[subgrid]
    )
    grid = grid[same]
    subgrid = subgrid[same]
    # A sub-grid may touch many stretches, and is buffered once.
    met, place = np.unique(subgrid, return_inverse=True)
    zone = shapely.buffer(land[met], touch, join_style="mitre", mitre_limit=2.0)
    length = shapely.length(shapely.intersection(lines[grid], zone[place]))
    table = pd.DataFrame(
        {
            "special_grid": grids.index.to_numpy(object)[grid],
            "subgrid": subgrids.index.to_numpy(object)[subgrid],
            "community": grids["community"].to_numpy(object)[grid],
            "length": length.round(3),
        }
    ).sort_values(["special_grid", "subgrid"], ignore_index=True)
    table["touch"] = (table.index + 1).astype("str").str.zfill(len(str(len(table))))
    return conform_table("touches", table)


def note_outside(
    barriers: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, rules: SpecialRules
) -> Entry:
    """Note which rivers, lakes and railways lie partly outside every community, and how long.

    Examples
    --------
    >>> def table(of, geometry, **columns):
    ...     return conform_table(of, gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:32650"))
    >>> land = table("communities", [shapely.box(0, 0, 3000, 100)], community=["c"])
    >>> track = shapely.LineString([(-500, 50), (3500, 50)])
    >>> rail = table("barriers", [track], barrier=["b1"], kind="railway")
    >>> note_outside(rail, land, SpecialRules()).reason
    'partly or wholly outside every community, 1.0 km in all: no special grid there'
    """
    features = _take_kinds(barriers, rules)
    shapes = features.geometry.to_numpy()
    limits = communities.sort_index().geometry.to_numpy()
    row, limit = shapely.STRtree(limits).query(shapes, predicate="intersects")
    rest = shapes.copy()
    for i, near in pd.Series(limit).groupby(row):
        rest[i] = shapely.difference(shapes[i], shapely.union_all(limits[np.sort(near.to_numpy())]))
    length = measure_middles(rest)
    out = length > LEAST_LINE
    reason = (
        f"partly or wholly outside every community, {length[out].sum() / 1000:,.1f} km in all: "
        "no special grid there"
    )
    return Entry("special", "barriers", "noted", int(out.sum()), reason, list(features.index[out]))
