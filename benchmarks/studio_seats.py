"""Ten seats at once through the server, and a studio that is killed in the middle of its work."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

SEATS = 10
EDITS = 1_000
THINKS = 0.5  # seconds that a seat looks at what came of a change, in the mean
KILLS = 50
# What the studio does when it is killed: taking changes, or saving and beginning a new journal.
MOMENTS = ("append", "save", "rotate")


def measure_seats(place):
    """Let ten seats make 1,000 changes through HTTP, and compare what they heard with what is."""
    from benchmarks.studio import Times, copy_town
    from gridplan.workbench.session import Session

    times, counts, accepted = Times(), {}, set()
    with copy_town(place, "C") as folder:
        seats = folder.parent / "seats.csv"
        rows = "".join(f"office {n},chief,\n" for n in range(SEATS))
        seats.write_text(f"office,role,communities\n{rows}", encoding="utf-8")
        command = [sys.executable, "-m", "gridplan", "studio", folder, "--no-browser"]
        server = subprocess.Popen(
            [*map(str, command), "--seats", str(seats)], stdout=subprocess.PIPE, text=True
        )
        try:
            links = _read_links(server)
            began = time.perf_counter()
            threads = [
                threading.Thread(target=_edit, args=(link, n, times, counts, accepted))
                for n, link in enumerate(links)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - began
        finally:
            server.kill()
            server.wait()
        times.show("answers to ten seats at once, C", 500)
        print(
            f"{EDITS:,} asked in {seconds:.0f} s: "
            + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))
        )
        session = Session(folder)
        try:
            there = {event.id for event in session.desk.events}
            lost = accepted - there
            member = session.desk.state.member
            session.write_down()
            saved = session.base.stairwells["subgrid"].to_numpy(object)
        finally:
            session.close()
        same = bool((saved == member).all())
        print(
            f"accepted {len(accepted)}, lost {len(lost)}; the saved plan is the journal's: {same}"
        )
    return not lost and same and _find_95th(times.wall) <= 500


def _find_95th(values):
    return float(np.percentile(values, 95))


def _read_links(server):
    """Read the links that a studio prints, until it says how to stop it."""
    links = []
    for line in server.stdout:
        links += [word for word in line.split() if word.startswith("http://")]
        if line.startswith("stop"):
            return links
    raise RuntimeError("the studio did not start")


def _edit(link, seat, times, counts, accepted):
    """Make a seat's share of the changes, each from what it saw last."""
    host, token = link.removeprefix("http://").split("/#")
    connection = http.client.HTTPConnection(host, timeout=60)
    rng = random.Random(seat)

    def ask(**message):
        headers = {"x-token": token, "origin": f"http://{host}"}
        connection.request("POST", "/ask", json.dumps(message), headers)
        return json.loads(connection.getresponse().read())

    welcome = ask(kind="hello")
    code = welcome["communities"][0]["code"]
    land = ask(kind="open", community=code)
    pairs, homes, codes = land["pairs"], land["homes"], land["codes"]
    now = {home: codes[n] for home, n in zip(homes, land["subgrid"], strict=True)}
    for number in range(EDITS // SEATS):
        time.sleep(2 * THINKS * rng.random())
        one, other = _find_pair(rng, pairs, homes, now)
        line = f'move stairwell "{one}" to {now[other]}'
        id = f"{seat}-{number}"
        with times.measure():
            answered = ask(kind="do", id=id, lines=[line], seen={one: now[one]})
        kind = answered["kind"]
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "accepted":
            accepted.add(id)
            moved = answered["event"]["effect"].get("homes", {})
            now |= {home: sides[1] for home, sides in moved.items()}
        elif kind == "overtaken":
            land = ask(kind="open", community=code)
            codes = land["codes"]
            now = {home: codes[n] for home, n in zip(land["homes"], land["subgrid"], strict=True)}


def _find_pair(rng, pairs, homes, now):
    while True:
        n = 2 * rng.randrange(len(pairs) // 2)
        one, other = homes[pairs[n]], homes[pairs[n + 1]]
        if now[one] != now[other]:
            return one, other


def measure_kills(place):
    """Kill a studio at many moments, and count accepted changes that are not there afterwards."""
    from gridplan.storage import write_plan
    from gridplan.synthetic import make_board_plan
    from gridplan.workbench.session import Session

    lost = told = 0
    rng = random.Random(1)
    took = []
    for trial in range(KILLS):
        moment = MOMENTS[trial % len(MOMENTS)]
        with tempfile.TemporaryDirectory() as aside:
            folder = write_plan(make_board_plan((1, 1, 2, 2, 3, 3) * 2), Path(aside) / "plan")
            heard = _run_and_kill(folder, moment, rng)
            began = time.perf_counter()
            session = Session(folder)
            took.append(time.perf_counter() - began)
            told += len(heard)
            lost += _count_lost(session, heard)
            session.close()
    print(
        f"killed at {KILLS} moments ({', '.join(MOMENTS)}): {told} changes accepted, {lost} lost; "
        f"opened again in {1000 * np.median(took):.0f} ms (dozen houses)"
    )
    return not lost


def _count_lost(session, heard):
    """Count the homes that are not where the accepted changes put them, saved since or not."""
    wanted = dict(move for _, homes in sorted(heard) for move in homes)
    last = max((number for number, _ in heard), default=0)
    # Changes that were on disk when nobody had heard of them yet.
    later = [event for event in session.desk.events if event.number > last]
    wanted |= {home: sides[1] for event in later for home, sides in event.effect.homes.items()}
    board, member = session.desk.board, session.desk.state.member
    return sum(member[board.stairwells.get_loc(home)] != code for home, code in wanted.items())


def _run_and_kill(folder, moment, rng):
    """Run a studio in a child until it is killed; returns number and homes of accepted changes."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            _work(folder, theirs, moment)
        finally:
            os._exit(0)
    os.close(theirs)
    wanted = rng.randrange(1, 40)
    wait = rng.random() * (0.02 if moment == "append" else 1.0)
    heard = []
    with os.fdopen(ours) as lines:
        for line in lines:
            word, *moves = line.split()
            if word != "save":
                heard.append((int(word), [tuple(move.split("=")) for move in moves]))
            if (moment == "append" and len(heard) >= wanted) or word == "save":
                threading.Timer(wait, os.kill, (child, signal.SIGKILL)).start()
                moment = "waiting"
    os.waitpid(child, 0)
    return heard


def _work(folder, pipe, moment):
    """Make changes without end, saving from time to time."""
    from gridplan.errors import GridplanError
    from gridplan.redrawing.editing.code_lookup import RefusedError
    from gridplan.workbench.desk import OvertakenError, Seat
    from gridplan.workbench.session import Session

    session = Session(folder)
    seat, rng = Seat("s1", "office"), random.Random(os.getpid())
    n = 0
    saving = None
    while True:
        n += 1
        line = f"move building h{rng.randrange(1, 13):02d} to 0301-{rng.randrange(1, 4):03d}"
        try:
            with session.guard:
                event = session.desk.do(seat, f"e{n}", [line])
        except (RefusedError, OvertakenError, GridplanError):
            continue
        moves = [f"{home}={sides[1]}" for home, sides in event.effect.homes.items()]
        os.write(pipe, f"{event.number} {' '.join(moves)}\n".encode())
        if moment != "append" and n > 20 and saving is None:
            os.write(pipe, b"save\n")
            saving = threading.Thread(target=session.write_down, daemon=True)
            saving.start()
        # Slow enough that a save has something to do meanwhile.
        time.sleep(0.002)
