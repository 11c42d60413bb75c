"""What the estimates leave open of sub-grids: ranges, chances, and where they are said."""

import numpy as np
import pandas as pd
import pytest

import gridplan as gp
from gridplan.cli.console import say_likely, say_range
from gridplan.cli.likely_lines import say_in_band, say_in_band_change
from gridplan.cli.years import _say_start
from gridplan.comparison.history import compare_versions
from gridplan.maps.legend import count_figures, list_keys
from gridplan.maps.likely_classes import list_community_ranges, list_likely
from gridplan.maps.map_shapes import compose_sheet
from gridplan.planning.community_ranges import fill_communities
from gridplan.planning.likely_shares import measure_likely
from gridplan.planning.subgrid_ranges import fill_ranges, say_chances
from gridplan.reading.site_tables import make_site
from gridplan.simulation.requests.household_draws import sample_households
from gridplan.simulation.years import Given
from gridplan.simulation.years.drawn_starts import name_start, sample_doors
from gridplan.synthetic.board_plan import make_table
from gridplan.synthetic.people_plan import make_people_plan
from gridplan.synthetic.town import make_town
from gridplan.tables.likely_band import find_likely


@pytest.fixture(scope="module")
def site():
    """A village whose every household is estimated, and whose totals nobody knows."""
    site = make_site(make_town(1, urban_share=0.0, seed=3))
    buildings = site.buildings.assign(households_observed=np.nan, population=np.nan)
    return site.replace(buildings=buildings, communities=site.communities.assign(households=np.nan))


@pytest.fixture(scope="module")
def plan(site):
    return gp.divide(site, seed=1)


def residential(plan):
    return plan.subgrids[plan.subgrids["kind"] == "residential"].sort_index()


def test_ranges_and_chances_are_those_of_the_draws(plan):
    homes = residential(plan)
    drawn = sample_households(plan, homes.index, 1500, 0, plan.rules.simulation)
    whole = np.floor(drawn + 0.5)
    inside = (whole >= homes["low"].to_numpy()) & (whole <= homes["high"].to_numpy())
    np.testing.assert_allclose(homes["chance_in_band"], inside.mean(axis=0), atol=0.08)
    likely = find_likely(plan.subgrids)
    low, high = np.quantile(drawn.sum(axis=1), [0.05, 0.95])
    assert likely.households_low == pytest.approx(low, rel=0.08)
    assert likely.households_high == pytest.approx(high, rel=0.08)
    assert likely.share == pytest.approx(inside.mean(), abs=0.04)


def test_households_of_buildings_that_may_be_homes_are_in_no_draw_lost(plan):
    homes = residential(plan)
    drawn = sample_households(plan, homes.index, 1500, 0, plan.rules.simulation)
    expected = plan.site.buildings["households_mean"].sum()
    assert drawn.sum() / len(drawn) == pytest.approx(expected, rel=0.05)


def test_the_audit_derives_the_ranges_again(plan):
    assert "estimates" not in set(gp.audit(plan).findings["rule"])
    code = residential(plan).index[0]
    for column, value in (
        ("chance_in_band", 0.31),
        ("households_high", 999),
        ("error_shared", 1.0),
    ):
        wrong = plan.subgrids.copy()
        wrong.loc[code, column] = value
        findings = gp.audit(plan.replace(subgrids=wrong)).findings
        assert code in set(findings.loc[findings["rule"] == "estimates", "subgrid"])


def test_communities_say_between_which_numbers_their_households_lie(plan):
    table = plan.site.communities
    homes = residential(plan)
    drawn = sample_households(plan, homes.index, 1500, 0, plan.rules.simulation)
    for code, row in table.iterrows():
        here = drawn[:, (homes["community"] == code).to_numpy()].sum(axis=1)
        low, high = np.quantile(here, [0.05, 0.95])
        assert row["households_low"] == pytest.approx(low, rel=0.1)
        assert row["households_high"] == pytest.approx(high, rel=0.1)
    ends = list_community_ranges(plan)
    assert ends["to"] == table["households_high"].astype(int).tolist()
    quality = gp.compare(plan, plan).quality.set_index(["of", "figure"])["new"]
    assert quality[table.index[0], "households_low"] == table["households_low"].iloc[0]
    assert quality["", "households_high"] == plan.manifest["figures"]["households_high"]


def test_the_audit_derives_the_ranges_of_communities_again(plan):
    table = plan.site.communities
    for column, value in (("households_low", 3.0), ("households_high", np.nan)):
        wrong = table.copy()
        wrong.loc[table.index[0], column] = value
        findings = gp.audit(plan.replace(site=plan.site.replace(communities=wrong))).findings
        found = findings[findings["rule"] == "estimates"]
        assert found["table"].tolist() == ["communities"]


def test_a_known_total_leaves_a_community_nothing_open(plan):
    code = plan.site.communities.index[0]
    held = residential(plan)["households"].sum()
    communities = plan.site.communities.assign(households=float(held))
    known = fill_communities(
        plan.replace(site=plan.site.replace(communities=communities)), plan.rules
    ).site.communities.loc[code]
    assert known["households_low"] == known["households_high"] == held
    # so does a total of the site, where no other community shares it
    rules = plan.rules.replace(households={"total": int(held)})
    known = fill_communities(plan, rules).site.communities.loc[code]
    assert known["households_low"] == known["households_high"] == held


def test_a_known_total_of_the_only_sub_grid_leaves_nothing_open(plan):
    code = residential(plan).index[0]
    of = plan.subgrids.loc[code, "community"]
    everyone = plan.stairwells.assign(subgrid=code)
    held = round(plan.site.buildings["households_mean"].sum())
    outline = plan.site.communities.geometry[of]
    one = plan.subgrids.loc[[code]].assign(households=held, geometry=[outline])
    communities = plan.site.communities.copy()
    communities.loc[of, "households"] = float(held)
    whole = plan.replace(
        stairwells=everyone, subgrids=one, site=plan.site.replace(communities=communities)
    )
    table = fill_ranges(one, whole, plan.rules)
    assert table["chance_in_band"].iloc[0] in (0.0, 1.0)
    assert table["error_shared"].iloc[0] == 0.0


def test_counted_households_leave_nothing_open(site):
    counted = site.buildings.assign(households_observed=1.0)
    plan = gp.divide(site.replace(buildings=counted), seed=1)
    homes = residential(plan)
    assert (homes["households_low"] == homes["households_high"]).all()
    assert (homes["chance_in_band"] == homes["in_band"]).all()
    assert "likely_in_band" not in plan.manifest["figures"]
    assert list_likely(plan) == {}


def test_every_summary_says_what_is_likely(plan):
    figures = plan.manifest["figures"]
    assert figures["households_low"] < figures["households"] < figures["households_high"]
    assert "% likely" in say_likely(figures)
    assert "by estimate" in say_range(figures)
    assert any("% likely" in value for value, _ in count_figures(plan, "en"))
    rows = pd.DataFrame(
        {"subgrid": residential(plan).index[:1], "rule": "band", "explanation": "9 households"}
    )
    said = say_chances(rows, plan.subgrids)
    assert "by estimate:" in said["explanation"].iloc[0]
    # said once, however often a plan is renewed
    assert say_chances(said, plan.subgrids)["explanation"].tolist() == said["explanation"].tolist()


def test_the_map_colours_by_chance_and_says_it_of_each_sub_grid(plan):
    sheet = compose_sheet(plan)
    assert len(list_keys(plan, sheet, "en")["chance"]) >= 4
    rows = np.flatnonzero((plan.subgrids["kind"] == "residential").to_numpy())
    table = plan.subgrids.iloc[rows]
    assert [sheet.records["to"][n] for n in rows if sheet.records["to"][n] is not None] == (
        table.loc[table["households_high"] > table["households_low"], "households_high"].tolist()
    )
    # none where nobody lives
    lone = set(range(len(plan.subgrids))) - set(rows)
    assert all(sheet.records["to"][n] is None for n in lone)


def test_a_release_says_nothing_of_the_ranges(plan):
    table = gp.release(plan).subgrids
    assert table[["chance_in_band", "chance_above", "error_shared"]].isna().all(axis=None)
    assert (table[["households_low", "households_high"]] == 0).all(axis=None)
    places = gp.release(plan).site.communities
    assert places[["households_low", "households_high"]].isna().all(axis=None)
    leaking = gp.release(plan)
    seen = leaking.subgrids.assign(chance_in_band=0.9)
    assert not gp.check_release(leaking.replace(subgrids=seen)).passed
    seen = leaking.site.replace(communities=places.assign(households_low=90.0))
    problems = gp.check_release(leaking.replace(site=seen)).problems
    assert any("households_low" in problem.message for problem in problems)


def test_verbs_say_what_is_likely_of_what_they_print(plan):
    member = plan.stairwells["subgrid"]
    stated = residential(plan)["chance_in_band"].mean()
    assert measure_likely(plan, member, plan.rules) == pytest.approx(stated, abs=0.03)
    assert "% likely" in say_in_band(plan)
    assert say_in_band_change(plan, plan).count("% likely") == 2
    budget = gp.trace_budget(plan, shares=(0,), seed=1).table
    assert budget["likely_in_band"].iloc[0] == pytest.approx(stated, abs=0.03)
    choice = gp.find_alternatives(plan, most=2, effort="quick")
    table = choice.table
    assert (table["likely_in_band"] < 1.0).all()
    # what is said beforehand is what the plan then says
    made = residential(choice.make_plan(table.index[-1]))
    expected = made["chance_in_band"].mean()
    assert table["likely_in_band"].iloc[-1] == pytest.approx(expected, abs=0.03)
    assert "each future starts from its own draw" in _say_start(plan, name_start(plan, 2))
    assert "the only future starts from the estimates" in _say_start(plan, name_start(plan, 1))
    versions, _ = compare_versions({"one": plan, "two": plan})
    assert versions["likely_in_band"].tolist() == pytest.approx([stated] * 2)


def test_figures_of_an_audit_say_between_which_values_they_lie(plan):
    homes = residential(plan)
    found = gp.audit(plan)
    whole = found.summary["classes"]["all"]
    drawn = sample_households(plan, homes.index, 800, 0, plan.rules.simulation)
    inside = (drawn >= homes["low"].to_numpy() - 0.5) & (drawn < homes["high"].to_numpy() + 0.5)
    true = {
        "mean": drawn.mean(axis=1),
        "cv": drawn.std(axis=1) / drawn.mean(axis=1),
        "in_band": inside.mean(axis=1),
    }
    for name, slack in (("mean", 4.0), ("cv", 0.04), ("in_band", 0.2)):
        for end, level in (("low", 0.05), ("high", 0.95)):
            assert whole[f"{name}_{end}"] == pytest.approx(
                np.quantile(true[name], level), abs=slack
            )
    # of one community they are those of the plan
    assert found.communities["cv_high"].iloc[0] == pytest.approx(whole["cv_high"], abs=1e-5)
    assert f"mean {whole['mean']:.1f} ({whole['mean_low']:.1f} to " in str(found)
    counted = gp.audit(make_people_plan())
    whole = counted.summary["classes"]["all"]
    assert whole["cv_low"] == pytest.approx(whole["cv"])


def test_years_start_from_the_draws_of_the_chances(plan):
    still = dict.fromkeys(
        ("growth_urban", "growth_rural", "spread", "spread_shared", "demolition_rural"), 0.0
    )
    calm = Given(changes=still | {"estates_rural": 0.0})
    done = gp.simulate_years(plan, calm, years=1, replications=40, policies=["never"], seed=3)
    assert done.manifest["start"] == "draws"
    chances = gp.measure_chances(plan, draws=40, seed=3)
    first = done.bands[done.bands["year"] == 0].set_index("subgrid")["inside"]
    np.testing.assert_allclose(first, chances["chance"], atol=0.1)  # doors are whole households
    total = done.by_year[done.by_year["measure"] == "households"].iloc[0]
    assert total["p05"] < plan.stairwells["households"].sum() < total["p95"]
    once = gp.simulate_years(plan, calm, years=1, replications=1, policies=["never"])
    assert once.manifest["start"] == "estimates"
    assert once.by_year.query("measure == 'households'")["mean"].iloc[0] == (
        plan.stairwells["households"].sum()
    )


def test_drawn_starts_keep_counts_and_known_totals(site):
    buildings = site.buildings.copy()
    buildings.iloc[::3, buildings.columns.get_loc("households_observed")] = 2.0
    places = site.communities.assign(households=300.0)
    made = gp.divide(site.replace(buildings=buildings, communities=places), seed=1)
    drawn = sample_doors(made, 20, 0, made.rules.simulation)
    assert (drawn.sum(axis=1) == 300).all()
    assert (drawn.std(axis=0) > 0).any()
    doors = made.stairwells.sort_index()
    counted = doors["building"].isin(buildings.index[::3]).to_numpy()
    assert counted.any()
    assert (drawn[:, counted] == 2).all()
    shuffled = made.replace(
        stairwells=made.stairwells[::-1],
        site=made.site.replace(buildings=made.site.buildings[::-1]),
    )
    assert (sample_doors(shuffled, 20, 0, made.rules.simulation) == drawn).all()


def test_indicators_that_rest_on_estimated_households_have_ends():
    plan = make_people_plan()
    centre = plan.stairwells.geometry.iloc[0]
    row = {"place": ["p"], "kind": "service_centre", "floor_area": 300.0, "geometry": [centre]}
    places = make_table("places", pd.DataFrame(row).to_dict("records"))
    ends = {"households_low": 60.0, "households_high": 6000.0}
    communities = plan.site.communities.assign(**ends)
    plan = plan.replace(site=plan.site.replace(communities=communities, places=places))
    done = gp.pair(gp.staff(plan))
    of_towns = done.indicators[done.indicators["level"] == "community"].set_index("measure")
    # 30 m2 for 100 households: 60 need 18 m2, 120 need 36 m2, and 6,000 need 1,800 m2
    share = of_towns.loc["centre_area_share", ["low", "value", "high"]].tolist()
    assert share == pytest.approx([300 / 1800, 300 / 36, 300 / 18])
    full = of_towns.loc["full_per_need"]
    assert full["low"] <= full["value"] <= full["high"]
    assert full["low"] < full["high"]
    # what was counted has none
    assert of_towns.loc["party_share", ["low", "high"]].isna().all()
    rules = {"staffing", "pairing"}
    assert not rules & set(gp.audit(done).findings.query("severity == 'error'")["rule"])
    for measure, rule in (("full_per_need", "staffing"), ("centre_area_share", "pairing")):
        wrong = done.indicators.copy()
        wrong.loc[wrong["measure"] == measure, "high"] = 77.0
        found = gp.audit(done.replace(indicators=wrong)).findings
        assert "indicators" in set(found.loc[found["rule"] == rule, "table"])
    assert gp.release(done).indicators.empty


def test_a_total_of_the_site_leaves_its_communities_open():
    site = make_site(make_town(2, urban_share=0.0, seed=4))
    # without uses homes are in doubt, and the estimate is not in the middle of the draws
    bare = site.buildings.assign(households_observed=np.nan, population=np.nan, use="")
    communities = site.communities.assign(households=np.nan)
    site = site.replace(buildings=bare, communities=communities)
    rules = gp.Rules().replace(households={"total": 700}, division={"effort": "quick"})
    plan = gp.divide(site, rules, seed=1)
    table = plan.site.communities
    assert (table["households_low"] < table["households_high"]).all()
    homes = residential(plan)
    drawn = sample_households(plan, homes.index, 800, 0, plan.rules.simulation)
    for code, row in table.iterrows():
        here = drawn[:, (homes["community"] == code).to_numpy()].sum(axis=1)
        inside = (here >= row["households_low"] - 0.5) & (here <= row["households_high"] + 0.5)
        assert 0.85 <= inside.mean() <= 0.97
    assert "estimates" not in set(gp.audit(plan).findings["rule"])
