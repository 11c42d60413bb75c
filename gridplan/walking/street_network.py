"""The walking network, a value: nodes, straight edges, and the pieces that count as ways."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects, Shapes


@dataclass(frozen=True, eq=False)
class WalkingNetwork:
    """Streets and paths that can be walked along, as nodes and straight edges between them.

    Parameters
    ----------
    x, y
        float64[n], metres, the nodes: corners, ends and crossings.
    u, v
        int64[m], the nodes at both ends of each edge, ``u < v``; sorted.
    metres
        float64[m], length of each edge.
    street
        object[m], code of the street that each edge is of.
    component
        int64[n], the connected piece that each node is of.
    kept
        The first piece that counts: of those that serve homes the one with the
        most metres; -1 if there is none.
    others
        int64[k], the other pieces that serve homes, the longest first. No way
        leads over any piece that is neither.
    """

    x: Floats
    y: Floats
    u: Ints
    v: Ints
    metres: Floats
    street: Objects
    component: Ints
    kept: int
    others: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def is_kept(self) -> Bools:
        """Which edges ways lead over, of the pieces that count: bool[m]."""
        return np.isin(self.component[self.u], [self.kept, *self.others])

    @property
    def kept_edges(self) -> Ints:
        """The edges of all pieces that count: int64."""
        return np.flatnonzero(self.is_kept)

    @property
    def main_edges(self) -> Ints:
        """The edges of the first piece that counts: int64."""
        return np.flatnonzero(self.component[self.u] == self.kept)

    @property
    def other_edges(self) -> Ints:
        """The edges of the other pieces that count: int64."""
        return np.flatnonzero(np.isin(self.component[self.u], self.others))

    def draw_edges(self, edges: Ints) -> Shapes:
        """Draw edges as lines."""
        ends = [
            np.column_stack([self.x[node], self.y[node]]) for node in (self.u[edges], self.v[edges])
        ]
        return np.asarray(shapely.linestrings(np.stack(ends, axis=1)))
