"""Policies: what is redrawn in a community from year to year, and which homes that moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridplan.arrays import Bools, Ints
from gridplan.division.divide import divide_atoms
from gridplan.division.local_repair import RepairSettings, repair_division
from gridplan.division.move_budgets import label_division
from gridplan.division.move_penalties import EarlierParts
from gridplan.division.problem import DivisionProblem
from gridplan.rules.all_rules import Rules
from gridplan.simulation.years.futures import Future
from gridplan.simulation.years.new_estates import find_nearest
from gridplan.simulation.years.starting_state import Start
from gridplan.tables.policies import name_policies, read_policies

POLICIES: tuple[str, ...] = name_policies()


@dataclass(frozen=True, eq=False)
class SettledIsland:
    """What an action sees of land that can be walked together.

    Parameters
    ----------
    problem, homes
        Its atoms, and the sub-grids that they are in; -1 for new homes.
    out, closed
        bool by sub-grid: those out of rule that nobody failed to repair
        before, and those that must stay as they are.
    community_out
        How many sub-grids of the whole community are out of rule, those
        included that somebody failed to repair.
    """

    problem: DivisionProblem
    homes: EarlierParts
    out: Bools
    closed: Bools
    community_out: int


# Atoms of an island and the division chosen for them, for each place changed;
# nothing where the island stays as it is.
Action = Callable[[SettledIsland, RepairSettings], list[tuple[Ints, Any]]]


def repair(island: SettledIsland, how: RepairSettings) -> list[tuple[Ints, Any]]:
    """Repair the sub-grids that are out of rule, and place new homes."""
    return _repair_some(island, island.out & ~island.closed, how)


def redraw(island: SettledIsland, how: RepairSettings) -> list[tuple[Ints, Any]]:
    """Improve all sub-grids, moves priced."""
    return _repair_some(island, ~island.closed, how)


def draw_from_scratch(island: SettledIsland, how: RepairSettings) -> list[tuple[Ints, Any]]:
    """Divide the island as if there were no sub-grids; codes go to the parts most like them."""
    atoms = np.arange(len(island.problem))
    # locks hold in the plan; from scratch means without them
    free = replace(island.homes, fixed=np.zeros(len(atoms), bool))
    part = divide_atoms(island.problem, how.effort, how.seed).part
    return [(atoms, label_division(island.problem, free, part))]


def _repair_some(
    island: SettledIsland, wanted: Bools, how: RepairSettings
) -> list[tuple[Ints, Any]]:
    """Repair the sub-grids wanted, where there are any or some homes have none."""
    if not wanted.any() and (island.homes.label >= 0).all():
        return []
    places = repair_division(island.problem, island.homes, wanted, island.closed, how)
    # the first choice is the best one of each place
    return [(place.atoms, place.choices[0]) for place in places]


# What each policy of the table does; one that never acts has no entry.
ACTIONS: dict[str, Action] = {
    "repair": repair,
    "redraw": redraw,
    "from_scratch": draw_from_scratch,
}


@dataclass(frozen=True)
class Policy:
    """What is done, after so many years each time (0: never), and how."""

    name: str
    every: int
    how: RepairSettings

    def acts(self, year: int) -> bool:
        """Whether it acts in a year."""
        return self.every > 0 and year > 0 and year % self.every == 0


def make_policy(name: str, rules: Rules, seed: int) -> Policy:
    """Make a policy by its name.

    Examples
    --------
    >>> policy = make_policy("redraw", Rules(), 0)
    >>> [year for year in range(11) if policy.acts(year)]
    [5, 10]
    """
    (row,) = (row for row in read_policies() if row.policy == name)
    every = int(getattr(rules.years, row.every)) if row.every else 0
    how = RepairSettings(rules.redraw.move, rules.redraw.reach, rules.years.effort, seed)
    return Policy(name, every, how)


@dataclass(frozen=True, eq=False)
class Course:
    """What became of a community under a policy.

    ``labels`` is int64[years + 1, n], the sub-grid of each atom at the end of
    each year, -1 where nobody lives; ``moved`` is int64[years + 1], households
    that the policy moved in each.
    """

    labels: Ints
    moved: Ints


@dataclass
class _Plan:
    """The division at the end of a year.

    ``label`` is the sub-grid of each atom, ``used`` how many labels were ever
    used, ``new`` atoms that no policy has placed yet, and ``settled`` the signs
    of sub-grids that are out of rule though somebody tried to repair them.
    """

    label: Ints
    used: int
    new: Bools
    settled: dict[int, tuple[int, int]]


def follow_policy(
    start: Start, future: Future, years: list[tuple[Ints, DivisionProblem]], policy: Policy
) -> Course:
    """Follow a policy through a future.

    New homes belong to the sub-grid that they reach first on foot until the
    policy acts, which then places them; they are not counted as moved, since
    no plan held them.

    Parameters
    ----------
    start, future
        The community in the plan, and what comes of it.
    years
        For each year from 0 the atoms that somebody lives in, and the problem
        of dividing them.
    policy
        What is done, and when.

    Examples
    --------
    Ten households come to the right half of a board whose sub-grids may have
    50 to 60; one house goes over to the left:

    >>> from gridplan.simulation.years.futures import Chance, sample_future
    >>> from gridplan.simulation.years.planned_changes import Estate, Given
    >>> from gridplan.simulation.years.starting_state import list_starts
    >>> from gridplan.synthetic import make_board_plan
    >>> rates = ("growth_urban", "spread", "spread_shared", "demolition_urban", "estates_urban")
    >>> still = dict.fromkeys(rates, 0.0)
    >>> rules = Rules().replace(years=still, urban={"low": 50, "target": 55, "high": 65})
    >>> plan = make_board_plan((1, 1, 1, 2, 2, 2, 1, 1, 2, 2, 2, 2), step=60.0)
    >>> start, = list_starts(plan, Given(), rules)
    >>> future = sample_future(start, rules.years, 1, Chance(0, 0, "0301"))
    >>> years = [future.take_year(year) for year in (0, 1)]
    >>> repair_policy = make_policy("repair", rules, 0)
    >>> follow_policy(start, future, years, repair_policy).moved.tolist()
    [0, 10]
    """
    n = len(future.problem)
    lived_in, problem = years[0]
    plan = _Plan(np.full(n, -1), len(start.codes), np.zeros(n, bool), {})
    plan.label[: len(start.label)] = start.label
    # an exception of the plan is not tried again until its homes change
    plan.settled = {
        p: sign
        for p, sign in _sign_parts(problem, start.label[lived_in]).items()
        if start.settled[p] and _is_out(problem, sign)
    }
    # a floor band is as fixed as the stairwell that it was cut from
    fixed = np.append(start.fixed, np.zeros(n - len(start.fixed), bool))
    for atom in np.flatnonzero(future.cut_from >= 0):
        fixed[atom] = fixed[future.cut_from[atom]]
    labels = [plan.label.copy()]
    moved = [0]
    for year, (atoms, problem) in enumerate(years[1:], 1):
        _label_floor_bands(plan, future, year)
        _settle_new(plan, atoms, problem)
        # taken after new homes joined, so that joining does not count as a move
        before = plan.label[atoms].copy()
        if policy.acts(year) and len(atoms):
            known = ~plan.new[atoms]
            _act(plan, start, atoms, problem, fixed, policy)
            moved.append(int(problem.weights[known & (plan.label[atoms] != before)].sum()))
            plan.new[atoms] = False
        else:
            moved.append(0)
        labels.append(plan.label.copy())
    return Course(np.array(labels), np.array(moved))


def _label_floor_bands(plan: _Plan, future: Future, year: int) -> None:
    """Let floor bands stay in the sub-grid of the stairwell that they were cut from."""
    fresh = np.flatnonzero((future.born == year) & (future.cut_from >= 0))
    origin = future.cut_from[fresh]
    plan.label[fresh] = plan.label[origin]
    plan.new[fresh] = plan.new[origin]


def _settle_new(plan: _Plan, atoms: Ints, problem: DivisionProblem) -> None:
    """Let homes that were empty or not there join the sub-grid that they reach first.

    Those of an island that reach none become a sub-grid together.
    """
    is_lived_in = np.zeros(len(plan.label), bool)
    is_lived_in[atoms] = True
    # a home that is empty is forgotten, and is new when somebody comes back
    plan.label[~is_lived_in] = -1
    label = plan.label[atoms]
    loose = label < 0
    if not loose.any():
        return
    nearest = find_nearest(problem, np.flatnonzero(~loose))
    label = np.where(loose & (nearest >= 0), label[nearest], label)
    for island in problem.find_islands() if (label < 0).any() else []:
        unreached = island[label[island] < 0]
        if len(unreached):
            label[unreached] = plan.used
            plan.used += 1
    plan.label[atoms] = label
    plan.new[atoms[loose]] = True


def _act(
    plan: _Plan, start: Start, atoms: Ints, problem: DivisionProblem, fixed: Bools, policy: Policy
) -> None:
    """Let a policy act on every island of a community."""
    # to the policy, homes that it has not placed yet are in no sub-grid
    home = np.where(plan.new[atoms], -1, plan.label[atoms])
    out_parts = {p: s for p, s in _sign_parts(problem, home).items() if _is_out(problem, s)}
    # where a repair failed, it is tried again only after homes have changed
    touched = [p for p, sign in out_parts.items() if plan.settled.get(p) != sign]
    label = plan.label[atoms].copy()
    is_untouched = np.zeros(len(label), bool)
    for island in problem.find_islands():
        codes = np.unique(home[island][home[island] >= 0])
        part = np.where(home[island] >= 0, np.searchsorted(codes, home[island]), -1)
        settled_island = SettledIsland(
            problem=problem.take(island),
            homes=EarlierParts(
                part, len(codes), fixed[atoms[island]] & (part >= 0), _pick(start.kept, codes)
            ),
            out=np.isin(codes, touched),
            closed=_pick(start.closed, codes),
            community_out=len(out_parts),
        )
        changes = ACTIONS[policy.name](settled_island, policy.how)
        is_untouched[island] = not changes
        for changed, choice in changes:
            label[island[changed]] = _carry(plan, codes, choice.carries)[choice.part]
    plan.label[atoms] = label
    # nobody has tried to repair what the policy left alone: it may act there next time
    left_alone = set(label[is_untouched].tolist()) - set(label[~is_untouched].tolist())
    plan.settled = {
        p: sign
        for p, sign in _sign_parts(problem, label).items()
        if _is_out(problem, sign) and (p not in left_alone or plan.settled.get(p) == sign)
    }


def _pick(of: Bools, codes: Ints) -> Bools:
    """Pick what is said of the plan's own sub-grids; nothing is said of those drawn later."""
    # labels from len(of) on are later ones, which all read the False at the end
    return np.append(of, False)[np.minimum(codes, len(of))]


def _carry(plan: _Plan, codes: Ints, carries: Ints) -> Ints:
    """Give each part the label that it carries on, or one never used before."""
    # the nth part that carries on nothing gets the nth unused label
    fresh = np.cumsum(carries < 0) - 1 + plan.used
    plan.used += int((carries < 0).sum())
    # where there are no codes at all, the index -1 must still find something
    return np.where(carries >= 0, np.append(codes, -1)[carries], fresh)


def _sign_parts(problem: DivisionProblem, label: Ints) -> dict[int, tuple[int, int]]:
    """Sign each part with its households and atoms, so that it is seen whether it changed."""
    known = label >= 0
    mass = np.bincount(label[known], problem.weights[known])
    size = np.bincount(label[known])
    return {int(p): (int(mass[p]), int(size[p])) for p in np.flatnonzero(size)}


def _is_out(problem: DivisionProblem, sign: tuple[int, int]) -> bool:
    return not problem.band.low <= sign[0] <= problem.band.high
