"""The one way to plot: a result goes in, matplotlib's axes come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, cast

from gridplan.comparison.alternatives import Alternatives
from gridplan.comparison.compare_plans import Comparison
from gridplan.comparison.frontier import Frontier
from gridplan.errors import ArgumentError
from gridplan.plan import Plan
from gridplan.plots.change_plots import (
    compose_alternatives,
    compose_budget,
    compose_change,
    compose_years,
)
from gridplan.plots.figure import Picture, draw_picture
from gridplan.plots.fit_plot import compose_fit
from gridplan.plots.plan_plot import compose_plan
from gridplan.plots.result_plots import (
    compose_frontier,
    compose_reach,
    compose_simulation,
    compose_surge,
)
from gridplan.redrawing.change_budget import Budget
from gridplan.simulation.requests.simulate_plan import Simulated
from gridplan.simulation.surge.run_surge import Surged
from gridplan.simulation.years.run_years import Years
from gridplan.site import Site
from gridplan.tables.schema import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What each kind of result is drawn by; a new kind is a row here.
COMPOSERS: dict[type, Callable[[Any, Language], Picture]] = {
    Alternatives: compose_alternatives,
    Budget: compose_budget,
    Comparison: compose_change,
    Frontier: compose_frontier,
    Plan: compose_plan,
    Simulated: compose_simulation,
    Site: compose_fit,
    Surged: compose_surge,
    Years: compose_years,
}


def plot(
    result: Plan
    | Site
    | Alternatives
    | Budget
    | Comparison
    | Frontier
    | Simulated
    | Surged
    | Years,
    ax: Axes | None = None,
    *,
    show: Literal["subgrids", "reach"] = "subgrids",
    lang: Language = "en",
    title: str = "",
) -> Axes:
    """Plot a plan or a result with matplotlib.

    Most results have two or three panels beside each other. Without ``ax`` a
    figure with all of them is made, and the axes of the main one, on the left,
    are returned; with ``ax`` the main panel alone is drawn on it.

    Parameters
    ----------
    result
        A plan, or what ``compare``, ``find_alternatives``, ``trace_frontier``,
        ``trace_budget``, ``simulate``, ``surge`` or ``simulate_years`` returned; or
        a site as ``hold_out`` returned it: how estimates fit counts.
    ax
        Axes to draw the main panel on.
    show
        What of a plan is drawn: its sub-grids by their households, or
        ``"reach"``: the share of the households that each kind of post reaches.
    lang
        ``"en"`` or ``"zh"``.
    title
        Stands over the picture.

    Returns
    -------
    The axes of the main panel. ``ax.figure.savefig("plot.png")`` saves all.

    Raises
    ------
    ArgumentError
        If there is no plot of such a result.
    PlanError
        If the reach of a plan that was not measured is asked for.
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the
        Chinese characters that are needed.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plot(make_board_plan()).get_aspect()
    1.0
    """
    if lang not in ("en", "zh"):
        raise ArgumentError(f'lang must be "en" or "zh", not {lang!r}')
    compose = next((c for kind, c in COMPOSERS.items() if isinstance(result, kind)), None)
    if compose is None:
        known = ", ".join(kind.__name__ for kind in COMPOSERS)
        raise ArgumentError(
            f"plot: there is no plot of a {type(result).__name__} -> give one of {known}"
        )
    # Only a plan has a second picture.
    if show == "reach" and isinstance(result, Plan):
        picture = compose_reach(result, lang)
    elif show == "subgrids":
        picture = compose(result, lang)
    else:
        raise ArgumentError(f'plot: show must be "subgrids", or "reach" of a plan, not {show!r}')
    return cast("Axes", draw_picture(picture, ax, title))
