"""Division: price, proven gap and seconds by effort on a fixed panel of communities."""

import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

import gridplan as gp
from benchmarks.cases import list_cases
from gridplan.division.divide import divide_atoms
from gridplan.division.lower_bound import find_bound
from gridplan.planning.prepare import prepare_land
from gridplan.rules.all_rules import Rules
from gridplan.synthetic.town import make_town, write_town

# By number within the site, what each community of the panel is like.
TAKEN = {
    "example": {0: "urban", 1: "tower", 2: "urban", 3: "village", 4: "village"},
    "Liechtenstein 2015": {1: "real rural", 2: "real rural", 4: "real rural", 6: "real rural"},
    "Vologda": {2: "real urban", 3: "real urban", 9: "real urban", 13: "real urban"},
    "synthetic 3": {0: "urban", 3: "tower", 5: "tower", 7: "village"},
    "synthetic 5": {4: "mixed", 5: "mixed", 8: "village"},
}
SEEDS = {"synthetic 3": 3, "synthetic 5": 5}


def read_sites():
    """Read the sites of the panel, and make those that are made up."""
    for name, files in list_cases().items():
        files = dict(files)
        yield name, gp.read_site(files.pop("source"), **files)
    for name, seed in SEEDS.items():
        with tempfile.TemporaryDirectory() as folder:
            yield (
                name,
                gp.read_site(write_town(make_town(9, 0.7, seed=seed), Path(folder) / "town.gpkg")),
            )


def make_panel():
    """Make the problems of the panel, each with its label and kind."""
    rules = Rules()
    for name, raw in read_sites():
        problems = prepare_land(raw, rules).problems
        for number, kind in TAKEN[name].items():
            community = list(problems)[number]
            problem = problems[community]
            yield f"{name} {community}", kind, problem.take(max(problem.find_islands(), key=len))


def are_connected(problem, part):
    """Whether every part is connected."""
    inner = problem.pairs[part[problem.pairs[:, 0]] == part[problem.pairs[:, 1]]]
    graph = csr_matrix(
        (np.ones(len(inner)), (inner[:, 0], inner[:, 1])), shape=(len(part), len(part))
    )
    return connected_components(graph, directed=False)[0] == part.max() + 1


def run(full=False):
    """Print a row for each community and effort, then the means; ``full``: thorough effort too."""
    efforts = ("quick", "default", "thorough") if full else ("quick", "default")
    print(
        "\nDivision: price, lower bound, gap, seconds of processor for 100 sub-grids, "
        "parts out of band (proven + not)"
    )
    print(
        f"{'community':32}{'kind':>11}{'atoms':>6}{'parts':>6}  "
        f"{'effort':9}{'price':>9}{'bound':>9}{'gap':>8}{'s/100':>8}  out"
    )
    rows = [
        row
        for label, kind, problem in make_panel()
        for row in measure(label, kind, problem, efforts)
    ]
    for effort in efforts:
        group = [r for r in rows if r["effort"] == effort]
        # a part out of band has no gap to speak of: its land is left out of the bound
        gaps = [r["gap"] for r in group if not r["out"]]
        seconds = 100 * sum(r["seconds"] for r in group) / sum(r["parts"] for r in group)
        print(
            f"{effort}: mean gap {np.mean(gaps):.2%} over {len(gaps)} communities "
            f"with every part in band, {seconds:.2f} s for 100 sub-grids, "
            f"{sum(r['out'] - r['proven'] for r in group)} parts out of band without proof, "
            f"all connected: {all(r['connected'] for r in group)}"
        )


def measure(label, kind, problem, efforts):
    """Divide a community with each effort, and bound the price for each number of parts."""
    divide_atoms(problem, "quick", 0)  # compile
    results = {}
    for effort in efforts:
        began = time.process_time()
        division = divide_atoms(problem, effort, 1)
        results[effort] = division, time.process_time() - began
    bounds = {}
    for division, _ in sorted((r for r in results.values()), key=lambda r: r[0].price):
        if len(division.centres) not in bounds:
            bounds[len(division.centres)] = find_bound(problem, division.part, division.price).value
    for effort, (division, seconds) in results.items():
        k = len(division.centres)
        out = len(division.shortfalls)
        proven = sum(s.proven for s in division.shortfalls)
        gap = division.price / bounds[k] - 1
        connected = are_connected(problem, division.part)
        print(
            f"{label:32}{kind:>11}{len(problem):6}{k:6}  "
            f"{effort:9}{division.price:9.0f}{bounds[k]:9.0f}{gap:8.2%}"
            f"{100 * seconds / k:8.2f}{proven:3}+{out - proven:<2}{'' if connected else 'apart'}",
            flush=True,
        )
        yield {
            "effort": effort,
            "gap": gap,
            "seconds": seconds,
            "parts": k,
            "out": out,
            "proven": proven,
            "connected": connected,
        }
