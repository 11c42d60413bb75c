"""What to count next: a sheet for the field, and what the counts bring."""

import sys

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

import gridplan as gp
from gridplan.comparison.count_sample import (
    COUNTED,
    SHEET,
    add_counts,
    propose_counts,
    read_counts,
)
from gridplan.comparison.count_sheets import check_sheet_name, encode_workbook
from gridplan.errors import InputError, MissingPackageError, RuleError
from gridplan.reading.site_tables import make_site
from gridplan.synthetic.town import make_town


@pytest.fixture(scope="module")
def plan():
    site = make_site(make_town(1, urban_share=1.0, seed=5))
    buildings = site.buildings.assign(households_observed=np.nan, population=np.nan)
    communities = site.communities.assign(households=np.nan)
    return gp.divide(site.replace(buildings=buildings, communities=communities), seed=1)


@pytest.fixture(scope="module")
def sheet(plan):
    return propose_counts(plan, 12)


def test_the_sheet_has_unsure_buildings_one_of_a_compound_first_and_no_names(plan, sheet):
    assert list(sheet.columns) == list(SHEET)
    assert (sheet[COUNTED] == "").all()
    assert (sheet["households_low"] < sheet["households_high"]).all()
    compounds = plan.site.buildings["compound"].nunique()
    first = sheet.head(min(compounds, 12))
    assert first["compound"].where(first["compound"] != "", first["subgrid"]).is_unique
    shuffled = plan.replace(site=plan.site.replace(buildings=plan.site.buildings.iloc[::-1]))
    pd.testing.assert_frame_equal(propose_counts(shuffled, 12), sheet)


def test_counts_read_back_make_more_sure_and_stand(plan, sheet, tmp_path):
    held = plan.site.buildings["households"].reindex(sheet["building"]).astype(str)
    filled = sheet.assign(**{COUNTED: held.to_numpy()})
    filled.loc[0, COUNTED] = ""
    filled.to_csv(tmp_path / "sheet.csv", index=False, encoding="utf-8-sig")
    counts = read_counts(tmp_path / "sheet.csv", plan)
    assert len(counts) == 11
    done = add_counts(plan, counts)
    kept = done.plan.site.buildings["households"].reindex(counts.index)
    assert (kept == counts).all()
    before, after = (x.households_high - x.households_low for x in (done.before, done.after))
    assert after < before
    assert "11 buildings counted" in str(done)
    findings = gp.audit(done.plan).findings
    # a sub-grid that repair leaves out of band is no fault of the figures
    assert set(findings.loc[findings["severity"] == "error", "rule"]) <= {"band"}
    # what was counted is not proposed again
    assert not set(propose_counts(done.plan, 100)["building"]) & set(counts.index)


def test_a_sheet_with_faults_is_refused_with_all_of_them(plan, sheet, tmp_path):
    wrong = sheet.head(4).assign(**{COUNTED: ["3", "3.5", "-1", "many"]})
    wrong = pd.concat([wrong, wrong.head(1), wrong.tail(1).assign(building="nowhere")])
    wrong.to_csv(tmp_path / "wrong.csv", index=False)
    with pytest.raises(gp.errors.InputError) as refused:
        read_counts(tmp_path / "wrong.csv", plan)
    text = str(refused.value)
    for word in ("wrong.csv", "nowhere", "several rows", "whole numbers", "leave empty"):
        assert word in text
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(gp.errors.InputError, match="keep the columns"):
        read_counts(tmp_path / "other.csv", plan)


def fill_workbook(path, table, above=()):
    """A sheet as somebody saves it again: with lines above it, and numbers in cells."""
    cells = table.astype(object).where(table.notna(), "").to_numpy().tolist()
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Field")
        for n, row in enumerate([*above, list(table.columns), *cells]):
            page.write_row(n, 0, row)


def test_the_workbook_holds_texts_and_no_formulas_and_is_the_same_twice(sheet, tmp_path):
    evil = sheet.assign(use="=1+1", building=["007", *sheet["building"].iloc[1:]])
    made = encode_workbook(evil)
    assert made == encode_workbook(evil)
    (tmp_path / "sheet.xlsx").write_bytes(made)
    page = CalamineWorkbook.from_path(tmp_path / "sheet.xlsx").get_sheet_by_index(0)
    rows = page.to_python()
    assert rows[0] == list(SHEET)
    first = dict(zip(SHEET, rows[1], strict=True))
    assert (first["building"], first["use"], first[COUNTED]) == ("007", "=1+1", "")
    assert first["households"] == sheet["households"].iloc[0]


def test_a_filled_workbook_is_read_as_csv_is(plan, sheet, tmp_path):
    counts = list(range(len(sheet)))
    filled = sheet.assign(**{COUNTED: [*counts[:-1], ""]})
    fill_workbook(tmp_path / "filled.xlsx", filled, above=[["Riverside, Monday"], [""]])
    filled.to_csv(tmp_path / "filled.csv", index=False)
    read = read_counts(tmp_path / "filled.xlsx", plan)
    pd.testing.assert_series_equal(read, read_counts(tmp_path / "filled.csv", plan))
    assert read.tolist() == counts[:-1]
    (tmp_path / "empty.xlsx").write_bytes(encode_workbook(sheet))
    assert read_counts(tmp_path / "empty.xlsx", plan).empty


def test_faults_of_a_workbook_are_named_by_sheet_and_cell(plan, sheet, tmp_path):
    wrong = sheet.head(4).assign(**{COUNTED: [3, 3.5, -1, "many"]})
    wrong.iloc[0, wrong.columns.get_loc("building")] = "nowhere"
    fill_workbook(tmp_path / "wrong.xlsx", wrong, above=[["Monday"]])
    with pytest.raises(InputError) as refused:
        read_counts(tmp_path / "wrong.xlsx", plan)
    text = str(refused.value)
    assert "wrong.xlsx: sheet Field: the plan has no such buildings (M3)" in text
    assert "(M4, M5, M6)" in text
    fill_workbook(tmp_path / "other.xlsx", sheet[["building"]])
    with pytest.raises(InputError, match=r"sheet Field: has no columns \(households_counted\)"):
        read_counts(tmp_path / "other.xlsx", plan)
    (tmp_path / "text.xlsx").write_text("building")
    with pytest.raises(InputError, match="cannot be read as a workbook"):
        read_counts(tmp_path / "text.xlsx", plan)


def test_without_the_libraries_of_excel_it_is_said_how_to_get_them(
    plan, sheet, tmp_path, monkeypatch
):
    with pytest.raises(RuleError, match=r"end it in \.csv or \.xlsx"):
        check_sheet_name(tmp_path / "sheet.doc")
    (tmp_path / "sheet.xlsx").write_bytes(encode_workbook(sheet))
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(MissingPackageError, match=r"gridplan\[report\]"):
        check_sheet_name(tmp_path / "new.xlsx")
    with pytest.raises(MissingPackageError, match="save the sheet as CSV"):
        read_counts(tmp_path / "sheet.xlsx", plan)
