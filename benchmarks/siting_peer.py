"""Run spopt.locate on one problem in an environment of its own, for ``benchmarks.siting``."""

import sys
import time

import numpy as np
import pulp
import spopt.locate

KINDS = {"cover_most": "MCLP", "cover_all": "LSCP", "p_median": "PMedian", "p_centre": "PCenter"}


def solve(kind, metres, weights, radius, k):
    """Solve one problem with HiGHS behind PuLP; returns the objective as we count it."""
    maker = getattr(spopt.locate, KINDS[kind])
    if kind == "cover_most":
        model = maker.from_cost_matrix(metres, weights, radius, p_facilities=k)
    elif kind == "cover_all":
        model = maker.from_cost_matrix(metres, radius)
    elif kind == "p_median":
        model = maker.from_cost_matrix(metres, weights, p_facilities=k)
    else:
        model = maker.from_cost_matrix(metres, p_facilities=k)
    solver = (
        pulp.HiGHS(msg=False, threads=1)
        if "HiGHS" in pulp.listSolvers(onlyAvailable=True)
        else pulp.PULP_CBC_CMD(msg=False)
    )
    model.solve(solver, results=False)
    return (
        float(pulp.value(model.problem.objective)),
        pulp.LpStatus[model.problem.status],
        type(solver).__name__,
    )


if __name__ == "__main__":
    with np.load(sys.argv[1]) as file:
        problem = dict(file)
    began = time.process_time()
    value, status, solver = solve(
        str(problem["kind"]),
        problem["metres"],
        problem["weights"],
        float(problem["radius"]),
        int(problem["k"]),
    )
    print(value, time.process_time() - began, status, solver)
