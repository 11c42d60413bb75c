"""A browser with its network off: opens a page in headless Chromium and says what the page did."""

import json
import os
import shutil
import time

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Nothing is reached but this machine itself.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1300,900",
)
PATIENCE = 30.0  # seconds


def find_programs():
    """Chromium and its driver; without them a test is skipped, but fails where CI is set."""
    chromium = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    driver = shutil.which("chromedriver")
    if chromium and driver:
        return chromium, driver
    reason = (
        "maps are tested in a browser: install chromium and chromedriver "
        "(Debian: chromium, chromium-driver)"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
    return None


def start_browser(profile):
    """Start a browser whose profile is an empty folder."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium, driver = find_programs()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


class Window:
    """A page in a browser."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, ready=True):
        """Open a file and wait until its map is drawn."""
        self.read_logs()  # what earlier pages left
        self.driver.get(path.resolve().as_uri())
        if ready:
            self.wait(
                "document.documentElement.dataset.gridplan === 'ready'"
                " && document.querySelector('.leaflet-control-layers')"
            )
        return self

    def read_logs(self):
        """What the page wrote to the console as errors, and which addresses it asked for."""
        console = [
            e["message"]
            for e in self.driver.get_log("browser")
            if e["level"] in ("SEVERE", "WARNING")
        ]
        events = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        sent = [
            e["params"]["request"]["url"]
            for e in events
            if e["method"] == "Network.requestWillBeSent"
        ]
        return console, [
            url for url in sent if not url.startswith(("file:", "data:", "blob:", "chrome"))
        ]

    def run(self, code, *arguments):
        """The value of a JavaScript expression; ``stage`` and ``map`` are the page's own."""
        name = "Object.keys(window).find((k) => k.startsWith('map_'))"
        return self.driver.execute_script(
            f"const map = window[{name}], stage = map && map.gridplan; return {code};", *arguments
        )

    def wait(self, condition):
        """Wait until a JavaScript expression holds."""
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            assert time.monotonic() < end, f"never came true: {condition}\n{self.read_logs()[0]}"
            time.sleep(0.03)

    def find(self, selector):
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def count(self, selector):
        return self.run("document.querySelectorAll(arguments[0]).length", selector)

    def read(self, selector):
        """The text shown by the first element that matches; empty if there is none."""
        return self.run(
            "(document.querySelector(arguments[0]) || {innerText: ''}).innerText", selector
        )

    def hover(self, point):
        """Move the mouse to a longitude and latitude and return what the tooltip says."""
        from selenium.webdriver.common.action_chains import ActionChains

        x, y = self.run(
            "(() => { const p = map.latLngToContainerPoint([arguments[1], arguments[0]]);"
            " return [p.x, p.y]; })()",
            *point,
        )
        corner = self.run("(() => { const s = map.getSize(); return [s.x, s.y]; })()")
        offset = (round(x - corner[0] / 2), round(y - corner[1] / 2))
        ActionChains(self.driver, duration=0).move_to_element_with_offset(
            self.find(".gp-map"), *offset
        ).perform()
        return self.read(".gp-tip")

    def look_from(self, point, zoom):
        """Put a place into the middle of the map."""
        self.run(
            "map.setView([arguments[1], arguments[0]], arguments[2], {animate: false}) && true",
            *point,
            zoom,
        )

    def choose_layer(self, name):
        """Click a layer of the layer control by its name."""
        labels = "[...document.querySelectorAll('.leaflet-control-layers label')]"
        self.run(f"{labels}.find((e) => e.innerText.trim() === arguments[0]).click()", name)

    def type(self, text):
        """Type into the search box what a user would."""
        box = self.find(".gp-search input")
        box.clear()
        box.send_keys(text)

    def take_picture(self):
        """A picture of the middle of the map, without controls: ticks and buttons change alone."""
        hide = (
            "document.querySelector('.leaflet-control-container').style.visibility = arguments[0]"
        )
        self.run(hide, "hidden")
        clip = {"x": 400, "y": 200, "width": 500, "height": 400, "scale": 1}
        picture = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "jpeg", "clip": clip, "optimizeForSpeed": True}
        )
        self.run(hide, "")
        return picture["data"]
