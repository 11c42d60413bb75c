"""Tables of chunks on disk, each a file in the schema's shape that any process can read."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from gridplan.engine.whole_files import force_to_disk
from gridplan.tables.conform import conform_table
from gridplan.tables.parquet import TableWriter, from_arrow, read_batches


def save_table(folder: Path, table: str, frame: Any) -> None:
    """Save a table under its name."""
    with TableWriter(folder / f"{table}.parquet") as writer:
        writer.write(frame.reset_index())


def load_table(folder: Path, table: str) -> Any:
    """Load a table that was saved under its name."""
    import pandas as pd

    # One batch is the rule; joining it with nothing would cost a copy.
    frames = [from_arrow(batch) for batch in read_batches(folder / f"{table}.parquet")]
    return conform_table(
        table, frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    )


def load_tables(folder: Path, tables: Iterable[str]) -> Mapping[str, Any]:
    """Load several tables of one folder."""
    return {table: load_table(folder, table) for table in tables}


def drop_folder(folder: Path) -> None:
    """Take a folder away by one rename, so that no half of it is ever taken for the whole."""
    # What a killed run could not delete any more is in the way of the rename.
    aside = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    shutil.rmtree(aside)


def start_folder(folder: Path) -> Path:
    """Make an empty folder to draft another in, beside it; no other process drafts in the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))


def finish_folder(draft: Path, folder: Path) -> None:
    """Put a folder in place by one rename, whole or not at all; one already there stays.

    A worker of a cluster may outlive the run that gave it its task, and finish
    it beside the next run.
    """
    # A disk may keep the rename and lose what is in the files.
    force_to_disk(draft)
    try:
        draft.rename(folder)
    except OSError:
        # The part of the other run is as good: parts depend on their chunk alone.
        if not folder.is_dir():
            raise
        shutil.rmtree(draft)
