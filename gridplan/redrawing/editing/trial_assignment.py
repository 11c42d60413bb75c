"""The board that edits are tried on: who lives where, what is locked, and the figures of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Ints, Objects
from gridplan.division.centres import find_centres
from gridplan.division.problem import DivisionProblem
from gridplan.plan import Plan
from gridplan.planning.prepare import open_land
from gridplan.redrawing.editing.edit_commands import EditCommand
from gridplan.redrawing.editing.edit_script import parse_script
from gridplan.redrawing.revision.new_codes import find_used

FIGURES = ("households", "in_band", "mean_walk", "household_metres", "contiguous", "pieces")


@dataclass(frozen=True)
class MadeCommand:
    """A command carried out: as it can be made again, the households it moved, and what it did."""

    command: EditCommand
    moved: int
    effect: str


@dataclass(frozen=True)
class BoardState:
    """Where things stand between two commands.

    ``member`` is the sub-grid of each stairwell in the order of the table,
    ``lies_in`` the community of each sub-grid, ``centres`` those chosen by
    hand, ``used`` all codes that ever were, ``renamed`` the codes that
    sub-grids of the plan now bear, ``approvals`` the sub-grids that a post
    approved on a day, ``made`` the commands so far and ``warnings`` what a
    planner should know of them.
    """

    member: Objects
    lies_in: dict[str, str]
    locks: pd.DataFrame
    centres: dict[str, str]
    used: frozenset[str]
    renamed: dict[str, str] = field(default_factory=dict)
    approvals: tuple[tuple[str, str, str], ...] = ()
    made: tuple[MadeCommand, ...] = ()
    warnings: tuple[str, ...] = ()


class EditBoard:
    """A plan's stairwells as arrays, and the division problem of each community when asked for."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rules = plan.rules
        self._land = open_land(plan)
        doors = plan.stairwells
        self.stairwells = doors.index
        # A set of its own, as every command looks codes up.
        self.stairwell_codes = frozenset(doors.index)
        self.households = doors["households"].to_numpy(np.int64)
        self.community = doors["community"].to_numpy(object)
        self.building = doors["building"].to_numpy(object)
        self.rows = {
            str(b): rows for b, rows in doors.groupby("building", sort=True).indices.items()
        }
        self.lone = frozenset(plan.subgrids.index[plan.subgrids["kind"] != "residential"])
        self._problems: dict[str, tuple[DivisionProblem, Ints]] = {}

    def open(self) -> BoardState:
        """Return the state of the plan as it is."""
        homes = self.plan.subgrids[self.plan.subgrids["kind"] == "residential"]
        return BoardState(
            member=self.plan.stairwells["subgrid"].to_numpy(object),
            lies_in={str(code): str(c) for code, c in homes["community"].items()},
            locks=self.plan.locks,
            centres=recall_centres(self.plan),
            used=find_used(self.plan),
        )

    def get_problem(self, community: str) -> tuple[DivisionProblem, Ints]:
        """Return the division problem of a community, and the stairwells' rows of its atoms."""
        # Made when first asked for and kept: scripts touch few communities,
        # often.
        if community not in self._problems:
            homes = self.plan.stairwells[self.community == community]
            problem = self._land.take(homes).problems[community]
            self._problems[community] = (
                problem,
                self.stairwells.get_indexer(pd.Index(problem.ids)),
            )
        return self._problems[community]

    def take_subgrid(self, state: BoardState, code: str) -> tuple[DivisionProblem, Ints]:
        """Return the problem of one sub-grid's stairwells, and their rows."""
        problem, rows = self.get_problem(state.lies_in[code])
        members = np.flatnonzero(state.member[rows] == code)
        return problem.take(members), rows[members]

    def measure(self, state: BoardState, codes: Iterable[str]) -> pd.DataFrame:
        """Measure some sub-grids as they stand: the columns ``FIGURES``, by code.

        Those that are not there are left out.
        """
        frames = []
        by: dict[str, list[str]] = {}
        for code in sorted(set(codes) & set(state.lies_in)):
            by.setdefault(state.lies_in[code], []).append(code)
        for community, members in sorted(by.items()):
            # One problem for all sub-grids of a community, as most commands
            # touch two of one.
            problem, rows = self.get_problem(community)
            here = np.flatnonzero(np.isin(state.member[rows], members))
            if len(here):
                frames.append(
                    _measure_parts(problem.take(here), state.member[rows[here]], state.centres)
                )
        # Nobody knows who can be walked to, so nothing is said to fall apart.
        if frames and self.plan.neighbours.empty:
            frames = [frame.assign(contiguous=True, pieces=1) for frame in frames]
        return pd.concat(frames).sort_index() if frames else pd.DataFrame(columns=list(FIGURES))


def _measure_parts(
    problem: DivisionProblem, member: Objects, centres: dict[str, str]
) -> pd.DataFrame:
    codes, part = np.unique(member.astype(str), return_inverse=True)
    k = len(codes)
    best, sums = find_centres(problem, part, k)
    place = {name: n for n, name in enumerate(problem.ids)}
    for n, code in enumerate(codes):
        # A centre chosen by hand counts only while it lies in its sub-grid.
        chosen = place.get(centres.get(str(code), ""), -1)
        best[n] = chosen if chosen >= 0 and part[chosen] == n else best[n]
    mass = np.bincount(part, problem.weights, minlength=k).astype(np.int64)
    # A problem without neighbours has no pairs at all, rather than none of
    # them.
    pairs = np.zeros((0, 2), np.int64) if problem.pairs is None else problem.pairs
    pairs = pairs[part[pairs[:, 0]] == part[pairs[:, 1]]]
    graph = coo_array(
        (np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(len(part),) * 2
    )
    piece = connected_components(graph, directed=False)[1]
    # No piece reaches over two parts, so its first atom says whose it is.
    pieces = np.bincount(part[np.unique(piece, return_index=True)[1]], minlength=k)
    return pd.DataFrame(
        {
            "households": mass,
            "in_band": (mass >= problem.band.low) & (mass <= problem.band.high),
            # A sub-grid without households has no walks; one keeps the mean
            # defined.
            "mean_walk": sums[best] / np.maximum(mass, 1),
            "household_metres": sums[best],
            "contiguous": pieces == 1,
            "pieces": pieces.astype(np.int64),
        },
        index=pd.Index(codes, dtype="str", name="subgrid"),
    )


def recall_centres(plan: Plan) -> dict[str, str]:
    """Read from the log of edits the centres that were chosen by hand and still hold, by sub-grid.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> recall_centres(make_board_plan())
    {}
    """
    if plan.edits.empty:
        return {}
    chosen = follow_centres(plan.edits["command"])
    # A redraw since then may have chosen another.
    centres = plan.subgrids["centre"]
    return {code: centre for code, centre in chosen.items() if centres.get(code) == centre}


def follow_centres(lines: Iterable[str]) -> dict[str, str]:
    """Follow the centres that are chosen by hand through lines of a script, by sub-grid.

    Examples
    --------
    >>> follow_centres(["centre of 0301-001 at h02-1", "recode 0301-001 as 0301-009"])
    {'0301-009': 'h02-1'}
    """
    chosen: dict[str, str] = {}
    for batch in parse_script(list(lines))[0]:
        for command in batch.commands:
            if command.verb == "centre" and not command.others:
                chosen.pop(command.things[0], None)
            elif command.verb == "centre":
                chosen[command.things[0]] = command.others[0]
            elif command.verb == "recode" and command.things[0] in chosen:
                chosen[command.others[0]] = chosen.pop(command.things[0])
    return chosen
