"""Running: a city planned from its files to its plan, taken up where it stood if it was stopped."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyproj import CRS

from gridplan.city.chunk_tables import drop_folder, load_table
from gridplan.city.cut_chunks import cut_city
from gridplan.city.join_parts import join_city
from gridplan.city.plan_chunk import PARTS, plan_chunk
from gridplan.city.planning_job import END, WORK, Chunk, Job, open_work, read_chunks
from gridplan.engine.deadline import ENDLESS, Deadline, split_time
from gridplan.engine.engine import Progress, count_workers, keep_silent, map_processes
from gridplan.errors import RuleError
from gridplan.planning.plan_manifest import count_cut_short
from gridplan.reading.read import find_buildings
from gridplan.rules.all_rules import Rules
from gridplan.storage.companion_files import Summary
from gridplan.storage.formats import TABLES
from gridplan.storage.plan_folder import LARGE, put_files, refuse_existing
from gridplan.tables.parquet import count_rows

CHUNK = 30_000  # buildings of a chunk: some minutes of work of one process, and some 500 MB


def explain_whole(source: Any, files: Mapping[str, Any], datum: Any, rules: Rules) -> str:
    """Say why a source cannot be planned in chunks; empty where it can."""
    if find_buildings(source) is None:
        return "its buildings are not a GeoParquet file"
    given = files.get("communities") is not None
    if not given and not (
        Path(source).is_dir() and any(f.stem == "communities" for f in Path(source).iterdir())
    ):
        return "it has no table of communities"
    if files.get("boundary") is not None:
        return "it has a boundary"
    if datum is not None:
        return "its datum is converted"
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
    crs: str | None = None,
    encoding: str | None = None,
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
    source, files, mapping, crs, encoding
        As :func:`gridplan.read_site` takes them; the buildings are a
        GeoParquet file, and every row has a code.
    output
        Folder of the plan.
    rules, seed, inputs
        As :func:`gridplan.divide` takes them.
    engine, scheduler, workers
        Where chunks are planned, as
        :func:`gridplan.engine.engine.map_processes` takes them; the workers of
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
    """
    output = Path(output)
    rules = rules or Rules()
    if rules.division.metric != "straight":
        raise RuleError(
            "division.metric = network needs all streets at once -> plan the city whole, or take straight"
        )
    refuse_existing(output, overwrite)
    paths = {table: _write_paths(file) for table, file in (files or {}).items() if file}
    job = Job(
        str(source),
        paths,
        dict(mapping or {}),
        crs,
        encoding,
        rules.to_dict(),
        seed,
        chunk,
        dict(inputs or {}),
    )
    work, _ = open_work(output, job)
    (work / END).unlink(missing_ok=True)
    if read_chunks(work) is None:
        cut_city(job, work, progress)
    found = read_chunks(work)
    assert found is not None
    chunks, wkt, entries = found
    finished = _find_finished(work, chunks, deadline)
    waiting = sorted(
        (c for c in chunks if c.name not in finished), key=lambda c: (-c.buildings, c.name)
    )  # long ones first
    count = min(count_workers(workers), max(1, len(waiting)))
    alone = engine == "serial" or (engine == "processes" and count <= 1)
    threads = count_workers(workers if engine == "serial" else None) if alone else 1
    sizes = [chunk.buildings for chunk in waiting]
    done = sum(c.buildings for c in chunks if c.name in finished)
    left = deadline.count_left()
    until = None if left is None else time.time() + left
    shares = split_time(sizes, 1 if alone else count)
    tasks = [
        (str(work.resolve()), chunk.name, threads, until, share)
        for chunk, share in zip(waiting, shares, strict=True)
    ]
    spent = map_processes(
        plan_chunk,
        tasks,
        engine=engine,
        scheduler=scheduler,
        workers=workers,
        sizes=sizes,
        done=done,
        stage="planning",
        progress=progress,
    )
    for one in spent:
        for stage, value in one.items():
            if seconds is not None:
                seconds[stage] = seconds.get(stage, 0.0) + value
    summaries: list[Summary] = []

    def write(staging: Path) -> Summary:
        summaries.append(
            join_city(job, chunks, CRS.from_wkt(wkt), entries, work, staging / TABLES, progress)
        )
        return summaries[0]

    put_files(output, write)
    shutil.rmtree(work)
    return summaries[0]


def open_deadline(output: str | Path, seconds: float | None = None) -> Deadline:
    """Open the deadline of a city; when it is asked to end, all processes learn of it."""
    return Deadline(seconds, signal=Path(output) / WORK / END)


def _find_finished(work: Path, chunks: list[Chunk], deadline: Deadline) -> set[str]:
    """Find the chunks whose parts are finished, and clear those that are to be planned again."""
    finished = {chunk.name for chunk in chunks if (work / PARTS / chunk.name).is_dir()}
    if not deadline.is_limited:
        for name in sorted(finished):
            if count_cut_short(load_table(work / PARTS / name, "ledger")):
                drop_folder(work / PARTS / name)
                finished.remove(name)
    return finished


def _write_paths(file: Any) -> Any:
    return [str(one) for one in file] if isinstance(file, list | tuple) else str(file)
