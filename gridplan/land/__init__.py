"""From a site to atoms: communities, compounds, households, stairwells and who can be walked to."""
