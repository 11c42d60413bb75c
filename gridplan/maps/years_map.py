"""The years to come on a map: how likely each sub-grid is in its band if nothing is redrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.maps.time_slider import (
    Reel,
    check_codes,
    draw_reels,
    grade,
    label_classes,
)
from gridplan.plan import Plan
from gridplan.publishing.place_and_date import choose_title
from gridplan.simulation.years import Years
from gridplan.tables.palette import STATES, choose_severity
from gridplan.tables.schema import Language
from gridplan.tables.words import say

if TYPE_CHECKING:
    import folium

CHANCES = (0.05, 0.25, 0.5, 0.75)  # edges of the classes of the chance to be out
MOST = 0.5  # more than this share of the futures is most of them


def draw_years(
    plan: Plan,
    foreseen: Years,
    *,
    lang: Language = "en",
    layers: Literal["auto", "classes", "tiles"] = "auto",
    base_map: bool = False,
    title: str | None = None,
) -> folium.Map:
    """Draw what is foreseen as a map with a slider over the years.

    Two reels: the chance of each sub-grid to be out of its band, and where it
    is in most futures: in its band, below it, above it, or gone. Both are of
    the policy that redraws nothing, since only then the sub-grids stay those
    of the plan.

    Parameters
    ----------
    plan
        The plan that was looked ahead from.
    foreseen
        What becomes of it, from :func:`gridplan.simulate_years`.
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
        If the plan is a release, or not the one that was looked ahead from.
    """
    codes = check_codes(plan, pd.Index(foreseen.bands["subgrid"].unique()), "foreseen")
    title = choose_title(plan, lang, "years_title") if title is None else title
    return draw_reels(
        plan,
        codes,
        list_reels(foreseen, lang),
        lang=lang,
        layers=layers,
        base_map=base_map,
        title=title,
    )


def list_reels(foreseen: Years, lang: Language = "en") -> list[Reel]:
    """List what is foreseen over the sub-grids: the chance to be out, and the likely state.

    Sub-grids come in the order of the table ``bands``.
    """
    table = foreseen.bands
    years = int(foreseen.manifest["years"]) + 1  # year 0 is the plan itself
    # The table has all years of a sub-grid one below the other; frames go by year.
    shares = {
        name: table[name].to_numpy(float).reshape(-1, years).T
        for name in ("inside", "over", "under", "gone")
    }
    steps = (say("year_now", lang), *(say("year", lang, year=year) for year in range(1, years)))
    note = say("years_note", lang, replications=foreseen.manifest["replications"])
    chances = label_classes([f"{100 * chance:g} %" for chance in CHANCES], lang)
    out = tuple(zip(chances, choose_severity(len(chances)), strict=True))
    states = tuple((say(f"state_{name}", lang), colour) for name, colour in STATES.items())
    never = say("years_never", lang)
    return [
        Reel(
            never,
            steps,
            out,
            # Rounded, since 1 - 0.95 is a little more than the edge 0.05.
            grade(np.round(1.0 - shares["inside"], 9), CHANCES),
            note,
            say("years_out", lang),
        ),
        Reel(never, steps, states, find_states(shares), note, say("years_state", lang)),
    ]


def find_states(shares: dict[str, Floats]) -> Ints:
    """Find the state that most futures agree on, as a number in the order of ``STATES``.

    Examples
    --------
    >>> none = np.zeros((1, 2))
    >>> shares = {"inside": np.array([[0.9, 0.5]]), "over": np.array([[0.1, 0.5]])}
    >>> find_states({**shares, "under": none, "gone": none}).tolist()
    [[0, 1]]
    """
    names = list(STATES)
    states = np.full(shares["inside"].shape, names.index("unsure"), np.int8)
    # No two states can have more than half of the futures each.
    for name, share in shares.items():
        states[share > MOST] = names.index(name)
    return states
