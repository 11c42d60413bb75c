"""The options of verbs that write briefings, and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.language import LANGUAGE
from gridplan.cli.outputs import try_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gridplan.briefing.facts import Facts
    from gridplan.briefing.request import BriefingRequest
    from gridplan.plan import Plan

HEAD = "What stands at its head"
BESIDE = "What is set beside it"


class BriefLang(StrEnum):
    """Languages of a briefing."""

    zh = "zh"
    en = "en"
    both = "both"


BriefLangOption = Annotated[
    BriefLang | None,
    typer.Option(
        help="Language of what is written; both: a document for each. By default that of the "
        "command, and both for .md and .html.",
        show_default=False,
    ),
]
Office = Annotated[
    str,
    typer.Option(
        metavar="OFFICE", help="Who issues it; by default a blank to fill in.", rich_help_panel=HEAD
    ),
]
Day = Annotated[
    str | None,
    typer.Option(
        "--date",
        metavar="YYYY-MM-DD",
        help="Day of issue; by default that of the plan.",
        callback=try_date,
        rich_help_panel=HEAD,
    ),
]
Title = Annotated[
    str, typer.Option(metavar="TEXT", help="Title, if not the usual one.", rich_help_panel=HEAD)
]
Issue = Annotated[
    str,
    typer.Option(metavar="NUMBER", help="Number of the issue, e.g. 5.", rich_help_panel=HEAD),
]
MapNumber = Annotated[
    str,
    typer.Option(
        metavar="NUMBER",
        help="Number of the maps' approval, if they have one.",
        rich_help_panel=HEAD,
    ),
]
FontName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Font to write in; by default one that has all characters.",
        rich_help_panel=HEAD,
    ),
]
Templates = Annotated[
    list[Path] | None,
    typer.Option(
        "--template",
        metavar="FILE",
        help="The office's own .docx or .pptx, whose styles are used; may be repeated.",
        rich_help_panel=BESIDE,
    ),
]
BeforeRelease = Annotated[
    Path | None,
    typer.Option(
        "--before",
        metavar="RELEASE",
        help="The release before this one: what changed is written too.",
        rich_help_panel=BESIDE,
    ),
]
SimulationFolder = Annotated[
    Path | None,
    typer.Option(
        "--simulation",
        metavar="FOLDER",
        help="Tables that gridplan simulate --csv FOLDER wrote.",
        rich_help_panel=BESIDE,
    ),
]


@dataclass(frozen=True)
class BriefingOptions:
    """What the options of a verb say of a briefing."""

    office: str = ""
    date: str | None = None
    title: str = ""
    issue: str = ""
    map_number: str = ""
    font: str = ""
    templates: Sequence[Path] = ()
    before: Path | None = None
    simulation: Path | None = None


def list_languages(lang: BriefLang | None, usual: str = "") -> list[str]:
    """List the languages to write: those asked for, else ``usual``, else that of the command."""
    asked = lang.value if lang is not None else usual or LANGUAGE.lang
    return ["zh", "en"] if asked == "both" else [asked]


def check_templates(templates: Sequence[Path]) -> None:
    """Refuse templates that are not there, or of a kind that no document is written in."""
    for path in templates:
        if path.suffix.lower() not in (".docx", ".pptx"):
            raise typer.BadParameter(
                f"{path}: name a file that ends in .docx or .pptx", param_hint="--template"
            )
        if not path.is_file():
            raise typer.BadParameter(f"{path} is not there", param_hint="--template")


def read_release(path: Path) -> tuple[Plan, Path]:
    """Read a release, or the one that lies in the folder of a working plan, and where it is.

    Raises
    ------
    PlanError
        If it is a working plan without a release in it, with the line to run.
    """
    from gridplan import storage
    from gridplan.cli.plan_to_plan import find_folder
    from gridplan.errors import PlanError

    inner = find_folder(path) / "release"
    # The plan that a release is made from may be large: the release itself is looked for first.
    if storage.plan_folder.is_plan(inner):
        plan = storage.read_plan(inner)
        if plan.is_release:
            return plan, inner
    plan = storage.read_plan(path)
    if not plan.is_release:
        raise PlanError(
            f"{path} is a working plan, which may not leave -> make a release of it, then run "
            f"again: gridplan release {find_folder(path)} -o {inner}"
        )
    return plan, find_folder(path)


def make_requests(options: BriefingOptions, languages: Sequence[str]) -> list[BriefingRequest]:
    """Make a request for each language, with what is set beside it read from disk."""
    from gridplan.briefing.request import BriefingRequest
    from gridplan.briefing.simulation_figures import read_simulation

    before = _read_before(options.before) if options.before is not None else None
    simulation = read_simulation(options.simulation) if options.simulation is not None else None
    common: dict[str, Any] = {
        "office": options.office,
        "date": options.date or "",
        "title": options.title,
        "issue": options.issue,
        "map_number": options.map_number,
        "font": options.font,
        "before": before,
        "simulation": simulation,
    }
    return [BriefingRequest(lang=lang, **common) for lang in languages]  # type: ignore[arg-type]


def _read_before(path: Path) -> Facts:
    """Read the release before; its check is run again as that of any release."""
    from gridplan.briefing.facts import collect_facts

    return collect_facts(read_release(path)[0])
