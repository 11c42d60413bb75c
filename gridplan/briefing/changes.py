"""The section on changes: facts of two releases side by side, and what became of sub-grids."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely

from gridplan.briefing.catalogue import list_facts
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import (
    ESTIMATED,
    UNKNOWN,
    list_names,
    make_table,
    say_count,
    say_figure,
    say_share,
    say_value,
)
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.comparison.subgrid_changes import EVENT_KINDS, find_events
from gridplan.plan import Plan
from gridplan.tables.schema import Language
from gridplan.tables.words import say

SLIVER = 0.02  # share of a sub-grid's land: as much may differ by how limits are drawn
MOST_EVENTS = 20  # of the table of sub-grids
COMPARED = (
    *("households", "subgrids", "mean_households", "in_band", "exclusive", "special", "members"),
    *("branches", "groups", "grid_workers", "party_share", "vacancies", "volunteers", "gaps"),
)
COLUMNS = ["level", "body", "name", "fact", "before", "now", "change", "state"]
EVENTS = ["kind", "community", "old", "new", "share"]


class Changes(NamedTuple):
    """What changed since the release before.

    ``facts`` has a row for each body and fact that both releases have (before,
    now, change, state: shown, partial, suppressed, unknown, new or gone);
    ``events`` says what became of sub-grids (kind, community, old, new, share
    of the old land that stays).
    """

    facts: pd.DataFrame
    events: pd.DataFrame


def compare_facts(before: Facts, now: Facts) -> Changes:
    """Compare the facts of two releases of one place, and the land of their sub-grids.

    Who moved cannot be known from releases: they hold no households of
    buildings, so sub-grids are compared by the land that they have in common.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> compare_facts(facts, facts).events["kind"].tolist()
    ['kept', 'kept']
    """
    return Changes(_compare_values(before, now), find_land_events(before.plan, now.plan))


def _compare_values(before: Facts, now: Facts) -> pd.DataFrame:
    """Compare every fact of every body that is in either release."""
    key = ["level", "body", "fact"]
    old = before.values.set_index(key)[["value", "state"]].add_suffix("_old")
    both = now.values.set_index(key)[["value", "state"]].join(old, how="outer")
    bodies = pd.concat([now.bodies, before.bodies]).drop_duplicates(["level", "body"])
    both = both.reset_index().merge(bodies[["level", "body", "name"]], on=["level", "body"])
    states = both[["state", "state_old"]]
    told = states.isin(["shown", "partial"]).all(axis=1)
    state = np.select(
        [
            both["state_old"].isna(),
            both["state"].isna(),
            (states == "suppressed").any(axis=1),
            (states == "unknown").any(axis=1),
            (states == "partial").any(axis=1),
        ],
        ["new", "gone", "suppressed", "unknown", "partial"],
        "shown",
    )
    change = (both["value"] - both["value_old"]).where(told)
    both = both.assign(before=both["value_old"], now=both["value"], change=change, state=state)
    return both[COLUMNS].sort_values(["level", "body", "fact"]).reset_index(drop=True)


def find_land_events(before: Plan, now: Plan) -> pd.DataFrame:
    """Find what became of each sub-grid of homes, by the land that old and new have in common.

    Kinds are those of a comparison of plans: kept, renamed, shifted, split,
    merge, regrouped, birth and death. Slivers below 2 % of a sub-grid's land
    are how limits are drawn, and no change.
    """
    old, new = (_take_homes(plan) for plan in (before, now))
    flows = _overlay(old, new)
    events = find_events(flows)
    # Of the land of the old sub-grids of an event, that which is in its new ones stays.
    sides = {}
    for side in ("old", "new"):
        codes = events[side].str.split(", ").explode()
        sides[side] = flows[side].map(pd.Series(codes.index, index=codes).drop("", errors="ignore"))
    of_event = flows["households"].groupby(sides["old"]).sum()
    stays = flows["households"].where(sides["old"] == sides["new"], 0).groupby(sides["old"]).sum()
    share = (stays / of_event).reindex(events.index).to_numpy(float)
    return events.assign(share=share)[EVENTS].reset_index(drop=True)


def _take_homes(plan: Plan) -> pd.DataFrame:
    """Take the sub-grids of homes, in the order of their codes."""
    table = plan.subgrids[plan.subgrids["kind"] == "residential"]
    return pd.DataFrame(
        {"community": table["community"], "land": table.geometry.to_numpy()}, index=table.index
    ).sort_index()


def _overlay(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Lay old land over new: flows of square metres, and what neither has in common.

    They stand in the column of households, which is what events are found by.
    """
    lands = [table["land"].to_numpy(object) for table in (old, new)]
    sizes = [np.maximum(shapely.area(land), 1.0) for land in lands]
    a, b = (
        shapely.STRtree(lands[1]).query(lands[0], predicate="intersects")
        if len(old) and len(new)
        else np.zeros((2, 0), np.int64)
    )
    common = shapely.area(shapely.intersection(lands[0][a], lands[1][b]))
    large = common > SLIVER * np.minimum(sizes[0][a], sizes[1][b])
    a, b, common = a[large], b[large], common[large]
    codes = [table.index.to_numpy(object) for table in (old, new)]
    inside = pd.DataFrame(
        {
            "community": new["community"].to_numpy(object)[b],
            "old": codes[0][a],
            "new": codes[1][b],
            "households": common,
        }
    )
    kept = inside["old"] == inside["new"]
    frames = [inside.assign(kind=np.where(kept, "kept", "moved"))]
    for side, table, code, size, place in (
        ("old", old, codes[0], sizes[0], a),
        ("new", new, codes[1], sizes[1], b),
    ):
        rest = size - np.bincount(place, common, minlength=len(table))
        open_ = rest > SLIVER * size
        kind = "gone" if side == "old" else "new"
        rows = {"community": table["community"].to_numpy(object)[open_], "old": "", "new": ""}
        rows |= {side: code[open_], "households": rest[open_], "kind": kind}
        frames.append(pd.DataFrame(rows))
    flows = pd.concat(frames, ignore_index=True)
    flows["households"] = np.maximum(flows["households"].round(), 1).astype(np.int64)
    return flows.sort_values(["old", "new"], kind="stable").reset_index(drop=True)


def write_changes(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on changes; without a release before it says how to give one."""
    lang = request.lang
    title = say("section.changes", lang)
    if request.before is None:
        missing = say("section.missing_changes", lang)
        return Section("changes", title, title, (), missing=(missing,))
    changes = compare_facts(request.before, facts)
    kinds = changes.events["kind"].value_counts()
    sentences = [
        *_write_facts(changes.facts, facts.origin.are_estimated, lang),
        *_write_events(changes.events, lang),
        *_write_places(changes.events, facts, request.before, lang),
        say("section.changes_unknown", lang),
    ]
    tables = [
        *_make_fact_table(facts, request.before, lang),
        *_make_event_table(changes.events, lang),
    ]
    same = int(kinds.get("kept", 0) + kinds.get("renamed", 0))
    key = "changes_none" if same == len(changes.events) else "changes_finding"
    finding = say(f"section.{key}", lang, same=same, other=len(changes.events) - same)
    return Section("changes", title, finding, tuple(sentences), tuple(tables))


def _write_facts(table: pd.DataFrame, are_estimated: bool, lang: Language) -> list[str]:
    """Write which facts of the whole went up and down."""
    city = table[(table["level"] == "city") & table["fact"].isin(COMPARED)]
    city = city[city["change"].notna() & (city["change"].abs() > 1e-9)].set_index("fact")
    items = [
        say(
            "section.rose" if city.loc[name, "change"] > 0 else "section.fell",
            lang,
            fact=list_facts()[name].name(lang),
            change=_say_change(abs(float(city.loc[name, "change"])), name, are_estimated, lang),
        )
        for name in COMPARED
        if name in city.index
    ]
    if not items:
        return [say("section.facts_same", lang)]
    joint = "，" if lang == "zh" else ", "
    return [say("section.facts_changed", lang, items=joint.join(items))]


def _say_change(change: float, name: str, are_estimated: bool, lang: Language) -> str:
    """Say by how much a fact changed: a share by points, others in their unit."""
    fact = list_facts()[name]
    if fact.unit == "share":
        return say("section.points", lang, value=f"{100 * change:.1f}")
    text = say_figure(change, fact, lang)
    if are_estimated and name in ESTIMATED:
        text = say("section.about", lang, value=text)
    return f"{text}{fact.unit_zh}" if lang == "zh" else text


def _write_events(events: pd.DataFrame, lang: Language) -> list[str]:
    """Write how many sub-grids stayed, and how many events of each other kind there were."""
    kinds = events["kind"].value_counts()
    items = [
        say(f"section.event_{kind}", lang, count=kinds[kind])
        for kind in ("kept", *(k for k in EVENT_KINDS if k != "kept"))
        if kind in kinds
    ]
    joint = "，" if lang == "zh" else ", "
    return [say("section.events", lang, items=joint.join(items))] if items else []


def _write_places(events: pd.DataFrame, facts: Facts, before: Facts, lang: Language) -> list[str]:
    """Write which communities have most changed sub-grids, are new, or are gone."""
    names = facts.bodies[facts.bodies["level"] == "community"].set_index("body")["name"]
    olds = before.bodies[before.bodies["level"] == "community"].set_index("body")["name"]
    sentences = []
    changed = events[~events["kind"].isin(["kept", "renamed"])]
    if len(changed) and changed["community"].nunique() < len(names):
        counts = changed.groupby("community", sort=True).size()
        counts = counts.sort_values(ascending=False, kind="stable")
        named = list_names([names.get(c, olds.get(c, c)) for c in counts.index], lang)
        sentences.append(say("section.changed_places", lang, names=named))
    for key, table, other in (("places_new", names, olds), ("places_gone", olds, names)):
        rest = table[~table.index.isin(other.index)]
        if len(rest):
            named = list_names(rest.tolist(), lang, counted=True)
            sentences.append(say(f"section.{key}", lang, count=len(rest), names=named))
    return sentences


def _make_fact_table(facts: Facts, before: Facts, lang: Language) -> list[Table]:
    """Make the table of the facts of the whole, before and now."""
    rows = []
    for name in COMPARED:
        fact, old, now = list_facts()[name], before.find(name), facts.find(name)
        if not {old.state, now.state} <= {"shown", "suppressed"}:
            continue
        change = UNKNOWN if not (old.is_told and now.is_told) else ""
        if not change:
            change = _say_signed(now.value - old.value, name, lang)
        label = f"{fact.zh}（{'%' if fact.unit == 'share' else fact.unit_zh}）"
        label = fact.en if lang == "en" else fact.zh if fact.unit == "share" else label
        rows.append((label, say_value(old, fact, lang), say_value(now, fact, lang), change))
    if not rows:
        return []
    columns = say("section.columns_changes", lang).split("|")
    notes = [say("section.note_estimated", lang)] if facts.origin.are_estimated else []
    return [make_table(say("section.caption_changes", lang), columns, rows, lang, notes=notes)]


def _say_signed(change: float, name: str, lang: Language) -> str:
    """Say a change with its sign; what rounds to nothing has none."""
    fact = list_facts()[name]
    value = abs(change) * (100 if fact.unit == "share" else 1)
    whole = fact.kind in ("count", "short")
    text = say_count(value, lang) if whole else f"{value:.1f}"
    if not any(letter in "123456789" for letter in text):
        return text
    return ("+" if change > 0 else "−") + text


def _make_event_table(events: pd.DataFrame, lang: Language) -> list[Table]:
    """Make the table of sub-grids that are not what they were."""
    changed = events[~events["kind"].isin(["kept"])]
    if changed.empty:
        return []
    joint = "、" if lang == "zh" else ", "
    rows = [
        (
            say(f"section.kind_{row.kind}", lang),
            row.old.replace(", ", joint),
            row.new.replace(", ", joint),
            "" if np.isnan(row.share) else say_share(row.share, lang, 0),
        )
        for row in changed.head(MOST_EVENTS).itertuples()
    ]
    more = len(changed) - len(rows)
    notes = [say("section.note_land", lang)]
    notes += [say("section.note_more", lang, count=more)] if more else []
    columns = say("section.columns_events", lang).split("|")
    caption = say("section.caption_events", lang)
    return [make_table(caption, columns, rows, lang, words=3, notes=notes)]
