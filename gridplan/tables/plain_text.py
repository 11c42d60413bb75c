"""Texts without letters that are not shown but obeyed: by a terminal, or by whoever draws text."""

from __future__ import annotations

import re
import unicodedata

# Ends of lines and tabs, which would break a row or a message in two.
_BREAKS = re.compile(r"[\t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")
# Controls of a terminal, and of the order in which letters are shown: with these
# a name looks like another, or writes over what stands on the screen.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
_ANY = re.compile(f"{_BREAKS.pattern}|{_CONTROLS.pattern}")


def is_plain(text: str) -> bool:
    r"""Whether a text holds only letters that are shown.

    Examples
    --------
    >>> is_plain("3 号楼"), is_plain("a\x1b[2J"), is_plain("a\u202eb")
    (True, False, False)
    """
    return _ANY.search(text) is None


def make_plain(text: str) -> str:
    r"""Take controls out of a text; ends of lines and tabs become a space.

    Examples
    --------
    >>> make_plain("3 号楼\r\nwest\x07")
    '3 号楼 west'
    """
    return _CONTROLS.sub("", _BREAKS.sub(" ", text)).strip()


def drop_controls(text: str) -> str:
    r"""Take controls out of what is shown on a screen; its lines stay.

    Examples
    --------
    >>> drop_controls("one\ntwo\x1b[2J")
    'one\ntwo[2J'
    """
    return _CONTROLS.sub("", text)


def is_wide(letter: str) -> bool:
    """Whether a letter is as wide as a Chinese character.

    Examples
    --------
    >>> [is_wide(letter) for letter in "网，a1"]
    [True, True, False, False]
    """
    return unicodedata.east_asian_width(letter) in "WFA"
