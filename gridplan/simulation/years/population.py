"""People: members and volunteers of a community by year; counts, never persons."""

from __future__ import annotations

import numpy as np

from gridplan.arrays import Ints
from gridplan.rules.years import YearsRules

# columns of the counts
FULL = 0
AVAILABLE = 1
VOLUNTEERS = 2


def age_people(
    counts: Ints, households: Ints, first: Ints, rules: YearsRules, rng: np.random.Generator
) -> Ints:
    """Let a year pass: members and volunteers leave, grow too old for a post, or join.

    Parameters
    ----------
    counts
        int64[n, 3]: full members, available ones among them, and volunteers,
        by atom; atoms built this year come last.
    households
        int64[n], households of each atom now; with its last household its
        members are gone too.
    first
        The counts of year 0, whose sums are what shares of those who come are
        taken of.
    rules
        Yearly rates.
    rng
        The chance of this year.

    Returns
    -------
    int64[n, 3], the counts a year later.

    Examples
    --------
    >>> from gridplan.rules.all_rules import Rules
    >>> rates = {"member_leave": 0, "member_age": 1, "member_join": 0}
    >>> rates |= {"volunteer_leave": 1, "volunteer_join": 0}
    >>> rules = Rules().replace(years=rates).years
    >>> counts = np.array([[3, 2, 5]])
    >>> age_people(counts, np.array([9]), counts, rules, np.random.default_rng(0)).tolist()
    [[3, 0, 0]]
    """
    # with the last household of an atom its members are gone
    counts = np.where(households[:, None] > 0, counts, 0)
    able = counts[:, AVAILABLE]
    other = np.maximum(0, counts[:, FULL] - counts[:, AVAILABLE])
    able = able - rng.binomial(able, rules.member_leave)
    other = other - rng.binomial(other, rules.member_leave)
    # who is too old for a post stays a member
    aged = rng.binomial(able, min(1.0, rules.member_age))
    able = able - aged
    other = other + aged
    volunteers = counts[:, VOLUNTEERS] - rng.binomial(counts[:, VOLUNTEERS], rules.volunteer_leave)
    share = households / max(1, households.sum())
    if households.sum() > 0:
        # shares are of year 0, so that a shrinking crew does not shrink its own supply
        came = rng.poisson(
            [
                rules.member_join * first[:, FULL].sum(),
                rules.volunteer_join * first[:, VOLUNTEERS].sum(),
            ]
        )
        # who joins lives where households are
        able = able + rng.multinomial(came[0], share)
        volunteers = volunteers + rng.multinomial(came[1], share)
    return np.column_stack([able + other, able, volunteers])


def settle_people(counts: Ints, households: Ints, fresh: Ints, rng: np.random.Generator) -> Ints:
    """Count the members and volunteers of new homes, by chance.

    As many for each household as in the community at the start.

    Returns int64[m, 3] for so many ``fresh`` households of each.
    """
    rate = counts.sum(axis=0) / max(1, households.sum())
    able = rng.poisson(rate[AVAILABLE] * fresh)
    other = rng.poisson(max(0.0, rate[FULL] - rate[AVAILABLE]) * fresh)
    return np.column_stack([able + other, able, rng.poisson(rate[VOLUNTEERS] * fresh)])
