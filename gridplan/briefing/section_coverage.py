"""The section on services within walking distance: who is in reach, and who is served."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import WITHHELD, list_names, make_table, say_share
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.rules.coverage import say_kind
from gridplan.tables.schema import Language
from gridplan.tables.words import say

MOST_COMMUNITIES = 15  # and kinds in a table of those that are served least, a row each
NEARLY_ALL = 0.95


def write_coverage(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on reach; without a measured reach it says how to measure it."""
    lang = request.lang
    title = say("section.coverage", lang)
    city = list_city_reach(facts)
    if city.empty:
        missing = say("section.missing_reach", lang)
        return Section("coverage", title, title, (), missing=(missing,))
    weak = find_weak(facts)
    tables = [_make_kind_table(facts, city, lang)]
    if len(weak):
        tables.append(_make_weak_table(facts, weak, lang))
    sentences = (*_write_kinds(city, lang), *_write_weak(facts, weak, lang))
    # The map shows communities by what is published of them.
    by_place = facts.reach[facts.reach["level"] == "community"]
    views = ("coverage",) if by_place["served"].notna().any() else ()
    return Section("coverage", title, _write_finding(city, lang), sentences, tuple(tables), views)


def list_city_reach(facts: Facts) -> pd.DataFrame:
    """List the kinds of service points of the whole, those that serve least first."""
    city = facts.reach[facts.reach["level"] == "city"]
    # What is withheld comes last, since nobody may compare it.
    order = np.lexsort([city["kind"], city["reach"], city["served"].fillna(np.inf)])
    return city.iloc[order]


def find_weak(facts: Facts) -> pd.DataFrame:
    """Find where less is served than the rules ask for, by community and kind, worst first."""
    low = facts.plan.rules.coverage.low
    rows = facts.reach[(facts.reach["level"] == "community") & (facts.reach["served"] < low)]
    # One community is the whole, of which all is said already.
    if (facts.bodies["level"] == "community").sum() < 2:
        rows = rows.iloc[:0]
    # A kind that nobody has anywhere is a matter of the whole, not of one community.
    city = facts.reach[(facts.reach["level"] == "city") & (facts.reach["served"] == 0)]
    rows = rows[~rows["kind"].isin(set(city["kind"]))]
    names = facts.bodies[facts.bodies["level"] == "community"].set_index("body")["name"]
    rows = rows.assign(name=[names.get(body, body) for body in rows["body"]])
    return rows.sort_values(["served", "body", "kind"]).reset_index(drop=True)


def say_group(facts: Facts, kind: str, lang: Language) -> str:
    """Say which people a kind of service point is for."""
    groups = {service.kind: service.group for service in facts.plan.rules.coverage.services}
    return say(f"section.group_{groups.get(kind, 'households')}", lang)


def say_reach(value: float, lang: Language) -> str:
    """Say a share that is published in whole per cent; a sign where it is withheld."""
    return WITHHELD if np.isnan(value) else say_share(value, lang, 0)


def _write_finding(city: pd.DataFrame, lang: Language) -> str:
    """Write which kind serves least, or that all do."""
    known = city[city["served"].notna()]
    low = known[known["served"] < NEARLY_ALL]
    if known.empty:
        return say("section.coverage", lang)
    if low.empty:
        return say("section.coverage_good", lang, count=len(known))
    placed = low[low["reach"] != 0]
    if placed.empty:
        kinds = list_names([say_kind(kind, lang) for kind in low["kind"]], lang, len(low))
        return say("section.coverage_none", lang, kinds=kinds).rstrip("。.")
    row = placed.iloc[0]
    text = say(
        "section.coverage_finding",
        lang,
        kind=say_kind(row["kind"], lang),
        served=say_reach(row["served"], lang),
        minutes=f"{row['minutes']:g}",
    )
    return text[:1].upper() + text[1:]


def _write_kinds(city: pd.DataFrame, lang: Language) -> list[str]:
    """Write which kinds serve nearly all, which fall short, and which have no post at all."""
    served, reach = city["served"], city["reach"]
    nearly = city[served >= NEARLY_ALL].iloc[::-1]
    short = city[(served < NEARLY_ALL) & (served > 0)]
    none = city[(served == 0) & (reach.isna() | (reach == 0))]
    sentences = []
    for rows, key in ((nearly, "coverage_nearly"), (short, "coverage_short")):
        if len(rows):
            items = [_say_item(row, lang) for row in rows.to_dict("records")]
            joint = "，" if lang == "zh" else ", "
            sentences.append(say(f"section.{key}", lang, items=joint.join(items)))
    if len(none):
        kinds = list_names([say_kind(kind, lang) for kind in none["kind"]], lang, len(none))
        sentences.append(say("section.coverage_none", lang, kinds=kinds))
    hidden = city[served.isna()]
    if len(hidden):
        kinds = list_names([say_kind(kind, lang) for kind in hidden["kind"]], lang, len(hidden))
        sentences.append(say("section.coverage_hidden", lang, kinds=kinds))
    return sentences


def _say_item(row: dict[str, object], lang: Language) -> str:
    """Say how many a kind has in reach, and how many it serves if that is fewer."""
    served, reach = float(str(row["served"])), float(str(row["reach"]))
    values = {
        "kind": say_kind(str(row["kind"]), lang),
        "minutes": f"{row['minutes']:g}",
        "reach": say_reach(reach, lang),
        "served": say_reach(served, lang),
    }
    if np.isnan(reach) or reach == served:
        return say("section.coverage_one", lang, **values)
    return say("section.coverage_both", lang, **values)


def _write_weak(facts: Facts, weak: pd.DataFrame, lang: Language) -> list[str]:
    """Write which communities are served least."""
    if weak.empty:
        return []
    counts = weak.groupby("body", sort=True).agg(count=("kind", "size"), name=("name", "first"))
    counts = counts.sort_values("count", ascending=False, kind="stable")
    worst = weak.iloc[0]
    return [
        say(
            "section.coverage_weak",
            lang,
            communities=len(counts),
            low=say_share(facts.plan.rules.coverage.low, lang, 0),
            names=list_names(counts["name"].tolist(), lang, counted=True),
            worst=worst["name"],
            kind=say_kind(worst["kind"], lang),
            served=say_reach(worst["served"], lang),
        )
    ]


def _make_kind_table(facts: Facts, city: pd.DataFrame, lang: Language) -> Table:
    """Make the table of kinds: for which people, minutes on foot, in reach, served."""
    rows = [
        (
            say_kind(row.kind, lang),
            say_group(facts, row.kind, lang),
            f"{row.minutes:g}",
            say_reach(row.reach, lang),
            say_reach(row.served, lang),
        )
        for row in city.itertuples()
    ]
    columns = say("section.columns_reach", lang).split("|")
    caption = say("section.caption_reach", lang)
    note = say("section.note_reach", lang)
    return make_table(caption, columns, rows, lang, words=2, notes=[note])


def _make_weak_table(facts: Facts, weak: pd.DataFrame, lang: Language) -> Table:
    """Make the table of communities that are served least, by kind where they are many."""
    if len(weak) > MOST_COMMUNITIES:
        return _make_weak_kinds(facts, weak, lang)
    rows = [
        (
            row.name,
            say_kind(row.kind, lang),
            f"{row.minutes:g}",
            say_reach(row.reach, lang),
            say_reach(row.served, lang),
        )
        for row in weak.itertuples(index=False)
    ]
    columns = say("section.columns_weak", lang).split("|")
    return make_table(_caption_weak(facts, lang), columns, rows, lang, words=2)


def _caption_weak(facts: Facts, lang: Language) -> str:
    low = say_share(facts.plan.rules.coverage.low, lang, 0)
    return say("section.caption_weak", lang, low=low)


def _make_weak_kinds(facts: Facts, weak: pd.DataFrame, lang: Language) -> Table:
    """Make the table of kinds: in how many communities each serves too few, and where least."""
    places = weak.groupby("kind", sort=True)
    sizes = places.size().sort_values(ascending=False, kind="stable")
    rows = []
    for kind, count in sizes.items():
        rows_of_kind = places.get_group(kind)
        named = list_names(rows_of_kind["name"].tolist(), lang, counted=True)
        least = say_reach(float(rows_of_kind["served"].iloc[0]), lang)
        rows.append((say_kind(str(kind), lang), f"{count}", least, named))
    columns = say("section.columns_weak_kinds", lang).split("|")
    table = make_table(_caption_weak(facts, lang), columns, rows, lang)
    return Table(table.caption, table.columns, table.rows, (False, True, True, False), table.note)
