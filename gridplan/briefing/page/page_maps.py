"""Maps for a page on the screen: as wide as its text."""

from __future__ import annotations

from typing import cast

import numpy as np

from gridplan.briefing.facts import Facts
from gridplan.briefing.pictures import draw_map
from gridplan.briefing.request import BriefingRequest
from gridplan.errors import ArgumentError, MissingPackageError, PlanError
from gridplan.plots.printed_map import View
from gridplan.tables.translations import translate
from gridplan.tables.words import say

WIDTH = 174.0  # mm, the text of A4
LOWEST, HIGHEST = 90.0, 200.0  # mm
DPI = 150


def draw_page_map(
    facts: Facts,
    request: BriefingRequest,
    view: str,
    dpi: int = DPI,
) -> bytes | str:
    """Draw the map of a view as a small PNG, or say why it cannot be drawn."""
    lang = request.lang
    try:
        height = choose_height(facts)
        return draw_map(facts, request, cast("View", view), WIDTH, height, dpi=dpi)
    except (PlanError, ArgumentError, MissingPackageError) as error:
        why = translate(str(error)) if lang == "zh" else str(error)
        return say("page.no_map", lang, view=say(f"page.view_{view}", lang), why=why)


def choose_height(facts: Facts) -> float:
    """Choose the height of a map by the shape of the land, within what a page has room for."""
    west, south, east, north = facts.plan.site.communities.total_bounds
    return float(np.clip(WIDTH * (north - south) / max(east - west, 1.0), LOWEST, HIGHEST))
