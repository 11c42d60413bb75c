"""Published instances: solved, checked from their files alone, and set beside the best known.

The check shares nothing with the search: it reads the instance again and
recomputes assignment, limits, connection and objective with numpy and scipy
alone.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Floats, Ints
from gridplan.engine.whole_files import draft_file
from gridplan.errors import InputError, Problem
from gridplan.tables.csv_text import write_csv_text

KINDS = ("median", "mean", "districts")


@dataclass(frozen=True)
class Instance:
    """One published instance.

    Parameters
    ----------
    name, kind
        "median": ways to the best point of a part; "mean": to the mean of its
        points; "districts": squared ways, weighted, to the best point of a
        connected part.
    xy, weights
        float[n, 2] and int[n].
    k, low, high
        Number of parts and the limits of their weight.
    pairs
        int[m, 2], points that touch, or None where parts need not be
        connected.
    floored
        Whether ways count in whole hundredths, and the divisor of the
        objective: see ``measure_ways``.
    best
        The best known objective, or NaN.
    """

    name: str
    kind: str
    xy: Floats
    weights: Ints
    k: int
    low: int
    high: int
    pairs: Ints | None = None
    floored: bool = False
    best: float = float("nan")

    def measure_ways(self) -> Floats:
        """Measure float[n, n], what a unit pays for its way, squared for districts."""
        ways = np.sqrt(((self.xy[:, None] - self.xy[None]) ** 2).sum(axis=2))
        if self.kind != "districts":
            return np.asarray(ways)
        # The small amount keeps a whole hundredth from being rounded down.
        return np.asarray(np.floor(100 * ways + 1e-9) ** 2 if self.floored else ways**2 / 1e12)


@dataclass(frozen=True)
class PublishedVerdict:
    """The check of an answer: its objective, recomputed, and everything that is wrong with it."""

    objective: float
    faults: tuple[str, ...]


def list_instances(
    folder: str | Path, means: bool | None = None, best: str | Path | None = None
) -> list[Instance]:
    """List the instances in a folder and the folders in it, sorted by name.

    Parameters
    ----------
    folder
        Holds ``.dat`` files (``n p``, then ``x y capacity demand`` a point),
        ``.json`` files of districts, and perhaps ``best_known.csv`` with the
        columns instance and best_known.
    means
        Whether the ways of ``.dat`` files go to the mean of a part; by default
        where their folder is named cccp.
    best
        A table like ``best_known.csv``, for folders without one or in place of
        what theirs says.

    Raises
    ------
    InputError
        Where a file cannot be read; all such files are reported at once.
    """
    root = Path(folder)
    paths = sorted(
        [p for p in root.rglob("*") if p.suffix in {".dat", ".json"}],
        key=lambda p: (p.stem, str(p)),
    )
    if not paths:
        raise InputError(
            [
                Problem(
                    "instances",
                    "not empty",
                    f"{root} holds no .dat or .json files",
                    "name another folder",
                )
            ]
        )
    known_best = {} if best is None else _read_table(Path(best))
    beside: dict[Path, dict[str, float]] = {}
    instances = []
    problems = []
    for path in paths:
        # One table for each folder, read once.
        if path.parent not in beside:
            table = path.parent / "best_known.csv"
            beside[path.parent] = _read_table(table) if table.exists() else {}
        try:
            districts = path.suffix == ".json"
            instance = (
                _read_districts(path)
                if districts
                else _read_points(path, _take_means(path) if means is None else means)
            )
            known = known_best.get(path.stem, beside[path.parent].get(path.stem, instance.best))
            instances.append(replace(instance, best=known))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            # Go on, so that all unreadable files are reported together.
            message = f"not an instance: {error}".strip()
            problems.append(
                Problem(
                    "instance", "readable", message, "repair the file or remove it", file=path.name
                )
            )
    if problems:
        raise InputError(problems)
    return instances


def _read_points(path: Path, means: bool) -> Instance:
    """Read ``n p``, then ``x y capacity demand`` a point."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    head = lines[0] if lines else []
    if len(head) != 2 or not all(word.isdigit() for word in head):
        raise ValueError("the first line does not hold the numbers of points and of parts")
    n, k = map(int, head)
    if len(lines) - 1 != n:
        raise ValueError(f"{n} points are announced, {len(lines) - 1} follow")
    short = [number for number, line in enumerate(lines[1:], 2) if len(line) != 4]
    if short:
        raise ValueError(f"line {short[0]} does not hold x, y, capacity and demand")
    table = np.array(lines[1:], float)
    # The format has a capacity for each point, but the problem one for all parts.
    if len(np.unique(table[:, 2])) != 1:
        raise ValueError("capacities differ from point to point, which is not supported")
    if (table[:, 2:] != np.round(table[:, 2:])).any():
        raise ValueError("capacities and demands are not whole numbers")
    kind = "mean" if means else "median"
    return Instance(
        path.stem, kind, table[:, :2], table[:, 3].astype(np.int64), k, 0, int(table[0, 2])
    )


def _take_means(path: Path) -> bool:
    """Whether ways go to means: where the folder is named for capacitated centred clustering."""
    return path.parent.name == "cccp"


def _read_table(path: Path) -> dict[str, float]:
    """Read best known objectives from a table with the columns instance and best_known."""
    remedy = "give a table with the columns instance and best_known"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["instance"]: float(row["best_known"]) for row in csv.DictReader(file)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        message = f"cannot be read: {error}".strip()
        raise InputError(
            [Problem("best_known", "readable", message, remedy, file=path.name)]
        ) from error


def _read_districts(path: Path) -> Instance:
    """Read a JSON file with n, k, L, U, pop, xy, edges, dist_rule and perhaps best."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    if raw["dist_rule"] not in {"floor100", "metres"}:
        raise ValueError(f"dist_rule {raw['dist_rule']} is not known")
    xy = np.array(raw["xy"], float)
    weights = np.array(raw["pop"], np.int64)
    if not len(xy) == len(weights) == int(raw["n"]):
        raise ValueError(
            f"n is {raw['n']}, but there are {len(xy)} positions and {len(weights)} weights"
        )
    pairs = np.array(raw["edges"], np.int64).reshape(-1, 2)
    best = float(raw["best"]) if raw.get("best") is not None else float("nan")
    floored = raw["dist_rule"] == "floor100"
    return Instance(
        path.stem,
        "districts",
        xy,
        weights,
        int(raw["k"]),
        int(raw["L"]),
        int(raw["U"]),
        pairs,
        floored,
        best,
    )


def check_answer(instance: Instance, part: Ints) -> PublishedVerdict:
    """Check an answer by the instance alone and recompute its objective.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [3.0, 4.0]])
    >>> pair = Instance("two", "median", xy, np.array([1, 1]), k=1, low=0, high=2)
    >>> check_answer(pair, np.array([0, 0]))
    PublishedVerdict(objective=5.0, faults=())
    >>> check_answer(pair, np.array([0, 1])).faults
    ('2 parts, not 1',)
    """
    part = np.asarray(part)
    if part.shape != instance.weights.shape or (part < 0).any():
        return PublishedVerdict(float("nan"), ("not every point has a part",))
    parts = np.unique(part)
    faults = [] if len(parts) == instance.k else [f"{len(parts)} parts, not {instance.k}"]
    ways = instance.measure_ways() if instance.kind != "mean" else np.zeros((0, 0))
    total = 0.0
    for p in parts:
        members = np.flatnonzero(part == p)
        weight = int(instance.weights[members].sum())
        if not instance.low <= weight <= instance.high:
            faults.append(f"part {p} weighs {weight}, not {instance.low} to {instance.high}")
        if instance.pairs is not None and not _is_connected(instance.pairs, members, len(part)):
            faults.append(f"part {p} is not connected")
        if instance.kind == "mean":
            total += float(
                np.sqrt(
                    ((instance.xy[members] - instance.xy[members].mean(axis=0)) ** 2).sum(axis=1)
                ).sum()
            )
        else:
            # Published objectives of districts weigh the ways, those of medians do not.
            pull = (
                instance.weights[members] if instance.kind == "districts" else np.ones(len(members))
            )
            total += float((pull @ ways[np.ix_(members, members)]).min())
    return PublishedVerdict(total, tuple(faults))


def _is_connected(pairs: Ints, members: Ints, n: int) -> bool:
    """Whether the points of a part are connected by pairs within it."""
    place = np.full(n, -1)
    place[members] = np.arange(len(members))
    inner = place[pairs]
    inner = inner[(inner >= 0).all(axis=1)]
    graph = csr_matrix(
        (np.ones(len(inner)), (inner[:, 0], inner[:, 1])), shape=(len(members), len(members))
    )
    return bool(connected_components(graph, directed=False)[0] == 1)


def solve_instance(
    instance: Instance,
    effort: str,
    seed: int = 0,
    watch: Callable[[float, int], None] | None = None,
) -> Ints:
    """Solve an instance; returns int64[n], the part of each point.

    ``watch`` is as ``divide_points`` takes it.
    """
    from gridplan.division.plain.points import divide_points

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
        effort=effort,
        seed=seed,
        watch=watch,
    ).part


def bench_folder(
    folder: str | Path,
    effort: str = "quick",
    only: str | None = None,
    means: bool | None = None,
    seed: int = 0,
    best: str | Path | None = None,
    curve: str | Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """Solve the instances in a folder, check each answer, and set it beside the best known.

    Parameters
    ----------
    folder, means, best
        As ``list_instances`` takes them.
    effort, seed
        As ``divide_points`` takes them.
    only
        Only the instances with this in their name.
    curve
        CSV to which every better answer within the limits is written:
        instance, seconds, objective, gap.
    progress
        Called with the stage, instances done, and their total number.

    Returns
    -------
    A row an instance: points, parts, objective, gap (share over the best
    known; NaN where none is), seconds, feasible, faults.
    """
    instances = [i for i in list_instances(folder, means, best) if only is None or only in i.name]
    if not instances:
        problem = Problem(
            "instances",
            "not empty",
            f"no instance in {folder} has {only} in its name",
            "name another with --only",
        )
        raise InputError([problem])
    _warm_up()
    rows = []
    better = []
    for solved, instance in enumerate(instances):
        if progress is not None:
            progress("instances", solved, len(instances))
        row, answers = _bench(instance, effort, seed)
        rows.append(row)
        better.extend(answers)
        if curve is not None:
            text = write_csv_text(pd.DataFrame(better), index=False, float_format="%.7g")
            with draft_file(curve) as draft:
                draft.write_text(text, encoding="utf-8", newline="")
    return pd.DataFrame(rows).set_index("instance")


def _bench(
    instance: Instance, effort: str, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Solve and check one instance; returns its row, and a row for every better answer met."""
    better = []
    # Processor time, as other work on the machine does not count in it.
    began = time.process_time()

    def watch(objective: float, outside: int) -> None:
        if not outside:
            now = {"instance": instance.name, "seconds": time.process_time() - began}
            better.append(now | {"objective": objective, "gap": objective / instance.best - 1})

    part = solve_instance(instance, effort, seed, watch)
    seconds = time.process_time() - began
    verdict = check_answer(instance, part)
    row = {
        "instance": instance.name,
        "points": len(part),
        "parts": instance.k,
        "objective": verdict.objective,
        "gap": verdict.objective / instance.best - 1,
        "seconds": seconds,
        "feasible": not verdict.faults,
        "faults": "; ".join(verdict.faults),
    }
    return row, better


@cache
def _warm_up() -> None:
    """Compile the kernels on tiny instances, so that no measured one is charged for it."""
    xy = np.random.default_rng(0).random((12, 2))
    row = np.column_stack([np.arange(11), np.arange(1, 12)])
    for kind, pairs in (("median", None), ("mean", None), ("districts", row)):
        solve_instance(Instance("warm", kind, xy, np.ones(12, np.int64), 3, 0, 5, pairs), "quick")
