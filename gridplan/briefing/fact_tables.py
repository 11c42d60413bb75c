"""Tables beside the facts, in one language: what is withheld, what is missing, where from."""

from __future__ import annotations

from typing import cast

import pandas as pd

from gridplan.briefing.catalogue import list_facts
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import name_body, name_rule
from gridplan.publishing.figure_words import say_filter, say_how, say_table
from gridplan.publishing.published_figures import list_figures
from gridplan.rules.coverage import say_kind
from gridplan.tables.measures import name_measures
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say, say_code

SUPPRESSED = ("level", "code", "name", "fact", "reason")
MISSING = ("fact", "needs")
SOURCES = ("fact", "table", "filter", "how")
_ORDER = ("city", "district", "subdistrict", "community", "branch")


def list_suppressed(facts: Facts, lang: Language) -> pd.DataFrame:
    """List what was withheld: level, code and name of the body, the fact, and why.

    The reason is the same for all: which counts are small, and which would
    only give those away, must not be said.
    """
    published = facts.plan.published
    rows = published[~published["shown"].astype(bool)]
    names = facts.bodies.set_index(["level", "body"])["name"]
    rank = pd.Categorical(rows["level"], _ORDER).codes
    rows = rows.assign(rank=rank).sort_values(["rank", "of", "measure"], kind="stable")
    levels = list_words("inventory", lang)
    smallest = facts.plan.manifest["release"]["smallest"]
    reason = say("section.reason", lang, smallest=smallest)
    lines = [
        (
            levels.get(f"level_{row.level}", say_code("section", f"level_{row.level}", lang)),
            "" if row.level == "city" else str(row.of),
            name_body(row.level, str(names.get((row.level, row.of), row.of)), lang),
            name_measure(str(row.measure), lang),
            reason,
        )
        for row in rows.itertuples()
    ]
    return pd.DataFrame(lines, columns=list(SUPPRESSED)).drop_duplicates(ignore_index=True)


def name_measure(measure: str, lang: Language) -> str:
    """Name a published measure in words.

    Examples
    --------
    >>> name_measure("reach:canteen:15", "zh"), name_measure("volunteers", "en")
    ('社区食堂15分钟可达率', 'volunteers')
    """
    first, _, rest = measure.partition(":")
    if first == "figure" and rest in list_figures():
        figure = list_figures()[rest]
        return figure.zh if lang == "zh" else figure.en
    if first in ("reach", "served"):
        kind, _, minutes = rest.partition(":")
        return say(f"section.{first}_of", lang, kind=say_kind(kind, lang), minutes=minutes)
    if first == "gaps" and rest:
        room, _, rule = rest.partition(":")
        return say("section.gaps_of", lang, rule=name_rule(room, rule, lang))
    for fact in list_facts().values():
        if measure in (fact.fact, fact.part) and not fact.whole:
            return fact.name(lang)
    counted = name_measures(lang)
    return counted.get(measure) or say_code("measure_word", measure, lang)


def list_missing(facts: Facts, lang: Language) -> pd.DataFrame:
    """List what is not known of the whole, and what would fill it: facts, then figures."""
    rows: list[tuple[str, str]] = []
    catalogue = list_facts()
    city = facts.values[(facts.values["level"] == "city") & (facts.values["state"] == "unknown")]
    wanted = [catalogue[name] for name in city["fact"]]
    rows += [(fact.name(lang), fact.need(lang)) for fact in wanted if fact.need(lang)]
    if facts.reach.empty:
        rows.append((say("section.coverage", lang), say("section.needs_reach", lang)))
    listed = {fact for fact, _ in rows}
    known = list_figures()
    for code, row in facts.brief.figures.iterrows():
        figure = known[str(code)]
        need = figure.needs_zh if lang == "zh" else figure.needs
        if row["status"] == "unknown" and need and row[lang] not in listed:
            rows.append((str(row[lang]), need))
    return pd.DataFrame(rows, columns=list(MISSING)).drop_duplicates("fact", ignore_index=True)


def list_sources(facts: Facts, lang: Language) -> pd.DataFrame:
    """List where the figures of the paragraph come from: table, filter and reckoning in words."""
    rows = []
    for code, row in facts.brief.figures.iterrows():
        if row["status"] == "unknown":
            continue
        figure = list_figures()[str(code)]
        rows.append(
            (
                cast("str", row[lang]),
                say_table(figure, lang),
                say_filter(figure, lang),
                say_how(figure, lang),
            )
        )
    return pd.DataFrame(rows, columns=list(SOURCES))
