"""Views of the land itself: sub-grids, their households, in band or not, and walks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gridplan.errors import PlanError
from gridplan.geometry.tones import choose_tones
from gridplan.plan import Plan
from gridplan.plots.sheet.request import SheetRequest
from gridplan.plots.sheet.view import (
    Key,
    Overlay,
    View,
    fill_homes,
    list_unlived_keys,
    require_column,
)
from gridplan.tables.likely_band import LIKELY
from gridplan.tables.palette import (
    BAND,
    INK,
    LOADS,
    PRINT_TONES,
    REACH_BEYOND,
    REACH_FILLS,
    choose_severity,
    grade_loads,
)
from gridplan.tables.words import say

WALKS = (10, 20, 40, 80)  # metres at which the classes of mean walks end


def view_subgrids(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids so that neighbours differ."""
    tones = choose_tones(plan.subgrids.geometry.to_numpy(), len(PRINT_TONES))
    fills = fill_homes(plan, [PRINT_TONES[tone] for tone in tones])
    keys: list[Key] = [("tones", PRINT_TONES[:4], say("any_colour", request.lang))]
    overlays, more = _show_out_of_band(plan, request)
    return View(
        say("sheet.subgrids", request.lang),
        fills,
        [*keys, *list_unlived_keys(plan, request.lang), *more],
        overlays,
    )


def view_households(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids by their households beside the band."""
    require_column(plan, "households", "households of sub-grids")
    grades = grade_loads(plan.subgrids)
    words = ("load_under", "load_lower", "load_upper", "load_over")
    keys: list[Key] = [
        ("fill", colour, say(word, request.lang)) for colour, word in zip(LOADS, words, strict=True)
    ]
    return View(
        say("sheet.households", request.lang),
        fill_homes(plan, [LOADS[grade] for grade in grades]),
        [*keys, *list_unlived_keys(plan, request.lang)],
    )


def view_band(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids by whether they are in band, which a release says too."""
    colours = [BAND[0 if inside else 1] for inside in plan.subgrids["in_band"]]
    overlays, more = _show_out_of_band(plan, request)
    keys: list[Key] = [("fill", BAND[0], say("band_in", request.lang))]
    if more:
        keys.append(("hatch", (BAND[1], INK["out"]), say("band_out", request.lang)))
    return View(
        say("sheet.band", request.lang),
        fill_homes(plan, colours),
        [*keys, *list_unlived_keys(plan, request.lang)],
        overlays,
    )


def _show_out_of_band(plan: Plan, request: SheetRequest) -> tuple[list[Overlay], list[Key]]:
    """Hatch the sub-grids out of band, which a print in grey shows too."""
    table = plan.subgrids
    out = ((table["kind"] == "residential") & ~table["in_band"]).to_numpy(bool)
    if not out.any():
        return [], []
    shapes = table.geometry.to_numpy()[out]
    look = {
        "facecolor": "none",
        "edgecolor": INK["out"],
        "hatch": "////",
        "linewidth": 1.0,
        "hatch_linewidth": 0.4,
    }
    key: Key = ("hatch", ("#ffffff", INK["out"]), say("band_out", request.lang))
    return [Overlay("area", shapes, look)], [key]


def view_chance(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids by the chance that their true households are in band."""
    chance = require_column(plan, "chance_in_band", "the chance of being in band")
    low, high = (plan.subgrids[c].to_numpy() for c in ("households_low", "households_high"))
    if not (high > low).any():
        raise PlanError(
            "the map cannot show the chance of being in band: all households were counted "
            "-> map the view band"
        )
    colours = choose_severity(len(LIKELY) + 1)
    # Land without a chance of its own was counted: it is what it says.
    grades = (np.nan_to_num(chance, nan=1.0) < np.array(LIKELY)[:, None]).sum(axis=0)
    ends = [f"{100 * end:.0f}" for end in LIKELY]
    words = [say("chance_first", request.lang, low=ends[0])]
    words += [say("chance_next", request.lang, low=b, high=a) for a, b in pairwise(ends)]
    words.append(say("chance_last", request.lang, high=ends[-1]))
    keys: list[Key] = [("fill", c, word) for c, word in zip(colours, words, strict=True)]
    return View(
        say("sheet.chance", request.lang),
        fill_homes(plan, [colours[grade] for grade in grades]),
        [*keys, *list_unlived_keys(plan, request.lang)],
    )


def view_walking(plan: Plan, request: SheetRequest) -> View:
    """Colour sub-grids by the mean walk to their centre, in metres."""
    walks = require_column(plan, "mean_walk", "walks to the centre")
    colours = (*REACH_FILLS[: len(WALKS)], REACH_BEYOND)
    grades = np.searchsorted(WALKS, np.nan_to_num(walks, nan=np.inf))
    fills = ["#ffffff" if np.isnan(w) else colours[g] for w, g in zip(walks, grades, strict=True)]
    words = [say("sheet.walk_first", request.lang, high=WALKS[0])]
    words += [say("sheet.walk_next", request.lang, low=a, high=b) for a, b in pairwise(WALKS)]
    words.append(say("sheet.walk_last", request.lang, low=WALKS[-1]))
    keys: list[Key] = [("fill", c, word) for c, word in zip(colours, words, strict=True)]
    if (np.isnan(walks) & (plan.subgrids["kind"] == "residential").to_numpy()).any():
        keys.append(("fill", "#ffffff", say("sheet.no_walk", request.lang)))
    return View(
        say("sheet.walking", request.lang),
        fill_homes(plan, fills),
        [*keys, *list_unlived_keys(plan, request.lang)],
    )
