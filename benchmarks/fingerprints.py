"""Fingerprints: the SHA-256 of every file, and of every column, that a fixed chain of verbs writes.

A change that moves or renames code and means to leave behaviour alone leaves all of them as they
were. Record them before, run again after, and compare:

    python -m benchmarks fingerprints --record before.json
    python -m benchmarks fingerprints --against before.json

Where a file differs, the columns that differ are named: a renamed word shows in a column of words,
a changed figure in a column of figures.
"""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import REAL, ROOT

EXAMPLE = ROOT / "data" / "example" / "town.gpkg"
OLDER = REAL / "liechtenstein" / "liechtenstein-2013-08-03.osm.pbf"
NEWER = REAL / "liechtenstein" / "liechtenstein-2015-07-27.osm.pbf"
DAY = ("--date", "2026-11-29")  # history is dated; a fixed day keeps the bytes


def list_example_steps():
    """List the verbs run on the embedded example, each as the words after ``gridplan``."""
    return [
        ["plan", EXAMPLE, "-o", "town", "--seed", "1"],
        ["organise", "town", "-o", "town-organise"],
        ["staff", "town-organise", "-o", "town-staff"],
        ["pair", "town-staff", "-o", "town-pair"],
        ["rate", "town-pair", "-o", "town-rate"],
        ["reach", "town-rate", "-o", "town-reach"],
        ["propose", "town-reach", "--kind", "canteen", "--add", "3", "-o", "town-proposed"],
        ["release", "town-reach", "-o", "town-release"],
        ["brief", "town-release"],
        ["simulate", "town-rate", "--days", "30", "--replications", "4", "--csv", "simulated"],
        ["surge", "town-rate", "--replications", "3", "--csv", "surged"],
        ["years", "town-rate", "--years", "4", "--replications", "2", "--csv", "years"],
        ["alternatives", "town", "--community", "130203001001", "-o", "alternatives"],
        ["frontier", "town", "--community", "130203001001", "--csv", "frontier.csv"],
        ["repair", "town", "-o", "town-repair", *DAY],
        ["plan", EXAMPLE, "-o", "town-upper", "--set", "grids.drawn=true"],
        ["synth", "city", "--communities", "12", "--seed", "3"],
        ["plan", "city", "-o", "city-plan", "--chunk", "300", "--seed", "2", "--workers", "2"],
    ]


def list_real_steps():
    """List the verbs run on Liechtenstein of 2013 and 2015, where its files are here."""
    if not (OLDER.exists() and NEWER.exists()):
        print("left out: Liechtenstein, its data is not here")
        return []
    return [
        ["plan", NEWER, "-o", "newer", "--seed", "1"],
        ["plan", OLDER, "-o", "older", "--seed", "1"],
        ["redraw", "older", "--site", NEWER, "-o", "redrawn", *DAY],
        ["compare", "older", "redrawn", "--csv", "compared"],
        ["audit", "redrawn", "--csv", "audit.csv"],
        ["budget", "older", "--site", NEWER, "--share", "0.1", "--csv", "budget.csv"],
    ]


def hash_bytes(data):
    """Hash bytes to 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def hash_columns(path):
    """Hash every column of a GeoPackage, GeoParquet or CSV file; other files have none."""
    if path.suffix == ".gpkg":
        return hash_layers(path)
    if path.suffix == ".parquet":
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path)
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
    elif path.suffix == ".csv":
        import pandas as pd

        columns = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("list")
    else:
        columns = {}
    return {name: hash_bytes(repr(values).encode()) for name, values in columns.items()}


def hash_layers(path):
    """Hash every column of every table of a GeoPackage, its own tables of contents included."""
    hashes = {}
    with sqlite3.connect(path) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in tables.fetchall():
            if table.startswith("rtree_"):
                continue  # the spatial index follows from the shapes, and needs SpatiaLite to read
            for _, column, *_ in connection.execute(f'pragma table_info("{table}")').fetchall():
                values = connection.execute(f'select "{column}" from "{table}"').fetchall()
                hashes[f"{table}.{column}"] = hash_bytes(repr(values).encode())
    return hashes


def take_fingerprints(folder):
    """Run the chain in a folder and hash all that it wrote, by path."""
    for step in list_example_steps() + list_real_steps():
        command = [sys.executable, "-m", "gridplan", *map(str, step)]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        print(run.returncode, "gridplan", *map(str, step), flush=True)
        if run.returncode not in (0, 1):  # 1 is a finding of the audit, which is a result too
            print(run.stderr)
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): {
            "sha256": hash_bytes(path.read_bytes()),
            "columns": hash_columns(path),
        }
        for path in files
    }


def compare_fingerprints(before, after):
    """Print which files differ, and in which columns; return how many."""
    differ = 0
    for name in sorted(before.keys() | after.keys()):
        old = before.get(name, {"sha256": "", "columns": {}})
        new = after.get(name, {"sha256": "", "columns": {}})
        if old["sha256"] == new["sha256"]:
            continue
        differ += 1
        names = old["columns"].keys() | new["columns"].keys()
        columns = sorted(c for c in names if old["columns"].get(c) != new["columns"].get(c))
        print(f"differs: {name}: {', '.join(columns) or 'no table'}")
    print(f"{len(before.keys() | after.keys()) - differ} files alike, {differ} differ")
    return differ


def run(record=None, against=None):
    """Take the fingerprints; keep them, or compare them with those kept before."""
    folder = tempfile.mkdtemp(prefix="fingerprints-")
    try:
        prints = take_fingerprints(folder)
    finally:
        shutil.rmtree(folder)
    if record:
        Path(record).write_text(json.dumps(prints, indent=1), encoding="utf-8")
    if against:
        compare_fingerprints(json.loads(Path(against).read_text(encoding="utf-8")), prints)
