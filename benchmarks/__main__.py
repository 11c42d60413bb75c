"""Run the benchmarks: all, or those named, e.g. ``python -m benchmarks main_job division``."""

import importlib
import sys

NAMES = ("main_job", "division", "published", "peers", "reach", "scale", "siting")

for name in [word for word in sys.argv[1:] if not word.startswith("--")] or NAMES:
    importlib.import_module(f"benchmarks.{name}").run()
