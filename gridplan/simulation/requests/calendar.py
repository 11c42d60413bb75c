"""The calendar of a simulation: demand by hour, weekday and month, and turns of duty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from gridplan.arrays import Floats, Ints, Records
from gridplan.errors import RuleError
from gridplan.rules.simulation import DAY, WEEK, SimulationRules, Turn, scale_weights
from gridplan.simulation.requests.kernel_state import STEP, TICK
from gridplan.tables.roles import find_roles, name_answering

HOURS = int(DAY / STEP)
WEEK_HOURS = 7 * HOURS


def sum_profile(rules: SimulationRules, first: date, days: int) -> Floats:
    """Add up minutes by kind, each weighted with the demand of its hour, weekday and month.

    Returns
    -------
    float64[1, 2, hours + 1].

    Examples
    --------
    >>> flat = SimulationRules(
    ...     request_by_hour=(1.0,) * 24, by_weekday=(1.0,) * 7, by_month=(1.0,) * 12
    ... )
    >>> sum_profile(flat, date(2026, 1, 1), 2)[0, 0, [0, 1, 48]].tolist()
    [0.0, 60.0, 2880.0]
    """
    weekday, month = (scale_weights(weights) for weights in (rules.by_weekday, rules.by_month))
    dates = [first + timedelta(days=n) for n in range(days)]
    # weights have a mean of 1 each, so a year as a whole keeps the rate of the rules
    by_day = np.array([weekday[d.weekday()] * month[d.month - 1] for d in dates])
    running = np.zeros((1, 2, HOURS * days + 1))
    for k, weights in enumerate((rules.request_by_hour, rules.wish_by_hour)):
        by_hour = np.array(scale_weights(weights))
        # a running sum: arrivals are found by inverting it
        running[0, k, 1:] = np.cumsum(np.outer(by_day, by_hour).ravel() * STEP)
    return running


def list_turns(rules: SimulationRules) -> list[Turn]:
    """List the turns of the roles that answer, in the order of the table of roles.

    Raises
    ------
    RuleError
        If a role keeps the hours of a rule that there is not.
    """
    roles = find_roles(role=name_answering())
    lost = [
        f"{role.role} keeps the hours of {role.turn}"
        for role in roles
        if not isinstance(getattr(rules, role.turn, None), Turn)
    ]
    if lost:
        raise RuleError(
            f"roles.csv: {'; '.join(lost)}, which is no rule on hours "
            "-> name a turn of the section simulation"
        )
    return [getattr(rules, role.turn) for role in roles]


def number_roles(roles: Iterable[str]) -> Ints:
    """Return the numbers of roles, which are their rows among those that answer: int64[n]."""
    number = {role: n for n, role in enumerate(name_answering())}
    return np.array([number[role] for role in roles], np.int64)


def list_ticks(
    turns: Sequence[Turn], first: date, days: int, begins: Any = (), begun: int = 0
) -> Records:
    """List when turns of duty begin and end, in order; at one time ends come first.

    A day of duty is numbered by its date, so who is there on a day does not
    depend on when the simulation starts.

    Parameters
    ----------
    turns
        One for each number that posts name.
    first, days
        The days simulated.
    begins
        Minutes from which some posts are there at all, such as helpers; those
        who wait are then looked at again.
    begun
        Minute of the first day at which time begins.
    """
    rows: list[tuple[float, int, int, int]] = []
    # turns are given from Monday midnight, which lies before the first minute
    monday = -first.weekday() * DAY - begun
    for number, turn in enumerate(turns):
        # a turn of the week before may still last into the first day
        for week in range(-1, days // 7 + 2):
            for begin, end in turn.spans:
                on = monday + week * WEEK + begin
                off = monday + week * WEEK + end
                if off > 0 and on < days * DAY:
                    rows += [
                        # who is already on duty begins at minute 0, but under the day
                        # of its own turn
                        (max(0, on), 1, number, first.toordinal() + (on + begun) // DAY),
                        (off, 0, number, -1),
                    ]
    # a set, since many posts may begin at one moment and one look at
    # who waits is enough
    moments = sorted({float(b) for b in begins if 0 < b < days * DAY})
    rows += [(moment, 1, -1, -1) for moment in moments]
    return write_ticks(rows)


def write_ticks(rows: Sequence[tuple[float, int, int, int]]) -> Records:
    """Write ticks in order.

    Rows are minute, 1 where something begins and 0 where it ends, turn
    (-1: a window) and day (-1: off).
    """
    table = np.zeros(len(rows), TICK)
    # the second field, begin or end, only decides the order at one time
    for name, number in (("at", 0), ("turn", 2), ("day", 3)):
        table[name] = [row[number] for row in sorted(rows)]
    return table


def count_hours(start: date, days: int) -> Ints:
    """Count how often each hour of the week comes in so many days, from Monday midnight.

    Examples
    --------
    A Sunday and a Monday:

    >>> count_hours(date(2026, 3, 1), 2)[[0, 24, 143, 144]].tolist()
    [1, 0, 0, 1]
    """
    return np.bincount(
        (start.weekday() * 24 + np.arange(days * 24)) % WEEK_HOURS, minlength=WEEK_HOURS
    )
