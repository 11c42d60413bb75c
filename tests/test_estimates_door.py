"""Estimates before any plan: at the door, by the verb, and how they fit what was counted."""

import geopandas as gpd
import numpy as np
import pytest

import gridplan as gp
from gridplan.planning.household_estimates import hold_out, measure_fit
from gridplan.reading.site_tables import make_site
from gridplan.synthetic.town import make_town, write_town
from tests.test_cli import run


@pytest.fixture(scope="module")
def site():
    return make_site(make_town(1, urban_share=0.0, seed=3))


def test_the_door_estimates_a_site_and_samples_its_plan(site):
    made = gp.estimate_households(site)
    plan = gp.divide(site, seed=1)
    # as a plan of the site has them
    table = plan.site.buildings["households"]
    assert made.buildings["households"].reindex(table.index).tolist() == table.tolist()
    homes = plan.subgrids.index[plan.subgrids["kind"] == "residential"]
    drawn = gp.sample_households(plan, homes, draws=20, seed=4)
    assert drawn.shape == (20, len(homes))
    assert (drawn == gp.sample_households(plan, homes, draws=20, seed=4)).all()


def test_held_out_counts_are_unknown_to_the_estimates(site):
    counted = site.buildings.assign(
        households_observed=np.where(np.arange(len(site.buildings)) % 2, 1.0, np.nan)
    )
    site = site.replace(buildings=counted)
    held = hold_out(site)
    assert len(held.buildings) == counted["households_observed"].notna().sum()
    assert not (held.buildings["households_origin"] == "observed").any()
    assert measure_fit(held)["counted"] == len(held.buildings)
    shuffled = site.replace(buildings=counted.iloc[::-1])
    again = hold_out(shuffled).buildings["households"]
    assert again.tolist() == held.buildings["households"].tolist()
    assert gp.plot(held).get_xlabel() == "households counted"
    with pytest.raises(gp.errors.ArgumentError, match="hold_out"):
        gp.plot(site.replace(buildings=counted.iloc[:0]))


def test_the_verb_writes_estimates_and_asks_before_replacing(tmp_path):
    write_town(make_town(1, urban_share=0.0, seed=3), tmp_path / "town.gpkg")
    done = run("households", tmp_path / "town.gpkg", "-o", tmp_path / "out.gpkg")
    assert "fit" in done.stdout
    rows = gpd.read_file(tmp_path / "out.gpkg")
    assert (rows["households_low"] <= rows["households"]).all()
    refused = run("households", tmp_path / "town.gpkg", "-o", tmp_path / "out.gpkg", status=2)
    assert "--overwrite" in refused.stderr
