"""Noding: straight pieces of streets, split so that only their ends join."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes

DIGITS = 3  # of metres: what is the same to a millimetre is one place
TOUCH = 1e-3  # metres within which a crossing is at an end


@dataclass(frozen=True)
class StreetPieces:
    """Straight pieces of streets, each once, sorted; the first end is further west, or south.

    Parameters
    ----------
    first, last
        float64[n, 2], metres, both ends.
    level
        int8[n], 0 on the ground, 1 on a bridge, 2 in a tunnel.
    street
        int64[n], row of the street.
    """

    first: Floats
    last: Floats
    level: Ints
    street: Ints

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.level)

    def take(self, rows: Ints) -> StreetPieces:
        """Return some of the pieces."""
        return StreetPieces(self.first[rows], self.last[rows], self.level[rows], self.street[rows])

    def draw(self) -> Shapes:
        """Draw the pieces as lines."""
        return np.asarray(shapely.linestrings(np.stack([self.first, self.last], axis=1)))


@dataclass(frozen=True)
class Cuts:
    """Where pieces are split, and between which shares of their length they are taken out.

    ``piece`` and ``share`` say where, ``place`` is there (float64[m, 2]);
    ``gone`` lists pieces, ``start`` and ``stop`` the shares between which
    nothing of them stays.
    """

    piece: Ints
    share: Floats
    place: Floats
    gone: Ints
    start: Floats
    stop: Floats


def order_pieces(first: Floats, last: Floats, level: Ints, street: Ints) -> StreetPieces:
    """Put pieces in order: rounded to the millimetre, west end first, sorted, each once."""
    first = np.round(first, DIGITS) + 0.0
    last = np.round(last, DIGITS) + 0.0
    # one direction for each piece, so that the same piece drawn twice is found
    turned = (first[:, 0] > last[:, 0]) | ((first[:, 0] == last[:, 0]) & (first[:, 1] > last[:, 1]))
    west = np.where(turned[:, None], last, first)
    east = np.where(turned[:, None], first, last)
    keys = (street, level, east[:, 1], east[:, 0], west[:, 1], west[:, 0])
    order = np.lexsort(keys)
    # pieces that rounding shrinks to a point are gone
    order = order[(west[order] != east[order]).any(axis=1)]
    pieces = StreetPieces(west[order], east[order], level[order].astype(np.int8), street[order])
    if len(pieces) == 0:
        return pieces
    place = np.column_stack([pieces.first, pieces.last, pieces.level])
    return pieces.take(np.append(True, (place[1:] != place[:-1]).any(axis=1)))


def find_crossings(pieces: StreetPieces) -> tuple[Ints, Floats, Floats]:
    """Find where pieces on the ground cross or touch one another.

    Returns the piece, the share of its length and the place of each split. An
    end that lies on another piece splits it at the very place of that end;
    pieces that run along one another are split at each other's ends.
    """
    ground = np.flatnonzero(pieces.level == 0)
    lines = pieces.take(ground).draw()
    a, b = shapely.STRtree(lines).query(lines, predicate="intersects")
    # each pair once; bridges and tunnels meet streets only at their ends
    once = a < b
    a = ground[a[once]]
    b = ground[b[once]]
    p = pieces.first[a]
    q = pieces.first[b]
    d = pieces.last[a] - p
    e = pieces.last[b] - q
    cross = d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0]
    # Nearly parallel pieces have no stable intersection; they are split at
    # each other's ends.
    flat = np.abs(cross) <= TOUCH * np.maximum(np.hypot(*d.T), np.hypot(*e.T))
    w = q - p
    safe = np.where(flat, 1.0, cross)
    # the shares of either piece at which both lines meet
    t = (w[:, 0] * e[:, 1] - w[:, 1] * e[:, 0]) / safe
    s = (w[:, 0] * d[:, 1] - w[:, 1] * d[:, 0]) / safe
    place = _settle_place(pieces, a, b, np.clip(t, 0, 1), np.clip(s, 0, 1))
    meetings = [(a[~flat], place[~flat]), (b[~flat], place[~flat])]
    for along, other in ((a[flat], b[flat]), (b[flat], a[flat])):
        meetings += [(along, pieces.first[other]), (along, pieces.last[other])]
    piece = np.concatenate([f[0] for f in meetings])
    place = np.concatenate([f[1] for f in meetings])
    share, off = project_places(pieces, piece, place)
    # ends need no split, and what is off the piece is no crossing of it
    inside = is_inside(pieces, piece, share) & (off <= TOUCH)
    return piece[inside], share[inside], place[inside]


def _settle_place(pieces: StreetPieces, a: Ints, b: Ints, t: Floats, s: Floats) -> Floats:
    """Settle the place where two pieces meet: an end of either, else the crossing."""
    place = pieces.first[a] + t[:, None] * (pieces.last[a] - pieces.first[a])
    for piece, share in ((a, t), (b, s)):
        length = np.hypot(*(pieces.last[piece] - pieces.first[piece]).T)
        place = np.where((share * length <= TOUCH)[:, None], pieces.first[piece], place)
        place = np.where(((1 - share) * length <= TOUCH)[:, None], pieces.last[piece], place)
    return np.asarray(np.round(place, DIGITS) + 0.0)


def project_places(pieces: StreetPieces, piece: Ints, place: Floats) -> tuple[Floats, Floats]:
    """Project places on pieces; returns shares of the length, 0 to 1, and metres off."""
    p = pieces.first[piece]
    d = pieces.last[piece] - pieces.first[piece]
    share = np.clip(((place - p) * d).sum(axis=1) / (d**2).sum(axis=1), 0.0, 1.0)
    return share, np.asarray(np.hypot(*(place - p - share[:, None] * d).T))


def is_inside(pieces: StreetPieces, piece: Ints, share: Floats) -> Bools:
    """Find which places on pieces are not at an end."""
    length = np.hypot(*(pieces.last[piece] - pieces.first[piece]).T)
    return np.asarray((share * length > TOUCH) & ((1 - share) * length > TOUCH))


def split_pieces(pieces: StreetPieces, cuts: Cuts) -> StreetPieces:
    """Split pieces where they are cut, and leave out what lies within the shares that are gone."""
    n = len(pieces)
    length = np.hypot(*(pieces.last - pieces.first).T)
    # what is taken out ends at cuts of its own
    edges = np.concatenate([cuts.start, cuts.stop])
    gone = np.concatenate([cuts.gone, cuts.gone])
    between = pieces.first[gone] + edges[:, None] * (pieces.last[gone] - pieces.first[gone])
    piece = np.concatenate([np.arange(n), np.arange(n), cuts.piece, gone])
    share = np.concatenate([np.zeros(n), np.ones(n), cuts.share, edges])
    place = np.concatenate([pieces.first, pieces.last, cuts.place, between])
    # along each piece from its first end to its last
    order = np.lexsort((place[:, 1], place[:, 0], share, piece))
    piece = piece[order]
    share = share[order]
    place = place[order]
    same = piece[1:] == piece[:-1]
    parent = piece[:-1][same]
    # a part lies within what is gone if its middle does
    middle = (share[:-1][same] + share[1:][same]) / 2
    parts = parent, place[:-1][same], place[1:][same]
    kept = (share[1:][same] - share[:-1][same]) * length[parent] > 0
    kept &= ~_lie_within(parent, middle, cuts)
    parent, first, last = (part[kept] for part in parts)
    return order_pieces(first, last, pieces.level[parent], pieces.street[parent])


def _lie_within(piece: Ints, share: Floats, cuts: Cuts) -> Bools:
    """Find which places lie within what is gone of their piece."""
    within = np.zeros(len(piece), bool)
    if len(cuts.gone) == 0:
        return within
    rows = np.flatnonzero(np.isin(piece, cuts.gone))
    order = np.argsort(cuts.gone, kind="stable")
    gone = cuts.gone[order]
    low = np.searchsorted(gone, piece[rows], "left")
    high = np.searchsorted(gone, piece[rows], "right")
    count = high - low
    row = np.repeat(rows, count)
    hit = order[np.arange(count.sum()) + np.repeat(low - (np.cumsum(count) - count), count)]
    inside = (cuts.start[hit] <= share[row]) & (share[row] <= cuts.stop[hit])
    within[row[inside]] = True
    return within
