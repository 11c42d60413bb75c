"""The workbook of a briefing: figures as numbers, codes as texts, nothing withheld, no formula."""

import io
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from gridplan.briefing.facts import NOBODY_SAYS, collect_facts, list_facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.workbook import writing
from gridplan.briefing.workbook.layout import Column, count_lines, measure_column
from gridplan.briefing.workbook.level_sheets import find_targets
from gridplan.briefing.workbook.workbook_file import make_sheets, write_workbook
from gridplan.errors import PlanError
from gridplan.publishing.release_plan import release
from gridplan.synthetic.board_plan import make_board_plan
from gridplan.tables.words import say

FORMULAS = ('=HYPERLINK("http://x.example","东湖")', "+1+1", "@SUM(A1)", "-2", "&L东湖 & 西湖")
CODES = ("0301", "0302", "000000000303", "0304", "1303")
SECRET = 987654.0  # stands behind a figure that is suppressed


@pytest.fixture(scope="module")
def facts():
    """Facts of a release, with communities of awkward names and figures in every state."""
    plain = collect_facts(release(make_board_plan()))
    bodies = pd.DataFrame(
        [("city", "site", "site", "", "")]
        + [
            ("community", code, name, "urban", "site")
            for code, name in zip(CODES, FORMULAS, strict=True)
        ],
        columns=["level", "body", "name", "kind", "above"],
    )
    rows = []
    for fact in list_facts():
        for n, (level, body) in enumerate(zip(bodies["level"], bodies["body"], strict=True)):
            value, state = 0.5 if fact in find_targets(plain) else 100.0 + n, "shown"
            if fact == "members" and n in (2, 3):
                value, state = np.nan, "suppressed"
            if fact == "branches" and n == 4:
                value, state = np.nan, "unknown"
            if fact == "special":
                value, state = np.nan, "unknown"
            if fact == "volunteers" and n == 1:
                state = "partial"
            if fact == "subgrids":
                value = 5 * 7.0 if level == "city" else 7.0
            rows.append((level, body, fact, value, SECRET, SECRET, state))
    values = pd.DataFrame(rows, columns=plain.values.columns)
    reach = pd.DataFrame(
        [
            ("community", CODES[0], "clinic", 15.0, 0.25, 0.125, "shown"),
            ("community", CODES[1], "clinic", 15.0, np.nan, 0.98765, "suppressed"),
        ],
        columns=["level", "body", "kind", "minutes", "reach", "served", "state"],
    )
    gaps = pd.DataFrame(
        [("city", "site", "reach", "clinic", 3.0, "shown")],
        columns=["level", "body", "room", "rule", "value", "state"],
    )
    banded = plain.plan.subgrids.assign(household_band=["20-40", "41+"], in_band=[True, False])
    plan = plain.plan.replace(subgrids=banded)
    return replace(plain, plan=plan, bodies=bodies, values=values, reach=reach, gaps=gaps)


@pytest.fixture(scope="module", params=["zh", "en"])
def book(request, facts):
    """The workbook in a language, and its sheets as rows of cells."""
    lang = request.param
    asked = BriefingRequest(lang=lang, office="东湖 & 西湖", date="2026-11-29", title="A & B")
    content = write_workbook(facts, asked)
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = {
        name: sheets.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in sheets.sheet_names
    }
    return lang, content, rows


def read_parts(content):
    """Read the parts of a container as texts."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name).decode("utf-8", "replace") for name in file.namelist()}


def take(book, sheet):
    """Take the rows of a sheet, keyed by its word, each as a mapping from its head."""
    lang, _, rows = book
    head, *body = rows[say(f"workbook.{sheet}", lang)]
    return [dict(zip(head, row, strict=True)) for row in body]


def test_sheets_come_in_order_with_one_row_of_heads(book):
    lang, _, rows = book
    keys = ("notes", "city", "community", "subgrids", "reach_sheet", "gaps_sheet", "ranking",
            "suppressed", "missing", "sources")  # fmt: skip
    assert list(rows) == [say(f"workbook.{key}", lang) for key in keys]
    for name, (head, *_) in rows.items():
        assert all(head), name
        assert len(set(head)) == len(head), name


def test_every_figure_is_the_fact_as_a_number(book, facts):
    lang = book[0]
    for level, names in (("city", ["site"]), ("community", list(CODES))):
        table = take(book, level)
        assert len(table) == len(names)
        for row, body in zip(table, names, strict=True):
            for key, fact in list_facts().items():
                of = facts.values
                one = of[(of["level"] == level) & (of["body"] == body) & (of["fact"] == key)]
                state, value = one["state"].item(), one["value"].item()
                if key == "special":  # known nowhere: it has no column
                    assert fact.name(lang) not in row
                    continue
                cell = row[fact.name(lang)]
                expected = {"suppressed": "*", "unknown": ""}.get(state, value)
                assert cell == expected, (body, key)
                assert type(cell) is type(expected), (body, key)


def test_levels_have_the_same_indicators(book):
    city, community = take(book, "city")[0], take(book, "community")[0]
    assert [head for head in community if head in city] == [
        head for head in city if head != say("workbook.above", book[0])
    ]


def test_codes_are_texts_and_names_are_no_formulas(book):
    lang, content, _ = book
    table = take(book, "community")
    assert [row[say("workbook.code", lang)] for row in table] == list(CODES)
    assert [row[say("workbook.name", lang)] for row in table] == list(FORMULAS)
    for name, text in read_parts(content).items():
        if name.startswith("xl/worksheets/"):
            assert "<f>" not in text
            assert "<f " not in text
            assert "<hyperlink" not in text
    assert not any("/externalLinks/" in name for name in read_parts(content))


def test_nothing_suppressed_is_anywhere_in_the_file(book):
    lang, content, _ = book
    for name, text in read_parts(content).items():
        assert "987654" not in text, name
        assert "98765" not in text, name
    listed = take(book, "suppressed")
    members = list_facts()["members"].name(lang)
    code, what = say("workbook.code", lang), say("workbook.what", lang)
    closed = [row[code] for row in listed if row[what] == members]
    assert closed == [CODES[2], CODES[1]]
    # all sheets can be seen
    assert 'state="hidden"' not in read_parts(content)["xl/workbook.xml"]
    assert "veryHidden" not in read_parts(content)["xl/workbook.xml"]


def test_what_is_unknown_is_listed_with_what_fills_it(book):
    lang = book[0]
    table = take(book, "missing")
    what, needs = say("workbook.what", lang), say("workbook.needs", lang)
    special = list_facts()["special"]
    rows = [row for row in table if row[what] == special.name(lang)]
    assert [row[say("workbook.missing_count", lang)] for row in rows] == [1, 5]
    assert {row[needs] for row in rows} == {special.needs_zh if lang == "zh" else special.needs}
    branches = [row for row in table if row[what] == list_facts()["branches"].name(lang)]
    assert [row[say("workbook.missing_names", lang)] for row in branches] == [FORMULAS[3]]


def test_filters_frozen_heads_bars_and_paper(book):
    parts = read_parts(book[1])
    pages = [text for name, text in sorted(parts.items()) if name.startswith("xl/worksheets/sheet")]
    assert len(pages) == len(book[2])
    for text in pages:
        assert 'state="frozen"' in text
        assert "<autoFilter " in text
        assert "<mergeCell" not in text
        assert 'orientation="landscape"' in text
        assert 'fitToHeight="0"' in text
        assert "A &amp;&amp; B" in text  # in the header of the page, where & begins a code
        assert re.search(r"&amp;P.*&amp;N", text)
    assert parts["xl/workbook.xml"].count("_xlnm.Print_Titles") == len(pages)
    solid = '<x14:dataBar minLength="0" maxLength="100" border="1" gradient="0"'
    bars = [text for text in pages if solid in text]
    assert len(bars) == 3  # two levels, and reach
    assert any("ISNUMBER(" in text for text in pages)


def test_what_changed_stands_beside_the_release_before(facts):
    values = facts.values.copy()
    is_one = (values["fact"] == "exclusive") & (values["body"] == CODES[0])
    values.loc[is_one, "value"] -= 3
    before = replace(facts, values=values)
    for lang in ("zh", "en"):
        sheets = make_sheets(facts, BriefingRequest(lang=lang, before=before))
        named = {sheet.name: sheet for sheet in sheets}
        figures = named[say("workbook.figure_changes", lang)]
        fact = list_facts()["exclusive"].name(lang)
        row = next(row for row in figures.rows if row[1] == CODES[0] and row[3] == fact)
        assert [cell.value for cell in row[4:7]] == [98.0, 101.0, 3.0]
        members = list_facts()["members"].name(lang)
        row = next(row for row in figures.rows if row[1] == CODES[1] and row[3] == members)
        assert row[4:7] == ("*", "*", None)
        # no sub-grid changed
        assert named[say("workbook.changes", lang)].rows == []
        ranks = named[say("workbook.ranking", lang)]
        assert say("workbook.rank_before", lang) in [column.head for column in ranks.columns]


def test_like_is_ranked_with_like_and_what_rests_on_few_is_not(book):
    lang = book[0]
    table = take(book, "ranking")
    fact = list_facts()["in_band"].name(lang)
    rows = [row for row in table if row[say("workbook.what", lang)] == fact]
    assert len(rows) == len(CODES)
    assert {row[say("workbook.value", lang)] for row in rows} == {0.5}
    assert all(isinstance(row[say("workbook.ranked", lang)], float) for row in rows)


def test_estimates_are_never_shown_as_if_counted(facts):
    # Nobody counted a building in these figures.
    guessed = replace(facts, origin=NOBODY_SAYS)
    for lang in ("zh", "en"):
        about = f"&quot;{say('workbook.about', lang)}&quot;"
        counted, estimated = (
            read_parts(write_workbook(one, BriefingRequest(lang=lang)))["xl/styles.xml"]
            for one in (facts, guessed)
        )
        assert about not in counted
        assert about in estimated


def test_totals_are_said_to_add_up_only_where_they_do(book):
    lang = book[0]
    rows = {row[say("workbook.what", lang)]: row for row in take(book, "sources")}
    adds = say("workbook.adds", lang)
    assert rows[list_facts()["subgrids"].name(lang)][adds] == say("workbook.yes", lang)
    assert rows[list_facts()["exclusive"].name(lang)][adds] == say("workbook.no", lang)
    assert rows[list_facts()["members"].name(lang)][adds] == ""  # some are suppressed
    notes = take(book, "notes")
    sums = next(row for row in notes if say("workbook.item_sums", lang) in row.values())
    assert list_facts()["exclusive"].name(lang) in "".join(sums.values())


def test_subgrids_have_bands_and_never_a_number_of_households(facts, book):
    lang = book[0]
    table = take(book, "subgrids")
    assert [row[say("workbook.subgrid", lang)] for row in table] == ["0301-001", "0301-002"]
    assert [row[say("workbook.band", lang)] for row in table] == ["20-40", "41+"]
    fits = [say("workbook.yes", lang), say("workbook.no", lang)]
    assert [row[say("workbook.fits", lang)] for row in table] == fits
    assert all(isinstance(row[say("workbook.area", lang)], float) for row in table)
    numbers = [cell for row in table for cell in row.values() if isinstance(cell, float)]
    assert len(numbers) == len(table)  # the areas alone
    # A band that is withheld says nothing of whether it is within the rule.
    shut = facts.plan.subgrids.assign(household_band="")
    page = make_sheets(replace(facts, plan=facts.plan.replace(subgrids=shut)), BriefingRequest())
    rows = next(sheet for sheet in page if sheet.name == say("workbook.subgrids", "zh")).rows
    assert {row[5:7] for row in rows} == {("*", "")}


def test_the_same_facts_are_the_same_bytes_whatever_the_process():
    code = (
        "import hashlib\n"
        "from gridplan.briefing.facts import collect_facts\n"
        "from gridplan.briefing.request import BriefingRequest\n"
        "from gridplan.briefing.workbook.workbook_file import write_workbook\n"
        "from gridplan.publishing.release_plan import release\n"
        "from gridplan.synthetic import make_board_plan\n"
        "content = write_workbook(collect_facts(release(make_board_plan())), BriefingRequest())\n"
        "print(hashlib.sha256(content).hexdigest())"
    )
    seen = set()
    for zone, seed, words in (("UTC", "1", "C.UTF-8"), ("Asia/Shanghai", "2", "POSIX")):
        around = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": words}
        run = subprocess.run(
            [sys.executable, "-c", code], env=around, capture_output=True, text=True, check=True
        )
        seen.add(run.stdout)
    assert len(seen) == 1


def test_columns_are_as_wide_as_their_chinese():
    wide = measure_column(Column("名称"), ["凤凰路街道翠湖社区"])
    assert wide >= 2 * len("凤凰路街道翠湖社区")
    assert measure_column(Column("名称"), ["a" * 9]) < wide
    # a long text wraps, and its row is as high as its lines
    column = Column("内容")
    assert measure_column(column, ["字" * 200]) < 50
    assert count_lines(column, "字" * 40, 44.0) == 2


def test_more_rows_than_a_sheet_holds_are_refused(facts, monkeypatch):
    monkeypatch.setattr(writing, "MOST_ROWS", 1)
    with pytest.raises(PlanError, match=r"more than a sheet holds .* one district at a time"):
        write_workbook(facts, BriefingRequest())
