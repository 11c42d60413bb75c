"""The filter and the reckoning of a figure in words, for readers who know no expressions."""

from __future__ import annotations

import re

from gridplan.publishing.published_figures import BriefFigure
from gridplan.tables.measures import name_measures
from gridplan.tables.requirements import read_document
from gridplan.tables.roles import read_roles
from gridplan.tables.schema import Language, read_schema
from gridplan.tables.words import list_words, say, say_code

_IS = re.compile(r'(\w+) == "(\w+)"')
_IN = re.compile(r"(\w+) in \[(.*)\]")
_NOT_EMPTY = re.compile(r'(\w+) != ""')
_KNOWN = re.compile(r"(\w+) == \1")
_LEAST = re.compile(r"(\w+) >= (\d+)")
_TRUE = re.compile(r"(\w+) == True")
_BELOW = re.compile(r"(\w+) < ([a-z]\w*)")
# The key of the words of each form of a condition.
_FORMS = {
    "is_known": _KNOWN,
    "is_not_empty": _NOT_EMPTY,
    "at_least": _LEAST,
    "is_true": _TRUE,
    "below": _BELOW,
}
# What the filters of counts take from the communities rather than from their own table.
_JOINED = {"community_kind": "stairwells"}


def say_table(figure: BriefFigure, lang: Language = "en") -> str:
    """Say the table of a figure.

    Examples
    --------
    >>> from gridplan.publishing.published_figures import list_figures
    >>> say_table(list_figures()["subgrids"], "zh")
    '子网格'
    """
    text = list_words("plan_table", lang)[figure.table]
    return re.split(r"[:：（(]", text, maxsplit=1)[0].strip()


def say_filter(figure: BriefFigure, lang: Language = "en") -> str:
    """Say which rows of its table a figure takes; empty where it takes all.

    Examples
    --------
    >>> from gridplan.publishing.published_figures import list_figures
    >>> say_filter(list_figures()["households_urban"], "zh")
    '网格类别为居民，城乡类别为城市'
    >>> say_filter(list_figures()["grid_workers"])
    'role: full-time grid worker or part-time grid worker, filled'
    """
    parts = [p for p in figure.filter.split(" and ") if p]
    between = "，" if lang == "zh" else ", "
    return between.join(_say_condition(figure.table, part, lang) for part in parts)


def say_how(figure: BriefFigure, lang: Language = "en") -> str:
    """Say how a figure is reckoned from those rows.

    Examples
    --------
    >>> from gridplan.publishing.published_figures import list_figures
    >>> figures = list_figures()
    >>> say_how(figures["members"], "zh"), say_how(figures["rated_a"], "zh")
    ('正式党员数、预备党员数合计', '等级为A的占比')
    >>> say_how(figures["volunteer_party_share"])
    'volunteers in the Party as a share of volunteers'
    """
    how, _, what = figure.how.partition(":")
    if how == "part":
        part, whole = (_say_value("", code, lang) for code in what.partition("=")[2].split("/"))
        return say("how.part", lang, part=part, whole=whole)
    if how == "share":
        return say("how.share", lang, filter=_say_condition(figure.table, what, lang))
    if how == "count":
        return say("how.count", lang)
    # The mean of a column of yes and no is a share.
    is_share = how == "mean" and _find_type(figure.table, what) in ("bool", "boolean")
    between = "、" if lang == "zh" else " and "
    columns = between.join(_label(figure.table, name, lang) for name in what.split("+"))
    return say(f"how.{'mean_share' if is_share else how}", lang, column=columns)


def _say_condition(table: str, text: str, lang: Language) -> str:
    """Say one condition; one of another form stays as it is."""
    if text.isidentifier():
        return say_code("value", text, lang)
    for name, form in _FORMS.items():
        found = form.fullmatch(text)
        if found:
            column, *limit = (_label(table, text, lang) for text in found.groups())
            values = {"value": limit[0]} if limit else {}
            return say(f"filter.{name}", lang, column=column, **values)
    listed = _IN.fullmatch(text) or _IS.fullmatch(text)
    if not listed:
        return text
    column, codes = listed.groups()
    between = "、" if lang == "zh" else " or "
    value = between.join(_say_value(column, code, lang) for code in re.findall(r"\w+", codes))
    return say("filter.is", lang, column=_label(table, column, lang), value=value)


def _say_value(column: str, code: str, lang: Language) -> str:
    """Say what a column holds: a role, a requirement, a measure, or a word of its own."""
    if column == "requirement" and code in read_document():
        return read_document()[code].name(lang)
    if column == "role":
        role = next((role for role in read_roles() if role.role == code), None)
        if role is not None:
            return role.zh if lang == "zh" else role.en
    return name_measures(lang).get(code) or say_code("value", code, lang)


def _label(table: str, column: str, lang: Language) -> str:
    """Label a column without its unit; one that the schema lacks stays as it is."""
    table = _JOINED.get(column, table) if table == "counts" else table
    entry = next((c for c in read_schema()[table] if c.name == column), None)
    if entry is None and column in _JOINED:
        return _label(_JOINED[column], column, lang)
    return column if entry is None else entry.zh if lang == "zh" else entry.label


def _find_type(table: str, column: str) -> str:
    return next((c.dtype for c in read_schema()[table] if c.name == column), "")
