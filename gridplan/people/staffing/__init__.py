"""Staffing: posts of those who lead and serve the sub-grids, supply beside need."""
