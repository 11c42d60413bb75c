"""The trade-off of one community, the proof of a plan, and their pictures."""

import pandas as pd
import pytest
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.comparison.frontier import WISHES
from gridplan.planning.measures import find_undominated
from gridplan.plots import fonts
from gridplan.plots.figure import save_plot
from gridplan.rules.prices import Prices
from gridplan.synthetic import make_board_plan

# Steps of thirty metres from five houses of a half board to its middle door: three
# houses are beside it, two are diagonal.
HALF = 3 + 2 * 2**0.5


@pytest.fixture(scope="module")
def frontier():
    town = gp.read_site(gp.synthetic.make_town(1, urban_share=1.0, households=1600, seed=2))
    return gp.trace_frontier(town, town.communities.index[0], effort="quick", factors=(0, 1, 16))


@pytest.fixture(scope="module")
def table(frontier):
    return frontier.table


def test_a_dearer_wish_is_never_kept_less(table):
    """All divisions are compared at each price: the dearer a breach, the fewer there are."""
    for wish, bought in (("building", "buildings_split"), ("compound", "compounds_crossed")):
        kept = table.loc[wish, bought].tolist()
        assert kept[0] >= kept[-1], (wish, kept)
    assert (
        table.loc[("off_target", 0.0), "mean_walk"] <= table.loc[("off_target", 16.0), "mean_walk"]
    )
    assert table.loc[("off_target", 0.0), "cv"] > table.loc[("off_target", 16.0), "cv"]


def test_the_prices_of_the_rules_stand_at_factor_one(table):
    prices = Prices()
    assert [table.loc[(wish, 1.0), "price"] for wish in WISHES] == [
        prices.off_target,
        prices.building,
        prices.compound,
    ]
    now = table.xs(1.0, level="factor").drop(columns="price").drop_duplicates()
    assert len(now) == 1


def test_what_nothing_beats_is_marked():
    """Walk and splits: (1, 3) and (2, 2) are choices, (3, 3) is dominated, a tie is not."""
    rows = pd.DataFrame([[1, 3], [2, 2], [3, 3], [2, 2]]).to_numpy(float)
    assert find_undominated(rows).tolist() == [True, True, False, True]


def test_a_plan_is_traced_by_its_own_rules():
    plan = make_board_plan()
    table = gp.trace_frontier(plan, "0301", effort="quick", factors=(1,)).table
    assert table["subgrids"].tolist() == [2, 2, 2]
    assert table["household_metres"].tolist() == pytest.approx([2 * 300 * HALF] * 3, abs=0.1)


def test_a_community_that_is_not_there_is_named():
    for verb in (gp.trace_frontier, lambda plan, code: gp.prove(plan, [code])):
        with pytest.raises(gp.errors.InputError, match="0999"):
            verb(make_board_plan(), "0999")


def test_the_best_plan_of_a_board_is_proven_best_and_a_worse_one_is_not():
    """Left and right halves are the best; in rows of six, 1 + 2 + 3 + 1 + 2 steps are walked."""
    best = gp.prove(make_board_plan())
    assert best.loc["0301", "gap"] == pytest.approx(0.0, abs=1e-6)
    worse = gp.prove(make_board_plan((1,) * 6 + (2,) * 6))
    assert best.loc["0301", "price"] == pytest.approx(2 * 300 * HALF)
    assert worse.loc["0301", "price"] == pytest.approx(2 * 300 * 9)
    assert worse.loc["0301", "gap"] == pytest.approx(9 / HALF - 1)


def test_land_with_a_part_out_of_band_is_left_out_of_the_proof():
    """Eight houses and four: 80 and 40 households, where 50 to 70 are allowed."""
    table = gp.prove(make_board_plan((1, 1, 1, 1, 2, 2) * 2))
    assert table.loc["0301", ["subgrids", "left_out"]].tolist() == [2, 2]
    assert pd.isna(table.loc["0301", "gap"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_is_the_same_every_time(frontier, lang, tmp_path):
    try:
        one = save_plot(gp.plot(frontier, title="A", lang=lang), tmp_path / "1.png")
    except gp.errors.MissingPackageError as error:
        pytest.skip(str(error))
    two = save_plot(gp.plot(frontier, title="A", lang=lang), tmp_path / "2.png")
    assert one.read_bytes().startswith(b"\x89PNG")
    assert one.read_bytes() == two.read_bytes()


def test_without_a_chinese_font_no_empty_boxes_are_drawn(frontier, monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "FONTS", ("No Such Font",))
    with pytest.raises(gp.errors.MissingPackageError, match="install one"):
        gp.plot(frontier, lang="zh")
    assert save_plot(gp.plot(frontier), tmp_path / "2.png").exists()


def test_both_verbs_print_their_tables_and_write_them(tmp_path):
    gp.write_plan(make_board_plan(), tmp_path / "plan")

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.output

    assert "0.00%" in run("prove", tmp_path / "plan", "--csv", tmp_path / "p.csv")
    shown = run(
        "frontier",
        tmp_path / "plan",
        "--community",
        "0301",
        "--effort",
        "quick",
        "--csv",
        tmp_path / "f.csv",
    )
    assert "balance ×16" in shown
    assert len(pd.read_csv(tmp_path / "f.csv")) == 15
    assert pd.read_csv(tmp_path / "p.csv").columns.tolist() == [
        "community",
        "subgrids",
        "left_out",
        "price",
        "bound",
        "gap",
    ]
