"""How a verb works on a plan that is there: options, rules, reading, the work, and writing the new plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from gridplan.plan import Plan
    from gridplan.rules.all_rules import Rules

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Folder for the new plan; without it PLAN itself, with --overwrite."
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace a plan that is there already.")
]


def rework(
    verb: str,
    path: Path,
    output: Path | None,
    overwrite: bool,
    rules_file: Path | None,
    settings: list[str] | None,
    work: Callable[..., Plan],
    recall: Callable[[Plan], Rules] | None = None,
) -> tuple[Path, Plan, Mapping[str, float]]:
    """Read the plan, do the work and write the new plan; returns where, the plan, and the seconds of each stage.

    The rules are those given, else those that ``recall`` finds in the plan, by
    default its own.
    """
    from gridplan import storage
    from gridplan.cli import console

    target = output or (path if path.is_dir() else path.parent)
    storage.refuse_existing(target, overwrite)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        clock(verb, 0, 1)
        done = work(plan, rules=choose_rules((recall or take_rules)(plan), rules_file, settings))
        clock("writing", 0, 1)
        storage.write_plan(done, target, overwrite=overwrite)
    return target, done, clock.seconds


def write_next(plan: Plan, target: Path, overwrite: bool) -> Path | None:
    """Write the next plan; one that stands there is kept as its newest version first, which is returned."""
    from gridplan import storage
    from gridplan.storage.kept_versions import drop_version, keep_version

    version = keep_version(target)
    try:
        storage.write_plan(plan, target, overwrite=overwrite)
    except BaseException:
        drop_version(version)
        raise
    return version


def write_tables(
    tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any], folder: Path
) -> None:
    """Write tables as CSV that spreadsheets open, and how they were made."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", encoding="utf-8-sig", lineterminator="\n")
    (folder / "manifest.json").write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def take_rules(plan: Plan) -> Rules:
    """Take the rules that a plan was drawn by."""
    from gridplan.rules.all_rules import Rules

    return Rules.from_dict(plan.manifest.get("rules") or {})


def choose_rules(own: Rules, rules_file: Path | None, settings: list[str] | None) -> Rules:
    """Take the rules of the file, or one's own, and set those given one by one."""
    from gridplan.cli.options import read_rules

    if rules_file is not None:
        return read_rules(rules_file, settings, None, None)
    if not settings:
        return own
    given = read_rules(None, settings, None, None).to_dict()
    for text in settings:
        section, _, key = text.partition("=")[0].strip().partition(".")
        own = own.replace(**{section: {key.strip(): given[section][key.strip()]}})
    return own
