"""The verb that sets two plans side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_folder
from gridplan.cli.options import (
    CsvFolder,
    Lang,
    LangOption,
    PageFile,
    PictureFile,
    RulesFile,
    Threads,
)
from gridplan.cli.pictures import write_page, write_picture
from gridplan.cli.screen import note_figures

# The tables of a comparison, each written to a file of its own.
TABLES = ("concordance", "events", "moved", "quality", "subgrids")


@verb("compare", figures=True)
def compare_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The earlier plan.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The later plan.")],
    tables: CsvFolder = None,
    page: PageFile = None,
    picture: PictureFile = None,
    lang: LangOption = Lang.en,
    rules_file: RulesFile = None,
    workers: Threads = None,
) -> None:
    """Compare two plans: who moves, what became of each sub-grid, and which plan is better.

    [dim]gridplan compare outputs/town-2024 outputs/town-2026 --map difference.html[/dim]

    Both are judged by the rules of the later plan, or by --rules. A household
    moves if its sub-grid has another code. It is displaced if it would have
    moved whatever the new sub-grids were called. The map shows outlines before
    and now, and the homes that moved.
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison import compare
    from gridplan.rules.all_rules import Rules

    with console.show_progress() as clock:
        clock("reading", 0, 1)
        earlier = storage.read_plan(old)
        later = storage.read_plan(new)
        comparison = compare(
            earlier,
            later,
            Rules.from_file(rules_file) if rules_file else None,
            workers=workers,
            progress=clock,
        )
        # The later plan is drawn, with the outlines of the earlier one over it.
        clock("drawing", 0, 1)
        written = write_page(later, comparison, page, lang)
        written += write_picture(comparison, picture, lang)
    for name, value in comparison.to_dict().items():
        note_figures(name, value)
    console.out.print(console.escape(str(comparison)), soft_wrap=True)
    if tables:
        written += write_folder({name: getattr(comparison, name) for name in TABLES}, tables)
    for path in written:
        console.print_line("written", path)
