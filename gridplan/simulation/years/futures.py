"""Futures: the homes and people of one community, year by year, whatever any policy does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp, log1p, sqrt

import numpy as np

from gridplan.arrays import Ints
from gridplan.division.problem import DivisionProblem
from gridplan.rules.years import YearsRules
from gridplan.simulation.years.changing_land import ChangingLand, add_doors, cut_large
from gridplan.simulation.years.new_estates import choose_places, find_places, pass_over
from gridplan.simulation.years.population import age_people
from gridplan.simulation.years.starting_state import Start

# columns of the flows
BUILT = 0
GROWN = 1
GONE = 2


@dataclass(frozen=True, eq=False)
class Future:
    """One future of a community.

    Parameters
    ----------
    problem
        Every atom that ever stands, those of the plan first; its weights are
        those of year 0.
    born, cut_from
        int64[n], the year in which each is built, and the atom that it was cut
        from where a stairwell grew too large; else -1.
    weights
        int64[years + 1, n], households of each at the end of each year; 0
        where it does not stand, or stands empty.
    flows
        int64[years + 1, 3], households that came with estates, by growth (less
        those lost), and left demolished buildings.
    events
        Year, kind (estate, demolition, no_land), code and households of each
        event.
    people, branch
        int64[years + 1, n, 3] and int64[n], or None where the plan was not
        organised.
    """

    problem: DivisionProblem
    born: Ints
    cut_from: Ints
    weights: Ints
    flows: Ints
    events: tuple[tuple[int, str, str, int], ...]
    people: Ints | None = None
    branch: Ints | None = None

    def take_year(self, year: int) -> tuple[Ints, DivisionProblem]:
        """Take the atoms lived in at the end of a year, and the problem of dividing them."""
        there = np.flatnonzero(self.born <= year)
        weights = self.weights[year, there]
        living = replace(self.problem.take(there), weights=weights, pull=weights.astype(float))
        stands = weights > 0
        if stands.all():
            return there, living
        pairs = pass_over(living, stands)
        return there[stands], replace(living, pairs=pairs).take(np.flatnonzero(stands))


@dataclass(frozen=True)
class Chance:
    """Chance by name: a generator for every topic and year of a community's replication.

    So a scenario that builds an estate more meets the same growth and the same
    demolitions.
    """

    seed: int
    replication: int
    community: str

    def open(self, topic: str, year: int) -> np.random.Generator:
        """Open the generator of a topic and a year."""
        name = f"{self.seed}|{self.replication}|{self.community}|{topic}|{year}"
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "little")
        return np.random.Generator(np.random.PCG64(key))


def sample_future(start: Start, rules: YearsRules, years: int, chance: Chance) -> Future:
    """Sample one future of a community.

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
    >>> from gridplan.rules.all_rules import Rules
    >>> from gridplan.simulation.years.planned_changes import Estate, Given
    >>> from gridplan.simulation.years.starting_state import list_starts
    >>> from gridplan.synthetic import make_board_plan
    >>> start, = list_starts(make_board_plan(step=60.0), Given((Estate(2, "0301", 25),)), Rules())
    >>> rates = ("growth_urban", "spread", "spread_shared", "demolition_urban", "estates_urban")
    >>> still = dict.fromkeys(rates, 0.0)
    >>> future = sample_future(start, Rules().replace(years=still).years, 3, Chance(0, 0, "0301"))
    >>> future.weights.sum(axis=1).tolist(), future.flows[:, BUILT].tolist()
    ([120, 120, 145, 145], [0, 0, 25, 0])
    >>> future.weights[2, 12:].tolist()
    [9, 8, 8]
    """
    land = _open_land(start, chance)
    weights = [land.count()]
    flows = [np.zeros(3, np.int64)]
    events = []
    people = [] if land.people is None else [land.people]
    for year in range(1, years + 1):
        before = weights[-1]
        _grow(land, start, rules, year, chance)
        # cut before demolition, so that both kinds of loss are counted on the same land
        cut_large(land, start, year, chance.open("cut", year))
        # counted after each step, so the three flows add up to the change of the year
        grown = land.count()
        year_events = list(_demolish(land, start, rules, year, chance, grown))
        standing = land.count()
        year_events += list(_build(land, start, rules, year, chance))
        now = land.count()
        flows.append(
            np.array(
                [
                    now.sum() - standing.sum(),
                    grown.sum() - before.sum(),
                    grown.sum() - standing.sum(),
                ]
            )
        )
        if land.people is not None:
            land.people = age_people(
                land.people, now, people[0], rules, chance.open("people", year)
            )
            people.append(land.people)
        weights.append(now)
        events += year_events
    # earlier years are padded: an atom that is not built yet has no households
    n = len(land.problem)
    counts = (
        None
        if land.people is None
        else np.array([np.pad(p, ((0, n - len(p)), (0, 0))) for p in people])
    )
    households = np.array([np.pad(w, (0, n - len(w))) for w in weights])
    return Future(
        land.problem,
        land.born,
        land.cut_from,
        households,
        np.array(flows),
        tuple(events),
        counts,
        land.branch,
    )


def _open_land(start: Start, chance: Chance) -> ChangingLand:
    n = len(start.problem)
    problem = start.problem
    people = start.people
    return ChangingLand(
        problem,
        np.zeros(n, np.int64),
        np.full(n, -1),
        start.building,
        start.floors,
        list(start.names),
        np.ones(len(start.names), bool),
        problem.weights.astype(float),
        chance.open("rounding", 0).random(n),
        None if people is None else people.counts,
        None if people is None else people.branch,
    )


def _grow(land: ChangingLand, start: Start, rules: YearsRules, year: int, chance: Chance) -> None:
    """Let the households of each building grow or shrink, all of its doors alike."""
    by_building = chance.open("growth", year).standard_normal(len(land.stands))
    shared = chance.open("shared growth", year).standard_normal()
    mean = rules.growth_urban if start.urban else rules.growth_rural
    # one shock for the whole community, one for each building
    factor = np.maximum(0.0, 1.0 + mean + rules.spread_shared * shared + rules.spread * by_building)
    land.size = land.size * factor[land.building]


def _demolish(
    land: ChangingLand,
    start: Start,
    rules: YearsRules,
    year: int,
    chance: Chance,
    households: Ints,
) -> Iterator[tuple[int, str, str, int]]:
    """Demolish whole buildings: those planned, and others by chance.

    Low ones more often where the rules say so.
    """
    # a number for every building, standing or not, so policies and
    # estates do not shift it
    unit = chance.open("demolition", year).random(len(land.stands))
    rate = rules.demolition_urban if start.urban else rules.demolition_rural
    often = (
        1.0 / land.floors if rules.demolition_order == "low_first" else np.ones(len(land.floors))
    )
    # Measured by the plan's own buildings, so that an estate more changes no
    # other building's fate.
    down = unit < rate * often / often[: len(start.names)].mean()
    # planned demolitions come on top of chance
    down[: len(start.gone)] |= start.gone == year
    # what is gone already is not demolished twice
    down &= land.stands
    land.stands = land.stands & ~down
    lost = np.bincount(land.building, households, minlength=len(down))
    for b in np.flatnonzero(down):
        yield year, "demolition", land.names[b], int(lost[b])


def _build(
    land: ChangingLand, start: Start, rules: YearsRules, year: int, chance: Chance
) -> Iterator[tuple[int, str, str, int]]:
    """Build the estates that are given, and others by chance, on free land."""
    wanted = [(e.households, e.at) for e in start.estates if e.year == year]
    rng = chance.open("estates", year)
    count = _count_poisson(
        rng.random(), rules.estates_urban if start.urban else rules.estates_rural
    )
    sigma = sqrt(log1p(rules.estate_cv**2))
    # lognormal with the mean and the variation of the rules
    wanted += [
        (max(1, round(rules.estate_households * exp(sigma * z - sigma**2 / 2))), None)
        for z in rng.standard_normal(count)
    ]
    for number, (households, near) in enumerate(wanted, 1):
        # read each time, as estates of the same year stand beside one another
        doors = land.problem.xy[land.count() > 0]
        places = find_places(start.land, rules.estate_spacing, rules.estate_gap, doors)
        code = f"~{year:03d}.{number:02d}"
        if len(places):
            rng = chance.open(f"estate {number}", year)
            count = max(1, -(-households // rules.estate_door))
            spots = choose_places(
                places, count, rng.random(), near, rules.estate_spacing, start.barriers
            )
            add_doors(land, start, code, year, households, rules.estate_door, spots, rng)
            yield year, "estate", code, households
        else:
            yield year, "no_land", code, households


def _count_poisson(unit: float, mean: float) -> int:
    """Count by Poisson's law from an even sample: never fewer where the mean is higher."""
    count = 0
    share = exp(-mean)
    total = share
    # inversion: one number gives the count, so scenarios with another rate stay paired
    while unit > total and count < 1000:
        count += 1
        share *= mean / count
        total += share
    return count
