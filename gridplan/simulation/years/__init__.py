"""Years: when sub-grids leave their bands, and how many households each policy moves."""

from gridplan.simulation.years.planned_changes import Demolition, Estate, Given, read_given
from gridplan.simulation.years.policies import POLICIES
from gridplan.simulation.years.run_years import Years, simulate_years

__all__ = ["POLICIES", "Demolition", "Estate", "Given", "Years", "read_given", "simulate_years"]
