"""The system that is simulated: sub-grids that ask, posts that answer, and who is asked for whom, how many minutes away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gridplan.conform import Entry
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.rules import Rules
from gridplan.simulation.posts import find_served, list_posts
from gridplan.simulation.state import COMMUNITY, NEIGHBOUR, OWN, STREET, VOLUNTEER
from gridplan.simulation.ways import measure_links
from gridplan.walking.detour import note_detour

Array = np.ndarray[Any, Any]
NEIGHBOURLY = ("grid_leader", "grid_worker_part", "central_household")  # roles that help in adjoining sub-grids
WHOLE = (("volunteer", "community", VOLUNTEER), ("grid_worker_full", "community", COMMUNITY), ("street_staff", "block", STREET))


@dataclass(frozen=True, eq=False)
class System:
    """Sub-grids, posts and links.

    Parameters
    ----------
    cells
        The sub-grids that ask, by code: community, community_kind, block (subdistrict), households, centre, mean_walk (m).
        Sorted by block, community, code.
    posts
        The posts that answer, by code: role, community, block. Sorted by block, community, role, code.
    cell, post, tier, way
        Links: rows of cells and posts, tier (0 own, 1 neighbour, 2 volunteer, 3 community, 4 street), minutes.
    entries
        What was inferred, or is not known, for whoever reads the figures.
    """

    cells: pd.DataFrame
    posts: pd.DataFrame
    cell: Array
    post: Array
    tier: Array
    way: Array
    entries: tuple[Entry, ...] = ()

    def __len__(self) -> int:
        """Return the number of posts."""
        return len(self.posts)


def make_system(plan: Plan, rules: Rules | None = None, *, volunteers: float = 1.0) -> System:
    """Make the system of a staffed plan.

    A post serves its own sub-grids; leaders, part-time workers and central households also help in adjoining ones;
    volunteers and full-time workers serve their whole community, a subdistrict's staff all of it.

    Parameters
    ----------
    plan
        A plan that was organised and staffed.
    rules
        The rules; those of the plan's manifest if not given. Sections ``simulation``, ``walking`` and ``coverage``.
    volunteers
        So many times the volunteers counted.

    Raises
    ------
    PlanError
        If the plan has no posts or is a release.

    Examples
    --------
    >>> from tests.people import make_people_plan
    >>> from gridplan.staffing import staff
    >>> system = make_system(staff(make_people_plan()))
    >>> system.posts["role"].value_counts().sort_index().to_dict()
    {'grid_leader': 2, 'grid_worker_full': 2, 'grid_worker_part': 2, 'street_staff': 1}
    """
    rules = rules or Rules.from_dict(plan.manifest.get("rules") or {})
    check_staffed(plan)
    cells = list_cells(plan)
    posts = list_posts(plan, cells, rules, volunteers)
    cell, post, tier = link_posts(plan, posts, cells)
    way = np.full(len(cell), rules.simulation.street_minutes)
    own = tier != STREET
    way[own] = measure_links(plan, posts["home"], cells, post[own], cell[own], rules)
    entries = _note(plan, cells, posts, rules)
    return System(cells, posts[["role", "community", "block"]], cell, post, tier, way, entries)


def check_staffed(plan: Plan) -> None:
    """Refuse a plan in which nobody answers: a release, one that was never staffed, or in which no post is filled.

    Raises
    ------
    PlanError
        With the remedy.
    """
    if plan.manifest.get("release"):
        raise PlanError("a release holds no posts -> give the working plan")
    if plan.posts.empty:
        raise PlanError("the plan was never staffed, so nobody answers -> gridplan organise PLAN, then gridplan staff PLAN")
    if plan.duties.empty:
        remedy = "plan with --counts (members, cadres, community_workers), then organise and staff"
        raise PlanError(f"none of the {len(plan.posts):,} posts is filled, as nobody was counted who could fill them -> {remedy}")


def _note(plan: Plan, cells: pd.DataFrame, posts: pd.DataFrame, rules: Rules) -> tuple[Entry, ...]:
    """Note what the system was made of that nobody counted or measured."""
    served = posts.loc[posts["role"] == "volunteer", "community"]
    without = sorted(set(cells["community"]) - set(served))
    nameless = int(cells.loc[cells["block"] == "", "community"].nunique())
    ways = replace(note_detour(rules.walking, len(posts)), table="posts")
    if len(plan.site.streets):
        ways = Entry("walking", "posts", "noted", len(posts), "ways of posts go along the streets")
    entries = (
        ways,
        Entry("simulation", "communities", "noted", len(without), "no volunteers were counted, so none answer", without),
        Entry("simulation", "communities", "inferred", nameless, "no subdistrict is named: one staff answers for all of them"),
    )
    return tuple(entry for entry in entries if entry.count)


def list_cells(plan: Plan) -> pd.DataFrame:
    """List the sub-grids with households; a block is a subdistrict, or all communities that name none."""
    own = plan.subgrids[(plan.subgrids["kind"] == "residential") & (plan.subgrids["households"] > 0)]
    block = own["community"].map(plan.site.communities["subdistrict"]).fillna("")
    table = pd.DataFrame(own[["community", "community_kind", "households", "centre", "mean_walk"]]).assign(block=block)
    return table.reset_index().sort_values(["block", "community", "subgrid"], kind="stable").set_index("subgrid")


def link_posts(plan: Plan, posts: pd.DataFrame, cells: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Link posts to sub-grids, each pair once at its lowest tier; returns rows of cells and posts, and tiers."""
    post, cell = find_served(plan, posts, cells)
    parts = [(cell, post, OWN)]
    near = pd.DataFrame(_find_pairs(plan, cells), columns=["cell", "other"])
    helpful = np.isin(posts["role"].to_numpy(object)[post], NEIGHBOURLY)
    beside = pd.DataFrame({"cell": cell[helpful], "post": post[helpful]}).merge(near, on="cell")
    parts.append((beside["other"].to_numpy(), beside["post"].to_numpy(), NEIGHBOUR))
    for role, level, step in WHOLE:
        rows = np.flatnonzero(posts["role"] == role)
        some = pd.DataFrame({"post": rows, "over": posts[level].to_numpy(object)[rows]})
        both = some.merge(pd.DataFrame({"cell": np.arange(len(cells)), "over": cells[level].to_numpy(object)}), on="over")
        parts.append((both["cell"].to_numpy(), both["post"].to_numpy(), step))
    cell, post = (np.concatenate([part[n] for part in parts]).astype(np.int64) for n in (0, 1))
    tier = np.repeat([part[2] for part in parts], [len(part[0]) for part in parts])
    order = np.lexsort((tier, post, cell))
    cell, post, tier = cell[order], post[order], tier[order]
    first = np.append(True, (cell[1:] != cell[:-1]) | (post[1:] != post[:-1])) if len(cell) else np.zeros(0, bool)
    return cell[first], post[first], tier[first]


def _find_pairs(plan: Plan, cells: pd.DataFrame) -> Array:
    """Find the sub-grids of one community between which some doors can be walked, both ways round: int64[k, 2]."""
    row = pd.Series(cells.index.get_indexer(pd.Index(plan.stairwells["subgrid"])), index=plan.stairwells.index)
    a, b = (row.reindex(plan.neighbours[c]).fillna(-1).to_numpy(np.int64) for c in ("focal", "neighbour"))
    community = pd.factorize(cells["community"])[0]
    kept = (a >= 0) & (b >= 0) & (a != b)
    kept[kept] = community[a[kept]] == community[b[kept]]
    both = np.concatenate([np.column_stack([a[kept], b[kept]]), np.column_stack([b[kept], a[kept]])])
    return np.unique(both, axis=0)
