"""Joining: which places have a branch of their own, and which short ones share a joint branch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridplan.arrays import Bools, Floats, Ints
from gridplan.people.organisation.chain_inputs import connect
from gridplan.people.organisation.exact_cover import cover_exactly
from gridplan.rules.organisation import OrganisationRules

LISTED = 20_000  # sets of places listed; where there are more, sets of fewer places are


@dataclass(frozen=True)
class Fields:
    """Places joined to fields of one branch or more.

    Parameters
    ----------
    label
        int64[p], the field of each place, from 0; -1 where no branch can serve
        it.
    price, bound
        Member-metres, and what no other joining of at most so many places goes
        below.
    attached
        Places that were attached beyond the usual number.
    """

    label: Ints
    price: float
    bound: float
    attached: int


def join_places(
    full: Ints, size: Ints, links: Ints, walk: Floats, rules: OrganisationRules
) -> Fields:
    """Join places, all with members, to fields.

    A place with enough full members has a branch of its own; a short one is
    joined with others that adjoin it, of which at most one has enough by
    itself. The choice is the cheapest of all contiguous sets of at most
    ``joint_places``. What it leaves over is then attached to what adjoins it,
    one place after another, since the number of places is no hard limit.

    Parameters
    ----------
    full, size
        int64[p], full members and all members of each place.
    links
        int64[m, 2], places that adjoin.
    walk
        float64[p, p], metres that a member of a place walks on average to the
        middle of another.
    rules
        Full members of a branch, places of a joint one, and prices.

    Examples
    --------
    A short place between two able ones goes to the nearer:

    >>> walk = np.array([[10.0, 90.0, 200.0], [90.0, 10.0, 60.0], [200.0, 60.0, 10.0]])
    >>> links = np.array([[0, 1], [1, 2]])
    >>> full = np.array([9, 2, 9])
    >>> join_places(full, full, links, walk, OrganisationRules()).label.tolist()
    [0, 1, 1]
    """
    p = len(full)
    # Even: all members over the branches there must be, for able places and for size.
    even = size.sum() / max(
        1, int((full >= rules.branch_full).sum()), count_branches(int(size.sum()), rules)
    )
    sets = list_fields(full, links, rules)
    prices = [_price_field(np.array(places), size, walk, even, rules) for places in sets]
    # Short places may stay alone, at the price of not being served: so a cover always exists.
    short = np.flatnonzero(full < rules.branch_full)
    prices += list(rules.price_unserved * size[short])
    sets += [(int(s),) for s in short]
    starts = np.append(0, np.cumsum([len(places) for places in sets]))
    label, bound = cover_exactly(
        np.array(prices), starts, np.array([i for places in sets for i in places], np.int64), p
    )
    if label is None:  # every place is in a set of its own at least
        label = np.arange(p)
    used = [np.flatnonzero(label == f) for f in range(int(label.max()) + 1)]
    # A short place that stayed alone has a label too, but no branch.
    served = np.array([full[places].sum() >= rules.branch_full for places in used])
    price = sum(
        _price_field(places, size, walk, even, rules)
        if ok
        else rules.price_unserved * float(size[places].sum())
        for places, ok in zip(used, served, strict=True)
    )
    label = np.where(served[label], label, -1)
    # The usual number of places was a limit of the choice; attaching goes beyond it.
    full_label = _attach(label, full, links, walk, rules)
    return Fields(_renumber(full_label), price, bound, int(((label < 0) & (full_label >= 0)).sum()))


def list_fields(full: Ints, links: Ints, rules: OrganisationRules) -> list[tuple[int, ...]]:
    """List the sets of places that may share a branch: able ones alone, and sets with short ones.

    Examples
    --------
    >>> list_fields(np.array([9, 2, 9]), np.array([[0, 1], [1, 2]]), OrganisationRules())
    [(0,), (0, 1), (1, 2), (2,)]
    """
    adjoining: list[list[int]] = [[] for _ in full]
    for a, b in links:
        adjoining[a].append(int(b))
        adjoining[b].append(int(a))
    able = full >= rules.branch_full
    alone: list[tuple[int, ...]] = [(int(i),) for i in np.flatnonzero(able)]
    # Where there are too many sets, those of most places are given up first.
    for most in range(rules.joint_places, 1, -1):
        joint: list[tuple[int, ...]] = []
        for places in _grow_sets(adjoining, able, most):
            joint.append(places)
            # Most sets grown lack full members, hence the wide margin; growing
            # is exponential.
            if len(joint) > 20 * LISTED:
                break
        if len(joint) <= 20 * LISTED:
            kept = [places for places in joint if full[list(places)].sum() >= rules.branch_full]
            if len(kept) <= LISTED:
                return sorted(alone + kept)
    return alone


def _grow_sets(adjoining: list[list[int]], able: Bools, most: int) -> Iterator[tuple[int, ...]]:
    """Grow contiguous sets of two places or more, at most one able, each exactly once."""

    def grow(
        grown: tuple[int, ...], has_able: bool, border: list[int], barred: frozenset[int]
    ) -> Iterator[tuple[int, ...]]:
        if len(grown) > 1:
            yield tuple(sorted(grown))
        if len(grown) == most:
            return
        for n, i in enumerate(border):
            # Two able places have a branch each and need not share one.
            if has_able and able[i]:
                continue
            # Places passed over are barred further down, so each set comes up once.
            met = barred | set(border[: n + 1])
            more = [j for j in adjoining[i] if j not in met and j not in border and j not in grown]
            yield from grow((*grown, i), has_able or bool(able[i]), border[n + 1 :] + more, met)

    # Every joint set has a short place: the first of them is its root.
    for root in np.flatnonzero(~able):
        before = frozenset(int(i) for i in np.flatnonzero(~able) if i < root)
        yield from grow(
            (int(root),),
            False,
            [j for j in adjoining[root] if j not in before],
            before | {int(root)},
        )


def count_branches(members: int, rules: OrganisationRules) -> int:
    """Count the branches of a place: one while it may stay whole, else of about the usual size.

    Examples
    --------
    >>> rules = OrganisationRules(branch_most=50, branch_whole=100)
    >>> [count_branches(members, rules) for members in (40, 100, 101, 160)]
    [1, 1, 2, 3]
    """
    if members <= rules.branch_whole:
        return 1
    return max(-(-members // rules.branch_whole), int(members / rules.branch_most + 0.5))


def _price_field(
    places: Ints, size: Ints, walk: Floats, even: float, rules: OrganisationRules
) -> float:
    """Price a field: its members' walk, its branches, and what these are off the even size."""
    mass = int(size[places].sum())
    # A field of too many members is cut into branches of even size later on.
    branches = count_branches(mass, rules)
    # Everybody to the middle of whichever place is nearest to all.
    metres = float((size[places, None] * walk[np.ix_(places, places)]).sum(axis=0).min())
    return metres + branches * (
        rules.price_branch + rules.price_imbalance * abs(mass / branches - even)
    )


def _attach(label: Ints, full: Ints, links: Ints, walk: Floats, rules: OrganisationRules) -> Ints:
    """Attach the rest to the nearest adjoining field; pieces able only together make one."""
    label = label.copy()
    # A piece that only together has enough: a branch that breaks the usual
    # number of places.
    for piece in _list_pieces(len(label), links):
        if (label[piece] < 0).all() and full[piece].sum() >= rules.branch_full:
            label[piece] = label.max() + 1
    # One place a turn, the nearest first: places behind it can then follow.
    while True:
        edges = np.concatenate([links, links[:, ::-1]])
        edges = edges[(label[edges[:, 0]] < 0) & (label[edges[:, 1]] >= 0)]
        if not len(edges):
            return label
        # Ties go to the lower numbers.
        order = np.lexsort((edges[:, 1], edges[:, 0], np.round(walk[edges[:, 0], edges[:, 1]], 6)))
        one, other = edges[order[0]]
        label[one] = label[other]


def _list_pieces(p: int, links: Ints) -> list[Ints]:
    piece = connect(p, links, None)
    return [np.flatnonzero(piece == c) for c in range(int(piece.max()) + 1)]


def _renumber(label: Ints) -> Ints:
    kept = np.unique(label[label >= 0])
    return np.where(label >= 0, np.searchsorted(kept, label), -1).astype(np.int64)
