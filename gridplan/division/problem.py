"""The division problem: atoms with weights, positions and neighbours, and the band of parts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Array, Floats, Ints, Objects
from gridplan.division.exchange_kernels import DivisionArrays
from gridplan.rules.band import Band
from gridplan.rules.prices import Prices


@dataclass(frozen=True)
class DivisionProblem:
    """Atoms to be divided into parts within a band.

    Parameters
    ----------
    ids
        Codes of the n atoms, sorted, so that the division does not depend on
        the order of rows.
    weights
        int64[n], households that count for the band.
    pull
        float64[n], households that walk; the same as the weights in a plan.
    xy
        float64[n, 2], metres.
    climb
        float64[n], walking metres from the door to the atom.
    stack
        int64[n], atoms of one number share a door.
    pairs
        int64[m, 2], atoms that can be walked between; every part is connected
        through them. None: parts need not be connected.
    groups
        int32[n, g], for each level of groups (buildings, compounds, sides of
        barriers and streets, settlements) the group of the atom.
    prices
        float64[g], household-metres for each further group of a level that a
        part reaches into.
    band
        Households of a part.
    outside, off
        Household-metres for each household outside the band, and off the
        target.
    matrix
        float64[n, n], walking metres, or None where positions give them.
    expected
        float64[m], households outside the band that are expected of a part by
        its number of households; None where the number is taken as it is.
    wanted
        Parts that there must be; 0: as many as come nearest to the target.
    """

    ids: tuple[str, ...]
    weights: Ints
    pull: Floats
    xy: Floats
    climb: Floats
    stack: Ints
    pairs: Ints | None
    groups: Ints
    prices: Floats
    band: Band
    outside: float = Prices().outside_band
    off: float = Prices().off_target
    matrix: Floats | None = field(default=None, repr=False)
    expected: Floats | None = field(default=None, repr=False)
    wanted: int = 0

    def __len__(self) -> int:
        """Return the number of atoms."""
        return len(self.weights)

    @property
    def households(self) -> int:
        """All households together."""
        return int(self.weights.sum())

    def take(self, atoms: Ints) -> DivisionProblem:
        """Return the problem of some of the atoms only."""
        # Atoms are numbered again; -1 marks those that are not taken.
        place = np.full(len(self), -1)
        place[atoms] = np.arange(len(atoms))
        pairs = self.pairs
        if pairs is not None:
            pairs = place[pairs]
            pairs = pairs[(pairs >= 0).all(axis=1)]
        return replace(
            self,
            ids=tuple(self.ids[a] for a in atoms),
            weights=self.weights[atoms],
            pull=self.pull[atoms],
            xy=self.xy[atoms],
            climb=self.climb[atoms],
            stack=self.stack[atoms],
            pairs=pairs,
            groups=self.groups[atoms],
            matrix=None if self.matrix is None else self.matrix[np.ix_(atoms, atoms)],
        )

    def find_islands(self) -> list[Ints]:
        """Find the atoms of each connected component, the one with the first atom first."""
        if self.pairs is None:
            # Without pairs a part may hold any atoms: everything is one island.
            return [np.arange(len(self))]
        count, label = connected_components(self.link(self.pairs), directed=False)
        return [np.flatnonzero(label == c) for c in range(count)]

    def link(self, pairs: Ints | None) -> Any:
        """Return the graph of pairs of atoms, both ways, as a sparse matrix."""
        n = len(self)
        pairs = np.zeros((0, 2), int) if pairs is None else pairs
        graph = csr_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        return (graph + graph.T).tocsr()

    def to_data(self) -> DivisionArrays:
        """Return the typed arrays that the kernels take."""
        graph = self.link(self.pairs) if self.pairs is not None else find_near(self.xy, self.matrix)
        graph.sort_indices()
        matrix = np.zeros((0, 0)) if self.matrix is None else _copy(self.matrix, np.float64)
        kinds = [len(np.unique(self.groups[:, g])) for g in range(len(self.prices))]
        # Levels that cost nothing, or that every part or every atom splits alike, only
        # slow things.
        useful = [g for g, kind in enumerate(kinds) if self.prices[g] > 0 and 1 < kind < len(self)]
        return DivisionArrays(
            weights=_copy(self.weights, np.int64),
            pull=_copy(self.pull, np.float64),
            # Around the middle, where differences of coordinates lose fewest digits.
            x=_copy(self.xy[:, 0] - self.xy[:, 0].mean(), np.float64),
            y=_copy(self.xy[:, 1] - self.xy[:, 1].mean(), np.float64),
            climb=_copy(self.climb, np.float64),
            stack=_copy(self.stack, np.int64),
            matrix=matrix,
            indptr=graph.indptr.astype(np.int32),
            indices=graph.indices.astype(np.int32),
            groups=_copy(self.groups[:, useful], np.int32),
            prices=_copy(self.prices[useful], np.float64),
            band=np.array([self.band.low, self.band.target, self.band.high], np.int64),
            wishes=np.array([self.outside, self.off], np.float64),
            expected=_copy(np.zeros(0) if self.expected is None else self.expected, np.float64),
            contiguous=self.pairs is not None,
        )


def _copy(values: Any, dtype: Any) -> Array:
    """Copy an array for the kernels, which would compile again for a read-only one."""
    return np.array(values, dtype, order="C")


def find_near(xy: Floats, matrix: Floats | None, most: int = 12) -> Any:
    """Find each atom's nearest ones, partners of exchanges where parts need not be connected."""
    n = len(xy)
    count = min(most + 1, n)
    if matrix is not None:
        # An atom is among its own nearest, hence one more; it is taken out below.
        near = np.argsort(matrix, axis=1, kind="stable")[:, :count]
    else:
        from scipy.spatial import cKDTree

        near = np.atleast_2d(cKDTree(xy).query(xy, k=count)[1]).reshape(n, -1)
    rows = np.repeat(np.arange(n), near.shape[1])
    keep = rows != near.ravel()
    graph = csr_matrix(
        (np.ones(keep.sum(), np.int8), (rows[keep], near.ravel()[keep])), shape=(n, n)
    )
    return (graph + graph.T).tocsr()


def make_division_problem(
    stairwells: Any,
    neighbours: pd.DataFrame,
    band: Band,
    prices: Prices,
    matrix: Floats | None = None,
    expected: Floats | None = None,
) -> DivisionProblem:
    """Make the division problem of one community from its stairwells and neighbours.

    Parameters
    ----------
    stairwells
        Rows of the stairwells table, of one community, sorted by key.
    neighbours
        Rows of the neighbours table with both ends among them.
    band, prices
        The band of the community's class and the prices of all other wishes.
    matrix
        float64[n, n], walking metres between the stairwells, climbs included;
        straight lines and climbs if not given.
    expected
        float64[m], expected households outside the band by households of a part.
    """
    ids = stairwells.index
    focal = ids.get_indexer(neighbours["focal"])
    other = ids.get_indexer(neighbours["neighbour"])
    pairs = np.column_stack([focal, other]).astype(np.int64)
    link = neighbours["link"].to_numpy()
    doors = (stairwells["building"] + "-" + stairwells["door"].astype("str")).to_numpy()
    # Buildings of no known compound are one group: a sub-grid over several of them
    # pays for none.
    compound = stairwells["compound"].to_numpy()
    none = compound == ""
    levels = [
        _number(stairwells["building"].to_numpy()),
        np.where(none, 0, _number(compound) + 1),
        _find_sides(len(ids), pairs[link != "opening"]),
        _find_sides(len(ids), pairs[(link != "opening") & (link != "soft")]),
        *(_number(stairwells[level].to_numpy()) for level in ("quarter", "block", "settlement")),
    ]
    points = stairwells.geometry
    weights = stairwells["households"].to_numpy(np.int64)
    return DivisionProblem(
        ids=tuple(ids),
        weights=weights,
        pull=weights.astype(float),
        xy=np.column_stack([points.x.to_numpy(), points.y.to_numpy()]),
        climb=stairwells["climb"].to_numpy(float),
        stack=_number(doors),
        pairs=pairs,
        groups=np.column_stack(levels).astype(np.int32),
        prices=np.array(
            [
                prices.building,
                prices.compound,
                prices.opening,
                prices.barrier,
                prices.main_road,
                prices.street,
                prices.settlement,
            ]
        ),
        band=band,
        outside=prices.outside_band,
        off=prices.off_target,
        matrix=matrix,
        expected=expected,
    )


def _number(codes: Objects) -> Ints:
    return np.asarray(np.unique(codes, return_inverse=True)[1], np.int64)


def _find_sides(n: int, pairs: Ints) -> Ints:
    """Find the sides of barriers: atoms that can be walked between without the pairs left out."""
    graph = csr_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
