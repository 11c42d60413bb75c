"""The site: the land as it is, a frozen set of tables in one projected CRS in metres."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from gridplan.tables.html import show_tables
from gridplan.tables.ledger import Entry, write_ledger

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from pyproj import CRS

SITE_TABLES = (
    "communities",
    "zones",
    "compounds",
    "buildings",
    "barriers",
    "openings",
    "streets",
    "places",
    "institutions",
    "counts",
    "ledger",
)


@dataclass(frozen=True)
class Reading:
    """Tables as they were read, before they are checked and put in order.

    ``tables`` maps names of site tables to (Geo)DataFrames whose columns
    already bear the schema's names; keys may be missing, shapes may be broken,
    and each table may have a CRS of its own. ``files`` says where each table
    came from, ``entries`` what the reading itself dropped or changed.
    """

    tables: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()

    def __repr__(self) -> str:
        """Write the number of rows of each table that was read."""
        rows = [f"{len(table):,} {name}" for name, table in self.tables.items()]
        return f"Reading({', '.join(rows) or 'nothing'})"

    def _repr_html_(self) -> str:
        """Write the number of rows of each table for a notebook."""
        return show_tables(f"Reading of {len(self.tables)} tables", self.tables)


@dataclass(frozen=True)
class Site:
    """The land as it is: eleven tables, each in the shape that ``schema.csv`` gives it.

    All shapes are in one projected CRS, in metres. Tables are indexed by their
    key and sorted by it. ``ledger`` says what was dropped, repaired, attached
    or inferred since the files were read. Functions take a site and return
    another; none writes into its tables.
    """

    communities: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    compounds: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    openings: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    institutions: gpd.GeoDataFrame
    counts: pd.DataFrame
    ledger: pd.DataFrame

    @property
    def crs(self) -> CRS:
        """The projected CRS of all shapes."""
        return cast("CRS", self.buildings.crs)

    def replace(self, **tables: Any) -> Site:
        """Return the site with some tables replaced."""
        return dataclasses.replace(self, **tables)

    def note(self, entries: Iterable[Entry]) -> Site:
        """Return the site with more entries at the end of its ledger."""
        return self.replace(ledger=write_ledger(self.ledger, entries))

    def __repr__(self) -> str:
        """Write the number of rows of each table that has any."""
        # the ledger is about the tables, not about the land
        tables = {name: getattr(self, name) for name in SITE_TABLES if name != "ledger"}
        rows = [f"{len(table):,} {name}" for name, table in tables.items() if len(table)]
        return f"Site({', '.join(rows)}; {self.crs.name})"

    def _repr_html_(self) -> str:
        """Write the number of rows of each table for a notebook."""
        line = f"Site({self.crs.name})"
        return show_tables(line, {name: getattr(self, name) for name in SITE_TABLES})
