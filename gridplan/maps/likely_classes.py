"""Classes of how likely each sub-grid is truly in band, where households are estimates."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.plan import Plan
from gridplan.publishing.release_seal import is_released
from gridplan.tables.likely_band import LIKELY


def list_community_ranges(plan: Plan) -> dict[str, list[Any]]:
    """List between which numbers the households of each community lie; None where all is sure.

    Nothing for a release, or where all households were counted.
    """
    table = plan.site.communities
    low, high = (table[name].to_numpy(float) for name in ("households_low", "households_high"))
    is_open = high > low
    if is_released(plan) or not is_open.any():
        return {}
    return {
        name: [int(end) if there else None for end, there in zip(ends, is_open, strict=True)]
        for name, ends in (("from", low), ("to", high))
    }


def list_likely(plan: Plan) -> dict[str, list[Any]]:
    """List range and chance of each sub-grid, and the class of the chance.

    Nothing for a release, or where all households were counted.
    """
    table = plan.subgrids
    chance = table["chance_in_band"].to_numpy(float)
    low, high = (table[name].to_numpy() for name in ("households_low", "households_high"))
    is_open = (table["kind"] == "residential").to_numpy() & (high > low) & ~np.isnan(chance)
    if is_released(plan) or not is_open.any():
        return {}
    limits = np.array(LIKELY)[:, None]
    return {
        "from": low.tolist(),
        "to": [int(end) if there else None for end, there in zip(high, is_open, strict=True)],
        "chance": [None if np.isnan(c) else round(100 * c) for c in chance.tolist()],
        "likely": (np.nan_to_num(chance, nan=1.0) < limits).sum(axis=0).tolist(),
    }
