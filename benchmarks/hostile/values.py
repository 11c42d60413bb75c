"""Values, names of columns and texts that a table may hold and should not."""

from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.hostile.shapes import AUDIT, PLAN
from benchmarks.hostile.trial import Trial
from benchmarks.hostile.village import (
    CHECK,
    CRS,
    make_buildings,
    make_communities,
    make_csv,
    place,
    rng_of,
)

VALUES = (
    "nan",
    "inf",
    "-inf",
    "1e308",
    "1e400",
    str(2**63),
    str(-(2**63)),
    "9" * 400,
    "-5",
    "0.5",
    "1e9",
    "true",
    "2024-05-01",
    "3月5日",
    "many",
    "３０",
    "1,200",
    "1.200,5",
    "١٢",
    "0x1F",
    "1_000",
    "=1+1",
    "<b>9</b>",
    "5;6",
    "12\x00",
    "--",
    "Ⅻ",
    "½",
    "十二",
)
NUMBERS = ("floors", "height", "stairwell_count", "households_observed", "population")


def spoil_value(column, value, rows, folder):
    """Write the houses as CSV with a value in one row or in all."""
    table = make_csv()
    if column not in table:
        table[column] = "20"
    table.loc[: 0 if rows == "one" else len(table), column] = value
    table.to_csv(folder / "b.csv", index=False)


def spoil_typed(column, value, folder):
    """Write the houses as GeoParquet with a column of another type."""
    table = make_buildings()
    table[column] = value() if callable(value) else value
    table.to_parquet(folder / "b.parquet")


TYPED = {
    "dates": lambda: pd.date_range("2024-01-01", periods=24),
    "durations": lambda: pd.to_timedelta(np.arange(24), unit="D"),
    "booleans": True,
    "complex texts": lambda: [f"{n}+{n}j" for n in range(24)],
    "lists": lambda: [[1, 2]] * 24,
    "structures": lambda: [{"a": 1}] * 24,
    "bytes": lambda: [b"\xff\x00"] * 24,
    "unsigned": lambda: np.full(24, 2**64 - 1, np.uint64),
    "least": lambda: np.full(24, -(2**63), np.int64),
    "all missing": None,
    "categories": lambda: pd.Categorical(["6"] * 24),
    "largest float": np.finfo(float).max,
    "smallest float": 5e-324,
    "minus zero": -0.0,
}
TEXTS = {
    "script": "<script>document.title='seen'</script>",
    "end of script": "</script><img src=x onerror=document.title='seen'>",
    "template": "{{ 7*7 }} {% raw %} ${7*7} `",
    "formula": '=HYPERLINK("http://127.0.0.1:9/","x")',
    "formula with a tab": "\t=1+1",
    "bell and colours": "\x1b[31mred\x07\x1b[0m",
    "clears the screen": "\x1b[2J\x1b]0;title\x07",
    "bidi override": "a\u202egnp.exe",
    "bidi isolates": "\u2066x\u2069\u2067y",
    "C1 controls": "a\x9b31mb",
    "line breaks": "a\r\nb\u2028c\x0bd",
    "a megabyte": "长" * 350_000,
    "combining marks": "a" + "\u0301" * 3000,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "no letters": "\u200b\u200c\ufeff",
    "beyond the plane": "𠮷㙍",
    "quotes": "'\"`; drop table buildings; --",
    "path": "../../../etc/passwd",
    "markup of the screen": "[red]x[/red][/]",
    "percent": "%s%n%d{0}{}",
    "arrows": " -> 1. error: x",
}


def spoil_text(column, text, form, folder):
    """Give a house a hostile text as its code or name."""
    if form == "csv":
        table = make_csv()
        table.loc[0, column] = text
        table.to_csv(folder / "b.csv", index=False)
        return
    table = make_buildings()
    table.loc[0, column] = text
    table.to_parquet(folder / "b.parquet")


def spoil_all(text, folder):
    """Give a house and a community a hostile text as code and name."""
    houses, limits = make_buildings(), make_communities()
    houses.loc[0, ["building", "building_name"]] = text
    limits.loc[0, ["community", "name"]] = text
    houses.to_parquet(folder / "b.parquet")
    limits.to_parquet(folder / "c.parquet")


COLUMNS = {
    "empty name": lambda t: t.rename(columns={"floors": ""}),
    "blank name": lambda t: t.rename(columns={"floors": "  "}),
    "doubled": lambda t: pd.concat([t, t[["floors"]]], axis=1),
    "all alike": lambda t: t.set_axis(["a"] * t.shape[1], axis=1),
    "very long": lambda t: t.rename(columns={"floors": "f" * 100_000}),
    "emoji": lambda t: t.assign(**{"👩‍👩‍👧‍👦": "1"}),
    "numbers": lambda t: t.set_axis([str(n) for n in range(t.shape[1])], axis=1),
    "control characters": lambda t: t.assign(**{"\x1b[31mx\x07": "1", "a\u202eb": "1"}),
    "script": lambda t: t.assign(**{TEXTS["script"]: "1"}),
    "markup": lambda t: t.assign(**{"[red]x[/]": "1"}),
    "words of the program": lambda t: t.assign(geometry="x", index="1", fid="1", ogc_fid="2"),
    "derived columns": lambda t: t.assign(households="-5", community="zz", households_low="x"),
    "3,000 columns": lambda t: pd.concat(
        [t, pd.DataFrame("1", index=t.index, columns=[f"c{n}" for n in range(3_000)])], axis=1
    ),
    "no rows": lambda t: t.iloc[:0],
    "one row": lambda t: t.iloc[:1],
    "no columns but places": lambda t: t[["lon", "lat"]],
    "no places": lambda t: t.drop(columns=["lon", "lat"]),
    "three forms of one name": lambda t: t.assign(FLOORS="1", Floors="2", 层数="3"),
    "unit in brackets": lambda t: t.rename(columns={"floors": "层数（层）"}),
    "line break in a name": lambda t: t.rename(columns={"floors": "flo\nors"}),
}


def spoil_columns(name, folder):
    COLUMNS[name](make_csv()).to_csv(folder / "b.csv", index=False)


def spoil_other(table, column, value, folder):
    """Write communities, institutions, places or counts with a hostile value."""
    make_buildings().to_parquet(folder / "b.parquet")
    points = [shapely.Point(*place(60, 60)), shapely.Point(*place(180, 60))]
    if table == "communities":
        frame = make_communities().assign(households=120.0)
    elif table == "counts":
        rows = {"level": "community", "of": ["0301", "0302"], "measure": "volunteers", "value": 5.0}
        frame = pd.DataFrame(rows)
    else:
        kinds = {"institutions": "organ", "places": "canteen"}
        rows = {table[:-1]: ["I1", "I2"], "kind": kinds[table], "party_members": 9.0, "area": 30.0}
        frame = gpd.GeoDataFrame(rows, geometry=points, crs=CRS)
    texts = frame[column].astype(str)
    texts.iloc[0] = value
    frame[column] = texts
    if table == "counts":
        frame.to_csv(folder / "t.csv", index=False)
    else:
        rows = pd.DataFrame(frame.drop(columns="geometry"))
        rows.assign(wkt=frame.geometry.to_wkt()).to_csv(folder / "t.csv", index=False)
    make_communities().to_parquet(folder / "c.parquet")


OTHERS = {
    ("communities", "households"): VALUES[:11],
    ("communities", "kind"): ("suburban", "城区", ""),
    ("communities", "community"): ("", "0302", "../x", "a b"),
    ("institutions", "party_members"): VALUES[:12],
    ("places", "area"): VALUES[:9],
    ("places", "kind"): ("", "nothing known"),
    ("counts", "value"): VALUES[:12],
    ("counts", "level"): ("", "planet", "compound", "building"),
    ("counts", "of"): ("", "9999", "0302"),
    ("counts", "measure"): ("", "党员", "Party_Members_Full", "nobody reads this"),
}


def list_trials():
    """List all trials of values, names and texts."""
    csv = ("check", "b.csv", "--crs", "EPSG:4326", "--ledger")
    parquet = tuple(word.format("b.parquet") for word in CHECK)
    plan = tuple(word.format("b.parquet") for word in PLAN)
    for column in NUMBERS:
        for n, value in enumerate(VALUES):
            rows = "one" if (n + len(column)) % 2 else "all"
            make = partial(spoil_value, column, value, rows)
            yield Trial("values", f"{column} = {value[:20]!r}, {rows}", make, (csv,))
        for name, value in TYPED.items():
            yield Trial(
                "values", f"{column}: {name}", partial(spoil_typed, column, value), (parquet,)
            )
    for (table, column), values in OTHERS.items():
        for value in values:
            words = ["check", "b.parquet", f"--{table}", "t.csv", "--crs", CRS, "--ledger"]
            if table != "communities":
                words += ["--communities", "c.parquet"]
            yield Trial(
                "values",
                f"{table}.{column} = {value[:20]!r}",
                partial(spoil_other, table, column, value),
                (tuple(words),),
            )
    for name, text in TEXTS.items():
        for column in ("building", "building_name"):
            yield Trial(
                "texts", f"{column}: {name}", partial(spoil_text, column, text, "csv"), (csv,)
            )
        whole = (*plan, "--communities", "c.parquet")
        yield Trial(
            "texts",
            f"names and codes: {name}, to a map",
            partial(spoil_all, text),
            (whole, AUDIT, ("map", "out", "-o", "map.html")),
        )
    for name in COLUMNS:
        yield Trial("columns", name, partial(spoil_columns, name), (csv,))
    for seed in range(30):
        yield Trial("values", f"random cells {seed}", partial(scatter, seed), (csv,))


def scatter(seed, folder):
    """Put random values into random cells."""
    rng = rng_of(seed)
    table = make_csv()
    pool = [*VALUES, *TEXTS.values()]
    for _ in range(6):
        row, column = rng.integers(len(table)), rng.choice(table.columns)
        table.loc[row, column] = pool[rng.integers(len(pool))][:500]
    table.to_csv(folder / "b.csv", index=False)
