"""A released plan cut to one subdistrict or district, so that a pack can be laid out for it.

The cut is for layout. What may leave was decided for the whole plan, and was
checked there: a cut takes rows away and adds none, so that whoever has the
release learns nothing from it. The stamp of the whole stays on it, and its own
rows are sealed and checked once more when they are drawn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from gridplan.briefing.facts import Facts, collect_facts
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.publishing.brief_plan import Brief, find_targets, write_paragraph
from gridplan.publishing.published_figures import count_figures, list_figures
from gridplan.publishing.release_seal import is_released, require_release, seal_cut
from gridplan.tables.indicators import CITY
from gridplan.tables.level_indicators import FOUR_LEVELS, place_bodies

Level = Literal["subdistrict", "district"]
# Tables of the land that lie over communities: what touches the land of the body is kept.
_OVERLYING = ("buildings", "compounds", "barriers", "openings", "streets", "places")
ALWAYS = ("households", "households_counted")  # figures that every brief has, known or not
_OF_COMMUNITIES = ("subgrids", "special_grids", "touches", "links")


def list_cut_bodies(leaving: Plan, level: Level) -> list[str]:
    """List the bodies of a level that a release can be cut to.

    Raises
    ------
    PlanError
        If no community says which body it belongs to.
    """
    over = place_bodies(leaving.site.communities)
    bodies = sorted(set(over[level]) - {""})
    if not bodies:
        raise PlanError(
            f"no community says its {level} -> fill the column {level} of the table communities, "
            "or write one pack without --level"
        )
    return bodies


def cut_facts(whole: Facts, level: Level, body: str) -> Facts:
    """Cut the facts of a released plan to those of a body.

    The body's figures stand where those of the city do, so that every writer
    reads them as the figures of its plan. What is published for the whole
    plan alone is unknown for the body.

    Raises
    ------
    PlanError
        If the release has no such body, or does not pass its check.

    Examples
    --------
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> land = plan.site.communities.assign(subdistrict="Fenghuang")
    >>> whole = collect_facts(release(plan.replace(communities=land)))
    >>> cut = cut_facts(whole, "subdistrict", "Fenghuang")
    >>> cut.brief.stamp == whole.brief.stamp
    True
    """
    # The whole was checked when its facts were collected; with its seal it is still that.
    if not is_released(whole.plan):
        require_release(whole.plan)
    facts = collect_facts(_cut(whole.plan, level, body))
    # The body stands for the city: levels above it, and it itself, would be there twice.
    twice = FOUR_LEVELS[1 : FOUR_LEVELS.index(level) + 1]
    kept = {
        name: table[~table["level"].isin(twice)].reset_index(drop=True)
        for name in ("bodies", "values", "reach", "gaps")
        for table in [getattr(facts, name)]
    }
    bodies = kept["bodies"]
    is_top = bodies["level"].eq("city")
    above = bodies["above"].where(bodies["above"].isin(bodies["body"]) | is_top, CITY)
    bodies = bodies.assign(name=bodies["name"].mask(is_top, body), above=above)
    # What is published of the whole alone, nothing that could be run would fill.
    values = kept["values"]
    lost = _list_known(whole) - _list_known(facts)
    kept["values"] = values[~values["fact"].isin(lost)].reset_index(drop=True)
    cut = replace(facts, **{**kept, "bodies": bodies, "of_whole": frozenset(lost)})
    return replace(cut, brief=_cut_brief(cut, whole.brief))


def _list_known(facts: Facts) -> set[str]:
    """List the facts that are known or suppressed for any body."""
    values = facts.values
    return set(values.loc[values["state"] != "unknown", "fact"])


def cut_release(leaving: Plan, level: Level, body: str) -> Plan:
    """Cut a released plan to the communities of a body, under the stamp of the whole.

    Raises
    ------
    PlanError
        If the plan is no release that passes its check, or has no such body.
    """
    require_release(leaving)  # the whole, before anything is taken away
    return _cut(leaving, level, body)


def _cut(leaving: Plan, level: Level, body: str) -> Plan:
    """Cut a release that passed its check."""
    over = place_bodies(leaving.site.communities)
    inside = over.index[over[level] == body]
    if inside.empty:
        raise PlanError(f"the release has no {level} {body!r} -> see its table communities")
    land = leaving.site.communities.loc[inside]
    # A name that two districts share stays the one by which its figures were published.
    land = land.assign(subdistrict=over.loc[inside, "subdistrict"].astype(object))
    tables = {
        "communities": land,
        "published": _cut_published(leaving.published, over, level, body),
    }
    ground = land.geometry.union_all()
    for name in _OVERLYING:
        table = leaving.get_table(name)
        tables[name] = table[table.geometry.intersects(ground).to_numpy(bool)]
    for name in _OF_COMMUNITIES:
        table = leaving.get_table(name)
        tables[name] = table[table["community"].isin(inside).to_numpy(bool)]
    institutions = leaving.site.institutions
    paired = tables["links"][["source", "target"]].to_numpy().ravel()
    tables["institutions"] = institutions[institutions.index.isin(paired)]
    tables["grids"] = leaving.grids.iloc[:0]
    return seal_cut(leaving.replace(**tables), level, body)


def _cut_published(
    published: pd.DataFrame, over: pd.DataFrame, level: str, body: str
) -> pd.DataFrame:
    """Take the published rows within a body, and its rows once more as those of the city."""
    inside = over[over[level] == body]
    within = published["level"].eq("branch") & published["community"].isin(inside.index)
    within |= published["level"].eq("community") & published["of"].isin(inside.index)
    for finer in FOUR_LEVELS[FOUR_LEVELS.index(level) : -1]:
        within |= published["level"].eq(finer) & published["of"].isin(set(inside[finer]))
    rows = published[within.to_numpy(bool)]
    total = rows[(rows["level"].eq(level) & rows["of"].eq(body)).to_numpy(bool)]
    total = total.assign(level="city", of=CITY)
    total.index = pd.Index([f"{row}@{CITY}" for row in total.index], name=published.index.name)
    return pd.concat([total, rows])


def _cut_brief(facts: Facts, whole: Brief) -> Brief:
    """Write the brief of a body from its facts; the stamp stays that of the whole release.

    Figures that are published for the whole plan alone are left out: nothing
    that could be run would fill them for the body.
    """
    values = facts.values[facts.values["level"] == "city"].set_index("fact")
    figures = whole.figures.copy()
    land = count_figures(facts.plan)
    for name, figure in list_figures().items():
        if figure.table == "communities":  # which leave as they are
            value, status = float(land[name]), "shown"
        elif name in values.index:
            row = values.loc[name]
            state = str(row["state"])
            status = state if state in ("suppressed", "unknown") else "shown"
            value = float(row["value"]) if status == "shown" else np.nan
        else:
            value, status = np.nan, "unknown"
        figures.loc[name, ["value", "status"]] = [value, status]
        figures.loc[name, "ratio"] = value / figures.loc[name, "published"]
    targets = find_targets(facts.plan.rules)
    paragraphs = {
        lang: write_paragraph(figures, targets, lang, whole=True) for lang in whole.paragraphs
    }
    fills = (figures["status"] != "unknown") | (whole.figures["status"] == "unknown")
    figures = figures[fills | figures.index.isin(ALWAYS)]
    # A ratio of the whole plan says nothing of a body.
    ratios = whole.ratios.assign(value=np.nan, off=np.nan, far=False)
    names = {
        code: name
        for code, name in whole.names.items()
        if code in facts.plan.site.communities.index
    }
    return replace(
        facts.brief,
        figures=figures,
        ratios=ratios,
        paragraphs=paragraphs,
        stamp=whole.stamp,
        names=names,
    )
