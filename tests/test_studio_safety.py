"""The studio among strangers: tokens, names, origins, floods, rights, and who is here."""

import asyncio
import json
import threading
import time

import httpx
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.storage import read_plan, write_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench import server
from gridplan.workbench.answers import answer
from gridplan.workbench.desk import Desk, Seat
from gridplan.workbench.effects import Effect
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.news import Heard, News
from gridplan.workbench.register import SeatRegister
from gridplan.workbench.rights import require_communities
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session

HOST = "127.0.0.1:8123"
CHIEF = Seat("chief")
WEST = Seat("west", "west office", "editor", frozenset({"0301"}))
EAST = Seat("east", "east office", "editor", frozenset({"0999"}))
LOOKER = Seat("county", "county office", "viewer")
TOKENS = {seat.code: f"{seat.code:-<43}" for seat in (CHIEF, WEST, EAST, LOOKER)}
MOVE = {
    "kind": "do",
    "lines": ["move building h03 to 0301-001"],
    "seen": {"h03-1": "0301-002"},
}


@pytest.fixture
def folder(tmp_path):
    return write_plan(make_board_plan((1, 1, 2, 2, 3, 3) * 2), tmp_path / "plan")


@pytest.fixture
def session(folder):
    session = Session(folder)
    yield session
    session.close()


@pytest.fixture
def app(session):
    seats = {TOKENS[seat.code]: seat for seat in (CHIEF, WEST, EAST, LOOKER)}
    return make_app(session, seats, list_hosts(["127.0.0.1", "::1"], 8123))


def head(seat="chief", **more):
    return {"host": HOST, "origin": f"http://{HOST}", "x-token": TOKENS[seat], **more}


@pytest.fixture
def client(app):
    with TestClient(app, base_url=f"http://{HOST}", headers=head()) as client:
        yield client


def ask(client, _as="chief", **message):
    return client.post("/ask", json=message, headers=head(_as)).json()


# Who may ask


def test_a_socket_of_a_stranger_is_closed(client):
    for headers in ({"origin": "http://evil.example"}, {"host": "localhost.evil.example:8123"}):
        with (
            pytest.raises(WebSocketDisconnect) as caught,
            client.websocket_connect("/live", headers={**head(), **headers}),
        ):
            pass
        assert caught.value.code == 4403
    for first in ('{"token": "x"}', '{"token": 7}', "[]", "no JSON", '{"token": "\\ud800"}'):
        with client.websocket_connect("/live", headers=head()) as socket:
            socket.send_text(first)
            with pytest.raises(WebSocketDisconnect) as caught:
                socket.receive_json()
        assert caught.value.code == 4401


def test_without_an_origin_nothing_is_asked_and_a_form_is_no_question(client):
    bare = {k: v for k, v in head().items() if k != "origin"}
    with TestClient(client.app, base_url=f"http://{HOST}", headers=bare) as other:
        assert other.post("/ask", json={"kind": "hello"}).status_code == 403
        assert other.get("/").status_code == 200
    form = client.post("/ask", data={"kind": "hello"})
    assert form.status_code == 400
    six = {"host": "[::1]:8123", "origin": "http://[::1]:8123"}
    assert client.post("/ask", json={"kind": "hello"}, headers=six).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b'{"kind":"do","id":"a","lines":["lock all \\ud800"],"seen":{}}',
        b"[" * 300_000,
        b'{"kind":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"kind":"here","box":[1e999]}',
        b'{"kind":"revert","id":"a","number":1e999}',
        b'{"kind":"do","id":"a","lines":{"a":1},"seen":[[1]]}',
        b'{"kind":["do"]}',
        b'{"kind":"take","id":null,"proposal":[]}',
        b'{"kind":"revoke","seat":"../.."}',
        b'{"kind":"new_link","seat":null}',
    ],
)
def test_what_no_page_of_ours_would_send_is_refused_and_breaks_nothing(client, content):
    reply = client.post("/ask", content=content)
    assert reply.status_code == 400 or reply.json()["kind"] == "refused"
    assert ask(client, kind="hello")["number"] == 0


@pytest.mark.parametrize("path", ["/news?after=" + "9" * 5000, "/news?after=-1", "/news?after=x"])
def test_strange_numbers_of_news_load_the_plan_again(client, path):
    assert client.get(path).json()["anew"] is True


def test_a_flood_is_answered_with_busy_and_nobody_else_waits_for_ever(app, session):
    """1,000 questions at once of one seat while the plan is held."""

    async def flood():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:

            async def send(seat):
                reply = await client.post("/ask", json={"kind": "log"}, headers=head(seat))
                return reply.status_code

            loud = [asyncio.ensure_future(send("west")) for _ in range(1000)]
            # Held until the flood has come in.
            while sum(task.done() for task in loud) < 960:
                await asyncio.sleep(0.005)
            quiet = asyncio.ensure_future(send("east"))
            await asyncio.sleep(0.02)
            free.set()
            return await asyncio.gather(*loud), await quiet

    free, held = threading.Event(), threading.Event()

    def hold():
        with session.guard:
            held.set()
            free.wait(60)

    keeper = threading.Thread(target=hold)
    keeper.start()
    held.wait(10)
    loud, quiet = asyncio.run(flood())
    keeper.join(10)
    assert (loud.count(200), loud.count(503)) == (40, 960)
    assert quiet == 200


# Rights


@pytest.mark.parametrize(
    "message",
    [
        MOVE,
        {"kind": "undo"},
        {"kind": "redo"},
        {"kind": "revert", "number": 1},
        {"kind": "take", "proposal": "1.1"},
        {"kind": "help", "community": "0301"},
        {"kind": "cancel"},
        {"kind": "save"},
        {"kind": "revoke", "seat": "west"},
        {"kind": "new_link", "seat": "west"},
    ],
)
def test_a_viewer_changes_nothing_and_starts_nothing(client, session, message):
    reply = ask(client, "county", id="a", **message)
    assert reply["kind"] == "refused"
    assert reply["reasons"][0]["rule"] == "seats have rights"
    assert reply["reasons"][0]["remedy"]
    assert (session.desk.number, session.jobs) == (0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "move building h03 to 0301-001",
        "move stairwell h03-1 to new",
        "split 0301-002 into 2",
        "merge 0301-001 into 0301-002",
        "recode 0301-001 as 0301-950",
        "centre of 0301-001 at h01-1",
        "lock building h01",
        "lock subgrid 0301-001",
        "lock community 0301",
        "lock code 0301-001",
        "lock all",
    ],
)
def test_an_editor_changes_nothing_outside_the_own_communities(client, session, line):
    for seat, kind in (("east", "refused"), ("west", "accepted")):
        seen = {home: str(s) for home, s in zip(*list_homes(session), strict=True)}
        reply = ask(client, seat, kind="do", id="a", lines=[line], seen=seen)
        assert reply["kind"] == kind, reply
    # What somebody else did there is not taken back either.
    assert ask(client, "east", kind="revert", id="b", number=1)["kind"] == "refused"


def list_homes(session):
    return session.desk.board.stairwells, session.desk.state.member


def test_what_lies_in_no_community_is_the_chiefs():
    kept = Effect(locks={"code:0301-777": (None, "")})
    with pytest.raises(RefusedError) as caught:
        require_communities(kept, {"0301"}, (), lambda code: "")
    assert "0301-777" in caught.value.problems[0].message
    begun = Effect(grids={"0301-777": ("", "0301")})
    require_communities(begun, {"0301"}, (), lambda code: "")


def test_a_lock_of_a_chief_is_opened_by_a_chief_also_after_a_save_and_a_restart(folder):
    first = Session(folder)

    def do(session, seat, id, line):
        return answer(session, seat, {"kind": "do", "id": id, "lines": [line], "seen": {}})

    do(first, CHIEF, "a", "lock subgrid 0301-001 because school")
    do(first, WEST, "b", "lock building h05")
    assert answer(first, CHIEF, {"kind": "save"})["kind"] == "saved"
    first.close()
    again = Session(folder)
    reply = do(again, WEST, "c", "unlock subgrid 0301-001")
    assert reply["reasons"][0]["rule"] == "a chief's locks are a chief's"
    assert "lock" in do(again, WEST, "d", "unlock all")["reasons"][0]["message"]
    assert do(again, WEST, "e", "unlock building h05")["kind"] == "accepted"
    assert do(again, CHIEF, "f", "unlock subgrid 0301-001")["kind"] == "accepted"
    assert do(again, WEST, "g", "lock subgrid 0301-001")["kind"] == "accepted"
    assert do(again, WEST, "h", "unlock subgrid 0301-001")["kind"] == "accepted"
    again.close()


def test_an_undo_does_not_open_what_a_chief_has_locked_since():
    desk = Desk(make_board_plan((1, 1, 2, 2, 3, 3) * 2))
    desk.do(WEST, "a", ["lock building h01"])
    desk.do(CHIEF, "b", ["unlock building h01"])
    desk.do(CHIEF, "c", ["lock building h01"])
    with pytest.raises(RefusedError):
        desk.undo(WEST, "d")
    assert "building:h01" in desk.state.locks.index


# Links and presence


def test_a_revoked_link_ends_at_once_and_a_new_one_takes_its_place(client):
    with client.websocket_connect("/live", headers=head("west")) as socket:
        socket.send_json({"token": TOKENS["west"], "shown": "0"})
        rows = socket.receive_json()["rows"]
        assert {row["code"]: row["here"] for row in rows}["west"] is True
        reply = ask(client, kind="revoke", seat="west")
        assert {row["code"]: row["link"] for row in reply["rows"]}["west"] is False
        heard = socket.receive()
        while heard["type"] == "websocket.send":
            heard = socket.receive()
    assert (heard["type"], heard["code"]) == ("websocket.close", 4401)
    assert client.post("/ask", json=MOVE, headers=head("west")).status_code == 401
    token = ask(client, kind="new_link", seat="west")["token"]
    fresh = head("west", **{"x-token": token})
    assert client.post("/ask", json={**MOVE, "id": "a"}, headers=fresh).json()["kind"] == "accepted"
    assert ask(client, kind="revoke", seat="chief")["kind"] == "refused"


def test_a_silent_line_says_that_it_holds(client, monkeypatch):
    monkeypatch.setattr(server, "_TICK", -1.0)
    with client.websocket_connect("/live", headers=head()) as socket:
        socket.send_json({"token": TOKENS["chief"]})
        ask(client, **MOVE, id="a")
        kinds = {socket.receive_json()["kind"] for _ in range(2)}
    assert "tick" in kinds


def test_others_see_where_a_seat_is_and_hear_no_more_than_that(client):
    with client.websocket_connect("/live", headers=head()) as socket:
        socket.send_json({"token": TOKENS["chief"], "shown": "0"})
        socket.receive_json()
        where = {"community": "0301", "homes": ["h03-1"], "box": [0, 0, 9, 9]}
        ask(client, "west", kind="here", more="x" * 500, **where)
        end = time.monotonic() + 20
        row = {}
        while row.get("where") != where:
            assert time.monotonic() < end
            row = {r["code"]: r for r in socket.receive_json()["rows"]}["west"]
    assert row["here"] is True
    assert row["seen"]
    assert TOKENS["west"] not in json.dumps(row)


def test_a_seat_that_is_not_heard_any_more_is_away():
    register = SeatRegister([CHIEF, WEST])
    told = []
    register.show = told.append
    register.hear(WEST)
    assert [row["here"] for row in told[-1]["rows"]] == [False, True]
    register.refresh()
    assert len(told) == 1
    register._presence["west"].heard -= 60
    register.refresh()
    assert [row["here"] for row in told[-1]["rows"]] == [False, False]


def test_links_hold_after_a_restart_under_the_same_address_alone(tmp_path):
    file = tmp_path / "seats.json"
    register = SeatRegister([CHIEF, WEST], file, "http://192.0.2.7:8080")
    tokens = [register.issue(seat) for seat in ("chief", "west")]
    register.revoke("west")
    assert not any(token in file.read_text() for token in tokens)
    same = SeatRegister([CHIEF, WEST], file, "http://192.0.2.7:8080")
    assert [same.find(token) for token in tokens] == [CHIEF, None]
    other = SeatRegister([CHIEF, WEST], file, "http://192.0.2.7:9090")
    assert other.find(tokens[0]) is None
    for broken in ("", "[]", "{}", '{"address": "http://192.0.2.7:8080", "digests": 3}'):
        file.write_text(broken)
        assert not SeatRegister([CHIEF], file, "http://192.0.2.7:8080").has_link("chief")


@pytest.mark.parametrize("missed", [0, 1, 50, 501])
def test_a_page_that_was_away_hears_what_it_missed_or_loads_the_plan(missed):
    async def be_away():
        news = News()
        news.begin()
        for n in range(missed):
            news.publish({"kind": "event", "number": n})
        await asyncio.sleep(0)
        another = await news.wait(Heard("another run", 0), 0.01)
        return await news.wait(Heard(news.run, 0), 0.01), another

    heard, another = asyncio.run(be_away())
    # A server that was started again counts from the beginning: nothing of it can be missed.
    assert another is None
    if missed > 500:
        assert heard is None
    else:
        assert [message["number"] for message in heard] == list(range(missed))


# Approvals


def test_a_chief_approves_what_is_out_of_band_and_a_save_writes_it_down(tmp_path):
    # 90 households in the first sub-grid, 30 in the second; allowed are 20 to 60.
    plan = make_board_plan((1, 1, 1, 1, 1, 2) * 2)
    rules = plan.rules.replace(urban={"low": 20, "target": 40, "high": 60})
    plan = plan.replace(manifest={**plan.manifest, "rules": rules.to_dict()})
    folder = write_plan(plan, tmp_path / "plan")
    session = Session(folder)
    code = "0301-001"
    asked = {"kind": "approve", "subgrid": code, "post": "grid_leader", "reason": "one tower"}
    assert answer(session, WEST, {**asked, "id": "a"})["reasons"][0]["rule"] == "seats have rights"
    for wrong in ({"post": "nobody"}, {"reason": " "}, {"subgrid": "0301-002"}):
        assert answer(session, CHIEF, {**asked, "id": "b", **wrong})["kind"] == "refused"
    done = answer(session, CHIEF, {**asked, "id": "c"})
    assert done["approvals"][code]["reason"] == "one tower"
    assert answer(session, CHIEF, {**asked, "id": "c"})["number"] == 1
    assert not answer(session, CHIEF, {"kind": "undo", "id": "d"})["approvals"]
    assert code in answer(session, CHIEF, {"kind": "redo", "id": "e"})["approvals"]
    session.close()
    again = Session(folder)
    assert code in again.desk.approvals
    assert answer(again, CHIEF, {"kind": "save"})["kind"] == "saved"
    row = read_plan(folder).exceptions.query("subgrid == @code").iloc[0]
    assert (row["approved_by"], row["approved_households"]) == ("grid_leader", 100)
    assert row["explanation"].endswith("; one tower")
    # It is of the sub-grid as it is: a change of it ends the approval.
    again.close()


def test_a_change_of_a_sub_grid_ends_its_approval():
    desk = Desk(make_board_plan((1, 1, 2, 2, 3, 3) * 2))
    effect = Effect(approvals={"0301-001": ("", "grid_leader\t2026-11-29\tschool")})
    desk.approve(CHIEF, "a", effect, "approve 0301-001 by grid_leader on 2026-11-29")
    assert "0301-001" in desk.approvals
    desk.do(CHIEF, "b", ["move building h03 to 0301-001"], {"h03-1": "0301-002"})
    assert desk.approvals == {}
