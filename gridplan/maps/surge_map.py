"""An emergency on a map: minute by minute, which sub-grids wait for help, have it, and are seen to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.maps.colours import choose_severity
from gridplan.maps.time_slider import Reel, check_codes, choose_title, draw_reels
from gridplan.plan import Plan
from gridplan.simulation.surge import Surged
from gridplan.tables.schema import Language
from gridplan.tables.words import say

if TYPE_CHECKING:
    import folium

STATES = ("seen", "helped", "waits")  # from good to bad
STEPS = (
    0,
    5,
    10,
    15,
    20,
    30,
    40,
    50,
    60,
    75,
    90,
    105,
    120,
    150,
    180,
    210,
    240,
    300,
    360,
    420,
    480,
    540,
    600,
    720,
    840,
    960,
    1200,
    1440,
    1800,
    2160,
    2880,
    4320,
    5760,
    7200,
    8640,
    10080,
)


def draw_surge(
    plan: Plan,
    surged: Surged,
    *,
    lang: Language = "en",
    layers: Literal["auto", "classes", "tiles"] = "auto",
    base_map: bool = False,
    title: str | None = None,
) -> folium.Map:
    """Draw an emergency as a map with a slider over the minutes since it began.

    A reel for each event, as usual and in a surge: a sub-grid waits, then
    somebody is there, then all its affected households are seen to, each at
    the mean over the replications. What an event does not affect has no
    colour.

    Parameters
    ----------
    plan
        The plan that was tried.
    surged
        What came of it, from :func:`gridplan.surge`.
    lang, layers, base_map, title
        As :func:`gridplan.draw_map` takes them.

    Returns
    -------
    A folium map; :func:`gridplan.write_map` writes it as one page that opens
    without a network.

    Raises
    ------
    ValueError
        If ``lang`` or ``layers`` is another word.
    PlanError
        If the plan is a release, or not the one that was tried.
    """
    own = surged.helped.loc[surged.helped["level"] == "subgrid", "of"]
    codes = check_codes(plan, pd.Index(own.unique()).sort_values(), "affected")
    title = choose_title(plan, "surge_title", lang) if title is None else title
    return draw_reels(
        plan,
        codes,
        list_reels(surged, codes, lang),
        lang=lang,
        layers=layers,
        base_map=base_map,
        title=title,
    )


def list_reels(surged: Surged, codes: Any, lang: Language = "en") -> list[Reel]:
    """List the states of sub-grids, given by their codes, through the minutes: for each event as usual and in a surge."""
    events = surged.manifest["events"]
    last = max(told["hours"] for told in events.values()) * 60
    minutes = [step for step in STEPS if step < last] + [last]
    steps = tuple(_say_step(step, lang) for step in minutes)
    classes = tuple(
        zip(
            (say(f"surge_{name}", lang) for name in STATES),
            choose_severity(len(STATES)),
            strict=True,
        )
    )
    note = say("surge_note", lang, replications=surged.manifest["replications"])
    own = surged.helped[
        (surged.helped["level"] == "subgrid")
        & surged.helped["measure"].isin(["first_minutes", "seen_minutes"])
    ]
    times = own.pivot(index=["event", "posture", "measure"], columns="of", values="mean").reindex(
        columns=pd.Index(codes)
    )
    return [
        Reel(
            say(f"posture_{posture}", lang),
            steps,
            classes,
            find_states(times.loc[(name, posture)], minutes, told["hours"] * 60.0),
            note,
            name,
        )
        for name, told in events.items()
        for posture in ("surge", "usual")
    ]


def find_states(times: pd.DataFrame, minutes: Any, end: float) -> Ints:
    """Find the state of sub-grids at so many minutes: int8[steps, n] in the order of ``STATES``, -1 where they are not affected.

    ``times`` has the rows first_minutes and seen_minutes; what has not come by
    the end of the event, never comes.

    Examples
    --------
    >>> times = pd.DataFrame({"a": [15.0, 60.0], "b": [240.0, 240.0], "c": np.nan}, index=["first_minutes", "seen_minutes"])
    >>> find_states(times, [0, 20, 90, 240], 240.0).T.tolist()
    [[2, 1, 0, 0], [2, 2, 2, 2], [-1, -1, -1, -1]]
    """
    first, seen = (times.loc[name].to_numpy(float) for name in ("first_minutes", "seen_minutes"))
    at = np.asarray(minutes, float)[:, None]
    state = (
        2
        - ((at >= first) & (first < end)).astype(np.int8)
        - ((at >= seen) & (seen < end)).astype(np.int8)
    )
    return np.where(np.isnan(first), -1, state).astype(np.int8)


def _say_step(minutes: float, lang: Language) -> str:
    """Say how long after the beginning a frame is."""
    if minutes < 120:
        return say("minutes", lang, number=f"{minutes:g}")
    return (
        say("hours", lang, number=f"{minutes / 60:g}")
        if minutes < 2880
        else say("days", lang, number=f"{minutes / 1440:g}")
    )
