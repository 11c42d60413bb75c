"""What verbs that turn one plan into another share: rules, reading, writing."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.rules.all_rules import Rules


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
    """Read the plan, do the work and write the new plan.

    Returns where it was written, the new plan, and the seconds of each stage.

    The rules are those given, else those that ``recall`` finds in the plan, by
    default its own.
    """
    from gridplan import storage
    from gridplan.cli import console

    target = output or find_folder(path)
    # Before the work, which may take an hour; no other run changes the plan meanwhile.
    with storage.reserve_plan(target, overwrite), console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        # These verbs report no steps of their own.
        clock(verb, 0, 1)
        new = work(plan, rules=choose_rules((recall or take_rules)(plan), rules_file, settings))
        clock("writing", 0, 1)
        storage.write_plan(new, target, overwrite=overwrite)
    return target, new, clock.seconds


def find_folder(path: Path) -> Path:
    """Find the folder of a plan, which may be named by its ``plan.gpkg``."""
    return path if path.is_dir() else path.parent


def choose_day(date: str | None) -> str:
    """Choose the date to record: the one asked for, else today."""
    return datetime.date.today().isoformat() if date is None else date


def take_rules(plan: Plan) -> Rules:
    """Take the rules that a plan was drawn by."""
    return plan.rules


def choose_rules(rules: Rules, rules_file: Path | None, settings: list[str] | None) -> Rules:
    """Take the rules of the file, else those passed, and set those given one by one."""
    from gridplan.cli.read_options import read_rules

    # A file is whole: its rules replace all of the plan's, and --set acts on the file.
    if rules_file is None and not settings:
        return rules
    return read_rules(rules_file, settings, None, None, base=rules)
