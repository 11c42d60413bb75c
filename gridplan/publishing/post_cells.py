"""Filled posts as cells by place, and the sums that tie them: over places, and of parts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from gridplan.plan import Plan
from gridplan.publishing.cells import order_cells
from gridplan.publishing.place_sums import (
    CELL,
    CITY,
    UPPER,
    CellSystem,
    list_cells,
    sum_parts,
    sum_places,
)
from gridplan.publishing.published_figures import list_figures
from gridplan.tables.level_indicators import place_bodies

WORKERS = "grid_workers"
# A cell of posts -> the parts that add up to it.
POSTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    WORKERS: (("grid_workers_full", "grid_workers_part"), ("workers_party", "workers_other"))
}
CITY_ALONE = "central_households"  # each is a member's home, so that places say who


def list_posts() -> list[str]:
    """List the figures that count posts or people: each is a count of persons by another name."""
    return [
        name
        for name, figure in list_figures().items()
        if figure.unit in ("posts", "people") and figure.how.partition(":")[0] != "mean"
    ]


def list_placed_posts() -> list[str]:
    """List the posts that are counted by place: those of the table ``posts``, and their parts.

    Examples
    --------
    >>> {"grid_leaders", "workers_party", "stairwell_captains"} <= set(list_placed_posts())
    True
    """
    counted = [
        name
        for name, figure in list_figures().items()
        if figure.table == "posts" and figure.how == "count" and name != CITY_ALONE
    ]
    parts = [name for pairs in POSTS.values() for pair in pairs for name in pair]
    return list(dict.fromkeys([*counted, *parts]))


def count_posts(plan: Plan, values: Mapping[str, float]) -> pd.DataFrame:
    """Count the filled posts of a working plan as cells, by community and every body above.

    A post that the plan does not have, or that stands in no community of it, has a
    cell for the city alone, as has what is no post of a place.

    Parameters
    ----------
    plan
        The working plan.
    values
        Figures of the city by name, NaN where one is unknown.
    """
    posts = plan.posts.reset_index()
    codes = plan.site.communities.index.astype(object)
    table = pd.DataFrame(index=codes)
    for name in list_placed_posts():
        condition = list_figures()[name].filter if name in list_figures() else ""
        # A role without a single post, filled or not, was never staffed.
        if not condition or posts.assign(filled=True).query(condition, engine="python").empty:
            continue
        rows = posts.query(condition, engine="python")
        if rows["community"].isin(codes).all():
            table[name] = _count_rows(rows, codes)
            if name == WORKERS:
                table["workers_party"] = _count_rows(rows[rows["party"].astype(bool)], codes)
    _add_rest(table)
    placed = list_cells(table, place_bodies(plan.site.communities))
    city = {name: value for name, value in values.items() if not np.isnan(value)}
    cells = pd.concat([placed, _list_city(city, set(table.columns))], ignore_index=True)
    # In an order of their own: the order of rows must not choose what is hidden.
    return order_cells(cells)


def _count_rows(rows: pd.DataFrame, codes: pd.Index) -> pd.Series[int]:
    return rows["community"].astype(object).value_counts().reindex(codes).fillna(0).astype(np.int64)


def _add_rest(table: pd.DataFrame) -> None:
    """Add to each part of a total what is left of the total."""
    for total, pairs in POSTS.items():
        for part, rest in pairs:
            if {total, part} <= set(table.columns):
                table[rest] = table[total] - table[part]


def _list_city(values: Mapping[str, float], placed: set[str]) -> pd.DataFrame:
    """List what has a figure of the city and no cells by place."""
    known = {name: float(values[name]) for name in list_posts() if name in values}
    workers = known.get(WORKERS, np.nan)
    if {WORKERS, "grid_workers_full"} <= set(known):
        known["grid_workers_part"] = workers - known["grid_workers_full"]
    # The Party's part of the workers follows from their share.
    if WORKERS in known and "party_share" in values:
        known["workers_party"] = float(np.round(workers * values["party_share"]))
        known["workers_other"] = workers - known["workers_party"]
    rows = {name: value for name, value in known.items() if name not in placed}
    return pd.DataFrame({"measure": list(rows), "value": list(rows.values())}).assign(
        level="city", of=CITY, community=""
    )[CELL]


def read_posts(release: Plan) -> pd.DataFrame:
    """Read the posts that a release shows as cells; NaN where one is hidden.

    Figures are cells of the city. The missing part of a total that is there is a
    hidden cell too: it follows from the others.
    """
    table = release.published
    value = table["value"].astype(float).where(table["shown"].astype(bool))
    rows = table[["level", "of", "community", "measure"]].assign(value=value)
    cells = rows[rows["measure"].isin(list_placed_posts())]
    figures = rows[rows["measure"].str.startswith("figure:")]
    names = figures["measure"].str.removeprefix("figure:")
    city = _list_city(dict(zip(names, figures["value"], strict=True)), set())
    # A figure and the city's cell are one number, whichever of them is shown.
    both = pd.concat([cells, city], ignore_index=True).sort_values("value", kind="stable")
    both = both.drop_duplicates(["level", "of", "measure"])
    return pd.concat([both, _list_missing(both)], ignore_index=True)


def _list_missing(cells: pd.DataFrame) -> pd.DataFrame:
    """List the parts that a table leaves out beside a total and the other part, unknown."""
    held = pd.MultiIndex.from_frame(cells[["level", "of", "measure"]])
    frames = [cells.iloc[:0]]
    for total, pairs in POSTS.items():
        wholes = cells[cells["measure"] == total]
        for part, rest in pairs:
            for here, gone in ((part, rest), (rest, part)):
                keys = [
                    pd.MultiIndex.from_arrays([wholes["level"], wholes["of"], [name] * len(wholes)])
                    for name in (here, gone)
                ]
                lacks = keys[0].isin(held) & ~keys[1].isin(held)
                frames.append(wholes[lacks].assign(measure=gone, value=np.nan))
    return pd.concat(frames, ignore_index=True)


def tie_posts(cells: pd.DataFrame, bodies: pd.DataFrame, least: float = 0.0) -> CellSystem:
    """Tie posts by the sums over places and of parts.

    Parameters
    ----------
    cells
        Cells as :func:`count_posts` or :func:`read_posts` gives them.
    bodies
        The bodies above each community, as ``place_bodies`` names them.
    least
        What a hidden cell is at the least: 1 where zeros are always published.

    Examples
    --------
    >>> cells = pd.DataFrame({"level": "city", "of": CITY, "community": "", "value": 3.0,
    ...                       "measure": ["grid_workers", "workers_party", "workers_other"]})
    >>> bodies = pd.DataFrame(columns=["subdistrict", "district", "city"])
    >>> tie_posts(cells, bodies).matrix.toarray().tolist()
    [[-1.0, 1.0, 1.0]]
    """
    cells = cells.reset_index(drop=True)
    placed = cells["level"].isin(["community", *UPPER]).to_numpy(bool)
    sums: list[csr_matrix] = [sum_places(cells, bodies)] if placed.any() else []
    sums += [sum_parts(cells, total, pair) for total, pairs in POSTS.items() for pair in pairs]
    matrix = vstack(sums, format="csr")
    return CellSystem(cells, matrix, np.full(len(cells), float(least)))
