"""The verb that writes the input tables as a workbook to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.outputs import try_output_file


@verb("template", figures=True)
def template_command(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Workbook to write, .xlsx.", callback=try_output_file),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a workbook that is there.")
    ] = False,
) -> None:
    """Write the input tables as a workbook to fill in, with drop-downs and comments.

    In Chinese or English, as --lang says. Every verb that reads land reads the
    filled workbook as it reads a CSV, and names faults by sheet and cell.

    [dim]gridplan template -o tables.xlsx[/dim]
    """
    from gridplan.cli import console
    from gridplan.cli.language import is_chinese
    from gridplan.engine.whole_files import draft_file
    from gridplan.storage.input_template import encode_template

    if output.suffix.lower() != ".xlsx":
        raise typer.BadParameter(f"{output}: name a file that ends in .xlsx")
    if output.exists() and not overwrite:
        raise typer.BadParameter(
            f"{output} is there already, perhaps filled in: give --overwrite or another name"
        )
    content = encode_template("zh" if is_chinese() else "en")
    with draft_file(output) as draft:
        draft.write_bytes(content)
    console.print_line("written", output)
    console.print_line("next", f"fill it in, then: gridplan check {output} --datum wgs84")
