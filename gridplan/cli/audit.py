"""The verb that checks a plan against every rule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_csv
from gridplan.cli.options import CsvFile, PlanPath, Workers
from gridplan.cli.screen import note_figures


@verb("audit", figures=True)
def audit_command(
    path: PlanPath,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if any rule is broken.")
    ] = False,
    rules_file: Annotated[
        Path | None, typer.Option("--rules", help="Judge by these rules instead of the plan's own.")
    ] = None,
    table: CsvFile = None,
    workers: Workers = None,
) -> None:
    """Check a plan against every rule, whoever drew it.

    Everything is worked out again from the plan's own tables.

    [dim]gridplan audit outputs/town --strict[/dim]
    """
    from gridplan import storage
    from gridplan.auditing import audit_plan
    from gridplan.city.city_audit import audit_city
    from gridplan.city.read_part import count_buildings
    from gridplan.cli import console
    from gridplan.rules.all_rules import Rules

    rules = Rules.from_file(rules_file) if rules_file else None
    # A city does not fit in memory, and is audited community by community.
    if count_buildings(path) > storage.LARGE:
        with console.show_progress() as clock:
            result = audit_city(path, rules, workers=workers, progress=clock)
    else:
        with console.show_progress() as clock:
            clock("reading", 0, 1)
            plan = storage.read_plan(path)
            clock("audit", 0, 1)
            result = audit_plan.audit(plan, rules)
    for name, value in result.to_dict().items():
        note_figures(name, value)
    console.out.print(console.escape(str(result)), soft_wrap=True)
    write_csv(result.communities, table)
    if strict and not result.passed:
        raise typer.Exit(1)
