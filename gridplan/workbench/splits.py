"""Ways to split a sub-grid that a planner chooses among: by parts, and by straight cuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.redrawing.editing.code_lookup import RefusedError, find_subgrid
from gridplan.redrawing.editing.edit_commands import write_points
from gridplan.redrawing.editing.script_words import quote_codes
from gridplan.workbench.desk import Desk, Seat
from gridplan.workbench.session import Answer, Message, Session


def list_splits(desk: Desk, code: str, parts: int = 0) -> list[tuple[str, int, str]]:
    """List the commands that split a sub-grid, each with what it is and the number of parts.

    Without ``parts`` the number that comes nearest to the target, and, where
    that is two, also straight cuts across and along the longer way of its homes.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> for how, parts, line in list_splits(Desk(make_board_plan()), "0301-001"):
    ...     print(how, parts, line.split(" along")[0])
    even 2 split 0301-001 into 2
    across 2 split 0301-001
    along 2 split 0301-001
    """
    problem, rows = desk.board.take_subgrid(desk.state, code)
    wanted = parts or max(2, round(problem.households / max(1, problem.band.target)))
    wanted = min(wanted, max(2, len(rows)))
    name = quote_codes([code])
    ways = [("even", wanted, f"split {name} into {wanted}")]
    doors = desk.plan.stairwells.geometry.iloc[rows]
    xy = np.column_stack([doors.x.to_numpy(), doors.y.to_numpy()])
    if wanted == 2 and len(rows) > 1:
        for how, line in zip(("across", "along"), _cut_straight(xy, problem.weights), strict=True):
            points = tuple((float(x), float(y)) for x, y in line)
            ways.append((how, 2, f"split {name} along {write_points(points)}"))
    return ways


def _cut_straight(xy: Floats, weights: Ints) -> list[Floats]:
    """Cut homes into halves of households across and along the longer way of them."""
    middle = xy.mean(axis=0)
    values, ways = np.linalg.eigh(np.cov((xy - middle).T) + np.eye(2) * 1e-9)
    lines = []
    for long in (ways[:, np.argmax(values)], ways[:, np.argmin(values)]):
        place = (xy - middle) @ long
        order = np.argsort(place, kind="stable")
        sums = np.cumsum(weights[order])
        # Between the two homes where half of the households is passed most nearly.
        gaps = np.diff(place[order])
        off = np.abs(sums[:-1] - sums[-1] / 2) + np.where(gaps > 1e-3, 0.0, np.inf)
        n = int(np.argmin(off)) if len(off) else 0
        cut = place[order][n : n + 2].mean()
        across = np.array([-long[1], long[0]])
        reach = float(np.abs((xy - middle) @ across).max()) + 1.0
        point = middle + cut * long
        lines.append(np.round([point - reach * across, point + reach * across], 2))
    return lines


def _choose(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    desk = session.desk
    code = find_subgrid(desk.board, desk.state, str(message["subgrid"]))
    rows: list[Message] = []
    refused: RefusedError | None = None
    for how, parts, line in list_splits(desk, code, int(message.get("parts", 0))):
        try:
            trial = desk.try_lines([line])
        except RefusedError as error:
            refused = error
            continue
        found = session.compare(trial.effect, trial.state)
        torn = any(row["pieces"] > 1 for row in found["after"].values())
        same = [row for row in rows if row["homes"] == found["homes"]]
        # A cut that tears a part, or makes the same parts, is no choice.
        if same or (torn and rows):
            continue
        rows.append({"how": how, "parts": parts, "lines": list(trial.lines), **found})
    if not rows and refused is not None:
        raise refused
    return {"kind": "splits", "subgrid": code, "rows": rows}


ANSWERS: Mapping[str, Answer] = {"splits": _choose}
