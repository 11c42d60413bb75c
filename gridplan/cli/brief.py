"""The verb that writes a brief of a release, as text, page, document, slides or workbook."""

from __future__ import annotations

from pathlib import Path
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
from gridplan.cli.language import is_chinese
from gridplan.cli.options import PlanPath
from gridplan.cli.outputs import try_output_file
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gridplan.briefing.facts import Facts
    from gridplan.briefing.request import BriefingRequest

TEXTS = ("md", "html", "csv")  # what is written where nothing is asked for
DOCUMENTS = ("docx", "pptx", "xlsx")
ENDINGS = ("md", "html", *DOCUMENTS)


@verb("brief", figures=True)
def brief_command(
    path: PlanPath,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, whose ending says what it is: .docx, .pptx, .xlsx, .html or .md; "
            "by default PLAN/brief.md, .html and .csv.",
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="docx, pptx, xlsx, html or md; several with commas, or may be repeated.",
        ),
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
) -> None:
    """Write a brief from a release: text and page, a document, slides or a workbook.

    All have the same figures, each traced to the release.

    [dim]gridplan brief outputs/town-release --lang zh[/dim]

    [dim]gridplan brief outputs/town-release --to docx --to pptx --office 凤凰路街道党工委[/dim]
    """
    from gridplan.briefing.facts import collect_facts
    from gridplan.cli import console
    from gridplan.cli.plan_to_plan import find_folder
    from gridplan.engine.open_documents import refuse_open_documents
    from gridplan.engine.placement import write_files

    kinds = choose_kinds(output, to)
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
    if output is not None:
        for kind in kinds:
            try_output_file(output.with_suffix(f".{kind}"))
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan, folder = read_release(path)
        stem = output.with_suffix("") if output else folder / "brief"
        names = name_documents(stem, kinds, lang)
        refuse_open_documents(names)
        if output is None:
            for name in names:
                try_output_file(name)
        clock("figures", 0, 1)
        facts = collect_facts(plan)
        # What is set beside it is read once, whatever is written.
        asked = {one.lang: one for one in make_requests(options, ["zh", "en"])}
        contents: dict[Path, bytes] = {}
        for kind in kinds:
            clock(kind, 0, 1)
            languages = list_languages(lang, "" if kind in DOCUMENTS else "both")
            requests = [asked[one] for one in languages]  # type: ignore[index]
            contents |= write_kind(kind, facts, requests, stem, template or [])
        clock("writing", 0, 1)
        # Together: a text beside the figures of another release would be wrong.
        write_files(contents)
    if folder != find_folder(path):
        console.print_line("release", folder)
    _print_brief(facts, list_languages(lang, "both"))
    for name in contents:
        console.print_line("written", name)


def choose_kinds(output: Path | None, to: Sequence[str] | None) -> list[str]:
    """Choose what is written: what was asked for, else by the ending of the file."""
    asked = [
        kind.strip().lower().removeprefix(".") for text in to or [] for kind in text.split(",")
    ]
    for kind in asked:
        if kind not in ENDINGS:
            raise typer.BadParameter(
                f"there is no kind {kind!r}: one of {', '.join(ENDINGS)}", param_hint="--to"
            )
    if output is None:
        return list(dict.fromkeys(asked)) or list(TEXTS)
    ending = output.suffix.lower().removeprefix(".")
    if ending not in ENDINGS and (ending or not asked):
        raise typer.BadParameter(
            f"{output}: name a file that ends in .docx, .pptx, .xlsx, .html or .md",
            param_hint="--output",
        )
    kinds = list(dict.fromkeys([*([ending] if ending else []), *asked]))
    # The table goes with a text in any case: it says where each figure comes from.
    return kinds if set(kinds) <= set(DOCUMENTS) else [*kinds, "csv"]


def name_documents(stem: Path, kinds: Sequence[str], lang: object) -> list[Path]:
    """Name the files that will be written."""
    names = []
    for kind in kinds:
        languages = list_languages(lang, "") if kind in DOCUMENTS else [""]  # type: ignore[arg-type]
        names += [_name_file(stem, kind, one, len(languages)) for one in languages]
    return names


def _name_file(stem: Path, kind: str, lang: str, count: int) -> Path:
    """Name a file; with its language where there is one for each."""
    return stem.with_name(f"{stem.name}-{lang}.{kind}" if count > 1 else f"{stem.name}.{kind}")


def write_kind(
    kind: str,
    facts: Facts,
    requests: Sequence[BriefingRequest],
    stem: Path,
    templates: Sequence[Path],
) -> dict[Path, bytes]:
    """Write one kind of brief in all languages, by the files that it goes into."""
    from dataclasses import replace

    from gridplan.briefing.pack import choose_template
    from gridplan.briefing.page.page_file import write_html_parts
    from gridplan.briefing.products import find_writer
    from gridplan.publishing.brief_pages import write_markdown
    from gridplan.publishing.brief_plan import keep_languages

    languages = [request.lang for request in requests]
    if kind == "md":
        return {
            stem.with_name(f"{stem.name}.md"): write_markdown(
                keep_languages(facts.brief, languages)
            ).encode()
        }
    if kind == "csv":
        from gridplan.tables.csv_text import MARK

        return {stem.with_name(f"{stem.name}.csv"): (MARK + facts.brief.to_csv()).encode()}
    if kind == "html":
        page = write_html_parts([(facts, request) for request in requests])
        return {stem.with_name(f"{stem.name}.html"): page}
    writer = find_writer(kind)
    asked = [replace(one, template=choose_template(kind, templates)) for one in requests]
    return {_name_file(stem, kind, one.lang, len(requests)): writer(facts, one) for one in asked}


def _print_brief(facts: Facts, languages: Sequence[str]) -> None:
    """Print the paragraph, and how many figures are not known."""
    from gridplan.cli import console

    brief = facts.brief
    paragraphs = {name: text for name, text in brief.paragraphs.items() if name in languages}
    note_figures("paragraphs", paragraphs)
    note_figures("figures", brief.figures)
    for name, paragraph in paragraphs.items():
        # The files have both languages, a Chinese screen its own.
        if is_chinese() and name != "zh" and "zh" in paragraphs:
            continue
        console.out.print(console.escape(paragraph) + "\n", soft_wrap=True)
    unknown = int((brief.figures["status"] == "unknown").sum())
    console.print_line(
        "not known", f"{unknown} of {len(brief.figures)} figures; the brief says what each needs"
    )
