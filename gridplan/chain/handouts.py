"""The steps that write files from a finished plan: audit, map, release and brief."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridplan import storage
from gridplan.auditing.audit_plan import audit
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.page.page_file import write_html_parts
from gridplan.briefing.request import BriefingRequest
from gridplan.engine.placement import write_files
from gridplan.maps.draw import draw_map
from gridplan.maps.offline import write_map
from gridplan.plan import Plan
from gridplan.publishing.brief_pages import write_markdown
from gridplan.publishing.release_plan import release
from gridplan.rules.all_rules import Rules
from gridplan.storage.formats import READERS
from gridplan.tables.csv_text import MARK, write_csv_text
from gridplan.tables.schema import Language

RELEASE = "release"


@dataclass(frozen=True)
class Handout:
    """What a step of files came to: figures, and whether the audit passed."""

    figures: Mapping[str, Any] = field(default_factory=dict)
    passed: bool = True


@dataclass(frozen=True)
class HandoutInputs:
    """What the steps of files work with: the plan, its rules, the folder and what was asked."""

    plan: Plan
    rules: Rules
    folder: Path
    lang: Language
    before: Sequence[Path]


@dataclass(frozen=True)
class FileStep:
    """A step that writes files into the folder, which are named here as they lie in it.

    ``after`` are the steps whose results it reads, ``sections`` the rules; all
    where that is empty. ``asks_language`` is whether its files are in one.
    """

    name: str
    files: tuple[str, ...]
    sections: tuple[str, ...]
    after: tuple[str, ...]
    asks_language: bool
    work: Callable[[HandoutInputs], Handout]


def _write_audit(inputs: HandoutInputs) -> Handout:
    """Audit the plan, and write the report and the figures of communities."""
    result = audit(inputs.plan, inputs.rules)
    write_files(
        {
            inputs.folder / "audit.txt": f"{result}\n".encode(),
            inputs.folder / "audit.csv": (MARK + write_csv_text(result.communities)).encode(),
        }
    )
    counts = {f"{word}s": int(n) for word, n in result.summary["findings"].items()}
    return Handout(counts, result.passed)


def _write_map(inputs: HandoutInputs) -> Handout:
    """Write the map of the working plan."""
    page = inputs.folder / "map.html"
    write_map(draw_map(inputs.plan, lang=inputs.lang), page, overwrite=True)
    return Handout({"megabytes": round(page.stat().st_size / 1e6, 1)})


def _write_release(inputs: HandoutInputs) -> Handout:
    """Write the release; one that is there already is kept under a number."""
    before = [storage.read_plan(place) for place in inputs.before]
    leaving = release(inputs.plan, before=before, rules=inputs.rules.disclosure)
    target = inputs.folder / RELEASE
    figures: dict[str, Any] = {}
    if target.exists():
        figures["kept"] = keep_release(target).name
    storage.write_plan(leaving, target)
    note = leaving.manifest["release"]
    return Handout({"counts": note["counts"], "suppressed": note["suppressed"], **figures})


def keep_release(folder: Path) -> Path:
    """Move a release aside under the next free number: it may have gone out."""
    numbers = [
        int(path.name.rpartition("-")[2])
        for path in folder.parent.glob(f"{folder.name}-*")
        if path.name.rpartition("-")[2].isdecimal()
    ]
    kept = folder.with_name(f"{folder.name}-{max(numbers, default=0) + 1}")
    folder.rename(kept)
    return kept


def _write_brief(inputs: HandoutInputs) -> Handout:
    """Write the brief of the release beside it, as text, as a page and as a table."""
    folder = inputs.folder / RELEASE
    facts = collect_facts(storage.read_plan(folder))
    brief = facts.brief
    write_files(
        {
            folder / "brief.md": write_markdown(brief).encode(),
            folder / "brief.html": write_html_parts(
                [(facts, BriefingRequest(lang=lang)) for lang in brief.paragraphs]
            ),
            folder / "brief.csv": (MARK + brief.to_csv()).encode(),
        }
    )
    shown = int((brief.figures["status"] == "shown").sum())
    return Handout({"figures": len(brief.figures), "known": shown})


_EVERY = ("plan", "organise", "staff", "pair", "reach", "rate")
FILE_STEPS = (
    FileStep("audit", ("audit.txt", "audit.csv"), (), _EVERY, False, _write_audit),
    FileStep("map", ("map.html",), (), _EVERY, True, _write_map),
    FileStep(
        "release",
        tuple(f"{RELEASE}/{name}" for name in READERS),
        (),  # it carries the rules along
        _EVERY,
        False,
        _write_release,
    ),
    FileStep(
        "brief",
        tuple(f"{RELEASE}/brief.{ending}" for ending in ("md", "html", "csv")),
        (),
        ("release",),
        False,
        _write_brief,
    ),
)
