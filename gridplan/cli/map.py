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
from gridplan.cli.outputs import try_output_file
from gridplan.cli.plan_to_plan import find_folder
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from gridplan.plan import Plan


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
) -> None:
    """Write an interactive map of a plan, one page that opens without internet.

    [dim]gridplan map outputs/town --lang zh[/dim]

    [dim]gridplan map outputs/town --reach canteen[/dim]

    [dim]gridplan map outputs/city --only 130203001[/dim]
    """
    from gridplan.cli import console
    from gridplan.maps.draw import draw_map
    from gridplan.maps.offline import write_map

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
