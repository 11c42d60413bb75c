"""A plan as a printed sheet: paper, ground, views, labels, and what stands around the map."""
