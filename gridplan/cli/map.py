"""The verb that puts a plan on a map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    Lang,
    LangOption,
    Layers,
    PlanPath,
)
from gridplan.cli.outputs import try_output_file, try_sheet
from gridplan.cli.plan_to_plan import find_folder
from gridplan.cli.screen import note_figures
from gridplan.cli.sheets import Paper, SheetOptions, ViewName, check_sheet_options, write_sheets

if TYPE_CHECKING:
    from gridplan.plan import Plan


PRINTED = "Printed map"


@verb("map", figures=True)
def map_command(
    path: PlanPath,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="HTML page to write; by default PLAN/map.html."),
    ] = None,
    lang: LangOption = Lang.en,
    layers: Annotated[
        Layers,
        typer.Option(
            help="How shapes are put on the page: classes suits small plans, tiles large ones."
        ),
    ] = Layers.auto,
    base_map: Annotated[
        bool,
        typer.Option("--base-map", help="Show OpenStreetMap below the plan (needs the internet)."),
    ] = False,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    reach: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Open with the minutes on foot to one kind of service point, e.g. canteen "
            "(after reach).",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Map only communities whose code begins with this, e.g. one district of a city.",
        ),
    ] = None,
    for_release: Annotated[
        bool,
        typer.Option("--release", help="Refuse any plan that is not a release."),
    ] = False,
    pdf: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a printed map at a true scale as PDF; no page is written then.",
            callback=try_sheet,
            rich_help_panel=PRINTED,
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The same as PNG.",
            callback=try_sheet,
            rich_help_panel=PRINTED,
        ),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The same as SVG.",
            callback=try_sheet,
            rich_help_panel=PRINTED,
        ),
    ] = None,
    community: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE",
            help="A sheet of this community; may be repeated, or all: one page each in the PDF.",
            rich_help_panel=PRINTED,
        ),
    ] = None,
    subdistrict: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A sheet of this subdistrict; on A1 and A0 its wall map.",
            rich_help_panel=PRINTED,
        ),
    ] = "",
    view: Annotated[
        ViewName | None,
        typer.Option(help="What the sheet shows; by default sub-grids.", rich_help_panel=PRINTED),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Kind of service point of the view coverage, e.g. canteen.",
            rich_help_panel=PRINTED,
        ),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD",
            help="Folder of the plan before: the sheet shows what changed.",
            rich_help_panel=PRINTED,
        ),
    ] = None,
    paper: Annotated[
        Paper, typer.Option(help="Size of the paper.", rich_help_panel=PRINTED)
    ] = Paper.A4,
    scale: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="NUMBER",
            help="Scale, 1 to so many; by default the largest round one that fits.",
            rich_help_panel=PRINTED,
        ),
    ] = None,
    office: Annotated[
        str,
        typer.Option(
            metavar="OFFICE",
            help="Who issues the map; by default a blank to fill in.",
            rich_help_panel=PRINTED,
        ),
    ] = "",
    map_number: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="Number of the map's approval, if it has one.",
            rich_help_panel=PRINTED,
        ),
    ] = "",
    font: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Font to write in; by default one that has all characters.",
            rich_help_panel=PRINTED,
        ),
    ] = "",
) -> None:
    """Write a map of a plan: a page that opens without internet, or a sheet to print.

    [dim]gridplan map outputs/town --lang zh[/dim]

    [dim]gridplan map outputs/town --reach canteen[/dim]

    [dim]gridplan map outputs/city --only 130203001[/dim]

    [dim]gridplan map outputs/town --pdf town.pdf --community all --paper A3[/dim]
    """
    from gridplan.cli import console
    from gridplan.maps.draw import draw_map
    from gridplan.maps.offline import write_map

    named = {"pdf": pdf, "png": png, "svg": svg}
    options = SheetOptions(
        files={name: file for name, file in named.items() if file is not None},
        communities=community or [],
        subdistrict=subdistrict,
        view=view,
        kind=kind or reach,
        paper=paper,
        scale=scale,
        lang=lang.value,
        office=office,
        title=title,
        before=before,
        map_number=map_number,
        font=font,
    )
    check_sheet_options(options)
    if options.files:
        _print_sheets(path, only, for_release, options)
        if output is None:
            return
    page = output or find_folder(path) / "map.html"
    if page.parent.exists() or output:  # else the plan is not there, which is said below
        try_output_file(page)
    with console.show_progress() as clock:
        clock("map", 0, 1)
        plan, left_out = _read_mapped(path, only, for_release)
        drawn = draw_map(
            plan, lang=lang.value, layers=layers.value, base_map=base_map, title=title, reach=reach
        )
        # A map can be made again at any time, so that the one before is replaced.
        write_map(drawn, page, overwrite=True)
    note_figures("bytes", page.stat().st_size)
    note_figures("left_out", left_out)
    if left_out:
        console.print_line("left out", left_out)
    console.print_line("written", page)
    console.print_line("size", f"{page.stat().st_size / 1e6:.1f} MB")


def _print_sheets(path: Path, only: str | None, for_release: bool, options: SheetOptions) -> None:
    """Write printed maps, and say which."""
    from gridplan.cli import console

    with console.show_progress() as clock:
        clock("map", 0, 1)
        plan, left_out = _read_mapped(path, only, for_release)
        files = write_sheets(plan, options)
    note_figures("left_out", left_out)
    if left_out:
        console.print_line("left out", left_out)
    for file in files:
        console.print_line("written", file)


def _read_mapped(path: Path, only: str | None, for_release: bool) -> tuple[Plan, str]:
    """Read the plan that a map shows, and say what is left out; refuse what may not leave."""
    from gridplan import storage
    from gridplan.city.city_map import read_sheet_plan
    from gridplan.publishing.release_seal import require_release

    # Part of a release was never checked by itself.
    if for_release and only:
        raise typer.BadParameter(
            "a release is mapped whole, as it was checked", param_hint="--only"
        )
    # Of a city only what a map shows is read; a small plan is read whole.
    plan, left_out = read_sheet_plan(path, only)
    plan = plan or storage.read_plan(path)
    # What is a release is checked again when it is drawn.
    if for_release and not plan.is_release:
        require_release(plan)
    return plan, left_out
