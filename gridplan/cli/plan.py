"""The verbs plan and check, which read the same data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    OSM_CACHE,
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
    Encoding,
    Engine,
    EngineOption,
    Format,
    Institutions,
    NewFolder,
    NotPersonal,
    Openings,
    OptionalSource,
    Overwrite,
    Place,
    Places,
    RulesFile,
    Scheduler,
    Seconds,
    Seed,
    Set,
    Streets,
    Workers,
    Zones,
)
from gridplan.cli.outputs import try_date, try_scheduler
from gridplan.cli.read_options import NONE, list_paths, read_rules, split_by_table

if TYPE_CHECKING:
    from gridplan.rules.all_rules import Rules
    from gridplan.site import Site


@dataclass(frozen=True)
class Land:
    """Where the land is read from, a file or a place of OpenStreetMap, and how."""

    source: str | None
    files: dict[str, Any]
    crs: list[str] | None
    datum: list[str] | None
    encoding: str | None
    not_personal: list[str] | None = None
    place: str | None = None
    cache: Path | None = None

    def read(self, rules: Rules) -> Site:
        """Read the site."""
        from gridplan.land.given_limits import drop_communities
        from gridplan.reading.read import read_site

        source: Any = self.source
        if self.place is not None:
            from gridplan.reading.osm_online import read_osm_place

            source = read_osm_place(self.place, cache=self.cache)
        ignored = str(self.files.get("communities")) == NONE
        files = {**self.files, "communities": None} if ignored else self.files
        site = read_site(
            source,
            **files,
            mapping=dict(rules.columns),
            crs=split_by_table(self.crs, "--crs"),
            datum=split_by_table(self.datum, "--datum"),
            encoding=self.encoding,
            not_personal=self.not_personal or (),
            rules=rules.site,
        )
        return drop_communities(site) if ignored else site


def require_source(source: str | None, place: str | None, what: str = "SOURCE file") -> None:
    """Refuse land from nowhere, or from a file and a place at once."""
    if (source is None) == (place is None):
        raise typer.BadParameter(f"give either a {what} or --place NAME", param_hint="SOURCE")


# The files of a site, in the order in which the verbs have their options.
FILES = (
    *("communities", "zones", "compounds", "barriers", "openings", "streets", "places"),
    *("institutions", "counts", "boundary"),
)


@dataclass(frozen=True)
class Search:
    """How a plan is searched for and written."""

    seed: int
    seconds: float | None
    workers: int | None
    overwrite: bool
    date: str | None


def name_files(*paths: Any) -> dict[str, Any]:
    """Name the paths that the options of files hold; barriers may be several."""
    files = dict(zip(FILES, paths, strict=True))
    return {**files, "barriers": tuple(files["barriers"] or ())}


@verb("plan", figures=True, ledger=True)
def plan_command(
    source: OptionalSource = None,
    output: NewFolder = None,
    communities: Communities = None,
    zones: Zones = None,
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
    datum: Datum = None,
    encoding: Encoding = None,
    not_personal: NotPersonal = None,
    rules_file: RulesFile = None,
    settings: Set = None,
    place: Place = None,
    cache: Cache = OSM_CACHE,
    date: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="Day that the plan is of, for its maps; none is recorded otherwise.",
            callback=try_date,
        ),
    ] = None,
    seed: Seed = 0,
    effort: Annotated[
        str | None,
        typer.Option(help="How long to search: quick, default or thorough.", rich_help_panel=WHAT),
    ] = None,
    subgrids: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="NUMBER",
            help="Exact number of sub-grids of homes; by default as many as come nearest to "
            "the targets.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    seconds: Seconds = None,
    engine: EngineOption = Engine.processes,
    scheduler: Scheduler = None,
    workers: Workers = None,
    chunk: Chunk = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="File format of the plan.")
    ] = Format.auto,
    overwrite: Overwrite = False,
) -> None:
    """Divide a place into sub-grids and write the plan.

    [dim]gridplan plan town.osm.pbf -o outputs/town[/dim]

    [dim]gridplan plan homes.parquet --communities c.gpkg --barriers rail.parquet -o outputs/v[/dim]

    Ctrl-C ends the search and writes the best plan so far; a second Ctrl-C
    stops at once.
    """
    from gridplan import storage

    if output is None:
        raise typer.BadParameter("say where the plan goes: -o outputs/NAME", param_hint="--output")
    require_source(source, place)
    asked = [f"division.subgrids={subgrids}"] if subgrids else []
    rules = read_rules(rules_file, [*(settings or []), *asked], effort, columns)
    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    land = Land(source, files, crs, datum, encoding, not_personal, place, cache)
    search = Search(seed, seconds, workers, overwrite, date)
    try_scheduler(scheduler)
    # Before the work, which may take an hour; no other run writes there meanwhile.
    with storage.reserve_plan(output, overwrite):
        # A plan in chunks is written as GeoParquet.
        if file_format in (Format.auto, Format.parquet) and _is_planned_in_chunks(
            land, rules, chunk
        ):
            if date is not None:
                message = "a plan in chunks records no day: give it to a plan in one piece"
                raise typer.BadParameter(message, param_hint="--date")
            engine = Engine.dask if scheduler else engine
            _plan_in_chunks(land, output, rules, search, chunk, engine, scheduler)
        else:
            _plan_whole(land, output, rules, search, file_format)


def _is_planned_in_chunks(land: Land, rules: Rules, chunk: int | None) -> bool:
    """Whether the land is planned in chunks: if asked for, or if it is large, and if it can be."""
    from gridplan.city import city_plan
    from gridplan.cli import console

    # Settlements are drawn from all homes at once.
    if str(land.files["communities"]) == NONE:
        return False
    if land.source is None or not (chunk or city_plan.is_large(land.source)):
        return False
    reason = city_plan.explain_whole(land.source, land.files, rules)
    if reason:
        console.err.print(f"planned in one piece, since {reason}", soft_wrap=True)
    return not reason


def _plan_whole(
    land: Land, output: Path, rules: Rules, search: Search, file_format: Format
) -> None:
    """Plan the land in one piece, and print what came of it."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.engine.deadline import Deadline
    from gridplan.planning import site_to_plan

    deadline = Deadline(search.seconds)  # reading counts too
    with console.show_progress() as clock, console.end_on_interrupt(deadline, clock):
        clock("reading", 0, 1)
        site = land.read(rules)
        # The manifest holds the hash of every file, by which a plan can be traced to its data.
        clock("hashing", 0, 1)
        inputs = storage.hash_files(list_paths(land.source, land.files))
        plan = site_to_plan.divide(
            site,
            rules,
            seed=search.seed,
            workers=search.workers,
            inputs=inputs,
            progress=clock,
            deadline=deadline,
        )
        if search.date is not None:
            plan = plan.replace(manifest={**plan.manifest, "date": search.date})
        clock("writing", 0, 1)
        written = storage.write_plan(
            plan, output, format=file_format.value, overwrite=search.overwrite
        )
    console.print_remarks(plan.site.ledger)
    console.print_plan(plan)
    console.print_ledger(plan.site.ledger)
    console.print_times(clock.seconds)
    console.print_line("written", written)
    console.print_line("next", f"gridplan audit {output}; gridplan map {output}")


def _plan_in_chunks(
    land: Land,
    output: Path,
    rules: Rules,
    search: Search,
    chunk: int | None,
    engine: Engine,
    scheduler: str | None,
) -> None:
    """Plan a city in chunks, and print its figures."""
    from gridplan import storage
    from gridplan.city import city_plan
    from gridplan.city.chunk_tables import load_table
    from gridplan.cli import console

    spent: dict[str, float] = {}
    # Chunks are planned in other processes: a file beside the plan asks them to end.
    deadline = city_plan.open_deadline(output, search.seconds)
    with console.show_progress() as clock, console.end_on_interrupt(deadline, clock):
        clock("hashing", 0, 1)
        inputs = storage.hash_files(list_paths(land.source, land.files))
        summary = city_plan.plan_city(
            str(land.source),
            output,
            rules,
            files=land.files,
            mapping=dict(rules.columns),
            crs=split_by_table(land.crs, "--crs"),
            datum=split_by_table(land.datum, "--datum"),
            encoding=land.encoding,
            not_personal=land.not_personal or (),
            seed=search.seed,
            chunk=chunk or city_plan.CHUNK,
            engine=engine.value,
            scheduler=scheduler,
            workers=search.workers,
            inputs=inputs,
            overwrite=search.overwrite,
            progress=clock,
            seconds=spent,
            deadline=deadline,
        )
    ledger = load_table(output / "tables", "ledger")
    console.print_remarks(ledger)
    console.print_figures(summary.manifest)
    console.print_too_small(summary.subgrids, "communities")
    console.print_ledger(ledger)
    console.print_times(clock.seconds)
    # Seconds of all processes together, beside those that went by.
    console.print_times(spent, "of planning")
    console.print_line("written", output)
    console.print_line("next", f"gridplan audit {output}; gridplan map {output}")


@verb("check", figures=True, ledger=True)
def check_command(
    source: OptionalSource = None,
    communities: Communities = None,
    zones: Zones = None,
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
    datum: Datum = None,
    encoding: Encoding = None,
    not_personal: NotPersonal = None,
    rules_file: RulesFile = None,
    settings: Set = None,
    place: Place = None,
    cache: Cache = OSM_CACHE,
) -> None:
    """Read the data, list everything that is wrong with it, and show what would be planned.

    [dim]gridplan check buildings.shp --encoding gb18030 --column floors=CS[/dim]
    """
    from gridplan.cli import console
    from gridplan.errors import InputError
    from gridplan.planning.prepare import prepare_site
    from gridplan.reading.column_uses import collect_columns

    require_source(source, place)
    rules = read_rules(rules_file, settings, None, columns)
    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    with collect_columns() as seen, console.show_progress() as clock:
        clock("reading", 0, 1)
        try:
            land = Land(source, files, crs, datum, encoding, not_personal, place, cache)
            read = land.read(rules)
        except InputError:
            # what is wrong is easier to put right beside what was read
            console.print_columns(seen)
            raise
        # Households are estimated as for a plan, so that the figures are those it would have.
        clock("preparing", 0, 1)
        site = prepare_site(read, rules)
    console.print_remarks(site.ledger)
    console.print_columns(seen)
    console.print_site(site)
    console.print_ledger(site.ledger)
