"""The verb that finds several good plans to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_folder
from gridplan.cli.options import EffortName, Lang, PlanPath, RulesFile, Threads


@verb("alternatives")
def alternatives_command(
    path: PlanPath,
    communities: Annotated[
        list[str] | None,
        typer.Option("--community", metavar="CODE", help="Only this community; may be repeated."),
    ] = None,
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
    lang: Annotated[Lang, typer.Option(help="Language of the picture.")] = Lang.en,
    effort: Annotated[
        EffortName, typer.Option(help="How long to search at each price.")
    ] = EffortName.default,
    rules_file: RulesFile = None,
    seed: Annotated[
        int, typer.Option(help="Seed of the search; the same seed gives the same alternatives.")
    ] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace plans that already exist.")
    ] = False,
    workers: Threads = None,
) -> None:
    """Find several good plans to choose from, each best at something else.

    They trade balance, short walks, whole buildings and compounds, and few
    moves against each other.

    [dim]gridplan alternatives outputs/town -o outputs/town-choice[/dim]

    [dim]gridplan alternatives outputs/town --community 130203001001 --before outputs/town-2024[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.alternatives import find_alternatives
    from gridplan.rules.all_rules import Rules

    if output:
        storage.refuse_existing(output, overwrite)
    rules = Rules.from_file(rules_file) if rules_file else None
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
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
        written = (
            _write_alternatives(choice, output, lang.value, overwrite, clock) if output else []
        )
    _print_alternatives(choice.table)
    for target in written:
        console.out.print(f"written    {target}", soft_wrap=True)
    if output:
        first = output / choice.table.index[-1]
        console.out.print(
            f"next       gridplan compare {path} {first} --map difference.html", soft_wrap=True
        )


def _write_alternatives(
    choice: Any, folder: Path, lang: Any, overwrite: bool, clock: Any
) -> list[Path]:
    """Write each alternative as a plan, the tables, and the picture where it can be drawn."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.errors import MissingPackageError
    from gridplan.plots.figure import save_plot
    from gridplan.plots.plot_results import plot

    written = write_folder({"alternatives": choice.table, "members": choice.members}, folder)
    for n, name in enumerate(choice.table.index):
        clock("writing", n, len(choice.table))
        storage.write_plan(choice.make_plan(name), folder / name, overwrite=overwrite)
        written.append(folder / name)
    try:
        written.append(save_plot(plot(choice, lang=lang), folder / "alternatives.png"))
    except MissingPackageError as error:
        console.err.print(f"no picture: {console.escape(str(error))}", soft_wrap=True)
    return written


def _print_alternatives(table: Any) -> None:
    """Print the figures of the alternatives."""
    from gridplan.cli import console

    rows = [
        (
            name,
            f"{r.moved:,}",
            console.say_share(r.moved_share),
            f"{r.subgrids:,}",
            f"{r.out_of_band:,}",
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
        right=tuple(range(1, 10)),
    )
    console.out.print(
        "\nout: sub-grids out of band; split: buildings in several sub-grids; crossed: compounds beyond the first;"
    )
    console.out.print(
        "price: household-metres and penalties at the rules' own prices, without moves"
    )
