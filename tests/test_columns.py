"""Names of columns and numbers as people write them: read alike, and what is left out is named."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

import gridplan as gp
from gridplan.errors import InputError
from gridplan.reading.vector_files import take_table
from gridplan.tables.column_names import explain_unused, match_columns, plain_name
from gridplan.tables.measures import match_measures, read_measures
from gridplan.tables.numbers import read_numbers


def make_points(**columns):
    """Some points 30 m apart in Tangshan with the columns given."""
    count = len(next(iter(columns.values())))
    points = [Point(600_000 + 30 * i, 4_390_000) for i in range(count)]
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4548")


def read_households(**columns):
    return gp.read_site(make_points(**columns)).buildings["households_observed"].tolist()


@pytest.mark.parametrize(
    "name",
    [
        "households",
        "HOUSEHOLDS",
        " Households ",
        "户数",
        "户 数",
        "户\n数",
        "户数（户）",
        "户数(户)",
        "\ufeff户数",
        "ｈｏｕｓｅｈｏｌｄｓ",
        "households [households]",
    ],
)
def test_a_name_is_read_however_it_is_written(name):
    assert read_households(**{name: [30, 12]}) == [30, 12]


@pytest.mark.parametrize("order", [("households", "HOUSEHOLDS"), ("HOUSEHOLDS", "households")])
def test_of_two_names_that_fall_together_the_exact_one_is_read_and_the_other_named(order):
    values = {"households": [30, 12], "HOUSEHOLDS": [99, 99]}
    reading = take_table(make_points(**{name: values[name] for name in order}), "buildings")
    assert reading.tables["buildings"]["households_observed"].tolist() == [30, 12]
    assert [e.reason for e in reading.entries] == [
        "columns left out for another of the same meaning: HOUSEHOLDS, as households was read"
    ]


def test_columns_of_no_use_are_named():
    reading = take_table(make_points(floors=[2, 3], colour=["red", "blue"]), "buildings")
    assert [(e.reason, e.ids) for e in reading.entries] == [
        ("columns without use: colour", ("colour",))
    ]


def test_what_the_user_maps_goes_first():
    assert match_columns("buildings", ["floors", "CS"], {"floors": "cs"}) == {"CS": "floors"}
    assert explain_unused("buildings", ["floors", "CS"], {"CS": "floors"}) == {"floors": "CS"}


def test_no_two_words_of_a_table_are_alike():
    """An alias that is plain the same as another column's would be read for either."""
    from gridplan.tables.schema import read_schema

    for table, columns in read_schema().items():
        words = {}
        for column in columns:
            if column.need == "derived" or column.is_geometry:
                continue
            for word in {plain_name(w) for w in (column.name, *column.aliases)}:
                assert words.setdefault(word, column.name) == column.name or word in {
                    plain_name(c.name) for c in columns
                }, (table, word)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("30", 30),
        ("３０", 30),
        ("1,200", 1200),
        ("１，２００", 1200),
        ("1 200", 1200),
        ("2,5", 2.5),
        ("30户", 30),
        (" 7 ", 7),
        ("1e3", 1000),
        ("12 m", 12),
    ],
)
def test_a_number_is_read_however_it_is_written(text, number):
    assert read_numbers(pd.Series([text])).tolist() == [number]


@pytest.mark.parametrize("text", ["two", "1.2.3", "12-", "3 or 4", "nan", "inf", "1,2,3", "--1"])
def test_what_is_no_number_is_missing(text):
    assert np.isnan(read_numbers(pd.Series([text])).iloc[0])


def test_truth_values_and_dates_are_no_numbers_of_households():
    for values in ([True, False], pd.to_datetime(["2026-01-01", "2026-01-02"])):
        with pytest.raises(InputError, match="not numbers"):
            read_households(households=values)


@pytest.mark.parametrize("value", [8e20, 2.0**63, -1, 1e9])
def test_a_count_out_of_all_proportion_is_refused_with_its_row(value):
    with pytest.raises(InputError, match=r"households_observed is .*\(b2\)"):
        read_households(building=["b1", "b2"], households=[3, value])


@pytest.mark.parametrize("floors", ["9999", "-1", "ca. 3"])
def test_floors_that_cannot_be_are_taken_as_not_known_and_named(floors):
    site = gp.read_site(make_points(building=["b1", "b2"], floors=["6", floors]))
    assert site.buildings["floors"].fillna(0).to_dict() == {"b1": 6, "b2": 0}
    doubted = site.ledger[site.ledger["reason"].str.contains("cannot be")]
    assert doubted[["count", "ids"]].to_numpy().tolist() == [[1, "b2"]]


@pytest.mark.parametrize(("levels", "floors"), [("5;6", 5.5), ("3-4", 3.5), ("2,5", 2.5)])
def test_floors_of_several_parts_are_their_mean(levels, floors):
    assert gp.read_site(make_points(levels=[levels])).buildings["floors"].tolist() == [floors]


def test_two_columns_of_one_name_are_refused_and_a_number_may_be_a_name():
    doubled = make_points(floors=[1, 2], height=[3, 6])
    doubled.columns = ["floors", "floors", "geometry"]
    with pytest.raises(InputError, match="more than one column is named floors"):
        gp.read_site(doubled)
    numbered = make_points(floors=[1, 2]).assign(**{"x": 1}).rename(columns={"x": 5})
    assert len(gp.read_site(numbered).buildings) == 2


@pytest.mark.parametrize("word", ["党员", "Party_Members_Full", "正式党员（人）", "party members"])
def test_a_measure_is_read_in_any_of_its_words(word):
    assert match_measures([word]) == {word: "party_members_full"}


def test_measures_that_no_verb_reads_are_named():
    rows = {"count": ["1", "2"], "level": "site", "of": "site", "measure": ["cats", "老人"]}
    counts = pd.DataFrame({**rows, "value": [3, 4]})
    site = gp.read_site(make_points(floors=[1]), counts=counts)
    assert site.counts["measure"].tolist() == ["cats", "elders"]
    reasons = site.ledger.loc[site.ledger["table"] == "counts", "reason"].tolist()
    assert "measures that no verb reads by itself: cats" in reasons
    assert "measures: 老人 is elders" in reasons


def test_every_measure_of_the_example_is_known():
    assert set(gp.load_example().counts["measure"]) <= set(read_measures().values())
