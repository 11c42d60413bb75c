"""The rule on ranges of communities: what their sub-grids and known totals leave open, again."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import erf

from gridplan.arrays import Bools, Floats
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import Reporter
from gridplan.auditing.totals_again import list_settled

WIDE = 3.29  # standard deviations between the 5 % and the 95 % quantile of a normal
SLACK = 1.0  # household, as land at the seams of a city's parts is matched afterwards


def check_community_ranges(evidence: Evidence) -> pd.DataFrame:
    """Check between which numbers each community's households are said to lie.

    Source: gridplan's schema: a known total leaves nothing open, and the errors
    of sub-grids are alike by the rules error_shared and error_near.
    """
    e = evidence
    rows = e.communities
    low, high = (rows[name].to_numpy(float) for name in ("households_low", "households_high"))
    named = rows.assign(community=rows.index)
    again = "draw the plan again"
    reporter = Reporter("estimates", "communities", named, noun="community", remedy=again)
    # where households of its sub-grids are wrong, the rule on sums says so
    wrong = (e.subgrids["households"].to_numpy() != e.held) & (e.lies_in >= 0)
    right = np.bincount(e.lies_in[wrong], minlength=len(rows)) == 0
    given = ~(np.isnan(low) & np.isnan(high)) & right
    if not given.any():
        return reporter.error(given, "")
    return reporter.error(
        given & ~_fit(e, low, high), "whose range is not that of its sub-grids' households"
    )


def _fit(e: Evidence, low: Floats, high: Floats) -> Bools:
    """Whether both ends are what the ranges of the sub-grids come to."""
    count = len(e.communities)
    seen = e.residential & (e.lies_in >= 0)
    of, table = e.lies_in[seen], e.subgrids[seen]

    def add(values: Floats) -> Floats:
        return np.asarray(np.bincount(of, values, minlength=count), float)

    held, first, last, common = (
        table[name].to_numpy(float)
        for name in ("households", "households_low", "households_high", "error_shared")
    )
    common = np.nan_to_num(common)
    deviation = (last - first) / WIDE
    rules = e.rules.simulation
    near = min(rules.error_near, 1.0 - rules.error_shared)
    multiple = near / rules.error_shared if rules.error_shared > 0 else 0.0
    size = np.sqrt(add(np.nan_to_num(table["area"].to_numpy(float))))
    local = common * multiple
    if e.rules.households.total > 0:
        # what all have in common is settled, and what neighbours have is not
        local = np.full(len(of), near / max(1.0 - rules.error_shared, 1e-9))
    local = np.clip(local * _fade(size)[of], 0.0, 1.0 - common)
    variance = add(np.sqrt(common) * deviation) ** 2 + add(np.sqrt(local) * deviation) ** 2
    variance += add((1.0 - common - local) * deviation**2)
    half = WIDE / 2.0 * np.sqrt(variance)
    total, number = add(held), np.bincount(of, minlength=count)
    known = e.take(list_settled)
    least = np.where(number == 1, add(first), np.maximum(total - half, 0.0))
    most = np.where(number == 1, add(last), total + half)
    fits = (np.abs(low - least) <= SLACK + 1e-6) & (np.abs(high - most) <= SLACK + 1e-6)
    settled = (low == total) & (high == total)
    # the only community that a total of the site leaves open may be taken for known
    alone = e.rules.households.total > 0 and int((~known).sum()) == 1
    return np.asarray(np.where(known, settled, fits | (settled & alone)))


def _fade(side: Floats) -> Floats:
    """Find how far errors that fade are alike, on average over two places of a square."""
    reach = 300.0  # m
    x = np.maximum(side / reach, 1e-3)
    one = np.sqrt(np.pi / 2.0) * erf(x / np.sqrt(2.0)) / x + np.expm1(-(x**2) / 2.0) / x**2
    return np.asarray(np.minimum(4.0 * one**2, 1.0))
