"""The inventory: what is needed, what there is, and what nobody says, counted with a pencil."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from gridplan.auditing.audit_plan import open_evidence
from gridplan.auditing.gaps_again import check_gaps
from gridplan.auditing.inventory_again import check_inventory
from gridplan.auditing.level_figures import check_levels
from gridplan.auditing.values import check_values
from gridplan.cli import app
from gridplan.coverage.reach_plan import reach
from gridplan.errors import InputError, PersonalDataError
from gridplan.people.inventory.holdings import read_holdings
from gridplan.people.inventory.take_inventory import (
    list_bodies,
    recall_requirements,
    take_inventory,
)
from gridplan.people.rate_plan import rate
from gridplan.publishing.published_figures import count_figures
from gridplan.publishing.published_gaps import publish_gaps
from gridplan.rules.all_rules import Rules
from gridplan.rules.disclosure import DisclosureRules
from gridplan.storage import read_plan, write_plan
from gridplan.synthetic.board_plan import make_table
from gridplan.tables.requirements import read_document, read_requirements
from tests.test_levels import TOWNS, VOLUNTEERS, copy_board

HELD = """对象,项目,数量
a,volunteer_team,2
b,volunteer_team,无
east,street_posts,48
west,street_posts,55
site,new_secretaries,5
site,secretary_mentors,4
a,issues_solved,12
"""
OWN = """key,row,group,level,base,amount,per,kind,counted,unit,unit_zh,en,zh,release,source
benches,,own,community,households,1,50,,,benches,张,benches,长椅,yes,ours
"""


@pytest.fixture(scope="module")
def plan():
    return copy_board(TOWNS, dict.fromkeys(TOWNS, 2), VOLUNTEERS)


def read(plan, text, added=()):
    return read_holdings(text, "held.csv", recall_requirements(plan, added), list_bodies(plan))


@pytest.fixture(scope="module")
def taken(plan):
    return take_inventory(plan, read(plan, HELD))


def take(taken, requirement):
    rows = taken.inventory[taken.inventory["requirement"] == requirement]
    return rows.set_index("body")


def test_what_is_not_given_is_unknown_and_neither_missing_nor_present(taken):
    teams = take(taken, "volunteer_team")
    assert teams.loc[list("abcd"), "state"].tolist() == ["met", "short", "unknown", "unknown"]
    assert teams.loc["b", ["need", "present", "missing"]].tolist() == [1, 0, 1]
    assert teams.loc["c", ["present", "missing"]].isna().all()
    city = teams.loc["site"]
    assert city[["bodies", "met", "unknown", "missing"]].tolist() == [4, 1, 2, 1]
    # Two teams of one community do not make up for the one that another lacks.
    assert city[["need", "present", "state"]].tolist() == [4, 2, "short"]
    assert taken.gaps.loc[taken.gaps["rule"] == "volunteer_team", "of"].tolist() == ["b"]


def test_needs_are_reckoned_from_their_base(taken):
    posts = take(taken, "street_posts")
    assert posts.loc[["east", "west"], "missing"].tolist() == [2, 0]
    assert posts.loc["one", ["need", "present", "state"]].tolist() == [50, 48, "short"]
    assert take(taken, "secretary_mentors").loc["site", "need"] == 5
    assert take(taken, "street_centre_reach").loc["east", "need"] == 240
    # No community has a compound, so that none is asked about its compounds.
    assert take(taken, "cross_appointment").empty


def test_what_is_only_counted_is_related_to_the_households_that_know_it(taken):
    issues = take(taken, "issues_solved")
    assert issues.loc["a", ["state", "per_1000"]].tolist() == ["counted", 100]
    assert issues.loc["site", ["present", "per_1000", "unknown"]].tolist() == [12, 100, 3]


def test_a_plan_knows_some_of_it_by_itself(plan):
    places = [
        {"place": "p1", "kind": "kindergarten",
         "geometry": plan.site.communities.geometry.iloc[0].centroid}
    ]  # fmt: skip
    counts = [
        {"count": "1", "level": "community", "of": "a", "measure": "service_station", "value": 0}
    ]
    site = plan.site.replace(
        places=make_table("places", places), counts=make_table("counts", counts)
    )
    taken = take_inventory(plan.replace(site=site))
    # A place that is listed is there; one that is not listed may be all the same.
    nursery = take(taken, "complete_kindergarten")
    assert nursery.loc[["a", "b"], "state"].tolist() == ["met", "unknown"]
    assert take(taken, "six_service_station").loc["a", ["state", "origin"]].tolist() == [
        "short", "plan",
    ]  # fmt: skip
    assert check_inventory(open_evidence(taken)).empty


def test_a_new_row_is_data_and_stays_with_the_plan(plan):
    own = read_requirements(OWN, "own.csv")
    taken = take_inventory(plan, read(plan, "body,requirement,count\na,benches,1\n", own), own)
    benches = take(taken, "benches")
    assert benches.loc["a", ["need", "present", "missing"]].tolist() == [3, 1, 2]
    again = take_inventory(
        taken, read(taken, "body,requirement,count\nb,benches,3\nc,volunteer_team,0\n")
    )
    assert take(again, "benches").loc[["a", "b"], "state"].tolist() == ["short", "met"]
    assert check_inventory(open_evidence(again)).empty
    # What a town asks by itself stays in the office.
    open_gaps = publish_gaps(again, pd.DataFrame(columns=["level", "shown", "community"]),
                             DisclosureRules())  # fmt: skip
    assert set(open_gaps["measure"]) == {"gaps", "gaps:inventory:volunteer_team"}


def test_a_count_given_again_replaces_the_first_and_the_rest_stays(taken):
    again = take_inventory(taken, read(taken, "body,requirement,count\nb,volunteer_team,1\n"))
    assert take(again, "volunteer_team").loc["site", "met"] == 2
    assert len(again.holdings) == len(taken.holdings)
    pd.testing.assert_frame_equal(take_inventory(taken).inventory, taken.inventory)


def test_the_audit_derives_every_column_again(taken):
    assert check_inventory(open_evidence(taken)).empty
    gaps = check_gaps(open_evidence(taken))
    assert gaps.empty
    row = taken.inventory.index[taken.inventory["requirement"] == "volunteer_team"][0]
    for column in taken.inventory.columns:
        table = taken.inventory.copy()
        value = table.loc[row, column]
        wrong = f"{value}x" if isinstance(value, str) else 7 if value != value else value + 1
        table[column] = table[column].where(table.index != row, wrong)
        assert len(check_inventory(open_evidence(taken.replace(inventory=table)))), column
    fewer = taken.replace(gaps=taken.gaps.iloc[1:])
    assert len(check_gaps(open_evidence(fewer)))


def test_a_plan_that_is_short_of_nothing_has_no_gaps(plan):
    held = make_table(
        "holdings",
        [
            {"holding": str(n), "level": "community", "body": town, "requirement": "volunteer_team"}
            | {"count": 1.0}
            for n, town in enumerate(TOWNS)
        ],
    )
    taken = take_inventory(plan, held)
    assert not (taken.inventory["state"] == "short").any()
    assert taken.gaps.empty


def test_a_checklist_counts_what_is_unknown_as_not_met_and_can_be_a_criterion(plan):
    text = "body,requirement,count\na,one_plus_n_general,yes\nb,one_plus_n_general,no\n"
    taken = take_inventory(plan, read(plan, text))
    rows = taken.indicators[taken.indicators["measure"] == "checklist_one_plus_n"].set_index("of")
    # The general standard, and those of urban communities, of which nobody says anything.
    assert rows["value"].reindex(list("abcd")).tolist()[:2] == [0.5, 0.0]
    assert rows.loc[["c", "d"], "value"].isna().all()
    criterion = {"measure": "checklist_one_plus_n", "weight": 10, "floor": 0, "cap": 1}
    ratings = rate(taken, Rules().replace(rating={"criteria": [criterion]})).ratings
    assert ratings.set_index("of")["score"].to_dict() == {"a": 50.0, "b": 0.0}
    table = taken.indicators.assign(value=taken.indicators["value"] + 0.1)
    assert len(check_inventory(open_evidence(taken.replace(indicators=table))))


def test_figures_of_the_brief_count_what_is_known(taken):
    figures = count_figures(taken)
    assert figures[["communities_with_team", "streets_with_posts"]].tolist() == [1, 1]
    assert figures["issues_solved"] == 12
    assert pd.isna(figures["street_brigades"])


@pytest.mark.parametrize("name", ["联系人", "户主姓名", "phone"])
def test_a_column_of_persons_is_refused(plan, name):
    with pytest.raises(PersonalDataError, match=name):
        read(plan, f"body,requirement,count,{name}\na,volunteer_team,1,x\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("body,requirement,count\nz,volunteer_team,1\n", "not of the level that is asked"),
        ("body,requirement,count\na,street_posts,60\n", "not of the level that is asked"),
        ("body,requirement,count\na,cats,1\n", "requirements are not known"),
        ("body,requirement,count\na,volunteer_team,-1\n", "no numbers of 0 or more"),
        ("body,requirement,count\na,volunteer_team,1\na,volunteer_team,2\n", "counted twice"),
        ("body,count\na,1\n", "columns requirement are missing"),
        ("body,requirement,count,x\na,volunteer_team,1,2\n", "columns x are not read"),
        ("body,requirement,count\na,volunteer_team\n", "more or fewer cells"),
    ],
)
def test_what_is_wrong_in_holdings_is_refused(plan, text, says):
    with pytest.raises(InputError, match=says):
        read(plan, text)


def test_what_is_wrong_in_requirements_is_reported_at_once():
    with pytest.raises(InputError) as error:
        read_requirements(
            OWN.replace("households,1,50", "cats,0,50").replace("长椅", ""), "own.csv"
        )
    assert [word in str(error.value) for word in ("no base 'cats'", "no amount", "column zh")] == [
        True, True, True,
    ]  # fmt: skip


def test_every_requirement_of_the_document_has_names_in_both_languages():
    for one in read_document().values():
        assert one.en.isascii(), one.key
        assert not one.zh.isascii(), one.key
        assert one.release in ("yes", "no"), one.key
    people = {one.key for one in read_document().values() if one.unit in ("posts", "people")}
    assert all(read_document()[key].release == "no" for key in people)


def test_the_verbs_write_the_tables_and_print_them_in_chinese(plan, tmp_path):
    write_plan(plan, tmp_path / "plan")
    held = tmp_path / "held.csv"
    held.write_text(HELD, encoding="utf-8")

    def run(*words):
        result = CliRunner().invoke(app, [words[0], str(tmp_path / "plan"), *words[1:]])
        assert result.exit_code == 0, result.output
        return result.output

    shown = run("inventory", "--holdings", str(held), "--overwrite", "--lang", "zh")
    assert "应有与现有对照" in shown
    assert "议事协商" in shown
    run("levels", "--overwrite")
    shown = run("rank", "--level", "community", "--indicator", "volunteers", "--lang", "zh",
                "--period", "2026-11/12", "--before", str(tmp_path / "plan"))  # fmt: skip
    assert "2026年11至12月" in shown
    assert "持平" in shown
    written = read_plan(tmp_path / "plan")
    assert len(written.inventory)
    assert len(written.holdings) == HELD.count("\n") - 1
    assert check_levels(open_evidence(written)).empty
    run("inventory", "--template", str(tmp_path / "template.csv"))
    assert "east,street_posts,48.0" in (tmp_path / "template.csv").read_text(encoding="utf-8-sig")


def test_an_inventory_in_which_nothing_is_short_has_no_gaps_and_passes_the_audit(plan):
    taken = take_inventory(plan)
    assert not (taken.inventory["state"] == "short").any()
    assert not (taken.gaps["room"] == "inventory").any()
    findings = check_values(open_evidence(take_inventory(plan, read(plan, HELD))))
    assert findings["message"].tolist() == []


def test_the_service_centre_of_a_subdistrict_serves_its_homes_alone(plan):
    middle = plan.site.communities.geometry.centroid
    first = min(plan.site.communities.index[plan.site.communities["subdistrict"] == "east"])
    centre = {"place": "s", "kind": "街道党群服务中心", "geometry": middle[first]}
    seen = reach(plan.replace(places=make_table("places", [centre], plan.crs)))
    east = plan.site.communities["subdistrict"] == "east"
    rows = seen.reach[seen.reach["kind"] == "street_centre"].set_index("community")
    inside = east.reindex(rows.index).to_numpy()
    assert (rows["metres"].notna() == inside).all()
    assert 0 < inside.sum() < len(inside)
    taken = take_inventory(seen)
    near = rows.loc[inside & (rows["minutes"] <= 30).to_numpy(), "households"].sum()
    row = take(taken, "street_centre_reach")
    assert row.loc["east", ["need", "present"]].tolist() == [240, near]
    assert row.loc["west", "present"] == 0
    assert take(taken, "street_service_centre").loc["east", "state"] == "met"
    assert take(taken, "street_service_centre").loc["west", "state"] == "unknown"
    assert len(check_inventory(open_evidence(taken))) == 0
    assert "street_centre" not in set(reach(plan).reach["kind"])
