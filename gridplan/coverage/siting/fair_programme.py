"""Integer programmes of fair siting: shares of communities, and a site in each of them.

Places of one community with the same sites in reach are one row. Without
capacities a row is served as far as one of its sites is open; with them it
sends its demand along its ways, as much as the sites have room for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csc_array

from gridplan.arrays import Bools, Floats, Ints
from gridplan.coverage.siting.siting_problem import SitingProblem
from gridplan.engine.highs import open_programme

NODES = 2_000
ENTRIES = 20_000  # ways of merged rows up to which branch and bound is tried
EPSILON = 1e-7


@dataclass(frozen=True, eq=False)
class MergedRows:
    """Places merged by community and sites in reach: weights, communities, and ways as pairs."""

    weight: Floats
    group: Ints
    row: Ints
    site: Ints


def merge_rows(problem: SitingProblem, group: Ints) -> MergedRows:
    """Merge places of one community with the same sites in reach; those without any go."""
    indptr = problem.ways.indptr
    indices = problem.ways.indices
    number: dict[tuple[int, bytes], int] = {}
    weight: list[float] = []
    first: list[int] = []
    for place in np.flatnonzero((problem.weights > 0) & (np.diff(indptr) > 0) & (group >= 0)):
        reach = indices[indptr[place] : indptr[place + 1]]
        key = (int(group[place]), reach.astype(np.int64).tobytes())
        if key not in number:
            number[key] = len(weight)
            weight.append(0.0)
            first.append(int(place))
        weight[number[key]] += float(problem.weights[place])
    places = np.array(first, np.int64)
    sizes = np.diff(indptr)[places] if len(places) else np.zeros(0, np.int64)
    site = [indices[indptr[place] : indptr[place + 1]] for place in places]
    return MergedRows(
        np.array(weight),
        group[places],
        np.repeat(np.arange(len(places)), sizes),
        np.concatenate(site).astype(np.int64) if site else np.zeros(0, np.int64),
    )


@dataclass(frozen=True, eq=False)
class Programme:
    """What all fair programmes share: columns of free sites, then of flows, then two more kinds.

    Columns: a switch for each free site; what flows along each way (a row's
    share served, where there are no capacities); the least share of all
    communities; a switch for each community that gets a site.
    """

    problem: SitingProblem
    rows: MergedRows
    free: Ints
    site_group: Ints
    totals: Floats

    @property
    def is_roomy(self) -> bool:
        """Whether no site has a limit."""
        return self.problem.capacities is None

    @property
    def flows(self) -> int:
        """The number of columns of flows."""
        return len(self.rows.weight) if self.is_roomy else len(self.rows.row)

    @property
    def flow_groups(self) -> Ints:
        """The community that each flow counts for."""
        return self.rows.group if self.is_roomy else self.rows.group[self.rows.row]

    @property
    def served(self) -> Floats:
        """The people that one unit of each flow stands for."""
        return self.rows.weight if self.is_roomy else np.ones(self.flows)

    def solve(
        self, k: int, gain: Floats, least: float, bare: Ints, in_each: int
    ) -> tuple[Ints | None, float, float]:
        """Find at most k sites of the most gain.

        Parameters
        ----------
        k
            Sites at most.
        gain
            What a unit of each column is worth.
        least
            The least share that every community has to have.
        bare
            Communities without any site now.
        in_each
            How many of those have to get one.

        Returns
        -------
        The sites (None where none were found), the gain, and its bound.
        """
        blocks = [*self._limit_flows(), self._share_groups(least), self._count_sites(k)]
        blocks += self._reach_groups(bare, in_each)
        column = [block[0] for block in blocks]
        count = np.cumsum([0, *(len(block[3]) for block in blocks)])
        row = np.concatenate([block[1] + count[n] for n, block in enumerate(blocks)])
        value = np.concatenate([block[2] for block in blocks])
        low = np.concatenate([block[3] for block in blocks])
        high = np.concatenate([block[4] for block in blocks])
        width = len(self.free) + self.flows + 1 + len(self.totals)
        matrix = csc_array((value, (row, np.concatenate(column))), shape=(count[-1], width))
        is_whole = np.zeros(width, bool)
        is_whole[: len(self.free)] = True
        upper = np.ones(width)
        if not self.is_roomy:
            flows = slice(len(self.free), len(self.free) + self.flows)
            upper[flows] = self.rows.weight[self.rows.row]
        model = open_programme(-gain, upper, is_whole, matrix, low, high)
        model.setOptionValue("mip_max_nodes", NODES)
        model.setOptionValue("mip_rel_gap", 0.0)
        model.setOptionValue("mip_abs_gap", EPSILON)
        model.run()
        info = model.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None, -np.inf, np.inf
        chosen = np.array(model.getSolution().col_value)[: len(self.free)] > 0.5
        return self.free[chosen], -float(info.objective_function_value), -float(info.mip_dual_bound)

    def _limit_flows(self) -> list[tuple[Ints, Ints, Floats, Floats, Floats]]:
        """Limit flows to sites that are open, and to their room."""
        slot = np.full(self.problem.ways.shape[1], -1)
        slot[self.free] = np.arange(len(self.free))
        sites = slot[self.rows.site]
        is_fixed = sites < 0
        f = len(self.free)
        if self.is_roomy:
            count = len(self.rows.weight)
            there = np.bincount(self.rows.row[is_fixed], minlength=count) > 0
            closed = np.flatnonzero(~is_fixed)
            # served <= number of open sites in reach, one more where one is there already
            column = np.concatenate([f + np.arange(count), sites[closed]])
            row = np.concatenate([np.arange(count), self.rows.row[closed]])
            value = np.concatenate([np.ones(count), -np.ones(len(closed))])
            return [(column, row, value, np.full(count, -highspy.kHighsInf), there.astype(float))]
        return self._limit_shared(sites, is_fixed)

    def _limit_shared(
        self, sites: Ints, is_fixed: Bools
    ) -> list[tuple[Ints, Ints, Floats, Floats, Floats]]:
        """Limit flows where sites have room for so many only."""
        assert self.problem.capacities is not None
        f = len(self.free)
        e = len(self.rows.row)
        flow = f + np.arange(e)
        lowest = -highspy.kHighsInf
        count = len(self.rows.weight)
        of_rows = (flow, self.rows.row, np.ones(e), np.full(count, lowest), self.rows.weight)
        used, number = np.unique(self.rows.site, return_inverse=True)
        room = np.minimum(self.problem.capacities[used], self.rows.weight.sum() + 1.0)
        fixed = np.isin(used, self.problem.fixed)
        slot = np.searchsorted(self.free, used[~fixed])
        of_sites = (
            np.concatenate([flow, slot]),
            np.concatenate([number, np.flatnonzero(~fixed)]),
            np.concatenate([np.ones(e), -room[~fixed]]),
            np.full(len(used), lowest),
            np.where(fixed, room, 0.0),
        )
        closed = np.flatnonzero(~is_fixed)
        most = np.minimum(self.rows.weight[self.rows.row[closed]], room[number[closed]])
        number_of = np.arange(len(closed))
        # implied by the room, but it makes the relaxation much tighter
        of_ways = (
            np.concatenate([flow[closed], sites[closed]]),
            np.concatenate([number_of, number_of]),
            np.concatenate([np.ones(len(closed)), -most]),
            np.full(len(closed), lowest),
            np.zeros(len(closed)),
        )
        return [of_rows, of_sites, of_ways]

    def _share_groups(self, least: float) -> tuple[Ints, Ints, Floats, Floats, Floats]:
        """Let every community's share be no less than the least, and than the column of it."""
        asked = np.unique(self.rows.group)
        place = np.searchsorted(asked, self.flow_groups)
        share = self.served / self.totals[self.flow_groups]
        f = len(self.free)
        n = len(asked)
        column = np.concatenate([f + np.arange(self.flows), np.full(n, f + self.flows)])
        row = np.concatenate([place, np.arange(n)])
        value = np.concatenate([share, -np.ones(n)])
        rows = (column, row, value)
        if least <= 0:
            return (*rows, np.zeros(n), np.full(n, highspy.kHighsInf))
        # the column of the least share is worth nothing then, and stays at 0
        return (*rows, np.full(n, least), np.full(n, highspy.kHighsInf))

    def _count_sites(self, k: int) -> tuple[Ints, Ints, Floats, Floats, Floats]:
        f = len(self.free)
        high = np.array([float(k)])
        return np.arange(f), np.zeros(f, np.int64), np.ones(f), np.zeros(1), high

    def _reach_groups(
        self, bare: Ints, in_each: int
    ) -> Sequence[tuple[Ints, Ints, Floats, Floats, Floats]]:
        """Ask that so many communities without a site get one."""
        if not in_each:
            return []
        first = len(self.free) + self.flows + 1
        place = np.full(len(self.totals) + 1, -1)
        place[bare] = np.arange(len(bare))
        of = place[self.site_group[self.free]]
        kept = np.flatnonzero(of >= 0)
        column = np.concatenate([first + bare, kept])
        row = np.concatenate([np.arange(len(bare)), of[kept]])
        value = np.concatenate([np.ones(len(bare)), -np.ones(len(kept))])
        lowest = -highspy.kHighsInf
        each = (column, row, value, np.full(len(bare), lowest), np.zeros(len(bare)))
        infinite = np.array([highspy.kHighsInf])
        number = np.array([float(in_each)])
        zeros = np.zeros(len(bare), np.int64)
        return [each, (first + bare, zeros, np.ones(len(bare)), number, infinite)]
