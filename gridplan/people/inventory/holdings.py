"""Holdings: the counts of what bodies have, as a town gives them in one CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.tables.column_names import match_columns
from gridplan.tables.conform import conform_table
from gridplan.tables.numbers import read_number
from gridplan.tables.personal import find_personal_columns
from gridplan.tables.requirements import Requirement

TABLE = "holdings"
YES = frozenset({"yes", "true", "y", "是", "有", "已建", "已成立"})
NO = frozenset({"no", "false", "n", "否", "无", "没有", "未建", "未成立"})
NEEDED = ("body", "requirement", "count")


def read_holdings(
    text: str, file: str, requirements: Mapping[str, Requirement], bodies: pd.DataFrame
) -> pd.DataFrame:
    """Read holdings from the text of a CSV file: body, requirement and count.

    A body is a community by its code, a subdistrict or district by its name,
    or ``site``; what each requirement asks about says which. A count left
    empty is unknown. Yes and no stand for 1 and 0.

    Parameters
    ----------
    text, file
        The file's text, and its name for messages.
    requirements
        What may be counted, by key.
    bodies
        The bodies there are: columns level and body.

    Returns
    -------
    The table ``holdings``, in order of level, body and requirement.

    Raises
    ------
    PersonalDataError
        If a column looks like data on persons.
    InputError
        With everything else that is wrong.

    Examples
    --------
    >>> from gridplan.tables.requirements import read_document
    >>> bodies = pd.DataFrame({"level": ["community"], "body": ["0301"]})
    >>> text = "社区编码,项目,数量" + chr(10) + "0301,volunteer_team,有"
    >>> read_holdings(text, "held.csv", read_document(), bodies)["count"].tolist()
    [1.0]
    """
    lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    names = [name.strip() for name in lines[0]] if lines else []
    lines = [line for line in lines[1:] if any(cell.strip() for cell in line)]
    uneven = [str(n) for n, line in enumerate(lines, 2) if len(line) != len(names)]
    matched = match_columns(TABLE, names)
    words = {column: names.index(name) for name, column in matched.items()}
    _refuse_columns(names, lines if not uneven else [], matched, file)
    if uneven:
        what = f"lines {', '.join(uneven[:5])} have more or fewer cells than the first"
        raise InputError([Problem(TABLE, "cells", what, "correct these lines", file=file)])
    cells = pd.DataFrame(
        {name: [line[words[name]].strip() for line in lines] for name in NEEDED}, dtype=object
    )
    cells = cells[cells["count"] != ""].reset_index(drop=True)
    levels = cells["requirement"].map({key: one.level for key, one in requirements.items()})
    counts = cells["count"].map(_read_count)
    problems = _find_wrong(cells, levels, counts, bodies, requirements, file)
    if problems:
        raise InputError(problems)
    return order_holdings(cells.assign(level=levels, count=counts.astype(float)))


def order_holdings(rows: pd.DataFrame) -> pd.DataFrame:
    """Order holdings by level, body and requirement, and number them."""
    ordered = rows.sort_values(["level", "body", "requirement"], kind="stable")
    width = len(str(len(ordered)))
    number = [str(n).zfill(width) for n in range(1, len(ordered) + 1)]
    return conform_table(TABLE, ordered.reset_index(drop=True).assign(holding=number))


def join_holdings(before: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Join holdings that were given before with new ones, which replace those of the same thing."""
    both = pd.concat([before, new], ignore_index=True)
    return order_holdings(both.drop_duplicates(["level", "body", "requirement"], keep="last"))


def _refuse_columns(
    names: list[str], lines: list[list[str]], matched: Mapping[str, str], file: str
) -> None:
    """Refuse columns of persons first, then those that are missing or have no use."""
    frame = pd.DataFrame(lines, columns=range(len(names)), dtype=object).set_axis(names, axis=1)
    keys = [name for name, column in matched.items() if column in ("body", "requirement")]
    personal = find_personal_columns(TABLE, frame, keys=keys)
    if personal:
        remedy = "take the column out of the file: gridplan works on counts, never on persons"
        raise PersonalDataError(
            [
                Problem(TABLE, "no personal data", f"column {column} is refused: {reason}", remedy,
                        file=file)
                for column, reason in personal.items()
            ]
        )  # fmt: skip
    missing = [name for name in NEEDED if name not in matched.values()]
    unused = [name for name in names if name not in matched]
    problems = []
    if missing:
        what = f"columns {', '.join(missing)} are missing"
        problems.append(
            Problem(TABLE, "columns", what, f"give the columns {', '.join(NEEDED)}", file=file)
        )
    if unused:
        what = f"columns {', '.join(unused)} are not read"
        problems.append(Problem(TABLE, "columns", what, "take them out of the file", file=file))
    if problems:
        raise InputError(problems)


def _read_count(text: str) -> float:
    """Read a count; yes is 1 and no is 0."""
    plain = text.strip().lower()
    return 1.0 if plain in YES else 0.0 if plain in NO else read_number(text)


def _find_wrong(
    cells: pd.DataFrame,
    levels: pd.Series[str],
    counts: pd.Series[float],
    bodies: pd.DataFrame,
    requirements: Mapping[str, Requirement],
    file: str,
) -> list[Problem]:
    """Find unknown requirements and bodies, counts that are none, and rows that stand twice."""
    known = set(zip(bodies["level"], bodies["body"], strict=True))
    strange = levels.isna().to_numpy()
    pairs = zip(levels, cells["body"], strict=True)
    lost = ~strange & ~np.array([pair in known for pair in pairs], bool)
    odd = ~(counts >= 0).to_numpy()
    twice = cells.duplicated(["requirement", "body"]).to_numpy()
    checks = (
        (strange, "requirement", "requirements are known", "requirements are not known",
         "write a key of requirements.csv (--template lists them), or of the file of "
         "--requirements"),
        (lost, "body", "bodies are known", "bodies are not of the level that is asked",
         "write a community by its code, a subdistrict or district by its name, or site"),
        (odd, "count", "counts are numbers", "counts are no numbers of 0 or more",
         "write a number, yes, no or nothing"),
        (twice, "body", "each is counted once", "bodies are counted twice for one requirement",
         "leave one of the lines"),
    )  # fmt: skip
    return [
        Problem(TABLE, rule, f"{int(mask.sum())} {what}", remedy,
                tuple(dict.fromkeys(cells.loc[mask, column].astype(str))), file=file)
        for mask, column, rule, what, remedy in checks
        if mask.any()
    ]  # fmt: skip
