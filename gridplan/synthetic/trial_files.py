"""Files to try every command on: the example town, a year later, and in the forms of other offices.

What is in them is made up, as the example itself is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.engine.gdal_writing import fix_date
from gridplan.engine.placement import FileMoves, locate, put_together
from gridplan.errors import OutputExistsError
from gridplan.synthetic.example_site import EXAMPLE
from gridplan.tables.csv_text import write_csv_text

OLD_SIDE = 150.0  # metres, of the squares of the old grids
GONE = 3  # homes of the year before that were pulled down
ENCODING = "gb18030"  # of the shapefiles, as offices write them


def write_trial_files(folder: Path, overwrite: bool = False) -> list[Path]:
    """Write the files into a folder, and return their paths.

    ``town.gpkg`` is the example, ``town-2026.gpkg`` the same town a year later: some homes are
    gone and a hall has become homes. ``buildings.shp`` holds its buildings as another office has
    them, with storeys in the column CS, in GB 18030; ``communities.gpkg``, ``rail.gpkg`` and
    ``water.gpkg`` go with it. ``old.shp`` are square grids with their codes in the column WGBM,
    ``pairs.csv`` institutions with the communities they are paired with, and ``villages.csv`` a
    list of communities.

    Raises
    ------
    OutputExistsError
        If one of the files is there and ``overwrite`` is not set.
    """
    names = ("town", "town-2026", "communities", "rail", "water")
    files = [*(f"{name}.gpkg" for name in names), "buildings.shp", "old.shp"]
    paths = [folder / name for name in (*files, "pairs.csv", "villages.csv")]
    there = [str(path) for path in paths if locate(folder, path.name).exists()]
    if there and not overwrite:
        raise OutputExistsError(f"{', '.join(there)} exist; use --overwrite or another folder")

    def write(staging: Path) -> FileMoves:
        _write_all(staging)
        # The parts of a shapefile are files of their own.
        return FileMoves({path.name: path.name for path in sorted(staging.iterdir())})

    put_together(folder, write)
    return paths


def _write_all(folder: Path) -> None:
    """Write all files into a folder that is empty."""
    import pyogrio

    tables = {
        name: pyogrio.read_dataframe(EXAMPLE, layer=name)
        for name, _ in pyogrio.list_layers(EXAMPLE)
    }
    buildings = tables["buildings"]
    barriers = tables["barriers"]
    with fix_date():
        (folder / "town.gpkg").write_bytes(Path(EXAMPLE).read_bytes())
        _write_layers(folder / "town-2026.gpkg", _move_on(tables))
        _write_layers(folder / "communities.gpkg", {"communities": tables["communities"]})
        _write_layers(folder / "rail.gpkg", {"barriers": barriers[barriers["kind"] == "railway"]})
        water = barriers[barriers["kind"].isin(["river", "lake", "stream"])]
        _write_layers(folder / "water.gpkg", {"barriers": water})
        columns = ["building", "use", "floors", "geometry"]
        shapes = buildings[columns].rename(columns={"floors": "CS"})
        pyogrio.write_dataframe(shapes, folder / "buildings.shp", encoding=ENCODING)
        old = _cut_squares(tables["communities"])
        pyogrio.write_dataframe(old, folder / "old.shp", encoding=ENCODING)
    pairs = write_csv_text(_list_pairs(tables), index=False)
    (folder / "pairs.csv").write_text(pairs, encoding="utf-8", newline="")
    villages = tables["communities"].drop(columns="geometry")
    villages = villages.rename(columns={"community": "code"})
    columns = ["code", "name", "kind", "subdistrict"]
    listed = write_csv_text(villages[columns], index=False)
    (folder / "villages.csv").write_text(listed, encoding="utf-8", newline="")


def _write_layers(path: Path, tables: dict[str, Any]) -> None:
    """Write tables as the layers of a new GeoPackage."""
    import pyogrio

    path.unlink(missing_ok=True)
    for number, (name, table) in enumerate(tables.items()):
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", append=number > 0)


def _move_on(tables: dict[str, Any]) -> dict[str, Any]:
    """Let a year pass: some homes are pulled down, and the largest hall becomes homes."""
    buildings = tables["buildings"]
    homes = buildings["use"] == "house"
    gone = buildings.loc[homes, "building"].sort_values().iloc[:GONE]
    standing = buildings[~buildings["building"].isin(gone)].copy()
    halls = standing[standing["use"] == "industrial"]
    hall = halls.geometry.area.idxmax()
    standing.loc[hall, ["use", "floors", "households_observed"]] = ["apartments", 4.0, 60.0]
    counts = tables["counts"]
    is_gone = counts.isin(set(gone)).any(axis=1)
    return {**tables, "buildings": standing, "counts": counts[~is_gone]}


def _cut_squares(communities: Any) -> Any:
    """Cut communities into squares, as grids used to be drawn; slivers are left out."""
    import geopandas as gpd

    west, south, east, north = communities.total_bounds
    squares = [
        shapely.box(x, y, x + OLD_SIDE, y + OLD_SIDE)
        for x in np.arange(west, east, OLD_SIDE)
        for y in np.arange(south, north, OLD_SIDE)
    ]
    grid = gpd.GeoDataFrame(geometry=squares, crs=communities.crs)
    pieces = gpd.overlay(communities[["community", "geometry"]], grid, how="intersection")
    pieces = pieces[pieces.geometry.area > OLD_SIDE].reset_index(drop=True)
    number = pieces.groupby("community").cumcount() + 1
    pieces["WGBM"] = pieces["community"] + "-" + number.astype(str).str.zfill(3)
    return pieces[["WGBM", "geometry"]]


def _list_pairs(tables: dict[str, Any]) -> pd.DataFrame:
    """Pair the first institution of each urban community with the community it lies in."""
    communities = tables["communities"]
    towns = communities.loc[communities["kind"] == "urban", "community"]  # villages have no pairs
    codes = tables["institutions"]["institution"]
    pairs = pd.DataFrame({"institution": codes, "community": codes.str.split("-").str[0]})
    return pairs[pairs["community"].isin(towns)].drop_duplicates("community")
