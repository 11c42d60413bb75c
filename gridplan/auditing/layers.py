"""Layers of a plan: stairwells that make sub-grids, and sub-grids that make upper grids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.walking import measure_steps, number_pieces


@dataclass(frozen=True, eq=False)
class BandLayer:
    """Atoms, and the parts that they are put together to.

    ``codes`` are those of the k parts, ``counted`` says which of them have a
    band, ``low`` and ``high`` what it is. ``part`` is the row of each of the n
    atoms' parts (-1 for none), ``weight`` its households; atoms ``a`` and
    ``b`` can be walked between, within a community. Without ``walkable``
    nobody knows how far an island reaches.
    """

    codes: pd.Index[Any]
    counted: Bools
    low: Ints
    high: Ints
    part: Ints
    weight: Ints
    a: Ints
    b: Ints
    walkable: bool

    @cached_property
    def held(self) -> Ints:
        """Households of each part: int64[k]."""
        return self.add_up(self.weight)

    @cached_property
    def out(self) -> Bools:
        """Whether each part is out of its band; one without households is another matter."""
        return np.asarray(
            self.counted & (self.held > 0) & ((self.held < self.low) | (self.held > self.high))
        )

    @cached_property
    def island(self) -> Ints:
        """Number of the island of each atom, which is all that can be walked to: int64[n]."""
        return np.asarray(number_pieces(len(self.part), self.a, self.b)[0], np.int64)

    @cached_property
    def links(self) -> dict[int, list[int]]:
        """The atoms that can be walked to from each."""
        links: dict[int, list[int]] = {}
        for a, b in zip(self.a.tolist(), self.b.tolist(), strict=True):
            links.setdefault(a, []).append(b)
            links.setdefault(b, []).append(a)
        return links

    def add_up(self, amount: Ints) -> Ints:
        """Add up an amount of each atom by part: int64[k]."""
        known = self.part >= 0
        sums = np.bincount(self.part[known], amount[known], minlength=len(self.codes))
        return np.asarray(sums.round(), np.int64)


def layer_subgrids(evidence: Evidence) -> BandLayer:
    """Make the layer of sub-grids: its atoms are stairwells."""
    e = evidence
    steps = e.take(measure_steps)
    community = e.stairwells["community"].to_numpy(object)
    inside = steps.sound & (community[steps.a] == community[steps.b])
    return BandLayer(
        e.subgrids.index,
        e.residential,
        e.bands[:, 0],
        e.bands[:, 2],
        e.part,
        e.weight,
        steps.a[inside],
        steps.b[inside],
        # A plan that gridplan drew has no neighbours where homes have none.
        len(e.plan.neighbours) > 0 or bool(e.plan.manifest.get("figures")),
    )


def layer_grids(evidence: Evidence) -> BandLayer:
    """Make the layer of upper grids: its atoms are sub-grids."""
    e = evidence
    rows = sort_rows(e.plan.grids)
    below = e.take(layer_subgrids)
    ends = np.column_stack([e.part[below.a], e.part[below.b]])
    ends = ends[(ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])]
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    # Exclusive grids may lie in an upper grid, but do not count in it.
    part = np.where(e.residential, find_rows(rows, e.subgrids["grid"]), -1)
    k = len(rows)
    rule = e.rules.grids
    return BandLayer(
        rows.index,
        np.ones(k, bool),
        np.full(k, rule.low),
        np.full(k, rule.high),
        part,
        e.held,
        ends[:, 0],
        ends[:, 1],
        below.walkable,
    )
