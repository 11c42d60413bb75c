"""Redraw, repair and the change-budget curve as a user types them."""

import pandas as pd
import pytest
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.synthetic.board_plan import CRS, make_board_plan, make_checkerboard


def run(*words, status=0):
    done = CliRunner().invoke(app, [str(w) for w in words], env={"COLUMNS": "160"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert status, repr(done.exception)
        return done, done.exception
    assert done.exit_code == status, done.output
    return done, None


@pytest.fixture
def folder(tmp_path):
    """Eight houses of ten households and four, where fifty to seventy are allowed."""
    gp.write_plan(make_board_plan((1, 1, 1, 1, 2, 2) * 2), tmp_path / "plan")
    return tmp_path


def write_land(path, columns):
    """The board with so many columns of houses, as a file that `gridplan plan` reads."""
    site = make_checkerboard(columns=columns)
    site.buildings[["households_observed", "floors", "geometry"]].to_file(path, layer="buildings")
    site.communities[["name", "kind", "geometry"]].reset_index().to_file(
        path, layer="communities", mode="a"
    )
    return path


def test_triggers_are_listed_and_nothing_is_written(folder):
    done, _ = run("redraw", folder / "plan", "--triggers")
    assert "80 households, more than 70" in done.output
    assert "40 households, fewer than 50" in done.output
    assert sorted(p.name for p in folder.iterdir()) == ["plan"]


def test_a_plan_is_redrawn_and_never_overwritten_without_being_asked(folder):
    _, error = run("redraw", folder / "plan", status=1)
    assert isinstance(error, gp.errors.OutputExistsError)
    done, _ = run(
        "redraw",
        folder / "plan",
        "-o",
        folder / "next",
        "--date",
        "2026-11-24",
        "--by",
        "planning office",
    )
    assert "10 households changed their sub-grid" in done.output
    entry = gp.read_plan(folder / "next").manifest["history"][-1]
    assert [entry[key] for key in ("verb", "date", "by", "households_moved")] == [
        "redraw",
        "2026-11-24",
        "planning office",
        10,
    ]


def test_new_land_is_read_from_a_file(folder):
    gp.write_plan(make_board_plan(), folder / "board")
    land = write_land(folder / "later.gpkg", 9)
    done, _ = run("redraw", folder / "board", "--site", land, "-o", folder / "next")
    assert "0 households changed their sub-grid" in done.output
    assert "2 continue, 1 new, 0 ended" in done.output
    assert gp.read_plan(folder / "next").subgrids["households"].to_dict() == {
        "0301-001": 60,
        "0301-002": 60,
        "0301-003": 60,
    }


def test_a_site_elsewhere_is_refused_with_a_remedy(folder):
    site = make_checkerboard()
    away = site.buildings.geometry.translate(50_000, 0)
    path = folder / "away.gpkg"
    moved = site.buildings.set_geometry(away.set_crs(CRS, allow_override=True))
    moved[["households_observed", "floors", "geometry"]].to_file(path, layer="buildings")
    _, error = run("redraw", folder / "plan", "--site", path, "-o", folder / "next", status=1)
    assert isinstance(error, gp.errors.InputError)
    assert "gridplan plan" in str(error)


def test_repair_writes_in_place_and_undo_puts_the_files_back(folder):
    before = (folder / "plan" / "plan.gpkg").read_bytes()
    done, _ = run("repair", folder / "plan", "--overwrite")
    assert "10 households changed their sub-grid" in done.output
    assert gp.read_plan(folder / "plan").subgrids["in_band"].all()
    run("edit", folder / "plan", "undo", "--overwrite")
    assert (folder / "plan" / "plan.gpkg").read_bytes() == before
    gp.write_plan(make_board_plan(), folder / "sound")
    done, _ = run("repair", folder / "sound", "--overwrite")
    assert "nothing is written" in done.output


def test_the_curve_is_printed_and_written(folder):
    words = [
        "--share",
        "0",
        "--share",
        "0.1",
        "--csv",
        folder / "c.csv",
        "--plot",
        folder / "c.png",
    ]
    done, _ = run("budget", folder / "plan", *words)
    assert "The best plan by how many households may move" in done.output
    table = pd.read_csv(folder / "c.csv")
    assert table["share"].astype(str).tolist() == ["0.0", "0.1", "from nothing"]
    assert table["moved"].tolist()[:2] == [0, 10]
    assert (folder / "c.png").stat().st_size > 5_000
