"""The verbs that say how good a plan is beside any other: prove and frontier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_csv
from gridplan.cli.options import (
    OSM_CACHE,
    Barriers,
    Boundary,
    Cache,
    Columns,
    Communities,
    Compounds,
    Counts,
    Crs,
    CsvFile,
    Datum,
    Effort,
    EffortName,
    Encoding,
    Institutions,
    Lang,
    LangOption,
    NotPersonal,
    OnlyCommunities,
    Openings,
    Place,
    Places,
    PlanPath,
    RulesFile,
    Seed,
    Set,
    Streets,
    Threads,
    Zones,
)
from gridplan.cli.outputs import try_picture
from gridplan.cli.pictures import write_picture
from gridplan.cli.plan import Land, name_files, require_source
from gridplan.cli.plan_to_plan import choose_rules, take_rules
from gridplan.cli.read_options import list_paths, read_columns, read_rules

if TYPE_CHECKING:
    from gridplan.rules.all_rules import Rules


@verb("prove", figures=True)
def prove_command(
    path: PlanPath,
    communities: OnlyCommunities = None,
    table: CsvFile = None,
    workers: Threads = None,
) -> None:
    """Prove how much better any other plan could be at most, community by community.

    [dim]gridplan prove outputs/town[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison import proof

    with console.show_progress() as clock:
        proven = proof.prove(storage.read_plan(path), communities, workers=workers, progress=clock)
    console.print_proof(proven)
    write_csv(proven, table)


@verb("frontier", figures=True)
def frontier_command(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SITE|PLAN", help="A plan, or land as `gridplan plan` reads it."),
    ] = None,
    community: Annotated[
        str | None, typer.Option(metavar="CODE", help="The community to look at.")
    ] = None,
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
    place: Place = None,
    cache: Cache = OSM_CACHE,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Picture to write, e.g. frontier.png.", callback=try_picture
        ),
    ] = None,
    table: CsvFile = None,
    lang: LangOption = Lang.en,
    effort: Effort = EffortName.default,
    rules_file: RulesFile = None,
    settings: Set = None,
    seed: Seed = 0,
    workers: Threads = None,
) -> None:
    """Show what better balance, or keeping buildings and compounds whole, costs one community.

    [dim]gridplan frontier outputs/town --community 130203001001 -o frontier.png[/dim]
    """
    from gridplan.cli import console
    from gridplan.comparison.frontier import trace_frontier

    if community is None:
        raise typer.BadParameter("say which: --community CODE", param_hint="--community")
    require_source(source, place, "SITE|PLAN")
    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    land = Land(source, files, crs, datum, encoding, not_personal, place, cache)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        known, rules = _read_land(land, rules_file, settings, columns)
        trade_offs = trace_frontier(
            known, community, rules, effort=effort.value, seed=seed, workers=workers, progress=clock
        )
        written = write_picture(trade_offs, output, lang, title=community)
    console.print_frontier(f"Trade-offs of {community}", trade_offs.table)
    write_csv(trade_offs.table, table)
    for file in written:
        console.print_line("written", file)


def _read_land(
    land: Land, rules_file: Path | None, settings: list[str] | None, columns: list[str] | None
) -> tuple[Any, Rules]:
    """Read a plan where there is one, else a site; and the rules, by default the plan's own."""
    from gridplan import storage
    from gridplan.errors import PlanError

    if land.source is None or list_paths(None, land.files) or read_columns(columns):
        rules = read_rules(rules_file, settings, None, columns)
        return land.read(rules), rules
    # Whether it is a plan shows only when it is read.
    try:
        plan = storage.read_plan(land.source)
    except PlanError:
        rules = read_rules(rules_file, settings, None, columns)
        return land.read(rules), rules
    return plan, choose_rules(take_rules(plan), rules_file, settings)
