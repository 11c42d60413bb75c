"""The brief: each figure from its table, none of it from a plan that may not leave."""

import re
from dataclasses import replace

import pandas as pd
import pytest
import shapely

import gridplan as gp
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.page.page_file import write_html
from gridplan.briefing.request import BriefingRequest
from gridplan.maps.legend import write_notes
from gridplan.maps.property_view import pick_compounds
from gridplan.publishing.brief_pages import _list_rows, write_markdown
from gridplan.publishing.brief_plan import write_brief
from gridplan.publishing.published_figures import count_figures, list_figures
from gridplan.publishing.release_plan import release
from gridplan.publishing.tangshan_ratios import compare_ratios
from gridplan.synthetic.board_plan import make_board_plan, make_table
from gridplan.synthetic.people_plan import make_people_plan
from gridplan.tables.measures import read_measures
from gridplan.tables.schema import find_columns


def make_staffed_plan():
    """Two sub-grids with a leader, two workers (one of the Party), a branch, and one gap."""
    plan = make_board_plan()
    first, second = plan.subgrids.index
    posts = [
        {
            "post": "p1",
            "role": "grid_leader",
            "community": "0301",
            "served": 2,
            "filled": True,
            "party": True,
        },
        {
            "post": "p2",
            "role": "grid_worker_full",
            "community": "0301",
            "subgrid": first,
            "filled": True,
            "party": True,
        },
        {
            "post": "p3",
            "role": "grid_worker_part",
            "community": "0301",
            "subgrid": second,
            "filled": True,
            "party": False,
        },
        {
            "post": "p4",
            "role": "central_household",
            "community": "0301",
            "subgrid": first,
            "filled": True,
            "party": True,
        },
        {
            "post": "p5",
            "role": "central_household",
            "community": "0301",
            "subgrid": second,
            "filled": False,
            "party": True,
        },
    ]
    orgs = [{"org": "b1", "level": "branch", "community": "0301", "full": 30, "probationary": 7}]
    people = [
        {
            "stairwell": plan.stairwells.index[0],
            "community": "0301",
            "full": 30,
            "probationary": 7,
            "branch": "b1",
        }
    ]
    gaps = [
        {
            "gap": "1",
            "room": "organisation",
            "rule": "central_household",
            "community": "0301",
            "of": second,
            "households": 60,
        }
    ]
    posts = [{"served": 1} | post for post in posts]
    return plan.replace(
        posts=make_table("posts", posts),
        party_orgs=make_table("party_orgs", orgs),
        members=make_table("members", people),
        gaps=make_table("gaps", gaps),
    )


def test_figures_are_counted_by_their_expressions():
    figures = count_figures(make_staffed_plan())
    wanted = {
        "subgrids": 2,
        "households": 120,
        "branches": 1,
        "central_households": 1,
        "grid_workers": 2,
        "party_share": 0.5,
        "leader_span": 2,
        "members": 37,
    }
    assert {name: figures[name] for name in wanted} == wanted


def test_the_paragraph_says_what_is_there_and_lists_what_is_not_known():
    brief = write_brief(release(make_staffed_plan()))
    assert "城乡子网格2个" in brief.paragraphs["zh"]
    # One leader, two workers and one central household are so few that they stay behind,
    # and with them the share that says how many of the workers are of the Party.
    assert "党员占（不公布）" in brief.paragraphs["zh"]
    assert "1 Party central households" not in brief.paragraphs["en"]
    assert "包联" not in brief.paragraphs["zh"]
    text = write_markdown(brief)
    assert (
        "- institutions that answer for communities: give institutions and run gridplan pair"
        in text
    )
    assert "披露检查：通过" in text


def test_gaps_are_ranked_by_community():
    plan = make_staffed_plan()
    # That one of two sub-grids lacks a centre says that there is one, a member's home.
    assert write_brief(release(plan)).gaps.empty
    gaps = plan.gaps.assign(room="staffing", rule="building_captains")
    brief = write_brief(release(plan.replace(gaps=gaps)))
    assert brief.gaps.to_numpy().tolist() == [["staffing", "building_captains", 1.0]]
    assert brief.worst.loc["0301", "first"] == "building_captains"


def test_a_working_plan_gives_no_brief():
    with pytest.raises(gp.errors.PlanError, match="gridplan release"):
        write_brief(make_board_plan())


def test_the_page_asks_nothing_of_the_network():
    facts = collect_facts(release(make_staffed_plan()))
    page = write_html(facts, BriefingRequest(lang="zh")).decode()
    assert "http" not in re.sub('src="data:[^"]*"', "", page).replace("http-equiv", "")
    assert "<script" not in page


def test_every_figure_names_a_table_and_columns_of_the_schema():
    for figure in list_figures().values():
        names = {c.name for c in find_columns(figure.table)} | {"community_kind"}
        query = pd.Series([figure.filter]).str.findall(r"([a-z_]+) (?:==|!=|in)").iloc[0]
        assert set(query) <= names, figure.id


def test_every_figure_that_is_asked_for_can_exist():
    """The words of filters are words that tables may hold, and what is counted is a column."""
    measures = set(read_measures().values())
    for figure in list_figures().values():
        columns = {c.name: c for c in find_columns(figure.table)}
        known = {name: set(column.values) for name, column in columns.items()}
        known |= {"measure": measures} if figure.table == "counts" else {}
        known |= {"community_kind": {"urban", "rural"}}
        for column, listed, single in re.findall(
            r'([a-z_]+) (?:==|in) (?:\[([^\]]*)\]|"([^"]*)")', figure.filter
        ):
            words = set(re.findall('"([^"]*)"', listed)) or {single}
            assert not known[column] or words <= known[column] | {""}, (figure.id, column, words)
        how, _, what = figure.how.partition(":")
        names = what.partition("=")[0] if how == "part" else what.partition(" ")[0]
        assert set(filter(None, names.split("+"))) <= set(columns), figure.id
        parts = set(what.partition("=")[2].split("/")) if how == "part" else set()
        assert parts <= known.get("measure", set()) or not parts, (figure.id, parts)


def test_property_and_owners_committees_reach_the_figures():
    plan = make_people_plan()
    counts = [
        {"count": n, "level": "compound", "of": f"x{n}", "measure": measure, "value": value}
        for n, (measure, value) in enumerate(
            [("owners_committee", 1), ("owners_committee", 3), ("owners_committee_party", 3)]
        )
    ]
    land = [{"compound": f"x{n}", "geometry": shapely.box(n, 0, n + 1, 1)} for n in range(3)]
    lists = [
        {"property_stars": 5, "red_list": True},
        {"property_stars": 2, "black_list": True},
        {},
    ]
    rows = [row | words for row, words in zip(land, lists, strict=True)]
    plan = plan.replace(
        counts=make_table("counts", counts), compounds=make_table("compounds", rows, plan.crs)
    )
    figures = count_figures(plan)
    names = ["owners_committees", "property_stars", "property_red", "property_black"]
    assert figures[names].tolist() == [0.75, 3.5, 1.0, 1.0]
    picked = {name: len(shapes) for name, shapes in pick_compounds(plan).items()}
    assert picked == {"red_list": 1, "black_list": 1, "bare_owners": 2}


def test_ratios_far_from_those_of_tangshan_are_flagged():
    ratios = compare_ratios(make_staffed_plan())
    assert ratios.loc["subgrids_per_branch", ["value", "far"]].tolist() == [2.0, True]
    assert (
        not ratios.loc["groups_per_branch", "far"] or ratios.loc["groups_per_branch", "value"] == 0
    )


def test_a_figure_reads_the_same_in_every_part_of_a_brief():
    """A share is rounded down everywhere, and the span of leaders is one figure."""
    brief = write_brief(release(make_staffed_plan()), "en")
    ratios = brief.ratios.copy()
    ratios.loc["party_share", "value"] = 0.59999
    ratios.loc["subgrids_per_leader", "value"] = 1.6149
    rows = {row[0]: row[1] for row in _list_rows(replace(brief, ratios=ratios), "ratios", "en")}
    assert rows["Party share of grid workers"] == "59.9 %"
    assert rows["sub-grids of a grid leader on average"] == "1.6"
    assert ratios.loc["subgrids_per_leader", "expression"] == "leader_span"


def test_every_map_says_whether_it_may_leave():
    plan = make_staffed_plan()
    assert write_notes(plan, "en", online=False)[0] == "Working map, not for release."
    assert "disclosure check passed" in write_notes(release(plan), "en", online=False)[0]


def test_a_release_comes_back_from_disk_as_a_release(tmp_path):
    leaving = release(make_staffed_plan())
    gp.write_plan(leaving, tmp_path / "r")
    back = gp.read_plan(tmp_path / "r")
    assert write_brief(back).paragraphs == write_brief(leaving).paragraphs
    assert "disclosure check passed" in (tmp_path / "r" / "README.txt").read_text(encoding="utf-8")
