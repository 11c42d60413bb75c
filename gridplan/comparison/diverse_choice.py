"""The choice of plans that nothing beats and that differ as much as possible."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.planning.measures import find_undominated

MINIMISED = ["out_of_band", "spread", "mean_walk", "buildings_split", "compounds_crossed", "moved"]
ALIKE = 0.02  # share of the range of every figure within which two plans are the same choice


def choose_diverse(
    table: pd.DataFrame, picks: list[tuple[int, ...]], move: float, most: int
) -> tuple[pd.DataFrame, list[tuple[int, ...]]]:
    """Choose plans that nothing beats and that differ as much as possible.

    The cheapest is chosen first; the result begins with the fewest moves.
    """
    figures = table[MINIMISED].to_numpy(float)
    best = np.flatnonzero(find_undominated(figures))
    reach = np.ptp(figures[best], axis=0)
    # Each figure counts by its range, so that units do not matter.
    scaled = (figures[best] - figures[best].min(axis=0)) / np.where(reach > 0, reach, 1.0)
    # The cheapest at the rules' own prices, so that what the rules ask for is among them.
    chosen = [int((table["price"] + move * table["moved"]).to_numpy()[best].argmin())]
    while len(chosen) < min(most, len(best)):
        # The one farthest from all chosen is next, until all left are like a chosen one.
        apart = np.sqrt(((scaled[:, None] - scaled[chosen]) ** 2).sum(axis=2)).min(axis=1)
        if apart.max() < ALIKE:
            break
        # Rounded, so that of plans that are equally far the first is taken everywhere.
        chosen.append(int(np.round(apart, 9).argmax()))
    # The row breaks ties, so that names do not depend on the order of choosing.
    rows = sorted(
        (int(best[n]) for n in chosen), key=lambda n: (table["moved"][n], table["mean_walk"][n], n)
    )
    names = [_name(n) for n in range(len(rows))]
    return table.iloc[rows].set_axis(pd.Index(names, dtype="str", name="alternative")), [
        picks[n] for n in rows
    ]


def _name(number: int) -> str:
    """Name an alternative by a letter, beyond Z by several.

    Examples
    --------
    >>> _name(0), _name(25), _name(26)
    ('A', 'Z', 'AA')
    """
    return (_name(number // 26 - 1) if number > 25 else "") + chr(ord("A") + number % 26)
