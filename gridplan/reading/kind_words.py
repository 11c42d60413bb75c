"""Words of a file for levels and kinds, such as 学校, put into those that verbs read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

# The columns of a table whose words are put into ours.
WORDED: Mapping[str, str] = {"counts": "level", "places": "kind", "institutions": "kind"}


@cache
def read_kind_words(column: str) -> Mapping[str, str]:
    """Read the words of a column and the codes that they are, the first word of each the usual one.

    Examples
    --------
    >>> read_kind_words("kind")["菜市场"]
    'market'
    """
    text = files("gridplan.reading").joinpath("kind_words.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({r["word"]: r["code"] for r in rows if r["column"] == column})


def match_kinds(table: str, words: Iterable[str]) -> dict[str, str]:
    """Match the words of a table's column in ``WORDED``; one that is not known stays as it is.

    Examples
    --------
    >>> match_kinds("counts", ["社区", "building"]), match_kinds("places", ["学校", "驿站"])
    ({'社区': 'community', 'building': 'building'}, {'学校': 'school', '驿站': '驿站'})
    """
    known = read_kind_words(WORDED[table])
    return {word: known.get(word, word) for word in words}


def list_usual_words(column: str) -> dict[str, str]:
    """List the usual word of each code of a column.

    Examples
    --------
    >>> list_usual_words("level")["community"]
    '社区'
    """
    usual: dict[str, str] = {}
    for word, code in read_kind_words(column).items():
        usual.setdefault(code, word)
    return usual
