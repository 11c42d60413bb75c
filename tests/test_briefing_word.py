"""The Word document: it says what the sections say, laid out as official documents are."""

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from gridplan.briefing import needed
from gridplan.briefing.document_fonts import DOCUMENT_FONTS, list_chinese_fonts
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import Section, Table, write_sections
from gridplan.briefing.word.column_widths import choose_layout, measure_ems
from gridplan.briefing.word.figures import check_dots
from gridplan.briefing.word.texts import break_title
from gridplan.briefing.word.word_file import lay_out, write_word, write_word_template
from gridplan.errors import ArgumentError, MissingPackageError, PlanError
from gridplan.publishing.release_plan import release
from gridplan.synthetic import make_board_plan
from gridplan.tables.words import list_words, say

docx = pytest.importorskip("docx")
from docx.oxml.ns import qn  # noqa: E402

NARROW = Table(
    "各社区（村）情况",
    ("社区（村）", "户数", "达标率"),
    (("东湖社区", "1234", "99.6%"), ("凤凰路高新技术产业开发区第三社区", "*", "87.5%")),
    (False, True, True),
    "* 为隐去；户数为估计。",
)
WIDE = Table(
    "各社区（村）指标排名",
    ("编码", "社区（村）", "户数", *(f"第{n}项指标值" for n in range(9))),
    tuple(
        (f"1302030010{n:02d}", f"金桂社区{n}", f"{n + 1000}", *("100.0%",) * 9) for n in range(60)
    ),
    (False, False, *(True,) * 10),
)
SECTIONS = [
    Section(
        "overview",
        "总体情况",
        "户数达标率99.6%，仍有两个社区缺食堂",
        ("全域约有1234户。", "划分子网格“41”个。"),
        (NARROW,),
        ("subgrids", "coverage"),
    ),
    Section("ranking", "排名", "排名", ("排名见表。",), (WIDE,)),
    Section("changes", "变化情况", "变化情况", (), missing=("暂缺：请用 --before 指定。",)),
    Section("sources", "口径", "口径", ("甲。", "乙。"), missing=("丙", "丁")),
]
REQUEST = BriefingRequest(lang="zh", office="凤凰路街道党工委", date="2026-01-09", issue="5")


@pytest.fixture(scope="module")
def facts():
    return collect_facts(release(make_board_plan()))


@pytest.fixture(scope="module")
def content(facts):
    return lay_out(facts, REQUEST, SECTIONS)


@pytest.fixture(scope="module")
def document(content):
    return docx.Document(io.BytesIO(content))


def read_value(element, path, name="val"):
    for tag in path.split("/"):
        element = None if element is None else element.find(qn(f"w:{tag}"))
    return None if element is None else element.get(qn(f"w:{name}"))


def list_texts(document):
    return [paragraph.text for paragraph in document.paragraphs]


def save(tmp_path, content, name="office.docx"):
    file = tmp_path / name
    file.write_bytes(content)
    return file


def change_part(content, part, change):
    """A document with one part changed, or left out where the change gives None."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            text = change(old.read(name)) if name == part else old.read(name)
            if text is not None:
                new.writestr(name, text)
    return buffer.getvalue()


def test_the_document_says_what_the_sections_say_and_no_more(document):
    assert list_texts(document) == [
        "内部资料",
        "网格化治理工作简报",
        "第5期",
        "凤凰路街道党工委\t2026年1月9日",
        "户数达标率99.6%，仍有两个社区缺食堂",
        "一、总体情况",
        "全域约有1234户。划分子网格“41”个。",
        "表1　各社区（村）情况",
        "* 为隐去；户数为估计。",
        "",  # the picture
        "图1　子网格分布图",
        "暂缺：服务设施步行可达图，公布方案中没有绘制此图所需的数据。",
        "二、排名",
        "排名见表。",
        "表2见附件。",
        "三、变化情况",
        "暂缺：请用 --before 指定。",
        "四、口径",
        "（一）基本情况",
        "1.甲。",
        "2.乙。",
        "（二）暂缺的数据",
        "1.丙",
        "2.丁",
        "",
        "附件：各社区（村）指标排名",
        "附件",
        "表2　各社区（村）指标排名",
        "",  # no note
        "",
        "报：",
        "送：",
        "发：\t（共印　　份）",
    ]
    for table, printed in zip((NARROW, WIDE), document.tables, strict=True):
        rows = [tuple(cell.text.replace("\n", "") for cell in row.cells) for row in printed.rows]
        assert rows == [table.columns, *table.rows]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_of_the_document_are_those_of_the_sections(facts, lang):
    request = BriefingRequest(lang=lang)
    document = docx.Document(io.BytesIO(write_word(facts, request)))
    sections = write_sections(facts, request)
    said = " ".join(text for section in sections for text in section.sentences)
    read = " ".join(list_texts(document))
    numbers = re.compile(r"\d[\d,.]*\d|\d")
    wanted = set(numbers.findall(said))
    assert wanted
    assert wanted <= set(numbers.findall(read))
    tables = [table for section in sections for table in section.tables]
    printed = [tuple(c.text for c in row.cells) for t in document.tables for row in t.rows[1:]]
    assert sorted(printed) == sorted(row for table in tables for row in table.rows)
    for section in sections:
        assert any(section.title in text for text in list_texts(document))


def test_every_run_is_in_a_style_that_names_fonts_for_both_writings(content, document):
    styles = {style.style_id: style.element for style in document.styles}
    known = {font.chinese for font in list_chinese_fonts()}
    roots = [document.element.body]
    roots += [f._element for s in document.sections for f in (s.footer, s.even_page_footer)]
    paragraphs = [p for root in roots for p in root.iter(qn("w:p"))]
    for paragraph in paragraphs:
        style = styles[read_value(paragraph, "pPr/pStyle")]
        assert read_value(style, "rPr/rFonts", "eastAsia") in known
        assert read_value(style, "rPr/rFonts", "ascii") in {"Times New Roman", "宋体"}
        assert read_value(style, "rPr/lang", "eastAsia") == "zh-CN"
        for fonts in paragraph.iter(qn("w:rFonts")):
            assert set(fonts.attrib) == {qn("w:hint")}  # no run leaves its style
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name).decode("utf-8", "replace") for name in file.namelist()}
    assert "Theme=" not in parts["word/styles.xml"].replace("themeFontLang", "")
    for name in parts:
        assert not re.search("Calibri|Cambria|ＭＳ|MS Mincho", parts[name]), name
    for font in list_chinese_fonts():
        assert f'w:name="{font.chinese}"><w:altName' in parts["word/fontTable.xml"]


def test_headings_have_the_fonts_and_levels_of_official_documents(document):
    by_text = {paragraph.text: paragraph.style.element for paragraph in document.paragraphs}
    looks = {
        "一、总体情况": ("黑体", "32", "0"),
        "（一）基本情况": ("楷体", "32", "1"),
        "1.甲。": ("仿宋", "32", None),
        "全域约有1234户。划分子网格“41”个。": ("仿宋", "32", None),
        "户数达标率99.6%，仍有两个社区缺食堂": ("方正小标宋简体", "44", None),
    }
    for text, (font, size, outline) in looks.items():
        style = by_text[text]
        assert read_value(style, "rPr/rFonts", "eastAsia") == font
        assert read_value(style, "rPr/sz") == size
        assert read_value(style, "pPr/outlineLvl") == outline
        assert read_value(style, "pPr/spacing", "line") == "579"
        assert read_value(style, "pPr/spacing", "lineRule") == "exact"
        indent = None if font == "方正小标宋简体" else "200"
        assert read_value(style, "pPr/ind", "firstLineChars") == (indent or "0")
    assert read_value(by_text["1.甲。"], "rPr/spacing") == "-6"
    assert read_value(by_text["网格化治理工作简报"], "rPr/color") == "FF0000"
    rule = by_text["凤凰路街道党工委\t2026年1月9日"].find(qn("w:pPr")).find(qn("w:pBdr"))
    assert read_value(rule, "bottom", "color") == "FF0000"


def test_pages_have_the_margins_of_the_standard_and_wide_tables_lie_sideways(document):
    upright, sideways, last = document.sections
    sides = ("top_margin", "left_margin", "right_margin", "bottom_margin")
    assert [round(getattr(upright, side).mm) for side in sides] == [37, 28, 26, 35]
    assert (round(upright.page_width.mm), round(upright.page_height.mm)) == (210, 297)
    assert [round(getattr(last, side).mm) for side in sides] == [37, 28, 26, 35]
    assert (round(sideways.page_width.mm), round(sideways.page_height.mm)) == (297, 210)
    assert [round(getattr(sideways, side).mm) for side in sides] == [28, 35, 37, 26]
    for section in document.sections:
        assert read_value(section._sectPr, "docGrid", "type") == "lines"
        assert read_value(section._sectPr, "docGrid", "linePitch") == "579"
    assert document.settings.odd_and_even_pages_header_footer
    for footer, side in ((upright.footer, "right"), (upright.even_page_footer, "left")):
        (paragraph,) = footer.paragraphs
        assert paragraph.text == "— 1 —"
        assert read_value(paragraph._p, "pPr/jc") == side
        kinds = [e.get(qn("w:fldCharType")) for e in paragraph._p.iter(qn("w:fldChar"))]
        assert kinds == ["begin", "separate", "end"]
        assert next(paragraph._p.iter(qn("w:instrText"))).text.strip() == "PAGE"
    assert sideways.footer.is_linked_to_previous
    assert last.footer.is_linked_to_previous


def test_tables_repeat_their_heads_and_say_their_widths_three_times(document):
    for table, width in zip(document.tables, (156, 225), strict=True):
        grid = [int(c.get(qn("w:w"))) for c in table._tbl.iter(qn("w:gridCol"))]
        assert abs(sum(grid) - width * 1440 / 25.4) <= len(grid)
        assert read_value(table._tbl, "tblPr/tblW", "w") == str(sum(grid))
        assert table._tbl.getprevious().find(qn("w:pPr")).find(qn("w:pStyle")) is not None
        caption = document.styles.element.get_by_id(
            read_value(table._tbl.getprevious(), "pPr/pStyle")
        )
        assert caption.find(qn("w:pPr")).find(qn("w:keepNext")) is not None
        for number, row in enumerate(table._tbl.iter(qn("w:tr"))):
            assert row.find(qn("w:trPr")).find(qn("w:cantSplit")) is not None
            is_head = row.find(qn("w:trPr")).find(qn("w:tblHeader")) is not None
            assert is_head == (number == 0)
            assert [int(c.get(qn("w:w"))) for c in row.iter(qn("w:tcW"))] == grid


def test_a_map_has_single_spacing_a_text_for_the_blind_and_its_title_below(document):
    (inline,) = document.element.body.iter(qn("wp:inline"))
    assert inline.docPr.get("descr") == "地图：子网格分布图"
    assert abs(inline.extent.cx / 36_000 - 156) < 0.1
    assert {inline.get(side) for side in ("distT", "distB", "distL", "distR")} == {"0"}
    paragraph = next(inline.iterancestors(qn("w:p")))
    style = document.styles.element.get_by_id(read_value(paragraph, "pPr/pStyle"))
    assert read_value(style, "pPr/spacing", "lineRule") == "auto"
    assert "".join(t.text for t in paragraph.getnext().iter(qn("w:t"))).startswith("图1")


def test_the_number_of_the_approval_stands_under_a_map_where_there_is_one(facts, document):
    request = BriefingRequest(map_number="冀S（2026）1号")
    again = docx.Document(io.BytesIO(lay_out(facts, request, SECTIONS[:1])))
    assert "审图号：冀S（2026）1号" in list_texts(again)
    assert not any("审图号" in text for text in list_texts(document))


def test_an_english_document_has_english_numbers_dates_and_letters(facts):
    request = BriefingRequest(lang="en", date="2026-01-09", office="东湖街道")
    document = docx.Document(io.BytesIO(write_word(facts, request)))
    texts = list_texts(document)
    assert "东湖街道\t9 January 2026" in texts
    first = write_sections(facts, request)[0]
    heading = document.paragraphs[texts.index(f"1. {first.title}")].style.element
    assert read_value(heading, "rPr/rFonts", "ascii") == "Times New Roman"
    assert read_value(heading, "rPr/rFonts", "eastAsia") == "仿宋"
    assert read_value(heading, "rPr/lang") == "en-GB"
    assert read_value(heading, "pPr/outlineLvl") == "0"
    assert not list(document.element.body.iter(qn("w:rFonts")))
    assert [round(document.sections[0].left_margin.mm), document.sections[0].orientation] == [28, 0]
    assert read_value(document.sections[0]._sectPr, "docGrid", "type") is None


def test_no_heading_stands_empty(facts):
    sections = [Section("overview", "总体", "总体", ()), Section("x", "其他", "其他", ("有。",))]
    document = docx.Document(io.BytesIO(lay_out(facts, BriefingRequest(), sections)))
    texts = list_texts(document)
    after = texts[texts.index("一、总体") + 1]
    assert after == say("word.no_data", "zh")
    assert after.startswith("暂缺")


def test_what_is_not_asked_for_is_a_blank(facts):
    document = docx.Document(io.BytesIO(lay_out(facts, BriefingRequest(), SECTIONS[2:3])))
    texts = list_texts(document)
    assert "第　　期" in texts
    assert "（编发单位）\t　　　　年　　月　　日" in texts
    with pytest.raises(ArgumentError, match="write it as 2026-11-29"):
        lay_out(facts, BriefingRequest(date="29.11.2026"), SECTIONS[2:3])


def test_names_may_hold_what_no_document_may(facts):
    name = '东\x00湖<b>&"社区\x0b\uffff'
    table = Table(name, (name,), ((name,),), (False,))
    section = Section("overview", name, name, (name,), (table,))
    document = docx.Document(io.BytesIO(lay_out(facts, BriefingRequest(), [section])))
    assert document.tables[0].cell(1, 0).text == '东湖<b>&"社区'
    assert document.core_properties.title == '东湖<b>&"社区'


def test_the_container_names_no_person_program_or_machine(content):
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    core = parts["docProps/core.xml"].decode()
    assert re.findall(r">([^<\s][^<]*)<", core) == [
        SECTIONS[0].finding,
        "1",
        "1980-01-01T00:00:00Z",
        "1980-01-01T00:00:00Z",
    ]
    assert re.findall(r">([^<\s][^<]*)<", parts["docProps/app.xml"].decode()) == []
    words = [os.environ.get("USER", ""), str(Path.home()), str(Path.cwd()), "python", "Macintosh"]
    for name, part in parts.items():
        for word in filter(None, words):
            if len(word) > 4 and not name.endswith(".png"):
                assert word.encode() not in part, (name, word)
    assert {name.partition("/")[0] for name in parts} == {
        *("[Content_Types].xml", "_rels", "docProps", "word")
    }


WRITE = """
import hashlib, time
late = float({late!r})
clock = time.time
time.time = lambda: clock() + late
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.word.word_file import write_word
from gridplan.publishing.release_plan import release
from gridplan.synthetic import make_board_plan
content = write_word(collect_facts(release(make_board_plan())), BriefingRequest())
print(hashlib.sha256(content).hexdigest())
"""


def test_two_processes_write_the_same_bytes():
    runs = []
    for zone, seed, locale, late in (
        ("UTC", "1", "C.UTF-8", 0),
        ("Asia/Shanghai", "2", "C", 40_000_000),
    ):
        settings = {"TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONUTF8": "1"}
        command = [sys.executable, "-c", WRITE.format(late=late)]
        env = {**os.environ, **settings}
        runs.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
    hashes = {run.communicate()[0] for run in runs}
    assert [run.returncode for run in runs] == [0, 0]
    assert len(hashes) == 1


def test_styles_and_page_of_an_office_are_used_and_nothing_else_of_its_document(facts, tmp_path):
    ours = docx.Document(io.BytesIO(write_word_template()))
    ours.styles["Heading 1"].font.size = docx.shared.Pt(20)
    ours.styles["表题"].delete()
    ours.styles["简报名称"].font.size = docx.shared.Pt(40)
    ours.styles["表内文字"].font.size = docx.shared.Pt(14)
    ours.styles["Title"].element.find(qn("w:name")).set(qn("w:val"), "标题")
    ours.sections[0].left_margin = docx.shared.Mm(30)
    ours.core_properties.author = "Zhang San"
    ours.add_paragraph("机密正文")
    buffer = io.BytesIO()
    ours.save(buffer)
    request = BriefingRequest(template=save(tmp_path, buffer.getvalue()))
    content = lay_out(facts, request, SECTIONS)
    document = docx.Document(io.BytesIO(content))
    by_text = {paragraph.text: paragraph for paragraph in document.paragraphs}
    assert read_value(by_text["一、总体情况"].style.element, "rPr/sz") == "40"
    assert by_text[SECTIONS[0].finding].style.element.find(qn("w:name")).get(qn("w:val")) == "标题"
    assert read_value(by_text["表1　各社区（村）情况"].style.element, "rPr/sz") == "24"
    assert round(document.sections[0].left_margin.mm) == 30
    name = by_text["网格化治理工作简报"]
    assert not list(name._p.iter(qn("w:sz")))  # its size is that of the office's style
    assert read_value(name.style.element, "rPr/sz") == "80"
    cell = document.tables[0].cell(1, 1).paragraphs[0]
    assert not list(cell._p.iter(qn("w:sz")))
    assert read_value(cell.style.element, "rPr/sz") == "28"
    names = [style.element.find(qn("w:name")).get(qn("w:val")) for style in document.styles]
    assert len(names) == len(set(names))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        everything = b"".join(file.read(name) for name in file.namelist())
    assert "机密正文".encode() not in everything
    assert b"Zhang San" not in everything


def test_a_template_of_word_alone_lends_its_headings_but_not_its_plain_text(facts, tmp_path):
    """A style for plain text that indents nothing is no style for the text of a bulletin."""
    buffer = io.BytesIO()
    docx.Document().save(buffer)
    request = BriefingRequest(template=save(tmp_path, buffer.getvalue()))
    document = docx.Document(io.BytesIO(lay_out(facts, request, SECTIONS)))
    by_text = {paragraph.text: paragraph.style.element for paragraph in document.paragraphs}
    assert read_value(by_text["一、总体情况"], "rPr/sz") == "28"
    assert read_value(by_text["排名见表。"], "rPr/rFonts", "eastAsia") == "仿宋"
    assert read_value(by_text["排名见表。"], "name") == "简报正文"
    assert "Theme" not in docx.oxml.xmlchemy.serialize_for_reading(document.styles.element)


GOOD = write_word_template()
LOOP = b'<w:style w:type="paragraph" w:styleId="%s"><w:name w:val="%s"/><w:basedOn w:val="%s"/>'


def add_loop(styles):
    styles = styles.replace("标题".encode(), b"other").replace(b'w:val="Title"', b'w:val="gone"')
    first, second = "标题".encode(), b"second"
    loop = LOOP % (b"L1", first, b"L2") + b"</w:style>"
    loop += LOOP % (b"L2", second, b"L1") + b"</w:style>"
    return styles.replace(b"</w:styles>", loop + b"</w:styles>")


def mark_macros(types):
    return types.replace(b"openxmlformats-officedocument.word", b"ms-word.macroEnabled.word")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (None, "gone.docx", "cannot be read -> give the path"),
        (b"no document", "a.docx", "is broken or no document of Word -> save it again"),
        (GOOD[:2000], "a.docx", "is broken or no document of Word -> save it again"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "a.docx", "save it as .docx without a password"),
        (GOOD, "a.docm", "holds macros -> save it as .docx"),
        (change_part(GOOD, "[Content_Types].xml", mark_macros), "a.docx", "holds macros"),
        (change_part(GOOD, "word/styles.xml", lambda _: None), "a.docx", "no part word/styles"),
        (change_part(GOOD, "word/styles.xml", lambda s: s[:-20]), "a.docx", "is broken"),
        (
            change_part(GOOD, "word/styles.xml", lambda s: b"<!DOCTYPE a>" + s[56:]),
            *("a.docx", "declares entities"),
        ),
        (change_part(GOOD, "word/styles.xml", add_loop), "a.docx", "in a circle -> base them"),
        (
            change_part(GOOD, "word/styles.xml", lambda _: bytes(21_000_000)),
            *("a.docx", "is too large"),
        ),
    ],
)
def test_a_bad_template_is_refused_in_one_line_with_a_remedy(
    facts, tmp_path, content, name, message
):
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ArgumentError, match=message) as caught:
        lay_out(facts, BriefingRequest(template=file), SECTIONS)
    assert str(caught.value).startswith(f"template {name}: ")
    assert "\n" not in str(caught.value)


def test_our_template_is_a_template_for_which_nothing_is_lacking(facts, tmp_path, content):
    request = BriefingRequest(
        office=REQUEST.office,
        date=REQUEST.date,
        issue=REQUEST.issue,
        template=save(tmp_path, GOOD),
    )
    again = docx.Document(io.BytesIO(lay_out(facts, request, SECTIONS)))
    plain = docx.Document(io.BytesIO(content))
    for one, other in zip(plain.paragraphs, again.paragraphs, strict=True):
        assert one.text == other.text
        assert one.style.element.xml == other.style.element.xml


def test_long_titles_are_broken_between_words_and_never_in_a_number():
    for text in ("户数达标率99.6%以上的社区共有100个且仍有两个社区缺食堂", "a " * 40, "1" * 60):
        for ems in (8, 12, 20):
            lines = break_title(text, ems)
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")
            for head, tail in pairwise(lines):
                assert not re.search(r"[\d.]$", head) or not re.match(r"[\d.%]", tail)


def test_columns_fill_the_width_and_numbers_are_not_broken():
    rows = (("名" * 60, "1,234,567"), ("名", "2"))
    layout = choose_layout(Table("x", ("名称", "数"), rows, (False, True)), 156, 225, (10.5, 9.0))
    assert not layout.is_sideways
    assert sum(layout.widths) == pytest.approx(156)
    assert layout.widths[1] > 9 * 0.5 * 10.5 * 25.4 / 72 - 5
    # in Times Bold: w 0.722, o 0.5, r 0.444, k 0.556, e 0.444, s 0.389
    assert measure_ems("workers") >= 0.722 + 0.5 + 3 * 0.444 + 0.556 + 0.389
    many = Table("x", ("数",) * 40, (("1,234,567",) * 40,), (True,) * 40)
    squeezed = choose_layout(many, 156, 225, (10.5, 9.0))
    assert squeezed.is_sideways
    assert sum(squeezed.widths) == pytest.approx(225)


def test_fonts_of_the_document_have_all_its_characters(content):
    """What may stand in for each font here has every character that the words ask for."""
    from matplotlib.font_manager import fontManager

    from gridplan.plots.fonts import read_characters

    there = {font.name for font in fontManager.ttflist}
    texts = "".join(list_words("word", "zh").values()) + "".join(
        paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs
    )
    needed_codes = {ord(letter) for letter in texts if letter > "\u2e7f"}
    checked = 0
    for font in DOCUMENT_FONTS.values():
        for name in (font.chinese, *font.fallbacks):
            if name in there:
                assert not needed_codes - read_characters(name), name
                checked += 1
                break
    if not checked:
        pytest.skip("no font for Chinese is installed")


def test_a_picture_that_is_too_large_is_refused_with_another_way():
    head = b"\x89PNG\r\n\x1a\n" + bytes(8)
    with pytest.raises(PlanError, match=r"400 million dots, too large .* -> draw it as a PDF"):
        check_dots(head + (20_000).to_bytes(4, "big") * 2, "band")


def test_without_the_package_there_is_one_line(facts, monkeypatch):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(needed, "import_module", refuse)
    with pytest.raises(MissingPackageError, match=r"python-docx -> pip install 'gridplan\[report"):
        lay_out(facts, BriefingRequest(), SECTIONS)


FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>{aliases}</fontconfig>"""
ALIAS = (
    '<alias binding="same"><family>{name}</family><prefer><family>{other}</family></prefer></alias>'
)


def convert(folder, content):
    """Turn a document into pages by LibreOffice, with fonts that stand in for those it names."""
    aliases = "".join(
        ALIAS.format(name=font.chinese, other=font.fallbacks[-1]) for font in list_chinese_fonts()
    ).replace("Source Han Sans SC", "Noto Sans CJK SC")
    (folder / "fonts.conf").write_text(FONTS.format(aliases=aliases), encoding="utf-8")
    file = folder / "brief.docx"
    file.write_bytes(content)
    command = ["soffice", "--headless", f"-env:UserInstallation={(folder / 'lo').as_uri()}"]
    command += ["--convert-to", "pdf", "--outdir", str(folder), str(file)]
    settings = {**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    subprocess.run(command, check=True, capture_output=True, env=settings, timeout=180)
    return folder / "brief.pdf"


def read_lines(pdf):
    """The lines of each page: size of the page, and (left, top, right, bottom, text) of each."""
    command = ["pdftotext", "-bbox-layout", str(pdf), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    pages = []
    for page in re.findall(r"<page .*?</page>", text, re.DOTALL):
        width, height = (
            float(n) for n in re.search(r'width="(.*?)" height="(.*?)"', page).groups()
        )
        lines = []
        for place, inside in re.findall(r"<line (.*?)>(.*?)</line>", page, re.DOTALL):
            box = [float(n) for n in re.findall(r'"(.*?)"', place)]
            lines.append((*box, "".join(re.findall(r">([^<]+)</word>", inside))))
        pages.append((width, height, lines))
    return pages


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext")), reason="needs LibreOffice, Poppler"
)
def test_pages_hold_22_lines_of_28_characters_with_fonts_inside(facts, tmp_path):
    body = Section("overview", "总体", "总体情况", ("网格划分以户为单位按规定执行" * 150,))
    pdf = convert(tmp_path, lay_out(facts, REQUEST, [body, *SECTIONS]))
    pages = read_lines(pdf)
    assert 9 <= len(pages) <= 11
    full = [line for line in pages[1][2] if "—" not in line[4]]
    assert [len(line[4]) for line in full] == [28] * 22
    for width, height, lines in pages:
        mm = 72 / 25.4
        top, right, bottom, left = (37, 26, 35, 28) if height > width else (28, 37, 26, 35)
        for x0, y0, x1, y1, text in lines:
            assert x0 >= left * mm - 1, text
            assert x1 <= width - right * mm + 2, text
            if not re.fullmatch("—[0-9]+—", text):
                assert y0 >= top * mm - 4, text
                assert y1 <= height - bottom * mm + 4, text
    fonts = subprocess.run(["pdffonts", str(pdf)], check=True, capture_output=True, text=True)
    rows = fonts.stdout.splitlines()[2:]
    assert rows
    assert all(re.search(r"yes yes yes +\d+", row) for row in rows)
