"""Benchmarks: speed, memory and quality, printed as tables by ``make bench``."""
