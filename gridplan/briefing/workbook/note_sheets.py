"""The sheets that say what the others mean: notes, and where each figure comes from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pandas as pd

from gridplan.briefing.catalogue import Fact, list_facts
from gridplan.briefing.fact_tables import list_sources
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import ESTIMATED
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.workbook.layout import Cell, Column, Sheet
from gridplan.briefing.workbook.level_sheets import (
    find_targets,
    label_fact,
    name_level,
)
from gridplan.publishing.figure_words import say_filter, say_how, say_table
from gridplan.publishing.published_figures import list_figures
from gridplan.tables.level_indicators import FOUR_LEVELS
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say

_NOTES_WIDE = 92.0  # of the notes, so that both columns fill a page
_SOURCE_WIDE = 24.0


def make_notes(facts: Facts, request: BriefingRequest, sheets: Sequence[Sheet]) -> Sheet:
    """Make the first sheet: what this is, what the signs mean, what each sheet holds."""
    lang = request.lang
    counts = facts.bodies["level"].value_counts()
    levels = [
        say("workbook.count_level", lang, level=name_level(level, lang), count=counts[level])
        for level in FOUR_LEVELS[1:]
        if level in counts
    ]
    between = "，" if lang == "zh" else ", "
    rows: list[tuple[Cell, ...]] = [
        (say("workbook.item_title", lang), find_title(request)),
        (say("workbook.item_office", lang), request.office),
        (say("workbook.item_date", lang), request.date),
        (say("workbook.item_scope", lang), between.join(levels)),
        (say("workbook.item_check", lang), facts.brief.stamp[lang]),
    ]
    signs = list_words("workbook_sign", lang)
    shown = {key for key in signs if key != "estimated" or facts.origin.are_estimated}
    rows += [tuple(signs[key].split("|")) for key in signs if key in shown]
    targets = between.join(
        f"{label_fact(fact, lang)} {target:.0%}" for fact, target in find_targets(facts).items()
    )
    rows.append((say("workbook.item_target", lang), say("workbook.target", lang, targets=targets)))
    rows.append((say("workbook.item_sums", lang), _say_sums(facts, lang)))
    # Sheets of which the same is to be said, such as those of the levels, share a row.
    for about, group in groupby(sheets, key=lambda sheet: sheet.about):
        named = ("、" if lang == "zh" else ", ").join(sheet.name for sheet in group)
        rows.append((say("workbook.item_sheet", lang, sheet=named), about))
    columns = (
        Column(say("workbook.item", lang)),
        Column(say("workbook.content", lang), widest=_NOTES_WIDE),
    )
    return Sheet(say("workbook.notes", lang), columns, rows)


def find_title(request: BriefingRequest) -> str:
    """Find the title of the workbook."""
    return request.title or say("workbook.title", request.lang)


def make_sources(facts: Facts, lang: Language) -> Sheet:
    """Make the sheet of sources: what each indicator means and what it is made from."""
    keys = ("what", "unit", "meaning", "cells", "table", "filter", "how", "origin", "adds")
    # Narrow, so that the nine fit a page at a size that can be read.
    columns = tuple(Column(say(f"workbook.{key}", lang), widest=_SOURCE_WIDE) for key in keys)
    targets = find_targets(facts)
    rows: list[tuple[Cell, ...]] = []
    for fact in list_facts().values():
        meaning = fact.meaning_zh if lang == "zh" else fact.meaning_en
        if fact.fact in targets:
            least = say("workbook.least", lang, target=f"{targets[fact.fact]:.0%}")
            meaning = f"{meaning}{'；' if lang == 'zh' else '; '}{least}"
        figure = list_figures().get(fact.part)
        behind = ("", "", "")
        if figure is not None:
            behind = (say_table(figure, lang), say_filter(figure, lang), say_how(figure, lang))
        origin = ""
        if fact.fact in ESTIMATED:
            origin = say(
                f"workbook.{'estimated' if facts.origin.are_estimated else 'counted'}", lang
            )
        adds = {True: say("workbook.yes", lang), False: say("workbook.no", lang), None: ""}
        rows.append(
            (
                fact.name(lang),
                fact.unit_zh if lang == "zh" else fact.unit,
                meaning,
                _say_cells(fact),
                *behind,
                origin,
                adds[adds_up(facts, fact)],
            )
        )
    # Then the figures of the paragraph, which the city alone has.
    named = {str(row[0]) for row in rows}
    blank = ("", "", "")
    rows += [
        (one.fact, *blank, one.table, one.filter, one.how, "", "")
        for one in list_sources(facts, lang).itertuples()
        if one.fact not in named
    ]
    about = say("workbook.about_sources", lang)
    return Sheet(say("workbook.sources", lang), columns, rows, 1, about)


def adds_up(facts: Facts, fact: Fact) -> bool | None:
    """Whether a count of each body is the sum of those below it; None where none can be compared.

    Only bodies all of whose parts are shown are compared.
    """
    if fact.kind != "count":
        return None
    frames = [facts.take(fact.fact, level) for level in FOUR_LEVELS]
    rows = pd.concat(frames, ignore_index=True)
    values = rows.set_index("body")["value"].where(lambda v: v.notna())
    verdicts = []
    for above, parts in rows[rows["above"] != ""].groupby("above"):
        whole = values.get(above, np.nan)
        if parts["value"].notna().all() and not np.isnan(whole):
            verdicts.append(bool(np.isclose(parts["value"].sum(), whole)))
    return all(verdicts) if verdicts else None


def _say_sums(facts: Facts, lang: Language) -> str:
    """Say that totals are the sums of what is below them, and which are not."""
    other = [fact for fact in list_facts().values() if adds_up(facts, fact) is False]
    text = say("workbook.sums", lang)
    if other:
        between = "、" if lang == "zh" else ", "
        names = between.join(fact.name(lang) for fact in other)
        text += say("workbook.sums_not", lang, names=names)
    return text


def _say_cells(fact: Fact) -> str:
    """Say which published measures a fact is made from."""
    if not fact.whole:
        return fact.part
    return f"{fact.part} / {fact.whole}" + (f" × {fact.per:g}" if fact.per != 1 else "")
