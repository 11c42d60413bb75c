"""The verb that prints a released plan as an atlas, a sheet for each community."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.briefing_options import (
    Day,
    FontName,
    MapNumber,
    Office,
    Title,
    read_release,
)
from gridplan.cli.options import WHO, Lang, LangOption, PlanPath
from gridplan.cli.outputs import try_output_file
from gridplan.cli.screen import note_figures
from gridplan.cli.sheets import Paper, note_secrecy


@verb("atlas", figures=True)
def atlas_command(
    path: PlanPath,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="PDF to write.", callback=try_output_file
        ),
    ],
    lang: LangOption = Lang.en,
    paper: Annotated[Paper, typer.Option(help="Size of the paper.")] = Paper.A3,
    office: Office = "",
    date: Day = None,
    title: Title = "",
    map_number: MapNumber = "",
    community: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="A sheet of this community alone; may be repeated."),
    ] = None,
    font: FontName = "",
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of processes; by default one for each core.",
            rich_help_panel=WHO,
        ),
    ] = None,
) -> None:
    """Print a release as an atlas: cover, index map, a sheet with its table for each community.

    Maps are at a true scale, the largest that fits the paper. Tables hold what
    a release says of each sub-grid: its band of households, its area, and those beside it.

    [dim]gridplan atlas outputs/town-release -o atlas.pdf --lang zh[/dim]
    """
    from gridplan.briefing.atlas.atlas_file import draw_atlas
    from gridplan.briefing.atlas.request import AtlasRequest
    from gridplan.cli import console
    from gridplan.engine.whole_files import draft_file

    if output.suffix.lower() != ".pdf":
        raise typer.BadParameter(f"{output}: name a file that ends in .pdf", param_hint="--output")
    request = AtlasRequest(
        lang=lang.value,
        paper=paper.value,
        office=office,
        date=date or "",
        title=title,
        map_number=map_number,
        font=font,
        communities=tuple(community or ()),
    )
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan, path = read_release(path)
        # An atlas can be made again at any time, so that the one before is replaced.
        with draft_file(output) as draft, draft.open("wb") as file:
            atlas = draw_atlas(plan, file, request, path=path, workers=workers, progress=clock)
    scales = [sheet.made.layout.scale for sheet in atlas.sheets]
    note_figures("sheets", len(atlas.sheets))
    note_figures("pages", atlas.pages)
    note_figures("bytes", output.stat().st_size)
    console.print_times(clock.seconds)
    console.print_line("written", output)
    console.print_line("size", f"{output.stat().st_size / 1e6:.1f} MB")
    console.print_line("sheets", f"{len(scales):,} on {atlas.pages:,} pages")
    console.print_line("scale", f"1:{min(scales):,} to 1:{max(scales):,}")
    note_secrecy(plan, scales)
