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

    Files of an earlier town are replaced.

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
    parts = folder / _PARTS
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
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
    progress("writing", 0, 1)
    frame = draw_frame(town)
    for table in TABLES:
        shared = [rows for rows in frame[table] if len(rows)]
        # the names begin with the first community's number, so their order is that of the codes
        files = sorted(parts.glob(f"*-{table}.parquet"))
        if not shared and not files:
            continue
        with TableWriter(parts / f"{table}.parquet") as writer:
            if table not in STREAMED:
                writer.write(finish_table(table, [*shared, *map(_read_part, files)]).reset_index())
                continue
            # rows of the whole site have the county's code, which sorts before its communities
            if shared:
                writer.write(finish_table(table, shared).reset_index())
            for file in files:
                writer.write(finish_table(table, [_read_part(file)]).reset_index())
    # moved once all tables are whole: an interrupted drawing leaves the old town as it was
    for table in TABLES:
        (folder / f"{table}.parquet").unlink(missing_ok=True)
        if (parts / f"{table}.parquet").exists():
            (parts / f"{table}.parquet").replace(folder / f"{table}.parquet")
    shutil.rmtree(parts)
    return folder


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
