"""gridplan draws, audits and maps a city's plan of small grids."""
