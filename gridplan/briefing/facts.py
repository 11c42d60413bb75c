"""The facts that a briefing is made of: one table that all its writers read, and none computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from gridplan.briefing.catalogue import Fact as Fact
from gridplan.briefing.catalogue import list_facts as list_facts
from gridplan.briefing.fact_values import list_values
from gridplan.plan import Plan
from gridplan.publishing.brief_plan import Brief, write_brief
from gridplan.tables.indicators import CITY
from gridplan.tables.level_indicators import FOUR_LEVELS, name_above, place_bodies

STATES = ("shown", "partial", "suppressed", "unknown")
BODIES = ["level", "body", "name", "kind", "above"]
REACH = ["level", "body", "kind", "minutes", "reach", "served", "state"]
GAPS = ["level", "body", "room", "rule", "value", "state"]


class Value(NamedTuple):
    """A fact of one body: its value, the measures it is made from, and its state."""

    value: float
    part: float
    whole: float
    state: str

    @property
    def is_told(self) -> bool:
        """Whether there is a value, be it only of what is known."""
        return self.state in ("shown", "partial")


class Origin(NamedTuple):
    """How many households of the whole were counted; the state is that of ``counted``.

    ``are_estimated`` is whether any of them may be an estimate: text then says
    about. It is so too where nobody says how many were counted.
    """

    households: float
    counted: float
    state: str

    @property
    def are_estimated(self) -> bool:
        """Whether any of the households may be estimated."""
        return not (self.state == "shown" and self.counted >= self.households)


NOBODY_SAYS = Origin(np.nan, np.nan, "unknown")


@dataclass(frozen=True)
class Facts:
    """All that a briefing may say of a released plan, in tables.

    ``bodies`` has the city, districts, subdistricts and communities (level, body,
    name, kind, above); ``values`` a row for each body and fact (value, the
    published part and whole, state); ``reach`` the shares of households in reach
    and served by kind of service point and minutes on foot; ``gaps`` how many
    gaps each rule has. ``state`` is shown, partial (of what is known), suppressed
    or unknown, and a value that is not shown or partial is NaN. ``origin`` says
    how many households were counted. ``brief`` holds the paragraph and its
    figures. ``of_whole`` names the facts that are published for the whole release
    alone, where these are the facts of a part of it.
    """

    plan: Plan
    brief: Brief
    bodies: pd.DataFrame
    values: pd.DataFrame
    reach: pd.DataFrame
    gaps: pd.DataFrame
    origin: Origin = NOBODY_SAYS
    of_whole: frozenset[str] = frozenset()

    def take(self, fact: str, level: str = "city") -> pd.DataFrame:
        """Take one fact of all bodies of a level, with their names, in the order of bodies."""
        rows = self.values[(self.values["fact"] == fact) & (self.values["level"] == level)]
        return rows.merge(self.bodies, on=["level", "body"], how="left")

    def find(self, fact: str, level: str = "city", body: str = CITY) -> Value:
        """Find one fact of one body; unknown where there is no such body."""
        rows = self.values
        rows = rows[(rows["fact"] == fact) & (rows["level"] == level) & (rows["body"] == body)]
        if rows.empty:
            return Value(np.nan, np.nan, np.nan, "unknown")
        row = rows.iloc[0]
        return Value(float(row["value"]), float(row["part"]), float(row["whole"]), row["state"])


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
    return gather_facts(leaving, write_brief(leaving))


def gather_facts(leaving: Plan, brief: Brief) -> Facts:
    """Gather the facts of a release whose brief was written, and thereby its check passed."""
    bodies = list_bodies(leaving)
    # The order of rows says nothing, and what is withheld has no value whatever a row holds.
    published = leaving.published.sort_values(["level", "of", "measure", "value"])
    shown = published["shown"].astype(bool)
    published = published.assign(value=published["value"].astype(float).where(shown), shown=shown)
    return Facts(
        leaving,
        brief,
        bodies,
        list_values(leaving, published, bodies),
        _list_reach(published),
        _list_gaps(published),
        _find_origin(brief),
    )


def list_bodies(leaving: Plan) -> pd.DataFrame:
    """List the city and all districts, subdistricts and communities, each with the one above.

    The city has no name of its own; a community without one goes by its code.
    """
    communities = leaving.site.communities
    over = place_bodies(communities).assign(community=communities.index.astype(str))
    over = over.assign(kind=communities["kind"].to_numpy())
    frames = []
    for level in FOUR_LEVELS:
        named = over[over[level] != ""]
        above = name_above(named, level)
        rows = pd.DataFrame({"body": named[level], "above": above, "kind": named["kind"]})
        rows = rows.sort_values(["body", "above"]).drop_duplicates("body")
        names = communities["name"].reindex(rows["body"]).fillna("").to_numpy(object)
        names = np.where(names == "", rows["body"].to_numpy(object), names)
        frames.append(
            rows.assign(
                level=level,
                name=names if level == "community" else rows["body"].to_numpy(object),
                kind=rows["kind"] if level == "community" else "",
            )[BODIES]
        )
    return pd.concat(frames, ignore_index=True).fillna({"kind": ""})


def _find_origin(brief: Brief) -> Origin:
    """Find how many households were counted, as the figures of the paragraph say."""
    row = brief.figures.loc["households_counted"]
    households = float(brief.figures.loc["households", "value"])
    return Origin(households, float(row["value"]), str(row["status"]))


def _list_reach(published: pd.DataFrame) -> pd.DataFrame:
    """List the shares in reach and served, a row for each body, kind and time on foot."""
    rows = published[published["measure"].str.match(r"(?:reach|served):")]
    if rows.empty:
        return pd.DataFrame(columns=REACH)
    names = rows["measure"].str.split(":", expand=True)
    rows = rows.assign(what=names[0], kind=names[1], minutes=names[2].astype(float))
    key = ["level", "of", "kind", "minutes"]
    table = rows.pivot_table("value", key, "what", dropna=False)
    shown = rows.groupby(key)["shown"].any()
    table = table.reindex(shown.index).join(shown).reset_index().rename(columns={"of": "body"})
    state = np.where(table["shown"].astype(bool), "shown", "suppressed")
    rank = pd.Categorical(table["level"], FOUR_LEVELS).codes
    table = table.assign(state=state, rank=rank).sort_values(["rank", "body", "kind", "minutes"])
    return table.reindex(columns=REACH).reset_index(drop=True)


def _list_gaps(published: pd.DataFrame) -> pd.DataFrame:
    """List the gaps of each rule by body."""
    rows = published[published["measure"].str.startswith("gaps:")]
    if rows.empty:
        return pd.DataFrame(columns=GAPS)
    names = rows["measure"].str.split(":", n=2, expand=True)
    state = np.where(rows["shown"].astype(bool), "shown", "suppressed")
    rows = rows.assign(room=names[1], rule=names[2], body=rows["of"], state=state)
    return rows[GAPS].sort_values(GAPS[:4]).reset_index(drop=True)
