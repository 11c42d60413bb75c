"""Comparing: what is different between two plans, and how good each is."""

from gridplan.comparison.compare_plans import Comparison, compare

__all__ = ["Comparison", "compare"]
