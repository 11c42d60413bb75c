"""Every verb of the studio by keys alone, what a mouse does beyond the tasks, and why not."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.studio_hand import show_village

# h10 h11 h12 h13 | h14 h15 | h16 h17 h18: eighty households, forty and sixty; h05 is a tower.
# h01 h02 h03 h04 | h05 h06 | h07 h08 h09
VILLAGE = (1, 1, 1, 1, 2, 2, 3, 3, 3) * 2
A, B, C = "0301-001", "0301-002", "0301-003"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with show_village(tmp_path_factory.mktemp, VILLAGE) as studio:
        yield studio


@pytest.fixture
def hand(studio):
    studio.take_all_back()
    studio.hand.begin()
    studio.hand.run("studio.stage.over.focus() || true")
    return studio.hand


def press(hand, *keys):
    for key in keys:
        hand.key(*key) if isinstance(key, tuple) else hand.key(key)


def accept(hand):
    hand.wait("studio.foreseen")
    before = hand.run("studio.number")
    hand.key(Keys.RETURN)
    hand.wait(f"studio.number === {before + 1}")


def choose(hand, code):
    """Choose a sub-grid of the village by keys alone: to one of its homes, then the whole."""
    steps = {A: 0, B: 5, C: 8}[code]
    press(hand, *[Keys.ARROW_RIGHT] * (steps + 1), "w")
    hand.wait("studio.chosen.whole")
    assert hand.run("studio.codesChosen()") == [code]


def get_new(studio):
    event = studio.session.desk.events[-1]
    return next(code for code, (before, _) in event.effect.grids.items() if not before)


# By keys alone


def test_a_home_goes_to_a_neighbour_by_its_number_and_back(hand):
    press(hand, *[Keys.ARROW_RIGHT] * 4, (Keys.SHIFT, Keys.ARROW_UP))
    assert hand.run("studio.chosen.homes.size") == 2
    press(hand, "g")
    assert hand.run("studio.near") == [B]
    press(hand, "1")
    accept(hand)
    assert hand.list_homes(B)[0] == "h04-1"
    press(hand, (Keys.CONTROL, "z"))
    hand.wait("studio.number % 2 === 0 && studio.steps.redo")
    assert hand.list_homes(A)[-1] == "h13-1"
    press(hand, (Keys.CONTROL, Keys.SHIFT, "z"))
    hand.wait("studio.steps.redo === 0")
    assert "h13-1" in hand.list_homes(B)


def test_a_new_sub_grid_a_merge_and_a_split_by_keys(hand, studio):
    press(hand, Keys.ARROW_RIGHT, (Keys.SHIFT, Keys.ARROW_RIGHT), "g", "0")
    accept(hand)
    new = get_new(studio)
    assert hand.list_homes(new) == ["h01-1", "h02-1"]
    # h02 and h03 lie in two sub-grids, whose whole is merged.
    press(hand, *[Keys.ARROW_RIGHT] * 2, (Keys.SHIFT, Keys.ARROW_RIGHT), "w", "m")
    accept(hand)
    assert hand.list_homes(new) == []
    choose(hand, A)
    press(hand, "x")
    hand.wait("studio.drawing && studio.foreseen")
    press(hand, "3")
    hand.wait("studio.drawing.parts === 3")
    accept(hand)
    assert len(studio.session.desk.events[-1].effect.grids) == 2


def test_a_line_and_an_outline_are_drawn_by_keys(hand, studio):
    choose(hand, A)
    press(hand, "x")
    hand.wait("studio.drawing && studio.foreseen")
    # From the first house's place down, then up again: between no other houses than these.
    press(hand, Keys.ARROW_DOWN, *[Keys.ARROW_RIGHT] * 5, Keys.SPACE)
    press(hand, *[(Keys.SHIFT, Keys.ARROW_UP)] * 4, Keys.SPACE, Keys.SPACE, Keys.BACKSPACE)
    press(hand, Keys.RETURN)
    hand.wait("studio.drawing.finished && studio.foreseen")
    accept(hand)
    assert "along" in studio.session.desk.events[-1].lines[0]
    press(hand, Keys.ESCAPE, Keys.ESCAPE, "d")
    for arrow in (Keys.ARROW_LEFT, Keys.ARROW_DOWN, Keys.ARROW_RIGHT):
        press(hand, *[(Keys.SHIFT, arrow)] * 3, Keys.SPACE)
    press(hand, Keys.RETURN)
    accept(hand)
    assert studio.session.desk.events[-1].lines[0].startswith("enclose ")


def test_locks_centres_and_codes_by_keys(hand, studio):
    press(hand, Keys.ARROW_RIGHT, "c")
    accept(hand)
    assert studio.session.desk.state.centres == {A: "h01-1"}
    press(hand, Keys.ARROW_RIGHT, (Keys.SHIFT, "c"))
    accept(hand)
    assert studio.session.desk.state.centres == {}
    choose(hand, B)
    press(hand, "k")
    hand.wait(f"studio.locks.has('subgrid:{B}')")
    press(hand, "k")
    hand.wait("studio.locks.size === 0")
    press(hand, "r")
    field = hand.find("#recode")
    field.clear()
    field.send_keys(C)
    assert "already" in hand.read("#recode-says")
    assert hand.run("document.querySelector('#choice .main').disabled")
    field.clear()
    field.send_keys("0301-077")
    hand.wait("!document.querySelector('#choice .main').disabled")
    field.send_keys(Keys.RETURN)
    hand.wait("studio.stage.open.get('0301').place.has('0301-077')")
    assert "h06-1" in hand.list_homes("0301-077")


def test_a_fault_is_found_tried_and_dropped_by_keys_and_keys_are_shown(hand):
    press(hand, "n")
    hand.wait("document.querySelector('#panel .now .advice')")
    press(hand, "t")
    hand.wait("studio.foreseen")
    press(hand, Keys.ESCAPE)
    assert hand.run("!studio.foreseen && studio.chosen.homes.size > 0")
    press(hand, (Keys.SHIFT, "n"))
    hand.wait("document.querySelectorAll('#panel .row').length >= 2")
    press(hand, "?")
    assert "Backspace" in hand.read("#panel")
    # What an input method composes is no key of the page.
    before = hand.run("studio.tool")
    hand.run(
        "document.dispatchEvent(new KeyboardEvent('keydown',"
        " {code: 'KeyB', keyCode: 229, bubbles: true}))"
    )
    hand.run(
        "document.dispatchEvent(new KeyboardEvent('keydown',"
        " {code: 'KeyB', isComposing: true, bubbles: true}))"
    )
    assert hand.run("studio.tool") == before


def test_floors_of_a_tower_are_chosen_by_dragging_and_by_keys(hand):
    hand.click_at(hand.place("h05-1"))
    hand.wait("document.querySelectorAll('#floors .floor').length === 3")
    assert hand.read("#floors .floor").split() == ["9–7", "3", "households", "002"]
    rows = hand.driver.find_elements("css selector", "#floors .floor")
    chain = hand.chain().click_and_hold(rows[0]).move_to_element(rows[1]).release()
    chain.perform()
    assert hand.run("studio.chosen.homes.size") == 2
    hand.click_at(hand.place("h04-1"))
    accept(hand)
    assert [h for h in hand.list_homes(A) if h.startswith("h05")] == ["h05-2", "h05-3"]
    press(hand, *[Keys.ARROW_RIGHT] * 1)
    hand.click_at(hand.place("h06-1"))
    press(hand, Keys.ESCAPE, Keys.ESCAPE)
    hand.run(
        "studio.choose([...studio.stage.open.values()][0], [studio.stage.open.get('0301')"
        ".homeAt.get('h05-1')]) || true"
    )
    press(hand, "f", (Keys.SHIFT, Keys.ARROW_DOWN))
    assert hand.run("studio.chosen.homes.size") == 3


# By mouse, beyond the tasks


def test_what_is_chosen_is_dragged_onto_a_neighbour_and_nothing_else_moves(hand):
    hand.click_at(hand.place("h04-1"))
    # A drag from a home that is not chosen is a box, and moves nothing.
    hand.drag(hand.place("h13-1"), hand.place("h15-1"))
    assert not hand.run("studio.foreseen")
    hand.click_at(hand.place("h09-1", dx=1.2, dy=1.0))
    press(hand, Keys.ESCAPE, Keys.ESCAPE)
    hand.click_at(hand.place("h04-1"))
    start = hand.place("h04-1")
    hand.drag(start, (start[0] + 4, start[1]))
    assert not hand.run("studio.foreseen")
    hand.drag(start, hand.place("h06-1"))
    hand.wait("studio.foreseen")
    assert hand.run("studio.foreseen.lines") == [f'move building "h04" to "{B}"']
    accept(hand)


def test_undo_waits_for_a_stroke(hand):
    hand.click_at(hand.place("h04-1"))
    hand.click_at(hand.place("h06-1"))
    accept(hand)
    number = hand.run("studio.number")
    view = hand.run("[studio.stage.scale, studio.stage.left, studio.stage.upper]")
    press(hand, "b")
    hand.drag(hand.place("h01-1"), hand.place("h02-1"), releases=False)
    press(hand, (Keys.CONTROL, "z"))
    assert hand.run("studio.number") == number
    hand.let_go()
    hand.wait(f"studio.number === {number + 1}")
    # The spot is in view: nothing moves or zooms.
    assert hand.run("[studio.stage.scale, studio.stage.left, studio.stage.upper]") == view


def test_the_brush_takes_from_where_it_began_and_turns_round(hand):
    press(hand, "b")
    size = hand.run("studio.brush")
    press(hand, "]", "]", "[")
    hand.click_on("#brush-size button:nth-child(2)")
    hand.click_on("#brush-size button:nth-child(1)")
    assert hand.run("studio.brush") > size
    hand.drag(hand.place("h03-1"), hand.place("h04-1"), hand.place("h05-1"))
    assert hand.run("[...studio.chosen.homes].length") == 2
    hand.click_at(hand.place("h06-1"))
    hand.wait("studio.foreseen")
    hand.chain().context_click(hand.find("#over")).perform()
    assert hand.run("[studio.pair.from, studio.pair.to]") == [B, A]
    hand.drag(hand.place("h06-1"), hand.place("h06-1", dx=0.4))
    hand.wait("studio.foreseen && studio.foreseen.moves.code === '0301-001'")
    # From all with Alt.
    press(hand, Keys.ESCAPE, Keys.ESCAPE)
    places = [hand.place("h03-1"), hand.place("h04-1"), hand.place("h05-1")]
    hand.drag(*places, held=Keys.ALT)
    assert hand.run("[...studio.chosen.homes].length") == 5


def test_a_border_is_pushed_over_the_homes_that_it_passes(hand):
    (x4, y), (x5, _) = hand.place("h04-1", dy=0), hand.place("h05-1", dy=0)
    hand.hover(((x4 + x5) / 2, y))
    assert hand.run("studio.stage.over.dataset.over") == "border"
    hand.drag(((x4 + x5) / 2, y), (x4 + 20, y), (x4, y))
    hand.wait("studio.foreseen")
    assert hand.run("studio.foreseen.moves.code") == B
    accept(hand)
    assert "h04-1" in hand.list_homes(B)


def test_the_pending_list_is_pruned(hand):
    for n, home in enumerate(("h02-1", "h03-1", "h04-1")):
        hand.click_at(hand.place(home), *([Keys.SHIFT] if n else []))
    hand.click_at(hand.place("h06-1"))
    hand.wait("document.querySelectorAll('.pick button').length === 3")
    hand.find(".pick button").click()
    hand.wait("document.querySelectorAll('.pick button').length === 2")
    assert hand.run("studio.foreseen.lines") == [f'move building "h03" "h04" to "{B}"']


def test_a_star_makes_a_centre_and_a_button_leaves_it_to_gridplan(hand, studio):
    hand.click_at(hand.place_badge(C))
    x, y = hand.place("h09-1", dy=0)
    hand.click_at((x, y - 15))
    accept(hand)
    assert studio.session.desk.state.centres == {C: "h09-1"}
    hand.click_at(hand.place_badge(C))
    hand.click_button("centre_free")
    accept(hand)
    assert studio.session.desk.state.centres == {}


def test_an_outline_takes_in_what_lies_in_it(hand, studio):
    press(hand, "d")
    (x0, y0), (x1, y1) = hand.place("h03-1"), hand.place("h13-1")
    hand.drag((x0 - 25, y0 + 20), (x1 + 25, y0 + 20), (x1 + 25, y1 - 40), (x0 - 25, y1 - 40))
    hand.wait("studio.foreseen")
    assert len(hand.run("studio.chosen.community.codes")) >= 3
    hand.click_button("outline_into", code="002")
    hand.wait(f"studio.foreseen && studio.foreseen.lines[0].includes('in {B}')")
    accept(hand)
    assert hand.list_homes(B)[:2] == ["h03-1", "h04-1"]
    assert studio.session.desk.events[-1].lines[0].endswith("moving h03-1 h04-1 h12-1 h13-1")


# Why not


def test_what_cannot_be_done_says_why_with_the_button_that_cures_it(hand):
    hand.click_at(hand.place_badge(B))
    press(hand, "k")
    hand.wait("studio.locks.size === 1")
    press(hand, Keys.ESCAPE, Keys.ESCAPE)
    hand.click_at(hand.place("h04-1"))
    hand.hover(hand.place("h06-1"))
    assert "locked" in hand.read("#card")
    hand.click_at(hand.place("h06-1"))
    assert "sub-grid 002 is locked" in hand.read("#why")
    assert not hand.run("studio.foreseen")
    hand.click_on("#why .main")
    # Unlocked, it goes on where it stopped.
    hand.wait("studio.locks.size === 0 && studio.foreseen")
    accept(hand)
    assert "h04-1" in hand.list_homes(B)


def test_locks_are_listed_with_their_notes_and_opened_from_there(hand):
    hand.click_on("#tabs button:nth-child(5)")
    hand.wait("studio.lockNumber === studio.number")
    hand.find("#lock-note").send_keys('school "buses" # 9')
    hand.click_at(hand.place("h04-1"))
    hand.click_button("lock_these", "#panel")
    hand.wait("document.querySelector('[data-lock=\"building:h04\"]')")
    assert 'school "buses" # 9' in hand.read('[data-lock="building:h04"]')
    hand.click_button("lock_all", "#panel")
    hand.wait("studio.locks.size === 2")
    hand.wait("document.querySelectorAll('[data-lock]').length === 2")
    hand.click_button("unlock_all", "#panel")
    hand.wait("studio.locks.size === 0")


def test_what_the_page_foresees_is_what_the_server_says(hand, studio):
    """Sides of lines, figures, buildings cut: reckoned twice, and the same."""
    hand.click_at(hand.place_badge(A))
    press(hand, "x")
    hand.wait("studio.drawing && studio.foreseen")
    seen = hand.run(
        "(() => { const line = [[2000, -500], [2000, 7000]];"
        " return studio.foreseeDrawn(line).map((r) => r.after.households).sort(); })()"
    )
    x, y = studio.session.origin.place(2000, 0)
    line = f"split {A} along {x},{y} {x},{y + 1}"
    trial = studio.session.desk.try_lines([line])
    # What is whole: the part of a tower counts as a building cut, and so do compounds.
    wholes = hand.run(
        "(() => { const c = studio.drawing.c; c.compound = c.homes.map((_, n) => (n % 3) - 1);"
        " return c.countWholes(['h01-1', 'h02-1', 'h05-1'].map((h) => c.homeAt.get(h))); })()"
    )
    assert wholes == {"cut": 1, "compounds": 1}
    table = studio.session.desk.measure(trial.effect.subgrids, trial.state)
    assert seen == sorted(table["households"].tolist())
