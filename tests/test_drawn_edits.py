"""Edits that were drawn: a sub-grid split along a line, and homes taken in by an outline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridplan as gp
from gridplan.redrawing.editing.drawn_lines import lie_behind, lie_within
from gridplan.redrawing.editing.edit_commands import write_command, write_points
from gridplan.redrawing.editing.edit_plan import edit, preview
from gridplan.redrawing.editing.edit_script import parse_script
from gridplan.redrawing.repair_plan import find_held
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan
from gridplan.tables.translations import translate
from tests.test_editing import assert_same, where

# h10 h11 h12 | h13 h14 h15 | h16 h17 h18, thirty metres apart, the first at 15,45
# h01 h02 h03 | h04 h05 h06 | h07 h08 h09
THREE = (1, 1, 1, 2, 2, 2, 3, 3, 3) * 2


@pytest.fixture(scope="module")
def board():
    return make_board_plan(THREE, columns=9)


def draw(*points):
    return write_points(tuple((X0 + x, Y0 + y) for x, y in points))


def list_faults(plan, command):
    with pytest.raises(gp.errors.InputError) as caught:
        edit(plan, command)
    return [(p.message, p.remedy) for p in caught.value.problems]


def test_a_split_along_a_line_logs_the_line_and_who_moved(board):
    # From the south through between h04 and h05, then east between the rows.
    line = draw((120, 0), (120, 30), (180, 30))
    done = edit(board, f"split 0301-002 along {line} because the canal")
    assert where(done.plan, "h04", "h13", "h05", "h06") == [
        *["0301-002"] * 2,
        *["0301-004"] * 2,
    ]
    logged = done.plan.edits["command"].iloc[0]
    assert logged == (
        f"split 0301-002 along {line} as 0301-004 moving h05-1 h06-1 because the canal"
    )
    assert_same(done.plan, edit(board, done.log).plan)
    # Repair leaves where they are what somebody drew by hand.
    assert sorted(find_held(done.plan)) == ["h05-1", "h06-1"]


def test_the_homes_that_are_named_count_wherever_the_line_lies(board):
    line = f"split 0301-002 along {draw((0, 0), (1, 0))} as 0301-009 moving h06-1"
    assert where(edit(board, line).plan, "h05", "h06") == ["0301-002", "0301-009"]


@pytest.mark.parametrize("target", ["0301-002", "new"])
def test_an_outline_takes_in_what_lies_in_it(board, target):
    ring = draw((65, 0), (100, 0), (100, 60), (65, 60))
    done = edit(board, f"enclose {ring} in {target}")
    code = "0301-004" if target == "new" else target
    assert where(done.plan, "h03", "h12", "h02", "h04") == [code, code, "0301-001", "0301-002"]
    as_code = f"{'new as ' if target == 'new' else ''}{code}"
    assert done.plan.edits["command"].tolist() == [
        f"enclose {ring} in {as_code} moving h03-1 h12-1"
    ]
    assert_same(done.plan, edit(board, done.log).plan)


def test_chinese_draws_as_well(board):
    line, ring = draw((120, 0), (120, 60)), draw((65, 0), (100, 0), (100, 60), (65, 60))
    chinese = edit(board, [f"拆分0301-002沿{line}", f"圈入 {ring} 到 0301-003"]).log
    english = edit(board, [f"split 0301-002 along {line}", f"enclose {ring} to 0301-003"]).log
    assert chinese == english


@pytest.mark.parametrize(
    ("commands", "what"),
    [
        ([f"split 0301-002 along {draw((0, 0), (0, 60))}"], "lie on one side of the line"),
        ([f"split 0301-002 along {draw((120, 0), (120, 0))}"], "lie on one side of the line"),
        (["split 0301-002 along 1,2 3"], "which sub-grid along which line"),
        (["split 0301-002 along 1,nan 3,4"], "which sub-grid along which line"),
        (["split 0301-002 along 0,0 0,1 moving h01-1"], "h01-1 is not in 0301-002"),
        ([f"split 0301-002 along {draw((120, 0), (120, 60))} as 0301-003"], "is there already"),
        (["enclose 1,2 3,4 in 0301-002"], "of three corners or more"),
        ([f"enclose {draw((0, 0), (1, 0), (1, 1))} in new"], "no home lies in the outline"),
        ([f"enclose {draw((91, 0), (180, 0), (180, 60))} in 0301-002"], "could go to 0301-002"),
        (
            ["lock building h03", f"enclose {draw((65, 0), (100, 0), (100, 60))} in new"],
            "h03 stays",
        ),
    ],
)
def test_what_cannot_be_drawn_says_why_in_both_languages(board, commands, what):
    [(message, remedy)] = list_faults(board, commands)
    assert what in message
    assert remedy
    chinese = translate(f"{message} -> {remedy}")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_a_preview_says_what_a_line_would_do(board):
    seen = preview(board, f"split 0301-002 along {draw((120, 0), (120, 60))}")
    assert seen.table["households_after"].to_dict() == {"0301-002": 40, "0301-004": 20}
    assert seen.moved == 20


NUMBER = st.integers(-10_000_000, 10_000_000).map(lambda n: n / 100)


@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=3, max_size=6), st.booleans())
def test_what_was_drawn_is_written_to_the_centimetre_and_read_again(points, encloses):
    text = " ".join(f"{x},{y}" for x, y in points)
    line = f"enclose {text} in new as A-1 moving b-1" if encloses else f"split A-1 along {text}"
    command = parse_script(line)[0][0].commands[0]
    assert command.points == tuple(points)
    assert parse_script(write_command(command))[0][0].commands[0] == command


@given(
    st.integers(0, 359), st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1)
)
def test_a_straight_line_has_the_sides_that_its_angle_gives(angle, places):
    way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    xy = np.array(places, float) + 0.137
    across = xy[:, 0] * way[1] - xy[:, 1] * way[0]
    xy, across = xy[abs(across) > 1e-6], across[abs(across) > 1e-6]
    behind = lie_behind((tuple(-way), tuple(way)), xy)
    # Which side it is does not matter, that it is one side does.
    assert len({*(behind == (across > 0))}) <= 1


def test_every_second_part_of_an_outline_that_crosses_itself_is_outside():
    ring = ((0, 0), (10, 10), (10, 0), (0, 10))
    inside = lie_within(ring, np.array([[9.0, 5.0], [1.0, 5.0], [5.0, 9.0]]))
    assert inside.tolist() == [True, True, False]
