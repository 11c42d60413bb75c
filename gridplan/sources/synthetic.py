"""A synthetic town: compounds of slabs and towers, villages, a river and a railway, and what a planner would know of it.

Nothing in it is real. It is there to try things on at any size, from one community to a prefecture, and holds
everything that a planner must handle. Each community is drawn from a generator of its own, so that a town does not depend on
the order in which it is made.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.conform import Entry, conform_table, is_spatial
from gridplan.errors import InputError, Problem, RuleError
from gridplan.schema import find_columns, find_key
from gridplan.site import Reading
from gridplan.sources.synthetic_counts import TOTAL_KNOWN, count_people, observe_buildings, settle_institutions
from gridplan.sources.synthetic_land import draw_land, outline_communities
from gridplan.sources.synthetic_lattice import Lattice, make_lattice
from gridplan.sources.synthetic_names import name_community, name_subdistrict
from gridplan.sources.synthetic_rural import draw_rural
from gridplan.sources.synthetic_shapes import Array, Floats, Sheets
from gridplan.sources.synthetic_urban import draw_urban, share_whole

CRS = "EPSG:4548"  # CGCS2000 / 3-degree Gauss-Kruger, central meridian 117 E
SIDE = 560.0  # m, side of an urban community's quad where communities are of the usual size
URBAN_SIZE, RURAL_SIZE = (1_300.0, 2_600.0, 3_200.0), (150.0, 330.0, 600.0)  # households: least, usual, most
LEAST = 30  # households of a community on average
COUNTY = "130203"
TABLES = ("communities", "compounds", "buildings", "barriers", "openings", "streets", "places", "institutions", "counts")
_LETTERS = {"compounds": "X", "barriers": "B", "openings": "O", "streets": "S", "places": "P", "institutions": "I", "counts": "N"}
STAMP = "2000-01-01T00:00:00.000Z"  # written into files instead of the time of writing: same town, same bytes


def make_town(
    communities: int = 5,
    urban_share: float = 0.6,
    households: int | None = None,
    seed: int = 0,
    *,
    hierarchy: pd.DataFrame | None = None,
    blemishes: bool = False,
) -> Reading:
    """Make a synthetic town.

    Parameters
    ----------
    communities
        Number of communities, from 1.
    urban_share
        Share of them that is urban, from 0 to 1; the others are villages.
    households
        Exact number of households of the whole town; by default some 2,400 in an urban community and 360 in a village.
        It is also written into the counts (level site, measure households).
    seed
        Same seed, same town.
    hierarchy
        Real or invented communities to lay out instead: columns ``code`` (12 digits, the first six of which are the
        county's), ``name``, ``kind`` (urban or rural) and, if there is one, ``subdistrict``. Each county gets a town of its own.
    blemishes
        Whether to spoil three buildings: a bow tie, a duplicate, and one outside every community.

    Returns
    -------
    The tables of a site as they would be read from files, in EPSG:4548 near Tangshan, with counts only.

    Raises
    ------
    RuleError
        If a number is out of its range.
    InputError
        If the hierarchy lacks columns or has unknown kinds or doubled codes.

    Examples
    --------
    >>> town = make_town(2, urban_share=0.5, households=1_000, seed=1)
    >>> town.tables["communities"][["name", "kind"]].values.tolist()
    [['翠湖社区', 'urban'], ['王家庄村', 'rural']]
    >>> counts = town.tables["counts"]
    >>> counts.loc[counts["level"] == "site", "value"].tolist()
    [1000.0]
    """
    _check_numbers(communities, urban_share, seed)
    wards = _list_wards(communities, urban_share) if hierarchy is None else _take_hierarchy(hierarchy)
    urban = (wards["kind"] == "urban").to_numpy()
    wished = _wish_households(seed, urban)
    total = round(wished.sum()) if households is None else households
    if total < LEAST * len(wards):
        raise RuleError(f"households = {total} is below {LEAST} for each of {len(wards)} communities; ask for more")
    wards["households"] = share_whole(total, wished)
    side = SIDE * float(np.sqrt(np.clip(total / wished.sum(), 0.4, None)))
    county = wards["code"].str[:6].to_numpy(object)
    lattice = make_lattice(_make_rng(seed, "lattice"), urban, county, side)
    land = Sheets()
    draw_land(_make_rng(seed, "land"), lattice, land)
    batches: dict[str, list[pd.DataFrame]] = {table: [] for table in TABLES}
    for table in land.rows:
        batches[table].append(_number_rows(land.collect(table), table, county[0]))
    for number, ward in enumerate(wards.itertuples(index=False)):
        for table, rows in _draw_community(seed, lattice, number, ward).items():
            batches[table].append(rows)
    batches["communities"] = [_list_communities(seed, wards, outline_communities(lattice))]
    batches["counts"].append(_number_rows(_count_site(total), "counts", county[0]))
    tables = {table: _finish_table(table, rows) for table, rows in batches.items() if rows}
    entries = [
        Entry(
            "synthetic", "buildings", "noted", len(tables["buildings"]), f"a synthetic town, seed {seed}: nothing in it is real"
        )
    ]
    if blemishes:
        tables["buildings"] = _spoil_buildings(tables["buildings"], lattice)
        entries.append(Entry("synthetic", "buildings", "noted", 3, "spoiled on purpose: a bow tie, a duplicate, one outside"))
    return Reading(tables, {table: "synthetic town" for table in tables}, tuple(entries))


def _make_rng(seed: int, purpose: str, number: int = 0) -> np.random.Generator:
    """Make the generator of one purpose and community, which no other draws from."""
    return np.random.default_rng([seed, number, *purpose.encode()])


def _check_numbers(communities: int, urban_share: float, seed: int) -> None:
    wrong = []
    if communities < 1:
        wrong.append(f"communities = {communities} is below 1")
    if not 0 <= urban_share <= 1:
        wrong.append(f"urban_share = {urban_share} is not from 0 to 1")
    if seed < 0:
        wrong.append(f"seed = {seed} is below 0")
    if wrong:
        raise RuleError("; ".join(wrong))


def _list_wards(communities: int, urban_share: float) -> pd.DataFrame:
    """List invented communities: subdistricts of some eight, townships of some twelve, codes as in the real register."""
    rows = []
    counts = {"urban": round(communities * urban_share)}
    counts["rural"] = communities - counts["urban"]
    for kind, size, first, serial in (("urban", 8, 1, 1), ("rural", 12, 100, 200)):
        size = max(size, -(-counts[kind] // 99))
        for n in range(counts[kind]):
            group, place = divmod(n, size)
            code = f"{COUNTY}{first + group:03d}{serial + place:03d}"
            rows.append((code, name_community(n, kind), kind, name_subdistrict(group, kind)))
    return pd.DataFrame(rows, columns=["code", "name", "kind", "subdistrict"])


def _take_hierarchy(hierarchy: pd.DataFrame) -> pd.DataFrame:
    """Take the user's communities, in order of code."""
    problems = []
    missing = [c for c in ("code", "name", "kind") if c not in hierarchy.columns]
    if missing:
        problems.append(Problem("hierarchy", "columns", f"columns are missing: {', '.join(missing)}", "add them"))
    else:
        codes = hierarchy["code"].astype("str")
        unknown = ~hierarchy["kind"].isin(["urban", "rural"])
        if unknown.any():
            text, remedy = f"{unknown.sum()} kinds are neither urban nor rural", "write urban or rural"
            problems.append(Problem("hierarchy", "kinds are known", text, remedy, tuple(codes[unknown])))
        if codes.duplicated().any():
            doubled = tuple(codes[codes.duplicated()].unique())
            problems.append(
                Problem("hierarchy", "codes are unique", "codes stand more than once", "keep one row of each", doubled)
            )
        if hierarchy.empty:
            problems.append(Problem("hierarchy", "not empty", "there is no community", "give at least one row"))
    if problems:
        raise InputError(problems)
    taken = hierarchy.reindex(columns=["code", "name", "kind", "subdistrict"]).astype("str").fillna("")
    return taken.sort_values("code", ignore_index=True)


def _wish_households(seed: int, urban: Array) -> Floats:
    """Draw how many households each community would have if it were alone."""
    wished = np.empty(len(urban))
    for number, is_urban in enumerate(urban):
        wished[number] = _make_rng(seed, "size", number).triangular(*(URBAN_SIZE if is_urban else RURAL_SIZE))
    return wished.round()


def _draw_community(seed: int, lattice: Lattice, number: int, ward: Any) -> dict[str, pd.DataFrame]:
    """Draw one community, tell what is known of it, and give every row its code."""
    sheets = Sheets()
    draw = draw_urban if ward.kind == "urban" else draw_rural
    title = ward.name.removesuffix("居民委员会").removesuffix("村民委员会").removesuffix("村委会")
    draw(_make_rng(seed, "draw", number), lattice, number, title, int(ward.households), sheets)
    rng = _make_rng(seed, "counts", number)
    drawn = sheets.collect("buildings")
    for name in ("homes", "height", "stairs"):
        drawn[name] = drawn.get(name, np.nan)
    out = {table: sheets.collect(table) for table in ("compounds", "barriers", "openings", "streets", "places")}
    out["institutions"] = settle_institutions(rng, sheets, title, ward.kind)
    out["buildings"] = observe_buildings(rng, drawn, ward.kind)
    out = {table: _number_rows(rows, table, ward.code) for table, rows in out.items() if len(rows)}
    people = count_people(rng, drawn, out["buildings"]["building"], ward.code, ward.kind)
    return out | {"counts": _number_rows(people, "counts", ward.code)}


def _number_rows(rows: pd.DataFrame, table: str, prefix: str) -> pd.DataFrame:
    """Give the rows codes: the community's (or county's) code, a letter for the table, and a number."""
    number = (
        pd.Series(np.arange(1, len(rows) + 1), index=rows.index)
        .astype("str")
        .str.zfill(4 if table in ("buildings", "counts") else 3)
    )
    return rows.assign(**{find_key(table): prefix + "-" + _LETTERS.get(table, "") + number})


def _list_communities(seed: int, wards: pd.DataFrame, outlines: Array) -> pd.DataFrame:
    """List the communities; the total of households is known of most."""
    known = np.array([_make_rng(seed, "total", n).uniform() < TOTAL_KNOWN for n in range(len(wards))])
    return pd.DataFrame(
        {
            "community": wards["code"], "name": wards["name"], "kind": wards["kind"], "subdistrict": wards["subdistrict"],
            "households": wards["households"].where(known).astype(float), "geometry": outlines,
        }
    )  # fmt: skip


def _count_site(total: int) -> pd.DataFrame:
    return pd.DataFrame({"level": ["site"], "of": ["site"], "measure": ["households"], "value": [float(total)]})


def _finish_table(table: str, batches: list[pd.DataFrame]) -> Any:
    """Join the rows of all communities in the schema's shape, without the columns that gridplan derives itself."""
    rows = pd.concat([b for b in batches if len(b)], ignore_index=True)
    if table == "streets":
        rows["geometry"] = join_streets(rows["geometry"].to_numpy(object))
    if is_spatial(table):
        rows = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    derived = [column.name for column in find_columns(table, "derived")]
    return conform_table(table, rows).drop(columns=derived).sort_index()


def join_streets(lines: Array) -> Array:
    """Join streets: where one ends on another, both get a common point.

    Examples
    --------
    >>> lines = shapely.from_wkt(["LINESTRING (0 0, 10 0)", "LINESTRING (4 0, 4 5)"])
    >>> join_streets(lines)[0].wkt
    'LINESTRING (0 0, 4 0, 10 0)'
    """
    lines = _merge_ends(shapely.transform(lines, lambda xy: xy.round(2)))
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    end, line = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=0.05)
    order = np.argsort(line, kind="stable")
    where, place = np.unique(line[order], return_inverse=True)
    joined = lines.copy()
    joined[where] = shapely.snap(lines[where], shapely.multipoints(ends[end[order]], indices=place), 0.05)
    return np.asarray(joined)


def _merge_ends(lines: Array) -> Array:
    """Make ends of streets that are a rounding apart the same point."""
    points, of = shapely.get_coordinates(lines, return_index=True)
    rim = np.flatnonzero((np.diff(of, prepend=-1) != 0) | (np.diff(of, append=-1) != 0))
    a, b = shapely.STRtree(shapely.points(points[rim])).query(shapely.points(points[rim]), predicate="dwithin", distance=0.05)
    first = np.arange(len(rim))
    np.minimum.at(first, a, b)
    points[rim] = points[rim[first]]
    return np.asarray(shapely.linestrings(points, indices=of))


def _spoil_buildings(buildings: gpd.GeoDataFrame, lattice: Lattice) -> gpd.GeoDataFrame:
    """Spoil the table: the second building becomes a bow tie, the third stands twice, and one lies in the middle of nowhere."""
    shapes = buildings.geometry.to_numpy().copy()
    west, south, east, north = shapes[1].bounds
    shapes[1] = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    spoiled = buildings.set_geometry(gpd.GeoSeries(shapes, index=buildings.index, crs=CRS))
    x, y = float(min(e.points[:, 0].min() for e in lattice.edges.values())), float(lattice.edges["h", 0, 0].points[0, 1])
    more = spoiled.iloc[[2, 2]].set_axis([f"{COUNTY}-doubled", f"{COUNTY}-outside"])
    more = more.set_geometry(gpd.GeoSeries([shapes[2], shapely.box(x - 320, y, x - 310, y + 12)], index=more.index, crs=CRS))
    both = pd.concat([spoiled, more])
    return both.rename_axis("building").sort_index()


def write_town(reading: Reading, path: str | Path) -> Path:
    """Write a town as one GeoPackage with a layer for each table; what stood there before is replaced.

    The file is written under another name first and put in place whole. The same town gives the same bytes.
    """
    import pyogrio

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.gpkg")
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
    try:
        for number, (table, frame) in enumerate(reading.tables.items()):
            rows = frame.reset_index()
            pyogrio.write_dataframe(rows, draft, layer=table, driver="GPKG", append=number > 0)
        os.replace(draft, path)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        draft.unlink(missing_ok=True)
    return path
