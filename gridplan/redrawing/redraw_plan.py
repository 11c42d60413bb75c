"""Redraw: the next plan, with as few households as can be in another sub-grid than before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.division.divide import explain_parts
from gridplan.division.local_repair import IslandDivisions, RepairSettings, repair_division
from gridplan.division.move_budgets import BudgetedDivision
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.redrawing.budget_knapsack import choose_divisions
from gridplan.redrawing.former_homes import RedrawInputs, prepare_redraw
from gridplan.redrawing.redraw_islands import RedrawIsland, list_islands
from gridplan.redrawing.revision.concordance import make_concordance
from gridplan.redrawing.revision.household_matching import follow_households
from gridplan.redrawing.revision.lock_contradictions import find_contradictions
from gridplan.redrawing.revision.new_codes import find_used, number_next
from gridplan.redrawing.revision.plan_history import note_version
from gridplan.redrawing.revision.renewal import renew_plan
from gridplan.redrawing.triggers import list_triggers
from gridplan.rules.all_rules import Rules
from gridplan.tables.codes import number_places
from gridplan.tables.conform import make_empty
from gridplan.tables.ledger import Entry

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.site import Site


def redraw(
    plan: Plan,
    site: Site | None = None,
    rules: Rules | None = None,
    *,
    seed: int | None = None,
    date: str = "",
    by: str = "",
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Plan:
    """Draw the next plan, moving as few households as possible.

    What is out of rule is repaired; every other household stays where it is.

    Sub-grids that go on keep their codes; new ones get numbers never used
    before. Every household that changes its sub-grid costs ``redraw.move``
    household-metres, and no more than ``redraw.most_moved`` of them may,
    unless the new land leaves no other way, which ledger and history then say.
    Locks hold.

    Parameters
    ----------
    plan
        The plan before: ours, edited, or imported.
    site
        The land as it is now; the plan's own if not given, to repair what is out
        of rule on it.
    rules
        Those of the plan if not given; the section ``redraw`` says how much
        moves are worth what.
    seed
        Any whole number; that of the plan if not given. The same plan, site,
        rules and seed give the same plan.
    date, by
        The day and the office, for the history; nothing reads a clock.
    workers, progress
        As :func:`gridplan.divide` takes them.

    Returns
    -------
    The plan itself where nothing is to be done. Else a plan with the tables
    ``triggers`` (what was the matter) and ``concordance`` (which households
    came from where). What depends on the old sub-grids, such as posts and Party
    branches, is left out: run its verbs again.

    Raises
    ------
    InputError
        If nobody lives on the site, or none of the plan's homes is on it.

    Examples
    --------
    Twelve houses of ten households, eight of them in one sub-grid; one goes
    over, so that both are within 50 to 70:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    >>> after = redraw(plan, rules=Rules().replace(urban={"low": 50, "target": 60, "high": 70}))
    >>> after.subgrids["households"].to_dict(), after.manifest["history"][-1]["households_moved"]
    ({'0301-001': 70, '0301-002': 50}, 10)
    """
    rules = rules or plan.rules
    inputs = prepare_redraw(plan, site, rules, progress)
    order = RedrawRequest(
        "redraw", plan.manifest.get("seed", 0) if seed is None else seed, date, by
    )
    return draw_next(
        inputs, rules, list_triggers(inputs, rules), order, workers=workers, progress=progress
    )


def find_triggers(
    plan: Plan,
    site: Site | None = None,
    rules: Rules | None = None,
    *,
    progress: Progress = keep_silent,
) -> pd.DataFrame:
    """Find what of a plan is out of rule, or soon will be, on the land as it is now.

    Nothing is drawn.

    Parameters
    ----------
    plan, site, rules, progress
        As :func:`redraw` takes them.

    Returns
    -------
    The table ``triggers``: community, subgrid, rule, of (building or
    sub-grid), households, urgent and reason.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> triggers = find_triggers(make_board_plan((1, 1, 1, 1, 2, 2) * 2))
    >>> triggers["rule"].tolist()
    ['over', 'under']
    >>> triggers["reason"].tolist()
    ['80 households, more than 70; as before', '40 households, fewer than 50; as before']
    """
    rules = rules or plan.rules
    return list_triggers(prepare_redraw(plan, site, rules, progress), rules)


@dataclass(frozen=True)
class RedrawRequest:
    """Who asked for the next plan: the verb, the seed, the day and the office."""

    verb: str
    seed: int
    date: str = ""
    by: str = ""


def draw_next(
    inputs: RedrawInputs,
    rules: Rules,
    triggers: pd.DataFrame,
    order: RedrawRequest,
    *,
    held: Collection[str] = (),
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Plan:
    """Draw the next plan, repairing what the triggers call urgent.

    Stairwells that are ``held`` stay where they are.
    """
    islands = list_islands(inputs, rules, triggers, held)
    # With a cap every place needs several choices, to share out the moves;
    # else its best is enough.
    capped = rules.redraw.most_moved < 1.0
    how = RepairSettings(
        rules.redraw.move, rules.redraw.reach, rules.division.effort, int(order.seed), capped
    )
    divisions = map_tasks(
        lambda island: repair_division(
            island.problem, island.homes, island.touched, island.closed, how
        ),
        islands,
        workers=workers,
        stage="redrawing",
        progress=progress,
    )
    # A place is a part of an island that can be redrawn without touching the
    # rest of it.
    places = [
        (island, place)
        for island, islands_divided in zip(islands, divisions, strict=True)
        for place in islands_divided
    ]
    # Those that new limits parted have to move, and count against the cap.
    most = rules.redraw.most_moved * inputs.households - count_parted(inputs)
    chosen = (
        choose_divisions([place.choices for _, place in places], rules.redraw.move, most)
        if capped
        else [0] * len(places)
    )
    taken = [
        (island, place, place.choices[n]) for (island, place), n in zip(places, chosen, strict=True)
    ]
    member, exceptions = assign_stairwells(inputs, taken)
    return finish_plan(inputs, rules, member, exceptions, triggers, order, progress)


def count_parted(inputs: RedrawInputs) -> int:
    """Count the households that must move, cut off by a new limit or barrier."""
    return int(inputs.stairwells.loc[(inputs.was != "") & (inputs.home == ""), "households"].sum())


def explain_cap(inputs: RedrawInputs, rules: Rules, moved: int) -> str:
    """Say in plain words that the cap is not kept, by how much and why; nothing where it is kept.

    It is passed only where even the fewest moves that were found are more, and
    then no others are made.
    """
    # The small addition keeps a whole number that a product of floats missed by a hair.
    cap = int(rules.redraw.most_moved * inputs.households + 1e-6)
    if rules.redraw.most_moved >= 1.0 or moved <= cap:
        return ""
    parted = count_parted(inputs)
    why = "since new limits or barriers parted them from their sub-grid"
    if not parted:
        why = "since what is left of their sub-grids cannot go on as it is"
    elif parted < moved:
        why = f"{parted:,} of them {why}"
    must = f"{moved:,} must move" if parted == moved else f"the fewest moves found are {moved:,}"
    return f"the cap of {cap:,} households is not kept: {must}, {why}"


def assign_stairwells(
    inputs: RedrawInputs, taken: Sequence[tuple[RedrawIsland, IslandDivisions, BudgetedDivision]]
) -> tuple[pd.Series[str], list[dict[str, Any]]]:
    """Assign every stairwell to its sub-grid, and explain what is out of band.

    Where no choice was taken that is its former sub-grid.
    """
    member = inputs.home.to_numpy(object).copy()
    place_of = {s: n for n, s in enumerate(inputs.stairwells.index)}
    fresh: dict[str, list[tuple[Ints, Floats, Ints]]] = {}
    explained: list[tuple[str, Ints, list[Any]]] = []
    for island, place, choice in taken:
        # Islands are problems of their own, whose atoms are looked up by code.
        rows = np.array([place_of[island.problem.ids[a]] for a in place.atoms])
        problem = island.problem.take(place.atoms)
        for p, carried in enumerate(choice.carries):
            members = choice.part == p
            # A part that carries an earlier sub-grid on keeps its code; others
            # are coded below.
            if carried >= 0:
                member[rows[members]] = island.codes[carried]
            else:
                fresh.setdefault(island.community, []).append(
                    (rows[members], problem.xy[members], problem.weights[members])
                )
        # Only arithmetic over a whole island proves that no plan could keep the band.
        whole = len(place.atoms) == len(island.problem)
        explained.append(
            (
                island.community,
                rows,
                [
                    (choice.part, s)
                    for s in explain_parts(problem, choice.part, 0, whole, False, False)
                ],
            )
        )
    # All new parts of a community are coded at once, so that numbers follow the map.
    for community, parts in sorted(fresh.items()):
        for code, (rows, _, _) in zip(_code_fresh(inputs, community, parts), parts, strict=True):
            member[rows] = code
    exceptions = [
        {
            "community": community,
            # Any stairwell of the part names its code, which new parts have
            # only now.
            "subgrid": member[rows[np.flatnonzero(part == s.part)[0]]],
            "rule": s.rule,
            "proven": s.proven,
            "explanation": s.explanation,
            "remedy": s.remedy,
        }
        for community, rows, shortfalls in explained
        for part, s in shortfalls
    ]
    return pd.Series(member, index=inputs.stairwells.index, dtype="str"), exceptions


def _code_fresh(
    inputs: RedrawInputs, community: str, parts: list[tuple[Ints, Floats, Ints]]
) -> list[str]:
    """Code new sub-grids: numbers that the community never used, row by row from north to south."""
    # The weights are never zero, so that a part without households has a middle too.
    x = np.array([np.average(xy[:, 0], weights=w + 1e-9) for _, xy, w in parts])
    y = np.array([np.average(xy[:, 1], weights=w + 1e-9) for _, xy, w in parts])
    box = np.array([x.min(), y.min(), x.max(), y.max()])
    codes = number_next(community, find_used(inputs.plan), len(parts))
    return [codes[int(place) - 1] for place in number_places("", x, y, box)]


def finish_plan(
    inputs: RedrawInputs,
    rules: Rules,
    member: pd.Series[str],
    exceptions: list[dict[str, Any]],
    triggers: pd.DataFrame,
    order: RedrawRequest,
    progress: Progress,
) -> Plan:
    """Make the plan of an assignment, with its triggers, concordance and entry in the history."""
    # Nobody moves and the land is the same: the plan itself is the next plan.
    if not inputs.renewed and (member == inputs.was).all():
        return inputs.plan
    exceptions = exceptions + _list_contradictions(inputs, member)
    plan = renew_plan(
        inputs.plan, member, land=inputs.land, exceptions=exceptions, progress=progress
    )
    # New homes have no former sub-grid, so going into one is no move.
    known = inputs.was != ""
    moved = int(inputs.stairwells.loc[known & (inputs.was != member), "households"].sum())
    over = explain_cap(inputs, rules, moved)
    entries = [
        Entry(order.verb, "stairwells", "noted", moved, "households that changed their sub-grid"),
        *([Entry(order.verb, "stairwells", "noted", moved, over)] if over else []),
    ]
    plan = plan.replace(
        triggers=triggers,
        concordance=make_concordance(
            follow_households(inputs.plan, plan, rules.redraw, inputs.match)
        ),
        # Their log makes the plan before again, not this one.
        edits=make_empty("edits"),
    ).note(entries)
    what = (
        f"{int(triggers['urgent'].sum())} out of rule, "
        f"{moved} of {inputs.households} households moved"
    )
    what += f"; {over}" if over else ""
    return note_version(
        inputs.plan, plan, order.verb, date=order.date, by=order.by, what=what, moved=moved
    )


def _list_contradictions(inputs: RedrawInputs, member: pd.Series[str]) -> list[dict[str, Any]]:
    """List as exceptions the locks that cannot all hold, or hold the plan out of rule."""
    if inputs.plan.locks.empty:
        return []
    contradictions = find_contradictions(
        inputs.plan, inputs.stairwells, inputs.neighbours, inputs.home
    )
    there = set(member)
    return [
        {
            "community": c.community,
            # A contradiction may be about a building, or a sub-grid that has
            # ended.
            "subgrid": c.of if c.of in there else "",
            "rule": "locks",
            "proven": True,
            "explanation": f"locked ({', '.join(c.locks)}): {c.why}" if c.locks else c.why,
            "remedy": c.remedy,
        }
        for c in contradictions
    ]
