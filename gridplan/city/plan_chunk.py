"""A chunk: some communities of a city, planned from their own files and kept as a part."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pyproj import CRS

from gridplan.city.chunk_tables import finish_folder, save_table, start_folder
from gridplan.city.city_teachers import load_teachers
from gridplan.city.cut_chunks import CHUNKS
from gridplan.city.planning_job import END, read_chunks, read_job
from gridplan.city.read_chunk import load_near, read_chunk
from gridplan.city.settle_communities import load_settled
from gridplan.engine.deadline import Deadline
from gridplan.plan import Plan
from gridplan.planning.prepare import fill_site
from gridplan.planning.site_to_plan import divide_site
from gridplan.rules.all_rules import Rules
from gridplan.tables.conform import make_empty

PARTS = "parts"
ChunkTask = tuple[str, str, int, float | None, float]
PART_TABLES = (
    "communities",
    "compounds",
    "buildings",
    "stairwells",
    "neighbours",
    "subgrids",
    "exceptions",
    "ledger",
)
OPTIONAL_PARTS = ("special_grids", "touches", "grids")


class _Clock:
    """Keep the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage = ""
        self._began = time.perf_counter()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take the name of the stage that runs now."""
        if stage != self._stage:
            now = time.perf_counter()
            if self._stage:
                self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._began
            self._stage = stage
            self._began = now


def plan_chunk(task: ChunkTask) -> dict[str, float]:
    """Plan one chunk, keep its part on disk, and return the seconds of each stage.

    ``task`` is the folder of unfinished work, the name of the chunk, the
    number of threads, the time at which the search of the whole city ends
    (seconds since 1970, None for no limit), and the chunk's share of the time
    left when it begins.
    """
    folder, name, threads, until, share = task
    work = Path(folder)
    # A chunk that waited for a free process has less time than one that began at once.
    seconds_left = None if until is None else max(0.0, until - time.time())
    deadline = Deadline(seconds_left, signal=work / END).share(share)
    job = read_job(work)
    cutting = read_chunks(work)
    assert cutting is not None
    rules = Rules.from_dict(job.rules)
    clock = _Clock()
    clock("reading", 0, 1)
    site = read_chunk(work / CHUNKS / name, job.how, CRS.from_wkt(cutting[1]), rules)
    settled = load_settled(work)
    communities = site.communities
    # Classes and limits are those that all chunks together came to.
    kinds = settled["kind"].reindex(communities.index)
    site = site.replace(communities=communities.assign(kind=kinds))
    site = fill_site(site, rules, teachers=load_teachers(work), progress=clock)
    site = site.replace(communities=settled.loc[communities.index])
    # Chunks without homes are parts like others, so that joining needs no exceptions.
    if (site.buildings["households"] > 0).any():
        around = settled.loc[load_near(work / CHUNKS / name).index]
        plan = divide_site(
            site,
            rules,
            around=around,
            seed=job.seed,
            workers=threads,
            progress=clock,
            deadline=deadline,
        )
    else:
        empty: dict[str, Any] = {
            t: make_empty(t, site.crs)
            for t in ("stairwells", "neighbours", "subgrids", "exceptions")
        }
        plan = Plan(site=site, manifest={}, **empty)
    clock("writing", 0, 1)
    _save_part(plan, work / PARTS / name)
    clock("", 0, 1)
    return clock.seconds


def _save_part(plan: Plan, folder: Path) -> None:
    """Save the tables of a part, each sorted by community and then by its key."""
    draft = start_folder(folder)
    for table in (*PART_TABLES, *(t for t in OPTIONAL_PARTS if len(plan.get_table(t)))):
        frame = plan.get_table(table)
        # Compounds of communities around are parts of other chunks.
        if table == "compounds":
            frame = frame[frame["community"].isin(plan.site.communities.index)]
        if table == "neighbours":
            # The schema has no community here; it is added to read some of them alone.
            community = plan.stairwells["community"].reindex(frame["focal"]).to_numpy()
            frame = frame.assign(community=community)
            frame = frame.sort_values(["community", "focal", "neighbour"])
        elif "community" in frame.columns:
            frame = frame.sort_values("community", kind="stable")
        save_table(draft, table, frame)
    finish_folder(draft, folder)
