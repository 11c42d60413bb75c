"""Simulation of a city, read some communities at a time: the tables of the whole, byte for byte."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString
from typer.testing import CliRunner

import gridplan as gp
from gridplan.city.city_simulation import measure_city_chances, simulate_city
from gridplan.errors import InputError, PlanError, RuleError
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests import Scenario, make_system, measure_chances, simulate
from gridplan.synthetic.board_plan import make_table

QUICK = Rules().replace(division={"effort": "quick"})
BUSY = Rules().replace(coverage={"requests_urban": 300.0, "requests_rural": 300.0})
TABLES = ("requests", "posts", "curve", "unserved", "differences")
APART = [
    "柳河镇",
    "凤凰路街道",
    "柳河镇",
    "",
    "凤凰路街道",
    "",
    "柳河镇",
]  # communities of a subdistrict are not neighbours
SCENARIOS = [
    Scenario("base", days=3),
    Scenario(
        "more",
        days=3,
        volunteers=1.5,
        changes={"simulation": {"policy": "escalate", "street_per_10000": 30.0}},
    ),
    Scenario("slow", days=2, uncertain=False, changes={"walking": {"detour": 1.8}}),
    Scenario("own", days=2, changes={"simulation": {"error_shared": 0.0}}),
]


@pytest.fixture(scope="module")
def town():
    """Seven communities, organised and staffed, in three subdistricts, one of them unnamed."""
    site = gp.read_site(gp.synthetic.make_town(7, 0.3, 900, seed=4))
    plan = gp.staff(gp.organise(gp.divide(site, QUICK, seed=1)))
    return plan.replace(communities=plan.site.communities.assign(subdistrict=APART))


@pytest.fixture(scope="module")
def folder(town, tmp_path_factory):
    return gp.write_plan(town, tmp_path_factory.mktemp("city") / "town", format="parquet")


def write_bytes(done):
    return {name: getattr(done, name).to_csv() for name in TABLES} | {
        "manifest": repr(done.manifest)
    }


def keep(plan, tmp_path):
    return gp.write_plan(plan, tmp_path / "plan", format="parquet")


@pytest.mark.slow
def test_a_city_in_parts_is_the_plan_read_whole(town, folder):
    whole = write_bytes(simulate(town, SCENARIOS, BUSY, replications=3, seed=5))
    for workers, most in ((1, 1), (2, 60), (1, 10**9)):
        assert (
            write_bytes(
                simulate_city(
                    folder, SCENARIOS, BUSY, replications=3, seed=5, workers=workers, most=most
                )
            )
            == whole
        )
    assert (
        write_bytes(simulate_city(folder, SCENARIOS, BUSY, replications=3, seed=6, workers=1))
        != whole
    )


def test_the_parts_are_those_that_were_asked_for(folder):
    steps = []
    simulate_city(
        folder,
        Scenario("s", days=1),
        replications=1,
        workers=1,
        most=1,
        progress=lambda *step: steps.append(step),
    )
    reading = [done for stage, done, _ in steps if stage == "reading"]
    assert len(set(reading)) == 8  # nothing, and seven communities one by one
    assert (
        max(done for stage, done, total in steps if stage == "s" and done == total) == 3
    )  # one replication of three blocks


@pytest.mark.slow
def test_streets_are_those_of_the_whole_city(town, tmp_path):
    # A lane through the centres of each community, and nothing joins them: each
    # serves its own homes, as if it were alone.
    centred = town.subgrids[town.subgrids["centre"].isin(town.stairwells.index)]
    doors = town.stairwells.geometry[centred["centre"]]
    centres = doors.groupby(centred["community"].to_numpy())
    lanes = {code: LineString(points.tolist()) for code, points in centres if len(points) > 1}
    rows = [
        {"street": code, "kind": "residential", "geometry": lane} for code, lane in lanes.items()
    ]
    plan = town.replace(streets=make_table("streets", rows).set_crs(town.crs, allow_override=True))
    village = min(lanes, key=lambda c: lanes[c].length)
    longest = max(lanes, key=lambda c: lanes[c].length)
    assert lanes[longest].length > 2 * lanes[village].length
    of_city = make_system(plan)
    alone = make_system(plan.replace(streets=plan.site.streets.loc[[village]]))
    of_village = (of_city.cells["community"] == village).to_numpy()[of_city.cell]
    assert (of_city.way[of_village] == alone.way[of_village]).all()
    whole = write_bytes(simulate(plan, SCENARIOS, BUSY, replications=2))
    assert (
        write_bytes(
            simulate_city(keep(plan, tmp_path), SCENARIOS, BUSY, replications=2, workers=1, most=1)
        )
        == whole
    )


@pytest.mark.slow
@given(
    subdistricts=st.lists(st.sampled_from(["a", "b", ""]), min_size=7, max_size=7),
    most=st.sampled_from([1, 50, 100]),
    counts=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=4, unique_by=lambda row: row[0]
    ),
    site=st.integers(40, 60),
)
@settings(max_examples=4, deadline=None)
def test_whatever_the_subdistricts_and_counts(
    town, tmp_path_factory, subdistricts, most, counts, site
):
    codes = town.site.communities.index
    rows = [
        {"count": str(n), "level": "community", "of": codes[n], "measure": "volunteers", "value": v}
        for n, v in counts
    ]
    rows.append(
        {"count": "site", "level": "site", "of": "site", "measure": "volunteers", "value": site}
    )  # shared out
    empty = town.site.streets.iloc[:0]
    plan = town.replace(
        communities=town.site.communities.assign(subdistrict=subdistricts),
        counts=make_table("counts", rows),
        streets=empty,
    )
    path = keep(plan, tmp_path_factory.mktemp("any"))
    whole = simulate(plan, SCENARIOS[:2], BUSY, replications=1)
    assert (whole.posts.query("scenario == 'base'")["role"] == "volunteer").sum() == site
    assert write_bytes(
        simulate_city(path, SCENARIOS[:2], BUSY, replications=1, workers=1, most=most)
    ) == write_bytes(whole)


@pytest.mark.slow
def test_a_part_without_sub_grids_that_ask_is_passed_over(town, tmp_path):
    bare, alone = town.site.communities.index[[2, 5]]
    kind = town.subgrids["kind"].where(town.subgrids["community"] != bare, "exclusive")
    plan = town.replace(subgrids=town.subgrids.assign(kind=kind))
    for table in ("subgrids", "stairwells", "buildings", "posts", "duties"):
        rows = plan.get_table(table)
        plan = plan.replace(**{table: rows[rows["community"] != alone]})
    path = keep(plan, tmp_path)
    whole = simulate(plan, Scenario("s", days=2), BUSY, replications=2)
    assert not set(whole.requests["of"]) & {bare, alone}
    assert write_bytes(
        simulate_city(path, Scenario("s", days=2), BUSY, replications=2, workers=1, most=1)
    ) == write_bytes(whole)
    pd.testing.assert_frame_equal(
        measure_city_chances(path, draws=20, workers=1, most=1), measure_chances(plan, draws=20)
    )


@pytest.mark.slow
def test_nobody_counted_is_noted_once_with_the_first_of_all_communities(town, tmp_path):
    plan = town.replace(counts=town.site.counts.iloc[:0])
    notes = simulate_city(
        keep(plan, tmp_path), Scenario("s", days=1), replications=1, workers=1, most=1
    ).manifest["notes"]
    codes = list(town.site.communities.index)
    assert notes[1:] == [
        "7 communities: no volunteers were counted, so none answer "
        f"({', '.join(codes[:5])} and 2 more)",
        "2 communities: no subdistrict is named: one staff answers for all of them",
    ]
    assert notes == simulate(plan, Scenario("s", days=1), replications=1).manifest["notes"]


@pytest.mark.slow
def test_chances_in_parts_are_those_of_the_whole(town, folder):
    whole = measure_chances(town, draws=50, seed=2)
    for workers, most in ((1, 1), (2, 60)):
        parts = measure_city_chances(folder, draws=50, seed=2, workers=workers, most=most)
        assert parts.to_csv() == whole.to_csv()


def test_what_cannot_be_simulated_says_why(town, tmp_path):
    bare = town.replace(posts=town.posts.iloc[:0], duties=town.duties.iloc[:0])
    with pytest.raises(PlanError, match="gridplan staff PLAN"):
        simulate_city(keep(bare, tmp_path / "bare"))
    released = {**town.manifest, "release": {"suppressed": 0, "counts": 0, "seal": "x"}}
    with pytest.raises(PlanError, match="give the working plan"):
        simulate_city(keep(town.replace(manifest=released), tmp_path / "free"))
    with pytest.raises(PlanError, match="--format parquet"):
        simulate_city(gp.write_plan(town, tmp_path / "one", format="gpkg"))
    with pytest.raises(RuleError, match="names of their own"):
        simulate_city(keep(town, tmp_path / "twice"), [Scenario("s"), Scenario("s")])
    rows = [
        {"count": "1", "level": "building", "of": "nowhere", "measure": "volunteers", "value": 3}
    ]
    with pytest.raises(InputError, match="nowhere"):
        simulate_city(keep(town.replace(counts=make_table("counts", rows)), tmp_path / "strange"))


def test_the_command_takes_a_large_folder_part_by_part(folder, tmp_path, monkeypatch):
    from gridplan.cli import app

    words = [
        "simulate",
        folder,
        "--days",
        3,
        "--replications",
        2,
        "--set",
        "simulation.street_minutes=20",
    ]
    whole = CliRunner().invoke(app, [str(w) for w in (*words, "--csv", tmp_path / "whole")])
    assert whole.exit_code == 0, whole.output
    monkeypatch.setattr("gridplan.storage.LARGE", 10)
    monkeypatch.setattr(
        "gridplan.simulation.requests.simulate", None
    )  # nobody reads the plan whole
    parts = CliRunner().invoke(
        app, [str(w) for w in (*words, "--csv", tmp_path / "parts", "--workers", 1)]
    )
    assert parts.exit_code == 0, parts.output
    for file in sorted((tmp_path / "whole").iterdir()):
        assert (tmp_path / "parts" / file.name).read_bytes() == file.read_bytes(), file.name
    assert "in band" in parts.output
