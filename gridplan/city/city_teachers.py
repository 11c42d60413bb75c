"""The counted buildings of a whole city, from which the others of every chunk learn."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pyproj import CRS

from gridplan.city.cut_chunks import CHUNKS
from gridplan.city.planning_job import read_chunks, read_job
from gridplan.city.read_chunk import read_chunk
from gridplan.engine.parallel_map import Progress
from gridplan.engine.whole_files import draft_file
from gridplan.land.counted_homes import join_teachers
from gridplan.land.households import find_teachers
from gridplan.rules.all_rules import Rules

TEACHERS = "teachers.parquet"  # counted buildings that all chunks learn from


def gather_teachers(work: Path, progress: Progress) -> None:
    """Pick the counted buildings of all chunks, so that no estimate depends on the cutting."""
    if (work / TEACHERS).exists():
        return
    job, cutting = read_job(work), read_chunks(work)
    assert cutting is not None
    chunks, crs, _ = cutting
    rules = Rules.from_dict(job.rules)
    teachers: pd.DataFrame | None = None
    for number, chunk in enumerate(chunks):
        progress("counted buildings", number, len(chunks))
        site = read_chunk(work / CHUNKS / chunk.name, job.how, CRS.from_wkt(crs), rules)
        picked = find_teachers(site, rules.households)
        teachers = picked if teachers is None else join_teachers([teachers, picked])
    assert teachers is not None
    with draft_file(work / TEACHERS) as draft:
        teachers.to_parquet(draft, index=False)


def load_teachers(work: Path) -> pd.DataFrame:
    """Load the counted buildings of the whole city."""
    return pd.read_parquet(work / TEACHERS)
