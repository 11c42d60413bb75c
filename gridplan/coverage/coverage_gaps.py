"""Gaps of coverage: sub-grids not fully served, with distance, cause and remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.coverage.coverage_tables import ReachTimes
from gridplan.rules.coverage import Service
from gridplan.tables.indicators import CITY

# The words are those of reach_reasons.find_reasons; the texts go into the table of gaps.
REASONS = {
    "none": "there is no {kind} that they may go to",
    "unsnapped": "no street that leads anywhere is within {limit} m of their doors",
    "shut": "a barrier or wall shuts their doors off from every street within {limit} m",
    "apart": "no street leads from theirs to a {kind}: there is no way between",
    "far": "the nearest {kind} is too far",
    "barrier": "a barrier cuts them off from the nearest {kind}",
    "roundabout": "the streets lead round to the nearest {kind}",
    "stairs": "the stairs to upper floors take the time that is left",
    "capacity": "every {kind} within reach is full",
}
REMEDIES = {
    "none": "set one up: gridplan propose PLAN --kind {kind} --add 1",
    "unsnapped": (
        "add the missing streets to the data and plan again, "
        "or look farther: --set walking.access_limit={more}"
    ),
    "shut": "add the missing gates or openings to the data and plan again",
    "apart": (
        "add the street that is missing between to the data and plan again, "
        "or add one on this side: gridplan propose PLAN --kind {kind} --add 1"
    ),
    "far": "add one nearby: gridplan propose PLAN --kind {kind} --add 1",
    "barrier": (
        "open a crossing, or add one on this side: gridplan propose PLAN --kind {kind} --add 1"
    ),
    "roundabout": "open a gate or a path, or add one nearby",
    "stairs": "bring the service to the upper floors",
    "capacity": "enlarge one, or add one: gridplan propose PLAN --kind {kind} --add 1",
}


def list_gaps(reach: ReachTimes, table: pd.DataFrame, limit: float) -> pd.DataFrame:
    """List the gaps of one kind of service point: each sub-grid with demand not served.

    Value is the mean minutes of those concerned (NaN where no way is known),
    need the threshold; the reason is the one that most of them have. A
    community that has none of its service points is one gap, and so is a city
    where no community has one. ``limit`` is the longest way from a door to a
    street, metres.
    """
    service = reach.service
    unserved = table.assign(left=table["demand"] - table["served"])
    unserved = unserved[unserved["left"] > 0]
    # the households behind the door in the same share as the demand that is not served
    share = unserved["left"] / unserved["demand"]
    unserved = unserved.assign(
        concerned=np.ceil((unserved["households"] * share).round(6)).astype("int64")
    )
    if unserved.empty:
        return pd.DataFrame(
            columns=[
                "rule",
                "level",
                "of",
                "community",
                "value",
                "need",
                "households",
                "reason",
                "remedy",
            ]
        )
    # a community without any such service point is one gap, not one for each sub-grid
    bare = (
        (unserved["reason"] == "none")
        & (service.scope != "subgrid")
        & (unserved["community"] != "")
    )
    # a kind that no community has is one gap of the whole city
    absent = len(reach.posts) == 0 and unserved.loc[bare, "community"].nunique() > 1
    unserved = unserved.assign(
        level=np.where(bare, "city" if absent else "community", "subgrid"),
        of=unserved["subgrid"].mask(bare, CITY if absent else unserved["community"]),
        community=unserved["community"].mask(bare & absent, ""),
    )
    unserved["long"] = unserved["left"] * unserved["minutes"]
    unserved["way"] = unserved["left"] * unserved["metres"]
    # a sum skips NaN, so its divisor must leave out the households without a known way too
    unserved["known"] = unserved["left"].where(unserved["minutes"].notna(), 0)
    keys = ["level", "of", "community"]
    # the reason of most households; of equals the first by name
    by_reason = (
        unserved.groupby([*keys, "reason"])["left"]
        .sum()
        .reset_index()
        .sort_values(["left", "reason"], ascending=[False, True])
    )
    main = by_reason.drop_duplicates(keys).set_index(keys)["reason"]
    gaps = unserved.groupby(keys)[["left", "long", "way", "known", "concerned"]].sum()
    # means are of the households for which a way is known
    known = gaps["known"].where(gaps["known"] > 0)
    gaps["value"] = gaps["long"] / known
    gaps["metres"] = gaps["way"] / known
    gaps["reason"] = main.reindex(gaps.index)
    return _describe_gaps(gaps.reset_index(), service, int(unserved["left"].sum()), limit)


def _describe_gaps(gaps: pd.DataFrame, service: Service, total: int, limit: float) -> pd.DataFrame:
    words = {"kind": service.kind, "limit": f"{limit:g}", "more": f"{2 * limit:g}"}
    way = (
        gaps["metres"].round().fillna(0).astype("int64").astype("str")
        + " m, "
        + gaps["value"].round(1).astype("str")
        + " min"
    )
    share = (100.0 * gaps["left"] / max(1, total)).round(1).astype("str")
    # "none" needs no distance; "far" means none within coverage.farthest
    unknown = (
        gaps["reason"]
        .map({"none": "", "apart": "", "far": ", farther than ways are looked for"})
        .fillna("; no way to one is known")
    )
    where = ("; " + way + " to the nearest").where(gaps["metres"].notna(), unknown)
    causes = gaps["reason"].map({word: text.format(**words) for word, text in REASONS.items()})
    return pd.DataFrame(
        {
            "rule": service.kind,
            "level": gaps["level"],
            "of": gaps["of"],
            "community": gaps["community"],
            "value": gaps["value"].round(3),
            "need": service.minutes,
            "households": gaps["concerned"],
            "reason": causes + where + " (" + share + " % of all who are not served)",
            "remedy": gaps["reason"].map(
                {word: text.format(**words) for word, text in REMEDIES.items()}
            ),
        }
    )
