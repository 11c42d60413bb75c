"""Division: price, proven gap and seconds by effort on communities of several kinds, real and made up."""

import time

import numpy as np

import gridplan as gp
from benchmarks.cases import list_cases
from gridplan import planning
from gridplan.division.bound import find_bound
from gridplan.division.divide import divide_atoms
from gridplan.neighbours import find_neighbours
from gridplan.rules import Rules
from gridplan.stairwells import find_stairwells

TAKEN = {"example": (0, 1, 2, 3, 4), "Liechtenstein 2015": (1, 2, 4, 6), "Vologda": (2, 3, 9, 13)}


def make_panel():
    """Make the problems of a fixed panel of communities."""
    rules = Rules()
    for name, files in list_cases().items():
        files = dict(files)
        site = planning.prepare_site(gp.read_site(files.pop("source"), **files), rules)
        doors, _ = find_stairwells(site.buildings, site.communities["kind"], rules.urban, rules.rural, rules.stairwells)
        pairs, _ = find_neighbours(doors, site.barriers, site.openings, rules.neighbours)
        problems = planning.make_problems(doors, pairs, rules)
        for number in TAKEN[name]:
            community = list(problems)[number]
            problem = problems[community]
            largest = max(problem.find_islands(), key=len)
            yield f"{name} {community}", problem.take(largest)


def run():
    """Print a row for each community and effort."""
    print("\nDivision: price, lower bound, gap, seconds for 100 sub-grids on one core")
    print(f"{'community':36}{'atoms':>6}{'parts':>6}  {'effort':9}{'price':>10}{'bound':>10}{'gap':>8}{'s/100':>8}{'out':>5}")
    gaps = {}
    for label, problem in make_panel():
        divide_atoms(problem, "quick", 0)
        results = {}
        for effort in ("quick", "default"):
            began = time.process_time()
            division = divide_atoms(problem, effort, 1)
            results[effort] = division, time.process_time() - began
        best = results["default"][0]
        bounds = {}
        for effort, (division, seconds) in results.items():
            k = len(division.centres)
            if k not in bounds:
                near = best if len(best.centres) == k else division
                bounds[k] = find_bound(problem, near.part, near.price, 400).value
            gap = division.price / bounds[k] - 1
            out = len(division.shortfalls)
            if not out:
                gaps.setdefault(effort, []).append(gap)
            print(
                f"{label:36}{len(problem):6}{k:6}  {effort:9}{division.price:10.0f}{bounds[k]:10.0f}{gap:8.2%}"
                f"{100 * seconds / k:8.2f}{out:5}",
                flush=True,
            )
    for effort, values in gaps.items():
        print(f"mean gap {effort}: {np.mean(values):.2%} over {len(values)} communities with every part in band")
