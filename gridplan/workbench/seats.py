"""Seats: who may look, who may change which communities, and who is chief."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.tables.persons_names import are_names_of_persons
from gridplan.workbench.desk import Seat

ROLES = ("viewer", "editor", "chief")
MOST = 50  # seats of one studio
CHIEF = Seat("chief")


def read_seats(file: Path, communities: Collection[str]) -> list[Seat]:
    """Read the seats of an office network from a CSV: office, role, communities.

    The communities of an editor are written with spaces between them; an
    editor without any may change all.

    Raises
    ------
    InputError
        With everything that is wrong, by line.
    PersonalDataError
        If the offices are names of persons.
    """
    from gridplan.reading.encoding import decode_text

    text = decode_text(file.read_bytes(), str(file))
    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    table.columns = table.columns.str.strip().str.lower()
    lacking = [name for name in ("office", "role") if name not in table.columns]
    if lacking or table.empty:
        missing = ", ".join(lacking) or "rows"
        raise InputError(
            [
                _fault(
                    file,
                    (),
                    "seats are known",
                    f"{missing} missing",
                    "write a line of names, office,role,communities, and a line for each seat",
                )
            ]
        )
    offices = table["office"].str.strip()
    if are_names_of_persons(offices):
        raise PersonalDataError(
            [
                _fault(
                    file,
                    tuple(offices),
                    "seats are of offices",
                    "offices are names of persons",
                    "name the office or post that sits there",
                )
            ]
        )
    over = table.get("communities", pd.Series("", index=table.index)).str.split()
    problems = _find_faults(file, offices, table["role"].str.strip(), over, communities)
    if problems:
        raise InputError(problems)
    return [
        Seat(office, office, role.strip(), frozenset(codes))
        for office, role, codes in zip(offices, table["role"], over, strict=True)
    ]


def _find_faults(
    file: Path,
    offices: pd.Series[str],
    roles: pd.Series[str],
    over: pd.Series[list[str]],
    known: Collection[str],
) -> list[Problem]:
    """Find everything that is wrong with seats."""
    wrong = offices[~roles.isin(ROLES)]
    twice = offices[offices.duplicated() | (offices == "")]
    strange = sorted({code for codes in over for code in codes} - set(known))
    checks = (
        (wrong, "roles are known", "have a role that is none", "viewer, editor or chief"),
        (twice, "offices are named once", "are empty or named twice", "one name for each seat"),
        (strange, "communities are known", "are no communities of the plan", "use their codes"),
    )
    problems = [
        _fault(file, tuple(map(str, ids)), rule, f"{len(ids)} {message}", remedy)
        for ids, rule, message, remedy in checks
        if len(ids)
    ]
    if len(offices) > MOST:
        message = f"{len(offices)} seats, {MOST} at most"
        problems.append(_fault(file, (), "a studio holds its seats", message, "drop some lines"))
    if not (roles == "chief").any():
        problems.append(_fault(file, (), "somebody saves", "no seat is chief", "make one chief"))
    return problems


def _fault(file: Path, ids: tuple[str, ...], rule: str, message: str, remedy: str) -> Problem:
    return Problem("seats", rule, message, remedy, ids, file=str(file))
