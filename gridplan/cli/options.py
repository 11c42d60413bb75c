"""The options that several verbs of the command line share, each with its help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridplan.rules.all_rules import Rules


class Lang(StrEnum):
    """Languages of maps."""

    en = "en"
    zh = "zh"


class Datum(StrEnum):
    """Datums of geographic input other than its CRS says."""

    wgs84 = "wgs84"
    gcj02 = "gcj02"
    bd09 = "bd09"


class Layers(StrEnum):
    """Ways to put a plan on a map."""

    auto = "auto"
    classes = "classes"
    tiles = "tiles"


class Effort(StrEnum):
    """How long a search may take."""

    quick = "quick"
    default = "default"
    thorough = "thorough"


class Format(StrEnum):
    """Formats of a plan on disk."""

    auto = "auto"
    gpkg = "gpkg"
    parquet = "parquet"


class Engine(StrEnum):
    """Where the chunks of a city are planned."""

    serial = "serial"
    processes = "processes"
    dask = "dask"


FROM = "Where the land comes from"
HOW = "How to read it"
WHAT = "What to draw"
WHO = "Who does the work"

Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads; one for each core if not given.")
]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Stop refining after so long; the plan is complete, but depends on the machine.",
        rich_help_panel=WHAT,
    ),
]
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="OSM extract (.osm.pbf, .osm), vector file with buildings, or folder of such files.",
    ),
]
OptionalSource = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]", help="OSM extract, vector file with buildings, or folder of such files."
    ),
]
Place = Annotated[
    str | None,
    typer.Option(
        help="Fetch this place from OpenStreetMap instead (needs the internet).",
        rich_help_panel=FROM,
    ),
]
Cache = Annotated[
    Path, typer.Option(help="Folder that keeps what --place fetched.", rich_help_panel=FROM)
]
Communities = Annotated[
    Path | None, typer.Option(help="Outlines of communities: hard limits.", rich_help_panel=FROM)
]
Compounds = Annotated[
    Path | None, typer.Option(help="Outlines of residential compounds.", rich_help_panel=FROM)
]
Barriers = Annotated[
    list[Path] | None,
    typer.Option(
        help="Railways, rivers, main roads; may be given several times.", rich_help_panel=FROM
    ),
]
Openings = Annotated[
    Path | None, typer.Option(help="Bridges, underpasses, gates in barriers.", rich_help_panel=FROM)
]
Streets = Annotated[Path | None, typer.Option(help="Street centre lines.", rich_help_panel=FROM)]
Places = Annotated[
    Path | None,
    typer.Option(help="Service centres, schools, hospitals, markets ...", rich_help_panel=FROM),
]
Institutions = Annotated[
    Path | None, typer.Option(help="Institutions that pair with communities.", rich_help_panel=FROM)
]
Counts = Annotated[
    Path | None, typer.Option(help="Aggregate counts by building or coarser.", rich_help_panel=FROM)
]
Boundary = Annotated[
    Path | None,
    typer.Option(help="Outer limit; buildings outside it are left out.", rich_help_panel=FROM),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=YOURS",
        help="Say which of your columns is which, e.g. floors=number_of_floors.",
        rich_help_panel=HOW,
    ),
]
Crs = Annotated[
    str | None,
    typer.Option(help="CRS of files that name none, e.g. EPSG:4547.", rich_help_panel=HOW),
]
DatumOption = Annotated[
    Datum | None,
    typer.Option(help="Declare coordinates shifted to GCJ-02 or BD-09.", rich_help_panel=HOW),
]
Encoding = Annotated[
    str | None,
    typer.Option(help="Encoding of shapefiles and CSV, e.g. gb18030.", rich_help_panel=HOW),
]
RulesFile = Annotated[
    Path | None,
    typer.Option(
        "--rules", help="TOML file of rules; `gridplan rules` prints one.", rich_help_panel=WHAT
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="RULE=VALUE",
        help="Set one rule, e.g. urban.target=28.",
        rich_help_panel=WHAT,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Threads, or processes for a city in chunks; one for each core if not given.",
        rich_help_panel=WHO,
    ),
]
Chunk = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Plan in chunks of so many buildings, as GeoParquet files of more than 100,000 always are.",
        rich_help_panel=WHO,
    ),
]
EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        help="Where the chunks of a city are planned; the plan is the same.",
        rich_help_panel=WHO,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Dask scheduler whose workers plan the chunks, e.g. tcp://10.0.0.1:8786.",
        rich_help_panel=WHO,
    ),
]
PlanPath = Annotated[Path, typer.Argument(metavar="PLAN", help="A plan's folder or its .gpkg.")]


def read_mapping(mapping: list[str] | None) -> dict[str, str]:
    """Read the user's words for columns."""
    pairs = [text.partition("=") for text in mapping or []]
    loose = [
        text
        for text, (_, sign, yours) in zip(mapping or [], pairs, strict=True)
        if not sign or not yours
    ]
    if loose:
        raise typer.BadParameter(
            f"{', '.join(loose)}: write COLUMN=YOURS, e.g. floors=number_of_floors",
            param_hint="--map",
        )
    return {own.strip(): yours.strip() for own, _, yours in pairs}


def read_rules(
    path: Path | None, settings: list[str] | None, effort: str | None, mapping: list[str] | None
) -> Rules:
    """Read the rules from the file, then set those given one by one, and the names of columns."""
    import tomllib

    from gridplan.rules.all_rules import Rules

    rules = Rules.from_file(path) if path else Rules()
    for text in [*(settings or []), *([f'division.effort="{effort}"'] if effort else [])]:
        name, sign, value = text.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (sign and dot):
            raise typer.BadParameter(
                f"{text}: write RULE=VALUE, e.g. urban.target=28", param_hint="--set"
            )
        try:
            parsed = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            parsed = value.strip()
        rules = rules.replace(**{section: {key.strip(): parsed}})
    return rules.replace(columns=read_mapping(mapping))


def list_paths(source: str | None, files: dict[str, Any]) -> list[Path]:
    """List the files that the land is read from."""
    paths = [Path(source)] if source else []
    return paths + [
        p for value in files.values() for p in (value if isinstance(value, tuple) else [value]) if p
    ]
