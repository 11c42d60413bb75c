"""The plan: a frozen set of tables over a site, and the manifest that says how it was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridplan.site import SITE_TABLES, Site

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from pyproj import CRS

PLAN_TABLES = ("stairwells", "neighbours", "subgrids", "exceptions")
ALL_TABLES = SITE_TABLES + PLAN_TABLES


@dataclass(frozen=True)
class Plan:
    """A city's grid plan.

    ``stairwells`` says for every household where it belongs (column ``subgrid``), ``subgrids`` holds the land outlines
    and figures, ``neighbours`` who can be walked to, ``exceptions`` what is out of rule and why. ``site`` is the land
    that the plan was drawn on. ``manifest`` holds the inputs' hashes, every rule, the seed, the version and figures.
    """

    site: Site
    stairwells: gpd.GeoDataFrame
    neighbours: pd.DataFrame
    subgrids: gpd.GeoDataFrame
    exceptions: pd.DataFrame
    manifest: Mapping[str, Any]

    @property
    def crs(self) -> CRS:
        """The projected CRS of all shapes."""
        return self.site.crs

    def replace(self, **tables: Any) -> Plan:
        """Return the plan with some tables replaced; tables of its site too."""
        of_site = {name: table for name, table in tables.items() if name in SITE_TABLES}
        own = {name: table for name, table in tables.items() if name not in SITE_TABLES}
        site = self.site.replace(**of_site) if of_site else self.site
        return dataclasses.replace(self, **({"site": site} | own))

    def get_table(self, name: str) -> Any:
        """Return one of the plan's or its site's tables by name."""
        return getattr(self if name in PLAN_TABLES else self.site, name)

    def __repr__(self) -> str:
        """Write the size of the plan on one line."""
        households = int(self.stairwells["households"].sum())
        return f"Plan({len(self.subgrids)} sub-grids, {households} households, {len(self.site.communities)} communities)"
