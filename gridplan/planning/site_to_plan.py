"""The one path from a site to a drawn plan, each step passing its tables to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.division.divide import Division, divide_atoms
from gridplan.division.part_counts import request_parts
from gridplan.division.problem import DivisionProblem
from gridplan.engine.deadline import ENDLESS, Deadline, split_time
from gridplan.engine.parallel_map import Progress, count_workers, keep_silent, map_tasks
from gridplan.geometry.tiling import match_borders
from gridplan.plan import Plan
from gridplan.planning.community_ranges import add_ranges
from gridplan.planning.outlines.exclusive_grids import add_exclusives, find_exclusives
from gridplan.planning.outlines.exclusive_surplus import return_surplus
from gridplan.planning.outlines.open_land import draw_open_land, find_carers
from gridplan.planning.outlines.special_grids import find_specials
from gridplan.planning.outlines.tessellation import tessellate
from gridplan.planning.plan_manifest import CUT_SHORT, write_manifest
from gridplan.planning.prepare import PreparedLand, prepare_homes, prepare_site
from gridplan.planning.upper_grids import add_upper_grids
from gridplan.rules.all_rules import Rules
from gridplan.site import Site
from gridplan.tables.codes import number_places
from gridplan.tables.conform import conform_table, make_empty
from gridplan.tables.ledger import Entry

# Land where nobody lives: no households, no band, no centre.
NOBODY: Mapping[str, Any] = MappingProxyType(
    {
        "households": 0,
        "low": 0,
        "target": 0,
        "high": 0,
        "in_band": True,
        "stairwell_count": 0,
        "household_metres": 0.0,
        **dict.fromkeys(("households_low", "households_high"), 0),
    }
)


def divide(
    site: Site,
    rules: Rules | None = None,
    *,
    seed: int = 0,
    workers: int | None = None,
    inputs: Mapping[str, str] | None = None,
    progress: Progress = keep_silent,
    seconds: float | None = None,
    deadline: Deadline | None = None,
) -> Plan:
    """Draw the sub-grids of a site.

    Parameters
    ----------
    site
        The land, as :func:`gridplan.read_site` gives it.
    rules
        Sizes, prices and estimates; the defaults are those of the founding
        document where it names them.
    seed
        Any whole number. The same site, rules and seed give the same plan,
        whatever the number of workers.
    workers
        Threads to use; one for each core if not given.
    inputs
        Names and hashes of the files that the site was read from, for the
        manifest.
    progress
        Called with the stage, the steps done and all steps.
    seconds
        Stop refining so long after the call; the plan is always complete.
        Where this cut the search of a community short, the ledger and the
        manifest say so, since the plan then depends on the machine.
    deadline
        The same, where somebody else may ask for the end too.

    Raises
    ------
    InputError
        If nobody lives on the site.

    Examples
    --------
    >>> from gridplan.synthetic.town import make_town
    >>> from gridplan.reading.site_tables import make_site
    >>> plan = divide(make_site(make_town(1, urban_share=0.0, seed=3)), seed=1)
    >>> bool(plan.subgrids["in_band"].all())
    True
    """
    rules = rules or Rules()
    deadline = deadline or Deadline(seconds)
    site = prepare_site(site, rules, progress=progress)
    return divide_site(
        site, rules, seed=seed, workers=workers, inputs=inputs, progress=progress, deadline=deadline
    )


def divide_site(
    site: Site,
    rules: Rules,
    *,
    around: gpd.GeoDataFrame | None = None,
    seed: int = 0,
    workers: int | None = None,
    inputs: Mapping[str, str] | None = None,
    progress: Progress = keep_silent,
    deadline: Deadline = ENDLESS,
) -> Plan:
    """Draw the sub-grids of a site whose households, classes and compounds are known.

    As :func:`divide` does.

    ``around`` are the communities that what reaches over the site's limits may
    lie in, its own among them.
    """
    land = prepare_homes(site, rules, progress=progress)
    return draw_plan(
        land,
        around=around,
        seed=seed,
        workers=workers,
        inputs=inputs,
        progress=progress,
        deadline=deadline,
    )


def draw_plan(
    land: PreparedLand,
    *,
    around: gpd.GeoDataFrame | None = None,
    seed: int = 0,
    workers: int | None = None,
    inputs: Mapping[str, str] | None = None,
    progress: Progress = keep_silent,
    deadline: Deadline = ENDLESS,
) -> Plan:
    """Divide the stairwells of every community and write the plan's tables."""
    rules = land.rules
    if rules.division.metric == "network":
        progress("walking", 0, 1)
    problems = request_parts(land.problems, rules.division.subgrids)
    # Larger communities get more of the time: a deadline hurts none of them most.
    shares = split_time([len(problem) for problem in problems.values()], count_workers(workers))
    divisions = map_tasks(
        lambda task: divide_atoms(task[0], rules.division.effort, seed, deadline.share(task[1])),
        list(zip(problems.values(), shares, strict=True)),
        workers=workers,
        stage="division",
        progress=progress,
    )
    member, subgrids, exceptions = _write_parts(problems, divisions)
    stairwells = land.stairwells.assign(subgrid=member.reindex(land.stairwells.index).astype("str"))
    cut_short = [
        community
        for community, division in zip(problems, divisions, strict=True)
        if division.cut_short
    ]
    entry = Entry("division", "communities", "noted", len(cut_short), CUT_SHORT, cut_short)
    subgrids, noted = draw_land(land.site, stairwells, subgrids, rules, around, progress)
    entries = [*land.way_entries, entry, *noted]
    plan = Plan(
        site=land.site,
        stairwells=conform_table("stairwells", stairwells),
        neighbours=land.neighbours,
        subgrids=subgrids,
        exceptions=number_exceptions(exceptions),
        manifest={},
    )
    plan = add_ranges(plan, rules)
    if rules.special.drawn:
        progress("special", 0, 1)
        plan, of_specials = _add_specials(plan, rules, around)
        entries += of_specials
    # Every step is done that notes anything: here its entries are written, all at once.
    plan = plan.note(entries)
    if rules.grids.drawn:
        plan = add_upper_grids(plan, rules, seed=seed, workers=workers, progress=progress)
    return plan.replace(manifest=write_manifest(plan, rules, seed, inputs or {}))


def _write_parts(
    problems: Mapping[str, DivisionProblem], divisions: Sequence[Division]
) -> tuple[pd.Series[str], pd.DataFrame, list[dict[str, Any]]]:
    """Write the parts of all communities as tables.

    Returns the sub-grid of each stairwell, the rows of the sub-grids, and
    those of the exceptions.
    """
    drawn = []
    exceptions = []
    for community, problem, division in zip(problems, problems.values(), divisions, strict=True):
        codes = code_parts(community, problem, division)
        drawn.append(write_subgrids(community, problem, division, codes))
        exceptions += [
            {
                "community": community,
                "subgrid": codes[s.part],
                "rule": s.rule,
                "proven": s.proven,
                "explanation": s.explanation,
                "remedy": s.remedy,
            }
            for s in division.shortfalls
        ]
    member = pd.concat([pd.Series(t["codes"], index=list(t["ids"])) for t in drawn])
    subgrids = pd.concat([t["subgrids"] for t in drawn], ignore_index=True)
    return member, subgrids, exceptions


def _add_specials(plan: Plan, rules: Rules, around: Any) -> tuple[Plan, list[Entry]]:
    """Add the special grids and the sub-grids that they touch, with entries for the ledger."""
    specials = find_specials(
        plan.site.barriers, plan.site.communities, plan.subgrids, rules.special, around
    )
    plan = plan.replace(special_grids=specials.grids, touches=specials.touches)
    return plan, list(specials.entries)


def draw_land(
    site: Site,
    stairwells: gpd.GeoDataFrame,
    subgrids: pd.DataFrame,
    rules: Rules,
    around: Any,
    progress: Progress,
) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Draw the outlines of all sub-grids and exclusive grids, with entries for the ledger."""
    exclusives = None
    if rules.exclusive.drawn:
        progress("exclusive", 0, 1)
        exclusives = find_exclusives(site, rules.exclusive, around)
    tables = {t: getattr(site, t) for t in ("buildings", "streets", "barriers")} | {
        "stairwells": stairwells
    }
    lots = None if exclusives is None else exclusives.grids.geometry
    if exclusives is not None and len(exclusives.grids):
        tables = add_exclusives(site, stairwells, exclusives.grids)
        subgrids = pd.concat([subgrids, _list_exclusives(exclusives.grids)], ignore_index=True)
    open_land = draw_open_land(site, lots, rules, progress=progress)
    outlines = tessellate(
        site.communities.set_geometry(open_land.homes.reindex(site.communities.index)),
        tables["buildings"],
        tables["stairwells"],
        tables["streets"],
        tables["barriers"],
        rules.outlines,
        progress=progress,
    )
    drawn = outlines.subgrids
    if exclusives is not None and len(exclusives.grids):
        # Outlines along streets may give an institution more than its own land.
        drawn = return_surplus(
            drawn,
            exclusives.grids.geometry,
            subgrids.set_index("subgrid")["community"],
            rules.outlines.grid,
        )
    if len(open_land.pieces):
        rows, drawn = join_open_land(open_land.pieces, drawn, subgrids, rules.outlines.grid)
        subgrids = pd.concat([subgrids, rows], ignore_index=True)
    noted = [
        *(exclusives.entries if exclusives is not None else ()),
        *open_land.entries,
        *outlines.entries,
    ]
    return join_outlines(subgrids, stairwells, drawn, site), noted


def _list_exclusives(grids: gpd.GeoDataFrame) -> pd.DataFrame:
    """List exclusive grids as rows of the table of sub-grids."""
    rows = {
        "subgrid": grids.index,
        "community": grids["community"],
        "kind": "exclusive",
        "land": "institution",
        "institution": grids["owner"],
    }
    return pd.DataFrame({**rows, **NOBODY})


def join_open_land(
    pieces: gpd.GeoDataFrame, drawn: gpd.GeoSeries, subgrids: pd.DataFrame, grid: float
) -> tuple[pd.DataFrame, gpd.GeoSeries]:
    """Join open land to the outlines drawn beside it.

    Returns its rows of the table of sub-grids, and all outlines, which share
    their corners.
    """
    both = pd.concat([drawn, pieces.set_index("subgrid").geometry])
    # Drawn apart, so that outlines lack the corners of one another.
    shapes = match_borders(both.to_numpy(), 2 * grid)
    outlines = gpd.GeoSeries(shapes, index=both.index, crs=drawn.crs).sort_index()
    homes = subgrids[subgrids["kind"] == "residential"].set_index("subgrid")["community"]
    placed = pieces.set_geometry(outlines.reindex(pieces["subgrid"]).to_numpy())
    carers = find_carers(placed, outlines.reindex(homes.index), homes)
    rows = pieces[["subgrid", "community", "land"]].assign(
        kind="open", responsible=carers.reindex(pieces["subgrid"]).to_numpy()
    )
    return pd.DataFrame(rows).assign(**NOBODY), outlines


def code_parts(community: str, problem: DivisionProblem, division: Division) -> list[str]:
    """Code the parts of a community by its code and a number.

    Row by row from north to south, west to east in each row.
    """
    k = len(division.centres)
    # Numbers go by where the households are, not by the middle of the land.
    weight = np.bincount(division.part, problem.weights, minlength=k)
    x = np.bincount(division.part, problem.weights * problem.xy[:, 0], minlength=k) / weight
    y = np.bincount(division.part, problem.weights * problem.xy[:, 1], minlength=k) / weight
    box = np.concatenate([problem.xy.min(axis=0), problem.xy.max(axis=0)])
    return number_places(f"{community}-", x, y, box)


def write_subgrids(
    community: str, problem: DivisionProblem, division: Division, codes: list[str]
) -> dict[str, Any]:
    """Write the figures of a community's parts, and which part each of its stairwells is in."""
    k = len(codes)
    band = problem.band
    households = np.bincount(division.part, problem.weights, minlength=k).astype(np.int64)
    centre = division.centres[division.part]
    walk = _measure_walks(problem, centre)
    longest = np.zeros(k)
    # The longest walk of each part.
    np.maximum.at(longest, division.part, walk)
    table = pd.DataFrame(
        {
            "subgrid": codes,
            "community": community,
            "kind": "residential",
            "land": "homes",
            "households": households,
            **dict.fromkeys(("households_low", "households_high"), households),
            "low": band.low,
            "target": band.target,
            "high": band.high,
            "in_band": (households >= band.low) & (households <= band.high),
            "stairwell_count": np.bincount(division.part, minlength=k),
            "centre": [problem.ids[c] for c in division.centres],
            "household_metres": division.walk,
            "mean_walk": division.walk / households,
            "max_walk": longest,
        }
    )
    return {"subgrids": table, "ids": problem.ids, "codes": [codes[p] for p in division.part]}


def _measure_walks(problem: DivisionProblem, centre: Ints) -> Floats:
    """Measure the walk of each atom to its centre, in metres, as the division does."""
    if problem.matrix is not None:
        return np.asarray(problem.matrix[np.arange(len(problem)), centre])
    step = problem.xy - problem.xy[centre]
    apart = np.hypot(step[:, 0], step[:, 1]) + problem.climb + problem.climb[centre]
    # Within one stairwell only the floors between are climbed, not down and up
    # again.
    same = problem.stack == problem.stack[centre]
    return np.asarray(np.where(same, np.abs(problem.climb - problem.climb[centre]), apart))


def join_outlines(
    subgrids: pd.DataFrame, stairwells: gpd.GeoDataFrame, outlines: gpd.GeoSeries, site: Site
) -> gpd.GeoDataFrame:
    """Join figures and land outlines to the table of sub-grids."""
    # Outlines are sorted by code, and rows of the table may still be in
    # another order.
    land = outlines.reindex(subgrids["subgrid"])
    count = stairwells.groupby("subgrid")["building"].nunique()
    table = subgrids.assign(
        community_kind=site.communities["kind"].reindex(subgrids["community"]).to_numpy(),
        building_count=count.reindex(subgrids["subgrid"], fill_value=0).to_numpy(),
        area=land.area.to_numpy(),
        pieces=shapely.get_num_geometries(land.to_numpy()),
    )
    frame = gpd.GeoDataFrame(table, geometry=land.to_numpy(), crs=site.crs)
    return conform_table("subgrids", frame).sort_index()


def number_exceptions(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Write the table of exceptions from its rows, numbered in order of community and sub-grid."""
    if not rows:
        return make_empty("exceptions")
    # Numbers of one width, so that they sort as texts.
    frame = pd.DataFrame(rows).sort_values(["community", "subgrid"], ignore_index=True)
    frame["exception"] = (frame.index + 1).astype(str).str.zfill(len(str(len(frame))))
    return conform_table("exceptions", frame)
