"""The studio's engine: outlines whatever the way to them, and answers without whole tables."""

import random
import threading
from dataclasses import asdict

import pandas as pd
import pytest
import shapely

from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.redrawing.editing.edit_plan import edit
from gridplan.redrawing.revision import land_patches
from gridplan.storage import write_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench.desk import Desk, OvertakenError, Seat
from gridplan.workbench.drawing import Draughtsman
from gridplan.workbench.jobs import HelpJob, Standing, Worker
from gridplan.workbench.kept_figures import KeptFigures
from gridplan.workbench.opening import Origin, describe_outlines
from gridplan.workbench.saving import write_script
from gridplan.workbench.session import Session
from gridplan.workbench.suggestions import list_faults

SEAT = Seat("s1")
ORIGIN = Origin(0.0, 0.0)
HOUSES = [f"h{n:02d}" for n in range(1, 13)]


def make_desk(board=(1, 1, 2, 2, 3, 3) * 2):
    return Desk(make_board_plan(board), tell_time=lambda: "2026-11-29T10:00:00")


def change_at_random(desk, rng, number, locks=()):
    """One change: mostly moves, also new sub-grids, merges, new codes and what takes them back."""
    if locks and rng.random() < 0.3:
        line = rng.choice(locks)
        closed = len(desk.state.locks)
        return desk.do(SEAT, f"a{number}", [f"un{line}" if closed else line])
    codes = sorted(desk.state.lies_in)
    lines = {
        "move": f"move building {rng.choice(HOUSES)} to {rng.choice(codes)}",
        "new": f"move building {rng.choice(HOUSES)} to new",
        "merge": f"merge {rng.choice(codes)} into {rng.choice(codes)}",
        "recode": f"recode {rng.choice(codes)} to 0301-{number + 100:03d}",
    }
    kind = rng.choices([*lines, "undo", "redo"], [6, 1, 1, 1, 2, 1])[0]
    if kind in lines:
        return desk.do(SEAT, f"a{number}", [lines[kind]])
    return getattr(desk, kind)(SEAT, f"a{number}")


@pytest.mark.parametrize("seed", range(4))
def test_outlines_are_those_that_an_edit_makes_whatever_the_way_to_them(seed):
    desk, rng = make_desk(), random.Random(seed)
    first, draughtsman, seen = desk.state, Draughtsman(desk.plan), {}
    seen.update(desk.plan.subgrids.geometry.items())
    for number in range(12):
        try:
            change_at_random(desk, rng, number)
        except (RefusedError, OvertakenError):
            continue  # a refusal is no change
        drawn = draughtsman.draw(desk.state, desk.number)
        seen |= {code: drawn.find(code) for code in drawn.changed}
    script = write_script(desk.board, first, desk.events, desk.state)
    lines = [line for line in script if not line.startswith("#")]
    edited = edit(desk.plan, lines).plan if lines else desk.plan
    shown = {code: shape for code, shape in seen.items() if shape is not None}
    assert sorted(shown) == sorted(edited.subgrids.index)
    for code, shape in edited.subgrids.geometry.items():
        assert shown[code].equals_exact(shape, 0.0), code
    assert draughtsman.latest.subgrids.index.tolist() == edited.subgrids.index.tolist()


def test_what_is_taken_back_and_put_on_again_is_not_drawn_again(monkeypatch):
    desk = make_desk()
    draughtsman = Draughtsman(desk.plan)
    desk.do(SEAT, "a", ["move building h03 to 0301-001"])
    assert draughtsman.draw(desk.state, 1).changed == ("0301-001", "0301-002")
    there = draughtsman.latest.find("0301-001")
    monkeypatch.setattr(land_patches, "tessellate_community", None)
    desk.undo(SEAT, "b")
    assert draughtsman.draw(desk.state, 2).changed == ("0301-001", "0301-002")
    assert not draughtsman.latest.outlines
    desk.redo(SEAT, "c")
    draughtsman.draw(desk.state, 3)
    assert draughtsman.latest.find("0301-001") is there


def test_sub_grids_that_do_not_adjoin_are_drawn_apart(monkeypatch):
    desk = Desk(make_board_plan((1, 1, 2, 5, 3, 3, 4, 4, 2, 5, 6, 6)))
    drawn = []
    tessellate = land_patches.tessellate_community
    monkeypatch.setattr(
        land_patches,
        "tessellate_community",
        lambda land, rules: drawn.append(land.codes) or tessellate(land, rules),
    )
    draughtsman = Draughtsman(desk.plan)
    desk.do(SEAT, "a", ["swap building h01 with building h07"])
    desk.do(SEAT, "b", ["swap building h06 with building h12"])
    draughtsman.draw(desk.state, 2)
    assert sorted(drawn) == [("0301-001", "0301-004"), ("0301-003", "0301-006")]


@pytest.mark.parametrize("seed", range(2))
def test_figures_and_faults_kept_up_are_those_measured_from_the_beginning(seed):
    desk, rng = make_desk((1, 1, 2, 2, 2, 3) * 2), random.Random(seed)
    kept = KeptFigures(desk, {"faults": list_faults})
    for number in range(12):
        try:
            event = change_at_random(desk, rng, number, ["lock 0301-001", "lock community 0301"])
        except (RefusedError, OvertakenError):
            continue
        kept.renew(event.effect)
        measured = desk.measure(desk.state.lies_in)
        pd.testing.assert_frame_equal(kept.table, measured, check_dtype=False)
        faults = [asdict(fault) for fault in list_faults(desk, measured.to_dict("index"))]
        assert kept.list("faults") == faults


def test_jobs_wait_for_one_another_and_a_cancelled_one_makes_room():
    plan = make_board_plan((1, 1, 2, 2, 2, 2) * 2)
    heard, ended = [], threading.Semaphore(0)

    def hear(job, message):
        heard.append((job.number, message))
        if {"proposals", "cancelled", "error"} & set(message):
            ended.release()

    worker = Worker(hear)
    standing = Standing(plan, plan.stairwells["subgrid"].to_numpy(object), {}, plan.locks)
    try:
        for number in (1, 2, 3):
            assert worker.start(HelpJob(number, "repair"), standing)
        for number in (3, 1):
            assert worker.cancel(number)
            assert ended.acquire(timeout=60)
        assert ended.acquire(timeout=120), heard
    finally:
        worker.close()
    last = {number: set(message) for number, message in heard}
    assert last == {1: {"cancelled"}, 2: {"proposals", "shares"}, 3: {"cancelled"}}
    assert any(message.get("stage") == "waiting" for number, message in heard if number == 2)


def test_a_days_work_of_two_offices_is_two_batches_where_its_order_allows():
    desk = Desk(
        make_board_plan((1, 1, 2, 5, 3, 3, 4, 4, 2, 5, 6, 6)), tell_time=lambda: "2026-11-29"
    )
    first, (one, two) = desk.state, (Seat("s1", "east office"), Seat("s2", "west office"))
    for seat, name, line in (
        (one, "a", "move building h01 to 0301-004"),
        (two, "b", "move building h06 to 0301-006"),
        (one, "c", "move building h07 to 0301-001"),
        (two, "d", "move building h12 to 0301-003"),
    ):
        desk.do(seat, name, [line])
    script = write_script(desk.board, first, desk.events, desk.state)
    assert [line for line in script if line.startswith("#")] == [
        "# 2026-11-29 east office: moved 20 households",
        "# 2026-11-29 west office: moved 20 households",
    ]
    saved = edit(desk.plan, script).plan
    assert saved.stairwells["subgrid"].tolist() == desk.state.member.tolist()
    # Where a change follows on one of another office, it stays behind it.
    desk.do(one, "e", ["move building h06 to 0301-003"])
    script = write_script(desk.board, first, desk.events, desk.state)
    assert len([line for line in script if line.startswith("#")]) == 3


def test_after_a_save_the_page_shows_the_outlines_of_the_saved_plan(tmp_path):
    folder = write_plan(make_board_plan((1, 1, 2, 5, 3, 3, 4, 4, 2, 5, 6, 6)), tmp_path / "plan")
    seen = {}

    def hear(message):
        if message["kind"] == "land":
            seen.update(message["outlines"])
            for code in message["gone"]:
                seen.pop(code, None)

    session = Session(folder, hear)
    session.draw_soon = lambda: None
    try:
        seen.update(
            describe_outlines(session.draughtsman.latest, session.desk.state.lies_in, ORIGIN)
        )
        session.origin = ORIGIN
        for n, line in enumerate(["h03 to 0301-001", "h04 to 0301-002", "h07 to new"]):
            session.desk.do(
                Seat(f"s{n % 2}", f"office {n % 2}"), f"a{n}", [f"move building {line}"]
            )
            session.draughtsman.draw(session.desk.state, session.desk.number)
            session._publish_land(session.draughtsman.latest)
        session.write_down()
        saved = session.base.subgrids.geometry
        assert seen == {code: ORIGIN.pack(shape) for code, shape in saved.items()}
        assert all(session.draughtsman.latest.find(c).equals(s) for c, s in saved.items())
    finally:
        session.close()


def test_an_overlap_that_was_there_before_does_not_widen_what_is_drawn(monkeypatch):
    plan = make_board_plan((1, 1, 2, 5, 3, 3, 4, 4, 2, 5, 6, 6))
    shapes = plan.subgrids.geometry.copy()
    # A centimetre of two sub-grids lies in both, as an older plan may have it.
    west, south, east, north = shapes["0301-003"].bounds
    shapes["0301-003"] = shapely.box(west - 0.01, south, east, north)
    desk = Desk(plan.replace(subgrids=plan.subgrids.set_geometry(shapes)))
    drawn = []
    tessellate = land_patches.tessellate_community
    monkeypatch.setattr(
        land_patches,
        "tessellate_community",
        lambda land, rules: drawn.append(land.codes) or tessellate(land, rules),
    )
    desk.do(SEAT, "a", ["move building h03 to 0301-005"])
    Draughtsman(desk.plan).draw(desk.state, 1)
    assert drawn == [("0301-002", "0301-005")]
