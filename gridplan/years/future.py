"""Futures: what comes of the homes and the people of one community, year by year, whatever any policy does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp, log1p, sqrt
from typing import Any

import numpy as np

from gridplan.division.problem import Problem
from gridplan.years.building import choose_places, find_nearest, find_places, link_doors, pass_over
from gridplan.years.people import age_people, settle_people
from gridplan.years.starts import Start
from gridplan.years_rules import YearsRules

Array = np.ndarray[Any, Any]
BUILT, GROWN, GONE = 0, 1, 2  # columns of the flows


@dataclass(frozen=True, eq=False)
class Future:
    """One future of a community.

    Parameters
    ----------
    problem
        Every atom that ever stands, those of the plan first; its weights are those of year 0.
    born
        int64[n], the year in which each is built.
    weights
        int64[years + 1, n], households of each at the end of each year; 0 where it does not stand, or stands empty.
    flows
        int64[years + 1, 3], households that came with estates, by growth (less those lost), and left demolished buildings.
    events
        Year, kind (estate, demolition, no_land), code and households of each event.
    people, branch
        int64[years + 1, n, 3] and int64[n], or None where the plan was not organised.
    """

    problem: Problem
    born: Array
    weights: Array
    flows: Array
    events: tuple[tuple[int, str, str, int], ...]
    people: Array | None = None
    branch: Array | None = None

    def take_year(self, year: int) -> tuple[Array, Problem]:
        """Take the atoms that somebody lives in at the end of a year, and the problem of dividing them."""
        there = np.flatnonzero(self.born <= year)
        weights = self.weights[year, there]
        own = replace(self.problem.take(there), weights=weights, pull=weights.astype(float))
        stands = weights > 0
        if stands.all():
            return there, own
        pairs = pass_over(own, stands)
        return there[stands], replace(own, pairs=pairs).take(np.flatnonzero(stands))


@dataclass(frozen=True)
class Chance:
    """Chance by name: for every topic and year of a replication of a community a generator of its own.

    So a scenario that builds an estate more meets the same growth and the same demolitions.
    """

    seed: int
    replication: int
    community: str

    def open(self, topic: str, year: int) -> np.random.Generator:
        """Open the generator of a topic and a year."""
        name = f"{self.seed}|{self.replication}|{self.community}|{topic}|{year}"
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "little")
        return np.random.Generator(np.random.PCG64(key))


@dataclass
class _Land:
    """The land as it is while its future is drawn."""

    problem: Problem
    born: Array
    building: Array
    floors: Array
    names: list[str]
    stands: Array
    size: Array  # float64[n], households before they are rounded
    unit: Array  # float64[n], where each is rounded up from
    people: Array | None
    branch: Array | None

    def count(self) -> Array:
        """Count the households of each atom: rounded up or down so that on the mean none is lost."""
        return np.where(self.stands[self.building], np.floor(self.size + self.unit), 0.0).astype(np.int64)


def draw_future(start: Start, rules: YearsRules, years: int, chance: Chance) -> Future:
    """Draw one future of a community.

    Parameters
    ----------
    start
        The community in the plan.
    rules
        Rates of growth, demolition and building.
    years
        How far ahead.
    chance
        Whose future.

    Examples
    --------
    >>> from gridplan.rules import Rules
    >>> from gridplan.years.given import Estate, Given
    >>> from gridplan.years.starts import list_starts
    >>> from tests.villages import make_board_plan
    >>> start, = list_starts(make_board_plan(step=60.0), Given((Estate(2, "0301", 25),)), Rules())
    >>> still = {name: 0.0 for name in ("growth_urban", "spread", "spread_shared", "demolition_urban", "estates_urban")}
    >>> future = draw_future(start, Rules().replace(years=still).years, 3, Chance(0, 0, "0301"))
    >>> future.weights.sum(axis=1).tolist(), future.flows[:, BUILT].tolist(), future.weights[2, 12:].tolist()
    ([120, 120, 145, 145], [0, 0, 25, 0], [9, 8, 8])
    """
    land = _open_land(start, chance)
    weights, flows, events = [land.count()], [np.zeros(3, np.int64)], []
    people = [land.people]
    for year in range(1, years + 1):
        before = weights[-1]
        _grow(land, start, rules, year, chance)
        grown = land.count()
        told = list(_demolish(land, start, rules, year, chance, grown))
        left = land.count()
        told += list(_build(land, start, rules, year, chance))
        now = land.count()
        flows.append(np.array([now.sum() - left.sum(), grown.sum() - before.sum(), grown.sum() - left.sum()]))
        if land.people is not None:
            land.people = age_people(land.people, now, people[0], rules, chance.open("people", year))
            people.append(land.people)
        weights.append(now)
        events += told
    n = len(land.problem)
    return Future(
        land.problem, land.born, np.array([np.pad(w, (0, n - len(w))) for w in weights]), np.array(flows), tuple(events),
        None if land.people is None else np.array([np.pad(p, ((0, n - len(p)), (0, 0))) for p in people if p is not None]),
        land.branch,
    )  # fmt: skip


def _open_land(start: Start, chance: Chance) -> _Land:
    n, problem, people = len(start.problem), start.problem, start.people
    return _Land(
        problem, np.zeros(n, np.int64), start.building, start.floors, list(start.names), np.ones(len(start.names), bool),
        problem.weights.astype(float), chance.open("rounding", 0).random(n),
        None if people is None else people.counts, None if people is None else people.branch,
    )  # fmt: skip


def _grow(land: _Land, start: Start, rules: YearsRules, year: int, chance: Chance) -> None:
    """Let the households of each building grow or shrink, all of its doors alike."""
    own = chance.open("growth", year).standard_normal(len(land.stands))
    shared = chance.open("shared growth", year).standard_normal()
    mean = rules.growth_urban if start.urban else rules.growth_rural
    factor = np.maximum(0.0, 1.0 + mean + rules.spread_shared * shared + rules.spread * own)
    land.size = land.size * factor[land.building]


def _demolish(
    land: _Land, start: Start, rules: YearsRules, year: int, chance: Chance, households: Array
) -> Iterator[tuple[int, str, str, int]]:
    """Demolish whole buildings: those given, and others by chance, low ones the more often where the rules say so."""
    unit = chance.open("demolition", year).random(len(land.stands))
    rate = rules.demolition_urban if start.urban else rules.demolition_rural
    often = 1.0 / land.floors if rules.demolition_order == "low_first" else np.ones(len(land.floors))
    often = often / often[land.stands].mean() if land.stands.any() else often
    down = unit < rate * often
    down[: len(start.gone)] |= start.gone == year
    down &= land.stands
    land.stands = land.stands & ~down
    lost = np.bincount(land.building, households, minlength=len(down))
    for b in np.flatnonzero(down):
        yield year, "demolition", land.names[b], int(lost[b])


def _build(
    land: _Land, start: Start, rules: YearsRules, year: int, chance: Chance
) -> Iterator[tuple[int, str, str, int]]:
    """Build the estates that are given, and others by chance, on free land."""
    wanted = [(e.households, e.at) for e in start.estates if e.year == year]
    rng = chance.open("estates", year)
    count = _count_poisson(rng.random(), rules.estates_urban if start.urban else rules.estates_rural)
    sigma = sqrt(log1p(rules.estate_cv**2))
    wanted += [
        (max(1, round(rules.estate_households * exp(sigma * z - sigma**2 / 2))), None) for z in rng.standard_normal(count)
    ]
    for number, (households, at) in enumerate(wanted, 1):
        doors = land.problem.xy[land.count() > 0]
        places = find_places(start.land, rules.estate_spacing, rules.estate_gap, doors)
        code = f"~{year:03d}.{number:02d}"
        if len(places):
            rng = chance.open(f"estate {number}", year)
            spots = choose_places(places, max(1, -(-households // rules.estate_door)), rng.random(), at)
            _add_doors(land, start, code, year, households, rules.estate_door, spots, rng)
            yield year, "estate", code, households
        else:
            yield year, "no_land", code, households


def _count_poisson(unit: float, mean: float) -> int:
    """Count by Poisson's law from an even draw: more where the mean is more, with the same draw."""
    count, share = 0, exp(-mean)
    total = share
    while unit > total and count < 1000:
        count += 1
        share *= mean / count
        total += share
    return count


def _add_doors(
    land: _Land, start: Start, code: str, year: int, households: int, most: int, spots: Array, rng: np.random.Generator
) -> None:
    """Add the doors of an estate; where there are too few places, several stand one over the other."""
    problem, n = land.problem, len(land.problem)
    m, count = len(spots), max(1, -(-households // most))
    spot = np.arange(count) % m
    weight = np.full(count, households // count) + (np.arange(count) < households % count)
    there = land.count() > 0
    old = np.flatnonzero(there)
    # A new door is linked with doors of today; what was demolished or stands empty is passed over.
    number = np.concatenate([old, n + np.arange(m)])
    pairs = number[link_doors(spots, problem.xy[old], start.reach, start.barriers)]
    over = np.arange(m, count)
    pairs = np.concatenate([problem.pairs if problem.pairs is not None else pairs[:0], pairs,
                            np.column_stack([n + over - m, n + over])])  # fmt: skip
    grown = replace(
        problem, ids=(*problem.ids, *(f"{code}.{i:05d}" for i in range(count))), pairs=pairs,
        weights=np.append(problem.weights, np.zeros(count, np.int64)), pull=np.append(problem.pull, np.zeros(count)),
        xy=np.concatenate([problem.xy, spots[spot]]), climb=np.append(problem.climb, np.zeros(count)),
        stack=np.append(problem.stack, problem.stack.max() + 1 + spot),
        groups=np.concatenate([problem.groups, np.zeros((count, problem.groups.shape[1]), np.int32)]),
    )  # fmt: skip
    nearest = find_nearest(grown, old)[n:]
    fresh = problem.groups.max(axis=0) + 1
    groups = np.where(nearest[:, None] >= 0, problem.groups[nearest], fresh).astype(np.int32)  # the side of barriers
    groups[:, 0], groups[:, 1] = fresh[0] + spot, fresh[1]
    grown.groups[n:] = groups
    land.problem = grown
    land.born = np.append(land.born, np.full(count, year))
    land.building = np.append(land.building, len(land.stands) + spot)
    land.floors = np.append(land.floors, np.full(m, 6.0 * -(-count // m)))
    land.names += [f"{code}.{i}" for i in range(1, m + 1)]
    land.stands = np.append(land.stands, np.ones(m, bool))
    land.size, land.unit = np.append(land.size, weight.astype(float)), np.append(land.unit, rng.random(count))
    if land.people is not None and land.branch is not None and start.people is not None:
        branch = np.where(nearest >= 0, land.branch[nearest], -1)
        land.branch = np.append(land.branch, branch)
        own = settle_people(start.people.counts, start.problem.weights, weight, rng)
        land.people = np.concatenate([land.people, own])
