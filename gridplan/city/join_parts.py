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
from gridplan.city.plan_chunk import PARTS
from gridplan.city.planning_job import Chunk, Job
from gridplan.city.settle_communities import SETTLED
from gridplan.city.sum_ledgers import join_ledgers
from gridplan.engine.parallel_map import Progress
from gridplan.geometry.tiling import match_borders
from gridplan.land.no_homes import refuse_without_homes
from gridplan.plan import ALL_TABLES
from gridplan.planning.plan_manifest import compose_manifest
from gridplan.rules.all_rules import Rules
from gridplan.storage.assembly import join_texts
from gridplan.storage.companion_files import Summary
from gridplan.storage.geoparquet import ROW, write_notes
from gridplan.tables.parquet import TableWriter, from_arrow, read_batches, to_arrow
from gridplan.tables.schema import find_key

# As they were put in order before the chunks were planned.
KEPT = ("barriers", "openings", "streets", "places", "institutions", "counts")
ADJOINS = 0.001  # metres between sub-grids that adjoin
# Their keys are numbers, numbered again over all parts.
NUMBERED = ("neighbours", "exceptions", "touches")
KEY_ROWS = 500_000  # keys read at once: they are short, so groups of a file are taken together


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
    for n, table in enumerate(ALL_TABLES):
        progress("joining", n, len(ALL_TABLES))
        path = folder / f"{table}.parquet"
        if table == "ledger":
            ledger = _join_ledger(work, parts, entries, path)
            rows[table] = len(ledger)
            continue
        sources = [work / FRAME] if table in KEPT else parts
        files = [f for f in (source / f"{table}.parquet" for source in sources) if f.exists()]
        # An optional table without rows has no file.
        if files:
            rows[table] = _join_table(table, files, _read_rows(table, files, seams), path)
    if not rows["stairwells"]:
        names = ["residential", "use", "households_observed"]
        raise refuse_without_homes(
            pd.read_parquet(folder / "buildings.parquet", columns=names), ledger
        )
    subgrids = _read_subgrids(folder)
    counts = {**rows, "homes": _count_homes(folder)}
    rules = Rules.from_dict(job.rules)
    communities = pd.read_parquet(
        folder / "communities.parquet", columns=["community", "households"]
    )
    settled = communities.loc[communities["households"].notna(), "community"]
    manifest = compose_manifest(
        counts, subgrids, rules, job.seed, job.inputs, ledger, settled.tolist()
    )
    write_notes(manifest, folder)
    return Summary(subgrids, rows, int(subgrids["households"].sum()), crs, manifest)


def _join_ledger(work: Path, parts: Sequence[Path], entries: Sequence[Any], path: Path) -> Any:
    """Join the ledgers of all parts, and write the city's."""
    # Each folder is noted in by itself; a part of no rows would have no types to join by.
    settled = load_table(work / SETTLED, "ledger")
    frame = load_table(work / FRAME, "ledger")
    whole = pd.concat([frame, settled]) if len(frame) and len(settled) else frame
    whole = whole if len(frame) else settled
    ledger = join_ledgers([load_table(part, "ledger") for part in parts], whole, entries)
    with TableWriter(path) as writer:
        writer.write(join_texts(ledger.reset_index()))
    return ledger


def _read_rows(table: str, files: Sequence[Path], seams: pd.Series[Any]) -> Iterator[pa.Table]:
    """Read the batches of a table from the files of all parts."""
    if table == "subgrids":
        return _replace_shapes(files, seams)
    return (batch for file in files for batch in read_batches(file))


def _count_homes(folder: Path) -> int:
    """Count the buildings with households, some rows at a time."""
    return sum(
        # The sum of no rows is null to Arrow.
        int(pc.sum(pc.greater(batch["households"], 0)).as_py() or 0)
        for batch in read_batches(folder / "buildings.parquet", ["households"])
    )


def _read_subgrids(folder: Path) -> pd.DataFrame:
    """Read the sub-grids of the city without their shapes: a row each, so that they fit."""
    batches = read_batches(folder / "subgrids.parquet")
    table = from_arrow(pa.concat_tables(batch.drop_columns(["geometry"]) for batch in batches))
    return pd.DataFrame(table.drop(columns=[ROW])).set_index("subgrid").sort_index()


def _join_table(table: str, files: Sequence[Path], batches: Iterator[pa.Table], path: Path) -> int:
    """Join the batches of one table; rows by community keep their place in order of key."""
    key = find_key(table)
    keys = pa.concat_tables(
        batch for file in files for batch in read_batches(file, [key], rows=KEY_ROWS)
    ).column(key)
    count = len(keys)
    is_numbered = table in NUMBERED
    rank = None
    rows_written = 0
    with TableWriter(path) as writer:
        for batch in batches:
            last = rows_written + len(batch)
            if is_numbered:
                batch = _number_rows(batch, key, rows_written, count)
            # Neighbours have no order but their own, and communities are in order of key.
            if "community" in batch.column_names and table not in ("neighbours", "communities"):
                if rank is None:
                    # Numbers were given in order just now, so that nothing has to be sorted.
                    rank = np.arange(count, dtype=np.int32) if is_numbered else _rank_keys(keys)
                batch = _add_row(batch, rank[rows_written:last])
            writer.write_arrow(batch)
            rows_written = last
    return count


def _number_rows(batch: pa.Table, key: str, before: int, count: int) -> pa.Table:
    """Give the keys of a batch the next numbers, as wide as the last of all."""
    number = pd.Series(np.arange(before + 1, before + len(batch) + 1), dtype="str")
    # Zeros in front, so that the order of texts is that of numbers.
    number = number.str.zfill(len(str(count)))
    field = batch.schema.field(key)
    position = batch.column_names.index(key)
    return batch.set_column(position, field, pa.array(number, field.type))


def _rank_keys(keys: Any) -> Any:
    """Find the place of each key in their order: int32[n]."""
    rank = np.empty(len(keys), np.int32)
    rank[pc.sort_indices(keys).to_numpy()] = np.arange(len(keys), dtype=np.int32)
    return rank


def _add_row(batch: pa.Table, place: Any) -> pa.Table:
    """Add the column of the row's place, before any shapes, and list it in pandas' metadata."""
    # The way through pandas writes its metadata; shapes stay the bytes that they are.
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
            # Areas of others stay as they were measured, to the last digit.
            area = np.where(changed, shapely.area(shapes), frame["area"])
            yield to_arrow(
                frame.assign(area=area).set_geometry(
                    gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)
                )
            )


def match_seams(work: Path, chunks: Sequence[Chunk], grid: float) -> pd.Series[Any]:
    """Match the corners of sub-grids across limits of chunks; returns their shapes by code."""
    border = _find_border(work, chunks)
    kept = []
    for n, chunk in enumerate(chunks):
        for batch in read_batches(work / PARTS / chunk.name / "subgrids.parquet"):
            frame = from_arrow(batch)
            # Only what lies along a seam is kept: it grows with the length of the cuts.
            rows = frame[frame["community"].isin(border)]
            shapes = rows.geometry.to_numpy()
            kept.append(pd.DataFrame({"shape": shapes, "chunk": n}, index=rows["subgrid"]))
    every = pd.concat(kept)
    shapes = every["shape"].to_numpy(object)
    # Where corners differ, shapes that adjoin may be a rounding apart.
    one, two = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=ADJOINS)
    across = every["chunk"].to_numpy()[one] != every["chunk"].to_numpy()[two]
    near = np.unique(one[across])
    # Corners were rounded to the grid on both sides, so that they are up to two apart.
    matched = match_borders(shapes[near], 2 * grid)
    return pd.Series(list(matched), index=every.index[near], dtype=object)


def _find_border(work: Path, chunks: Sequence[Chunk]) -> pd.Index[Any]:
    """Find the communities that touch one of another chunk."""
    outlines = load_table(work / SETTLED, "communities").geometry
    first = [chunk.first for chunk in chunks]
    # Chunks are runs of codes in order: the last that begins at or before a code holds it.
    number = np.searchsorted(first, outlines.index.to_numpy(object), side="right") - 1
    shapes = outlines.to_numpy()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return outlines.index[np.unique(one[number[one] != number[two]])]
