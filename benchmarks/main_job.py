"""The main job: what a plan comes to, and seconds by stage, peak memory and ratio to the raw read.

Each case runs in a process of its own, once cold (kernels loaded from their
cache) with two workers, so that the peak memory is the case's own.
"""

import resource
import tempfile
import time
from pathlib import Path

from benchmarks.cases import list_cases
from benchmarks.own_process import call_in_own_process


class Clock:
    """Keep the seconds of each stage that a plan goes through."""

    def __init__(self):
        self.stage = ""
        self.began = time.perf_counter()
        self.seconds = {}

    def __call__(self, stage, done, total):
        """Take the name of the stage that runs now."""
        if stage != self.stage:
            now = time.perf_counter()
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.began
            self.stage = stage
            self.began = now


def measure(name):
    """Run one case and return its figures."""
    import gridplan as gp

    files = dict(list_cases()[name])
    clock = Clock()
    clock("raw read", 0, 1)
    read_raw(files["source"])
    clock("reading", 0, 1)
    site = gp.read_site(files.pop("source"), **files)
    plan = gp.divide(site, seed=1, progress=clock)
    with tempfile.TemporaryDirectory() as folder:
        clock("writing", 0, 1)
        gp.write_plan(plan, Path(folder) / "plan")
        clock("audit", 0, 1)
        audit = gp.audit(plan)
        clock("map", 0, 1)
        page = gp.write_map(gp.draw_map(plan), Path(folder) / "map.html")
        size = page.stat().st_size
    clock("", 0, 1)
    clock.seconds.pop("")
    summary = audit.summary
    total = audit.communities
    return {
        "figures": plan.manifest["figures"],
        "share_in_band": float(plan.subgrids["in_band"].mean()),
        "proven": int(plan.exceptions["proven"].sum()),
        "non_contiguous": int(total["non_contiguous"].sum()),
        "crossings": int(total["crossings"].sum()),
        "area_error": float(summary["area_error"]),
        "split_buildings": int(total["split_buildings"].sum()),
        "barrier_crossings": int(total["barrier_crossings"].sum()),
        "passed": audit.passed,
        "map_mb": size / 1e6,
        "seconds": clock.seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def read_raw(path):
    """Read the file as it is, as the measure for all stages."""
    import geopandas as gpd
    import pyogrio

    if str(path).endswith(".parquet"):
        gpd.read_parquet(path)
    elif str(path).endswith(".pbf"):
        for layer in ("points", "lines", "multipolygons"):
            pyogrio.read_dataframe(path, layer=layer, on_invalid="ignore")
    else:
        for layer in pyogrio.list_layers(path)[:, 0]:
            pyogrio.read_dataframe(path, layer=layer)


def show(figure):
    """Write a figure of the manifest; a dash where the case has none."""
    return "-" if figure is None else f"{figure:,}"


def run():
    """Print the figures of every case, then the seconds of its stages."""
    results = {}
    for name in list_cases():
        results[name] = call_in_own_process("main_job", "measure", name)
    print("\nThe main job")
    names = list(results)
    # not every plan has every figure; a dictionary keeps them in order
    keys = dict.fromkeys(key for r in results.values() for key in r["figures"])
    rows = [(key, [show(r["figures"].get(key)) for r in results.values()]) for key in keys]
    rows += [("share in band", [f"{r['share_in_band']:.2%}" for r in results.values()])]
    rows += [("out of band, proven", [str(r["proven"]) for r in results.values()])]
    for key in ("non_contiguous", "crossings", "barrier_crossings", "split_buildings", "passed"):
        rows.append((key, [str(r[key]) for r in results.values()]))
    rows += [("area error", [f"{r['area_error']:.1e}" for r in results.values()])]
    rows += [("map, MB", [f"{r['map_mb']:.2f}" for r in results.values()])]
    rows += [("peak memory, MB", [f"{r['peak_mb']:.0f}" for r in results.values()])]
    stages = list(dict.fromkeys(s for r in results.values() for s in r["seconds"]))
    for stage in stages:
        cells = []
        for r in results.values():
            raw = r["seconds"]["raw read"]
            seconds = r["seconds"].get(stage, 0.0)
            cells.append(f"{seconds:.2f} s ({seconds / raw:.1f}x)")
        rows.append((stage, cells))
    print(f"{'':22}" + "".join(f"{n:>24}" for n in names))
    for label, cells in rows:
        print(f"{label:22}" + "".join(f"{c:>24}" for c in cells))
