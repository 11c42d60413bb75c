"""The back door: ``gridplan VERB ...`` parses, calls one function, and writes.

Exit status: 0 done, 1 problems found in the data or the plan, 2 the command itself was wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan import __version__, cli_people
from gridplan.errors import GridplanError, InputError, PlanError
from gridplan.options import (
    WHAT,
    Barriers,
    Boundary,
    Cache,
    Communities,
    Compounds,
    Counts,
    Crs,
    Datum,
    DatumOption,
    Effort,
    Encoding,
    Format,
    Institutions,
    Lang,
    Layers,
    Mapping,
    Openings,
    OptionalSource,
    Place,
    Places,
    PlanPath,
    RulesFile,
    Set,
    Source,
    Streets,
    list_paths,
    read_rules,
)

if TYPE_CHECKING:
    from gridplan.rules import Rules
    from gridplan.site import Site

app = typer.Typer(
    name="gridplan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Draw a city's plan of small grids from building footprints and household estimates, judge it and map it.\n\n"
    "Begin with:  [bold]gridplan plan FILE -o outputs/town[/bold]   then   [bold]gridplan audit outputs/town[/bold]   "
    "and   [bold]gridplan map outputs/town[/bold]",
)


@app.command("plan")
def plan_command(
    source: OptionalSource = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the plan.", show_default=False)] = None,
    communities: Communities = None, compounds: Compounds = None, barriers: Barriers = None, openings: Openings = None,
    streets: Streets = None, places: Places = None, institutions: Institutions = None, counts: Counts = None,
    boundary: Boundary = None, mapping: Mapping = None, crs: Crs = None, datum: DatumOption = None,
    encoding: Encoding = None, rules_file: RulesFile = None, settings: Set = None,
    place: Place = None, cache: Cache = Path("outputs/osm_cache"),
    seed: Annotated[int, typer.Option(help="Same input, rules and seed: same plan.", rich_help_panel=WHAT)] = 0,
    effort: Annotated[str | None, typer.Option(help="quick, default or thorough.", rich_help_panel=WHAT)] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads, or processes for a city in chunks; one for each core if not given.")
    ] = None,
    chunk: Annotated[
        int | None,
        typer.Option(min=1, help="Plan in chunks of so many buildings, as GeoParquet files of more than 100,000 always are."),
    ] = None,
    file_format: Annotated[Format, typer.Option("--format", help="How the plan is stored.")] = Format.auto,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a plan that is there already.")] = False,
) -> None:  # fmt: skip
    """Draw the sub-grids of a place and write the plan.

    [dim]gridplan plan town.osm.pbf -o outputs/town[/dim]

    [dim]gridplan plan buildings.parquet --communities c.gpkg --barriers rail.parquet -o outputs/v[/dim]
    """
    from gridplan import console, planning, storage

    if output is None:
        raise typer.BadParameter("say where the plan goes: -o outputs/NAME", param_hint="--output")
    if (source is None) == (place is None):
        raise typer.BadParameter("give either a SOURCE file or --place NAME", param_hint="SOURCE")
    storage.refuse_existing(output, overwrite)
    rules = read_rules(rules_file, settings, effort, mapping)
    files = {
        "communities": communities, "compounds": compounds, "barriers": tuple(barriers or ()), "openings": openings,
        "streets": streets, "places": places, "institutions": institutions, "counts": counts, "boundary": boundary,
    }  # fmt: skip
    if source is not None and file_format is not Format.gpkg:
        from gridplan.city import running

        if chunk or running.is_large(source):
            reason = running.explain_whole(source, files, datum, rules)
            if not reason:
                how = {"mapping": dict(rules.columns), "crs": crs, "encoding": encoding}
                _plan_city(source, output, rules, files, how, seed, workers, chunk, overwrite)
                return
            console.err.print(f"planned in one piece, since {reason}", soft_wrap=True)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        site = _read(source, place, cache, files, crs, datum, encoding, rules)
        clock("hashing", 0, 1)
        inputs = storage.hash_files(list_paths(source, files))
        plan = planning.divide(site, rules, seed=seed, workers=workers, inputs=inputs, progress=clock)
        clock("writing", 0, 1)
        written = storage.write_plan(plan, output, format=file_format.value, overwrite=overwrite)
    console.print_ledger(plan.site.ledger)
    console.print_plan(plan)
    console.print_times(clock.seconds)
    console.out.print(f"written    {written}", soft_wrap=True)
    console.out.print(f"next       gridplan audit {output}; gridplan map {output}", soft_wrap=True)


def _plan_city(
    source: str, output: Path, rules: Rules, files: dict[str, Any], how: dict[str, Any], seed: int, workers: int | None,
    chunk: int | None, overwrite: bool,
) -> None:  # fmt: skip
    """Plan a city in chunks, and print what it comes to."""
    from gridplan import console, storage
    from gridplan.city import running
    from gridplan.city.tables import load_table

    seconds: dict[str, float] = {}
    with console.show_progress() as clock:
        clock("hashing", 0, 1)
        inputs = storage.hash_files(list_paths(source, files))
        summary = running.plan_city(
            source, output, rules, files=files, **how, seed=seed, workers=workers, chunk=chunk or running.CHUNK,
            inputs=inputs, overwrite=overwrite, progress=clock, seconds=seconds,
        )  # fmt: skip
    console.print_ledger(load_table(output / "tables", "ledger"))
    console.print_figures(summary.manifest["figures"])
    console.print_times(clock.seconds)
    console.print_times(seconds, "of planning")
    console.out.print(f"written    {output}", soft_wrap=True)
    console.out.print(f"next       gridplan audit {output}; gridplan map {output}", soft_wrap=True)


@app.command("check")
def check_command(
    source: Source,
    communities: Communities = None, compounds: Compounds = None, barriers: Barriers = None, openings: Openings = None,
    streets: Streets = None, places: Places = None, institutions: Institutions = None, counts: Counts = None,
    boundary: Boundary = None, mapping: Mapping = None, crs: Crs = None, datum: DatumOption = None,
    encoding: Encoding = None, rules_file: RulesFile = None,
) -> None:  # fmt: skip
    """Read the data, list everything that is wrong with it, and show what planning would make of it.

    [dim]gridplan check buildings.shp --encoding gb18030 --map floors=CS[/dim]
    """
    from gridplan import console, planning

    rules = read_rules(rules_file, None, None, mapping)
    files = {
        "communities": communities, "compounds": compounds, "barriers": tuple(barriers or ()), "openings": openings,
        "streets": streets, "places": places, "institutions": institutions, "counts": counts, "boundary": boundary,
    }  # fmt: skip
    site = _read(source, None, None, files, crs, datum, encoding, rules)
    site = planning.prepare_site(site, rules)
    console.print_site(site)
    console.print_ledger(site.ledger)


@app.command("audit")
def audit_command(
    path: PlanPath,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with status 1 if any rule is broken.")] = False,
    rules_file: Annotated[Path | None, typer.Option("--rules", help="Judge by these rules instead of the plan's own.")] = None,
    table: Annotated[Path | None, typer.Option("--csv", help="Write the table by community to this file.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes for a city; one for each core if not given.")] = None,
) -> None:
    """Check a plan against every rule, from its own tables, whoever drew it.

    [dim]gridplan audit outputs/town --strict[/dim]
    """
    from gridplan import auditing, console, storage
    from gridplan.city.auditing import audit_city
    from gridplan.city.reading import count_buildings
    from gridplan.rules import Rules

    rules = Rules.from_file(rules_file) if rules_file else None
    if count_buildings(path) > storage.LARGE:
        with console.show_progress() as clock:
            result = audit_city(path, rules, workers=workers, progress=clock)
    else:
        result = auditing.audit(storage.read_plan(path), rules)
    console.out.print(console.escape(str(result)), soft_wrap=True)
    if table:
        result.communities.to_csv(table, encoding="utf-8-sig")
        console.out.print(f"written    {table}", soft_wrap=True)
    if strict and not result.passed:
        raise typer.Exit(1)


@app.command("map")
def map_command(
    path: PlanPath,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Page to write; PLAN/map.html if not given.")] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the page.")] = Lang.en,
    layers: Annotated[Layers, typer.Option(help="classes for small plans, tiles for big ones.")] = Layers.auto,
    base_map: Annotated[bool, typer.Option("--base-map", help="Lay it over OpenStreetMap tiles (needs the internet).")] = False,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    only: Annotated[
        str | None, typer.Option(metavar="CODE", help="Map only communities whose code begins so, e.g. a district of a city.")
    ] = None,
    for_release: Annotated[bool, typer.Option("--release", help="Refuse all but a release that passed its check.")] = False,
) -> None:
    """Write a map of a plan as one page that opens without internet.

    [dim]gridplan map outputs/city --lang zh --only 130203001[/dim]
    """
    from gridplan import console
    from gridplan.maps.draw import draw_map
    from gridplan.maps.offline import write_map

    page = output or (path if path.is_dir() else path.parent) / "map.html"
    with console.show_progress() as clock:
        clock("map", 0, 1)
        plan, left_out = cli_people.read_mapped(path, only, for_release)
        drawn = draw_map(plan, lang=lang.value, layers=layers.value, base_map=base_map, title=title)
        write_map(drawn, page, overwrite=True)
    if left_out:
        console.out.print(f"left out   {left_out}", soft_wrap=True)
    console.out.print(f"written    {page} ({page.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)


@app.command("synth")
def synth_command(
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="GeoPackage to write, e.g. town.gpkg; else a folder of GeoParquet.")
    ],
    communities: Annotated[int, typer.Option(min=1, help="Number of communities.")] = 5,
    urban_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of urban communities.")] = 0.6,
    households: Annotated[int | None, typer.Option(min=1, help="Exact number of households in all.")] = None,
    hierarchy: Annotated[
        list[Path] | None,
        typer.Option(
            help="CSV of real communities to lay out instead (code, name, kind, subdistrict), or a register of divisions; "
            "further ones add what the first lacks."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed: same town.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes for a folder; one for each core if not given.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Make a synthetic town to try gridplan on: slabs, towers, villages, a river, a railway, counts.

    [dim]gridplan synth town.gpkg --communities 20 --seed 7[/dim]

    [dim]gridplan synth city --hierarchy villages.csv --households 2837237[/dim]
    """
    from gridplan import console
    from gridplan.errors import OutputExistsError
    from gridplan.sources.hierarchy import read_hierarchy
    from gridplan.sources.synthetic import lay_out_town, make_town, write_town

    if output.exists() and not overwrite:
        raise OutputExistsError(f"{output} is there already; use --overwrite or another name")
    wards = read_hierarchy(hierarchy) if hierarchy else None
    if output.suffix.lower() == ".gpkg":
        reading = make_town(communities, urban_share, households, seed, hierarchy=wards)
        write_town(reading, output)
        rows = [(f"{len(table):,}", name) for name, table in reading.tables.items()]
        size = output.stat().st_size
    else:
        from gridplan.parquet import count_rows
        from gridplan.sources.synthetic_city import write_city

        with console.show_progress() as clock:
            town = lay_out_town(communities, urban_share, households, seed, wards)
            write_city(town, output, workers=workers, progress=clock)
        files = sorted(output.glob("*.parquet"))
        rows = [(f"{count_rows(file):,}", file.stem) for file in files]
        size = sum(file.stat().st_size for file in files)
        console.print_times(clock.seconds)
    console.print_table(f"{output} ({size / 1e6:.1f} MB)", ("rows", "table"), rows, right=(0,))


@app.command("bench")
def bench_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of published instances (.dat, .json).")],
    effort: Annotated[Effort, typer.Option(help="How long to search.")] = Effort.quick,
    only: Annotated[str | None, typer.Option(help="Only instances with this in their name.")] = None,
    means: Annotated[
        bool | None, typer.Option("--means/--medians", help="Ways go to the mean of a part; as a rule in a folder named cccp.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed: same answers.")] = 0,
) -> None:
    """Solve published instances of capacitated division, check every answer, and compare with the best known.

    [dim]gridplan bench instances --effort default --only SJC[/dim]
    """
    from gridplan import benching, console

    with console.show_progress() as clock:
        table = benching.bench_folder(folder, effort.value, only, means, seed, clock)
    console.print_bench(f"{folder} ({effort.value})", table)
    if not table["feasible"].all():
        raise typer.Exit(1)


@app.command("rules")
def rules_command(
    rules_file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Print these rules, with defaults filled in.")
    ] = None,
) -> None:
    """Print all rules as TOML, each with its unit, meaning and source, as a file to start from.

    [dim]gridplan rules > plan.toml[/dim]
    """
    from gridplan.rules import Rules

    rules = Rules.from_file(rules_file) if rules_file else Rules()
    typer.echo(rules.to_toml(), nl=False)


@app.command("schema")
def schema_command(
    table: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="One table; all tables if not given.")] = None,
) -> None:
    """Explain the tables and columns that gridplan reads and writes, in English and Chinese.

    [dim]gridplan schema buildings[/dim]
    """
    from gridplan import console
    from gridplan.schema import read_schema

    schema = read_schema()
    if table is not None and table not in schema:
        raise typer.BadParameter(f"no table {table}; there are {', '.join(schema)}", param_hint="TABLE")
    for name in [table] if table else schema:
        rows = (
            (c.name, c.zh, c.need, c.dtype, c.unit, c.meaning + (f"; also read from {', '.join(c.aliases)}" if c.aliases else ""))
            for c in schema[name]
        )
        console.print_table(f"\n{name}", ("column", "中文", "need", "type", "unit", "meaning"), rows)


def _read(
    source: str | None, place: str | None, cache: Path | None, files: dict[str, Any],
    crs: str | None, datum: Datum | None, encoding: str | None, rules: Rules,
) -> Site:  # fmt: skip
    """Read the site from a file or, by a place's name, from OpenStreetMap."""
    from gridplan.reading import read_site

    given: Any = source
    if place is not None:
        from gridplan.sources.osm_online import read_osm_place

        given = read_osm_place(place, cache=cache)
    return read_site(
        given, **files, mapping=dict(rules.columns), crs=crs,
        datum=datum.value if datum else None, encoding=encoding, rules=rules.site,
    )  # fmt: skip


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"gridplan {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Take the options that stand before the verb."""


cli_people.register(app)


def main() -> None:
    """Run the command line; an error of gridplan is printed, never a traceback."""
    try:
        app()
    except GridplanError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1 if isinstance(error, InputError | PlanError) else 2)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
