"""Plots of change: two plans compared, alternatives to choose from, budgets and years."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from gridplan.comparison import Comparison
from gridplan.comparison.alternatives import Alternatives
from gridplan.plots.figure import COLOURS, Picture
from gridplan.redrawing.change_budget import Budget
from gridplan.simulation.years import Years
from gridplan.tables.policies import read_policies
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words

KINDS = {"kept": "#b4b9bf", "moved": "#c2570c", "new": "#0f766e", "gone": "#8c1d40"}
MOST_BARS = 12  # communities in a plot; the others are summed up
# What the lines of alternatives run through, and the word for each.
FIGURES = {
    "moved": "moving",
    "mean_walk": "walk",
    "spread": "spread",
    "out_of_band": "out_of_band",
    "buildings_split": "split",
    "compounds_crossed": "crossed",
}


def compose_change(comparison: Comparison, lang: Language) -> Picture:
    """Compose what is different between two plans: who moves, by community, and the sizes."""
    panels = (
        partial(_draw_communities, table=comparison.concordance, lang=lang),
        partial(_draw_sizes, table=comparison.subgrids, lang=lang),
    )
    return Picture(panels, (10.5, 4.2), list_words("change_plot", lang), (1.3, 1.0))


def _draw_communities(axes: Any, alone: bool, table: pd.DataFrame, lang: Language) -> None:
    """Draw the shares of each community's households that stay, move, are new or gone."""
    words = list_words("change_plot", lang)
    households = table.pivot_table(
        index="community", columns="kind", values="households", aggfunc="sum", fill_value=0
    )
    households = households.reindex(columns=list(KINDS), fill_value=0)
    # Those that change most come first; of equals, the first by code.
    changed = 1.0 - households["kept"] / households.sum(axis=1)
    households = households.loc[changed.sort_values(ascending=False, kind="stable").index]
    shown = households.head(MOST_BARS)
    rest = households.iloc[MOST_BARS:]
    if len(rest):
        last = rest.sum().to_frame(words["more"].format(count=f"{len(rest):,}")).T
        shown = pd.concat([shown, last])
    # Bars are drawn from the bottom, so that the first community comes last.
    shares = (100.0 * shown.div(shown.sum(axis=1), axis=0)).iloc[::-1]
    start = pd.Series(0.0, index=shares.index)
    for kind, colour in KINDS.items():
        axes.barh(
            [str(code) for code in shares.index],
            shares[kind],
            left=start,
            color=colour,
            height=0.7,
            label=words[kind],
        )
        start = start + shares[kind]
    axes.set_xlim(0, 100)
    axes.set_xlabel(words["share"])
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes.spines[["top", "right"]].set_visible(False)


def _draw_sizes(axes: Any, alone: bool, table: pd.DataFrame, lang: Language) -> None:
    """Draw how many sub-grids have how many households, before and now."""
    words = list_words("change_plot", lang)
    sizes = {side: table.loc[table["side"] == side, "households"] for side in ("old", "new")}
    largest = max([1, *(int(households.max()) for households in sizes.values() if len(households))])
    # About sixteen bars of whole households, at least two wide, and room for the largest.
    edges = range(0, largest + 8, max(2, largest // 16))
    axes.hist(
        sizes["old"], edges, histtype="stepfilled", color=COLOURS[5], alpha=0.4, label=words["old"]
    )
    axes.hist(
        sizes["new"], edges, histtype="step", color=COLOURS[1], linewidth=1.8, label=words["now"]
    )
    axes.set_xlabel(words["size"])
    axes.set_ylabel(words["count"])
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def compose_budget(budget: Budget, lang: Language) -> Picture:
    """Compose the change-budget curve: how good a plan can be as more households may move."""
    panels = tuple(
        partial(_draw_budget, table=budget.table, column=column, label=label, lang=lang)
        for column, label in (("lost", "dearer"), ("in_band", "in_band"))
    )
    return Picture(panels, (9.0, 3.7), list_words("change_plot", lang))


def _draw_budget(
    axes: Any, alone: bool, table: pd.DataFrame, column: str, label: str, lang: Language
) -> None:
    """Draw one figure against the households that move, with a ring for a plan from scratch."""
    words = list_words("change_plot", lang)
    # The last row is the plan from scratch, which no budget limits.
    curve = table.iloc[:-1]
    from_nothing = table.iloc[-1]
    x = 100.0 * curve["moved_share"].astype(float)
    y = 100.0 * curve[column].astype(float)
    axes.plot(x, y, color=COLOURS[0], marker="o", markersize=5, linewidth=1.6)
    axes.scatter(
        100.0 * from_nothing["moved_share"],
        100.0 * from_nothing[column],
        s=46,
        c="white",
        edgecolors=COLOURS[1],
        zorder=3,
        label=words["from_nothing"],
    )
    axes.set_xlabel(words["budget"])
    axes.set_ylabel(words[label])
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def compose_alternatives(alternatives: Alternatives, lang: Language) -> Picture:
    """Compose alternatives to choose from: spread against walk, and a line through all figures."""
    figures = alternatives.table[list(FIGURES)].astype(float)
    figures["spread"] *= 100.0
    panels = (
        partial(_draw_points, figures=figures, lang=lang),
        partial(_draw_lines, figures=figures, lang=lang),
    )
    return Picture(panels, (10.5, 4.0), list_words("change_plot", lang), (1.0, 1.7))


def _choose_stroke(number: int) -> tuple[str, str]:
    """Choose colour and dash: the dash changes when the colours have been used up."""
    return COLOURS[number % len(COLOURS)], ("-", "--", ":")[number // len(COLOURS) % 3]


def _draw_points(axes: Any, alone: bool, figures: pd.DataFrame, lang: Language) -> None:
    """Draw spread against walk, a letter at each point, several where points coincide."""
    letters: dict[tuple[float, float], str] = {}
    for n, (name, x, y) in enumerate(
        zip(figures.index, figures["mean_walk"], figures["spread"], strict=True)
    ):
        axes.scatter(x, y, s=60, color=_choose_stroke(n)[0], zorder=2)
        letters[x, y] = f"{letters[x, y]} {name}" if (x, y) in letters else str(name)
    # Neighbours from left to right have their letters above and below in turn.
    for n, (point, names) in enumerate(sorted(letters.items())):
        axes.annotate(
            names,
            point,
            xytext=(6, 4 if n % 2 else -12),
            textcoords="offset points",
            fontsize=10,
            weight="bold",
        )
    axes.set_xlabel(list_words("change_plot", lang)["mean_walk"])
    axes.set_ylabel(list_words("change_plot", lang)["spread_of"])
    axes.margins(0.18)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_lines(axes: Any, alone: bool, figures: pd.DataFrame, lang: Language) -> None:
    """Draw a line through all figures of each, scaled from its least, below, to its greatest."""
    words = list_words("change_plot", lang)
    low = figures.min()
    span = figures.max() - figures.min()
    # A figure that is the same in all is drawn at the bottom.
    level = (figures - low) / span.where(span > 0, 1.0)
    for n, name in enumerate(figures.index):
        colour, dash = _choose_stroke(n)
        axes.plot(
            range(len(FIGURES)),
            level.iloc[n],
            dash,
            color=colour,
            marker="o",
            linewidth=1.8,
            label=str(name),
        )
    for n, column in enumerate(FIGURES):
        axes.axvline(n, color="#d9dde2", linewidth=1, zorder=0)
        ends = ((figures[column].max(), 1.05, "bottom"), (figures[column].min(), -0.05, "top"))
        # Where both ends are the same value, it is written once.
        for value, y, side in ends if span[column] > 0 else ends[1:]:
            axes.text(
                n,
                y,
                f"{value:,.1f}".removesuffix(".0"),
                ha="center",
                va=side,
                fontsize=8,
                color="#5f6b77",
            )
    axes.set_xticks(range(len(FIGURES)), [words[word] for word in FIGURES.values()])
    axes.tick_params(length=0, pad=6)
    axes.set_yticks([])
    axes.set_ylim(-0.16, 1.18)
    axes.spines[:].set_visible(False)
    axes.legend(
        frameon=False,
        fontsize=9,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        title=words["less"],
        title_fontsize=8,
    )


def compose_years(years: Years, lang: Language) -> Picture:
    """Compose what the years bring: the share of sub-grids in band, and households moved so far.

    A line for each policy is the mean over replications, its band holds nine
    of ten of them.
    """
    panels = (
        partial(_draw_policies, years=years, measure="in_band", lang=lang),
        partial(_draw_policies, years=years, measure="moved_total", lang=lang),
    )
    return Picture(panels, (9.8, 3.7), list_words("change_plot", lang))


def _draw_policies(axes: Any, alone: bool, years: Years, measure: str, lang: Language) -> None:
    """Draw a measure through the years, a line for each policy."""
    words = list_words("change_plot", lang)
    names = _name_policies(years, lang)
    scale = 100.0 if measure == "in_band" else 1.0
    by_policy = years.by_year[years.by_year["measure"] == measure].groupby("policy")
    for n, policy in enumerate(years.manifest["policies"]):
        rows = by_policy.get_group(policy)
        # From the 5 % to the 95 % quantile.
        axes.fill_between(
            rows["year"],
            scale * rows["p05"],
            scale * rows["p95"],
            color=COLOURS[n % len(COLOURS)],
            alpha=0.15,
            linewidth=0,
        )
        axes.plot(
            rows["year"],
            scale * rows["mean"],
            color=COLOURS[n % len(COLOURS)],
            linewidth=1.8,
            label=names[policy],
        )
    axes.set_xlim(0, years.manifest["years"])
    axes.set_xlabel(words["year"])
    axes.set_ylabel(words[measure])
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if measure == "moved_total":
        axes.set_ylim(bottom=0)
    # Side by side, one legend serves both panels.
    if alone or measure == "moved_total":
        axes.legend(frameon=False, fontsize=8)


def _name_policies(years: Years, lang: Language) -> dict[str, str]:
    """Name the policies with the years after which they act."""
    one, many = list_words("change_plot", lang)["span"].split("|")
    rules = years.manifest["rules"]["years"]
    names = {}
    for row in read_policies():
        # A policy that never acts has no rule of its own.
        span = int(rules[row.every]) if row.every else 0
        text = row.zh if lang == "zh" else row.en
        names[row.policy] = text.format(span=one if span == 1 else many.format(span))
    return names
