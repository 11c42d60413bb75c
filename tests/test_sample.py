"""What to count next: a sheet for the field, and what the counts bring."""

import numpy as np
import pandas as pd
import pytest

import gridplan as gp
from gridplan.comparison.count_sample import (
    COUNTED,
    SHEET,
    add_counts,
    propose_counts,
    read_counts,
)
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
