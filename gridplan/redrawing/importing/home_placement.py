"""Placing homes: which outline each is in, and the nearest one on foot where it is in none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gridplan.arrays import Bools, Ints, Shapes
from gridplan.geometry.overlay import choose_greatest, measure_common
from gridplan.land.community_land import slice_footprints

if TYPE_CHECKING:
    import geopandas as gpd

SHORTEST = 1e-3  # m, least length of a step: zero in a sparse matrix is no step at all


def place_homes(
    stairwells: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    shapes: Shapes,
    allowed: pd.MultiIndex | None = None,
    preferred: Bools | None = None,
) -> pd.DataFrame:
    """Place every stairwell in the outline with most of its building.

    Where outlines cut the building, its own slice of the footprint counts.

    Floor bands have slices of their own too, side by side along the footprint,
    as outlines of sub-grids show them.

    Parameters
    ----------
    stairwells, buildings
        The land's tables, in one CRS in metres.
    shapes
        Valid polygons, which may overlap and leave gaps.
    allowed
        Pairs of an outline's row and a community's code: homes are placed only
        in outlines allowed to their community.
    preferred
        bool[n], outlines that go before others that hold the same share.

    Returns
    -------
    By stairwell: ``row`` of the outline (-1: none) and the ``share`` of its
    land that the outline holds. Equal shares go to the smaller outline, then
    to the first.

    Examples
    --------
    >>> from gridplan.synthetic.board_plan import X0, Y0, make_board_plan
    >>> plan = make_board_plan()
    >>> west = shapely.box(X0, Y0, X0 + 72, Y0 + 60)
    >>> middle = shapely.box(X0 + 60, Y0, X0 + 100, Y0 + 60)
    >>> place_homes(plan.stairwells, plan.site.buildings, np.array([west, middle]))["row"].tolist()
    [0, 0, 1, -1, -1, -1, 0, 0, 1, -1, -1, -1]
    """
    stairwells = stairwells.sort_index()
    names, home = np.unique(
        stairwells["building"].to_numpy(object).astype(str), return_inverse=True
    )
    footprints = buildings.geometry.reindex(names).to_numpy()
    pairs = measure_common(footprints, shapes)[["first", "second", "common"]]
    if allowed is not None:
        # A building lies in one community, which its first stairwell names.
        community = stairwells["community"].to_numpy(object)[np.unique(home, return_index=True)[1]]
        fits = pd.MultiIndex.from_arrays([pairs["second"], community[pairs["first"]]]).isin(allowed)
        pairs = pairs[fits]
    # Buildings that several outlines meet.
    cut = np.zeros(len(names), bool)
    cut[pairs["first"][pairs["first"].duplicated()]] = True
    # A building with one stairwell is not divided; it goes whole to the
    # outline with most of it.
    cut &= np.bincount(home, minlength=len(names)) > 1
    # A unit is a whole building or, numbered after those, one stairwell's slice.
    unit = np.where(cut[home], len(names) + np.arange(len(home)), home)
    units, unit = np.unique(unit, return_inverse=True)
    sliced = np.flatnonzero(units >= len(names))
    of = np.where(units < len(names), units, home[units - len(names)])
    land = footprints[of]
    slices = stairwells.iloc[units[sliced] - len(names)]
    land[sliced] = slice_footprints(
        land[sliced], slices["slice_from"].to_numpy(), slices["slice_to"].to_numpy()
    )
    both = pd.DataFrame({"unit": np.arange(len(units)), "first": of}).merge(pairs, on="first")
    # Only slices are measured again: what whole buildings have in common is
    # known.
    again = cut[both["first"]]
    common = both["common"].to_numpy().copy()
    common[again] = shapely.area(
        shapely.intersection(land[both["unit"][again]], shapes[both["second"][again]])
    )
    size = shapely.area(shapes)[both["second"]]
    first = np.zeros(len(shapes)) if preferred is None else preferred.astype(float)
    both = both.assign(
        # A rounding may give an outline a hair more than all of a home.
        share=np.minimum(common / shapely.area(land)[both["unit"]], 1.0),
        first=first[both["second"]],
        small=-size,
    )[common > 0]
    best = choose_greatest(both, "unit", ["share", "first", "small"]).reindex(unit)
    row = best["second"].fillna(-1).to_numpy(np.int64)
    return pd.DataFrame(
        {"row": row, "share": best["share"].fillna(0.0).to_numpy()}, index=stairwells.index
    )


def join_nearest(
    member: pd.Series[str], stairwells: gpd.GeoDataFrame, neighbours: pd.DataFrame
) -> tuple[pd.Series[str], pd.Series[str]]:
    """Give every stairwell without a code that of the nearest with one in its community.

    Parameters
    ----------
    member
        Codes by stairwell, empty where there is none.
    stairwells, neighbours
        The tables of the land.

    Returns
    -------
    The codes, and how each was found: empty (it had one), ``foot`` (over
    neighbours), ``air`` (in a straight line, where nobody can walk to one), or
    ``none`` (its community has no code at all, so it still has none).

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> member = plan.stairwells["subgrid"].copy()
    >>> member[["h04-1", "h05-1"]] = ""
    >>> codes, how = join_nearest(member, plan.stairwells, plan.neighbours)
    >>> codes[["h04-1", "h05-1"]].tolist(), how["h04-1"]
    (['0301-002', '0301-002'], 'foot')
    """
    stairwells = stairwells.sort_index()
    code = member.reindex(stairwells.index).to_numpy(object).copy()
    how = np.full(len(code), "", object)
    bare = np.flatnonzero(code == "")
    known = np.flatnonzero(code != "")
    if len(bare):
        nearest = (
            _find_nearest_on_foot(stairwells, neighbours, known)
            if len(known)
            else np.full(len(code), -1)
        )
        walked = bare[nearest[bare] >= 0]
        how[bare] = "none"
        how[walked] = "foot"
        # Nobody walks to these, so the straight line decides.
        flown = _find_nearest_by_air(stairwells, bare[nearest[bare] < 0], known)
        nearest[list(flown)] = list(flown.values())
        how[list(flown)] = "air"
        attached = bare[how[bare] != "none"]
        code[attached] = code[nearest[attached]]
    index = stairwells.index
    return pd.Series(code, index, dtype="str", name="subgrid"), pd.Series(
        how, index, dtype="str", name="how"
    )


def _find_nearest_on_foot(
    stairwells: gpd.GeoDataFrame, neighbours: pd.DataFrame, known: Ints
) -> Ints:
    """Find the known stairwell nearest to each over neighbours, -1 where none can be walked to."""
    a, b = (
        stairwells.index.get_indexer(pd.Index(neighbours[end])) for end in ("focal", "neighbour")
    )
    both = (a >= 0) & (b >= 0)
    length = np.maximum(neighbours["distance"].to_numpy(float)[both], SHORTEST)
    graph = csr_matrix((length, (a[both], b[both])), shape=(len(stairwells),) * 2)
    # The order of edges decides ties, and it must not depend on the input.
    graph.sort_indices()
    # One search from all known stairwells at once; neighbours never lie in two
    # communities, so neither does a way.
    _, _, source = dijkstra(
        graph, directed=False, indices=known, return_predecessors=True, min_only=True
    )
    return np.where(source < 0, -1, source).astype(np.int64)


def _find_nearest_by_air(stairwells: gpd.GeoDataFrame, bare: Ints, known: Ints) -> dict[int, int]:
    """Find the known stairwell of its community nearest to each in a straight line.

    Of equals the first.
    """
    community = stairwells["community"].to_numpy(object)
    xy = shapely.get_coordinates(stairwells.geometry.to_numpy())
    nearest: dict[int, int] = {}
    for code in sorted(set(community[bare])):
        homeless = bare[community[bare] == code]
        there = known[community[known] == code]
        if len(there):
            apart = cKDTree(xy[there]).query(xy[homeless])[1]
            nearest |= dict(zip(homeless.tolist(), there[apart].tolist(), strict=True))
    return nearest
