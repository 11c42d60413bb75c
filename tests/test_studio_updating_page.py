"""In a real browser: the update button runs to its table, and a file of the screen lands."""

import json
import threading
import time

import pytest
import uvicorn

from gridplan.chain.chain_notes import ChainNotes
from gridplan.chain.stale_steps import refresh_plan
from gridplan.storage import read_plan, write_plan
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.open_studio import HERE, _bind
from gridplan.workbench.seats import CHIEF
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session
from tests.browser import start_browser
from tests.test_studio_page import TOKENS, Page
from tests.test_studio_updating import MOVE, PLAN

PATIENCE = 120.0  # seconds: two processes of their own start meanwhile


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    plan = refresh_plan(PLAN, ChainNotes()).plan
    session = Session(write_plan(plan, folder / "town"))
    place = _bind(HERE, 0)
    port = place.getsockname()[1]
    app = make_app(session, {TOKENS["planner"]: CHIEF}, list_hosts([HERE], port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    driver = start_browser(folder / "profile")
    landing = folder / "landing"
    landing.mkdir()
    how = {"behavior": "allow", "downloadPath": str(landing)}
    driver.execute_cdp_cmd("Page.setDownloadBehavior", how)
    yield Page(driver, port), session, landing
    driver.quit()
    server.should_exit = server.force_exit = True
    thread.join(20)
    place.close()
    session.close()


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return value


def test_the_button_saves_runs_and_ends_with_a_table_and_a_file_lands(served):
    page, session, landing = served
    page.load("zh")
    line = page.run("studio.run(arguments[0], arguments[1]) && true", MOVE["lines"], MOVE["seen"])
    assert line
    page.wait("studio.number === 1")
    page.find("#open-updating").click()
    page.wait("document.querySelector('#update-begin')")
    assert "保存并更新" in page.read("#update-begin")
    assert "已过时" in page.read("#panel")
    page.find("#update-begin").click()
    wait_for(lambda: page.count("#update-run") or page.count(".figures"))
    # The page stays alive meanwhile.
    assert page.run("(studio.stage.zoom(1.1), studio.number)") == 1
    wait_for(lambda: page.count("#panel table.figures"))
    # Asked for at once: the panel is drawn again with every message.
    figures = page.run(
        "[...document.querySelectorAll('#panel [data-figure]')].map((row) => row.dataset.figure)"
    )
    wanted = {"households", "in_band", "branches", "groups", "central_households", "workers"}
    assert wanted <= set(figures)
    assert session.saved_number == 1
    assert len(read_plan(session.folder).members)
    assert page.read("#alarm") == ""
    # c community is open already; P, and a button.
    page.press("p")
    page.wait("document.querySelector('#take-sheet.main') && document.querySelector('#take-list')")
    page.find("#take-list").click()
    file = wait_for(lambda: next(landing.glob("*.csv"), None))
    assert file.name == "town-subgrids.csv"
    text = file.read_text(encoding="utf-8-sig")
    assert text.startswith("subgrid,")
    assert "0301-001" in text
    console, asked = page.read_logs()
    assert [url for url in asked if f"{HERE}:{page.port}" not in url] == []
    assert not [text for text in console if "Refused" in json.dumps(text)]
