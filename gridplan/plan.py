"""The plan: a frozen set of tables over a site, and the manifest that says how it was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES, Site
from gridplan.tables.conform import is_spatial, make_empty
from gridplan.tables.html import say_count, show_tables

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes
    from pyproj import CRS

    from gridplan.tables.ledger import Entry

DRAWN_TABLES = ("stairwells", "neighbours", "subgrids", "exceptions")
LAYER_TABLES = ("grids", "special_grids", "touches")
PEOPLE_TABLES = (
    "members",
    "party_orgs",
    "branches",
    "groups",
    "posts",
    "duties",
    "layer_duties",
    "handovers",
    "links",
    "indicators",
    "gaps",
    "ratings",
    "level_indicators",
    "inventory",
)
REACH_TABLES = ("service_posts", "reach", "coverage", "siting")
VISIT_TABLES = ("demonstrations", "belts", "drill_sites", "drills", "drill_days")
GIVEN_TABLES = ("holdings",)  # what a town gave, which a redraw keeps
REDRAW_TABLES = ("triggers", "concordance", "locks", "edits")
RELEASE_TABLES = ("published",)
# empty until the layer is drawn or the verb has run; not kept on disk while empty
LATER_TABLES = (
    *(*LAYER_TABLES, *PEOPLE_TABLES, *GIVEN_TABLES),
    *(*REACH_TABLES, *VISIT_TABLES, *REDRAW_TABLES, *RELEASE_TABLES),
)
PLAN_TABLES = DRAWN_TABLES + LATER_TABLES
# zones are part of the land, but few users have any
OPTIONAL_TABLES = ("zones", *LATER_TABLES)
ALL_TABLES = SITE_TABLES + PLAN_TABLES


@dataclass(frozen=True)
class Plan:
    """A city's grid plan.

    ``stairwells`` says for every household where it belongs (column
    ``subgrid``), ``subgrids`` holds the land outlines and figures,
    ``neighbours`` who can be walked to, ``exceptions`` what is out of rule and
    why. ``site`` is the land that the plan was drawn on. ``manifest`` holds
    the inputs' hashes, every rule, the seed, the version and figures.

    The other tables are empty until they are asked for: ``grids`` is an upper
    layer over the sub-grids, ``special_grids`` lie over them along rivers and
    railways and ``touches`` says which they meet; ``members`` holds counts by
    stairwell, ``party_orgs`` the chain of organisation, ``branches`` and ``groups``
    the land of its Party branches and groups, ``posts`` and
    ``duties`` who serves what (roles, never persons), ``layer_duties`` who answers
    for which stretch or upper grid and ``handovers`` where one chief hands over to
    the next, ``links`` the pairings,
    ``indicators`` every figure beside its need, ``gaps`` what is unmet and
    why, ``ratings`` scores and bands, ``level_indicators`` the same figures of
    community, subdistrict, district and city, ``inventory`` what should be
    there beside what is, by the counts in ``holdings``. ``service_posts`` are all posts that
    people walk to, ``reach`` how far each stairwell has to each kind of them,
    ``coverage`` the households they reach and serve, ``siting`` what more of
    them would bring. ``demonstrations`` are points that show others how it is
    done, ``belts`` rows of them along a street; ``drill_sites`` may be
    visited, ``drills`` says when, ``drill_days`` sums a day up. ``triggers`` say what of the
    plan before was out of rule, ``concordance`` which households came from
    which of its sub-grids; ``locks`` hold what may not be changed, ``edits``
    what was changed by hand.
    ``published`` is only in a released plan: every count that may leave the
    house.
    """

    site: Site
    stairwells: gpd.GeoDataFrame
    neighbours: pd.DataFrame
    subgrids: gpd.GeoDataFrame
    exceptions: pd.DataFrame
    manifest: Mapping[str, Any]
    grids: gpd.GeoDataFrame = None
    special_grids: gpd.GeoDataFrame = None
    touches: pd.DataFrame = None
    members: pd.DataFrame = None
    party_orgs: pd.DataFrame = None
    branches: gpd.GeoDataFrame = None
    groups: gpd.GeoDataFrame = None
    posts: pd.DataFrame = None
    duties: pd.DataFrame = None
    layer_duties: pd.DataFrame = None
    handovers: gpd.GeoDataFrame = None
    links: pd.DataFrame = None
    indicators: pd.DataFrame = None
    gaps: pd.DataFrame = None
    ratings: pd.DataFrame = None
    level_indicators: pd.DataFrame = None
    inventory: pd.DataFrame = None
    holdings: pd.DataFrame = None
    service_posts: gpd.GeoDataFrame = None
    reach: pd.DataFrame = None
    coverage: pd.DataFrame = None
    siting: pd.DataFrame = None
    demonstrations: gpd.GeoDataFrame = None
    belts: gpd.GeoDataFrame = None
    drill_sites: gpd.GeoDataFrame = None
    drills: pd.DataFrame = None
    drill_days: gpd.GeoDataFrame = None
    triggers: pd.DataFrame = None
    concordance: pd.DataFrame = None
    locks: pd.DataFrame = None
    edits: pd.DataFrame = None
    published: pd.DataFrame = None

    def __post_init__(self) -> None:
        """Fill tables that were not given with empty ones."""
        for name in LATER_TABLES:
            if getattr(self, name) is None:
                # a plan is frozen; an empty table has all of its columns, so callers need no case
                object.__setattr__(
                    self, name, make_empty(name, self.site.crs if is_spatial(name) else None)
                )

    @property
    def crs(self) -> CRS:
        """The projected CRS of all shapes."""
        return self.site.crs

    @cached_property
    def rules(self) -> Rules:
        """The rules that the plan was made by, from its manifest; the defaults if it has none."""
        # read once: a plan is frozen, and reading checks hundreds of values
        return Rules.from_dict(self.manifest.get("rules") or {})

    @property
    def is_release(self) -> bool:
        """Whether the plan was written to be released: it holds bands, and no households."""
        return "release" in self.manifest

    def replace(self, **tables: Any) -> Plan:
        """Return the plan with some tables replaced; tables of its site too."""
        # tables of the site go to a new site, since the old one may be shared
        of_site = {name: table for name, table in tables.items() if name in SITE_TABLES}
        of_plan = {name: table for name, table in tables.items() if name not in SITE_TABLES}
        site = self.site.replace(**of_site) if of_site else self.site
        return dataclasses.replace(self, **({"site": site} | of_plan))

    def note(self, entries: Iterable[Entry]) -> Plan:
        """Return the plan with more entries at the end of its site's ledger."""
        return dataclasses.replace(self, site=self.site.note(entries))

    def get_table(self, name: str) -> Any:
        """Return one of the plan's or its site's tables by name."""
        return getattr(self if name in PLAN_TABLES else self.site, name)

    # What the two below call is on floors above this one. It is reached through the
    # package's door by its public names, as a caller would: no room above is
    # imported here, and nothing is registered.

    def plot(self, ax: Axes | None = None, **how: Any) -> Axes:
        """Plot the sub-grids by their households; takes what :func:`gridplan.plot` takes."""
        import gridplan

        return gridplan.plot(self, ax, **how)

    def explore(self, **how: Any) -> folium.Map:
        """Draw the plan as a map to explore; takes what :func:`gridplan.draw_map` takes."""
        import gridplan

        return gridplan.draw_map(self, **how)

    def __repr__(self) -> str:
        """Write the size of the plan on one line."""
        is_home = self.subgrids["kind"] == "residential"
        parts = [say_count(int(is_home.sum()), "sub-grid")]
        if not is_home.all():
            for kind, noun in (("exclusive", "exclusive grid"), ("open", "piece of open land")):
                if count := int((self.subgrids["kind"] == kind).sum()):
                    parts.append(say_count(count, noun))
        if len(self.grids):
            parts.append(say_count(len(self.grids), "upper grid"))
        parts.append(say_count(int(self.stairwells["households"].sum()), "household"))
        parts.append(say_count(len(self.site.communities), "community", "communities"))
        kind = "a release: " if self.manifest.get("release") else ""
        return f"Plan({kind}{', '.join(parts)})"

    def _repr_html_(self) -> str:
        """Write the size of the plan and of its tables for a notebook."""
        return show_tables(repr(self), {name: self.get_table(name) for name in PLAN_TABLES})
