"""The options that several verbs of the command line share, each with its one help text.

A verb names them as types of its parameters; the default stands with the verb.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridplan.cli.outputs import (
    try_engine,
    try_language,
    try_output_file,
    try_output_folder,
    try_picture,
)

if TYPE_CHECKING:
    pass


class Lang(StrEnum):
    """Languages of texts, pages and pictures."""

    en = "en"
    zh = "zh"


# One option for all; the default is said, since it is the same for all verbs.
LANG_HELP = (
    "Language of texts, pages and pictures; by default GRIDPLAN_LANG, "
    "else Chinese where the system is Chinese, else English."
)


class Layers(StrEnum):
    """Ways to put a plan on a map."""

    auto = "auto"
    classes = "classes"
    tiles = "tiles"


class EffortName(StrEnum):
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


# Panels of the help that hold options of one purpose.
FROM = "Where the land comes from"
HOW = "How to read it"
WHAT = "Rules and search"
WHO = "Where it runs"

# ---- where the land comes from

OptionalSource = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="OSM extract (.osm.pbf, .osm), a vector file of buildings, or a folder of such files.",
    ),
]
OSM_CACHE = Path("outputs/osm_cache")
# Instead of a source: verbs refuse both together.
Place = Annotated[
    str | None,
    typer.Option(
        help="Download this place from OpenStreetMap instead (needs the internet).",
        rich_help_panel=FROM,
    ),
]
Cache = Annotated[
    Path, typer.Option(help="Folder that keeps what --place downloaded.", rich_help_panel=FROM)
]
Communities = Annotated[
    Path | None,
    typer.Option(
        help="Outlines of communities, which no sub-grid crosses; none: ignore those of the data.",
        rich_help_panel=FROM,
    ),
]
Zones = Annotated[
    Path | None,
    typer.Option(
        help="Zones whose total of households is known, such as census tracts or blocks.",
        rich_help_panel=FROM,
    ),
]
Compounds = Annotated[
    Path | None, typer.Option(help="Outlines of residential compounds.", rich_help_panel=FROM)
]
Barriers = Annotated[
    list[Path] | None,
    typer.Option(
        help="Railways, rivers, main roads, added to those of the source; may be repeated.",
        rich_help_panel=FROM,
    ),
]
Openings = Annotated[
    Path | None,
    typer.Option(
        help="Bridges, underpasses and gates that lead through barriers.", rich_help_panel=FROM
    ),
]
Streets = Annotated[Path | None, typer.Option(help="Street centre lines.", rich_help_panel=FROM)]
Places = Annotated[
    Path | None,
    typer.Option(
        help="Service centres, schools, hospitals, markets and so on.", rich_help_panel=FROM
    ),
]
Institutions = Annotated[
    Path | None,
    typer.Option(help="Institutions that can be paired with communities.", rich_help_panel=FROM),
]
Counts = Annotated[
    Path | None,
    typer.Option(
        help="Counts of people by building, compound, community or the whole site.",
        rich_help_panel=FROM,
    ),
]
Boundary = Annotated[
    Path | None,
    typer.Option(
        help="Outer limit of the plan; buildings outside it are left out.", rich_help_panel=FROM
    ),
]

# ---- how to read it

# Not --map, which is the page to write in several verbs.
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="COLUMN=YOURS",
        help="Which of your columns holds what, e.g. floors=CS; may be repeated.",
        rich_help_panel=HOW,
    ),
]
Crs = Annotated[
    list[str] | None,
    typer.Option(
        "--crs",
        metavar="CRS or TABLE=CRS",
        help="CRS of files that state none, e.g. EPSG:4547; or the true CRS of one table, "
        "whatever its file says, e.g. buildings=EPSG:4547; may be repeated.",
        rich_help_panel=HOW,
    ),
]
Datum = Annotated[
    list[str] | None,
    typer.Option(
        "--datum",
        metavar="DATUM or TABLE=DATUM",
        help="Datum of degrees and of Web Mercator: wgs84, gcj02 or bd09; or of one table, "
        "e.g. buildings=gcj02; may be repeated.",
        rich_help_panel=HOW,
    ),
]
NotPersonal = Annotated[
    list[str] | None,
    typer.Option(
        "--not-personal",
        metavar="COLUMN",
        help="A column that is refused as personal data and holds none; the ledger records it; "
        "may be repeated.",
        rich_help_panel=HOW,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(help="Encoding of shapefiles and CSV files, e.g. gb18030.", rich_help_panel=HOW),
]

# ---- rules

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
        help="Set one rule, e.g. urban.target=28; may be repeated.",
        rich_help_panel=WHAT,
    ),
]
# A limit of time makes the plan depend on the machine, so that it is no rule.
Seconds = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Stop refining after this many seconds. "
        "The plan is complete but depends on the machine.",
        rich_help_panel=WHAT,
    ),
]

# ---- where it runs

# Of verbs that never take a city; those that do have Workers.
Threads = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Number of threads; by default one for each core.",
        rich_help_panel=WHO,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of threads or, for a city, of processes; by default one for each core.",
        rich_help_panel=WHO,
    ),
]
Chunk = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Plan in chunks of this many buildings; "
        "GeoParquet files of more than 100,000 always are.",
        rich_help_panel=WHO,
    ),
]
EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        callback=try_engine,
        help="What plans the chunks of a city; the plan is the same.",
        rich_help_panel=WHO,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Address of a Dask scheduler whose workers plan the chunks, e.g. tcp://10.0.0.1:8786.",
        rich_help_panel=WHO,
    ),
]

# ---- plans, read and written

PlanPath = Annotated[
    Path, typer.Argument(metavar="PLAN", help="Folder of the plan, or its plan.gpkg.")
]
# For verbs with --template, which print and need no plan.
OptionalPlanPath = Annotated[
    Path | None, typer.Argument(metavar="PLAN", help="Folder of the plan, or its plan.gpkg.")
]
OnlyCommunities = Annotated[
    list[str] | None,
    typer.Option("--community", metavar="CODE", help="Only this community; may be repeated."),
]
# A plan holds its own land: without this option only its rules or edits are new.
CurrentLand = Annotated[
    str | None,
    typer.Option(
        "--site",
        metavar="SITE",
        help="The land as it is now, as `gridplan plan` reads it; by default the plan's own.",
    ),
]
# Optional for typer, so that the verb itself can say what is missing, with an example.
NewFolder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder to write; a new one, unless --overwrite is given.",
        show_default=False,
    ),
]
# Verbs that improve a plan may replace it, which only --overwrite allows.
NextPlan = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder for the new plan; without it, PLAN itself is replaced (--overwrite).",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what already exists.")]

# ---- results

CsvFile = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        help="Write the table to this CSV file.",
        callback=try_output_file,
    ),
]
CsvFolder = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        metavar="FOLDER",
        help="Write all tables to this folder as CSV files.",
        callback=try_output_folder,
    ),
]

# ---- the history of a plan

By = Annotated[
    str, typer.Option(metavar="OFFICE", help="Office or post that does it, never a person.")
]
Date = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="Date to record; by default today.")
]

# ---- chance and effort

Seed = Annotated[
    int,
    typer.Option(help="Seed of chance; the same input, rules and seed give the same result."),
]
# None, since the seed of the plan is known only when it is read.
PlanSeed = Annotated[
    int | None, typer.Option("--seed", help="Seed of chance; by default that of the plan.")
]
Effort = Annotated[EffortName, typer.Option(help="How long to search.")]
Replications = Annotated[
    int,
    typer.Option(min=1, help="Number of random runs; more give narrower intervals."),
]
Template = Annotated[
    bool,
    typer.Option("--template", help="Print an example of the TOML file to start from, and exit."),
]

# ---- pictures and maps

LangOption = Annotated[
    Lang,
    typer.Option("--lang", help=LANG_HELP, callback=try_language, show_default=False),
]
PictureFile = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Write a picture of the result, as PNG.",
        callback=try_picture,
    ),
]
PageFile = Annotated[
    Path | None,
    typer.Option(
        "--map",
        metavar="FILE",
        help="Write a map of the result, one HTML page that opens offline.",
        callback=try_output_file,
    ),
]
