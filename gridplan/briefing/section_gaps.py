"""The section on what falls short: rules that are not kept, where, and what would help."""

from __future__ import annotations

import pandas as pd

from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import (
    WITHHELD,
    list_names,
    make_table,
    name_rule,
    say_count,
    say_share,
    write_withheld,
)
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.briefing.section_overview import find_out_of_band
from gridplan.rules.coverage import say_kind
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say, say_code

MOST_RULES = 20  # of the table of gaps
MOST_COMMUNITIES = 10  # of the table of communities
CHANCES = frozenset({"near_cut"})  # rules that point at a chance, not at something missing
NAMED_RULES = 3
COUNTED = frozenset({"reach", "rating"})  # rooms whose gaps have a word of their own


def write_gaps(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on what falls short, each with its remedy."""
    lang = request.lang
    title = say("section.gaps", lang)
    rules = rank_rules(facts)
    out = find_out_of_band(facts)
    tables = [
        *_make_rule_table(facts, rules, lang),
        *_make_community_table(facts, lang),
        *_make_band_table(facts, out, lang),
    ]
    sentences = (*_write_rules(facts, rules, lang), *_write_out(facts, out, lang))
    sentences = (*sentences, *write_withheld(facts, ("gaps",), lang))
    missing = list_unchecked(facts, lang)
    views = ("band",) if len(out) else ()
    finding = _write_finding(facts, rules, out, lang) or title
    return Section("gaps", title, finding, sentences, tuple(tables), views, missing)


def list_unchecked(facts: Facts, lang: Language) -> tuple[str, ...]:
    """Say what to give where gaps were not looked for; nothing where they were, or are withheld."""
    looked_for = len(facts.gaps) or facts.find("gaps").state != "unknown"
    return () if looked_for else (say("section.missing_gaps", lang),)


def rank_rules(facts: Facts) -> pd.DataFrame:
    """Rank the rules by their gaps in the whole: room, rule and value; chances come last."""
    rows = facts.gaps[facts.gaps["level"] == "city"]
    rows = rows[(rows["state"] == "suppressed") | (rows["value"] > 0)]
    rows = rows.assign(chance=rows["rule"].isin(CHANCES), sort=-rows["value"].fillna(0.0))
    rows = rows.sort_values(["chance", "sort", "room", "rule"], kind="stable")
    return rows[["room", "rule", "value", "state", "chance"]].reset_index(drop=True)


def say_item(facts: Facts, room: str, rule: str, value: float, lang: Language) -> str:
    """Say how many gaps a rule has; a service that nobody has anywhere is not counted."""
    if is_absent(facts, room, rule):
        return say("section.rule_absent", lang, kind=say_kind(rule, lang))
    name, count = name_rule(room, rule, lang), say_count(value, lang)
    return say(f"section.item_{room if room in COUNTED else 'other'}", lang, rule=name, count=count)


def is_absent(facts: Facts, room: str, rule: str) -> bool:
    """Whether a rule is of a service that reaches nobody at all."""
    city = facts.reach[(facts.reach["level"] == "city") & (facts.reach["kind"] == rule)]
    return room == "reach" and len(city) > 0 and bool((city["reach"] == 0).all())


def say_remedy(facts: Facts, room: str, rule: str, lang: Language) -> str:
    """Say what would close the gaps of a rule; the room's own remedy where the rule has none."""
    if is_absent(facts, room, rule):
        return say("section.remedy_absent", lang, kind=say_kind(rule, lang))
    remedies = list_words("remedy", lang)
    return remedies.get(rule) or remedies.get(f"room_{room}") or remedies["otherwise"]


def _write_finding(facts: Facts, rules: pd.DataFrame, out: pd.DataFrame, lang: Language) -> str:
    """Write what falls short most."""
    real = rules[~rules["chance"] & rules["value"].notna()]
    if len(real):
        top = real.iloc[0]
        return say(
            "section.gaps_finding",
            lang,
            rules=len(real),
            item=say_item(facts, top["room"], top["rule"], top["value"], lang),
        )
    if len(out):
        return say("section.gaps_band", lang, count=say_count(out["out"].sum(), lang))
    return ""


def _write_rules(facts: Facts, rules: pd.DataFrame, lang: Language) -> list[str]:
    """Write how many gaps there are, and the rules with most of them."""
    real = rules[~rules["chance"] & rules["value"].notna()]
    if real.empty:
        return []
    joint = "、" if lang == "zh" else "; "
    items = [
        say_item(facts, row.room, row.rule, row.value, lang)
        for row in real.head(NAMED_RULES).itertuples()
    ]
    total = say_count(real["value"].sum(), lang)
    sentences = [
        say("section.gaps_all", lang, total=total, rules=len(real), items=joint.join(items))
    ]
    chances = rules[rules["chance"] & rules["value"].notna()]
    if len(chances):
        count = say_count(chances["value"].sum(), lang)
        sentences.append(say("section.gaps_chances", lang, count=count))
    return sentences


def _write_out(facts: Facts, out: pd.DataFrame, lang: Language) -> list[str]:
    """Write how many sub-grids are out of band, and where."""
    if out.empty:
        return []
    whole = facts.find("subgrids")
    count = float(out["out"].sum())
    values = {
        "count": say_count(count, lang),
        "communities": len(out),
        "names": list_names(out["name"].tolist(), lang),
        "share": say_share(count / whole.value, lang) if whole.value else "",
    }
    return [say("section.gaps_out", lang, **values)]


def _make_rule_table(facts: Facts, rules: pd.DataFrame, lang: Language) -> list[Table]:
    """Make the table of rules: part, rule, gaps, where most are, remedy."""
    if rules.empty:
        return []
    rows = [
        (
            say_code("room", row.room, lang),
            say("section.rule_absent", lang, kind=say_kind(row.rule, lang))
            if is_absent(facts, row.room, row.rule)
            else name_rule(row.room, row.rule, lang),
            _say_gaps(row.value, lang),
            _name_worst(facts, row.room, row.rule, lang),
            say_remedy(facts, row.room, row.rule, lang),
        )
        for row in rules.head(MOST_RULES).itertuples()
    ]
    columns = say("section.columns_gaps", lang).split("|")
    more = len(rules) - len(rows)
    notes = [say("section.note_more", lang, count=more)] if more else []
    table = make_table(say("section.caption_gaps", lang), columns, rows, lang, words=2, notes=notes)
    # The last two columns are words again.
    return [Table(table.caption, table.columns, table.rows, (*table.numeric[:3], False, False),
                  table.note)]  # fmt: skip


def _say_gaps(value: float, lang: Language) -> str:
    return WITHHELD if pd.isna(value) else say_count(value, lang)


def _name_worst(facts: Facts, room: str, rule: str, lang: Language) -> str:
    """Name the communities with most gaps of a rule, as far as they are published."""
    rows = facts.gaps[
        (facts.gaps["level"] == "community")
        & (facts.gaps["room"] == room)
        & (facts.gaps["rule"] == rule)
        & (facts.gaps["value"] > 0)
    ].sort_values(["value", "body"], ascending=[False, True])
    names = facts.bodies[facts.bodies["level"] == "community"].set_index("body")["name"]
    return list_names([names.get(body, body) for body in rows["body"]], lang, 2)


def _make_community_table(facts: Facts, lang: Language) -> list[Table]:
    """Make the table of communities with most gaps, as far as they are published."""
    rows = facts.gaps[
        (facts.gaps["level"] == "community")
        & (facts.gaps["value"] > 0)
        & ~facts.gaps["rule"].isin(CHANCES)
    ].sort_values(["body", "value", "rule"], ascending=[True, False, True])
    if rows["body"].nunique() < 2:
        return []
    names = facts.bodies[facts.bodies["level"] == "community"].set_index("body")["name"]
    sums = rows.groupby("body", sort=True).agg(
        value=("value", "sum"), room=("room", "first"), first=("rule", "first")
    )
    sums = sums.sort_values("value", ascending=False, kind="stable")
    lines = [
        (names.get(body, body), say_count(row.value, lang), name_rule(row.room, row.first, lang))
        for body, row in zip(sums.index, sums.itertuples(), strict=True)
    ][:MOST_COMMUNITIES]
    columns = say("section.columns_worst", lang).split("|")
    caption = say("section.caption_worst", lang)
    table = make_table(
        caption, columns, lines, lang, notes=[say("section.note_published_gaps", lang)]
    )
    return [Table(caption, table.columns, table.rows, (False, True, False), table.note)]


def _make_band_table(facts: Facts, out: pd.DataFrame, lang: Language) -> list[Table]:
    """Make the table of communities with sub-grids out of band."""
    if out.empty:
        return []
    lines = [
        (
            row.name,
            say_count(row.whole, lang),
            say_count(row.out, lang),
            say_share(row.part / row.whole, lang),
        )
        for row in out.head(MOST_COMMUNITIES).itertuples(index=False)
    ]
    columns = say("section.columns_band", lang).split("|")
    return [make_table(say("section.caption_band", lang), columns, lines, lang)]
