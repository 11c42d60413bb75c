"""Fonts: one that has all characters of a picture, and how it goes into a PDF."""

from __future__ import annotations

from functools import cache
from typing import Any

from gridplan.errors import MissingPackageError

CJK = 0x2E7F  # the last character before the Chinese ones
LATIN = "DejaVu Sans"  # comes with matplotlib, so that English is alike on every machine
# Looked for in this order; those of Linux, Windows and macOS. Japanese faces write some
# characters in another form, so that they are not among them.
FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "Hiragino Sans GB",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "LXGW WenKai",
    "Noto Serif CJK SC",
)


def choose_font(letters: str, family: str = "") -> str:
    """Choose a font that has every letter: the one asked for, else the first that has them.

    Raises
    ------
    MissingPackageError
        If no font on this machine has them; a picture would show empty boxes.
    """
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    needed = set(map(ord, letters)) - set(range(32))
    is_chinese = any(code > CJK for code in needed)
    if family and family not in known:
        raise MissingPackageError(
            f"there is no font {family!r} here -> install it, or name one that is installed"
        )
    # English alone has the font that comes with matplotlib, the same on every machine.
    order = (family,) if family else FONTS if is_chinese else (LATIN, *FONTS)
    there = [name for name in order if name in known]
    lacking = ""
    for name in there:
        missing = needed - read_characters(name)
        if not missing:
            return name
        lacking = lacking or "".join(map(chr, sorted(missing)[:8]))
    if lacking:
        raise MissingPackageError(
            f"no font here has the characters {lacking} "
            "-> install one, such as the package fonts-noto-cjk"
        )
    raise MissingPackageError(
        "no font here has Chinese characters "
        "-> install one, such as the package fonts-noto-cjk, or draw in English"
    )


@cache
def read_characters(family: str) -> frozenset[int]:
    """Read the code points that a font has."""
    return frozenset(_open_face(family).get_charmap())


@cache
def choose_pdf_type(families: tuple[str, ...]) -> int:
    """Choose how fonts go into a PDF: as type 3 where any has outlines of the kind CFF, else 42.

    A CFF font as type 42 is malformed: some programs then draw nothing.
    """
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    for family in families:
        file, number = _find_face(family)
        with TTFont(file, fontNumber=number, lazy=True) as face:
            if "glyf" not in face:
                return 3
    return 42


def _find_face(family: str) -> tuple[str, int]:
    """Find the file of a font, and the number of its face in the file."""
    from matplotlib.font_manager import FontProperties, findfont

    path = findfont(FontProperties(family=[family]))
    return str(path), int(getattr(path, "face_index", 0))


def _open_face(family: str) -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties(family=[family])))
