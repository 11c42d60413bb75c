"""The verbs plan and check, which read the same data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    WHAT,
    Barriers,
    Boundary,
    Cache,
    Chunk,
    Columns,
    Communities,
    Compounds,
    Counts,
    Crs,
    Datum,
    DatumOption,
    Encoding,
    Engine,
    EngineOption,
    Format,
    Institutions,
    Openings,
    OptionalSource,
    Place,
    Places,
    RulesFile,
    Scheduler,
    Seconds,
    Set,
    Source,
    Streets,
    Workers,
    list_paths,
    read_rules,
)

if TYPE_CHECKING:
    from gridplan.rules.all_rules import Rules
    from gridplan.site import Site


@verb("plan")
def plan_command(
    source: OptionalSource = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the plan.", show_default=False)
    ] = None,
    communities: Communities = None,
    compounds: Compounds = None,
    barriers: Barriers = None,
    openings: Openings = None,
    streets: Streets = None,
    places: Places = None,
    institutions: Institutions = None,
    counts: Counts = None,
    boundary: Boundary = None,
    columns: Columns = None,
    crs: Crs = None,
    datum: DatumOption = None,
    encoding: Encoding = None,
    rules_file: RulesFile = None,
    settings: Set = None,
    place: Place = None,
    cache: Cache = Path("outputs/osm_cache"),
    seed: Annotated[
        int,
        typer.Option(
            help="Seed of the search; the same input, rules and seed give the same plan.",
            rich_help_panel=WHAT,
        ),
    ] = 0,
    effort: Annotated[
        str | None,
        typer.Option(help="How long to search: quick, default or thorough.", rich_help_panel=WHAT),
    ] = None,
    seconds: Seconds = None,
    engine: EngineOption = Engine.processes,
    scheduler: Scheduler = None,
    workers: Workers = None,
    chunk: Chunk = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="File format of the plan.")
    ] = Format.auto,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a plan that already exists.")
    ] = False,
) -> None:
    """Divide a place into sub-grids and write the plan.

    [dim]gridplan plan town.osm.pbf -o outputs/town[/dim]

    [dim]gridplan plan buildings.parquet --communities c.gpkg --barriers rail.parquet -o outputs/v[/dim]

    Ctrl-C ends the search and writes the best plan so far; a second Ctrl-C
    stops at once.
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.engine.deadline import Deadline
    from gridplan.planning import site_to_plan

    if output is None:
        raise typer.BadParameter("say where the plan goes: -o outputs/NAME", param_hint="--output")
    if (source is None) == (place is None):
        raise typer.BadParameter("give either a SOURCE file or --place NAME", param_hint="SOURCE")
    storage.refuse_existing(output, overwrite)
    rules = read_rules(rules_file, settings, effort, columns)
    files = {
        "communities": communities,
        "compounds": compounds,
        "barriers": tuple(barriers or ()),
        "openings": openings,
        "streets": streets,
        "places": places,
        "institutions": institutions,
        "counts": counts,
        "boundary": boundary,
    }
    if source is not None and file_format is not Format.gpkg:
        from gridplan.city import city_plan

        if chunk or city_plan.is_large(source):
            reason = city_plan.explain_whole(source, files, datum, rules)
            if not reason:
                how = {"mapping": dict(rules.columns), "crs": crs, "encoding": encoding}
                who = {
                    "engine": "dask" if scheduler else engine.value,
                    "scheduler": scheduler,
                    "workers": workers,
                }
                _plan_city(source, output, rules, files, how | who, seed, seconds, chunk, overwrite)
                return
            console.err.print(f"planned in one piece, since {reason}", soft_wrap=True)
    deadline = Deadline(seconds)
    with console.show_progress() as clock, console.end_on_interrupt(deadline, clock):
        clock("reading", 0, 1)
        site = _read(source, place, cache, files, crs, datum, encoding, rules)
        clock("hashing", 0, 1)
        inputs = storage.hash_files(list_paths(source, files))
        plan = site_to_plan.divide(
            site,
            rules,
            seed=seed,
            workers=workers,
            inputs=inputs,
            progress=clock,
            deadline=deadline,
        )
        clock("writing", 0, 1)
        written = storage.write_plan(plan, output, format=file_format.value, overwrite=overwrite)
    console.print_ledger(plan.site.ledger)
    console.print_plan(plan)
    console.print_times(clock.seconds)
    console.out.print(f"written    {written}", soft_wrap=True)
    console.out.print(f"next       gridplan audit {output}; gridplan map {output}", soft_wrap=True)


def _plan_city(
    source: str,
    output: Path,
    rules: Rules,
    files: dict[str, Any],
    how: dict[str, Any],
    seed: int,
    seconds: float | None,
    chunk: int | None,
    overwrite: bool,
) -> None:
    """Plan a city in chunks, and print its figures."""
    from gridplan import storage
    from gridplan.city import city_plan
    from gridplan.city.chunk_tables import load_table
    from gridplan.cli import console

    spent: dict[str, float] = {}
    deadline = city_plan.open_deadline(output, seconds)
    with console.show_progress() as clock, console.end_on_interrupt(deadline, clock):
        clock("hashing", 0, 1)
        inputs = storage.hash_files(list_paths(source, files))
        summary = city_plan.plan_city(
            source,
            output,
            rules,
            files=files,
            **how,
            seed=seed,
            chunk=chunk or city_plan.CHUNK,
            inputs=inputs,
            overwrite=overwrite,
            progress=clock,
            seconds=spent,
            deadline=deadline,
        )
    console.print_ledger(load_table(output / "tables", "ledger"))
    console.print_figures(summary.manifest)
    console.print_times(clock.seconds)
    console.print_times(spent, "of planning")
    console.out.print(f"written    {output}", soft_wrap=True)
    console.out.print(f"next       gridplan audit {output}; gridplan map {output}", soft_wrap=True)


@verb("check")
def check_command(
    source: Source,
    communities: Communities = None,
    compounds: Compounds = None,
    barriers: Barriers = None,
    openings: Openings = None,
    streets: Streets = None,
    places: Places = None,
    institutions: Institutions = None,
    counts: Counts = None,
    boundary: Boundary = None,
    columns: Columns = None,
    crs: Crs = None,
    datum: DatumOption = None,
    encoding: Encoding = None,
    rules_file: RulesFile = None,
) -> None:
    """Read the data, list everything that is wrong with it, and show what would be planned.

    [dim]gridplan check buildings.shp --encoding gb18030 --column floors=CS[/dim]
    """
    from gridplan.cli import console
    from gridplan.planning.prepare import prepare_site

    rules = read_rules(rules_file, None, None, columns)
    files = {
        "communities": communities,
        "compounds": compounds,
        "barriers": tuple(barriers or ()),
        "openings": openings,
        "streets": streets,
        "places": places,
        "institutions": institutions,
        "counts": counts,
        "boundary": boundary,
    }
    site = _read(source, None, None, files, crs, datum, encoding, rules)
    site = prepare_site(site, rules)
    console.print_site(site)
    console.print_ledger(site.ledger)


def _read(
    source: str | None,
    place: str | None,
    cache: Path | None,
    files: dict[str, Any],
    crs: str | None,
    datum: Datum | None,
    encoding: str | None,
    rules: Rules,
) -> Site:
    """Read the site from a file or, by a place's name, from OpenStreetMap."""
    from gridplan.reading.read import read_site

    land: Any = source
    if place is not None:
        from gridplan.reading.osm_online import read_osm_place

        land = read_osm_place(place, cache=cache)
    return read_site(
        land,
        **files,
        mapping=dict(rules.columns),
        crs=crs,
        datum=datum.value if datum else None,
        encoding=encoding,
        rules=rules.site,
    )
