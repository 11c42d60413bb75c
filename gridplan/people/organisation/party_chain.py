"""The chain of a community: places joined to fields, these cut into branches and groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Ints, Numbers
from gridplan.people.organisation.branch_division import Limits, divide_stairwells
from gridplan.people.organisation.chain_inputs import NO_PAIRS, ChainInputs, annex, lift
from gridplan.people.organisation.joint_branches import join_places
from gridplan.rules.organisation import OrganisationRules

AT_ONCE = 2_000_000  # distances measured at once, to bound the memory


@dataclass(frozen=True)
class Chain:
    """The chain of a community of n stairwells.

    Parameters
    ----------
    branch, group
        int64[n], numbers from 0, groups over the whole community; -1 where no
        branch can serve the stairwell.
    cut
        bool[b], whether a branch is one of several that a field was cut into.
    price, bound
        Member-metres of the three choices together, and what they cannot go
        below, each given the one before.
    attached
        Places attached beyond the usual number of a joint branch.
    apart
        float64[n], metres from a stairwell without branch to the nearest one
        with, infinite where there is none.
    """

    branch: Ints
    group: Ints
    cut: Bools
    price: float
    bound: float
    attached: int
    apart: Floats


def build_chain(inputs: ChainInputs, rules: OrganisationRules) -> Chain:
    """Build the chain of one community, each step the cheapest there is within the rules."""
    n = len(inputs)
    nobody = np.full(n, -1, np.int64)
    # Too few full members for a single branch: the whole community is a gap.
    if inputs.full.sum() < rules.branch_full:
        return Chain(nobody, nobody, np.zeros(0, bool), 0.0, 0.0, 0, np.full(n, np.inf))
    field, price, bound, attached = _join_fields(inputs, rules)
    branch, cut, more = _cut_fields(inputs, field, rules)
    group, most = _divide_branches(inputs, branch, rules)
    served = np.flatnonzero(branch >= 0)
    lost = np.flatnonzero(branch < 0)
    # Only the few without branch are measured, so a loop over them will do.
    apart = np.zeros(n)
    apart[lost] = [
        np.hypot(*(inputs.xy[served] - inputs.xy[i]).T).min(initial=np.inf) for i in lost
    ]
    # The bound of each step holds given the step before, and so does their sum.
    return Chain(
        branch, group, cut, price + more[0] + most[0], bound + more[1] + most[1], attached, apart
    )


def find_middle(xy: Floats, weight: Numbers) -> tuple[int, float]:
    """Find the point nearest to all by weight, and the sum of weights times metres to it.

    Examples
    --------
    >>> find_middle(np.array([[0.0, 0.0], [10.0, 0.0], [30.0, 0.0]]), np.array([1, 1, 1]))
    (1, 30.0)
    """
    heavy = np.flatnonzero(weight > 0)
    # Where nobody weighs anything, all points weigh the same.
    if not len(heavy):
        heavy = np.arange(len(xy))
        weight = np.ones(len(xy))
    sums = np.empty(len(heavy))
    step = max(1, AT_ONCE // len(heavy))
    for start in range(0, len(heavy), step):
        some = heavy[start : start + step]
        sums[start : start + step] = (
            np.hypot(*(xy[some, None] - xy[None, heavy]).transpose(2, 0, 1)) @ weight[heavy]
        )
    # Ties to a micrometre go to the first point.
    best = int(np.argmin(np.round(sums, 6)))
    return int(heavy[best]), float(sums[best])


def _join_fields(inputs: ChainInputs, rules: OrganisationRules) -> tuple[Ints, float, float, int]:
    """Join the places: the field of each stairwell, price, bound and places attached."""
    place = inputs.place
    count = int(place.max()) + 1
    # A single place has nothing to be joined with.
    if count == 1:
        return np.zeros(len(inputs), np.int64), 0.0, 0.0, 0
    size = np.bincount(place, inputs.size, minlength=count).astype(np.int64)
    full = np.bincount(place, inputs.full, minlength=count).astype(np.int64)
    place_rows = [np.flatnonzero(place == p) for p in range(count)]
    middle = np.array(
        [inputs.xy[rows[find_middle(inputs.xy[rows], inputs.size[rows])[0]]] for rows in place_rows]
    )
    # A place without members is served by the branch of the nearest one with.
    owner = annex(size, lift(inputs.pairs, place), middle)
    kept = np.flatnonzero(size > 0)
    number = np.full(count, -1, np.int64)
    number[kept] = np.arange(len(kept))
    # Which place with members speaks for a stairwell: -1 where none is reached.
    seat = np.where(owner[place] >= 0, number[owner[place]], -1)
    walk = np.empty((len(kept), len(kept)))
    # Mean metres from where the members of a place live to the middle of each other one.
    for p, rows in enumerate(place_rows[k] for k in kept):
        apart = np.hypot(*(inputs.xy[rows, None] - middle[None, kept]).transpose(2, 0, 1))
        walk[p] = inputs.size[rows] @ apart / size[kept[p]]
    fields = join_places(full[kept], size[kept], lift(inputs.pairs, seat), walk, rules)
    # -1 picks the last entry, which is -1 again.
    field = np.where(seat >= 0, np.append(fields.label, -1)[seat], -1)
    return _number_by_first(field), fields.price, fields.bound, fields.attached


def _cut_fields(
    inputs: ChainInputs, field: Ints, rules: OrganisationRules
) -> tuple[Ints, Bools, tuple[float, float]]:
    """Cut fields with too many members; returns each stairwell's branch, and which were cut."""
    limits = Limits(
        rules.branch_full,
        rules.branch_whole,
        rules.branch_most,
        rules.branch_full,
        rules.price_branch,
        rules.price_imbalance,
    )
    branch = np.full(len(inputs), -1, np.int64)
    cut: list[bool] = []
    price = bound = 0.0
    for f in range(int(field.max()) + 1):
        rows = np.flatnonzero(field == f)
        label: Ints = np.zeros(len(rows), np.int64)
        # A field that may stay whole is one branch, at a price that the joining has counted.
        if inputs.size[rows].sum() > rules.branch_whole:
            parts = _divide_rows(inputs, rows, limits)
            label = _number_by_first(parts.label)
            price = price + parts.price
            bound = bound + parts.bound
        branch[rows] = label + len(cut)
        cut += [bool(label.max())] * (int(label.max()) + 1)
    return branch, np.array(cut, bool), (price, bound)


def _divide_branches(
    inputs: ChainInputs, branch: Ints, rules: OrganisationRules
) -> tuple[Ints, tuple[float, float]]:
    """Divide every branch into groups."""
    limits = Limits(
        rules.group_least,
        rules.group_most,
        rules.group_target,
        rules.group_full,
        rules.price_group,
        rules.price_imbalance,
    )
    group = np.full(len(inputs), -1, np.int64)
    price = bound = 0.0
    for b in range(int(branch.max()) + 1):
        rows = np.flatnonzero(branch == b)
        parts = _divide_rows(inputs, rows, limits)
        # Groups are numbered on through the community.
        group[rows] = _number_by_first(parts.label) + int(group.max()) + 1
        price = price + parts.price
        bound = bound + parts.bound
    return group, (price, bound)


def _number_by_first(label: Ints) -> Ints:
    """Give labels numbers by the first stairwell that has them; -1 stays."""
    out = np.full(len(label), -1, np.int64)
    out[label >= 0] = pd.factorize(label[label >= 0])[0]
    return out


def _divide_rows(inputs: ChainInputs, rows: Ints, limits: Limits) -> Any:
    local = np.full(len(inputs), -1, np.int64)
    local[rows] = np.arange(len(rows))
    pairs = local[inputs.pairs]
    pairs = pairs[(pairs >= 0).all(axis=1)] if len(pairs) else NO_PAIRS
    grains = tuple(grain[rows] for grain in inputs.grains)
    return divide_stairwells(
        inputs.xy[rows], inputs.full[rows], inputs.size[rows], grains, pairs, limits
    )
