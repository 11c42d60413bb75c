"""Several ways to repair or redraw one spot, worked out at once and without drawing outlines.

One search gives every place of a spot several divisions. From these the best,
the one with a fair price of moving, and the one with the fewest moves are put
together, for each number of households that may move.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridplan.division.local_repair import (
    IslandDivisions,
    RepairSettings,
    repair_division,
    trace_move_budgets,
)
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.plan import Plan
from gridplan.redrawing.budget_knapsack import choose_divisions
from gridplan.redrawing.change_budget import WITHIN
from gridplan.redrawing.former_homes import RedrawInputs, prepare_redraw
from gridplan.redrawing.redraw_islands import RedrawIsland, list_islands
from gridplan.redrawing.redraw_plan import assign_stairwells
from gridplan.redrawing.repair_plan import find_held
from gridplan.redrawing.triggers import list_triggers

# Largest shares of a community's households that may move.
STOPS = (0.01, 0.02, 0.05, 0.1, 0.2)
# What the price of a household that moves is multiplied by.
WAYS = {"fair": 1.0, "best": 0.0, "fewest": 20.0}

Places = list[tuple[RedrawIsland, IslandDivisions]]


@dataclass(frozen=True)
class OneWay:
    """One way to redraw a spot.

    ``share`` of the households may move, ``way`` is one of ``WAYS``, ``homes``
    the sub-grid of each stairwell that changes it, ``moved`` its households.
    """

    share: float
    way: str
    homes: Mapping[str, str]
    moved: int


def list_ways_to_redraw(
    plan: Plan,
    community: str,
    *,
    shares: Sequence[float] = STOPS,
    seed: int = 0,
    progress: Progress = keep_silent,
) -> list[OneWay]:
    """List ways to redraw one community, for several shares of its households that may move.

    Locks hold. Ways that change nothing, or what another does at the same
    share, are left out.

    Examples
    --------
    >>> from gridplan.rules.all_rules import Rules
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    >>> rules = Rules().replace(urban={"low": 50, "target": 60, "high": 70})
    >>> plan = plan.replace(manifest={**plan.manifest, "rules": rules.to_dict()})
    >>> ways = list_ways_to_redraw(plan, "0301", shares=(0.1, 0.2))
    >>> [(way.share, way.way, way.moved) for way in ways]
    [(0.1, 'fair', 10), (0.2, 'fair', 10), (0.2, 'best', 20)]
    """
    rules = plan.rules.replace(redraw={"scope": "all"})
    inputs = prepare_redraw(plan, None, rules, progress)
    islands = [
        island
        for island in list_islands(inputs, rules, list_triggers(inputs, rules))
        if island.community == community
    ]
    how = RepairSettings(rules.redraw.move, rules.redraw.reach, rules.division.effort, seed)
    traced = map_tasks(
        lambda i: trace_move_budgets(i.problem, i.homes, how, WITHIN, i.closed),
        islands,
        workers=1,
        stage="change",
        progress=progress,
    )
    # The last choice is drawn from nothing, and keeps no lock.
    places = [
        (island, IslandDivisions(divisions.atoms, divisions.choices[:-1]))
        for island, divisions in zip(islands, traced, strict=True)
    ]
    doors = plan.stairwells
    known = int(doors.loc[doors["community"] == community, "households"].sum())
    return [
        way
        for share in sorted(set(shares))
        for way in _put_together(inputs, places, rules.redraw.move, share, share * known)
    ]


def list_ways_to_repair(
    plan: Plan,
    around: Collection[str] | None = None,
    *,
    seed: int = 0,
    progress: Progress = keep_silent,
) -> list[OneWay]:
    """List ways to repair what is out of rule round some sub-grids, or everywhere.

    What edits moved by name, and what is locked, stays where it is. The first
    is what :func:`gridplan.repair` does.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> list_ways_to_repair(make_board_plan())
    []
    """
    rules = plan.rules
    inputs = prepare_redraw(plan, None, rules, progress)
    triggers = list_triggers(inputs, rules)
    if around is not None:
        triggers = triggers.assign(
            urgent=triggers["urgent"] & triggers["subgrid"].isin(list(around))
        )
    islands = list_islands(inputs, rules, triggers, find_held(plan))
    how = RepairSettings(rules.redraw.move, rules.redraw.reach, rules.division.effort, seed, True)
    divided = map_tasks(
        lambda i: repair_division(i.problem, i.homes, i.touched, i.closed, how),
        islands,
        workers=1,
        stage="redrawing",
        progress=progress,
    )
    places = [
        (island, place) for island, found in zip(islands, divided, strict=True) for place in found
    ]
    return _put_together(inputs, places, rules.redraw.move, 1.0, float(inputs.households))


def _put_together(
    inputs: RedrawInputs, places: Places, move: float, share: float, most: float
) -> list[OneWay]:
    """Put a division of every place together in each of the ways; the same one is made once."""
    ways: list[OneWay] = []
    households = inputs.stairwells["households"].to_numpy(np.int64)
    for way, factor in WAYS.items():
        chosen = choose_divisions([p.choices for _, p in places], move * factor, most)
        taken = [
            (island, place, place.choices[n])
            for (island, place), n in zip(places, chosen, strict=True)
        ]
        member, _ = assign_stairwells(inputs, taken)
        off = (member != inputs.was).to_numpy()
        homes = {str(k): str(v) for k, v in member[off].items()}
        if homes and all(homes != other.homes for other in ways):
            ways.append(OneWay(share, way, homes, int(households[off].sum())))
    return ways
