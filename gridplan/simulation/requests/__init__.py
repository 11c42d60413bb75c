"""Simulation of requests: who asks, who answers, how soon, and what is not known for sure."""

from gridplan.simulation.requests.scenarios import Scenario, read_scenarios
from gridplan.simulation.requests.service_system import ServiceSystem, make_system
from gridplan.simulation.requests.simulate_plan import Simulated, simulate
from gridplan.simulation.requests.uncertainty import measure_chances, rank_plans

__all__ = [
    "Scenario",
    "ServiceSystem",
    "Simulated",
    "make_system",
    "measure_chances",
    "rank_plans",
    "read_scenarios",
    "simulate",
]
