"""Answers on comparison: who lives elsewhere than before, and the map of then beside that of now.

What is compared with is saved, day, change, version, branch or proposal. Of a
branch and a proposal it is they that would come after; of all others it is
the plan as it stands now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridplan.arrays import Objects
from gridplan.plan import Plan
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard
from gridplan.storage.kept_versions import list_versions
from gridplan.storage.plan_folder import read_plan
from gridplan.workbench.branches import open_branch
from gridplan.workbench.desk import Desk, Seat
from gridplan.workbench.drawing import Draughtsman, Drawn
from gridplan.workbench.earlier_states import list_all_events, rewind
from gridplan.workbench.effects import Effect, put_on
from gridplan.workbench.events import DeskEvent
from gridplan.workbench.opening import describe_community, describe_outlines
from gridplan.workbench.proposals import make_proposal
from gridplan.workbench.segments import tell_time
from gridplan.workbench.session import Answer, Message, Session, list_figures, refuse_question

_LATER = ("branch", "proposal")  # these would come after what is there now
_MOST = 400  # rows that are sent; the rest are counted
_KEPT = 3  # comparisons that are kept for the map


@dataclass(frozen=True)
class ComparedState:
    """What is compared with: its state, a plan with its outlines, and its board."""

    state: BoardState
    drawn: Plan
    board: EditBoard
    later: bool
    same_land: bool


def _compare(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    against, of = str(message["against"]), str(message.get("of", ""))
    finder = _FINDERS.get(against)
    if finder is None:
        return refuse_question("the question is known", f"nothing is compared with {against}", "")
    found = finder(session, of)
    if isinstance(found, str):
        return refuse_question("what is compared is known", found, "see the list")
    state, drawn, *boards = found
    board = session.desk.board if drawn is None else boards[0] if boards else EditBoard(drawn)
    same_land = drawn is None or _is_same_land(session.desk.board, board)
    if drawn is None:
        drawn = Draughtsman(session.base).draw(state, 1).plan
    # What a branch changed is seen against the plan itself.
    later = against in _LATER and not (against == "branch" and not of)
    there = ComparedState(state, drawn, board, later, same_land)
    name = f"{against}:{of}"
    with session.guard:
        for old in list(session.compared)[: 1 - _KEPT]:
            del session.compared[old]
        session.compared[name] = there
        now = session.desk.state
    return {
        "kind": "compared",
        "name": name,
        "against": against,
        "of": of,
        "later": there.later,
    } | (_list_moves(session, there, now))


def _find_saved(session: Session, of: str) -> tuple[BoardState, Plan | None]:
    # Its outlines as they were saved; drawn again they might be others.
    return session.saved_state, session.base


def _find_day(session: Session, of: str) -> tuple[BoardState, Plan | None]:
    with session.guard:
        board, state = session.desk.board, session.desk.state
        events = list_all_events(session)
    return rewind(board, state, events, tell_time()[:10]).state, None


def _find_change(session: Session, of: str) -> tuple[BoardState, Plan | None] | str:
    """Find the state that a change led to."""
    number = int(of)
    with session.guard:
        board, state = session.desk.board, session.desk.state
        events = [event for event in session.desk.events if event.number > number]
    back = rewind(board, state, events, "")
    if len(back.events) < len(events):
        return f"what was before change {of} cannot be worked out any more"
    return back.state, None


def _find_version(session: Session, of: str) -> tuple[BoardState, Plan | None] | str:
    known = {place.name: place for place in list_versions(session.folder)}
    if of not in known:
        return f"there is no version {of}"
    plan = read_plan(known[of])
    return EditBoard(plan).open(), plan


def _find_branch(session: Session, of: str) -> tuple[BoardState, Plan, EditBoard]:
    with session.host.saving:
        other = open_branch(session.host, of)
    with other.guard:
        state, number = other.desk.state, other.desk.number
    # Its board is there already, with what it has worked out.
    return state, other.draughtsman.draw(state, number).plan, other.desk.board


def _find_proposal(session: Session, of: str) -> tuple[BoardState, Plan | None] | str:
    proposal = session.proposals.get(of)
    if proposal is None:
        return f"there is no proposal {of}"
    with session.guard:
        return put_on(session.desk.board, session.desk.state, proposal.effect), None


_FINDERS = {
    "saved": _find_saved,
    "day": _find_day,
    "change": _find_change,
    "version": _find_version,
    "branch": _find_branch,
    "proposal": _find_proposal,
}


def _is_same_land(one: EditBoard, other: EditBoard) -> bool:
    return one.stairwells.equals(other.stairwells) and bool(
        (one.households == other.households).all()
    )


def _list_moves(session: Session, there: ComparedState, now: BoardState) -> Message:
    """List who lives in another sub-grid, by building, and what is on one side only."""
    board = session.desk.board
    member = _take_member(board, there)
    both = member != ""
    rows = np.flatnonzero(both & (member != now.member))
    last = _find_last(list_all_events(session), {str(board.stairwells[row]) for row in rows})
    groups: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        sides = (str(member[row]), str(now.member[row]))
        before, after = sides[::-1] if there.later else sides
        groups.setdefault((str(board.building[row]), before, after), []).append(int(row))
    listed = [_describe_move(session, key, inside, last) for key, inside in sorted(groups.items())]
    touched = {code for _, *codes in groups for code in codes}
    return {
        "rows": listed[:_MOST],
        "more": max(0, len(listed) - _MOST),
        "moved": int(board.households[rows].sum()),
        "homes": len(rows),
        "offices": sorted({row["office"] or row["seat"] for row in listed} - {""}),
        "before": list_figures(_measure(session, there, now, touched, not there.later)),
        "after": list_figures(_measure(session, there, now, touched, there.later)),
        "same_land": there.same_land,
        "only_here": int((~both).sum()),
        "only_there": len(there.board.stairwells.difference(board.stairwells)),
        "communities": sorted({str(board.community[row]) for row in rows}),
    }


def _take_member(board: EditBoard, there: ComparedState) -> Objects:
    """Take the sub-grid of then of each home of now; nothing where it was not there."""
    if board is there.board:
        return there.state.member
    place = there.board.stairwells.get_indexer(board.stairwells)
    member = np.full(len(place), "", object)
    member[place >= 0] = there.state.member[place[place >= 0]]
    return member


def _measure(
    session: Session, there: ComparedState, now: BoardState, codes: set[str], of_there: bool
) -> Any:
    board, state = (there.board, there.state) if of_there else (session.desk.board, now)
    return board.measure(state, codes)


def _describe_move(
    session: Session,
    key: tuple[str, str, str],
    rows: Sequence[int],
    last: Mapping[str, DeskEvent],
) -> Message:
    building, before, after = key
    board, plan = session.desk.board, session.desk.plan
    homes = [str(board.stairwells[row]) for row in rows]
    whole = len(rows) == len(board.rows[building])
    events = [last[home] for home in homes if home in last]
    newest = max(events, key=lambda event: event.time, default=None)
    name = plan.site.buildings["building_name"].get(building)
    return {
        "building": building,
        "name": name if isinstance(name, str) else "",
        "community": str(board.community[rows[0]]),
        # Of a whole building nobody wants to read every door.
        "doors": [] if whole else sorted({int(d) for d in plan.stairwells["door"].iloc[rows]}),
        "homes": homes,
        "households": int(board.households[rows].sum()),
        "before": before,
        "after": after,
        "number": newest.number if newest else 0,
        "office": newest.office if newest else "",
        "seat": newest.seat if newest else "",
        "role": newest.role if newest else "",
        "time": newest.time if newest else "",
    }


def _find_last(events: Sequence[DeskEvent], homes: set[str]) -> dict[str, DeskEvent]:
    """Find the newest event that moved each of some homes."""
    last: dict[str, DeskEvent] = {}
    for event in events:
        for home in homes.intersection(event.effect.homes):
            last[home] = event
    return last


def _describe_place(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Describe one community as it is over there, for the picture beside that of now."""
    there = session.compared.get(str(message["name"]))
    community = str(message["community"])
    if there is None:
        return refuse_question("comparisons are known", "this comparison is over", "compare again")
    state, plan = there.state, there.drawn
    if not there.same_land:
        if community not in plan.site.communities.index:
            return refuse_question("communities are known", f"{community} was not there then", "")
        # Homes differ, so that nothing of the picture of now can serve.
        desk = Desk(plan)
        figures = desk.measure([c for c, over in state.lies_in.items() if over == community])
        whole = describe_community(desk, community, Drawn(plan, 0, ()), session.origin)
        return {"kind": "community_then", "figures": list_figures(figures), **whole}
    codes = sorted(code for code, over in state.lies_in.items() if over == community)
    place = {code: n for n, code in enumerate(codes)}
    rows = np.flatnonzero(session.desk.board.community == community)
    return {
        "kind": "community_then",
        "code": community,
        "codes": codes,
        "subgrid": [place[str(code)] for code in state.member[rows]],
        "centres": [state.centres.get(code, "") for code in codes],
        "outlines": describe_outlines(Drawn(plan, 0, ()), codes, session.origin),
        "figures": list_figures(there.board.measure(state, codes)),
    }


def _take_over(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Put some homes where they are over there, or all of them, as one change like any other."""
    there = session.compared.get(str(message["name"]))
    if there is None:
        return refuse_question("comparisons are known", "this comparison is over", "compare again")
    board, now = session.desk.board, session.desk.state
    member = _take_member(board, there)
    wanted = message.get("homes")
    chosen = np.ones(len(member), bool)
    if wanted is not None:
        chosen = np.isin(board.stairwells.to_numpy(object), [str(home) for home in wanted])
    rows = np.flatnonzero(chosen & (member != "") & (member != now.member))
    if not len(rows):
        return refuse_question("there is something to take", "these homes are the same", "")
    homes = {str(board.stairwells[row]): str(member[row]) for row in rows}
    proposal, _ = make_proposal(session.desk, homes)
    effect: Effect = proposal.effect
    event = session.desk.take(seat, str(message["id"]), effect, proposal.lines)
    return session.answer_event(seat, event)


ANSWERS: Mapping[str, Answer] = {
    "compare": _compare,
    "compare_place": _describe_place,
    "take_over": _take_over,
}
