"""The one way to draw a map: a plan, and over it what is to be shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from gridplan.comparison.compare_plans import Comparison
from gridplan.errors import ArgumentError
from gridplan.maps.difference_map import draw_comparison
from gridplan.maps.plan_map import draw_plan
from gridplan.maps.simulation_map import draw_simulation
from gridplan.maps.surge_map import draw_surge
from gridplan.maps.years_map import draw_years
from gridplan.plan import Plan
from gridplan.simulation.requests.simulate_plan import Simulated
from gridplan.simulation.surge.run_surge import Surged
from gridplan.simulation.years.run_years import Years
from gridplan.tables.schema import Language

if TYPE_CHECKING:
    import folium

# What each kind of result is drawn by over its plan; a new kind is a row here.
DRAWERS: dict[type, Callable[..., Any]] = {
    Comparison: draw_comparison,
    Simulated: draw_simulation,
    Surged: draw_surge,
    Years: draw_years,
}


def draw_map(
    plan: Plan,
    show: Comparison | Simulated | Surged | Years | None = None,
    *,
    lang: Language = "en",
    layers: Literal["auto", "classes", "tiles"] = "auto",
    base_map: bool = False,
    title: str | None = None,
    reach: str | None = None,
) -> folium.Map:
    """Draw a plan, and what is to be shown over it, as a map.

    Parameters
    ----------
    plan
        The plan; its site's buildings, streets and barriers are drawn too.
    show
        A result to show over the plan that it is of: what ``compare`` returned
        (give the later plan), or ``simulate`` (with ``hourly=True`` for a
        slider over the week), ``surge`` or ``simulate_years``. The plan alone
        if not given.
    lang
        Language of every word on the page: ``"en"`` or ``"zh"``.
    layers
        ``"classes"``: one GeoJson layer per colour, which folium can change;
        ``"tiles"``: painted tile by tile, for plans of any size; ``"auto"``:
        classes up to 400 sub-grids and 2,000 buildings.
    base_map
        Whether OpenStreetMap's tiles lie under the plan; the page then needs
        the internet.
    title
        Title of the map; the community's name or a general one if not given.
    reach
        A kind of post, such as ``"canteen"``: the map opens with minutes on
        foot to the nearest of them. A plan whose reach was measured has that
        view in any case, for the reader to choose.

    Returns
    -------
    A folium map: it shows in a notebook, more can be added to it, and
    :func:`gridplan.write_map` writes it as one page that opens without a
    network.

    Raises
    ------
    ArgumentError
        If ``plan`` is no plan, or ``show`` is nothing that can be shown on a map.
    ValueError
        If ``lang`` or ``layers`` is another word.
    PlanError
        If the plan is a release that was changed since its check, a result is
        shown over a release or over another plan than its own, or ``reach`` is
        asked of a plan that does not hold it.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> type(draw_map(make_board_plan(), lang="zh")).__name__
    'Map'
    """
    # Every drawer takes these four, so that a new kind of result needs no change here.
    how = {"lang": lang, "layers": layers, "base_map": base_map, "title": title}
    if show is None:
        return draw_plan(plan, reach=reach, **how)  # type: ignore[arg-type]
    drawer = next((d for kind, d in DRAWERS.items() if isinstance(show, kind)), None)
    if drawer is None:
        known = ", ".join(kind.__name__ for kind in DRAWERS)
        raise ArgumentError(
            f"draw_map: a {type(show).__name__} cannot be shown on a map -> give one of {known}"
        )
    if reach is not None:
        raise ArgumentError("draw_map: reach is a view of a plan alone -> leave out show or reach")
    drawn: folium.Map = drawer(plan, show, **how)
    return drawn
