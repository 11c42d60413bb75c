"""What only all chunks together know of communities: their classes, and limits led round homes.

Each chunk first estimates its own households; what it found is a small table,
from which classes and limits come as they do where a town is planned whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from gridplan.city.chunk_tables import finish_folder, load_table, save_table, start_folder
from gridplan.city.city_teachers import load_teachers
from gridplan.city.cut_chunks import CHUNKS, FRAME
from gridplan.city.planning_job import Chunk, Job, read_chunks, read_job
from gridplan.city.read_chunk import read_chunk
from gridplan.land.community_kinds import fill_kinds, sum_homes
from gridplan.land.given_limits import lead_limits
from gridplan.land.households import estimate_households
from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES, Site
from gridplan.tables.conform import make_empty

SETTLED = "settled"  # folder of the communities as they are planned, and what was noted


@dataclass(frozen=True)
class Survey:
    """What a chunk knows of its communities: homes that limits cut or miss, and sums of homes."""

    unheld: gpd.GeoDataFrame
    sums: gpd.GeoDataFrame


def survey_chunk(task: tuple[str, str]) -> Survey:
    """Estimate the households of a chunk; ``task`` is the folder of work and the chunk's name."""
    work = Path(task[0])
    job = read_job(work)
    cutting = read_chunks(work)
    assert cutting is not None
    rules = Rules.from_dict(job.rules)
    site = read_chunk(work / CHUNKS / task[1], job.how, CRS.from_wkt(cutting[1]), rules)
    site = estimate_households(site, rules.households, teachers=load_teachers(work))
    homes = site.buildings[site.buildings["households"] > 0]
    rows = site.communities.index.get_indexer(homes["community"])
    outlines = site.communities.geometry.to_numpy()
    shapely.prepare(outlines)
    held = shapely.covers(outlines[rows], homes.geometry.to_numpy())
    return Survey(homes[~held], sum_homes(site, rules.households))


def settle_communities(
    work: Path, job: Job, chunks: Sequence[Chunk], surveys: Sequence[Survey]
) -> None:
    """Judge the classes of all communities, lead their limits round homes, and keep both."""
    rules = Rules.from_dict(job.rules)
    communities = load_table(work / FRAME, "communities")
    empty: Any = {t: make_empty(t, communities.crs) for t in SITE_TABLES}
    site = Site(**{**empty, "communities": communities})
    sums = gpd.GeoDataFrame(pd.concat([survey.sums for survey in surveys]), crs=communities.crs)
    site = fill_kinds(site, sums, rules.site)
    # Empty tables have no types to join by.
    unheld = [survey.unheld for survey in surveys if len(survey.unheld)]
    if unheld:
        site = lead_limits(site.replace(buildings=pd.concat(unheld)))
    draft = start_folder(work / SETTLED)
    save_table(draft, "communities", site.communities)
    save_table(draft, "ledger", site.ledger)
    finish_folder(draft, work / SETTLED)


def load_settled(work: Path) -> gpd.GeoDataFrame:
    """Load the communities of the whole city as they are planned."""
    communities: gpd.GeoDataFrame = load_table(work / SETTLED, "communities")
    return communities


def is_settled(work: Path) -> bool:
    """Whether the communities of a city are settled already."""
    return (work / SETTLED).is_dir()
