"""Maps with a slider: what a week of frames weighs, and how soon a browser shows the next."""

import tempfile
import time
from pathlib import Path

import numpy as np

import gridplan as gp
from gridplan.maps.time_slider import Reel, draw_reels, grade
from gridplan.tables.palette import choose_severity

ACROSS = 71  # sub-grids along a side
STEPS = 168
ZOOMS = (None, 15)  # the whole plan, and close by
SHOWN = 40  # frames looked at
# Move to a step and wait for the second frame after it, by when the browser
# has painted; 33 ms of it are the screen's.
SCRIPT = f"""
const stage = window[Object.keys(window).find((k) => k.startsWith("map_"))].gridplan;
const finish = arguments[0];
const scripts = [];
const frames = [];
function move(n) {{
  if (n === {SHOWN}) return finish([scripts, frames]);
  const began = performance.now();
  stage.reels.go((n * 4 + 1) % {STEPS});
  scripts.push(performance.now() - began);
  requestAnimationFrame(() => requestAnimationFrame(() => {{
    frames.push(performance.now() - began);
    move(n + 1);
  }}));
}}
move(0);
"""


def make_reel(count):
    """Make a week in which every sub-grid goes up and down by day, each by itself."""
    rng = np.random.default_rng(1)
    day = 1.5 * np.sin(np.arange(STEPS) / 24 * 2 * np.pi)[:, None]
    figures = 2.0 + day + 2.0 * rng.random(count) + rng.random((STEPS, count))
    classes = tuple(
        zip(("under 1", "1 to 2", "2 to 3", "3 to 4", "4 or more"), choose_severity(5), strict=True)
    )
    return Reel(
        "week", tuple(str(step) for step in range(STEPS)), classes, grade(figures, (1, 2, 3, 4))
    )


def run():
    """Print seconds to write the page, its megabytes, and ms to a frame: median, one of twenty."""
    from tests.browser import Window, start_browser
    from tests.test_maps import make_town

    plan = make_town(across=ACROSS)
    reel = make_reel(len(plan.subgrids))
    print(
        f"\nMaps with a slider: {len(plan.subgrids):,} sub-grids, "
        f"{len(plan.site.buildings):,} buildings, {STEPS} frames"
    )
    print(
        f"{'layers':10}{'s to write':>12}{'MB':>8}{'zoom':>8}"
        f"{'script ms':>14}{'to next frame ms':>20}"
    )
    for layers in ("tiles", "classes"):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            page = gp.write_map(
                draw_reels(plan, plan.subgrids.index, [reel], layers=layers),
                Path(folder) / "map.html",
            )
            seconds = time.perf_counter() - began
            size = page.stat().st_size / 1e6
            driver = start_browser(Path(folder) / "profile")
            window = Window(driver).open(page)
            window.wait("document.documentElement.dataset.gridplanReels === 'ready'")
            driver.set_script_timeout(300)
            for zoom in ZOOMS:
                if zoom:
                    window.look_from(window.run("stage.records.point[100]"), zoom)
                script, frame = (
                    np.quantile(values, [0.5, 0.95])
                    for values in driver.execute_async_script(SCRIPT)
                )
                shown_zoom = f"{window.run('map.getZoom()'):g}"
                script_ms, frame_ms = (f"{ms[0]:.0f} ({ms[1]:.0f})" for ms in (script, frame))
                print(
                    f"{layers:10}{seconds:12.1f}{size:8.1f}{shown_zoom:>8}"
                    f"{script_ms:>14}{frame_ms:>20}"
                )
            driver.quit()
