"""What is counted: the measures that verbs read from the table of counts, and their words."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from gridplan.tables.column_names import drop_unit, plain_name
from gridplan.tables.schema import Language


@cache
def read_measures() -> Mapping[str, str]:
    """Read ``measures.csv``: the plain form of each word for a measure -> the measure.

    Examples
    --------
    >>> read_measures()["志愿者"], read_measures()["party_members"]
    ('volunteers', 'party_members_full')
    """
    text = files("gridplan.tables").joinpath("measures.csv").read_text(encoding="utf-8")
    words: dict[str, str] = {}
    for row in csv.DictReader(text.splitlines()):
        for word in (row["measure"], row["zh"], row["en"], *row["aliases"].split("|")):
            if word:
                words.setdefault(plain_name(word), row["measure"])
    return words


@cache
def name_measures(lang: Language = "en") -> Mapping[str, str]:
    """Name the measures in a language: measure -> name.

    Examples
    --------
    >>> name_measures("zh")["elders"]
    '老年人'
    """
    text = files("gridplan.tables").joinpath("measures.csv").read_text(encoding="utf-8")
    return {row["measure"]: row[lang] for row in csv.DictReader(text.splitlines())}


def match_measures(words: Iterable[str]) -> dict[str, str]:
    """Match the words of a file to measures; a word that no verb reads stays as it is.

    Examples
    --------
    >>> match_measures(["党员", "Elders", "elders（人）", "cats"])
    {'党员': 'party_members_full', 'Elders': 'elders', 'elders（人）': 'elders', 'cats': 'cats'}
    """
    known = read_measures()
    plain = {word: plain_name(word) for word in words}
    return {word: known.get(name, known.get(drop_unit(name), word)) for word, name in plain.items()}
