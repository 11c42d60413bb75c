"""Systems of queues small enough to check by eye or by a formula, for both simulators."""

import numpy as np

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
    STREAM,
    STREET,
    TICK,
    TIERS,
    VOLUNTEER,
    World,
)
from gridplan.simulation.requests.random_streams import blend_keys, make_key, name_keys

EVER = np.inf
ALL_DAY = ((0.0, 0, 0),)  # (minute, turn, day): one turn that never ends


def make_world(
    links,
    rates=((1.0, 0.0),),
    turns=None,
    skill=None,
    level=None,
    share=None,
    clock=ALL_DAY,
    opens=None,
    up=((0, 0), (0, 0)),
    work=((1.0, 1.0, 1.0),) * 2,
    shape=1,
    cv=1.0,
    patience=(0.0, 0.0),
    by_tier=True,
    walks_back=False,
    days=10.0,
    calls=(),
    count=None,
    seed=1,
    replication=0,
    groups=None,
):
    """A world from links (sub-grid, post, tier, minutes), rates by sub-grid, and the rest."""
    cells = len(rates)
    posts = max((link[1] for link in links), default=-1) + 1
    end = days * 1440.0
    keys = np.stack(
        [name_keys([f"{c} {k}" for c in range(cells)]) for k in ("request", "wish")], axis=1
    )
    key = make_key(seed, replication)
    keys = np.stack([blend_keys(keys[:, k], key) for k in (0, 1)], axis=1)
    running = np.tile(np.arange(int(np.ceil(end / 60)) + 1) * 60.0, (1, 2, 1))
    at, turn, day = (np.array(column) for column in zip(*clock, strict=True))
    first, last = count or (0.0, end)
    ones = [1] * posts
    cell, back, links_of, posts_of = lay_links(links, cells, posts, by_tier)
    crew = {
        "turn": turns or [0] * posts,
        "skill": skill or [3] * posts,
        "level": level or [0] * posts,
        "share": share or ones,
        "begins": [-EVER] * posts,
        "ends": [EVER] * posts,
        "start": posts_of[:-1],
        "stop": posts_of[1:],
        "key": blend_keys(name_keys([f"post {r}" for r in range(posts)]), key),
    }
    return World(
        cells=fill(CELL, cells, group=groups or 0, start=links_of[:-1], stop=links_of[1:]),
        streams=fill(STREAM, (cells, 2), rate=rates, key=keys),
        posts=fill(POST, posts, **crew),
        links=cell,
        back=back,
        ticks=fill(TICK, len(clock), turn=turn, day=day, at=at),
        calls=np.array([tuple(call) for call in calls], CALL),
        kinds=fill(KIND, 2, up=[u[0] for u in up], street=[u[1] for u in up], patience=patience),
        running=running,
        opens=np.array(opens if opens is not None else open_all(), float),
        work=np.array(work, float),
        edges=np.array([1.0, 10.0, 60.0, 1440.0]),
        cv=cv,
        shape=shape,
        by_tier=by_tier,
        walks_back=walks_back,
        turns=int(turn.max()) + 1,
        groups=max(groups or [0]) + 1,
        count_from=first,
        count_to=last,
        end=end,
        green=1440.0,
        yellow=4320.0,
    )


def fill(kind, shape, **columns):
    """Records of one kind, filled by column."""
    table = np.zeros(shape, kind)
    for name, values in columns.items():
        table[name] = values
    return table


def open_all(street=0.0):
    """Everybody may be asked at once."""
    table = np.zeros((2, 3, TIERS))
    table[:, :, STREET] = street
    return table


def lay_links(links, cells, posts, by_tier=True):
    """Links by sub-grid in the order of asking, and by post."""
    rows = np.array(links, float).reshape(-1, 4)
    cell = rows[:, 0].astype(np.int64)
    who = rows[:, 1].astype(np.int64)
    tier = rows[:, 2].astype(np.int64)
    way = rows[:, 3]
    order = np.lexsort((who, way, tier, cell) if by_tier else (who, way, cell))
    other = np.lexsort((cell, way, tier, who))
    return (
        fill(LINK, len(rows), who=who[order], tier=tier[order], way=way[order]),
        fill(BACK_LINK, len(rows), cell=cell[other], tier=tier[other], way=way[other]),
        np.searchsorted(cell[order], np.arange(cells + 1)),
        np.searchsorted(who[other], np.arange(posts + 1)),
    )


def pool(posts, cells=1, tier=OWN, way=0.0):
    """Every post serves every sub-grid alike."""
    return [(c, r, tier, way) for c in range(cells) for r in range(posts)]


def erlang_c(servers, load):
    """Chance that all of M/M/c are busy: Erlang's C formula, by his B's recursion."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


__all__ = [
    "ALL_DAY",
    "COMMUNITY",
    "NEIGHBOUR",
    "OWN",
    "STREET",
    "VOLUNTEER",
    "erlang_c",
    "lay_links",
    "make_world",
    "open_all",
    "pool",
]
