"""Fonts that documents name, by what a text is for; a document names fonts and holds none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

FontRole = Literal["headline", "heading", "subheading", "body", "page_number"]


@dataclass(frozen=True)
class DocumentFont:
    """The fonts of one role: for Chinese, for Latin letters and digits, and what may stand in.

    ``fallbacks`` are fonts for Chinese in the order in which they should be
    taken where ``chinese`` is not installed; a document names them in its table
    of fonts. ``family`` is what a word processor goes by when it has none of them.
    """

    chinese: str
    latin: str
    fallbacks: tuple[str, ...]
    family: Literal["roman", "modern", "script"]


LATIN = "Times New Roman"
# The fonts of official documents (GB/T 9704), then those of older systems, then free ones.
# Fonts named _GB2312 hold 6,763 characters only, so that names of places may fall out.
DOCUMENT_FONTS: Mapping[FontRole, DocumentFont] = {
    "headline": DocumentFont(
        "方正小标宋简体",
        LATIN,
        ("方正小标宋_GBK", "华文中宋", "Noto Serif CJK SC"),
        "script",
    ),
    "heading": DocumentFont(
        "黑体", LATIN, ("SimHei", "Noto Sans CJK SC", "Source Han Sans SC"), "modern"
    ),
    "subheading": DocumentFont(
        "楷体", LATIN, ("KaiTi", "楷体_GB2312", "LXGW WenKai", "Noto Serif CJK SC"), "modern"
    ),
    "body": DocumentFont(
        "仿宋", LATIN, ("FangSong", "仿宋_GB2312", "Zhuque Fangsong", "Noto Serif CJK SC"), "modern"
    ),
    "page_number": DocumentFont("宋体", "宋体", ("SimSun", "Noto Serif CJK SC"), "roman"),
}


def list_chinese_fonts() -> Iterator[DocumentFont]:
    """List the fonts of all roles, those for Chinese once each.

    Examples
    --------
    >>> [font.chinese for font in list_chinese_fonts()]
    ['方正小标宋简体', '黑体', '楷体', '仿宋', '宋体']
    """
    seen: set[str] = set()
    for font in DOCUMENT_FONTS.values():
        if font.chinese not in seen:
            seen.add(font.chinese)
            yield font
