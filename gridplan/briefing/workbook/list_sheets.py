"""The sheets that list what is in reach, where gaps are, what is withheld and what is unknown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridplan.briefing.catalogue import list_facts
from gridplan.briefing.fact_tables import list_missing, list_suppressed
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import name_rule
from gridplan.briefing.section_coverage import say_group
from gridplan.briefing.workbook.layout import Cell, Column, Sheet
from gridplan.briefing.workbook.level_sheets import (
    label_fact,
    make_cell,
    make_share,
    name_bodies,
    name_level,
)
from gridplan.rules.coverage import say_kind
from gridplan.tables.indicators import CITY
from gridplan.tables.level_indicators import FOUR_LEVELS
from gridplan.tables.schema import Language
from gridplan.tables.words import say, say_code

SHOWN_BODIES = 12  # named in a row of what is missing; the others are counted


def make_reach(facts: Facts, lang: Language) -> Sheet:
    """Make the sheet of what is in reach and served, a row for each body, kind and time."""
    table = _order(facts.reach, ["kind", "minutes"])
    columns = (
        *_head_of_bodies(lang),
        Column(say("workbook.service", lang)),
        Column(say("workbook.for_whom", lang)),
        Column(say("workbook.minutes", lang), "whole"),
        Column(say("workbook.reach", lang), "share", bar=True),
        Column(say("workbook.served", lang), "share", bar=True),
    )
    names = name_bodies(facts, lang)
    rows = [
        (
            *_begin(row, names, lang),
            say_kind(row.kind, lang),
            say_group(facts, row.kind, lang),
            float(row.minutes),
            make_share(row.reach, row.state),
            make_share(row.served, row.state),
        )
        for row in table.itertuples()
    ]
    about = say("workbook.about_reach", lang)
    return Sheet(say("workbook.reach_sheet", lang), columns, rows, 3, about)


def make_gaps(facts: Facts, lang: Language) -> Sheet:
    """Make the sheet of gaps, a row for each body and rule that has any."""
    table = _order(facts.gaps, ["room", "rule"])
    columns = (
        *_head_of_bodies(lang),
        Column(say("workbook.room", lang)),
        Column(say("workbook.rule", lang)),
        Column(say("workbook.gaps", lang), "whole"),
    )
    names = name_bodies(facts, lang)
    rows = [
        (
            *_begin(row, names, lang),
            say_code("room", row.room, lang),
            name_rule(row.room, row.rule, lang),
            make_cell(row.value, row.state),
        )
        for row in table.itertuples()
    ]
    about = say("workbook.about_gaps", lang)
    return Sheet(say("workbook.gaps_sheet", lang), columns, rows, 3, about)


def make_suppressed(facts: Facts, lang: Language) -> Sheet:
    """Make the sheet of all that is suppressed, with the reason and without a value."""
    columns = (
        *_head_of_bodies(lang),
        Column(say("workbook.what", lang)),
        Column(say("workbook.reason", lang)),
    )
    names = name_bodies(facts, lang)
    smallest = facts.plan.manifest["release"]["smallest"]
    reason = say("section.reason", lang, smallest=smallest)
    rows: list[tuple[Cell, ...]] = []
    closed = _order(facts.values[facts.values["state"] == "suppressed"], [])
    rows += [
        (*_begin(row, names, lang), label_fact(row.fact, lang), reason)
        for row in closed.itertuples()
    ]
    # Then services, gaps, and what no column shows, such as the members of a branch.
    listed = {row[1:4] for row in rows}
    withheld = list_suppressed(facts, lang)
    # A body that has no code is called by its name alone.
    withheld = withheld.assign(code=withheld["code"].mask(withheld["code"] == withheld["name"], ""))
    rows += [
        tuple(row)
        for row in withheld.itertuples(index=False)
        if (row.code, row.name, row.fact) not in listed
    ]
    subgrids = facts.plan.subgrids
    bare = subgrids[(subgrids["kind"] == "residential") & (subgrids["household_band"] == "")]
    level, what = say("workbook.level_subgrid", lang), say("workbook.band", lang)
    narrow = say("workbook.reason_band", lang)
    rows += [(level, str(code), "", what, narrow) for code in bare.index]
    about = say("workbook.about_suppressed", lang)
    return Sheet(say("workbook.suppressed", lang), columns, rows, 3, about)


def make_missing(facts: Facts, lang: Language) -> Sheet:
    """Make the sheet of what is unknown, with what fills it."""
    columns = (
        Column(say("workbook.what", lang)),
        Column(say("workbook.level", lang)),
        Column(say("workbook.missing_count", lang), "whole"),
        Column(say("workbook.all_count", lang), "whole"),
        Column(say("workbook.missing_names", lang)),
        Column(say("workbook.needs", lang)),
    )
    names = name_bodies(facts, lang)
    rows: list[tuple[Cell, ...]] = []
    for fact in list_facts().values():
        of_fact = facts.values[facts.values["fact"] == fact.fact]
        asked = (fact.needs_zh if lang == "zh" else fact.needs) or ""
        # What some level has was given: the others are what the release does not publish.
        is_known = (of_fact["state"] != "unknown").any()
        needs = say("workbook.not_published", lang) if is_known or not asked else asked
        for state, word in (("unknown", needs), ("partial", say("workbook.needs_rest", lang))):
            for level in FOUR_LEVELS:
                of_level = of_fact[of_fact["level"] == level]
                some = of_level.loc[of_level["state"] == state, "body"]
                if len(some):
                    listed = _list_names([names[level, body] for body in some], lang)
                    counts = (float(len(some)), float(len(of_level)))
                    rows.append((fact.name(lang), name_level(level, lang), *counts, listed, word))
    # Then the figures of the paragraph, which the city alone has.
    named = {row[0] for row in rows}
    city = (name_level("city", lang), 1.0, 1.0, names.get(("city", CITY), ""))
    rows += [
        (one.fact, *city, one.needs)
        for one in list_missing(facts, lang).itertuples()
        if one.fact not in named
    ]
    about = say("workbook.about_missing", lang)
    return Sheet(say("workbook.missing", lang), columns, rows, 1, about)


def _list_names(names: list[str], lang: Language) -> str:
    between = "、" if lang == "zh" else ", "
    text = between.join(names[:SHOWN_BODIES])
    more = len(names) - SHOWN_BODIES
    return text if more <= 0 else say("workbook.and_more", lang, names=text, count=more)


def _head_of_bodies(lang: Language) -> tuple[Column, ...]:
    return (
        Column(say("workbook.level", lang)),
        Column(say("workbook.code", lang), "code"),
        Column(say("workbook.name", lang)),
    )


def _begin(row: Any, names: dict[tuple[str, str], str], lang: Language) -> tuple[Cell, ...]:
    """Begin a row with the level, code and name of its body; the whole plan has no code."""
    name = names.get((row.level, row.body), row.body)
    code = "" if row.level == "city" or row.body == name else str(row.body)
    return name_level(row.level, lang), code, name


def _order(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Order rows by level from the top, then by body, then by what they say."""
    if table.empty:
        return table
    place = table["level"].map({level: n for n, level in enumerate(FOUR_LEVELS)})
    return table.assign(place=place).sort_values(["place", "body", *keys], kind="stable")
