"""gridplan draws, audits and maps a city's plan of small grids.

In a notebook::

    import gridplan as gp

    site = gp.read_site("town.gpkg")  # buildings, communities, barriers ...
    checked and put in order plan = gp.divide(site, seed=1)  # sub-grids of
    about 30 households in towns, 50 in the countryside print(gp.audit(plan))
    # every rule, recomputed from the plan's own tables gp.draw_map(plan)  # a
    folium map gp.write_plan(plan, "outputs/town")

This is the door: every public name and nothing else. What stands behind a name
is imported when it is first used, so ``import gridplan`` does nothing and
takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridplan.auditing.audit_plan import Audit, audit
    from gridplan.comparison import Comparison, compare
    from gridplan.comparison.alternatives import find_alternatives
    from gridplan.comparison.frontier import trace_frontier
    from gridplan.comparison.proof import prove
    from gridplan.coverage.proposals import propose_posts
    from gridplan.coverage.reach_plan import reach
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
    from gridplan.maps.difference_map import draw_difference
    from gridplan.maps.offline import write_map
    from gridplan.maps.plan_map import draw_map
    from gridplan.maps.simulation_map import draw_simulation
    from gridplan.maps.surge_map import draw_surge
    from gridplan.maps.years_map import draw_years
    from gridplan.people.organisation.organise_plan import organise
    from gridplan.people.pairing.pair_plan import pair
    from gridplan.people.rate_plan import rate
    from gridplan.people.staffing.staff_plan import staff
    from gridplan.plan import Plan
    from gridplan.planning.site_to_plan import divide
    from gridplan.planning.upper_grids import add_upper_grids
    from gridplan.plots.change_plots import plot_alternatives, plot_budget, plot_change, plot_years
    from gridplan.plots.result_plots import plot_frontier, plot_reach
    from gridplan.publishing.brief_plan import write_brief
    from gridplan.publishing.release_check import check_release
    from gridplan.publishing.release_plan import release
    from gridplan.publishing.tangshan_ratios import compare_ratios
    from gridplan.reading.osm_online import read_osm_place
    from gridplan.reading.read import read_site
    from gridplan.reading.site_tables import make_site
    from gridplan.redrawing.change_budget import trace_budget
    from gridplan.redrawing.editing.edit_plan import edit, preview, write_log
    from gridplan.redrawing.importing.grids_to_plan import import_grids
    from gridplan.redrawing.importing.qgis_edits import import_edits
    from gridplan.redrawing.redraw_plan import redraw
    from gridplan.redrawing.repair_plan import repair
    from gridplan.rules.all_rules import Band, Rules
    from gridplan.simulation.requests import simulate
    from gridplan.simulation.surge import surge
    from gridplan.simulation.years import simulate_years
    from gridplan.site import Reading, Site
    from gridplan.storage import read_plan, write_plan
    from gridplan.synthetic.town import make_town, write_town

_ROOMS = {
    "Audit": "auditing.audit_plan",
    "Band": "rules.all_rules",
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
    "Rules": "rules.all_rules",
    "Site": "site",
    "audit": "auditing.audit_plan",
    "check_release": "publishing.release_check",
    "compare": "comparison",
    "compare_ratios": "publishing.tangshan_ratios",
    "divide": "planning.site_to_plan",
    "draw_difference": "maps.difference_map",
    "add_upper_grids": "planning.upper_grids",
    "draw_map": "maps.plan_map",
    "draw_simulation": "maps.simulation_map",
    "draw_surge": "maps.surge_map",
    "draw_years": "maps.years_map",
    "edit": "redrawing.editing.edit_plan",
    "find_alternatives": "comparison.alternatives",
    "simulate_years": "simulation.years",
    "import_edits": "redrawing.importing.qgis_edits",
    "import_grids": "redrawing.importing.grids_to_plan",
    "make_site": "reading.site_tables",
    "make_town": "synthetic.town",
    "organise": "people.organisation.organise_plan",
    "pair": "people.pairing.pair_plan",
    "plot_alternatives": "plots.change_plots",
    "plot_budget": "plots.change_plots",
    "plot_change": "plots.change_plots",
    "plot_frontier": "plots.result_plots",
    "plot_reach": "plots.result_plots",
    "plot_simulation": "plots.result_plots",
    "plot_surge": "plots.result_plots",
    "plot_years": "plots.change_plots",
    "preview": "redrawing.editing.edit_plan",
    "prove": "comparison.proof",
    "rate": "people.rate_plan",
    "reach": "coverage.reach_plan",
    "read_osm_place": "reading.osm_online",
    "read_plan": "storage",
    "read_site": "reading.read",
    "redraw": "redrawing.redraw_plan",
    "release": "publishing.release_plan",
    "repair": "redrawing.repair_plan",
    "simulate": "simulation.requests",
    "propose_posts": "coverage.proposals",
    "staff": "people.staffing.staff_plan",
    "surge": "simulation.surge",
    "trace_budget": "redrawing.change_budget",
    "trace_frontier": "comparison.frontier",
    "write_brief": "publishing.brief_plan",
    "write_log": "redrawing.editing.edit_plan",
    "write_map": "maps.offline",
    "write_plan": "storage",
    "write_town": "synthetic.town",
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
    "add_upper_grids",
    "draw_map",
    "draw_simulation",
    "draw_surge",
    "draw_years",
    "edit",
    "find_alternatives",
    "simulate_years",
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
    "propose_posts",
    "staff",
    "surge",
    "trace_budget",
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
