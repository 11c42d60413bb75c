"""What all plots share: panels on a figure, fonts with Chinese, and the colours of the house."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridplan.engine.whole_files import draft_file
from gridplan.errors import MissingPackageError
from gridplan.plots.fonts import choose_font

COLOURS = ("#15607a", "#d9822b", "#3f9a8c", "#a3195b", "#7a6a9b", "#5d6b7a")
FONT_SIZE = 9
DPI = 110

# Draws one panel into axes; the flag says whether it stands alone, without the
# others that would carry its legend.
Panel = Callable[[Any, bool], None]


@dataclass(frozen=True)
class Picture:
    """How a result is drawn.

    Panels go from left to right, the main one first; the size is in inches;
    ``words`` are all texts used, from which the font is chosen.
    """

    panels: tuple[Panel, ...]
    size: tuple[float, float]
    words: Mapping[str, str]
    widths: tuple[float, ...] | None = None


def draw_picture(picture: Picture, axes: Any, title: str) -> Any:
    """Draw all panels of a picture on a new figure, or its main one on given axes.

    Returns the axes of the main one.
    """
    letters = title + "".join(picture.words.values())
    with use_font(letters):
        if axes is not None:
            picture.panels[0](axes, True)
            if title:
                axes.set_title(title)
            return axes
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=picture.size, layout="constrained")
        row = figure.subplots(1, len(picture.panels), squeeze=False, width_ratios=picture.widths)[0]
        for panel_axes, draw in zip(row, picture.panels, strict=True):
            draw(panel_axes, False)
        if title:
            figure.suptitle(title)
        return row[0]


def save_plot(axes: Any, path: str | Path) -> Path:
    """Save the whole figure that axes belong to as a PNG, the same bytes every time, and close it.

    Parameters
    ----------
    axes
        From :func:`gridplan.plot`.
    path
        The file to write.
    """
    from matplotlib import pyplot, rc_context

    # Marks of axes are made when a figure is drawn: in the font of their label.
    label = axes.xaxis.label
    fonts = rc_context({"font.family": label.get_fontfamily(), "font.size": FONT_SIZE})
    with fonts, draft_file(path) as draft:
        # matplotlib would write its version into the file.
        axes.figure.savefig(draft, format="png", dpi=DPI, metadata={"Software": None})
    # pyplot keeps every figure until it is closed, and warns of more than twenty.
    pyplot.close(axes.figure)
    return Path(path)


@contextmanager
def use_font(letters: str) -> Iterator[None]:
    """Draw in a font that has all the letters.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the
        Chinese characters that are needed.
    """
    need_matplotlib()
    from matplotlib import pyplot, rc_context

    # The backend is chosen before the settings are changed for a while. That of notebooks
    # turns on that figures are shown, which would end with these settings: later figures
    # stayed unseen.
    pyplot.draw_if_interactive()  # type: ignore[no-untyped-call]
    family = choose_font(letters)
    with rc_context({"font.family": [family], "font.size": FONT_SIZE, "svg.hashsalt": "gridplan"}):
        yield


def need_matplotlib() -> None:
    """Refuse to go on without matplotlib.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            "plots need matplotlib -> pip install 'gridplan[report]'"
        ) from error
