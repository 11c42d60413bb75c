"""Plots of what was measured: frontiers, reach, requests answered and emergencies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridplan.comparison.frontier import WISHES, Frontier
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.plots.figure import COLOURS, Picture
from gridplan.rules.coverage import say_kind
from gridplan.tables.emergencies import name_event
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say_code

if TYPE_CHECKING:
    from gridplan.simulation.requests import Simulated
    from gridplan.simulation.surge import Surged

# The words of both stand in words.csv, in the same order.
EARLY = (5, 10, 30, 60, 120, 360, 720, 1440, 4320, 10080)  # minutes printed below the curve of help
SPANS = (1, 10, 60, 360, 1440, 4320, 20160)  # minutes printed below the curve of answers


def compose_frontier(frontier: Frontier, lang: Language) -> Picture:
    """Compose the frontier of a community: what each price buys against the mean walk (metres).

    The numbers beside the points are the factors that the price was multiplied
    by.
    """
    words = list_words("result_plot", lang)
    panels = tuple(
        partial(_draw_wish, table=frontier.table, wish=wish, words=words) for wish in WISHES
    )
    return Picture(panels, (10.5, 3.6), words)


def compose_reach(plan: Plan, lang: Language) -> Picture:
    """Compose which households posts reach: the share against minutes, and against posts added.

    One curve for each kind of post that there is, with a ring at the kind's
    own minutes; dashed with the posts proposed. The right panel is there only
    if posts were proposed: the share served by so many more, and the bound
    that no choice of sites can pass.

    Raises
    ------
    PlanError
        If the plan's reach was not measured.
    """
    city = plan.coverage[plan.coverage["level"] == "city"]
    if city.empty:
        raise PlanError("the plan's reach was not measured -> gridplan reach PLAN")
    # A kind without posts would be a curve at zero.
    city = city[city.groupby("kind")["posts"].transform("max") > 0]
    # Both panels show a kind in the same colour.
    colours = {kind: COLOURS[n % len(COLOURS)] for n, kind in enumerate(sorted(set(city["kind"])))}
    curve = plan.siting[(plan.siting["question"] == "most") & plan.siting["kind"].isin(colours)]
    panels = [partial(_draw_minutes, city=city, colours=colours, lang=lang)]
    if len(curve):
        panels.append(partial(_draw_added, curve=curve, colours=colours, lang=lang))
    return Picture(tuple(panels), (4.9 * len(panels), 3.7), list_words("result_plot", lang))


def compose_simulation(simulated: Simulated, lang: Language) -> Picture:
    """Compose how soon somebody comes: the share of requests, and of wishes, answered in time.

    One curve for each scenario, with the 95 % interval of its mean as a band.
    Time runs by powers of ten.
    """
    city = simulated.curve[simulated.curve["level"] == "city"]
    names = {name: say_code("scenario", name, lang) for name in simulated.manifest["scenarios"]}
    words = list_words("result_plot", lang)
    panels = tuple(
        partial(_draw_answers, rows=city[city["kind"] == kind], names=names, words=words, kind=kind)
        for kind in ("request", "wish")
    )
    # Names of scenarios may be Chinese in an English picture: the font must have them.
    return Picture(panels, (9.8, 3.7), {**words, "names": "".join(names.values())})


def _draw_answers(
    axes: Any,
    alone: bool,
    rows: pd.DataFrame,
    names: Mapping[str, str],
    words: Mapping[str, str],
    kind: str,
) -> None:
    """Draw the curve of each scenario and the band of its interval."""
    for n, (scenario, name) in enumerate(names.items()):
        curve = rows[rows["scenario"] == scenario].sort_values("minutes")
        dash = "-" if n < len(COLOURS) else "--"  # when the colours have been used up
        _draw_band(axes, curve, COLOURS[n % len(COLOURS)], dash, name)
    _finish_axes(axes, words["since"], words[kind])
    axes.set_xscale("log")
    axes.set_xlim(1, SPANS[-1])  # a logarithmic axis has no zero
    axes.set_xticks(SPANS, words["spans"].split("|"))
    axes.minorticks_off()
    if alone or kind == "wish":
        axes.legend(frameon=False, fontsize=8, loc="upper left")


def _draw_band(axes: Any, curve: pd.DataFrame, colour: str, dash: str, label: str) -> None:
    """Draw the mean of a curve of shares and the band of its interval, in per cent."""
    axes.fill_between(
        curve["minutes"],
        100.0 * curve["low"],
        100.0 * curve["high"],
        color=colour,
        alpha=0.15,
        linewidth=0,
    )
    axes.plot(curve["minutes"], 100.0 * curve["mean"], color=colour, linestyle=dash, label=label)


def compose_surge(surged: Surged, lang: Language) -> Picture:
    """Compose an emergency: how help spreads over the sub-grids affected, and what matters most.

    On the left a line for each event, dashed as usual, solid in a surge, with
    the 95 % interval as a band; on the right the pairings and crossings of the
    first event without which it would take clearly longer.
    """
    events = surged.manifest["events"]
    names = {event: name_event(event, facts["kind"], lang) for event, facts in events.items()}
    words = list_words("result_plot", lang)
    city = surged.curve[surged.curve["level"] == "city"]
    worth = surged.worth[surged.worth["event"] == next(iter(names))]
    panels = (
        partial(_draw_help, city=city, names=names, words=words),
        partial(_draw_worth, worth=worth, words=words),
    )
    return Picture(panels, (9.8, 3.7), {**words, "names": "".join(names.values())})


def _draw_help(
    axes: Any, alone: bool, city: pd.DataFrame, names: Mapping[str, str], words: Mapping[str, str]
) -> None:
    """Draw for each event the share of sub-grids that help has reached, as usual and in a surge."""
    for n, (event, name) in enumerate(names.items()):
        for posture, dash in (("usual", "--"), ("surge", "-")):
            is_shown = (city["event"] == event) & (city["posture"] == posture)
            label = words[posture] if len(names) == 1 else f"{name}, {words[posture]}"
            curve = city[is_shown].sort_values("minutes")
            _draw_band(axes, curve, COLOURS[n % len(COLOURS)], dash, label)
    _finish_axes(axes, words["begun"], words["helped"])
    _count_hours(axes, float(city["minutes"].max()), words["early"])
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _count_hours(axes: Any, end: float, words: str) -> None:
    """Let time run by powers of ten, in minutes, hours and days."""
    spans = dict(zip(EARLY, words.split("|"), strict=True))
    axes.set_xscale("log")
    axes.set_xlim(EARLY[0], end)
    shown = [minutes for minutes in EARLY if minutes <= end]
    axes.set_xticks(shown, [spans[minutes] for minutes in shown])
    axes.minorticks_off()


def _draw_worth(axes: Any, alone: bool, worth: pd.DataFrame, words: Mapping[str, str]) -> None:
    """Draw what is missed most as bars, the greatest on top."""
    # The table is sorted by how much is lost; bars are drawn from the bottom.
    missed = worth[
        (worth["measure"] == "seen_minutes") & worth["clear"] & (worth["mean"] >= 0.05)
    ].head(8)[::-1]
    labels = [
        # A kind of crossing that has no word of its own shows its code.
        f"{words.get(k, k.replace('_', ' '))} {of}".strip()
        for k, of in zip(missed["kind"], missed["of"], strict=True)
    ]
    axes.barh(
        range(len(missed)),
        missed["mean"],
        xerr=missed["high"] - missed["mean"],
        color=COLOURS[0],
        ecolor="#8a929c",
        height=0.6,
    )
    axes.set_yticks(range(len(missed)), labels, fontsize=8)
    axes.set_xlabel(words["later"])
    axes.set_xlim(left=0)
    axes.set_ylim(-0.6, max(len(missed), 4) - 0.4)  # few bars do not become broad ones
    axes.spines[["top", "right"]].set_visible(False)
    if missed.empty:
        axes.text(
            0.5, 0.5, words["nothing"], ha="center", transform=axes.transAxes, color="#5d6b7a"
        )


def _draw_minutes(
    axes: Any, alone: bool, city: pd.DataFrame, colours: dict[str, str], lang: Language
) -> None:
    """Draw for each kind of post the share of households within so many minutes."""
    words = list_words("result_plot", lang)
    for kind, rows in city.groupby("kind"):
        for state, curve in rows.sort_values("minutes").groupby("state"):
            name = say_kind(str(kind), lang)
            name = words["with_proposed"].format(kind=name) if state == "proposed" else name
            # Nobody is within no minutes, so that every curve begins at zero.
            x = [0.0, *curve["minutes"]]
            y = [0.0, *(100.0 * curve["reachable_share"])]
            colour = colours[str(kind)]
            dash = "--" if state == "proposed" else "-"
            axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.6, label=name)
            ring = curve[curve["own"]]
            axes.scatter(
                ring["minutes"],
                100.0 * ring["reachable_share"],
                s=42,
                c="white",
                edgecolors=colour,
                zorder=3,
            )
    _finish_axes(axes, words["minutes"], words["reachable"])
    axes.legend(frameon=False, fontsize=8, title=words["ring"], title_fontsize=8)


def _draw_added(
    axes: Any, alone: bool, curve: pd.DataFrame, colours: dict[str, str], lang: Language
) -> None:
    """Draw what each further post brings, and above it what none can pass."""
    words = list_words("result_plot", lang)
    for n, (kind, rows) in enumerate(curve.groupby("kind")):
        steps = rows.sort_values("added")
        colour = colours[str(kind)]
        axes.plot(
            steps["added"],
            100.0 * steps["share"],
            color=colour,
            marker="o",
            markersize=4,
            linewidth=1.6,
            label=say_kind(str(kind), lang),
        )
        label = words["bound"] if n == 0 else None  # once in the legend
        axes.plot(
            steps["added"],
            100.0 * steps["bound"],
            color="#8a929c",
            linestyle=":",
            linewidth=1.6,
            label=label,
        )
    axes.xaxis.get_major_locator().set_params(integer=True)
    _finish_axes(axes, words["added"], words["served"])
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _finish_axes(axes: Any, x: str, y: str) -> None:
    """Finish axes of shares in per cent."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_ylim(0, 103)  # a curve at 100 % is not cut by the frame
    axes.set_xlim(left=0)
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_wish(
    axes: Any, alone: bool, table: pd.DataFrame, wish: str, words: Mapping[str, str]
) -> None:
    """Draw the points of one price, joined in the order of its factors."""
    rows = table.loc[wish]
    bought = WISHES[wish]
    scale = 100.0 if bought == "cv" else 1.0
    x = rows["mean_walk"]
    y = rows[bought] * scale
    axes.plot(x, y, color="#b0b7c3", linewidth=1, zorder=1)
    for mask, fill, label in (
        (rows["undominated"], "#1f6fb2", "undominated"),
        (~rows["undominated"], "white", "other"),
    ):
        axes.scatter(
            x[mask], y[mask], s=34, c=fill, edgecolors="#1f6fb2", zorder=2, label=words[label]
        )
    names: dict[tuple[float, float], list[str]] = {}
    # Several factors may lead to the same plan: their names share one label.
    for factor, point in zip(rows.index, zip(x, y, strict=True), strict=True):
        names.setdefault(point, []).append(f"×{factor:g}")
    for point, factors in names.items():
        axes.annotate(
            " ".join(factors), point, xytext=(5, 4), textcoords="offset points", fontsize=8
        )
    axes.set_xlabel(words["mean_walk"])
    axes.set_ylabel(words[bought])
    axes.margins(0.18)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(words[wish], fontsize=10)
    if alone or wish == next(iter(WISHES)):
        axes.legend(frameon=False, fontsize=8)
