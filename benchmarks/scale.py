"""Scale: seconds by stage, peak memory and cost per household, from town to prefecture.

``python -m benchmarks scale`` goes up to 100,000 households, with ``--full``
to 2.8 million. The measure for all is the time to read the footprints and
triangulate the atoms. Each run is a process of its own; its memory is that of
the process and all below it, shared pages counted once.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# Households and communities; the last are those of Tangshan, the others in proportion.
SIZES = {10_000: 22, 100_000: 222, 500_000: 1_111, 2_837_237: 6_304}
USUAL = 100_000
URBAN_SHARE = 0.24


def find_tree(pid):
    """Find a process and all below it."""
    tree = [pid]
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        tree += [p for child in file.read_text().split() for p in find_tree(int(child))]
    return tree


def measure_memory(pid):
    """Measure the memory of a process and all below it now, in MB."""
    total = 0
    for process in find_tree(pid):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            # the proportional share, since workers share the pages of their parent
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, ValueError):
            continue  # it has just ended
    return total / 1024


def run_measured(*words):
    """Run a verb of the command line; returns seconds, peak memory in MB and its output."""
    began = time.perf_counter()
    peak = 0.0
    command = [sys.executable, "-m", "gridplan", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output = []
    reader = threading.Thread(target=lambda: output.extend(process.communicate()))
    reader.start()
    while process.poll() is None:
        peak = max(peak, measure_memory(process.pid))
        time.sleep(0.2)
    reader.join()
    if process.returncode:
        raise RuntimeError(output[1])
    return time.perf_counter() - began, peak, output[0]


def measure_least(buildings, stairwells):
    """Measure the seconds to read the footprints and triangulate the atoms of every community."""
    import geopandas as gpd
    import numpy as np
    from scipy.spatial import Delaunay

    doors = gpd.read_parquet(stairwells, columns=["community", "geometry"])
    xy = doors.get_coordinates().to_numpy()
    groups = list(doors.groupby("community").indices.values())
    began = time.perf_counter()
    gpd.read_parquet(buildings)
    for rows in groups:
        places = np.unique(xy[rows], axis=0)
        if len(places) > 4:
            Delaunay(places - places.mean(axis=0), qhull_options="QJ")
    return time.perf_counter() - began


def run(full=False):
    """Print one line for each size, and the stages of its planning."""
    sizes = [n for n in SIZES if n <= USUAL or full]
    print(f"\nScale, {os.cpu_count()} cores")
    heads = (
        "households",
        "buildings",
        "sub-grids",
        "least s",
        "plan s",
        "ratio",
        "ms/household",
        "plan MB",
        "audit s",
        "audit MB",
    )
    print("".join(f"{head:>13}" for head in heads))
    for households in sizes:
        with tempfile.TemporaryDirectory() as place:
            town = Path(place) / "town"
            plan = Path(place) / "plan"
            options = [
                "--communities",
                SIZES[households],
                "--urban-share",
                URBAN_SHARE,
                "--households",
                households,
                "--seed",
                1,
            ]
            run_measured("synth", town, *options)
            seconds, peak, text = run_measured(
                "plan", town, "-o", plan, "--seed", 1, "--chunk", 30_000
            )
            audit, audit_peak, verdict = run_measured("audit", plan)
            least = measure_least(
                town / "buildings.parquet", plan / "tables" / "stairwells.parquet"
            )
            import pyarrow.parquet as pq

            rows = [
                pq.read_metadata(plan / "tables" / f"{t}.parquet").num_rows
                for t in ("buildings", "subgrids")
            ]
            cells = [f"{n:,}" for n in (households, *rows)]
            cells += [f"{n:.1f}" for n in (least, seconds, seconds / least)] + [
                f"{1000 * seconds / households:.2f}"
            ]
            print(
                "".join(
                    f"{cell:>13}"
                    for cell in [*cells, f"{peak:.0f}", f"{audit:.1f}", f"{audit_peak:.0f}"]
                )
            )
            for line in [*text.splitlines(), *verdict.splitlines()[:1]]:
                if line.startswith(("in band", "time", "of planning", "audit")):
                    print(f"{'':>10} {line}")
