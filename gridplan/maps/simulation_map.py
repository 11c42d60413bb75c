"""A simulation on a map: who waits through the week, how soon help comes, what scenarios change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.maps.time_slider import (
    Reel,
    check_codes,
    draw_reels,
    grade,
    label_classes,
)
from gridplan.plan import Plan
from gridplan.publishing.place_and_date import choose_title
from gridplan.rules.simulation import KINDS
from gridplan.simulation.requests.calendar import WEEK_HOURS, count_hours
from gridplan.simulation.requests.confidence_intervals import MEASURES
from gridplan.simulation.requests.simulate_plan import Simulated
from gridplan.tables.palette import AGAINST, choose_severity
from gridplan.tables.schema import Language
from gridplan.tables.words import say, say_code

if TYPE_CHECKING:
    import folium

# Edges of classes: minutes until somebody comes (a wish waits days, not hours),
# and shares.
MINUTES = {"request": (15.0, 30.0, 60.0, 240.0), "wish": (1440.0, 4320.0, 10080.0, 20160.0)}
SHARES = (0.8, 0.9, 0.95, 0.99)
# How many wait per 100 households, on average at an hour of the week. Fixed, so that a week
# in which hardly anybody waits is pale: with 2, every second sub-grid of some twenty-five
# households has somebody who waits.
WAITING = (0.1, 0.5, 2.0)
SHOWN = ("response_minutes", "green_share")
FEWEST = 1e-9  # of a request; fewer, such as the noise of a mean, is nobody


def draw_simulation(
    plan: Plan,
    simulated: Simulated,
    *,
    lang: Language = "en",
    layers: Literal["auto", "classes", "tiles"] = "auto",
    base_map: bool = False,
    title: str | None = None,
) -> folium.Map:
    """Draw what was simulated as a map with a slider over the hours of the week.

    For each scenario: who waits at each hour, if that was noted; minutes until
    somebody comes; the share resolved in time; and what is clearly better or
    worse than in the first scenario, by community.

    Parameters
    ----------
    plan
        The plan that was simulated.
    simulated
        What came of it, from :func:`gridplan.simulate`; with ``hourly=True``
        for the slider.
    lang, layers, base_map, title
        As :func:`gridplan.draw_map` takes them.

    Returns
    -------
    A folium map; :func:`gridplan.write_map` writes it as one page that opens
    without a network.

    Raises
    ------
    ValueError
        If ``lang`` or ``layers`` is another word.
    PlanError
        If the plan is a release, or not the one that was simulated.
    """
    reels = list_reels(plan, simulated, lang)
    title = choose_title(plan, lang, "simulated_title") if title is None else title
    return draw_reels(
        plan,
        _list_codes(plan, simulated),
        reels,
        lang=lang,
        layers=layers,
        base_map=base_map,
        title=title,
    )


def list_reels(plan: Plan, simulated: Simulated, lang: Language = "en") -> list[Reel]:
    """List what a simulation shows over its sub-grids, in the order of its table."""
    codes = _list_codes(plan, simulated)
    return [
        *_list_waiting(plan, simulated, codes, lang),
        *_list_measures(simulated, codes, lang),
        *_list_differences(plan, simulated, codes, lang),
    ]


def _list_codes(plan: Plan, simulated: Simulated) -> pd.Index[str]:
    """List the sub-grids that were simulated."""
    table = simulated.requests
    codes = table.loc[table["level"] == "subgrid", "of"].unique()
    return check_codes(plan, pd.Index(codes), "simulated")


def name_scenario(name: str, lang: Language = "en") -> str:
    """Name a scenario as a page shows it: the plan as it stands by a word, others by their name.

    Examples
    --------
    >>> name_scenario("more_volunteers"), name_scenario("base", "zh")
    ('more volunteers', '现方案')
    """
    return say_code("scenario", name, lang)


def label_hours(lang: Language = "en") -> tuple[str, ...]:
    """Label the hours of the week.

    Examples
    --------
    >>> label_hours()[8], label_hours("zh")[167]
    ('Mon 08:00', '周日 23:00')
    """
    return tuple(
        f"{day} {hour:02d}:00" for day in say("weekdays", lang).split() for hour in range(24)
    )


# ---- who waits


def _list_waiting(
    plan: Plan, simulated: Simulated, codes: pd.Index[str], lang: Language
) -> Iterator[Reel]:
    """Make the reels of the hours of the week, for each kind of request and each level."""
    if not simulated.manifest["hourly"]:
        return
    note = say("waiting_note", lang, replications=simulated.manifest["replications"])
    subgrids = plan.subgrids.loc[codes]
    households = subgrids["households"].to_numpy(float)
    for kind in KINDS:
        by_subgrid = {
            name: spread_waiting(simulated, name, kind, codes)
            for name in simulated.manifest["scenarios"]
        }
        # One sub-grid has few requests; its community's mean is less rough.
        levels = {
            "community": {
                name: average_groups(values, subgrids["community"], households)
                for name, values in by_subgrid.items()
            },
            "subgrid": by_subgrid,
        }
        for level, figures in levels.items():
            group = say(f"waiting_{level}", lang, kind=say(f"kind_{kind}", lang))
            labels = (say("nobody", lang), *label_classes([f"{edge:g}" for edge in WAITING], lang))
            classes = tuple(zip(labels, choose_severity(len(labels)), strict=True))
            for name, values in figures.items():
                frames = grade(values, (FEWEST, *WAITING))
                yield Reel(
                    name_scenario(name, lang), label_hours(lang), classes, frames, note, group
                )


def spread_waiting(simulated: Simulated, scenario: str, kind: str, codes: pd.Index[str]) -> Floats:
    """Spread who waits over the hours of the week: float64[168, n], per 100 households.

    NaN where an hour never came, as in a simulation of a few days.
    """
    how = simulated.manifest["scenarios"][scenario]
    # Nobody waits in an hour that the table does not list.
    waiting = np.zeros((WEEK_HOURS, len(codes)))
    table = simulated.waiting
    rows = table[(table["scenario"] == scenario) & (table["kind"] == kind)]
    hours = rows["hour"].to_numpy(np.int64)
    waiting[hours, codes.get_indexer(rows["subgrid"])] = rows["mean"].to_numpy(float)
    waiting[count_hours(pd.Timestamp(how["start"]).date(), how["days"]) == 0] = np.nan
    return waiting


def average_groups(values: Floats, groups: Any, weights: Floats) -> Floats:
    """Give each column the weighted mean of its group.

    Examples
    --------
    >>> weights = np.array([2.0, 1.0, 5.0])
    >>> average_groups(np.array([[1.0, 4.0, 7.0]]), ["a", "a", "b"], weights).tolist()
    [[2.0, 2.0, 7.0]]
    """
    # Columns are sorted by group, so that reduceat sums each group as one run;
    # the last index brings every column back to its own place.
    number = pd.factorize(np.asarray(groups, object))[0]
    order = np.argsort(number, kind="stable")
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    sums = np.add.reduceat((values * weights)[:, order], starts, axis=1)
    return np.asarray((sums / np.add.reduceat(weights[order], starts))[:, number])


# ---- how soon, and what differs


def _list_measures(simulated: Simulated, codes: pd.Index[str], lang: Language) -> Iterator[Reel]:
    """Make the reels of one frame: minutes until somebody comes, and the share resolved in time."""
    note = say("measure_note", lang, replications=simulated.manifest["replications"])
    table = simulated.requests
    table = table[(table["level"] == "subgrid") & table["measure"].isin(SHOWN)]
    figures = table.set_index(["measure", "kind", "scenario", "of"])["mean"].sort_index()
    for measure in SHOWN:
        for kind in KINDS:
            group = say(measure, lang, kind=say(f"kind_{kind}", lang))
            classes = tuple(
                zip(_label_measure(measure, kind, lang), choose_severity(5), strict=True)
            )
            for name in simulated.manifest["scenarios"]:
                graded = grade_measure(
                    measure, kind, figures.loc[(measure, kind, name)].reindex(codes).to_numpy(float)
                )
                yield Reel(
                    name_scenario(name, lang),
                    (say("whole_time", lang),),
                    classes,
                    graded[None, :],
                    note,
                    group,
                )


def grade_measure(measure: str, kind: str, values: Floats) -> Ints:
    """Grade a measure from good to bad.

    Examples
    --------
    >>> grade_measure("green_share", "request", np.array([1.0, 0.5])).tolist()
    [0, 4]
    >>> grade_measure("response_minutes", "request", np.array([7.0, 500.0])).tolist()
    [0, 4]
    """
    if measure == "response_minutes":
        return grade(values, MINUTES[kind])
    # A large share is good, so that its classes are counted from the other end.
    graded = grade(values, SHARES)
    return np.where(graded < 0, graded, len(SHARES) - graded).astype(np.int8)


def _label_measure(measure: str, kind: str, lang: Language) -> tuple[str, ...]:
    """Label the classes of a measure, each edge in the largest unit that it fills."""
    if measure == "response_minutes":
        units = (("days", 1440.0), ("hours", 60.0), ("minutes", 1.0))
        whole = [
            next((unit, size) for unit, size in units if edge >= size) for edge in MINUTES[kind]
        ]
        edges = [
            say(unit, lang, number=f"{edge / size:g}")
            for edge, (unit, size) in zip(MINUTES[kind], whole, strict=True)
        ]
        return label_classes(edges, lang)
    return label_classes([f"{100 * share:g} %" for share in SHARES], lang)[::-1]


def _list_differences(
    plan: Plan, simulated: Simulated, codes: pd.Index[str], lang: Language
) -> Iterator[Reel]:
    """Make the reels of what is clearly better or worse than in the first scenario.

    Every sub-grid has the value of its community.
    """
    first, *others = simulated.manifest["scenarios"]
    if not others:
        return
    table = simulated.differences
    table = table[(table["level"] == "community") & table["measure"].isin(SHOWN)]
    # More of some measures is better, of others worse; what is not clear is 0.
    sign = table["measure"].map({name: measure[3] for name, measure in MEASURES.items()})
    better = (np.sign(table["mean"] * sign) * table["clear"]).where(table["mean"].notna())
    figures = better.set_axis(
        pd.MultiIndex.from_frame(table[["measure", "kind", "scenario", "of"]])
    ).sort_index()
    classes = tuple(
        zip((say(word, lang) for word in ("better", "alike", "worse")), AGAINST[::2], strict=True)
    )
    for measure in SHOWN:
        for kind in KINDS:
            words = say(measure, lang, kind=say(f"kind_{kind}", lang))
            group = say("against", lang, measure=words, first=name_scenario(first, lang))
            for name in others:
                communities = plan.subgrids.loc[codes, "community"]
                signs = figures.loc[(measure, kind, name)].reindex(communities).to_numpy(float)
                yield Reel(
                    name_scenario(name, lang),
                    (say("whole_time", lang),),
                    classes,
                    # -1 (better), 0 and 1 (worse) fall into the three classes in order.
                    grade(-signs, (0.0, 1.0))[None, :],
                    say("against_note", lang),
                    group,
                )
