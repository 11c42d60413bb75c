"""Totals of zones: read, met beside those of communities, drawn, audited, kept and withheld."""

from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gridplan as gp
from gridplan.errors import InputError, PersonalDataError
from gridplan.land.total_groups import list_settled, list_settled_together
from gridplan.simulation.requests.household_draws import draw_buildings, sample_households
from gridplan.storage.plan_folder import read_plan, write_plan
from tests.test_cli import run

WIDTH = 22.0  # m from one house of the row to the next
X, Y = 600_000.0, 4_390_000.0


def make_row(count=12, **columns):
    """A row of houses and, every third, blocks of six floors."""
    x = X + WIDTH * np.arange(count)
    block = np.arange(count) % 3 == 0
    frame = {
        "building": [f"b{n:02d}" for n in range(count)],
        "use": np.where(block, "apartments", "house"),
        "floors": np.where(block, 6, 2),
    }
    return gpd.GeoDataFrame(
        frame | columns, geometry=shapely.box(x, Y, x + 18, Y + 12), crs="EPSG:4548"
    )


def cut(column, edges, totals):
    """Cut the row at these houses; the pieces are named z0, z1 ... or c0, c1 ..."""
    west = X + WIDTH * np.array(edges) - 2
    return gpd.GeoDataFrame(
        {column: [f"{column[0]}{n}" for n in range(len(totals))], "households": totals},
        geometry=shapely.box(west[:-1], Y - 20, west[1:], Y + 40),
        crs="EPSG:4548",
    )


def estimate(communities, zones, count=12, rules=None, **columns):
    site = gp.read_site(make_row(count, **columns), communities=communities, zones=zones)
    return gp.estimate_households(site, rules)


def sums(site, column):
    return site.buildings.groupby(column)["households"].sum().to_dict()


def reasons(site):
    return " | ".join(site.ledger["reason"])


def test_a_building_lies_in_the_zone_that_holds_most_of_it_and_names_win():
    zones = cut("zone", [0, 4.3, 8], [40, 20])
    site = gp.read_site(make_row(), zones=zones)
    # 4.6 m of the 18 m of house 4 lie in z0
    assert site.buildings["zone"].tolist() == ["z0"] * 4 + ["z1"] * 4 + [""] * 4
    assert "in no zone: their households" in reasons(site)
    named = make_row(zone=["z1", "", *["nowhere"] * 10])
    site = gp.read_site(named, zones=zones)
    assert site.buildings["zone"].tolist() == ["z1", *["z0"] * 3, *["z1"] * 4, *[""] * 4]
    note = site.ledger[site.ledger["reason"].str.contains("not in the table of zones")].iloc[0]
    assert note["count"] == 10


def test_buildings_outside_are_counted_with_their_households():
    site = gp.read_site(make_row(households_observed=[3.0] * 12), zones=cut("zone", [0, 10], [40]))
    assert "in no zone: their households are estimated without a total of one, 6 households" in (
        reasons(site)
    )


def test_where_buildings_name_their_zone_codes_and_households_will_do(tmp_path):
    (tmp_path / "zones.csv").write_text("tract,dwellings\n07,31\n08,14\n")
    site = gp.read_site(make_row(tract=""), zones=tmp_path / "zones.csv")
    assert site.zones["households"].to_dict() == {"07": 31.0, "08": 14.0}
    houses = make_row(census_tract=["07"] * 6 + ["08"] * 6)
    made = gp.estimate_households(gp.read_site(houses, zones=tmp_path / "zones.csv"))
    assert sums(made, "zone") == {"07": 31, "08": 14}


def test_wrong_zones_are_refused_by_name():
    zones = cut("zone", [0, 6, 12], [40, 20])
    over = zones.assign(geometry=shapely.box(X, Y, [X + 100, X + 90], Y + 90))
    with pytest.raises(InputError, match=r"1 pair of zones overlaps.*\(z0, z1\).*in one zone"):
        gp.read_site(make_row(), zones=over)
    with pytest.raises(InputError, match=r"column households is missing.*zones\.households="):
        gp.read_site(make_row(), zones=zones.drop(columns="households"))
    with pytest.raises(InputError, match=r"codes stand more than once in zone.*\(z0\)"):
        gp.read_site(make_row(), zones=zones.assign(zone="z0"))
    with pytest.raises(PersonalDataError, match="phone"):
        gp.read_site(make_row(), zones=zones.assign(phone="13812345678"))
    site = gp.read_site(make_row(), zones=zones.assign(households=[40, None]))
    assert "households not known: their buildings are estimated freely" in reasons(site)
    assert sums(gp.estimate_households(site), "zone")["z0"] == 40


def test_zones_that_cross_communities_are_met_and_the_communities_compared():
    communities = cut("community", [0, 4, 8, 12], [np.nan, 30, np.nan])
    made = estimate(communities, cut("zone", [0, 6, 10], [55, 25]))
    assert sums(made, "zone")["z0"] == 55
    assert sums(made, "zone")["z1"] == 25
    off = sums(made, "community")["c1"] - 30
    assert "c1: known total of 30 households compared and not met, as zones that cross" in (
        reasons(made)
    )
    assert f"{off:+d}" in reasons(made)
    assert list_settled(made) == []


def test_zones_within_a_community_leave_it_the_rest():
    communities = cut("community", [0, 8, 12], [80, np.nan])
    made = estimate(communities, cut("zone", [0, 3, 6], [31, 29]))
    assert {code: sums(made, "zone")[code] for code in ("z0", "z1")} == {"z0": 31, "z1": 29}
    # the two houses of c0 in no zone have 80 - 31 - 29
    assert sums(made, "community")["c0"] == 80
    assert made.buildings.loc[["b06", "b07"], "households"].sum() == 20
    assert list_settled(made) == ["c0"]


def test_communities_within_a_zone_are_met_and_the_zone_too():
    communities = cut("community", [0, 4, 8, 12], [38, np.nan, 22])
    made = estimate(communities, cut("zone", [0, 12], [100]))
    assert sums(made, "community") == {"c0": 38, "c1": 40, "c2": 22}
    assert list_settled(made) == ["c0", "c1", "c2"]


@pytest.mark.parametrize(
    ("known", "zone", "met"),
    [([60, 61, None], 100, 100), ([60, 30, 20], 100, 100), ([120, None, None], 100, 100)],
)
def test_communities_that_contradict_their_zone_are_compared(known, zone, met):
    communities = cut("community", [0, 4, 8, 12], [np.nan if n is None else n for n in known])
    made = estimate(communities, cut("zone", [0, 12], [zone]))
    assert sums(made, "zone") == {"z0": met}
    assert "compared and not met" in reasons(made)
    # no community has buildings without a total, so that their sum is known
    assert list_settled_together(made) == ["c0", "c1", "c2"]


def test_one_land_with_two_totals_has_that_of_the_zone():
    communities = cut("community", [0, 6, 12], [50, 50])
    made = estimate(communities, cut("zone", [0, 6], [44]))
    assert sums(made, "community") == {"c0": 44, "c1": 50}
    assert "c0: known total of 50 households compared and not met" in reasons(made)
    assert "are: -6" in reasons(made)


def test_the_total_of_the_site_is_for_what_zones_leave():
    rules = gp.Rules().replace(households={"total": 90})
    made = estimate(cut("community", [0, 12], [np.nan]), cut("zone", [0, 6], [60]), rules=rules)
    assert sums(made, "zone") == {"": 30, "z0": 60}


def test_a_zone_of_homes_that_are_left_out_has_no_total():
    rules = gp.Rules().replace(site={"outside": "drop"})
    communities = cut("community", [0, 6], [np.nan])
    made = estimate(communities, cut("zone", [0, 12], [500]), rules=rules)
    assert len(made.buildings) == 6
    assert sums(made, "zone")["z0"] < 200
    assert "total not used, as it is of buildings outside every community too" in reasons(made)


@cache
def read_row():
    """Twelve houses and two communities, one of them of 77 households."""
    communities = cut("community", [0, 5, 12], [np.nan, 77])
    zones = cut("zone", [0, 4, 8, 12], [0, 0, 0])
    return gp.read_site(make_row(), communities=communities, zones=zones)


@settings(max_examples=10, deadline=None)
@given(
    totals=st.lists(st.integers(0, 400), min_size=3, max_size=3),
    edges=st.lists(st.integers(1, 11), min_size=2, max_size=2, unique=True).map(sorted),
    order=st.permutations(range(12)),
)
def test_sums_of_zones_are_exact_in_estimates_and_draws_whatever_the_order(totals, edges, order):
    site = read_row()
    zone = pd.Series(np.searchsorted(edges, np.arange(12), "right"), site.buildings.index)
    site = site.replace(
        buildings=site.buildings.assign(zone="z" + zone.astype(str)),
        zones=site.zones.assign(households=np.array(totals, float)),
    )
    made = gp.estimate_households(site).buildings
    assert made.groupby("zone")["households"].sum().tolist() == totals
    again = gp.estimate_households(site.replace(buildings=site.buildings.iloc[list(order)]))
    pd.testing.assert_frame_equal(again.buildings.sort_index(), made)
    number = made["zone"].str[1:].astype(int).to_numpy()
    for drawn in draw_buildings(made, number, 3, 5, gp.Rules().simulation):
        np.testing.assert_allclose(np.bincount(number, drawn), totals, atol=1e-6)


@pytest.fixture(scope="module")
def plan():
    """Sixty houses, three communities, and three zones that cross them or end in one."""
    communities = cut("community", [0, 20, 40, 60], [np.nan, 200, np.nan])
    zones = cut("zone", [0, 10, 30, 50], [77, 150, 60])
    return gp.divide(gp.read_site(make_row(60), communities=communities, zones=zones), seed=1)


def test_a_plan_with_zones_passes_the_audit_and_a_changed_one_does_not(plan):
    assert gp.audit(plan).findings.empty
    rows = plan.site.buildings
    moved = rows.assign(zone=rows["zone"].mask(rows.index == "b05", "z1"))
    found = gp.audit(plan.replace(buildings=moved)).findings
    assert set(found["rule"]) == {"sums"}
    assert set(found["table"]) == {"zones"}
    # as if nobody knew them: what the ranges say would be too sure
    found = gp.audit(plan.replace(zones=plan.site.zones.iloc[:0])).findings
    assert "estimates" in set(found["rule"])


def test_ranges_within_zones_are_those_of_draws(plan):
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"].sort_index()
    drawn = sample_households(plan, homes.index, 1500, 0)
    whole = np.floor(drawn + 0.5)
    inside = (whole >= homes["low"].to_numpy()) & (whole <= homes["high"].to_numpy())
    np.testing.assert_allclose(homes["chance_in_band"], inside.mean(axis=0), atol=0.08)
    # c0 is z0 and a half of z1: what is open of it is open of z1 alone
    c0 = plan.site.communities.loc["c0"]
    low, high = np.quantile(drawn[:, homes["community"] == "c0"].sum(axis=1), [0.05, 0.95])
    assert c0["households_low"] == pytest.approx(low, rel=0.12)
    assert c0["households_high"] == pytest.approx(high, rel=0.12)


def test_zones_are_kept_with_a_plan_and_not_released(plan, tmp_path):
    for kind in ("gpkg", "parquet"):
        back = read_plan(write_plan(plan, tmp_path / kind, format=kind))
        assert back.site.zones.drop(columns="geometry").equals(
            plan.site.zones.drop(columns="geometry")
        )
        assert back.site.buildings["zone"].equals(plan.site.buildings["zone"])
    bare = plan.replace(zones=plan.site.zones.assign(geometry=None))
    assert len(read_plan(write_plan(bare, tmp_path / "bare")).site.zones) == 3
    released = gp.release(plan)
    assert released.site.zones.empty
    assert set(released.site.buildings["zone"]) == {""}


def test_verbs_read_zones_and_a_city_in_chunks_refuses_them(tmp_path):
    from gridplan.city.city_plan import explain_whole, plan_city

    make_row().to_parquet(tmp_path / "buildings.parquet")
    cut("community", [0, 12], [np.nan]).to_parquet(tmp_path / "communities.parquet")
    zones = cut("tract", [0, 6], [60])
    zones.to_parquet(tmp_path / "tracts.parquet")
    words = ("households", tmp_path, "-o", tmp_path / "made.gpkg")
    done = run(*words)
    assert "zones" in done.stdout
    made = gpd.read_file(tmp_path / "made.gpkg")
    assert made.loc[made["zone"] == "t0", "households"].sum() == 60
    assert explain_whole(tmp_path, {}, gp.Rules()) == "it has zones"
    with pytest.raises(InputError, match=r"zones may cross.*gridplan\.divide"):
        plan_city(tmp_path, tmp_path / "plan", engine="serial")
    (tmp_path / "tracts.parquet").rename(tmp_path / "other.pq")
    done = run(*words, "--zones", tmp_path / "none.gpkg", "--overwrite", status=1)
    assert "none.gpkg" in done.stderr
