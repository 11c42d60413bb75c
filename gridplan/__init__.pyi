"""The door of gridplan: every public name once, and the module that it comes from.

Type checkers and editors read this file; ``__init__.py`` reads it too, to
import what is behind a name when it is first used. To add a public name, add
its line here: there is no other list.
"""

from gridplan import errors as errors
from gridplan import synthetic as synthetic
from gridplan.auditing.audit_plan import audit as audit
from gridplan.comparison.alternatives import find_alternatives as find_alternatives
from gridplan.comparison.compare_plans import compare as compare
from gridplan.comparison.frontier import trace_frontier as trace_frontier
from gridplan.comparison.proof import prove as prove
from gridplan.coverage.proposals import propose_posts as propose_posts
from gridplan.coverage.reach_plan import reach as reach
from gridplan.maps.draw import draw_map as draw_map
from gridplan.maps.offline import write_map as write_map
from gridplan.people.organisation.organise_plan import organise as organise
from gridplan.people.pairing.pair_plan import pair as pair
from gridplan.people.rate_plan import rate as rate
from gridplan.people.staffing.staff_plan import staff as staff
from gridplan.plan import Plan as Plan
from gridplan.planning.household_estimates import estimate_households as estimate_households
from gridplan.planning.site_to_plan import divide as divide
from gridplan.planning.upper_grids import add_upper_grids as add_upper_grids
from gridplan.plots.plot_results import plot as plot
from gridplan.plots.printed_map import draw_sheet as draw_sheet
from gridplan.plots.printed_map import plot_map as plot_map
from gridplan.publishing.brief_plan import write_brief as write_brief
from gridplan.publishing.release_check import check_release as check_release
from gridplan.publishing.release_plan import release as release
from gridplan.reading.osm_online import read_osm_place as read_osm_place
from gridplan.reading.read import read_site as read_site
from gridplan.redrawing.change_budget import trace_budget as trace_budget
from gridplan.redrawing.editing.edit_plan import edit as edit
from gridplan.redrawing.editing.edit_plan import preview as preview
from gridplan.redrawing.importing.grids_to_plan import import_grids as import_grids
from gridplan.redrawing.importing.qgis_edits import import_edits as import_edits
from gridplan.redrawing.redraw_plan import find_triggers as find_triggers
from gridplan.redrawing.redraw_plan import redraw as redraw
from gridplan.redrawing.repair_plan import repair as repair
from gridplan.rules.all_rules import Rules as Rules
from gridplan.simulation.requests import Scenario as Scenario
from gridplan.simulation.requests import measure_chances as measure_chances
from gridplan.simulation.requests import simulate as simulate
from gridplan.simulation.requests.household_draws import sample_households as sample_households
from gridplan.simulation.surge import Event as Event
from gridplan.simulation.surge import surge as surge
from gridplan.simulation.years import Estate as Estate
from gridplan.simulation.years import simulate_years as simulate_years
from gridplan.site import Site as Site
from gridplan.storage import read_plan as read_plan
from gridplan.storage import write_plan as write_plan
from gridplan.synthetic.example_site import load_example as load_example
from gridplan.workbench.notebook import studio as studio

__version__: str
__all__: list[str]
