"""The verb that sets two plans side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_folder
from gridplan.cli.options import CsvFolder, Lang, RulesFile, Threads

if TYPE_CHECKING:
    from gridplan.plan import Plan

# The tables of a comparison, each written to a file of its own.
TABLES = ("concordance", "events", "moved", "quality", "subgrids")


@verb("compare")
def compare_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The earlier plan.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The later plan.")],
    tables: CsvFolder = None,
    page: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="Write a map of what changed, one HTML page."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Write a picture of what changed, as PNG."),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the map and the picture.")] = Lang.en,
    rules_file: RulesFile = None,
    workers: Threads = None,
) -> None:
    """Compare two plans: who moves, what became of each sub-grid, and which plan is better.

    [dim]gridplan compare outputs/town-2024 outputs/town-2026 --map difference.html[/dim]

    Both are judged by the rules of the later plan, or by --rules. A household
    moves if its sub-grid has another code. It is displaced if it would have
    moved whatever the new sub-grids were called.
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison import compare
    from gridplan.rules.all_rules import Rules

    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plans = storage.read_plan(old), storage.read_plan(new)
        comparison = compare(
            *plans,
            Rules.from_file(rules_file) if rules_file else None,
            workers=workers,
            progress=clock,
        )
        written = _draw(plans, comparison, page, picture, lang.value, clock)
    console.out.print(console.escape(str(comparison)), soft_wrap=True)
    if tables:
        written += write_folder({name: getattr(comparison, name) for name in TABLES}, tables)
    for path in written:
        console.out.print(f"written    {path}", soft_wrap=True)


def _draw(
    plans: tuple[Plan, Plan],
    comparison: Any,
    page: Path | None,
    picture: Path | None,
    lang: Any,
    clock: Any,
) -> list[Path]:
    """Write the map and the picture that were asked for; returns their files."""
    written = []
    if page:
        from gridplan.maps.draw import draw_map
        from gridplan.maps.offline import write_map

        clock("map", 0, 1)
        drawn = draw_map(plans[1], comparison, lang=lang)
        written.append(write_map(drawn, page, overwrite=True))
    if picture:
        from gridplan.plots.figure import save_plot
        from gridplan.plots.plot_results import plot

        written.append(save_plot(plot(comparison, lang=lang), picture))
    return written
