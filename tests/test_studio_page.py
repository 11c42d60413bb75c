"""The studio's page in a real browser: choosing, giving, undoing, saving, and others' changes."""

import json
import threading
import time
import urllib.request

import pytest
import uvicorn
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from gridplan.storage import read_plan, write_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench.desk import Seat
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.open_studio import HERE, _bind
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session
from tests.browser import Window, start_browser

HOSTILE = '<img src=x onerror="window.hacked = true">'
TOKENS = {"planner": "p" * 43, "street": "s" * 43}


class Page(Window):
    """The studio's page, and a second seat that asks without one."""

    def __init__(self, driver, port):
        super().__init__(driver)
        self.port = port

    def load(self, lang="en"):
        # The token is in the fragment, which reloads nothing by itself.
        self.driver.get("about:blank")
        self.driver.get(f"http://{HERE}:{self.port}/#{TOKENS['planner']}")
        self.wait("window.studio && studio.stage.open.size === 1")
        if self.run("studio.lang") != lang:
            self.find("#lang").click()
            self.wait(f"studio.lang === '{lang}' && studio.words.undo")

    def click_home(self, code, *keys):
        x, y = self.run(
            "(() => { const c = [...studio.stage.open.values()][0];"
            " const b = c.pieceBoxes[c.piece[c.homeAt.get(arguments[0])]];"
            # Off the middle, where the number of a sub-grid may lie.
            " return studio.stage.toScreen((b[0] + b[2]) / 2, b[1] + (b[3] - b[1]) * 0.15); })()",
            code,
        )
        over = self.find("#over")
        wide, high = over.size["width"], over.size["height"]
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            chain.key_down(key)
        chain.move_to_element_with_offset(over, round(x - wide / 2), round(y - high / 2)).click()
        for key in keys:
            chain.key_up(key)
        chain.perform()

    def press(self, *keys):
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def whose(self, code):
        return self.run(
            "(() => { const c = [...studio.stage.open.values()][0];"
            " return c.codeOf(c.homeAt.get(arguments[0])); })()",
            code,
        )

    def ask_as_street(self, **message):
        request = urllib.request.Request(
            f"http://{HERE}:{self.port}/ask",
            json.dumps(message).encode(),
            {"x-token": TOKENS["street"], "origin": f"http://{HERE}:{self.port}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def folder(tmp_path):
    plan = make_board_plan((1, 1, 2, 2, 3, 3) * 2)
    buildings = plan.site.buildings.assign(building_name=HOSTILE)
    plan = plan.replace(site=plan.site.replace(buildings=buildings))
    return write_plan(plan, tmp_path / "plan")


@pytest.fixture
def server(folder):
    place = _bind(HERE, 0)
    port = place.getsockname()[1]
    seats = {
        TOKENS["planner"]: Seat("planner", "planning office"),
        TOKENS["street"]: Seat("street", "street office", "editor"),
    }
    session = Session(folder)
    app = make_app(session, seats, list_hosts([HERE], port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield port, server, thread
    # Not waiting for the page, which listens for as long as it is open.
    server.should_exit = server.force_exit = True
    thread.join(20)
    place.close()
    # A server that is forced to end does not close what it served.
    session.close()


@pytest.fixture
def page(driver, server):
    page = Page(driver, server[0])
    page.read_logs()
    yield page
    console, asked = page.read_logs()
    own = f"{HERE}:{server[0]}"
    assert [url for url in asked if own not in url] == []
    assert [line for line in console if own in line and "ERR_CONNECTION" not in line] == []


@pytest.mark.parametrize(
    ("lang", "accept"),
    [("en", "Accept"), ("zh", "接受")],
)
def test_a_home_is_given_to_a_neighbour_and_back(page, folder, lang, accept):
    page.load(lang)
    page.click_home("h03-1")
    page.wait("studio.chosen.homes.size === 1")
    page.click_home("h02-1")
    # Before anything is done both sub-grids say what they would be.
    page.wait("document.querySelectorAll('#choice tr').length === 2")
    text = page.read("#choice")
    assert "40 → 30" in text
    assert "40 → 50" in text
    assert accept in text
    assert page.whose("h03-1") == "0301-002"
    page.press(Keys.RETURN)
    page.wait("studio.number === 1")
    assert page.whose("h03-1") == "0301-001"
    page.find("#undo").click()
    page.wait("studio.number === 2")
    assert page.whose("h03-1") == "0301-002"
    chain = ActionChains(page.driver, duration=0)
    chain.key_down(Keys.CONTROL).send_keys("y").key_up(Keys.CONTROL).perform()
    page.wait("studio.number === 3")
    page.find("#save").click()
    page.wait("studio.saved === 3")
    assert read_plan(folder).stairwells.loc["h03-1", "subgrid"] == "0301-001"
    assert page.read("#alarm") == ""


def test_a_name_from_the_data_is_text_and_nothing_else(page):
    page.load()
    page.click_home("h03-1")
    page.wait("studio.chosen.homes.size === 1")
    assert HOSTILE in page.read("#choice")
    assert page.run("window.hacked === undefined && !document.querySelector('img')")


def test_others_changes_appear_and_the_second_is_told_who_was_first(page):
    page.load()
    page.click_home("h03-1")
    page.click_home("h02-1")
    page.wait("studio.foreseen")
    line = ["move building h03 to 0301-003"]
    answer = page.ask_as_street(kind="do", id="x", lines=line, seen={"h03-1": "0301-002"})
    assert answer["kind"] == "accepted"
    page.wait("studio.number === 1")
    assert page.whose("h03-1") == "0301-003"
    page.press(Keys.RETURN)
    page.wait("document.getElementById('alarm').innerText !== ''")
    assert "street office" in page.read("#alarm")
    assert page.whose("h03-1") == "0301-003"


def test_keys_alone_choose_lock_and_split(page):
    page.load()
    page.run("document.getElementById('over').focus() || true")
    page.press(Keys.ARROW_RIGHT)
    page.wait("studio.chosen.homes.size === 1")
    page.press("w")
    page.wait("studio.chosen.homes.size === 4")
    page.press("k")
    page.wait("studio.locks.size === 1")
    page.press("x")
    page.wait("document.getElementById('alarm').innerText.includes('lock')")
    page.press("k")
    page.wait("studio.locks.size === 0")
    page.press("x")
    page.wait("studio.foreseen && studio.foreseen.lines[0].startsWith('split')")
    page.press(Keys.RETURN)
    page.wait("studio.number === 3")
    assert page.count("#panel .row") >= 1


def test_a_lost_line_is_said_and_nothing_is_shown_as_done(page, server):
    page.load()
    page.click_home("h03-1")
    page.click_home("h02-1")
    page.wait("studio.foreseen")
    server[1].should_exit = True
    server[2].join(20)
    page.press(Keys.RETURN)
    page.wait("document.getElementById('alarm').innerText !== ''")
    assert "does not answer" in page.read("#alarm")
    assert page.whose("h03-1") == "0301-002"
