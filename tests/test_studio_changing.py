"""What the studio suggests for each kind of fault, how it splits, and what it says of refusals."""

import pytest

from gridplan.storage import write_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench.answers import answer
from gridplan.workbench.desk import Desk, Seat
from gridplan.workbench.session import Session
from gridplan.workbench.splits import list_splits
from gridplan.workbench.suggestions import find_suggestion, list_far, list_faults

SEAT = Seat("s", "planning office")


def make_desk(board, low=20, target=40, high=60, columns=6):
    plan = make_board_plan(board, columns=columns, rows=len(board) // columns)
    rules = plan.rules.replace(urban={"low": low, "target": target, "high": high})
    return Desk(plan.replace(manifest={**plan.manifest, "rules": rules.to_dict()}))


def list_rules(desk):
    figures = desk.measure(desk.state.lies_in).to_dict("index")
    return {(f.subgrid[-1], f.rule) for f in list_faults(desk, figures)}


@pytest.mark.parametrize(
    ("board", "fault", "code", "how"),
    [
        # Two of ten households, and twenty are the least: one from beside.
        ((1, 2, 2, 2, 3, 3, 2, 2, 2, 2, 3, 3), ("1", "small"), "0301-001", "move"),
        # Ten in the corner, and all beside are as small as they may be.
        ((1, 2, 2, 3, 3, 4, 1, 2, 2, 3, 3, 4), ("1", "small"), "0301-001", "merge"),
        ((1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 2, 2), ("1", "large"), "0301-001", "move"),
        ((1,) * 12, ("1", "large"), "0301-001", "split"),
        # Two homes of the first sub-grid lie behind the second.
        ((1, 1, 2, 2, 1, 3, 1, 1, 2, 2, 3, 3), ("1", "apart"), "0301-001", "rejoin"),
    ],
)
def test_every_kind_of_fault_has_a_suggestion_that_cures_it(board, fault, code, how):
    desk = make_desk(board, low=40 if how == "merge" else 20, high=60)
    assert fault in list_rules(desk)
    suggestion = find_suggestion(desk, code)
    assert suggestion.cure.how == how
    assert suggestion.tried["works"] >= 1
    desk.do(SEAT, "a", suggestion.lines)
    assert list_rules(desk) == ({("4", "small")} if how == "merge" else set())


def test_a_long_walk_is_a_hint_and_its_centre_is_left_to_gridplan_again():
    desk = make_desk((1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3), high=70)
    desk.do(SEAT, "a", ["centre of 0301-001 at h01-1"])
    figures = desk.measure(desk.state.lies_in)
    assert [(f.subgrid, f.rule, f.amount) for f in list_far(desk, figures)] == [
        ("0301-001", "far", 75)
    ]
    assert not list_faults(desk, figures.to_dict("index"))
    suggestion = find_suggestion(desk, "0301-001")
    assert suggestion.lines == ("centre of 0301-001 automatically",)


def test_nothing_is_suggested_where_a_lock_holds_and_it_says_so():
    desk = make_desk((1, 2, 2, 2, 3, 3, 2, 2, 2, 2, 3, 3))
    desk.do(SEAT, "a", ["lock community 0301"])
    suggestion = find_suggestion(desk, "0301-001")
    assert suggestion.cure is None
    assert set(suggestion.tried) == {"locked"}
    assert suggestion.beside == (("0301-002", 70),)


def test_a_straight_cut_halves_the_households_and_hangs_together():
    desk = make_desk((1,) * 12)
    ways = list_splits(desk, "0301-001", 2)
    assert [how for how, _, _ in ways] == ["even", "across", "along"]
    for _, _, line in ways:
        trial = desk.try_lines([line])
        table = desk.measure(trial.effect.subgrids, trial.state)
        assert table["households"].tolist() == [60, 60]
        assert table["contiguous"].all()


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    plan = make_board_plan((1, 1, 2, 2, 3, 3) * 2)
    session = Session(write_plan(plan, tmp_path_factory.mktemp("studio") / "plan"))
    yield session
    session.close()


def test_splits_are_offered_by_parts_with_figures_before_and_after(session):
    asked = {"kind": "splits", "subgrid": "0301-001", "parts": 2}
    rows = answer(session, SEAT, asked)["rows"]
    assert rows[0]["lines"] == ["split 0301-001 into 2"]
    assert [sum(f["households"] for f in row["after"].values()) for row in rows] == [40] * len(rows)
    assert len({tuple(row["homes"]) for row in rows}) == len(rows)


@pytest.mark.parametrize(("lang", "says"), [("en", "stays by the lock"), ("zh", "不能移动")])
def test_a_refusal_names_the_lock_that_cures_it_in_the_language_of_the_page(session, lang, says):
    number = session.desk.number
    done = {"kind": "do", "lines": ["lock building h03 because 道路"], "seen": {}}
    answer(session, SEAT, {**done, "id": f"{lang}a"})
    [row] = answer(session, SEAT, {"kind": "locks"})["rows"]
    assert (row["name"], row["note"]) == ("building:h03", "道路")
    tried = {"kind": "try", "lines": ["move building h03 to 0301-001"], "lang": lang}
    [reason] = answer(session, SEAT, tried)["reasons"]
    assert reason["lock"] == "building:h03"
    assert says in reason["message"]
    answer(session, SEAT, {**done, "lines": [f"unlock {reason['lock']}"], "id": f"{lang}b"})
    (warning,) = answer(session, SEAT, tried)["warnings"]
    assert ("区间" in warning) == (lang == "zh")
    assert session.desk.number == number + 2


def test_a_drawn_line_is_logged_with_who_moved_and_saved_so(session):
    line = "split 0301-002 along 500090,4390000 500090,4390060"
    event = session.desk.do(SEAT, "line", [line])
    (logged,) = event.lines
    assert logged == f"{line} as 0301-004 moving h04-1 h10-1"
    assert answer(session, SEAT, {"kind": "save"})["kind"] == "saved"
    assert logged in session.base.edits["command"].tolist()
