"""Siting costs: places that cost at most so much, and less where a chosen site is near.

Choose at most k sites so that ``base + sum of weight x min(beyond, way to the
nearest chosen site)`` is least. With ways of 0 and beyond 1 that is the weight
left uncovered; with metres it is household-metres. What is open already only
lowers ``beyond``, so it vanishes; equal places are one; a
dominated site is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from gridplan.arrays import Floats, Ints

LARGEST = 30_000_000  # pairs of sites compared, one common place each, to find dominated ones


@dataclass(frozen=True, eq=False)
class SitingCosts:
    """Places and sites, by columns.

    Parameters
    ----------
    indptr, rows, ways
        int64[m + 1], int64[e], float64[e]: site j is in reach of places
        ``rows[indptr[j]:indptr[j + 1]]``, in rising order, all of them nearer
        than ``beyond``.
    weights, beyond
        float64[n], households, and what each of them costs where no chosen
        site is nearer.
    sites
        int64[m], the number of each site in the problem.
    base
        What is paid in any case.
    """

    indptr: Ints
    rows: Ints
    ways: Floats
    weights: Floats
    beyond: Floats
    sites: Ints
    base: float

    @property
    def columns(self) -> Ints:
        """int64[e], the site of each entry."""
        return np.repeat(np.arange(len(self.sites)), np.diff(self.indptr))

    @cached_property
    def by_place(self) -> tuple[Ints, Ints, Floats]:
        """The sites of each place from the nearest on: int64[n + 1], int64[e], float64[e]."""
        columns = self.columns
        order = np.lexsort((columns, self.ways, self.rows))
        starts = np.concatenate(
            [[0], np.cumsum(np.bincount(self.rows, minlength=len(self.weights)))]
        )
        return starts, columns[order], self.ways[order]

    @property
    def whole(self) -> bool:
        """Whether every answer costs a whole number."""
        numbers = (self.weights, self.beyond, self.ways, np.array([self.base]))
        return all(bool((array == np.rint(array)).all()) for array in numbers)


def list_costs(ways: csr_array, weights: Floats, beyond: Floats) -> SitingCosts:
    """List a matrix of ways by its columns, as it is."""
    n, m = ways.shape
    rows = np.repeat(np.arange(n), np.diff(ways.indptr))
    # Stable, so that the places of a site stay in rising order.
    order = np.argsort(ways.indices, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(ways.indices, minlength=m))])
    return SitingCosts(indptr, rows[order], ways.data[order], weights, beyond, np.arange(m), 0.0)


def build_costs(
    ways: csr_array, weights: Floats, beyond: Floats, fixed: Ints, *, is_roomy: bool = True
) -> SitingCosts:
    """Build costs of a matrix of ways, with the fixed sites open already.

    Without room for all (``is_roomy``) there may be no fixed sites.
    """
    whole = list_costs(ways, weights, beyond)
    return reduce_costs(whole, fixed, np.setdiff1d(whole.sites, fixed), is_roomy=is_roomy)


def reduce_costs(
    costs: SitingCosts, opened: Ints, kept: Ints, *, is_roomy: bool = True
) -> SitingCosts:
    """Open some sites for good, keep some to choose from, and drop whatever no longer matters.

    A dominated site is dropped only where every site has room
    for all (``is_roomy``).
    """
    columns = costs.columns
    is_open, is_kept = (np.isin(np.arange(len(costs.sites)), chosen) for chosen in (opened, kept))
    beyond = costs.beyond.copy()
    entries = np.flatnonzero(is_open[columns])
    # What an open site serves cheaper costs no more than that.
    np.minimum.at(beyond, costs.rows[entries], costs.ways[entries])
    entries = np.flatnonzero(
        is_kept[columns] & (costs.ways < beyond[costs.rows]) & (costs.weights[costs.rows] > 0)
    )
    matrix = csr_array(
        (costs.ways[entries], (costs.rows[entries], columns[entries])),
        shape=(len(beyond), len(costs.sites)),
    )
    reduced = _merge_rows(matrix, costs.weights, beyond, costs.sites, costs.base)
    # Dropping sites makes places equal, and merging places dominates sites.
    before = -1
    while is_roomy and len(reduced.sites) != before:
        before = len(reduced.sites)
        matrix = _drop_dominated(reduced)
        if matrix is not None:
            reduced = _merge_rows(
                matrix, reduced.weights, reduced.beyond, reduced.sites, reduced.base
            )
    return reduced


def take_rows(costs: SitingCosts, places: Ints) -> SitingCosts:
    """Take some places alone, with the sites in reach of them."""
    is_taken = np.zeros(len(costs.weights), bool)
    is_taken[places] = True
    columns = costs.columns
    entries = np.flatnonzero(is_taken[costs.rows])
    matrix = csr_array(
        (costs.ways[entries], (costs.rows[entries], columns[entries])),
        shape=(len(is_taken), len(costs.sites)),
    )
    weights = np.where(is_taken, costs.weights, 0.0)
    return _merge_rows(matrix, weights, costs.beyond, costs.sites, costs.base)


def _merge_rows(
    matrix: csr_array, weights: Floats, beyond: Floats, sites: Ints, base: float
) -> SitingCosts:
    """Merge places with the same ways to the same sites; those with none are paid for."""
    matrix.sort_indices()
    sizes = np.diff(matrix.indptr)
    # A place that no site serves more cheaply is paid for in any case.
    base += float((weights * beyond)[sizes == 0].sum())
    used = np.flatnonzero(sizes > 0)
    matrix = matrix[used]
    beyond = beyond[used]
    weights = weights[used]
    sizes = sizes[used]
    group = _group_rows(matrix, beyond)
    first = np.unique(group, return_index=True)[1]
    matrix = matrix[first]
    order = np.argsort(matrix.indices, kind="stable")
    counts = np.bincount(matrix.indices, minlength=len(sites))
    rows = np.repeat(np.arange(len(first)), np.diff(matrix.indptr))[order]
    # A site that serves nobody more cheaply cannot be worth choosing.
    alive = np.flatnonzero(counts > 0)
    indptr = np.concatenate([[0], np.cumsum(counts[alive])])
    households = np.bincount(group, weights=weights, minlength=len(first)).astype(float)
    return SitingCosts(
        indptr, rows, matrix.data[order], households, beyond[first], sites[alive], base
    )


def _group_rows(matrix: csr_array, beyond: Floats) -> Ints:
    """Give equal rows one number: by a checksum first, then each beside the first of its group."""
    # A fixed seed: the same matrix gives the same checksums in every run.
    rng = np.random.default_rng(0)
    mixed = rng.integers(1, 2**63, matrix.shape[1], dtype=np.uint64)[matrix.indices]
    # Bits of the ways, not their values: overflow wraps round, which a checksum may do.
    mixed = mixed * (matrix.data.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1))
    starts = matrix.indptr[:-1]
    # Checksums group candidates; entries are compared only within a group.
    sums = np.add.reduceat(mixed, starts) if len(starts) else mixed
    sums = sums * np.uint64(31) + beyond.view(np.uint64) + np.diff(matrix.indptr).astype(np.uint64)
    first, group = np.unique(sums, return_index=True, return_inverse=True)[1:]
    like = first[group]
    sizes = np.diff(matrix.indptr)
    alike = (sizes == sizes[like]) & (beyond == beyond[like])
    entries = np.repeat(np.where(alike, matrix.indptr[like] - starts, 0), sizes) + np.arange(
        matrix.nnz
    )
    same = (matrix.indices == matrix.indices[entries]) & (matrix.data == matrix.data[entries])
    alike &= np.logical_and.reduceat(same, starts) if len(starts) else alike
    # Where a checksum met by chance, the row stays by itself: no merge is wrong.
    like = np.where(alike, like, np.arange(len(like)))
    return np.unique(like, return_inverse=True)[1]


def _drop_dominated(costs: SitingCosts) -> csr_array | None:
    """Drop dominated sites, whose places are all in reach of another, where all ways are equal.

    Of equals the first stays. Returns the ways to the sites that stay, None
    where all do or where there would be too much to look at.
    """
    n = len(costs.weights)
    m = len(costs.sites)
    counts = np.bincount(costs.rows, minlength=n)
    # Where ways differ, more places do not make a site better for each of them.
    if m == 0 or (costs.ways != costs.ways[0]).any() or float(counts @ counts) > LARGEST:
        return None
    holds = csr_array((np.ones(len(costs.rows), np.int32), costs.rows, costs.indptr), shape=(m, n))
    # Places in common of each pair; all of the smaller one means dominated.
    common = (holds @ holds.T).tocoo()
    size = np.diff(costs.indptr)
    i, j = common.coords
    is_dominated = np.zeros(m, bool)
    is_dominated[i[(common.data == size[i]) & (i != j) & ((size[j] > size[i]) | (j < i))]] = True
    if not is_dominated.any():
        return None
    columns = costs.columns
    entries = np.flatnonzero(~is_dominated[columns])
    return csr_array((costs.ways[entries], (costs.rows[entries], columns[entries])), shape=(n, m))


def price_sites(costs: SitingCosts, chosen: Ints) -> float:
    """Price a choice of sites (numbers within the costs)."""
    near = costs.beyond.copy()
    for j in chosen:
        reach = slice(costs.indptr[j], costs.indptr[j + 1])
        near[costs.rows[reach]] = np.minimum(near[costs.rows[reach]], costs.ways[reach])
    return costs.base + float((costs.weights * near).sum())
