"""Silence: the longest time that a verb says nothing, where its output is a pipe.

Every verb runs in a process of its own, once with the kernels that this
machine has compiled and, where ``--full`` is given, the planning of a city
once more without any. The time from the start to the first line counts, and so
does that from the last line to the end.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST = 5.0  # seconds
ONCE = ("--replications", "1")
EXAMPLE = Path(__file__).parents[1] / "data" / "example" / "town.gpkg"


def list_verbs(full):
    """List the verbs in the order in which one needs what another has written."""
    verbs = [
        ("synth", "town.gpkg", "--communities", "4"),
        ("synth", "city", "--communities", "12", "--seed", "3"),
        ("check", EXAMPLE),
        ("plan", EXAMPLE, "-o", "plan", "--seed", "1"),
        ("plan", "city", "-o", "cityplan", "--chunk", "300", "--effort", "quick"),
        ("audit", "plan"),
        ("audit", "cityplan"),
        ("organise", "plan", "--overwrite"),
        ("staff", "plan", "--overwrite"),
        ("pair", "plan", "--overwrite"),
        ("rate", "plan", "--overwrite"),
        ("reach", "plan", "--overwrite"),
        ("map", "plan", "-o", "map.html"),
        ("map", "cityplan", "-o", "citymap.html"),
        ("simulate", "plan", *ONCE, "--map", "week.html"),
        ("surge", "plan", *ONCE, "--map", "surge.html"),
        ("years", "plan", *ONCE, "--years", "3", "--map", "years.html"),
        ("redraw", "plan", "--site", EXAMPLE, "-o", "redrawn", "--set", "redraw.move=1"),
        ("edit", "plan", "lock all", "-o", "edited"),
        ("budget", "plan", "--share", "0.05"),
        ("compare", "plan", "edited", "--map", "difference.html"),
        ("prove", "plan"),
        ("release", "plan", "-o", "release"),
        ("brief", "release"),
        ("history", "plan", "edited"),
    ]
    if full:
        verbs.append(("plan", "city", "-o", "cold", "--chunk", "300", "--effort", "quick"))
    return verbs


def measure(words, folder, **environment):
    """Run a verb; returns its status, its seconds, the longest silence and what came before it."""
    before = time.perf_counter()
    began = before
    longest, after = 0.0, "the start"
    process = subprocess.Popen(
        [sys.executable, "-m", "gridplan", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    last = "the start"
    for line in process.stdout:
        now = time.perf_counter()
        if now - before > longest:
            longest, after = now - before, last
        before, last = now, line.strip() or last
    status = process.wait()
    ended = time.perf_counter()
    if ended - before > longest:
        longest, after = ended - before, last
    return status, ended - began, longest, after


def run(full=False):
    """Run every verb, and print its longest silence; whether all are held is returned."""
    print(f"{'verb':44}{'seconds':>9}{'silence':>9}  after")
    loud = []
    with tempfile.TemporaryDirectory() as place:
        verbs = list_verbs(full)
        for number, words in enumerate(verbs):
            cold = full and number == len(verbs) - 1
            more = {"NUMBA_CACHE_DIR": str(Path(place) / "kernels")} if cold else {}
            status, seconds, silence, after = measure(words, place, **more)
            name = " ".join(Path(str(word)).name for word in words[:4]) + " (cold)" * cold
            held = silence <= MOST and not status
            loud += [name] * (not held)
            note = after[:60] + f"  STATUS {status}" * bool(status)
            print(f"{name[:43]:44}{seconds:9.1f}{silence:9.1f}  {note}", flush=True)
    print(f"\n{len(verbs)} tried, {len(verbs) - len(loud)} held: silent for at most {MOST:g} s")
    return not loud
