"""The islands of a redraw: homes that can be walked between, each a division problem of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Objects
from gridplan.division.move_penalties import EarlierParts
from gridplan.division.problem import DivisionProblem
from gridplan.redrawing.former_homes import RedrawInputs
from gridplan.redrawing.revision.locks import FrozenHomes, find_frozen
from gridplan.rules.all_rules import Rules


@dataclass(frozen=True)
class RedrawIsland:
    """Homes of one community that can be walked between, with their problem and former sub-grids.

    ``codes`` are the sub-grids' codes by label; ``touched`` and ``closed`` say
    which are to be repaired and which may not be changed.
    """

    community: str
    problem: DivisionProblem
    homes: EarlierParts
    codes: tuple[str, ...]
    touched: Bools
    closed: Bools


def list_islands(
    inputs: RedrawInputs, rules: Rules, triggers: pd.DataFrame, held: Collection[str] = ()
) -> list[RedrawIsland]:
    """List the islands with something to repair; all of them where the rules' scope is all."""
    # Only what is urgent changes the plan; the other triggers are worth knowing.
    urgent = triggers[triggers["urgent"]]
    every = rules.redraw.scope == "all"
    concerned = set(inputs.stairwells["community"]) if every else set(urgent["community"])
    # What an old sub-grid is out of rule for may lie in another community by now.
    concerned |= set(
        inputs.stairwells.loc[inputs.home.isin(set(urgent["subgrid"]) - {""}), "community"]
    )
    # Locks name buildings of the plan before, which new ones may continue
    # under another code.
    frozen = find_frozen(inputs.plan, inputs.stairwells, inputs.home, inputs.building)
    # Locked homes, and those that were moved by hand, stay where they are.
    fixed = pd.Series(
        frozen.stairwells | inputs.stairwells.index.isin(list(held)), index=inputs.stairwells.index
    )
    touched = set(urgent["subgrid"]) - {""}
    islands = []
    for community, problem in inputs.land.get_problems(concerned).items():
        # Nobody moves between islands, so each is a problem of its own, and a
        # small one.
        for atoms in problem.find_islands():
            part = problem.take(atoms)
            ids = list(part.ids)
            home = inputs.home.reindex(ids).to_numpy(object)
            firm = fixed.reindex(ids).to_numpy(bool)
            island = _make_island(community, part, home, firm, frozen, touched, every)
            # An island is redrawn if a sub-grid in it is out of rule or a home
            # has none.
            if island.touched.any() or (island.homes.label < 0).any():
                islands.append(island)
    return islands


def _make_island(
    community: str,
    problem: DivisionProblem,
    home: Objects,
    fixed: Bools,
    frozen: FrozenHomes,
    touched: set[str],
    every: bool,
) -> RedrawIsland:
    codes = tuple(sorted(set(home) - {""}))
    # Homes without a sub-grid to stay in are labelled -1.
    place = {code: n for n, code in enumerate(codes)} | {"": -1}
    label = np.array([place[h] for h in home], np.int64)
    closed = np.array([code in frozen.closed for code in codes], bool)
    kept = np.array([code in frozen.kept for code in codes], bool)
    # A closed sub-grid may be out of rule; nothing may be done about it.
    wanted = np.array([every or code in touched for code in codes], bool) & ~closed
    return RedrawIsland(
        community,
        problem,
        # A home that is in no sub-grid has nothing to be held to.
        EarlierParts(label, len(codes), fixed & (label >= 0), kept),
        codes,
        wanted,
        closed,
    )
