"""The rule on ranges of communities: what their sub-grids and known totals leave open, again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import Reporter
from gridplan.auditing.range_figures import cumulate, find_cases
from gridplan.auditing.totals_again import list_settled

LOW, HIGH = 0.05, 0.95
HAIR = 2e-3  # of a chance, as two ways of adding it up differ
SLACK = 1.0  # household, as land at the seams of a city's parts is matched afterwards


def check_community_ranges(evidence: Evidence) -> pd.DataFrame:
    """Check between which numbers each community's households are said to lie.

    Source: gridplan's schema: a known total leaves nothing open, and the errors
    of buildings are alike by the rules error_shared and error_near.
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
        given & ~_fit(e, low, high), "whose range is not that of its buildings' households"
    )


def _fit(e: Evidence, low: Floats, high: Floats) -> Bools:
    """Whether both ends are what the buildings' households come to."""
    held = e.residential & (e.lies_in >= 0)
    households = e.subgrids["households"].to_numpy(float)[held]
    total = np.bincount(e.lies_in[held], households, minlength=len(low))
    cases = find_cases(e, of_communities=True)
    fits = (low <= total) & (total <= high)
    for level, end in ((LOW, low), (HIGH, high)):
        reached = cumulate(end + SLACK, cases) >= level - HAIR
        first = cumulate(end - SLACK - 1.0, cases) < level + HAIR
        fits &= (reached & first) | (end == total)
    known = e.take(list_settled)
    settled = (low == total) & (high == total)
    # the only community that a total of the site leaves open may be taken for known
    alone = e.rules.households.total > 0 and int((~known).sum()) == 1
    return np.asarray(np.where(known, settled, fits | (settled & alone)))
