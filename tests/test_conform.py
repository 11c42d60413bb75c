"""Tables in the schema's shape, and the ledger."""

import numpy as np
import pandas as pd

from gridplan.tables.column_names import match_columns
from gridplan.tables.conform import check_values, conform_table, make_empty
from gridplan.tables.ledger import Entry, write_ledger
from gridplan.tables.personal import find_personal_columns


def test_whole_numbers_that_came_as_floats_become_text_without_a_point():
    table = conform_table("counts", pd.DataFrame({"count": [7.0, 8.0], "of": [301.0, np.nan]}))
    assert table.index.tolist() == ["7", "8"]
    assert table["of"].tolist() == ["301", ""]


def test_what_is_missing_in_a_yes_or_no_column_is_not_so():
    table = conform_table(
        "exceptions", pd.DataFrame({"exception": ["1", "2", "3"], "proven": [True, None, False]})
    )
    assert table["proven"].tolist() == [True, False, False]


def test_chinese_words_for_yes_and_no_are_read():
    frame = pd.DataFrame({"street": ["a", "b", "c"], "bridge": ["是", "否", "也许"]})
    table = conform_table("streets", frame.assign(geometry=None).pipe(_spatial))
    assert table["bridge"].tolist()[:2] == [True, False]
    assert table["bridge"].isna().tolist() == [False, False, True]


def _spatial(frame):
    import geopandas as gpd

    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:32650")


def test_every_wrong_value_is_reported_at_once():
    frame = pd.DataFrame(
        {"count": ["a", "a", "c"], "of": "b1", "measure": "elders", "value": [-1, "x", 3]}
    )
    rules = [p.rule for p in check_values("counts", frame, "counts.csv")]
    assert rules == ["columns", "value is float64", "value is float64", "codes are unique"]


def test_missing_codes_are_no_duplicates():
    frame = pd.DataFrame(
        {"count": ["a", None, None], "level": "site", "of": "x", "measure": "elders", "value": 1}
    )
    assert check_values("counts", frame) == []


def test_the_ledger_numbers_its_entries_and_leaves_out_those_about_nothing():
    entries = [
        Entry("a", "buildings", "dropped", 1, "why", ["b1"]),
        Entry("a", "buildings", "noted", 0, "nothing"),
    ]
    ledger = write_ledger(make_empty("ledger"), entries)
    ledger = write_ledger(ledger, [Entry("b", "streets", "repaired", 2, "why")])
    assert ledger.index.tolist() == ["1", "2"]
    assert ledger["table"].tolist() == ["buildings", "streets"]


def test_the_users_own_mapping_comes_before_names_and_aliases():
    matched = match_columns("buildings", ["floors", "levels", "cs"], {"floors": "cs"})
    assert matched == {"cs": "floors"}


def test_a_column_that_the_user_maps_is_not_taken_for_a_persons_name():
    frame = pd.DataFrame({"name": ["张三", "李小明"]})
    reason = "its cells look like names of persons"
    assert find_personal_columns("buildings", frame) == {"name": reason}
    assert find_personal_columns("buildings", frame, ["name"]) == {}
    assert find_personal_columns("streets", frame) == {}
    assert find_personal_columns("buildings", pd.DataFrame({"name": ["Hall A", "王家楼"]})) == {}


def test_identity_numbers_are_found_under_an_innocent_name():
    frame = pd.DataFrame(
        {
            "note": ["130202199001011234", "13020219900101123X"],
            "osm_id": ["13812345678", "13912345678"],
        }
    )
    assert list(find_personal_columns("buildings", frame)) == ["note"]
