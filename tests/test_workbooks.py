"""Input tables in workbooks: the template, sheets read as tables, faults named by cell."""

import pytest
import xlsxwriter

import gridplan as gp
from gridplan.errors import InputError, PersonalDataError
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
