"""The door: wrong arguments refused, values shown, one way to plot and one to draw."""

import numpy as np
import pandas as pd
import pytest

import gridplan as gp
from gridplan.errors import ArgumentError
from gridplan.plots.figure import save_plot
from gridplan.simulation.years import Given
from gridplan.synthetic import make_board_plan, make_checkerboard

BAND = {"urban": {"low": 50, "target": 60, "high": 70}}
TIGHT = (1, 1, 1, 1, 2, 2) * 2


@pytest.fixture(scope="module")
def results():
    """A result of every kind that is quick to get."""
    plan, after = make_board_plan(), make_board_plan(TIGHT)
    return {
        "comparison": gp.compare(plan, after),
        "frontier": gp.trace_frontier(plan, "0301", effort="quick", factors=(1,)),
        "budget": gp.trace_budget(after, rules=BAND, shares=(0, 0.1)),
        "alternatives": gp.find_alternatives(after, rules=BAND, effort="quick", most=2),
        "years": gp.simulate_years(plan, Given(), years=2, replications=2, policies=["never"]),
        "plan": plan,
    }


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda p: gp.divide(p.site, seed="1"),
            r"divide: seed must be a whole number, not the text '1'",
        ),
        (lambda p: gp.divide(p.site, seed=1.7), r"divide: seed must be a whole number, not 1\.7"),
        (
            lambda p: gp.audit("outputs/town"),
            r"audit: plan must be a Plan, .* gp\.read_plan\(path\)",
        ),
        (lambda p: gp.draw_map(p.site), r"draw_map: plan must be a Plan, not a Site -> gp\.divide"),
        (lambda p: gp.divide(p.site.buildings), r"divide: site must be a Site, .* gp\.read_site"),
        (lambda p: gp.divide(p), r"divide: site must be a Site, not a Plan -> plan\.site"),
        (lambda p: gp.redraw(p, rules=7), r"redraw: rules must be Rules, a mapping .*, not 7"),
        (lambda p: gp.audit(), r"audit: missing a required argument: 'plan' -> help\(gp\.audit\)"),
        (
            lambda p: gp.draw_map(p, show=p),
            r"a Plan cannot be shown on a map -> give one of Compar",
        ),
        (lambda p: gp.plot(p.subgrids), r"plot: there is no plot of a GeoDataFrame -> give one of"),
        (lambda p: gp.plot(p, show="walk"), r'plot: show must be "subgrids", or "reach"'),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_wanted(call, says):
    with pytest.raises(ArgumentError, match=says) as refused:
        call(make_board_plan())
    assert isinstance(refused.value, gp.errors.GridplanError)
    assert isinstance(refused.value, TypeError)


def test_rules_may_be_a_mapping_or_a_file(tmp_path):
    site = make_checkerboard()
    (tmp_path / "plan.toml").write_text("[urban]\nlow = 50\ntarget = 60\nhigh = 70\n", "utf-8")
    by_rules = gp.divide(site, gp.Rules().replace(**BAND), seed=np.int64(1))
    for rules in (BAND, tmp_path / "plan.toml", str(tmp_path / "plan.toml")):
        other = gp.divide(site, rules, seed=1)
        assert other.stairwells["subgrid"].equals(by_rules.stairwells["subgrid"])
    with pytest.raises(gp.errors.RuleError, match="urbn"):
        gp.divide(site, {"urbn": {}})


def test_the_example_comes_with_the_package():
    site = gp.load_example()
    one = gp.load_example(communities=1)
    assert len(site.communities) == 5
    assert one.communities.index.tolist() == site.communities.index[:1].tolist()
    homes = site.buildings[site.buildings.index.str.startswith("130203001001-")]
    assert one.buildings.index.tolist() == homes.index.tolist()
    with pytest.raises(gp.errors.RuleError, match="from 1 to 5"):
        gp.load_example(communities=6)


def test_every_value_says_what_it_is_on_one_line(results):
    lines = {name: repr(value) for name, value in results.items()}
    assert lines["plan"] == "Plan(2 sub-grids, 120 households, 1 community)"
    assert lines["comparison"].endswith(": 20 households moved)")
    assert lines["frontier"] == "Frontier(0301: 3 divisions, 3 undominated)"
    assert lines["budget"] == "Budget(0, 10 % of the households may move; and from nothing)"
    assert lines["alternatives"].startswith("Alternatives(A, B")
    assert repr(gp.audit(results["plan"])) == "Audit(passed: 0 errors, 0 warnings, 0 notes)"
    edited = gp.edit(results["plan"], "move building h04 to 0301-001")
    assert repr(edited.preview).startswith("Preview(10 households move, 2 sub-grids touched")
    assert repr(edited).startswith("Edited(Plan(2 sub-grids")
    for line in (*lines.values(), repr(edited), repr(results["plan"].site)):
        assert "\n" not in line
        assert len(line) < 200


def test_exclusive_grids_are_counted_apart():
    plan = make_board_plan()
    kinds = plan.subgrids.assign(kind=["residential", "exclusive"])
    assert repr(plan.replace(subgrids=kinds)).startswith("Plan(1 sub-grid, 1 exclusive grid, ")


def test_html_of_every_value_escapes_what_comes_from_data(results):
    plan = make_board_plan()
    evil = "<script>alert(1)</script>"
    preview = gp.preview(plan, "move building h04 to 0301-001")
    table = preview.table.assign(evil=evil)
    values = [
        *results.values(),
        plan.site,
        gp.audit(plan),
        type(preview)(table, (evil,), 1),
        gp.edit(plan, "move building h04 to 0301-001"),
    ]
    for value in values:
        text = value._repr_html_()
        assert "<" in text
        assert "<script" not in text, type(value)
    assert "&lt;script" in type(preview)(table, (evil,), 1)._repr_html_()


def test_every_result_is_plotted_on_a_figure_of_its_own_or_on_given_axes(results, tmp_path):
    from matplotlib.figure import Figure

    for name, result in results.items():
        axes = gp.plot(result, title="Town")
        panels = [a for a in axes.figure.axes if a.get_label() != "<colorbar>"]
        assert axes is panels[0]
        assert len(panels) == {"plan": 1, "frontier": 3}.get(name, 2), name
        assert save_plot(axes, tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        mine = Figure().subplots()
        assert gp.plot(result, mine, title="Town") is mine
        assert mine.get_title() == "Town"
        assert mine.has_data()


def test_a_plan_plots_and_explores_itself():
    from matplotlib import pyplot

    plan = make_board_plan()
    axes = plan.plot()
    assert axes.has_data()
    pyplot.close(axes.figure)
    shown, drawn = plan.explore(lang="zh"), gp.draw_map(plan, lang="zh")
    assert shown.get_root().render() == drawn.get_root().render()


def test_a_result_is_drawn_over_its_own_plan_only(results):
    drawn = gp.draw_map(make_board_plan(TIGHT), results["comparison"]).get_root().render()
    assert 'makeView("change")' in drawn
    other = make_board_plan((1, 1, 2, 2, 3, 3) * 2)
    with pytest.raises(gp.errors.PlanError, match="not the later one of the two"):
        gp.draw_map(other, results["comparison"])
    with pytest.raises(ArgumentError, match="reach is a view of a plan alone"):
        gp.draw_map(make_board_plan(TIGHT), results["comparison"], reach="canteen")


def test_no_table_is_changed_by_looking(results):
    before = results["frontier"].table.copy()
    results["frontier"]._repr_html_()
    pd.testing.assert_frame_equal(results["frontier"].table, before)
