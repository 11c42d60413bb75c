"""The simulation: events a second of the kernel beside plain SimPy on the same requests, and a year of a made-up district.

SimPy is left out where it is not installed (``pip install 'gridplan[sim]'``).
Each part runs in a process of its own. With ``--plan FOLDER``, a staffed plan
kept as a folder of GeoParquet, such as a prefecture's, a year of it is
simulated instead.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

import gridplan as gp
from benchmarks.scale import run_measured
from gridplan.errors import MissingPackageError
from gridplan.simulation.requests import Scenario, make_system
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.kernel_inputs import cut_blocks, draw_world
from gridplan.simulation.requests.random_streams import make_key
from gridplan.simulation.requests.simpy_reference import run_plainly

HOUSEHOLDS = 20_000
REPLICATIONS = 10
WHOLE = 100_000, 100  # with --full
# days
FEW = 5
MANY = 365
MONTH = 28
RUSH = 150.0  # times the usual demand, so that posts are busy and queues form


def staff_district(households):
    """Draw a made-up district of so many households in towns and villages, organised and staffed."""
    town = gp.synthetic.make_town(max(3, households // 1500), 0.6, households, seed=1)
    plan = gp.divide(gp.read_site(town), gp.Rules().replace(division={"effort": "quick"}), seed=1)
    return gp.staff(gp.organise(plan))


def race(households):
    """Run the same worlds in the kernel and in SimPy; returns CPU seconds, events and requests whose fate differs."""
    plan = staff_district(int(households))
    rules = gp.Rules().replace(
        coverage={"requests_urban": 2.0 * RUSH, "requests_rural": 2.0 * RUSH}
    )
    own = {"kernel": 0.0, "simpy": 0.0, "events": 0.0, "requests": 0, "different": 0}
    for block in cut_blocks(make_system(plan, rules), rules, date(2026, 3, 2), FEW):
        world = draw_world(
            block, make_key(1, 0), block.households, 1.0, (block.low + block.high) / 2
        )
        rows = int(run_days(world, 0)[0].totals[3])  # the first run loads the kernel
        began = time.process_time()
        tally, log = run_days(world, rows)
        own["kernel"] += time.process_time() - began
        own["events"] += tally.totals[1]
        own["requests"] += rows
        began = time.process_time()
        try:
            plain = run_plainly(world)
        except MissingPackageError:
            return own | {"simpy": None}
        own["simpy"] += time.process_time() - began
        a, b = (
            t[np.lexsort((t[:, 1], t[:, 0]))]
            for t in (np.where(log > world.end, np.nan, log), plain)
        )
        b = np.where(b > world.end, np.nan, b)
        own["different"] += int(
            (~np.isclose(a, b, rtol=0, atol=1e-6, equal_nan=True)).any(axis=1).sum()
        )
    return own


def prepare(households, folder):
    """Write a staffed district."""
    plan = staff_district(int(households))
    gp.write_plan(plan, folder)
    return {
        "subgrids": len(plan.subgrids),
        "households": int(plan.subgrids["households"].sum()),
        "posts": len(plan.posts),
    }


def live(folder, days, replications, workers):
    """Simulate so many days and replications; returns seconds, events and the peak memory."""
    plan = gp.read_plan(folder)
    gp.simulate(plan, Scenario("warm", days=1), replications=2)  # loads the kernel
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall = time.perf_counter()
    began = time.process_time()
    done = gp.simulate(
        plan, Scenario("year", days=int(days)), replications=int(replications), workers=int(workers)
    )
    seconds = {"cpu": time.process_time() - began, "wall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    came = done.requests.query("level == 'city' and measure == 'requests'")["mean"].sum()
    return seconds | {
        "events": done.manifest["events"]["year"],
        "came": came,
        "before_mb": before,
        "peak_mb": peak,
    }


def call(verb, *words):
    """Call one function here in a process of its own."""
    code = f"import json, sys; from benchmarks.simulation import {verb}; print(json.dumps({verb}(*sys.argv[1:])))"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def live_in_parts(plan):
    """Simulate a year of a large plan 100 times from the command line, by one worker and by two, and print what it takes."""
    print(f"\n{plan}, {MANY} days, {WHOLE[1]} replications")
    print(f"{'workers':>7}{'wall s':>8}{'events':>15}{'peak MB':>9}  stages")
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            told = [
                "--days",
                MANY,
                "--replications",
                WHOLE[1],
                "--workers",
                workers,
                "--csv",
                folder,
            ]
            seconds, peak, text = run_measured("simulate", plan, *told)
            events = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))[
                "events"
            ]["base"]
        stages = next(line for line in text.splitlines() if line.startswith("time"))
        print(
            f"{workers:7}{seconds:8.1f}{events:15,.0f}{peak:9.0f}  {stages.partition('(')[2].rstrip(')')}"
        )


def run(full=False, households=None, plan=None):
    """Print both parts as tables, or that of a given plan."""
    if plan:
        live_in_parts(plan)
        return
    own = call("race", 8_000)
    print(
        f"\nThe same {own['requests']:,} requests, {own['events']:,.0f} events, at {RUSH:g} times the usual demand"
    )
    print(f"kernel     {own['kernel']:8.3f} s  {own['events'] / own['kernel']:12,.0f} events/s")
    if own["simpy"] is None:
        print("SimPy      not installed")
    else:
        print(f"SimPy      {own['simpy']:8.3f} s  {own['events'] / own['simpy']:12,.0f} events/s")
        print(
            f"faster by  {own['simpy'] / own['kernel']:8.0f} times; {own['different']} requests with another fate"
        )
    size, replications = WHOLE if full else (HOUSEHOLDS, REPLICATIONS)
    with tempfile.TemporaryDirectory() as folder:
        found = call("prepare", households or size, Path(folder) / "plan")
        print(
            f"\nA district of {found['households']:,} households, {found['subgrids']:,} sub-grids, {found['posts']:,} posts"
        )
        print(
            f"{'days':>5}{'times':>7}{'threads':>9}{'CPU s':>8}{'wall s':>8}{'events':>13}{'peak MB':>9}{'plan MB':>9}"
        )
        for days, times, workers in (
            (MONTH, replications, 1),
            (MANY, replications, 1),
            (MANY, replications, 2),
        ):
            own = call("live", Path(folder) / "plan", days, times, workers)
            figures = f"{own['cpu']:8.1f}{own['wall']:8.1f}{own['events']:13,.0f}{own['peak_mb']:9.0f}{own['before_mb']:9.0f}"
            print(f"{days:5}{times:7}{workers:9}{figures}")
