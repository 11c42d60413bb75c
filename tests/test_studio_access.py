"""The studio by keyboard, by finger and by ear, on small screens and at 200 %."""

import os
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import start_browser
from tests.served_studio import make_hostile_studio
from tests.test_studio_page import Page

# Every control that can be reached must have a name and be large enough to hit.
CONTROLS = """
[...document.querySelectorAll('button, select, input, [role=application]')]
  .filter((e) => e.getClientRects().length)
  .map((e) => ({ id: e.id, tag: e.tagName, name: (e.getAttribute('aria-label')
      || e.labels?.[0]?.innerText || e.innerText || e.title || '').trim(),
    wide: e.offsetWidth, high: e.tagName === 'INPUT' && e.type === 'checkbox'
      ? e.parentElement.offsetHeight : e.offsetHeight }))
"""
# Text against what lies behind it, as WCAG counts contrast.
CONTRAST = r"""
(() => {
  const light = (c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4; };
  const read = (s) => (s.match(/[\d.]+/g) || []).map(Number);
  const sum = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length || e.disabled || e.closest('.unseen')) continue;
    let behind = e;
    let back = [0, 0, 0, 0];
    while (behind && !(back.length === 3 || back[3] > 0.9)) {
      back = read(getComputedStyle(behind).backgroundColor);
      behind = behind.parentElement;
    }
    const two = [sum(read(getComputedStyle(e).color)), sum(back)].sort((a, b) => b - a);
    const ratio = (two[0] + 0.05) / (two[1] + 0.05);
    if (ratio < 4.5) low.push([e.tagName, e.innerText.slice(0, 30), ratio]);
  }
  return low;
})()
"""
SIZES = {"125 %": (1093, 614), "whole": (1366, 768), "200 %": (683, 384), "tablet": (820, 1180)}


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    studio = make_hostile_studio(tmp_path_factory.mktemp("plans"))
    studio.start()
    yield studio
    studio.stop()


@pytest.fixture
def page(driver, studio):
    page = Page(driver, studio.port)
    page.read_logs()
    resize(page, *SIZES["whole"])
    page.load()
    yield page
    console, _ = page.read_logs()
    assert [line for line in console if "Content Security" in line or "Trusted" in line] == []


def resize(page, wide, high, scale=1):
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": wide, "height": high, "deviceScaleFactor": scale, "mobile": False},
    )


def touch(page, kind, *points):
    named = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": named})


def find_home(page, code):
    """Where a home is on the screen."""
    return page.run(
        "(() => { const c = [...studio.stage.open.values()][0];"
        " const b = c.pieceBoxes[c.piece[c.homeAt.get(arguments[0])]];"
        " const [x, y] = studio.stage.toScreen((b[0] + b[2]) / 2, (b[1] + b[3]) / 2);"
        " const r = document.getElementById('over').getBoundingClientRect();"
        " return [r.left + x, r.top + y]; })()",
        code,
    )


def list_states(page):
    """Every panel, with nothing chosen, with a choice, and with a change about to be made."""
    for n in range(page.count("#tabs button")):
        page.run("studio.choose(null, []) || true")
        page.run(f"document.querySelectorAll('#tabs button')[{n}].click() || true")
        page.wait(f"document.querySelectorAll('#tabs button')[{n}].ariaSelected === 'true'")
        yield page.run(f"document.querySelectorAll('#tabs button')[{n}].innerText")
    page.run("studio.choose([...studio.stage.open.values()][0], [2]) || true")
    yield "a choice"
    page.run("studio.foresee('0301-001') || true")
    yield "a change"
    page.run("studio.drop() || studio.drop() || true")


def test_every_control_has_a_name_and_a_size_and_every_text_a_contrast(page):
    for state in list_states(page):
        for control in page.run(CONTROLS.strip()):
            assert control["name"], (state, control)
            assert control["wide"] >= 24, (state, control)
            assert control["high"] >= 24, (state, control)
        assert page.run(CONTRAST.strip()) == [], state
        assert page.run(
            "[...document.querySelectorAll('[id]')].length"
            " === new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
        )


def test_axe_finds_nothing_serious(page):
    place = os.environ.get("AXE_CORE")
    if not place:
        pytest.skip("AXE_CORE names no file: npm pack axe-core, and give its axe.min.js")
    page.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    page.load()
    page.run(Path(place).read_text(encoding="utf-8").join(["(() => {", "})() || true"]))
    for state in list_states(page):
        result = page.driver.execute_async_script("axe.run().then(arguments[0])")
        serious = [
            (state, found["id"], found["nodes"][0]["html"][:120])
            for found in result["violations"]
            if found["impact"] in ("serious", "critical")
        ]
        assert serious == []


@pytest.mark.parametrize("size", SIZES)
def test_everything_fits_the_screen(page, size):
    resize(page, *SIZES[size])
    page.wait(f"window.innerWidth === {SIZES[size][0]}")
    for state in list_states(page):
        assert page.run(
            "[document.documentElement.scrollWidth - innerWidth,"
            " document.documentElement.scrollHeight - innerHeight].every((v) => v <= 0)"
        ), state
        # What can be clicked lies within the page, or within what scrolls.
        off = page.run(
            "[...document.querySelectorAll('header *, footer *, #accept, #drop')].filter((e) => {"
            " const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + 1"
            " || r.left < -1); }).map((e) => e.id || e.innerText)"
        )
        assert off == [], state
        assert page.run("document.getElementById('stage').clientHeight") > 120


def test_the_drawer_opens_where_the_screen_is_narrow(page):
    resize(page, 820, 1180)
    page.wait("document.getElementById('drawer').getClientRects().length")
    assert page.run("document.getElementById('panel').getClientRects().length") == 0
    page.find("#drawer").click()
    page.wait("document.getElementById('panel').getClientRects().length")
    assert page.find("#drawer").get_attribute("aria-expanded") == "true"
    page.find("#drawer").click()


def test_the_map_is_read_in_order_of_place_and_says_what_is_in_focus(page):
    page.run("studio.fitOpen() || true")
    page.wait("document.querySelectorAll('#in_view [id^=\"home:\"]').length === 12")
    rows = page.run("[...document.querySelectorAll('#in_view [id^=\"home:\"]')].map((e) => e.id)")
    # The board is two streets of six houses; the one in the north is read first, from the west.
    assert rows == sorted(rows, key=lambda row: (row < "home:h07", row))
    page.run("document.getElementById('over').focus() || true")
    page.press(Keys.ARROW_RIGHT)
    page.press(Keys.ARROW_RIGHT)
    page.wait(
        "document.getElementById('over').getAttribute('aria-activedescendant') === 'home:h02-1'"
    )
    focus = "document.getElementById('over').getAttribute('aria-activedescendant')"
    assert page.run(f"document.getElementById({focus}).getAttribute('aria-selected')") == "true"
    page.press("g")
    page.press("1")
    page.wait("document.getElementById('figures').textContent.includes('households')")
    assert "→" in page.run("document.getElementById('figures').textContent")
    page.press(Keys.ESCAPE)


def test_the_focus_stays_where_it_was_when_others_change_something(page, studio):
    page.run("document.querySelectorAll('#tabs button')[1].click() || true")
    page.run("document.querySelector('#panel .row button').focus() || true")
    number = page.run("studio.number")
    was = page.whose("h12-1")
    to = "0301-002" if was == "0301-003" else "0301-003"
    assert studio.move("h12", to, was, id=f"f{number}")["kind"] == "accepted"
    page.wait(f"studio.number === {number + 1}")
    assert page.run("document.querySelector('#panel .row button') === document.activeElement")
    # The ring of the focus can be seen.
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_fingers_choose_add_move_and_zoom(page):
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.run("studio.choose(null, []) || true")
    touch(page, "touchStart", find_home(page, "h03-1"))
    touch(page, "touchEnd")
    page.wait("studio.chosen.homes.size === 1")
    # A long press does what Shift does.
    touch(page, "touchStart", find_home(page, "h09-1"))
    page.wait("studio.chosen.homes.size === 2")
    touch(page, "touchEnd")
    page.wait("studio.chosen.homes.size === 2 && !studio.foreseen")
    scale, left = page.run("studio.stage.scale"), page.run("studio.stage.left")
    touch(page, "touchStart", (500, 300), (600, 300))
    touch(page, "touchMove", (450, 300), (650, 300))
    touch(page, "touchEnd")
    page.wait(f"Math.abs(studio.stage.scale / {scale} - 2) < 0.01")
    left = page.run("studio.stage.left")
    touch(page, "touchStart", (500, 300), (600, 300))
    touch(page, "touchMove", (550, 300), (650, 300))
    touch(page, "touchEnd")
    page.wait(f"studio.stage.left < {left}")
    assert page.run("studio.chosen.homes.size") == 2
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
