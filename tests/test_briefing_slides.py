"""Slides read back: titles, figures, charts, fonts, places, and the same bytes every time."""

import hashlib
import io
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from gridplan.briefing.charts import Chart, Headline
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import Section, Table, write_sections
from gridplan.briefing.slides import measure, parts
from gridplan.briefing.slides.chart import choose_maximum
from gridplan.briefing.slides.contents import Contents
from gridplan.briefing.slides.layouts import EMU, LAYOUTS, list_spots
from gridplan.briefing.slides.slide_file import lay_out, write_slides
from gridplan.briefing.slides.tables import fit_table
from gridplan.errors import InputError
from gridplan.publishing.release_plan import release
from gridplan.synthetic.board_plan import make_board_plan

pptx = pytest.importorskip("pptx")

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
NAN = math.nan
LONG = "凤凰路街道翠湖东里第三社区"  # thirteen characters
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@pytest.fixture(scope="module")
def facts():
    return collect_facts(release(make_board_plan()))


@pytest.fixture(autouse=True)
def draw_quickly(monkeypatch):
    """Maps are looked at elsewhere: here one small picture stands for all of them."""
    image = pytest.importorskip("PIL.Image")
    buffer = io.BytesIO()
    image.new("RGB", (69, 36), "white").save(buffer, "PNG")
    monkeypatch.setattr(parts, "draw_map", lambda *_, **__: buffer.getvalue())


def make_contents(communities=5, name="社区{}", lang="zh", hidden=False):
    """Contents by hand as a district of so many communities would have them."""
    names = [name.format(n) for n in range(1, communities + 1)]
    value = "*" if hidden else "97.5%"
    rows = tuple((each, "1650", "55", "30.0", value, "3", "2", "12") for each in ["全域", *names])
    columns = ("名称", "居民户（户）", "城乡子网格（个）", "平均户数（户）", "户数达标率",
               "专属网格（个）", "专项网格（个）", "网格长（名）")  # fmt: skip
    levels = Table("各社区（村）情况", columns, rows, (False, *(True,) * 7), "* 为不公布。")
    remedy = "增设社区食堂或助餐点，并利用包联单位场所补足面积"
    gaps = tuple(("步行可达", f"{each}社区食堂服务不到位", "117", each, remedy) for each in names)
    chain = tuple((link, "26", "每个社区（村）5.2个") for link in ("党组织", "党支部", "党小组",
                                                          "党员中心户", "城乡子网格"))  # fmt: skip
    steps = tuple(
        (f"{n}", f"{each}楼栋长不足2处", remedy, "", "") for n, each in enumerate(names, 1)
    )
    sections = [
        Section("overview", "总体情况", "共划子网格258个，户数达标率97.5%", 
                ("共有居民户约1650户。",),
                (levels,), ("subgrids",)),
        Section("coverage", "步行可达情况", "15分钟社区食堂服务率54%，为各类设施最低",
                ("食堂54%。",),
                (Table("可达", ("设施", "可达率"), (("社区食堂", "54%"), ("卫生服务站", value)),
                       (False, True)),)),
        Section("gaps", "存在的短板", "短板11类，最突出的是社区食堂服务不到位117处" * 5,
                ("117处。",),
                (Table("缺口", ("环节", "事项", "缺口数", "主要分布", "整改措施"),
                       gaps,
                       (False, False, True, False, False)),)),
        Section("organisation", "组织链条", "支部26个、小组68个", ("建立党支部26个。",),
                (Table("链条", ("层级", "数量", "平均"), chain, (False, True, False)), levels)),
        Section("staffing", "力量配备", "专职网格员缺3名", ("缺3名。",), (levels,)),
        Section("changes", "变化情况", "变化情况", (), missing=("暂缺：与上期对比。",)),
        Section("ranking", "排名情况", "排名情况", (), missing=("不排名：同类单位不足两个。",)),
        Section("next_steps", "下一步工作", "下一步办理11项", ("共有11项待办。",),
                (Table("任务", ("序号", "事项", "措施", "责任单位", "完成时限"),
                       steps, (False,) * 5),)),
        Section("sources", "口径和数据来源", "数据口径和来源", 
                ("本材料数据全部取自公布的方案，未作人工增补，占比向下取至一位小数。",) * 10),
    ]  # fmt: skip
    few, more = tuple(names[:12]), max(0, communities - 12)
    shares = tuple(NAN if hidden else 97.5 - n for n, _ in enumerate(few))
    counts = tuple(float(n) for n, _ in enumerate(few, 5))
    charts = [
        Chart("in_band", "户数达标率97.5%", few, (("达标率", shares),), "%", 95.0, more),
        Chart("coverage", "步行可达", ("食堂", "卫生站"),
              (("已服务", (54.0, 60.0)), ("不可达", (46.0, NAN))), "%"),
        Chart("staffing", "应配与实配", few, (("应配", counts), ("实配", counts)),
              "名", None, more),
        Chart("party_share", "党员占比", few, (("党员占比", (93.5,) * len(few)),),
              "%", 60.0, more),
    ]  # fmt: skip
    headlines = [
        Headline("居民户", "约1650", "户", "其中登记26.4%，其余估算"),
        *(Headline(f"城乡子网格及其他网格之{n}", "258", "个", "平均户数约30.9") for n in range(5)),
    ]
    drawn = {c.key: c for c in charts if not all(math.isnan(v) for _, s in c.series for v in s)}
    return Contents({section.key: section for section in sections}, headlines, drawn)


def open_deck(content):
    return pptx.Presentation(io.BytesIO(content))


@pytest.fixture(scope="module")
def contents():
    return make_contents()


@pytest.fixture(scope="module")
def deck(facts, contents):
    request = BriefingRequest(office="凤凰路街道党工委", date="2026-11-29")
    return open_deck(lay_out(facts, request, contents))


def list_boxes(slide):
    for shape in slide.shapes:
        left, top = shape.left / EMU, shape.top / EMU
        yield shape, (left, top, left + shape.width / EMU, top + shape.height / EMU)


def list_texts(slide):
    """All texts of a slide but its foot: of shapes, tables and charts."""
    for shape in slide.shapes:
        if shape.is_placeholder and shape.placeholder_format.idx in (10, 11, 12):
            continue
        if shape.has_text_frame:
            yield from (paragraph.text for paragraph in shape.text_frame.paragraphs)
        elif shape.has_table:
            yield from (cell.text for row in shape.table.rows for cell in row.cells)


def test_a_deck_has_ten_slides_whose_titles_state_what_was_found(deck, contents):
    titles = [slide.shapes.title.text for slide in deck.slides]
    found = {key: section.finding for key, section in contents.sections.items()}
    assert len(titles) == 10
    assert titles[0] == "网格化治理工作简报"
    assert titles[1] == found["overview"]
    assert titles[3] == contents.charts["in_band"].title
    assert titles[4] == found["coverage"]
    assert found["gaps"].startswith(titles[5].removesuffix("…"))
    assert titles[6:8] == [found["organisation"], found["staffing"]]
    assert titles[8:] == [found["next_steps"], found["sources"]]
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9)
    # a title that was cut is spoken whole, and each slide says its sentences
    notes = [slide.notes_slide.notes_text_frame.text for slide in deck.slides]
    assert found["gaps"] in notes[5]
    assert contents.sections["organisation"].sentences[0] in notes[6]


def test_no_number_stands_on_a_slide_that_is_not_in_the_texts(facts, contents, deck):
    texts = [facts.brief.stamp["zh"], "2026年11月29日"]
    for section in contents.sections.values():
        texts += [section.title, section.finding, *section.sentences, *section.missing]
        for table in section.tables:
            texts += [table.caption, table.note, *table.columns]
            texts += [cell for row in table.rows for cell in row]
    for headline in contents.headlines:
        texts += [headline.name, headline.value, headline.unit, headline.note]
    for chart in contents.charts.values():
        texts += [*chart.categories, *(name for name, _ in chart.series)]
        texts += [f"{v} {v:.0f}" for _, values in chart.series for v in values if v == v]
        texts += [chart.title, f"{chart.target or 0:g}"]
    known = {n for text in texts for n in NUMBER.findall(text)}
    for slide in list(deck.slides):
        for text in list_texts(slide):
            told = re.sub(r"其余\d+[行列]见工作簿|另有\d+个社区（村）未列", "", text)
            assert set(NUMBER.findall(told)) <= known, text
    shown = {n for slide in deck.slides for t in list_texts(slide) for n in NUMBER.findall(t)}
    assert {"258", "97.5", "54", "117", "26"} <= shown


def test_charts_are_native_and_their_workbooks_hold_what_they_show_and_no_more(deck, contents):
    from python_calamine import CalamineWorkbook

    frames = [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert len(frames) == 4
    for frame, key in zip(frames, ("in_band", "coverage", "staffing", "party_share"), strict=True):
        chart = contents.charts[key]
        book = frame.chart.part.chart_workbook.xlsx_part.blob
        rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
        shown = len(frame.chart.plots[0].categories)
        assert list(frame.chart.plots[0].categories) == list(chart.categories[:shown])
        assert [row[0] for row in rows[1:]] == list(chart.categories[:shown])
        for n, (name, values) in enumerate(chart.series, 1):
            assert rows[0][n] == name
            expected = ["" if math.isnan(value) else value for value in values[:shown]]
            assert [row[n] for row in rows[1:]] == expected
            series = frame.chart.plots[0].series[n - 1]
            assert list(series.values) == [v if v == v else None for v in values[:shown]]
        assert frame._element.xpath(".//p:cNvPr")[0].get("descr") == chart.title
        # a table stands beside each chart, for programs that do not draw it
        slide = next(s for s in deck.slides if any(f.shape_id == frame.shape_id and f.has_chart
                     and f.chart.part is frame.chart.part for f in s.shapes))  # fmt: skip
        assert any(shape.has_table for shape in slide.shapes)


def test_the_target_is_the_one_line_among_the_bars(deck):
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    axis = charts[3].value_axis
    assert (axis.major_unit, axis.has_major_gridlines) == (60.0, True)
    assert 93.5 < axis.maximum_scale < 120
    # so does one whose bars are all of the whole
    whole = replace(make_contents().charts["party_share"], series=(("党员", (100.0,) * 5),))
    assert 100 < choose_maximum(whole) < 120
    assert not charts[1].value_axis.has_major_gridlines
    assert any("目标值60%" in text for text in list_texts(deck.slides[7]))


def test_a_target_far_below_the_bars_is_bars_of_its_own(facts, contents):
    low = replace(contents.charts["party_share"], target=30.0)
    charts = {**contents.charts, "party_share": low}
    other = open_deck(lay_out(facts, BriefingRequest(), replace(contents, charts=charts)))
    chart = [shape.chart for shape in other.slides[7].shapes if shape.has_chart][1]
    assert [series.name for series in chart.plots[0].series] == ["党员占比", "目标"]
    assert set(chart.plots[0].series[1].values) == {30.0}
    assert not chart.value_axis.has_major_gridlines


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_text_names_a_latin_and_a_chinese_font_and_can_be_read(facts, contents, lang):
    content = lay_out(facts, BriefingRequest(lang=lang), contents)
    for slide in open_deck(content).slides:
        foot = {s._element for s in slide.placeholders if s.placeholder_format.idx in (10, 11, 12)}
        for shape in slide.shapes:
            for run in shape._element.iter(f"{DRAWING}r", f"{DRAWING}fld"):
                look = run.find(f"{DRAWING}rPr")
                assert look.find(f"{DRAWING}latin") is not None
                assert look.find(f"{DRAWING}ea") is not None
                assert int(look.get("sz")) >= (1000 if shape._element in foot else 1400)
                assert look.get("lang") == {"zh": "zh-CN", "en": "en-GB"}[lang]
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        charts = [n for n in file.namelist() if re.fullmatch(r"ppt/charts/chart\d+\.xml", n)]
        assert len(charts) == 4
        for name in charts:
            text = file.read(name).decode()
            looks = [*etree.fromstring(text.encode()).iter(f"{DRAWING}rPr", f"{DRAWING}defRPr")]
            assert looks
            for look in looks:
                assert look.find(f"{DRAWING}latin") is not None
                assert look.find(f"{DRAWING}ea") is not None
            assert min(map(int, re.findall(r'\bsz="(\d+)"', text))) >= 1400
        themes = [file.read(n).decode() for n in file.namelist() if "/theme/" in n]
        assert all('<a:ea typeface="微软雅黑"/>' in theme for theme in themes)
        assert all('script="Hans" typeface="微软雅黑"' in theme for theme in themes)
        assert all("Calibri" not in theme for theme in themes)


def check_places(deck):
    """No shape outside the slide, none over another, no empty place left."""
    for number, slide in enumerate(deck.slides, 1):
        boxes = list(list_boxes(slide))
        for shape, (left, top, right, bottom) in boxes:
            assert min(left, top) >= 0, (number, shape.name)
            assert right <= deck.slide_width / EMU + 0.1, (number, shape.name)
            assert bottom <= deck.slide_height / EMU + 0.1, (number, shape.name)
            assert shape.is_placeholder
            assert not shape.has_text_frame or shape.text_frame.text
        for n, (one, a) in enumerate(boxes):
            for other, b in boxes[n + 1 :]:
                apart = a[2] <= b[0] + 0.1 or b[2] <= a[0] + 0.1
                apart |= a[3] <= b[1] + 0.1 or b[3] <= a[1] + 0.1
                assert apart, (number, one.name, other.name)


def check_fit(deck):
    """The text of each shape and cell is not higher than its box, in lines of measured width."""
    for number, slide in enumerate(deck.slides, 1):
        insets = {spot.idx: spot.inset for key in LAYOUTS for spot in list_spots(key)}
        for shape, (left, top, right, bottom) in list_boxes(slide):
            if shape.has_table:
                used = sum(_measure_row(row, shape.table) for row in shape.table.rows)
                assert used <= bottom - top + 0.5, (number, "table")
            elif shape.has_text_frame:
                inset = insets[shape.placeholder_format.idx]
                used = _measure(shape.text_frame, right - left - 2 * inset)
                assert used <= bottom - top - 2 * inset + 0.5, (number, shape.name)


def _measure_row(row, table):
    lines = [
        _measure(cell.text_frame, column.width / EMU - 12)
        for cell, column in zip(row.cells, table.columns, strict=True)
    ]
    assert max(lines) + 6 <= row.height / EMU + 0.1, [cell.text for cell in row.cells]
    return row.height / EMU


def _measure(frame, width):
    used = 0.0
    for paragraph in frame.paragraphs:
        if not paragraph.runs:
            continue
        run = paragraph.runs[0]
        size = run.font.size.pt
        lines = measure.break_lines(paragraph.text, width, size, bool(run.font.bold))
        spacing = paragraph._p.pPr
        used += len(lines) * spacing.find(f"{DRAWING}lnSpc/{DRAWING}spcPts").val.pt
        used += spacing.find(f"{DRAWING}spcBef/{DRAWING}spcPts").val.pt
    return used


EXTREMES = {
    "one community": {"communities": 1},
    "388 communities": {"communities": 388, "name": LONG + "{}"},
    "everything suppressed": {"hidden": True, "name": LONG},
}


@pytest.mark.parametrize("case", EXTREMES)
def test_texts_fit_and_shapes_keep_apart_at_the_extremes(facts, case):
    made = make_contents(**EXTREMES[case])
    deck = open_deck(lay_out(facts, BriefingRequest(date="2026-11-29"), made))
    check_places(deck)
    check_fit(deck)
    if case == "388 communities":
        told = " ".join(text for slide in deck.slides for text in list_texts(slide))
        assert "另有376个社区（村）未列，见工作簿" in told
        assert re.search(r"其余3\d\d行见工作簿", told)
    if case == "everything suppressed":
        titles = [slide.shapes.title.text for slide in deck.slides]
        assert "户数达标率97.5%" not in titles  # the bars of nothing
    if case == "one community":
        titles = [slide.shapes.title.text for slide in deck.slides]
        assert "户数达标率97.5%" not in titles  # with nobody to compare


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_release_of_one_community_makes_a_deck_from_its_sections(facts, lang):
    deck = open_deck(write_slides(facts, BriefingRequest(lang=lang)))
    check_places(deck)
    check_fit(deck)
    sections = {
        section.key: section for section in write_sections(facts, BriefingRequest(lang=lang))
    }
    assert deck.slides[1].shapes.title.text == sections["overview"].finding
    last = " ".join(text for slide in list(deck.slides)[-3:] for text in list_texts(slide))
    for section in sections.values():
        assert all(line in last for line in section.missing)


def test_what_is_missing_is_a_line_on_the_last_slide_and_no_slide(facts):
    keys = ("coverage", "gaps", "organisation", "staffing", "changes", "ranking", "simulation")
    lines = {key: f"暂缺：{key}。" for key in keys}
    sections = {key: Section(key, key, key, (), missing=(line,)) for key, line in lines.items()}
    deck = open_deck(lay_out(facts, BriefingRequest(), Contents(sections, [], {})))
    assert len(deck.slides) == 2
    assert [p.text for p in deck.slides[1].placeholders[34].text_frame.paragraphs] == [
        *lines.values()
    ]
    assert deck.slides[0].shapes.title.text == "网格化治理工作简报"


def test_pages_are_numbered_of_all_and_name_their_source(deck):
    for number, slide in enumerate(deck.slides, 1):
        if number == 1:
            continue
        spots = [spot for spot in slide.placeholders if spot.has_text_frame]
        foot = {spot.placeholder_format.idx: spot.text_frame.text for spot in spots}
        page = slide.placeholders[12]._element
        assert page.find(f".//{DRAWING}fld").get("type") == "slidenum"
        assert "".join(t.text for t in page.iter(f"{DRAWING}t")) == f"{number}/10"
        assert foot[11].startswith("来源：公布方案（")
        assert foot[10] == "2026年11月29日"


def test_layouts_are_named_and_belong_to_one_master_without_leftovers(facts, contents):
    content = lay_out(facts, BriefingRequest(), contents)
    deck = open_deck(content)
    assert [layout.name for layout in deck.slide_layouts] == [name for name, _ in LAYOUTS.values()]
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        names = file.namelist()
        assert not [name for name in names if "printer" in name or "thumbnail" in name]
        core = file.read("docProps/core.xml").decode() + file.read("docProps/app.xml").decode()
    assert "python" not in core
    assert "Steve" not in core
    assert "PowerPoint" not in core


def test_widths_of_letters_are_those_of_real_fonts():
    fonts = pytest.importorskip("fontTools.ttLib")
    path = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
    if not path.exists():
        pytest.skip("Noto Sans CJK is not installed here")
    with fonts.TTFont(str(path), fontNumber=2) as font:
        letters, metrics = font.getBestCmap(), font["hmtx"].metrics
        em = font["head"].unitsPerEm
    text = "共划子网格258个，Households 97.5% (about)：《缺口》"
    real = sum(metrics[letters[ord(letter)]][0] for letter in text) / em * 20
    assert real <= measure.measure_width(text, 20) <= 1.12 * real
    assert metrics[letters[ord("网")]][0] == em


def test_a_long_word_is_broken_and_a_mark_never_begins_a_line():
    lines = measure.break_lines("130203001002130203001002", 60, 14)
    assert len(lines) > 1
    assert max(measure.measure_width(line, 14) for line in lines) <= 60
    for line in measure.break_lines("网格，网格。网格、网格；" * 5, 70, 14)[1:]:
        assert line[0] not in "，。、；"


def test_a_table_that_is_too_wide_says_how_many_columns_it_leaves_out():
    columns = tuple(f"很长的指标名称之{n}（个）" for n in range(30))
    table = Table("", columns, (("1234567",) * 30,) * 9, (True,) * 30)
    fitted = fit_table(table, 400, 200)
    assert fitted.left_columns == 30 - len(fitted.cells[0]) > 0
    assert sum(fitted.widths) <= 400.1
    assert sum(fitted.heights) <= 200.1


def write_here(facts):
    made = make_contents()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "draw_map", lambda *_, **__: None)
        return lay_out(facts, BriefingRequest(date="2026-11-29"), made)


def test_the_same_bytes_come_from_another_process_zone_and_order(facts):
    code = (
        "import hashlib\nfrom tests.test_briefing_slides import *\n"
        "facts = collect_facts(release(make_board_plan()))\n"
        "print(hashlib.sha256(write_here(facts)).hexdigest())"
    )
    env = {**os.environ, "TZ": "Asia/Shanghai", "PYTHONHASHSEED": "7", "LC_ALL": "de_DE.UTF-8"}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=env, capture_output=True, text=True, check=True)
    here = write_here(facts)
    assert done.stdout.strip() == hashlib.sha256(here).hexdigest()


@pytest.fixture(scope="module")
def template(facts, contents, tmp_path_factory):
    path = tmp_path_factory.mktemp("office") / "office.pptx"
    path.write_bytes(lay_out(facts, BriefingRequest(), contents))
    return path


def change_part(path, new, name, change):
    """Copy a file with one part changed, or added where it has none of the name."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w") as file:
        for each in old.namelist():
            part = old.read(each)
            file.writestr(each, change(part) if each == name else part)
        if name not in old.namelist():
            file.writestr(name, change(b""))
    return new


def test_an_offices_template_lends_its_master(facts, contents, template, tmp_path):
    path = change_part(
        template,
        tmp_path / "red.pptx",
        "ppt/theme/theme1.xml",
        lambda part: part.replace(b"15607A", b"B00020"),
    )
    content = lay_out(facts, BriefingRequest(template=path), contents)
    assert len(open_deck(content).slides) == 10
    check_places(open_deck(content))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        names = file.namelist()
        assert b"B00020" in file.read("ppt/theme/theme1.xml")
    # the slides that the template had are gone
    assert sum(bool(re.fullmatch(r"ppt/slides/slide\d+\.xml", name)) for name in names) == 10


HOSTILE = {
    "no layout": ("ppt/slideLayouts/slideLayout1.xml", (b"Cover", b"Other"), "lacking (封面 Cover"),
    "programs": ("ppt/vbaProject.bin", (b"", b"x"), "programs or objects"),
    "entities": ("ppt/theme/theme1.xml", (b"<a:theme", b"<!DOCTYPE a><a:theme"), "types"),
    "elsewhere": (
        "ppt/slideMasters/_rels/slideMaster1.xml.rels",
        (
            b"</Relationships>",
            b'<Relationship Id="rId99" Type="http://x/image" Target="http://x/a.png" '
            b'TargetMode="External"/></Relationships>',
        ),
        "from elsewhere",
    ),
    "broken": ("ppt/presentation.xml", (b"<p:sldMasterIdLst>", b"<"), "cannot be read"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_template_that_cannot_be_taken_is_refused_in_a_line(facts, template, tmp_path, case):
    name, (old, new), message = HOSTILE[case]
    path = change_part(
        template, tmp_path / "bad.pptx", name, lambda part: part.replace(old, new) if old else new
    )
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        write_slides(facts, BriefingRequest(template=path))
    assert len(refused.value.problems) == 1
    assert "->" in str(refused.value)


def test_a_file_that_is_no_deck_is_refused(facts, tmp_path):
    for content in (b"", b"PK\x03\x04 not a container", b"a text"):
        path = tmp_path / "office.pptx"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"give a \.pptx file"):
            write_slides(facts, BriefingRequest(template=path))
    with pytest.raises(InputError, match=r"give a \.pptx file"):
        write_slides(facts, BriefingRequest(template=tmp_path / "none.pptx"))


@pytest.mark.slow
def test_libreoffice_turns_every_slide_into_a_page(facts, tmp_path):
    soffice = shutil.which("soffice")
    if not soffice:
        pytest.skip("LibreOffice is not installed here")
    pypdf = pytest.importorskip("pypdf")
    path = tmp_path / "deck.pptx"
    path.write_bytes(lay_out(facts, BriefingRequest(), make_contents(388, LONG + "{}")))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [soffice, "--headless", profile, "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=300)
    pages = pypdf.PdfReader(tmp_path / "deck.pdf").pages
    assert len(pages) == len(open_deck(path.read_bytes()).slides)
    assert "社区食堂" in pages[5].extract_text()
