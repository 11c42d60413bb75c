"""The map of a plan as a picture for a page of text: as large as its place on the page."""

from __future__ import annotations

import io

from gridplan.plan import Plan
from gridplan.plots.figure import need_matplotlib
from gridplan.plots.printed_map import View, plot_map
from gridplan.tables.schema import Language

INCH = 25.4


def draw_map_picture(
    plan: Plan,
    view: View,
    width: float,
    height: float,
    *,
    community: str = "",
    before: Plan | None = None,
    lang: Language = "en",
    font: str = "",
    dpi: int = 200,
) -> bytes:
    """Draw the map of a view as a PNG of ``width`` by ``height`` millimetres.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> draw_map_picture(make_board_plan(), "subgrids", 80, 60)[1:4]
    b'PNG'
    """
    need_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / INCH, height / INCH), dpi=dpi)
    axes = figure.add_axes((0, 0, 1, 1))
    plot_map(
        plan, axes, view=view, community=community, before=before, lang=lang, font=font, title=""
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
