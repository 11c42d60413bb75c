"""The sheets that compare: bodies of a kind ranked, and this release beside the one before."""

from __future__ import annotations

import numpy as np

from gridplan.briefing.briefing_ranking import name_group, rank_facts
from gridplan.briefing.catalogue import Fact, list_facts
from gridplan.briefing.changes import Changes, compare_facts
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import ESTIMATED
from gridplan.briefing.workbook.layout import SUPPRESSED, Cell, Column, Kind, Marked, Sheet
from gridplan.briefing.workbook.level_sheets import (
    find_kind,
    make_cell,
    name_bodies,
    name_level,
)
from gridplan.tables.level_indicators import FOUR_LEVELS
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say


def make_ranking(facts: Facts, before: Facts | None, lang: Language) -> Sheet | None:
    """Make the sheet of ranks, a row for each kind of body, indicator and body; None if empty."""
    table = rank_facts(facts, before)
    if table.empty:
        return None
    columns = [
        Column(say("workbook.group", lang)),
        Column(say("workbook.what", lang)),
        Column(say("workbook.rank", lang), "whole"),
        Column(say("workbook.code", lang), "code"),
        Column(say("workbook.name", lang)),
        Column(say("workbook.value", lang), "decimal"),
        Column(say("workbook.tied", lang), "whole"),
        Column(say("workbook.ranked", lang), "whole"),
        Column(say("workbook.caveat", lang)),
    ]
    if before is not None:
        columns[6:6] = [
            Column(say("workbook.rank_before", lang), "whole"),
            Column(say("workbook.moved", lang), "whole"),
        ]
    caveats = list_words("workbook_caveat", lang)
    rows: list[tuple[Cell, ...]] = []
    for row in table.itertuples():
        fact = list_facts()[row.fact]
        estimated = row.fact in ESTIMATED and facts.origin.are_estimated
        value = make_cell(row.value, row.state, estimated=estimated, kind=find_kind(fact))
        moves = () if before is None else (_number(row.rank_before), _number(row.moved))
        rows.append(
            (
                name_group(row.group, lang),
                fact.name(lang),
                _number(row.rank),
                "" if row.body == row.name else str(row.body),
                row.name,
                value,
                *moves,
                float(row.tied) if row.tied > 1 else None,
                float(row.ranked),
                caveats.get(row.caveat, ""),
            )
        )
    about = say("workbook.about_ranking", lang, least=f"{facts.plan.rules.ranking.least:g}")
    return Sheet(say("workbook.ranking", lang), tuple(columns), rows, 5, about)


def make_changes(facts: Facts, before: Facts, lang: Language) -> list[Sheet]:
    """Make the sheets of changes: of the indicators, and of the sub-grids that are not kept."""
    changes = compare_facts(before, facts)
    return [
        _make_figure_changes(facts, before, changes, lang),
        _make_land_changes(changes, lang),
    ]


def _make_figure_changes(facts: Facts, before: Facts, changes: Changes, lang: Language) -> Sheet:
    """Make the sheet of the indicators that are known of either release."""
    names = {**name_bodies(before, lang), **name_bodies(facts, lang)}
    order = {fact: place for place, fact in enumerate(list_facts())}
    table = changes.facts[changes.facts["state"] != "unknown"]
    place = table["level"].map({level: n for n, level in enumerate(FOUR_LEVELS)})
    table = table.assign(level_place=place, fact_place=table["fact"].map(order))
    table = table.sort_values(["level_place", "body", "fact_place"])
    states = list_words("workbook_state", lang)
    key = ["level", "body", "fact"]
    old, new = (
        set(one.values.loc[one.values["state"] == "suppressed", key].itertuples(index=False))
        for one in (before, facts)
    )
    rows: list[tuple[Cell, ...]] = []
    for row in table.itertuples():
        fact = list_facts()[row.fact]
        name = names[row.level, row.body]
        code = "" if row.level == "city" or row.body == name else str(row.body)
        estimated = row.fact in ESTIMATED and facts.origin.are_estimated
        cell = (row.level, row.body, row.fact)
        figures = (
            SUPPRESSED if cell in old else _figure(row.before, fact, estimated),
            SUPPRESSED if cell in new else _figure(row.now, fact, estimated),
            _figure(row.change, fact, estimated),
        )
        rows.append(
            (
                name_level(row.level, lang),
                code,
                name,
                fact.name(lang),
                *figures,
                states.get(row.state, ""),
            )
        )
    columns = (
        Column(say("workbook.level", lang)),
        Column(say("workbook.code", lang), "code"),
        Column(say("workbook.name", lang)),
        Column(say("workbook.what", lang)),
        *(Column(say(f"workbook.{key}", lang), "decimal") for key in ("before", "now", "change")),
        Column(say("workbook.caveat", lang)),
    )
    about = say("workbook.about_changes", lang)
    return Sheet(say("workbook.figure_changes", lang), columns, rows, 4, about)


def _make_land_changes(changes: Changes, lang: Language) -> Sheet:
    """Make the sheet of the sub-grids that are not kept, and of what became of them."""
    between = "、" if lang == "zh" else ", "
    events = changes.events[changes.events["kind"] != "kept"]
    land: list[tuple[Cell, ...]] = [
        (
            str(row.community),
            row.old.replace(", ", between),
            row.new.replace(", ", between),
            say(f"section.kind_{row.kind}", lang),
            None if np.isnan(row.share) else float(row.share),
        )
        for row in events.itertuples()
    ]
    heads = (
        Column(say("workbook.community_code", lang), "code"),
        Column(say("workbook.old", lang)),
        Column(say("workbook.new", lang)),
        Column(say("workbook.relation", lang)),
        Column(say("workbook.land_share", lang), "share"),
    )
    about = say("workbook.about_events", lang, kept=len(changes.events) - len(events))
    return Sheet(say("workbook.changes", lang), heads, land, 1, about)


def _figure(value: float, fact: Fact, estimated: bool) -> Cell:
    kind: Kind = find_kind(fact)
    return None if np.isnan(value) else Marked(float(value), estimated, kind=kind)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
