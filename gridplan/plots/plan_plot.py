"""A plan as a picture: its sub-grids by their households, with the limits of the communities."""

from __future__ import annotations

from functools import partial
from typing import Any

from gridplan.plan import Plan
from gridplan.plots.figure import Picture
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say


def compose_plan(plan: Plan, lang: Language) -> Picture:
    """Compose the sub-grids of a plan, coloured by their households; exclusive ones are grey."""
    return Picture(
        (partial(_draw_subgrids, plan=plan, lang=lang),), (8.0, 7.0), list_words("plan_plot", lang)
    )


def _draw_subgrids(axes: Any, alone: bool, plan: Plan, lang: Language) -> None:
    """Draw sub-grids, buildings over them, and the limits of communities on top."""
    # geopandas warns of an empty table, so that each is tested first.
    is_home = plan.subgrids["kind"] == "residential"
    edge = {"edgecolor": "white", "linewidth": 0.6}
    if (~is_home).any():
        plan.subgrids[~is_home].plot(ax=axes, color="#d9dce0", **edge)
    if is_home.any():
        plan.subgrids[is_home].plot(
            ax=axes,
            column="households",
            cmap="YlGnBu",
            legend=True,
            legend_kwds={"label": say("plan_plot.households", lang), "shrink": 0.6},
            **edge,
        )
    if len(plan.site.buildings):
        plan.site.buildings.plot(ax=axes, color="#555555", linewidth=0)
    if len(plan.site.communities):
        plan.site.communities.boundary.plot(ax=axes, color="black", linewidth=1.0)
    axes.set_aspect("equal")  # a metre is as long to the north as to the east
    axes.set_axis_off()
