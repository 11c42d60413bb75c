"""Where a plan's journal lies: a segment for what comes between two saves."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.redrawing.revision.plan_history import digest_plan
from gridplan.storage.plan_folder import read_plan
from gridplan.workbench.journal import Journal, JournalHead, read_journal

FOLDER = "studio"  # in the plan's folder


class OtherPlanError(PlanError):
    """The plan on disk is no longer the one that the changes begin from."""


def tell_time() -> str:
    """Tell the local time to the second."""
    return datetime.datetime.now().isoformat(timespec="seconds")


def tell_time_of(place: Path) -> str:
    """Tell when a file or folder was written, in local time to the second."""
    moment = datetime.datetime.fromtimestamp(place.stat().st_mtime)
    return moment.isoformat(timespec="seconds")


def open_journal(folder: Path, plan: Plan) -> tuple[Journal, list[Mapping[str, Any]], int]:
    """Open the newest journal of a plan, or begin one; returns its entries and lost bytes."""
    segments = list_segments(folder)
    digest = digest_plan(plan)
    if segments:
        journal, found = Journal.resume(segments[-1])
        if found.head.plan == digest:
            return journal, list(found.entries), found.lost
        journal.close()
        if found.entries:
            raise OtherPlanError(
                f"{segments[-1]} holds {len(found.entries)} changes of another version of this "
                "plan, which was changed elsewhere since -> bring that version back with gridplan "
                f"edit {folder} undo --overwrite, or move the journal away to begin anew"
            )
    head = JournalHead(digest, tell_time())
    return Journal.begin(name_segment(folder), head), [], 0


def list_segments(folder: Path) -> list[Path]:
    """List the segments of a plan's journal, the earliest first."""
    place = folder / FOLDER
    return sorted(place.glob("journal-*.jsonl")) if place.is_dir() else []


def find_last_number(folder: Path) -> int:
    """Find the number of the newest change in a plan's journals; 0 where there is none."""
    for file in reversed(list_segments(folder)):
        entries = read_journal(file).entries
        if entries:
            return int(entries[-1]["number"])
    return 0


def name_segment(folder: Path) -> Path:
    """Name the next segment of a plan's journal."""
    place = folder / FOLDER
    numbers = [int(file.stem.partition("-")[2]) for file in place.glob("journal-*.jsonl")]
    return place / f"journal-{max(numbers, default=0) + 1:04d}.jsonl"


def require_same(folder: Path, plan: Plan) -> None:
    """Refuse to write over a plan that was changed by something else since it was opened."""
    if digest_plan(read_plan(folder)) != digest_plan(plan):
        raise OtherPlanError(
            f"the plan in {folder} was changed by another program since the studio opened it -> "
            "the changes made here are safe in the journal; save them as a branch, and compare "
            "it with the plan as it is now"
        )
