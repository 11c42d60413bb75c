"""Two plans compared: who moved, what became of each sub-grid, and how good each plan is."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.comparison.households_moved import count_moved
from gridplan.comparison.quality import compare_quality
from gridplan.comparison.renumbering import measure_likeness, number_codes
from gridplan.comparison.subgrid_changes import EVENT_KINDS, find_events, find_members
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.redrawing.revision.concordance import make_concordance
from gridplan.redrawing.revision.household_matching import follow_households
from gridplan.rules.all_rules import Rules
from gridplan.tables.html import say_count

SHOWN = 8  # communities, and events, in the printed report; the rest are counted
LABELS: Mapping[str, tuple[str, str]] = {
    "subgrids": ("sub-grids", "{:,.0f}"),
    "households": ("households", "{:,.0f}"),
    "households_low": ("households, low estimate", "{:,.0f}"),
    "households_high": ("households, high estimate", "{:,.0f}"),
    "mean_households": ("households in a sub-grid", "{:,.1f}"),
    "in_band": ("in band, estimate (%)", "{:.1f}"),
    "likely_in_band": ("likely in band (%)", "{:.1f}"),
    "spread": ("spread of households (%)", "{:.1f}"),
    "mean_walk": ("mean walk (m)", "{:,.1f}"),
    "household_metres": ("household-metres", "{:,.0f}"),
    "price": ("price (household-metres)", "{:,.0f}"),
    "price_per_household": ("price by household", "{:,.1f}"),
    "buildings_split": ("buildings split", "{:,.0f}"),
    "compounds_crossed": ("compounds crossed", "{:,.0f}"),
    "non_contiguous": ("not contiguous", "{:,.0f}"),
}
SHARES = {"in_band", "likely_in_band", "spread"}  # shown in per cent
JUDGING = ("urban", "rural", "prices", "division", "walking")  # sections that change the figures
COUNTABLE = frozenset({"split", "merge", "birth", "death"})  # events that are nouns


@dataclass(frozen=True)
class Comparison:
    """What is different between two plans.

    ``concordance`` holds the households that each old sub-grid has in common
    with each new one, in the columns of the plan's table of that name; the
    shares of each old one sum to 1. ``events`` says in a row and a sentence
    what became of each sub-grid, ``moved`` counts by city and community who
    moved, is gone or new, ``quality`` sets the figures of both plans side by
    side, judged by ``rules``. ``subgrids`` lists those of both plans (side,
    code) with their community, households as each plan counts them and event;
    ``flows`` follows the households of every building. ``summary`` are the
    figures of the whole, ``old`` and ``new`` the plans. Print it for a report
    of about a screen.
    """

    concordance: pd.DataFrame
    events: pd.DataFrame
    moved: pd.DataFrame
    quality: pd.DataFrame
    subgrids: pd.DataFrame
    flows: pd.DataFrame
    summary: Mapping[str, Any]
    rules: Rules
    old: Plan
    new: Plan

    def __repr__(self) -> str:
        """Write on one line how many households moved."""
        moved = say_count(int(self.summary["moved"]), "household")
        return f"Comparison({self.old!r} -> {self.new!r}: {moved} moved)"

    def __str__(self) -> str:
        """Write who moved, what became of the sub-grids, and both plans' figures."""
        return "\n".join(
            [
                *_write_head(self),
                "",
                *_write_quality(self.quality),
                *_write_places(self),
                *_write_events(self.events),
            ]
        )

    def _repr_html_(self) -> str:
        """Write the report for a notebook; codes from the data are escaped."""
        return f"<pre>{html.escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Return summary, events, moved, quality and concordance as values that JSON can hold."""
        tables = {
            name: list_rows(getattr(self, name))
            for name in ("events", "moved", "quality", "concordance", "subgrids")
        }
        return {"summary": dict(self.summary), **tables}


def compare(
    old: Plan,
    new: Plan,
    rules: Rules | None = None,
    *,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Comparison:
    """Compare two plans of one place, whoever drew them.

    Numbers of sub-grids, codes and land may be others.

    A household moved if its sub-grid has another code than before. It is
    displaced if it would have moved even under the names for the new sub-grids
    that let most households keep theirs, so renumbering displaces nobody.

    Parameters
    ----------
    old, new
        Two plans, the earlier one first.
    rules
        Bands and prices that both are judged by; those of the new plan if not
        given.
    workers, progress
        As :func:`gridplan.divide` takes them.

    Raises
    ------
    PlanError
        If one of them is a release, whose figures are bands.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> result = compare(make_board_plan(), make_board_plan((1, 1, 1, 1, 2, 2) * 2))
    >>> result.summary["moved"], result.summary["displaced"], result.events["sentence"].iloc[1]
    (20, 20, '0301-002 keeps 40 of its 60 households; 20 went to others')
    """
    for plan in (old, new):
        if plan.is_release:
            raise PlanError("a release holds bands, not households -> compare working plans")
    has_other_rules = rules is None and _judge_differently(old.rules, new.rules)
    rules = rules or new.rules
    progress("matching", 0, 1)
    flows = follow_households(old, new, rules.redraw)
    concordance = make_concordance(flows)
    events = find_events(concordance)
    moved = count_moved(concordance)
    quality = compare_quality(old, new, rules, workers=workers, progress=progress)
    summary = _sum_up(concordance, events, moved, quality) | {"other_rules": has_other_rules}
    subgrids = _list_subgrids(old, new, concordance)
    return Comparison(
        concordance, events, moved, quality, subgrids, flows, summary, rules, old, new
    )


def _judge_differently(one: Rules, other: Rules) -> bool:
    """Whether two sets of rules differ in what changes how good a plan looks."""
    return any(getattr(one, name) != getattr(other, name) for name in JUDGING)


def _list_subgrids(old: Plan, new: Plan, concordance: pd.DataFrame) -> pd.DataFrame:
    """List the sub-grids of both plans with their households and events, by side and code."""
    members = find_members(concordance)
    tables = []
    for side, plan in (("old", old), ("new", new)):
        homes = plan.stairwells[plan.stairwells["subgrid"] != ""]
        subgrids = homes.groupby("subgrid", sort=True).agg(
            community=("community", "first"), households=("households", "sum")
        )
        # A sub-grid without households is in no event: NA, in a column of whole numbers.
        event = members[side].reindex(subgrids.index).astype("Int64")
        rows = subgrids.reset_index().rename(columns={"subgrid": "code"})
        tables.append(rows.assign(event=event.to_numpy(), side=side))
    columns = ["side", "code", "community", "households", "event"]
    return pd.concat(tables, ignore_index=True)[columns]


def _sum_up(
    concordance: pd.DataFrame, events: pd.DataFrame, moved: pd.DataFrame, quality: pd.DataFrame
) -> dict[str, Any]:
    """Sum up a comparison in plain numbers."""
    city = moved[moved["level"] == "city"].iloc[0]
    # Likeness is about those who live in both; who came or left is counted apart.
    stay = concordance[(concordance["old"] != "") & (concordance["new"] != "")]
    pairs = stay.groupby(["old", "new"])["households"].sum().reset_index()
    rand, information = measure_likeness(
        number_codes(pairs["old"])[0],
        number_codes(pairs["new"])[0],
        pairs["households"].to_numpy(np.int64),
    )
    figures = quality[quality["level"] == "city"].set_index("figure")
    sizes = {
        f"{side}_{name}": int(figures.loc[name, side])
        for side in ("old", "new")
        for name in ("subgrids", "households")
    }
    counts = events["kind"].value_counts()
    # Homes in both plans may have been counted differently in each.
    recounted = sizes["new_households"] - int(pairs["households"].sum()) - int(city["new"])
    return {
        **sizes,
        **{name: int(city[name]) for name in ("stayed", "moved", "displaced", "gone", "new")},
        "recounted": recounted,
        **{f"{name}_share": _round(city[f"{name}_share"]) for name in ("moved", "displaced")},
        "adjusted_rand": _round(rand),
        "information": _round(information),
        "events": {kind: int(counts.get(kind, 0)) for kind in EVENT_KINDS},
    }


def _round(value: float) -> float | None:
    # JSON has no NaN: an unknown figure is None.
    return round(float(value), 6) if np.isfinite(value) else None


def list_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """List the rows of a table as plain values; what is not known is None."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        for row in rows
    ]


def _write_head(result: Comparison) -> list[str]:
    """Write the sizes of both plans, who moved, and what became of the sub-grids."""
    s = result.summary
    sizes = [
        f"{s[f'{side}_subgrids']:,} sub-grids, {s[f'{side}_households']:,} households"
        for side in ("old", "new")
    ]
    # The kinds are listed from split to kept; most of a plan is kept, and read first.
    events = ", ".join(
        f"{count:,} {_name_event(kind, count)}"
        for kind, count in reversed(s["events"].items())
        if count
    )
    lines = [
        f"compare    {sizes[0]}  ->  {sizes[1]}",
        f"moved      {s['moved']:,} of the {s['stayed']:,} households that stay"
        f"{_write_share(s['moved_share'])}; "
        f"{s['displaced']:,} by more than a new code{_write_share(s['displaced_share'])}",
        f"beside     {s['gone']:,} households gone, {s['new']:,} new"
        + _write_recounted(s["recounted"]),
        f"alike      adjusted Rand index {s['adjusted_rand']:.3f} (1 is the same), "
        f"variation of information {s['information']:.2f} bits",
        f"sub-grids  {events or 'none'}",
    ]
    if s["other_rules"]:
        lines.append(
            "rules      both are judged by the new plan's rules; those of the old one differ"
        )
    return lines


def _write_recounted(more: int) -> str:
    """Write by how many households homes in both plans are counted differently."""
    if not more:
        return ""
    word = "more" if more > 0 else "fewer"
    return f"; the homes that stay count {abs(more):,} households {word}"


def _name_event(kind: str, count: int) -> str:
    """Name a kind of event, in the plural if it has one and there are several."""
    return f"{kind}s" if kind in COUNTABLE and count != 1 else kind


def _write_share(value: float | None) -> str:
    return "" if value is None else f" ({value:.1%})"


def say_figure(figure: str, value: float, signed: bool = False) -> str:
    """Write the value of a figure of quality; a share in per cent.

    Examples
    --------
    >>> say_figure("in_band", 0.975), say_figure("subgrids", 3.0, signed=True)
    ('97.5', '+3')
    >>> say_figure("mean_walk", float("nan"))
    ''
    """
    if not np.isfinite(value):
        return ""
    text = LABELS[figure][1].format(abs(value) * (100.0 if figure in SHARES else 1.0))
    # What is rounded to zero has no sign, where Python would write -0.0.
    is_zero = not any(letter in "123456789" for letter in text)
    sign = "" if is_zero else "-" if value < 0 else "+" if signed else ""
    return sign + text


def _write_quality(quality: pd.DataFrame) -> list[str]:
    """Write the figures of the city side by side."""
    lines = [f"{'':<26}{'old':>13}{'new':>13}{'change':>13}"]
    for row in quality[quality["level"] == "city"].itertuples():
        figure = str(row.figure)
        percent = ""
        # A share changes by points, of which a percentage would only confuse.
        if figure not in SHARES and np.isfinite(row.percent) and row.difference != 0:
            percent = f"  {row.percent:+.1f} %"
        values = f"{say_figure(figure, row.old):>13}{say_figure(figure, row.new):>13}"
        change = f"{say_figure(figure, row.difference, signed=True):>13}{percent}"
        lines.append(f"{LABELS[figure][0]:<26}{values}{change}")
    return lines


def _write_places(result: Comparison) -> list[str]:
    """Write the communities where most households moved, came or went."""
    rows = result.moved[result.moved["level"] == "community"]
    # Negative, so that the busiest come first and equals in the order of their codes.
    rows = rows.assign(stir=-(rows["moved"] + rows["gone"] + rows["new"]))
    rows = rows[rows["stir"] < 0].sort_values(["stir", "of"], kind="stable")
    # One community is what the figures of the city say already.
    if len(rows) < 2:
        return []
    width = max(len("community"), *(len(code) for code in rows["of"].head(SHOWN)))
    lines = ["", f"{'community':<{width}}{'stay':>9}{'moved':>9}{'share':>8}{'gone':>9}{'new':>9}"]
    for row in rows.head(SHOWN).itertuples():
        share = f"{row.moved_share:.1%}" if np.isfinite(row.moved_share) else ""
        lines.append(
            f"{row.of:<{width}}{row.stayed:>9,}{row.moved:>9,}{share:>8}{row.gone:>9,}{row.new:>9,}"
        )
    if len(rows) > SHOWN:
        lines.append(f"and {len(rows) - SHOWN:,} more communities")
    return lines


def _write_events(events: pd.DataFrame) -> list[str]:
    """Write what became of the sub-grids, the greatest changes first."""
    changes = events[events["kind"] != "kept"]
    changes = changes.sort_values("moved", ascending=False, kind="stable")
    if changes.empty:
        return []
    lines = ["", *(f"{row.kind:<10} {row.sentence}" for row in changes.head(SHOWN).itertuples())]
    if len(changes) > SHOWN:
        lines.append(f"and {len(changes) - SHOWN:,} more changes")
    return lines
