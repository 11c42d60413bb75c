"""The workbook of a briefing: a sheet for each level, lists of grids, and what stands behind."""
