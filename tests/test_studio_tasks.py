"""The eight tasks of a planner, by mouse, none of which may take more actions than it does now."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.studio_hand import show_village

# Eighty households, forty and sixty, side by side; fifty to seventy are allowed. h05 is a tower.
VILLAGE = (1, 1, 1, 1, 2, 2, 3, 3, 3) * 2
A, B, C = "0301-001", "0301-002", "0301-003"
# Clicks, drags and keys; a double click counts as one click.
MOST = {"1": 4, "2": 3, "3": 4, "4a": 3, "4b": 5, "5": 4, "6": 3, "7": 3, "8": 3}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with show_village(tmp_path_factory.mktemp, VILLAGE) as studio:
        yield studio


@pytest.fixture(params=["en", "zh"])
def hand(studio, request):
    studio.take_all_back()
    studio.hand.begin(request.param)
    yield studio.hand
    assert not studio.hand.run("document.getElementById('why')")


def accept(hand):
    before = hand.run("studio.number")
    hand.key(Keys.RETURN)
    hand.wait(f"studio.number === {before + 1}")


def get_new(studio):
    """The code of the sub-grid that began with the last change: codes are not used again."""
    event = studio.session.desk.events[-1]
    return next(code for code, (before, _) in event.effect.grids.items() if not before)


def test_1_two_buildings_are_moved(hand):
    hand.click_at(hand.place("h04-1"))
    hand.click_at(hand.place("h13-1"), Keys.SHIFT)
    # Before anything is done both sub-grids say what they would be.
    hand.hover(hand.place("h06-1"))
    card = hand.read("#card")
    assert "80 → 60" in card
    assert "40 → 60" in card
    hand.click_at(hand.place("h06-1"))
    accept(hand)
    assert hand.list_homes(B)[:2] == ["h04-1", "h05-1"]
    assert hand.count_of <= MOST["1"]


def test_2_what_is_out_of_band_says_why_and_is_cured(hand):
    hand.key("n")
    hand.wait("document.querySelector('#panel .now .advice')")
    row = hand.read("#panel .now")
    assert "80" in row
    assert "h04" in row or "h13" in row
    hand.click_on("#panel .now [data-try]")
    hand.wait("studio.foreseen")
    accept(hand)
    hand.wait("studio.faults.length === 0")
    assert hand.count_of <= MOST["2"]


def test_3_two_are_merged(hand):
    hand.click_at(hand.place_badge(B))
    hand.click_at(hand.place_badge(C), Keys.SHIFT)
    hand.key("m")
    hand.wait("studio.foreseen")
    accept(hand)
    assert hand.list_homes(B) == []
    assert len(hand.list_homes(C)) == 12
    assert hand.count_of <= MOST["3"]


def test_4a_one_is_split_by_proposal(hand, studio):
    hand.click_at(hand.place_badge(A))
    hand.key("x")
    hand.wait("studio.foreseen && document.querySelectorAll('#choice table tr').length === 2")
    accept(hand)
    assert len(hand.list_homes(A)) == len(hand.list_homes(get_new(studio))) == 4
    assert hand.count_of <= MOST["4a"]


def test_4b_one_is_split_along_a_line(hand, studio):
    hand.click_at(hand.place_badge(A))
    hand.key("x")
    hand.wait("studio.drawing && studio.foreseen")
    # Between the third house and the fourth, from below to above.
    (x3, low), (x4, _) = hand.place("h03-1"), hand.place("h04-1")
    high = hand.place("h12-1")[1] - 40
    hand.click_at(((x3 + x4) / 2, low + 20))
    hand.hover(((x3 + x4) / 2, high))
    assert "60" in hand.read("#card")
    hand.click_at(((x3 + x4) / 2, high), clicks=2)
    hand.wait("studio.foreseen && studio.foreseen.lines[0].includes('along')")
    accept(hand)
    assert hand.list_homes(get_new(studio)) == ["h04-1", "h13-1"]
    assert hand.count_of <= MOST["4b"]
    (line,) = studio.session.desk.events[-1].lines
    assert line.startswith(f"split {A} along ")
    assert line.endswith(f"as {get_new(studio)} moving h04-1 h13-1")


def test_5_a_community_is_redrawn_with_a_cap(hand):
    hand.click_button("tab_places", "#tabs")
    hand.click_button("redraw", "#panel")
    # All that may move is worked out at once; the slider says how much of it.
    hand.wait_for_help("studio.proposals && studio.proposals.length")
    hand.count_of += 1
    hand.run(
        "(() => { const slider = document.querySelector('#choice input[type=range]');"
        " if (!slider) return; slider.value = slider.max;"
        " slider.dispatchEvent(new Event('input')); })()"
    )
    hand.click_button("take")
    hand.wait("studio.number > 0 && studio.faults.length === 0")
    assert hand.count_of <= MOST["5"]


def test_6_a_street_is_locked(hand):
    hand.key("l")
    (x0, y0), (x1, y1) = hand.place("h01-1"), hand.place("h06-1")
    corners = [(x0 - 25, y0 + 20), (x1 + 25, y1 + 20), (x1 + 25, y1 - 40), (x0 - 25, y0 - 40)]
    hand.drag(*corners, corners[0])
    hand.wait("studio.chosen.homes.size === 8")
    hand.key("k")
    hand.wait("studio.locks.size === 6")
    assert hand.run("[...studio.locks].every((name) => name.startsWith('building:h0'))")
    assert hand.count_of <= MOST["6"]


# The two that follow are simple: how versions are compared and sheets are printed is tested where
# that is made.


def test_7_what_was_done_is_taken_back_from_the_log(hand, studio):
    hand.click_at(hand.place("h04-1"))
    hand.click_at(hand.place("h06-1"))
    accept(hand)
    hand.count_of = 0
    hand.click_on("#tabs button:nth-child(3)")
    hand.wait("document.querySelectorAll('#panel .row').length > 0 && studio.events.length > 0")
    number = hand.run("studio.number")
    hand.click_button("revert", "#panel")
    hand.wait(f"studio.number === {number + 1}")
    assert "h04-1" in hand.list_homes(A)
    assert hand.count_of <= MOST["7"]


def test_8_a_sheet_of_what_is_seen_is_made_by_a_key(hand):
    hand.key("p")
    hand.wait("document.activeElement.matches('#panel button.main')")
    # The button of the sheet has the focus.
    hand.key(Keys.RETURN)
    hand.wait("studio.making && studio.making.what === 'sheet'")
    assert hand.count_of <= MOST["8"]
    hand.run("studio.cancelTaking() && true")
    hand.wait("!studio.making")
