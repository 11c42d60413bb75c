"""Elements of a document of Word, and lengths in the units that it counts in."""

from __future__ import annotations

import re
from typing import Any

Element = Any  # an element of lxml, which carries no types

TWIPS_PER_MM = 1440 / 25.4
EMU_PER_MM = 36_000
_ENDS_OF_LINES = re.compile(r"[\t\r\n]+")
_NOT_IN_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")


def to_twips(millimetres: float) -> int:
    """Turn millimetres into twentieths of a point, which lengths on a page are given in.

    Examples
    --------
    >>> to_twips(210), to_twips(297)
    (11906, 16838)
    """
    return round(millimetres * TWIPS_PER_MM)


def make(tag: str, *children: Element | None, **attributes: object) -> Element:
    """Make an element of Word's main vocabulary; a child that is None is left out.

    Examples
    --------
    >>> make("jc", val="center").tag.rpartition("}")[2]
    'jc'
    """
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    for child in children:
        if child is not None:
            element.append(child)
    return element


def make_text(text: str) -> Element:
    """Make the element of a text, without characters that XML cannot hold."""
    from docx.oxml.ns import qn

    element = make("t")
    element.set(qn("xml:space"), "preserve")
    element.text = clean_text(text)
    return element


def clean_text(text: str) -> str:
    r"""Drop the characters that XML cannot hold, and turn the ends of lines into spaces.

    Examples
    --------
    >>> clean_text("东湖\x00社区\n（村）")
    '东湖社区 （村）'
    """
    return _NOT_IN_XML.sub("", _ENDS_OF_LINES.sub(" ", text))


def name_tag(tag: str) -> str:
    """Write a tag of Word's main vocabulary with its namespace, to look for it."""
    from docx.oxml.ns import qn

    return qn(f"w:{tag}")
