"""The verb that says what to count next, and reads the counts back: sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import By, Date, Overwrite, PlanPath
from gridplan.cli.plan_to_plan import choose_day, find_folder
from gridplan.cli.screen import note_figures


@verb("sample", figures=True)
def sample_command(
    path: PlanPath,
    buildings: Annotated[
        int, typer.Option(min=1, help="How many buildings to propose for a count.")
    ] = 30,
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--sheet",
            metavar="FILE",
            help="Field sheet to write, .csv or .xlsx; by default PLAN/to-count.csv.",
        ),
    ] = None,
    counts: Annotated[
        Path | None,
        typer.Option(
            "--counts", metavar="FILE", help="A filled sheet to read: the plan learns from it."
        ),
    ] = None,
    by: By = "",
    date: Date = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="With --counts the folder of the new plan, else the same as --sheet.",
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Propose the buildings whose count would teach most, or read the counts of a filled sheet.

    The sheet is a workbook of Excel where its name ends in .xlsx, else CSV.

    [dim]gridplan sample outputs/town --buildings 30 -o to-count.xlsx[/dim]

    [dim]gridplan sample outputs/town --counts to-count.xlsx -o outputs/town-2[/dim]
    """
    if counts is None:
        _write_sheet(
            path, buildings, sheet or output or find_folder(path) / "to-count.csv", overwrite
        )
    else:
        _read_sheet(path, counts, (by, choose_day(date)), output, overwrite)


def _write_sheet(path: Path, buildings: int, sheet: Path, overwrite: bool) -> None:
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.cli.csv_output import write_csv
    from gridplan.comparison.count_sample import propose_counts
    from gridplan.comparison.count_sheets import WORKBOOK, check_sheet_name, encode_workbook
    from gridplan.engine.placement import write_files
    from gridplan.errors import OutputExistsError

    check_sheet_name(sheet)
    # a filled sheet is a day's work
    if sheet.exists() and not overwrite:
        raise OutputExistsError(
            f"{sheet} is there already -> give another name, or replace it with --overwrite"
        )
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        table = propose_counts(storage.read_plan(path), buildings)
    note_figures("buildings", table)
    if table.empty:
        console.out.print("all households were counted: there is nothing to propose")
        return
    rows = (
        (str(r.order), r.building, r.subgrid, f"{r.households_low} to {r.households_high}")
        for r in table.head(10).itertuples()
    )
    more = ", the first 10" if len(table) > 10 else ""
    columns = ("", "building", "sub-grid", "households by estimate")
    console.print_table(f"{len(table)} buildings to count{more}", columns, rows)
    if sheet.suffix.lower() == WORKBOOK:
        write_files({sheet: encode_workbook(table)})
        console.print_line("written", sheet)
    else:
        write_csv(table.set_index("order"), sheet)
    console.print_line("next", f"fill households_counted; gridplan sample {path} --counts {sheet}")


def _read_sheet(
    path: Path, counts: Path, order: tuple[str, str], output: Path | None, overwrite: bool
) -> None:
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.count_sample import add_counts, read_counts
    from gridplan.storage.kept_versions import replace_plan

    by, day = order
    target = output or find_folder(path)
    with storage.reserve_plan(target, overwrite), console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        table = read_counts(counts, plan)
        clock("learning", 0, 1)
        learned = add_counts(plan, table, date=day, by=by)
        clock("writing", 0, 1)
        replace_plan(learned.plan, target, overwrite=overwrite)
    console.print_figures(learned.plan.manifest)
    console.print_line("counted", f"{learned.counted} buildings")
    for word, likely in (("before", learned.before), ("now", learned.after)):
        console.print_line(word, f"in band: {likely}" if likely else "not known")
    console.print_line("written", target)
    console.print_line("next", f"gridplan sample {target}")
