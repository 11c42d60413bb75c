"""From a site to a plan: the one path, its measures, upper grids and outlines."""
