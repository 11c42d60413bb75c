"""Siting: where posts go, over a matrix of ways alone; it knows neither site nor plan."""
