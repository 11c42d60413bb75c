"""Households of sub-grids given in bands, none so narrow that it gives the number away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Ints, Objects
from gridplan.plan import Plan
from gridplan.rules.disclosure import DisclosureRules

OPEN = 10**6  # households; where the highest band ends


def list_edges(low: int, target: int, high: int, width: int) -> list[int]:
    """List where bands begin: at the limits of the rule, so that they show what is in band.

    Examples
    --------
    >>> list_edges(20, 30, 40, 10), list_edges(20, 24, 40, 10), list_edges(36, 38, 40, 10)
    ([1, 20, 30, 41], [1, 20, 41], [1, 36])
    """
    edges = [1]
    # A limit too near to the one before is left out rather than shown as a narrow band.
    for edge in (low, target, high + 1):
        if edge - edges[-1] >= width:
            edges.append(edge)
        elif edge == high + 1 and len(edges) > 2 and edge - edges[-2] >= width:
            edges[-1] = edge  # the upper limit matters more than the target
    return edges


def band_households(subgrids: Any, rules: DisclosureRules) -> pd.DataFrame:
    """Find the first and last number of households of each residential sub-grid's band.

    They are 0 and OPEN where the band is withheld. Bands are withheld where those
    of a community or grid, with its exact total, would narrow one of them to fewer
    than ``household_width`` numbers.
    """
    low = np.zeros(len(subgrids), np.int64)
    high = np.full(len(subgrids), OPEN, np.int64)
    homes = (subgrids["kind"] == "residential").to_numpy()
    held = subgrids["households"].to_numpy()
    limits = subgrids[["low", "target", "high"]].to_numpy()
    # Sub-grids under the same rule share their edges, so each rule is banded at once.
    for rule in np.unique(limits[homes], axis=0):
        # Empty sub-grids stay withheld: a band of 0 alone would be their number.
        rows = np.flatnonzero(homes & (limits == rule).all(axis=1) & (held > 0))
        edges = np.array(
            [*list_edges(int(rule[0]), int(rule[1]), int(rule[2]), rules.household_width), OPEN + 1]
        )
        place = np.searchsorted(edges, held[rows], side="right") - 1
        low[rows] = edges[place]
        high[rows] = edges[place + 1] - 1
    bands = pd.DataFrame({"first": low, "last": high}, index=subgrids.index)
    # Both totals leave exactly. Withholding for one only widens what the other sees.
    for total in ("community", "grid"):
        bands = _withhold(
            bands, subgrids[total].to_numpy(dtype=object), held, rules.household_width
        )
    return bands


def _withhold(bands: pd.DataFrame, of: Objects, held: Ints, width: int) -> pd.DataFrame:
    """Withhold all bands of a total that narrows one of them too far."""
    tight = find_tight(bands, of, pd.Series(held).groupby(of).sum(), width)
    gone = np.isin(of, tight) & (of != "")
    return pd.DataFrame(
        {"first": np.where(gone, 0, bands["first"]), "last": np.where(gone, OPEN, bands["last"])},
        index=bands.index,
    )


def find_tight(bands: pd.DataFrame, of: Objects, totals: pd.Series[Any], width: int) -> list[str]:
    """Find the exact totals that narrow a sub-grid's band to fewer than ``width`` numbers."""
    first = bands["first"].to_numpy()
    last = bands["last"].to_numpy()
    banded = last < OPEN
    banded |= first > 0
    total = pd.Series(of).map(totals).to_numpy(float)
    # The others of the total at their least and most leave the rest for this one.
    least = pd.Series(first).groupby(of).transform("sum").to_numpy() - first
    most = pd.Series(np.minimum(last, OPEN)).groupby(of).transform("sum").to_numpy() - last
    low = np.maximum(first, total - most)
    high = np.minimum(last, total - least)
    # An unknown total is NaN, which compares as false and narrows nothing.
    wrong = banded & (high - low + 1 < width) & (of != "")
    return sorted(set(of[wrong].tolist()))


def write_bands(bands: pd.DataFrame) -> pd.Series[Any]:
    """Write bands as text; empty where they are withheld.

    Examples
    --------
    >>> write_bands(pd.DataFrame({"first": [20, 41, 0, 1], "last": [29, OPEN, OPEN, 19]})).tolist()
    ['20-29', '41+', '', '1-19']
    """
    first = bands["first"].astype("str")
    last = bands["last"].astype("str")
    text = np.where(bands["last"] < OPEN, first + "-" + last, first + "+")
    return pd.Series(np.where(bands["first"] > 0, text, ""), index=bands.index, dtype="str")


def read_bands(texts: pd.Series[Any]) -> pd.DataFrame:
    """Read bands from their text.

    Examples
    --------
    >>> read_bands(pd.Series(["20-29", "41+", ""])).to_numpy().tolist()
    [[20, 29], [41, 1000000], [0, 1000000]]
    """
    parts = texts.str.extract(r"^(\d+)(?:-(\d+)|\+)$")
    first = pd.to_numeric(parts[0]).fillna(0).astype(np.int64)
    last = pd.to_numeric(parts[1]).fillna(OPEN).astype(np.int64)
    return pd.DataFrame({"first": first, "last": last}, index=texts.index)


def blur_subgrids(plan: Plan, rules: DisclosureRules, bands: pd.DataFrame) -> Any:
    """Return the sub-grids with bands instead of numbers, and nothing about single doors."""
    table = plan.subgrids
    # Judged by the published band; from the number it would narrow the band.
    may_fit = (bands["last"] >= table["low"]) & (bands["first"] <= table["high"])
    return table.assign(
        households=bands["first"].astype(np.int64),
        household_band=write_bands(bands),
        in_band=(may_fit | (table["kind"] != "residential")).astype(bool),
        # ranges and chances would say where in its band the number lies
        households_low=0,
        households_high=0,
        chance_in_band=np.nan,
        chance_above=np.nan,
        error_shared=np.nan,
        building_count=0,
        stairwell_count=0,
        centre="",
        household_metres=np.nan,
        mean_walk=np.nan,
        max_walk=np.nan,
    )
