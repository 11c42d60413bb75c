"""The same system in plain SimPy: slow, but read in five minutes; what the kernel is held against.

It samples from the same streams as the kernel, so the same requests come at the
same moments and take as long. How they meet posts is written here a second
time, with processes and lists instead of a heap and queues.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.errors import MissingPackageError
from gridplan.simulation.requests.kernel_state import STEP, World
from gridplan.simulation.requests.random_streams import (
    mix,
    sample_gap,
    sample_key,
    sample_unit,
    sample_work,
)

TIME_TOLERANCE = 1e-9  # minutes; sums of times differ by less


@dataclass(eq=False)
class Request:
    """One request or wish: where and when it came, what it needs, and how it went."""

    cell: int
    kind: int
    number: int
    came: float
    key: Any
    last: int
    stage: int = 0
    since: float = 0.0
    met: float = np.nan
    resolved: float = np.nan
    post: float = np.nan
    waits: bool = field(default=False)
    queued: float = np.nan


class SimpyModel:
    """The town: who waits, who is on duty, who is at work."""

    def __init__(self, world: World, env: Any) -> None:
        self.world = world
        self.env = env
        self.waiting: list[Request] = []
        self.all: list[Request] = []
        self.on: dict[int, int] = {}  # turn of duty -> day
        self.working: set[int] = set()
        self.stays: list[
            tuple[int, int, float, float]
        ] = []  # sub-grid, kind, from when and until when it waited
        env.process(self.keep_clock())
        for call in world.calls:
            env.process(self.let_call(call))
        for cell in range(len(world.cells)):
            for kind in (0, 1):
                env.process(self.let_come(cell, kind))

    def let_come(self, cell: int, kind: int) -> Iterator[Any]:
        """Let requests of a sub-grid and kind come.

        The gaps of its stream are stretched along the profile of demand.
        """
        stream = self.world.streams[cell, kind]
        running = self.world.running[self.world.cells[cell]["profile"], kind]
        reached = 0.0
        number = 0
        while stream["rate"] > 0:
            reached += sample_gap(stream["key"], number) / stream["rate"]
            # the profile ends with the days simulated; nothing comes after
            if reached >= running[-1]:
                return
            # the same inverse of the running sum as in the kernel, by other means
            came = float(np.interp(reached, running, STEP * np.arange(len(running))))
            yield self.env.timeout(came - self.env.now)
            self.admit(cell, kind, number)
            number += 1

    def let_call(self, call: Any) -> Iterator[Any]:
        """Let a request come that is known beforehand."""
        yield self.env.timeout(call["at"] - self.env.now)
        cell = int(call["cell"])
        kind = int(call["kind"])
        self.admit(cell, kind, sum(q.cell == cell and q.kind == kind for q in self.all))

    def admit(self, cell: int, kind: int, number: int) -> None:
        """Admit a request: somebody is sent, or it waits, perhaps until it is withdrawn."""
        stream_key = np.uint64(mix(self.world.streams[cell, kind]["key"]))
        key = np.uint64(sample_key(stream_key, number))
        kinds = self.world.kinds[kind]
        chance = sample_unit(key, 0)
        last = 2 if chance < kinds["street"] else 1 if chance < kinds["up"] else 0
        request = Request(cell, kind, number, self.env.now, key, last, since=self.env.now)
        self.all.append(request)
        if not self.send(request):
            self.let_wait(request)
            if kinds["patience"] > 0:
                self.env.process(self.withdraw(request, kinds["patience"] * sample_gap(key, 1)))

    def let_wait(self, request: Request) -> None:
        """Let a request wait, and ask each further tier in time."""
        request.waits = True
        request.queued = self.env.now
        self.waiting.append(request)
        # a process for each later tier, where the kernel keeps one event at a time
        for opens in sorted(
            set(self.world.opens[request.kind, request.stage].tolist()) - {0.0, np.inf}
        ):
            self.env.process(self.ask_later(request, request.stage, opens))

    def ask_later(self, request: Request, stage: int, opens: float) -> Iterator[Any]:
        """Ask again when another tier is asked too."""
        yield self.env.timeout(opens)
        # it may have been served, or gone up, since this was planned
        if request.waits and request.stage == stage:
            self.send(request)

    def withdraw(self, request: Request, patience: float) -> Iterator[Any]:
        """Withdraw a request if nobody has come by then."""
        yield self.env.timeout(patience)
        if request.waits and np.isnan(request.met):
            self.let_go(request)

    def let_go(self, request: Request) -> None:
        """Let a request wait no longer."""
        self.waiting.remove(request)
        request.waits = False
        self.stays.append((request.cell, request.kind, request.queued, self.env.now))

    def keep_clock(self) -> Iterator[Any]:
        """Let turns of duty begin and end; those who come on are sent to whoever waits."""
        for tick in self.world.ticks:
            yield self.env.timeout(tick["at"] - self.env.now)
            if tick["turn"] >= 0 and tick["day"] < 0:
                self.on.pop(int(tick["turn"]))
                continue
            if tick["turn"] >= 0:
                self.on[int(tick["turn"])] = int(tick["day"])
            # Python's sort is stable, so requests of one moment keep their
            # order of coming
            for request in sorted(self.waiting, key=lambda r: r.since):
                self.send(request)

    def is_free(self, r: int) -> bool:
        """Whether a post is on duty, there today, and not at work."""
        post = self.world.posts[r]
        day = self.on.get(int(post["turn"]))
        if day is None or r in self.working or not post["begins"] <= self.env.now < post["ends"]:
            return False
        return bool(post["share"] >= 1 or sample_unit(post["key"], day) < post["share"])

    def may_serve(self, r: int, tier: int, request: Request) -> bool:
        """Whether a post may be asked for a request by now."""
        post = self.world.posts[r]
        opens = self.world.opens[request.kind, request.stage, tier]
        able = (int(post["skill"]) >> request.kind) & 1 == 1 and post["level"] >= request.stage
        return bool(able and self.env.now - request.since + TIME_TOLERANCE >= opens)

    def send(self, request: Request) -> bool:
        """Send the first post in the order of asking that is free; whether there is one."""
        cell = self.world.cells[request.cell]
        for link in self.world.links[cell["start"] : cell["stop"]]:
            if self.may_serve(int(link["who"]), int(link["tier"]), request) and self.is_free(
                int(link["who"])
            ):
                self.begin(int(link["who"]), request, float(link["way"]))
                return True
        return False

    def begin(self, r: int, request: Request, way: float) -> None:
        """Begin: whoever waits no longer does, and the post is at work."""
        if request.waits:
            self.let_go(request)
        self.working.add(r)
        self.env.process(self.work(r, request, way))

    def work(self, r: int, request: Request, way: float) -> Iterator[Any]:
        """Walk there, do the work of all stages that are the post's own, and walk back."""
        world = self.world
        came = self.env.now + way
        if np.isnan(request.met):
            request.met = came
            request.post = r
        minutes = self.sample_work(request)
        while request.stage < request.last and world.posts[r]["level"] > request.stage:
            request.stage += 1
            minutes += self.sample_work(request)
        yield self.env.timeout(way + minutes)
        back = way if world.walks_back else 0.0
        if not back:
            # without a way back the post is free before the next stage is asked
            self.working.discard(r)
        if request.stage == request.last:
            request.resolved = self.env.now
        else:
            request.stage = request.stage + 1
            request.since = self.env.now
            if not self.send(request):
                self.let_wait(request)
        if back:
            yield self.env.timeout(back)
            self.working.discard(r)
        self.look_round(r)

    def sample_work(self, request: Request) -> float:
        """Sample the minutes of work of a request at its stage."""
        mean = self.world.work[request.kind, request.stage]
        return float(
            sample_work(request.key, 2 + 2 * request.stage, mean, self.world.cv, self.world.shape)
        )

    def look_round(self, r: int) -> None:
        """Turn to whoever waits.

        The own sub-grid first if tiers come first, then who waits
        longest, then the nearest.
        """
        if not self.is_free(r):
            return
        post = self.world.posts[r]
        links = {int(link["cell"]): link for link in self.world.back[post["start"] : post["stop"]]}
        places = {cell: place for place, cell in enumerate(links)}  # by tier and way
        mine = [
            q
            for q in self.waiting
            if q.cell in links and self.may_serve(r, int(links[q.cell]["tier"]), q)
        ]
        if mine:
            first = min(
                mine,
                key=lambda q: (
                    int(links[q.cell]["tier"]) * self.world.by_tier,
                    q.since,
                    places[q.cell],
                    q.kind,
                ),
            )
            self.begin(r, first, float(links[first.cell]["way"]))


def run_plainly(world: World) -> Floats:
    """Run one replication in SimPy and log every request.

    Returns
    -------
    float64[requests, 6] as the kernel's log: 2 x sub-grid + kind, number,
    came, met, resolved, post (NaN: not).

    Raises
    ------
    MissingPackageError
        If SimPy is not installed.
    """
    rows = [
        (2 * q.cell + q.kind, q.number, q.came, q.met, q.resolved, q.post) for q in play(world).all
    ]
    return np.array(rows, float).reshape(-1, 6)


def play(world: World) -> SimpyModel:
    """Play one replication in SimPy and return the town at its end.

    Raises
    ------
    MissingPackageError
        If SimPy is not installed.
    """
    try:
        import simpy
    except ImportError as error:
        raise MissingPackageError(
            "the plain model needs SimPy -> pip install 'gridplan[sim]'"
        ) from error
    env = simpy.Environment()
    town = SimpyModel(world, env)
    env.run(until=world.end)
    return town


def note_stays(town: SimpyModel) -> Ints:
    """Note who waited as each hour struck: who began before it and did not end before it.

    Returns
    -------
    int64[hours, sub-grids, 2] as the kernel's tally of who waits.
    """
    world = town.world
    # who still waits at the end has waited ever since
    stays = town.stays + [(q.cell, q.kind, q.queued, np.inf) for q in town.waiting]
    noted = np.zeros((world.hours, len(world.cells), 2), np.int64)
    if world.hours:
        for number, struck in enumerate(np.arange(world.count_from, world.count_to, STEP)):
            for cell, kind, begins, ends in stays:
                noted[number % world.hours, cell, kind] += (
                    begins < struck - TIME_TOLERANCE and ends >= struck - TIME_TOLERANCE
                )
    return noted
