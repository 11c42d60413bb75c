"""How long posts are on their way to sub-grids, by streets or straight lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints, Objects
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.walking.detour import measure_straight
from gridplan.walking.door_distances import measure_among
from gridplan.walking.street_network import WalkingNetwork


def measure_links(
    plan: Plan,
    homes: Any,
    cells: pd.DataFrame,
    row: Ints,
    column: Ints,
    rules: Rules,
    network: WalkingNetwork | None = None,
) -> Floats:
    """Measure the minutes from homes to the centres of sub-grids, link by link.

    A way inside one's own sub-grid is as long as its mean walk to the centre;
    no way to another is shorter.

    Parameters
    ----------
    plan
        The plan.
    homes
        Code of a stairwell for each post.
    cells
        The sub-grids, with community, centre and mean_walk (metres).
    row, column
        Post and sub-grid of each link.
    rules
        Section ``walking``.
    network
        The streets of the whole city, where the plan holds but a part of them;
        those of the plan if not given.
    """
    home = np.asarray(homes, object)[row]
    centre = cells["centre"].to_numpy(object)[column]
    community = cells["community"].to_numpy(object)[column]
    doors = plan.stairwells.sort_index()
    # only stairwells at which a way begins or ends need a place in the matrices
    used = doors.loc[doors.index.isin(home) | doors.index.isin(centre)]
    place = pd.Series(used.groupby("community").cumcount().to_numpy(), index=used.index)
    a = place.reindex(home).to_numpy()
    b = place.reindex(centre).to_numpy()
    metres = np.full(len(row), np.nan)
    ways = _measure_among(plan, used, rules, network)
    numbers, codes = pd.factorize(community)
    # links grouped by community, so each matrix is looked up once
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(len(codes) + 1))
    same = (doors["community"].reindex(home).to_numpy(object) == community) & ~np.isnan(
        a.astype(float)
    )
    for n, code in enumerate(codes):
        links_here = order[starts[n] : starts[n + 1]]
        # a home elsewhere has no place in this community's matrix
        links_here = links_here[same[links_here]]
        metres[links_here] = ways[str(code)][
            a[links_here].astype(np.int64), b[links_here].astype(np.int64)
        ]
    straight = _measure_apart(doors, home, centre) * rules.walking.detour
    # what no way joins is taken straight, with the usual detour
    metres = np.where(np.isfinite(metres), metres, straight)
    # doors of a sub-grid are spread out, so nobody is nearer than its mean walk
    at_least = cells["mean_walk"].fillna(0.0).to_numpy(float)[column]
    return np.asarray(rules.walking.to_minutes(np.maximum(metres, at_least)))


def _measure_among(
    plan: Plan, doors: Any, rules: Rules, network: WalkingNetwork | None
) -> dict[str, Floats]:
    """Measure the ways among stairwells of each community."""
    if network is not None or len(plan.site.streets):
        return measure_among(plan.site, doors, rules.walking, network)[0]
    ways = {}
    for community, rows in doors.groupby("community", sort=True).indices.items():
        community_doors = doors.iloc[rows]
        lengths = measure_straight(
            community_doors, community_doors, plan.site, rules.walking
        ).tocoo()
        metres = np.full((len(community_doors), len(community_doors)), np.inf)
        metres[lengths.row, lengths.col] = lengths.data
        # only one direction of each pair is held
        ways[str(community)] = np.minimum(metres, metres.T)
    return ways


def _measure_apart(doors: Any, home: Objects, centre: Objects) -> Floats:
    """Measure straight metres between stairwells; an unknown home is where the centre is."""
    places = pd.DataFrame(shapely.get_coordinates(doors.geometry.to_numpy()), index=doors.index)
    b = places.reindex(centre).to_numpy()
    a = places.reindex(home).to_numpy()
    a = np.where(np.isnan(a), b, a)
    return np.asarray(np.hypot(*(a - b).T))
