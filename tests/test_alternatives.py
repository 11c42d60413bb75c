"""Several good plans to choose from: what they change, and that none is better in everything."""

import pandas as pd
import pytest
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.comparison.alternatives import _CommunityChoices
from gridplan.comparison.diverse_choice import MINIMISED, choose_diverse
from gridplan.planning.measures import find_problems, find_undominated
from gridplan.plots.figure import save_plot
from gridplan.synthetic.board_plan import make_board_plan, make_checkerboard

WEST = "0301-001"
EAST = "0301-002"


@pytest.fixture(scope="module")
def town():
    site = gp.read_site(gp.synthetic.make_town(2, urban_share=0.5, households=700, seed=4))
    return gp.divide(site, gp.Rules().replace(division={"effort": "quick"}), seed=1)


@pytest.fixture(scope="module")
def found(town):
    return gp.find_alternatives(town, effort="quick")


def test_a_plan_out_of_band_is_offered_as_it_is_and_repaired_with_the_fewest_moves():
    """Four houses and eight of ten households; 50 to 70 are allowed. One house moves, or two."""
    found = gp.find_alternatives(make_board_plan((1, 1, 2, 2, 2, 2) * 2), effort="quick")
    assert found.table[["out_of_band", "moved"]].values.tolist() == [[2, 0], [0, 10], [0, 20]]
    assert found.table["priced"].iloc[0] == "as it is"
    assert sum(code == WEST for code in found.members["B"]) == 5
    assert found.members["C"].tolist() == [WEST] * 3 + [EAST] * 3 + [WEST] * 3 + [EAST] * 3
    assert found.table["moved_share"].tolist() == pytest.approx([0, 1 / 12, 1 / 6])


def test_the_best_plan_of_a_board_has_no_alternative():
    result = gp.find_alternatives(make_board_plan(), effort="quick")
    assert result.table[["moved", "out_of_band"]].values.tolist() == [[0, 0]]


def test_no_alternative_beats_another_and_all_differ(found):
    figures = found.table[MINIMISED].to_numpy(float)
    assert 2 <= len(found.table) <= 6
    assert find_undominated(figures).all()
    assert not found.table[MINIMISED].duplicated().any()
    assert found.table["moved"].is_monotonic_increasing
    assert found.table.index.tolist() == list("ABCDEF")[: len(found.table)]


def test_what_the_table_says_is_what_a_comparison_finds(town, found):
    """Another part of the house, blind to how they were made, counts the same."""
    for name in found.table.index[-1:]:
        plan = found.make_plan(name)
        result = gp.compare(town, plan)
        quality = result.quality[result.quality["level"] == "city"].set_index("figure")["new"]
        row = found.table.loc[name]
        assert result.summary["moved"] == row["moved"]
        assert quality["mean_walk"] == pytest.approx(row["mean_walk"], abs=0.01)
        assert quality["spread"] == pytest.approx(row["spread"], abs=1e-4)
        assert quality["price"] == pytest.approx(row["price"], abs=1)
        assert gp.audit(plan).passed


def test_only_the_communities_asked_for_change(town):
    first, second = town.site.communities.index
    result = gp.find_alternatives(town, [first], effort="quick", most=2)
    assert set(town.stairwells.loc[result.members.index, "community"]) == {first}
    plan = result.make_plan(result.table.index[-1])
    other = town.stairwells["community"] == second
    assert plan.stairwells.loc[other, "subgrid"].equals(town.stairwells.loc[other, "subgrid"])


def test_households_move_from_the_plan_before(town):
    """Of two towns alike but for their codes nobody moves, whatever they were called before."""
    before = town.replace(
        stairwells=town.stairwells.assign(subgrid="x" + town.stairwells["subgrid"].astype(object))
    )
    result = gp.find_alternatives(town, before=before, effort="quick", most=1)
    assert result.table["moved"].tolist() == [0]
    assert result.members["A"].str.startswith("x").all()


def test_a_site_is_divided_first_and_nobody_can_move():
    rules = gp.Rules().replace(urban={"low": 50, "target": 60, "high": 70})
    result = gp.find_alternatives(make_checkerboard(), rules=rules, effort="quick")
    assert result.table["moved"].tolist() == [0]
    assert result.table["moved_share"].isna().all()
    assert result.table["priced"].tolist() == ["balance ×1, wholes ×1"]
    assert sorted(set(result.members["A"])) == [
        "0301-003",
        "0301-004",
    ]  # codes of the plan that it was drawn from are not given again


def test_new_sub_grids_never_get_a_code_that_was_given_before():
    """The one sub-grid of the board is split in two: a half continues, the other is new."""
    found = gp.find_alternatives(make_board_plan((1,) * 12), effort="quick")
    assert sorted(set(found.members.iloc[:, -1])) == [WEST, EAST]


def test_plans_that_differ_most_are_chosen_and_the_cheapest_is_among_them():
    """Walk and moves: 0, 5, 6 and 10 of either; the middle is the cheapest, then the ends come."""
    rows = [{"moved": m, "mean_walk": 10.0 - m, "price": abs(m - 5)} for m in (0, 5, 6, 10)]
    table = pd.DataFrame(rows).assign(
        out_of_band=0, spread=0.0, buildings_split=0, compounds_crossed=0
    )
    picks = [(n,) for n in range(4)]
    assert choose_diverse(table, picks, 0.0, 1)[1] == [(1,)]
    assert choose_diverse(table, picks, 0.0, 3)[1] == [(0,), (1,), (3,)]
    assert choose_diverse(table, picks, 0.0, 9)[1] == [(0,), (1,), (2,), (3,)]


def test_a_dearer_move_never_moves_more(town):
    code = town.site.communities.index[0]
    problem = find_problems(town, [code])[code]
    home = town.stairwells["subgrid"].reindex(list(problem.ids)).to_numpy(object).astype(str)
    choice = _CommunityChoices(problem, home, home, 100.0, "quick", 0)
    moved = [
        int(choice.moved[choice.choose(1.0, 1.0, move)]) for move in (0.0, 10.0, 100.0, 1000.0, 1e9)
    ]
    assert moved == sorted(moved, reverse=True)
    assert moved[-1] == 0


def test_the_same_seed_gives_the_same_alternatives_whatever_the_order_of_rows(town, found):
    mixed = town.replace(stairwells=town.stairwells.sample(frac=1, random_state=1))
    again = gp.find_alternatives(mixed, effort="quick", workers=1)
    pd.testing.assert_frame_equal(again.table, found.table)
    pd.testing.assert_frame_equal(again.members, found.members)


def test_what_is_not_there_is_named(found):
    with pytest.raises(gp.errors.InputError, match="no alternative Z"):
        found.make_plan("Z")
    with pytest.raises(gp.errors.InputError, match="0999"):
        gp.find_alternatives(make_board_plan(), ["0999"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_is_the_same_every_time(found, lang, tmp_path):
    try:
        pictures = [
            save_plot(gp.plot(found, title="A", lang=lang), tmp_path / f"{n}.png").read_bytes()
            for n in range(2)
        ]
    except gp.errors.MissingPackageError as error:
        pytest.skip(str(error))
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] == pictures[1]


def test_the_verb_writes_each_as_a_plan(tmp_path):
    gp.write_plan(make_board_plan((1, 1, 2, 2, 2, 2) * 2), tmp_path / "plan")
    words = [
        "alternatives",
        str(tmp_path / "plan"),
        "--effort",
        "quick",
        "-o",
        str(tmp_path / "choice"),
    ]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "none beaten by another" in result.output
    plan = gp.read_plan(tmp_path / "choice" / "B")
    assert plan.subgrids["households"].tolist() == [50, 70]
    assert plan.manifest["history"][-1]["verb"] == "alternative"
    members = pd.read_csv(tmp_path / "choice" / "members.csv", dtype=str)
    assert members["B"].tolist() == plan.stairwells["subgrid"].tolist()
    table = pd.read_csv(tmp_path / "choice" / "alternatives.csv")
    assert table["moved"].tolist() == [0, 10, 20]
    assert table["priced"].iloc[0] == "as it is"
