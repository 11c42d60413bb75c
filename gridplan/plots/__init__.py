"""Plots of results, as pictures for a report."""
