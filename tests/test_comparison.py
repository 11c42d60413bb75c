"""Two plans side by side: who moved, what became of each sub-grid, and how good each is."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.comparison.changed_homes import gather_homes
from gridplan.comparison.history import compare_versions, list_history
from gridplan.comparison.quality import measure_plan
from gridplan.comparison.renumbering import match_best, measure_likeness
from gridplan.comparison.subgrid_changes import EVENT_KINDS, find_events
from gridplan.redrawing.editing.edit_plan import edit
from gridplan.redrawing.revision.concordance import make_concordance
from gridplan.redrawing.revision.household_matching import follow_households
from gridplan.synthetic import make_board_plan, make_checkerboard
from gridplan.tables.palette import CHANGES
from gridplan.tables.whole_shares import share_groups
from gridplan.tables.words import say
from tests.browser import Window, start_browser

make_board_plan = cache(make_board_plan)
WEST = "0301-001"
EAST = "0301-002"
BOARD = (1, 1, 1, 2, 2, 2) * 2  # six houses of ten households on the left, six on the right


@cache
def draw_board(columns=6, rows=2):
    return make_board_plan((1,) * columns * rows, columns, rows)


def make_plan(part_of=BOARD, columns=6, rows=2):
    """The board with its houses in other sub-grids; only the table of stairwells is changed."""
    plan = draw_board(columns, rows)
    return plan.replace(
        stairwells=plan.stairwells.assign(subgrid=[f"0301-{p:03d}" for p in part_of])
    )


def halve(land):
    """The western and the eastern half of a rectangle."""
    west, south, east, north = land.bounds
    middle = (west + east) / 2
    return box(west, south, middle, north), box(middle, south, east, north)


def list_events(old, new):
    return (
        gp.compare(old, new).events[["kind", "old", "new", "households", "moved"]].values.tolist()
    )


def concord(old, new):
    table = gp.compare(old, new).concordance
    return [tuple(row) for row in table[["old", "new", "households", "kind"]].values.tolist()]


def drop_houses(plan, *houses):
    """The plan with some houses pulled down."""
    gone = [f"{h}-1" for h in houses]
    return plan.replace(
        buildings=plan.site.buildings.drop(index=list(houses)),
        stairwells=plan.stairwells.drop(index=gone),
        neighbours=plan.neighbours[
            ~plan.neighbours["focal"].isin(gone) & ~plan.neighbours["neighbour"].isin(gone)
        ],
    )


def recode(plan, codes):
    """The plan with other codes for its sub-grids."""
    return plan.replace(
        stairwells=plan.stairwells.assign(subgrid=plan.stairwells["subgrid"].replace(codes)),
        subgrids=plan.subgrids.rename(index=codes).sort_index(),
    )


# ---- concordance and events
# -----------------------------------------------------------------------------


def test_two_houses_go_over_to_the_west():
    """The houses of the fourth column: twenty of the sixty households of the east."""
    old = make_plan()
    new = make_plan((1, 1, 1, 1, 2, 2) * 2)
    assert concord(old, new) == [
        (WEST, WEST, 60, "kept"),
        (EAST, WEST, 20, "moved"),
        (EAST, EAST, 40, "kept"),
    ]
    assert gp.compare(old, new).concordance["share"].tolist() == pytest.approx([1, 1 / 3, 2 / 3])
    assert list_events(old, new) == [
        ["shifted", WEST, WEST, 60, 0],
        ["shifted", EAST, EAST, 60, 20],
    ]


def test_a_sub_grid_is_split_in_two():
    old = make_plan((1,) * 12)
    new = make_plan()
    assert concord(old, new) == [(WEST, WEST, 60, "kept"), (WEST, EAST, 60, "moved")]
    assert list_events(old, new) == [["split", WEST, f"{WEST}, {EAST}", 120, 60]]


def test_two_sub_grids_are_merged():
    result = gp.compare(make_plan(), make_plan((1,) * 12))
    assert result.events[["kind", "old", "new"]].values.tolist() == [
        ["merge", f"{WEST}, {EAST}", WEST]
    ]
    assert result.events["sentence"].tolist() == [
        f"{WEST} (60) and {EAST} (60) were merged into {WEST}"
    ]
    assert result.summary["moved"] == result.summary["displaced"] == 60


def test_codes_that_changed_places_displace_nobody():
    """All 120 households have another code, but each has the same neighbours."""
    result = gp.compare(make_plan(), make_plan((2, 2, 2, 1, 1, 1) * 2))
    assert (result.summary["moved"], result.summary["displaced"]) == (120, 0)
    assert result.summary["adjusted_rand"] == 1.0
    assert result.summary["information"] == 0.0
    assert result.events["kind"].tolist() == ["renamed", "renamed"]
    assert (result.quality["difference"].dropna() == 0).all()


def test_a_plan_of_another_maker_is_compared_by_its_households():
    """Rows, not columns, under new names: three of six houses of each half are in either row."""
    rows = recode(make_plan((1,) * 6 + (2,) * 6), {WEST: "south", EAST: "north"})
    result = gp.compare(make_plan(), rows)
    assert (result.summary["moved"], result.summary["displaced"]) == (120, 60)
    assert result.events["kind"].tolist() == ["birth", "birth", "death", "death"]
    assert result.summary["adjusted_rand"] < 0.01
    assert result.summary["information"] == pytest.approx(2.0)


def test_halves_of_the_same_code_go_on():
    """As above, but the rows have the columns' codes: of two equal halves, the name decides."""
    result = gp.compare(make_plan(), make_plan((1,) * 6 + (2,) * 6))
    assert result.events["kind"].tolist() == ["shifted", "shifted"]


def test_three_of_two_are_regrouped():
    """Four columns become three: the middle one takes houses from either side.

    Old   1 1 1 2 2 2      new   1 1 3 3 2 2
    """
    result = gp.compare(make_plan(), make_plan((1, 1, 3, 3, 2, 2) * 2))
    assert result.events[["kind", "old", "new"]].values.tolist() == [
        ["birth", "", "0301-003"],
        ["shifted", WEST, WEST],
        ["shifted", EAST, EAST],
    ]
    assert (
        result.events["sentence"].iloc[0] == f"0301-003 is new: 20 from {WEST} and 20 from {EAST}"
    )


def test_all_that_hangs_together_by_majorities_is_one_event():
    """The west gives its larger part to the east, whose larger part goes to a third.

    Old   1 1 1 2 2 2 2 2      new   1 2 2 2 2 3 3 3
    """
    old = make_plan((1, 1, 1, 2, 2, 2, 2, 2), columns=8, rows=1)
    new = make_plan((1, 2, 2, 2, 2, 3, 3, 3), columns=8, rows=1)
    assert list_events(old, new) == [
        ["regrouped", f"{WEST}, {EAST}", f"{WEST}, {EAST}, 0301-003", 80, 50]
    ]


def test_houses_pulled_down_are_gone_and_new_ones_have_no_old_sub_grid():
    old = make_plan()
    new = make_plan()
    assert concord(old, drop_houses(new, "h01", "h02")) == [
        (WEST, "", 20, "gone"),
        (WEST, WEST, 40, "kept"),
        (EAST, EAST, 60, "kept"),
    ]
    assert concord(drop_houses(old, "h06"), new) == [
        ("", EAST, 10, "new"),
        (WEST, WEST, 60, "kept"),
        (EAST, EAST, 50, "kept"),
    ]
    result = gp.compare(drop_houses(old, "h06"), drop_houses(new, "h01"))
    assert {k: result.summary[k] for k in ("stayed", "moved", "gone", "new")} == {
        "stayed": 100,
        "moved": 0,
        "gone": 10,
        "new": 10,
    }
    assert result.events["sentence"].tolist() == [
        f"{WEST} keeps 50 of its 60 households; 10 are gone",
        f"{EAST} keeps its 50 households; 10 in new homes",
    ]


def test_a_sub_grid_of_new_homes_is_born_and_one_pulled_down_ends():
    right = ("h04", "h05", "h06", "h10", "h11", "h12")
    assert list_events(drop_houses(make_plan(), *right), make_plan())[0] == [
        "birth",
        "",
        EAST,
        60,
        0,
    ]
    assert list_events(make_plan(), drop_houses(make_plan(), *right))[0] == [
        "death",
        EAST,
        "",
        60,
        0,
    ]


def test_a_home_that_fell_out_of_the_plan_has_moved():
    new = make_plan()
    new = new.replace(
        stairwells=new.stairwells.assign(
            subgrid=new.stairwells["subgrid"].where(new.stairwells.index != "h01-1", "")
        )
    )
    assert (WEST, "", 10, "moved") in concord(make_plan(), new)
    assert gp.compare(make_plan(), new).summary["displaced"] == 10


def test_a_building_that_was_counted_again_stays():
    """Fifteen households where ten were estimated: the old number counts, nobody is new."""
    new = make_plan()
    new = new.replace(stairwells=new.stairwells.assign(households=15))
    assert concord(make_plan(), new) == [(WEST, WEST, 60, "kept"), (EAST, EAST, 60, "kept")]


def test_sentences_are_in_chinese_too():
    flows = follow_households(make_plan((1,) * 12), make_plan())
    assert find_events(make_concordance(flows), "zh")["sentence"].tolist() == [
        f"{WEST} 拆分：60 户划入 {WEST}、60 户划入 {EAST}"
    ]


# ---- quality
# -----------------------------------------------------------------------------


def test_quality_stands_side_by_side():
    """Halves of sixty, and eight houses against four: both are out of the band of 50 to 70."""
    table = gp.compare(make_plan(), make_plan((1, 1, 1, 1, 2, 2) * 2)).quality
    city = table[table["level"] == "city"].set_index("figure")
    assert city.loc["in_band", ["old", "new", "difference", "percent"]].tolist() == [
        1.0,
        0.0,
        -1.0,
        -100.0,
    ]
    assert city.loc["spread", ["old", "new"]].tolist() == pytest.approx([0.0, 1 / 3])
    steps = (
        (3 + 2 * 2**0.5) * 30 / 6
    )  # five houses of six walk: three beside the centre, two aslant
    assert city.loc["mean_walk", "old"] == pytest.approx(steps)
    figures = table[(table["level"] == "community") & (table["of"] == "0301")].set_index("figure")
    assert figures[["old", "new"]].equals(city[["old", "new"]])


def test_what_cannot_be_walked_to_is_not_contiguous_and_without_neighbours_nothing_is_said():
    torn = make_plan((1, 1, 2, 2, 2, 1) * 2)
    assert measure_plan(torn).loc["", "non_contiguous"] == 1
    assert np.isnan(
        measure_plan(torn.replace(neighbours=torn.neighbours.iloc[:0])).loc["", "non_contiguous"]
    )


def test_both_plans_are_judged_by_one_set_of_rules():
    old = make_plan()
    new = make_plan()
    wide = gp.Rules().replace(urban={"low": 70, "target": 80, "high": 90})
    result = gp.compare(old.replace(manifest=old.manifest | {"rules": wide.to_dict()}), new)
    assert result.summary["other_rules"]
    assert "judged by the new plan's rules" in str(result)
    city = result.quality[result.quality["level"] == "city"].set_index("figure")
    assert city.loc["in_band", ["old", "new"]].tolist() == [1.0, 1.0]
    assert (
        gp.compare(old, new, wide)
        .quality.set_index(["level", "figure"])
        .loc[("city", "in_band"), "new"]
        == 0.0
    )


def test_a_release_is_not_compared():
    plan = make_plan()
    with pytest.raises(gp.errors.PlanError, match="working plans"):
        gp.compare(plan, plan.replace(manifest=plan.manifest | {"release": {"seal": "x"}}))


def test_communities_that_only_one_plan_has_are_listed():
    """The board becomes another community's: its old figures have nothing beside them."""
    old = make_plan()
    new = make_plan()
    other = new.site.communities.rename(index={"0301": "0302"})
    new = new.replace(communities=other, stairwells=new.stairwells.assign(community="0302"))
    result = gp.compare(old, new)
    figures = result.quality.set_index(["of", "figure"])
    assert np.isnan(figures.loc[("0301", "subgrids"), "new"])
    assert figures.loc[("0302", "subgrids"), ["old", "new"]].isna().tolist() == [True, False]
    assert result.summary["moved"] == 0
    assert str(result)


# ---- whatever the plans
# -----------------------------------------------------------------------------

parts = st.lists(st.integers(1, 4), min_size=12, max_size=12)
some_houses = st.sets(st.sampled_from([f"h{n:02d}" for n in range(1, 13)]), max_size=5)


@settings(max_examples=8, deadline=None)
@given(parts, parts, some_houses, some_houses)
def test_households_are_neither_lost_nor_made(first, second, unbuilt, gone):
    old = drop_houses(make_plan(first), *unbuilt)
    new = drop_houses(make_plan(second), *gone)
    flows = follow_households(old, new)
    table = make_concordance(flows)
    shares = table[table["old"] != ""].groupby("old")["share"].sum()
    assert shares.to_numpy() == pytest.approx(1.0)
    assert table.loc[table["old"] != "", "households"].sum() == old.stairwells["households"].sum()
    assert table.loc[table["new"] != "", "households"].sum() == new.stairwells["households"].sum()
    events = find_events(table)
    for side, plan in (("old", old), ("new", new)):
        listed = [code for codes in events[side] if codes for code in codes.split(", ")]
        assert sorted(listed) == sorted(set(plan.stairwells["subgrid"]))
    assert events["moved"].sum() == table.loc[table["kind"] == "moved", "households"].sum()


@settings(max_examples=8, deadline=None)
@given(parts, parts)
def test_backwards_is_as_far_as_forwards(first, second):
    there, back = (
        follow_households(make_plan(a), make_plan(b)) for a, b in ((first, second), (second, first))
    )
    tables = [make_concordance(flows) for flows in (there, back)]
    assert sorted(tables[0]["households"]) == sorted(tables[1]["households"])
    likeness = [measure_likeness(*number(t)) for t in tables]
    assert likeness[0] == pytest.approx(likeness[1])
    kept = [t.loc[match_best(*number(t)), "households"].sum() for t in tables]
    assert kept[0] == kept[1]
    assert kept[0] >= tables[0].loc[tables[0]["kind"] == "kept", "households"].sum()


def number(table):
    old, new = (np.unique(table[side], return_inverse=True)[1] for side in ("old", "new"))
    return old, new, table["households"].to_numpy()


@settings(max_examples=5, deadline=None)
@given(parts)
def test_compared_with_itself_nobody_moves(part):
    plan = make_plan(part)
    result = gp.compare(plan, plan)
    assert (
        result.summary["moved"],
        result.summary["displaced"],
        result.summary["gone"],
        result.summary["new"],
    ) == (0, 0, 0, 0)
    assert set(result.events["kind"]) == {"kept"}
    assert result.summary["adjusted_rand"] == 1.0
    assert (result.quality["difference"].dropna() == 0).all()


@settings(max_examples=5, deadline=None)
@given(parts, parts, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(first, second, chance):
    old = make_plan(first)
    new = make_plan(second)
    mixed = [
        p.replace(stairwells=p.stairwells.sample(frac=1, random_state=chance.randrange(99)))
        for p in (old, new)
    ]
    one = gp.compare(old, new)
    other = gp.compare(*mixed)
    for table in ("concordance", "events", "moved", "quality", "subgrids"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=20
    )
)
def test_a_total_is_shared_out_whole(rows):
    total = {g: t for t, _, g in rows}
    group = np.unique([g for _, _, g in rows], return_inverse=True)[1]
    given_out = share_groups(
        np.array([total[g] for g in sorted(total)]), np.array([float(w) for _, w, _ in rows]), group
    )
    assert (given_out >= 0).all()
    sums = dict(
        zip([g for _, _, g in rows], np.bincount(group, given_out)[group].tolist(), strict=True)
    )
    assert sums == total


# ---- what is shown
# -----------------------------------------------------------------------------


def test_the_report_is_a_screen_and_its_values_are_plain():
    result = gp.compare(make_plan(), make_plan((1, 1, 1, 1, 2, 2) * 2))
    text = str(result)
    assert len(text.splitlines()) < 45
    assert "20 of the 120 households that stay (16.7%)" in text
    assert "in band (%)" in text
    shown = json.loads(json.dumps(result.to_dict()))
    assert shown["summary"]["events"]["shifted"] == 2
    assert shown["concordance"][0] == {
        "community": "0301",
        "old": WEST,
        "new": WEST,
        "households": 60,
        "share": 1.0,
        "kind": "kept",
    }


def test_two_communities_in_which_nobody_moved_have_no_list_of_places():
    site = make_checkerboard()
    east = site.buildings.geometry.centroid.x > site.buildings.geometry.centroid.x.mean()
    west_land, east_land = halve(site.communities.geometry.iloc[0])
    rows = site.communities.reset_index().iloc[[0, 0]]
    rows = rows.assign(community=["0301", "0302"], geometry=[west_land, east_land])
    buildings = site.buildings.assign(community=np.where(east, "0302", "0301"))
    two = gp.divide(site.replace(communities=rows.set_index("community"), buildings=buildings))
    same = gp.compare(two, two)
    assert same.moved["level"].tolist() == ["city", "community", "community"]
    assert "0 of the 120 households" in str(same)
    assert "community  " not in str(same)


def test_codes_are_escaped_in_a_notebook():
    odd = recode(make_plan(), {WEST: "<b>"})
    assert "<b>" not in gp.compare(make_plan(), odd)._repr_html_()


# ---- history
# -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The board, and the board with two houses gone over, on disk."""
    folder = tmp_path_factory.mktemp("plans")
    gp.write_plan(make_board_plan(), folder / "old")
    gp.write_plan(make_board_plan((1, 1, 1, 1, 2, 2) * 2), folder / "new")
    return folder


def test_the_history_lists_what_was_done_and_the_log_makes_it_again(tmp_path):
    base = make_board_plan()
    edited = edit(
        base, "move building h04 to 0301-001", by="planning office", date="2026-11-24"
    ).plan
    table = list_history(edited)
    assert table[["date", "by", "verb", "moved", "subgrids"]].values.tolist()[1] == [
        "2026-11-24",
        "planning office",
        "edit",
        10,
        2,
    ]
    assert (
        table["version"].iloc[0]
        == list_history(base)["version"].iloc[-1]
        != table["version"].iloc[1]
    )
    gp.write_plan(edited, tmp_path / "plan")
    shown = run("history", tmp_path / "plan", "--csv", tmp_path / "h.csv")
    assert "planning office" in shown
    assert len(pd.read_csv(tmp_path / "h.csv")) == 2
    log = run("history", tmp_path / "plan", "--log")
    assert edit(base, log).plan.stairwells.equals(edited.stairwells)


def test_versions_stand_below_each_other(folder):
    plans = {
        "first": make_board_plan(),
        "second": make_board_plan((1, 1, 1, 1, 2, 2) * 2),
        "third": make_board_plan((1,) * 12),
    }
    table, steps = compare_versions(plans)
    assert table["subgrids"].tolist() == [2, 2, 1]
    assert table["moved"].tolist() == [pd.NA, 20, 40]
    assert table["in_band"].tolist() == [1.0, 0.0, 0.0]
    assert [step.summary["moved"] for step in steps] == [20, 40]
    assert "33.3%" in run("history", folder / "old", folder / "new")


def test_one_plan_has_nothing_to_be_compared_with():
    with pytest.raises(gp.errors.InputError, match="two or more"):
        compare_versions({"one": make_board_plan()})


# ---- map and verbs
# -----------------------------------------------------------------------------


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_the_verb_compare_writes_tables_map_and_picture(folder, tmp_path):
    words = (
        "--csv",
        tmp_path / "csv",
        "--map",
        tmp_path / "map.html",
        "--plot",
        tmp_path / "plot.png",
    )
    shown = run("compare", folder / "old", folder / "new", *words)
    assert f"{EAST} keeps 40 of its 60 households" in shown
    assert sorted(p.stem for p in (tmp_path / "csv").iterdir()) == [
        "concordance",
        "events",
        "moved",
        "quality",
        "subgrids",
    ]
    assert pd.read_csv(tmp_path / "csv" / "concordance.csv")["households"].sum() == 120
    assert 'makeView("change")' in (tmp_path / "map.html").read_text(encoding="utf-8")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_plans_give_the_same_page(tmp_path):
    old = make_board_plan()
    new = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    pages = [
        gp.write_map(gp.draw_map(new, gp.compare(old, new)), tmp_path / f"{n}.html").read_bytes()
        for n in range(2)
    ]
    assert pages[0] == pages[1]


def test_buildings_are_sorted_by_what_happened_to_their_households():
    """A house with one moved part has moved; a demolished one is described by the old plan."""
    old = make_plan()
    new = drop_houses(make_plan((1, 1, 1, 1, 2, 2) * 2), "h01")
    homes = gather_homes(follow_households(drop_houses(old, "h12"), new))
    assert homes == {
        "moved": {"h04": [(EAST, WEST, 10)], "h10": [(EAST, WEST, 10)]},
        "new": {"h12": [("", EAST, 10)]},
        "gone": {"h01": [(WEST, "", 10)]},
    }


def test_every_kind_of_event_has_a_colour_and_words_in_both_languages():
    assert set(CHANGES) == set(EVENT_KINDS)
    for kind in EVENT_KINDS:
        assert say(f"event_{kind}", "zh") != say(f"event_{kind}", "en")


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield Window(driver)
    driver.quit()


def open_difference(window, folder, layers="classes", lang="en"):
    """Two houses go over, one is gone and one is new; the network is off."""
    old = drop_houses(make_board_plan(), "h12")
    new = drop_houses(make_board_plan((1, 1, 1, 1, 2, 2) * 2), "h01")
    page = gp.write_map(
        gp.draw_map(new, gp.compare(old, new), layers=layers, lang=lang),
        folder / "map.html",
        overwrite=True,
    )
    window.open(page)
    window.wait("document.documentElement.dataset.gridplanChange === 'ready'")
    assert window.read_logs() == ([], [])
    return {
        code: new.site.buildings.to_crs(4326).geometry.centroid.get(code) for code in ("h04", "h12")
    }


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore:Geometry is in a geographic CRS")
@pytest.mark.parametrize("layers", ["classes", "tiles"])
def test_the_page_says_what_became_of_homes_and_sub_grids(layers, window, tmp_path):
    homes = open_difference(window, tmp_path, layers)
    assert (
        window.run("stage.records.code.map((c, row) => stage.fill(row))")
        == [CHANGES["shifted"]] * 2
    )
    if layers == "classes":
        drawn = window.run(
            "[...document.querySelectorAll('.leaflet-gp-fills-pane path')]"
            ".map((p) => p.getAttribute('fill'))"
        )
        assert drawn == [CHANGES["shifted"]] * 2
    tooltip = window.hover([homes["h04"].x, homes["h04"].y])
    assert f"10 households: {EAST} → {WEST}" in tooltip
    assert f"{WEST} keeps 50 of its 60 households" in tooltip
    assert f"10 new households in {EAST}" in window.hover([homes["h12"].x, homes["h12"].y])
    shown = window.read(".gp-legend")
    assert all(
        word in shown
        for word in ("households move", "home in another sub-grid", "new home", "home that is gone")
    )
    assert window.count(".gp-events button") == 2
    window.choose_layer(say("changed_homes"))
    assert "→" not in window.hover([homes["h04"].x, homes["h04"].y])
    window.find(".gp-events button").click()
    assert "keeps" in window.read(".gp-tip")
    window.choose_layer(say("view_band"))
    assert window.run("getComputedStyle(document.querySelector('.gp-change')).display") == "none"
    assert window.read_logs() == ([], [])


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore:Geometry is in a geographic CRS")
def test_a_chinese_page_says_all_of_it_in_chinese(window, tmp_path):
    open_difference(window, tmp_path, lang="zh")
    shown = (
        window.read(".gp-change")
        + window.read(".gp-legend")
        + window.read(".leaflet-control-layers")
    )
    assert "边界调整" in shown
    letters = set(re.findall("[A-Za-z]{2,}", shown))
    assert letters == {"gridplan"}
