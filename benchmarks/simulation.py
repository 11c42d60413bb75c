"""The simulation: events a second of the kernel and of plain SimPy, and a year of a district.

SimPy is left out where it is not installed (``pip install 'gridplan[sim]'``).
Each part runs in a process of its own. With ``--plan FOLDER``, a staffed plan
kept as a folder of GeoParquet, such as a prefecture's, a year of it is
simulated instead.
"""

import json
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

import gridplan as gp
from benchmarks.own_process import call_in_own_process
from benchmarks.scale import run_measured
from gridplan.errors import MissingPackageError
from gridplan.simulation.requests import Scenario, make_system
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.kernel_inputs import cut_blocks, sample_world
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
    """Draw a made-up district of towns and villages, organised and staffed."""
    town = gp.synthetic.make_town(max(3, households // 1500), 0.6, households, seed=1)
    plan = gp.divide(gp.read_site(town), gp.Rules().replace(division={"effort": "quick"}), seed=1)
    return gp.staff(gp.organise(plan))


def race(households):
    """Run the same worlds in the kernel and in SimPy, and compare.

    Returns the seconds of processor of each, the events, and how many requests
    have another fate.
    """
    plan = staff_district(int(households))
    rules = gp.Rules().replace(
        coverage={"requests_urban": 2.0 * RUSH, "requests_rural": 2.0 * RUSH}
    )
    result = {"kernel": 0.0, "simpy": 0.0, "events": 0.0, "requests": 0, "different": 0}
    for block in cut_blocks(make_system(plan, rules), rules, date(2026, 3, 2), FEW):
        world = sample_world(
            block, make_key(1, 0), block.households, 1.0, (block.low + block.high) / 2
        )
        rows = int(run_days(world, 0)[0].totals[3])  # the first run loads the kernel
        began = time.process_time()
        tally, log = run_days(world, rows)
        result["kernel"] += time.process_time() - began
        result["events"] += tally.totals[1]
        result["requests"] += rows
        began = time.process_time()
        try:
            plain = run_plainly(world)
        except MissingPackageError:
            return result | {"simpy": None}
        result["simpy"] += time.process_time() - began
        a, b = (
            t[np.lexsort((t[:, 1], t[:, 0]))]
            for t in (np.where(log > world.end, np.nan, log), plain)
        )
        b = np.where(b > world.end, np.nan, b)
        result["different"] += int(
            (~np.isclose(a, b, rtol=0, atol=1e-6, equal_nan=True)).any(axis=1).sum()
        )
    return result


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
    result = gp.simulate(
        plan, Scenario("year", days=int(days)), replications=int(replications), workers=int(workers)
    )
    seconds = {"cpu": time.process_time() - began, "wall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    came = result.requests.query("level == 'city' and measure == 'requests'")["mean"].sum()
    return seconds | {
        "events": result.manifest["events"]["year"],
        "came": came,
        "before_mb": before,
        "peak_mb": peak,
    }


def live_in_parts(plan):
    """Simulate a year of a large plan 100 times from the command line; print what it takes."""
    print(f"\n{plan}, {MANY} days, {WHOLE[1]} replications")
    print(f"{'workers':>7}{'wall s':>8}{'events':>15}{'peak MB':>9}  stages")
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            options = [
                "--days",
                MANY,
                "--replications",
                WHOLE[1],
                "--workers",
                workers,
                "--csv",
                folder,
            ]
            seconds, peak, text = run_measured("simulate", plan, *options)
            events = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))[
                "events"
            ]["base"]
        stages = next(line for line in text.splitlines() if line.startswith("time"))
        stages = stages.partition("(")[2].rstrip(")")
        print(f"{workers:7}{seconds:8.1f}{events:15,.0f}{peak:9.0f}  {stages}")


def run(full=False, households=None, plan=None):
    """Print both parts as tables, or that of a given plan."""
    if plan:
        live_in_parts(plan)
        return
    print_race(call_in_own_process("simulation", "race", 8_000))
    size, replications = WHOLE if full else (HOUSEHOLDS, REPLICATIONS)
    with tempfile.TemporaryDirectory() as folder:
        district = call_in_own_process(
            "simulation", "prepare", households or size, Path(folder) / "plan"
        )
        print(
            f"\nA district of {district['households']:,} households, "
            f"{district['subgrids']:,} sub-grids, {district['posts']:,} posts"
        )
        print(
            f"{'days':>5}{'times':>7}{'threads':>9}{'CPU s':>8}{'wall s':>8}"
            f"{'events':>13}{'peak MB':>9}{'plan MB':>9}"
        )
        for days, times, workers in (
            (MONTH, replications, 1),
            (MANY, replications, 1),
            (MANY, replications, 2),
        ):
            cost = call_in_own_process(
                "simulation", "live", Path(folder) / "plan", days, times, workers
            )
            print(
                f"{days:5}{times:7}{workers:9}{cost['cpu']:8.1f}{cost['wall']:8.1f}"
                f"{cost['events']:13,.0f}{cost['peak_mb']:9.0f}{cost['before_mb']:9.0f}"
            )


def print_race(race):
    """Print how fast the kernel and SimPy were."""
    kernel = race["kernel"]
    simpy = race["simpy"]
    print(
        f"\nThe same {race['requests']:,} requests, {race['events']:,.0f} events, "
        f"at {RUSH:g} times the usual demand"
    )
    print(f"kernel     {kernel:8.3f} s  {race['events'] / kernel:12,.0f} events/s")
    if simpy is None:
        print("SimPy      not installed")
        return
    print(f"SimPy      {simpy:8.3f} s  {race['events'] / simpy:12,.0f} events/s")
    print(f"faster by  {simpy / kernel:8.0f} times; {race['different']} requests with another fate")
