"""A synthetic town: compounds, villages, a river and a railway, and what is known of them.

Nothing in it is real. It is for trials at any size, from one community to a
prefecture, and holds everything that a planner must handle.
Each community is drawn from a generator of its own, so that a town does not
depend on the order in which it is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Shapes
from gridplan.engine.gdal_writing import fix_date
from gridplan.engine.whole_files import draft_file
from gridplan.errors import RuleError
from gridplan.site import Reading
from gridplan.synthetic.community_list import (
    COUNTY,
    find_forms,
    list_wards,
    make_rng,
    take_hierarchy,
    wish_households,
)
from gridplan.synthetic.lattice import Lattice, make_lattice
from gridplan.synthetic.observations import (
    TOTAL_KNOWN,
    count_bodies,
    count_people,
    observe_buildings,
    settle_institutions,
)
from gridplan.synthetic.rural import draw_rural
from gridplan.synthetic.shapes import Sheets
from gridplan.synthetic.terrain import draw_land, join_streets, outline_communities
from gridplan.synthetic.urban import draw_urban
from gridplan.tables.conform import conform_table, is_spatial
from gridplan.tables.ledger import Entry
from gridplan.tables.schema import find_columns, find_key
from gridplan.tables.whole_shares import share_total

CRS = "EPSG:4548"  # CGCS2000 / 3-degree Gauss-Kruger, central meridian 117 E
SIDE = 560.0  # m, side of an urban community's quad where communities are of the usual size
LEAST = 30  # households of a community on average
TABLES = (
    "communities",
    "compounds",
    "buildings",
    "barriers",
    "openings",
    "streets",
    "places",
    "institutions",
    "counts",
)
_LETTERS = {
    "compounds": "X",
    "barriers": "B",
    "openings": "O",
    "streets": "S",
    "places": "P",
    "institutions": "I",
    "counts": "N",
}
# written into files instead of the time of writing: same town, same bytes


@dataclass(frozen=True)
class Town:
    """A town laid out but not yet drawn: its seed, its communities, and where each is."""

    seed: int
    wards: pd.DataFrame
    lattice: Lattice


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
        Exact number of households of the whole town; by default some 2,400 in
        an urban community and 360 in a village. It is also written into the
        counts (level site, measure households).
    seed
        Same seed, same town.
    hierarchy
        Real or invented communities to lay out instead: columns ``code`` (12
        digits, the first six of which are the county's), ``name``, ``kind``
        (urban or rural) and, if there is one, ``subdistrict``. Each county
        gets a town of its own.
    blemishes
        Whether to spoil three buildings: a bow tie, a duplicate, and one
        outside every community.

    Returns
    -------
    The tables of a site as they would be read from files, in EPSG:4548 near
    Tangshan, with counts only.

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
    town = lay_out_town(communities, urban_share, households, seed, hierarchy)
    tables = _draw_tables(town)
    entries = list(note_origin(seed, len(tables["buildings"])))
    if blemishes:
        tables["buildings"] = _spoil_buildings(tables["buildings"], town.lattice)
        entries.append(
            Entry(
                "synthetic",
                "buildings",
                "noted",
                3,
                "spoiled on purpose: a bow tie, a duplicate, one outside",
            )
        )
    return Reading(tables, dict.fromkeys(tables, "synthetic town"), tuple(entries))


def note_origin(seed: int, buildings: int) -> tuple[Entry, ...]:
    """Note for the ledger that nothing in a town is real."""
    return (
        Entry(
            "synthetic",
            "buildings",
            "noted",
            buildings,
            f"a synthetic town, seed {seed}: nothing in it is real",
        ),
    )


def lay_out_town(
    communities: int,
    urban_share: float,
    households: int | None,
    seed: int,
    hierarchy: pd.DataFrame | None = None,
) -> Town:
    """Lay out a town: its communities, their households and places (see :func:`make_town`)."""
    _check_numbers(communities, urban_share, seed)
    wards = list_wards(communities, urban_share) if hierarchy is None else take_hierarchy(hierarchy)
    wards["form"] = find_forms(wards)
    wished = wish_households(seed, wards["form"])
    total = round(wished.sum()) if households is None else households
    if total < LEAST * len(wards):
        raise RuleError(
            f"households = {total} is below {LEAST} for each of {len(wards)} communities; "
            "ask for more"
        )
    wards["households"] = share_total(total, wished)
    # Area follows households, so the side follows their root; not below 0.4 of the usual area,
    # where streets and banks would leave no room for plots.
    side = SIDE * float(np.sqrt(np.clip(total / wished.sum(), 0.4, None)))
    lattice = make_lattice(
        make_rng(seed, "lattice"),
        (wards["form"] == "town").to_numpy(),
        wards["code"].str[:6].to_numpy(object),
        side,
    )
    return Town(seed, wards, lattice)


def _draw_tables(town: Town) -> dict[str, Any]:
    """Draw the land and every community, and join their rows table by table."""
    batches = draw_frame(town)
    for tables in (draw_community(town, number) for number in range(len(town.wards))):
        for table, rows in tables.items():
            batches[table].append(rows)
    return {table: finish_table(table, rows) for table, rows in batches.items() if rows}


def draw_frame(town: Town) -> dict[str, list[pd.DataFrame]]:
    """Draw what belongs to no single community: limits, barriers, main roads, crossings, total."""
    county = town.wards["code"].iloc[0][:6]
    land = Sheets()
    draw_land(make_rng(town.seed, "land"), town.lattice, land)
    batches: dict[str, list[pd.DataFrame]] = {table: [] for table in TABLES}
    for table in land.rows:
        batches[table].append(_number_rows(land.collect(table), table, county))
    batches["communities"].append(
        _list_communities(town.seed, town.wards, outline_communities(town.lattice))
    )
    batches["counts"].append(
        _number_rows(_count_site(int(town.wards["households"].sum())), "counts", county)
    )
    return batches


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


def draw_community(town: Town, number: int) -> dict[str, pd.DataFrame]:
    """Draw one community, list what is known of it, and give every row its code."""
    seed = town.seed
    lattice = town.lattice
    ward = next(town.wards.iloc[[number]].itertuples(index=False))
    sheets = Sheets()
    draw = draw_urban if ward.form == "town" else draw_rural
    # names of public buildings begin with the place's name alone
    title = ward.name.removesuffix("居民委员会").removesuffix("村民委员会").removesuffix("村委会")
    draw(make_rng(seed, "draw", number), lattice, number, title, int(ward.households), sheets)
    # not the generator of the drawing, whose state depends on how much was drawn
    rng = make_rng(seed, "counts", number)
    drawn = sheets.collect("buildings")
    # a community may have no building with homes, and then lacks these columns
    for name in ("homes", "height", "stairs"):
        drawn[name] = drawn.get(name, np.nan)
    out = {
        table: sheets.collect(table)
        for table in ("compounds", "barriers", "openings", "streets", "places")
    }
    out["institutions"] = settle_institutions(rng, sheets, title, ward.kind)
    out["buildings"] = observe_buildings(rng, drawn, ward.kind)
    out = {table: _number_rows(rows, table, ward.code) for table, rows in out.items() if len(rows)}
    people = count_people(rng, drawn, out["buildings"]["building"], ward.code, ward.kind)
    compounds = out["compounds"]["compound"] if "compounds" in out else pd.Series([], dtype="str")
    bodies = count_bodies(make_rng(seed, "bodies", number), drawn, compounds, ward.code, ward.kind)
    return out | {
        "counts": _number_rows(pd.concat([people, bodies], ignore_index=True), "counts", ward.code)
    }


def _number_rows(rows: pd.DataFrame, table: str, prefix: str) -> pd.DataFrame:
    """Give the rows codes: that of the community or county, the table's letter, and a number."""
    number = (
        pd.Series(np.arange(1, len(rows) + 1), index=rows.index)
        .astype("str")
        .str.zfill(4 if table in ("buildings", "counts") else 3)
    )
    return rows.assign(**{find_key(table): prefix + "-" + _LETTERS.get(table, "") + number})


def _list_communities(seed: int, wards: pd.DataFrame, outlines: Shapes) -> pd.DataFrame:
    """List the communities; the total of households is known of most."""
    known = np.array(
        [make_rng(seed, "total", n).uniform() < TOTAL_KNOWN for n in range(len(wards))]
    )
    return pd.DataFrame(
        {
            "community": wards["code"],
            "name": wards["name"],
            "kind": wards["kind"],
            "subdistrict": wards["subdistrict"],
            "households": wards["households"].where(known).astype(float),
            "geometry": outlines,
        }
    )


def _count_site(total: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"level": ["site"], "of": ["site"], "measure": ["households"], "value": [float(total)]}
    )


def finish_table(table: str, batches: Iterable[pd.DataFrame]) -> Any:
    """Join the rows of all communities in the schema's shape, without derived columns."""
    rows = pd.concat([b for b in batches if len(b)], ignore_index=True)
    if table == "streets":
        # streets of different communities meet at the limits, hence only once all are joined
        rows["geometry"] = join_streets(rows["geometry"].to_numpy(object))
    if is_spatial(table):
        rows = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    # a file of the user has no derived columns, and reading must compute them here too
    derived = [column.name for column in find_columns(table, "derived")]
    return conform_table(table, rows).drop(columns=derived).sort_index()


def _spoil_buildings(buildings: gpd.GeoDataFrame, lattice: Lattice) -> gpd.GeoDataFrame:
    """Spoil the table: the second building becomes a bow tie, the third is doubled, one is far."""
    shapes = buildings.geometry.to_numpy().copy()
    west, south, east, north = shapes[1].bounds
    shapes[1] = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    spoiled = buildings.set_geometry(gpd.GeoSeries(shapes, index=buildings.index, crs=CRS))
    x = float(min(e.points[:, 0].min() for e in lattice.edges.values()))
    y = float(lattice.edges["h", 0, 0].points[0, 1])
    more = spoiled.iloc[[2, 2]].set_axis([f"{COUNTY}-doubled", f"{COUNTY}-outside"])
    more = more.set_geometry(
        gpd.GeoSeries(
            [shapes[2], shapely.box(x - 320, y, x - 310, y + 12)], index=more.index, crs=CRS
        )
    )
    both = pd.concat([spoiled, more])
    return both.rename_axis("building").sort_index()


def write_town(reading: Reading, path: str | Path) -> Path:
    """Write a town as one GeoPackage with a layer for each table; an earlier file is replaced.

    The file is written under another name first and put in place whole. The
    same town gives the same bytes.
    """
    import pyogrio

    path = Path(path)
    with fix_date(), draft_file(path) as draft:
        for number, (table, frame) in enumerate(reading.tables.items()):
            rows = frame.reset_index()
            pyogrio.write_dataframe(rows, draft, layer=table, driver="GPKG", append=number > 0)
    return path
