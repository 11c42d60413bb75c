"""Tables written as CSV that spreadsheets open in the right encoding, and run nothing of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def write_csv(table: pd.DataFrame, path: Path | None) -> None:
    """Write one table and say where, if a file was asked for."""
    from gridplan.cli import console
    from gridplan.engine.placement import write_files

    if path is not None:
        write_files({path: _encode_csv(table)})
        console.print_line("written", path)


def write_folder(tables: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write each table to a file of its name; returns the files."""
    from gridplan.engine.placement import write_files

    return write_files(_encode_tables(tables, folder))


def write_tables(
    tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any], folder: Path
) -> None:
    """Write each table, and ``manifest.json`` with how they were made."""
    import json

    from gridplan.engine.placement import write_files

    # Figures without their rules and seed could not be made again.
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    write_files({**_encode_tables(tables, folder), folder / "manifest.json": text.encode()})


def _encode_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> dict[Path, bytes]:
    return {folder / f"{name}.csv": _encode_csv(table) for name, table in tables.items()}


def _encode_csv(table: pd.DataFrame) -> bytes:
    """Write a table as the bytes of a CSV file, the same on every system."""
    from gridplan.tables.csv_text import write_csv_text

    # Excel reads a CSV without the mark in the encoding of the system, in China GBK.
    return write_csv_text(table).encode("utf-8-sig")
