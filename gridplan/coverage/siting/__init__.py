"""Siting: where service points go, over a matrix of ways alone; it knows neither site nor plan."""
