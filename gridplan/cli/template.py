"""The verb that writes files to begin from: tables to fill in, or styles of a document."""

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
        typer.Option(
            "--output",
            "-o",
            help="Workbook to write, .xlsx, or document of styles, .docx.",
            callback=try_output_file,
        ),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a file that is there.")
    ] = False,
) -> None:
    """Write the input tables as a workbook to fill in, with drop-downs and comments.

    In Chinese or English, as --lang says. Every verb that reads land reads the
    filled workbook as it reads a CSV, and names faults by sheet and cell. With a
    .docx, the styles of a briefing, for an office to change and give as --template.

    [dim]gridplan template -o tables.xlsx[/dim]
    """
    from gridplan.cli import console
    from gridplan.cli.language import is_chinese
    from gridplan.engine.whole_files import draft_file

    kind = output.suffix.lower()
    if kind not in (".xlsx", ".docx"):
        raise typer.BadParameter(f"{output}: name a file that ends in .xlsx or .docx")
    if output.exists() and not overwrite:
        raise typer.BadParameter(
            f"{output} is there already, perhaps filled in: give --overwrite or another name"
        )
    if kind == ".docx":
        from gridplan.briefing.word.word_file import write_word_template

        content = write_word_template("zh" if is_chinese() else "en")
        following = f"change its styles, then: gridplan brief RELEASE --to docx --template {output}"
    else:
        from gridplan.storage.input_template import encode_template

        content = encode_template("zh" if is_chinese() else "en")
        following = f"fill it in, then: gridplan check {output} --datum wgs84"
    with draft_file(output) as draft:
        draft.write_bytes(content)
    console.print_line("written", output)
    console.print_line("next", following)
