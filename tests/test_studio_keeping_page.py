"""The studio's page: a day taken back and compared, versions with names, branches, help."""

import threading
import time

import pytest
import uvicorn

from gridplan.redrawing.editing.edit_plan import edit
from gridplan.storage import read_plan, write_plan
from gridplan.storage.kept_versions import replace_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench.desk import Seat
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.open_studio import HERE, _bind
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session
from tests.browser import start_browser
from tests.test_studio_page import TOKENS, Page


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """One studio and one browser for the whole module."""
    folder = write_plan(make_board_plan((1, 1, 2, 2, 3, 3) * 2), tmp_path_factory.mktemp("p") / "p")
    place = _bind(HERE, 0)
    port = place.getsockname()[1]
    session = Session(folder)
    seats = {TOKENS["planner"]: Seat("planner", "planning office")}
    app = make_app(session, seats, list_hosts([HERE], port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    page = Page(driver, port)
    page.folder = folder
    page.load()
    yield page
    console, _ = page.read_logs()
    driver.quit()
    server.should_exit = server.force_exit = True
    thread.join(20)
    session.close()
    assert [line for line in console if str(port) in line and "ERR_CONNECTION" not in line] == []


def press(page, text):
    """Press the button of a text, once it is there."""
    button = "[...document.querySelectorAll('button')].find((b) => b.innerText.startsWith({!r}))"
    page.wait(f"{button.format(text)} !== undefined")
    page.run(f"{button.format(text)}.click() || true")


def see_the_day_is_taken_back_and_compared_in_three_actions(page):
    line = "studio.run(['move building h03 to 0301-001'], {'h03-1': '0301-002'}) && true"
    page.run(line)
    page.wait("studio.number === 1")
    press(page, "Log")
    press(page, "To the start of my day")
    press(page, "Compare")
    page.wait("studio.then && studio.then.open.size === 1 && studio.comparison.rows.length === 1")
    assert page.whose("h03-1") == "0301-002"
    text = page.read("#panel")
    assert "h03 10 households 001 → 002" in text
    assert "planning office" in text
    assert (page.read("#swipe-before"), page.read("#swipe-after")) == (
        "before: change 1",
        "after: now",
    )
    # The picture of before holds the home where it was.
    then = "(() => { const c = [...studio.then.open.values()][0];"
    assert page.run(f"{then} return c.codeOf(c.homeAt.get('h03-1')); }})()") == "0301-001"
    press(page, "Close")
    assert page.run("document.getElementById('then').hidden && !studio.then")


def see_a_branch_is_made_compared_and_taken_from(page):
    press(page, "Versions")
    press(page, "New branch")
    page.find("#choice input").send_keys("with a school")
    page.find("#accept-text").click()
    page.wait("studio.branch === '0001' && studio.number === 2")
    page.run("studio.run(['move building h04 to 0301-003'], {'h04-1': '0301-002'}) && true")
    page.wait("studio.number === 3")
    press(page, "Go there")
    page.wait("studio.branch === '' && studio.number === 2 && studio.stage.open.size === 1")
    assert page.whose("h04-1") == "0301-002"
    press(page, "Compare with now")
    page.run("studio.compare('branch', '0001') && true")
    page.wait("!!studio.comparison && studio.comparison.against === 'branch' && !!studio.then")
    assert page.read("#swipe-before") == "before: now"
    press(page, "Take all")
    page.wait("studio.number === 3")
    assert page.whose("h04-1") == "0301-003"
    page.wait("studio.comparison.rows.length === 0")
    press(page, "Close")


def see_help_shows_a_curve_and_says_when_homes_were_changed(page):
    page.run("studio.run(['move building h10 to 0301-003'], {'h10-1': '0301-002'}) && true")
    page.wait("studio.faults.length === 2 && studio.number === 4")
    press(page, "Communities")
    press(page, "Redraw")
    # The page stays alive while a process of its own works it out.
    page.wait("studio.job !== null")
    page.run("studio.run(['lock building h12'], {}) && true")
    page.wait("studio.locks.size === 1 && studio.job !== null")
    # A process of its own has to start first, which takes long where many do.
    end = time.monotonic() + 120
    while page.run("studio.proposals === null") and time.monotonic() < end:
        time.sleep(0.1)
    page.wait("document.querySelectorAll('#choice .way').length > 0")
    seen = "studio.proposals[0].seen[Object.keys(studio.proposals[0].seen)[0]]"
    home = page.run("Object.keys(studio.proposals[0].seen)[0]")
    other = "0301-001" if page.run(seen) != "0301-001" else "0301-002"
    page.run(
        "studio.run([`move stairwell ${arguments[0]} to ${arguments[1]}`],"
        " {[arguments[0]]: arguments[2]}) && true",
        home,
        other,
        page.run(seen),
    )
    press(page, "Run again here")
    page.wait("studio.job !== null")
    press(page, "Cancel")
    page.wait("studio.job === null")


def see_a_plan_that_was_changed_elsewhere_is_met_with_a_branch(page):
    other = edit(read_plan(page.folder), "move building h06 to 0301-002").plan
    replace_plan(other, page.folder, overwrite=True)
    page.run("studio.drop() || true")
    page.find("#save").click()
    page.wait("document.querySelector('#choice input[type=text]') !== null")
    assert "changed by another program" in page.read("#choice")
    page.find("#choice input").send_keys("mine")
    page.find("#accept-text").click()
    # The name stands there when the branch has been read.
    page.wait("document.getElementById('name').innerText.endsWith(' · mine')")
    page.wait("studio.branchName === 'mine' && studio.stage.open.size === 1")
    assert page.whose("h06-1") == "0301-003"
    page.run("studio.enterBranch('') && true")
    page.wait("!document.getElementById('name').innerText.includes('·')")
    page.wait("studio.branch === '' && studio.stage.open.size === 1")
    assert page.whose("h06-1") == "0301-002"


def test_one_sitting_of_days_branches_help_and_a_plan_changed_elsewhere(page):
    # One after the other, as each begins where the one before ended.
    see_the_day_is_taken_back_and_compared_in_three_actions(page)
    see_a_branch_is_made_compared_and_taken_from(page)
    see_help_shows_a_curve_and_says_when_homes_were_changed(page)
    see_a_plan_that_was_changed_elsewhere_is_met_with_a_branch(page)
