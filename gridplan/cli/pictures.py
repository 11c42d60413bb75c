"""Pictures and maps of a result, written where a verb was asked for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridplan.cli.options import Lang
    from gridplan.plan import Plan


def write_picture(result: Any, file: Path | None, lang: Lang, title: str = "") -> list[Path]:
    """Write the picture of a result, if a file was named; returns the files written."""
    if file is None:
        return []
    # matplotlib takes a second to load, which only a picture should cost.
    from gridplan.plots.figure import save_plot
    from gridplan.plots.plot_results import plot

    return [save_plot(plot(result, lang=lang.value, title=title), file)]


def write_page(plan: Plan, result: Any, file: Path | None, lang: Lang) -> list[Path]:
    """Write the map of a result over its plan, if a file was named; returns the files written."""
    if file is None:
        return []
    from gridplan.maps.draw import draw_map
    from gridplan.maps.offline import write_map

    # A page can be made again at any time, so that the one before is replaced.
    return [write_map(draw_map(plan, result, lang=lang.value), file, overwrite=True)]
