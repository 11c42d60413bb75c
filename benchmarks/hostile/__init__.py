"""Hostile inputs: every reader and verb is given what no sound file holds, within bounds.

An input is held if the verb succeeds, or refuses it with an error that says a
remedy, within 20 seconds and 3,000 MB beyond the program itself, without a
trace, a request to the network, control characters on the screen, or files
left behind.
"""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.hostile import files, plans, shapes, values
from benchmarks.hostile.trial import MEGABYTES, SECONDS, load_program, run_apart, run_trials
from benchmarks.hostile.village import Kept, make_plan

# Verbs on the sound village, by which the modules are found that forks need.
LOADED = (
    ("check", "plan-gpkg/plan.gpkg"),
    ("plan", "buildings.parquet", "--communities", "communities.parquet", "-o", "out"),
    ("audit", "out"),
    ("map", "out", "-o", "map.html"),
    ("edit", "out", "lock subgrid 0301-001", "--preview"),
    ("audit", "plan-parquet"),
)
MAKERS = (shapes, values, files, plans)


def list_trials(only=()):
    """List the trials; with ``only``, those with one of the words in their kind or name."""
    trials = [trial for maker in MAKERS for trial in maker.list_trials()]
    return [t for t in trials if not only or any(w in f"{t.kind} {t.name}" for w in only)]


def try_inputs(trials, folder, report=None, loaded=LOADED):
    """Draw the village's plan, run the trials and return their outcomes.

    ``loaded`` are verbs on the village whose modules forks need not import.
    """
    Kept.folder = folder / "sound"
    Kept.folder.mkdir()
    run_apart(make_plan, Kept.folder)
    load_program(loaded, Kept.folder)
    files.Listener.open()
    outcomes = run_trials(trials, folder, report=report)
    if files.Listener.was_asked():
        # Which of them it was, the log of a run of each alone says.
        for outcome in outcomes:
            if outcome.trial.kind == "pointers":
                outcome.faults.append("one of the pointers sent a request")
    return outcomes


def run(only=()):
    """Try all hostile inputs, print how many of each kind are held, and list the others.

    Returns 1 if one is not held.
    """
    folder = Path(tempfile.mkdtemp(prefix="gridplan-hostile-"))
    try:
        outcomes = try_inputs(list_trials(only or ()), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tried = Counter(outcome.trial.kind for outcome in outcomes)
    held = Counter(outcome.trial.kind for outcome in outcomes if not outcome.faults)
    print(f"\nHostile inputs, each within {SECONDS} s and {MEGABYTES:,} MB beyond the program")
    print(f"{'kind':14}{'tried':>7}{'held':>7}{'longest s':>11}{'most MB':>9}")
    for kind, count in tried.items():
        same = [outcome for outcome in outcomes if outcome.trial.kind == kind]
        longest = max(outcome.seconds for outcome in same)
        most = max(outcome.megabytes for outcome in same)
        print(f"{kind:14}{count:7}{held[kind]:7}{longest:11.1f}{most:9,.0f}")
    print(f"{'all':14}{tried.total():7}{held.total():7}")
    for outcome in outcomes:
        if outcome.faults:
            print(f"\nnot held: {outcome.trial.kind}: {outcome.trial.name}")
            print(f"  {'; '.join(outcome.faults)}")
            print("\n".join(f"    {y[:200]}" for y in outcome.errors.splitlines()[-4:]))
    return bool(tried == held)
