"""The verbs that say how good a plan is beside any other: prove and frontier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_csv
from gridplan.cli.options import (
    CsvFile,
    Effort,
    EffortName,
    Lang,
    LangOption,
    OnlyCommunities,
    PlanPath,
    RulesFile,
    Seed,
    Threads,
)
from gridplan.cli.outputs import try_picture
from gridplan.cli.pictures import write_picture


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
        str,
        typer.Argument(metavar="SITE|PLAN", help="A plan, or land as `gridplan plan` reads it."),
    ],
    community: Annotated[str, typer.Option(metavar="CODE", help="The community to look at.")],
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
    seed: Seed = 0,
    workers: Threads = None,
) -> None:
    """Show what better balance, or keeping buildings and compounds whole, costs one community.

    [dim]gridplan frontier outputs/town --community 130203001001 -o frontier.png[/dim]
    """
    from gridplan.cli import console
    from gridplan.comparison.frontier import trace_frontier
    from gridplan.rules.all_rules import Rules

    rules = Rules.from_file(rules_file) if rules_file else None
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        land = _read_land(source)
        trade_offs = trace_frontier(
            land, community, rules, effort=effort.value, seed=seed, workers=workers, progress=clock
        )
        written = write_picture(trade_offs, output, lang, title=community)
    console.print_frontier(f"Trade-offs of {community}", trade_offs.table)
    write_csv(trade_offs.table, table)
    for file in written:
        console.print_line("written", file)


def _read_land(source: str) -> Any:
    """Read a plan where there is one, else a site."""
    from gridplan import storage
    from gridplan.errors import PlanError
    from gridplan.reading.read import read_site

    # Whether it is a plan shows only when it is read.
    try:
        return storage.read_plan(source)
    except PlanError:
        return read_site(source)
