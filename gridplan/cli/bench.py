"""The verb that solves published instances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import Effort, EffortName, Seed
from gridplan.cli.outputs import try_output_file


@verb("bench", figures=True)
def bench_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of published instances (.dat, .json).")
    ],
    effort: Effort = EffortName.quick,
    only: Annotated[
        str | None, typer.Option(help="Only instances whose name contains this.")
    ] = None,
    means: Annotated[
        bool | None,
        typer.Option(
            "--means/--medians", help="Measure to means (as in folders named cccp) or to medians."
        ),
    ] = None,
    best: Annotated[
        Path | None, typer.Option(help="Table of best known objectives: instance, best_known.")
    ] = None,
    curve: Annotated[
        Path | None,
        typer.Option(
            help="Write each improvement to this file, with its seconds and gap.",
            callback=try_output_file,
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Solve published clustering instances, check the answers and compare with the best known.

    [dim]gridplan bench instances --effort default --only SJC --curve curve.csv[/dim]
    """
    from gridplan.cli import console
    from gridplan.division.plain import published

    with console.show_progress() as clock:
        table = published.bench_folder(folder, effort.value, only, means, seed, best, curve, clock)
    console.print_bench(f"{folder} ({effort.value})", table)
    unread = _list_unread(folder)
    if unread:
        named = ", ".join(unread[:5]) + (" ..." if len(unread) > 5 else "")
        console.print_line(
            "not read", f"{len(unread)} files of other kinds than .dat and .json: {named}"
        )
    # An answer that breaks its instance's limits is a fault of gridplan's.
    if not table["feasible"].all():
        raise typer.Exit(1)


def _list_unread(folder: Path) -> list[str]:
    """List the files of a folder, and of those in it, that are of no kind that is read."""
    known = {".dat", ".json", ".csv", ".md"}
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.suffix not in known)
