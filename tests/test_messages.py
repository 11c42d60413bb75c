"""Messages that lead out: each names the cause, and its remedy works when it is followed."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.cli.read_options import read_rules
from gridplan.errors import InputError, PlanError, RuleError
from gridplan.land.no_homes import refuse_without_homes
from gridplan.planning.site_to_plan import divide
from gridplan.redrawing.importing.grids_to_plan import import_grids
from gridplan.redrawing.revision.lock_contradictions import find_contradictions
from gridplan.redrawing.revision.locks import lock
from gridplan.rules.all_rules import Rules
from gridplan.storage import read_plan, write_plan
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_checkerboard

RUN = CliRunner()


def say(*words):
    """The exit status and what the command line says, in one line."""
    result = RUN.invoke(app, [str(word) for word in words])
    text = result.output + (str(result.exception) if result.exception else "")
    return result.exit_code, " ".join(text.split())


LIMITS = ["urban.low=50", "urban.target=60", "urban.high=70"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)])
def test_limits_that_depend_on_one_another_may_be_set_in_any_order(order):
    rules = read_rules(None, [LIMITS[n] for n in order], None, None)
    assert (rules.urban.low, rules.urban.target, rules.urban.high) == (50, 60, 70)


def test_of_two_settings_of_a_rule_the_later_one_counts_and_the_whole_is_checked():
    rules = read_rules(None, [*LIMITS, "urban.target=55", "columns.floors=CS"], "quick", ["use=yt"])
    assert rules.urban.target == 55
    assert rules.division.effort == "quick"
    assert dict(rules.columns) == {"floors": "CS", "use": "yt"}
    with pytest.raises(RuleError, match=r"^urban: a band needs low <= target <= high"):
        read_rules(None, LIMITS[:1], None, None)


def test_everything_wrong_is_named_by_section_and_rule():
    with pytest.raises(RuleError) as error:
        Rules().replace(
            urban={"target": 2.5, "low": "x"}, walking={"speed": 0, "slow_share": 0.5}, prizes={}
        )
    text = str(error.value)
    assert "urban.low must be a whole number, not 'x'" in text
    assert "urban.target must be a whole number, not 2.5" in text
    assert "walking.speed = 0.0 is below 1 m/min" in text
    assert "unknown rule section prizes" in text
    with pytest.raises(RuleError, match=r"^walking.slow_share = 1.5: a share is from 0 to 1$"):
        Rules().replace(walking={"slow_share": 1.5})
    with pytest.raises(RuleError, match=r"^walking.slow_speed = 80.0 is above speed"):
        Rules().replace(walking={"slow_speed": 80})


@pytest.mark.parametrize("verb", ["map", "audit", "reach"])
def test_a_site_given_for_a_plan_is_named_in_one_line_and_the_remedy_works(tmp_path, verb):
    file = tmp_path / "town.gpkg"
    houses = make_checkerboard().buildings.reset_index()[["building", "floors", "geometry"]]
    houses.assign(households=10).to_file(file, layer="buildings")
    with pytest.raises(PlanError) as error:
        read_plan(file)
    assert str(error.value).count("\n") == 0
    assert f"{file} is a site (buildings), not a plan" in str(error.value)
    assert f"gridplan plan {file} -o outputs/town" in str(error.value)
    status, text = say(verb, file)
    assert status != 0
    assert "is a site (buildings), not a plan" in text
    if verb == "audit":
        assert say("plan", file, "-o", tmp_path / "town", "--set", "urban.low=10")[0] == 0
        assert say(verb, tmp_path / "town")[0] == 0


def test_a_folder_of_land_or_another_file_is_no_plan_either(tmp_path):
    houses = make_checkerboard().buildings.reset_index()[["building", "geometry"]]
    houses.to_file(tmp_path / "buildings.geojson")
    with pytest.raises(PlanError, match=f"{tmp_path} is a site, not a plan -> draw its plan"):
        read_plan(tmp_path)
    with pytest.raises(PlanError, match="if this is land, draw its plan: gridplan plan "):
        read_plan(tmp_path / "buildings.geojson")
    houses.to_file(tmp_path / "other.gpkg", layer="houses")
    with pytest.raises(PlanError, match="is some other file, not a plan"):
        read_plan(tmp_path / "other.gpkg")


@pytest.mark.parametrize("more", [(), ("--preview",), ("--overwrite",)])
def test_a_misspelt_verb_is_answered_with_the_nearest_whatever_else_stands_in_the_way(
    tmp_path, more
):
    write_plan(make_board_plan(), tmp_path / "board")
    status, text = say("edit", tmp_path / "board", "mvoe building h04 to 0301-001", *more)
    assert status != 0
    assert "no verb 'mvoe' -> did you mean move?" in text
    assert "already" not in text
    # the remedy is followed
    assert say("edit", tmp_path / "board", "move building h04 to 0301-001", "--preview")[0] == 0


def make_houses(**columns):
    board = make_checkerboard()
    return gpd.GeoDataFrame(
        {"building": [f"b{n}" for n in range(12)], "households": 10, **columns},
        geometry=board.buildings.geometry.to_numpy(),
        crs=board.crs,
    )


@pytest.mark.parametrize(
    "codes",
    [
        [1.3e19 + 4096 * n for n in range(12)],
        [1.3e17 + 16 * n for n in range(12)],
        [np.inf, *map(float, range(11))],
        ["1.30203E+11"] * 12,
        [2.0**53, *"abcdefghijk"],
    ],
)
def test_codes_that_lost_digits_are_refused_with_the_remedy(codes):
    with pytest.raises(InputError, match=r"building has lost its last digits.*dtype=.*str"):
        gp.read_site(make_houses(building=codes))


@pytest.mark.parametrize(
    ("codes", "first"),
    [
        ([130203001001.0 + n for n in range(12)], "130203001001"),
        ([2**63 + n for n in range(12)], "9223372036854775808"),
        ([2.0**53 - 12 + n for n in range(12)], "9007199254740980"),
        ([f"12E{n}" for n in range(12)], "12E0"),
        ([1.5 + n for n in range(12)], "1.5"),
    ],
)
def test_codes_that_kept_their_digits_are_read(codes, first):
    assert first in gp.read_site(make_houses(building=codes)).buildings.index


def test_codes_in_other_columns_and_other_doors_are_looked_at_too():
    counts = pd.DataFrame({"level": "building", "of": [1.3e18], "measure": "elders", "value": 3})
    with pytest.raises(InputError, match="counts: of has lost its last digits"):
        gp.read_site(make_houses(), counts=counts)
    site = gp.read_site(make_houses())
    halves = [box(X0, Y0, X0 + 90, Y0 + 60), box(X0 + 90, Y0, X0 + 180, Y0 + 60)]
    grids = gpd.GeoDataFrame({"code": [1.3e17, 1.3e17 + 16]}, geometry=halves, crs=site.crs)
    with pytest.raises(InputError, match="grids: code has lost its last digits"):
        import_grids(grids, site)
    table = pd.DataFrame({"building": ["b1", "b2"], "code": [1e18, 2e18]})
    with pytest.raises(InputError, match="grids: code has lost its last digits"):
        import_grids(table, site)


def test_frames_that_are_no_tables_or_whose_columns_cannot_be_told_apart_are_refused():
    houses = make_houses()
    twice = houses.assign(more=1).set_axis(
        ["building", "households", "geometry", "households"], axis=1
    )
    levels = houses.set_axis(pd.MultiIndex.from_product([["a"], houses.columns]), axis=1)
    plain = pd.DataFrame(houses.drop(columns="geometry"))
    for given, words in (
        (twice, "more than one column is named households"),
        (levels, "the names of its columns have 2 levels"),
        (plain, r"it has no shapes -> give a GeoDataFrame, such as gpd.GeoDataFrame\(table"),
        (houses.geometry, "a GeoSeries is no table"),
        (None, "a NoneType is no table"),
        (5, "is no table"),
    ):
        with pytest.raises(InputError, match=words):
            gp.read_site(given)
        if given is not None:
            with pytest.raises(InputError, match=words):
                gp.read_site(houses, compounds=given)
    site = gp.read_site(houses)
    shapes = [box(X0, Y0, X0 + 180, Y0 + 60)]
    grids = gpd.GeoDataFrame({"code": ["A"], "n": [1]}, geometry=shapes, crs=site.crs)
    with pytest.raises(InputError, match="more than one column is named code"):
        import_grids(grids.set_axis(["code", "code", "geometry"], axis=1), site)
    with pytest.raises(InputError, match="a list is no table"):
        import_grids([1], site)
    assert len(import_grids(grids.assign(**{"5": 1}), site).subgrids)


def test_nobody_home_names_the_cause_and_the_remedy_works():
    with pytest.raises(InputError, match=r"a home: 12 homes have 0 households by the column"):
        divide(make_checkerboard(households=0))
    schools = make_houses(use="school").drop(columns="households")
    cause = r"12 buildings are not residential \(use: school 12\) -> say which are homes"
    with pytest.raises(InputError, match=cause):
        divide(gp.read_site(schools))
    assert len(divide(gp.read_site(schools.assign(residential=True))).subgrids)
    sheds = schools.assign(use="", geometry=[g.buffer(-4) for g in schools.geometry])
    with pytest.raises(InputError, match=r"lower households\.smallest"):
        divide(gp.read_site(sheds))
    assert len(divide(gp.read_site(sheds), Rules().replace(households={"smallest": 1})).subgrids)


def test_land_of_which_every_building_was_left_out_says_what_for():
    site = make_checkerboard()
    lost = {"table": "buildings", "action": "dropped", "count": 12, "reason": "too far"}
    ledger = pd.DataFrame([lost, lost | {"table": "places", "count": 99}])
    error = refuse_without_homes(site.buildings.iloc[:0], ledger)
    assert "no building counts as a home: all were left out before: 12 too far" in str(error)


@pytest.mark.parametrize(
    ("table", "column", "rows"),
    [("locks", "level", ["subgrid:0301-001"]), ("subgrids", "kind", ["0301-001", "0301-002"])],
)
def test_a_word_that_the_schema_does_not_know_is_refused_with_its_rows(
    tmp_path, table, column, rows
):
    plan = lock(make_board_plan(), "subgrid", "0301-001")
    frame = plan.get_table(table)
    odd = plan.replace(**{table: frame.assign(**{column: "houses"})})
    folder = write_plan(odd, tmp_path / "plan")
    with pytest.raises(PlanError, match=f"{column} is 'houses' in .* -> write one of") as caught:
        read_plan(folder)
    assert all(row in str(caught.value) for row in rows)
    if table == "locks":  # in memory nobody has read it
        with pytest.raises(InputError, match=r"no level 'houses'.*write one of community"):
            find_contradictions(odd)
