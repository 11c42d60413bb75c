"""An emergency on a map: minute by minute, which sub-grids wait, have help, and are seen to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.maps.time_slider import Reel, check_codes, draw_reels
from gridplan.plan import Plan
from gridplan.publishing.place_and_date import choose_title
from gridplan.simulation.surge import Surged
from gridplan.tables.emergencies import name_event
from gridplan.tables.palette import choose_severity
from gridplan.tables.schema import Language
from gridplan.tables.words import say

if TYPE_CHECKING:
    import folium

STATES = ("seen", "helped", "waits")  # from good to bad
# Minutes of the frames, which lie further apart the later they are.
STEPS = (
    *(0, 5, 10, 15, 20, 30, 40, 50, 60, 75, 90, 105),
    *(120, 150, 180, 210, 240, 300, 360, 420, 480, 540, 600),  # from two hours
    *(720, 840, 960, 1200, 1440, 1800, 2160),  # from half a day
    *(2880, 4320, 5760, 7200, 8640, 10080),  # from two days, to a week
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
    affected = surged.helped.loc[surged.helped["level"] == "subgrid", "of"]
    codes = check_codes(plan, pd.Index(affected.unique()).sort_values(), "affected")
    title = choose_title(plan, lang, "surge_title") if title is None else title
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
    """List the states of sub-grids, given by their codes, through the minutes.

    There are two reels for each event: in a surge and as usual.
    """
    events = surged.manifest["events"]
    # All events share the steps of the longest, so that a change of event keeps the step.
    last = max(event["hours"] for event in events.values()) * 60
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
    rows = surged.helped[
        (surged.helped["level"] == "subgrid")
        & surged.helped["measure"].isin(["first_minutes", "seen_minutes"])
    ]
    # A sub-grid that one event does not affect has no times there: NaN, no colour.
    times = rows.pivot(index=["event", "posture", "measure"], columns="of", values="mean").reindex(
        columns=pd.Index(codes)
    )
    return [
        Reel(
            say(f"posture_{posture}", lang),
            steps,
            classes,
            find_states(times.loc[(name, posture)], minutes, event["hours"] * 60.0),
            note,
            name_event(name, event["kind"], lang),
            say("surge_unaffected", lang),
        )
        for name, event in events.items()
        for posture in ("surge", "usual")
    ]


def find_states(times: pd.DataFrame, minutes: Any, end: float) -> Ints:
    """Find the state of sub-grids at so many minutes, as a number in the order of ``STATES``.

    Returns int8[steps, n], -1 where a sub-grid is not affected. ``times`` has
    the rows first_minutes and seen_minutes; what has not come by the end of
    the event never comes.

    Examples
    --------
    >>> rows = ["first_minutes", "seen_minutes"]
    >>> times = pd.DataFrame({"a": [15.0, 60.0], "b": 240.0, "c": np.nan}, index=rows)
    >>> find_states(times, [0, 20, 90, 240], 240.0).T.tolist()
    [[2, 1, 0, 0], [2, 2, 2, 2], [-1, -1, -1, -1]]
    """
    first, seen = (times.loc[name].to_numpy(float) for name in ("first_minutes", "seen_minutes"))
    now = np.asarray(minutes, float)[:, None]
    # A time at the end means that nobody came while the event lasted.
    state = (
        2
        - ((now >= first) & (first < end)).astype(np.int8)
        - ((now >= seen) & (seen < end)).astype(np.int8)
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
