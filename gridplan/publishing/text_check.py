"""The check of a release's text: names, codes, and numbers of persons wherever they stand."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridplan.errors import Problem
from gridplan.plan import ALL_TABLES, Plan
from gridplan.tables.personal import find_personal_values

# Text in the words of whoever made the file: a name, a telephone, a remark.
FREE_TEXT = {
    "buildings": ("building_name", "use"),
    "compounds": ("name",),
    "barriers": ("name",),
    "streets": ("name",),
    "places": ("name",),
    "institutions": ("name",),
    "special_grids": ("name",),
}
# Codes that are numbers in a release. Written out here, and not taken from the code that
# writes them, so that the check stays blind to it.
NUMBERED = ("compounds", "buildings", "barriers", "openings", "streets", "places", "institutions")
# The columns that hold such codes.
CODES = {
    "compounds": ("compound",),
    "buildings": ("building", "compound"),
    "barriers": ("barrier",),
    "openings": ("opening",),
    "streets": ("street",),
    "places": ("place",),
    "institutions": ("institution",),
    "special_grids": ("barrier",),
    "subgrids": ("institution",),
    "links": ("source",),
}
AGAIN = "release the plan again"


def check_text(plan: Plan, *, names: bool) -> list[Problem]:
    """Find text that anybody may have written, unless it was asked for, and personal numbers.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> [str(p) for p in check_text(make_board_plan(), names=True)]
    []
    """
    problems = [] if names else [*_check_names(plan), *_check_codes(plan)]
    for name in ALL_TABLES:
        if not len(plan.get_table(name)):
            continue
        table = pd.DataFrame(plan.get_table(name).drop(columns="geometry", errors="ignore"))
        # Whoever asked for names takes them as they are.
        asked = (*FREE_TEXT.get(name, ()), *CODES.get(name, ())) if names else ()
        for column, values in table.reset_index().drop(columns=list(asked)).items():
            if not isinstance(values.dtype, pd.StringDtype) and values.dtype != object:
                continue
            found = find_personal_values(values, is_code=column == table.index.name)
            if found.any():
                ids = tuple(map(str, table.index[found.to_numpy(bool)]))
                text = f"{column} holds a telephone or identity number, or an e-mail address"
                remedy = "change it in the plan's files, and plan and release again"
                problems.append(Problem(name, "personal", text, remedy, ids))
    return problems


def _check_names(plan: Plan) -> list[Problem]:
    problems = []
    for name, columns in FREE_TEXT.items():
        table = plan.get_table(name)
        for column in columns:
            full = table[column].fillna("").astype("str") != ""
            text = f"{column} is free text, which is left out unless it is asked for"
            problems += _report(name, table, full, text)
    return problems


def _check_codes(plan: Plan) -> list[Problem]:
    problems = []
    for name in NUMBERED:
        table = plan.get_table(name)
        written = ~table.index.to_series().astype("str").str.fullmatch(r"[a-z]\d+").astype(bool)
        text = "codes are free text, of which a release has numbers unless it is asked for"
        problems += _report(name, table, written, text)
    return problems


def _report(name: str, table: Any, rows: Any, text: str) -> list[Problem]:
    ids = tuple(map(str, table.index[rows.to_numpy(bool)]))
    return [Problem(name, "text", text, AGAIN, ids)] if ids else []
