"""Years: when sub-grids leave their bands as a city changes, and how many households each policy of redrawing moves."""

from gridplan.years.given import Demolition, Estate, Given, read_given
from gridplan.years.policies import POLICIES
from gridplan.years.running import Years, foresee

__all__ = ["POLICIES", "Demolition", "Estate", "Given", "Years", "foresee", "read_given"]
