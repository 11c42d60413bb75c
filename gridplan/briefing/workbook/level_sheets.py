"""The sheets of the levels: a row for each body, the same indicators on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridplan.briefing.catalogue import Fact, list_facts
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import ESTIMATED, name_body
from gridplan.briefing.workbook.layout import SUPPRESSED, Cell, Column, Kind, Marked, Sheet
from gridplan.rules.coverage import say_kind
from gridplan.tables.level_indicators import FOUR_LEVELS
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say, say_code


def find_targets(facts: Facts) -> dict[str, float]:
    """Find the least that a share should be, of the facts that have such a rule."""
    return {"in_band": 1.0, "full_rate": 1.0, "party_share": facts.plan.rules.staffing.party_share}


def list_columns(facts: Facts) -> list[Fact]:
    """List the facts that any body has, known or suppressed: the columns of every level."""
    known = set(facts.values.loc[facts.values["state"] != "unknown", "fact"])
    return [fact for fact in list_facts().values() if fact.fact in known]


def make_level_sheets(facts: Facts, lang: Language) -> list[Sheet]:
    """Make a sheet for each level that the plan has, the city first."""
    rows = facts.values.set_index(["fact", "level", "body"])[["value", "state"]]
    table = rows[~rows.index.duplicated()].sort_index()
    reach = facts.reach.set_index(["kind", "minutes", "level", "body"])[["reach", "state"]]
    reach = reach[~reach.index.duplicated()].sort_index()
    return [
        _make_level(facts, level, table, reach, lang)
        for level in FOUR_LEVELS
        if (facts.bodies["level"] == level).any()
    ]


def name_bodies(facts: Facts, lang: Language) -> dict[tuple[str, str], str]:
    """Name each body by its level and code; the whole of the plan by a word."""
    bodies = facts.bodies
    names = {
        (level, body): str(name) or str(body)
        for level, body, name in zip(bodies["level"], bodies["body"], bodies["name"], strict=True)
    }
    return {key: name_body(key[0], name, lang) for key, name in names.items()}


def name_level(level: str, lang: Language) -> str:
    """Name a level as a row of a list does."""
    return list_words("inventory", lang)[f"level_{level}"]


def label_fact(fact: str, lang: Language) -> str:
    """Label a fact as the head of a column."""
    return list_facts()[fact].name(lang)


def label_reach(kind: str, minutes: float, lang: Language) -> str:
    """Label a share of households in reach as the head of a column."""
    return say("workbook.reach_head", lang, kind=say_kind(kind, lang), minutes=f"{minutes:g}")


def _make_level(
    facts: Facts, level: str, table: pd.DataFrame, reach: pd.DataFrame, lang: Language
) -> Sheet:
    bodies = facts.bodies[facts.bodies["level"] == level]
    names = name_bodies(facts, lang)
    codes = bodies["body"].astype(str).tolist()
    places: list[tuple[Column, list[Cell]]] = []
    labels = [names[level, code] for code in codes]
    # A body that has no code is called by its name alone.
    has_codes = level != "city" and codes != labels
    if has_codes:
        places.append((Column(say("workbook.code", lang), "code"), list(codes)))
    places.append((Column(say("workbook.name", lang)), list(labels)))
    over = facts.bodies.groupby("body")["level"].first()
    if level != "city":
        above = [names.get((over.get(code, ""), code), code) for code in bodies["above"]]
        places.append((Column(say("workbook.above", lang)), list(above)))
    if level == "community":
        kinds = [say_code("value", str(kind), lang) if kind else "" for kind in bodies["kind"]]
        places.append((Column(say("workbook.kind", lang)), list(kinds)))
    targets = find_targets(facts)
    places += [
        (_make_column(fact, targets, lang), _take(table, fact, level, codes, facts))
        for fact in list_columns(facts)
    ]
    for kind, minutes in _order_kinds(reach):
        head = Column(label_reach(kind, minutes, lang), "share", bar=True)
        rows = reach.loc[kind, minutes].reindex([(level, code) for code in codes])
        places.append((head, list(map(make_share, rows["reach"], rows["state"]))))
    columns = tuple(column for column, _ in places)
    rows_ = list(zip(*(cells for _, cells in places), strict=True))
    about = say("workbook.about_level", lang)
    return Sheet(say(f"workbook.{level}", lang), columns, rows_, 2 if has_codes else 1, about)


def find_kind(fact: Fact) -> Kind:
    """Find how the values of a fact are shown: as shares, with a decimal, or whole."""
    return "share" if fact.unit == "share" else "decimal" if fact.kind == "ratio" else "whole"


def _order_kinds(reach: pd.DataFrame) -> list[tuple[str, float]]:
    """Order the kinds of services as their words are listed, then by minutes."""
    order = {kind: place for place, kind in enumerate(list_words("post_kind"))}
    pairs = set(reach.index.droplevel(["level", "body"]))
    return sorted(pairs, key=lambda one: (order.get(one[0], len(order)), *one))


def _make_column(fact: Fact, targets: Mapping[str, float], lang: Language) -> Column:
    kind = find_kind(fact)
    return Column(fact.name(lang), kind, bar=kind == "share", target=targets.get(fact.fact))


def _take(
    table: pd.DataFrame, fact: Fact, level: str, codes: list[str], facts: Facts
) -> list[Cell]:
    """Take the cells of one fact for the bodies of a level."""
    key = pd.MultiIndex.from_product([[fact.fact], [level], codes])
    rows = table.reindex(key)
    estimated = fact.fact in ESTIMATED and facts.origin.are_estimated
    return _list_cells(rows["value"], rows["state"], estimated=estimated)


def _list_cells(values: Any, states: Any, *, estimated: bool = False) -> list[Cell]:
    """List cells by value and state: a star where suppressed, nothing where unknown."""
    return [
        make_cell(value, str(state), estimated=estimated)
        for value, state in zip(values, states, strict=True)
    ]


def make_share(value: float, state: Any) -> Cell:
    """Make the cell of a share in reach or served: one without a value beside others is withheld.

    Examples
    --------
    >>> make_share(0.5, "shown"), make_share(np.nan, "shown"), make_share(np.nan, np.nan)
    (0.5, '*', None)
    """
    if state not in ("shown", "suppressed"):
        return None
    return SUPPRESSED if state == "suppressed" or np.isnan(value) else float(value)


def make_cell(
    value: float, state: str, *, estimated: bool = False, kind: Kind | None = None
) -> Cell:
    """Make the cell of a value; its kind is given where its column has several.

    Examples
    --------
    >>> make_cell(3.0, "shown"), make_cell(3.0, "suppressed"), make_cell(3.0, "unknown")
    (3.0, '*', None)
    """
    if state == "suppressed":
        return SUPPRESSED
    if state not in ("shown", "partial") or np.isnan(value):
        return None
    if estimated or kind or state == "partial":
        return Marked(float(value), estimated, state == "partial", kind)
    return float(value)
