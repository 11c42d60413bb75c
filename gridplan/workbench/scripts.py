"""Answers on what was done: the log as a script, the history by office, and a day taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.redrawing.editing.edit_plan import write_log
from gridplan.workbench.desk import Seat
from gridplan.workbench.earlier_states import list_all_events, take_back_day
from gridplan.workbench.effects import find_effect
from gridplan.workbench.saving import list_standing, write_difference, write_script
from gridplan.workbench.segments import tell_time
from gridplan.workbench.session import Answer, Message, Session, refuse_question


def _write_script(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Write the changes since the last save, or all since the plan was drawn, as a script."""
    desk = session.desk
    with session.guard:
        base, first, wanted = session.base, session.saved_state, desk.state
        events = [event for event in desk.events if event.number > session.saved_number]
    lines = write_script(desk.board, first, events, wanted)
    text = "".join(f"{line}\n" for line in lines)
    if message.get("all"):
        log = write_log(base)
        text = f"{log}\n{text}" if log and text else log + text
    if not text:
        return refuse_question("there are changes", "nothing was changed yet", "")
    day = tell_time()[:10]
    return {"kind": "script", "text": text, "file": f"{session.host.folder.name}-{day}.txt"}


def _list_offices(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """List what each office or post did to the plan, day by day, saved or not."""
    rows: dict[tuple[str, str, str, bool], list[int]] = {}
    edits = session.base.edits
    for date, by, moved in zip(edits["date"], edits["by"], edits["moved"], strict=True):
        rows.setdefault((str(by), str(date), "edit", True), []).append(int(moved))
    for step in session.base.manifest.get("history") or []:
        if step["verb"] != "edit":
            key = (str(step["by"]), str(step["date"]), str(step["verb"]), True)
            rows.setdefault(key, []).append(int(step["households_moved"]))
    unsaved = [e for e in session.desk.events if e.number > session.saved_number]
    for event in list_standing(unsaved):
        key = (event.office or event.seat, event.time[:10], "edit", False)
        rows.setdefault(key, []).append(event.moved)
    listed = [
        {
            "office": office,
            "day": day,
            "verb": verb,
            "saved": saved,
            "changes": len(moved),
            "moved": sum(moved),
        }
        for (office, day, verb, saved), moved in sorted(rows.items())
    ]
    return {"kind": "offices", "rows": listed}


def _go_to_day_start(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Take back all that a seat changed today, as one change; others' work stays."""
    desk = session.desk
    number = desk.number
    events = list_all_events(session)
    state, kept = take_back_day(session, seat, events, tell_time()[:10])
    effect = find_effect(desk.board, desk.state, state)
    others = [event.to_data() for event in kept]
    if not effect:
        why = "others have changed the same homes since" if kept else "nothing of it stands"
        return {
            **refuse_question(
                "there is something to take back", f"of your changes of today: {why}", "see the log"
            ),
            "over": others,
        }
    lines = tuple(write_difference(desk.board, desk.state, state))
    event = desk.take(seat, str(message["id"]), effect, lines)
    # What it was before can be compared with.
    return {**session.answer_event(seat, event), "was": number, "over": others}


ANSWERS: Mapping[str, Answer] = {
    "script": _write_script,
    "offices": _list_offices,
    "day_start": _go_to_day_start,
}
