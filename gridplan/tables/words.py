"""The words of pages and pictures in English and Chinese, read from ``words.csv``.

A word is a row there: the page that carries it, its key, and what it says in
each language. Gaps in braces take values, such as ``{households}``; a list is
one word whose items are divided by ``|``. Labels of columns are in
``schema.csv`` instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from gridplan.tables.schema import Language

# Where a key without a page is looked up: what every map carries, then what
# only those with a slider over time say.
MAPS = ("map", "timeline")


@cache
def list_words(page: str, lang: Language = "en") -> Mapping[str, str]:
    """List all words of a page in a language by their keys, in the order of ``words.csv``.

    Raises
    ------
    KeyError
        If no word is of such a page.

    Examples
    --------
    >>> list_words("cause")["far"], list_words("cause", "zh")["far"]
    ('too far', '距离过远')
    """
    return MappingProxyType({key: both[lang] for key, both in _read_words()[page].items()})


def say(key: str, lang: Language = "en", **values: object) -> str:
    """Say a word in a language, with values put into its gaps.

    Parameters
    ----------
    key
        ``page.key``; a key alone is a word of maps.
    lang
        ``"en"`` or ``"zh"``.
    **values
        What its gaps are filled with.

    Raises
    ------
    KeyError
        If there is no such word.

    Examples
    --------
    >>> say("legend", "zh"), say("band_values", low=20, high=40)
    ('图例', 'band 20 to 40')
    >>> say("brief.unmet")
    'What is unmet'
    """
    page, _, name = key.rpartition(".")
    pages = (page,) if page else MAPS
    # a page that lacks the key is passed over: a word of maps is on one of two pages
    text = next((words[name] for p in pages if name in (words := list_words(p, lang))), None)
    if text is None:
        raise KeyError(f"words.csv has no word {key!r}")
    return text.format(**values) if values else text


def say_code(page: str, code: str, lang: Language = "en") -> str:
    """Say a code in the words of a page; one that the page lacks is said in its own word.

    Examples
    --------
    >>> say_code("gap_rule", "near_cut", "zh"), say_code("gap_rule", "tool_library")
    ('接近上一档', 'tool library')
    """
    return list_words(page, lang).get(code, code.replace("_", " "))


@cache
def _read_words() -> Mapping[str, Mapping[str, Mapping[Language, str]]]:
    """Read ``words.csv``: for each page, and each of its keys, both languages."""
    pages: dict[str, dict[str, Mapping[Language, str]]] = {}
    text = files("gridplan.tables").joinpath("words.csv").read_text(encoding="utf-8")
    # A word may hold a line break, so that the text is not split into lines here.
    for row in csv.DictReader(io.StringIO(text)):
        words = pages.setdefault(row["page"], {})
        if row["key"] in words:
            raise ValueError(f"words.csv has {row['page']}.{row['key']} twice")
        words[row["key"]] = {"en": row["en"], "zh": row["zh"]}
    return pages


def read_pages() -> Mapping[str, Mapping[str, Mapping[Language, str]]]:
    """Read all pages: for each of them, and each of its keys, both languages.

    Examples
    --------
    >>> read_pages()["cause"]["far"]["zh"]
    '距离过远'
    """
    return MappingProxyType(_read_words())
