"""The plain capacitated problem and the check of published instances, on tiny plans."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.division.plain.knapsack_pricing import price_clusters
from gridplan.division.plain.points import _open_data, divide_points
from gridplan.division.plain.published import Instance, bench_folder, check_answer, list_instances
from gridplan.errors import InputError

BENCH = Path(__file__).parents[2] / "shared" / "bench"
# Two clumps of three and a straggler; the left clump is too heavy to take it.
CLUMPS = [(0, 0), (1, 0), (2, 0), (10, 0), (11, 0), (12, 0), (6, 0)]


def find_best(instance):
    """Try every assignment; returns the least objective that the check lets pass."""
    n = len(instance.weights)
    best = np.inf
    for labels in itertools.product(range(instance.k), repeat=n - 1):
        part = np.array([0, *labels])
        if (
            len(np.unique(part)) == instance.k
            and len(part[part > 0])
            and list(dict.fromkeys(part)) == list(range(instance.k))
        ):
            verdict = check_answer(instance, part)
            if not verdict.faults:
                best = min(best, verdict.objective)
    return best


def make_random(n, k, seed, kind="median", low=0, room=1.25):
    chance = np.random.default_rng(seed)
    weights = chance.integers(1, 6, n)
    pairs = (
        np.array([(i, j) for i in range(n) for j in (i + 1, i + 3) if j < n])
        if kind == "districts"
        else None
    )
    high = max(int(np.ceil(weights.sum() / k * room)), int(weights.max()))
    return Instance(
        "random",
        kind,
        chance.integers(0, 50, (n, 2)).astype(float),
        weights,
        k,
        low,
        high,
        pairs,
        floored=True,
    )


def solve(instance, seed=0):
    districts = instance.kind == "districts"
    return divide_points(
        instance.xy,
        instance.weights,
        instance.k,
        instance.low,
        instance.high,
        matrix=instance.measure_ways() if districts else None,
        pairs=instance.pairs,
        weighted=districts,
        centre="mean" if instance.kind == "mean" else "point",
        effort="quick",
        seed=seed,
    )


def test_two_clumps_share_a_straggler_where_there_is_room():
    """East: 1 + 1 + 5 = 7, west: 1 + 1 = 2; the straggler at 6 is 5 away from either middle."""
    division = divide_points(CLUMPS, [1, 1, 2, 1, 1, 1, 1], 2, high=4, effort="quick")
    assert division.part.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert division.centres.tolist()[0] == 1
    assert division.objective == 2 + 7
    assert division.outside == 0


def test_a_lower_limit_is_kept_too():
    """Of four in a row and one far away, the far one must have company: 2 + 46, not 1 + 2 + 46."""
    division = divide_points(
        [(0, 0), (1, 0), (2, 0), (4, 0), (50, 0)], k=2, low=2, high=3, effort="quick"
    )
    assert division.part.tolist() == [0, 0, 0, 1, 1]


def test_connected_parts_cost_more_than_loose_ones():
    """A row 0-1-2-3 of two near pairs, (0, 2) and (1, 3): connected, a part must join across."""
    xy = [(0, 0), (10, 0), (1, 0), (11, 0)]
    loose = divide_points(xy, k=2, low=2, high=2, effort="quick")
    joined = divide_points(xy, k=2, low=2, high=2, pairs=[(0, 1), (1, 2), (2, 3)], effort="quick")
    assert loose.part.tolist() == [0, 1, 0, 1]
    assert joined.part.tolist() == [0, 0, 1, 1]
    assert (loose.objective, joined.objective) == (2.0, 20.0)


def test_ways_may_be_weighted_and_squared():
    """Three in a row, the last weighs 3: 1 + 3 from the middle, 4 + 1 from the last; else 2 + 1."""
    xy = [(0, 0), (1, 0), (2, 0)]
    plain = divide_points(xy, [1, 1, 3], 1, effort="quick")
    heavy = divide_points(xy, [1, 1, 3], 1, weighted=True, squared=True, effort="quick")
    assert (plain.centres.tolist(), plain.objective) == ([1], 2.0)
    loaded = divide_points(xy, [1, 1, 3], 1, weighted=True, effort="quick")
    assert (heavy.centres.tolist(), heavy.objective) == ([1], 4.0)
    assert (loaded.centres.tolist(), loaded.objective) == ([2], 3.0)


def test_a_matrix_says_the_same_as_positions():
    xy = np.array(CLUMPS, float)
    matrix = np.abs(xy[:, :1] - xy[:, 0])
    one = divide_points(xy, k=2, high=4, effort="quick")
    other = divide_points(matrix=matrix, k=2, high=4, effort="quick")
    assert one.part.tolist() == other.part.tolist()
    assert one.objective == other.objective


@pytest.mark.parametrize("kind", ["median", "mean", "districts"])
@pytest.mark.parametrize("seed", range(3))
def test_the_least_objective_of_all_divisions_is_found(kind, seed):
    instance = make_random(8, 3, seed, kind, low=2 if kind == "districts" else 0)
    division = solve(instance)
    verdict = check_answer(instance, division.part)
    best = find_best(instance)
    assert verdict.faults == ()
    assert division.objective == pytest.approx(verdict.objective)
    assert verdict.objective == pytest.approx(best)


@pytest.mark.parametrize("seed", range(3))
def test_no_division_is_below_the_proven_bound(seed):
    """All assignments of 8 points to 3 parts; the bound is below the best, but not by a fifth."""
    instance = make_random(8, 3, seed)
    bound = solve(instance).bound
    best = find_best(instance)
    assert 0.8 * best <= bound <= best * (1 + 1e-9)


def test_a_knapsack_finds_the_part_that_saves_most():
    """From the point at 0, those at 1, 2, 3 gain 5 - 1, 4 - 2, 6 - 3 and weigh 1, 2, 3."""
    data = _open_data(
        [(0, 0), (1, 0), (2, 0), (3, 0)], None, np.array([1, 1, 2, 3]), 0, 5, None, False, False
    )
    prices = np.array([5.0, 5.0, 4.0, 6.0])
    starts, atoms, reduced = price_clusters(data, prices, -2.0, np.array([0]), data.x, data.y, 1e-9)
    assert sorted(atoms.tolist()) == [0, 1, 3]
    assert starts.tolist() == [0, 3]
    assert reduced.tolist() == [2.0 - (5 + 4 + 3)]


@given(seed=st.integers(0, 10_000), n=st.integers(6, 40), k=st.integers(1, 6))
@settings(max_examples=5, deadline=None)
def test_every_answer_is_within_the_limits_and_measured_right(seed, n, k):
    instance = make_random(n, k, seed, room=1.4)
    division = solve(instance)
    verdict = check_answer(instance, division.part)
    assert division.objective == pytest.approx(verdict.objective)
    assert (division.outside == 0) == (verdict.faults == ())


def test_the_same_seed_gives_the_same_division():
    instance = make_random(30, 5, 3)
    one = solve(instance, 7)
    other = solve(instance, 7)
    assert one.part.tolist() == other.part.tolist()
    assert one.objective == other.objective


def test_points_on_one_spot_and_a_part_for_each_point_are_no_trouble():
    same = divide_points([(5, 5)] * 9, k=3, high=3, effort="quick")
    assert np.bincount(same.part).tolist() == [3, 3, 3]
    assert same.objective == 0.0
    assert divide_points(CLUMPS, k=7, effort="quick").objective == 0.0
    assert divide_points([(1, 1)], k=1, effort="quick").part.tolist() == [0]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"k": 2, "high": 2}, "hold 0 to 4"),
        ({"k": 9}, "k is 9 for 7 points"),
        ({"k": 2, "weights": [9, 1, 1, 1, 1, 1, 1], "high": 8}, "points weigh more than 8"),
        ({"k": 2, "pairs": [(0, 1)]}, "6 islands"),
        ({"k": 2, "pairs": [(0, 9)]}, "points that are not there"),
        ({"k": 2, "weights": [1.5] * 7}, "whole numbers"),
        ({"k": 2, "effort": "great"}, "effort is 'great'"),
        ({"k": 2, "centre": "mean", "squared": True}, "does not go with"),
    ],
)
def test_what_cannot_be_divided_is_refused_with_the_reason(words, reason):
    with pytest.raises(InputError, match=reason):
        divide_points(CLUMPS, **words)


def test_the_check_catches_every_kind_of_wrong_answer():
    row = np.array([(i, i + 1) for i in range(5)])
    instance = Instance(
        "row",
        "districts",
        np.column_stack([np.arange(6.0), np.zeros(6)]),
        np.ones(6, int),
        2,
        3,
        3,
        row,
        True,
    )
    good = check_answer(instance, np.array([0, 0, 0, 1, 1, 1]))
    assert good.faults == ()
    assert good.objective == 4 * 100**2
    assert check_answer(instance, np.array([0, 0, 1, 0, 1, 1])).faults == (
        "part 0 is not connected",
        "part 1 is not connected",
    )
    assert check_answer(instance, np.array([0, 0, 0, 0, 1, 1])).faults == (
        "part 0 weighs 4, not 3 to 3",
        "part 1 weighs 2, not 3 to 3",
    )
    assert check_answer(instance, np.array([0, 0, 0, 0, 0, 0])).faults[0] == "1 parts, not 2"
    assert check_answer(instance, np.array([0, 0, 0, 1, 1])).faults == (
        "not every point has a part",
    )
    assert check_answer(instance, np.array([0, 0, 0, 1, 1, -1])).faults == (
        "not every point has a part",
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cpmp").mkdir()
    (tmp_path / "cccp").mkdir()
    lines = ["7 2", *(f"{x} {y} 4 1" for x, y in CLUMPS)]
    (tmp_path / "cpmp" / "clumps.dat").write_text("\n".join(lines))
    (tmp_path / "cpmp" / "best_known.csv").write_text("instance,best_known\nclumps,9\n")
    (tmp_path / "cccp" / "means.dat").write_text("\n".join(lines))
    square = {
        "name": "square",
        "n": 4,
        "k": 2,
        "L": 2,
        "U": 2,
        "pop": [1] * 4,
        "xy": [[0, 0], [1, 0], [0, 1], [1, 1]],
        "edges": [[0, 1], [0, 2], [1, 3], [2, 3]],
        "dist_rule": "floor100",
        "best": 20000,
    }
    (tmp_path / "square.json").write_text(json.dumps(square))
    return tmp_path


def test_a_folder_is_solved_and_set_beside_the_best_known(folder):
    table = bench_folder(folder, "quick")
    assert list(table.index) == ["clumps", "means", "square"]
    assert table["feasible"].all()
    assert table.loc["clumps", "gap"] == pytest.approx(0.0)
    assert table.loc["square", "gap"] == 0.0
    assert np.isnan(table.loc["means", "gap"])
    # Three on 0, 1, 2 walk 2 to their mean; four on 6, 10, 11, 12, whose mean
    # is 9.75: 3.75 + .25 + 1.25 + 2.25.
    assert table.loc["means", "objective"] == pytest.approx(2 + 7.5)
    assert list(bench_folder(folder, "quick", only="squ").index) == ["square"]


def test_best_known_values_can_be_given_and_every_better_answer_is_written(folder):
    known = folder / "known.csv"
    curve = folder / "curve.csv"
    known.write_text("instance,best_known\nmeans,10\nclumps,8\n")
    table = bench_folder(folder, "quick", best=known, curve=curve)
    assert table.loc["means", "gap"] == pytest.approx(-0.05)
    assert table.loc["clumps", "gap"] == pytest.approx(1 / 8)
    assert table.loc["square", "gap"] == 0.0
    better = pd.read_csv(curve)
    assert list(better.columns) == ["instance", "seconds", "objective", "gap"]
    assert better.groupby("instance")["objective"].last().to_dict() == {
        "clumps": 9.0,
        "means": 9.5,
        "square": 20000.0,
    }
    for _, own in better.groupby("instance"):
        assert own["objective"].is_monotonic_decreasing
        assert own["seconds"].is_monotonic_increasing


def test_a_table_of_best_values_that_cannot_be_read_is_refused(folder):
    (folder / "known.csv").write_text("name,value\nmeans,10\n")
    with pytest.raises(InputError, match="instance and best_known"):
        list_instances(folder, best=folder / "known.csv")


def test_bad_files_are_all_reported_at_once(folder):
    (folder / "cpmp" / "short.dat").write_text("3 1\n0 0 9 1\n1 1 9 1\n")
    (folder / "cpmp" / "mixed.dat").write_text("2 1\n0 0 9 1\n1 1 8 1\n")
    (folder / "broken.json").write_text("{}")
    with pytest.raises(InputError) as raised:
        list_instances(folder)
    text = str(raised.value)
    assert "3 problems" in text
    assert "3 points are announced, 2 follow" in text
    assert "capacities differ" in text
    assert "broken.json" in text


def test_a_folder_without_instances_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no"):
        list_instances(tmp_path)


@pytest.mark.skipif(not BENCH.exists(), reason="the published instances are not beside the project")
def test_a_published_instance_comes_within_half_a_percent():
    table = bench_folder(BENCH / "cpmp", "quick", only="SJC1")
    assert table["feasible"].all()
    assert table.loc["SJC1", "gap"] == pytest.approx(0.0, abs=5e-3)


def test_weight_goes_through_parts_that_are_full() -> None:
    """Three heaps in a row weigh 7, 6 and 5 where 6 fit: no exchange of two loads helps.

    The first is one over and the last has room for one; what goes from the one to the other
    must go through the middle one, which is full and all of whose loads are of 2.
    """
    from gridplan.division.plain.division_measures import measure_ways
    from gridplan.division.plain.limit_repair import repair_limits
    from gridplan.division.plain.points import _open_data

    xy = np.array([(0, 0), (0, 1), (10, 0), (10, 1), (10, 2), (20, 0), (20, 1)], float)
    weights = np.array([3, 4, 2, 2, 2, 3, 2])
    data = _open_data(xy, None, weights, 0, 6, None, False, False)
    centres = np.array([(0.0, 0.5), (10.0, 1.0), (20.0, 0.5)])
    ways = measure_ways(data, centres, mean=True)
    part = repair_limits(data, np.array([0, 0, 1, 1, 1, 2, 2]), 3, ways)
    assert np.bincount(part, weights).tolist() == [6, 6, 6]
    # what is within the limits stays as it is
    assert repair_limits(data, part, 3, ways).tolist() == part.tolist()
