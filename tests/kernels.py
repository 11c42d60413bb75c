"""Compile kernels before the workers of tests would: ``python -m tests.kernels GROUP``."""

import sys

import numpy as np

from gridplan.division.divide import divide_atoms
from gridplan.division.lower_bound import find_bound
from gridplan.division.plain.points import divide_points
from gridplan.people.staffing.staff_plan import staff
from gridplan.simulation.requests.simulate_plan import simulate
from gridplan.simulation.surge.events import Event
from gridplan.simulation.surge.run_surge import surge
from gridplan.synthetic import make_people_plan
from tests.test_division import make_random


def compile_atoms():
    """Divide and prove villages: one whose parts can all be listed, and one where they cannot."""
    for n in (20, 120):
        problem = make_random(n, 3, levels=2)
        division = divide_atoms(problem, "thorough" if n == 20 else "default", 1)
        find_bound(problem, division.part, division.price, steps=5, listed=1000)


def compile_points():
    """Divide points with every kind of limit and centre."""
    xy = np.random.default_rng(0).uniform(0, 100, (40, 2))
    row = np.argsort(xy[:, 0])
    for more in (
        {},
        {"centre": "mean"},
        {"low": 8, "pairs": np.column_stack([row[:-1], row[1:]]), "squared": True},
    ):
        divide_points(xy, k=4, high=12, effort="quick", **more)


def compile_requests():
    """Answer the requests of some days, and of an emergency."""
    plan = staff(make_people_plan())
    simulate(plan, replications=2)
    surge(plan, Event("cut", "power_cut", communities=("0301",), hours=2), replications=2)


if __name__ == "__main__":
    compile_some = {"atoms": compile_atoms, "points": compile_points, "requests": compile_requests}
    compile_some[sys.argv[1]]()
