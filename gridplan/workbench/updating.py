"""Bringing the rest up to date: what depends on the plan runs again, in a process of its own.

The plan on disk stays as it was until everything is worked out; then it is
replaced whole. Its assignment stays the same, so that the journal goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyogrio

from gridplan.chain.chain_notes import NOTES, ChainNotes, read_notes
from gridplan.chain.stale_steps import judge_steps, refresh_plan
from gridplan.engine.parallel_map import Progress
from gridplan.engine.placement import locate, write_files
from gridplan.errors import GridplanError
from gridplan.plan import LATER_TABLES, PEOPLE_TABLES, REACH_TABLES, Plan
from gridplan.redrawing.revision.renewal import OF_PLAN_BEFORE
from gridplan.storage.formats import GEOPACKAGE, TABLES
from gridplan.storage.kept_versions import list_versions
from gridplan.storage.plan_folder import describe_files, read_plan, write_plan
from gridplan.workbench.desk import Seat
from gridplan.workbench.plan_figures import count_figures, list_differences
from gridplan.workbench.segments import FOLDER, require_same
from gridplan.workbench.session import Answer, Message, Session, refuse_question, say_both

# Tables that a change empties and no step of the chain fills, and the verb that does.
OTHER_VERBS = {
    "inventory": "inventory",
    "level_indicators": "levels",
    "siting": "propose",
    "demonstrations": "demonstrate",
    "drills": "drills",
}
# Files beside a plan that speak of it as it was, and the verb that makes them again.
OTHER_FILES = {"map.html": "map", "release": "release", "audit.txt": "audit"}


def _look(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Say what is stale, and what would run."""
    with session.guard:
        state, number = session.desk.state, session.desk.number
        base, saved = session.base, session.saved_number
    # What is not saved yet makes stale what depends on it.
    plan = base if number == saved else session.draughtsman.draw(state, number).plan
    steps = [
        {
            "name": outlook.name,
            "status": outlook.status,
            "because": outlook.because if outlook.status == "stale" else "",
            "missing": say_both(outlook.because) if outlook.status == "lacking" else None,
        }
        for outlook in judge_steps(plan, recall_notes(session.folder))
    ]
    return {
        "kind": "outlook",
        "steps": steps,
        "unsaved": number - saved,
        "running": session.update.is_running,
        "may": seat.role == "chief",
        "command": f"gridplan redraw {session.folder} --counts counts.csv",
    }


def _begin(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Save what is not saved, if that is wanted, and begin."""
    if session.update.is_running:
        return refuse_question("one job runs at a time", "this is being worked out already", "wait")
    with session.saving:
        unsaved = session.desk.number - session.saved_number
        if unsaved and not message.get("save"):
            return {"kind": "unsaved", "unsaved": unsaved}
        if unsaved:
            session.write_down()
        base = session.base
    # Said before the work says how far it is.
    session.publish({"kind": "update", "stage": "starting", "done": 0, "of": 1})
    arguments = (base, session.folder, recall_notes(session.folder))
    if not session.update.start(work_out, arguments, partial(_hear, session, base)):
        return refuse_question("one job runs at a time", "this is being worked out already", "wait")
    return {"kind": "updating"}


def _cancel(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return {"kind": "cancelled", "was": session.update.cancel()}


def recall_notes(folder: Path) -> ChainNotes:
    """Recall what the steps read when they ran last, here or by ``gridplan make``."""
    return read_notes(folder / FOLDER) or read_notes(folder) or ChainNotes()


def work_out(plan: Plan, folder: Path, notes: ChainNotes, progress: Progress) -> dict[str, Any]:
    """Work out what is stale, in the process of its own; returns what the session needs."""
    progress("reading", 0, 1)
    compared, version = find_compared(plan, folder)
    before = count_figures(compared, notes.steps["audit"].figures if "audit" in notes.steps else {})
    fresh = refresh_plan(plan, notes, progress=progress)
    after = count_figures(fresh.plan, fresh.notes.steps["audit"].figures)
    names = [
        name for name in LATER_TABLES if fresh.plan.get_table(name) is not plan.get_table(name)
    ]
    steps = [
        {
            "name": result.name,
            "status": result.status.replace(" ", "_"),
            "because": say_both(result.because) if result.because else None,
            "seconds": round(result.seconds, 1),
        }
        for result in fresh.results
    ]
    return {
        "tables": {name: fresh.plan.get_table(name) for name in names},
        "manifest": dict(fresh.plan.manifest),
        "notes": fresh.notes.write(),
        "steps": steps,
        "rows": list_differences(before, after),
        "version": version,
        "left_out": list_left_out(compared, fresh.plan, folder),
    }


def find_compared(plan: Plan, folder: Path) -> tuple[Plan, str]:
    """Find what the figures are compared with: the newest plan that has some of people or reach.

    Returns it, and its name where it is a version that is kept.
    """
    if any(len(plan.get_table(name)) for name in (*PEOPLE_TABLES, *REACH_TABLES)):
        return plan, ""
    for version in reversed(list_versions(folder)):
        if _holds_people(version):
            return read_plan(version), version.name
    return plan, ""


def _holds_people(version: Path) -> bool:
    """Whether a plan on disk has tables of people or reach; empty ones are not kept there."""
    wanted = {*PEOPLE_TABLES, *REACH_TABLES}
    data = locate(version, GEOPACKAGE)
    if data.is_file():
        return bool(wanted & {str(name) for name, _ in pyogrio.list_layers(data)})
    place = locate(version, TABLES)
    return place.is_dir() and bool(wanted & {file.stem for file in place.iterdir()})


def list_left_out(before: Plan, after: Plan, folder: Path) -> list[Message]:
    """List what was there before and no step brings back, with the command that does."""
    rows = [
        {"what": table, "command": f"gridplan {verb} {folder} --overwrite"}
        for table, verb in OTHER_VERBS.items()
        if len(before.get_table(table)) and not len(after.get_table(table))
    ]
    for name, verb in OTHER_FILES.items():
        if (folder / name).exists():
            more = f" -o {folder / 'release-new'}" if verb == "release" else ""
            rows.append({"what": name, "command": f"gridplan {verb} {folder}{more}"})
    return rows


def _hear(session: Session, base: Plan, message: Mapping[str, Any]) -> None:
    """Pass on how far it is; put the result in place when it has come."""
    if "error" in message:
        message = {"error": say_both(message["error"])}
    if "result" not in message:
        session.publish({"kind": "update", **message})
        return
    session.publish({"kind": "update", "stage": "writing", "done": 0, "of": 1})
    try:
        told = _take_result(session, base, message["result"])
    except GridplanError as error:
        told = {"kind": "update", "error": say_both(str(error))}
    session.publish(told)


def _take_result(session: Session, base: Plan, result: Mapping[str, Any]) -> Message:
    """Write the plan that came of it, and let the session go on from it."""
    with session.saving:
        # Somebody may have saved while it ran; then it speaks of the plan before.
        if session.base is not base:
            text = "the plan was saved again meanwhile, so nothing was changed -> run it once more"
            return {"kind": "update", "error": say_both(text)}
        require_same(session.folder, base)
        plan = base.replace(**result["tables"], manifest=result["manifest"])
        write_plan(plan, session.folder, overwrite=True)
        write_files({session.folder / FOLDER / NOTES: result["notes"]})
        with session.guard:
            session.base = plan
            session.on_disk = describe_files(session.folder)
            # What views show of people and reach; the land under the changes stays.
            session.desk.plan = session.desk.plan.replace(
                **{name: plan.get_table(name) for name in OF_PLAN_BEFORE}
            )
    told = {name: result[name] for name in ("steps", "rows", "version", "left_out")}
    return {"kind": "updated", **told}


ANSWERS: Mapping[str, Answer] = {
    "update_look": _look,
    "update": _begin,
    "update_cancel": _cancel,
}
# These take long and guard the session themselves.
LONG = frozenset({"update_look", "update"})
