"""What the studio keeps: branches under random work and kills, and what comparing costs.

A process works at random on the branches of a small plan and says, line by
line, what was accepted. It is killed at a random moment; then all branches are
opened again. Held are the kills after which every branch is there with every
change that was said to be accepted. The rest measures, on a given plan, what a
planner waits for.
"""

import json
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KILLS = 20
SEAT = "chief"


def work(folder, seed):
    """Work at random on branches, and say after each step what is on the one that was changed."""
    from gridplan.workbench.answers import answer
    from gridplan.workbench.branches import find_session
    from gridplan.workbench.desk import Seat
    from gridplan.workbench.session import Session

    draw = random.Random(seed)
    session = Session(Path(folder))
    seat = Seat(SEAT)
    codes = [""]
    print("ready", flush=True)
    for step in range(10_000):
        here = find_session(session, seat)
        kind = draw.choice(["do"] * 8 + ["make", "enter", "enter", "save"])
        message = {"kind": kind}
        if kind == "do":
            house = f"h{draw.randint(1, 12):02d}-1"
            board, state = here.desk.board, here.desk.state
            now = str(state.member[board.stairwells.get_loc(house)])
            to = draw.choice(sorted(state.lies_in))
            message |= {
                "id": f"{seed}.{step}",
                "lines": [f"move stairwell {house} to {to}"],
                "seen": {house: now},
            }
        elif kind == "make":
            if len(codes) > 5:
                continue
            message = {"kind": "make_branch", "name": f"{seed}.{step}"}
        elif kind == "enter":
            message = {"kind": "enter_branch", "code": draw.choice(codes)}
        answered = answer(session, seat, message)
        if answered["kind"] == "refused":
            continue
        here = find_session(session, seat)
        codes = sorted({*codes, here.branch})
        said = {"branch": here.branch, "member": list(here.desk.state.member), "kind": kind}
        print(json.dumps(said), flush=True)


def try_kill(start, seed):
    """Kill a process that works, and see whether every branch has what it was said to have."""
    from gridplan.workbench.branches import enter_branch
    from gridplan.workbench.desk import Seat
    from gridplan.workbench.session import Session

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "plan"
        shutil.copytree(start, folder)
        code = f"from benchmarks.studio_keeping import work; work({str(folder)!r}, {seed})"
        run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert run.stdout.readline() == "ready\n"
        time.sleep(random.Random(seed).uniform(0.05, 6.0))
        run.send_signal(signal.SIGKILL)
        lines = [json.loads(line) for line in run.stdout if line.endswith("}\n")]
        run.wait()
        # The last said of each branch; one change may be on disk that was not said yet.
        wanted = {line["branch"]: line["member"] for line in lines}
        session = Session(folder)
        lost = []
        for code, member in wanted.items():
            here = enter_branch(session, Seat(SEAT), code)
            off = sum(a != b for a, b in zip(here.desk.state.member, member, strict=True))
            if off > 1:
                lost.append(code)
        session.close()
        return len(lines), len(wanted), lost


def measure(plan):
    """Measure on a plan what a planner waits for; returns rows of name and seconds."""
    from gridplan.redrawing.several_ways import list_ways_to_redraw
    from gridplan.workbench.answers import answer
    from gridplan.workbench.desk import Seat
    from gridplan.workbench.session import Session

    rows = []
    seat = Seat(SEAT)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "plan"
        shutil.copytree(plan, folder)
        session = Session(folder)

        def ask(title, /, **message):
            began = time.perf_counter()
            answered = answer(session, seat, message)
            assert answered["kind"] != "refused", answered
            rows.append((title, time.perf_counter() - began))
            return answered

        doors = session.base.stairwells
        for n, (home, row) in enumerate(doors.iloc[:: max(1, len(doors) // 20)].iterrows()):
            codes = [c for c, over in session.desk.state.lies_in.items() if over == row.community]
            line = f'move stairwell "{home}" to "{codes[n % len(codes)]}"'
            now = str(session.desk.state.member[session.desk.board.stairwells.get_loc(home)])
            message = {"kind": "do", "id": f"{n}", "lines": [line], "seen": {home: now}}
            answer(session, seat, message)
        ask("compare with the last save", kind="compare", against="saved")
        ask("compare with the start of the day", kind="compare", against="day")
        ask("make a branch and go to it", kind="make_branch", name="a")
        ask("go back to the plan", kind="enter_branch", code="")
        ask("go to the branch again", kind="enter_branch", code="0001")
        ask("compare with the plan", kind="compare", against="branch", of="")
        ask("the log as a script", kind="script")
        ask("save the branch", kind="save")
        session.close()
        began = time.perf_counter()
        list_ways_to_redraw(session.base, str(doors["community"].iloc[0]))
        rows.append(("the curve of one community", time.perf_counter() - began))
    return rows


def run(plan=None):
    """Run it: kills on a small plan, and seconds on a plan if one is given."""
    from gridplan.storage import write_plan
    from gridplan.synthetic import make_board_plan

    with tempfile.TemporaryDirectory() as place:
        start = write_plan(make_board_plan((1, 1, 2, 2, 3, 3) * 2), Path(place) / "plan")
        said, held, branches = [], 0, []
        for seed in range(KILLS):
            count, found, lost = try_kill(start, seed)
            said.append(count)
            branches.append(found)
            held += not lost
            if lost:
                print(f"seed {seed}: branches {lost} lost changes")
    print(
        f"killed {KILLS} times: {held} times nothing was lost; {sum(said)} steps accepted, median "
        f"{statistics.median(said):g} before a kill, up to {max(branches)} branches"
    )
    if plan is not None:
        for name, seconds in measure(plan):
            print(f"{name:40}{seconds:8.2f} s")
    return held == KILLS
