"""Plots of what was measured, as pictures for a report; Chinese words only where a font has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridplan.comparison.frontier import WISHES
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.plots.figure import COLOURS, open_figure
from gridplan.rules.coverage import say_kind
from gridplan.tables.schema import Language

if TYPE_CHECKING:
    from gridplan.simulation.requests import Simulated
    from gridplan.simulation.surge import Surged

EARLY = (5, 10, 30, 60, 120, 360, 720, 1440, 4320, 10080)  # minutes told under the curve of help
SPANS = (1, 10, 60, 360, 1440, 4320, 20160)  # minutes told under the curve of answers
WORDS = {
    "en": {
        "off_target": "price of balance",
        "building": "price of whole buildings",
        "compound": "price of whole compounds",
        "cv": "spread of households (CV, %)",
        "buildings_split": "buildings split",
        "compounds_crossed": "compounds crossed",
        "mean_walk": "mean walk to the centre (m)",
        "undominated": "nothing else is better in all",
        "other": "beaten by another",
        "minutes": "minutes on foot",
        "reachable": "households within reach (%)",
        "own": "ring: the kind's own minutes",
        "with_proposed": "{kind}, with those proposed",
        "added": "posts added",
        "served": "households served (%)",
        "bound": "no choice of sites can pass",
        "since": "time since it came",
        "request": "requests answered (%)",
        "wish": "wishes answered (%)",
        "begun": "time since the event began",
        "helped": "sub-grids with help (%)",
        "usual": "as usual",
        "surge": "in a surge",
        "later": "minutes later until all are seen to, without it",
        "all_pairings": "all pairings",
        "all_aid": "all neighbours",
        "pairing": "pairing",
        "nothing": "nothing makes a clear difference",
        "early": "5 min|10|30|1 h|2 h|6 h|12 h|1 d|3 d|7 d",
        "spans": "1 min|10 min|1 h|6 h|1 d|3 d|14 d",
    },
    "zh": {
        "off_target": "均衡的价格",
        "building": "楼栋完整的价格",
        "compound": "小区完整的价格",
        "cv": "户数离散程度（变异系数，%）",
        "buildings_split": "被拆分的楼栋",
        "compounds_crossed": "跨越的小区",
        "mean_walk": "到中心户的平均步行距离（米）",
        "undominated": "没有全面更优的方案",
        "other": "有全面更优的方案",
        "minutes": "步行时间（分钟）",
        "reachable": "可达户数占比（%）",
        "own": "圆圈：本类时限",
        "with_proposed": "{kind}（加拟增点）",
        "added": "新增服务点数",
        "served": "服务户数占比（%）",
        "bound": "任何选址都不能超过",
        "since": "提出后的时间",
        "request": "诉求响应占比（%）",
        "wish": "微心愿响应占比（%）",
        "begun": "事件开始后的时间",
        "helped": "已有人到达的子网格（%）",
        "usual": "平时值班",
        "surge": "应急下沉",
        "later": "若缺少它，全部走访完推迟的分钟数",
        "all_pairings": "全部包联单位",
        "all_aid": "相邻社区支援",
        "pairing": "包联",
        "nothing": "单独缺少任何一项都无明显差别",
        "bridge": "桥",
        "underpass": "地道",
        "level_crossing": "道口",
        "early": "5分|10|30|1时|2时|6时|12时|1天|3天|7天",
        "spans": "1分|10分|1时|6时|1天|3天|14天",
    },
}


def plot_frontier(
    table: pd.DataFrame, path: str | Path, *, title: str = "", lang: str = "en"
) -> Path:
    """Plot the frontier of a community as a PNG: for each price, what it buys against the mean walk (metres).

    The numbers beside the points are the factors that the price was multiplied
    by.

    Parameters
    ----------
    table
        From :func:`gridplan.trace_frontier`.
    path
        The file to write.
    title
        Stands over the picture.
    lang
        en or zh.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the
        Chinese characters that are needed.
    """
    words = WORDS[lang]
    with open_figure(path, (10.5, 3.6), title, words) as figure:
        for axes, (wish, bought) in zip(
            figure.subplots(1, len(WISHES)), WISHES.items(), strict=True
        ):
            _draw_wish(axes, table.loc[wish], bought, words)
            axes.set_title(words[wish], fontsize=10)
        figure.axes[0].legend(frameon=False, fontsize=8)
    return Path(path)


def plot_reach(plan: Plan, path: str | Path, *, title: str = "", lang: Language = "en") -> Path:
    """Plot whom posts reach as a PNG: the share of households within reach against minutes, and served against posts added.

    One curve for each kind of post that there is, with a ring at the kind's
    own minutes; dashed with the posts proposed. The right half stands only
    where posts were proposed: the share served by so many more, and the bound
    that no choice of sites can pass.

    Parameters
    ----------
    plan
        A plan whose reach was measured.
    path
        The file to write.
    title
        Stands over the picture.
    lang
        en or zh.

    Raises
    ------
    PlanError
        If the plan's reach was not measured.
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the
        Chinese characters that are needed.
    """
    city = plan.coverage[plan.coverage["level"] == "city"]
    if city.empty:
        raise PlanError("the plan's reach was not measured -> gridplan reach PLAN")
    city = city[city.groupby("kind")["posts"].transform("max") > 0]
    colours = {kind: COLOURS[n % len(COLOURS)] for n, kind in enumerate(sorted(set(city["kind"])))}
    curve = plan.siting[(plan.siting["question"] == "most") & plan.siting["kind"].isin(colours)]
    halves = 2 if len(curve) else 1
    with open_figure(path, (4.9 * halves, 3.7), title, WORDS[lang]) as figure:
        axes = figure.subplots(1, halves, squeeze=False)[0]
        _draw_minutes(axes[0], city, colours, lang)
        if len(curve):
            _draw_added(axes[1], curve, colours, lang)
    return Path(path)


def plot_simulation(
    done: Simulated, path: str | Path, *, title: str = "", lang: Language = "en"
) -> Path:
    """Plot how soon somebody comes as a PNG: the share of requests, and of wishes, answered within so many minutes.

    One curve for each scenario, with the 95 % interval of its mean as a band.
    Time runs by powers of ten.

    Parameters
    ----------
    done
        From :func:`gridplan.simulate`.
    path
        The file to write.
    title
        Stands over the picture.
    lang
        en or zh.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the
        Chinese characters that are needed.
    """
    city = done.curve[done.curve["level"] == "city"]
    names = list(done.manifest["scenarios"])
    words = WORDS[lang]
    with open_figure(path, (9.8, 3.7), title, {**words, "names": "".join(names)}) as figure:
        for axes, kind in zip(figure.subplots(1, 2), ("request", "wish"), strict=True):
            _draw_answers(axes, city[city["kind"] == kind], names, words, kind)
        figure.axes[1].legend(frameon=False, fontsize=8, loc="upper left")
    return Path(path)


def _draw_answers(
    axes: Any, rows: pd.DataFrame, names: list[str], words: dict[str, str], kind: str
) -> None:
    """Draw the curve of each scenario and the band of its interval."""
    for n, name in enumerate(names):
        own = rows[rows["scenario"] == name].sort_values("minutes")
        colour = COLOURS[n % len(COLOURS)]
        axes.fill_between(
            own["minutes"],
            100.0 * own["low"],
            100.0 * own["high"],
            color=colour,
            alpha=0.15,
            linewidth=0,
        )
        axes.plot(
            own["minutes"],
            100.0 * own["mean"],
            color=colour,
            linestyle="-" if n < len(COLOURS) else "--",
            label=name,
        )
    _finish_axes(axes, words["since"], words[kind])
    axes.set_xscale("log")
    axes.set_xlim(1, SPANS[-1])
    axes.set_xticks(SPANS, words["spans"].split("|"))
    axes.minorticks_off()


def plot_surge(done: Surged, path: str | Path, *, title: str = "", lang: Language = "en") -> Path:
    """Plot an emergency as a PNG: how help spreads over the sub-grids affected, and what it hangs on most.

    On the left a line for each event, dashed as things usually are, whole in a
    surge, with the 95 % interval as a band; on the right the pairings and
    crossings of the first event without which it would take clearly longer.

    Parameters
    ----------
    done
        From :func:`gridplan.surge`.
    path
        The file to write.
    title
        Stands over the picture.
    lang
        en or zh.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the
        Chinese characters that are needed.
    """
    names = list(done.manifest["events"])
    words = WORDS[lang]
    city = done.curve[done.curve["level"] == "city"]
    with open_figure(path, (9.8, 3.7), title, {**words, "names": "".join(names)}) as figure:
        left, right = figure.subplots(1, 2)
        for n, name in enumerate(names):
            for posture, dash in (("usual", "--"), ("surge", "-")):
                own = city[(city["event"] == name) & (city["posture"] == posture)].sort_values(
                    "minutes"
                )
                colour = COLOURS[n % len(COLOURS)]
                left.fill_between(
                    own["minutes"],
                    100.0 * own["low"],
                    100.0 * own["high"],
                    color=colour,
                    alpha=0.15,
                    linewidth=0,
                )
                label = words[posture] if len(names) == 1 else f"{name}, {words[posture]}"
                left.plot(
                    own["minutes"], 100.0 * own["mean"], color=colour, linestyle=dash, label=label
                )
        _finish_axes(left, words["begun"], words["helped"])
        _count_hours(left, float(city["minutes"].max()), words["early"])
        left.legend(frameon=False, fontsize=8, loc="lower right")
        _draw_worth(right, done.worth[done.worth["event"] == names[0]], words)
    return Path(path)


def _count_hours(axes: Any, end: float, words: str) -> None:
    """Let time run by powers of ten, in minutes, hours and days."""
    spans = dict(zip(EARLY, words.split("|"), strict=True))
    axes.set_xscale("log")
    axes.set_xlim(EARLY[0], end)
    shown = [minutes for minutes in EARLY if minutes <= end]
    axes.set_xticks(shown, [spans[minutes] for minutes in shown])
    axes.minorticks_off()


def _draw_worth(axes: Any, worth: pd.DataFrame, words: dict[str, str]) -> None:
    """Draw what is missed most as bars, the greatest on top."""
    own = worth[
        (worth["measure"] == "seen_minutes") & worth["clear"] & (worth["mean"] >= 0.05)
    ].head(8)[::-1]
    labels = [
        f"{words.get(k, k.replace('_', ' '))} {of}".strip()
        for k, of in zip(own["kind"], own["of"], strict=True)
    ]
    axes.barh(
        range(len(own)),
        own["mean"],
        xerr=own["high"] - own["mean"],
        color=COLOURS[0],
        ecolor="#8a929c",
        height=0.6,
    )
    axes.set_yticks(range(len(own)), labels, fontsize=8)
    axes.set_xlabel(words["later"])
    axes.set_xlim(left=0)
    axes.set_ylim(-0.6, max(len(own), 4) - 0.4)
    axes.spines[["top", "right"]].set_visible(False)
    if own.empty:
        axes.text(
            0.5, 0.5, words["nothing"], ha="center", transform=axes.transAxes, color="#5d6b7a"
        )


def _draw_minutes(axes: Any, city: pd.DataFrame, colours: dict[str, str], lang: Language) -> None:
    """Draw for each kind of post the share of households within so many minutes; nobody is within none."""
    words = WORDS[lang]
    for kind, rows in city.groupby("kind"):
        for state, own in rows.sort_values("minutes").groupby("state"):
            name = say_kind(str(kind), lang)
            name = words["with_proposed"].format(kind=name) if state == "proposed" else name
            x = [0.0, *own["minutes"]]
            y = [0.0, *(100.0 * own["reachable_share"])]
            colour = colours[str(kind)]
            dash = "--" if state == "proposed" else "-"
            axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.6, label=name)
            ring = own[own["own"]]
            axes.scatter(
                ring["minutes"],
                100.0 * ring["reachable_share"],
                s=42,
                c="white",
                edgecolors=colour,
                zorder=3,
            )
    _finish_axes(axes, words["minutes"], words["reachable"])
    axes.legend(frameon=False, fontsize=8, title=words["own"], title_fontsize=8)


def _draw_added(axes: Any, curve: pd.DataFrame, colours: dict[str, str], lang: Language) -> None:
    """Draw what each further post brings, and above it what none can pass."""
    words = WORDS[lang]
    for n, (kind, rows) in enumerate(curve.groupby("kind")):
        own = rows.sort_values("added")
        colour = colours[str(kind)]
        axes.plot(
            own["added"],
            100.0 * own["share"],
            color=colour,
            marker="o",
            markersize=4,
            linewidth=1.6,
            label=say_kind(str(kind), lang),
        )
        label = words["bound"] if n == 0 else None
        axes.plot(
            own["added"],
            100.0 * own["bound"],
            color="#8a929c",
            linestyle=":",
            linewidth=1.6,
            label=label,
        )
    axes.xaxis.get_major_locator().set_params(integer=True)
    _finish_axes(axes, words["added"], words["served"])
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _finish_axes(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_ylim(0, 103)
    axes.set_xlim(left=0)
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_wish(axes: Any, rows: pd.DataFrame, bought: str, words: dict[str, str]) -> None:
    """Draw the points of one price, joined in the order of its factors."""
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
    for factor, at in zip(rows.index, zip(x, y, strict=True), strict=True):
        names.setdefault(at, []).append(f"×{factor:g}")
    for at, factors in names.items():
        axes.annotate(" ".join(factors), at, xytext=(5, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel(words["mean_walk"])
    axes.set_ylabel(words[bought])
    axes.margins(0.18)
    axes.spines[["top", "right"]].set_visible(False)
