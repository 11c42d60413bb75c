"""Peers on published instances and on our panel: balance, contiguity, ways, seconds.

``python -m benchmarks peers --install`` sets up their environments under
outputs; every run has a process of its own, and of several seeds the best
counts: first by parts within limits and connected where asked, then by ways.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay

from benchmarks.cases import ROOT
from benchmarks.division import make_panel
from benchmarks.peer_runs import PEERS
from benchmarks.published import FOLDER
from gridplan.division.divide import divide_atoms
from gridplan.division.plain.published import list_instances, solve_instance

OUT = ROOT / "outputs"
ENVIRONMENTS = {
    "peers-venv": ("scikit-learn", "k-means-constrained", "spopt", "geopandas", "pymetis"),
    # gerrychain does not import beside a newer geopandas
    "chain-venv": ("gerrychain", "geopandas<1", "numpy<2"),
}
SEEDS = 3
SECONDS = 120
ONCE = {"spopt Ward"}  # samples nothing, so seeds make no difference
# Points; on the largest instances peers would run for hours, each up to the limit of time.
LARGEST = 2500


@dataclass
class Case:
    """A problem as peers take it, and our answer to it."""

    group: str
    name: str
    xy: np.ndarray
    weights: np.ndarray
    pull: np.ndarray
    pairs: np.ndarray
    k: int
    low: int
    high: int
    squared: bool
    connected: bool
    ours: np.ndarray
    seconds: float


def set_up():
    """Set up an environment for each group of peers."""
    for name, packages in ENVIRONMENTS.items():
        home = OUT / name
        if not (home / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [
            str(home / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, *packages], check=True)


def list_problems(words):
    """List the problems with our answers at quick effort; ``words`` pick some by name."""
    for folder in ("cpmp", "districting"):
        for instance in list_instances(FOLDER / folder) if FOLDER.exists() else []:
            if len(instance.weights) > LARGEST or not _is_asked(f"{folder} {instance.name}", words):
                continue
            solve_instance(instance, "quick")  # compiles
            began = time.process_time()
            ours = solve_instance(instance, "quick")
            seconds = time.process_time() - began
            squared = instance.kind == "districts"
            pull = instance.weights if squared else np.ones(len(ours))
            pairs = instance.pairs if instance.pairs is not None else list_touching(instance.xy)
            yield Case(
                folder,
                instance.name,
                instance.xy,
                instance.weights,
                pull,
                pairs,
                instance.k,
                instance.low,
                instance.high,
                squared,
                instance.pairs is not None,
                ours,
                seconds,
            )
    for label, _, problem in make_panel():
        if not _is_asked(f"panel {label}", words):
            continue
        divide_atoms(problem, "quick", 0)
        began = time.process_time()
        division = divide_atoms(problem, "quick", 1)
        yield Case(
            "panel",
            label,
            problem.xy,
            problem.weights,
            problem.pull,
            problem.pairs,
            len(division.centres),
            problem.band.low,
            problem.band.high,
            False,
            True,
            division.part,
            time.process_time() - began,
        )


def _is_asked(name, words):
    return not words or any(word in name for word in words)


def list_touching(xy):
    """List the pairs of a Delaunay triangulation: some peers need a graph."""
    corners = Delaunay(xy, qhull_options="QJ").simplices
    pairs = np.sort(
        np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1
    )
    return np.unique(pairs, axis=0)


def judge(case, part):
    """Judge an answer: shares of parts within limits and connected, ways to the best points."""
    balanced = connected = ways = 0.0
    for p in np.unique(part):
        inside = np.flatnonzero(part == p)
        balanced += case.low <= case.weights[inside].sum() <= case.high
        place = np.full(len(part), -1)
        place[inside] = np.arange(len(inside))
        inner = place[case.pairs]
        inner = inner[(inner >= 0).all(axis=1)]
        graph = csr_matrix(
            (np.ones(len(inner)), (inner[:, 0], inner[:, 1])), shape=(len(inside), len(inside))
        )
        connected += connected_components(graph, directed=False)[0] == 1
        far = np.sqrt(((case.xy[inside][:, None] - case.xy[inside]) ** 2).sum(axis=2))
        ways += float((case.pull[inside] @ (far**2 if case.squared else far)).min())
    count = len(np.unique(part))
    return {
        "parts": count / case.k,
        "balanced": balanced / count,
        "connected": connected / count,
        "ways": ways,
    }


def run_peer(peer, case, seed):
    """Run a peer in its environment; returns its judgement, or what went wrong."""
    home = (
        OUT / ("chain-venv" if peer.startswith("GerryChain") else "peers-venv") / "bin" / "python"
    )
    problem = OUT / "peer-problem.npz"
    answer = OUT / "peer-answer.npz"
    answer.unlink(missing_ok=True)
    np.savez(
        problem,
        xy=case.xy,
        weights=case.weights,
        pull=case.pull,
        pairs=case.pairs,
        k=case.k,
        low=case.low,
        high=case.high,
        squared=case.squared,
    )
    script = Path(__file__).with_name("peer_runs.py")
    command = [str(home), str(script), peer, str(problem), str(answer), str(seed), str(SECONDS)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode < 0:  # ended by the limit on processor time
        return {"fault": "over time"}
    if run.returncode:
        words = run.stderr.strip().splitlines()
        return {"fault": words[-1][:90] if words else "no answer"}
    with np.load(answer) as file:
        return judge(case, file["part"]) | {"seconds": float(file["seconds"])}


def is_sound(case, row):
    """Whether an answer keeps all that the problem asks."""
    return bool(
        row["parts"] == 1 and row["balanced"] == 1 and (row["connected"] == 1 or not case.connected)
    )


def run(install=False, only=()):
    """Print a row for each problem and peer, then a table; ``only``: words of problems' names."""
    if install:
        set_up()
    absent = [name for name in ENVIRONMENTS if not (OUT / name / "bin" / "python").exists()]
    if absent:
        print("\nPeers: left out, they are not installed (python -m benchmarks peers --install)")
        return
    print(
        "\nPeers: ways relative to ours at quick effort (+: longer), "
        "share of parts within limits and connected, seconds"
    )
    rows = []
    for case in list_problems(only):
        ours = judge(case, case.ours)
        rows.append(ours | _name(case, "gridplan", ours) | {"seconds": case.seconds, "longer": 0.0})
        _print(rows[-1])
        for peer in PEERS:
            tries = [run_peer(peer, case, seed) for seed in range(1 if peer in ONCE else SEEDS)]
            good = [row for row in tries if "ways" in row]
            if not good:
                rows.append(_name(case, peer, None) | tries[0])
            else:
                best = min(
                    good, key=lambda row: (not is_sound(case, row), -row["balanced"], row["ways"])
                )
                rows.append(
                    best | _name(case, peer, best) | {"longer": best["ways"] / ours["ways"] - 1}
                )
            _print(rows[-1])
    if rows:
        print_table(pd.DataFrame(rows))


def _name(case, peer, row):
    return {
        "group": case.group,
        "problem": case.name,
        "peer": peer,
        "sound": row is not None and is_sound(case, row),
    }


def _print(row):
    head = f"{row['group']:12}{row['problem']:28.28}{row['peer']:20}"
    if "fault" in row:
        print(f"{head}{row['fault']}", flush=True)
        return
    print(
        f"{head}{row['longer']:+9.2%}{row['balanced']:8.0%}{row['connected']:8.0%}"
        f"{row['seconds']:8.2f}{'' if row['sound'] else '  NOT FEASIBLE'}",
        flush=True,
    )


def print_table(table):
    """Print a row for each group and peer: means of all its answers, and of its sound ones."""
    print(
        f"\n{'':12}{'peer':20}{'answered':>9}{'sound':>7}{'in limits':>10}{'connected':>10}"
        f"{'longer':>9}{'sound only':>11}{'s':>8}"
    )
    for (group, peer), answers in table.groupby(["group", "peer"], sort=False):
        # a peer without any answer lacks the columns of figures
        answers = answers.reindex(columns=["longer", "balanced", "connected", "seconds", "sound"])
        answered = answers["longer"].notna()
        sound = answers.loc[answers["sound"], "longer"]
        print(
            f"{group:12}{peer:20}{answered.sum():5}/{len(answers):3}{answers['sound'].sum():7}"
            f"{answers['balanced'].mean():10.1%}{answers['connected'].mean():10.1%}"
            f"{answers['longer'].mean():9.2%}"
            f"{f'{sound.mean():.2%}' if len(sound) else '-':>11}{answers['seconds'].mean():8.2f}"
        )
