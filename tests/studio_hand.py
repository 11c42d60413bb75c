"""A planner's hand on the studio's page: what it does is counted by clicks, drags and keys."""

import threading
import time
from contextlib import contextmanager

import pandas as pd
import uvicorn
from selenium.webdriver.common.action_chains import ActionChains

from gridplan.storage import write_plan
from gridplan.synthetic.board_plan import make_board_plan, make_table
from gridplan.workbench.desk import Seat
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.open_studio import HERE, _bind
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session
from tests.browser import start_browser
from tests.test_studio_page import TOKENS, Page

SEAT = Seat("planner", "planning office")
FLOORS = ((1, 3, 0.0, 4), (4, 6, 9.0, 3), (7, 9, 18.0, 3))


def make_village(part_of, columns, tower=""):
    """Make a board's plan in which one house may be a tower of three bands of floors."""
    plan = make_board_plan(part_of, columns=columns, rows=len(part_of) // columns)
    if not tower:
        return plan
    doors = plan.stairwells.reset_index()
    row = doors[doors["building"] == tower].iloc[0].to_dict()
    bands = [
        {**row, "stairwell": f"{tower}-{n}", "floor_from": low, "floor_to": high}
        | {"climb": climb, "households": households}
        for n, (low, high, climb, households) in enumerate(FLOORS, 1)
    ]
    rows = [r for r in doors.to_dict("records") if r["building"] != tower] + bands
    pairs = plan.neighbours.reset_index().to_dict("records")
    for n in (1, 2):
        pair = {"pair": f"{len(pairs) + 1}", "focal": f"{tower}-{n}", "distance": 9.0}
        pairs.append({**pair, "neighbour": f"{tower}-{n + 1}", "link": "near"})
    return plan.replace(
        stairwells=make_table("stairwells", pd.DataFrame(rows).to_dict("records")).sort_index(),
        neighbours=make_table("neighbours", pairs),
    )


class Studio:
    """A studio that serves a folder until it is closed."""

    def __init__(self, folder):
        place = _bind(HERE, 0)
        self.port = place.getsockname()[1]
        self.place = place
        self.session = Session(folder)
        app = make_app(self.session, {TOKENS["planner"]: SEAT}, list_hosts([HERE], self.port))
        config = uvicorn.Config(app, log_level="critical", lifespan="on")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [place]}, daemon=True
        )
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)

    def take_all_back(self):
        """Undo everything that stands, so that the next test finds the plan as it was."""
        with self.session.guard:
            while self.session.desk.can_step(SEAT)[0]:
                number = self.session.desk.number
                self.session.answer_event(SEAT, self.session.desk.undo(SEAT, f"back {number}"))

    def close(self):
        """End the server and its session."""
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(20)
        self.place.close()
        self.session.close()


class Hand(Page):
    """The page, with a count of the actions made on it."""

    count_of = 0

    def begin(self, lang="en"):
        """Load the page, and count from nothing."""
        self.load(lang)
        self.wait("studio.origin && document.querySelector('#panel .row')")
        self.count_of = 0

    def place(self, code, dx=0.0, dy=-0.35):
        """Return the screen's place of a home, off its middle, where a number may lie."""
        return self.run(
            "(() => { const c = [...studio.stage.open.values()][0];"
            " const b = c.pieceBoxes[c.piece[c.homeAt.get(arguments[0])]];"
            " const x = (b[0] + b[2]) / 2 + arguments[1] * (b[2] - b[0]);"
            " const y = (b[1] + b[3]) / 2 + arguments[2] * (b[3] - b[1]);"
            " return studio.stage.toScreen(x, y); })()",
            code,
            dx,
            dy,
        )

    def place_badge(self, code):
        """Return the screen's place of a sub-grid's number."""
        return self.run(
            "(() => { const c = [...studio.stage.open.values()][0];"
            " return studio.stage.toScreen(...studio.placeBadge(c, arguments[0])); })()",
            code,
        )

    def move_to(self, chain, place):
        """Add a move to a place of the map to a chain."""
        over = self.find("#over")
        wide, high = over.size["width"], over.size["height"]
        x, y = place
        chain.move_to_element_with_offset(over, round(x - wide / 2), round(y - high / 2))
        return chain

    def click_at(self, place, *keys, clicks=1):
        """Click a place of the map, once or twice, with keys held."""
        self.count_of += 1
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            chain.key_down(key)
        self.move_to(chain, place)
        for _ in range(clicks):
            chain.click()
        for key in keys:
            chain.key_up(key)
        chain.perform()

    def hover(self, place):
        """Move the pointer to a place of the map; that is no action."""
        self.move_to(ActionChains(self.driver, duration=0), place).perform()

    def drag(self, *places, releases=True, held=None):
        """Press at the first place, go over the others, and let go; with a key held or none."""
        self.count_of += 1
        chain = self.chain()
        if held:
            chain.key_down(held)
        self.move_to(chain, places[0]).click_and_hold()
        for place in places[1:]:
            self.move_to(chain, place)
        if releases:
            chain.release()
        if held:
            chain.key_up(held)
        chain.perform()

    def chain(self):
        """Return a chain of actions without pauses."""
        return ActionChains(self.driver, duration=0)

    def let_go(self):
        """Let go what was dragged."""
        ActionChains(self.driver, duration=0).release().perform()

    def key(self, *keys):
        """Press a key, with others held before it."""
        self.count_of += 1
        chain = ActionChains(self.driver, duration=0)
        for one in keys[:-1]:
            chain.key_down(one)
        chain.send_keys(keys[-1])
        for one in reversed(keys[:-1]):
            chain.key_up(one)
        chain.perform()

    def click_on(self, selector):
        """Click something of the page by its selector."""
        self.count_of += 1
        self.find(selector).click()

    def click_button(self, key, within="#choice", **values):
        """Click the button that bears a text of the page's words."""
        self.count_of += 1
        self.run(
            "[...document.querySelectorAll(`${arguments[0]} button`)]"
            ".find((b) => b.innerText.trim() === studio.say(arguments[1], arguments[2])).click()",
            within,
            key,
            values,
        )

    def wait_for_help(self, condition, seconds=120.0):
        """Wait for what another process works out, which on a busy machine takes long to start."""
        end = time.monotonic() + seconds
        while not self.run(condition):
            assert time.monotonic() < end, f"never came true: {condition}"
            time.sleep(0.2)

    def list_homes(self, code):
        """Return the homes of a sub-grid, sorted."""
        return self.run(
            "(() => { const c = [...studio.stage.open.values()][0];"
            " const s = c.place.get(arguments[0]);"
            " return s === undefined ? [] : [...c.members[s]].map((h) => c.homes[h]).sort(); })()",
            code,
        )


@contextmanager
def show_village(make_folder, board):
    """Serve a village in which h05 is a tower, and open it in a browser that a hand moves."""
    studio = Studio(write_plan(make_village(board, 9, "h05"), make_folder("studio") / "plan"))
    driver = start_browser(make_folder("profile"))
    studio.hand = Hand(driver, studio.port)
    try:
        yield studio
    finally:
        driver.quit()
        studio.close()
