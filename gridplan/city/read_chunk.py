"""The site of a chunk, read from its own files: its buildings, and what lies around them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from gridplan.city.chunk_tables import load_table, load_tables
from gridplan.city.cut_chunks import NEAR, OWN
from gridplan.land.communities import assign_communities
from gridplan.reading.declared import choose_for
from gridplan.reading.read import read_given
from gridplan.reading.site_tables import make_site
from gridplan.rules.all_rules import Rules
from gridplan.site import Reading, Site
from gridplan.tables.conform import conform_table, make_empty
from gridplan.tables.parquet import count_rows, from_arrow, read_batches

_READ = ("compounds", "barriers", "openings", "streets", "places", "institutions")


def read_chunk(folder: Path, how: Mapping[str, Any], target: CRS, rules: Rules) -> Site:
    """Read the site of a chunk: its own buildings, and what lies around them."""
    # A chunk may have no building, of which no table could be read.
    if count_rows(folder / "buildings.parquet"):
        frame = read_given(folder / "buildings.parquet", "buildings", how).tables["buildings"]
        crs = choose_for(how["crs"], "")
        site = make_site(Reading({"buildings": frame}), rules.site, crs, target=target)
    else:
        tables: Any = {
            t: make_empty(t, target)
            for t in (*_READ, "communities", "zones", "buildings", "counts", "ledger")
        }
        site = Site(**tables)
    # Assigned among all communities around, so that a building at the edge goes
    # where it would go in the whole city.
    around = load_near(folder)
    site = assign_communities(site.replace(communities=around), rules.site)
    communities = load_table(folder, OWN)
    return site.replace(communities=communities, **load_tables(folder, _READ))


def load_near(folder: Path) -> gpd.GeoDataFrame:
    """Load the communities around a chunk."""
    frames = [from_arrow(batch) for batch in read_batches(folder / f"{NEAR}.parquet")]
    return conform_table("communities", pd.concat(frames, ignore_index=True))
