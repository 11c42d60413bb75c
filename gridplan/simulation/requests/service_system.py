"""The system simulated: sub-grids that ask, posts that answer, who is asked, how far off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests.answering_posts import (
    ORDER,
    count_street,
    find_served,
    list_posts,
)
from gridplan.simulation.requests.kernel_state import COMMUNITY, NEIGHBOUR, OWN, STREET, VOLUNTEER
from gridplan.simulation.requests.travel_times import measure_links
from gridplan.tables.ledger import Entry
from gridplan.tables.roles import find_roles, name_roles
from gridplan.walking.detour import note_detour
from gridplan.walking.street_network import WalkingNetwork

# Tiers of the roles that serve their whole community.
WHOLE = {"volunteer": VOLUNTEER, "community": COMMUNITY}
CELL_ORDER = ["block", "community", "subgrid"]


@dataclass(frozen=True, eq=False)
class ServiceSystem:
    """Sub-grids, posts and links.

    Parameters
    ----------
    cells
        The sub-grids that ask, by code: community, community_kind, block
        (subdistrict), households, centre, mean_walk (m). Sorted by block,
        community, code.
    posts
        The posts that answer, by code: role, community, block. Sorted by
        block, community, role, code.
    cell, post, tier, way
        Links: rows of cells and posts, tier (0 own, 1 neighbour, 2 volunteer,
        3 community, 4 street), minutes.
    entries
        What was inferred, or is not known, for whoever reads the figures.
    """

    cells: pd.DataFrame
    posts: pd.DataFrame
    cell: Ints
    post: Ints
    tier: Ints
    way: Floats
    entries: tuple[Entry, ...] = ()

    def __len__(self) -> int:
        """Return the number of posts."""
        return len(self.posts)


def make_system(
    plan: Plan, rules: Rules | None = None, *, volunteers: float = 1.0
) -> ServiceSystem:
    """Make the system of a staffed plan.

    A post serves its own sub-grids; leaders, part-time workers and central
    households also help in adjoining ones; volunteers and full-time workers
    serve their whole community, a subdistrict's staff all of it.

    Parameters
    ----------
    plan
        A plan that was organised and staffed.
    rules
        The rules; those of the plan's manifest if not given. Sections
        ``simulation``, ``walking`` and ``coverage``.
    volunteers
        So many times the volunteers counted.

    Raises
    ------
    PlanError
        If the plan has no posts or is a release.

    Examples
    --------
    >>> from gridplan.synthetic import make_people_plan
    >>> from gridplan.people.staffing.staff_plan import staff
    >>> system = make_system(staff(make_people_plan()))
    >>> system.posts["role"].value_counts().sort_index().to_dict()
    {'grid_leader': 2, 'grid_worker_full': 2, 'grid_worker_part': 2, 'street_staff': 1}
    """
    rules = rules or plan.rules
    refuse_unstaffed(plan.manifest, len(plan.posts), len(plan.duties))
    return join_systems([make_local_system(plan, rules, volunteers=volunteers)], rules)


def refuse_unstaffed(manifest: Mapping[str, Any], posts: int, duties: int) -> None:
    """Refuse a plan on which nobody can answer, by its manifest and the rows of its tables."""
    if manifest.get("release"):
        raise PlanError("a release holds no posts -> give the working plan")
    if not posts:
        raise PlanError(
            "the plan was never staffed, so nobody answers "
            "-> gridplan organise PLAN, then gridplan staff PLAN"
        )
    if not duties:
        remedy = "plan with --counts (members, cadres, community_workers), then organise and staff"
        raise PlanError(
            f"none of the {posts:,} posts is filled, as nobody was counted who could fill them "
            f"-> {remedy}"
        )


def make_local_system(
    plan: Plan, rules: Rules, *, volunteers: float = 1.0, network: WalkingNetwork | None = None
) -> ServiceSystem:
    """Make the part of a system that lies in a plan's communities.

    These may be some of a city's; all but the subdistricts' staff, which
    is added when parts are joined.

    Parameters
    ----------
    plan
        Some communities of a staffed plan, or all.
    rules
        The rules; section ``walking``.
    volunteers
        So many times the volunteers counted.
    network
        The streets of the whole city, where the plan holds but a part of them;
        those of the plan if not given.
    """
    cells = list_cells(plan)
    posts = list_posts(plan, cells, volunteers)
    cell, post, tier = link_posts(plan, posts, cells)
    way = measure_links(plan, posts["home"], cells, post, cell, rules, network)
    # a part of a city may hold no street itself and still be on the
    # streets of the whole
    known = network is not None or len(plan.site.streets) > 0
    ways = Entry("walking", "posts", "noted", len(posts), "ways of posts go along the streets")
    entry = ways if known else replace(note_detour(rules.walking, len(posts)), table="posts")
    return ServiceSystem(
        cells, posts[["role", "community", "block"]], *_pack(cell, post, tier, way), (entry,)
    )


def join_systems(parts: Sequence[ServiceSystem], rules: Rules) -> ServiceSystem:
    """Join parts and add the subdistricts' staff.

    Parts are those of :func:`make_local_system`; the result is the same however
    the communities were parted.

    Parameters
    ----------
    parts
        At least one.
    rules
        The rules; section ``simulation``.
    """
    cells, rows = _join_tables([part.cells for part in parts], CELL_ORDER)
    street = count_street(cells, rules.simulation)
    posts, numbers = _join_tables([*(part.posts for part in parts), street], ORDER)
    # only now: a subdistrict may lie in several parts, and its staff is one
    staffed, staff = link_over(cells, posts, "block", "street_staff")
    # parts number their rows from zero; here they become rows of the joined tables
    cell = np.concatenate(
        [*(row[part.cell] for row, part in zip(rows, parts, strict=True)), staffed]
    )
    post = np.concatenate(
        [*(row[part.post] for row, part in zip(numbers, parts, strict=False)), staff]
    )
    tier = np.concatenate([*(part.tier for part in parts), np.full(len(staff), STREET)])
    way = np.concatenate(
        [*(part.way for part in parts), np.full(len(staff), rules.simulation.street_minutes)]
    )
    # one order, whatever the order of the parts
    order = np.lexsort((post, cell))
    # all parts note the same ways; only the number of posts is that of the whole
    entries = (replace(parts[0].entries[0], count=len(posts)), *_note(cells, posts))
    counted = tuple(entry for entry in entries if entry.count)
    return ServiceSystem(
        cells, posts, *_pack(cell[order], post[order], tier[order], way[order]), counted
    )


def _pack(cell: Ints, post: Ints, tier: Ints, way: Floats) -> tuple[Ints, Ints, Ints, Floats]:
    """Pack links in as few bytes as they need; a prefecture has ten million."""
    return cell.astype(np.int32), post.astype(np.int32), tier.astype(np.int8), way


def _join_tables(
    tables: Sequence[pd.DataFrame], order: list[str]
) -> tuple[pd.DataFrame, list[Ints]]:
    """Join tables in order; returns the table and, for each part, its rows' new places."""
    key = tables[0].index.name
    both = pd.concat([table.reset_index() for table in tables], ignore_index=True).sort_values(
        order, kind="stable"
    )
    place = np.empty(len(both), np.int64)
    # the inverse of the sort: where each row of a part has gone
    place[both.index.to_numpy()] = np.arange(len(both))
    return both.set_index(key), np.split(place, np.cumsum([len(table) for table in tables])[:-1])


def _note(cells: pd.DataFrame, posts: pd.DataFrame) -> tuple[Entry, ...]:
    """Note what the system was made of that nobody counted."""
    served = posts.loc[posts["role"] == "volunteer", "community"]
    without = sorted(set(cells["community"]) - set(served))
    nameless = int(cells.loc[cells["block"] == "", "community"].nunique())
    return (
        Entry(
            "simulation",
            "communities",
            "noted",
            len(without),
            "no volunteers were counted, so none answer",
            without,
        ),
        Entry(
            "simulation",
            "communities",
            "inferred",
            nameless,
            "no subdistrict is named: one staff answers for all of them",
        ),
    )


def list_cells(plan: Plan) -> pd.DataFrame:
    """List the sub-grids with households.

    A block is a subdistrict, or all communities that name none.
    """
    residential = plan.subgrids[
        (plan.subgrids["kind"] == "residential") & (plan.subgrids["households"] > 0)
    ]
    block = (
        residential["community"].map(plan.site.communities["subdistrict"]).astype("str").fillna("")
    )
    table = pd.DataFrame(
        residential[["community", "community_kind", "households", "centre", "mean_walk"]]
    ).assign(block=block)
    return table.reset_index().sort_values(CELL_ORDER, kind="stable").set_index("subgrid")


def link_posts(plan: Plan, posts: pd.DataFrame, cells: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Link posts to sub-grids, each pair once at its lowest tier.

    Returns rows of cells and posts, and tiers.
    """
    post, cell = find_served(plan, posts, cells)
    parts = [(cell, post, OWN)]
    near = pd.DataFrame(_find_pairs(plan, cells), columns=["cell", "other"])
    helpful = np.isin(posts["role"].to_numpy(object)[post], name_roles(neighbours=True))
    # a post helps beside every sub-grid that it serves, not only beside its home
    beside = pd.DataFrame({"cell": cell[helpful], "post": post[helpful]}).merge(near, on="cell")
    parts.append((beside["other"].to_numpy(), beside["post"].to_numpy(), NEIGHBOUR))
    for role in find_roles(serves=tuple(WHOLE)):
        links = link_over(cells, posts, "community", role.role)
        parts.append((*links, WHOLE[role.serves]))
    cell, post = (np.concatenate([part[n] for part in parts]).astype(np.int64) for n in (0, 1))
    tier = np.repeat([part[2] for part in parts], [len(part[0]) for part in parts])
    # of several links between a pair the lowest tier comes first, and only it is kept
    order = np.lexsort((tier, post, cell))
    cell = cell[order]
    post = post[order]
    tier = tier[order]
    first = (
        np.append(True, (cell[1:] != cell[:-1]) | (post[1:] != post[:-1]))
        if len(cell)
        else np.zeros(0, bool)
    )
    return cell[first], post[first], tier[first]


def link_over(
    cells: pd.DataFrame, posts: pd.DataFrame, over: str, role: str, only: Any = True
) -> tuple[Ints, Ints]:
    """Link the posts of a role to all sub-grids of their community or block.

    ``only`` is a mask of the sub-grids that are linked. Returns rows of
    both.
    """
    mine = np.flatnonzero(posts["role"] == role)
    some = np.flatnonzero(np.ones(len(cells), bool) & only)
    crew = pd.DataFrame({"post": mine, "over": posts[over].to_numpy(object)[mine]})
    # all pairs of the same community or block
    both = crew.merge(
        pd.DataFrame({"cell": some, "over": cells[over].to_numpy(object)[some]}), on="over"
    )
    return both["cell"].to_numpy(np.int64), both["post"].to_numpy(np.int64)


def _find_pairs(plan: Plan, cells: pd.DataFrame) -> Ints:
    """Find the sub-grids of one community that can be walked between: int64[k, 2].

    Each pair both ways round.
    """
    # -1 for stairwells of no sub-grid in the list
    row = pd.Series(
        cells.index.get_indexer(pd.Index(plan.stairwells["subgrid"])), index=plan.stairwells.index
    )
    a, b = (
        row.reindex(plan.neighbours[c]).fillna(-1).to_numpy(np.int64)
        for c in ("focal", "neighbour")
    )
    community = pd.factorize(cells["community"])[0]
    # stairwells of special grids belong to no sub-grid that asks
    kept = (a >= 0) & (b >= 0) & (a != b)
    kept[kept] = community[a[kept]] == community[b[kept]]
    both = np.concatenate(
        [np.column_stack([a[kept], b[kept]]), np.column_stack([b[kept], a[kept]])]
    )
    return np.unique(both, axis=0)
