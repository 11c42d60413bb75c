"""The last two sections: what is to be done next, and what the figures rest on."""

from __future__ import annotations

from gridplan.briefing.fact_tables import list_missing, list_sources, list_suppressed
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import list_names, make_table, say_count, write_withheld
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.briefing.section_gaps import list_unchecked, rank_rules, say_item, say_remedy
from gridplan.briefing.section_overview import find_out_of_band
from gridplan.tables.schema import Language
from gridplan.tables.words import say

MOST_STEPS = 12
NAMED = 2  # communities named in a step

Step = tuple[str, str]  # what is to be done something about, and what is to be done


def write_next_steps(facts: Facts, request: BriefingRequest) -> Section:
    """Write what is to be done next; who does it, and until when, is for the office to fill in."""
    lang = request.lang
    title = say("section.next_steps", lang)
    steps = list_steps(facts, lang)
    unchecked = list_unchecked(facts, lang)
    if not steps and (unchecked or facts.gaps.empty):
        # Nobody may say that nothing is to be done where nobody looked, or none may be named.
        sentences = tuple(write_withheld(facts, ("gaps",), lang))
        return Section("next_steps", title, title, sentences, missing=unchecked)
    if not steps:
        sentence = say("section.no_steps", lang)
        return Section("next_steps", title, sentence.rstrip("。."), (sentence,))
    rows = [(f"{n}", *step, "", "") for n, step in enumerate(steps[:MOST_STEPS], 1)]
    columns = say("section.columns_steps", lang).split("|")
    more = len(steps) - len(rows)
    notes = [say("section.note_blank", lang)]
    notes += [say("section.note_more", lang, count=more)] if more else []
    table = make_table(
        say("section.caption_steps", lang), columns, rows, lang, words=len(columns), notes=notes
    )
    firsts = list_names([step[0] for step in steps[:3]], lang)
    sentence = say("section.steps", lang, count=len(steps), firsts=firsts)
    finding = say("section.steps_finding", lang, count=len(steps))
    return Section("next_steps", title, finding, (sentence,), (table,), missing=unchecked)


def list_steps(facts: Facts, lang: Language) -> list[Step]:
    """List what is to be done: each thing that falls short, as it stands, and its remedy."""
    steps: list[Step] = []
    out = find_out_of_band(facts)
    if len(out):
        count = say_count(float(out["out"].sum()), lang)
        names = list_names(out["name"].tolist(), lang, NAMED)
        what = say("section.step_band", lang, count=count, names=names)
        steps.append((what, say("section.remedy_band", lang)))
    vacancies = facts.find("vacancies")
    if vacancies.is_told and vacancies.value:
        count = say_count(vacancies.value, lang)
        what = say("section.step_vacancies", lang, count=count)
        steps.append((what, say("section.remedy_vacancies", lang)))
    for row in rank_rules(facts).itertuples():
        # What is withheld may be known to the office, and is no step of a public document.
        if row.state == "shown" and row.rule not in _SAID_ABOVE:
            what = say_item(facts, row.room, row.rule, row.value, lang)
            steps.append((what, say_remedy(facts, row.room, row.rule, lang)))
    return steps


_SAID_ABOVE = frozenset({"full_workers"})  # said by the vacancies


def write_sources(facts: Facts, request: BriefingRequest) -> Section:
    """Write what the figures rest on: estimates, what is withheld and missing, where from."""
    lang = request.lang
    sentences = [say("section.from_release", lang)]
    if facts.origin.are_estimated:
        sentences.append(say("section.estimates", lang))
    sentences.append(say("section.rounding", lang))
    suppressed = list_suppressed(facts, lang)
    if len(suppressed):
        sentences.append(say("section.withheld", lang, count=len(suppressed)))
    table = facts.plan.subgrids
    # Land where nobody lives has no band to withhold.
    withheld = int(((table["kind"] == "residential") & (table["household_band"] == "")).sum())
    if withheld:
        sentences.append(say("section.bands", lang, count=withheld))
    sentences.append(facts.brief.stamp[lang])
    tables = [*_make_missing_table(facts, lang), _make_source_table(facts, lang)]
    return Section(
        "sources",
        say("section.sources", lang),
        say("section.sources_finding", lang),
        tuple(sentences),
        tuple(tables),
    )


def _make_missing_table(facts: Facts, lang: Language) -> list[Table]:
    """Make the table of what is not known, and what would have to be given."""
    missing = list_missing(facts, lang)
    if missing.empty:
        return []
    columns = say("section.columns_missing", lang).split("|")
    caption = say("section.caption_missing", lang)
    return [make_table(caption, columns, missing.to_numpy().tolist(), lang, words=len(columns))]


def _make_source_table(facts: Facts, lang: Language) -> Table:
    """Make the table of where the figures come from."""
    columns = say("section.columns_sources", lang).split("|")
    rows = list_sources(facts, lang).to_numpy().tolist()
    caption = say("section.caption_sources", lang)
    return make_table(caption, columns, rows, lang, words=len(columns))
