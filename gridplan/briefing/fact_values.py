"""The value of every fact for every body, from the measures that a release publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridplan.briefing.catalogue import Fact, list_facts
from gridplan.plan import Plan
from gridplan.publishing.published_figures import list_figures
from gridplan.tables.indicators import CITY
from gridplan.tables.level_indicators import FOUR_LEVELS, place_bodies

VALUES = ["level", "body", "fact", "value", "part", "whole", "state"]
KEY = ["level", "of", "measure"]
LACKING = ("short", "filled")  # kinds that are added up from what each community lacks


def list_values(leaving: Plan, published: pd.DataFrame, bodies: pd.DataFrame) -> pd.DataFrame:
    """List every fact of every body from what is published.

    A measure that the release does not publish for a body is added up from the
    communities below it. What is suppressed for one of them is suppressed for
    the sum; a share is then that of the communities that are known.
    """
    over = place_bodies(leaving.site.communities)
    cells = _gather_cells(leaving, published, over)
    below = _list_below(bodies, over)
    measures: dict[str, pd.DataFrame] = {}
    frames = []
    for fact in list_facts().values():
        for name in (fact.part, fact.whole):
            if name and name not in measures:
                measures[name] = _take_measure(cells, bodies, below, name, fact.adds)
        rows = _make_rows(bodies, below, fact, measures)
        frames.append(_put_figure(rows, cells, fact))
    return pd.concat(frames, ignore_index=True)[VALUES]


def _gather_cells(leaving: Plan, published: pd.DataFrame, over: pd.DataFrame) -> pd.DataFrame:
    """Gather what is published by level, body and measure, and what the land itself says."""
    published = published.drop_duplicates(KEY)
    cells = published.set_index(KEY)[["value", "shown"]]
    figures = published[published["measure"].str.startswith("figure:")]
    figures = figures.assign(measure=figures["measure"].str.removeprefix("figure:"))
    known = list_figures()
    counts = figures["measure"].map(lambda name: name in known and known[name].unit != "share")
    land = _count_land(leaving, over)
    # A figure of the paragraph stands for the city, and land for all, where no cell does.
    for more in (figures[counts.astype(bool)], land):
        rows = more.drop_duplicates(KEY).set_index(KEY)[["value", "shown"]]
        cells = pd.concat([cells, rows[~rows.index.isin(cells.index)]])
    city = cells.index.get_level_values("level") == "city"
    gaps = cells[city & cells.index.get_level_values("measure").str.startswith("gaps:")]
    every = ("city", CITY, "gaps")
    if len(gaps) and gaps["shown"].all() and every not in cells.index:
        cells.loc[every, :] = [gaps["value"].sum(), True]
    return cells


def _count_land(leaving: Plan, over: pd.DataFrame) -> pd.DataFrame:
    """Count sub-grids and grids of each body in the released outlines, which all may see."""
    table = leaving.subgrids
    homes = table["kind"] == "residential"
    flags = {
        "subgrids": homes,
        "in_band": homes & table["in_band"].astype(bool),
        "exclusive": table["kind"] == "exclusive",
    }
    counts = pd.DataFrame({name: flag.astype(int) for name, flag in flags.items()})
    counts = counts.groupby(table["community"]).sum()
    if len(leaving.special_grids):
        counts["special"] = leaving.special_grids.groupby("community").size()
    counts = counts.reindex(over.index).fillna(0)
    frames = []
    for level in FOUR_LEVELS:
        codes = over.index if level == "community" else over[level]
        sums = counts.groupby(np.asarray(codes, dtype=object)).sum().rename_axis("of")
        rows = sums.reset_index().melt("of", var_name="measure")
        frames.append(rows[rows["of"] != ""].assign(level=level, shown=True))
    return pd.concat(frames, ignore_index=True)


def _list_below(bodies: pd.DataFrame, over: pd.DataFrame) -> Mapping[int, list[int]]:
    """List the rows of the communities below each body above them."""
    place = {(row.level, row.body): n for n, row in enumerate(bodies.itertuples())}
    below: dict[int, list[int]] = {}
    for code, row in zip(over.index, over.to_dict("records"), strict=True):
        community = place[("community", str(code))]
        for level in FOUR_LEVELS:
            above = place.get((level, row.get(level, "")))
            if level != "community" and above is not None:
                below.setdefault(above, []).append(community)
    return below


def _take_measure(
    cells: pd.DataFrame,
    bodies: pd.DataFrame,
    below: Mapping[int, list[int]],
    measure: str,
    adds: bool,
) -> pd.DataFrame:
    """Take value and state of a measure for every body; what is not published is added up."""
    key = pd.MultiIndex.from_arrays([bodies["level"], bodies["body"], [measure] * len(bodies)])
    rows = cells.reindex(key)
    value = rows["value"].to_numpy(float).copy()
    shown = rows["shown"].to_numpy(object)
    blank = pd.isna(shown)
    state: Any = np.where(blank, "unknown", np.where(shown == True, "shown", "suppressed"))  # noqa: E712
    state = state.astype(object)
    # A cell that is shown and has no value was not counted.
    state[(state == "shown") & np.isnan(value)] = "unknown"
    value[state != "shown"] = np.nan
    if adds:
        for n, parts in below.items():
            if blank[n]:
                value[n], state[n] = _add_up(value[parts], state[parts])
    return pd.DataFrame({"value": value, "state": state})


def _add_up(values: Any, states: Any) -> tuple[float, str]:
    """Add up communities: a sum that lacks one is partial, and suppressed if that one is."""
    if (states == "suppressed").any():
        return np.nan, "suppressed"
    if not (states == "shown").any():
        return np.nan, "unknown"
    return float(np.nansum(values)), "shown" if (states == "shown").all() else "partial"


def _make_rows(
    bodies: pd.DataFrame,
    below: Mapping[int, list[int]],
    fact: Fact,
    measures: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Make the rows of one fact: its value, and whether it is shown, suppressed or unknown."""
    blank = pd.DataFrame({"value": np.nan, "state": "unknown"}, index=range(len(bodies)))
    part = measures.get(fact.part, blank)
    value, state = part["value"].to_numpy(float).copy(), part["state"].to_numpy(object).copy()
    under = np.full(len(bodies), np.nan)
    if fact.whole:
        whole = measures[fact.whole]
        under = whole["value"].to_numpy(float)
        states = whole["state"].to_numpy(object)
        both = (state == "shown") & (states == "shown")
        # What was never published is not known, whatever is withheld beside it.
        closed = ((state == "suppressed") | (states == "suppressed")) & ~(
            (state == "unknown") | (states == "unknown")
        )
        over = value.copy()
        value = np.where(both, _divide(fact, over, under), np.nan)
        state = np.select([both & ~np.isnan(value), closed], ["shown", "suppressed"], "unknown")
        state = state.astype(object)
        for n, parts in below.items():
            _join_communities(fact, n, parts, over, under, value, state, both)
    if fact.kind == "filled":
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(under > 0, 1 - value / under, np.nan)
        state = np.where(np.isnan(value) & np.isin(state, ("shown", "partial")), "unknown", state)
    return bodies[["level", "body"]].assign(
        fact=fact.fact,
        value=value,
        part=part["value"].to_numpy(float),
        whole=under,
        state=state,
    )


def _divide(fact: Fact, part: Any, whole: Any) -> Any:
    """Divide a part by its whole, or take what it lacks."""
    if fact.kind in LACKING:
        return np.clip(whole - part, 0, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, fact.per * part / whole, np.nan)


def _join_communities(
    fact: Fact, n: int, parts: list[int], over: Any, under: Any, value: Any, state: Any, both: Any
) -> None:
    """Make a ratio of a body above from its communities, if it has none of its own."""
    known = [part for part in parts if both[part]]
    if fact.kind in LACKING:
        # A surplus in one community fills no post in another, so that what the sums lack is less.
        if len(known) == len(parts):
            value[n], state[n] = float(value[known].sum()), "shown"
        elif both[n]:
            state[n] = "partial"
        return
    if both[n] or not fact.adds or not known:
        return
    share = _divide(fact, over[known].sum(), under[known].sum())
    if not np.isnan(share):
        value[n], state[n] = float(share), "partial"


def _put_figure(rows: pd.DataFrame, cells: pd.DataFrame, fact: Fact) -> pd.DataFrame:
    """Put the figure of the paragraph where the city's fact has no measures."""
    key = ("city", CITY, "figure:" + fact.figure)
    if not fact.figure or key not in cells.index:
        return rows
    row = cells.loc[key]
    city = (rows["level"] == "city") & (rows["state"] != "shown")
    rows.loc[city, "state"] = "shown" if row["shown"] else "suppressed"
    rows.loc[city, "value"] = float(row["value"]) if row["shown"] else np.nan
    return rows
