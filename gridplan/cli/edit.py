"""The verbs of edits by hand: edit, which also previews and undoes, and locks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    By,
    Date,
    NextPlan,
    Overwrite,
    PlanPath,
)
from gridplan.cli.plan_to_plan import choose_day, find_folder
from gridplan.cli.screen import note_figures, note_written

if TYPE_CHECKING:
    from gridplan.redrawing.editing.edit_plan import Preview

LARGEST_SCRIPT = 500_000  # bytes; some ten thousand lines
SHOWN = 30  # sub-grids of a preview, and warnings, that are printed; the rest are counted


@verb("edit", figures=True)
def edit_command(
    path: PlanPath,
    commands: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND",
            help='Such as "move building B12 to 0301-007".',
            show_default=False,
        ),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(help="File with one command on each line.", exists=True, dir_okay=False),
    ] = None,
    only_preview: Annotated[
        bool, typer.Option("--preview", help="Show what would change, and write nothing.")
    ] = False,
    by: By = "",
    date: Date = None,
    output: NextPlan = None,
    overwrite: Overwrite = False,
) -> None:
    """Edit a plan by hand: move, swap, split, merge, enclose, lock, unlock, recode, centre.

    [dim]gridplan edit outputs/town "move building B12 to 0301-007" --preview[/dim]

    [dim]gridplan edit outputs/town "split 0301-007" "lock subgrid 0301-008" --overwrite[/dim]

    [dim]gridplan edit outputs/town undo --overwrite[/dim]   restores the plan before the last edit

    With --overwrite, the earlier plan is kept in PLAN/versions. A command that
    is not understood is answered with an example.
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.editing.edit_plan import edit, preview
    from gridplan.redrawing.editing.edit_script import refuse_unclear
    from gridplan.storage.kept_versions import replace_plan

    lines = _read_lines(commands, script)
    folder = find_folder(path)
    # Undoing puts files back, so that it cannot be one edit among others.
    if [line.strip().lower() for line in lines] in (["undo"], ["撤销"]):
        _undo(folder, output, overwrite, only_preview)
        return
    # What is misspelt is said first, whatever else stands in the way.
    refuse_unclear(lines)
    # A preview needs neither a target nor --overwrite, so that it is always safe.
    if only_preview:
        _print_preview(preview(storage.read_plan(path), lines))
        console.out.print(
            "nothing is written; leave out --preview and add --overwrite or -o NEW to carry it out",
            soft_wrap=True,
        )
        return
    target = output or folder
    # No other run changes the plan between its reading and its writing.
    with storage.reserve_plan(target, overwrite), console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        edited = edit(plan, lines, by=by, date=choose_day(date), progress=clock)
        clock("writing", 0, 1)
        version = replace_plan(edited.plan, target, overwrite=overwrite)
    _print_preview(edited.preview)
    console.print_line("in band", console.say_in_band_change(plan, edited.plan))
    console.print_times(clock.seconds)
    console.print_line("written", target)
    back = f"gridplan edit {target} undo --overwrite undoes it; " if version else ""
    console.print_line("next", f"{back}gridplan audit {target}")


def _read_lines(commands: list[str] | None, script: Path | None) -> list[str]:
    """Read the commands to carry out: those of the command line, then those of the script."""
    lines = list(commands or [])
    if script is not None:
        lines += _read_script(script)
    if not lines:
        raise typer.BadParameter(
            'say what to do, such as "move building B12 to 0301-007", or give --script FILE'
        )
    return lines


def _read_script(script: Path) -> list[str]:
    """Read the lines of a script; what is no text, or no script by its size, is refused."""
    with script.open("rb") as file:
        data = file.read(LARGEST_SCRIPT + 1)
    if len(data) > LARGEST_SCRIPT:
        raise typer.BadParameter(
            f"{script} is larger than {LARGEST_SCRIPT:,} bytes; divide it into several"
        )
    try:
        # A script from Windows begins with a byte-order mark, hence utf-8-sig.
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{script} is no text in UTF-8; save it as UTF-8") from None


def _undo(folder: Path, output: Path | None, overwrite: bool, only_preview: bool) -> None:
    """Put the files of the plan before the last edit back."""
    from gridplan.cli import console
    from gridplan.storage.kept_versions import UNDONE, list_versions, recall_version

    # Undoing changes the plan's own folder: with any other option something else is meant.
    if only_preview or output is not None or not overwrite:
        kept = len(list_versions(folder))
        raise typer.BadParameter(
            f"undo restores the plan before ({kept} kept in {folder}/versions): "
            "give only --overwrite"
        )
    version = recall_version(folder)
    note_figures("undone", version.name)
    note_written(folder)
    remaining = len(list_versions(folder))
    console.print_line(
        "restored",
        f"{folder}, as it was before the last edit ({version.name}); {remaining} more to undo",
    )
    console.print_line("kept", f"the undone plan in {version.parent / UNDONE}")


@verb("locks", figures=True)
def locks_command(path: PlanPath) -> None:
    """List what is locked in a plan, and locks that contradict each other or the rules.

    [dim]gridplan locks outputs/town[/dim]

    The exit status is 1 if there are contradictions. Locks are set with
    [dim]gridplan edit outputs/town "lock subgrid 0301-007" --overwrite[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.revision.lock_contradictions import find_contradictions

    plan = storage.read_plan(path)
    note_figures("locks", plan.locks)
    note_figures("contradictions", [])
    if plan.locks.empty:
        console.out.print(
            f'nothing is locked; gridplan edit {path} "lock subgrid CODE because ..." --overwrite',
            soft_wrap=True,
        )
        return
    rows = [(lock.Index, lock.note) for lock in plan.locks.itertuples()]
    console.print_table(f"{len(rows):,} locks", ("lock", "why"), rows)
    contradictions = find_contradictions(plan)
    note_figures("contradictions", [asdict(c) for c in contradictions])
    if contradictions:
        lines = [(c.of, c.why, ", ".join(c.locks), c.remedy) for c in contradictions]
        # Also by the exit status, for scripts that set locks.
        console.print_table(
            f"\n{len(lines):,} contradictions", ("of", "why", "locks", "remedy"), lines
        )
        raise typer.Exit(1)
    console.out.print("no contradictions")


def _print_preview(seen: Preview) -> None:
    """Print each sub-grid that an edit touches, before and after, and what to bear in mind."""
    from gridplan.cli import console

    table = seen.table
    note_figures("moved", seen.moved)
    note_figures("subgrids", table)
    note_figures("warnings", seen.warnings)
    rows = [
        (
            code,
            _pair(row, "households", "{:.0f}"),
            _pair(row, "in_band", ""),
            _pair(row, "mean_walk", "{:.0f}"),
            _pair(row, "household_metres", "{:,.0f}"),
            _pair(row, "pieces", "{:.0f}"),
        )
        for code, row in table.head(SHOWN).iterrows()
    ]
    columns = ("sub-grid", "households", "in band", "walk m", "hh-m", "pieces")
    title = f"{seen.moved:,} households move; {len(table):,} sub-grids change"
    if rows:
        console.print_table(title, columns, rows, right=(1, 3, 4, 5))
    else:
        console.out.print(title)
    if len(table) > SHOWN:
        console.out.print(f"and {len(table) - SHOWN:,} more")
    for warning in seen.warnings[:SHOWN]:
        console.print_line("note", f"{console.escape(warning)}")
    if len(seen.warnings) > SHOWN:
        console.out.print(f"and {len(seen.warnings) - SHOWN:,} more warnings")


def _pair(row: Any, name: str, pattern: str) -> str:
    """Write a figure before and after; one word where it stays."""
    texts = []
    for side in ("before", "after"):
        value = row[f"{name}_{side}"]
        # A sub-grid that is new has no figure before, one that ended none after.
        missing = value is None or value != value
        texts.append(
            "-" if missing else pattern.format(value) if pattern else "yes" if value else "NO"
        )
    # NO in capitals, since what falls out of its band is what a reader looks for.
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} → {texts[1]}"
