"""Whole cities: cut into chunks, planned by parts, stopped and continued, with the same plan."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal
from shapely.geometry import Point

import gridplan as gp
from gridplan.city import city_plan
from gridplan.city.city_audit import audit_city
from gridplan.city.city_map import read_sheet_plan
from gridplan.city.city_plan import explain_whole, plan_city
from gridplan.city.planning_job import WORK
from gridplan.city.read_part import read_communities
from gridplan.city.sum_ledgers import join_ledgers
from gridplan.plan import ALL_TABLES
from gridplan.publishing.release_seal import is_released
from gridplan.reading.datum import find_shifted
from gridplan.reading.hierarchy import read_hierarchy
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
from gridplan.synthetic.city import write_city
from gridplan.synthetic.town import lay_out_town, make_town
from gridplan.tables.conform import make_empty
from gridplan.tables.ledger import Entry, write_ledger
from gridplan.tables.parquet import GROUP_ROWS, TableWriter, read_batches, to_arrow

TANGSHAN = Path(__file__).parents[2] / "shared" / "data" / "tangshan"
QUICK = gp.Rules().replace(division={"effort": "quick"})
SEVEN = {"communities": 7, "urban_share": 0.15, "households": 900, "seed": 4}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Seven communities, one of them urban."""
    return write_city(lay_out_town(**SEVEN), tmp_path_factory.mktemp("city") / "town", workers=1)


@pytest.fixture(scope="module")
def whole(town):
    return gp.divide(gp.read_site(town), QUICK, seed=1)


@pytest.fixture(scope="module")
def in_chunks(town, tmp_path_factory):
    """The town planned two or three communities at a time."""
    output = tmp_path_factory.mktemp("city") / "plan"
    plan_city(town, output, QUICK, seed=1, chunk=200, workers=1)
    return output


def assert_same(one, two, name):
    """Compare tables; shapes by their bytes, so that a difference is reported in one line."""
    left, right = (t.to_wkb() if "geometry" in t else t for t in (one, two))
    assert left.index.tolist() == right.index.tolist(), name
    for column in left.columns:
        differ = (left[column] != right[column]) & (left[column].notna() | right[column].notna())
        assert not differ.any(), (
            f"{name}.{column} differs at {left.index[differ.fillna(True)].tolist()[:5]}"
        )
    assert_frame_equal(
        left.drop(columns="geometry", errors="ignore"),
        right.drop(columns="geometry", errors="ignore"),
    )


def read_files(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


# Making


def test_a_town_drawn_part_by_part_is_the_town_drawn_at_once(town):
    for table, frame in make_town(**SEVEN).tables.items():
        read = (gpd.read_parquet if "geometry" in frame else pd.read_parquet)(
            town / f"{table}.parquet"
        )
        assert_frame_equal(
            pd.DataFrame(read.set_index(frame.index.name)), pd.DataFrame(frame), obj=table
        )
    assert [file.suffix for file in town.iterdir()] == [".parquet"] * 9


def test_a_town_is_the_same_whatever_the_number_of_processes(town, tmp_path, monkeypatch):
    monkeypatch.setattr("gridplan.synthetic.city.AT_ONCE", 2)
    assert read_files(
        write_city(lay_out_town(**SEVEN), tmp_path / "town", workers=1)
    ) == read_files(town)


def test_a_hierarchy_is_read_with_and_without_a_header(tmp_path):
    named = tmp_path / "villages.csv"
    register = tmp_path / "register.csv"
    named.write_text(
        "code,name\n130202001002,立新村委会\n130202001001,立新社区居委会\n130202001003,东村村委会\n130202001,学院街道\n"
    )
    register.write_text(
        "130202001003,130202001000,东村村委会,village,5,130202,,,111,f\n"
        "130202009009,x,别处,village,5,x,,,220,f\n"
    )
    hierarchy = read_hierarchy([named, register])
    assert hierarchy.to_numpy().tolist() == [
        ["130202001001", "立新社区居委会", "urban", "学院街道"],
        ["130202001002", "立新村委会", "rural", "学院街道"],
        ["130202001003", "东村村委会", "urban", "学院街道"],  # the register knows its class
    ]


def test_a_hierarchy_without_names_is_a_clear_error(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(gp.errors.InputError, match="code, name, kind, subdistrict"):
        read_hierarchy([tmp_path / "x.csv"])
    with pytest.raises(gp.errors.InputError, match="no such CSV file"):
        read_hierarchy([tmp_path / "y.csv"])


@pytest.mark.skipif(not TANGSHAN.exists(), reason="the hierarchy of Tangshan is not here")
def test_the_hierarchy_of_tangshan_has_6304_communities_of_which_three_in_ten_are_urban():
    files = [
        "villages-1302-china-division-2.7.0.csv",
        "streets-1302-china-division-2.7.0.csv",
        "adcode-2016",
    ]
    hierarchy = read_hierarchy(TANGSHAN / file for file in files)
    assert len(hierarchy) == 6304
    assert (hierarchy["kind"] == "urban").sum() == 1918
    assert (hierarchy["subdistrict"] != "").all()


# Files


def test_a_file_is_the_same_whatever_the_batches(tmp_path):
    frame = gpd.GeoDataFrame(
        {"n": range(25_000)},
        geometry=gpd.points_from_xy(range(25_000), range(25_000)),
        crs="EPSG:4548",
    )
    for name, size in (("a", 25_000), ("b", 3_333)):
        with TableWriter(tmp_path / name) as writer:
            for first in range(0, len(frame), size):
                writer.write(frame.iloc[first : first + size])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    batches = list(read_batches(tmp_path / "a", rows=GROUP_ROWS))
    assert [len(batch) for batch in batches] == [10_000, 10_000, 5_000]
    assert_frame_equal(gpd.read_parquet(tmp_path / "a"), frame)


def test_an_empty_table_can_be_written_and_read(tmp_path):
    with TableWriter(tmp_path / "e.parquet") as writer:
        writer.write_arrow(to_arrow(make_empty("buildings", "EPSG:4548").reset_index()))
    assert len(gpd.read_parquet(tmp_path / "e.parquet")) == 0


# Planning


def test_a_town_planned_in_chunks_is_the_town_planned_whole(whole, in_chunks):
    plan = gp.read_plan(in_chunks)
    for table in ALL_TABLES:
        if table != "ledger":  # equal lines in another order
            assert_same(plan.get_table(table), whole.get_table(table), table)
    assert sorted(plan.site.ledger["count"]) == sorted(whole.site.ledger["count"])
    assert plan.manifest == whole.manifest
    assert gp.audit(plan).passed


def test_the_files_of_a_plan_do_not_depend_on_the_chunks(town, whole, in_chunks, tmp_path):
    plan_city(town, tmp_path / "one", QUICK, seed=1, workers=1)
    assert read_files(tmp_path / "one") == read_files(in_chunks)
    gp.write_plan(whole, tmp_path / "whole", format="parquet")
    others = {
        name
        for name, content in read_files(tmp_path / "whole").items()
        if content != read_files(in_chunks)[name]
    }
    assert others <= {"tables/ledger.parquet", "README.txt"}


def test_a_run_that_is_stopped_goes_on_where_it_stood(town, in_chunks, tmp_path, monkeypatch):
    drawn = []

    def stop(task):
        drawn.append(task[1])
        if len(drawn) == 2:
            raise KeyboardInterrupt
        return chunk(task)

    chunk = city_plan.plan_chunk
    monkeypatch.setattr(city_plan, "plan_chunk", stop)
    with pytest.raises(KeyboardInterrupt):
        plan_city(town, tmp_path / "plan", QUICK, seed=1, chunk=200, workers=1)
    assert (tmp_path / "plan" / WORK).is_dir()
    plan_city(town, tmp_path / "plan", QUICK, seed=1, chunk=200, workers=1)
    assert len(drawn) == len(set(drawn)) + 1  # only the one that was stopped is drawn again
    assert read_files(tmp_path / "plan") == read_files(in_chunks)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_that_is_killed_again_and_again_ends_in_the_same_plan(
    town, in_chunks, tmp_path, seed
):
    """Killed without warning at a random moment of cutting, planning and joining."""
    output = tmp_path / "plan"
    rng = np.random.default_rng(seed)
    work = output / WORK
    words = [
        "plan",
        town,
        "-o",
        output,
        "--seed",
        1,
        "--effort",
        "quick",
        "--chunk",
        1,
        "--workers",
        2,
    ]
    command = [sys.executable, "-m", "gridplan", *map(str, words)]
    reached = (
        (work / "job.json").exists,
        lambda: any((work / "chunks").glob("*")),
        (work / "chunks.json").exists,
        lambda: len(list((work / "parts").glob("[0-9]*"))) > int(rng.integers(0, 4)),
        lambda: len(list((work / "parts").glob("[0-9]*"))) > 4,
        lambda: any(output.glob(".writing-*/tables/b*")),
    )
    killed = 0
    for come_so_far in reached:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not come_so_far():
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.3))
        killed += process.poll() is None
        process.kill()
        process.wait()
    assert killed >= 4
    if not (output / "tables").exists():
        subprocess.run(command, check=True, capture_output=True)
    mine = read_files(output)
    other = read_files(in_chunks)
    assert mine.keys() >= other.keys()
    assert {name for name in other if mine[name] != other[name]} == {
        "tables/manifest.json"
    }  # it knows the hashes of its inputs
    assert gp.read_plan(output).manifest["figures"] == gp.read_plan(in_chunks).manifest["figures"]


def test_work_of_another_seed_is_not_taken_up(town, tmp_path, monkeypatch):
    monkeypatch.setattr(
        city_plan, "plan_chunk", lambda task: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    for seed in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            plan_city(town, tmp_path / "plan", QUICK, seed=seed, chunk=200, workers=1)
        (tmp_path / "plan" / WORK / f"mark{seed}").touch()
    assert not (tmp_path / "plan" / WORK / "mark1").exists()


@pytest.mark.slow
def test_a_town_is_planned_by_two_processes_from_the_command_line(town, in_chunks, tmp_path):
    words = [
        "plan",
        town,
        "-o",
        tmp_path / "plan",
        "--seed",
        1,
        "--effort",
        "quick",
        "--chunk",
        300,
        "--workers",
        2,
    ]
    run = subprocess.run(
        [sys.executable, "-m", "gridplan", *map(str, words)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "households in 7 communities" in run.stdout
    mine = read_files(tmp_path / "plan")
    other = read_files(in_chunks)
    assert {name for name in mine if mine[name] != other[name]} == {
        "tables/manifest.json"
    }  # it knows the hashes of its inputs


@pytest.mark.slow
def test_rows_in_any_order_give_the_same_plan(town, in_chunks, tmp_path):
    shutil.copytree(town, tmp_path / "town")
    buildings = gpd.read_parquet(town / "buildings.parquet").sample(frac=1, random_state=3)
    buildings.to_parquet(tmp_path / "town" / "buildings.parquet", row_group_size=500)
    plan_city(tmp_path / "town", tmp_path / "plan", QUICK, seed=1, chunk=200, workers=1)
    assert read_files(tmp_path / "plan") == read_files(in_chunks)


@pytest.mark.slow
def test_a_town_without_compounds_gets_the_same_ones_whole_and_in_chunks(town, tmp_path):
    shutil.copytree(town, tmp_path / "town", ignore=shutil.ignore_patterns("compounds*"))
    plan_city(tmp_path / "town", tmp_path / "plan", QUICK, chunk=200, workers=1)
    whole = gp.divide(gp.read_site(tmp_path / "town"), QUICK)
    plan = gp.read_plan(tmp_path / "plan")
    assert len(plan.site.compounds)
    assert_same(plan.site.compounds, whole.site.compounds, "compounds")
    assert_same(plan.subgrids, whole.subgrids, "subgrids")


def test_everything_wrong_is_reported_at_once_before_anything_is_planned(town, tmp_path):
    shutil.copytree(town, tmp_path / "town")
    buildings = gpd.read_parquet(town / "buildings.parquet")
    buildings["population"] = np.nan
    buildings.loc[3, "population"] = -2.0
    buildings.loc[5, "building"] = buildings.loc[4, "building"]
    buildings.to_parquet(tmp_path / "town" / "buildings.parquet")
    places = gpd.read_parquet(town / "places.parquet").assign(floor_area=-1.0)
    places.to_parquet(tmp_path / "town" / "places.parquet")
    with pytest.raises(gp.errors.InputError) as caught:
        plan_city(tmp_path / "town", tmp_path / "plan", QUICK, chunk=200, workers=1)
    problems = [str(problem) for problem in caught.value.problems]
    assert len(problems) == 3
    assert sum("population is negative" in text for text in problems) == 1
    assert sum("codes stand more than once" in text for text in problems) == 1
    assert sum("area is negative" in text for text in problems) == 1


def test_communities_without_any_building_are_planned_too(town, tmp_path):
    shutil.copytree(town, tmp_path / "town")
    buildings = gpd.read_parquet(town / "buildings.parquet")
    first = buildings["building"].str[:12].min()
    kept = buildings[buildings["building"].str[:12] == first]
    kept.to_parquet(tmp_path / "town" / "buildings.parquet")
    summary = plan_city(tmp_path / "town", tmp_path / "plan", QUICK, chunk=1, workers=1)
    assert summary.rows["communities"] == 7
    assert set(gp.read_plan(tmp_path / "plan").subgrids["community"]) == {first}


@pytest.mark.slow
def test_limits_that_hold_some_homes_are_completed_and_led_alike_whole_and_in_chunks(tmp_path):
    """Of four communities one has no limits, and one is cut through a house of its own."""
    layout = lay_out_town(communities=4, urban_share=0.25, households=600, seed=4)
    folder = write_city(layout, tmp_path / "clipped", workers=1)
    communities = gpd.read_parquet(folder / "communities.parquet").iloc[:3]
    shapes = communities.geometry.to_numpy().copy()
    homes = gpd.read_parquet(folder / "buildings.parquet")
    homes = homes[(homes["use"] == "house") & homes.within(shapes[1])]
    middle = homes.geometry.iloc[len(homes) // 2].centroid.x + 0.3
    west, south, _, north = shapes[1].bounds
    shapes[1] = shapes[1].intersection(shapely.box(west, south, middle, north))
    clipped = communities.drop(columns="kind").set_geometry(shapes, crs=communities.crs)
    clipped.to_parquet(folder / "communities.parquet")
    whole = gp.divide(gp.read_site(folder), QUICK, seed=1)
    plan_city(folder, tmp_path / "plan", QUICK, seed=1, chunk=100, workers=1)
    plan = gp.read_plan(tmp_path / "plan")
    assert (plan.site.communities["origin"] == "settlement").any()
    assert plan.site.ledger["reason"].str.contains("the limit is led around them").any()
    for table in ALL_TABLES:
        one, two = plan.get_table(table), whole.get_table(table)
        if table == "neighbours":  # in order of communities, where codes do not begin with them
            one, two = (t.set_index(["focal", "neighbour"]).sort_index() for t in (one, two))
        if table != "ledger":
            assert_same(one, two, table)
    assert audit_city(tmp_path / "plan", workers=1).passed


def test_what_cannot_be_cut_says_why(town, tmp_path):
    rules = gp.Rules()
    assert explain_whole(town, {}, rules) == ""
    assert "not a GeoParquet" in explain_whole(tmp_path / "x.gpkg", {}, rules)
    assert "communities" in explain_whole(town / "buildings.parquet", {}, rules)
    assert "boundary" in explain_whole(town, {"boundary": "b.gpkg"}, rules)
    assert "total" in explain_whole(town, {}, rules.replace(households={"total": 5}))


def test_sub_grids_on_both_sides_of_a_chunk_share_their_corners(in_chunks):
    shapes = gp.read_plan(in_chunks).subgrids.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)


def test_the_ledger_lists_the_first_codes_of_all_chunks_and_counts_the_rest():
    def note(ids, households):
        entry = Entry(
            "households",
            "buildings",
            "inferred",
            len(ids),
            f"{households} households from footprint",
            ids,
        )
        return write_ledger(make_empty("ledger"), [entry])

    ledger = join_ledgers(
        [note([f"b{n}" for n in range(30, 60)], 70), note(["b10", "b11"], 5)],
        make_empty("ledger"),
        [],
    )
    assert ledger["reason"].tolist() == ["75 households from footprint"]
    assert ledger["count"].tolist() == [32]
    assert ledger["ids"].iloc[0].startswith("b10, b11, b30")
    assert ledger["ids"].iloc[0].endswith("and 12 more")


# Judging and mapping


def test_the_audit_of_parts_is_the_audit_of_the_whole(in_chunks):
    whole = gp.audit(gp.read_plan(in_chunks))
    parts = audit_city(in_chunks, most=1, workers=1)
    assert_frame_equal(parts.communities, whole.communities)
    assert_frame_equal(parts.subgrids, whole.subgrids)
    assert parts.passed
    of_parts = dict(parts.summary)
    of_whole = dict(whole.summary)
    assert of_parts.pop("home_area") == pytest.approx(of_whole.pop("home_area"))
    outside = of_whole.pop("home_area_outside")
    assert of_parts.pop("home_area_outside") == pytest.approx(outside, abs=1e-9)
    assert of_parts == of_whole
    columns = list(whole.findings.columns)
    assert (
        parts.findings.sort_values(columns).to_numpy().tolist()
        == whole.findings.sort_values(columns).to_numpy().tolist()
    )


@pytest.fixture(scope="module")
def peopled(whole, tmp_path_factory):
    """A plan with its people, kept as a city's is; and the plan."""
    plan = gp.rate(gp.pair(gp.staff(gp.organise(whole))))
    return gp.write_plan(plan, tmp_path_factory.mktemp("peopled") / "plan", format="parquet"), plan


@pytest.mark.slow  # four audits of a town; that of its plan in parts is tested quickly above
def test_the_people_of_a_city_are_audited_part_by_part_as_they_are_at_once(peopled):
    path, plan = peopled
    at_once = gp.audit(plan)
    parts = audit_city(path, most=1, workers=1)
    assert at_once.passed
    assert sorted(parts.findings["message"]) == sorted(at_once.findings["message"])
    # No institution pairs with any community: only a look across all of them shows it.
    broken = plan.replace(links=plan.links[plan.links["kind"] != "pairing"])
    again = audit_city(
        gp.write_plan(broken, path.parent / "broken", format="parquet"), most=1, workers=1
    )
    assert sorted(again.findings["message"]) == sorted(gp.audit(broken).findings["message"])
    assert not again.passed


def test_the_release_of_a_city_is_written_as_its_plan_is(peopled):
    path, plan = peopled
    leaving = gp.release(plan)
    read = gp.read_plan(gp.write_plan(leaving, path.parent / "release", format="parquet"))
    assert read.published.equals(leaving.published)
    assert is_released(read)


def test_the_audit_of_parts_finds_what_is_wrong_between_them(in_chunks, tmp_path):
    shutil.copytree(in_chunks, tmp_path / "plan")
    file = tmp_path / "plan" / "tables" / "stairwells.parquet"
    doors = gpd.read_parquet(file)
    doors.loc[doors.index[0], "subgrid"] = doors["subgrid"].iloc[-1]  # of another community
    doors.loc[doors.index[1], "stairwell"] = doors["stairwell"].iloc[-1]
    doors.to_parquet(file)
    audit = audit_city(tmp_path / "plan", most=1, workers=1)
    errors = audit.findings[audit.findings["severity"] == "error"]
    assert not audit.passed
    assert errors["message"].str.contains("in a sub-grid that does not exist").any()
    assert errors["message"].str.contains("in more than one row of stairwell").any()


def test_some_communities_of_a_plan_are_read_without_the_rest(in_chunks, whole):
    codes = whole.site.communities.index
    plan = read_communities(in_chunks, codes[2], codes[3])
    assert plan.site.communities.index.tolist() == codes[2:4].tolist()
    for table in ("buildings", "stairwells", "subgrids"):
        every = whole.get_table(table)
        assert_same(plan.get_table(table), every[every["community"].isin(codes[2:4])], table)
    assert set(plan.neighbours["focal"]) <= set(plan.stairwells.index)


def test_a_map_of_a_large_plan_shows_its_sub_grids_or_a_part_whole(in_chunks, whole, monkeypatch):
    assert read_sheet_plan(in_chunks) == (None, "")
    monkeypatch.setattr("gridplan.city.city_map.MOST", 10)
    plan, left_out = read_sheet_plan(in_chunks)
    assert len(plan.subgrids) == len(whole.subgrids)
    assert plan.site.buildings.empty
    assert "buildings and the smaller streets" in left_out
    code = whole.site.communities.index[0]
    part, left_out = read_sheet_plan(in_chunks, code)
    assert left_out == ""
    assert set(part.site.buildings["community"]) == {code}
    for shown in (plan, part):
        assert "gridplan-pack" in gp.draw_map(shown, layers="tiles").get_root().render()
    with pytest.raises(gp.errors.PlanError, match="no community"):
        read_sheet_plan(in_chunks, "99")


def test_a_part_of_a_plan_is_mapped_however_the_plan_is_kept(tmp_path):
    """A GeoPackage is read whole; the coverage of the city says which kind of post comes first."""
    place = {"place": "p", "kind": "canteen", "geometry": Point(X0 + 15, Y0 + 15)}
    plan = gp.reach(make_board_plan().replace(places=make_table("places", [place])))
    pages = []
    for form in ("gpkg", "parquet"):
        gp.write_plan(plan, tmp_path / form, format=form)
        part, left_out = read_sheet_plan(tmp_path / form, "03")
        assert (len(part.subgrids), left_out) == (2, "")
        assert (part.coverage["level"] == "city").any()
        pages.append(gp.draw_map(part).get_root().render())
        with pytest.raises(gp.errors.PlanError, match="no community"):
            read_sheet_plan(tmp_path / form, "99")
    assert len(pages[0]) > 10_000


@pytest.mark.slow
def test_declared_tables_are_read_alike_whole_and_in_chunks(town, tmp_path):
    """Buildings of a web map with an appealed column, communities in a CRS that their file hides.

    One shift of all buildings moves them by some hundred metres, so that the declared datum shows.
    """
    shutil.copytree(town, tmp_path / "town")
    buildings = gpd.read_parquet(town / "buildings.parquet").to_crs(4326)
    moved = shapely.transform(
        buildings.geometry.to_numpy(), lambda places: find_shifted(places, "gcj02")
    )
    buildings = buildings.assign(contact="door").set_geometry(
        gpd.GeoSeries(moved, index=buildings.index, crs=4326)
    )
    buildings.to_parquet(tmp_path / "town" / "buildings.parquet")
    communities = gpd.read_parquet(town / "communities.parquet")
    communities.set_crs(4547, allow_override=True).to_parquet(
        tmp_path / "town" / "communities.parquet"
    )
    how = {
        "datum": {"buildings": "gcj02"},
        "crs": {"communities": "EPSG:4548"},
        "not_personal": ["contact"],
    }
    assert explain_whole(tmp_path / "town", {}, QUICK) == ""
    site = gp.read_site(tmp_path / "town", **how)
    plan_city(tmp_path / "town", tmp_path / "plan", QUICK, seed=1, chunk=200, workers=1, **how)
    gp.write_plan(gp.divide(site, QUICK, seed=1), tmp_path / "whole", format="parquet")
    in_parts, at_once = read_files(tmp_path / "plan"), read_files(tmp_path / "whole")
    others = {name for name, content in at_once.items() if content != in_parts[name]}
    assert others <= {"tables/ledger.parquet", "README.txt"}
    one, two = (gp.read_plan(tmp_path / name).site.ledger for name in ("plan", "whole"))
    columns = ["step", "table", "action", "count", "reason"]
    assert sorted(one[columns].to_numpy().tolist()) == sorted(two[columns].to_numpy().tolist())
    assert {"from datum gcj02 to WGS 84"} <= set(one["reason"])
