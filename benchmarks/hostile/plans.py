"""Plans damaged on disk, edit scripts, rules, lists of pairs, and numbers without measure."""

import json
import sqlite3
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.hostile.trial import Trial
from benchmarks.hostile.values import TEXTS
from benchmarks.hostile.village import copy_plan, make_buildings, rng_of

AUDIT = ("audit", "plan")
TABLES = ("subgrids", "stairwells", "buildings", "communities", "neighbours", "members", "posts")


def _drop_triggers(file):
    """Take the triggers of a GeoPackage away, which need functions that sqlite lacks."""
    for (name,) in file.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        file.execute(f'drop trigger "{name}"')


def change_geopackage(statements, folder):
    """Run SQL on a plan's GeoPackage, as somebody with the right tool would."""
    with sqlite3.connect(copy_plan(folder) / "plan.gpkg") as file:
        _drop_triggers(file)
        for statement in statements:
            file.execute(statement)


SQL = {
    **{f"{table} dropped": [f"drop table {table}"] for table in TABLES},
    **{f"{table} empty": [f"delete from {table}"] for table in TABLES},
    "no contents": ["delete from gpkg_contents"],
    "no CRS": ["delete from gpkg_spatial_ref_sys"],
    "households negative": ["update subgrids set households = -9000000000000000000"],
    "households as text": ["update subgrids set households = 'many'"],
    "households unknown": ["update stairwells set households = null"],
    "high without end": ["update subgrids set high = 9223372036854775807"],
    "codes alike": ["update subgrids set subgrid = 'same'"],
    "codes empty": ["update subgrids set subgrid = ''"],
    "stairwells of nobody": ["update stairwells set subgrid = 'nobody'"],
    "neighbours of nobody": ["update neighbours set neighbour = 'nobody'"],
    "distances unknown": ["update neighbours set distance = null"],
    "distances infinite": ["update neighbours set distance = 9e999"],
    "distances negative": ["update neighbours set distance = -5"],
    "shapes of noise": ["update subgrids set geometry = x'4750ffff00'"],
    "shapes unknown": ["update subgrids set geometry = null"],
    "names of script": [
        f"update communities set name = '{TEXTS['script']}'".replace(
            "document.title='seen'", "alert(1)"
        )
    ],
    "posts below zero": ["update posts set served = -3, households = -3"],
    "a foreign table": ['create table "x\'; drop" (a)'],
    "a column less": ["drop view if exists centres", "alter table subgrids drop column centre"],
    "a view in its place": [
        "alter table members rename to m2",
        "create view members as select * from members",
    ],
}


def change_manifest(name, folder):
    """Replace or change the manifest of a plan in GeoParquet."""
    path = copy_plan(folder, "parquet") / "tables" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(MANIFESTS[name](manifest))


MANIFESTS = {
    "empty": lambda m: "",
    "an object without anything": lambda m: "{}",
    "a list": lambda m: "[]",
    "a number": lambda m: "7",
    "cut short": lambda m: json.dumps(m)[:200],
    "nested 50,000 deep": lambda m: '{"a":' * 50_000 + "1" + "}" * 50_000,
    "rules are a text": lambda m: json.dumps({**m, "rules": "none"}),
    "rules unknown": lambda m: json.dumps({**m, "rules": {"moon": {"low": 3}}}),
    "rules of nan": lambda m: json.dumps({**m, "rules": {"urban": {"low": float("nan")}}}),
    "figures are null": lambda m: json.dumps({**m, "figures": None}),
    "figures are texts": lambda m: json.dumps({**m, "figures": {"subgrids": "x"}}),
    "people is a list": lambda m: json.dumps({**m, "people": [1, 2]}),
    "seed is a text": lambda m: json.dumps({**m, "seed": "x"}),
    "seed without end": lambda m: json.dumps({**m, "seed": 10**300}),
    "inputs are numbers": lambda m: json.dumps({**m, "inputs": [1]}),
    "version of controls": lambda m: json.dumps({**m, "gridplan": "\x1b[2J\u202e"}),
    "version of the future": lambda m: json.dumps({**m, "gridplan": "999.0"}),
}


def damage_file(form, name, seed, folder):
    """Cut a file of a plan, change bytes in it, empty it or take it away."""
    path = copy_plan(folder, form) / name
    rng = rng_of(seed)
    data = bytearray(path.read_bytes())
    way = seed % 5
    if way == 0:
        data = data[: len(data) // 2]
    elif way == 1:
        for place in rng.integers(0, len(data), 30):
            data[place] = rng.integers(256)
    elif way == 2:
        data = bytearray()
    elif way == 3:
        path.unlink()
        return
    else:
        data = bytearray(rng.integers(0, 256, 5_000, dtype=np.uint8).tobytes())
    path.write_bytes(bytes(data))


def change_table(table, change, folder):
    """Change a table of a plan in GeoParquet."""
    import geopandas as gpd

    path = copy_plan(folder, "parquet") / "tables" / f"{table}.parquet"
    try:
        frame = gpd.read_parquet(path)
    except ValueError:
        frame = pd.read_parquet(path)
    change(frame).to_parquet(path)


CHANGES = {
    "a plain table": lambda t: pd.DataFrame({"a": [1]}),
    "rows doubled": lambda t: pd.concat([t, t]),
    "no rows": lambda t: t.iloc[:0],
    "a column less": lambda t: t.drop(columns=t.columns[0]),
    "all texts": lambda t: t.assign(**{c: "x" for c in t.columns if c != "geometry"}),
    "all unknown": lambda t: t.assign(**{c: None for c in t.columns if c != "geometry"}),
}
EDITS = (
    "",
    "   ",
    "fly building B01 to the moon",
    "move building B01",
    "move building B01 to",
    "move building NOBODY to 0301-001",
    "move building B01 to 0302-001",
    "move building B01 to 9999-999",
    "move all to 0301-001",
    "swap building B01 with building B01",
    "split 0301-001 into 0",
    "split 0301-001 into -1",
    "split 0301-001 into 99999999999999999999",
    "split 0301-001 into many",
    "merge 0301-001 into 0301-001",
    "merge 0301-001 into 0302-001",
    "recode 0301-001 as ''",
    "recode 0301-001 as 0301-002",
    "recode 0301-001 as ../../x",
    "recode 0301-001 as " + "9" * 5_000,
    "centre of 0301-001 at NOBODY-1",
    "lock subgrid 0301-001 because \x1b[2J\u202e",
    "lock subgrid 0301-001 because <script>alert(1)</script>",
    "unlock subgrid 0301-001",
    'move building "B01 to 0301-001',
    "undo",
    "undo undo",
    "移动 楼栋 B01 到 火星",
    "# only a remark",
    "move " * 5_000,
    "\x00",
    "'; drop table subgrids; --",
)
SCRIPTS = {
    "empty": b"",
    "binary": bytes(range(256)),
    "UTF-16": "lock subgrid 0301-001".encode("utf-16"),
    "one line of 5 MB": b"lock subgrid " + b"x" * 5_000_000,
    "50,000 lines": b"lock subgrid 0301-001\n" * 50_000,
    "one wrong line of three": b"lock subgrid 0301-001\nfly\nlock subgrid 0302-001\n",
    "carriage returns": b"lock subgrid 0301-001\rlock subgrid 0302-001\r",
    "controls": b"lock subgrid 0301-001 because \x1b[31m\x07\n",
}
RULES = {
    "empty": "",
    "not TOML": "low: 3",
    "nested deep": "a = " + "[" * 3_000 + "]" * 3_000,
    "tables nested deep": "[" + ".".join(["a"] * 3_000) + "]\nx = 1",
    "tables of tables": "x = " + "{a=" * 900 + "1" + "}" * 900,
    "a huge number": "[urban]\nhigh = " + "9" * 5_000,
    "beyond 64 bits": f"[urban]\nhigh = {2**63}",
    "nan": "[prices]\nbuilding = nan",
    "infinite": "[prices]\nbuilding = inf",
    "negative": "[prices]\nbuilding = -1.0",
    "low above high": "[urban]\nlow = 50\nhigh = 20",
    "zero target": "[urban]\nlow = 0\ntarget = 0\nhigh = 0",
    "text for a number": '[urban]\nlow = "20"',
    "boolean for a number": "[urban]\nlow = true",
    "date for a number": "[urban]\nlow = 2024-01-01",
    "list for a number": "[urban]\nlow = [20]",
    "unknown section": "[moon]\nlow = 3",
    "unknown rule": "[urban]\nlowest = 3",
    "no section": "low = 3",
    "doubled": "[urban]\nlow = 3\nlow = 4",
    "names of controls": '["\\u001b[2J"]\nlow = 3',
    "one household each": "[urban]\nlow = 1\ntarget = 1\nhigh = 1",
    "2 MB": "[columns]\n" + "".join(f'"c{n}" = "x"\n' for n in range(150_000)),
    "columns of nobody": '[columns]\n"buildings.floors" = "nobody"',
}


def write_rules(text, folder):
    (folder / "r.toml").write_text(text)
    make_buildings().to_parquet(folder / "b.parquet")


def write_beside(name, data, folder):
    copy_plan(folder)
    (folder / name).write_bytes(data)


PAIRS = {
    "missing": None,
    "empty": b"",
    "only a header": b"institution,community\n",
    "other columns": b"a,b\n1,2\n",
    "nobody": b"institution,community\nI9,9999\n",
    "doubled": b"institution,community\nI1,0301\nI1,0301\nI1,0302\n",
    "empty cells": b"institution,community\n,\nI1,\n,0301\n",
    "binary": bytes(range(256)) * 20,
    "quote without end": b'institution,community\n"I1,0301\n',
    "controls": b"institution,community\n\x1b[2J,0301\n",
    "persons": "单位,社区,姓名,电话\nI1,0301,张三,13812345678\n".encode(),
    "gb18030": "单位编码,社区编码\nI1,0301\n".encode("gb18030"),
    "100,000 rows": b"institution,community\n" + b"I1,0301\n" * 100_000,
}


def write_pairs(name, folder):
    copy_plan(folder)
    if PAIRS[name] is not None:
        (folder / "pairs.csv").write_bytes(PAIRS[name])


def crowd_one(column, value, folder):
    """Give one house a number that would be a town of its own."""
    make_buildings().assign(**{column: 10.0}).assign(
        **{column: lambda t: t[column].where(t.index > 0, value)}
    ).to_parquet(folder / "b.parquet")


QUICK = ("-o", "out", "--workers", "1", "--effort", "quick")


def list_trials():
    """List all trials of plans, edits, rules, pairs and numbers."""
    yield from _list_tables()
    yield from _list_damaged()
    for line in EDITS:
        make = partial(write_beside, "s.txt", line.encode())
        yield Trial("edits", f"{line[:50]!r}", make, (("edit", "plan", line, "-o", "out"),))
    script = ("edit", "plan", "--script", "s.txt", "-o", "out")
    for name, data in SCRIPTS.items():
        yield Trial("edits", f"script: {name}", partial(write_beside, "s.txt", data), (script,))
    ruled = ("plan", "b.parquet", "--rules", "r.toml", *QUICK)
    for name, text in RULES.items():
        yield Trial("rules", name, partial(write_rules, text), (ruled,))
    paired = ("pair", "plan", "--existing", "pairs.csv", "-o", "out")
    for name in PAIRS:
        yield Trial("pairs", name, partial(write_pairs, name), (paired,))
    drawn = (("plan", "b.parquet", *QUICK), ("audit", "out"))
    for column, value in CROWDS:
        make = partial(crowd_one, column, value)
        yield Trial("crowds", f"{column} = {value:g} in one house", make, drawn)


CROWDS = (
    ("households_observed", 1e9),
    ("households_observed", 9_999.0),
    ("population", 1e9),
    ("floors", 900.0),
    ("height", 999.0),
    ("stairwell_count", 1e6),
    ("stairwell_count", 200.0),
)


def _list_tables():
    drawn = (("map", "plan", "-o", "m.html"),)
    for name, statements in SQL.items():
        make = partial(change_geopackage, statements)
        yield Trial("plans", f"GeoPackage: {name}", make, (AUDIT,))
        if any(word in name for word in ("shapes", "names", "codes")):
            yield Trial("plans", f"GeoPackage, map: {name}", make, drawn)
    for name in MANIFESTS:
        yield Trial("plans", f"manifest: {name}", partial(change_manifest, name), (AUDIT,))
    for n, table in enumerate(TABLES):
        # Every other pair of table and change, so that each is tried.
        for name, change in list(CHANGES.items())[n % 2 :: 2]:
            yield Trial("plans", f"{table}: {name}", partial(change_table, table, change), (AUDIT,))


def _list_damaged():
    files = [("gpkg", "plan.gpkg", seed) for seed in range(10)]
    tables = (*TABLES, "links", "places", "indicators")
    files += [("parquet", f"tables/{table}.parquet", n) for n, table in enumerate(tables)]
    files += [("parquet", "tables/manifest.json", seed) for seed in range(5)]
    files += [("gpkg", "plan.toml", seed) for seed in range(5)]
    for form, file, seed in files:
        make = partial(damage_file, form, file, seed)
        yield Trial("plans", f"{file} damaged {seed}", make, (AUDIT,))
