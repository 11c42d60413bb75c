"""Opening the studio where something is wrong: what cures it is said in one line, and does."""

import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import webbrowser
from contextlib import closing

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner

from gridplan.auditing.audit_plan import audit
from gridplan.cli import app
from gridplan.engine.reservation import reserve_folder
from gridplan.errors import (
    InputError,
    MissingPackageError,
    PlanBusyError,
    PlanError,
    UnwritableError,
)
from gridplan.publishing.release_plan import release
from gridplan.storage import read_plan, write_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench import session
from gridplan.workbench.answers import answer
from gridplan.workbench.desk import Seat
from gridplan.workbench.open_studio import open_studio, run_studio
from gridplan.workbench.segments import FOLDER
from gridplan.workbench.session import Session

CHIEF = Seat("chief")
SEATS = "office,role,communities\nplanning office,chief,\nwest office,editor,0301\n"


@pytest.fixture(scope="module")
def plan():
    return make_board_plan((1, 1, 2, 2, 3, 3) * 2)


@pytest.fixture
def folder(plan, tmp_path):
    return write_plan(plan, tmp_path / "plan")


@pytest.fixture
def served(monkeypatch):
    """Run the studio up to where it would serve; returns what it says."""
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: sockets[0].close())
    monkeypatch.setattr(webbrowser, "open", lambda link: True)

    def serve(folder, **options):
        lines = []
        run_studio(folder, say=lines.append, **options)
        return lines

    return serve


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output


def move(session, id="a", house="h03", to="0301-001", was="0301-002"):
    line = f"move building {house} to {to}"
    seen = {f"{house}-1": was}
    return answer(session, CHIEF, {"kind": "do", "id": id, "lines": [line], "seen": seen})


def is_one_line(text):
    return "\n" not in text and " -> " in text


def test_where_there_is_no_plan_nothing_is_made(served, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for place in (tmp_path / "typo", empty):
        with pytest.raises(PlanError, match="gridplan plan SOURCE") as caught:
            served(place)
        assert is_one_line(str(caught.value))
    assert [p for p in tmp_path.rglob("*") if p.name not in ("empty",)] == []


def test_a_release_says_which_plan_to_open(served, plan, tmp_path):
    write_plan(release(plan), tmp_path / "release")
    with pytest.raises(PlanError, match="open the working plan") as caught:
        served(tmp_path / "release")
    assert is_one_line(str(caught.value))


def test_a_plan_of_an_older_version_is_written_again(served, folder, plan):
    with closing(sqlite3.connect(folder / "plan.gpkg")) as file:
        file.execute("ALTER TABLE stairwells RENAME COLUMN subgrid TO sub_grid")
    with pytest.raises(PlanError, match="write the plan again with this version") as caught:
        served(folder)
    assert "stairwells" in str(caught.value)
    write_plan(plan, folder, overwrite=True)
    assert served(folder)


def test_without_the_extra_the_line_that_installs_it_is_given(served, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'gridplan\[studio\]'"):
        served(folder)


@pytest.mark.parametrize("fails", [lambda link: False, None])
def test_without_a_browser_the_link_is_there_to_copy(served, folder, monkeypatch, fails):
    def throw(link):
        raise webbrowser.Error("no display")

    monkeypatch.setattr(webbrowser, "open", fails or throw)
    lines = served(folder)
    assert any("copy the link" in line for line in lines)
    assert any("http://127.0.0.1:" in line for line in lines)


def test_a_port_in_use_and_then_a_free_one(served, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PlanError, match="give another port with --port") as caught:
            served(folder, port=taken.getsockname()[1])
    assert is_one_line(str(caught.value))
    assert served(folder)


def test_a_folder_that_takes_no_file_is_said(served, folder):
    # The place of the journal is taken by a file: also the owner of the machine cannot write there.
    (folder / FOLDER).write_text("")
    with pytest.raises(UnwritableError, match="check the disk and your rights") as caught:
        served(folder)
    assert is_one_line(str(caught.value))
    (folder / FOLDER).unlink()
    assert served(folder)


def test_two_studios_on_one_plan(served, folder):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with reserve_folder(folder / FOLDER):
            inside.set()
            leave.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    inside.wait(30)
    with pytest.raises(PlanBusyError, match="open in another studio") as caught:
        served(folder)
    assert is_one_line(str(caught.value))
    leave.set()
    other.join()
    assert served(folder)


def test_a_full_disk_refuses_a_change_and_goes_on_when_there_is_room(folder):
    opened = Session(folder)
    handle = opened._journal._handle
    # A device that is always full.
    opened._journal._handle = open("/dev/full", "r+b")  # noqa: SIM115
    refused = move(opened)
    assert "No space left" in refused["reasons"][0]["message"]
    assert opened.desk.number == 0
    assert move(opened)["kind"] == "accepted"
    handle.close()
    opened.close()
    again = Session(folder)
    assert again.desk.number == 1
    again.close()


def test_what_was_not_saved_is_a_branch_where_the_plan_was_changed_meanwhile(served, folder):
    opened = Session(folder)
    move(opened)
    opened.close()
    run("edit", folder, "lock building h09", "--overwrite")
    assert any("they are kept as the branch" in line for line in served(folder))
    begun = Session(folder)
    assert not begun.desk.events
    assert list(begun.desk.state.locks.index) == ["building:h09"]
    begun.close()


def test_a_journal_of_another_plan_is_moved_away_to_begin_anew(served, folder, plan, tmp_path):
    opened = Session(folder)
    move(opened)
    opened.close()
    write_plan(make_board_plan((1, 1, 2, 2, 3, 1) * 2), folder, overwrite=True)
    with pytest.raises(PlanError, match="move the journal away"):
        served(folder)
    for file in (folder / FOLDER).glob("journal-*"):
        file.rename(tmp_path / file.name)
    assert served(folder)


def test_a_clock_set_back_changes_no_order(folder, monkeypatch):
    times = iter(f"2026-11-{day:02d}T10:00:00" for day in (20, 19, 18, 17, 16))
    monkeypatch.setattr(session, "tell_time", lambda: next(times))
    opened = Session(folder)
    move(opened)
    move(opened, "b", to="0301-003", was="0301-001")
    opened.close()
    again = Session(folder)
    assert [event.number for event in again.desk.events] == [1, 2]
    row = again.desk.board.stairwells.get_loc("h03-1")
    assert again.desk.state.member[row] == "0301-003"
    assert answer(again, CHIEF, {"kind": "undo", "id": "c"})["kind"] == "accepted"
    again.close()


def test_a_plan_without_neighbours_says_how_to_get_them(served, plan, tmp_path):
    folder = write_plan(plan.replace(neighbours=plan.neighbours.iloc[:0]), tmp_path / "plan")
    notes = [line for line in served(folder) if "no neighbours" in line]
    assert len(notes) == 1
    assert is_one_line(notes[0])


def count_errors(plan):
    return int((audit(plan).findings["severity"] == "error").sum())


@pytest.mark.parametrize(
    "change",
    [
        lambda doors: doors.assign(subgrid=["0301-999", *doors["subgrid"][1:]]),
        lambda doors: doors.assign(community="0999"),
        lambda doors: doors.assign(building="nowhere"),
    ],
)
def test_tables_that_do_not_agree_are_said_with_the_command_that_finds_where(
    served, plan, tmp_path, change
):
    folder = write_plan(plan.replace(stairwells=change(plan.stairwells)), tmp_path / "plan")
    with pytest.raises(PlanError, match="gridplan audit") as caught:
        served(folder)
    assert is_one_line(str(caught.value))


def test_a_plan_with_errors_of_the_audit_is_opened_and_cured(served, plan, tmp_path):
    wrong = plan.subgrids.assign(households=plan.subgrids["households"] + 1)
    bad = plan.replace(subgrids=wrong)
    assert count_errors(bad) > count_errors(plan)
    folder = write_plan(bad, tmp_path / "plan")
    assert served(folder)
    opened = Session(folder)
    # The page counts for itself, and a save writes down what it counted.
    assert opened.figures["households"].sum() == 120
    for n, (house, was) in enumerate((("h03", "0301-002"), ("h05", "0301-003"))):
        assert move(opened, str(n), house, "0301-001", was)["kind"] == "accepted"
    assert answer(opened, CHIEF, {"kind": "save"})["kind"] == "saved"
    opened.close()
    assert count_errors(read_plan(folder)) <= count_errors(plan)


# Seats and their links


def test_links_hold_over_a_restart_under_one_address_unless_new_ones_are_asked(
    served, folder, tmp_path
):
    seats = tmp_path / "seats.csv"
    seats.write_text(SEATS, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"seats_file": seats, "port": port}
    first = "\n".join(served(folder, **options))
    assert first.count("/#") == 2
    again = "\n".join(served(folder, **options))
    assert again.count("/#") == 0
    assert "still hold for planning office, west office" in again
    assert "\n".join(served(folder, new_links=True, **options)).count("/#") == 2


def test_a_certificate_without_its_key_is_refused(served, folder, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text("no certificate")
    key.write_text("no key")
    with pytest.raises(InputError, match="both as PEM"):
        served(folder, tls=(cert, key))


def test_with_a_certificate_only_its_own_page_is_served_and_nobody_reads_along(folder, tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("a certificate is made with openssl: install it (Debian: openssl)")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    asked = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, *asked.split(), *files], check=True, capture_output=True)
    opened = open_studio(folder, tls=(cert, key))
    link = opened.links["chief"]
    config = uvicorn.Config(opened.app, log_level="error", ssl_certfile=cert, ssl_keyfile=key)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened.socket]}, daemon=True)
    thread.start()
    address, _, token = link.partition("/#")
    try:
        assert address.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(verify=trust, headers={"x-token": token}) as client:
            end = time.monotonic() + 30
            while not server.started:
                assert time.monotonic() < end
                time.sleep(0.02)
            for origin, status in ((address, 200), (address.replace("https", "http"), 403)):
                reply = client.post(
                    f"{address}/ask", json={"kind": "hello"}, headers={"origin": origin}
                )
                assert reply.status_code == status
    finally:
        server.should_exit = True
        thread.join(20)
        opened.close()
