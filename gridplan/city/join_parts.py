"""Joining: the parts of a city put together to one plan, table by table, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyproj import CRS

from gridplan.city.chunk_tables import load_table
from gridplan.city.cut_chunks import FRAME
from gridplan.city.ledgers import join_ledgers
from gridplan.city.plan_chunk import PARTS
from gridplan.city.planning_job import Chunk, Job
from gridplan.engine.engine import Progress
from gridplan.errors import InputError, Problem
from gridplan.geometry.tiling import match_borders
from gridplan.plan import ALL_TABLES
from gridplan.planning.plan_manifest import compose_manifest
from gridplan.rules.all_rules import Rules
from gridplan.storage.assembly import join_texts
from gridplan.storage.companion_files import Summary
from gridplan.storage.geoparquet import ROW, write_notes
from gridplan.tables.parquet import TableWriter, from_arrow, read_batches, to_arrow
from gridplan.tables.schema import find_key

KEPT = (
    "barriers",
    "openings",
    "streets",
    "places",
    "institutions",
    "counts",
)  # as they were put in order before
ADJOINS = 0.001  # m between sub-grids that adjoin
NUMBERED = (
    "neighbours",
    "exceptions",
    "touches",
)  # their keys are numbers, numbered again over all parts


def join_city(
    job: Job,
    chunks: Sequence[Chunk],
    crs: CRS,
    entries: Sequence[Any],
    work: Path,
    folder: Path,
    progress: Progress,
) -> Summary:
    """Join the parts of all chunks into a new folder of tables, and return what the plan comes to.

    Raises
    ------
    InputError
        If nobody lives in the city.
    """
    folder.mkdir()
    parts = [work / PARTS / chunk.name for chunk in chunks]
    seams = match_seams(work, chunks, Rules.from_dict(job.rules).outlines.grid)
    rows: dict[str, int] = {}
    homes = 0
    for n, table in enumerate(ALL_TABLES):
        progress("joining", n, len(ALL_TABLES))
        path = folder / f"{table}.parquet"
        if table == "ledger":
            ledger = join_ledgers(
                [load_table(part, table) for part in parts],
                load_table(work / FRAME, table),
                entries,
            )
            rows[table] = len(ledger)
            with TableWriter(path) as writer:
                writer.write(join_texts(ledger.reset_index()))
            continue
        sources = [work / FRAME] if table in KEPT else parts
        files = [f for f in (source / f"{table}.parquet" for source in sources) if f.exists()]
        if not files:  # an optional table without rows
            continue
        batches = (
            _replace_shapes(files, seams)
            if table == "subgrids"
            else (b for f in files for b in read_batches(f))
        )
        rows[table] = _join_table(table, files, batches, path)
        if table == "buildings":
            homes = sum(
                int(pc.sum(pc.greater(b["households"], 0)).as_py() or 0)
                for b in read_batches(path, ["households"])
            )
    subgrids = from_arrow(
        pa.concat_tables(
            b.drop_columns(["geometry"]) for b in read_batches(folder / "subgrids.parquet")
        )
    )
    if not rows["stairwells"]:
        remedy = "give a column of households or floors, or lower households.smallest"
        raise InputError([Problem("buildings", "homes", "no building counts as a home", remedy)])
    subgrids = pd.DataFrame(subgrids.drop(columns=[ROW])).set_index("subgrid").sort_index()
    manifest = compose_manifest(
        {**rows, "homes": homes}, subgrids, Rules.from_dict(job.rules), job.seed, job.inputs, ledger
    )
    write_notes(manifest, folder)
    return Summary(subgrids, rows, int(subgrids["households"].sum()), crs, manifest)


def _join_table(table: str, files: Sequence[Path], batches: Iterator[pa.Table], path: Path) -> int:
    """Join the batches of one table; rows by community keep their place in order of key."""
    key = find_key(table)
    keys = pa.concat_tables(b for f in files for b in read_batches(f, [key], rows=500_000)).column(
        key
    )
    count = len(keys)
    done = 0
    rank = None
    with TableWriter(path) as writer:
        for batch in batches:
            if table in NUMBERED:
                width = len(str(count))
                number = pd.Series(
                    np.arange(done + 1, done + len(batch) + 1), dtype="str"
                ).str.zfill(width)
                at = batch.column_names.index(key)
                batch = batch.set_column(
                    at, batch.schema.field(key), pa.array(number, batch.schema.field(key).type)
                )
            if "community" in batch.column_names and table not in ("neighbours", "communities"):
                if rank is None:
                    rank = (
                        _rank_keys(keys)
                        if table not in NUMBERED
                        else np.arange(count, dtype=np.int32)
                    )
                batch = _add_row(batch, rank[done : done + len(batch)])
            writer.write_arrow(batch)
            done += len(batch)
    return count


def _rank_keys(keys: Any) -> Any:
    """Find the place of each key in their order: int32[n]."""
    rank = np.empty(len(keys), np.int32)
    rank[pc.sort_indices(keys).to_numpy()] = np.arange(len(keys), dtype=np.int32)
    return rank


def _add_row(batch: pa.Table, place: Any) -> pa.Table:
    """Add the column of the row's place, before any shapes, and list it in pandas' metadata."""
    flat = from_arrow(
        batch.drop_columns(["geometry"]) if "geometry" in batch.column_names else batch
    )
    table = to_arrow(join_texts(pd.DataFrame(flat).assign(**{ROW: place})))
    if "geometry" not in batch.column_names:
        return table
    metadata = {**(table.schema.metadata or {}), b"geo": batch.schema.metadata[b"geo"]}
    return table.append_column("geometry", batch.column("geometry")).replace_schema_metadata(
        metadata
    )


def _replace_shapes(files: Sequence[Path], seams: pd.Series[Any]) -> Iterator[pa.Table]:
    """Read the sub-grids with the shapes that were matched at the seams in place of their own."""
    for file in files:
        for batch in read_batches(file):
            frame = from_arrow(batch)
            new = frame["subgrid"].map(seams)
            changed = new.notna().to_numpy()
            shapes = frame.geometry.to_numpy().copy()
            shapes[changed] = new[changed].to_numpy()
            area = np.where(changed, shapely.area(shapes), frame["area"])
            yield to_arrow(
                frame.assign(area=area).set_geometry(
                    gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)
                )
            )


def match_seams(work: Path, chunks: Sequence[Chunk], grid: float) -> pd.Series[Any]:
    """Match the corners of sub-grids across limits of chunks; returns their shapes by code."""
    outlines = load_table(work / FRAME, "communities").geometry
    number = (
        np.searchsorted(
            [chunk.first for chunk in chunks], outlines.index.to_numpy(object), side="right"
        )
        - 1
    )
    one, two = shapely.STRtree(outlines.to_numpy()).query(
        outlines.to_numpy(), predicate="intersects"
    )
    border = outlines.index[np.unique(one[number[one] != number[two]])]
    kept = []
    for n, chunk in enumerate(chunks):
        for batch in read_batches(work / PARTS / chunk.name / "subgrids.parquet"):
            frame = from_arrow(batch)
            own = frame[frame["community"].isin(border)]
            kept.append(
                pd.DataFrame({"shape": own.geometry.to_numpy(), "chunk": n}, index=own["subgrid"])
            )
    every = pd.concat(kept)
    shapes = every["shape"].to_numpy(object)
    # Where corners differ, shapes that adjoin may be a rounding apart.
    one, two = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=ADJOINS)
    across = every["chunk"].to_numpy()[one] != every["chunk"].to_numpy()[two]
    near = np.unique(one[across])
    return pd.Series(
        list(match_borders(shapes[near], 2 * grid)), index=every.index[near], dtype=object
    )
