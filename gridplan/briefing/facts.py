"""The facts that a briefing is made of: one table that all its writers read, and none computes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.brief_plan import Brief, write_brief
from gridplan.tables.level_indicators import FOUR_LEVELS, place_bodies
from gridplan.tables.schema import Language

STATES = ("shown", "partial", "suppressed", "unknown")
BODIES = ["level", "body", "name", "kind", "above"]
VALUES = ["level", "body", "fact", "value", "part", "whole", "state"]
REACH = ["level", "body", "kind", "minutes", "reach", "served", "state"]
GAPS = ["level", "body", "room", "rule", "value", "state"]


@dataclass(frozen=True)
class Fact:
    """A fact of all levels: what it is called, and which published measures it is made from.

    ``kind`` is count, share or ratio; a share or ratio is ``per`` times ``part`` over
    ``whole``. ``better`` is more, less, or empty where neither is; ``section`` is the
    part of a briefing that it belongs to, ``needs`` what fills it where it is unknown.
    """

    fact: str
    zh: str
    en: str
    unit_zh: str
    unit: str
    kind: str
    per: float
    better: str
    part: str
    whole: str
    section: str
    needs: str
    needs_zh: str
    meaning_zh: str
    meaning_en: str

    def name(self, lang: Language) -> str:
        """Name the fact in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Facts:
    """All that a briefing may say of a released plan, in tables.

    ``bodies`` has the city, districts, subdistricts and communities (level, body,
    name, kind, above); ``values`` a row for each body and fact (value, the
    published part and whole, state); ``reach`` the shares of households in reach
    and served by kind of service point and minutes on foot; ``gaps`` how many
    gaps each rule has. ``state`` is shown, partial (of what is known), suppressed
    or unknown, and a value that is not shown or partial is NaN. ``brief`` holds
    the paragraph and its figures.
    """

    plan: Plan
    brief: Brief
    bodies: pd.DataFrame
    values: pd.DataFrame
    reach: pd.DataFrame
    gaps: pd.DataFrame

    def take(self, fact: str, level: str = "city") -> pd.DataFrame:
        """Take one fact of all bodies of a level, with their names, in the order of bodies."""
        rows = self.values[(self.values["fact"] == fact) & (self.values["level"] == level)]
        return rows.merge(self.bodies, on=["level", "body"], how="left")


@cache
def list_facts() -> Mapping[str, Fact]:
    """List the facts in the order of ``facts.csv``.

    Examples
    --------
    >>> list_facts()["in_band"].part, list_facts()["in_band"].whole
    ('in_band', 'subgrids')
    """
    text = files("gridplan.briefing").joinpath("facts.csv").read_text(encoding="utf-8")
    facts = {}
    for row in csv.DictReader(text.splitlines()):
        values: dict[str, Any] = {**row, "per": float(row["per"])}
        facts[row["fact"]] = Fact(**values)
    return facts


def collect_facts(leaving: Plan) -> Facts:
    """Collect the facts of a released plan.

    Raises
    ------
    PlanError
        If the plan was not released, or its check does not pass.

    Examples
    --------
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> facts.take("subgrids", "community")[["name", "value", "state"]].values.tolist()
    [['东湖社区', 2.0, 'shown']]
    """
    brief = write_brief(leaving)
    bodies = list_bodies(leaving)
    published = leaving.published
    return Facts(
        leaving,
        brief,
        bodies,
        _list_values(published, bodies),
        _list_reach(published),
        _list_gaps(published),
    )


def list_bodies(leaving: Plan) -> pd.DataFrame:
    """List the city and all districts, subdistricts and communities, each with the one above."""
    communities = leaving.site.communities
    over = place_bodies(communities).assign(community=communities.index.astype(str))
    over = over.assign(kind=communities["kind"].to_numpy())
    frames = []
    for depth, level in enumerate(FOUR_LEVELS):
        named = over[over[level] != ""]
        above = pd.Series("", named.index, dtype=object)
        for finer in FOUR_LEVELS[:depth][::-1]:
            above = above.where(above != "", named[finer])
        rows = pd.DataFrame({"body": named[level], "above": above, "kind": named["kind"]})
        rows = rows.sort_values(["body", "above"]).drop_duplicates("body")
        names = communities["name"].reindex(rows["body"]).to_numpy(object)
        frames.append(
            rows.assign(
                level=level,
                name=names if level == "community" else rows["body"].to_numpy(object),
                kind=rows["kind"] if level == "community" else "",
            )[BODIES]
        )
    return pd.concat(frames, ignore_index=True).fillna({"name": ""})


def _list_values(published: pd.DataFrame, bodies: pd.DataFrame) -> pd.DataFrame:
    """List every fact of every body, from the measures that were published for it."""
    key = ["level", "of", "measure"]
    cells = published.drop_duplicates(key).set_index(key)
    city = published[published["measure"].str.startswith("figure:")]
    figures = city.assign(measure=city["measure"].str.removeprefix("figure:"))
    # A figure of the brief stands for the city where no cell of its name does.
    more = figures.drop_duplicates(key).set_index(key)
    cells = pd.concat([cells, more[~more.index.isin(cells.index)]])
    frames = []
    for fact in list_facts().values():
        part = _take(cells, bodies, fact.part)
        whole = _take(cells, bodies, fact.whole) if fact.whole else None
        frames.append(_make_rows(bodies, fact, part, whole))
    return pd.concat(frames, ignore_index=True)[VALUES]


def _take(cells: pd.DataFrame, bodies: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Take a measure of every body; NaN in ``shown`` where nothing was published."""
    key = pd.MultiIndex.from_arrays([bodies["level"], bodies["body"], [measure] * len(bodies)])
    rows = cells[["value", "shown"]].reindex(key).reset_index(drop=True)
    return rows.assign(shown=rows["shown"].astype(object))


def _make_rows(
    bodies: pd.DataFrame, fact: Fact, part: pd.DataFrame, whole: pd.DataFrame | None
) -> pd.DataFrame:
    """Make the rows of one fact: its value, and whether it is shown, suppressed or unknown."""
    both = [part] if whole is None else [part, whole]
    unknown = np.logical_or.reduce([rows["shown"].isna().to_numpy() for rows in both])
    closed = np.logical_or.reduce([(rows["shown"] == False).to_numpy() for rows in both])  # noqa: E712
    value = part["value"].to_numpy(float)
    under = np.full(len(bodies), np.nan) if whole is None else whole["value"].to_numpy(float)
    if whole is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(under > 0, fact.per * value / under, np.nan)
    state = np.select([closed, unknown | np.isnan(value)], ["suppressed", "unknown"], "shown")
    return bodies[["level", "body"]].assign(
        fact=fact.fact,
        value=np.where(state == "shown", value, np.nan),
        part=part["value"].to_numpy(float),
        whole=under,
        state=state,
    )


def _list_reach(published: pd.DataFrame) -> pd.DataFrame:
    """List the shares in reach and served, a row for each body, kind and time on foot."""
    rows = published[published["measure"].str.match(r"(reach|served):")]
    if rows.empty:
        return pd.DataFrame(columns=REACH)
    names = rows["measure"].str.split(":", expand=True)
    rows = rows.assign(what=names[0], kind=names[1], minutes=names[2].astype(float))
    table = rows.set_index(["level", "of", "kind", "minutes", "what"])["value"].unstack()
    shown = rows.groupby(["level", "of", "kind", "minutes"])["shown"].all()
    table = table.join(shown).reset_index().rename(columns={"of": "body"})
    state = np.where(table["shown"].astype(bool), "shown", "suppressed")
    return table.assign(state=state).reindex(columns=REACH)


def _list_gaps(published: pd.DataFrame) -> pd.DataFrame:
    """List the gaps of each rule by body."""
    rows = published[published["measure"].str.startswith("gaps:")]
    if rows.empty:
        return pd.DataFrame(columns=GAPS)
    names = rows["measure"].str.split(":", n=2, expand=True)
    state = np.where(rows["shown"].astype(bool), "shown", "suppressed")
    return rows.assign(room=names[1], rule=names[2], body=rows["of"], state=state)[GAPS]
