"""Plans drawn by others, and plans back from QGIS: repaired, with the same homes in each grid."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.errors import InputError, PersonalDataError
from gridplan.redrawing.editing.changes_as_commands import write_commands
from gridplan.redrawing.editing.edit_plan import edit as edit_plan
from gridplan.redrawing.editing.edit_plan import write_log
from gridplan.redrawing.importing.edited_file import read_edited, read_grids
from gridplan.redrawing.importing.grids_to_plan import import_grids
from gridplan.redrawing.importing.old_grids import clean_grids
from gridplan.redrawing.importing.qgis_edits import import_edits, recover_codes
from gridplan.redrawing.importing.subgrid_codes import name_grids
from gridplan.redrawing.revision.building_matching import match_stairwells
from gridplan.redrawing.revision.locks import lock
from gridplan.rules.all_rules import Rules
from gridplan.synthetic.board_plan import (
    CRS,
    X0,
    Y0,
    make_board_plan,
    make_checkerboard,
    make_table,
)

RULES = Rules().replace(urban={"low": 50, "target": 60, "high": 70}, exclusive={"drawn": False})
REAL = Path(__file__).parents[2] / "shared" / "data" / "liechtenstein"
NUMBERS = 12  # houses of the board: h07 h08 h09 h10 h11 h12 over h01 h02 h03 h04 h05 h06


def cells(west, east, south=0, north=60):
    """A part of the board: its columns from ``west`` to ``east`` (30 m each)."""
    return box(X0 + 30 * west, Y0 + south, X0 + 30 * east, Y0 + north)


def make_layer(rows, crs=CRS, column="code"):
    return gpd.GeoDataFrame(
        {column: [code for code, _ in rows]}, geometry=[shape for _, shape in rows], crs=crs
    )


def list_homes(plan):
    """Houses by sub-grid, such as {'A': '01 02 07', 'B': '03 04'}."""
    own = plan.stairwells["subgrid"]
    return {code: " ".join(s[1:3] for s in rows.index) for code, rows in own.groupby(own)}


def list_done(plan):
    """The import's part of the ledger: how often each action was taken for which reason."""
    rows = plan.site.ledger[plan.site.ledger["step"] == "import"]
    return {" ".join(r.reason.split()[:5]): (r.action, r.count) for r in rows.itertuples()}


def take(layer, site=None, **more):
    return import_grids(layer, site or make_checkerboard(), RULES, **more)


# ---- layers of old grids


def test_a_clean_layer_becomes_a_plan_with_its_codes_and_nothing_to_report():
    plan = take(make_layer([("A", cells(0, 3)), ("B", cells(3, 6))]))
    assert list_homes(plan) == {"A": "01 02 03 07 08 09", "B": "04 05 06 10 11 12"}
    assert plan.subgrids["households"].to_dict() == {"A": 60, "B": 60}
    assert plan.subgrids["area"].round(3).to_dict() == {"A": 5400.0, "B": 5400.0}
    assert plan.exceptions.empty
    assert list_done(plan) == {}
    result = gp.audit(plan)
    assert result.passed
    assert result.findings["rule"].tolist() == ["codes"]  # theirs do not begin with the community's


def test_gaps_are_filled_and_homes_in_them_go_to_the_nearest_on_foot():
    """Columns 3 and 6 are in no grid: h03 and h09 are as near to A as to B, the others to B."""
    plan = take(make_layer([("A", cells(0, 2)), ("B", cells(3, 5))]))
    assert list_homes(plan)["B"].endswith("11 12")
    assert set(list_homes(plan)["A"].split()) | {"03", "09"} >= {"01", "02", "07", "08"}
    assert plan.subgrids["area"].sum() == pytest.approx(180 * 60)
    done = list_done(plan)
    assert done["home in no grid: given"] == ("attached", 4)
    assert done["pieces of land in no"] == ("noted", 2)


def test_a_home_over_a_barrier_goes_to_the_grid_that_can_be_walked_to():
    """A wall runs east of the fourth column, so h05 cannot walk to A, which is nearer than B."""
    wall = make_table(
        "barriers",
        [{"barrier": "w", "kind": "wall", "hard": True, "geometry": cells(4, 4.001, -9, 69)}],
    )
    grids = make_layer([("A", cells(0, 4)), ("B", cells(5, 6))])
    assert list_homes(take(grids, make_checkerboard().replace(barriers=wall))) == {
        "A": "01 02 03 04 07 08 09 10",
        "B": "05 06 11 12",
    }


def test_overlaps_go_to_the_grid_that_holds_more_and_else_to_the_smaller():
    """B lies over a part of A; D holds slices of h02, h03, h08 and h09, but A holds all of them."""
    plan = take(
        make_layer(
            [("A", cells(0, 5)), ("B", cells(3, 5)), ("C", cells(5, 6)), ("D", cells(1.6, 2.2))]
        )
    )
    assert list_homes(plan) == {"A": "01 02 03 07 08 09", "B": "04 05 10 11", "C": "06 12"}
    done = list_done(plan)
    assert done["overlaps of two grids, 4680.0"] == (
        "noted",
        2,
    )  # 60 m by 60 m of A and B, 18 m by 60 m of A and D
    assert done["grid without a home on"] == ("dropped", 1)


def test_slivers_are_distinguished_from_overlaps():
    plan = take(make_layer([("A", cells(0, 3.001)), ("B", cells(3, 6))]))
    assert list_done(plan)["slivers that two grids share,"] == ("noted", 1)
    assert list_homes(plan) == {"A": "01 02 03 07 08 09", "B": "04 05 06 10 11 12"}


def test_invalid_rings_lines_and_empty_shapes_are_repaired_or_dropped():
    """A is a bow tie over both ends of the board; x is a line, y has no shape, z has no area."""
    bow = Polygon([(X0, Y0), (X0 + 180, Y0 + 60), (X0 + 180, Y0), (X0, Y0 + 60)])
    line = shapely.LineString([(X0, Y0), (X0 + 5, Y0)])
    rows = [
        ("A", bow),
        ("B", cells(2, 4)),
        ("x", line),
        ("y", None),
        ("z", box(X0, Y0, X0 + 9, Y0)),
    ]
    plan = take(make_layer(rows))
    assert list_homes(plan) == {"A": "01 02 05 06 07 08 11 12", "B": "03 04 09 10"}
    exceptions = sorted(zip(plan.exceptions["subgrid"], plan.exceptions["rule"], strict=True))
    assert exceptions == [("A", "contiguity"), ("A", "households"), ("B", "households")]
    assert list_done(plan)["outline was not valid"] == ("repaired", 1)
    assert list_done(plan)["grid without an area"] == ("dropped", 3)


def test_a_grid_of_several_pieces_is_one_whether_it_comes_as_one_row_or_two():
    """The pieces of A are at both ends: the sub-grid is torn, which is listed, not repaired."""
    one = take(make_layer([("A", MultiPolygon([cells(0, 1), cells(5, 6)])), ("B", cells(1, 5))]))
    two = take(make_layer([("A", cells(0, 1)), ("B", cells(1, 5)), (" A ", cells(5, 6))]))
    assert (
        list_homes(one) == list_homes(two) == {"A": "01 06 07 12", "B": "02 03 04 05 08 09 10 11"}
    )
    for plan in (one, two):
        torn = plan.exceptions[plan.exceptions["rule"] == "contiguity"]
        assert torn["subgrid"].tolist() == ["A"]
    assert list_done(two)["code of several outlines: one"] == ("noted", 1)


def test_codes_stay_text_whatever_type_they_came_in():
    for codes, text in (
        ([7.0, 12.0], ["12", "7"]),
        (["007", "012\t"], ["007", "012"]),
        ([7, None], ["", "7"]),
    ):
        layer = make_layer(list(zip(codes, [cells(0, 3), cells(3, 6)], strict=True)))
        assert clean_grids(layer, layer.crs).codes.tolist() == text


def test_grids_without_a_code_get_the_next_free_one():
    plan = take(make_layer([(None, cells(0, 2)), ("0301-004", cells(2, 4)), ("", cells(4, 6))]))
    assert list_homes(plan) == {
        "0301-004": "03 04 09 10",
        "0301-005": "01 02 07 08",
        "0301-006": "05 06 11 12",
    }
    assert list_done(plan)["grid without a code: given"] == ("inferred", 2)


def make_two_communities():
    """The board cut after its third column: 0301 in the west, 0302 in the east."""
    site = make_checkerboard()
    halves = [
        {"community": c, "kind": "urban", "geometry": s}
        for c, s in (("0301", cells(0, 3)), ("0302", cells(3, 6)))
    ]
    return site.replace(communities=make_table("communities", halves))


def test_a_grid_over_two_communities_is_cut_and_most_households_keep_its_code():
    plan = take(make_layer([("A", cells(0, 4)), ("B", cells(4, 6))]), make_two_communities())
    assert list_homes(plan) == {"0302-A": "04 10", "A": "01 02 03 07 08 09", "B": "05 06 11 12"}
    assert list_done(plan)["grid over several communities: cut"] == ("repaired", 1)
    assert plan.subgrids["community"].to_dict() == {"0302-A": "0302", "A": "0301", "B": "0302"}


def test_numbers_that_begin_again_in_each_community_are_made_unique():
    plan = take(
        make_layer([("1", cells(0, 3)), ("1", cells(3, 5)), ("2", cells(5, 6))]),
        make_two_communities(),
    )
    assert list_homes(plan) == {
        "0301-1": "01 02 03 07 08 09",
        "0302-1": "04 05 10 11",
        "2": "06 12",
    }
    assert list_done(plan)["code of several grids in"] == ("repaired", 1)


def test_a_name_that_another_grid_has_already_is_numbered_on():
    doors = make_board_plan().stairwells[:4].assign(community=["0301", "0301", "0302", "0302"])
    codes = np.array(["7", "0302-7"], object)
    named, _ = name_grids(codes, np.array([0, 0, 0, 1]), doors)
    assert named.tolist() == [
        "7",
        "7",
        "0302-7",
        "0302-7",
    ]  # one community: the two are one sub-grid, cut or not
    doors = doors.assign(community=["0301", "0301", "0302", "0303"])
    assert name_grids(codes, np.array([0, 0, 0, 1]), doors)[0].tolist() == [
        "7",
        "7",
        "0302-7",
        "0302-7-2",
    ]


def test_a_grid_that_reaches_a_little_over_the_limit_takes_no_home_there():
    """A reaches 14 m into 0302, over most of h04 and h10: less than a tenth, so it is cut off."""
    wide = [("A", box(X0 - 400, Y0, X0 + 104, Y0 + 60)), ("B", cells(4, 6))]
    plan = take(make_layer(wide), make_two_communities())
    assert list_homes(plan) == {"A": "01 02 03 07 08 09", "B": "04 05 06 10 11 12"}
    assert list_done(plan)["home on land that a"] == ("attached", 2)


def test_a_community_without_any_grid_becomes_one_sub_grid_and_says_so():
    plan = take(make_layer([("A", cells(0, 3))]), make_two_communities())
    assert list_homes(plan)["0302-001"] == "04 05 06 10 11 12"
    assert list_done(plan)["community without any grid: all"] == ("inferred", 1)


def test_homes_that_nobody_can_walk_to_go_to_the_nearest_and_are_reported():
    """A river with no bridge runs along the third limit, and there is a grid only in the west."""
    river = make_table(
        "barriers",
        [{"barrier": "r", "kind": "river", "hard": True, "geometry": cells(3, 3.01, -9, 69)}],
    )
    plan = take(make_layer([("A", cells(0, 3))]), make_checkerboard().replace(barriers=river))
    assert set(plan.stairwells["subgrid"]) == {"A"}
    assert list_done(plan)["home in no grid, out"] == ("attached", 6)
    assert "contiguity" in plan.exceptions["rule"].tolist()


ROWS = [("A", cells(0, 3)), ("", cells(2.5, 4)), ("", cells(4, 5)), ("D", cells(4.9, 6))]


def test_the_order_of_rows_and_the_crs_do_not_matter():
    site = make_checkerboard()
    layer = make_layer(ROWS)
    order = (1, 3, 0, 2)
    plan = take(
        layer.iloc[list(order)].to_crs(4326),
        site.replace(buildings=site.buildings.sample(frac=1, random_state=order[0])),
    )
    same = take(layer, site)
    assert list_homes(plan) == list_homes(same)
    assert list_done(plan) == list_done(same)


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=NUMBERS, max_size=NUMBERS))
def test_the_outlines_of_any_plan_bring_back_its_sub_grids(part_of):
    plan = make_board_plan(tuple(part_of))
    layer = plan.subgrids[["geometry"]].reset_index()
    assert take(layer).stairwells["subgrid"].tolist() == plan.stairwells["subgrid"].tolist()


def test_codes_by_building_or_by_stairwell_are_taken_from_a_table():
    """h01 is in no row, h11 in two, and there is no house h99."""
    rows = [(f"h{n:02d}", "W" if n % 6 in (1, 2, 3) else "E") for n in range(2, 13)] + [
        ("h11", "A"),
        ("h99", "E"),
    ]
    plan = take(pd.DataFrame(rows, columns=["楼栋编码", "网格编码"]))
    assert list_homes(plan) == {"A": "11", "E": "04 05 06 10 12", "W": "01 02 03 07 08 09"}
    assert list_done(plan) == {
        "given to several grids: taken": ("repaired", 1),
        "code of no building with": ("dropped", 1),
        "home in no grid: given": ("attached", 1),
    }
    own = make_board_plan().stairwells.reset_index()[["stairwell", "subgrid"]]
    assert list_homes(take(own)) == {
        "0301-001": "01 02 03 07 08 09",
        "0301-002": "04 05 06 10 11 12",
    }


def test_what_cannot_be_taken_is_refused_with_a_remedy():
    layer = make_layer([("A", cells(0, 6))])
    with pytest.raises(InputError, match="no column WG -> name one of its columns: --code code"):
        take(layer, column="WG")
    with pytest.raises(InputError, match="not clear which column"):
        take(layer.rename(columns={"code": "colour"}))
    with pytest.raises(InputError, match="does not say its coordinate reference system"):
        take(layer.set_crs(None, allow_override=True))
    with pytest.raises(InputError, match="no home is in any of its grids"):
        take(layer.translate(5000, 0).to_frame("geometry").assign(code="A"))
    with pytest.raises(InputError, match="neither outlines nor codes of buildings"):
        take(pd.DataFrame({"code": ["A"]}))


def test_personal_columns_are_refused_at_the_door():
    with pytest.raises(PersonalDataError, match="网格长姓名"):
        take(make_layer([("A", cells(0, 6))]).assign(网格长姓名="x"))
    with pytest.raises(PersonalDataError, match="电话"):
        take(pd.DataFrame({"building": ["h01"], "code": ["A"], "电话": ["1"]}))
    plan = make_board_plan()
    for table in ("stairwells", "subgrids"):
        with pytest.raises(PersonalDataError, match="phone"):
            import_edits(plan, {table: plan.get_table(table).reset_index().assign(phone="1")})


@pytest.mark.slow
@pytest.mark.skipif(
    not REAL.exists(), reason="the two extracts of Liechtenstein are not beside the project"
)
def test_liechtenstein_outlines_of_2013_hold_the_same_homes_in_2013_and_in_2015():
    """In degrees, in any order; a home of 2015 that continues one of 2013 is in its sub-grid."""
    site = gp.read_site(REAL / "liechtenstein-2013-08-03.osm.pbf")
    plan = gp.divide(site, Rules().replace(division={"effort": "quick"}))
    layer = plan.subgrids[["geometry"]].reset_index().sample(frac=1, random_state=1).to_crs(4326)
    assert (
        import_grids(layer, site).stairwells["subgrid"].tolist()
        == plan.stairwells["subgrid"].tolist()
    )
    later = import_grids(layer, gp.read_site(REAL / "liechtenstein-2015-07-27.osm.pbf"))
    homes = match_stairwells(
        plan, later.stairwells, later.site.buildings, Rules().redraw
    ).stairwells["home"]
    continued = homes[homes != ""]
    assert len(continued) == 3081
    assert continued.tolist() == later.stairwells["subgrid"][continued.index].tolist()


# ---- plans that were edited in another program


def edit(plan, table="stairwells", **codes):
    """A table of the plan with other codes written to some rows: ``h04="0301-001"``."""
    frame = plan.get_table(table).reset_index()
    for house, code in codes.items():
        frame.loc[frame[frame.columns[0]].str.startswith(house), "subgrid"] = code
    return frame


def list_moves(returned):
    return [(s[:3], r.old[-3:], r.new[-3:], r.by) for s, r in returned.changes.iterrows()]


def test_a_plan_that_was_not_edited_is_itself():
    plan = make_board_plan()
    tables = {t: plan.get_table(t).reset_index() for t in ("stairwells", "buildings", "subgrids")}
    returned = import_edits(plan, tables)
    assert returned.plan is plan
    assert returned.changes.empty
    assert not any(note.count for note in returned.notes)


def test_a_code_that_was_written_moves_the_home_and_the_plan_is_redrawn_around_it():
    plan = make_board_plan()
    returned = import_edits(
        plan, {"stairwells": edit(plan, h04="0301-001 ")}, by="planning office", date="2026-11-24"
    )
    assert list_moves(returned) == [("h04", "002", "001", "stairwells")]
    assert returned.plan.subgrids["households"].tolist() == [70, 50]
    assert gp.audit(returned.plan).passed
    (version,) = returned.plan.manifest["history"]
    assert (version["by"], version["date"], version["households_moved"]) == (
        "planning office",
        "2026-11-24",
        10,
    )
    assert (
        write_log(returned.plan)
        == "# 2026-11-24 planning office: moved 10 households\nmove building h04 to 0301-001\n"
    )


def test_a_code_that_is_not_known_is_a_new_sub_grid():
    plan = make_board_plan()
    returned = import_edits(
        plan,
        {"stairwells": edit(plan, h05="0301-009", h06="0301-009", h11="0301-009", h12="0301-009")},
    )
    assert list_homes(returned.plan)["0301-009"] == "05 06 11 12"
    assert returned.plan.exceptions["subgrid"].tolist() == ["0301-002", "0301-009"]


def test_a_column_of_codes_that_was_added_to_buildings_counts_where_it_is_filled():
    plan = make_board_plan()
    houses = plan.site.buildings.reset_index().assign(subgrid=None)
    houses.loc[houses["building"] == "h10", "subgrid"] = "0301-001"
    assert list_moves(import_edits(plan, {"buildings": houses})) == [
        ("h10", "002", "001", "buildings")
    ]
    named = houses.rename(columns={"subgrid": "新网格"})
    assert import_edits(plan, {"buildings": named}).changes.empty
    assert list_moves(import_edits(plan, {"buildings": named}, column="新网格")) == [
        ("h10", "002", "001", "buildings")
    ]


def draw(plan, **shapes):
    """The plan's outlines with others for some codes, ``_001=...``; ``extra`` has no code."""
    frame = plan.subgrids.reset_index()
    for code, shape in shapes.items():
        if code == "extra":
            more = gpd.GeoDataFrame({"subgrid": [None]}, geometry=[shape], crs=frame.crs)
            frame = gpd.GeoDataFrame(
                pd.concat([frame.astype({"subgrid": object}), more], ignore_index=True),
                crs=frame.crs,
            )
        else:
            frame.loc[frame["subgrid"] == f"0301-{code[1:]}", "geometry"] = shape
    return frame


def test_an_outline_that_was_redrawn_takes_the_homes_that_lie_in_it_now():
    plan = make_board_plan()
    both = import_edits(plan, {"subgrids": draw(plan, _001=cells(0, 4), _002=cells(4, 6))})
    assert list_moves(both) == [
        ("h04", "002", "001", "subgrids"),
        ("h10", "002", "001", "subgrids"),
    ]


@pytest.mark.parametrize("east", [4, 5])
def test_an_outline_drawn_over_an_unchanged_neighbour_takes_its_homes(east):
    """Whether it is larger or smaller than the neighbour, it is the one that was drawn."""
    plan = make_board_plan()
    wider = import_edits(plan, {"subgrids": draw(plan, _001=cells(2, east))})
    assert {m[0] for m in list_moves(wider)} == {
        f"h{c + r:02d}" for c in range(4, east + 1) for r in (0, 6)
    }
    out = next(note for note in wider.notes if "in none of the outlines" in note.reason)
    assert (
        out.count == 4
    )  # the two western columns, which no outline holds now, stay where they are


def test_a_new_outline_without_code_is_a_new_sub_grid():
    plan = make_board_plan()
    returned = import_edits(plan, {"subgrids": draw(plan, extra=cells(4, 6), _002=cells(3, 4))})
    assert list_homes(returned.plan) == {
        "0301-001": "01 02 03 07 08 09",
        "0301-002": "04 10",
        "0301-003": "05 06 11 12",
    }


def test_another_code_for_an_outline_renames_the_sub_grid():
    plan = make_board_plan()
    outlines = plan.subgrids.reset_index().replace({"subgrid": {"0301-002": "0301-021"}})
    returned = import_edits(
        plan, {"subgrids": outlines, "stairwells": plan.stairwells.reset_index()}
    )
    assert list_homes(returned.plan) == {
        "0301-001": "01 02 03 07 08 09",
        "0301-021": "04 05 06 10 11 12",
    }


def test_a_written_code_counts_more_than_an_outline_and_the_contradiction_is_reported():
    plan = make_board_plan()
    tables = {
        "stairwells": edit(plan, h04="0301-003"),
        "subgrids": draw(plan, _001=cells(0, 4), _002=cells(4, 6)),
    }
    returned = import_edits(plan, tables)
    assert list_moves(returned) == [
        ("h04", "002", "003", "stairwells"),
        ("h10", "002", "001", "subgrids"),
    ]
    contradictions = [note for note in returned.notes if "count more" in note.reason and note.count]
    assert [list(note.ids) for note in contradictions] == [["h04-1"]]


@settings(max_examples=3, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=NUMBERS, max_size=NUMBERS),
    st.lists(st.integers(1, 3), min_size=NUMBERS, max_size=NUMBERS),
)
def test_whatever_was_written_the_plan_holds_it_and_its_log_makes_the_same_plan(after, before):
    plan = make_board_plan(tuple(before))
    tables = {
        "stairwells": edit(
            plan, **{f"h{n:02d}": f"0301-{part:03d}" for n, part in enumerate(after, 1)}
        )
    }
    new = import_edits(plan, tables).plan
    assert new.stairwells["subgrid"].str[-1:].astype(int).tolist() == after
    if new is not plan:
        again = edit_plan(plan, write_log(new)).plan
        for table in ("stairwells", "subgrids", "exceptions", "edits"):
            assert again.get_table(table).equals(new.get_table(table)), table
        assert again.manifest == new.manifest


def test_sub_grids_that_exchange_all_homes_or_pass_them_on_need_no_code_twice():
    """1 and 2 change places; in a ring of three sub-grids, each gives all its homes to the next."""
    doors = make_board_plan().stairwells
    swapped = doors.assign(
        old=doors["subgrid"],
        new=doors["subgrid"].map({"0301-001": "0301-002", "0301-002": "0301-001"}),
    )
    (line,) = write_commands(swapped, doors)
    assert line.startswith("swap stairwell h01-1 h02-1")
    ring = make_board_plan((1, 1, 2, 2, 3, 3) * 2)
    turned = {f"h{n:02d}": f"0301-{((n - 1) % 6 // 2 + 1) % 3 + 1:03d}" for n in range(1, 13)}
    returned = import_edits(ring, {"stairwells": edit(ring, **turned)})
    assert list_homes(returned.plan) == {
        "0301-001": "05 06 11 12",
        "0301-002": "01 02 07 08",
        "0301-003": "03 04 09 10",
    }


def test_homes_that_are_locked_stay_and_the_lock_is_named():
    plan = lock(make_board_plan(), "building", "h04", "school buses")
    with pytest.raises(InputError, match="building:h04") as caught:
        import_edits(plan, {"stairwells": edit(plan, h04="0301-001")})
    assert "line" not in str(caught.value)


def make_joined_plan():
    """Two boards of one community each, side by side, and an exclusive grid E001 in the second."""
    site = make_two_communities()
    buildings = site.buildings.assign(
        community=["0301" if int(h[1:]) % 6 in (1, 2, 3) else "0302" for h in site.buildings.index]
    )
    plan = make_board_plan()
    of = {"0301-001": "0301-001", "0301-002": "0302-001"}
    doors = plan.stairwells.assign(
        subgrid=plan.stairwells["subgrid"].map(of), community=buildings["community"].to_numpy()
    )
    grids = plan.subgrids.rename(of).assign(community=["0301", "0302"])
    lone = grids.iloc[1:].rename({"0302-001": "0302-E001"})
    lone = lone.assign(
        kind="exclusive", households=0, geometry=[box(X0 + 171, Y0 + 1, X0 + 179, Y0 + 9)]
    )
    return plan.replace(
        stairwells=doors,
        subgrids=pd.concat([grids, lone]),
        buildings=buildings,
        communities=site.communities,
    )


def test_everything_that_cannot_be_done_is_refused_at_once_and_named():
    """h01 leaves its community, h06 enters an exclusive grid, h02 and h05 share a new code."""
    plan = make_joined_plan()
    edited = edit(plan, h01="0302-001", h06="0302-E001", h02="new", h05="new")
    with pytest.raises(InputError) as caught:
        import_edits(plan, {"stairwells": edited})
    text = str(caught.value)
    assert (
        "1 stairwells are moved over the limit of their community (h01-1 of 0301 to 0302-001)"
        in text
    )
    assert "exclusive grids or open land, which hold no homes (h06-1 of 0302 to 0302-E001)" in text
    assert "one new code (h02-1 of 0301 to new, h05-1 of 0302 to new)" in text


def test_an_outline_drawn_over_the_limit_is_refused_too():
    plan = make_joined_plan()
    outlines = plan.subgrids.reset_index()
    outlines.loc[outlines["subgrid"] == "0301-001", "geometry"] = cells(0, 4)
    with pytest.raises(
        InputError, match=r"over the limit of their community \(h04-1 of 0302 to 0301-001, h10-1"
    ):
        import_edits(plan, {"subgrids": outlines})


def test_homes_without_code_with_two_codes_or_of_another_plan_are_refused():
    plan = make_board_plan()
    with pytest.raises(InputError, match=r"2 stairwells have no sub-grid \(h01-1, h02-1\)"):
        import_edits(plan, {"stairwells": edit(plan, h01=None, h02="  ")})
    twice = pd.concat([edit(plan), edit(plan, h03="0301-002")])
    with pytest.raises(InputError, match=r"1 stairwells have two codes \(h03-1\)"):
        import_edits(plan, {"stairwells": twice})
    strange = edit(plan)
    with pytest.raises(InputError, match="none of its stairwell codes is in the plan"):
        import_edits(plan, {"stairwells": strange.assign(stairwell="x" + strange["stairwell"])})
    with pytest.raises(InputError, match="it has no column stairwell"):
        import_edits(plan, {"stairwells": strange.drop(columns="stairwell")})


def test_rows_that_were_deleted_or_added_change_nothing_but_are_reported():
    plan = make_board_plan()
    fewer = edit(plan, h04="0301-001").query("stairwell != 'h12-1'")
    more = pd.concat([fewer, fewer.iloc[:1].assign(stairwell="drawn by hand")])
    returned = import_edits(plan, {"stairwells": more})
    assert list_moves(returned) == [("h04", "002", "001", "stairwells")]
    assert [list(n.ids) for n in returned.notes if n.action == "dropped" and n.count] == [
        ["drawn by hand"]
    ]


def test_codes_that_became_numbers_get_their_zeros_back_only_where_they_must():
    known = pd.Index(["007", "12", "1", "01"])
    assert recover_codes(pd.Series(["7", "12", "012", "1", "001", "9"]), known).tolist() == [
        "007",
        "12",
        "12",
        "1",
        "001",
        "9",
    ]


# ---- files as QGIS and others write them


@pytest.fixture
def saved(tmp_path):
    """A plan on disk, with codes such as 007 that a program may take for numbers."""
    plan = make_board_plan()
    of = {"0301-001": "007", "0301-002": "012"}
    plan = plan.replace(
        stairwells=plan.stairwells.assign(subgrid=plan.stairwells["subgrid"].map(of)),
        subgrids=plan.subgrids.rename(of),
    )
    gp.write_plan(plan, tmp_path / "plan")
    return plan, tmp_path


def write_layer(frame, path, layer, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OGR_CURRENT_DATE", "2026-11-24T00:00:00.000Z")
        pyogrio.write_dataframe(frame, path, layer=layer, **options)


def test_a_layer_that_geopandas_wrote_again_is_read(saved):
    """It names the column of shapes ``geom``, so that the view of the centres no longer holds."""
    plan, folder = saved
    path = shutil.copy(folder / "plan" / "plan.gpkg", folder / "again.gpkg")
    doors = gpd.read_file(path, layer="stairwells")
    doors.loc[doors["stairwell"] == "h04-1", "subgrid"] = "007"
    doors.to_file(path, layer="stairwells", driver="GPKG")
    returned = import_edits(plan, read_edited(path))
    assert [(s, r.old, r.new) for s, r in returned.changes.iterrows()] == [("h04-1", "012", "007")]


def test_an_edit_in_the_very_file_is_found(saved):
    plan, folder = saved
    shutil.copy(folder / "plan" / "plan.gpkg", folder / "edited.gpkg")
    with sqlite3.connect(folder / "edited.gpkg") as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(
                f'DROP TRIGGER "{name}"'
            )  # they call functions that only GIS programs have
        database.execute("UPDATE stairwells SET subgrid = '007' WHERE stairwell = 'h04-1'")
    database.close()
    returned = import_edits(plan, read_edited(folder / "edited.gpkg"))
    assert [(s, r.old, r.new) for s, r in returned.changes.iterrows()] == [("h04-1", "012", "007")]
    assert import_edits(plan, read_edited(folder / "plan")).plan is plan


def test_a_file_that_qgis_rewrote_is_understood(saved):
    """Layers renamed or left out, columns reordered, in capitals, with fid; numbers; degrees."""
    plan, folder = saved
    doors = plan.stairwells.reset_index()
    doors.loc[doors["stairwell"] == "h04-1", "subgrid"] = "007"
    numbers = doors.assign(subgrid=doors["subgrid"].astype("Int64"), edited_on="2026-11-24")
    numbers = numbers[
        [*reversed([c for c in numbers.columns if c != "geometry"]), "geometry"]
    ].to_crs(4326)
    write_layer(
        numbers.rename(columns={"subgrid": "SUBGRID"}), folder / "out.gpkg", "plan — stairwells 2"
    )
    outlines = plan.subgrids.reset_index().to_crs(4326).explode()
    write_layer(
        outlines.rename_geometry("geom"), folder / "out.gpkg", "plan — subgrids", append=True
    )
    tables = read_edited(folder / "out.gpkg")
    assert set(tables) == {"stairwells", "subgrids"}
    returned = import_edits(plan, tables)
    assert [(s, r.old, r.new, r.by) for s, r in returned.changes.iterrows()] == [
        ("h04-1", "012", "007", "stairwells")
    ]


@pytest.mark.parametrize("name", ["doors.geojson", "doors.shp", "doors.csv"])
def test_a_single_layer_saved_as_another_kind_of_file_is_understood(saved, name):
    plan, folder = saved
    doors = plan.stairwells.reset_index()[["stairwell", "building", "subgrid", "geometry"]]
    doors.loc[doors["stairwell"] == "h04-1", "subgrid"] = "007"
    if name.endswith("csv"):
        pd.DataFrame(doors.drop(columns="geometry")).to_csv(folder / name, index=False)
    else:
        pyogrio.write_dataframe(
            doors, folder / name, **({"encoding": "UTF-8"} if name.endswith("shp") else {})
        )
    returned = import_edits(plan, read_edited(folder / name))
    assert [(s, r.old, r.new) for s, r in returned.changes.iterrows()] == [("h04-1", "012", "007")]


def test_two_layers_that_may_be_meant_are_asked_about(saved):
    plan, folder = saved
    for layer in ("stairwells a", "stairwells b"):
        write_layer(
            plan.stairwells.reset_index(), folder / "two.gpkg", layer, append=layer.endswith("b")
        )
    with pytest.raises(
        InputError,
        match="2 layers may be meant: stairwells a, stairwells b -> say which: --layer NAME",
    ):
        read_edited(folder / "two.gpkg")
    assert set(read_edited(folder / "two.gpkg", "stairwells b")) == {"stairwells"}
    with pytest.raises(InputError, match="it has no layer c"):
        read_edited(folder / "two.gpkg", "c")
    with pytest.raises(InputError, match="no such file"):
        read_edited(folder / "none.gpkg")
    (folder / "broken.gpkg").write_text("x")
    with pytest.raises(InputError, match="cannot be read"):
        read_edited(folder / "broken.gpkg")
    write_layer(plan.site.buildings.reset_index(), folder / "houses.gpkg", "houses")
    with pytest.raises(InputError, match="holds nothing that could be edited"):
        read_edited(folder / "houses.gpkg")


def test_layers_of_old_grids_are_read_whatever_their_name_and_datum(tmp_path):
    rows = [("A", cells(0, 3)), ("B", cells(3, 6))]
    write_layer(make_layer(rows), tmp_path / "old.gpkg", "网格2019")
    assert list_homes(take(read_grids(tmp_path / "old.gpkg"))) == {
        "A": "01 02 03 07 08 09",
        "B": "04 05 06 10 11 12",
    }
    from gridplan.reading.datum import find_shifted

    shifted = make_layer(rows).to_crs(4326)
    moved = shapely.transform(shifted.geometry.to_numpy(), lambda xy: find_shifted(xy, "gcj02"))
    write_layer(
        shifted.set_geometry(gpd.GeoSeries(moved, crs=4326)), tmp_path / "gcj.gpkg", "grids"
    )
    assert list_homes(take(read_grids(tmp_path / "gcj.gpkg", datum="gcj02"))) == {
        "A": "01 02 03 07 08 09",
        "B": "04 05 06 10 11 12",
    }


def run(*words):
    return CliRunner().invoke(app, ["import", *map(str, words)], catch_exceptions=False)


def test_the_command_takes_an_edited_plan_and_says_what_changed(saved):
    plan, folder = saved
    frame = plan.stairwells.reset_index()[["stairwell", "subgrid"]]
    frame.loc[3, "subgrid"] = "007"
    frame.to_csv(folder / "doors.csv", index=False)
    words = (
        "--plan",
        folder / "plan",
        "-o",
        folder / "next",
        "--csv",
        folder / "changes.csv",
        "--date",
        "2026-11-24",
    )
    done = run(folder / "doors.csv", *words)
    assert done.exit_code == 0
    assert "1 home of 10 households changes its sub-grid" in done.output
    assert "audit      passed" in done.output
    assert list_homes(gp.read_plan(folder / "next"))["007"] == "01 02 03 04 07 08 09"
    assert pd.read_csv(folder / "changes.csv", dtype=str)["new"].tolist() == ["007"]
    shutil.copytree(folder / "plan", folder / "copy")
    same = run(folder / "copy", "--plan", folder / "plan", "-o", folder / "same")
    assert "nothing was edited" in same.output
    itself = run(folder / "plan" / "plan.gpkg", "--plan", folder / "plan", "-o", folder / "same")
    assert itself.exit_code == 2
    assert "edit a copy" in itself.output.replace("│", " ")
    assert not (folder / "same").exists()


def test_the_command_takes_old_grids_on_a_site(tmp_path):
    site = make_checkerboard()
    houses = site.buildings[
        ["floors", "residential", "households_observed", "geometry"]
    ].reset_index()
    write_layer(houses, tmp_path / "land.gpkg", "buildings")
    write_layer(
        site.communities[["kind", "geometry"]].reset_index(),
        tmp_path / "land.gpkg",
        "communities",
        append=True,
    )
    write_layer(
        make_layer([("A", cells(0, 3)), ("B", cells(3, 6))], column="WG"),
        tmp_path / "old.gpkg",
        "old",
    )
    words = [
        tmp_path / "old.gpkg",
        "--site",
        tmp_path / "land.gpkg",
        "--code",
        "WG",
        "-o",
        tmp_path / "plan",
    ]
    done = run(
        *words, "--set", "urban.high=70", "--set", "urban.target=60", "--set", "urban.low=50"
    )
    assert done.exit_code == 0, done.output
    plan = gp.read_plan(tmp_path / "plan")
    assert list_homes(plan) == {"A": "01 02 03 07 08 09", "B": "04 05 06 10 11 12"}
    assert set(plan.manifest["inputs"]) == {"old.gpkg", "land.gpkg"}


def test_the_command_asks_for_a_plan_or_a_site():
    assert run("x.gpkg").exit_code == 2
    assert run("x.gpkg", "--site", "b").exit_code == 2
    assert run("x.gpkg", "--plan", "a", "--site", "b", "-o", "c").exit_code == 2


@pytest.mark.skipif(
    shutil.which("qgis_process") is None, reason="QGIS is not on this machine (no qgis_process)"
)
def test_an_edit_made_by_qgis_itself_comes_back(saved):
    plan, folder = saved
    source = f"{folder / 'plan' / 'plan.gpkg'}|layername=stairwells"
    formula = "if(\"stairwell\" = 'h04-1', '007', \"subgrid\")"
    words = [
        f"INPUT={source}",
        "FIELD_NAME=subgrid",
        "FIELD_TYPE=2",
        "FIELD_LENGTH=0",
        "FIELD_PRECISION=0",
    ]
    words += [f"FORMULA={formula}", f"OUTPUT={folder / 'calculated.gpkg'}"]
    subprocess.run(
        ["qgis_process", "run", "native:fieldcalculator", "--", *words],
        check=True,
        capture_output=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    edited = read_edited(Path(folder / "calculated.gpkg"))
    returned = import_edits(plan, edited)
    assert [(s, r.old, r.new) for s, r in returned.changes.iterrows()] == [("h04-1", "012", "007")]
