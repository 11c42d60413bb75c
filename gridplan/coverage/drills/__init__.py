"""Drills: which sites to visit on a day or a season of days, in what order, fairly."""
