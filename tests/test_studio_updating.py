"""The studio brings what depends on a plan up to date, and hands files of the screen out."""

import io
import shutil
import threading
import time
import zipfile

import pandas as pd
import pytest
from shapely.geometry import Point
from starlette.testclient import TestClient

from gridplan.chain.chain_notes import ChainNotes
from gridplan.chain.stale_steps import judge_steps, refresh_plan
from gridplan.engine.parallel_map import keep_silent
from gridplan.errors import PlanError
from gridplan.storage import read_plan, write_plan
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
from gridplan.synthetic.people_plan import CITY_COUNTS, count_rows, settle
from gridplan.workbench import updating
from gridplan.workbench.answers import answer
from gridplan.workbench.desk import Seat
from gridplan.workbench.errands import Errand
from gridplan.workbench.files_to_take import KINDS, make_file
from gridplan.workbench.files_waiting import COUNTER, TakenFile
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.orders import Order
from gridplan.workbench.plan_figures import count_figures, list_differences
from gridplan.workbench.seats import CHIEF
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session

CANTEEN = {"place": "p", "kind": "canteen", "geometry": Point(X0 + 15, Y0 + 15)}
BARE = settle(make_board_plan(), {"i1": 100, "i2": 30})
PLAN = BARE.replace(
    counts=count_rows({**CITY_COUNTS, "party_members_full": 24}),
    places=make_table("places", [CANTEEN]),
)
TOKEN, OTHER = "t" * 43, "o" * 43
HOST = "127.0.0.1:8123"
MOVE = {
    "kind": "do",
    "id": "m",
    "lines": ["move building h03 to 0301-002"],
    "seen": {"h03-1": "0301-001"},
}


class NoProcess(Errand):
    """Does the work here and now, or gives what was worked out before; ``hold`` keeps it back."""

    def __init__(self, result=None):
        super().__init__()
        self.result = result
        self.hold = False

    def start(self, work, arguments, hear):
        if self._process is not None:
            return False
        self._process = hear
        self.finish = lambda: self.end(work, arguments, hear)
        if not self.hold:
            self.finish()
        return True

    def end(self, work, arguments, hear):
        self._process = None
        hear({"result": self.result or work(*arguments, keep_silent)})

    def cancel(self):
        hear, self._process = self._process, None
        if hear is not None:
            hear({"cancelled": True})
        return hear is not None


@pytest.fixture(scope="module")
def fresh():
    """The plan with everything that depends on it, and the notes on that."""
    return refresh_plan(PLAN, ChainNotes())


@pytest.fixture(scope="module")
def worked(fresh, tmp_path_factory):
    """What the process of an update would send back for the plan as it is."""
    return updating.work_out(fresh.plan, tmp_path_factory.mktemp("none"), fresh.notes, keep_silent)


@pytest.fixture(scope="module")
def folder(fresh, tmp_path_factory):
    return write_plan(fresh.plan, tmp_path_factory.mktemp("plans") / "town")


@pytest.fixture
def session(tmp_path, folder, worked):
    heard = []
    session = Session(shutil.copytree(folder, tmp_path / "town"), heard.append)
    session.heard = heard
    session.update, session.taking = NoProcess(worked), NoProcess()
    yield session
    session.close()


def ask(session, kind, seat=CHIEF, **more):
    return answer(session, seat, {"kind": kind, **more})


# What is stale


def test_every_step_is_stale_before_and_current_after_it_ran(fresh):
    before = judge_steps(PLAN, ChainNotes())
    assert [step.status for step in before] == ["stale"] * 5
    assert [step.because for step in before[:2]] == ["empty", "after"]
    after = judge_steps(fresh.plan, fresh.notes)
    assert [step.status for step in after] == ["current"] * 5


def test_a_step_whose_rules_or_tables_changed_is_stale_with_all_that_read_it(fresh):
    tampered = fresh.plan.replace(links=fresh.plan.links.iloc[:0])
    status = {step.name: step.status for step in judge_steps(tampered, fresh.notes)}
    assert status == {
        "organise": "current",
        "staff": "current",
        "pair": "stale",
        "reach": "current",
        "rate": "stale",
    }


def test_a_step_that_lacks_data_names_the_table(fresh):
    steps = {step.name: step for step in judge_steps(make_board_plan(), ChainNotes())}
    assert steps["organise"].status == "lacking"
    assert "counts" in steps["organise"].because
    assert "party_members_full" in steps["organise"].because


def test_what_is_current_is_not_run_again_and_the_rest_gives_the_same_tables(fresh):
    again = refresh_plan(fresh.plan, fresh.notes)
    assert [result.status for result in again.results] == ["up to date"] * 5 + ["done"]
    assert again.plan is fresh.plan


def test_the_plan_given_is_not_changed(fresh):
    assert not len(PLAN.members)
    assert len(fresh.plan.members)


# Figures


def test_figures_before_and_after_are_those_of_the_tables(fresh):
    figures = count_figures(fresh.plan, {"errors": 0})
    homes = fresh.plan.subgrids[fresh.plan.subgrids["kind"] == "residential"]
    assert figures["households"] == homes["households"].sum()
    assert figures["in_band"] == homes["in_band"].sum()
    assert figures["branches"] == (fresh.plan.party_orgs["level"] == "branch").sum()
    assert figures["groups"] == (fresh.plan.party_orgs["level"] == "group").sum()
    hosts = fresh.plan.posts["role"] == "central_household"
    assert figures["central_households"] == hosts.sum()
    assert figures["gaps"] == len(fresh.plan.gaps)
    assert figures["pairs"] == (fresh.plan.links["kind"] == "pairing").sum()


def test_a_difference_is_stated_where_both_sides_are_known():
    rows = {
        row["figure"]: row for row in list_differences({"gaps": 3.0}, {"gaps": 1.0, "pairs": 2.0})
    }
    assert rows["gaps"]["difference"] == -2.0
    assert rows["pairs"]["before"] is None
    assert rows["pairs"]["difference"] is None
    assert rows["gaps"]["label"] == {"en": "Gaps", "zh": "缺口"}


# The run


def test_changes_are_saved_first_and_only_when_that_is_wanted(session):
    assert answer(session, CHIEF, MOVE)["kind"] == "accepted"
    outlook = ask(session, "update_look")
    assert outlook["unsaved"] == 1
    assert {step["status"] for step in outlook["steps"]} == {"stale"}
    assert ask(session, "update") == {"kind": "unsaved", "unsaved": 1}
    assert session.saved_number == 0
    session.update.result = None
    assert ask(session, "update", save=True)["kind"] == "updating"
    told = session.heard[-1]
    assert told["kind"] == "updated"
    # Compared with the version that had these figures: the save emptied them.
    assert told["version"] == "0001"
    on_disk = read_plan(session.folder)
    assert len(on_disk.members) == len(PLAN.stairwells)
    assert on_disk.stairwells.loc["h03-1", "subgrid"] == "0301-002"
    rows = {row["figure"]: row for row in told["rows"]}
    assert rows["branches"]["before"] is not None
    assert rows["branches"]["after"] == (on_disk.party_orgs["level"] == "branch").sum()
    # Whoever opens the plan again finds nothing stale.
    notes = updating.recall_notes(session.folder)
    assert {step.status for step in judge_steps(on_disk, notes)} == {"current"}


def test_the_journal_goes_on_after_an_update(session):
    ask(session, "update")
    assert session.heard[-1]["kind"] == "updated"
    assert answer(session, CHIEF, MOVE)["kind"] == "accepted"
    saved = ask(session, "save")
    assert saved["kind"] == "saved"
    session.close()
    again = Session(session.folder)
    assert again.saved_number == again.desk.number
    again.close()


def test_changes_made_while_it_runs_stay_unsaved_and_are_not_lost(session):
    session.update.hold = True
    ask(session, "update")
    assert answer(session, CHIEF, MOVE)["kind"] == "accepted"
    session.update.finish()
    assert session.heard[-1]["kind"] == "updated"
    assert (session.desk.number, session.saved_number) == (1, 0)
    folder = session.folder
    session.close()
    again = Session(folder)
    assert again.desk.number == 1
    assert len(again.base.members)
    again.close()


def test_a_save_while_it_runs_makes_its_result_void(session):
    session.update.hold = True
    ask(session, "update")
    answer(session, CHIEF, MOVE)
    assert ask(session, "save")["kind"] == "saved"
    session.update.finish()
    assert "saved again meanwhile" in session.heard[-1]["error"]["en"]
    assert "又保存过" in session.heard[-1]["error"]["zh"]
    assert not len(read_plan(session.folder).members)


def test_cancelling_leaves_the_plan_as_it_was(session):
    before = {file.name: file.read_bytes() for file in session.folder.iterdir() if file.is_file()}
    session.update.hold = True
    ask(session, "update")
    assert ask(session, "update")["kind"] == "refused"
    assert ask(session, "update_cancel") == {"kind": "cancelled", "was": True}
    assert session.heard[-1] == {"kind": "update", "cancelled": True}
    after = {file.name: file.read_bytes() for file in session.folder.iterdir() if file.is_file()}
    assert after == before


def test_only_the_chief_brings_up_to_date(session):
    assert ask(session, "update", Seat("s", role="editor"))["kind"] == "refused"


def test_what_no_step_brings_back_is_named_with_its_command(session, fresh):
    table = pd.DataFrame({"x": [1]})
    had = fresh.plan.replace(inventory=table)
    (session.folder / "map.html").write_text("x")
    rows = updating.list_left_out(had, fresh.plan, session.folder)
    assert [row["what"] for row in rows] == ["inventory", "map.html"]
    assert rows[0]["command"] == f"gridplan inventory {session.folder} --overwrite"


def test_an_errand_ends_with_its_result_with_an_error_or_cancelled():
    heard, done = [], threading.Event()

    def hear(message):
        heard.append(message)
        if "stage" not in message:
            done.set()

    errand = Errand()
    for work, key in ((_work, "result"), (_fail, "error"), (_sleep, "cancelled")):
        done.clear()
        assert errand.start(work, (3,), hear)
        assert not errand.start(work, (3,), hear)
        if work is _sleep:
            while {"stage": "asleep", "done": 0, "of": 1} not in heard:
                time.sleep(0.05)
            errand.cancel()
        assert done.wait(60)
        assert key in heard[-1]
        assert not errand.is_running


def _work(number, progress):
    return {"twice": 2 * number}


def _fail(number, progress):
    raise PlanError("no")


def _sleep(number, progress):
    progress("asleep", 0, 1)
    time.sleep(600)
    return {}


# Taking away


@pytest.fixture(scope="module")
def made_files(fresh):
    """A file of each kind, as of a change that is not saved."""
    orders = {what: Order(what, "town", "zh", 123) for what in KINDS}
    return {what: make_file(fresh.plan, order, keep_silent) for what, order in orders.items()}


def test_every_file_of_a_draft_bears_the_number_of_its_change(made_files):
    assert set(made_files) >= {"map", "qgis", "brief", "field_sheet", "list"}
    for made in made_files.values():
        assert "draft-123" in made["name"]
        assert made["content"]
    for what in ("map", "brief"):
        assert "草稿，第123项修改，未保存" in made_files[what]["content"].decode()


def test_the_qgis_file_opens_as_the_plan_of_the_screen(made_files, tmp_path):
    with zipfile.ZipFile(io.BytesIO(made_files["qgis"]["content"])) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert {"town/plan.gpkg", "town/plan.qgs", "town/DRAFT.txt"} <= set(names)
    assert len(read_plan(tmp_path / "town").stairwells) == len(PLAN.stairwells)


def test_what_is_not_saved_is_drawn_as_on_the_screen(session):
    answer(session, CHIEF, MOVE)
    taking = ask(session, "take_away", what="list", lang="en")
    assert taking["draft"] == 1
    told = session.heard[-1]
    assert (told["name"], told["ticket"]) == ("town-subgrids-draft-1.csv", taking["ticket"])
    rows = pd.read_csv(io.BytesIO(COUNTER.waiting[taking["ticket"]].content), index_col=0)
    assert rows["households"].to_dict() == {"0301-001": 50, "0301-002": 70}


def test_a_kind_that_is_not_known_is_refused(session):
    assert ask(session, "take_away", what="../plan.gpkg")["kind"] == "refused"


def test_a_file_is_fetched_once_by_the_seat_that_asked_and_by_its_token_alone(session):
    seats = {TOKEN: CHIEF, OTHER: Seat("street", role="viewer")}
    client = TestClient(make_app(session, seats, list_hosts(["127.0.0.1"], 8123)))
    file = TakenFile("chief", "图 1.csv", "text/csv", b"a,b\n", time.monotonic() + 60)
    COUNTER.lay("ticket", file)

    def fetch(ticket, token):
        headers = {"host": HOST, **({"x-token": token} if token else {})}
        return client.get(f"/taken/{ticket}", headers=headers)

    assert fetch("ticket", "").status_code == 401
    assert fetch("ticket", OTHER).status_code == 404
    assert fetch("..%2Fplan.gpkg", TOKEN).status_code == 404
    answered = fetch("ticket", TOKEN)
    assert (answered.status_code, answered.content) == (200, b"a,b\n")
    disposition = answered.headers["content-disposition"]
    assert disposition == "attachment; filename*=UTF-8''%E5%9B%BE%201.csv"
    assert answered.headers["cache-control"] == "no-store"
    assert fetch("ticket", TOKEN).status_code == 404


def test_a_file_that_nobody_fetched_goes(session):
    file = TakenFile("chief", "a.csv", "text/csv", b"", time.monotonic() - 1)
    COUNTER.lay("late", file)
    assert COUNTER.fetch("late", CHIEF) is None
