"""Branches: a plan as it was saved, with changes of its own, under a name.

A branch is a plan folder itself, ``PLAN/studio/branches/0001``, with the files
of the plan that it begins from, linked and not copied, and a journal of its
own. So whatever works on a plan works on a branch, and what is done on one
branch touches no other.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gridplan.engine.placement import STAGING
from gridplan.engine.reservation import reserve_folder
from gridplan.engine.whole_files import force_to_disk, remove_path, sync_folder
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.redrawing.revision.plan_history import digest_plan
from gridplan.storage.kept_versions import UNDONE, VERSIONS, link_plan, list_versions
from gridplan.storage.plan_folder import describe_files, read_plan, write_plan
from gridplan.storage.version_names import NOTE, make_note
from gridplan.workbench.desk import Seat
from gridplan.workbench.journal import Journal, JournalHead, read_journal
from gridplan.workbench.segments import FOLDER, name_segment, tell_time
from gridplan.workbench.session import Session

HOME = "branches"  # in the folder of the studio
ABOUT = "branch.json"
LAND = "land.json"  # in the folder of a branch on newer land: see new_land.py
_GONE = ".gone-"  # what is being deleted


@dataclass(frozen=True)
class Branch:
    """A branch: its code, which is its folder's name, what it is called, and who made it when."""

    code: str
    name: str
    made: str
    by: str


def list_branches(folder: Path) -> list[Branch]:
    """List the branches of a plan by code; folders that are none are left out."""
    home = folder / FOLDER / HOME
    found = []
    for place in sorted(home.iterdir()) if home.is_dir() else []:
        try:
            about = json.loads((place / ABOUT).read_text(encoding="utf-8"))
            found.append(Branch(place.name, about["name"], about["made"], about["by"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def make_branch(session: Session, name: str, by: str) -> Branch:
    """Make a branch of a session as it stands: its saved plan, and the changes since.

    Raises
    ------
    PlanError, InputError
        If the name is taken, or is none.
    UnwritableError
        If it cannot be written; then there is no such branch.
    """
    with session.guard:
        base = session.base
        entries = [e.to_data() for e in session.desk.events if e.number > session.saved_number]
        same = describe_files(session.folder) == session.on_disk
    source = session.folder if same else None
    return place_branch(session.host.folder, name, by, base, source, entries)


def place_branch(
    folder: Path,
    name: str,
    by: str,
    base: Plan,
    source: Path | None,
    entries: Iterable[Mapping[str, Any]],
    add: Callable[[Path], None] = lambda place: None,
) -> Branch:
    """Put a branch in place, whole or not at all; its plan is linked where a source has it.

    ``add`` puts more into its folder.
    """
    tidy = make_note(name).name
    known = list_branches(folder)
    if tidy in {branch.name for branch in known}:
        raise PlanError(f"there is a branch called {tidy} already -> give another name")
    home = folder / FOLDER / HOME
    home.mkdir(parents=True, exist_ok=True)
    numbers = [int(place.name) for place in home.iterdir() if place.name.isdecimal()]
    branch = Branch(f"{max(numbers, default=0) + 1:04d}", tidy, tell_time(), by)
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=home))
    try:
        if source is None:
            write_plan(base, staging)
        else:
            link_plan(source, staging)
        # What the plan is called is not what the branch is called.
        (staging / NOTE).unlink(missing_ok=True)
        # As it will be read again, for the journal says of which plan it is.
        begin_journal(staging, base if source else read_plan(staging), entries)
        add(staging)
        about = {key: value for key, value in asdict(branch).items() if key != "code"}
        (staging / ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        force_to_disk(staging)
        os.replace(staging, home / branch.code)
        sync_folder(home)
    except BaseException:
        remove_path(staging)
        raise
    return branch


def begin_journal(folder: Path, base: Plan, entries: Iterable[Mapping[str, Any]]) -> None:
    """Begin the journal of a plan in a folder with the changes that it has already."""
    head = JournalHead(digest_plan(base), tell_time())
    journal = Journal.begin(name_segment(folder), head)
    try:
        journal.append(entries)
    finally:
        journal.close()


def find_session(host: Session, seat: Seat) -> Session:
    """Find the session where a seat is: a branch, or the plan itself."""
    code = host.places.get(seat.code, host.first)
    return host.branches.get(code, host)


def enter_branch(host: Session, seat: Seat, code: str) -> Session:
    """Put a seat on a branch, or on the plan itself where the code is empty.

    Sessions stay open, so that coming back is quick.

    Raises
    ------
    PlanError
        If there is no such branch, or it is on newer land that was not opened.
    PlanBusyError
        If another studio has it open.
    """
    session = open_branch(host, code)
    if code and session.new_land is None and (session.folder / LAND).is_file():
        raise PlanError(
            "this branch is on newer land -> open it with gridplan studio PLAN --site NEWER, or "
            "delete it"
        )
    host.places[seat.code] = code
    return session


def open_branch(host: Session, code: str) -> Session:
    """Open a branch without putting a seat on it; the plan itself where the code is empty.

    Raises
    ------
    PlanError
        If there is no such branch.
    """
    if code and code not in host.branches:
        host.branches[code] = _open_branch(host, code)
    return host.branches.get(code, host)


def _open_branch(host: Session, code: str) -> Session:
    if code not in {branch.code for branch in list_branches(host.folder)}:
        raise PlanError(f"there is no branch {code} -> see the list of branches")
    folder = host.folder / FOLDER / HOME / code
    with ExitStack() as held:
        # No other studio may open the branch as a plan meanwhile.
        (folder / FOLDER).mkdir(exist_ok=True)
        held.enter_context(reserve_folder(folder / FOLDER))
        # Late, since the server gives the host its own way to publish.
        session = Session(folder, lambda message: host.publish({**message, "branch": code}))
        session.held = held.pop_all()
    session.host, session.branch = host, code
    return session


def delete_branch(host: Session, code: str) -> Branch:
    """Delete a branch for good.

    Raises
    ------
    PlanError
        If there is no such branch, or a seat is on it.
    """
    known = {branch.code: branch for branch in list_branches(host.folder)}
    if code not in known:
        raise PlanError(f"there is no branch {code} -> see the list of branches")
    seats = sorted(seat for seat, place in host.places.items() if place == code)
    if seats:
        raise PlanError(f"{', '.join(seats)} works on this branch -> go to another one first")
    session = host.branches.pop(code, None)
    if session is not None:
        session.close()
    home = host.folder / FOLDER / HOME
    # Gone at once, and then removed: a half removed branch would be none.
    gone = home / f"{_GONE}{code}"
    os.replace(home / code, gone)
    sync_folder(home)
    remove_path(gone)
    return known[code]


def leave_as_branch(session: Session, seat: Seat, name: str) -> Branch:
    """Keep a session's changes as a branch, and open the plan that is on disk in its place.

    For a plan that another program has changed since it was opened.
    """
    host = session.host
    branch = make_branch(session, name, seat.office or seat.code)
    if not session.branch:
        begin_journal(host.folder, read_plan(host.folder), [])
        fresh = Session(host.folder, lambda message: host.publish(message))
        fresh.host = host
        host.branches[""] = fresh
    enter_branch(host, seat, branch.code)
    return branch


def keep_stranded(folder: Path) -> Branch | None:
    """Keep as a branch the changes of a version that is no longer the plan.

    Returns nothing where no kept version is the one that they begin from.
    """
    place = folder / FOLDER
    segments = sorted(place.glob("journal-*.jsonl")) if place.is_dir() else []
    if not segments:
        return None
    found = read_journal(segments[-1])
    now = read_plan(folder)
    if not found.entries or digest_plan(now) == found.head.plan:
        return None
    undone = folder / VERSIONS / UNDONE
    kept = [*reversed(list_versions(folder)), *([undone] if undone.is_dir() else [])]
    for version in kept:
        base = read_plan(version)
        if digest_plan(base) != found.head.plan:
            continue
        names = {branch.name for branch in list_branches(folder)}
        day = found.head.begun[:10]
        name = next(n for k in range(1, len(names) + 2) if (n := f"{day} ({k})") not in names)
        branch = place_branch(folder, name, "", base, version, found.entries)
        begin_journal(folder, now, [])
        return branch
    return None
