"""The language of a command: of what it shows, and of the pages and pictures that it writes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LANGUAGES = ("en", "zh")
VARIABLE = "GRIDPLAN_LANG"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts
# Columns that hold codes, names and words of the data, which are the same in every language.
_NAMES = {
    *("community", "name", "file", "column", "examples", "sub-grid", "instance", "first"),
    *("post", "at", "where", "command", "by", "code"),
}
_CITY = "site"  # the code of the whole city, which is no name from the data
_OF_FIGURES = {"figure", "measure"}  # columns that hold names of figures, as heads of tables do


class Translated(str):
    """A text for the screen that is in its language already."""

    __slots__ = ()


@dataclass
class Choice:
    """The language that the running command uses."""

    lang: str = "en"


LANGUAGE = Choice()


def find_language(environment: Mapping[str, str]) -> str:
    """Find the language that the environment asks for.

    Examples
    --------
    >>> find_language({"LANG": "zh_CN.UTF-8"}), find_language({"LANG": "de_DE.UTF-8"})
    ('zh', 'en')
    >>> find_language({"GRIDPLAN_LANG": "en", "LANG": "zh_CN.UTF-8"})
    'en'
    """
    asked = environment.get(VARIABLE, "").lower()
    if not asked:
        asked = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    return "zh" if asked.lower().startswith("zh") else "en"


def read_language(words: Sequence[str]) -> str | None:
    """Read from the words of a command the language that it asks for, the last one if several.

    Examples
    --------
    >>> read_language(["--lang", "en", "plan", "--lang=zh"]), read_language(["plan"])
    ('zh', None)
    """
    asked = None
    for n, word in enumerate(words):
        if word == "--":
            break
        value = words[n + 1] if word == "--lang" and n + 1 < len(words) else ""
        value = word.removeprefix("--lang=") if word.startswith("--lang=") else value
        asked = value if value in LANGUAGES else asked
    return asked


def choose_language(words: Sequence[str]) -> None:
    """Choose the language of a command by its option, else by the environment."""
    # Before typer reads the words, since what it says of them is in that language too.
    LANGUAGE.lang = read_language(words) or find_language(os.environ)


def is_chinese() -> bool:
    """Whether the running command speaks Chinese."""
    return LANGUAGE.lang == "zh"


def in_language(text: str, *, head: bool = False, page: str = "") -> str:
    """Put a text of the screen into the language of the command.

    ``head`` is for heads of tables and names of figures, ``page`` the page of ``words.csv`` that
    has the code.
    """
    if not is_chinese() or isinstance(text, Translated):
        return text
    # The catalogues take some milliseconds to read, which English should not cost.
    from gridplan.tables.translations import translate, translate_head

    if head:
        return Translated(translate_head(text, page))
    # What is escaped for rich is matched as it was written.
    if r"\[" in text:
        return Translated(translate(text.replace(r"\[", "[")).replace("[", r"\["))
    return Translated(translate(text))


def escape(text: str) -> str:
    """Escape what rich would take for markup, so that a name from the data is shown as it is."""
    return text.replace("[", r"\[")


def write_cell(cell: str, column: Sequence[str]) -> str:
    """Write a cell of a table: codes and names as they are, else in the language of the command."""
    # A name from the data may look like rich's markup, or like a word of ours.
    if not is_chinese():
        return escape(cell)
    if _NAMES.intersection(column):
        return Translated(in_language(cell) if cell == _CITY else escape(cell))
    page = "gap_rule" if "rule" in column else ""
    is_head = bool(page or _OF_FIGURES.intersection(column))
    return Translated(escape(in_language(cell, head=is_head, page=page)))
