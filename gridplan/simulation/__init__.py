"""Simulation: what happens on a plan before it is signed; who asks, who answers, how soon, and what is not known for sure."""

from gridplan.simulation.running import Simulated, simulate
from gridplan.simulation.scenarios import Scenario, read_scenarios
from gridplan.simulation.system import System, make_system
from gridplan.simulation.uncertainty import measure_chances, rank_plans

__all__ = ["Scenario", "Simulated", "System", "make_system", "measure_chances", "rank_plans", "read_scenarios", "simulate"]
