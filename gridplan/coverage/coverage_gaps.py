"""Gaps of coverage: sub-grids whose households no post serves, ranked, with distance, cause and remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.coverage.coverage_tables import Reach
from gridplan.rules.coverage import Service

REASONS = {
    "none": "there is no {kind} that they may go to",
    "unsnapped": "their doors reach no street",
    "far": "the nearest {kind} is too far",
    "barrier": "a barrier cuts them off from the nearest {kind}",
    "roundabout": "the streets lead round to the nearest {kind}",
    "stairs": "the stairs to upper floors take the time that is left",
    "capacity": "every {kind} within reach is full",
}
REMEDIES = {
    "none": "set one up: gridplan propose PLAN --kind {kind} --add 1",
    "unsnapped": "add the missing streets or gates to the data, or raise walking.access_limit",
    "far": "add one nearby: gridplan propose PLAN --kind {kind} --add 1",
    "barrier": "open a crossing, or add one on this side: gridplan propose PLAN --kind {kind} --add 1",
    "roundabout": "open a gate or a path, or add one nearby",
    "stairs": "bring the service to the upper floors",
    "capacity": "enlarge one, or add one: gridplan propose PLAN --kind {kind} --add 1",
}


def list_gaps(reach: Reach, table: pd.DataFrame) -> pd.DataFrame:
    """List the gaps of one kind of post from its reach: a row for each sub-grid with households that are not served.

    Value is the mean minutes of the households concerned (NaN where no way is
    known), need the threshold; the reason is the one that most of them have. A
    community that has none of its posts is one gap.
    """
    service = reach.service
    own = table.assign(left=table["households"] - table["served"])
    own = own[own["left"] > 0]
    if own.empty:
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
    bare = (own["reason"] == "none") & (service.scope != "subgrid") & (own["community"] != "")
    own = own.assign(
        level=np.where(bare, "community", "subgrid"),
        of=own["community"].where(bare, own["subgrid"]),
    )
    own["long"], own["way"] = own["left"] * own["minutes"], own["left"] * own["metres"]
    own["known"] = own["left"].where(own["minutes"].notna(), 0)
    keys = ["level", "of", "community"]
    by_reason = (
        own.groupby([*keys, "reason"])["left"]
        .sum()
        .reset_index()
        .sort_values(["left", "reason"], ascending=[False, True])
    )
    main = by_reason.drop_duplicates(keys).set_index(keys)["reason"]
    found = own.groupby(keys)[["left", "long", "way", "known", "households"]].sum()
    known = found["known"].where(found["known"] > 0)
    found["value"], found["metres"] = found["long"] / known, found["way"] / known
    found["reason"] = main.reindex(found.index)
    return _word_gaps(found.reset_index(), service, int(own["left"].sum()))


def _word_gaps(found: pd.DataFrame, service: Service, total: int) -> pd.DataFrame:
    kind = service.kind
    way = (
        found["metres"].round().fillna(0).astype("int64").astype("str")
        + " m, "
        + found["value"].round(1).astype("str")
        + " min"
    )
    share = (100.0 * found["left"] / max(1, total)).round(1).astype("str")
    unknown = (
        found["reason"]
        .map({"none": "", "far": ", farther than ways are looked for"})
        .fillna("; no way to one is known")
    )
    where = ("; " + way + " to the nearest").where(found["metres"].notna(), unknown)
    words = found["reason"].map({word: text.format(kind=kind) for word, text in REASONS.items()})
    return pd.DataFrame(
        {
            "rule": kind,
            "level": found["level"],
            "of": found["of"],
            "community": found["community"],
            "value": found["value"].round(3),
            "need": service.minutes,
            "households": found["left"].astype("int64"),
            "reason": words + where + " (" + share + " % of all who are not served)",
            "remedy": found["reason"].map(
                {word: text.format(kind=kind) for word, text in REMEDIES.items()}
            ),
        }
    )
