"""Blocks of a muster made ready for the kernel, as things usually are and in a surge.

In the kernel's two kinds, requests are requests, and in place of wishes stand
the checks of households that an event affects.
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints, Records
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import DAY
from gridplan.simulation.requests.calendar import (
    list_ticks,
    list_turns,
    number_roles,
    sum_profile,
    write_ticks,
)
from gridplan.simulation.requests.kernel_inputs import (
    SimulationBlock,
    cut_blocks,
    open_tiers,
    sample_world,
)
from gridplan.simulation.requests.kernel_state import CALL, NEIGHBOUR, STAGES, STEP, TIERS, World
from gridplan.simulation.requests.random_streams import (
    blend_keys,
    make_key,
    name_keys,
    sample_units,
)
from gridplan.simulation.requests.uncertainty import sample_presence, share_presence
from gridplan.simulation.surge.call_up import Muster
from gridplan.simulation.surge.events import Event
from gridplan.tables.roles import name_answering, name_roles

POSTURES = ("usual", "surge")
CHECK = 1  # the kind that stands for checks
RANGES = {
    "own": "post",
    "community": "post",
    "street": "post",
    "institution": "member",
    "aid": "volunteer",
}


def number_shifts() -> tuple[int, int]:
    """Return the two turns of those called up, which follow those of roles.

    All come at first, then each half in turn.
    """
    roles = len(name_answering())
    return roles, roles + 1


def make_blocks(muster: Muster, event: Event, rules: Rules, posture: str) -> list[SimulationBlock]:
    """Make the blocks of a muster for an event, which begins at minute 0, in a posture.

    The posture is usual or surge.
    """
    # an event counts from its first minute to its last, with nothing before
    plain = rules.replace(simulation={"warm_days": 0, "after_days": 0})
    hour = event.start.hour
    # whole days from the midnight before, as the calendar has them
    days = -(-(hour + event.hours) * 60 // DAY)
    first = event.start.date()
    turns = list_turns(rules.simulation)
    running = sum_profile(rules.simulation, first, days)[:, :, hour:]
    notices = (
        [getattr(rules.surge, f"{stage}_notice") for stage in set(muster.stage)]
        if posture == "surge"
        else []
    )
    ticks = list_ticks(turns, first, days, notices, begun=int(hour * STEP))
    shared = {"running": running - running[:, :, :1], "ticks": ticks, "turns": len(turns)}
    if posture == "surge":
        shared |= {
            "ticks": _add_shifts(ticks, event, rules),
            "turns": len(turns) + len(number_shifts()),
            "by_tier": False,
        }
    blocks = cut_blocks(muster.system, plain, first, 1)
    return [
        replace(block, world=_make_event_world(block, muster, event, rules, posture, shared))
        for block in blocks
    ]


def _make_event_world(
    block: SimulationBlock,
    muster: Muster,
    event: Event,
    rules: Rules,
    posture: str,
    shared: dict[str, Any],
) -> World:
    surge_rules = rules.surge
    world = block.world
    end = event.hours * 60.0
    kinds = world.kinds.copy()
    work = world.work.copy()
    posts = world.posts.copy()
    for name in ("up", "street", "patience"):
        kinds[CHECK][name] = 0.0
    work[CHECK] = surge_rules.check_households * event.find_effect("minutes", surge_rules), 0.0, 0.0
    # whoever answers requests also checks on households
    posts["skill"] = (posts["skill"] & 1) * 3
    # in an emergency whoever is called sets out at once
    opens = open_tiers(dataclasses.replace(rules.simulation, request_intake=0.0))
    # checks are asked for as requests are
    opens[CHECK] = opens[1 - CHECK]
    if posture == "surge":
        # in a surge everybody is asked at once, but for neighbours who see to
        # their own first
        opens = np.zeros((2, STAGES, TIERS))
        opens[:, 0, NEIGHBOUR] = surge_rules.neighbour_wait
        called = muster.called[block.posts]
        stage = muster.stage[block.posts]
        posts["turn"] = np.where(
            called, number_shifts()[0] + _deal_shifts(muster, block), posts["turn"]
        )
        notice = (
            np.array([getattr(surge_rules, f"{s}_notice") for s in stage], float)
            if len(stage)
            else np.zeros(0)
        )
        posts["begins"] = np.where(called & (notice > 0), notice, -np.inf)
    number = muster.checks[block.cells]
    calls = np.zeros(int(number.sum()), CALL)
    # all checks are known at minute 0
    calls["cell"] = np.repeat(np.arange(len(number)), number)
    calls["kind"] = CHECK
    return world._replace(
        posts=posts,
        kinds=kinds,
        work=work,
        opens=opens,
        calls=calls,
        cv=surge_rules.work_cv,
        count_from=0.0,
        count_to=end,
        end=end,
        **shared,
    )


def _deal_shifts(muster: Muster, block: SimulationBlock) -> Ints:
    """Deal posts of each role, community and source to two shifts in turn: int64[m], 0 or 1."""
    posts = muster.system.posts.iloc[block.posts]
    keys = [
        posts["role"].to_numpy(object),
        posts["community"].to_numpy(object),
        muster.source[block.posts],
    ]
    return np.asarray(pd.Series(0, index=range(len(posts))).groupby(keys).cumcount().to_numpy() % 2)


def _add_shifts(ticks: Records, event: Event, rules: Rules) -> Records:
    """Add the shifts of those called up to the turns of duty."""
    length = rules.surge.shift_hours * 60.0
    end = event.hours * 60.0
    shifts = number_shifts()
    rows = [
        (float(r["at"]), int(r["day"] >= 0 or r["turn"] < 0), int(r["turn"]), int(r["day"]))
        for r in ticks
    ]
    rows += [(0.0, 1, turn, 0) for turn in shifts]
    # both halves are there until the first change; then they relieve one another
    for n in range(1, int(np.ceil(end / length))):
        on = shifts[n % 2 == 0]
        off = shifts[n % 2 == 1]
        rows += [(n * length, 0, off, -1)] + ([(n * length, 1, on, 0)] if n > 1 else [])
    return write_ticks(rows)


def sample_shares(
    muster: Muster, event: Event, rules: Rules, posture: str, samples: int, seed: int
) -> Floats:
    """Sample the share of posts that are there, float64[samples, m].

    By role on usual turns, by stage of those called up.

    Of those who live in what the event affects, fewer can come.
    """
    share = share_presence(rules.simulation, sample_presence(samples, seed))[:, muster.role]
    # those from outside have no usual turns
    share[:, np.isin(muster.stage, ["institution", "aid"])] = 0.0
    can = np.where(muster.struck, event.find_effect("struck", rules.surge), 1.0)
    if posture == "usual":
        return np.asarray(share * can)
    volunteers = number_roles(name_roles(serves="volunteer"))
    group = np.array([RANGES[s] for s in muster.stage], object)
    group[(np.isin(muster.role, volunteers)) & (muster.stage == "community")] = "volunteer"
    keys = np.array([make_key(seed, n) for n in range(samples)], np.uint64)
    for name in ("post", "volunteer", "member"):
        ends = [getattr(rules.surge, f"{name}_{end}") for end in ("low", "high")]
        units = sample_units(blend_keys(keys, name_keys([f"surge {name}"])[0]), 0)
        sampled = ends[0] + units * (ends[1] - ends[0])
        these_posts = muster.called & (group == name)
        # one share for the whole group: how many come is uncertain, not who
        share[:, these_posts] = sampled[:, None]
    return np.asarray(share * can)


def sample_event_world(
    block: SimulationBlock,
    muster: Muster,
    event: Event,
    rules: Rules,
    key: Any,
    homes: Floats,
    demand: float,
    share: Floats,
    usual: Floats,
) -> World:
    """Make the world of one replication: more requests where homes are affected, no wishes.

    ``homes`` are float64[n] of the block in this sample, ``demand`` times the
    usual, ``share`` and ``usual`` those of posts, float64[m], in this posture
    and on usual turns. Who is on duty when the event begins, sets out at once.
    """
    world = sample_world(block, key, homes, demand, share)
    role = muster.role[block.posts]
    called = np.isin(world.posts["turn"], number_shifts())
    for tick in world.ticks[
        (world.ticks["at"] == 0)
        & (world.ticks["turn"] < len(name_answering()))
        & (world.ticks["day"] >= 0)
    ]:
        on_this_turn = np.flatnonzero(called & (role == tick["turn"]))
        # the same number of the stream as the kernel takes, so presence agrees
        there = on_this_turn[
            sample_units(world.posts["key"][on_this_turn], int(tick["day"])) < usual[on_this_turn]
        ]
        world.posts["begins"][there] = -np.inf
        world.posts["share"][there] = 1.0
    planned = np.maximum(block.households, 1e-9)
    # demand rises only with the part of the households that is affected
    part = np.minimum(muster.households[block.cells] / planned, 1.0)
    world.streams["rate"][:, 0] *= 1.0 + (event.find_effect("demand", rules.surge) - 1.0) * part
    world.streams["rate"][:, CHECK] = 0.0
    return world
