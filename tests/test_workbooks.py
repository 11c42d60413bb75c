"""Input tables in workbooks: the template, sheets read as tables, faults named by cell."""

import re
import zipfile
from datetime import datetime

import pytest
import xlsxwriter

import gridplan as gp
from gridplan.errors import InputError, PersonalDataError
from gridplan.reading.kind_words import match_kinds, read_kind_words
from gridplan.reading.workbooks import label_table, open_pages
from gridplan.storage.input_template import TABLES, encode_template
from gridplan.tables.column_names import match_columns
from gridplan.tables.schema import find_columns
from gridplan.tables.workbook_cells import read_pages
from tests.test_cli import run

HOUSES = {"楼栋编码": "b{n}", "层数": 6, "登记户数": 24, "经度": 118.2, "纬度": 39.63}


def write_book(path, **sheets):
    """Write sheets, each a list of rows."""
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


def make_houses(count=6, **changed):
    """Make rows of houses 20 m apart, with their head."""
    rows = [list(HOUSES)]
    for n in range(count):
        row = {**HOUSES, "楼栋编码": f"b{n}", "经度": 118.2 + n / 4000}
        rows.append(list((row | changed).values() if n == 2 else row.values()))
    return rows


def test_a_sheet_is_the_table_that_it_is_named_after(tmp_path):
    counts = [["统计编码", "层级", "对象", "指标", "数值"], ["c1", "building", "b1", "elders", 3]]
    path = write_book(
        tmp_path / "town.xlsx",
        **{"说明": [["填表说明"]], "楼栋": [["某街道楼栋表"], *make_houses()], "统计数": counts},
    )
    site = gp.read_site(path, datum="wgs84")
    assert site.buildings["households_observed"].sum() == 6 * 24
    assert site.counts["value"].tolist() == [3]
    plain = tmp_path / "town.csv"
    plain.write_text("\n".join(",".join(map(str, row)) for row in make_houses()), encoding="utf-8")
    same = gp.read_site(plain, datum="wgs84").buildings
    assert same.drop(columns="geometry").equals(site.buildings.drop(columns="geometry"))


def test_faults_name_the_sheet_and_the_cell(tmp_path):
    rows = make_houses(登记户数="二十四户")
    path = write_book(tmp_path / "town.xlsx", **{"楼栋": [["标题"], *rows]})
    with pytest.raises(InputError) as caught:
        gp.read_site(path, datum="wgs84")
    # the title, the head and two houses stand above it
    assert "town.xlsx 楼栋!C5: buildings: households_observed is no number" in str(caught.value)


def test_what_names_persons_is_refused_in_a_workbook_too(tmp_path):
    rows = make_houses()
    rows = [[*rows[0], "户主姓名"], *([*row, "张三"] for row in rows[1:])]
    with pytest.raises(PersonalDataError, match="户主姓名"):
        gp.read_site(write_book(tmp_path / "town.xlsx", 楼栋=rows), datum="wgs84")


def test_sheets_that_are_no_tables_are_refused_with_what_to_do(tmp_path):
    path = write_book(tmp_path / "x.xlsx", 甲=[["a", "b"], [1, 2]], 乙=[["c"], [3]])
    with pytest.raises(InputError, match="none of its 2 sheets is named a table: 甲, 乙 -> name"):
        gp.read_site(path)
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"no workbook")
    with pytest.raises(InputError, match="cannot be read as a workbook"):
        gp.read_site(broken)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_template_is_read_back_and_its_examples_are_not(tmp_path, lang):
    path = tmp_path / "template.xlsx"
    path.write_bytes(encode_template(lang))
    assert encode_template(lang) == path.read_bytes()
    sheets = read_pages(path)
    assert list(sheets)[1:] == [label_table(table, lang) for table in TABLES]
    pages, others = open_pages(path, None)
    assert [page.table for page in pages] == ["buildings"]
    assert not pages[0].rows
    assert pages[0].notes == ("1 rows of examples left out",)
    assert others == []  # how to fill it in is not a table that was passed over
    for table in TABLES:
        # the upper row in Chinese, the row of codes in either
        head = sheets[label_table(table, lang)][0 if lang == "zh" else 1]
        asked = {c.name for c in find_columns(table) if c.need != "derived" and not c.is_geometry}
        assert set(match_columns(table, head).values()) == asked


def test_the_template_is_written_once(tmp_path):
    path = tmp_path / "模板.xlsx"
    run("template", "-o", path, "--lang", "zh")
    before = path.read_bytes()
    assert "--overwrite" in run("template", "-o", path, status=2).stderr
    assert path.read_bytes() == before
    run("template", "-o", path, "--overwrite", "--lang", "en")
    assert next(iter(read_pages(path))) == "notes"


def test_the_template_of_a_document_holds_its_styles(tmp_path):
    from docx import Document

    path = tmp_path / "模板.docx"
    assert "--template" in run("template", "-o", path, "--lang", "zh").stdout
    names = {style.name for style in Document(str(path)).styles}
    # headings and the body are the styles that every program has
    assert {"简报名称", "表题", "Title", "Heading 1", "Normal"} <= names
    assert ".docx" in run("template", "-o", tmp_path / "模板.pdf", status=2).stderr


def fill_template(path, rows, sheet="楼栋", lang="zh", after=None, **heads):
    """Fill a sheet of the template as an office does: below its examples, with its heads."""
    template = path.with_name("blank.xlsx")
    template.write_bytes(encode_template(lang))
    with xlsxwriter.Workbook(path) as book:
        for name, page in read_pages(template).items():
            out = book.add_worksheet(name)
            for number, row in enumerate(page):
                out.write_row(number, 0, [heads.get(cell, cell) for cell in row])
            for number, row in enumerate(rows if name == sheet else [], start=3):
                for code, cell in row.items():
                    out.write(number, page[1].index(code), cell)
            if name == sheet and after is not None:
                after(out, book)
    return path


def make_rows(count=6):
    """Make rows of houses by the codes of the template."""
    return [
        {
            "building": f"B{n:03d}",
            "floors": 6,
            "households_observed": 24,
            "longitude": 118.2 + n / 4000,
            "latitude": 39.63,
        }
        for n in range(count)
    ]


def test_a_filled_template_is_read_whatever_the_habits_of_the_office(tmp_path):
    rows = make_rows()
    rows[0] |= {"residential": "√", "households_observed": "２４ ", "year_built": "1998年"}
    rows[1] |= {"residential": "×", "households_observed": "　24户", "year_built": "1998-05-01"}
    rows[2] |= {"residential": True, "building_name": " 3号楼 "}
    rows.append({"building": "合 计", "households_observed": 144})

    def merge(page, book):
        page.merge_range(3, 2, 5, 2, "公寓")

    path = fill_template(
        tmp_path / "town.xlsx", rows, after=merge, **{"登记户数": "住户", "经度": "东经"}
    )
    site = gp.read_site(path, datum="wgs84")
    houses = site.buildings
    # the codes below stand in for the heads that were changed; the row of totals is no house
    assert houses["households_observed"].tolist() == [24.0] * 6
    assert houses["residential"].tolist()[:3] == [True, False, True]
    assert houses["year_built"].tolist()[:2] == [1998.0, 1998.0]
    assert houses["use"].tolist() == ["公寓"] * 3 + [""] * 3
    assert houses.loc["B002", "building_name"] == "3号楼"
    reasons = " ".join(site.ledger["reason"])
    assert "1 rows of totals left out" in reasons
    assert "2 merged cells" in reasons
    assert "说明" not in reasons


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"households_observed": "=12+12"}, "I5: buildings: 登记户数: it holds a formula without"),
        (
            {"building": 1302030010010001},
            "A5: buildings: 楼栋编码: a number of more than 15 digits",
        ),
        ({"residential": "也许"}, "D5: buildings: 是否住宅: neither yes nor no: '也许'"),
        ({"building": "B000"}, r"A4 A5: buildings: 1 codes stand more than once"),
        ({"households_observed": "约24"}, "I5: buildings: households_observed is no number"),
    ],
)
def test_what_cannot_be_read_is_named_by_sheet_and_cell(tmp_path, change, what):
    rows = make_rows()
    rows[1] |= change

    def leave_blank(page, book):
        if str(change.get("households_observed", "")).startswith("="):
            page.write_formula(4, 8, "=12+12", None, "")

    path = fill_template(tmp_path / "town.xlsx", rows, after=leave_blank)
    with pytest.raises(InputError) as caught:
        gp.read_site(path, datum="wgs84")
    assert f"town.xlsx 楼栋!{what}" in str(caught.value)


def test_errors_dates_and_merged_numbers_are_named_by_their_cells(tmp_path):
    def spoil(page, book):
        page.write_formula(3, 8, "=1/0", None, "#DIV/0!")
        page.write_datetime(4, 4, datetime(2026, 6, 1), book.add_format({"num_format": "m-d"}))
        page.merge_range(5, 8, 7, 8, 72)

    path = fill_template(tmp_path / "town.xlsx", make_rows(), after=spoil)
    with pytest.raises(InputError) as caught:
        gp.read_site(path, datum="wgs84")
    for text in (
        "楼栋!I4: buildings: 登记户数: it holds #DIV/0! -> put the value itself there",
        "楼栋!E5: buildings: 层数: a date stands where a number belongs",
        "楼栋!I6: buildings: 登记户数: merged cells hold one value for several rows",
    ):
        assert text in str(caught.value)


def test_personal_data_is_named_by_its_cell(tmp_path):
    rows = make_rows()
    rows[4] |= {"building_name": "联系电话 13812345678"}
    with pytest.raises(PersonalDataError, match="楼栋!B8: buildings: column 楼栋名称 is refused"):
        gp.read_site(fill_template(tmp_path / "town.xlsx", rows), datum="wgs84")


def test_a_hidden_table_is_not_passed_over_in_silence(tmp_path):
    def hide(page, book):
        book.worksheets()[0].activate()
        page.hide()

    path = fill_template(tmp_path / "town.xlsx", make_rows(), after=hide)
    with pytest.raises(InputError, match=r"the sheet 楼栋 is hidden, .* -> unhide it"):
        gp.read_site(path, datum="wgs84")


def test_a_workbook_is_known_by_its_content_and_not_by_its_name(tmp_path):
    path = fill_template(tmp_path / "town.xlsx", make_rows())
    renamed = path.rename(tmp_path / "town.xls")
    assert len(gp.read_site(renamed, datum="wgs84").buildings) == 6
    for content, what in (
        (b"", "it is empty -> copy or save it again"),
        (b"<html><table></table></html>", "it is a web page under another name -> open it"),
        ("楼栋编码,经度".encode(), "it is a text file under another name -> let its name"),
    ):
        (tmp_path / "odd.xlsx").write_bytes(content)
        with pytest.raises(InputError, match=what):
            gp.read_site(tmp_path / "odd.xlsx")


def test_levels_and_kinds_may_be_in_chinese(tmp_path):
    path = write_book(
        tmp_path / "town.xlsx",
        楼栋=make_houses(),
        设施=[["设施编码", "类别", "经度", "纬度"], ["P1", "党群服务中心", 118.2, 39.63],
            ["P2", "驿站", 118.201, 39.63]],
        统计数=[["统计编码", "层级", "对象", "指标", "数值"], ["c1", "楼栋", "b1", "志愿者", 3]],
    )  # fmt: skip
    site = gp.read_site(path, datum="wgs84")
    assert site.places["kind"].tolist() == ["service_centre", "驿站"]
    assert site.counts[["level", "measure"]].values.tolist() == [["building", "volunteers"]]
    assert "kind: 党群服务中心 is service_centre" in " ".join(site.ledger["reason"])


def test_the_drop_downs_of_the_template_offer_what_is_read(tmp_path):
    path = tmp_path / "template.xlsx"
    path.write_bytes(encode_template("zh"))
    with zipfile.ZipFile(path) as book:
        pages = "".join(book.read(name).decode() for name in book.namelist() if "/sheet" in name)
    lists = re.findall(r'<formula1>"([^"]*)"</formula1>', pages.replace("&quot;", '"'))
    words = {word for one in lists for word in one.split(",")}
    assert {"是", "否", "楼栋", "社区", "党群服务中心", "学校"} <= words
    assert set(match_kinds("places", words)) == words
    known = set(read_kind_words("kind")) | set(read_kind_words("level")) | {"是", "否"}
    assert words <= known
