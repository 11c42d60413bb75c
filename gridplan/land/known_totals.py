"""Whole households: which buildings are taken as homes, and known totals met exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridplan.arrays import Bools, Floats, Ints
from gridplan.tables.whole_shares import share_above

SURE = 0.97  # homes above this are left out only where a total has no room for them
PLACE_ODDS = 0.7  # spread of the log odds of homes between places


@dataclass(frozen=True)
class Homes:
    """The buildings of one community, or of what is left of a site, whose households are open.

    All arrays are float64[n] but ``least`` (int64[n], of those that have a
    count of residents) and ``firm`` (bool[n], homes whatever the total).
    ``size`` are the expected households if it is a home.
    """

    chance: Floats
    size: Floats
    place_spread: Floats
    least: Ints
    firm: Bools
    rank: Ints


def share_households(homes: Homes, total: int | None) -> tuple[Ints, Bools, Floats]:
    """Share households out to the open buildings of a group.

    As many are homes as are expected, the likeliest first; together they have
    the expected households in whole numbers, or the known total.

    Returns
    -------
    Households int64[n], which are homes bool[n], and the expected households
    float64[n] of each, whose sum is the total where one is known.

    Examples
    --------
    Of three sheds of one chance in three each, one is a home:

    >>> third, none = np.full(3, 1 / 3), np.zeros(3, int)
    >>> sheds = Homes(third, np.ones(3), none + 0.3, none, none > 0, np.arange(3))
    >>> share_households(sheds, None)[0].tolist()
    [1, 0, 0]
    >>> share_households(sheds, 2)[0].tolist()
    [1, 1, 0]
    """
    expected = homes.chance * homes.size
    chosen = _choose_homes(homes, total)
    whole = np.zeros(len(expected), np.int64)
    wanted = int(np.floor(expected.sum() + 0.5)) if total is None else total
    rows = np.flatnonzero(chosen)
    if len(rows) and (total is not None or wanted > 0):
        # equal remainders go by a rank that has nothing to do with place
        rows = rows[np.argsort(homes.rank[rows], kind="stable")]
        least = np.where(homes.firm[rows], homes.least[rows], 1)
        whole[rows] = share_above(max(wanted, int(least.sum())), homes.size[rows], least)
    if total is not None:
        expected = _meet_total(homes, chosen, expected, total)
        # a total with no room for those that were counted is not met
        if int(whole.sum()) != total:
            expected = whole.astype(float)
    return whole, chosen, expected


def _meet_total(homes: Homes, chosen: Bools, expected: Floats, total: int) -> Floats:
    """Scale the expected households to a total; those without a chance to be homes have none."""
    if expected.sum() <= 0 or total <= 0:
        return np.zeros(len(expected))
    scaled = expected * (total / expected.sum())
    # a building that is a home has a household
    short = chosen & (homes.chance >= SURE) & (scaled < 1.0) & (homes.least > 0)
    if short.sum() < total and short.any() and (~short & (expected > 0)).any():
        rest = expected[~short].sum()
        scaled = np.where(short, 1.0, expected * ((total - short.sum()) / rest))
    return np.asarray(scaled)


def _choose_homes(homes: Homes, total: int | None) -> Bools:
    """Choose as many homes as are expected, the likeliest first, and no more than the total."""
    chance = homes.chance
    order = np.lexsort((homes.rank, -np.round(homes.size, 6), -np.round(chance, 6), ~homes.firm))
    number = int(np.floor(chance.sum() + 0.5))
    if total is not None:
        number = _count_for_total(homes, order, total, number)
    chosen = np.zeros(len(chance), bool)
    chosen[order[:number]] = True
    # a stated or counted home is one, and chances of zero never
    sure = homes.firm if total is not None else homes.firm | (chance >= SURE)
    return np.asarray((chosen | sure) & ((chance > 0) | homes.firm))


def _count_for_total(homes: Homes, order: Ints, total: int, number: int) -> int:
    """Count the homes that a known total speaks for.

    What it is above or below the expected is laid on the number of homes and
    on their size by how little is known of either.
    """
    expected = homes.chance * homes.size
    unsure = homes.chance * (1.0 - homes.chance)
    odds = (PLACE_ODDS * (unsure * homes.size).sum()) ** 2 + (unsure * homes.size**2).sum()
    beyond = np.maximum(homes.size - 1.0, 0.0)
    sizes = (homes.chance * beyond * homes.place_spread).sum() ** 2
    share = odds / max(odds + sizes, 1e-9)
    wanted = expected.sum() + share * (total - expected.sum())
    sums = np.cumsum(np.maximum(homes.size[order], 1.0))
    nearest = int(np.argmin(np.abs(sums - wanted))) + 1 if len(sums) else 0
    sure = int((homes.chance >= SURE).sum())
    # nobody can live nowhere: a total above 0 has a home where there is any chance of one
    number = max(nearest, sure, 1) if share > 0 else max(number, sure, 1)
    return min(number, total)


def find_total_spread(homes: Homes, spread: Floats) -> Floats:
    """Find how much of each building's variance is left once the total of all is known.

    Returns float64[n], from 0 (the only open home) to almost 1.
    """
    second = np.maximum(homes.size - 1.0, 0.0)
    variance = homes.chance * (second + (second * spread) ** 2)
    variance += homes.chance * (1.0 - homes.chance) * homes.size**2
    return np.asarray(1.0 - variance / max(float(variance.sum()), 1e-12))


def round_counts(total: Any, weights: Floats, least: Ints) -> Ints:
    """Turn counts split into fractions into whole households that keep their sum."""
    wanted = max(int(np.floor(float(total) + 0.5)), int(least.sum()))
    return share_above(wanted, weights, least)
