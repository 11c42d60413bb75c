"""The figures of the founding document's paragraph, each counted from one table of a plan."""

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
from gridplan.publishing.cells import find_places
from gridplan.tables.roles import PLACED, Role, find_roles

LEAST_LIKELY = 20  # sub-grids of which a mean chance is published


@dataclass(frozen=True)
class BriefFigure:
    """A figure of the paragraph: its name, how it is counted, and what the document printed.

    ``how`` is count, ``nunique:COLUMN``, ``sum:EXPRESSION``, ``mean:COLUMN``,
    ``share:CONDITION`` (of the rows that pass the filter), or
    ``part:COLUMN=A/B`` (values of the rows of A over those of B), or
    ``likely:COLUMN`` (a mean in whole per cent, of many rows only).
    """

    id: str
    zh: str
    en: str
    unit_zh: str
    unit: str
    table: str
    filter: str
    how: str
    published: float
    needs: str
    needs_zh: str


def list_figures() -> Mapping[str, BriefFigure]:
    """List the figures of the paragraph by their id, in its order.

    A role with one post for each place that ``figures.csv`` does not name has a
    figure too, made from its row in the table of roles.

    Examples
    --------
    >>> list_figures()["subgrids"].published, list_figures()["subgrids"].filter
    (75081.0, 'kind == "residential"')
    """
    figures = read_figures_table()
    more = [
        _make_role_figure(role)
        for role in find_roles(filled_by=PLACED)
        if role.measure not in figures
    ]
    if not more:
        return figures
    # After the last figure of posts, where a reader looks for them.
    last = max(n for n, figure in enumerate(figures.values()) if figure.table == "posts")
    ordered = [*list(figures.values())[: last + 1], *more, *list(figures.values())[last + 1 :]]
    return {figure.id: figure for figure in ordered}


@cache
def read_figures_table() -> Mapping[str, BriefFigure]:
    """Read ``figures.csv``: the figures that the founding document prints or asks for."""
    text = files("gridplan.publishing").joinpath("figures.csv").read_text(encoding="utf-8")
    figures = {}
    for row in csv.DictReader(text.splitlines()):
        values: dict[str, Any] = {**row, "published": float(row["published"] or "nan")}
        figures[row["id"]] = BriefFigure(**values)
    return figures


def _make_role_figure(role: Role) -> BriefFigure:
    """Make the figure of a role: its filled posts; the founding document knows no such number."""
    return BriefFigure(
        id=role.measure,
        zh=role.zh,
        en=f"{role.en}s",
        unit_zh="名",
        unit="posts",
        table="posts",
        filter=f'role == "{role.role}" and filled',
        how="count",
        published=float("nan"),
        needs="run gridplan staff",
        needs_zh="运行 gridplan staff",
    )


def count_figures(plan: Plan) -> pd.Series[Any]:
    """Count every figure of a working plan; NaN where the plan does not know it.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> count_figures(make_board_plan())[["subgrids", "households"]].tolist()
    [2.0, 120.0]
    """
    # Most figures ask the same few tables.
    figures = list_figures()
    rows = {table: _open_rows(plan, table) for table in {f.table for f in figures.values()}}
    return pd.Series(
        {name: _count_rows(rows[figure.table], figure) for name, figure in figures.items()},
        dtype=float,
    )


def count_figure(plan: Plan, figure: BriefFigure) -> float:
    """Count one figure; NaN where its table has no row that could be counted."""
    return _count_rows(_open_rows(plan, figure.table), figure)


def _open_rows(plan: Plan, name: str) -> pd.DataFrame:
    """Open a table's rows with the columns that filters of ``figures.csv`` ask for."""
    rows = pd.DataFrame(plan.get_table(name).drop(columns="geometry", errors="ignore"))
    rows = rows.reset_index()
    # Counts have a place, not a kind; the filters ask for the kind.
    if name == "counts":
        rows["community_kind"] = (
            find_places(plan).map(plan.site.communities["kind"]).fillna("").to_numpy()
        )
    return rows


def _count_rows(table: pd.DataFrame, figure: BriefFigure) -> float:
    """Count one figure in the rows of its table."""
    # The Python engine, so that the result does not depend on numexpr being there.
    rows = table.query(figure.filter, engine="python") if figure.filter else table
    # No row of a filled table is a count of 0; an empty table was never filled.
    # Places may be listed in part, so none of a kind is unknown.
    if figure.needs and rows.empty:
        return (
            float("nan")
            if table.empty or figure.how != "count" or figure.table == "places"
            else 0.0
        )
    how, _, what = figure.how.partition(":")
    if how == "count":
        return float(len(rows))
    if rows.empty:
        return float("nan")
    if how == "nunique":
        values = rows[what]
        # The empty code stands for no value.
        return float(values[values.astype("str") != ""].nunique())
    if how == "part":
        return _divide_parts(rows, what)
    if how == "likely":
        # of few sub-grids, or to many digits, it would say how many live in one
        few = len(rows) < LEAST_LIKELY
        return float("nan") if few else round(float(rows[what].mean(skipna=False)), 2)
    values = rows.eval(what, engine="python").astype(float)
    return float(values.sum() if how == "sum" else np.average(values))


def _divide_parts(rows: pd.DataFrame, what: str) -> float:
    column, _, names = what.partition("=")
    part, _, whole = names.partition("/")
    sums = rows.groupby(column)["value"].sum()
    return float(sums[part] / sums[whole]) if part in sums and sums.get(whole, 0) else float("nan")
