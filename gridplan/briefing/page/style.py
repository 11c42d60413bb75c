"""How pages of a briefing look on the screen and on A4, read from style sheets."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal


@cache
def read_style(name: Literal["page", "contents"]) -> str:
    """Read the style of a kind of page, after what all have in common.

    Examples
    --------
    >>> "@page" in read_style("contents")
    True
    """
    folder = files("gridplan.briefing.page")
    sheets = ("common.css", f"{name}.css")
    return "".join(folder.joinpath(sheet).read_text(encoding="utf-8") for sheet in sheets)
