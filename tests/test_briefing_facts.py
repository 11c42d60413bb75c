"""The facts of a briefing and what it says of them, on a town small enough to add up by eye."""

import re

import numpy as np
import pandas as pd
import pytest
import shapely

from gridplan.briefing.briefing_ranking import rank_facts
from gridplan.briefing.catalogue import list_facts
from gridplan.briefing.changes import compare_facts
from gridplan.briefing.charts import list_charts, list_headlines
from gridplan.briefing.fact_tables import list_missing, list_suppressed
from gridplan.briefing.facts import collect_facts, gather_facts
from gridplan.briefing.figure_texts import say_share
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import SECTIONS, WRITERS, write_sections
from gridplan.briefing.simulation_figures import read_simulation
from gridplan.errors import PlanError
from gridplan.publishing.brief_plan import write_brief
from gridplan.publishing.release_plan import release
from gridplan.synthetic import make_board_plan
from gridplan.tables.words import list_words

# Two streets and a township in two districts. The last figure is the one withheld.
PLACES = {
    # community: (name, kind, subdistrict, district, households, volunteers, needed, full)
    "a1": ("甲一社区", "urban", "甲街道", "东区", 100, 3, 5, 3),
    "a2": ("甲二社区", "urban", "甲街道", "东区", 200, 9, 2, 4),
    "b1": ("乙村", "rural", "乙镇", "东区", None, 7, 1, 1),
    "c1": ("丙一社区", "urban", "丙街道", "西区", 50, 2, 2, 2),
    "c2": ("丙二社区", "urban", "丙街道", "西区", 60, 0, 2, 1),
}
MEASURES = ("households", "volunteers", "workers_needed", "grid_workers_full")
SECRET = 7777.0  # what a row that is withheld must never give away


def add_row(rows, level, of, measure, value, shown=True):
    community = of if level == "community" else ""
    rows.append((level, of, community, measure, value, shown))


def make_published():
    rows = []
    for code, (*_, households, volunteers, needed, full) in PLACES.items():
        values = dict(zip(MEASURES, (households, volunteers, needed, full), strict=True))
        for measure, value in values.items():
            shown = value is not None
            add_row(rows, "community", code, measure, value if shown else SECRET, shown)
        add_row(rows, "community", code, "served:canteen:15", 0.5 if code != "c1" else 0.9)
        add_row(rows, "community", code, "reach:canteen:15", 0.75)
        hidden = code == "b1"
        add_row(rows, "community", code, "reach:clinic:15", SECRET if hidden else 1.0, not hidden)
        add_row(rows, "community", code, "served:clinic:15", SECRET if hidden else 1.0, not hidden)
    for measure, value in (("reach", 0.75), ("served", 0.54)):
        add_row(rows, "city", "site", f"{measure}:canteen:15", value)
        add_row(rows, "city", "site", f"{measure}:courtyard:10", 0.0)
        add_row(rows, "city", "site", f"{measure}:clinic:15", SECRET, False)
    add_row(rows, "city", "site", "gaps:reach:canteen", 12.0)
    add_row(rows, "city", "site", "gaps:reach:courtyard", 1.0)
    add_row(rows, "city", "site", "gaps:rating:near_cut", 2.0)
    add_row(rows, "community", "a1", "gaps:reach:canteen", 8.0)
    # The township counted its own volunteers: what is published stands, whatever the sum.
    add_row(rows, "subdistrict", "乙镇", "volunteers", 8.0)
    table = pd.DataFrame(rows, columns=["level", "of", "community", "measure", "value", "shown"])
    return table.rename_axis("row")


def make_town(published):
    """A release with five communities: twenty sub-grids each, of which one of a1 is out of band."""
    board = release(make_board_plan())
    one = board.site.communities.iloc[[0]]
    communities = pd.concat([one] * len(PLACES)).set_axis(pd.Index(PLACES, name="community"))
    for n, column in enumerate(("name", "kind", "subdistrict", "district")):
        communities[column] = [place[n] for place in PLACES.values()]
    subgrid = board.subgrids.iloc[[0]]
    codes = [f"{code}-{n:03d}" for code in PLACES for n in range(20)]
    subgrids = pd.concat([subgrid] * len(codes)).set_axis(pd.Index(codes, name="subgrid"))
    subgrids["community"] = [code[:2] for code in codes]
    subgrids["kind"] = "residential"
    subgrids["in_band"] = [code != "a1-000" for code in codes]
    subgrids.geometry = [shapely.box(n, 0, n + 1, 1) for n in range(len(codes))]
    site = board.site.replace(communities=communities)
    return gather_facts(
        board.replace(site=site, subgrids=subgrids, published=published), write_brief(board)
    )


@pytest.fixture(scope="module")
def town():
    return make_town(make_published())


@pytest.fixture(scope="module")
def board():
    return collect_facts(release(make_board_plan()))


def find(facts, fact, level, body):
    value = facts.find(fact, level, body)
    return (None if np.isnan(value.value) else round(value.value, 6), value.state)


def test_what_is_not_published_for_a_level_is_added_up_from_communities(town):
    assert find(town, "households", "subdistrict", "甲街道") == (300.0, "shown")
    assert find(town, "households", "district", "西区") == (110.0, "shown")
    # The village's households are withheld, so no sum may give them away.
    assert find(town, "households", "subdistrict", "乙镇") == (None, "suppressed")
    assert find(town, "households", "district", "东区") == (None, "suppressed")
    # A cell that is published stands beside the sum of others.
    assert find(town, "volunteers", "subdistrict", "乙镇") == (8.0, "shown")
    assert find(town, "branches", "district", "东区") == (None, "unknown")


def test_a_ratio_is_that_of_sums_and_never_of_ratios(town):
    assert find(town, "volunteers_per_100", "community", "a2") == (4.5, "shown")
    assert find(town, "volunteers_per_100", "subdistrict", "甲街道") == (4.0, "shown")
    assert find(town, "volunteers_per_100", "community", "b1") == (None, "suppressed")
    # Of the two communities of the district that are known: 12 over 300.
    assert find(town, "volunteers_per_100", "district", "东区") == (4.0, "partial")
    assert find(town, "in_band", "subdistrict", "甲街道") == (0.975, "shown")
    assert find(town, "in_band", "city", "site") == (0.99, "shown")


def test_a_surplus_of_one_community_fills_no_post_of_another(town):
    assert find(town, "vacancies", "community", "a1") == (2.0, "shown")
    assert find(town, "vacancies", "community", "a2") == (0.0, "shown")
    assert find(town, "vacancies", "subdistrict", "甲街道") == (2.0, "shown")
    assert find(town, "full_rate", "community", "a2") == (1.0, "shown")
    assert find(town, "full_rate", "subdistrict", "甲街道") == (round(5 / 7, 6), "shown")
    assert find(town, "vacancies", "city", "site") == (3.0, "shown")


def test_what_is_withheld_is_nowhere_and_is_listed(town):
    assert not (town.values[["value", "part", "whole"]] == SECRET).to_numpy().any()
    assert not (town.reach[["reach", "served"]] == SECRET).to_numpy().any()
    for lang in ("zh", "en"):
        request = BriefingRequest(lang=lang)
        texts = repr([write_sections(town, request), list_charts(town, request)])
        assert "7777" not in texts.replace(",", "")
    listed = list_suppressed(town, "zh")[["name", "fact"]].to_numpy().tolist()
    assert listed == [
        ["全域", "卫生服务站15分钟可达率"],
        ["全域", "卫生服务站15分钟服务率"],
        ["乙村", "居民户"],
        ["乙村", "卫生服务站15分钟可达率"],
        ["乙村", "卫生服务站15分钟服务率"],
    ]


def test_what_is_missing_says_what_to_give(town, board):
    assert "运行 gridplan staff" not in list_missing(town, "zh")["needs"].tolist()[:1]
    needs = dict(list_missing(board, "zh").to_numpy().tolist())
    assert needs["网格党支部"] == "运行 gridplan organise"
    assert needs["步行可达情况"] == "运行 gridplan reach"
    assert needs["志愿者"] == "提供志愿者数"


def test_bodies_are_ranked_with_their_like_and_ties_share_a_rank(town):
    table = rank_facts(town)
    band = table[(table["group"] == "urban") & (table["fact"] == "in_band")]
    assert band[["name", "rank", "tied"]].to_numpy().tolist() == [
        ["甲二社区", 1.0, 3],
        ["丙一社区", 1.0, 3],
        ["丙二社区", 1.0, 3],
        ["甲一社区", 4.0, 1],
    ]
    streets = table[(table["group"] == "subdistrict") & (table["fact"] == "volunteers_per_100")]
    assert streets["name"].tolist() == ["甲街道", "丙街道", "乙镇"]
    assert streets["caveat"].tolist() == ["", "", "suppressed"]
    assert np.isnan(streets["rank"].iloc[2])
    # Filled of needed: 2 of 2, 2 of 2, 3 of 5, 1 of 2.
    posts = table[(table["group"] == "urban") & (table["fact"] == "full_rate")]
    assert posts["name"].tolist() == ["甲二社区", "丙一社区", "甲一社区", "丙二社区"]
    # A share of fewer than twenty is shown and not ranked.
    few = make_published()
    for measure in ("subgrids", "in_band"):
        few.loc[f"few-{measure}"] = ("community", "a2", "a2", measure, 19.0, True)
    table = rank_facts(make_town(few)).set_index(["group", "fact", "name"])
    row = table.loc[("urban", "in_band", "甲二社区")]
    assert (row["value"], row["caveat"], np.isnan(row["rank"])) == (1.0, "few", True)
    assert table.loc[("urban", "in_band", "丙一社区"), "tied"] == 2


def test_ranks_of_the_release_before_say_who_rose(town):
    published = make_published()
    one = (published["of"] == "c2") & (published["measure"] == "volunteers")
    risen = make_town(published.assign(value=published["value"].mask(one, 60.0)))
    table = rank_facts(risen, town).set_index(["group", "fact", "name"])
    row = table.loc[("urban", "volunteers_per_100", "丙二社区")]
    assert (row["rank"], row["rank_before"], row["moved"]) == (1.0, 4.0, 3.0)


def test_changes_follow_land_and_facts_of_both_releases(board):
    parts = collect_facts(release(make_board_plan((1, 1, 1, 2, 2, 3) * 2)))
    changes = compare_facts(board, parts)
    kinds = changes.events[["kind", "old", "new"]].to_numpy().tolist()
    assert kinds == [
        ["split", "0301-002", "0301-002, 0301-003"],
        ["kept", "0301-001", "0301-001"],
    ]
    rows = changes.facts.set_index(["level", "fact"])
    assert rows.loc[("city", "subgrids"), ["before", "now", "change"]].tolist() == [2.0, 3.0, 1.0]
    assert rows.loc[("city", "branches"), "state"] == "unknown"
    section = find_section(parts, "changes", before=board)
    assert section.finding == "1个子网格保持不变，1项有变动"
    assert "公布的方案不含楼栋户数" in section.sentences[-1]
    merged = compare_facts(parts, board).events["kind"].tolist()
    assert merged == ["merge", "kept"]


def find_section(facts, key, lang="zh", **request):
    """Write one section alone: the others are read by tests of their own."""
    return WRITERS[key](facts, BriefingRequest(lang=lang, **request))


def test_coverage_says_who_is_served_and_where_least(town):
    section = find_section(town, "coverage")
    assert section.finding == "15分钟社区食堂服务率54%，为已设设施中最低"
    assert "社区食堂15分钟可达率75%、计入服务能力后为54%" in section.sentences[0]
    assert section.sentences[1] == "初心小院尚无居民在步行范围内可达。"
    assert section.sentences[2].startswith("卫生服务站的覆盖率")
    kinds, weak = section.tables
    assert ("卫生服务站", "居民户", "15", "*", "*") in kinds.rows
    assert "为防止推知小数而不公布" in kinds.note
    assert [row[0] for row in weak.rows] == ["甲一社区", "甲二社区", "乙村", "丙二社区"]


def test_gaps_come_with_their_remedy_and_chances_apart(town):
    section = find_section(town, "gaps")
    assert section.finding == "缺口2类，最突出的是社区食堂服务不到位12处"
    rows = section.tables[0].rows
    assert rows[0] == ("步行可达", "社区食堂服务不到位", "12", "甲一社区", "增设社区食堂或助餐点")
    assert rows[-1][1] == "接近上一档的党组织"
    assert "缺口13处，涉及2类" in section.sentences[0]
    steps = find_section(town, "next_steps").tables[0]
    assert steps.rows[0][1:3] == (
        "1个子网格户数不达标（甲一社区）",
        "调整子网格边界，确需保留的按例外报批",
    )
    assert all(row[3:] == ("", "") for row in steps.rows)


def test_posts_are_set_against_need(town):
    section = find_section(town, "staffing")
    assert section.finding == "专职网格员缺3名"
    assert "按规则应配专职网格员12名，实配11名，缺3名。" in section.sentences
    assert "缺岗主要在甲一社区、丙二社区。" in section.sentences


def test_sections_without_data_say_what_to_give_and_nothing_else(board):
    sections = write_sections(board, BriefingRequest(lang="zh"))
    assert tuple(section.key for section in sections) == SECTIONS
    empty = [section for section in sections if section.missing and not section.sentences]
    assert [section.key for section in empty] == [
        *("coverage", "gaps", "organisation", "staffing", "changes", "ranking", "simulation"),
        "next_steps",  # nobody may say that nothing is to be done where nobody looked
    ]
    assert all(not section.tables for section in empty)
    for section in empty:
        if section.key != "ranking":
            assert re.search("gridplan|--before", section.missing[0]), section.missing


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_text_is_empty_or_shows_a_code(town, board, lang):
    for facts, before in ((town, None), (board, board)):
        for section in write_sections(facts, BriefingRequest(lang=lang, before=before)):
            texts = [section.title, section.finding, *section.sentences, *section.missing]
            texts += [table.caption for table in section.tables]
            texts += [column for table in section.tables for column in table.columns]
            assert all(text.strip() for text in texts), section
            cells = [cell for table in section.tables for row in table.rows for cell in row]
            said = " ".join([*texts, *cells])
            assert "nan" not in said
            assert "None" not in said
            # A Chinese text has no English but the commands that it asks to run.
            plain = re.sub(r"gridplan [a-z、]+|--[a-z]+( [a-z]+\.[a-z]+=[a-z]+)?", "", said)
            if lang == "zh":
                assert not re.search(r"[a-z]{3,}", plain.partition("校验码")[0]), plain
            for table in section.tables:
                assert {len(row) for row in table.rows} == {len(table.columns)}
                assert len(table.numeric) == len(table.columns)


def test_every_number_of_a_sentence_is_a_fact(town):
    """Numbers of facts, shares that are published, rules, or how many rows there are."""
    numbers = set()
    for row in town.values.itertuples():
        for value in (row.value, row.part, row.whole, row.whole - row.part):
            if not np.isnan(value):
                share = list_facts()[row.fact].unit == "share"
                numbers.add(say_share(value, "zh").rstrip("%") if share else f"{value:.0f}")
                numbers.add(f"{value:.1f}")
                numbers.add(f"{value:.0f}")
    for row in town.reach.itertuples():
        numbers |= {f"{100 * v:.0f}" for v in (row.reach, row.served) if not np.isnan(v)}
        numbers.add(f"{row.minutes:g}")
    numbers |= {f"{value:.0f}" for value in town.gaps["value"].dropna()}
    rules = town.plan.rules
    numbers |= {f"{100 * rules.coverage.low:.0f}", f"{rules.ranking.least:g}", "95", "100.0"}
    rows = {f"{n}" for n in range(len(PLACES) + 1)}
    # The paragraph and the stamp are the brief's, which has tests of its own.
    for section in write_sections(town, BriefingRequest(lang="zh")):
        if section.key in ("overview", "sources"):
            continue
        for sentence in section.sentences:
            for number in re.findall(r"\d+(?:\.\d+)?", sentence):
                known = number in numbers or number in rows or number == "13"  # all gaps
                assert known, (number, sentence)


def test_a_release_can_draw_the_maps_that_sections_ask_for():
    pytest.importorskip("matplotlib")
    from gridplan.plots.printed_map import plot_map

    out_of_band = release(make_board_plan((1, 1, 1, 2, 2, 3) * 2))
    facts = collect_facts(out_of_band)
    sections = write_sections(facts, BriefingRequest(lang="en"))
    views = [view for section in sections for view in section.views]
    assert views == ["subgrids", "band"]
    for view in views:
        assert plot_map(out_of_band, view=view).get_xlim()[0] > 0


def test_headlines_and_charts_are_the_facts(town):
    request = BriefingRequest(lang="zh")
    headlines = {one.name: (one.value, one.unit) for one in list_headlines(town, request)}
    assert headlines["户数达标率"] == ("99.0", "%")
    assert headlines["城乡子网格"] == ("100", "个")
    assert "居民户" not in headlines  # withheld of a village, and so of the whole
    charts = {chart.key: chart for chart in list_charts(town, request)}
    # The lowest first; a tie by code.
    assert charts["in_band"].categories[0] == "甲一社区"
    assert charts["in_band"].series[0][1] == (95.0, 100.0, 100.0, 100.0, 100.0)
    assert charts["coverage"].categories == ("初心小院（10分钟）", "社区食堂（15分钟）")
    assert [series[1][1] for series in charts["coverage"].series] == [54.0, 21.0, 25.0]
    assert charts["staffing"].series[0] == ("专职网格员应配", (1.0, 2.0, 2.0, 2.0, 5.0))


def test_the_order_of_published_rows_says_nothing(town):
    shuffled = make_town(make_published().sample(frac=1.0, random_state=3))
    pd.testing.assert_frame_equal(shuffled.values, town.values)
    request = BriefingRequest(lang="zh")
    assert write_sections(shuffled, request) == write_sections(town, request)


def test_communities_of_a_release_add_up_to_what_is_published(board):
    rows = board.take("households", "community")
    published = board.plan.published
    cells = published[(published["level"] == "community") & (published["measure"] == "households")]
    assert rows["value"].sum() == cells["value"].sum() == board.find("households").value == 120
    assert not board.origin.are_estimated


def test_estimates_are_said_to_be_about(town, board):
    counted = find_section(board, "overview", "en").sentences
    assert "All households were counted." in counted
    plan = town.plan.replace(published=make_published())
    brief = write_brief(board.plan)
    figures = brief.figures.copy()
    figures.loc["households_counted", "value"] = 30.0
    guessed = gather_facts(plan, type(brief)(**{**vars(brief), "figures": figures}))
    assert guessed.origin.are_estimated
    sentences = find_section(guessed, "overview").sentences
    assert "居民户中已登记30户，占25.0%，其余按建筑估算，凡涉及户数的指标均为约数。" in sentences
    table = find_section(guessed, "overview").tables[0]
    assert "户数含按建筑估算的约数" in table.note


def test_a_simulation_is_read_for_the_whole_alone(tmp_path, board):
    head = "row,scenario,level,of,kind,measure,mean,low,high\n"
    lines = [
        "1,base,city,site,request,answered_share,0.9,0.8,1.0",
        "2,base,city,site,request,response_minutes,76.4,60,90",
        "3,base,community,0301,request,response_minutes,5000,4000,6000",
    ]
    (tmp_path / "requests.csv").write_text(head + "\n".join(lines), encoding="utf-8")
    table = read_simulation(tmp_path)
    assert table["mean"].tolist() == [0.9, 76.4]
    section = find_section(board, "simulation", simulation=table)
    assert section.finding == "诉求响应率90.0%，平均76分钟到场"
    assert section.tables[0].rows == (
        ("响应率", "90.0%（80.0%至100.0%）"),
        ("平均响应时间", "76分钟（60分钟至90分钟）"),
    )
    assert "不是实际统计" in section.sentences[-1]
    with pytest.raises(PlanError, match="gridplan simulate PLAN --csv"):
        read_simulation(tmp_path / "elsewhere")


def test_every_rule_and_room_of_gaps_has_a_remedy():
    rules, rooms = list_words("gap_rule", "zh"), list_words("room", "zh")
    assert set(list_words("remedy", "zh")) == {
        *rules,
        *(f"room_{room}" for room in rooms),
        "otherwise",
    }
