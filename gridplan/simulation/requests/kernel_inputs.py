"""Blocks of communities made ready for the kernel, from a system, rules and one sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from gridplan.arrays import Array, Bools, Floats, Ints, Objects, Records
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import DAY, KINDS, SimulationRules
from gridplan.simulation.requests.calendar import list_ticks, list_turns, number_roles, sum_profile
from gridplan.simulation.requests.kernel_state import (
    BACK_LINK,
    CALL,
    CELL,
    COMMUNITY,
    KIND,
    LINK,
    NEIGHBOUR,
    OWN,
    POST,
    STAGES,
    STREAM,
    STREET,
    TICK,
    TIERS,
    VOLUNTEER,
    World,
)
from gridplan.simulation.requests.random_streams import blend_keys, name_keys
from gridplan.simulation.requests.service_system import ServiceSystem
from gridplan.tables.roles import find_roles, name_answering

MONTH = 365.25 / 12  # days
LEVELS = {"community": 1, "street": 2}  # of those who serve as much
SHAPES = ("lognormal", "exponential", "fixed")
EDGES = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    45,
    60,
    90,
    120,
    180,
    240,
    360,
    480,
    720,
    960,
    1440,
    2160,
    2880,
    4320,
    7200,
    10080,
    20160,
)


@dataclass(frozen=True, eq=False)
class SimulationBlock:
    """A subdistrict: its rows of the system, and the world of its kernel.

    A sample changes rates, shares and keys of that world.
    """

    code: str
    cells: slice
    posts: slice
    world: World
    cell_keys: Ints  # uint64[n, 2], of codes alone
    post_keys: Ints
    households: Floats  # float64[n], as planned
    rate: Floats  # float64[n, 2], a household's requests in a minute
    low: Floats  # float64[m], shares of days there
    high: Floats


def cut_blocks(
    system: ServiceSystem, rules: Rules, first: date, days: int
) -> list[SimulationBlock]:
    """Cut a system into its blocks, which do not meet, for so many days from the first one."""
    return list(iterate_blocks(system, rules, first, days))


def iterate_blocks(
    system: ServiceSystem, rules: Rules, first: date, days: int
) -> Iterator[SimulationBlock]:
    """Make one block ready after another, as :func:`cut_blocks` does.

    So those of a prefecture need not be held together.
    """
    simulation_rules = rules.simulation
    begin = first - timedelta(days=simulation_rules.warm_days)
    whole = simulation_rules.warm_days + days + simulation_rules.after_days
    turns = list_turns(simulation_rules)
    shared = {
        "running": sum_profile(simulation_rules, begin, whole),
        "ticks": list_ticks(turns, begin, whole),
        "days": days,
    }
    cells = system.cells["block"].to_numpy(object)
    posts = system.posts["block"].to_numpy(object)
    for code in dict.fromkeys(cells):
        yield _make_block(
            system, rules, code, _find_slice(cells, code), _find_slice(posts, code), shared
        )


def _find_slice(values: Objects, code: str) -> slice:
    rows = np.flatnonzero(values == code)
    # the system is sorted by block, so its rows lie together
    return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)


def _make_block(
    system: ServiceSystem,
    rules: Rules,
    code: str,
    cells: slice,
    posts: slice,
    shared: dict[str, Any],
) -> SimulationBlock:
    simulation_rules = rules.simulation
    some = system.cells.iloc[cells]
    crew = system.posts.iloc[posts]
    urban = (some["community_kind"] == "urban").to_numpy()
    monthly = [
        (rules.coverage.requests_urban, rules.coverage.requests_rural),
        (simulation_rules.wishes_urban, simulation_rules.wishes_rural),
    ]
    # rules give requests of 100 households in a month
    rate = np.column_stack([np.where(urban, u, r) for u, r in monthly]) / 100.0 / (MONTH * DAY)
    turns = list_turns(simulation_rules)
    role = number_roles(crew["role"])
    kept = (system.cell >= cells.start) & (system.cell < cells.stop)
    links = _sort_links(system, kept, cells, posts, simulation_rules.policy != "nearest")
    table = np.zeros(len(crew), POST)
    table["turn"] = role
    # no window: only turns of duty count; surges set one
    table["begins"] = -np.inf
    table["ends"] = np.inf
    # a bit for each kind that the role answers
    table["skill"] = np.array(
        [sum(1 << KINDS.index(k) for k in turn.kinds) for turn in turns], np.int64
    )[role]
    level = {role.role: LEVELS.get(role.serves, 0) for role in find_roles()}
    table["level"] = [level[role] for role in crew["role"]]
    table["start"] = links[3][:-1]
    table["stop"] = links[3][1:]
    ground = np.zeros(len(some), CELL)
    # sub-grids are sorted by community, so that groups are numbered in that order
    groups, names = some["community"].factorize()
    ground["group"] = groups
    ground["start"] = links[2][:-1]
    ground["stop"] = links[2][1:]
    world = _make_world(rules, ground, table, links, len(names), shared)
    keys = np.stack([name_keys([f"{c} {kind}" for c in some.index]) for kind in KINDS], axis=1)
    shares = [np.array([getattr(turn, end) for turn in turns])[role] for end in ("low", "high")]
    return SimulationBlock(
        code,
        cells,
        posts,
        world,
        keys,
        name_keys(crew.index),
        some["households"].to_numpy(float),
        rate,
        *shares,
    )


def _sort_links(
    system: ServiceSystem, kept: Bools, cells: slice, posts: slice, by_tier: bool
) -> tuple[Records, Records, Ints, Ints]:
    """Sort links by sub-grid in the order of asking, and by post; with where each begin."""
    cell = system.cell[kept] - cells.start
    post = system.post[kept] - posts.start
    tier = system.tier[kept]
    way = system.way[kept]
    # without tiers, whoever is nearest is asked first
    order = np.lexsort((post, way, tier, cell) if by_tier else (post, way, cell))
    # the same links by post, for posts that look for work
    back = np.lexsort((cell, way, tier, post))
    ahead = np.zeros(len(cell), LINK)
    behind = np.zeros(len(cell), BACK_LINK)
    ahead["who"] = post[order]
    ahead["tier"] = tier[order]
    ahead["way"] = way[order]
    behind["cell"] = cell[back]
    behind["tier"] = tier[back]
    behind["way"] = way[back]
    # one more than there are sub-grids: a sub-grid ends where the next begins
    start = np.searchsorted(cell[order], np.arange(cells.stop - cells.start + 1))
    return (
        ahead,
        behind,
        start,
        np.searchsorted(post[back], np.arange(posts.stop - posts.start + 1)),
    )


def _make_world(
    rules: Rules,
    ground: Records,
    crew: Records,
    links: Sequence[Array],
    groups: int,
    shared: dict[str, Any],
) -> World:
    simulation_rules = rules.simulation
    # requests and wishes, in this order everywhere
    kinds = np.zeros(2, KIND)
    kinds["up"] = (simulation_rules.request_up, simulation_rules.wish_up)
    kinds["street"] = (simulation_rules.request_street, simulation_rules.wish_street)
    kinds["patience"] = (
        simulation_rules.request_patience * DAY,
        simulation_rules.wish_patience * DAY,
    )
    above = (simulation_rules.community_hours, simulation_rules.street_hours)
    work = (
        np.array([(rules.coverage.request_hours, *above), (simulation_rules.wish_hours, *above)])
        * 60.0
    )
    begin = simulation_rules.warm_days * DAY
    return World(
        cells=ground,
        streams=np.zeros((len(ground), 2), STREAM),
        posts=crew,
        links=links[0],
        back=links[1],
        ticks=shared["ticks"].astype(TICK),
        calls=np.zeros(0, CALL),
        kinds=kinds,
        running=shared["running"],
        opens=open_tiers(simulation_rules),
        work=work,
        edges=np.array(EDGES, float),
        cv=simulation_rules.work_cv,
        shape=SHAPES.index(simulation_rules.work_shape),
        by_tier=simulation_rules.policy != "nearest",
        walks_back=simulation_rules.walks_back,
        turns=len(name_answering()),
        groups=groups,
        count_from=float(begin),
        count_to=float(begin + shared["days"] * DAY),
        end=float(begin + (shared["days"] + simulation_rules.after_days) * DAY),
        green=simulation_rules.green_hours * 60.0,
        yellow=simulation_rules.yellow_hours * 60.0,
    )


def open_tiers(rules: SimulationRules) -> Floats:
    """Find the minutes after which each tier is asked, by kind and stage; infinite: never.

    Examples
    --------
    Requests at the grid, level by level; wishes, which volunteers claim and
    everybody is sent to after two weeks:

    >>> open_tiers(SimulationRules(policy="escalate"))[:, 0, : STREET + 1].tolist()
    [[10.0, 40.0, 40.0, 130.0, 1450.0], [20160.0, 20160.0, 0.0, 20160.0, inf]]
    """
    table = np.zeros((2, STAGES, TIERS))
    # the street is asked late, save for what has come up to it
    table[:, :2, STREET] = rules.street_wait
    if rules.policy == "escalate":
        table[:, 0, [NEIGHBOUR, VOLUNTEER]] = rules.own_wait
        table[:, 0, COMMUNITY] = rules.community_wait
    if rules.wish_policy == "claim":
        table[1, 0, [OWN, NEIGHBOUR, COMMUNITY]] = rules.claim_days * DAY
        table[1, 0, VOLUNTEER] = 0.0
        table[1, 0, STREET] = np.inf
    # nobody sets out before a request is taken down; wishes lie on a list
    table[0, 0] += rules.request_intake
    return table


def sample_world(
    block: SimulationBlock, key: Any, households: Floats, demand: float, present: Floats | float
) -> World:
    """Make the world of one replication.

    Parameters
    ----------
    block
        The block.
    key
        Of the replication; streams of sub-grids, requests and posts follow
        from it and their codes alone.
    households
        float64[n], those of each sub-grid in this sample.
    demand
        So many times the usual demand.
    present
        Share of days that posts are there, float64[m].
    """
    streams = block.world.streams.copy()
    # only what a replication changes is copied; the rest is shared by all threads
    streams["rate"] = block.rate * households[:, None] * demand
    for k in range(len(KINDS)):
        streams["key"][:, k] = blend_keys(block.cell_keys[:, k], key)
    posts = block.world.posts.copy()
    posts["share"] = np.clip(present, 0.0, 1.0)
    posts["key"] = blend_keys(block.post_keys, key)
    return block.world._replace(streams=streams, posts=posts)
