"""Pictures: what all plots share: a figure in a font that has all its characters, and the colours of the house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gridplan.errors import MissingPackageError

CJK = 0x2E7F  # the last character before the Chinese ones
FONTS = (
    *(
        "Noto Sans CJK SC",
        "Noto Sans CJK JP",
        "Source Han Sans SC",
        "Microsoft YaHei",
        "PingFang SC",
        "SimHei",
    ),
    *(
        "Hiragino Sans GB",
        "WenQuanYi Zen Hei",
        "WenQuanYi Micro Hei",
        "Noto Serif CJK SC",
        "Noto Serif CJK JP",
    ),
)
COLOURS = ("#15607a", "#d9822b", "#3f9a8c", "#a3195b", "#7a6a9b", "#5d6b7a")


@contextmanager
def open_figure(
    path: str | Path, size: tuple[float, float], title: str, words: Mapping[str, str]
) -> Iterator[Any]:
    """Open a figure in a font that has all its characters, and write it as a PNG when it is drawn."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError(
            "plots need matplotlib -> pip install 'gridplan[report]'"
        ) from error
    chinese = any(ord(letter) > CJK for letter in title + "".join(words.values()))
    with rc_context(
        {
            "font.family": [find_font()] if chinese else ["DejaVu Sans"],
            "font.size": 9,
            "svg.hashsalt": "gridplan",
        }
    ):
        figure = Figure(figsize=size, layout="constrained")
        yield figure
        if title:
            figure.suptitle(title)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def find_font() -> str:
    """Find a font with Chinese characters.

    Raises
    ------
    MissingPackageError
        If there is none; a plot would show empty boxes.
    """
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    for name in FONTS:
        if name in known:
            return name
    raise MissingPackageError(
        "no font here has Chinese characters -> install one, such as the package fonts-noto-cjk, or plot in English"
    )
