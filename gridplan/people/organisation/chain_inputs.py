"""What the chain is made from: stairwells, members, places and grains of each community."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Floats, Ints
from gridplan.plan import Plan

NO_PAIRS = np.zeros((0, 2), np.int64)


@dataclass(frozen=True)
class ChainInputs:
    """A community to be organised: n stairwells in the order of their codes.

    Parameters
    ----------
    code, kind
        Of the community; kind is urban or rural.
    rows
        int64[n], rows of its stairwells in the table of members.
    xy
        float64[n, 2], metres.
    full, size
        int64[n], full members, and members with probationary ones.
    place
        int64[n], the compound or cluster of each stairwell: numbers from 0.
    grains
        int64[n] each, from the coarsest: what is kept whole if it fits.
        Buildings, then stairwells; in the countryside, where a building is a
        house, sub-grids come first.
    building
        int64[n], the building of each stairwell.
    pairs
        int64[m, 2], stairwells that can be walked between.
    """

    code: str
    kind: str
    rows: Ints
    xy: Floats
    full: Ints
    size: Ints
    place: Ints
    grains: tuple[Ints, ...]
    building: Ints
    pairs: Ints

    def __len__(self) -> int:
        """Return the number of stairwells."""
        return len(self.rows)


def prepare_chain(plan: Plan, members: pd.DataFrame, most: int) -> list[ChainInputs]:
    """Survey every community: members, places, grains and pairs of its stairwells.

    A place is a compound, or a cluster of the buildings outside all compounds
    that can be walked between without entering one. A village with no more
    than ``most`` members is one place, whatever its clusters.
    """
    stairwells = plan.stairwells.sort_index()
    pairs = _find_pairs(stairwells, plan.neighbours)
    community = number_codes(stairwells["community"])
    building = number_codes(stairwells["building"])
    size = (members["full"] + members["probationary"]).to_numpy(np.int64)
    rural = (stairwells["community_kind"] == "rural").to_numpy()
    # A small village meets as one, even where its hamlets lie apart.
    small = rural & (np.bincount(community, size)[community] <= most)
    place = _find_places(stairwells, building, pairs, np.where(small, community, -1))
    # A grain of the countryside is one walkable piece of a sub-grid in one place.
    grid = connect(
        len(stairwells), pairs, number_codes(stairwells["subgrid"]) * (place.max() + 1) + place
    )
    points = stairwells.geometry.to_numpy()
    xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    full = members["full"].to_numpy(np.int64)
    # Pairs and stairwells sorted by community once, so that each community is a slice.
    of_pair = community[pairs[:, 0]]
    pair_order = np.argsort(of_pair, kind="stable")
    count = int(community.max()) + 1
    pair_ends = np.cumsum(np.bincount(of_pair, minlength=count))
    order = np.argsort(community, kind="stable")
    # Number of a stairwell within its community, which its pairs are written in.
    local = np.empty(len(order), np.int64)
    ends = np.cumsum(np.bincount(community))
    local[order] = np.arange(len(order)) - (ends - np.bincount(community))[community[order]]
    every_input = []
    for c in range(count):
        rows = order[ends[c - 1] if c else 0 : ends[c]]
        local_pairs = local[pairs[pair_order[pair_ends[c - 1] if c else 0 : pair_ends[c]]]].reshape(
            -1, 2
        )
        homes = number_codes(building[rows])
        finest = np.arange(len(rows))
        # In the countryside a building is a house, too small to keep branches apart.
        grains = (number_codes(grid[rows]), homes, finest) if rural[rows[0]] else (homes, finest)
        every_input.append(
            ChainInputs(
                code=str(stairwells["community"].iloc[rows[0]]),
                kind="rural" if rural[rows[0]] else "urban",
                rows=rows,
                xy=xy[rows],
                full=full[rows],
                size=size[rows],
                place=number_codes(place[rows]),
                grains=grains,
                building=homes,
                pairs=local_pairs,
            )
        )
    return every_input


def _find_pairs(stairwells: Any, neighbours: pd.DataFrame) -> Ints:
    """Find the rows of neighbours of one community, each pair once, sorted."""
    ids = stairwells.index
    pairs = np.column_stack(
        [ids.get_indexer(neighbours["focal"]), ids.get_indexer(neighbours["neighbour"])]
    ).astype(np.int64)
    community = stairwells["community"].to_numpy(object)
    # Neighbours that are no stairwell of the plan are -1; pairs across a limit are no help.
    pairs = pairs[(pairs >= 0).all(axis=1)]
    pairs = np.sort(pairs[community[pairs[:, 0]] == community[pairs[:, 1]]], axis=1)
    return np.unique(pairs, axis=0) if len(pairs) else NO_PAIRS


def _find_places(stairwells: Any, building: Ints, pairs: Ints, whole: Ints) -> Ints:
    """Find the place of each stairwell: whole village, compound, or cluster outside them."""
    compound = stairwells["compound"].to_numpy(object)
    loose = (compound == "") & (whole < 0)
    # Stairwells of one building belong together even where no pair joins their doors.
    order = np.argsort(building, kind="stable")
    chain = np.column_stack([order[:-1], order[1:]])[building[order[:-1]] == building[order[1:]]]
    links = np.concatenate([pairs, chain])
    cluster = connect(len(stairwells), links[loose[links].all(axis=1)], None)
    key = np.where(whole >= 0, whole, np.where(loose, cluster, number_codes(compound)))
    # Villages, clusters and compounds are numbered from 0 each: the level keeps them apart.
    level = np.where(whole >= 0, 0, np.where(loose, 1, 2))
    return number_codes(key * 3 + level)


def connect(n: int, pairs: Ints, label: Ints | None) -> Ints:
    """Find the connected pieces and number them; with a label, only pairs of one label connect.

    Examples
    --------
    >>> connect(4, np.array([[0, 1], [1, 2], [2, 3]]), np.array([7, 7, 8, 8])).tolist()
    [0, 0, 1, 1]
    """
    if label is not None:
        pairs = pairs[label[pairs[:, 0]] == label[pairs[:, 1]]]
    graph = csr_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def number_codes(codes: Any) -> Ints:
    """Give codes numbers from 0 in their order.

    Examples
    --------
    >>> number_codes(["b", "a", "b"]).tolist()
    [1, 0, 1]
    """
    return np.asarray(pd.factorize(np.asarray(codes), sort=True)[0], np.int64)


def lift(pairs: Ints, label: Ints) -> Ints:
    """Lift pairs of stairwells to pairs of what they belong to, each once; -1 is nothing.

    Examples
    --------
    >>> lift(np.array([[0, 1], [1, 2], [2, 3]]), np.array([0, 0, 1, -1])).tolist()
    [[0, 1]]
    """
    lifted = np.sort(label[pairs].reshape(-1, 2), axis=1)
    # Sorted, so the first of a pair is -1 wherever either is.
    lifted = lifted[(lifted[:, 0] != lifted[:, 1]) & (lifted[:, 0] >= 0)]
    return np.unique(lifted, axis=0) if len(lifted) else NO_PAIRS


def annex(weights: Ints, pairs: Ints, xy: Floats) -> Ints:
    """Annex each thing without weight to the nearest with weight; returns owners, -1 for none.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [10.0, 0.0], [30.0, 0.0]])
    >>> annex(np.array([5, 0, 3]), np.array([[0, 1], [1, 2]]), xy).tolist()
    [0, 0, 2]
    """
    from scipy.sparse.csgraph import dijkstra

    n = len(weights)
    heavy = np.flatnonzero(weights > 0)
    owner = np.where(weights > 0, np.arange(n), -1)
    if len(heavy) in (0, n) or not len(pairs):
        return owner
    # A stored zero would read as "no pair".
    length = np.maximum(np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T), 1e-3)
    graph = csr_matrix((length, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    # One search from all heavy ones at once: whose search arrives first is the owner.
    source = dijkstra(
        graph, directed=False, indices=heavy, min_only=True, return_predecessors=True
    )[2]
    return np.where(source >= 0, source, -1).astype(np.int64)
