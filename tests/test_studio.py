"""The studio: a desk for several seats, its journal, its server, and what is saved."""

import json
import os
import random
import re
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import gridplan
from gridplan.errors import InputError, PersonalDataError, PlanError, UnwritableError
from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.redrawing.revision.plan_history import digest_plan
from gridplan.storage import read_plan, write_plan
from gridplan.synthetic import make_board_plan
from gridplan.tables.words import list_words
from gridplan.workbench.answers import _ANSWERS, answer
from gridplan.workbench.desk import Desk, OvertakenError, Seat
from gridplan.workbench.drawing import Draughtsman
from gridplan.workbench.effects import find_effect
from gridplan.workbench.events import read_event
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.journal import Journal, JournalHead, read_journal
from gridplan.workbench.open_studio import open_studio
from gridplan.workbench.rights import LEADS, LOOKS
from gridplan.workbench.saving import make_saved_plan, write_script
from gridplan.workbench.seats import read_seats
from gridplan.workbench.segments import FOLDER
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session
from gridplan.workbench.suggestions import list_faults, suggest

TWO, FOUR = (Seat(f"s{n}", f"office {n}") for n in (2, 4))
HOUSES = [f"h{n:02d}" for n in range(1, 13)]
TOKEN = "t" * 43
HOST = "127.0.0.1:8123"


def make_desk(board=(1, 1, 2, 2, 3, 3) * 2):
    return Desk(make_board_plan(board), tell_time=lambda: "2026-11-29T10:00:00")


def whose(desk, house):
    return str(desk.state.member[desk.board.stairwells.get_loc(f"{house}-1")])


# The desk


def test_a_change_is_refused_where_its_homes_were_seen_elsewhere():
    desk = make_desk()
    desk.do(TWO, "a", ["move building h03 to 0301-001"], {"h03-1": "0301-002"})
    with pytest.raises(OvertakenError) as caught:
        desk.do(FOUR, "b", ["move building h03 to 0301-003"], {"h03-1": "0301-002"})
    assert caught.value.homes == ("h03-1",)
    assert [event.office for event in caught.value.by] == ["office 2"]
    assert whose(desk, "h03") == "0301-001"


def test_asking_the_same_twice_changes_nothing_twice():
    desk = make_desk()
    once = desk.do(TWO, "a", ["move building h03 to 0301-001"], {"h03-1": "0301-002"})
    assert desk.do(TWO, "a", ["move building h03 to 0301-001"], {"h03-1": "0301-002"}) is once
    assert desk.number == 1


def test_undo_is_a_seats_own_and_not_over_others_work():
    desk = make_desk()
    desk.do(TWO, "a", ["move building h03 to 0301-001"], {"h03-1": "0301-002"})
    desk.do(FOUR, "b", ["move building h10 to 0301-003"], {"h10-1": "0301-002"})
    desk.undo(TWO, "c")
    assert (whose(desk, "h03"), whose(desk, "h10")) == ("0301-002", "0301-003")
    desk.redo(TWO, "d")
    desk.do(FOUR, "e", ["move building h03 to 0301-003"], {"h03-1": "0301-001"})
    with pytest.raises(OvertakenError):
        desk.undo(TWO, "f")
    assert whose(desk, "h03") == "0301-003"


def test_a_lock_does_not_return_to_a_sub_grid_that_ended():
    desk = make_desk()
    desk.do(TWO, "a", ["lock subgrid 0301-001"], {})
    unlocked = desk.undo(TWO, "b")
    desk.do(FOUR, "c", ["recode 0301-001 as 0301-959"])
    with pytest.raises(OvertakenError) as caught:
        desk.revert(FOUR, "d", unlocked.number)
    assert caught.value.homes == ("0301-001",)
    assert not len(desk.state.locks)


def test_undo_does_not_break_a_lock():
    desk = make_desk()
    desk.do(TWO, "a", ["move building h03 to 0301-001"], {"h03-1": "0301-002"})
    desk.do(FOUR, "b", ["lock subgrid 0301-001"], {})
    with pytest.raises(RefusedError):
        desk.undo(TWO, "c")


@pytest.mark.parametrize(
    ("seat", "message"),
    [
        (Seat("v", role="viewer"), "only looks"),
        (Seat("e", role="editor", communities=frozenset(["0999"])), "may not change 0301"),
    ],
)
def test_seats_may_do_what_their_role_says(seat, message):
    desk = make_desk()
    with pytest.raises(RefusedError) as caught:
        desk.do(seat, "a", ["move building h03 to 0301-001"], {"h03-1": "0301-002"})
    assert message in caught.value.problems[0].message
    with pytest.raises(RefusedError):
        desk.do(seat, "b", ["lock community 0301"], {})


def play(seed, steps=30):
    """Let three seats do at random what the studio lets them do."""
    draw = random.Random(seed)
    desk = make_desk()
    seats = [Seat(f"s{n}", f"office {n}") for n in range(3)]
    for step in range(steps):
        seat = draw.choice(seats)
        codes = sorted(desk.state.lies_in)
        house = draw.choice(HOUSES)
        line = draw.choice(
            [
                f"move building {house} to {draw.choice(codes)}",
                f"move building {house} to new",
                f"split {draw.choice(codes)} into 2",
                f"merge {draw.choice(codes)} into {draw.choice(codes)}",
                f"lock building {house}",
                f"unlock building {house}",
                f"recode {draw.choice(codes)} as 0301-9{draw.randint(10, 99)}",
                f"centre of {draw.choice(codes)} at {house}-1",
                f"centre of {draw.choice(codes)} automatically",
                f"lock subgrid {draw.choice(codes)}",
            ]
        )
        try:
            kind = draw.choice(["do", "do", "do", "undo", "redo", "revert"])
            if kind == "do":
                desk.do(seat, str(step), [line])
            elif kind == "revert":
                desk.revert(seat, str(step), draw.randint(1, max(1, desk.number)))
            else:
                getattr(desk, kind)(seat, str(step))
        except (RefusedError, OvertakenError):
            continue
    return desk


@settings(deadline=None, max_examples=4)
@given(st.integers(0, 10_000))
def test_what_seats_did_can_be_replayed_undone_and_saved(seed):
    desk = play(seed)
    start = make_desk()
    again = make_desk()
    again.replay(read_event(json.loads(json.dumps(e.to_data()))) for e in desk.events)
    assert not find_effect(desk.board, again.state, desk.state)
    assert set(desk.state.lies_in) == set(desk.state.member)
    script = write_script(desk.board, start.state, desk.events, desk.state)
    saved = make_saved_plan(desk.plan, script, desk.state)
    assert saved.stairwells["subgrid"].tolist() == desk.state.member.tolist()
    # n times undo and n times redo, with nothing between, change nothing.
    before = desk.state
    undone = 0
    try:
        for n in range(3):
            desk.undo(Seat("s0"), f"undo{n}")
            undone += 1
    except (RefusedError, OvertakenError):
        pass
    for n in range(undone):
        desk.redo(Seat("s0"), f"redo{n}")
    assert not find_effect(desk.board, before, desk.state)


def test_outlines_come_of_the_function_that_edits_draw_with():
    from gridplan.redrawing.editing.edit_plan import edit

    desk = make_desk()
    desk.do(TWO, "a", ["move building h03 to 0301-001"], {"h03-1": "0301-002"})
    drawn = Draughtsman(desk.plan).draw(desk.state, 1)
    edited = edit(desk.plan, "move building h03 to 0301-001").plan
    assert drawn.plan.subgrids.geometry.geom_equals_exact(edited.subgrids.geometry, 0.0).all()
    assert set(drawn.changed) >= {"0301-001", "0301-002"}


def test_a_suggestion_cures_without_harm():
    # 30 households in the first sub-grid, 70 in the second, 20 in the third; allowed 20 to 60.
    plan = make_board_plan((1, 2, 2, 2, 2, 3, 1, 1, 2, 2, 2, 3))
    rules = plan.rules.replace(urban={"low": 20, "target": 40, "high": 60})
    plan = plan.replace(manifest={**plan.manifest, "rules": rules.to_dict()})
    desk = Desk(plan)
    figures = desk.measure(desk.state.lies_in).to_dict("index")
    faults = list_faults(desk, figures)
    assert [(f.subgrid, f.rule, f.amount) for f in faults] == [("0301-002", "large", 10)]
    lines = suggest(desk, "0301-002")
    assert len(lines) == 1
    after = desk.try_lines(lines)
    assert desk.measure(after.effect.subgrids, after.state)["in_band"].all()


# The journal


def test_a_torn_or_changed_line_is_cut_off_and_kept_aside(tmp_path):
    file = tmp_path / "journal"
    journal = Journal.begin(file, JournalHead("abc", "2026-11-29"))
    for n in range(3):
        journal.append([{"number": n}])
    journal.close()
    whole = file.read_bytes()
    # At every byte of the last line: the two lines before it are read, and no more.
    start = whole[:-1].rindex(b"\n") + 1
    for end in range(start, len(whole)):
        file.write_bytes(whole[:end])
        assert [entry["number"] for entry in read_journal(file).entries] == [0, 1]
    broken = bytearray(whole)
    broken[start + 12] ^= 1
    file.write_bytes(broken)
    resumed, found = Journal.resume(file)
    assert (len(found.entries), found.lost) == (2, len(whole) - start)
    resumed.append([{"number": 9}])
    resumed.close()
    assert [entry["number"] for entry in read_journal(file).entries] == [0, 1, 9]
    assert (tmp_path / "journal.torn").read_bytes() == bytes(broken[start:])


def test_a_full_disk_refuses_the_change_and_loses_none(tmp_path, monkeypatch):
    file = tmp_path / "journal"
    journal = Journal.begin(file, JournalHead("abc", "2026-11-29"))
    journal.append([{"number": 1}])

    def fail(handle):
        raise OSError(28, "No space left on device")

    desk = Desk(make_board_plan(), lambda event: journal.append([event.to_data()]))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail, raising=False)
        patch.setattr(os, "fsync", fail)
        with pytest.raises(UnwritableError, match="No space left"):
            desk.do(TWO, "a", ["move building h04 to 0301-001"], {"h04-1": "0301-002"})
    assert (desk.number, whose(desk, "h04")) == (0, "0301-002")
    assert len(read_journal(file).entries) == 1
    desk.do(TWO, "a", ["move building h04 to 0301-001"], {"h04-1": "0301-002"})
    assert len(read_journal(file).entries) == 2
    journal.close()


# The session


@pytest.fixture
def start():
    """Open sessions, and close all of them at the end."""
    sessions = []

    def open_session(folder, *more):
        sessions.append(Session(folder, *more))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()


@pytest.fixture
def folder(tmp_path):
    return write_plan(make_board_plan((1, 1, 2, 2, 3, 3) * 2), tmp_path / "plan")


def do(session, line, seen, id="a", seat=TWO):
    return answer(session, seat, {"kind": "do", "id": id, "lines": [line], "seen": seen})


def test_changes_come_back_after_a_crash_and_are_saved(folder, start):
    session = start(folder)
    done = do(session, "move building h03 to 0301-001", {"h03-1": "0301-002"})
    assert done["kind"] == "accepted"
    assert {c: f["households"] for c, f in done["figures"].items()} == {
        "0301-001": 50,
        "0301-002": 30,
    }
    # Nothing is closed or saved, as when the machine stops.
    again = start(folder)
    assert again.desk.number == 1
    assert answer(again, TWO, {"kind": "undo", "id": "b"})["kind"] == "accepted"
    assert answer(again, TWO, {"kind": "redo", "id": "c"})["kind"] == "accepted"
    assert answer(again, TWO, {"kind": "save"})["kind"] == "saved"
    plan = read_plan(folder)
    assert plan.stairwells.loc["h03-1", "subgrid"] == "0301-001"
    assert plan.edits["command"].tolist() == ["move building h03 to 0301-001"]
    # What comes after a save begins another journal, and goes on counting.
    done = do(again, "move building h04 to 0301-003", {"h04-1": "0301-002"}, "d")
    assert (done["number"], done["saved"]) == (4, 3)
    third = start(folder)
    assert (third.desk.number, whose(third.desk, "h04")) == (4, "0301-003")
    assert sorted(f.name for f in (folder / FOLDER).glob("journal-*")) == [
        "journal-0001.jsonl",
        "journal-0002.jsonl",
    ]


def test_an_earlier_version_can_be_taken_again(folder, start):
    session = start(folder)
    do(session, "move building h03 to 0301-001", {"h03-1": "0301-002"})
    answer(session, TWO, {"kind": "save"})
    (row,) = answer(session, TWO, {"kind": "versions"})["rows"]
    assert row["version"] == "0001"
    back = answer(session, TWO, {"kind": "compare", "against": "version", "of": "0001"})
    (one,) = back["rows"]
    assert (back["moved"], one["homes"], one["before"]) == (10, ["h03-1"], "0301-002")
    answer(session, TWO, {"kind": "take_over", "id": "t", "name": back["name"]})
    assert whose(session.desk, "h03") == "0301-002"


def test_a_plan_changed_behind_the_studio_is_not_written_over(folder, start):
    session = start(folder)
    do(session, "move building h03 to 0301-001", {"h03-1": "0301-002"})
    other = make_board_plan((1, 1, 2, 2, 3, 1) * 2)
    write_plan(other, folder, overwrite=True)
    answered = answer(session, TWO, {"kind": "save"})
    assert "changed by another program" in answered["reasons"][0]["message"]
    assert digest_plan(read_plan(folder)) == digest_plan(other)
    with pytest.raises(PlanError, match="1 changes of another version"):
        start(folder)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "open"},
        {"kind": "open", "community": "../../etc"},
        {"kind": "do", "id": "x", "lines": "move", "seen": {}},
        {"kind": "do", "id": "x", "lines": ["move building h03 to nowhere"], "seen": {}},
        {"kind": "do", "id": "x", "lines": ["undo"], "seen": {}},
        {"kind": "do", "id": "x", "lines": [], "seen": {}},
        {"kind": "do", "id": "x", "lines": ["lock all"], "seen": 3},
        {"kind": "revert", "id": "x", "number": 7},
        {"kind": "take", "id": "x", "proposal": "1.1"},
    ],
)
def test_what_cannot_be_done_is_answered_with_a_reason(folder, start, message):
    session = start(folder)
    answered = answer(session, TWO, message)
    assert answered["kind"] == "refused"
    assert all(reason["message"] for reason in answered["reasons"])
    assert session.desk.number == 0


def test_help_proposes_and_taking_is_one_change(tmp_path, start):
    plan = make_board_plan((1, 1, 2, 2, 2, 2) * 2)
    rules = plan.rules.replace(urban={"low": 50, "target": 60, "high": 70})
    plan = plan.replace(manifest={**plan.manifest, "rules": rules.to_dict()})
    heard, come = [], threading.Event()

    def hear(message):
        heard.append(message)
        if message["kind"] == "proposals" or "error" in message:
            come.set()

    session = start(write_plan(plan, tmp_path / "plan"), hear)
    answer(session, TWO, {"kind": "help", "community": "0301", "most_moved": 0.2})
    assert come.wait(90), heard
    rows = heard[-1]["rows"]
    assert rows[0]["moved"] == 10
    taken = answer(session, TWO, {"kind": "take", "id": "t", "proposal": rows[0]["proposal"]})
    assert taken["event"]["kind"] == "proposal"
    assert not taken["faults"]
    assert answer(session, TWO, {"kind": "undo", "id": "u"})["faults"]


# The page


def test_every_word_of_the_page_is_there_and_none_is_left_over():
    place = Path(gridplan.__file__).parent / "workbench" / "page"
    source = "".join(file.read_text(encoding="utf-8") for file in sorted(place.glob("*.js")))
    asked = set(re.findall(r'say\(\s*"(\w+)"', source))
    asked |= set(re.findall(r'say\([^()]*\? "(\w+)" : "\w+"', source))
    asked |= set(re.findall(r'say\([^()]*\? "\w+" : "(\w+)"', source))
    starts = tuple(re.findall(r"say\(`(\w+)\$\{", source))
    words = set(list_words("studio"))
    assert asked - words == set()
    left = {word for word in words - asked if not word.startswith(starts)}
    # The list of choices in one question of the code, and what the server names by its key.
    source += "".join(file.read_text(encoding="utf-8") for file in place.parent.glob("*.py"))
    assert left - set(re.findall(r'"(\w+)"', source)) == set()


# The server


@pytest.fixture
def client(folder, start):
    seats = {TOKEN: TWO}
    app = make_app(start(folder), seats, list_hosts(["127.0.0.1"], 8123))
    headers = {"host": HOST, "origin": f"http://{HOST}", "x-token": TOKEN}
    with TestClient(app, base_url=f"http://{HOST}", headers=headers) as client:
        yield client


def test_the_page_is_its_own_and_forbids_all_else(client):
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in page.text.replace("http-equiv", "")
    for name in ("main.js", "stage.js", "studio.css"):
        assert client.get(f"/page/{name}").status_code == 200
    for name in ("../server.py", "..%2fserver.py", "server.py", "%2e%2e/desk.py", ""):
        assert client.get(f"/page/{name}").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "localhost.evil.example:8123"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:9999"},
        {"host": "[::1]:8123"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": f"https://{HOST}"},
    ],
)
def test_other_names_and_other_pages_are_refused(client, headers):
    assert client.post("/ask", json={"kind": "hello"}, headers=headers).status_code == 403
    assert client.post("/ask", json={"kind": "hello"}).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "t" * 42, "T" * 43, "密" * 10])
def test_without_the_token_nothing_is_answered(client, token):
    wrong = {"x-token": token.encode()}
    assert client.post("/ask", json={"kind": "hello"}, headers=wrong).status_code == 401
    assert client.get("/news?after=0", headers=wrong).status_code == 401


def test_large_and_broken_questions_are_refused(client):
    assert client.post("/ask", content=b"x" * 1_000_001).status_code == 413
    assert client.post("/ask", content=(b"x" * 300_000 for _ in range(5))).status_code == 413
    for content in (b"", b"[]", b"{", b"\xff"):
        assert client.post("/ask", content=content).status_code == 400


def test_others_hear_of_a_change_over_both_ways(client):
    with client.websocket_connect("/live", headers={"origin": f"http://{HOST}"}) as socket:
        socket.send_json({"token": TOKEN, "after": 0})
        message = {
            "kind": "do",
            "id": "a",
            "lines": ["move building h03 to 0301-001"],
            "seen": {"h03-1": "0301-002"},
        }
        assert client.post("/ask", json=message).json()["kind"] == "accepted"
        heard = [socket.receive_json() for _ in range(2)]
    assert [one["kind"] for one in heard] == ["event", "land"]
    deadline = time.monotonic() + 20
    while len(client.get("/news?after=0").json()["messages"]) < 2:
        assert time.monotonic() < deadline
    assert client.get("/news?after=99").json() == {"messages": None, "anew": True}


# Seats


def test_seats_are_read_with_all_faults_at_once(tmp_path):
    file = tmp_path / "seats.csv"
    file.write_text(
        "office,role,communities\nplanning office,chief,\nwest office,editor,0301\n",
        encoding="utf-8",
    )
    chief, west = read_seats(file, {"0301"})
    assert (chief.role, chief.communities) == ("chief", frozenset())
    assert (west.code, west.communities) == ("west office", frozenset({"0301"}))
    file.write_text("office,role,communities\na,king,0999\na,editor,\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_seats(file, {"0301"})
    text = str(caught.value)
    for part in ("role that is none", "named twice", "no communities of the plan", "no seat is"):
        assert part in text
    file.write_text("office,role\n张伟,chief\n王芳,editor\n李娜,viewer\n", encoding="utf-8")
    with pytest.raises(PersonalDataError):
        read_seats(file, {"0301"})


@pytest.mark.parametrize(
    ("host", "message"),
    [("0.0.0.0", "every address"), ("192.0.2.7", "who sits where")],
)
def test_a_network_needs_one_address_and_seats(folder, host, message):
    with pytest.raises(PlanError, match=message):
        open_studio(folder, host=host)


def test_a_port_in_use_says_what_to_do(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PlanError, match="another port"):
            open_studio(folder, port=taken.getsockname()[1])


def test_rights_are_of_questions_that_there_are():
    assert set(_ANSWERS) >= LOOKS | LEADS
    assert not LOOKS & LEADS


def test_no_two_parts_of_the_page_have_one_name_for_two_things():
    """What is mixed into the App later would take the place of what was there."""
    place = Path(gridplan.__file__).parent / "workbench" / "page"
    homes = {}
    for file in sorted(place.glob("*.js")):
        text = file.read_text(encoding="utf-8")
        if file.name != "main.js" and not re.search(r"^export const \w+ = \{$", text, re.MULTILINE):
            continue
        for name in re.findall(r"^  (?:async )?(\w+)\([^)]*\) \{", text, re.MULTILINE):
            homes.setdefault(name, []).append(file.name)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
