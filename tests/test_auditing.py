"""The audit: the board passes, and each planted fault is found, with no other beside it."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

import gridplan
import gridplan as gp
from gridplan.auditing import audit_plan
from gridplan.auditing.audit_plan import audit
from gridplan.auditing.audit_rules import RULES_ACROSS, RULES_WITHIN
from gridplan.auditing.centres import measure_walks
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import Reporter
from gridplan.auditing.layers import BandLayer
from gridplan.auditing.proofs import find_proven
from gridplan.auditing.settlements_again import number_settlements
from gridplan.auditing.walking import check_contiguity
from gridplan.auditing.wholeness import measure_splits
from gridplan.errors import RuleError
from gridplan.plan import ALL_TABLES
from gridplan.rules.all_rules import Rules
from gridplan.rules.settlements import SettlementRules
from gridplan.synthetic import board_plan as villages
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_table
from gridplan.tables.conform import conform_table, make_empty
from gridplan.tables.ledger import Entry, write_ledger

# The board:  h07 h08 h09 | h10 h11 h12      0301-001 | 0301-002, houses of 10 m in cells of 30 m,
# h01 h02 h03 | h04 h05 h06      ten households each; both centres are in the
# middle of the lower row.
LEFT = "0301-001"
RIGHT = "0301-002"
HALVES = {LEFT: box(X0, Y0, X0 + 90, Y0 + 60), RIGHT: box(X0 + 90, Y0, X0 + 180, Y0 + 60)}


_LAST = []


def judge(plan, rules=None):
    """The audit of a plan; that of the same plan again is not computed twice."""
    if not (_LAST and _LAST[0] is plan and _LAST[1] is rules):
        _LAST[:] = [plan, rules, audit(plan, rules)]
    return _LAST[2]


@cache
def make_board_plan(part_of=(1, 1, 1, 2, 2, 2) * 2, columns=6, rows=2):
    return villages.make_board_plan(
        part_of, columns, rows
    )  # plans are frozen, so one will do for all tests


def list_found(plan, rules=None):
    """Severity, rule and ids of all findings, sorted."""
    findings = judge(plan, rules).findings
    return sorted(zip(findings["severity"], findings["rule"], findings["ids"], strict=True))


def get_message(plan, rule, rules=None):
    findings = judge(plan, rules).findings
    return findings.loc[findings["rule"] == rule, "message"].iloc[0]


def change(plan, table, rows, **columns):
    """The plan with some values of a table changed."""
    changed = plan.get_table(table).copy()
    for column, value in columns.items():
        for row in [rows] if isinstance(rows, str) else rows:
            changed.loc[row, column] = value
    return plan.replace(**{table: changed})


def draw(plan, **outlines):
    """The plan with outlines changed, and the figures that follow: ``draw(plan, LEFT=shape)``."""
    table = plan.subgrids
    land = table.geometry.copy()
    land[[LEFT, RIGHT]] = list(
        HALVES.values()
    )  # plain corners, so that borders meet point by point
    for side, shape in outlines.items():
        land[{"LEFT": LEFT, "RIGHT": RIGHT}[side]] = shape
    pieces = shapely.get_num_geometries(land.to_numpy())
    return plan.replace(subgrids=table.set_geometry(land).assign(area=land.area, pieces=pieces))


def add_rows(plan, table, *rows):
    new = make_table(table, list(rows))
    old = plan.get_table(table)
    return plan.replace(**{table: pd.concat([old, new]) if len(old) else new})


def add_line(plan, kind, hard, x_or_y, along="y"):
    ends = (
        [(X0 - 20, Y0 + x_or_y), (X0 + 200, Y0 + x_or_y)]
        if along == "y"
        else [(X0 + x_or_y, Y0 - 20), (X0 + x_or_y, Y0 + 80)]
    )
    return add_rows(
        plan,
        "barriers",
        {"barrier": kind, "kind": kind, "hard": hard, "geometry": LineString(ends)},
    )


def make_two_communities():
    """The board cut in two communities, 0301 in the west and 0302 in the east, a sub-grid each."""
    plan = make_board_plan()
    right = [
        h for h in plan.site.buildings.index if plan.stairwells.at[f"{h}-1", "subgrid"] == RIGHT
    ]
    doors = [f"{h}-1" for h in right]
    pairs = plan.neighbours
    plan = plan.replace(
        neighbours=pairs[pairs["focal"].isin(doors) == pairs["neighbour"].isin(doors)]
    )
    plan = change(plan, "buildings", right, community="0302")
    plan = change(plan, "stairwells", doors, community="0302", subgrid="0302-001")
    plan = change(plan, "subgrids", RIGHT, community="0302")
    plan = plan.replace(subgrids=plan.subgrids.rename(index={RIGHT: "0302-001"}))
    rows = [
        {"community": c, "name": c, "kind": "urban", "origin": "given", "geometry": shape}
        for c, shape in zip(("0301", "0302"), HALVES.values(), strict=True)
    ]
    return plan.replace(communities=make_table("communities", rows))


def make_band_plan(*exceptions):
    """Four houses in the west and eight in the east: 40 and 80 households, 50 to 70 allowed."""
    plan = make_board_plan((1, 1, 2, 2, 2, 2) * 2)
    rows = [
        {
            "exception": str(n),
            "community": "0301",
            "explanation": "so it is",
            "remedy": "none",
            "proven": False,
        }
        | e
        for n, e in enumerate(exceptions)
    ]
    return add_rows(plan, "exceptions", *rows) if rows else plan


# --- the whole


def test_the_board_passes_and_nothing_is_found():
    result = judge(make_board_plan())
    assert result.passed
    assert result.findings.empty
    assert result.summary["findings"] == {"error": 0, "warning": 0, "note": 0}


def test_two_communities_pass():
    assert list_found(make_two_communities()) == []


def test_the_figures_of_a_community_can_be_checked_by_hand():
    row = judge(make_board_plan((1, 1, 2, 2, 2, 2) * 2)).communities.loc["0301"]
    assert (row["households"], row["subgrids"], row["wanted"], row["min"], row["max"]) == (
        120,
        2,
        2,
        40,
        80,
    )
    assert (row["mean"], row["in_band"], row["explained"]) == (60, 0, 0)
    assert row["cv"] == pytest.approx(20 / 60)
    # Left, 2 x 2 houses, from any: 0, 30, 30, 42.43 m. Right, 4 x 2, from the
    # second: 0, 30, 30, 60, 30, 42.43, 42.43, 67.08 m.
    metres_left = 10 * (60 + 42.4264)
    metres_right = 10 * (150 + 2 * 42.4264 + 67.0820)
    assert row["mean_walk"] == pytest.approx((metres_left + metres_right) / 120, abs=1e-4)


def test_the_report_is_about_a_screen_and_names_what_is_wrong():
    report = str(audit(make_band_plan()))
    assert report.splitlines()[0] == "audit      FAILED: 2 errors, 0 warnings, 0 notes"
    assert (
        "40 households, allowed are 50 to 70, no exception says why (0301-001 and 1 more place)"
        in report
    )
    assert len(report.splitlines()) < 40
    assert "nothing found" in str(judge(make_board_plan()))


def test_a_report_in_a_notebook_escapes_what_the_data_says():
    plan = rename(
        change(make_board_plan(APART), "subgrids", LEFT, pieces=2), LEFT="<script>alert(1)</script>"
    )
    shown = judge(plan)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_all_that_was_found_can_be_written_as_json():
    result = judge(change(make_band_plan(), "subgrids", LEFT, mean_walk=np.nan))
    back = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert back["passed"] is False
    assert back["summary"]["classes"]["urban"]["subgrids"] == 2
    assert [f["ids"] for f in back["findings"] if f["rule"] == "band"] == [LEFT, RIGHT]
    assert back["communities"][0]["max"] == 80


def test_the_order_of_rows_does_not_matter():
    plan = add_line(make_band_plan(), "stream", False, 30)
    shuffled = plan.replace(**{t: plan.get_table(t).iloc[::-1] for t in ALL_TABLES})
    first = audit(plan)
    second = audit(shuffled)
    pd.testing.assert_frame_equal(first.findings, second.findings)
    pd.testing.assert_frame_equal(first.communities, second.communities)
    assert first.summary == second.summary
    assert len(first.findings) == 4


def test_the_plan_is_not_written_to():
    plan = make_band_plan()
    before = {t: plan.get_table(t).copy() for t in ALL_TABLES}
    audit(plan)
    for table, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(plan.get_table(table)))


def test_rules_come_from_the_manifest_unless_others_are_given():
    plan = make_board_plan()
    assert list_found(plan, Rules().replace(urban={"low": 55, "target": 60, "high": 70})) == [
        ("error", "figures", LEFT),
        ("error", "figures", RIGHT),
    ]
    without = plan.replace(manifest={})
    assert [f[:2] for f in list_found(without)] == [("error", "band")] * 2 + [
        ("error", "figures")
    ] * 2
    with pytest.raises(RuleError, match="unknown rule section village"):
        audit(plan.replace(manifest={"rules": {"village": {}}}))


def test_the_audit_knows_nothing_of_how_plans_are_drawn():
    root = Path(gridplan.__file__).parent
    drawing = {
        "division",
        "land",
        "outlines",
        "tessellation",
        "tiling",
        "linework",
        "neighbours",
        "stairwells",
        "planning",
        "households",
        "communities",
    }
    files = sorted(root.joinpath("auditing").glob("*.py"))
    assert len(files) > 5
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert node.module.split(".")[1:2] != ["gridplan"]
                assert not drawing & set(node.module.split(".")), (
                    f"{file.name} imports {node.module}"
                )


def test_every_rule_that_is_written_is_in_the_list_once():
    written = [
        f"gridplan.auditing.{file.stem}.{node.name}"
        for file in Path(gridplan.__file__).parent.joinpath("auditing").glob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("check_")
        and [argument.arg for argument in node.args.args] == ["evidence"]
    ]
    listed = [f"{rule.__module__}.{rule.__name__}" for rule in (*RULES_WITHIN, *RULES_ACROSS)]
    assert len(listed) > 20
    assert sorted(listed) == sorted(written)


def check_one_compound(evidence):
    """A rule as somebody might add it: no sub-grid may reach into two compounds."""
    homes = evidence.stairwells[evidence.stairwells["compound"] != ""]
    reach = homes.groupby("subgrid")["compound"].nunique()
    wrong = reach.reindex(evidence.subgrids.index, fill_value=0) > 1
    reporter = Reporter("one_compound", "subgrids", evidence.subgrids, noun="sub-grid")
    return reporter.error(wrong, "in two compounds", "divide again")


def test_a_rule_that_is_named_in_the_list_is_judged_and_reported(monkeypatch):
    monkeypatch.setattr(audit_plan, "RULES_WITHIN", (*RULES_WITHIN, check_one_compound))
    assert list_found(add_compounds(make_board_plan(), x1=["h01"], x2=["h04"])) == []
    plan = add_compounds(make_board_plan(), x1=["h01"], x2=["h03"])
    assert list_found(plan) == [("error", "one_compound", LEFT), ("note", "compounds", LEFT)]
    assert not judge(plan).passed
    assert "error      one_compound: 1 sub-grid in two compounds (0301)" in str(judge(plan))


def test_a_plan_without_anything_is_judged_too():
    plan = make_board_plan()
    empty = plan.replace(**{t: make_empty(t, CRS) for t in ALL_TABLES})
    assert list_found(empty) == []
    assert judge(empty).summary["households"] == 0
    assert "nothing found" in str(judge(empty))


def test_a_layer_of_old_grids_is_judged_by_what_it_has():
    plan = make_board_plan()
    bare = conform_table("subgrids", plan.subgrids[["community", "geometry"]])
    old = plan.replace(subgrids=bare, neighbours=plan.neighbours.iloc[:0])
    result = judge(old)
    assert set(zip(result.findings["severity"], result.findings["rule"], strict=True)) == {
        ("error", "membership"),  # no kind
        ("error", "nesting"),  # no class
        ("error", "sums"),  # no households
        ("error", "figures"),  # no buildings and stairwells counted
        ("note", "figures"),  # no walks and areas given
        ("warning", "centres"),  # none is named
    }
    row = result.communities.loc["0301"]
    assert (row["households"], row["min"], row["max"], row["in_band"], row["non_contiguous"]) == (
        120,
        60,
        60,
        1,
        0,
    )


# --- belonging


def test_a_stairwell_in_no_subgrid_is_found():
    plan = change(make_board_plan(), "stairwells", "h07-1", subgrid="")
    assert list_found(plan) == [
        ("error", "figures", LEFT),
        ("error", "membership", "h07-1"),
        ("error", "sums", LEFT),
    ]
    assert get_message(plan, "membership") == "1 stairwell in no sub-grid"
    assert get_message(plan, "sums") == "its row says 60 households, its stairwells hold 50"
    assert get_message(plan, "figures").endswith(
        "building_count, stairwell_count, household_metres, mean_walk"
    )


def test_a_stairwell_in_a_subgrid_that_does_not_exist_is_found():
    plan = change(make_board_plan(), "stairwells", ["h01-1", "h07-1"], subgrid="0301-009")
    assert ("error", "membership", "h01-1, h07-1") in list_found(plan)
    assert get_message(plan, "membership") == "2 stairwells in a sub-grid that does not exist"


def test_a_home_without_stairwell_is_found():
    shed = make_board_plan().site.buildings.loc["h01"]
    rows = {"building": "h13", "households": 10, "community": "0301", "geometry": shed.geometry}
    rows |= {"households_origin": "observed"}
    assert list_found(add_rows(make_board_plan(), "buildings", rows)) == [
        ("error", "membership", "h13"),
        ("error", "sums", "0301"),
    ]


def test_a_stairwell_without_a_position_is_found():
    plan = make_board_plan()
    doors = plan.stairwells.geometry.copy()
    doors["h01-1"] = None
    findings = list_found(plan.replace(stairwells=plan.stairwells.set_geometry(doors)))
    assert ("error", "membership", "h01-1") in findings


def make_strip(kind):
    """The board with a third sub-grid without homes: a strip of 5 m along the western limit."""
    strip = box(X0, Y0, X0 + 5, Y0 + 60)
    plan = draw(make_board_plan(), LEFT=box(X0 + 5, Y0, X0 + 90, Y0 + 60))
    row = {
        "subgrid": "0301-003",
        "community": "0301",
        "kind": kind,
        "community_kind": "urban",
        "low": 50,
        "target": 60,
        "high": 70,
        "area": 300.0,
        "pieces": 1,
        "geometry": strip,
    }
    row["land"] = "institution" if kind == "exclusive" else "homes"
    if kind == "exclusive":
        row |= {"low": 0, "target": 0, "high": 0, "institution": "h01"}
    return add_rows(plan, "subgrids", row)


def test_a_subgrid_without_households_is_found_unless_it_is_exclusive():
    assert list_found(make_strip("residential")) == [("error", "membership", "0301-003")]
    assert list_found(make_strip("exclusive")) == [
        ("warning", "exclusive", "0301-003")
    ]  # it is small
    assert list_found(make_strip("hill")) == [("error", "membership", "0301-003")] * 2
    assert judge(make_strip("exclusive")).summary["exclusive"] == 1
    assert judge(make_strip("exclusive")).communities.loc["0301", "subgrids"] == 2


def test_a_stairwell_of_another_community_than_its_subgrid_is_found():
    plan = change(make_two_communities(), "stairwells", "h03-1", subgrid="0302-001")
    result = judge(plan)
    assert ("error", "communities", "h03-1") in list_found(plan)
    assert result.summary["crossings"] == 1
    assert result.communities["crossings"].to_dict() == {"0301": 0, "0302": 1}
    follows = {
        "sums",
        "figures",
        "homes",
        "contiguity",
        "centres",
    }  # from the door's being elsewhere
    assert set(result.findings["rule"]) == {"communities"} | follows


def test_a_subgrid_of_a_community_that_does_not_exist_is_found():
    plan = change(make_two_communities(), "subgrids", "0302-001", community="0399")
    assert list_found(plan) == [
        ("error", "communities", "0302-001"),
        ("error", "communities", "h04-1, h05-1, h06-1, h10-1, h11-1, h12-1"),
        ("error", "sums", "0302"),
        ("note", "tiling", "0302"),
        ("warning", "codes", "0302-001"),
    ]


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "found"),
    [
        (
            "stairwells",
            "h01-1",
            "building",
            "h99",
            [("error", "membership", "h01"), ("error", "nesting", "h01-1")],
        ),
        ("stairwells", "h01-1", "compound", "x9", [("error", "nesting", "h01-1")]),
        ("stairwells", "h01-1", "community_kind", "rural", [("error", "nesting", "h01-1")]),
        ("subgrids", LEFT, "community_kind", "rural", [("error", "nesting", LEFT)]),
        (
            "buildings",
            "h01",
            "compound",
            "x9",
            [("error", "nesting", "h01"), ("error", "nesting", "h01-1")],
        ),
        (
            "buildings",
            "h01",
            "community",
            "x9",
            [("error", "nesting", "h01"), ("error", "nesting", "h01-1"), ("error", "sums", "0301")],
        ),
    ],
)
def test_whatever_does_not_nest_is_found(table, row, column, value, found):
    plan = change(make_board_plan(), table, row, **{column: value})
    if column == "building":
        plan = change(plan, "subgrids", LEFT, building_count=5)  # the stranger is not counted
    assert list_found(plan) == found


def test_a_compound_of_another_community_is_a_warning():
    plan = change(make_two_communities(), "buildings", "h04", compound="x1")
    plan = change(plan, "stairwells", "h04-1", compound="x1")
    plan = add_rows(
        plan, "compounds", {"compound": "x1", "community": "0301", "geometry": HALVES[LEFT]}
    )
    assert list_found(plan) == [("warning", "nesting", "h04")]


# --- sums


def test_a_row_of_a_subgrid_that_says_other_households_is_found():
    plan = change(make_board_plan(), "subgrids", LEFT, households=70)
    assert list_found(plan) == [("error", "sums", LEFT), ("error", "sums", "0301")][::-1]
    assert "buildings 120, stairwells 120, sub-grids 130" in set(
        judge(plan).findings["message"].str.split(": ").str[-1]
    )


def test_a_building_whose_stairwells_do_not_add_up_or_that_was_observed_otherwise_is_found():
    plan = change(make_board_plan(), "buildings", "h01", households=11)
    assert list_found(plan) == [
        ("error", "sums", "0301"),
        ("error", "sums", "h01"),
        ("error", "sums", "h01"),
    ]
    plan = change(make_board_plan(), "buildings", "h01", households_observed=12)
    assert list_found(plan) == [("error", "sums", "h01")]
    assert get_message(plan, "sums") == "1 building with other households than were observed"
    assert (
        list_found(change(make_board_plan(), "buildings", "h01", households_observed=np.nan)) == []
    )


def test_a_known_total_that_is_not_met_is_a_warning():
    plan = change(make_board_plan(), "communities", "0301", households=130)
    assert list_found(plan) == [("warning", "sums", "0301")]
    assert list_found(change(make_board_plan(), "communities", "0301", households=120)) == []


# --- the band


APPROVED = {
    "approved_by": "street_staff",
    "approved_on": "2026-11-24",
    "approved_households": 40,
}


def test_a_row_of_exceptions_does_not_explain_what_could_be_cured():
    # One house of ten more on the left, and both have 50 to 70.
    both = [("error", "band", LEFT), ("error", "band", RIGHT)]
    assert list_found(make_band_plan()) == both
    assert list_found(make_band_plan({"subgrid": LEFT, "rule": "households"})) == both
    assert list_found(make_band_plan({"subgrid": "", "rule": "households"})) == both
    claimed = {"subgrid": LEFT, "rule": "households", "proven": True}
    assert list_found(make_band_plan(claimed, claimed | {"subgrid": RIGHT})) == both
    plan = make_band_plan(claimed, claimed | {"subgrid": RIGHT})
    assert not judge(plan).passed
    assert "it could be cured: divide the homes of the two in 2, with 0301-" in get_message(
        plan, "band"
    )


def test_an_approved_exception_explains_as_long_as_it_is_true():
    row = {"subgrid": LEFT, "rule": "households", "explanation": "a cul-de-sac"}
    plan = make_band_plan(row | APPROVED)
    assert list_found(plan) == [("error", "band", RIGHT), ("warning", "band", LEFT)]
    assert judge(plan).communities.loc["0301", "explained"] == 0.5
    # An approval is for so many households, and by a post on a day.
    for words in ({"approved_households": 39}, {"subgrid": ""}):
        assert ("error", "band", LEFT) in list_found(make_band_plan(row | APPROVED | words))
    for words in (
        {"approved_by": "Wang Wei"},
        {"approved_on": ""},
        {"approved_on": "soon"},
        {"approved_households": 0},
    ):
        found = list_found(make_band_plan(row | APPROVED | words))
        assert {("error", "band", LEFT), ("error", "exceptions", "0")} <= set(found)


def test_a_row_of_exceptions_explains_what_the_audit_proves_itself():
    plan = make_board_plan((1, 1, 1, 1, 1, 2) * 2)
    rules = Rules().replace(urban={"low": 55, "target": 60, "high": 65})
    plan = change(plan, "subgrids", [LEFT, RIGHT], low=55, target=60, high=65)
    rows = [
        {"exception": code, "community": "0301", "subgrid": code, "rule": "households",
         "explanation": "x", "remedy": "y"}
        for code in (LEFT, RIGHT)
    ]  # fmt: skip
    found = list_found(add_rows(plan, "exceptions", *rows), rules)
    assert found == [("error", "band", LEFT), ("error", "band", RIGHT)]
    # A road between the two halves that nobody can cross leaves no way to divide them otherwise.
    apart = plan.replace(neighbours=plan.neighbours[_stay_within(plan)])
    found = list_found(add_rows(apart, "exceptions", *rows), rules)
    assert [f for f in found if f[1] == "band"] == [("note", "band", LEFT), ("note", "band", RIGHT)]


def test_a_subgrid_that_somebody_made_too_large_is_not_explained_by_a_row():
    plan = make_board_plan((1,) * 14 + (2, 2), columns=8, rows=2)
    rules = Rules().replace(urban={"low": 20, "target": 30, "high": 40})
    row = {"exception": "1", "community": "0301", "subgrid": LEFT, "rule": "households"}
    row |= {"proven": True, "explanation": "140 households: every part was tried", "remedy": "y"}
    plan = add_rows(plan, "exceptions", row)
    assert ("error", "band", LEFT) in list_found(plan, rules)
    assert "it could be cured: cut it in " in get_message(plan, "band", rules)


def test_the_remedy_for_a_subgrid_out_of_band_works_as_it_is_printed():
    plan = make_band_plan({"subgrid": "", "rule": "households"})
    findings = judge(plan).findings
    remedies = findings.loc[findings["rule"] == "band", "remedy"]
    for remedy in remedies:
        command = re.search('gridplan edit PLAN "(.*)" --overwrite', remedy)[1]
        command = command.replace("POST", "grid_leader").replace("DAY", "2026-11-24")
        plan = gp.edit(plan, command).plan
    assert len(remedies) == 2
    assert judge(plan).passed
    assert plan.exceptions["approved_households"].fillna(0).tolist() == [0, 40, 80]


@pytest.mark.parametrize(
    ("part", "proven"),
    [
        ([0, 1, 2], [True, False, False]),
        ([0, 0, 1], [True, False]),
        ([0, 0, 0], [False]),
    ],
)
def test_enumeration_proves_no_more_than_it_must(part, proven):
    # 14, 30 and 30 households in a row make no parts of 20 to 40, but nobody has to join them all.
    count = max(part) + 1
    layer = BandLayer(
        codes=pd.Index([f"g{n}" for n in range(count)]),
        counted=np.ones(count, bool),
        low=np.full(count, 20),
        high=np.full(count, 40),
        part=np.array(part),
        weight=np.array([14, 30, 30]),
        a=np.array([0, 1]),
        b=np.array([1, 2]),
        walkable=True,
    )
    assert find_proven(layer).tolist() == proven


def _stay_within(plan):
    part = plan.stairwells["subgrid"]
    ends = plan.neighbours[["focal", "neighbour"]].apply(lambda column: column.map(part))
    return ends["focal"] == ends["neighbour"]


def test_an_exception_to_another_rule_does_not_explain_the_band():
    assert list_found(make_band_plan({"subgrid": LEFT, "rule": "buildings"})) == [
        ("error", "band", LEFT),
        ("error", "band", RIGHT),
    ]


def test_a_proof_is_found_again_where_arithmetic_gives_it():
    # Two parts of 65 to 66 need 130 households; one part of 120 is too large:
    # no number of parts exists.
    rules = Rules().replace(urban={"low": 65, "target": 65, "high": 66})
    rows = [
        {
            "exception": "1",
            "community": "0301",
            "rule": "households",
            "proven": True,
            "explanation": "x",
            "remedy": "y",
        }
    ]
    # counted households outside a band have no chance of being in it
    out = {"low": 65, "target": 65, "high": 66, "in_band": False, "chance_in_band": 0.0}
    plan = change(make_board_plan(), "subgrids", [LEFT, RIGHT], **out)
    plan = add_rows(plan, "exceptions", *rows)
    assert list_found(plan, rules) == [("note", "band", LEFT), ("note", "band", RIGHT)]
    assert get_message(plan, "band", rules).endswith("proven, the audit finds the same")


def test_the_band_is_that_of_the_community_not_what_the_row_says():
    plan = change(
        make_band_plan(), "subgrids", [LEFT, RIGHT], low=10, target=60, high=99, in_band=True
    )
    assert [f for f in list_found(plan) if f[1] == "band"] == [
        ("error", "band", LEFT),
        ("error", "band", RIGHT),
    ]
    assert get_message(plan, "figures").endswith("low, high, in_band")


# --- walking

APART = (1, 1, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2)  # h06 in the south-east corner belongs to the left


def test_a_house_apart_from_its_subgrid_is_found():
    plan = change(make_board_plan(APART), "subgrids", LEFT, pieces=2)
    assert list_found(plan) == [("error", "contiguity", "h06-1")]
    assert get_message(plan, "contiguity") == "1 stairwell apart from the rest: 2 pieces"
    assert judge(plan).communities.loc["0301", "non_contiguous"] == 1


def test_without_neighbours_the_outline_must_be_one_piece():
    plan = make_board_plan()
    assert list_found(plan.replace(neighbours=plan.neighbours.iloc[:0])) == []
    plan = change(make_board_plan(APART), "subgrids", LEFT, pieces=2)
    assert list_found(plan.replace(neighbours=plan.neighbours.iloc[:0])) == [
        ("error", "contiguity", LEFT)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=12, max_size=12))
def test_contiguity_agrees_with_networkx_on_any_board(part_of):
    plan = make_board_plan((1, 1, 2, 2, 3, 3) * 2)
    plan = plan.replace(
        stairwells=plan.stairwells.assign(subgrid=[f"0301-{p:03d}" for p in part_of])
    )
    graph = nx.Graph()
    cells = {(c, r): part_of[6 * r + c] for r in range(2) for c in range(6)}
    graph.add_nodes_from(cells)
    graph.add_edges_from(
        (u, v)
        for u in cells
        for v in ((u[0] + 1, u[1]), (u[0], u[1] + 1))
        if v in cells and cells[u] == cells[v]
    )
    pieces = pd.Series(
        [cells[min(piece)] for piece in nx.connected_components(graph)]
    ).value_counts()
    broken = {f"0301-{p:03d}" for p in pieces[pieces > 1].index}
    evidence = Evidence(plan, Rules())
    findings = check_contiguity(evidence)
    assert set(findings["subgrid"]) == broken
    assert set(findings["severity"]) <= {"error"}
    houses = {f"h{6 * r + c + 1:02d}-1": (c, r) for c, r in cells}
    for (
        _,
        row,
    ) in findings.iterrows():  # named are all pieces but a largest one, each whole
        pieces_of_subgrid = [
            p
            for p in nx.connected_components(graph)
            if f"0301-{cells[min(p)]:03d}" == row["subgrid"]
        ]
        apart = {houses[i] for i in row["ids"].split(", ")}
        assert sum(len(p) for p in pieces_of_subgrid) - max(map(len, pieces_of_subgrid)) == len(
            apart
        )
        assert all(p <= apart or not p & apart for p in pieces_of_subgrid)


def test_a_hard_barrier_between_neighbours_is_found_and_breaks_what_it_cuts():
    # A railway between h02/h08 and h03/h09: two pairs straight across, and h03
    # and h09 are apart from the left.
    plan = add_line(make_board_plan(), "railway", True, 60, along="x")
    pairs = plan.neighbours
    across = sorted(
        pairs.index[
            pairs["focal"].isin(["h02-1", "h08-1"]) & pairs["neighbour"].isin(["h03-1", "h09-1"])
        ]
    )
    assert list_found(plan) == [
        ("error", "contiguity", "h03-1, h09-1"),
        ("error", "neighbours", ", ".join(across)),
    ]
    assert get_message(plan, "neighbours") == "2 pairs straight across a hard barrier"


def test_a_barrier_between_two_subgrids_makes_their_pairs_wrong_but_nothing_else():
    findings = list_found(add_line(make_board_plan(), "railway", True, 90, along="x"))
    assert [f[:2] for f in findings] == [("error", "neighbours")]


def test_a_soft_barrier_is_a_note_for_the_subgrids_on_both_sides():
    assert list_found(add_line(make_board_plan(), "stream", False, 30)) == [
        ("note", "barriers", LEFT),
        ("note", "barriers", RIGHT),
    ]
    assert list_found(add_line(make_board_plan(), "wall", False, 90, along="x")) == []


def test_streams_are_hard_where_the_rules_say_so():
    plan = add_line(make_board_plan(), "stream", False, 30)
    rules = Rules.from_dict(plan.manifest["rules"]).replace(neighbours={"streams_hard": True})
    assert {f[:2] for f in list_found(plan, rules)} == {
        ("error", "neighbours"),
        ("error", "contiguity"),
    }


def make_river_plan(*bridges):
    """A river between the rows, bridged at these x: h02-h08 cross in the west, h05-h11 east."""
    plan = add_line(make_board_plan(), "river", True, 30)
    pairs = plan.neighbours
    over = pairs["neighbour"].str[1:3].astype(int) - pairs["focal"].str[1:3].astype(int) == 6
    bridged = pairs["focal"].isin(["h02-1", "h05-1"])
    plan = plan.replace(
        neighbours=pairs[~over | bridged].assign(
            link=np.where(over & bridged, "opening", "near")[~over | bridged]
        )
    )
    rows = [
        {"opening": str(x), "kind": "bridge", "geometry": Point(X0 + x, Y0 + 30)} for x in bridges
    ]
    return add_rows(plan, "openings", *rows) if rows else plan


def test_a_subgrid_on_both_banks_over_a_bridge_is_flagged():
    plan = make_river_plan(45, 135)
    assert list_found(plan) == [("warning", "barriers", LEFT), ("warning", "barriers", RIGHT)]
    assert judge(plan).passed
    assert judge(plan).communities.loc["0301", "barrier_crossings"] == 2


def test_a_bridge_that_is_not_there_or_out_of_the_way_is_found():
    over = make_river_plan().neighbours.query("link == 'opening'").index
    without = [
        ("error", "contiguity", "h10-1, h11-1, h12-1"),
        ("error", "neighbours", over[1]),
        ("warning", "barriers", LEFT),
    ]
    assert list_found(make_river_plan(45)) == without
    assert (
        list_found(make_river_plan(45, 175)) == without
    )  # 40 m to the side, too far for a step of 30 m
    assert (
        list_found(make_river_plan(45, 115)) == without
    )  # 25 m from both doors, so that the way over it is 50 m
    away = add_rows(
        make_river_plan(),
        "openings",
        {"opening": "z", "kind": "bridge", "geometry": Point(X0 + 135, Y0 + 130)},
    )
    away = change(away, "neighbours", over, distance=400.0)
    assert {f[:2] for f in list_found(away)} == {
        ("error", "contiguity"),
        ("error", "neighbours"),
    }  # it is 100 m from the river


def test_without_neighbours_homes_behind_a_hard_barrier_are_flagged():
    plan = make_river_plan(45, 135)
    plan = plan.replace(neighbours=plan.neighbours.iloc[:0])
    assert list_found(plan) == [("warning", "barriers", LEFT), ("warning", "barriers", RIGHT)]
    stream = add_line(make_board_plan(), "stream", False, 30)
    assert list_found(stream.replace(neighbours=stream.neighbours.iloc[:0])) == [
        ("note", "barriers", LEFT),
        ("note", "barriers", RIGHT),
    ]


@pytest.mark.parametrize(
    ("values", "severity", "what"),
    [
        ({"neighbour": "h99-1"}, "error", "1 pair with a stairwell that does not exist"),
        (
            {"focal": "h02-1", "neighbour": "h02-1"},
            "warning",
            "1 pair standing twice, or of a stairwell with itself",
        ),
        (
            {"focal": "h03-1", "neighbour": "h02-1"},
            "warning",
            "1 pair standing twice, or of a stairwell with itself",
        ),
        (
            {"link": "building"},
            "error",
            "1 pair said to be inside a building, yet of two buildings",
        ),
        ({"link": "swim"}, "warning", "1 pair with an unknown link"),
        ({"distance": 29.0}, "warning", "1 pair shorter than the straight line"),
        ({"distance": np.nan}, "warning", "1 pair shorter than the straight line"),
        (
            {"focal": "h01-1", "neighbour": "h06-1", "distance": 150.0},
            "warning",
            "1 pair said to be near, beyond the reach",
        ),
    ],
)
def test_a_pair_of_neighbours_that_cannot_be_is_found(values, severity, what):
    plan = make_board_plan()
    assert plan.neighbours.loc["1", ["focal", "neighbour"]].tolist() == ["h01-1", "h02-1"]
    plan = add_rows(
        plan,
        "neighbours",
        dict(plan.neighbours.loc["1"])
        | {"pair": "z", "neighbour": "h08-1", "distance": 60.0}
        | values,
    )
    rules = Rules.from_dict(plan.manifest["rules"]).replace(neighbours={"urban_reach": 100.0})
    assert list_found(plan, rules) == [(severity, "neighbours", "z")]
    assert get_message(plan, "neighbours", rules) == what


def test_a_pair_across_a_community_limit_is_found():
    plan = make_two_communities()
    row = {"pair": "z", "focal": "h03-1", "neighbour": "h04-1", "distance": 30.0, "link": "near"}
    assert list_found(add_rows(plan, "neighbours", row)) == [("error", "neighbours", "z")]


# --- centres


def test_a_centre_that_is_not_the_nearest_is_a_warning_that_names_a_better_one():
    plan = make_board_plan()
    # From h01, the corner: 0, 30, 60 and 30, 42.43, 67.08 m; from h02: 0, 30,
    # 30 and 30, 42.43, 42.43 m.
    metres = 10 * (120 + 42.4264069 + 67.0820393)
    plan = change(
        plan,
        "subgrids",
        LEFT,
        centre="h01-1",
        household_metres=metres,
        mean_walk=metres / 60,
        max_walk=67.0820393,
    )
    assert list_found(plan) == [("warning", "centres", LEFT)]
    assert get_message(plan, "centres") == "its centre has 547 household-metres more than h02-1"


def test_a_centre_elsewhere_is_an_error_and_none_a_warning():
    plan = change(make_board_plan(), "subgrids", LEFT, centre="h05-1")
    assert [f for f in list_found(plan) if f[1] == "centres"] == [("error", "centres", LEFT)]
    plan = change(
        make_board_plan(),
        "subgrids",
        LEFT,
        centre="",
        household_metres=np.nan,
        mean_walk=np.nan,
        max_walk=np.nan,
    )
    assert list_found(plan) == [("note", "figures", LEFT), ("warning", "centres", LEFT)]


def test_walks_climb_within_a_tower_and_walk_between_doors():
    # h01 has three floor bands of 4, 3 and 3 households at 0, 15 and 30 m; h02
    # of the left half is 30 m away.
    plan = make_board_plan((1, 1, 2, 2, 2, 2) * 2)
    door = plan.stairwells.loc["h01-1"]
    bands = [
        dict(door) | {"stairwell": f"h01-1.0{n}", "households": h, "climb": c}
        for n, (h, c) in enumerate([(4, 0.0), (3, 15.0), (3, 30.0)], 1)
    ]
    stairwells = plan.stairwells
    stairwells = pd.concat([make_table("stairwells", bands), stairwells.loc[["h02-1"]]])
    walks = measure_walks(Evidence(plan.replace(stairwells=stairwells), Rules()))
    # From the lowest band: 3 x 15 + 3 x 30 + 10 x 30 = 435; from the middle
    # one 4 x 15 + 3 x 15 + 10 x 45 = 555;
    # from h02: 4 x 30 + 3 x 45 + 3 x 60 = 435. The first of equals is the best.
    assert walks.least[0] == pytest.approx(435)
    assert stairwells.index[walks.best[0]] == "h01-1.01"
    assert walks.of_centre[0] == pytest.approx(435) or np.isnan(walks.of_centre[0])


# --- land


def test_a_gap_is_found_with_its_size():
    plan = draw(make_board_plan(), RIGHT=box(X0 + 91, Y0, X0 + 180, Y0 + 60))
    assert list_found(plan) == [("error", "tiling", "0301")]
    assert get_message(plan, "tiling") == "60.0 m2 of 10,800 m2 belong to no sub-grid"
    assert judge(plan).communities.loc["0301", "area_error"] == pytest.approx(60 / 10800)


def test_an_overlap_is_found_with_the_subgrids_that_overlap():
    plan = draw(make_board_plan(), RIGHT=box(X0 + 89, Y0, X0 + 180, Y0 + 60))
    assert list_found(plan) == [("error", "tiling", f"{LEFT}, {RIGHT}")]
    assert judge(plan).summary["area_error"] == pytest.approx(60 / 10800)


def test_land_outside_the_community_is_found():
    plan = draw(make_board_plan(), RIGHT=box(X0 + 90, Y0, X0 + 181, Y0 + 60))
    assert list_found(plan) == [("error", "tiling", RIGHT)]
    assert get_message(plan, "tiling") == "1 sub-grid reaching over the limit of the community"


def test_an_error_below_a_millionth_is_none():
    plan = draw(make_board_plan(), RIGHT=box(X0 + 90 + 1e-4, Y0, X0 + 180, Y0 + 60))
    assert [f for f in list_found(plan) if f[0] == "error"] == []
    assert judge(plan).summary["area_error"] == pytest.approx(0.006 / 10800, rel=1e-3)
    plan = draw(make_board_plan(), RIGHT=box(X0 + 90 + 1e-3, Y0, X0 + 180, Y0 + 60))
    assert [f for f in list_found(plan) if f[0] == "error"] == [("error", "tiling", "0301")]


def test_a_broken_or_missing_outline_is_found():
    x = X0 + 90
    y = Y0
    slit = Polygon(
        [
            (x, y),
            (x + 90, y),
            (x + 90, y + 60),
            (x + 45, y + 60),
            (x + 45, y + 30),
            (x + 45, y + 60),
            (x, y + 60),
        ]
    )
    plan = draw(make_board_plan(), RIGHT=slit)
    assert list_found(plan) == [("error", "tiling", RIGHT)]
    assert get_message(plan, "tiling").startswith("its outline is invalid: ")
    plan = draw(make_board_plan(), RIGHT=Polygon())
    assert [f for f in list_found(plan) if f[1] == "tiling"] == [
        ("error", "tiling", "0301"),
        ("error", "tiling", RIGHT),
    ]


def test_communities_that_overlap_are_found():
    plan = make_two_communities()
    limits = plan.site.communities.geometry.copy()
    limits["0302"] = box(X0 + 80, Y0, X0 + 180, Y0 + 60)
    findings = list_found(plan.replace(communities=plan.site.communities.set_geometry(limits)))
    assert findings == [
        ("error", "tiling", "0301"),
        ("error", "tiling", "0302"),
        ("error", "tiling", "0302"),
    ]


def test_a_community_without_subgrids_is_noted():
    row = {"community": "0309", "kind": "rural", "geometry": box(X0, Y0 + 60, X0 + 180, Y0 + 90)}
    row |= {"origin": "given"}
    assert list_found(add_rows(make_board_plan(), "communities", row)) == [
        ("note", "tiling", "0309")
    ]


def test_border_points_that_only_one_of_two_neighbours_has_are_noted():
    notched = Polygon(
        [(X0, Y0), (X0 + 90, Y0), (X0 + 90, Y0 + 30), (X0 + 90, Y0 + 60), (X0, Y0 + 60)]
    )
    plan = draw(make_board_plan(), LEFT=notched)
    assert [f[:2] for f in list_found(plan)] == [("note", "tiling")]


def test_a_door_outside_its_outline_is_found():
    plan = draw(
        make_board_plan(),
        LEFT=box(X0, Y0, X0 + 110, Y0 + 60),
        RIGHT=box(X0 + 110, Y0, X0 + 180, Y0 + 60),
    )
    assert list_found(plan) == [
        ("error", "homes", "h04-1, h10-1"),
        ("warning", "homes", "h04, h10"),
    ]


def test_a_door_in_another_slice_of_its_own_building_is_only_a_warning():
    plan = join_buildings(make_board_plan(), ["h03", "h04"])
    doors = plan.stairwells.geometry.copy()
    doors["h04-1"] = Point(
        X0 + 88, Y0 + 15
    )  # h04-1 is of the right half, and its slice begins at 90
    plan = plan.replace(stairwells=plan.stairwells.set_geometry(doors))
    assert [f for f in list_found(plan) if f[1] == "homes"] == [("warning", "homes", "h04-1")]


def test_stacked_subgrids_share_a_door_that_lies_in_the_outline_of_one_of_them():
    plan = change(
        join_buildings(make_board_plan(), ["h03", "h04"]), "stairwells", "h04-1", door=1, climb=15.0
    )
    doors = plan.stairwells.geometry.copy()
    doors["h04-1"] = doors["h03-1"]
    plan = plan.replace(stairwells=plan.stairwells.set_geometry(doors))
    assert [f for f in list_found(plan) if f[1] == "homes"] == []


def test_an_outline_through_a_home_is_found_and_its_share_summed_up():
    plan = draw(
        make_board_plan(),
        LEFT=box(X0, Y0, X0 + 102, Y0 + 60),
        RIGHT=box(X0 + 102, Y0, X0 + 180, Y0 + 60),
    )
    assert list_found(plan) == [("warning", "homes", "h04, h10")]
    assert judge(plan).summary["home_area_outside"] == pytest.approx(2 * 20 / 1200)


def test_a_home_cut_by_the_limit_of_its_community_is_only_noted():
    plan = draw(make_board_plan(), LEFT=box(X0 + 12, Y0, X0 + 90, Y0 + 60))
    limit = gpd.GeoSeries(
        [box(X0 + 12, Y0, X0 + 180, Y0 + 60)], index=plan.site.communities.index, crs=CRS
    )
    plan = plan.replace(communities=plan.site.communities.set_geometry(limit))
    assert list_found(plan) == [("note", "homes", "h01, h07")]
    assert judge(plan).summary["home_area_outside"] == 0
    assert judge(plan).summary["homes_cut_by_limits"] == 2


def test_a_home_beyond_the_limit_of_the_community_it_was_attached_to_is_only_noted():
    plan = draw(make_board_plan(), LEFT=box(X0 + 30, Y0, X0 + 90, Y0 + 60))
    limit = gpd.GeoSeries(
        [box(X0 + 30, Y0, X0 + 180, Y0 + 60)], index=plan.site.communities.index, crs=CRS
    )
    plan = plan.replace(communities=plan.site.communities.set_geometry(limit))
    assert list_found(plan) == [("note", "homes", "h01, h07"), ("note", "homes", "h01-1, h07-1")]


# --- wholes


def join_buildings(plan, houses):
    """The plan with some houses made one building, each of them a door of it."""
    first = houses[0]
    doors = [f"{h}-1" for h in houses]
    plan = change(plan, "stairwells", doors, building=first)
    buildings = plan.site.buildings
    shape = buildings.geometry[houses].union_all().convex_hull
    buildings = buildings.drop(index=houses[1:])
    plan = plan.replace(buildings=buildings)
    plan = change(
        plan, "buildings", first, households=10 * len(houses), households_observed=10 * len(houses)
    )
    land = plan.site.buildings.geometry.copy()
    land[first] = shape
    numbers = plan.stairwells["door"].copy()
    numbers[doors] = range(1, len(doors) + 1)
    plan = plan.replace(
        buildings=plan.site.buildings.set_geometry(land),
        stairwells=plan.stairwells.assign(door=numbers),
    )
    by = plan.stairwells.groupby("subgrid")["building"].nunique()
    return plan.replace(subgrids=plan.subgrids.assign(building_count=by))


def test_a_building_split_though_it_would_fit_is_a_warning():
    plan = join_buildings(make_board_plan(), ["h03", "h04"])
    assert list_found(plan) == [("warning", "buildings", "h03")]
    assert judge(plan).communities.loc["0301", "split_buildings"] == 1


def test_a_building_too_large_for_one_subgrid_may_be_split():
    plan = join_buildings(
        make_board_plan(), ["h01", "h02", "h03", "h04", "h07", "h08", "h09", "h10"]
    )
    assert list_found(plan) == []
    assert judge(plan).communities.loc["0301", "split_buildings"] == 1


def add_compounds(plan, **houses):
    for compound, members in houses.items():
        plan = change(plan, "buildings", members, compound=compound)
        plan = change(plan, "stairwells", [f"{h}-1" for h in members], compound=compound)
        shape = plan.site.buildings.geometry[members].union_all().envelope
        plan = add_rows(
            plan, "compounds", {"compound": compound, "community": "0301", "geometry": shape}
        )
    return plan


def test_a_compound_split_though_it_would_fit_is_a_warning_and_several_in_one_subgrid_a_note():
    assert list_found(add_compounds(make_board_plan(), x1=["h03", "h04"])) == [
        ("warning", "compounds", "x1")
    ]
    assert list_found(add_compounds(make_board_plan(), x1=["h01", "h02"])) == []
    assert list_found(add_compounds(make_board_plan(), x1=["h01"], x2=["h03"])) == [
        ("note", "compounds", LEFT)
    ]
    large = add_compounds(make_board_plan(), x1=[f"h{n:02d}" for n in range(1, 13)])
    assert list_found(large) == []
    assert judge(large).communities.loc["0301", "split_compounds"] == 1
    row = measure_splits(Evidence(large, Rules()), "compound").table.loc["x1"]
    assert (row["households"], row["parts"], row["fits"]) == (120, 2, False)


# --- codes, figures, exceptions, the ledger


def test_a_code_that_stands_twice_is_found():
    plan = make_board_plan()
    plan = plan.replace(neighbours=pd.concat([plan.neighbours, plan.neighbours.iloc[[0]]]))
    assert list_found(plan) == [("error", "codes", "1")]
    plan = make_board_plan()
    plan = plan.replace(subgrids=pd.concat([plan.subgrids, plan.subgrids.iloc[[0]]]))
    assert ("error", "codes", LEFT) in list_found(plan)


def rename(plan, **codes):
    old = {"LEFT": LEFT, "RIGHT": RIGHT}
    new = {old[side]: code for side, code in codes.items()}
    return plan.replace(
        subgrids=plan.subgrids.rename(index=new).sort_index(),
        stairwells=plan.stairwells.assign(subgrid=plan.stairwells["subgrid"].replace(new)),
    )


def test_a_code_without_its_community_is_a_warning():
    assert list_found(rename(make_board_plan(), RIGHT="G7")) == [("warning", "codes", "G7")]


def test_gaps_in_the_numbers_and_a_sweep_against_the_rule_are_noted():
    assert list_found(rename(make_board_plan(), RIGHT="0301-007")) == [("note", "codes", "0301")]
    # Two rows: the northern one must be numbered first; here the south-western ones are.
    rows = make_board_plan((1, 1, 1, 2, 2, 2) * 2)
    assert list_found(rows) == []
    swept = make_board_plan((2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1))
    assert [f for f in list_found(swept) if f[1] == "codes"] == []
    north_west_last = make_board_plan((2, 2, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1))
    assert [f for f in list_found(north_west_last) if f[1] == "codes"] == [("note", "codes", RIGHT)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("low", 49),
        ("target", 61),
        ("high", 71),
        ("in_band", False),
        ("building_count", 5),
        ("stairwell_count", 7),
        ("household_metres", 1.0),
        ("mean_walk", 1.0),
        ("max_walk", 99.0),
        ("area", 5300.0),
        ("pieces", 2),
    ],
)
def test_a_figure_that_is_not_what_the_tables_come_to_is_found(column, value):
    plan = change(make_board_plan(), "subgrids", LEFT, **{column: value})
    assert list_found(plan) == [("error", "figures", LEFT)]
    assert get_message(plan, "figures") == f"not what the tables come to: {column}"


def test_a_manifest_that_says_other_figures_is_a_warning():
    plan = make_board_plan()
    altered = plan.replace(
        manifest=dict(plan.manifest)
        | {"figures": {"subgrids": 3, "households": 120, "mean_walk": 1.0}}
    )
    assert list_found(altered) == [("warning", "figures", "subgrids")]
    assert get_message(altered, "figures") == "its figure subgrids says 3, the tables come to 2"


@pytest.mark.parametrize(
    ("values", "severity", "what"),
    [
        (
            {"subgrid": "0301-009"},
            "error",
            "1 exception for a community or sub-grid that does not exist",
        ),
        (
            {"community": "0399", "subgrid": ""},
            "error",
            "1 exception for a community or sub-grid that does not exist",
        ),
        ({}, "warning", "1 exception for a sub-grid that is within the band"),
        (
            {"rule": "compounds", "remedy": ""},
            "warning",
            "1 exception without explanation or remedy",
        ),
    ],
)
def test_an_exception_that_does_not_hold_is_found(values, severity, what):
    row = {
        "exception": "1",
        "community": "0301",
        "subgrid": LEFT,
        "rule": "households",
        "explanation": "x",
        "remedy": "y",
    }
    plan = add_rows(make_board_plan(), "exceptions", row | values)
    assert list_found(plan) == [(severity, "exceptions", "1")]
    assert get_message(plan, "exceptions") == what


def test_what_never_entered_the_plan_is_shown():
    entries = [
        Entry("survey", "buildings", "dropped", 3, "no shape"),
        Entry("survey", "buildings", "repaired", 8, "bow ties"),
        Entry("communities", "buildings", "dropped", 2, "too far outside"),
    ]
    result = judge(make_board_plan().replace(ledger=write_ledger(make_empty("ledger"), entries)))
    assert result.summary["dropped"] == {"buildings": 5}
    assert "left out   5 buildings never entered the plan; the ledger says why" in str(result)


def test_long_lists_are_counted_and_cut_short():
    plan = make_board_plan(tuple([1] * 30 + [2] * 30), columns=30, rows=2)
    plan = change(plan, "stairwells", list(plan.stairwells.index[:30]), subgrid="")
    row = judge(plan).findings.query("rule == 'membership' and table == 'stairwells'").iloc[0]
    assert row["count"] == 30
    assert len(row["ids"].split(", ")) == 20


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("subgrids", "max_walk", float("inf")),
        ("subgrids", "households", float("nan")),
        ("subgrids", "area", "twelve"),
        ("subgrids", "kind", "castle"),
        ("subgrids", "geometry", None),
        (
            "subgrids",
            "geometry",
            Polygon([(X0, Y0), (X0 + 90, Y0 + 60), (X0 + 90, Y0), (X0, Y0 + 60)]),
        ),
        ("stairwells", "households", 8e20),
        ("stairwells", "climb", -7.0),
        ("stairwells", "geometry", Point()),
        ("buildings", "households", "ten"),
        ("neighbours", "distance", float("nan")),
        ("neighbours", "link", "wings"),
        ("communities", "kind", "marsh"),
    ],
)
def test_what_cannot_be_is_a_finding_and_no_crash(table, column, value):
    plan = make_board_plan()
    wrong = plan.get_table(table)
    values = wrong[column].astype(object)
    values.iloc[0] = value
    if column == "geometry":
        wrong = wrong.set_geometry(gpd.GeoSeries(values, crs=wrong.crs))
    else:
        wrong = wrong.assign(**{column: values})
    result = judge(plan.replace(**{table: wrong}))
    assert (result.findings["severity"] != "note").any()
    assert not result.findings["message"].str.contains("could not be judged").any()


def test_a_missing_column_is_a_finding_and_no_crash():
    plan = make_board_plan()
    result = judge(plan.replace(subgrids=plan.subgrids.drop(columns="pieces")))
    assert "column is missing" in " ".join(result.findings["message"])
    assert not result.passed


def test_a_building_without_an_outline_is_found():
    plan = make_board_plan()
    land = plan.site.buildings.geometry.copy()
    land.iloc[3] = None
    found = audit(plan.replace(buildings=plan.site.buildings.set_geometry(land))).findings
    row = found[found["message"] == "1 building without an outline"].iloc[0]
    assert (row["severity"], row["ids"]) == ("error", plan.site.buildings.index[3])


@pytest.fixture(scope="module")
def village_plan():
    town = gp.synthetic.make_town(1, 0.4, 200, seed=3)
    rules = gp.Rules().replace(division={"effort": "quick"})
    return gp.divide(gp.read_site(town), rules, seed=1)


def test_a_pair_of_neighbours_that_was_left_out_is_found(village_plan):
    pairs = village_plan.neighbours
    near = pairs[pairs["link"] == "near"]
    shortest = near["distance"].idxmin()
    before = audit(village_plan).findings["message"]
    after = audit(village_plan.replace(neighbours=pairs.drop(index=shortest))).findings
    message = "1 stairwell not joined to a door nearby, with nothing between"
    assert message not in set(before)
    assert near["focal"][shortest] in set(after.loc[after["message"] == message, "ids"])


def draw_settlements(xy, rules):
    """The settlement of each home by the land of all homes, drawn whole."""
    land = shapely.buffer(shapely.points(xy), rules.reach + rules.gap, quad_segs=2)
    closed = shapely.buffer(shapely.union_all(land), -rules.gap, quad_segs=2)
    pieces = shapely.get_parts(closed)
    place, piece = shapely.STRtree(pieces).query(shapely.points(xy), predicate="intersects")
    number = np.full(len(xy), -1)
    number[place] = piece
    return number


@pytest.mark.parametrize(("reach", "gap"), [(40.0, 80.0), (20.0, 5.0), (5.0, 0.0), (5.0, 120.0)])
def test_settlements_are_those_of_the_land_drawn_whole(reach, gap):
    rules = SettlementRules(reach=reach, gap=gap)
    rng = np.random.default_rng(4)
    ring = np.linspace(0, 2 * np.pi, 30)
    rows = [
        # Steps near the two lengths by which distances alone decide, and between them.
        *(np.column_stack([np.arange(9) * step, np.zeros(9)]) for step in (153.0, 200.0, 239.9)),
        # Homes about a hole, which the land closes or does not.
        *(radius * np.column_stack([np.cos(ring), np.sin(ring)]) for radius in (60.0, 118.0)),
        # Hamlets that lie near one another, of which only some become one.
        *(
            rng.uniform(0, 1200, (6, 2))[rng.integers(6, size=60)] + rng.normal(0, 50, (60, 2))
            for _ in range(6)
        ),
        np.zeros((1, 2)),
    ]
    for homes in rows:
        xy = np.concatenate([homes, homes[:1]]) + 5e5
        number = number_settlements(xy, rules)
        drawn = draw_settlements(xy, rules)
        pairs = set(zip(number.tolist(), drawn.tolist(), strict=True))
        assert len(pairs) == len(set(number)) == len(set(drawn))
        assert ((number < 0) == (drawn < 0)).all()
    assert number_settlements(np.array([[np.nan, 0.0], [0.0, 0.0]]), rules)[0] == -1
