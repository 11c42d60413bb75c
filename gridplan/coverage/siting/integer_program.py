"""Integer programme by radius: a switch for every way that a place may have to go beyond.

A place pays its shortest way, and each further step unless a chosen site is
that near (Garcia, Labbe and Marin, 2011). With one way for all it is the
covering problem itself. HiGHS branches on the sites alone.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array

from gridplan.arrays import Ints
from gridplan.coverage.siting.site_costs import SitingCosts, price_sites
from gridplan.engine.highs import open_programme

NODES = 2_000


def solve_costs(
    costs: SitingCosts, k: int, best: float, dear: float, nodes: int = NODES
) -> tuple[Ints | None, float]:
    """Choose at most k sites at the least price, if that is below ``best``.

    What costs ``dear`` or more for a household is ruled out. Returns the
    sites, None where none cheaper were found, and a bound on the price
    (``best`` where it is proven that none is cheaper).
    """
    starts, near, far = costs.by_place
    m = len(costs.sites)
    n = len(costs.weights)
    place = np.repeat(np.arange(n), np.diff(starts))
    # Equal ways of a place share one switch.
    is_new = np.ones(len(far), bool)  # entries with which a new radius of a place begins
    is_new[1:] = (np.diff(far) > 0) | (np.diff(place) > 0)
    level = np.cumsum(is_new) - 1
    owner = place[is_new]
    way = far[is_new]
    is_last = np.append(np.diff(owner) > 0, True)
    is_first = np.append(True, np.diff(owner) > 0)
    further = np.where(is_last, costs.beyond[owner], np.append(way[1:], 0.0))
    # What going beyond this radius to the next costs.
    step = costs.weights[owner] * (further - way)
    upper = np.where(further >= dear, 0.0, 1.0)
    step[upper == 0] = 0.0
    levels = len(way)
    # A switch is on only if the one before it is.
    inner = np.flatnonzero(~is_first)
    rows = np.concatenate([level, np.arange(levels), inner, np.full(m, levels)])
    columns = np.concatenate([near, m + np.arange(levels), m + inner - 1, np.arange(m)])
    values = np.concatenate([np.ones(len(level) + levels), -np.ones(len(inner)), np.ones(m)])
    matrix = csc_array((values, (rows, columns)), shape=(levels + 1, m + levels))
    paid = costs.base + float((costs.weights[owner] * way)[is_first].sum())
    low = np.append(np.where(is_first, 1.0, 0.0), 0.0)
    high = np.append(np.full(levels, highspy.kHighsInf), float(k))
    whole = np.append(np.ones(m, bool), np.zeros(levels, bool))
    model = open_programme(
        np.append(np.zeros(m), step), np.append(np.ones(m), upper), whole, matrix, low, high
    )
    model.setOptionValue("mip_max_nodes", nodes)
    model.setOptionValue("mip_rel_gap", 0.0)
    # Whole prices: a gap below 1 proves the optimum.
    model.setOptionValue("mip_abs_gap", 0.99 if costs.whole else 1e-9 * max(best, 1e-300))
    if best < dear:
        model.setOptionValue("objective_bound", float(best - paid))
    model.run()
    return _read_choice(model, costs, best, paid)


def _read_choice(
    model: Any, costs: SitingCosts, best: float, paid: float
) -> tuple[Ints | None, float]:
    """Read the sites chosen and the bound off a model that has run."""
    info = model.getInfo()
    ended = model.getModelStatus() in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kObjectiveBound,
    )
    bound = best if ended else min(best, paid + float(info.mip_dual_bound))
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None, bound
    sites = np.flatnonzero(np.array(model.getSolution().col_value)[: len(costs.sites)] > 0.5)
    return (sites, bound) if price_sites(costs, sites) < best else (None, bound)
