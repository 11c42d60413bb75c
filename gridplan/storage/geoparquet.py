"""A plan as a folder of GeoParquet files, for whole cities: one file a table, sorted by community.

One community of a prefecture is read without reading the rest::

    path = "outputs/city/tables/stairwells.parquet"
    geopandas.read_parquet(path, filters=[("community", "==", "0301")])
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.plan import ALL_TABLES, Plan
from gridplan.storage.assembly import (
    FoundFiles,
    join_texts,
    list_kept,
    refuse_damaged,
    write_manifest,
)
from gridplan.storage.qgis_styles import make_styles
from gridplan.tables.conform import is_spatial
from gridplan.tables.parquet import TableWriter

MANIFEST_FILE = "manifest.json"
ROW = "table_row"  # column of the row's place in the table before sorting by community


def write_geoparquet(plan: Plan, folder: Path) -> None:
    """Write all tables of a plan, its manifest and the styles of its layers into a new folder."""
    folder.mkdir()
    for table in list_kept(plan):
        with TableWriter(folder / f"{table}.parquet") as writer:
            writer.write(_sort_table(table, plan))
    write_notes(plan.manifest, folder)


def _sort_table(table: str, plan: Plan) -> Any:
    """Sort a table by community where it has one; a column keeps the order it had."""
    frame = plan.get_table(table)
    if table == "neighbours":
        # neighbours get the community of their first stairwell, and keep their order
        known = plan.stairwells["community"][~plan.stairwells.index.duplicated()]
        return join_texts(
            frame.assign(
                community=known.reindex(frame["focal"]).fillna("").to_numpy()
            ).reset_index()
        )
    if "community" in frame.columns:
        # stable, and with the old place noted, so that reading gives the table back
        order = np.argsort(frame["community"].to_numpy(dtype=object), kind="stable")
        frame = frame.assign(**{ROW: np.arange(len(frame), dtype="int32")}).iloc[order]
    return join_texts(frame.reset_index())


def write_notes(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write what goes beside the tables: the manifest, and the styles of the layers."""
    for table in (t for t in ALL_TABLES if (folder / f"{t}.parquet").exists()):
        # QGIS takes one style, the file of the same name beside the data
        for style in make_styles(table)[:1]:
            (folder / f"{table}.qml").write_text(style.qml, encoding="utf-8", newline="\n")
    # through the same text as in a GeoPackage, so that both hold the same values
    values = {key: json.loads(text) for key, text in write_manifest(manifest).items()}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, indent=1)
    (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8", newline="\n")


def read_geoparquet(folder: Path) -> FoundFiles:
    """Read the tables and the manifest that a folder of GeoParquet files holds.

    Raises
    ------
    PlanError
        If a file cannot be read.
    """
    tables = {}
    for table in ALL_TABLES:
        path = folder / f"{table}.parquet"
        if path.is_file():
            tables[table] = _read_table(path, is_spatial(table))
    path = folder / MANIFEST_FILE
    if not path.is_file():
        return FoundFiles(folder, tables, None)
    with refuse_damaged(path, "JSON"):
        values = json.loads(path.read_text(encoding="utf-8"))
        return FoundFiles(folder, tables, {key: json.dumps(value) for key, value in values.items()})


def _read_table(path: Path, spatial: bool) -> Any:
    with refuse_damaged(path, "GeoParquet"):
        frame = (gpd if spatial else pd).read_parquet(path, page_checksum_verification=True)
    return frame.sort_values(ROW, ignore_index=True) if ROW in frame.columns else frame
