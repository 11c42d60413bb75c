"""A surge: what a flood and snow cost to simulate, by the households that are affected."""

import resource
import tempfile
import time
from datetime import datetime
from pathlib import Path

import gridplan as gp
from benchmarks.own_process import call_in_own_process
from gridplan.simulation.surge import Event, surge
from gridplan.simulation.surge.events import propose_event

SIZES = (5_000, 20_000)
FULL = (*SIZES, 100_000)  # with --full
REPLICATIONS = 20


def prepare(households, folder):
    """Write a made-up district of so many households, organised, staffed and paired."""
    town = gp.synthetic.make_town(max(3, int(households) // 1500), 0.6, int(households), seed=1)
    plan = gp.divide(gp.read_site(town), gp.Rules().replace(division={"effort": "quick"}), seed=1)
    plan = gp.pair(gp.staff(gp.organise(plan)))
    gp.write_plan(plan, folder)
    return {"households": int(plan.subgrids["households"].sum())}


def live(folder, kind, replications, worth):
    """Simulate a flood along the longest water, or snow everywhere; returns sizes and costs."""
    plan = gp.read_plan(folder)
    event = (
        propose_event(plan)
        if kind == "flood"
        else Event("snow", "snow", start=datetime(2026, 1, 10, 6))
    )
    surge(plan, event, replications=1, worth=False)  # loads the kernel
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    result = surge(plan, event, replications=int(replications), worth=worth == "yes", workers=1)
    sizes = result.manifest["events"][event.name]
    return {
        "cpu": time.process_time() - began,
        "households": sizes["households"],
        "subgrids": sizes["subgrids"],
        "posts": sum(sizes["called"].values()),
        "before_mb": before,
        "again": len(result.worth) // 5,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run(full=False):
    """Print a row for each district and event, with and without the worth of every pairing."""
    print(
        f"\nBoth postures, {REPLICATIONS} replications, one thread; "
        "again: without each pairing, without or with each crossing"
    )
    head = f"{'district':>9} {'event':6}{'affected':>9}{'subgrids':>9}{'posts':>8}"
    print(f"{head}{'again':>6}{'CPU s':>8}{'peak MB':>9}{'plan MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for size in FULL if full else SIZES:
            home = Path(folder) / str(size)
            district = call_in_own_process("surge", "prepare", size, home)
            for kind in ("flood", "snow"):
                for worth in ("no", "yes"):
                    row = call_in_own_process("surge", "live", home, kind, REPLICATIONS, worth)
                    print(
                        f"{district['households']:9,} {kind:6}{row['households']:9,.0f}"
                        f"{row['subgrids']:9,}{row['posts']:8,}{row['again']:6}{row['cpu']:8.1f}"
                        f"{row['peak_mb']:9.0f}{row['before_mb']:9.0f}"
                    )
