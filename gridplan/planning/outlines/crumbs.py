"""Crumbs: pieces of land where nobody lives, which go to the sub-grid around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Ints, Shapes
from gridplan.geometry.linework import find_edges

CRUMB = 50.0  # m2; a smaller piece is too small to draw
LOOSE = 2_000.0  # m2; a smaller piece without a home of its own is no land of its sub-grid
STANDS = 1.0  # m2 of a building from which it stands on a piece
ROUNDS = 3  # a crumb among crumbs waits until those beside it have found a host


@dataclass(frozen=True)
class Slices:
    """Slices of buildings that several sub-grids share: shape, building, and sub-grid by number."""

    shapes: Shapes
    building: Ints
    part: Ints


def give_crumbs(outlines: Shapes, homes: Shapes, slices: Slices | None = None) -> Shapes:
    """Give small pieces that hold no home to the neighbour with the longest common border.

    A winding building cut in slices leaves such pieces, where a slice meets one
    of its wings. They go to sub-grids of the same building.

    Parameters
    ----------
    outlines
        Outlines that tile some land and share their corners; none is left
        without land.
    homes
        The homes of all of them, within their walls, or points in them.
    slices
        The slices of buildings that several of them share.

    Examples
    --------
    >>> west = shapely.union(shapely.box(0, 0, 20, 20), shapely.box(20, 0, 25, 5))
    >>> east = shapely.difference(shapely.box(20, 0, 40, 20), shapely.box(20, 0, 25, 5))
    >>> crumb = shapely.box(35, 5, 40, 10)
    >>> land = np.array([shapely.union(west, crumb), shapely.difference(east, crumb)])
    >>> doors = shapely.points([[10, 10], [30, 10]])
    >>> [len(shapely.get_parts(shape)) for shape in give_crumbs(land, doors)]
    [1, 1]
    """
    parts, owner = shapely.get_parts(outlines, return_index=True)
    crumb = _find_crumbs(parts, homes)
    # The largest piece of a sub-grid stays, however small.
    largest = pd.Series(shapely.area(parts)).groupby(owner).idxmax().to_numpy()
    crumb[largest] = False
    if not crumb.any():
        return outlines
    start, end, one, two = find_edges(parts)
    metres = np.hypot(*(end - start).T).round(3)
    both = pd.DataFrame(
        {"crumb": np.append(one, two), "host": np.append(two, one), "m": np.append(metres, metres)}
    )
    both = both[crumb[both["crumb"]]]
    if slices is not None and len(slices.shapes):
        both = both[~_is_stranger(parts, owner, both, slices)]
    host = owner.copy()
    waiting = crumb.copy()
    for _ in range(ROUNDS):
        rows = both[waiting[both["crumb"]] & ~waiting[both["host"]]]
        if rows.empty:
            break
        rows = rows.assign(of=host[rows["host"].to_numpy()])
        total = rows.groupby(["crumb", "of"], as_index=False)["m"].sum()
        best = total.sort_values(["crumb", "m", "of"], ascending=[True, False, True])
        best = best.drop_duplicates("crumb")
        host[best["crumb"].to_numpy()] = best["of"].to_numpy()
        waiting[best["crumb"].to_numpy()] = False
    out = outlines.copy()
    for n in np.unique(np.append(owner[host != owner], host[host != owner])):
        out[n] = shapely.normalize(shapely.coverage_union_all(parts[host == n]))
    return out


def _is_stranger(parts: Shapes, owner: Ints, both: pd.DataFrame, slices: Slices) -> Bools:
    """Say which hosts have no share in a building that stands on the crumb."""
    crumbs = np.unique(both["crumb"])
    crumb, piece = shapely.STRtree(slices.shapes).query(parts[crumbs], predicate="intersects")
    crumb = crumbs[crumb]
    stands = shapely.area(shapely.intersection(parts[crumb], slices.shapes[piece])) > STANDS
    on = pd.DataFrame({"crumb": crumb, "building": slices.building[piece]})[stands]
    shares = pd.DataFrame({"building": slices.building, "of": slices.part}).drop_duplicates()
    allowed = on.drop_duplicates().merge(shares, on="building")
    known = set(zip(allowed["crumb"].tolist(), allowed["of"].tolist(), strict=True))
    built = np.isin(both["crumb"], on["crumb"])
    hosts = owner[both["host"].to_numpy()].tolist()
    pairs = zip(both["crumb"].tolist(), hosts, strict=True)
    return np.asarray(built & np.array([pair not in known for pair in pairs], bool))


def _find_crumbs(parts: Shapes, homes: Shapes) -> Bools:
    crumb = np.asarray(shapely.area(parts) < LOOSE, bool)
    small = np.flatnonzero(crumb)
    held = shapely.STRtree(homes).query(parts[small], predicate="intersects")[0]
    crumb[small[np.unique(held)]] = False
    return crumb
