"""The studio's page in headless Chromium with software rendering: what a planner waits for."""

import contextlib
import json
import secrets
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import shapely

SIZE = (1366, 768)
EDITS = 60
PART = 5  # edits that are made in one go
STEPS = (1, 6, 20)  # communities that are open: about 100, 1,000 and 3,300 sub-grids of a district
GROWTH = 1.2  # that the 95th percentile of an edit may grow by from the fewest to the most
FRAMES = 33.4  # two frames of a screen of 60 Hz
# Milliseconds at the 95th percentile that we aim at.
AIMS = {
    "open": 4000,
    "hover": 16,
    "edit": 50,
    "undo": 50,
    "lasso": 100,
    "pan far": FRAMES,
    "pan near": FRAMES,
    "zoom": FRAMES,
}
# What is done in the page. A time ends when the frame after it is painted.
SCRIPT = """
const finish = arguments[arguments.length - 1];
const [job, option] = arguments;
const app = window.studio, { stage } = app;
const painted = () => new Promise((done) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = done;
  channel.port2.postMessage(0);
}));
const still = async () => { while (stage.job || app.loads?.size) await painted(); };
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
let seed = 7 + 1000 * (option?.part || 0);
const random = () => { seed = (seed * 48271) % 2147483647; return seed / 2147483647; };
const pick = (list) => list[Math.floor(random() * list.length)];
const all = () => [...stage.open.values()];

// A home that has a neighbour in another sub-grid, and that sub-grid.
function findMove() {
  for (;;) {
    const c = pick(all());
    const home = Math.floor(random() * c.homes.length);
    const others = c.neighbours[home].filter((n) => c.member[n] !== c.member[home]);
    if (others.length && c.members[c.member[home]].size > 1) {
      return { c, home, code: c.codeOf(pick(others)) };
    }
  }
}

const jobs = {
  // A frame in which nothing happens: what the machine itself takes.
  async idle() {
    const times = [];
    for (let n = 0; n < option; n += 1) {
      const start = performance.now();
      await painted();
      times.push(performance.now() - start);
    }
    return { idle: times };
  },

  async hover() {
    const times = [];
    const { c, home } = findMove();
    app.choose(c, [home]);
    for (let n = 0; n < option; n += 1) {
      const at = [random() * stage.width, random() * stage.height];
      const start = performance.now();
      app.hover(stage.find(...at), at);
      times.push(performance.now() - start);
      await painted();
    }
    app.choose(null, []);
    app.hover(null);
    return { hover: times };
  },

  async edit() {
    const out = { edit: [], script: [], answer: [], land: [], undo: [], shapes: [] };
    let drawn = 0;
    const { takeLand } = app;
    app.takeLand = (message) => { takeLand.call(app, message); drawn = message.number; };
    for (let n = 0; n < option.edits; n += 1) {
      const { c, home, code } = findMove();
      const codes = [c.codeOf(home), code];
      const before = codes.map((one) => c.outlines[one]);
      app.choose(c, [home]);
      app.foresee(code);
      await painted();
      let start = performance.now();
      const accepted = app.accept();
      out.script.push(performance.now() - start);
      await painted();
      out.edit.push(performance.now() - start);
      const { listPatches } = await import("/page/patches.js");
      const moved = listPatches(c).filter((patch) => patch.home === home);
      await accepted;
      out.answer.push(performance.now() - start);
      if (c.codeOf(home) !== code) continue;
      if (option.land) {
        while (drawn < app.number) await wait(5);
        out.land.push(performance.now() - start);
        out.shapes.push([before, codes.map((one) => c.outlines[one] || []),
          moved.flatMap((patch) => patch.cell)]);
      }
      await wait(20);
      start = performance.now();
      const undone = app.undo();
      await painted();
      out.undo.push(performance.now() - start);
      await undone;
      await wait(30);
      while (option.land && drawn < app.number) await wait(20);
    }
    app.takeLand = takeLand;
    return out;
  },

  async lasso() {
    const times = [];
    for (let n = 0; n < option; n += 1) {
      const c = pick(all());
      const count = Math.min(500, c.homes.length);
      const order = [...c.xy.keys()].filter((k) => k % 2 === 0)
        .sort((a, b) => c.xy[a] - c.xy[b]).slice(0, count);
      const xs = order.map((k) => c.xy[k]);
      const [west, south, , north] = c.box;
      const east = Math.max(...xs);
      const ring = [];
      for (let k = 0; k <= 60; k += 1) ring.push([west + (east - west) * k / 60, south]);
      for (let k = 0; k <= 60; k += 1) ring.push([east, south + (north - south) * k / 60]);
      ring.push([west, north], [west, south]);
      const start = performance.now();
      const found = stage.findWithin(ring);
      if (found) app.choose(found.community, found.homes);
      stage.point();
      await painted();
      times.push(performance.now() - start);
    }
    app.choose(null, []);
    return { lasso: times };
  },

  async pan() {
    const times = [];
    let last = null;
    for (let n = 0; n < option; n += 1) {
      const at = await new Promise((done) => requestAnimationFrame(done));
      if (last !== null) times.push(at - last);
      last = at;
      const way = Math.floor(n / 30) % 2 ? -1 : 1;
      stage.pan(way * 11, way * 5);
    }
    stage.settle();
    await still();
    return { pan: times };
  },

  async zoom() {
    const times = [];
    let last = null;
    for (let n = 0; n < option; n += 1) {
      const at = await new Promise((done) => requestAnimationFrame(done));
      if (last !== null) times.push(at - last);
      last = at;
      stage.zoom(Math.floor(n / 10) % 2 ? 1 / 1.12 : 1.12, 400, 300);
    }
    await wait(200);
    await still();
    const start = performance.now();
    stage.paint();
    await still();
    return { zoom: times, whole: [performance.now() - start] };
  },

  // Hold so many communities and no more, all of them in view.
  async hold() {
    app.loadSeen = () => {};
    stage.moved = () => {};
    const codes = app.places.map((place) => place.code).slice(0, option);
    for (const code of [...stage.open.keys()]) {
      if (!codes.includes(code)) stage.open.delete(code);
    }
    for (const code of codes) await app.openCommunity(code, false);
    app.fitOpen();
    await still();
    await wait(300);
    return { subgrids: all().reduce((sum, c) => sum + c.codes.length, 0) };
  },

  // A street fills the view.
  async near() {
    const c = all()[0];
    const [x, y] = [c.xy[0], c.xy[1]];
    stage.fit([x - 9000, y - 7000, x + 9000, y + 7000]);
    await still();
    return {};
  },
};
jobs[job]().then(finish, (error) => finish({ error: String(error.stack || error) }));
"""


@contextlib.contextmanager
def serve(folder):
    """Serve a plan's studio, and give the link of the chief."""
    import uvicorn

    from gridplan.workbench.guard import list_hosts
    from gridplan.workbench.seats import CHIEF
    from gridplan.workbench.server import make_app
    from gridplan.workbench.session import Session

    token = secrets.token_urlsafe(32)
    session = Session(folder)
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
        app = make_app(session, {token: CHIEF}, list_hosts(["127.0.0.1"], port))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{port}/#{token}"
        finally:
            # Not waiting for the page, which listens for as long as it is open; a server that is
            # forced to end does not close what it served.
            server.should_exit = server.force_exit = True
            thread.join(20)
            session.close()


def start_browser(profile):
    """Start Chromium without a graphics card, and without logs that cost time."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    from tests.browser import FLAGS, find_programs

    chromium, driver = find_programs()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(driver))


def make_district(folder):
    """Make a district of 20 communities and 100,000 households, and plan it."""
    import gridplan as gp

    site = gp.read_site(gp.synthetic.make_town(20, 1.0, 100_000, seed=7))
    return gp.write_plan(gp.divide(site, seed=1), folder / "district")


def show(name, values, aim=None):
    """Print the median and the 95th percentile of some milliseconds, and whether an aim is met."""
    if not len(values):
        return
    middle, high = np.quantile(values, [0.5, 0.95])
    met = "" if aim is None else f"{aim:>8.0f}{'met' if high <= aim else 'missed':>9}"
    print(f"{name:34}{len(values):>6}{middle:>10.1f}{high:>10.1f}{met}")


def run(plan=None):
    """Print what each act takes; returns False if an edit grows with the number of sub-grids."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if plan:
            # What is edited here is a copy.
            shutil.copytree(plan, folder / "plan")
            place = folder / "plan"
        else:
            place = make_district(folder)
        with serve(place) as link:
            driver = start_browser(folder / "profile")
            try:
                driver.execute_cdp_cmd(
                    "Emulation.setDeviceMetricsOverride",
                    {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False},
                )
                driver.set_script_timeout(900)
                return measure(driver, link)
            finally:
                driver.quit()


def measure(driver, link):
    """Measure all acts in one page; returns False if an edit grows with their number."""

    def ask(job, option=None):
        answer = driver.execute_async_script(SCRIPT, job, option)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def edit(edits, land=False):
        # In parts, as the driver does not wait for long.
        parts = [
            ask("edit", {"edits": PART, "land": land, "part": n}) for n in range(edits // PART)
        ]
        return {name: [one for part in parts for one in part[name]] for name in parts[0]}

    print(f"\n{'ms':34}{'tries':>6}{'median':>10}{'95 %':>10}{'aim':>8}")
    opened, usable, shown = [], [], []
    for _ in range(3):
        driver.get("about:blank")
        began = time.perf_counter()
        driver.get(link)
        wait(driver, "window.studio && studio.places.length && !studio.stage.job")
        shown.append(1000 * (time.perf_counter() - began))
        wait(driver, "studio.stage.open.size")
        usable.append(1000 * (time.perf_counter() - began))
        wait(
            driver,
            "studio.places.length === studio.stage.open.size && !studio.loads?.size"
            " && !studio.stage.job",
        )
        opened.append(1000 * (time.perf_counter() - began))
    show("open: all communities in sight", shown)
    show("open: a community can be changed", usable, AIMS["open"])
    show("open: every sub-grid is there", opened)
    show("a frame without anything", ask("idle", 100)["idle"])
    grown = []
    for count in STEPS:
        if count > driver.execute_script("return studio.places.length"):
            continue
        size = ask("hold", count)["subgrids"]
        times = edit(EDITS)
        show(f"edit, {size:,} sub-grids in view", times["edit"], AIMS["edit"])
        show("  of which script", times["script"])
        show("  to the server's answer", times["answer"])
        show("  undo", times["undo"], AIMS["undo"])
        grown.append(float(np.quantile(times["edit"], 0.95)))
    show("hover to figures", ask("hover", 200)["hover"], AIMS["hover"])
    show("lasso of 500 homes", ask("lasso", 20)["lasso"], AIMS["lasso"])
    show("pan, all in view: frame", ask("pan", 120)["pan"], AIMS["pan far"])
    zoomed = ask("zoom", 60)
    show("zoom, all in view: frame", zoomed["zoom"], AIMS["zoom"])
    show("  the whole picture again", zoomed["whole"])
    ask("near")
    show("pan, a street: frame", ask("pan", 120)["pan"], AIMS["pan near"])
    show("edit, a street", edit(EDITS)["edit"], AIMS["edit"])
    show_land(edit(EDITS // 3, land=True))
    over = len(grown) > 1 and grown[-1] > GROWTH * grown[0]
    row = " ".join(f"{ms:.1f}" for ms in grown)
    print(f"95 % of an edit from the fewest to the most sub-grids: {row}")
    if over:
        print(f"an edit grows with the number of sub-grids by more than {GROWTH - 1:.0%}")
    return not over


def show_land(times):
    """Print how wrong the land is between an edit and the server's outlines, and for how long."""
    show("outlines of the server", times["land"])
    for name, patched in (("with its patch", True), ("without", False)):
        shares = []
        for before, after, cell in times["shapes"]:
            giver, taker, *new = (make_shape(rings) for rings in (*before, *after))
            if patched:
                patch = make_shape(cell)
                giver, taker = shapely.difference(giver, patch), shapely.union(taker, patch)
            for old, drawn in zip((giver, taker), new, strict=True):
                whole = shapely.union(old, drawn).area
                shares.append(shapely.intersection(old, drawn).area / whole if whole else 1.0)
        if shares:
            low, middle = np.quantile(shares, [0.1, 0.5])
            print(
                f"land before them, {name}: overlap median {middle:.3f}, one of ten under "
                f"{low:.3f}, least {min(shares):.3f} ({len(shares)} sub-grids)"
            )


def make_shape(rings):
    """Make a shape of rings of the page."""
    shape = shapely.Polygon()
    for ring in rings or []:
        if len(ring) >= 6:
            part = shapely.make_valid(shapely.Polygon(np.reshape(ring, (-1, 2))))
            shape = shapely.symmetric_difference(shape, part)
    return shape


def wait(driver, condition, seconds=120):
    """Wait until an expression of the page holds."""
    end = time.monotonic() + seconds
    while not driver.execute_script(f"return Boolean({condition})"):
        if time.monotonic() > end:
            raise TimeoutError(f"{condition}\n{json.dumps(driver.get_log('browser'))}")
        time.sleep(0.02)
