"""Which homes a line or an outline that somebody drew means."""

from __future__ import annotations

import math

import numpy as np

from gridplan.arrays import Bools, Floats, Ints
from gridplan.redrawing.editing.code_lookup import find_doors, refuse
from gridplan.redrawing.editing.edit_commands import EditCommand
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard

_STEP = math.radians(15)  # between the corners of the far arc that closes a line


def find_side(board: EditBoard, command: EditCommand, rows: Ints) -> Ints:
    """Find the side of a line on which each stairwell of a sub-grid lies: 0 or 1, in their order.

    Where the command names homes already, these are side 1.

    Raises
    ------
    RefusedError
        If all lie on one side, or a home that is named is not of the sub-grid.
    """
    (code,) = command.things
    if command.homes:
        named = find_doors(board, "stairwell", command.homes)[2]
        off = np.setdiff1d(named, rows)
        if len(off):
            raise refuse(
                "splits can be made",
                f"{board.stairwells[off[0]]} is not in {code}",
                f"name stairwells of {code}",
            )
        side = np.isin(rows, named)
    else:
        side = lie_behind(command.points, _place_doors(board)[rows])
        # Whichever way the line was drawn.
        side ^= side[0]
    if side.all() or not side.any():
        raise refuse(
            "splits can be made",
            f"all homes of {code} lie on one side of the line",
            "draw it between its homes; corners are x and y in metres of the plan's CRS",
        )
    return side.astype(np.int64)


def find_enclosed(
    board: EditBoard, state: BoardState, command: EditCommand, into: str
) -> tuple[Ints, int]:
    """Find the stairwells that an outline takes in, and how many others stay in their communities.

    ``into`` is the sub-grid that they go to, empty for a new one. Only those of its community
    are taken, and none that are in it already.

    Raises
    ------
    RefusedError
        If there are none.
    """
    if command.homes:
        rows = find_doors(board, "stairwell", command.homes)[2]
    else:
        rows = np.flatnonzero(lie_within(command.points, _place_doors(board)))
    near = board.community[rows] == state.lies_in[into] if into else np.ones(len(rows), bool)
    taken = rows[near & (state.member[rows] != into)]
    if not len(taken):
        what = "no home lies in the outline"
        raise refuse(
            "outlines take something in",
            f"no home lies in the outline that could go to {into}" if into else what,
            "draw it round the doors of homes; corners are x and y in metres of the plan's CRS",
        )
    return taken, int((~near).sum())


def lie_behind(points: tuple[tuple[float, float], ...], xy: Floats) -> Bools:
    """Say which places lie on one side of a line, which goes straight on beyond its ends.

    Examples
    --------
    >>> lie_behind(((0, 0), (0, 10)), np.array([[5.0, 90.0], [-5.0, 2.0]])).tolist()
    [False, True]
    """
    line = np.asarray(points, float)
    line = line[np.r_[True, np.any(np.diff(line, axis=0) != 0, axis=1)]]
    everything = np.vstack([line, xy])
    middle = everything.mean(axis=0)
    far = 10 * float(np.ptp(everything, axis=0).max()) + 1
    if len(line) < 2:
        return np.zeros(len(xy), bool)
    begin = line[0] + far * _turn_to(line[1], line[0])
    end = line[-1] + far * _turn_to(line[-2], line[-1])
    # Closed by an arc so far away that no home lies beyond it.
    first, last = (math.atan2(*(p - middle)[::-1]) for p in (end, begin))
    last += 2 * math.pi if last <= first else 0.0
    angles = np.arange(first, last, _STEP)
    arc = middle + 2 * far * np.column_stack([np.cos(angles), np.sin(angles)])
    return lie_within(np.vstack([begin, line, end, arc]), xy)


def lie_within(points: tuple[tuple[float, float], ...] | Floats, xy: Floats) -> Bools:
    """Say which places lie in an outline; where it crosses itself, every second part is outside.

    Examples
    --------
    >>> lie_within(((0, 0), (10, 0), (10, 10)), np.array([[8.0, 4.0], [4.0, 8.0]])).tolist()
    [True, False]
    """
    ring = np.asarray(points, float)
    inside = np.zeros(len(xy), bool)
    x, y = xy[:, 0], xy[:, 1]
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        crossed = (y0 > y) != (y1 > y)
        # Multiplied out, as an edge may be all but level.
        inside ^= crossed & (((x - x0) * (y1 - y0) < (y - y0) * (x1 - x0)) == (y1 > y0))
    return inside


def _turn_to(one: Floats, other: Floats) -> Floats:
    return (other - one) / float(np.hypot(*(other - one)))


def _place_doors(board: EditBoard) -> Floats:
    doors = board.plan.stairwells.geometry
    return np.column_stack([doors.x.to_numpy(), doors.y.to_numpy()])
