"""The verb that shows what was done to a plan, or how its versions differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_csv
from gridplan.cli.options import CsvFile, Threads
from gridplan.cli.screen import note_figures


@verb("history", figures=True)
def history_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PLAN...", help="One plan, or several versions of it, the earliest first."
        ),
    ],
    log: Annotated[
        bool, typer.Option("--log", help="Print the edits as a script that repeats them.")
    ] = False,
    table: CsvFile = None,
    workers: Threads = None,
) -> None:
    """Show what was done to a plan, when and by which office, or compare several versions.

    [dim]gridplan history outputs/town[/dim]

    [dim]gridplan history outputs/town --log > edits.txt[/dim]
    then [dim]gridplan edit PLAN --script edits.txt[/dim]

    [dim]gridplan history outputs/town-2022 outputs/town-2024 outputs/town-2026[/dim]
    """
    from gridplan import storage

    if log and len(paths) > 1:
        raise typer.BadParameter("a log is of one plan only", param_hint="--log")
    if log:
        from gridplan.redrawing.editing.edit_plan import write_log

        # Not through rich, which would wrap lines: the script is to be run again.
        typer.echo(write_log(storage.read_plan(paths[0])), nl=False)
        return
    rows = _list_one(paths[0]) if len(paths) == 1 else _compare_several(paths, workers)
    write_csv(rows, table)


def _list_one(path: Path) -> Any:
    """Print what was done to one plan, and its edits."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.history import list_history

    plan = storage.read_plan(path)
    history = list_history(plan)
    note_figures("steps", history)
    note_figures("edits", plan.edits)
    rows = [
        (
            str(r.Index),
            r.date,
            r.by,
            r.verb,
            r.what,
            f"{r.moved:,}",
            console.say_count(r.subgrids),
            r.version,
        )
        for r in history.itertuples()
    ]
    heads = ("step", "date", "by", "verb", "what", "moved", "sub-grids", "version")
    console.print_table(f"history of {path}", heads, rows, right=(0, 5, 6))
    if not plan.is_release:
        console.print_line("in band", f"{console.say_in_band(plan)}, as the plan stands")
    _print_kept(path)
    # A single step of the history may be many edits.
    if len(plan.edits):
        edits = [
            (e.Index, e.date, e.by, e.command, f"{e.moved:,}", e.effect)
            for e in plan.edits.itertuples()
        ]
        console.print_table(
            "\nedits by hand",
            ("edit", "date", "by", "command", "moved", "effect"),
            edits,
            right=(4,),
        )
        console.out.print(
            f"\nnext       gridplan history {path} --log > edits.txt, a script that repeats them",
            soft_wrap=True,
        )
    return history


def _print_kept(path: Path) -> None:
    """Print the versions that are kept beside a plan, with the names that offices gave them."""
    import datetime

    from gridplan.cli import console
    from gridplan.cli.plan_to_plan import find_folder
    from gridplan.storage.kept_versions import list_versions
    from gridplan.storage.version_names import VersionNote, read_note

    folder = find_folder(path)
    kept = list_versions(folder)
    named = read_note(folder)
    rows = [(place.name, place, read_note(place) or VersionNote("")) for place in kept]
    rows += [("now", folder, named)] if named else []
    note_figures(
        "kept", [{"version": v, "name": n.name, "named": n.time, "by": n.by} for v, _, n in rows]
    )
    if rows:
        lines = [
            (
                version,
                datetime.datetime.fromtimestamp(place.stat().st_mtime).isoformat(" ", "minutes"),
                note.name,
                note.by,
            )
            for version, place, note in rows
        ]
        console.print_table(
            f"\nversions kept in {folder}/versions", ("version", "written", "name", "by"), lines
        )


def _compare_several(paths: list[Path], workers: int | None) -> Any:
    """Print several versions one below the other, each compared with the one before."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.history import compare_versions

    # Versions are known by their names, which must differ.
    names = [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise typer.BadParameter("a plan is named twice", param_hint="PLAN...")
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plans = {name: storage.read_plan(path) for name, path in zip(names, paths, strict=True)}
        versions, _ = compare_versions(plans, workers=workers, progress=clock)
    note_figures("versions", versions)
    _print_versions(versions)
    console.out.print(
        "\nprice: household-metres and penalties per household, all by the last plan's rules; "
        "kept: sub-grids as they were; in band: by the estimate; likely: to be in truth",
        soft_wrap=True,
    )
    return versions


def _print_versions(versions: Any) -> None:
    """Print how good each version is, and what moved to it, in two tables that fit a screen."""
    from gridplan.cli import console

    quality = [
        (
            r.Index,
            f"{r.subgrids:,}",
            f"{r.households:,}",
            f"{r.in_band:.1%}",
            console.say_share(r.likely_in_band),
            f"{r.spread:.1%}",
            f"{r.mean_walk:.1f}",
            f"{r.price_per_household:,.1f}",
        )
        for r in versions.itertuples()
    ]
    heads = ("plan", "sub-grids", "households", "in band", "likely", "spread", "walk m", "price")
    console.print_table("versions", heads, quality, right=tuple(range(1, len(heads))))
    # The first version has none before it.
    moves = [
        (
            r.Index,
            console.say_count(r.moved),
            console.say_share(r.moved_share),
            console.say_count(r.displaced),
            console.say_count(r.gone),
            console.say_count(r.new),
            console.say_count(r.kept),
        )
        for r in versions.iloc[1:].itertuples()
    ]
    columns = ("plan", "moved", "share", "displaced", "gone", "new", "kept")
    title = "households moved and sub-grids that came and went, against the version above"
    console.print_table(title, columns, moves, right=tuple(range(1, len(columns))))
