"""Comparing: what is different between two plans of the same land, and how good each is."""
