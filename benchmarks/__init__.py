"""Benchmarks: speed, memory and quality on the example and on real data, printed as tables by ``make bench``."""
