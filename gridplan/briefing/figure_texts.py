"""Figures as texts: rounded alike everywhere, and honest about what is withheld or not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from gridplan.briefing.catalogue import Fact, list_facts
from gridplan.briefing.facts import Facts, Value
from gridplan.briefing.section import Table
from gridplan.rules.coverage import say_kind
from gridplan.tables.indicators import CITY
from gridplan.tables.requirements import read_document
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say, say_code

WITHHELD = "*"
UNKNOWN = "—"
OF_KNOWN = "†"  # after a figure of the communities that are known
MOST_LISTED = 60  # bodies in a table of a document; the others are in the workbook
MOST_NAMED = 3  # bodies named in a sentence; the others are counted
ESTIMATED = frozenset({"households", "mean_households", "volunteers_per_100"})


def say_share(value: float, lang: Language, digits: int = 1) -> str:
    """Say a share in per cent, rounded down: what is not whole never reads as 100 %.

    Examples
    --------
    >>> say_share(0.99999, "zh"), say_share(0.29, "en", 0)
    ('99.9%', '29 %')
    """
    # A little above, since 0.29 * 100 is a little below 29.
    scaled = np.floor(value * 100 * 10**digits + 1e-6) / 10**digits
    return f"{scaled:.{digits}f}%" if lang == "zh" else f"{scaled:.{digits}f} %"


def say_count(value: float, lang: Language) -> str:
    """Say a whole number; thousands are set apart in English.

    Examples
    --------
    >>> say_count(7978, "zh"), say_count(7978, "en")
    ('7978', '7,978')
    """
    return f"{round(value)}" if lang == "zh" else f"{round(value):,}"


def say_figure(value: float, fact: Fact, lang: Language) -> str:
    """Say the value of a fact: a count whole, a ratio with one decimal, a share in per cent."""
    if fact.unit == "share":
        return say_share(value, lang)
    return say_count(value, lang) if fact.kind in ("count", "short") else f"{value:.1f}"


def say_value(value: Value, fact: Fact, lang: Language) -> str:
    """Say a value for a table: a sign where it is withheld, not known, or of what is known."""
    if value.state == "suppressed":
        return WITHHELD
    if not value.is_told:
        return UNKNOWN
    text = say_figure(value.value, fact, lang)
    return text + OF_KNOWN if value.state == "partial" else text


def say_fact(facts: Facts, name: str, lang: Language) -> str:
    """Say a fact of the whole for a sentence; empty where there is no value."""
    value = facts.find(name)
    if not value.is_told:
        return ""
    text = say_figure(value.value, list_facts()[name], lang)
    estimated = name in ESTIMATED and facts.origin.are_estimated
    return say("section.about", lang, value=text) if estimated else text


def write_sentence(facts: Facts, key: str, names: Sequence[str], lang: Language) -> list[str]:
    """Write a sentence of the page ``section`` if all its facts have a value, else none."""
    values = {name: say_fact(facts, name, lang) for name in names}
    return [say(f"section.{key}", lang, **values)] if all(values.values()) else []


def write_withheld(facts: Facts, names: Sequence[str], lang: Language) -> list[str]:
    """Write which of some facts of the whole are withheld; nothing where none is."""
    hidden = [name for name in names if facts.find(name).state == "suppressed"]
    if not hidden:
        return []
    named = [list_facts()[name].name(lang) for name in hidden]
    return [say("section.withheld_facts", lang, facts=list_names(named, lang, len(named)))]


def name_body(level: str, name: str, lang: Language) -> str:
    """Name a body; the whole has a name of its own only where it is a part cut out.

    Examples
    --------
    >>> name_body("city", "site", "zh"), name_body("city", "柳河镇", "zh")
    ('全域', '柳河镇')
    """
    return say("section.city", lang) if level == "city" and name in ("", CITY) else name


def name_rule(room: str, rule: str, lang: Language) -> str:
    """Name a rule in words: a service by its kind, a requirement by its name, others as lists do.

    Examples
    --------
    >>> name_rule("reach", "canteen", "en"), name_rule("staffing", "leader", "zh")
    ('not served by a canteen', '缺网格长')
    """
    document = read_document()
    if room == "reach" and rule in list_words("post_kind", lang):
        return say("section.rule_reach", lang, kind=say_kind(rule, lang))
    if room == "rating":
        return say("section.rule_rating", lang, rule=say_code("gap_rule", rule, lang))
    return document[rule].name(lang) if rule in document else say_code("gap_rule", rule, lang)


def list_names(
    names: Sequence[str], lang: Language, most: int = MOST_NAMED, *, counted: bool = False
) -> str:
    """List names in a sentence; of many the first, and how many there are.

    ``counted`` is whether the sentence has said already how many they are.

    Examples
    --------
    >>> list_names(["A", "B"], "en"), list_names(["甲", "乙", "丙", "丁"], "zh")
    ('A and B', '甲、乙、丙等4个')
    """
    shown = list(names[:most])
    if len(names) > most:
        text = ("、" if lang == "zh" else ", ").join(shown)
        if counted:
            return say("section.and_others", lang, names=text)
        return say("section.and_more", lang, names=text, all=len(names))
    if lang == "zh":
        return "、".join(shown)
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def make_table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    lang: Language,
    *,
    words: int = 1,
    notes: Sequence[str] = (),
) -> Table:
    """Make a table whose first ``words`` columns are words; its notes explain the signs in it."""
    kept = tuple(tuple(row) for row in rows)
    signs = {
        WITHHELD: "note_withheld",
        UNKNOWN: "note_unknown",
        OF_KNOWN: "note_partial",
    }
    cells = [cell for row in kept for cell in row[words:]]
    lines = [
        say(f"section.{key}", lang)
        for sign, key in signs.items()
        if any(cell == sign or (sign == OF_KNOWN and cell.endswith(sign)) for cell in cells)
    ]
    joint = "；" if lang == "zh" else "; "
    note = joint.join([*lines, *notes])
    end = "。" if lang == "zh" else "."
    numeric = tuple(n >= words for n in range(len(columns)))
    return Table(caption, tuple(columns), kept, numeric, note + end if note else "")


def choose_levels(facts: Facts, *wanted: str) -> list[str]:
    """Choose the levels of which a document lists the bodies, from those wanted.

    A level with one body is the level above once more, and hundreds of
    communities belong into the workbook where there are streets to list.
    """
    counts = facts.bodies["level"].value_counts()
    levels = [level for level in wanted if level == "city" or counts.get(level, 0) > 1]
    if counts.get("community", 0) > MOST_LISTED and "subdistrict" in levels:
        levels = [level for level in levels if level != "community"]
    return levels


def make_body_table(
    facts: Facts,
    levels: Sequence[str],
    names: Sequence[str],
    caption: str,
    lang: Language,
    *,
    most: int = MOST_LISTED,
) -> list[Table]:
    """Make a table with a row for each body of some levels; a fact without any value has no column.

    Facts that are withheld of all bodies are named in the note.
    """
    rows = facts.values[facts.values["level"].isin(levels) & facts.values["fact"].isin(names)]
    known = set(rows.loc[rows["state"].isin(["shown", "partial"]), "fact"])
    hidden = set(rows.loc[rows["state"] == "suppressed", "fact"]) - known
    told = rows[rows["fact"].isin(known) & (rows["state"] != "unknown")]
    # A place of which nothing is known has no row: a line of dashes says nothing.
    places = pd.MultiIndex.from_frame(facts.bodies[["level", "body"]])
    bodies = facts.bodies[places.isin(pd.MultiIndex.from_frame(told[["level", "body"]]))]
    wanted = [name for name in names if name in known]
    if not wanted or bodies.empty:
        return []
    values = {
        (row.level, row.body, row.fact): Value(row.value, row.part, row.whole, row.state)
        for row in rows.itertuples()
    }
    catalogue = list_facts()
    lines = [
        [name_body(row.level, row.name, lang)]
        + [say_value(values[(row.level, row.body, name)], catalogue[name], lang) for name in wanted]
        for row in bodies.head(most).itertuples()
    ]
    notes = _note_body_table(facts, wanted, len(bodies) - most, lang)
    if hidden:
        named = [catalogue[name].name(lang) for name in names if name in hidden]
        notes.append(say("section.note_hidden", lang, facts=list_names(named, lang, len(named))))
    columns = [say("section.body", lang), *(say_column(catalogue[name], lang) for name in wanted)]
    return [make_table(caption, columns, lines, lang, notes=notes)]


def _note_body_table(facts: Facts, names: Sequence[str], more: int, lang: Language) -> list[str]:
    """Note that households are estimates, and how many bodies the table leaves out."""
    notes = []
    if facts.origin.are_estimated and ESTIMATED & set(names):
        notes.append(say("section.note_estimated", lang))
    if more > 0:
        notes.append(say("section.note_more", lang, count=more))
    return notes


def say_column(fact: Fact, lang: Language) -> str:
    """Say the head of a fact's column: its name, and its unit in brackets."""
    unit = "%" if fact.unit == "share" else fact.count_in(lang)
    if lang == "zh":
        return f"{fact.zh}（{unit}）" if unit != "%" else fact.zh
    return fact.en


def sort_worst(table: pd.DataFrame, column: str, *, largest: bool) -> pd.DataFrame:
    """Sort rows by a column, those that need attention first; equals by the code of the body."""
    return table.sort_values([column, "body"], ascending=[not largest, True], kind="stable")
