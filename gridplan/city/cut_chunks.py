"""Cutting: a city's files cut into chunks of neighbouring communities that need nothing else.

The buildings are read in two passes, some rows at a time: first everything
about them is checked and counted, then each goes to the chunk of its
community, as :func:`gridplan.land.communities.assign_communities` will find
it. The other tables are put in order once, and each chunk gets the rows that
lie near it, uncut.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import CRS

from gridplan.city.chunk_tables import save_table
from gridplan.city.outside_homes import complete_frame, lie_outside
from gridplan.city.planning_job import Chunk, Job, write_chunks
from gridplan.engine.parallel_map import Progress
from gridplan.errors import InputError, Problem
from gridplan.geometry.repair import find_metric_crs
from gridplan.land.communities import find_communities
from gridplan.land.compounds import settle_compounds
from gridplan.land.neighbours import drop_idle_openings
from gridplan.planning.outlines.special_grids import note_outside
from gridplan.reading.declared import check_datum, choose_for
from gridplan.reading.read import find_buildings, read_all, read_given
from gridplan.reading.site_tables import check_part, make_frame, place_buildings
from gridplan.rules.all_rules import Rules
from gridplan.rules.site import SiteRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.tables.parquet import TableWriter, count_rows, from_arrow, read_batches

FRAME = "frame"  # folder of the tables that are not planned, in order
CHUNKS = "chunks"  # folder of the chunks' own files
NEAR = "near"  # file of the communities around a chunk, by which its buildings are assigned
OWN = "communities"
# Metres beyond ``outside_limit`` that a building, a step or a place may reach
# from the limit of its community.
MARGIN = 1_000.0
SERVES = 25.0  # metres that an opening may lie from the barrier it is in
LINES = 1.0  # metres within which a street must come to a community to matter to it
FRAME_TABLES = (
    "communities",
    "compounds",
    "barriers",
    "openings",
    "streets",
    "places",
    "institutions",
    "counts",
    "ledger",
)


@dataclass
class Scan:
    """What the first pass over the buildings found: where each lies, and what is wrong."""

    crs: Any = None
    middles: list[Any] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entries: tuple[Entry, ...] = ()


def cut_city(job: Job, work: Path, progress: Progress) -> list[Chunk]:
    """Cut a city into chunks and write their files into the folder of unfinished work.

    Raises
    ------
    InputError
        With everything that is wrong in all tables.
    """
    file = find_buildings(job.source)
    assert file is not None
    rules = Rules.from_dict(job.rules)
    check_datum(job.datum)
    scan = _scan_buildings(file, job, progress)
    middles = np.concatenate(scan.middles)
    # The median, so that a few misplaced shapes do not choose the zone.
    centre = gpd.GeoSeries.from_xy(*np.nanmedian(middles, axis=0)[:, None], crs=scan.crs)
    target = find_metric_crs(centre)
    progress("frame", 0, 1)
    frame = _read_frame(job, target, rules, scan.problems)
    points = gpd.GeoSeries.from_xy(*middles.T, crs=scan.crs).to_crs(target)
    places = shapely.points(points.get_coordinates().to_numpy())
    if rules.site.outside == "nearest" and lie_outside(places, frame.communities):
        batches = _read_buildings(file, job, "looking outside", progress)
        frame = complete_frame(frame, batches, job.how, target, rules)
    names, chunks = _choose_chunks(frame.communities, places, job.chunk)
    # Freed before the buildings are read again: there is a point for every one of them.
    del middles, points, places
    counts = _split_buildings(file, work, job, frame, names, target, rules.site, progress)
    # Compounds go to where most of their buildings are, which only all chunks together know.
    frame = frame.replace(compounds=settle_compounds(frame.compounds, frame.communities, counts))
    if rules.special.drawn:
        outside = note_outside(frame.barriers, frame.communities, rules.special)
        frame = frame.note([outside])
    progress("frame", 0, 1)
    (work / FRAME).mkdir(exist_ok=True)
    for table in FRAME_TABLES:
        save_table(work / FRAME, table, getattr(frame, table))
    _split_frame(frame, names, chunks, work, rules.site)
    entries = [[e.step, e.table, e.action, e.count, e.reason, list(e.ids)] for e in scan.entries]
    # Written last: a cutting that was stopped has no list, and begins again.
    write_chunks(work, chunks, target.to_wkt(), entries)
    return chunks


def _read_frame(job: Job, target: CRS, rules: Rules, problems: list[Problem]) -> Site:
    """Read all tables but the buildings, and refuse whatever is wrong in any table."""
    reading = read_all(job.source, job.files, job.how, without=["buildings"])
    # All problems at once, since each try reads a large file from its beginning.
    try:
        frame = make_frame(reading, target, rules.site, choose_for(job.crs, ""))
    except InputError as error:
        raise type(error)([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    if frame.communities.empty:
        what = "there is no community"
        remedy = "give a table of communities"
        raise InputError([Problem("communities", "not empty", what, remedy)])
    if len(frame.zones):
        what = f"zones may cross the chunks that a city is planned in (zones: {len(frame.zones)})"
        remedy = "plan the site that read_site reads with gridplan.divide, or leave the zones out"
        raise InputError([Problem("zones", "zones lie in one chunk", what, remedy)])
    return drop_idle_openings(frame)


def _read_buildings(
    file: Path, job: Job, stage: str, progress: Progress
) -> Iterator[tuple[pa.Table, Any]]:
    """Read the buildings some rows at a time: as in the file, and with the schema's names."""
    total = count_rows(file)
    rows_read = 0
    progress(stage, 0, total)
    for batch in read_batches(file):
        reading = read_given(from_arrow(batch), "buildings", job.how, file.name)
        yield batch, reading
        rows_read += len(batch)
        progress(stage, rows_read, total)


def _scan_buildings(file: Path, job: Job, progress: Progress) -> Scan:
    """Check all buildings, and find where each lies."""
    scan = Scan()
    for _, reading in _read_buildings(file, job, "scanning", progress):
        rows = reading.tables["buildings"]
        scan.crs = rows.crs
        scan.entries = _add_entries(scan.entries, reading.entries)
        scan.problems += check_part("buildings", rows, file.name, choose_for(job.crs, ""))
        # Middles of bounds are quick, and near enough to count the buildings of a community.
        bounds = shapely.bounds(rows.geometry.to_numpy())
        scan.middles.append((bounds[:, :2] + bounds[:, 2:]) / 2)
        if "building" in rows.columns:
            scan.codes.append(pa.array(rows["building"].astype("str").str.strip(), pa.string()))
    scan.problems = _check_codes(scan, file)
    return scan


def _add_entries(before: tuple[Entry, ...], more: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Add the entries of some rows to those of the rows before."""
    counts = {_name_entry(e): e.count for e in before}
    added = [
        # Entries with codes are about columns, which are the same in all rows.
        e if e.ids else replace(e, count=e.count + counts.get(_name_entry(e), 0))
        for e in more
    ]
    named = {_name_entry(e) for e in more}
    return (*(e for e in before if _name_entry(e) not in named), *added)


def _name_entry(entry: Entry) -> tuple[str, ...]:
    return entry.step, entry.table, entry.action, entry.reason


def _check_codes(scan: Scan, file: Path) -> list[Problem]:
    """Check that every row has a code of its own; returns these problems with those before."""
    problems = scan.problems
    codes = pa.chunked_array(scan.codes) if scan.codes else pa.chunked_array([], pa.string())
    counts = codes.value_counts()
    numbers = counts.field("counts").to_numpy(zero_copy_only=False)
    if len(numbers) < len(codes):
        doubled = counts.field("values").filter(pa.array(numbers > 1)).to_pylist()
        codes_doubled = [str(code) for code in doubled]
        problem = Problem(
            "buildings",
            "codes are unique",
            f"{len(codes_doubled)} codes stand more than once in building",
            "give every row its own code",
            tuple(sorted(codes_doubled)),
            file.name,
        )
        # Batches saw the doubles within themselves only: the whole list is the one to show.
        problems = [p for p in problems if p.rule != problem.rule] + [problem]
    # Codes made up for rows would depend on where the batches were cut.
    if codes.null_count or len(codes) < count_rows(file):
        message = "rows of a large file have no code"
        remedy = "add a column building with a code for every row"
        problem = Problem("buildings", "rows have codes", message, remedy, file=file.name)
        problems = [*problems, problem]
    return problems


def _choose_chunks(
    communities: gpd.GeoDataFrame, places: Any, most: int
) -> tuple[Any, list[Chunk]]:
    """Choose the chunks: communities in order of code, together up to so many buildings.

    Returns the number of each community's chunk, and the chunks.
    """
    outlines = communities.geometry.to_numpy()
    community = shapely.STRtree(outlines).query(places, predicate="intersects")[1]
    held = np.bincount(community, minlength=len(communities))
    number = np.zeros(len(held), np.int64)
    total = 0
    # In order of code: communities of near codes are mostly neighbours, and share what is around.
    for n, count in enumerate(held):
        # A community is never cut, so that one above the limit is a chunk by itself.
        is_new = n > 0 and total + count > most
        number[n] = number[n - 1] + is_new if n else 0
        total = count if is_new else total + count
    codes = communities.index.to_numpy(object)
    chunks = []
    for n in range(int(number[-1]) + 1):
        members = np.flatnonzero(number == n)
        first = str(codes[members[0]])
        last = str(codes[members[-1]])
        chunks.append(Chunk(f"{n:05d}", first, last, int(held[members].sum())))
    return number, chunks


def _split_buildings(
    file: Path,
    work: Path,
    job: Job,
    frame: Site,
    number: Any,
    target: CRS,
    rules: SiteRules,
    progress: Progress,
) -> pd.DataFrame:
    """Write each building, as the file has it, to the chunk of its community.

    Returns how many buildings of each compound each community has.
    """
    outlines = frame.communities.geometry.to_numpy()
    compounds = frame.compounds.geometry.to_numpy()
    pairs: list[Any] = []
    # All files are open at once, since rows come in any order and are read once.
    with ExitStack() as stack:
        writers = []
        for n in range(int(number[-1]) + 1):
            folder = work / CHUNKS / f"{n:05d}"
            folder.mkdir(parents=True, exist_ok=True)
            writers.append(stack.enter_context(TableWriter(folder / "buildings.parquet")))
        for batch, reading in _read_buildings(file, job, "splitting", progress):
            shapes, rows = place_buildings(reading.tables["buildings"], target, rules)
            held, _ = find_communities(shapes, outlines, rules)
            # Buildings beyond the limit go to the nearest chunk, which drops and reports them.
            outside = np.flatnonzero(held < 0)
            near = shapely.STRtree(outlines).query_nearest(shapes[outside], all_matches=False)[1]
            chunk = np.zeros(len(batch), np.int64)
            chunk[rows] = number[held]
            chunk[rows[outside]] = number[near]
            # An empty file gives an empty batch, of which every chunk needs the columns.
            for n in np.unique(chunk) if len(batch) else range(len(writers)):
                writers[n].write_arrow(batch.take(np.flatnonzero(chunk == n)))
            pairs.append(_meet_compounds(shapes, held, compounds))
        for writer in writers:
            # A chunk without any building still has a file.
            writer.write_arrow(batch.slice(0, 0))
    met = pd.DataFrame(np.concatenate(pairs), columns=["compound", "community"])
    counts = met.value_counts().reset_index()
    return counts.assign(
        compound=frame.compounds.index.to_numpy(object)[counts["compound"]],
        community=frame.communities.index.to_numpy(object)[counts["community"]],
    )


def _meet_compounds(shapes: Any, held: Any, compounds: Any) -> Any:
    """Find each building's first compound and its community: int64[m, 2]."""
    inner = shapely.point_on_surface(shapes)
    compound, building = shapely.STRtree(inner).query(compounds, predicate="intersects")
    # Backwards, so that of two compounds over one building the first is what stays.
    order = np.argsort(-compound, kind="stable")
    compound_of = np.full(len(shapes), -1)
    compound_of[building[order]] = compound[order]
    known = (compound_of >= 0) & (held >= 0)
    return np.column_stack([compound_of[known], held[known]])


def _split_frame(
    frame: Site, number: Any, chunks: list[Chunk], work: Path, rules: SiteRules
) -> None:
    """Write for each chunk the rows of all other tables that may matter to its communities."""
    outlines = frame.communities.geometry.to_numpy()
    openings = frame.openings.geometry.to_numpy()
    barriers = frame.barriers.geometry.to_numpy()
    serving = shapely.STRtree(openings).query(barriers, predicate="dwithin", distance=SERVES)
    near = _find_all_near(frame, outlines, number, rules.outside_limit + MARGIN)
    for n, chunk in enumerate(chunks):
        folder = work / CHUNKS / chunk.name
        rows = {table: rows_of_chunk[n] for table, rows_of_chunk in near.items()}
        # An opening serves the whole length of its barrier, and only what else
        # touches it says whose it is.
        ways = np.unique(serving[1][np.isin(serving[0], rows["barriers"])])
        rows["openings"] = ways
        rows["barriers"] = np.union1d(rows["barriers"], serving[0][np.isin(serving[1], ways)])
        save_table(folder, OWN, frame.communities[number == n])
        for table, chosen in rows.items():
            source = frame.communities if table == NEAR else getattr(frame, table)
            with TableWriter(folder / f"{table}.parquet") as writer:
                writer.write(source.iloc[chosen].reset_index())


def _find_all_near(frame: Site, outlines: Any, number: Any, reach: float) -> dict[str, list[Any]]:
    """Find for each table the rows that lie near each chunk."""
    # A line between two doors of a community stays within its convex hull.
    hulls = shapely.convex_hull(outlines)
    near = {
        "compounds": _find_near(frame.compounds.geometry.to_numpy(), outlines, number, reach),
        "barriers": _find_near(frame.barriers.geometry.to_numpy(), hulls, number, reach),
        "streets": _find_near(frame.streets.geometry.to_numpy(), outlines, number, LINES),
        "places": _find_near(frame.places.geometry.to_numpy(), outlines, number, reach),
        "institutions": _find_near(frame.institutions.geometry.to_numpy(), outlines, number, reach),
    }
    near[NEAR] = _find_near_communities(frame, outlines, number, reach, near)
    return near


def _find_near_communities(
    frame: Site, outlines: Any, number: Any, reach: float, near: dict[str, list[Any]]
) -> list[Any]:
    """Find the communities around each chunk that decide what belongs to it."""
    tree = shapely.STRtree(outlines)
    # What decides whose an institution is: all communities that it lies in,
    # however far it reaches.
    grounds = [(getattr(frame, t).geometry.to_numpy(), near[t]) for t in ("places", "institutions")]
    around = []
    # Twice the reach: a building that far away may be nearer to a community beyond it.
    for n, communities in enumerate(_find_near(outlines, outlines, number, 2 * reach)):
        touched = [
            tree.query(shapes[rows[n]], predicate="intersects")[1] for shapes, rows in grounds
        ]
        around.append(np.unique(np.concatenate([communities, *touched])))
    return around


def _find_near(shapes: Any, outlines: Any, number: Any, distance: float) -> list[Any]:
    """Find for each chunk the rows of the shapes near one of its communities, in order."""
    row, community = shapely.STRtree(outlines).query(shapes, predicate="dwithin", distance=distance)
    # Sorted and each once, so that a chunk's rows keep the order of the whole table.
    pairs = np.unique(np.column_stack([number[community], row]), axis=0)
    return [pairs[pairs[:, 0] == n, 1] for n in range(int(number[-1]) + 1)]
