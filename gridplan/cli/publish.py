"""The verbs that hand a plan out: release and brief."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.language import is_chinese
from gridplan.cli.options import (
    NewFolder,
    PlanPath,
    RulesFile,
    Set,
)
from gridplan.cli.outputs import try_output_file
from gridplan.cli.plan_to_plan import choose_rules, find_folder, take_rules
from gridplan.cli.screen import note_figures


class BriefLang(StrEnum):
    """Languages of a brief."""

    zh = "zh"
    en = "en"
    both = "both"


@verb("release", figures=True)
def release_command(
    path: PlanPath,
    output: NewFolder = None,
    before: Annotated[
        list[Path] | None,
        typer.Option(
            help="Working plan of a release that went out before; "
            "again for each, in the order they went out."
        ),
    ] = None,
    published: Annotated[
        list[Path] | None,
        typer.Option(
            help="That release itself, if it was made by other rules; again for each of several."
        ),
    ] = None,
    names: Annotated[
        bool,
        typer.Option(
            "--names",
            help="Keep the names of buildings, compounds, streets, institutions and places.",
        ),
    ] = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Make a plan that may be handed out: no small count in it can be worked out.

    Small counts are suppressed, households are given in bands, and the result
    is attacked before it is written, into a folder that is new or empty.

    [dim]gridplan release outputs/town -o outputs/town-release[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.publishing.release_plan import release

    if output is None:
        raise typer.BadParameter(
            "say where the release goes: -o outputs/NAME", param_hint="--output"
        )
    # Before the work, which may take long.
    storage.require_empty(output)
    with storage.reserve_plan(output, False), console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        # What two releases hold together must not give away what neither does alone.
        earlier = {"before": before, "published": published}
        plans = {
            name: [storage.read_plan(place) for place in places or []]
            for name, places in earlier.items()
        }
        clock("release", 0, 1)
        leaving = release(
            plan,
            **plans,
            names=names,
            rules=choose_rules(take_rules(plan), rules_file, settings).disclosure,
        )
        clock("writing", 0, 1)
        storage.write_plan(leaving, output)
    note = leaving.manifest["release"]
    note_figures("check", note)
    console.out.print(
        f"disclosure check passed: {note['suppressed']:,} of {note['counts']:,} counts are "
        f"suppressed; {note['bands_withheld']:,} sub-grids without a band of households",
        soft_wrap=True,
    )
    console.print_times(clock.seconds)
    console.print_line("written", output)
    console.print_line("next", f"gridplan brief {output}; gridplan map {output} --release")


@verb("brief", figures=True)
def brief_command(
    path: PlanPath,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, .md or .html; by default PLAN/brief.md, .html and .csv.",
        ),
    ] = None,
    lang: Annotated[BriefLang, typer.Option(help="Language of the brief.")] = BriefLang.both,
) -> None:
    """Write a paragraph of figures in Chinese and English from a release, with its table.

    [dim]gridplan brief outputs/town-release --lang zh[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.engine.placement import write_files
    from gridplan.publishing.brief_pages import write_markdown, write_page
    from gridplan.publishing.brief_plan import write_brief

    stem = output.with_suffix("") if output else find_folder(path) / "brief"
    # The table goes with the text in any case: it says where each figure comes from.
    wanted = (output.suffix.lower(), ".csv") if output else (".md", ".html", ".csv")
    if output and wanted[0] not in (".md", ".html"):
        raise typer.BadParameter(
            f"{output}: name a file that ends in .md or .html", param_hint="--output"
        )
    for suffix in wanted:
        try_output_file(stem.with_suffix(suffix))
    plan = storage.read_plan(path)
    brief = write_brief(plan, lang.value)
    texts = {
        ".md": write_markdown(brief),
        ".html": write_page(brief),
        ".csv": "\ufeff" + brief.to_csv(),  # by this mark a spreadsheet knows that it is UTF-8
    }
    # Together: a text beside the figures of another release would be wrong.
    write_files({stem.with_suffix(suffix): texts[suffix].encode() for suffix in wanted})
    note_figures("paragraphs", brief.paragraphs)
    note_figures("figures", brief.figures)
    for name, paragraph in brief.paragraphs.items():
        # The files have both languages, a Chinese screen its own.
        if is_chinese() and name != "zh" and "zh" in brief.paragraphs:
            continue
        console.out.print(console.escape(paragraph) + "\n", soft_wrap=True)
    unknown = int((brief.figures["status"] == "unknown").sum())
    console.print_line(
        "not known", f"{unknown} of {len(brief.figures)} figures; the brief says what each needs"
    )
    for suffix in wanted:
        console.print_line("written", f"{stem.with_suffix(suffix)}")
