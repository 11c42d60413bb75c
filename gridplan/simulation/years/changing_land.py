"""The land of a community while its future is sampled: new doors, divided stairwells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridplan.arrays import Bools, Floats, Ints
from gridplan.division.problem import DivisionProblem
from gridplan.simulation.years.new_estates import find_nearest, link_doors
from gridplan.simulation.years.population import settle_people
from gridplan.simulation.years.starting_state import Start


@dataclass
class ChangingLand:
    """The land as it is while its future is sampled."""

    problem: DivisionProblem
    born: Ints
    cut_from: Ints
    building: Ints
    floors: Floats
    names: list[str]
    stands: Bools
    size: Floats  # float64[n], households before they are rounded
    unit: Floats  # float64[n], where each is rounded up from
    people: Ints | None
    branch: Ints | None

    def count(self) -> Ints:
        """Count the households of each atom, rounded so that on average none is lost."""
        return np.where(self.stands[self.building], np.floor(self.size + self.unit), 0.0).astype(
            np.int64
        )


def add_doors(
    land: ChangingLand,
    start: Start,
    code: str,
    year: int,
    households: int,
    most: int,
    spots: Floats,
    rng: np.random.Generator,
) -> None:
    """Add the doors of an estate; where places are too few, several stand on one another."""
    problem = land.problem
    n = len(land.problem)
    m = len(spots)
    count = max(1, -(-households // most))
    spot = np.arange(count) % m
    # households are dealt out as evenly as whole numbers allow
    weight = np.full(count, households // count) + (np.arange(count) < households % count)
    # new doors are linked with doors of today; what was demolished or stands
    # empty is passed over
    old = np.flatnonzero(land.count() > 0)
    grown = _append(
        problem,
        [f"{code}.{i:05d}" for i in range(count)],
        _link_estate(problem, start, old, spots, count),
        spots[spot],
        problem.stack.max() + 1 + spot,
    )
    nearest = find_nearest(grown, old)[n:]
    grown.groups[n:] = _group_doors(problem, nearest, spot)
    land.problem = grown
    land.born = np.append(land.born, np.full(count, year))
    land.cut_from = np.append(land.cut_from, np.full(count, -1))
    land.building = np.append(land.building, len(land.stands) + spot)
    # a place has six floors for each of the doors that are one above the other
    land.floors = np.append(land.floors, np.full(m, 6.0 * -(-count // m)))
    land.names += [f"{code}.{i}" for i in range(1, m + 1)]
    land.stands = np.append(land.stands, np.ones(m, bool))
    land.size = np.append(land.size, weight.astype(float))
    land.unit = np.append(land.unit, rng.random(count))
    if land.people is not None and land.branch is not None and start.people is not None:
        # members who move in belong to the branch of the nearest door
        branch = np.where(nearest >= 0, land.branch[nearest], -1)
        land.branch = np.append(land.branch, branch)
        settled = settle_people(start.people.counts, start.problem.weights, weight, rng)
        land.people = np.concatenate([land.people, settled])


def _link_estate(
    problem: DivisionProblem, start: Start, old: Ints, spots: Floats, count: int
) -> Ints:
    """Link the doors of an estate with old ones and with each other: all pairs, old ones first."""
    n = len(problem)
    m = len(spots)
    number = np.concatenate([old, n + np.arange(m)])
    pairs = number[link_doors(spots, problem.xy[old], start.reach, start.barriers)]
    # doors on one place are linked in a column, each with the one below
    over = np.arange(m, count)
    return np.concatenate(
        [
            problem.pairs if problem.pairs is not None else pairs[:0],
            pairs,
            np.column_stack([n + over - m, n + over]),
        ]
    )


def _group_doors(problem: DivisionProblem, nearest: Ints, spot: Ints) -> Ints:
    """Group new doors: a building for each place, one compound, and the nearest door's side.

    The side is that of barriers; doors that reach no old one get a side of
    their own.
    """
    fresh = problem.groups.max(axis=0) + 1
    groups = np.where(nearest[:, None] >= 0, problem.groups[nearest], fresh).astype(np.int32)
    groups[:, 0] = fresh[0] + spot
    groups[:, 1] = fresh[1]
    return groups


def cut_large(land: ChangingLand, start: Start, year: int, rng: np.random.Generator) -> None:
    """Cut stairwells that grew above the band into floor bands, as in a new plan."""
    for atom in np.flatnonzero(land.count() > start.problem.band.high):
        problem = land.problem
        n = len(land.problem)
        count = max(2, int(np.ceil(land.size[atom] / start.floor_band)))
        more = np.arange(n, n + count - 1)
        pairs = np.concatenate(
            [
                problem.pairs if problem.pairs is not None else np.zeros((0, 2), np.int64),
                np.column_stack([np.append(atom, more[:-1]), more]),
            ]
        )
        ids = [f"{problem.ids[atom]}~{year:03d}.{i:02d}" for i in range(2, count + 1)]
        grown = _append(
            problem, ids, pairs, problem.xy[[atom] * len(more)], problem.stack[[atom] * len(more)]
        )
        storeys = land.floors[land.building[atom]] / count * np.arange(1, count)
        # bands share the building's floors evenly, so each begins higher up
        grown.climb[n:] = problem.climb[atom] + start.storey * storeys
        grown.groups[n:] = problem.groups[atom]
        land.problem = grown
        land.born = np.append(land.born, np.full(count - 1, year))
        land.cut_from = np.append(land.cut_from, np.full(count - 1, atom))
        land.building = np.append(land.building, land.building[[atom] * len(more)])
        land.size = np.append(land.size, np.full(count - 1, land.size[atom] / count))
        # the old atom keeps the lowest band and its code
        land.size[atom] /= count
        land.unit = np.append(land.unit, rng.random(count - 1))
        if land.people is not None and land.branch is not None:
            full, able, volunteers = (int(c) for c in land.people[atom])
            even = np.full(count, 1.0 / count)
            # people are divided as their homes are, at random and without a remainder
            able_of, other_of, volunteers_of = (
                rng.multinomial(max(0, c), even) for c in (able, full - able, volunteers)
            )
            spread = np.column_stack([able_of + other_of, able_of, volunteers_of])
            land.people = np.concatenate([land.people, spread[1:]])
            land.people[atom] = spread[0]
            land.branch = np.append(land.branch, land.branch[[atom] * len(more)])


def _append(
    problem: DivisionProblem, ids: Sequence[str], pairs: Ints, xy: Floats, stack: Ints
) -> DivisionProblem:
    """Append atoms without households, climbs and groups to a problem, in arrays of its own."""
    count = len(ids)
    return replace(
        problem,
        ids=(*problem.ids, *ids),
        pairs=pairs,
        weights=np.append(problem.weights, np.zeros(count, np.int64)),
        pull=np.append(problem.pull, np.zeros(count)),
        xy=np.concatenate([problem.xy, xy]),
        climb=np.append(problem.climb, np.zeros(count)),
        stack=np.append(problem.stack, stack),
        groups=np.concatenate(
            [problem.groups, np.zeros((count, problem.groups.shape[1]), np.int32)]
        ),
    )
