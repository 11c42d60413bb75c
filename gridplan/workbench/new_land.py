"""New land: what broke, what the redraw proposes, and the planner's word on each of it.

A plan on newer land begins as a branch: every home in its former sub-grid, as
far as it is still there. What the redraw would move beyond that is proposed
place by place. Accepting is a change like any other, in the branch's journal;
what is dropped is noted beside it. Saving makes the plan that ``redraw`` would
make of what was accepted, in the place of the plan itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.engine.whole_files import draft_file
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.redrawing.revision.plan_history import digest_plan
from gridplan.redrawing.staged_redraw import finish_staged, list_proposals, stage_redraw
from gridplan.site import Site
from gridplan.storage.kept_versions import replace_plan
from gridplan.storage.plan_folder import describe_files, read_plan, write_plan
from gridplan.storage.version_names import VersionNote
from gridplan.workbench.branches import (
    HOME,
    LAND,
    Branch,
    delete_branch,
    list_branches,
    open_branch,
    place_branch,
)
from gridplan.workbench.desk import Seat
from gridplan.workbench.effects import Effect, find_effect, put_on
from gridplan.workbench.saving import make_saved_plan, write_difference
from gridplan.workbench.segments import FOLDER, OtherPlanError, require_same, tell_time
from gridplan.workbench.session import Message, Session

DRAWN = "drawn"  # in the branch's folder: the plan that the redraw draws
_NAME = "new land"


@dataclass
class NewLand:
    """A redraw on newer land that a planner goes through.

    ``plan`` is the plan before, ``places`` the homes of each proposal with
    their new sub-grids, ``dropped`` the numbers of those turned down, ``broken``
    what the new land broke.
    """

    plan: Plan
    site: Site
    file: Path
    places: list[dict[str, str]]
    broken: list[dict[str, Any]]
    dropped: set[int] = field(default_factory=set)

    def drop(self, number: int, drops: bool) -> None:
        """Note on disk that a proposal is dropped, or that it is not."""
        dropped = self.dropped | {number} if drops else self.dropped - {number}
        about = json.loads(self.file.read_text(encoding="utf-8"))
        _write_about(self.file, {**about, "dropped": sorted(dropped)})
        self.dropped = dropped


def open_new_land(
    host: Session,
    read_site: Callable[[], Site],
    files: Mapping[str, str],
    progress: Progress = keep_silent,
) -> Branch:
    """Open a plan on newer land; where that was begun before, it goes on.

    Parameters
    ----------
    host
        The session of the plan before.
    read_site
        Reads the newer land.
    files
        The hashes of its files, by which it is known again.
    progress
        Called with the stage, the steps done and all steps.

    Raises
    ------
    PlanError
        If the plan has changes that were not saved.
    InputError
        If none of the plan's homes is on the land.
    """
    _require_saved(host)
    digest = digest_plan(host.base)
    site = read_site()
    branch = _find_begun(host.folder, digest, files)
    if branch is None:
        staged = stage_redraw(host.base, site, progress=progress)
        about = {
            "plan": digest,
            "files": dict(sorted(files.items())),
            "places": list_proposals(staged.carried, staged.drawn),
            "broken": json.loads(staged.broken.to_json(orient="records")),
            "dropped": [],
        }

        def add(place: Path) -> None:
            write_plan(staged.drawn, place / DRAWN)
            _write_about(place / LAND, about)

        names = {b.name for b in list_branches(host.folder)}
        name = next(n for k in range(len(names) + 1) if (n := _name_land(k)) not in names)
        branch = place_branch(host.folder, name, "", staged.carried, None, [], add)
    session = open_branch(host, branch.code)
    session.new_land = _read_land(session, host.base, site)
    host.first = branch.code
    return branch


def _name_land(number: int) -> str:
    return f"{_NAME} {tell_time()[:10]}" + (f" ({number + 1})" if number else "")


def _write_about(file: Path, about: Mapping[str, Any]) -> None:
    with draft_file(file) as draft:
        draft.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def _find_begun(folder: Path, digest: str, files: Mapping[str, str]) -> Branch | None:
    """Find the branch on which the same plan was brought to the same land before."""
    for branch in list_branches(folder):
        file = folder / FOLDER / HOME / branch.code / LAND
        if file.is_file():
            about = json.loads(file.read_text(encoding="utf-8"))
            if about["plan"] == digest and about["files"] == dict(files):
                return branch
    return None


def _read_land(session: Session, plan: Plan, site: Site) -> NewLand:
    file = session.folder / LAND
    about = json.loads(file.read_text(encoding="utf-8"))
    return NewLand(
        plan, site, file, about["places"], about["broken"], {int(n) for n in about["dropped"]}
    )


def find_statuses(session: Session, land: NewLand) -> list[str]:
    """Find what became of each proposal: accepted, dropped, or still open.

    One is accepted where its homes are as it proposes, however they came there.
    """
    board, state = session.desk.board, session.desk.state
    statuses = []
    for number, homes in enumerate(land.places, 1):
        rows = board.stairwells.get_indexer(list(homes))
        there = list(state.member[rows]) == list(homes.values())
        statuses.append("accepted" if there else "dropped" if number in land.dropped else "open")
    return statuses


def save_new_land(session: Session, seat: Seat, note: VersionNote | None) -> Message:
    """Save a plan on newer land in the place of the plan before, which is kept as a version.

    Raises
    ------
    PlanError
        If proposals are open, or the plan before was changed meanwhile.
    """
    host, land = session.host, session.new_land
    assert isinstance(land, NewLand), "only a session of new land is saved so"
    open_ones = [n for n, s in enumerate(find_statuses(session, land), 1) if s == "open"]
    if open_ones:
        raise PlanError(
            f"{len(open_ones)} proposals are neither accepted nor dropped -> go through them, or "
            "accept or drop all the rest"
        )
    before = open_branch(host, "")
    _require_saved(before)
    session.tell_saving("checking", 0, 1)
    require_same(host.folder, land.plan)
    plan = _make_plan(session, land, seat)
    session.tell_saving("writing", 0, 1)
    version = replace_plan(plan, host.folder, overwrite=True, note=note)
    _leave_land(session)
    return {
        "kind": "saved",
        "saved": 0,
        "version": version.name if version else "",
        "name": note.name if note else "",
        "time": tell_time(),
        "anew": True,
    }


def _make_plan(session: Session, land: NewLand, seat: Seat) -> Plan:
    """Make the plan of what was accepted, and then of what was changed by hand besides."""
    board = session.desk.board
    with session.guard:
        wanted = session.desk.state
    taken = board.open()
    for number, status in enumerate(find_statuses(session, land), 1):
        if status == "accepted":
            homes = land.places[number - 1]
            taken = put_on(board, taken, Effect(homes={h: ("", c) for h, c in homes.items()}))
    member = pd.Series(taken.member, index=board.stairwells, dtype="str")
    drawn = read_plan(session.folder / DRAWN)
    office = seat.office or seat.code
    day = tell_time()[:10]
    plan = finish_staged(
        land.plan, land.site, member, drawn, date=day, by=office, progress=session.tell_saving
    )
    by_hand = type(board)(plan)
    first = by_hand.open()
    if not find_effect(by_hand, first, wanted):
        return plan
    lines = write_difference(by_hand, first, wanted)
    return make_saved_plan(
        plan, [f"# {day} {office}: moved no households", *lines], wanted, session.tell_saving
    )


def _leave_land(session: Session) -> None:
    """Put all seats on the new plan, and delete the branch, which is now the plan."""
    host, code = session.host, session.branch
    fresh = Session(host.folder, lambda message: host.publish(message))
    fresh.host = host
    host.branches[""] = fresh
    host.first = ""
    for seat, place in host.places.items():
        if place == code:
            host.places[seat] = ""
    delete_branch(host, code)
    host.publish({"kind": "anew"})


def _require_saved(session: Session) -> None:
    """Refuse new land while changes on the old land are not saved."""
    count = session.desk.number - session.saved_number
    if count:
        raise PlanError(
            f"the plan has {count} changes that are not saved -> open the studio without --site, "
            "save them or make a branch of them and undo them, and then go to the newer land"
        )
    if describe_files(session.folder) != session.on_disk:
        raise OtherPlanError(
            f"the plan in {session.folder} was changed by another program -> open the studio again"
        )
