"""A synthetic town of any size as a folder of GeoParquet, drawn in parts to bound memory.

The folder holds one file a table, as :func:`gridplan.read_site` reads it; its
tables are those of :func:`make_town`.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import pandas as pd

from gridplan.engine.parallel_map import Progress, keep_silent, map_processes
from gridplan.engine.placement import FileMoves, put_together
from gridplan.synthetic.town import CRS, TABLES, Town, draw_community, draw_frame, finish_table
from gridplan.tables.parquet import TableWriter

AT_ONCE = 50  # communities drawn at once
# Tables too large to be held as a whole; the others are joined and sorted in memory.
STREAMED = ("buildings", "counts")
_PARTS = ".parts"
_Task: TypeAlias = "tuple[str, int, int]"


def write_city(
    town: Town, folder: str | Path, *, workers: int | None = None, progress: Progress = keep_silent
) -> Path:
    """Write a town as a folder of GeoParquet files, each sorted by community.

    Files of an earlier town are replaced, all of them or none.

    Parameters
    ----------
    town
        The town as :func:`gridplan.synthetic.town.lay_out_town` lays it out.
    folder
        Where to write; made if it is not there.
    workers
        Processes that draw; one for each core if not given.
    progress
        Called with the stage, the communities drawn and all communities.

    Raises
    ------
    PlanBusyError
        If another run is writing there.
    UnwritableError
        If nothing can be written there.

    Examples
    --------
    >>> import tempfile
    >>> from gridplan.synthetic.town import lay_out_town
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = write_city(lay_out_town(2, 0.0, 200, seed=1), Path(place) / "town", workers=1)
    ...     sorted(file.name for file in folder.iterdir())[:3]
    ['barriers.parquet', 'buildings.parquet', 'communities.parquet']
    """
    folder = Path(folder)

    def write(staging: Path) -> FileMoves:
        names = _write_tables(town, staging, workers, progress)
        absent = [f"{table}.parquet" for table in TABLES if f"{table}.parquet" not in names]
        return FileMoves({name: name for name in names}, absent)

    put_together(folder, write)
    return folder


def _write_tables(town: Town, staging: Path, workers: int | None, progress: Progress) -> list[str]:
    """Draw the town part by part and write its tables; returns the names of their files."""
    parts = staging / _PARTS
    parts.mkdir()
    # A file instead of an argument: each process loads the town once, not once a task. The
    # name holds the contents, so the cache of a process never confuses two towns.
    packed = pickle.dumps(town)
    file = parts / f"{hashlib.sha256(packed).hexdigest()[:16]}.pickle"
    file.write_bytes(packed)
    count = len(town.wards)
    tasks = [(str(file), first, min(first + AT_ONCE, count)) for first in range(0, count, AT_ONCE)]
    sizes = [last - first for _, first, last in tasks]
    map_processes(
        _draw_part, tasks, workers=workers, sizes=sizes, stage="drawing", progress=progress
    )
    progress("writing", 0, len(TABLES))
    frame = draw_frame(town)
    names = []
    for number, table in enumerate(TABLES, 1):
        shared = [rows for rows in frame[table] if len(rows)]
        # the names begin with the first community's number, so their order is that of the codes
        files = sorted(parts.glob(f"*-{table}.parquet"))
        if shared or files:
            names.append(f"{table}.parquet")
            _join_parts(table, shared, files, staging / names[-1])
        progress("writing", number, len(TABLES))
    shutil.rmtree(parts)  # before all is forced to disk, which would take as long again
    return names


def _join_parts(table: str, shared: list[pd.DataFrame], files: list[Path], target: Path) -> None:
    """Join the parts of a table, with the rows that belong to no single community."""
    with TableWriter(target) as writer:
        if table not in STREAMED:
            writer.write(finish_table(table, [*shared, *map(_read_part, files)]).reset_index())
            return
        # rows of the whole site have the county's code, which sorts before its communities
        if shared:
            writer.write(finish_table(table, shared).reset_index())
        for file in files:
            writer.write(finish_table(table, [_read_part(file)]).reset_index())


def _draw_part(task: _Task) -> None:
    """Draw some communities and keep the rows of each table as they are drawn."""
    file, first, last = task
    town = _load_town(file)
    drawn = [draw_community(town, number) for number in range(first, last)]
    for table in TABLES:
        batches = [tables[table] for tables in drawn if len(tables.get(table, ()))]
        if not batches:
            continue
        rows = pd.concat(batches, ignore_index=True)
        frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS) if "geometry" in rows else rows
        frame.to_parquet(Path(file).with_name(f"{first:06d}-{table}.parquet"), index=False)


@lru_cache(maxsize=1)
def _load_town(file: str) -> Town:
    """Load the town that this process draws at; it wrote the file itself, or its parent did."""
    town: Town = pickle.loads(Path(file).read_bytes())
    return town


def _read_part(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    return frame if "geometry" not in frame.columns else pd.DataFrame(gpd.read_parquet(path))
