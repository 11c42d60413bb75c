"""The studio: how long its answers take, and whether an accepted change can be lost.

``python -m benchmarks studio`` makes two towns, C of one community with 5,000
households and D of twenty with 100,000, and two between them in size. With
``--towns FOLDER`` they are kept there for the next run. Times are of the wall;
"cpu" is what the process itself needed, which a busy machine does not change.
"""

import json
import random
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

SEED = 7
# Communities and households of each town.
TOWNS = {"C": (1, 5_000), "D": (20, 100_000), "S100": (1, 3_000), "S1000": (6, 30_000)}
AIMS = {"open C": 2000, "open D": 4000, "open a community of D": 2000, "restart D": 4000}
PARTS = ("open", "answers", "outlines", "save", "restart", "seats", "kills")
REPEATS = 100
SAVED = 300
RESTARTED = 1_000


class Times:
    """Milliseconds of the wall and of the processor."""

    def __init__(self):
        self.wall, self.cpu = [], []

    @contextmanager
    def measure(self):
        """Measure what is done inside the block."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall.append(1000 * (time.perf_counter() - wall))
        self.cpu.append(1000 * (time.process_time() - cpu))

    def show(self, name, aim=None):
        """Print medians and 95th percentiles; returns whether the aim was met."""
        cells = [f(values) for values in (self.wall, self.cpu) for f in (np.median, _find_95th)]
        met = aim is None or cells[1] <= aim
        verdict = "" if aim is None else f"  aim {aim:,} ms {'met' if met else 'MISSED'}"
        print(f"{name:42}{len(self.wall):6}" + "".join(f"{ms:10,.1f}" for ms in cells) + verdict)
        return met


def _find_95th(values):
    return np.percentile(values, 95)


def make_town(place, name):
    """Make the plan of a town, unless it is there."""
    from benchmarks.scale import run_measured

    folder = place / name
    if not folder.exists():
        communities, households = TOWNS[name]
        source = place / f"{name}.gpkg"
        share = ["--communities", communities, "--urban-share", 1, "--households", households]
        run_measured("synth", source, *share, "--seed", SEED, "--overwrite")
        run_measured("plan", source, "-o", folder, "--seed", 1)
    return folder


@contextmanager
def copy_town(place, name):
    """Copy a plan, so that what is changed is not the one kept."""
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / name
        ignored = shutil.ignore_patterns("studio", "versions")
        shutil.copytree(make_town(place, name), folder, ignore=ignored)
        yield folder


@contextmanager
def open_session(folder):
    """Open a session that draws only when asked."""
    from gridplan.workbench.session import Session

    session = Session(folder)
    session.draw_soon = lambda *words: None
    try:
        yield session
    finally:
        session.close()


def ask(session, **message):
    """Ask as the chief would; returns the answer, which JSON can hold."""
    from gridplan.workbench.answers import answer
    from gridplan.workbench.desk import Seat

    given = answer(session, Seat("s1", "planning office"), message)
    json.dumps(given)
    return given


def find_move(session, rng):
    """Find a stairwell beside another sub-grid: its code, where it is, where it can go."""
    board, member = session.desk.board, session.desk.state.member
    pairs = board.plan.neighbours
    while True:
        row = pairs.iloc[rng.randrange(len(pairs))]
        one, other = str(row["focal"]), str(row["neighbour"])
        a, b = (str(member[board.stairwells.get_loc(home)]) for home in (one, other))
        if a != b:
            return one, a, b


def measure_opening(place):
    """Measure how long opening takes; the first time loads the compiled kernels too."""
    met = True
    for name in ("C", "D"):
        whole, community = Times(), Times()
        with copy_town(place, name) as folder:
            for _ in range(5):
                with whole.measure(), open_session(folder) as session:
                    welcome = ask(session, kind="hello")
                with open_session(folder) as session:
                    for row in welcome["communities"][:4]:
                        with community.measure():
                            ask(session, kind="open", community=row["code"])
        for label, times in ((f"open {name}", whole), (f"open a community of {name}", community)):
            met &= times.show(label, AIMS.get(label))
    return met


def measure_answers(place):
    """Measure the server's answers to a change, alone, in towns of several sizes."""
    met = True
    medians = {}
    for name in ("C", "D", "S100", "S1000"):
        kinds = {kind: Times() for kind in ("try", "do", "undo")}
        rng = random.Random(SEED)
        with copy_town(place, name) as folder, open_session(folder) as session:
            ask(session, kind="hello")
            for n in range(REPEATS):
                home, was, to = find_move(session, rng)
                lines = [f'move stairwell "{home}" to {to}']
                with kinds["try"].measure():
                    ask(session, kind="try", lines=lines)
                with kinds["do"].measure():
                    done = ask(session, kind="do", id=f"d{n}", lines=lines, seen={home: was})
                assert done["kind"] == "accepted", done
                if n % 2:
                    with kinds["undo"].measure():
                        ask(session, kind="undo", id=f"u{n}")
            count = len(session.desk.state.lies_in)
        for kind, times in kinds.items():
            met &= times.show(f"{kind}, {name} of {count:,} sub-grids", 500)
        medians[name] = np.median(kinds["do"].cpu)
    print(f"a change in D costs {medians['D'] / medians['S100']:.1f} times one in 100 sub-grids")
    return met


def measure_outlines(place):
    """Measure the drawing after each of many changes, and check it against an edit."""
    from gridplan.redrawing.editing.edit_plan import edit

    met = True
    for name in ("C", "D"):
        times, rng, lines = Times(), random.Random(SEED), []
        with copy_town(place, name) as folder, open_session(folder) as session:
            for n in range(REPEATS // 2):
                home, was, to = find_move(session, rng)
                lines.append(f'move stairwell "{home}" to {to}')
                ask(session, kind="do", id=f"d{n}", lines=lines[-1:], seen={home: was})
                with times.measure():
                    session.draughtsman.draw(session.desk.state, session.desk.number)
            met &= times.show(f"outlines, {name}", 500)
            whole = Times()
            with whole.measure():
                edited = edit(session.base, lines).plan
            shapes = edited.subgrids.geometry
            off = [c for c, s in shapes.items() if not _are_equal(session.draughtsman, c, s)]
            whole.show(f"the same {len(lines)} changes by gridplan edit, {name}")
            print(f"outlines that differ from the edit's: {len(off)} of {len(shapes)}")
            met &= not off
    return met


def _are_equal(draughtsman, code, shape):
    shown = draughtsman.latest.find(code)
    return shown is not None and bool(shown.equals_exact(shape, 0.0))


def change_many(session, count, seats=("planning office",)):
    """Make many changes, by several offices in turn."""
    from gridplan.errors import GridplanError
    from gridplan.redrawing.editing.code_lookup import RefusedError
    from gridplan.workbench.desk import Seat

    rng = random.Random(SEED)
    made = 0
    while made < count:
        home, _, to = find_move(session, rng)
        office = seats[made % len(seats)]
        try:
            session.desk.do(Seat(office, office), f"m{made}", [f'move stairwell "{home}" to {to}'])
        except (RefusedError, GridplanError):
            continue
        made += 1


def measure_saving(place):
    """Measure how long a save of many changes takes."""
    met = True
    for name in ("C", "D"):
        for offices in (1, 10):
            times = Times()
            with copy_town(place, name) as folder, open_session(folder) as session:
                change_many(session, SAVED, [f"office {n}" for n in range(offices)])
                with times.measure():
                    saved = session.write_down()
                assert saved["saved"] == SAVED
            met &= times.show(f"save {SAVED} changes of {offices} offices, {name}", 15_000)
    return met


def measure_restart(place):
    """Measure how long opening takes with a journal of many changes."""
    times = Times()
    with copy_town(place, "D") as folder:
        with open_session(folder) as session:
            change_many(session, RESTARTED)
            member = session.desk.state.member
        for _ in range(3):
            with times.measure(), open_session(folder) as session:
                ask(session, kind="hello")
            assert (session.desk.state.member == member).all()
    return times.show(f"restart D with {RESTARTED:,} changes", AIMS["restart D"])


def run(only=None, towns=None):
    """Print the times; returns whether all aims were met and nothing was lost."""
    from benchmarks.studio_seats import measure_kills, measure_seats

    parts = [part for part in PARTS if not only or part in only]
    with tempfile.TemporaryDirectory() as aside:
        place = Path(towns or aside)
        place.mkdir(parents=True, exist_ok=True)
        heads = ("number", "median ms", "95 % ms", "cpu", "cpu 95 %")
        print(f"\nStudio\n{'':42}{heads[0]:>6}" + "".join(f"{head:>10}" for head in heads[1:]))
        runs = {
            "open": measure_opening,
            "answers": measure_answers,
            "outlines": measure_outlines,
            "save": measure_saving,
            "restart": measure_restart,
            "seats": measure_seats,
            "kills": measure_kills,
        }
        results = [runs[part](place) for part in parts]
        return all(results)
