"""Run the benchmarks: all, or those named, e.g. ``python -m benchmarks main_job division``."""

import importlib
import sys

NAMES = ("main_job", "division", "published")

for name in sys.argv[1:] or NAMES:
    importlib.import_module(f"benchmarks.{name}").run()
