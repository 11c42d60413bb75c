"""Best sites: at most k at the least price, by greedy, swaps, dual, fixing and branch and bound.

At the dual prices every site has a worth. Where taking (or leaving) a site
would bring the bound above the best price known, no better choice takes
(leaves) it; the problem shrinks, and often closes. Work is counted in entries,
rounds and nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridplan.arrays import Ints
from gridplan.coverage.siting.dual_bound import ROUNDS, DualSolution, bound_costs
from gridplan.coverage.siting.greedy import add_greedily, swap_sites
from gridplan.coverage.siting.integer_program import solve_costs
from gridplan.coverage.siting.site_costs import SitingCosts, price_sites, reduce_costs

WORK = 1_000_000_000  # steps of the kernels that disturbances may take
DISTURBANCES = 3_000  # and at most so many
SMALL = 2_000  # entries up to which branch and bound is quicker than a dual followed to its end
SHORT_ROUNDS = 100  # rounds of the dual for these
ENTRIES = 30_000  # entries of a problem that is handed to branch and bound
SHRUNK = 0.9  # share of the entries left at which it pays to begin again with those
TINY = 1e-9


@dataclass(frozen=True, eq=False)
class SiteChoice:
    """Sites chosen (numbers in the problem, sorted), their price, its bound, and the first dual."""

    sites: Ints
    price: float
    bound: float
    dual: DualSolution | None = None


def choose_sites(
    costs: SitingCosts,
    k: int,
    *,
    dear: float = np.inf,
    best: float = np.inf,
    any_below: bool = False,
    haste: int = 0,
) -> SiteChoice:
    """Choose at most k sites at the least price.

    Parameters
    ----------
    costs
        Places and sites.
    k
        Sites at most.
    dear
        What a household costs that must not be left out.
    best
        Only choices below this price matter. A bound of that price proves that
        there is none.
    any_below
        Whether any choice below ``best`` will do.
    haste
        How often the problem has been shrunk already; each time fewer
        disturbances are tried.
    """
    chosen = swap_sites(costs, add_greedily(costs, k)[0])
    price = price_sites(costs, chosen)
    if k == 0 or k >= len(costs.sites):
        return SiteChoice(costs.sites[chosen], price, price)
    if any_below and price < best:
        return SiteChoice(costs.sites[chosen], price, costs.base)
    is_small = len(costs.rows) <= SMALL
    enough = min(price, best)
    enough = float(np.ceil(enough)) - 0.99 if costs.whole else enough  # the rest is rounded up
    dual = bound_costs(costs, k, chosen, SHORT_ROUNDS if is_small else ROUNDS, enough)
    chosen = dual.chosen
    price = dual.price
    lower = round_up(costs, dual.value)
    # Disturbances cost most, so they come only where the bound leaves a gap.
    if not _is_closed(min(price, best), lower):
        chosen = improve_sites(costs, chosen, haste)
        price = price_sites(costs, chosen)
    limit = min(price, best)
    bound = max(costs.base, min(limit, lower))
    choice = SiteChoice(costs.sites[chosen], price, bound, dual)
    if _is_closed(limit, bound) or (any_below and price < best):
        return choice
    below = float(np.ceil(limit)) - 1.0 if costs.whole else limit  # the next price there can be
    # By their reduced costs, many sites are surely in or out.
    opened, kept = fix_sites(dual, k, below)
    core = reduce_costs(cut_beyond(costs, dual, below), opened, kept)
    k_core = k - len(opened)
    # Hardly smaller: branch and bound if it is small enough, else this is the answer.
    if k_core in range(1, len(core.sites)) and (
        is_small or len(core.rows) > SHRUNK * len(costs.rows)
    ):
        if len(core.rows) > ENTRIES:
            return choice
        chosen_core, proven = solve_costs(core, k_core, limit, dear)
        proven = round_up(core, proven)
        core_choice, core_price = (
            (kept, np.inf)
            if chosen_core is None
            else (core.sites[chosen_core], price_sites(core, chosen_core))
        )
    else:
        # Much smaller: begin again with what is left.
        inner = choose_sites(
            core, k_core, dear=dear, best=limit, any_below=any_below, haste=haste + 1
        )
        core_choice = inner.sites
        core_price = inner.price
        proven = inner.bound
    if core_price < price:
        choice = SiteChoice(np.union1d(costs.sites[opened], core_choice), core_price, bound, dual)
    return replace(choice, bound=max(bound, min(proven, limit, choice.price)))


def _is_closed(limit: float, bound: float) -> bool:
    return limit - bound <= TINY * max(abs(limit), 1e-300)


def improve_sites(costs: SitingCosts, chosen: Ints, haste: int = 0) -> Ints:
    """Improve a choice by swaps and disturbances, as many as the work allows."""
    n = len(costs.weights)
    m = len(costs.sites)
    entries = len(costs.rows)
    once = 4 * n + 25 * (entries / max(1, n)) * (entries / max(1, m))
    return swap_sites(
        costs, chosen, int(min(DISTURBANCES, 20 * m, WORK / max(1.0, once)) / 4**haste)
    )


def round_up(costs: SitingCosts, bound: float) -> float:
    """Round a bound up where every price is a whole number."""
    return float(np.ceil(bound - 1e-6 * max(1.0, abs(bound) * 1e-3))) if costs.whole else bound


def fix_sites(dual: DualSolution, k: int, limit: float) -> tuple[Ints, Ints]:
    """Fix sites by worth: those that every choice up to the limit opens, those left to choose."""
    order = np.argsort(-dual.worth, kind="stable")
    last = dual.worth[order[k - 1]]
    next_one = dual.worth[order[k]]
    is_taken = np.zeros(len(order), bool)
    is_taken[order[:k]] = True
    slack = limit - dual.value + TINY * abs(limit)
    # Swapping it for the next best would bring the bound above the limit.
    opened = is_taken & (dual.worth - next_one > slack)
    # And so would swapping the last of the best for it.
    out = ~is_taken & (last - dual.worth > slack)
    return np.flatnonzero(opened), np.flatnonzero(~opened & ~out)


def cut_beyond(costs: SitingCosts, dual: DualSolution, limit: float) -> SitingCosts:
    """Cut what each place can have to pay in a choice up to the limit, and so its far sites.

    A place that goes farther than its price costs the difference on top of the
    bound (as a reduced cost says).
    """
    most = dual.prices + (max(0.0, limit - dual.value) + TINY * abs(limit)) / np.maximum(
        costs.weights, 1e-300
    )
    most = np.ceil(most) if costs.whole else most
    farthest = np.zeros(len(most))
    np.maximum.at(farthest, costs.rows, costs.ways)
    return replace(
        costs, beyond=np.where(farthest >= most, np.minimum(costs.beyond, most), costs.beyond)
    )
