"""Rules in Chinese: their units, meanings and sources, from the catalogue ``chinese/rules.csv``."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from gridplan.tables.words import say_code

_ARTICLE = re.compile(r"(.+), Art\. (\d+)")
_GAP = re.compile(r"\{\d\}")  # where a source stands within a remark of its own


def translate_rule(text: str) -> str:
    """Put the meaning or the source of a rule into Chinese; what has no row stays as it is.

    Examples
    --------
    >>> translate_rule("least number of households of a sub-grid")
    '子网格户数下限'
    >>> translate_rule("Gansu Daily, 2023 (community workers): at least yearly")
    '《甘肃日报》，2023（社区工作者）：至少每年一次'
    """
    rows = read_rows()
    if text in rows:
        return rows[text]
    article = _ARTICLE.fullmatch(text)
    if article and article[1] in rows:
        return f"{rows[article[1]]}，第{article[2]}条"
    for template, chinese in rows.items():
        sources = _match_gaps(template, text)
        if sources and all(source in rows for source in sources.values()):
            for gap, source in sources.items():
                chinese = chinese.replace(gap, rows[source])
            return chinese
    return text


def _match_gaps(template: str, text: str) -> Mapping[str, str]:
    """Match a text with a template: what stands in each of its gaps; nothing if it differs."""
    gaps = _GAP.findall(template)
    if not gaps:
        return {}
    found = re.fullmatch("(.+?)".join(map(re.escape, _GAP.split(template))), text)
    return dict(zip(gaps, found.groups(), strict=True)) if found else {}


def translate_unit(unit: str) -> str:
    """Put a unit into Chinese; a choice of words is what users write, and stays.

    Examples
    --------
    >>> translate_unit("requests/100 households/month"), translate_unit("urban|rural")
    ('件诉求/100 户/月', 'urban|rural')
    """
    if "|" in unit:
        return unit
    return "/".join(_translate_part(part) for part in unit.split("/"))


def _translate_part(part: str) -> str:
    number, _, word = part.rpartition(" ")
    if number.replace(",", "").isdigit():
        return f"{number} {say_code('unit', word, 'zh')}"
    return say_code("unit", part, "zh")


@cache
def read_rows() -> Mapping[str, str]:
    """Read the catalogue of this room: English texts and their Chinese."""
    file = files("gridplan.tables").joinpath("chinese", "rules.csv")
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return {row["en"]: row["zh"] for row in rows if row["zh"] not in ("", "-")}
