"""Upper grids: whole sub-grids joined by the same division, with sub-grids as atoms."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.division.divide import Division, divide_atoms
from gridplan.division.problem import DivisionProblem
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.geometry.faces import find_borders
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.band import Band
from gridplan.rules.grids import GridRules
from gridplan.tables.codes import number_places
from gridplan.tables.conform import conform_table, make_empty

RULE = "grids"  # the word by which exceptions speak of this layer


def add_upper_grids(
    plan: Plan,
    rules: Rules | None = None,
    *,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Plan:
    """Draw the upper layer of a plan: contiguous grids of whole sub-grids, within their band.

    Each lies in one community.

    Sub-grids are joined where two of their stairwells can be walked between.
    Exclusive grids go to the grid that they have the longest border with and
    are not counted. A community, or an island of it, with too few households
    for one grid is one grid, and is in ``exceptions`` as such. Run again,
    it replaces the grids that are there.

    Parameters
    ----------
    plan
        Any plan.
    rules
        Its section ``grids`` gives the band in households, its prices those of
        splits; the plan's own if not given.
    seed
        Any whole number; the plan's own if not given.
    workers, progress
        As :func:`gridplan.divide` takes them.

    Examples
    --------
    Two sub-grids of sixty households make one grid of 120:

    >>> from gridplan.synthetic import make_board_plan
    >>> rules = Rules().replace(grids={"low": 100, "target": 120, "high": 140})
    >>> plan = add_upper_grids(make_board_plan(), rules)
    >>> plan.grids[["households", "subgrid_count", "in_band"]].values.tolist()
    [[120, 2, True]]
    >>> plan.subgrids["grid"].tolist()
    ['0301-G001', '0301-G001']
    """
    rules = rules or plan.rules
    seed = int(plan.manifest.get("seed", 0)) if seed is None else seed
    # Nobody lives in exclusive grids and open land, so they join a grid afterwards.
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"].sort_index()
    problems = _make_problems(plan, homes, rules)
    divisions = map_tasks(
        lambda problem: divide_atoms(problem, rules.division.effort, seed),
        list(problems.values()),
        workers=workers,
        stage="grids",
        progress=progress,
    )
    member: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for (community, problem), division in zip(problems.items(), divisions, strict=True):
        codes = _code_grids(str(community), problem, division)
        member |= {s: codes[p] for s, p in zip(problem.ids, division.part, strict=True)}
        rows += [
            {
                "community": community,
                "subgrid": codes[s.part],
                "rule": RULE,
                "proven": s.proven,
                "explanation": _reword(s.explanation),
                "remedy": _reword(s.remedy),
            }
            for s in division.shortfalls
        ]
    subgrids = plan.subgrids.assign(
        grid=pd.Series(member, dtype="str").reindex(plan.subgrids.index).fillna("").astype("str")
    )
    subgrids = place_exclusives(subgrids)
    grids = write_grids(plan, subgrids, rules.grids)
    exceptions = _join_exceptions(plan.exceptions, rows)
    manifest = dict(plan.manifest)
    # A plan that is still being drawn has no manifest yet; it is written at
    # the end.
    if "figures" in manifest:
        manifest["figures"] = {
            **manifest["figures"],
            "exceptions": len(exceptions),
            "grids": len(grids),
        }
        manifest["rules"] = {**manifest["rules"], "grids": rules.to_dict()["grids"]}
    return plan.replace(subgrids=subgrids, grids=grids, exceptions=exceptions, manifest=manifest)


def _reword(text: str) -> str:
    """Reword what the division says of stairwells and sub-grids for sub-grids and grids."""
    # Sub-grids become grids before stairwells become sub-grids, never the
    # other way round.
    return text.replace("sub-grid", "grid").replace("stairwell", "sub-grid")


def _make_problems(plan: Plan, homes: gpd.GeoDataFrame, rules: Rules) -> dict[str, DivisionProblem]:
    """Make the division problem of every community, with its sub-grids of homes as atoms.

    They lie at the places of their centres.
    """
    places = plan.stairwells.geometry.reindex(homes["centre"]).to_numpy()
    middle = shapely.point_on_surface(homes.geometry.to_numpy())
    # Imported sub-grids may have no centre among the stairwells.
    places = np.where(shapely.is_missing(places) | shapely.is_empty(places), middle, places)
    xy = shapely.get_coordinates(places)
    part = homes.index.get_indexer(plan.stairwells["subgrid"])
    ids = plan.stairwells.index
    a, b = (part[ids.get_indexer(plan.neighbours[end])] for end in ("focal", "neighbour"))
    over = plan.neighbours["link"].to_numpy(object)
    # Two sub-grids are joined if any two of their homes are.
    apart = (a != b) & (a >= 0) & (b >= 0)
    pairs = pd.DataFrame(
        {"a": np.minimum(a, b), "b": np.maximum(a, b), "open": ~np.isin(over, ["opening"])}
    )[apart]
    # One way without an opening is enough to be on the same side.
    pairs = pairs.groupby(["a", "b"], as_index=False)["open"].any()
    compound = _find_compounds(plan, part, len(homes))
    band = Band(low=rules.grids.low, target=rules.grids.target, high=rules.grids.high)
    communities = homes["community"].to_numpy(object)
    inner = communities[pairs["a"]] == communities[pairs["b"]]
    # A grid lies within one community.
    pairs = pairs[inner]
    by = dict(tuple(pairs.groupby(communities[pairs["a"].to_numpy()])))
    problems = {}
    for community, rows in sorted(homes.groupby("community", sort=True).indices.items()):
        links = by.get(community, pairs.iloc[:0])
        place = {row: n for n, row in enumerate(rows)}
        joined = np.array(
            [[place[p], place[q]] for p, q in links[["a", "b"]].to_numpy()], np.int64
        ).reshape(-1, 2)
        problems[str(community)] = _make_problem(
            homes.iloc[rows], xy[rows], joined, links["open"], compound[rows], band, rules
        )
    return problems


def _make_problem(
    subgrids: Any, xy: Floats, pairs: Ints, open_: Any, compound: Ints, band: Band, rules: Rules
) -> DivisionProblem:
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(subgrids)
    # Sides of hard barriers: what can be reached without an opening.
    free = pairs[open_.to_numpy(bool)] if len(pairs) else pairs
    side = connected_components(
        csr_matrix((np.ones(len(free)), (free[:, 0], free[:, 1])), shape=(n, n)), directed=False
    )[1]
    weights = subgrids["households"].to_numpy(np.int64)
    climb = np.zeros(n)
    # As a table's column is, so that the kernels need not be compiled once more.
    climb.setflags(write=False)
    return DivisionProblem(
        ids=tuple(subgrids.index),
        weights=weights,
        pull=weights.astype(float),
        xy=xy,
        climb=climb,
        stack=np.arange(n),
        pairs=pairs,
        groups=np.column_stack([compound, side]).astype(np.int32),
        prices=np.array([rules.prices.compound, rules.prices.opening], float),
        band=band,
        outside=rules.prices.outside_band,
        off=rules.prices.off_target,
    )


def _find_compounds(plan: Plan, part: Ints, count: int) -> Ints:
    """Find the compound that most households of each sub-grid live in, as a number.

    0 where most live in none.
    """
    number = pd.factorize(plan.stairwells["compound"].to_numpy(object), sort=True)[0]
    # Living in no compound is a number too: it may be what most do.
    number = np.where(plan.stairwells["compound"].to_numpy(object) == "", 0, number + 1)
    table = pd.DataFrame(
        {"part": part, "compound": number, "households": plan.stairwells["households"].to_numpy()}
    )
    held = (
        table[table["part"] >= 0].groupby(["part", "compound"], as_index=False)["households"].sum()
    )
    most = held.sort_values(
        ["part", "households", "compound"], ascending=[True, False, True]
    ).drop_duplicates("part")
    out = np.zeros(count, np.int64)
    out[most["part"].to_numpy()] = most["compound"].to_numpy()
    return out


def _code_grids(community: str, problem: DivisionProblem, division: Division) -> list[str]:
    k = len(division.centres)
    # A part may have no households left; a trace keeps its middle defined.
    weight = np.maximum(np.bincount(division.part, problem.weights, minlength=k), 1e-9)
    x, y = (
        np.bincount(division.part, problem.weights * problem.xy[:, n], minlength=k) / weight
        for n in (0, 1)
    )
    box = np.concatenate([problem.xy.min(axis=0), problem.xy.max(axis=0)])
    return number_places(f"{community}-G", x, y, box)


def place_exclusives(subgrids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put exclusive grids and open land to the grid with the longest common border.

    It is one of their own community.

    Outwards from those that adjoin one.
    """
    lone = np.flatnonzero((subgrids["kind"] != "residential").to_numpy())
    if not len(lone):
        return subgrids
    over = subgrids["community"].to_numpy(object)
    shapes = subgrids.geometry.to_numpy()
    near = np.unique(shapely.STRtree(shapes).query(shapes[lone], predicate="intersects")[1])
    borders = find_borders(shapes[near])
    one_side = near[borders["left"].to_numpy(int)]
    other_side = near[borders["right"].to_numpy(int)]
    table = pd.DataFrame(
        {
            "a": np.append(one_side, other_side),
            "b": np.append(other_side, one_side),
            "length": np.tile(borders["length"], 2),
        }
    )
    table = table[over[table["a"]] == over[table["b"]]]
    # Outwards: those beside a grid join first, then those beside these.
    grid = subgrids["grid"].to_numpy(object).copy()
    while True:
        rows = table[(grid[table["a"]] == "") & (grid[table["b"]] != "")]
        if rows.empty:
            return subgrids.assign(grid=pd.Series(grid, index=subgrids.index, dtype="str"))
        total = (
            rows.assign(grid=grid[rows["b"]]).groupby(["a", "grid"], as_index=False)["length"].sum()
        )
        # Equal borders must tie, whatever the last bits of their lengths.
        total["length"] = total["length"].round(3)
        best = total.sort_values(
            ["a", "length", "grid"], ascending=[True, False, True]
        ).drop_duplicates("a")
        grid[best["a"].to_numpy()] = best["grid"].to_numpy(object)


def write_grids(plan: Plan, subgrids: gpd.GeoDataFrame, rules: GridRules) -> gpd.GeoDataFrame:
    """Write the table of grids; the outline of each is that of its sub-grids together."""
    held = subgrids[subgrids["grid"] != ""]
    if held.empty:
        return make_empty("grids", plan.crs)
    homes = held[held["kind"] == "residential"].groupby("grid")
    codes = sorted(held["grid"].unique())
    land = (
        held.geometry.groupby(held["grid"])
        .agg(lambda shapes: shapely.coverage_union_all(shapes.to_numpy()))
        .reindex(codes)
    )
    households = homes["households"].sum().reindex(codes).to_numpy()
    table = pd.DataFrame(
        {
            "grid": codes,
            "community": held.groupby("grid")["community"].first().reindex(codes).to_numpy(),
            "community_kind": held.groupby("grid")["community_kind"]
            .first()
            .reindex(codes)
            .to_numpy(),
            "households": households,
            "subgrid_count": homes.size().reindex(codes).to_numpy(),
            "low": rules.low,
            "target": rules.target,
            "high": rules.high,
            "in_band": (households >= rules.low) & (households <= rules.high),
            "area": shapely.area(land.to_numpy(object)),
        }
    )
    return conform_table(
        "grids", gpd.GeoDataFrame(table, geometry=land.to_numpy(object), crs=plan.crs)
    ).sort_index()


def _join_exceptions(old: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Put the exceptions of this layer after those of the sub-grids, and number all again."""
    kept = old[old["rule"] != RULE]
    every = (
        pd.concat([kept, pd.DataFrame(rows)], ignore_index=True)
        if rows
        else kept.reset_index(drop=True)
    )
    if every.empty:
        return make_empty("exceptions")
    # Stable, so that rows about the same keep the order of their layers.
    every = every.sort_values(
        ["community", "subgrid", "explanation"], kind="stable", ignore_index=True
    )
    every["exception"] = (every.index + 1).astype(str).str.zfill(len(str(len(every))))
    return conform_table("exceptions", every)
