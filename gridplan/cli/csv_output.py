"""Tables written as CSV that spreadsheets open in the right encoding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def write_csv(table: pd.DataFrame, path: Path | None) -> None:
    """Write one table and say where, if a file was asked for."""
    from gridplan.cli import console

    if path is not None:
        # Excel reads a CSV without the mark in the encoding of the system, in China GBK.
        table.to_csv(path, encoding="utf-8-sig")
        console.print_line("written", path)


def write_folder(tables: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write each table to a file of its name; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, table in tables.items():
        # Line ends are the same on every system, so that the bytes are.
        path = folder / f"{name}.csv"
        table.to_csv(path, encoding="utf-8-sig", lineterminator="\n")
        files.append(path)
    return files


def write_tables(
    tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any], folder: Path
) -> None:
    """Write each table, and ``manifest.json`` with how they were made."""
    import json

    write_folder(tables, folder)
    # Figures without their rules and seed could not be made again.
    (folder / "manifest.json").write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
