"""Views of what a release publishes by community, where it leaves out what sub-grids would show."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.plots.sheet.request import SheetRequest
from gridplan.plots.sheet.view import Caption, Key, View
from gridplan.rules.coverage import say_kind
from gridplan.tables.palette import INK, choose_bands
from gridplan.tables.words import say

ENDS = (95, 80, 50)  # % of households served at which the classes of communities end
WITHHELD = "#d9d9d9"
UNKNOWN = "#ffffff"


def view_released_coverage(plan: Plan, request: SheetRequest) -> View:
    """Colour communities by the share of their households that posts of a kind serve.

    Raises
    ------
    PlanError
        If the release publishes no shares served, or none by posts of the kind.
    """
    lang = request.lang
    rows, kind, minutes = _take_served(plan, request.kind)
    colours = choose_bands(len(ENDS))[1]
    shares = rows["value"].where(rows["shown"]).reindex(plan.site.communities.index)
    # Rounded down, as everywhere: what is not wholly served never reads as 100 %.
    percents = np.floor(shares.to_numpy(float) * 100 + 1e-6)
    withheld = plan.site.communities.index.isin(rows.index[~rows["shown"].astype(bool)])
    tones = [
        WITHHELD if out else UNKNOWN if np.isnan(p) else colours[sum(p < end for end in ENDS)]
        for p, out in zip(percents, withheld, strict=True)
    ]
    words = [say("sheet.share_first", lang, low=ENDS[0])]
    words += [say("sheet.share_next", lang, low=low, high=high) for high, low in pairwise(ENDS)]
    words.append(say("sheet.share_last", lang, high=ENDS[-1]))
    keys: list[Key] = [("fill", c, word) for c, word in zip(colours, words, strict=True)]
    for tone, word in ((WITHHELD, "sheet.share_withheld"), (UNKNOWN, "sheet.share_unknown")):
        keys += [("fill", tone, say(word, lang))] if tone in tones else []
    tone_of = dict(zip(plan.site.communities.index, tones, strict=True))
    captions = [
        Caption(land, f"{percent:.0f}%", INK["limit"])
        for land, percent in zip(plan.site.communities.geometry, percents, strict=True)
        if not np.isnan(percent)
    ]
    called = say_kind(kind, lang)
    return View(
        say("sheet.coverage", lang, kind=called[:1].upper() + called[1:]),
        [tone_of.get(code, UNKNOWN) for code in plan.subgrids["community"]],
        keys,
        captions=captions,
        notes=(say("sheet.share_note", lang, minutes=minutes),),
        has_codes=False,
    )


def _take_served(plan: Plan, kind: str | None) -> tuple[pd.DataFrame, str, str]:
    """Take the shares served by posts of a kind, by community; that least served if none asked."""
    table = plan.published
    served = table[table["measure"].str.startswith("served:")]
    parts = served["measure"].str.split(":", expand=True)
    served = served.assign(kind=parts[1], minutes=parts[2]) if len(served) else served
    rows = served[served["level"] == "community"]
    if rows.empty:
        raise PlanError(
            "the map cannot show how far posts reach: the release does not publish it "
            "-> map the working plan, or measure before the release: gridplan reach PLAN"
        )
    kinds = sorted(rows["kind"].unique())
    if kind is None:
        means = rows[rows["shown"].astype(bool)].groupby("kind")["value"].mean()
        # A kind without any post says nothing of where to walk.
        there = means[means > 0]
        kind = str(there.sort_index().idxmin()) if len(there) else kinds[0]
    elif kind not in kinds:
        raise PlanError(f"the release publishes no reach of {kind!r}; there are {', '.join(kinds)}")
    mine = rows[rows["kind"] == kind].sort_values("minutes")
    minutes = str(mine["minutes"].iloc[0])
    return mine[mine["minutes"] == minutes].set_index("of"), kind, minutes
