"""The Chinese of pages, tables and documents: one word for one thing, and no code among them."""

import ast
import csv
import re
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from gridplan.publishing.brief_pages import write_markdown
from gridplan.publishing.brief_plan import write_brief
from gridplan.publishing.figure_words import say_filter, say_how, say_table
from gridplan.publishing.published_figures import list_figures
from gridplan.publishing.release_plan import release
from gridplan.rules.all_rules import Rules
from gridplan.rules.chinese_rules import read_rows as read_rules
from gridplan.rules.chinese_rules import translate_rule, translate_unit
from gridplan.synthetic.board_plan import make_board_plan, make_table
from gridplan.tables.words import list_words

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gridplan"
GLOSSARY = PACKAGE / "tables" / "glossary.csv"
PAGES = (ROOT / "README.zh.md", *sorted((ROOT / "docs" / "zh").glob("*.md")))
HAN = "\u4e00-\u9fff"
# Half-width signs that Chinese writes full-width: beside Chinese on either side.
HALF_WIDTH = re.compile(rf"[{HAN}）”][;,:!?(]|[;!?][ ]?[{HAN}]|[{HAN}]\)")
# Minutes and hours are written out: 1分 is a point of a score, 1时 one o'clock.
SHORT_UNIT = re.compile(r"\d(?:分|时)(?:$|[|，。；）{])")
LATIN = re.compile(r"[A-Za-z_]{3,}")
# What stays Latin on a Chinese page: names of software and formats, commands, codes of places.
ALLOWED = {
    *("gridplan", "OpenStreetMap", "QGIS", "GeoPackage", "GeoParquet", "Excel", "UTF", "CSV"),
    *("Chrome", "Firefox", "Safari", "CRS", "ODbL", "Apache"),
}
COMMAND = re.compile(r"gridplan [a-z]+|--[a-z]+(?: [a-z.]+=\w+)?|\{\w+\}|https?://\S+")


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def list_chinese():
    """List every Chinese text of the package and the documents: where it is, and the text."""
    for path in sorted(PACKAGE.rglob("*.csv")):
        rows = read_rows(path)
        columns = [c for c in (rows[0] if rows else ()) if c in ("zh", "unit_zh", "needs_zh")]
        columns += ["meaning"] if path == GLOSSARY else []
        for row in rows:
            yield from ((f"{path.name}: {row[c]}", row[c]) for c in columns if row[c])
    for path in PAGES:
        text = re.sub(
            r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>", "", path.read_text("utf-8"), flags=re.S
        )
        for line in text.splitlines():
            yield f"{path.name}: {line}", line
    sections = (ROOT / "docs" / "generate.py").read_text(encoding="utf-8")
    yield from (
        ("generate.py", text) for text in re.findall(rf'"([^"\n]*[{HAN}][^"\n]*)"', sections)
    )


CHINESE = list(list_chinese())
TERMS = read_rows(GLOSSARY)


def test_no_chinese_text_holds_a_form_that_the_glossary_rejects():
    wrong = {form: row["zh"] for row in TERMS for form in row["not"].split("|") if form}
    assert wrong
    assert [
        f"{where}: {form} should be {wrong[form]}"
        for where, text in CHINESE
        for form in wrong
        if form in text
    ] == []


@pytest.mark.parametrize("sign", [HALF_WIDTH, SHORT_UNIT], ids=["half-width", "short unit"])
def test_chinese_texts_are_written_with_their_own_signs(sign):
    # Times of day keep their colon: 周一 08:00 has a blank before the figures.
    assert [where for where, text in CHINESE if sign.search(text)] == []


def test_the_signs_that_are_looked_for_are_seen():
    for text in ("户数;面积", "户数(户)", "社区:村", "好!"):
        assert HALF_WIDTH.search(text), text
    assert not HALF_WIDTH.search("户数；面积（户），`code`: x")
    assert SHORT_UNIT.search("1分|10分|1小时")
    assert not SHORT_UNIT.search("1分钟|1小时|2时段")


def test_the_page_of_terms_shows_the_glossary():
    page = (ROOT / "docs" / "zh" / "vocabulary.md").read_text(encoding="utf-8")
    shown = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| ") and "各地也叫" not in line
    ]
    assert [[zh, also, meaning, code.replace("`", "")] for zh, also, meaning, code in shown] == [
        [row[c] for c in ("zh", "also", "meaning", "code")] for row in TERMS
    ]


def find_codes(text):
    """Find the Latin words of a Chinese text that are neither names of software nor commands."""
    return sorted(set(LATIN.findall(COMMAND.sub("", text))) - ALLOWED)


# The notes beside a plan name its files and styles.
@pytest.mark.parametrize("page", ["map", "timeline", "cause", "brief", "sentence", "event"])
def test_no_word_of_a_chinese_page_holds_a_code(page):
    assert {key: find_codes(text) for key, text in list_words(page, "zh").items()} == {
        key: [] for key in list_words(page)
    }


@pytest.mark.parametrize("page", ["result_plot", "change_plot", "fit_plot", "gap_rule", "value"])
def test_no_label_of_a_chinese_picture_holds_a_code(page):
    assert not any(find_codes(text) for text in list_words(page, "zh").values())


@pytest.mark.parametrize("figure", list_figures().values(), ids=list(list_figures()))
def test_the_source_of_every_figure_is_said_in_chinese(figure):
    words = (say_table(figure, "zh"), say_filter(figure, "zh"), say_how(figure, "zh"))
    assert find_codes(" ".join((*words, figure.zh, figure.needs_zh))) == []
    assert words[0]
    assert words[2]
    assert bool(words[1]) == bool(figure.filter)


def list_gap_rules():
    """List the codes of rules that the makers of gaps write, from their source."""
    for path in sorted((*PACKAGE.glob("people/**/*.py"), *PACKAGE.glob("coverage/*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            texts = []
            if isinstance(node, ast.Call) and "gap" in getattr(node.func, "id", ""):
                texts = node.args[:1]
            if isinstance(node, ast.For) and isinstance(node.target, ast.Tuple):
                is_rule = getattr(node.target.elts[0], "id", "") == "rule"
                rows = getattr(node.iter, "elts", []) if is_rule else []
                texts = [row.elts[0] for row in rows if isinstance(row, ast.Tuple)]
            yield from (t.value for t in texts if isinstance(getattr(t, "value", None), str))


def test_every_rule_that_can_have_gaps_has_words():
    rules = set(list_gap_rules())
    assert {"party_share", "near_cut", "centre_area"} <= rules
    assert sorted(rules - set(list_words("gap_rule"))) == []


def test_a_chinese_brief_holds_no_code():
    rows = [
        {"gap": f"{n}", "room": room, "rule": rule, "community": "0301", "of": "0301"}
        for n, (room, rule) in enumerate(
            [("reach", "clinic"), ("staffing", "party_share"), ("rating", "near_cut")]
        )
    ]
    plan = make_board_plan()
    leaving = release(plan.replace(gaps=make_table("gaps", rows * 9)))
    text = write_markdown(write_brief(leaving, "zh"))
    assert "| 步行可达 | 步行不可达卫生服务站 | 9 |" in text
    assert "| 子网格 | 网格类别为居民 | 记录数 |" in text
    assert find_codes(re.sub(r"校验码\w+", "", text)) == []


CATALOGUES = sorted((PACKAGE / "tables" / "chinese").glob("*.csv"))
GAP = re.compile(r"\{(\d+)\W?\}")  # a sign may say how a gap is filled


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_the_chinese_of_a_message_has_the_gaps_of_the_message(path):
    rows = read_rows(path)
    assert len({row["en"] for row in rows}) == len(rows)
    for row in rows:
        if row["zh"] in ("", "-"):
            continue
        there, wanted = set(GAP.findall(row["zh"])), set(GAP.findall(row["en"]))
        # The s of a plural has no counterpart in Chinese.
        plurals = set(re.findall(r"[a-z]\{(\d+)\}", row["en"]))
        assert there <= wanted, row
        assert wanted - there <= plurals, row


def test_every_rule_reads_in_chinese_and_its_file_holds_the_same_values():
    text = Rules().to_toml("zh")
    assert tomllib.loads(text) == tomllib.loads(Rules().to_toml())
    assert "low = 20  # 户：子网格户数下限 [gridplan 的假设，请自行设定]" in text
    rows = read_rules()
    for section in fields(Rules()):
        rules = getattr(Rules(), section.name)
        for entry in fields(rules) if is_dataclass(rules) else ():
            where = f"{section.name}.{entry.name}"
            unit, meaning, source = (entry.metadata[n] for n in ("unit", "meaning", "source"))
            assert meaning in rows, where
            assert re.search(f"[{HAN}]", translate_rule(source)), where
            assert "|" in unit or not LATIN.search(translate_unit(unit)), where


def test_every_meaning_of_the_schema_reads_in_chinese():
    from gridplan.tables.schema import read_schema

    with (PACKAGE / "tables" / "chinese" / "schema.csv").open(encoding="utf-8") as file:
        rows = {row["en"] for row in csv.DictReader(file)}
    meanings = {c.meaning for columns in read_schema().values() for c in columns if c.meaning}
    assert meanings - rows == set()
