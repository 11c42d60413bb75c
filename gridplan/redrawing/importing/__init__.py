"""Importing: grids that others drew, and plans edited in another program."""
