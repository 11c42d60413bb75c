"""The verb that writes all that goes on the table as one pack."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.briefing_options import (
    BeforeRelease,
    BriefingOptions,
    BriefLangOption,
    Day,
    FontName,
    Issue,
    MapNumber,
    Office,
    SimulationFolder,
    Templates,
    Title,
    check_templates,
    list_languages,
    make_requests,
    read_release,
)
from gridplan.cli.options import NewFolder, Overwrite, PlanPath
from gridplan.cli.outputs import try_output_folder
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gridplan.briefing.pack import Pack


class PackLevel(StrEnum):
    """Levels that have a pack of their own for each body."""

    subdistrict = "subdistrict"
    district = "district"


@verb("briefing", figures=True)
def briefing_command(
    path: PlanPath,
    output: NewFolder = None,
    products: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="Which, with commas: docx, pptx, xlsx, atlas, maps, wallmap, html, csv; "
            "by default all.",
        ),
    ] = "",
    level: Annotated[
        PackLevel | None,
        typer.Option(help="A pack for each body of this level, with its communities alone."),
    ] = None,
    lang: BriefLangOption = None,
    office: Office = "",
    date: Day = None,
    title: Title = "",
    issue: Issue = "",
    map_number: MapNumber = "",
    font: FontName = "",
    template: Templates = None,
    before: BeforeRelease = None,
    simulation: SimulationFolder = None,
    overwrite: Overwrite = False,
) -> None:
    """Write all that goes on the table from a release: document, slides, workbook, atlas, maps.

    With a contents page, which opens offline. All is written or nothing; a
    product that cannot be written, as a font or a package is missing, is named
    with what to do, and stops no other.

    [dim]gridplan briefing outputs/town-release -o outputs/briefing --lang zh[/dim]

    [dim]gridplan briefing outputs/town-release -o outputs/packs --level subdistrict[/dim]

    Exit status 1 if a product could not be written.
    """
    from gridplan.briefing.contents_page import INDEX
    from gridplan.briefing.facts import collect_facts
    from gridplan.briefing.pack import PACK_PRODUCTS, check_products
    from gridplan.briefing.pack_folder import PackOrder, refuse_folder, write_packs
    from gridplan.cli import console
    from gridplan.cli.plan_to_plan import find_folder

    if output is None:
        raise typer.BadParameter("say where it goes: -o outputs/NAME", param_hint="--output")
    chosen = [name.strip().lower() for name in products.split(",") if name.strip()]
    check_products(chosen)
    check_templates(template or [])
    options = BriefingOptions(
        office=office,
        date=date,
        title=title,
        issue=issue,
        map_number=map_number,
        font=font,
        templates=template or [],
        before=before,
        simulation=simulation,
    )
    try_output_folder(output)
    refuse_folder(output, overwrite)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan, folder = read_release(path)
        clock("figures", 0, 1)
        facts = collect_facts(plan)
        order = PackOrder(
            make_requests(options, list_languages(lang)),
            level.value if level is not None else None,
            list(dict.fromkeys(chosen)) or PACK_PRODUCTS,
            template or [],
        )
        packs = write_packs(facts, order, output, overwrite, clock)
    if folder != find_folder(path):
        console.print_line("release", folder)
    _print_packs(packs)
    console.print_times(clock.seconds)
    console.print_line("written", output)
    console.print_line("next", f"open {output / INDEX}")
    if any(pack.failures for pack in packs.values()):
        raise typer.Exit(1)


def _print_packs(packs: Mapping[str, Pack]) -> None:
    """Print the files of all packs, and what was not written and why."""
    from gridplan.briefing.contents_page import say_size
    from gridplan.briefing.pack_folder import list_failures
    from gridplan.cli import console

    listed = [
        (f"{place}/{file.name}" if place else file.name, file)
        for place, pack in packs.items()
        for file in pack.files
    ]
    figures = [
        {"file": name, "pages": file.pages, "bytes": len(file.content), "seconds": file.seconds}
        for name, file in listed
    ]
    failures = [
        {"folder": place, "product": failure.product, "why": failure.why}
        for place, failure in list_failures(packs)
    ]
    note_figures("files", figures)
    note_figures("failures", failures)
    rows = [
        (name, str(file.pages or ""), say_size(len(file.content)), f"{file.seconds:.1f}")
        for name, file in listed
    ]
    console.print_table("", ("file", "pages", "size", "seconds"), rows, right=(1, 2, 3))
    # Packs of several bodies lack the same for the same reason, which is said once.
    for product, why in dict.fromkeys((row["product"], row["why"]) for row in failures):
        console.err.print(
            f"{product} was not written: {console.escape(why)}", soft_wrap=True, style="bold"
        )
