"""Surge: how soon help comes to every sub-grid that an emergency affects."""

from gridplan.simulation.surge.events import Event, read_events
from gridplan.simulation.surge.run_surge import Surged, surge

__all__ = ["Event", "Surged", "read_events", "surge"]
