"""A city planned from its files to its plan, taken up where it stood if it was stopped."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyproj import CRS

from gridplan.city.chunk_tables import drop_folder, load_table
from gridplan.city.city_teachers import gather_teachers
from gridplan.city.cut_chunks import cut_city
from gridplan.city.join_parts import join_city
from gridplan.city.plan_chunk import PARTS, plan_chunk
from gridplan.city.planning_job import END, WORK, Chunk, Job, open_work, read_chunks
from gridplan.city.settle_communities import is_settled, settle_communities, survey_chunk
from gridplan.engine.deadline import ENDLESS, Deadline, split_time
from gridplan.engine.parallel_map import (
    Progress,
    count_workers,
    keep_silent,
    map_processes,
    try_scheduler,
)
from gridplan.engine.placement import list_placed
from gridplan.errors import RuleError
from gridplan.planning.plan_manifest import count_cut_short
from gridplan.reading.layer_names import choose_roles
from gridplan.reading.read import find_buildings
from gridplan.rules.all_rules import Rules
from gridplan.storage.companion_files import Summary
from gridplan.storage.formats import TABLES
from gridplan.storage.plan_folder import LARGE, put_files, reserve_plan
from gridplan.tables.parquet import count_rows

CHUNK = 30_000  # buildings of a chunk: some minutes of work of one process, and some 500 MB


def explain_whole(source: Any, files: Mapping[str, Any], rules: Rules) -> str:
    """Say why a source cannot be planned in chunks; empty where it can."""
    # Only GeoParquet can be read some rows at a time.
    if find_buildings(source) is None:
        return "its buildings are not a GeoParquet file"
    folder = Path(source)
    stems = {Path(name).stem for name in list_placed(folder)} if folder.is_dir() else set()
    # Chunks are made of communities, which have to be known before anything is read.
    if files.get("communities") is None and "communities" not in stems:
        return "it has no table of communities"
    if files.get("boundary") is not None:
        return "it has a boundary"
    # A zone may cross chunks, of which each knows its own buildings.
    roles = choose_roles(stems).values()
    if files.get("zones") is not None or any(role.table == "zones" for role in roles):
        return "it has zones"
    # A total is shared out over all buildings, of which a chunk knows its own.
    # So is an exact number of sub-grids.
    if rules.division.subgrids:
        return "division.subgrids is given"
    return "households.total is given" if rules.households.total else ""


def is_large(source: Any) -> bool:
    """Whether a source has so many buildings that it is planned in chunks if it can be."""
    file = find_buildings(source)
    return file is not None and count_rows(file) > LARGE


def plan_city(
    source: str | Path,
    output: str | Path,
    rules: Rules | None = None,
    *,
    files: Mapping[str, Any] | None = None,
    mapping: Mapping[str, str] | None = None,
    crs: str | Mapping[str, str] | None = None,
    datum: str | Mapping[str, str] | None = None,
    encoding: str | None = None,
    not_personal: Collection[str] = (),
    seed: int = 0,
    engine: str = "processes",
    scheduler: str | None = None,
    workers: int | None = None,
    chunk: int = CHUNK,
    inputs: Mapping[str, str] | None = None,
    overwrite: bool = False,
    progress: Progress = keep_silent,
    seconds: dict[str, float] | None = None,
    deadline: Deadline = ENDLESS,
) -> Summary:
    """Plan a city from files into a folder, in memory that does not grow with it.

    What is done is kept in the folder until the plan is whole; the same call
    takes it up again. The plan depends neither on ``engine`` and ``workers``
    nor on ``chunk``. Parts whose search a deadline cut short are planned again
    by a later call without one.

    Parameters
    ----------
    source, files, mapping, crs, datum, encoding, not_personal
        As :func:`gridplan.read_site` takes them; the buildings are a
        GeoParquet file, and every row has a code.
    output
        Folder of the plan.
    rules, seed, inputs
        As :func:`gridplan.divide` takes them.
    engine, scheduler, workers
        Where chunks are planned, as
        :func:`gridplan.engine.parallel_map.map_processes` takes them; the workers of
        a scheduler reach ``output`` by the same path. A single process is this
        one, with a thread for each core.
    chunk
        Most buildings of a chunk, unless one community has more.
    overwrite
        Whether a plan that is already in the folder is replaced.
    progress
        Called with the stage, the rows or buildings done and all of them.
    seconds
        Filled with the seconds of each stage, added up over processes.
    deadline
        When to stop refining; from :func:`open_deadline`, so that the
        processes learn of it too.

    Raises
    ------
    InputError
        With everything that is wrong in all tables.
    EngineError
        If the scheduler does not answer or has no workers.
    RuleError
        If the rules ask for ways along the streets, which a chunk holds only
        some of.
    OutputExistsError
        If a plan is in the folder and ``overwrite`` is false.
    PlanBusyError
        If another run is writing there.
    """
    output = Path(output)
    rules = rules or Rules()
    if rules.division.metric != "straight":
        raise RuleError(
            "division.metric = network needs all streets at once "
            "-> plan the city whole, or take straight"
        )
    if rules.division.subgrids:
        raise RuleError(
            "division.subgrids asks for a number over all communities, which are not known at "
            "once in chunks -> plan the city whole, or leave it at 0"
        )
    paths = {table: _write_paths(file) for table, file in (files or {}).items() if file}
    job = Job(
        str(source),
        paths,
        dict(mapping or {}),
        crs,
        datum,
        encoding,
        sorted(not_personal),
        rules.to_dict(),
        seed,
        chunk,
        dict(inputs or {}),
    )
    if scheduler is not None:
        try_scheduler(scheduler)
    # Two runs would clear away each other's parts.
    with reserve_plan(output, overwrite):
        work, _ = open_work(output, job)
        # A wish to end that an earlier run left behind is not for this one.
        (work / END).unlink(missing_ok=True)
        if read_chunks(work) is None:
            cut_city(job, work, progress)
        gather_teachers(work, progress)
        cutting = read_chunks(work)
        assert cutting is not None
        places = Workplaces(engine, scheduler, workers)
        if not is_settled(work):
            _settle(work, job, cutting[0], places, progress)
        spent = _plan_waiting(work, cutting[0], places, progress, deadline)
        if seconds is not None:
            _add_seconds(seconds, spent)
        summary = _put_plan(output, job, work, cutting, progress)
        # Only now, so that a run that is stopped before has its parts to go on from.
        shutil.rmtree(work)
    return summary


def _put_plan(
    output: Path,
    job: Job,
    work: Path,
    cutting: tuple[list[Chunk], str, Any],
    progress: Progress,
) -> Summary:
    """Join the parts to a plan in the output folder, where it appears whole or not at all."""
    chunks, wkt, entries = cutting
    summaries: list[Summary] = []

    def write(staging: Path) -> Summary:
        folder = staging / TABLES
        crs = CRS.from_wkt(wkt)
        summaries.append(join_city(job, chunks, crs, entries, work, folder, progress))
        return summaries[0]

    put_files(output, write)
    return summaries[0]


@dataclass(frozen=True)
class Workplaces:
    """Where chunks are planned, as :func:`gridplan.engine.parallel_map.map_processes` takes it."""

    engine: str
    scheduler: str | None
    workers: int | None

    def count_for(self, tasks: int) -> int:
        """Count the processes for some tasks: no more than tasks, one at least."""
        return min(count_workers(self.workers), max(1, tasks))

    def is_alone(self, tasks: int) -> bool:
        """Whether this process plans all of the tasks itself."""
        if self.engine == "serial":
            return True
        return self.engine == "processes" and self.count_for(tasks) <= 1

    def count_threads(self, tasks: int) -> int:
        """Count the threads of each process: more than one would compete with other processes."""
        if not self.is_alone(tasks):
            return 1
        # The workers of "processes" are processes; alone it may use every core.
        return count_workers(self.workers if self.engine == "serial" else None)


def _settle(
    work: Path, job: Job, chunks: list[Chunk], places: Workplaces, progress: Progress
) -> None:
    """Find the classes and limits of communities, from the households of all chunks."""
    surveys = map_processes(
        survey_chunk,
        [(str(work.resolve()), chunk.name) for chunk in chunks],
        engine=places.engine,
        scheduler=places.scheduler,
        workers=places.workers,
        sizes=[chunk.buildings for chunk in chunks],
        stage="surveying",
        progress=progress,
    )
    settle_communities(work, job, chunks, surveys)


def _plan_waiting(
    work: Path,
    chunks: list[Chunk],
    places: Workplaces,
    progress: Progress,
    deadline: Deadline,
) -> list[dict[str, float]]:
    """Plan the chunks that are not finished yet; returns the seconds of each by stage."""
    finished = _find_finished(work, chunks, deadline)
    # Long ones first, so that no process works on while all others are done.
    waiting = sorted(
        (chunk for chunk in chunks if chunk.name not in finished),
        key=lambda chunk: (-chunk.buildings, chunk.name),
    )
    sizes = [chunk.buildings for chunk in waiting]
    seconds_left = deadline.count_left()
    # The time of day, since other clocks do not compare between processes and machines.
    until = None if seconds_left is None else time.time() + seconds_left
    is_alone = places.is_alone(len(waiting))
    shares = split_time(sizes, 1 if is_alone else places.count_for(len(waiting)))
    threads = places.count_threads(len(waiting))
    tasks = [
        (str(work.resolve()), chunk.name, threads, until, share)
        for chunk, share in zip(waiting, shares, strict=True)
    ]
    return map_processes(
        plan_chunk,
        tasks,
        engine=places.engine,
        scheduler=places.scheduler,
        workers=places.workers,
        sizes=sizes,
        done=sum(chunk.buildings for chunk in chunks if chunk.name in finished),
        stage="planning",
        progress=progress,
    )


def _add_seconds(seconds: dict[str, float], spent: list[dict[str, float]]) -> None:
    """Add what each chunk spent to the seconds of the stages."""
    for by_stage in spent:
        for stage, value in by_stage.items():
            seconds[stage] = seconds.get(stage, 0.0) + value


def open_deadline(output: str | Path, seconds: float | None = None) -> Deadline:
    """Open the deadline of a city; when it is asked to end, all processes learn of it."""
    return Deadline(seconds, signal=Path(output) / WORK / END)


def _find_finished(work: Path, chunks: list[Chunk], deadline: Deadline) -> set[str]:
    """Find the chunks whose parts are finished, and clear those that are to be planned again."""
    finished = {chunk.name for chunk in chunks if (work / PARTS / chunk.name).is_dir()}
    # A deadline cut short what it could not refine; without one there is time for it now.
    if not deadline.is_limited:
        for name in sorted(finished):
            if count_cut_short(load_table(work / PARTS / name, "ledger")):
                drop_folder(work / PARTS / name)
                finished.remove(name)
    return finished


def _write_paths(file: Any) -> Any:
    """Write one path, or several, as text: a job is kept as JSON."""
    return [str(one) for one in file] if isinstance(file, list | tuple) else str(file)
