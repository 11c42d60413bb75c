"""The plot of fit: estimates of counted buildings, made without their counts, beside them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import ArgumentError
from gridplan.plots.figure import COLOURS, Picture
from gridplan.site import Site
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words


def compose_fit(site: Site, lang: Language) -> Picture:
    """Compose how estimates fit counts, for a site as :func:`hold_out` gives it."""
    table = site.buildings
    rows = table[table["households_observed"].notna() & (table["households_origin"] != "observed")]
    if rows.empty:
        raise ArgumentError(
            "plot: the site has no counted building that was estimated without its count -> "
            "give what hold_out of gridplan.planning.household_estimates returns"
        )
    panels = (partial(_draw_fit, table=pd.DataFrame(rows), lang=lang),)
    return Picture(panels, (5.4, 5.0), list_words("fit_plot", lang))


def _draw_fit(axes: Any, alone: bool, table: pd.DataFrame, lang: Language) -> None:
    words = list_words("fit_plot", lang)
    real, guess, low, high = (
        table[name].to_numpy(float)
        for name in (*("households_observed", "households", "households_low", "households_high"),)
    )
    inside = (low <= real) & (real <= high)
    for mask, colour, word in ((inside, COLOURS[0], "inside"), (~inside, COLOURS[1], "outside")):
        if not mask.any():
            continue
        spans = np.vstack([guess[mask] - low[mask], high[mask] - guess[mask]])
        axes.errorbar(
            real[mask],
            guess[mask],
            yerr=spans,
            fmt="o",
            markersize=3,
            linewidth=0.8,
            alpha=0.7,
            color=colour,
            label=words[word].format(count=f"{int(mask.sum()):,}"),
        )
    end = max(float(real.max()), float(high.max()), 1.0) * 1.05
    axes.plot([0, end], [0, end], color=COLOURS[5], linewidth=1.0, label=words["same"])
    # single houses and towers on one picture: even to 2, and by the logarithm beyond
    for scale in (axes.set_xscale, axes.set_yscale):
        scale("symlog", linthresh=2)
    axes.set_xlim(-0.2, end)
    axes.set_ylim(-0.2, end)
    axes.set_xlabel(words["counted"])
    axes.set_ylabel(words["estimated"])
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
