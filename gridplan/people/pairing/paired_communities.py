"""The communities that are paired: where their households are, and how much each needs help."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.people.counts import tally_counts
from gridplan.plan import Plan
from gridplan.rules.pairing import PairingRules
from gridplan.tables.whole_shares import share_total

# metres that a community without its least help counts: more than any chain of longer ways
DUTY = 10_000_000
# The columns of links, in the order in which every kind of them is made.
LINK_COLUMNS = (
    *("kind", "source", "community", "target", "amount"),
    *("hours", "distance", "kept", "price"),
)
CROWD = 10  # steps in which each further helper costs more; beyond, the last price stays


def prepare_towns(plan: Plan, rules: PairingRules) -> pd.DataFrame:
    """Prepare the communities: mean position, households, elders, workers short and need.

    Need is 1 for a community of mean size, elders and shortage: households,
    elders and missing workers each as a share of the mean, weighted by the
    rules. What is not known of a community counts as its share of households.
    """
    codes = plan.site.communities.sort_index().index
    stairwells = plan.stairwells
    weight = stairwells["households"].to_numpy(float)
    place = codes.get_indexer(pd.Index(stairwells["community"]))
    # Stairwells of a community that the site does not list count nowhere.
    known = place >= 0
    mass = np.bincount(place[known], weight[known], minlength=len(codes))
    xy = np.column_stack(
        [
            shapely.get_x(stairwells.geometry.to_numpy()),
            shapely.get_y(stairwells.geometry.to_numpy()),
        ]
    )
    middle = [
        np.bincount(place[known], (weight * xy[:, d])[known], minlength=len(codes))
        / np.maximum(mass, 1.0)
        for d in (0, 1)
    ]
    # Where nobody lives, ways begin somewhere on the land.
    empty = shapely.point_on_surface(plan.site.communities.sort_index().geometry.to_numpy())
    table = pd.DataFrame(
        {
            "x": np.where(mass > 0, middle[0], shapely.get_x(empty)),
            "y": np.where(mass > 0, middle[1], shapely.get_y(empty)),
            "households": mass,
            "elders": tally_counts(plan.site, ["elders"], pd.Series(mass, index=codes))["elders"],
            "short": find_short(plan, codes),
            "kind": plan.site.communities["kind"].reindex(codes).to_numpy(object),
            "subdistrict": plan.site.communities["subdistrict"].reindex(codes).to_numpy(object),
        },
        index=codes,
    )
    need = relate(table["households"].to_numpy(), None)
    # Elders and shortage count beside households; unknown ones as the households do.
    base = need.copy()
    for column, share in (("elders", rules.need_elders), ("short", rules.need_short)):
        need += share * relate(table[column].to_numpy(float), base)
    return table.assign(need=need)


def find_short(plan: Plan, codes: Any) -> Floats:
    """Find the full-time workers each community lacks, as staffed; NaN where not staffed."""
    full_workers = plan.indicators[
        (plan.indicators["level"] == "community") & (plan.indicators["measure"] == "full_workers")
    ]
    short = (
        (full_workers["need"] - full_workers["value"])
        .clip(lower=0)
        .set_axis(full_workers["of"].to_numpy(object))
    )
    return np.asarray(short.reindex(codes), float)


def relate(values: Floats, base: Floats | None) -> Floats:
    """Relate values to their mean; ``base`` where unknown, and where all are zero.

    Examples
    --------
    >>> relate(np.array([1.0, 3.0, np.nan]), np.array([1.0, 1.0, 0.5])).tolist()
    [0.5, 1.5, 0.5]
    """
    known = ~np.isnan(values)
    mean = values[known].mean() if known.any() else 0.0
    # Without a base, all are equal.
    other = np.ones(len(values)) if base is None else base
    return np.where(known, np.nan_to_num(values) / mean, other) if mean > 0 else other.copy()


def make_steps(need: Floats, total: int, least: int, rules: PairingRules) -> Ints:
    """Make the steps of price in which communities take helpers.

    The first ``least`` are a duty; up to the community's share of the
    ``total`` by need each saves the price of need; each further one costs the
    price of a crowd more than the one before.

    Examples
    --------
    >>> make_steps(np.array([1.0]), 3, 1, PairingRules())[:3].tolist()
    [[0, 1, -10000000], [0, 2, -1000], [0, 1, 500]]
    """
    # The duty comes first, even where a share by need would be smaller.
    target = np.maximum(share_total(max(total, least * len(need)), need), least)
    rows = np.arange(len(need))
    crowd = np.arange(1, CROWD + 1)
    parts = [
        np.column_stack([rows, np.full(len(need), least), np.full(len(need), -DUTY)]),
        np.column_stack([rows, target - least, np.full(len(need), -round(rules.need_price))]),
        np.column_stack(
            [
                np.repeat(rows, CROWD),
                # The last step of the crowd is as long as all helpers, so that
                # somebody can always be taken in.
                np.tile(np.where(crowd < CROWD, 1, max(1, total)), len(need)),
                np.tile(np.rint(crowd * rules.crowd_price), len(need)),
            ]
        ),
    ]
    steps = np.vstack(parts).astype(np.int64)
    # Empty steps would be columns that no flow can use.
    steps = steps[steps[:, 1] > 0]
    return steps[np.lexsort((steps[:, 2], steps[:, 0]))]
