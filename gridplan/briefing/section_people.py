"""The sections on people: the chain of organisation, and posts against what the rules ask for."""

from __future__ import annotations

from gridplan.briefing.catalogue import list_facts
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import (
    choose_levels,
    list_names,
    make_body_table,
    make_table,
    say_count,
    say_share,
    say_value,
    write_sentence,
    write_withheld,
)
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.tables.schema import Language
from gridplan.tables.words import say

CHAIN = ("branches", "groups", "central_households", "subgrids")
ORGANISED = ("members", "branches", "branch_members", "groups", "grid_leaders")
STAFFED = (
    *("grid_leaders", "grid_workers", "party_share", "workers_needed", "workers_full"),
    *("vacancies", "building_captains", "stairwell_captains"),
)
POSTS = ("grid_leaders", "grid_workers", "building_captains", "stairwell_captains")


def write_organisation(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on the chain from the community's Party organisation to the door."""
    lang = request.lang
    title = say("section.organisation", lang)
    missing = list_needs(facts, ("branches", "groups"), lang)
    chain = _make_chain_table(facts, lang)
    if chain is None:
        return Section("organisation", title, title, (), missing=missing)
    sentences = [
        *write_sentence(facts, "chain", ["branches", "groups", "members"], lang),
        *write_sentence(facts, "branch_members", ["branch_members"], lang),
        *write_sentence(facts, "centres", ["central_households", "centre_share"], lang),
        *write_sentence(facts, "paired", ["institutions_paired"], lang),
        *write_sentence(facts, "volunteering", ["volunteers", "volunteers_per_100"], lang),
        *write_withheld(facts, ("members", *CHAIN[:3], "volunteers"), lang),
    ]
    caption = say("section.caption_organised", lang)
    levels = choose_levels(facts, "district", "subdistrict", "community")
    by_body = make_body_table(facts, levels, ORGANISED, caption, lang)
    finding = say_first(facts, lang, ("chain_finding", ["branches", "groups", "centre_share"]),
                        ("chain_short", ["branches", "groups"]))  # fmt: skip
    views = ("party",) if len(facts.plan.branches) else ()
    return Section(
        "organisation",
        title,
        finding or title,
        tuple(sentences),
        (chain, *by_body),
        views,
        missing,
    )


def say_first(facts: Facts, lang: Language, *wanted: tuple[str, list[str]]) -> str:
    """Say the first of some sentences whose facts all have a value; empty if none has."""
    for key, names in wanted:
        for sentence in write_sentence(facts, key, names, lang):
            return sentence
    return ""


def list_needs(facts: Facts, names: tuple[str, ...], lang: Language) -> tuple[str, ...]:
    """List what is to be given for facts of the whole that are unknown, each need once.

    A part cut out of a release lacks the facts that were published for the
    whole alone: nothing that could be run would fill them.
    """
    catalogue = list_facts()
    unknown = [name for name in names if facts.find(name).state == "unknown"]
    # Nothing that could be run would fill these for a part of a release.
    closed = [catalogue[name].name(lang) for name in unknown if name in facts.of_whole]
    unknown = [name for name in unknown if name not in facts.of_whole]
    needs: dict[str, list[str]] = {}
    for name in unknown:
        if need := catalogue[name].need(lang):
            needs.setdefault(need, []).append(catalogue[name].name(lang))
    lines = [
        say("section.missing", lang, facts=list_names(facts_, lang, len(facts_)), needs=need)
        for need, facts_ in needs.items()
    ]
    if closed:
        lines.append(say("section.of_whole", lang, facts=list_names(closed, lang, len(closed))))
    return tuple(lines)


def _make_chain_table(facts: Facts, lang: Language) -> Table | None:
    """Make the table of the chain: each link, how many there are, and what one of them holds."""
    values = {name: facts.find(name) for name in CHAIN}
    if not any(values[name].state != "unknown" for name in CHAIN[:3]):
        return None
    catalogue = list_facts()
    communities = float((facts.bodies["level"] == "community").sum())
    counts = {"communities": communities}
    counts |= {name: value.value for name, value in values.items() if value.is_told}
    rows = [(say("section.chain_communities", lang), say_count(communities, lang), "")]
    above = "communities"
    for name in CHAIN:
        value = values[name]
        if value.state == "unknown":
            continue
        each = ""
        if name in counts and counts.get(above, 0.0) > 0:
            ratio = f"{counts[name] / counts[above]:.1f}"
            each = say(f"section.each_{above}", lang, value=ratio)
        rows.append((catalogue[name].name(lang), say_value(value, catalogue[name], lang), each))
        above = name if name in counts else above
    columns = say("section.columns_chain", lang).split("|")
    table = make_table(say("section.caption_chain", lang), columns, rows, lang)
    return Table(table.caption, table.columns, table.rows, (False, True, False), table.note)


def write_staffing(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on posts: need against filled, and the Party's share."""
    lang = request.lang
    title = say("section.staffing", lang)
    missing = list_needs(facts, ("grid_workers", "grid_leaders", "workers_needed"), lang)
    if all(facts.find(name).state == "unknown" for name in STAFFED):
        return Section("staffing", title, title, (), missing=missing)
    caption = say("section.caption_staffed", lang)
    levels = choose_levels(facts, "city", "district", "subdistrict", "community")
    tables = make_body_table(facts, levels, STAFFED, caption, lang)
    sentences = [
        *write_sentence(facts, "leaders", ["grid_leaders", "leader_span"], lang),
        *write_sentence(facts, "workers", ["grid_workers", "workers_full"], lang),
        *_write_need(facts, lang),
        *_write_party_share(facts, lang),
        *write_sentence(facts, "captains", ["building_captains", "stairwell_captains"], lang),
        *write_withheld(facts, (*POSTS, "party_share", "workers_needed", "workers_full"), lang),
    ]
    finding = _write_staffing_finding(facts, lang)
    return Section(
        "staffing", title, finding or title, tuple(sentences), tuple(tables), (), missing
    )


def _write_need(facts: Facts, lang: Language) -> list[str]:
    """Write how many full-time workers the rules ask for, and where posts are vacant."""
    vacancies = facts.find("vacancies")
    if not vacancies.is_told:
        return []
    if not vacancies.value:
        # Where a community is withheld, only the sums are known to be enough.
        key = "need_met" if vacancies.state == "shown" else "need_enough"
        return write_sentence(facts, key, ["workers_needed", "workers_full"], lang)
    names = ["workers_needed", "workers_full", "vacancies"]
    sentences = write_sentence(facts, "need_short", names, lang)
    rows = facts.take("vacancies", "community")
    rows = rows[rows["value"] > 0].sort_values(["value", "body"], ascending=[False, True])
    if len(rows):
        named = list_names(rows["name"].tolist(), lang)
        sentences.append(say("section.need_where", lang, names=named))
    return sentences


def _write_party_share(facts: Facts, lang: Language) -> list[str]:
    """Write the Party's share of grid workers beside the share that the rules ask for."""
    value = facts.find("party_share")
    if not value.is_told:
        return []
    target = facts.plan.rules.staffing.party_share
    key = "party_met" if value.value >= target else "party_short"
    share = say_share(value.value, lang)
    sentences = [say(f"section.{key}", lang, share=share, target=say_share(target, lang, 0))]
    rows = facts.take("party_share", "community")
    low = rows[rows["value"] < target].sort_values(["value", "body"])
    if len(low):
        named = list_names(low["name"].tolist(), lang, counted=True)
        sentences.append(say("section.party_where", lang, count=len(low), names=named))
    return sentences


def _write_staffing_finding(facts: Facts, lang: Language) -> str:
    """Write how many posts are vacant, or else how many workers there are."""
    vacancies = facts.find("vacancies")
    if vacancies.is_told and vacancies.value:
        return say_first(facts, lang, ("staffing_short", ["vacancies", "party_share"]),
                         ("staffing_vacant", ["vacancies"]))  # fmt: skip
    if vacancies.is_told:
        key = "staffing_full" if vacancies.state == "shown" else "staffing_enough"
        return say_first(facts, lang, (key, ["workers_needed", "workers_full"]))
    party = ("staffing_workers", ["grid_workers", "party_share"])
    return say_first(facts, lang, party, ("staffing_plain", ["grid_workers"]))
