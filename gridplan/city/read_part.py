"""Reading some communities of a plan kept as a folder of GeoParquet, without the rest."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq

from gridplan.engine.placement import locate
from gridplan.errors import PlanError
from gridplan.plan import ALL_TABLES, Plan
from gridplan.storage.assembly import FoundFiles, assemble_plan, refuse_damaged
from gridplan.storage.formats import TABLES
from gridplan.storage.geoparquet import MANIFEST_FILE, ROW
from gridplan.tables.conform import is_spatial, make_empty
from gridplan.tables.parquet import count_rows

# Read as a whole: shapes that many communities share, and what is short anyway.
WHOLE = ("compounds", "barriers", "openings", "ledger")
# Tables in which a community may occur that no other table has.
_HOLDING = ("communities", "buildings", "stairwells", "subgrids", "exceptions", "neighbours")


def find_tables(path: str | Path) -> Path | None:
    """Find a plan's folder of GeoParquet tables, if some communities of it can be read."""
    # A plan that a killed run left on its way to its place is read from there.
    for folder in (locate(Path(path).parent, Path(path).name), locate(path, TABLES)):
        file = folder / "neighbours.parquet"
        if not (folder / MANIFEST_FILE).is_file() or not file.is_file():
            continue
        # The schema has no such column: it is there where a plan was written to be read in parts.
        with refuse_damaged(file, "GeoParquet"):
            if "community" in pq.read_schema(file).names:
                return folder
    return None


def open_tables(path: str | Path) -> Path:
    """Find the folder of tables, or say how to write a plan so that there is one.

    Raises
    ------
    PlanError
        If the plan is kept in another way.
    """
    folder = find_tables(path)
    if folder is None:
        raise PlanError(
            f"{path} holds no plan whose communities can be read one by one "
            "-> write it with --format parquet"
        )
    return folder


def read_manifest(path: str | Path) -> dict[str, Any]:
    """Read the manifest of a plan that some communities can be read of."""
    file = open_tables(path) / MANIFEST_FILE
    with refuse_damaged(file, "JSON"):
        return dict(json.loads(file.read_text(encoding="utf-8")))


def group_communities(path: str | Path, most: int) -> list[tuple[str, str, int]]:
    """Group the codes of communities in order: first, last and buildings of each group.

    ``most`` is how many buildings a group may have, if it is more than one
    community.
    """
    folder = open_tables(path)
    # zones may cross communities, so that ranges follow from all of them together
    most = sys.maxsize if (folder / "zones.parquet").exists() else most
    held = pd.Series(dtype="int64")
    # A fault may be of a community that only one table knows: no row may fall between groups.
    for table in _HOLDING:
        file = folder / f"{table}.parquet"
        with refuse_damaged(file, "GeoParquet"):
            counts = pq.read_table(file, columns=["community"]).column("community").value_counts()
        codes = counts.field("values").to_pylist()
        number = counts.field("counts").to_numpy(zero_copy_only=False)
        # Only buildings count; other tables add their codes with a zero.
        weight = pd.Series(number, index=codes) * (table == "buildings")
        held = held.add(weight, fill_value=0)
    held = held.sort_index()
    groups: list[tuple[str, str, int]] = []
    for code, count in held.astype("int64").items():
        # An empty last code would be read as no limit, so that group takes the next code too.
        if groups and (groups[-1][2] + count <= most or not groups[-1][1]):
            groups[-1] = (groups[-1][0], str(code), groups[-1][2] + int(count))
        else:
            groups.append((str(code), str(code), int(count)))
    return groups


def count_buildings(path: str | Path) -> int:
    """Count the buildings of a plan that some communities can be read of; 0 for any other."""
    folder = find_tables(path)
    if folder is None:
        return 0
    file = folder / "buildings.parquet"
    with refuse_damaged(file, "GeoParquet"):
        return count_rows(file)


def read_communities(
    path: str | Path,
    first: str = "",
    last: str = "",
    *,
    without: Iterable[str] = (),
    centres: bool = False,
    above: bool = False,
) -> Plan:
    """Read the communities of a plan with codes from first to last, both included.

    Parameters
    ----------
    path
        The plan's folder.
    first, last
        Codes of communities.
    without
        Tables that are left empty.
    centres
        Whether of the stairwells only those at the centre of a sub-grid are
        read.
    above
        Whether the coverage of the levels above communities is read too.

    Raises
    ------
    PlanError
        If there is no such plan, or something in it is missing or broken.
    """
    folder = open_tables(path)
    tables: dict[str, Any] = {}
    file = folder / "communities.parquet"
    with refuse_damaged(file, "GeoParquet"):
        crs = gpd.read_parquet(file).crs
    for table in ALL_TABLES:
        file = folder / f"{table}.parquet"
        if table in without:
            tables[table] = make_empty(table, crs).reset_index()
        elif file.exists():
            with refuse_damaged(file, "GeoParquet"):
                tables[table] = _read_rows(file, table, first, last, centres)
        if table == "coverage" and above and (first or last) and file.exists():
            tables[table] = _add_above(file, tables[table])
    if (first or last) and "counts" in tables:
        tables["counts"] = _take_counts(tables)
    manifest = {key: json.dumps(value) for key, value in read_manifest(path).items()}
    return assemble_plan(FoundFiles(folder, tables, manifest))


def _read_rows(file: Path, table: str, first: str, last: str, centres: bool) -> Any:
    """Read the rows of a table that are of the communities asked for, in the plan's order."""
    is_filtered = table not in WHOLE and "community" in pq.read_schema(file).names
    filters = _limit(first, last) if is_filtered else []
    if table == "stairwells" and centres:
        limits = _limit(first, last) or None
        subgrids = file.with_name("subgrids.parquet")
        named = pd.read_parquet(subgrids, columns=["centre"], filters=limits)
        # The empty code keeps the set from being empty where no centre is named.
        filters = [*filters, ("stairwell", "in", {"", *named["centre"]})]
    frame = (gpd if is_spatial(table) else pd).read_parquet(file, filters=filters or None)
    # Files are sorted by community; the plan has its rows in order of their codes.
    return frame.sort_values(ROW, ignore_index=True) if ROW in frame.columns else frame


def _add_above(file: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Add the rows of a table that are of no community, such as those of the city."""
    with refuse_damaged(file, "GeoParquet"):
        whole = pd.read_parquet(file, filters=[("community", "==", "")])
    return pd.concat([part for part in (whole, rows) if len(part)] or [rows], ignore_index=True)


def _take_counts(tables: dict[str, Any]) -> Any:
    """Take the counts of the buildings, compounds and communities that were read."""
    counts = tables["counts"]
    communities = tables["communities"]["community"]
    compounds = tables["compounds"]
    held = {
        "building": tables["buildings"]["building"],
        # Compounds are read whole, so theirs are chosen by their community.
        "compound": compounds["compound"][compounds["community"].isin(communities)],
        "community": communities,
    }
    # Counts of the whole site are left out: a part of it cannot be held against them.
    is_taken = pd.Series(False, index=counts.index)
    for level, codes in held.items():
        is_taken |= (counts["level"] == level) & counts["of"].isin(codes)
    return counts[is_taken]


def _limit(first: str, last: str) -> list[tuple[str, str, Any]]:
    """Return the filters for codes from first to last; an empty code is no limit."""
    return [("community", ">=", first)] * bool(first) + [("community", "<=", last)] * bool(last)
