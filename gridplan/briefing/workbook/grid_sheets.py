"""The sheets of sub-grids, exclusive grids and special grids, from the tables of the release."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridplan.briefing.facts import Facts
from gridplan.briefing.workbook.layout import Cell, Column, Sheet
from gridplan.rules.coverage import say_kind
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say, say_code

_FILLED_IN = 16.0  # widths of a digit of a column that is filled in by hand


def make_grid_sheets(facts: Facts, lang: Language) -> list[Sheet]:
    """Make the sheets of the grids that the plan has.

    Only what a release fills is taken: the band of households and never a number
    of them, no buildings, stairwells, centres or walks.
    """
    sheets = [_make_subgrids(facts, lang)]
    if (facts.plan.subgrids["kind"] == "exclusive").any():
        sheets.append(_make_exclusive(facts, lang))
    if len(facts.plan.special_grids):
        sheets.append(_make_special(facts, lang))
    return sheets


def _make_subgrids(facts: Facts, lang: Language) -> Sheet:
    table = facts.plan.subgrids
    table = table[table["kind"] != "exclusive"]
    homes = table["kind"] == "residential"
    banded = homes & (table["household_band"] != "")
    yes, no = say("workbook.yes", lang), say("workbook.no", lang)
    # In a release it is judged by the band, which says nothing where it is withheld.
    fits = table["in_band"].map({True: yes, False: no}).where(banded, "")
    withheld = say("workbook.withheld", lang)
    bands = table["household_band"].where(banded | ~homes, withheld)
    kinds = table["kind"].map({kind: _say_kind(kind, lang) for kind in ("residential", "open")})
    classes = _say_all(table["community_kind"], lang)
    columns = (
        *_head_of(facts, lang, "subgrid"),
        Column(say("workbook.land", lang)),
        Column(say("workbook.class", lang)),
        Column(say("workbook.band", lang), "code"),
        Column(say("workbook.fits", lang), wrong=no),
        Column(say("workbook.area", lang), "whole"),
    )
    rows = _zip(
        *_begin(facts, table), kinds, classes, bands.astype(str), fits, table["area"].astype(float)
    )
    return Sheet(
        say("workbook.subgrids", lang), columns, rows, 1, say("workbook.about_subgrids", lang)
    )


def _make_exclusive(facts: Facts, lang: Language) -> Sheet:
    site = facts.plan.site
    table = facts.plan.subgrids
    table = table[table["kind"] == "exclusive"]
    # It is carved out for an institution or for a place; both have a kind and perhaps a name.
    both = pd.concat([site.institutions[["kind", "name"]], site.places[["kind", "name"]]])
    both = both[~both.index.duplicated()].reindex(table["institution"]).fillna("")
    columns = (
        *_head_of(facts, lang, "exclusive_code"),
        Column(say("workbook.kind", lang)),
        Column(say("workbook.institution", lang)),
        Column(say("workbook.area", lang), "whole"),
        Column(say("workbook.post", lang), least=_FILLED_IN),
    )
    kinds = [_say_word(kind, lang) for kind in both["kind"]]
    named = both["name"].astype(str).to_numpy()
    blank = [""] * len(table)
    rows = _zip(*_begin(facts, table), kinds, named, table["area"].astype(float), blank)
    columns, rows = _drop_blank(columns, rows)
    return Sheet(
        say("workbook.exclusive", lang), columns, rows, 1, say("workbook.about_exclusive", lang)
    )


def _make_special(facts: Facts, lang: Language) -> Sheet:
    table = facts.plan.special_grids
    touches = facts.plan.touches.sort_values(["special_grid", "subgrid"])
    between = "、" if lang == "zh" else ", "
    # The grids lie in the community of the stretch: what follows its code is enough.
    short = [
        code.removeprefix(f"{community}-")
        for code, community in zip(touches["subgrid"], touches["community"], strict=True)
    ]
    named = touches.assign(short=short).groupby("special_grid")["short"]
    met = named.agg(between.join).reindex(table.index)
    columns = (
        *_head_of(facts, lang, "special_code"),
        Column(say("workbook.kind", lang)),
        Column(say("workbook.stretch_name", lang)),
        Column(say("workbook.stretch", lang), "whole"),
        Column(say("workbook.length", lang), "whole"),
        Column(say("workbook.area", lang), "whole"),
        Column(say("workbook.touches", lang)),
        Column(say("workbook.post", lang), least=_FILLED_IN),
    )
    kinds = [_say_word(kind, lang) for kind in table["kind"]]
    rows = _zip(
        *_begin(facts, table),
        kinds,
        table["name"].astype(str),
        table["stretch"].astype(float),
        table["length"].astype(float),
        # A line has no area.
        table["area"].astype(float).where(table["area"] > 0),
        met.fillna(""),
        [""] * len(table),
    )
    columns, rows = _drop_blank(columns, rows)
    return Sheet(
        say("workbook.special", lang), columns, rows, 1, say("workbook.about_special", lang)
    )


def _head_of(facts: Facts, lang: Language, code: str) -> tuple[Column, ...]:
    """Begin the columns of a list of grids: code, and the community by code and name."""
    return (
        Column(say(f"workbook.{code}", lang), "code"),
        Column(say("workbook.community_code", lang), "code"),
        Column(say("workbook.community_name", lang)),
    )


def _begin(facts: Facts, table: Any) -> tuple[Any, Any, Any]:
    """Begin the cells of a list of grids."""
    names = facts.plan.site.communities["name"]
    return table.index.astype(str), table["community"], table["community"].map(names).fillna("")


def _drop_blank(
    columns: tuple[Column, ...], rows: list[tuple[Cell, ...]]
) -> tuple[tuple[Column, ...], list[tuple[Cell, ...]]]:
    """Drop the columns in which nothing stands, such as names that are not released."""
    kept = [
        n
        for n, column in enumerate(columns)
        if column.least or any(row[n] not in ("", None) for row in rows)
    ]
    return tuple(columns[n] for n in kept), [tuple(row[n] for n in kept) for row in rows]


def _zip(*columns: Any) -> list[tuple[Cell, ...]]:
    """Put columns side by side as rows, what is NaN as an empty cell."""
    plain = [pd.Series(list(column), dtype=object) for column in columns]
    return list(zip(*(column.where(column.notna(), None) for column in plain), strict=True))


def _say_kind(kind: str, lang: Language) -> str:
    return say(f"workbook.kind_{kind}", lang)


def _say_all(codes: Any, lang: Language) -> Any:
    return codes.map({code: say_code("value", code, lang) if code else "" for code in set(codes)})


def _say_word(code: str, lang: Language) -> str:
    """Say a kind of institution, place or barrier; one that nobody listed stays as it was given."""
    if code in list_words("post_kind", lang):
        return say_kind(code, lang)
    return say_code("place_kind", code, lang) if code else ""
