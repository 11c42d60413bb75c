"""Siting: optimum and time beside spopt.locate, p-median problems, a large case and its gap.

``python -m benchmarks siting --install`` sets up spopt in an environment of
its own under outputs.
"""

import resource
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from benchmarks.peers import OUT
from gridplan.coverage.siting.location_problems import cover_all, cover_most, p_centre, p_median
from gridplan.coverage.siting.siting_curve import trace_siting
from gridplan.coverage.siting.siting_problem import make_siting_problem

HOME = OUT / "siting-venv"
SECONDS = 60  # of CPU of a peer's run
RADIUS = 800
PEERS = ((200, 50, 5), (400, 100, 10), (800, 200, 20))  # places, sites, posts
MEDIANS = ((100, 5), (200, 10), (400, 20), (800, 40))  # sites that are also the places, and posts
LARGE = (20_000, 2_000, (10, 20, 50, 100))


def draw_town(n, m, seed=0, size=5_000.0, towns=12):
    """Draw places (two thirds of them round a few centres), sites among them, and households."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, size, (towns, 2))
    near = n * 2 // 3
    crowd = centres[rng.integers(towns, size=near)] + rng.normal(0, size / 16, (near, 2))
    xy = np.concatenate([crowd, rng.uniform(0, size, (n - near, 2))]).clip(0, size)
    sites = xy[rng.choice(n, m, replace=False)] + rng.normal(0, 30, (m, 2))
    return xy, sites, rng.integers(5, 60, n).astype(float)


def measure(xy, sites):
    """Measure all ways, in whole metres."""
    return np.rint(np.hypot(xy[:, None, 0] - sites[None, :, 0], xy[:, None, 1] - sites[None, :, 1]))


def solve(kind, metres, weights, radius, k):
    """Solve a problem; returns the answer and CPU seconds, the making of the problem included."""
    began = time.process_time()
    is_cover = kind.startswith("cover")
    problem = make_siting_problem(
        np.where(metres <= radius, metres, np.inf) if is_cover else metres, weights
    )
    verbs = {"cover_most": cover_most, "p_median": p_median, "p_centre": p_centre}
    answer = cover_all(problem) if kind == "cover_all" else verbs[kind](problem, k)
    return answer, time.process_time() - began


def ask_peer(kind, metres, weights, radius, k):
    """Ask spopt; returns its value, CPU seconds and words, or what went wrong."""
    file = OUT / "siting-problem.npz"
    OUT.mkdir(exist_ok=True)
    np.savez(file, kind=kind, metres=metres, weights=weights, radius=radius, k=k)
    command = [
        str(HOME / "bin" / "python"),
        str(Path(__file__).with_name("siting_peer.py")),
        str(file),
    ]
    limit = partial(resource.setrlimit, resource.RLIMIT_CPU, (SECONDS, SECONDS))
    run = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    if run.returncode < 0:  # ended by the limit on processor time
        return None, None, f"no answer in {SECONDS} s"
    if run.returncode:
        return None, None, run.stderr.strip().splitlines()[-1][:80]
    value, seconds, *words = run.stdout.split()[-4:]
    return float(value), float(seconds), " ".join(words)


def compare_peers(install=False):
    """Print our answer beside spopt's for each kind and size."""
    if install:
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        pip = [
            str(HOME / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, "spopt", "pulp", "highspy"], check=True)
    is_here = (HOME / "bin" / "python").exists()
    if not is_here:
        print("spopt is left out, it is not installed (python -m benchmarks siting --install)")
    xy, sites, weights = draw_town(400, 100)
    for kind in ("cover_most", "p_median"):
        solve(kind, measure(xy, sites), weights, RADIUS, 10)  # compiles
    print(
        f"\n{'':12}{'places':>8}{'sites':>7}{'k':>5}{'ours':>14}{'ended':>9}{'s':>8}"
        f"{'spopt':>14}{'s':>9}{'ratio':>8}"
    )
    for n, m, k in PEERS:
        xy, sites, weights = draw_town(n, m)
        metres = measure(xy, sites)
        reach = max(RADIUS, float(metres.min(axis=1).max()))  # so that all can be covered
        for kind in ("cover_most", "cover_all", "p_median", "p_centre"):
            radius = RADIUS if kind == "cover_most" else reach
            answer, seconds = solve(kind, metres, weights, radius, k)
            line = (
                f"{kind:12}{n:8}{m:7}{k:5}{answer.objective:14.0f}{answer.ended:>9}{seconds:8.2f}"
            )
            if is_here:
                value, theirs, words = ask_peer(kind, metres, weights, radius, k)
                line += (
                    f"{words:>31}"
                    if value is None
                    else f"{value:14.0f}{theirs:9.2f}{theirs / seconds:8.1f}  {words}"
                )
            print(line, flush=True)


def solve_medians():
    """Print answers for p-median problems as in the OR-library: random graphs, all nodes sites."""
    from scipy.sparse.csgraph import dijkstra

    print(f"\n{'p-median':12}{'nodes':>8}{'k':>5}{'price':>12}{'bound':>12}{'gap':>9}{'s':>8}")
    for n, k in MEDIANS:
        rng = np.random.default_rng(n)
        ends = np.concatenate(
            [
                np.column_stack([np.arange(n - 1), np.arange(1, n)]),
                rng.integers(0, n, (n * n // 50, 2)),
            ]
        )
        graph = csr_array(
            (rng.integers(1, 101, len(ends)).astype(float), (ends[:, 0], ends[:, 1])), shape=(n, n)
        )
        answer, seconds = solve("p_median", dijkstra(graph, directed=False), np.ones(n), np.inf, k)
        print(
            f"{'':12}{n:8}{k:5}{answer.objective:12.0f}{answer.bound:12.0f}"
            f"{answer.gap:9.3%}{seconds:8.2f}",
            flush=True,
        )


def solve_large():
    """Print answers for a city: 20,000 places, 2,000 sites."""
    n, m, ks = LARGE
    xy, sites, weights = draw_town(n, m, size=10_000.0, towns=60)
    for kind, limit in (("cover_most", 500.0), ("p_median", 1_500.0)):
        pairs = cKDTree(xy).sparse_distance_matrix(cKDTree(sites), limit, output_type="coo_matrix")
        ways = csr_array((np.rint(pairs.data), (pairs.row, pairs.col)), shape=(n, m))
        problem = make_siting_problem(ways, weights)
        print(f"\n{kind}: {n:,} places, {m:,} sites, {ways.nnz:,} ways up to {limit:.0f} m")
        print(f"{'':12}{'k':>5}{'objective':>14}{'bound':>14}{'gap':>9}{'s':>8}")
        for k in ks:
            began = time.process_time()
            answer = cover_most(problem, k) if kind == "cover_most" else p_median(problem, k, limit)
            seconds = time.process_time() - began
            print(
                f"{'':12}{k:5}{answer.objective:14.0f}{answer.bound:14.0f}"
                f"{answer.gap:9.3%}{seconds:8.1f}",
                flush=True,
            )
        if kind == "cover_most":
            began = time.process_time()
            curve = trace_siting(problem, max(ks)).loc[list(ks)]
            print(f"curve of 0 to {max(ks)} posts, nested: {time.process_time() - began:.1f} s")
            print(curve[["served", "share", "share_bound", "ended"]].to_string())


def run(only=(), install=False):
    """Print three tables; ``only`` peers, medians or large for some of them."""
    for name, part in (
        ("peers", partial(compare_peers, install)),
        ("medians", solve_medians),
        ("large", solve_large),
    ):
        if not only or name in only:
            part()
