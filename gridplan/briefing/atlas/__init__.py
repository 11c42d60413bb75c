"""The atlas of a released plan: cover, index map, and a sheet for each community."""
