"""gridplan draws, audits and maps a city's plan of small grids.

In a notebook::

    import gridplan as gp

    site = gp.read_site("town.gpkg")  # buildings, communities, barriers ... checked and put in order
    plan = gp.divide(site, seed=1)  # sub-grids of about 30 households in towns, 50 in the countryside
    print(gp.audit(plan))  # every rule, recomputed from the plan's own tables
    gp.draw_map(plan)  # a folium map
    gp.write_plan(plan, "outputs/town")

This is the door: every public name and nothing else. What stands behind a name is imported when it is first used,
so ``import gridplan`` does nothing and takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridplan.alternatives import find_alternatives
    from gridplan.auditing import Audit, audit
    from gridplan.briefing.brief import write_brief
    from gridplan.briefing.ratios import compare_ratios
    from gridplan.change_plots import plot_alternatives, plot_budget, plot_change, plot_years
    from gridplan.comparison import Comparison, compare
    from gridplan.coverage import reach
    from gridplan.coverage.proposing import site_posts
    from gridplan.disclosure.checking import check_release
    from gridplan.disclosure.release import release
    from gridplan.errors import (
        EngineError,
        GridplanError,
        InputError,
        MissingPackageError,
        OutputExistsError,
        PersonalDataError,
        PlanError,
        Problem,
        RuleError,
    )
    from gridplan.frontier import trace_frontier
    from gridplan.layering import draw_grids
    from gridplan.maps.difference import draw_difference
    from gridplan.maps.draw import draw_map
    from gridplan.maps.foreseen import draw_years
    from gridplan.maps.offline import write_map
    from gridplan.maps.simulated import draw_simulation
    from gridplan.maps.surged import draw_surge
    from gridplan.organisation.organise import organise
    from gridplan.pairing import pair
    from gridplan.plan import Plan
    from gridplan.planning import divide
    from gridplan.plots import plot_frontier, plot_reach
    from gridplan.proving import prove
    from gridplan.rating import rate
    from gridplan.reading import read_site
    from gridplan.redrawing.curve import trace_change
    from gridplan.redrawing.editing import edit, preview, write_log
    from gridplan.redrawing.importing import import_grids
    from gridplan.redrawing.redraw import redraw
    from gridplan.redrawing.repairing import repair
    from gridplan.redrawing.returning import import_edits
    from gridplan.rules import Band, Rules
    from gridplan.simulation import simulate
    from gridplan.site import Reading, Site
    from gridplan.sources.osm_online import read_osm_place
    from gridplan.sources.synthetic import make_town, write_town
    from gridplan.staffing import staff
    from gridplan.storage import read_plan, write_plan
    from gridplan.surging import surge
    from gridplan.survey import make_site
    from gridplan.years import foresee

_ROOMS = {
    "Audit": "auditing",
    "Band": "rules",
    "Comparison": "comparison",
    "EngineError": "errors",
    "GridplanError": "errors",
    "InputError": "errors",
    "MissingPackageError": "errors",
    "OutputExistsError": "errors",
    "PersonalDataError": "errors",
    "Plan": "plan",
    "PlanError": "errors",
    "Problem": "errors",
    "Reading": "site",
    "RuleError": "errors",
    "Rules": "rules",
    "Site": "site",
    "audit": "auditing",
    "check_release": "disclosure.checking",
    "compare": "comparison",
    "compare_ratios": "briefing.ratios",
    "divide": "planning",
    "draw_difference": "maps.difference",
    "draw_grids": "layering",
    "draw_map": "maps.draw",
    "draw_simulation": "maps.simulated",
    "draw_surge": "maps.surged",
    "draw_years": "maps.foreseen",
    "edit": "redrawing.editing",
    "find_alternatives": "alternatives",
    "foresee": "years",
    "import_edits": "redrawing.returning",
    "import_grids": "redrawing.importing",
    "make_site": "survey",
    "make_town": "sources.synthetic",
    "organise": "organisation.organise",
    "pair": "pairing",
    "plot_alternatives": "change_plots",
    "plot_budget": "change_plots",
    "plot_change": "change_plots",
    "plot_frontier": "plots",
    "plot_reach": "plots",
    "plot_simulation": "plots",
    "plot_surge": "plots",
    "plot_years": "change_plots",
    "preview": "redrawing.editing",
    "prove": "proving",
    "rate": "rating",
    "reach": "coverage",
    "read_osm_place": "sources.osm_online",
    "read_plan": "storage",
    "read_site": "reading",
    "redraw": "redrawing.redraw",
    "release": "disclosure.release",
    "repair": "redrawing.repairing",
    "simulate": "simulation",
    "site_posts": "coverage.proposing",
    "staff": "staffing",
    "surge": "surging",
    "trace_change": "redrawing.curve",
    "trace_frontier": "frontier",
    "write_brief": "briefing.brief",
    "write_log": "redrawing.editing",
    "write_map": "maps.offline",
    "write_plan": "storage",
    "write_town": "sources.synthetic",
}

__all__ = [
    "Audit",
    "Band",
    "Comparison",
    "EngineError",
    "GridplanError",
    "InputError",
    "MissingPackageError",
    "OutputExistsError",
    "PersonalDataError",
    "Plan",
    "PlanError",
    "Problem",
    "Reading",
    "RuleError",
    "Rules",
    "Site",
    "__version__",
    "audit",
    "check_release",
    "compare",
    "compare_ratios",
    "divide",
    "draw_difference",
    "draw_grids",
    "draw_map",
    "draw_simulation",
    "draw_surge",
    "draw_years",
    "edit",
    "find_alternatives",
    "foresee",
    "import_edits",
    "import_grids",
    "make_site",
    "make_town",
    "organise",
    "pair",
    "plot_alternatives",
    "plot_budget",
    "plot_change",
    "plot_frontier",
    "plot_reach",
    "plot_simulation",
    "plot_surge",
    "plot_years",
    "preview",
    "prove",
    "rate",
    "reach",
    "read_osm_place",
    "read_plan",
    "read_site",
    "redraw",
    "release",
    "repair",
    "simulate",
    "site_posts",
    "staff",
    "surge",
    "trace_change",
    "trace_frontier",
    "write_brief",
    "write_log",
    "write_map",
    "write_plan",
    "write_town",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what stands behind a public name when it is first asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'gridplan' has no attribute {name!r}")
    value = getattr(import_module(f"gridplan.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, so that completion shows them."""
    return sorted(__all__)
