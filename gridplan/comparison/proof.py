"""Proving: how far a plan is from the best, by a bound that no division can beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.division.lower_bound import find_bound
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import total_price
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.plan import Plan
from gridplan.planning.measures import check_communities
from gridplan.planning.prepare import open_land


def prove(
    plan: Plan,
    communities: Sequence[str] | None = None,
    *,
    steps: int = 200,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> pd.DataFrame:
    """Prove for each community how much cheaper than the plan any other could be at most.

    The price is in household-metres: households times metres to their centres,
    and what every broken wish costs (the section ``prices`` of the rules). No
    division of the same land into as many sub-grids within the band is cheaper
    than the bound. Land between hard barriers where a sub-grid is out of band
    is left out of both, since the bound does not speak of it; ``left_out``
    counts its sub-grids.

    Parameters
    ----------
    plan
        Any plan, by whomever it was drawn; its own rules say the band and the
        prices.
    communities
        Codes; all communities if not given.
    steps
        Steps that raise the bound; more never lower it.
    workers, progress
        As :func:`gridplan.divide` takes them.

    Returns
    -------
    pandas.DataFrame
        By community: subgrids, left_out, price and bound (household-metres)
        and gap (share of the bound; 0 is proven best).

    Raises
    ------
    InputError
        If a community is not in the plan.

    Examples
    --------
    >>> from gridplan.planning.site_to_plan import divide
    >>> from gridplan.synthetic.town import make_town
    >>> from gridplan.reading.site_tables import make_site
    >>> town = make_town(1, urban_share=0.0, households=100, seed=3)
    >>> table = prove(divide(make_site(town), seed=1), steps=10)
    >>> bool((table["gap"] >= 0).all()), bool((table["gap"] < 0.2).all())
    (True, True)
    """
    problems = open_land(plan).problems
    codes = list(problems) if communities is None else list(communities)
    check_communities(codes, list(problems))
    belongs = plan.stairwells["subgrid"]
    tasks = [(problems[code], _number(belongs.reindex(list(problems[code].ids)))) for code in codes]
    rows = map_tasks(
        lambda t: _prove(*t, steps), tasks, workers=workers, stage="proving", progress=progress
    )
    table = pd.DataFrame(rows, index=pd.Index(codes, name="community", dtype="str"))
    # A bound of 0 proves nothing, and a gap below 0 would be rounding.
    gap = (table["price"] / table["bound"] - 1.0).clip(lower=0.0)
    return table.assign(gap=gap.where(table["bound"] > 0.0))


def _number(codes: pd.Series[Any]) -> Ints:
    """Give the sub-grids of some stairwells numbers from 0."""
    return np.asarray(np.unique(codes.to_numpy(object), return_inverse=True)[1], np.int64)


def _prove(problem: DivisionProblem, part: Ints, steps: int) -> dict[str, float]:
    """Add up price and bound over the islands whose parts are all in band."""
    mass = np.bincount(part, problem.weights)
    out = (mass < problem.band.low) | (mass > problem.band.high)
    price = 0.0
    bound = 0.0
    left_out = 0
    for island in problem.find_islands():
        parts = np.unique(part[island])
        is_whole = np.isin(np.flatnonzero(np.isin(part, parts)), island).all()
        # The bound holds for plans within the band, and for whole islands.
        if out[parts].any() or not is_whole:
            left_out += len(parts)
            continue
        piece = problem.take(island)
        # Parts are sorted, so that the place of each is its number on the island.
        inside = np.searchsorted(parts, part[island])
        cost = total_price(piece.to_data(), inside.astype(np.int32), len(parts))
        price += cost
        # A bound above the price would be rounding.
        bound += max(0.0, min(cost, find_bound(piece, inside, cost, steps).value))
    return {"subgrids": int(part.max()) + 1, "left_out": left_out, "price": price, "bound": bound}
