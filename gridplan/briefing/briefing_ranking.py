"""The section on ranking: like with like, from what a release publishes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.briefing.catalogue import list_facts
from gridplan.briefing.facts import Facts, Value
from gridplan.briefing.figure_texts import UNKNOWN, list_names, make_table, say_figure, say_value
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.tables.level_indicators import FOUR_LEVELS
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say

# What bodies are ranked by, where it is published for at least two of them: shares and ratios
# alone, since counts of gaps or vacancies would only say which body is large.
RANKED = ("in_band", "party_share", "full_rate", "volunteers_per_100")
# Villages are not ranked with communities of a town, nor a street with a district.
GROUPS = ("urban", "rural", "subdistrict", "district")
MOST_ROWS = 20  # of the table of a group
COLUMNS = [
    *("group", "level", "body", "name", "fact", "value", "state", "rank", "tied", "ranked"),
    *("caveat", "rank_before", "moved"),
]


def rank_facts(facts: Facts, before: Facts | None = None) -> pd.DataFrame:
    """Rank bodies of one kind by each share or ratio, the largest first; ties share a rank.

    What rests on fewer than the rules ask for, is withheld or is not known is
    not ranked and stands last.

    Returns
    -------
    A row for each group, fact and body: value, state, ``rank`` (NaN if not
    ranked), ``tied`` (how many share it), ``ranked`` (how many are ranked),
    ``caveat`` (few, suppressed, unknown, partial or empty), ``rank_before`` and
    ``moved`` (by how many places it rose; NaN where it is not known).

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> table = rank_facts(collect_facts(release(make_board_plan())))
    >>> table[["group", "fact", "caveat"]].values.tolist()
    [['urban', 'in_band', 'suppressed']]
    """
    now = _rank_all(facts)
    old = now.iloc[:0] if before is None else _rank_all(before)
    key = ["group", "fact", "body"]
    ranks = old.set_index(key)["rank"]
    at_first = pd.MultiIndex.from_frame(now[key])
    table = now.assign(rank_before=ranks.reindex(at_first).to_numpy(float))
    table = table.assign(moved=table["rank_before"] - table["rank"])
    return table[COLUMNS]


def _rank_all(facts: Facts) -> pd.DataFrame:
    """Rank the bodies of every group by every fact."""
    bodies = facts.bodies[facts.bodies["level"].isin(FOUR_LEVELS[1:])]
    is_place = bodies["level"] == "community"
    bodies = bodies.assign(group=bodies["kind"].where(is_place, bodies["level"]))
    rows = facts.values[facts.values["fact"].isin(RANKED)]
    rows = rows.merge(bodies, on=["level", "body"])
    rows = rows[rows["group"].isin(GROUPS)]
    frames = [
        _rank_one(rows[(rows["group"] == group) & (rows["fact"] == fact)], facts)
        for group in GROUPS
        for fact in RANKED
    ]
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else _rank_one(rows.iloc[:0], facts)


def _rank_one(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Rank the bodies of one group by one fact; nobody is listed where nothing is known."""
    if (rows["state"] == "unknown").all():
        rows = rows.iloc[:0]
    rules = facts.plan.rules.ranking
    share = rows["fact"].map(lambda name: list_facts()[name].kind == "share").astype(bool)
    # A share of few is chance more than merit; posts filled of those needed are not.
    few = share & (rows["whole"] < rules.least)
    told = rows["state"].isin(["shown", "partial"])
    caveat = np.select(
        [rows["state"] == "suppressed", ~told, few, rows["state"] == "partial"],
        ["suppressed", "unknown", "few", "partial"],
        "",
    )
    seen = _round_as_printed(rows).where(told & ~few)
    rank = seen.rank(method="min", ascending=False)
    tied = rank.map(rank.value_counts()).fillna(0).astype(np.int64)
    table = rows.assign(
        rank=rank, tied=tied, ranked=int(rank.notna().sum()), caveat=caveat.astype(object)
    )
    order = np.lexsort([table["body"], table["rank"].fillna(np.inf)])
    return table.iloc[order]


def _round_as_printed(rows: pd.DataFrame) -> pd.Series[float]:
    """Round values as they are printed, since what prints alike ties."""
    share = rows["fact"].map(lambda name: list_facts()[name].unit == "share").astype(bool)
    down = np.floor(rows["value"].astype(float) * 1000 + 1e-6) / 1000
    return down.where(share, rows["value"].astype(float).round(1))


def write_ranking(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on ranking: a list for each kind of body, with ranks of the release before.

    A group with fewer than two ranked has no list.
    """
    lang = request.lang
    title = say("section.ranking", lang)
    table = rank_facts(facts, request.before)
    ranked = table[table["ranked"] >= 2]
    if ranked.empty:
        return Section("ranking", title, title, (), missing=(say("section.missing_ranking", lang),))
    groups = [group for group in GROUPS if (ranked["group"] == group).any()]
    firsts = [_write_firsts(ranked[ranked["group"] == group], lang) for group in groups]
    sentences = [sentence for sentence in firsts if sentence]
    sentences.append(say("section.ranked_so", lang, least=f"{facts.plan.rules.ranking.least:g}"))
    tables = [
        _make_group_table(ranked[ranked["group"] == group], request.before is not None, lang)
        for group in groups
        if _list_telling(ranked[ranked["group"] == group])
    ]
    found = [_find_difference(ranked[ranked["group"] == group], lang) for group in groups]
    finding = next((text for text in found if text), "")
    finding = finding or say("section.ranking_finding", lang, groups=len(groups))
    return Section("ranking", title, finding, tuple(sentences), tuple(tables))


def name_group(group: str, lang: Language) -> str:
    """Name a group of bodies that are ranked together."""
    return list_words("section", lang)[f"group_{group}"]


def _write_firsts(rows: pd.DataFrame, lang: Language) -> str:
    """Write who stands first and last of a group, by each fact that tells bodies apart."""
    items = []
    for name in RANKED:
        one = rows[(rows["fact"] == name) & rows["rank"].notna()]
        if one.empty:
            continue
        fact = list_facts()[name]
        best, last = one[one["rank"] == 1], one[one["rank"] == one["rank"].max()]
        if len(best) == len(one):
            items.append(say("section.all_tied", lang, fact=fact.name(lang)))
            continue
        values = {
            "fact": fact.name(lang),
            "best": list_names(best["name"].tolist(), lang),
            "value": say_figure(best["value"].iloc[0], fact, lang),
            "last": list_names(last["name"].tolist(), lang),
            "least": say_figure(last["value"].iloc[0], fact, lang),
        }
        items.append(say("section.first_last", lang, **values))
    joint = "；" if lang == "zh" else "; "
    count = rows["body"].nunique()
    group = name_group(str(rows["group"].iloc[0]), lang)
    if not items:
        return ""
    return say("section.group_ranked", lang, group=group, count=count, items=joint.join(items))


def _list_telling(rows: pd.DataFrame) -> list[str]:
    """List the facts by which some body of a group stands before another."""
    ranks = rows.groupby("fact")["rank"].max()
    return [name for name in RANKED if ranks.get(name, 1.0) > 1]


def _find_difference(rows: pd.DataFrame, lang: Language) -> str:
    """Say who stands first and last by the first fact that tells one body from another."""
    for name in RANKED:
        one = rows[(rows["fact"] == name) & rows["rank"].notna()]
        last = one[one["rank"] == one["rank"].max()]
        best = one[one["rank"] == 1]
        if len(best) < len(one):
            return say(
                "section.ranking_best",
                lang,
                group=name_group(str(rows["group"].iloc[0]), lang),
                fact=list_facts()[name].name(lang),
                best=list_names(best["name"].tolist(), lang, 1),
                last=list_names(last["name"].tolist(), lang, 1),
            )
    return ""


def _make_group_table(rows: pd.DataFrame, has_before: bool, lang: Language) -> Table:
    """Make the table of a group: each body with its value and rank by each fact."""
    names = [name for name in RANKED if (rows["fact"] == name).any()]
    cells = {(row.body, row.fact): row for row in rows.itertuples()}
    ranks = rows.pivot_table("rank", "body", "fact", dropna=False).reindex(columns=names)
    labels = rows.drop_duplicates("body").set_index("body")["name"]
    # The first fact that tells one from another decides the order of rows.
    keys = [*_list_telling(rows), *names]
    order = ranks.fillna(np.inf).sort_values(list(dict.fromkeys(keys)), kind="stable").index
    shown = list(order)
    if len(order) > MOST_ROWS:
        placed = [body for body in order if ranks.loc[body].notna().any()]
        shown = [*placed[: MOST_ROWS // 2], *placed[-MOST_ROWS // 2 :]]
    lines = []
    for body in shown:
        line = [str(labels[body])]
        for name in names:
            line += _say_rank(cells[(body, name)], name, has_before, lang)
        lines.append(line)
    columns = [say("section.body", lang)]
    for name in names:
        columns += [list_facts()[name].name(lang), say("section.rank", lang)]
    notes = []
    if any(cell.startswith("(") or cell.startswith("（") for line in lines for cell in line[2::2]):
        notes.append(say("section.note_few", lang))
    if len(order) > len(lines):
        half, more = MOST_ROWS // 2, len(order) - len(lines)
        notes.append(say("section.note_ends", lang, half=half, count=more))
    group = name_group(str(rows["group"].iloc[0]), lang)
    caption = say("section.caption_ranking", lang, group=group)
    return make_table(caption, columns, lines, lang, notes=notes)


def _say_rank(row: object, name: str, has_before: bool, lang: Language) -> list[str]:
    """Say the value and the rank of a body; what is not ranked is said in brackets."""
    values = {
        column: getattr(row, column) for column in ("value", "state", "rank", "tied", "moved")
    }
    value = Value(float(values["value"]), np.nan, np.nan, str(values["state"]))
    text = say_value(value, list_facts()[name], lang)
    if np.isnan(values["rank"]):
        return [text, say("section.unranked", lang) if value.is_told else ""]
    rank = f"{values['rank']:.0f}"
    if values["tied"] > 1:
        rank = say("section.tied", lang, rank=rank)
    moved = float(values["moved"])
    if has_before and moved:
        mark = UNKNOWN if np.isnan(moved) else f"{'↑' if moved > 0 else '↓'}{abs(moved):.0f}"
        rank = f"{rank} {mark}"
    return [text, rank]
