"""The verb that finds several good plans to choose from."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_folder
from gridplan.cli.options import (
    Effort,
    EffortName,
    Lang,
    LangOption,
    OnlyCommunities,
    Overwrite,
    PlanPath,
    RulesFile,
    Seed,
    Threads,
)
from gridplan.cli.pictures import write_picture
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from gridplan.cli.console import StageClock
    from gridplan.comparison.alternatives import Alternatives


@verb("alternatives", figures=True)
def alternatives_command(
    path: PlanPath,
    communities: OnlyCommunities = None,
    before: Annotated[
        Path | None,
        typer.Option(metavar="OLD", help="Plan from which moves are counted; by default PLAN."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Write each alternative as a plan, with a table and a picture of all.",
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="At most this many.")] = 6,
    lang: LangOption = Lang.en,
    effort: Effort = EffortName.default,
    rules_file: RulesFile = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    workers: Threads = None,
) -> None:
    """Find several good plans to choose from, each best at something else.

    They trade balance, short walks, whole buildings and compounds, and few
    moves against each other.

    [dim]gridplan alternatives outputs/town -o outputs/town-choice[/dim]

    [dim]gridplan alternatives outputs/town --community 130203001001 --before outputs/old[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.alternatives import find_alternatives
    from gridplan.rules.all_rules import Rules

    hold = storage.reserve_plan(output, overwrite) if output else nullcontext()
    rules = Rules.from_file(rules_file) if rules_file else None
    with hold, console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        # Without it moves are counted from PLAN itself.
        old = storage.read_plan(before) if before else None
        choice = find_alternatives(
            plan,
            communities,
            rules,
            before=old,
            most=most,
            effort=effort.value,
            seed=seed,
            workers=workers,
            progress=clock,
        )
        written = _write_alternatives(choice, output, lang, clock) if output else []
    _print_alternatives(choice.table)
    for target in written:
        console.print_line("written", target)
    if output:
        first = output / choice.table.index[-1]
        console.print_line("next", f"gridplan compare {path} {first} --map difference.html")


def _write_alternatives(
    choice: Alternatives, folder: Path, lang: Lang, clock: StageClock
) -> list[Path]:
    """Write each alternative as a plan, the tables, and the picture where it can be drawn.

    They are put in place together, since the tables say what the plans are; plans of an earlier
    choice that are not in this one go with its tables.
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.engine.placement import FileMoves, put_together
    from gridplan.errors import MissingPackageError

    names: list[str] = []

    def write(staging: Path) -> FileMoves:
        tables = {"alternatives": choice.table, "members": choice.members}
        names.extend(path.name for path in write_folder(tables, staging))
        for n, name in enumerate(choice.table.index):
            clock("writing", n, len(choice.table))
            storage.write_plan(choice.make_plan(name), staging / name)
            names.append(name)
        # The plans are what was asked for: they are written without matplotlib too.
        try:
            pictures = write_picture(choice, staging / "alternatives.png", lang)
            names.extend(path.name for path in pictures)
        except MissingPackageError as error:
            console.err.print(f"no picture: {console.escape(str(error))}", soft_wrap=True)
        gone = [name for name in _list_earlier(folder) if name not in names]
        return FileMoves({name: name for name in names}, gone)

    put_together(folder, write)
    return [folder / name for name in names]


def _list_earlier(folder: Path) -> list[str]:
    """List the plans of an earlier choice in a folder, which its table names."""
    import csv

    table = folder / "alternatives.csv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = [row[0] for row in csv.reader(file) if row]
    return [name for name in rows[1:] if Path(name).name == name and (folder / name).is_dir()]


def _print_alternatives(table: Any) -> None:
    """Print the figures of the alternatives."""
    from gridplan.cli import console

    note_figures("alternatives", table)
    rows = [
        (
            name,
            f"{r.moved:,}",
            console.say_share(r.moved_share),
            f"{r.subgrids:,}",
            f"{r.out_of_band:,}",
            f"{r.in_band:.1%}",
            console.say_share(r.likely_in_band),
            f"{r.spread:.1%}",
            f"{r.mean_walk:.1f}",
            f"{r.buildings_split:,}",
            f"{r.compounds_crossed:,}",
            f"{r.price:,.0f}",
            r.priced,
        )
        for name, r in zip(table.index, table.itertuples(), strict=True)
    ]
    heads = (
        "plan",
        "moved",
        "share",
        "sub-grids",
        "out",
        "in band",
        "likely",
        "spread",
        "walk m",
        "split",
        "crossed",
        "price",
        "best where prices are",
    )
    console.print_table(
        "alternatives, none beaten by another in every figure",
        heads,
        rows,
        right=tuple(range(1, 12)),
    )
    console.out.print(
        "\nout: sub-grids out of band; in band: by the estimate; likely: to be in truth;"
    )
    console.out.print("split: buildings in several sub-grids; crossed: compounds beyond the first;")
    console.out.print(
        "price: household-metres and penalties at the rules' own prices, without moves"
    )
