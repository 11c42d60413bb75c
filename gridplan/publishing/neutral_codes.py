"""Codes that say nothing: those of a release number its things from west to east."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gridplan.plan import Plan

# Table -> the letter its codes begin with in a release. Whoever made the files wrote the
# others, and "12-Zhang-3" says who lives there. Communities, sub-grids and upper grids
# keep theirs: the release is about them.
LETTERS: Mapping[str, str] = {
    "compounds": "x",
    "buildings": "h",
    "barriers": "b",
    "openings": "o",
    "streets": "s",
    "places": "p",
    "institutions": "i",
}
# Where such codes stand in other tables, and the tables that they may be of.
REFERENCES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("buildings", "compound"): ("compounds",),
    ("special_grids", "barrier"): ("barriers",),
    ("subgrids", "institution"): ("institutions", "places"),
    ("links", "source"): ("institutions", "places"),
}


def write_neutral_codes(plan: Plan) -> Plan:
    """Give compounds, buildings and other things of a release numbers by where they are.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> write_neutral_codes(make_board_plan()).site.buildings.index[:3].tolist()
    ['h01', 'h02', 'h03']
    """
    codes: dict[str, dict[str, str]] = {}
    tables: dict[str, Any] = {}
    for name, letter in LETTERS.items():
        table = plan.get_table(name)
        order = _order_by_place(table)
        width = len(str(len(table)))
        new = [f"{letter}{n:0{width}d}" for n in range(1, len(table) + 1)]
        codes[name] = dict(zip(table.index[order].astype("str"), new, strict=True))
        placed = table.iloc[order]
        # Row order and code are the same, so that neither keeps what the file was sorted by.
        tables[name] = placed.set_axis(pd.Index(new, dtype="str", name=table.index.name))
    for (name, column), of in REFERENCES.items():
        table = tables.get(name, plan.get_table(name))
        known = {code: new for one in reversed(of) for code, new in codes[one].items()}
        texts = [known.get(str(code), "") for code in table[column]]
        new_column = pd.Series(texts, index=table.index, dtype="str")
        tables[name] = table.assign(**{column: new_column})
    return plan.replace(**tables)


def _order_by_place(table: Any) -> list[int]:
    """Order rows from west to east, then south to north; things of one place by shape and code."""
    bounds = table.geometry.bounds[["minx", "miny"]].to_numpy().round(3).tolist()
    shapes = table.geometry.to_wkb(hex=True).astype("str").tolist()
    keys = list(zip(bounds, shapes, table.index.astype("str"), strict=True))
    return sorted(range(len(keys)), key=keys.__getitem__)
