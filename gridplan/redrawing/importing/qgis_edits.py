"""Returning: a plan that was edited in another program, such as QGIS, read back as the next plan.

Looked at are the column ``subgrid`` of stairwells, a column of codes that was
added to buildings, and the outlines of sub-grids; whatever else the other
program did to the file does not matter. A home whose code was written goes
there; else it goes to the outline that it lies in now, if that is another than
the one it lay in before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.redrawing.editing.changes_as_commands import write_commands
from gridplan.redrawing.editing.edit_plan import edit
from gridplan.redrawing.importing.home_placement import place_homes
from gridplan.redrawing.importing.old_grids import STEP, clean_codes, clean_grids, refuse_personal
from gridplan.redrawing.revision.new_codes import find_used, number_next
from gridplan.tables.ledger import Entry

if TYPE_CHECKING:
    import geopandas as gpd

    from gridplan.plan import Plan

TABLES = ("stairwells", "buildings", "subgrids")  # what may be edited, the strongest word first
NAMELESS = "\0"  # begins the name of a new outline without code, until it gets one
STILL = 0.001  # m, outlines whose points moved by less were not drawn again
_LINE = re.compile(r"^line \d+: ")
_AGAIN = "give the file that was made from this plan, or import it on a site of its own: --site"


@dataclass(frozen=True, eq=False)
class ReturnedFile:
    """A plan that came back from another program.

    It holds the next ``plan``, its ``changes``, ``notes`` on what was left
    aside, and ``warnings``.

    ``changes`` has a row for each stairwell that changed its sub-grid:
    ``building``, ``community``, ``old`` and ``new`` code, ``households``, and
    ``by`` what it was found: stairwells or buildings (a code was written) or
    subgrids (an outline was drawn). ``warnings`` say what the changes put out
    of rule.
    """

    plan: Plan
    changes: pd.DataFrame
    notes: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()


def import_edits(
    plan: Plan,
    tables: Mapping[str, Any],
    *,
    column: str | None = None,
    by: str = "",
    date: str = "",
    progress: Progress = keep_silent,
) -> ReturnedFile:
    """Make the next plan from tables of a plan that were edited in another program.

    The changes are carried out as edits by hand are: checked against locks,
    logged in the table ``edits`` so that they can be made again, and noted in
    the plan's history.

    Parameters
    ----------
    plan
        The plan that was edited.
    tables
        ``stairwells``, ``buildings`` and ``subgrids`` as the file has them, of
        any types; some may be missing.
    column
        The column of codes, where it is not ``subgrid``.
    by, date
        The office that edited, never a person, and the day, as 2026-11-24.
    progress
        Called with the stage, the steps done and all steps.

    Returns
    -------
    The next plan and what changed. Codes that the plan does not know are new
    sub-grids. Where nothing was edited it is the plan itself.

    Raises
    ------
    InputError
        With everything that cannot be done: homes over the limit of their
        community or in exclusive grids, homes that are locked, without code or
        with two, a file of another plan.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> edited = plan.stairwells.reset_index()
    >>> edited.loc[edited["stairwell"] == "h04-1", "subgrid"] = " 0301-001"
    >>> returned = import_edits(plan, {"stairwells": edited})
    >>> returned.changes.values.tolist(), returned.plan.subgrids["households"].tolist()
    ([['h04', '0301', '0301-002', '0301-001', 10, 'stairwells']], [70, 50])
    """
    doors = plan.stairwells
    problems: list[Problem] = []
    notes: list[Entry] = []
    wanted = pd.DataFrame({"new": doors["subgrid"].astype(object), "by": ""}, index=doors.index)
    # The strongest word comes last and overwrites the others.
    for table in reversed([t for t in TABLES if tables.get(t) is not None]):
        try:
            moved, said = (_read_outlines if table == "subgrids" else _read_codes)(
                plan, tables[table], table, column
            )
        # Refused at once: nothing more of such a file is read, not even its
        # other faults.
        except PersonalDataError:
            raise
        except InputError as error:
            problems += error.problems
            continue
        both = moved.index[
            (wanted["by"][moved.index] != "") & (wanted["new"][moved.index] != moved)
        ]
        reason = (
            f"outlines or codes say another sub-grid than the codes of {table}, which count more"
        )
        notes += [*said, Entry(STEP, "stairwells", "noted", len(both), reason, list(both))]
        wanted.loc[moved.index, "new"] = moved
        wanted.loc[moved.index, "by"] = table
    wanted["new"] = _name_new(wanted["new"], doors, plan)
    problems += _check_moves(plan, wanted["new"])
    if problems:
        raise InputError(problems)
    changes = _list_changes(doors, wanted)
    if changes.empty:
        return ReturnedFile(plan, changes, tuple(notes))
    try:
        edited = edit(plan, write_commands(changes, doors), by=by, date=date, progress=progress)
    # Such as locks. Numbers of lines mean nothing to somebody who wrote none.
    except InputError as error:
        problems_found = [
            replace(p, table="stairwells", message=_LINE.sub("", p.message)) for p in error.problems
        ]
        raise InputError(problems_found) from error
    return ReturnedFile(edited.plan, changes, tuple(notes), edited.preview.warnings)


def _read_codes(
    plan: Plan, frame: pd.DataFrame, table: str, column: str | None
) -> tuple[pd.Series[Any], list[Entry]]:
    """Read the codes written to stairwells or buildings, where they differ from the plan's."""
    key = table.removesuffix("s")
    flat = pd.DataFrame(frame)
    # Shapes are not looked at here, and a search for personal data needs none.
    flat = flat.drop(columns=[name for name in flat.columns if str(flat[name].dtype) == "geometry"])
    refuse_personal(table, flat, [column] if column else [])
    lower = {str(name).strip().lower(): str(name) for name in flat.columns}
    code = lower.get((column or "subgrid").strip().lower(), lower.get("subgrid"))
    nothing = pd.Series([], index=plan.stairwells.index[:0], dtype=object)
    if code is None:
        return nothing, []
    if key not in lower:
        remedy = f"keep the column {key} when saving in QGIS"
        raise InputError([Problem(table, "rows have codes", f"it has no column {key}", remedy)])
    doors = plan.stairwells
    known = plan.stairwells.index if key == "stairwell" else plan.site.buildings.index
    rows = pd.DataFrame({"of": recover_codes(clean_codes(flat[lower[key]]), known)})
    rows["code"] = recover_codes(clean_codes(flat[code]), plan.subgrids.index)
    # New homes need households and floors, which come with new land only.
    mine = rows["of"].isin(known)
    strange = sorted(set(rows["of"][~mine]))
    rows = rows[mine].drop_duplicates().sort_values(["of", "code"])
    if rows.empty and strange:
        raise InputError(
            [
                Problem(
                    table,
                    "of this plan",
                    f"none of its {key} codes is in the plan",
                    _AGAIN,
                    tuple(strange),
                )
            ]
        )
    _check_codes(rows, table, key)
    rows = rows[rows["code"] != ""].set_index("of")["code"]
    new = (
        rows.reindex(doors.index if key == "stairwell" else doors["building"])
        .set_axis(doors.index)
        .dropna()
    )
    entry = Entry(
        STEP,
        table,
        "dropped",
        len(strange),
        f"not among the {table} of the plan: new homes come with new land",
        strange,
    )
    return new[(new != doors["subgrid"][new.index]).to_numpy()].astype(object), [entry]


def _check_codes(rows: pd.DataFrame, table: str, key: str) -> None:
    """Refuse homes with two codes, and stairwells with none."""
    twice = rows["of"][rows["of"].duplicated()].unique()
    bare = rows["of"][rows["code"] == ""] if key == "stairwell" else rows["of"][:0]
    problems = []
    if len(twice):
        message = f"{len(twice)} {table} have two codes"
        remedy = "delete the row that is wrong"
        problems.append(Problem(table, "one code for each", message, remedy, tuple(twice)))
    if len(bare):
        message = f"{len(bare)} {table} have no sub-grid"
        remedy = "write a code; one that is not known is a new sub-grid"
        problems.append(Problem(table, "every home is in a sub-grid", message, remedy, tuple(bare)))
    if problems:
        raise InputError(problems)


def recover_codes(codes: pd.Series[str], known: pd.Index[Any]) -> pd.Series[str]:
    """Give codes that a program took for numbers their leading zeros back.

    Only where a single known code can be meant.

    Examples
    --------
    >>> recover_codes(pd.Series(["7", "12", "x"]), pd.Index(["007", "0301-012"])).tolist()
    ['007', '12', 'x']
    """
    digits = pd.Series(known, dtype="str")[lambda s: s.str.fullmatch(r"\d+").to_numpy(bool)]
    short = digits.str.lstrip("0")
    # Codes that differ only in leading zeros leave open which is meant.
    meant = dict(
        zip(
            short[~short.duplicated(keep=False)], digits[~short.duplicated(keep=False)], strict=True
        )
    )
    open_ = codes.str.fullmatch(r"\d+") & ~codes.isin(known)
    recovered = [
        meant.get(code.lstrip("0"), code) if is_open else code
        for code, is_open in zip(codes, open_, strict=True)
    ]
    return pd.Series(recovered, codes.index, dtype="str")


def _read_outlines(
    plan: Plan, frame: gpd.GeoDataFrame, table: str, column: str | None
) -> tuple[pd.Series[Any], list[Entry]]:
    """Read the code of every home that is in another drawn outline than it was in before."""
    names = [str(name) for name in frame.columns]
    wanted = next(
        (n for n in names if n.strip().lower() == (column or "subgrid").strip().lower()), None
    )
    grids = clean_grids(frame, plan.crs, wanted, table)
    old = plan.subgrids
    codes = recover_codes(pd.Series(grids.codes, dtype="str"), plan.subgrids.index).to_numpy(object)
    # Named by their place until their community is known, so that two stay
    # two.
    codes = np.array([code or f"{NAMELESS}{n}" for n, code in enumerate(codes)], object)
    # Programs may turn rings and begin them elsewhere; that is no edit.
    before = shapely.normalize(old.geometry.reindex(codes).to_numpy())
    drawn = ~shapely.equals_exact(before, shapely.normalize(grids.shapes), STILL)
    nothing = pd.Series([], index=plan.stairwells.index[:0], dtype=object)
    if not drawn.any() and not pd.Index(codes).has_duplicates:
        return nothing, list(grids.entries)
    doors = plan.stairwells
    buildings = plan.site.buildings
    code_before = np.append(old.index.to_numpy(object), "")[
        place_homes(doors, buildings, old.geometry.to_numpy())["row"]
    ]
    code_now = np.append(codes, "")[
        place_homes(doors, buildings, grids.shapes, preferred=drawn)["row"]
    ]
    # A home is moved if its outline changed under it, not if it lay elsewhere
    # before: outlines need not show every home in its sub-grid.
    moved = (
        (code_now != "")
        & (code_now != code_before)
        & (code_now != doors["subgrid"].to_numpy(object))
    )
    # Only in communities that the file shows: it may be of a part of the plan.
    out = doors.index[
        (code_now == "") & doors["community"].isin(doors["community"][code_now != ""]).to_numpy()
    ]
    entry = Entry(
        STEP,
        "stairwells",
        "noted",
        len(out),
        "in none of the outlines: stays in its sub-grid",
        list(out),
    )
    return pd.Series(code_now[moved], doors.index[moved], dtype=object), [*grids.entries, entry]


def _name_new(new: pd.Series[Any], doors: gpd.GeoDataFrame, plan: Plan) -> pd.Series[Any]:
    """Give homes in each new outline without code the next free code of their community."""
    bare = new.str.startswith(NAMELESS)
    out = new.copy()
    for community, homes in new[bare].groupby(doors["community"][bare], sort=True):
        # In the order of the outlines, which as texts would put 10 before 2.
        names = sorted(set(homes), key=lambda name: int(name.removeprefix(NAMELESS)))
        free = number_next(str(community), {*find_used(plan), *new[~bare]}, len(names))
        out[homes.index] = homes.map(dict(zip(names, free, strict=True)))
    return out


def _check_moves(plan: Plan, new: pd.Series[Any]) -> list[Problem]:
    """List the homes that are moved over the limit of their community or into an exclusive grid."""
    moved = pd.DataFrame({"new": new, "community": plan.stairwells["community"].astype(object)})
    moved = moved[(new != plan.stairwells["subgrid"]).to_numpy()]
    above = plan.subgrids["community"].astype(object).reindex(moved["new"]).to_numpy(object)
    lone = plan.subgrids["kind"].reindex(moved["new"]).isin(["exclusive", "open"]).to_numpy()
    over = pd.notna(above) & (above != moved["community"].to_numpy(object))
    torn = pd.isna(above) & (moved.groupby("new")["community"].transform("nunique") > 1).to_numpy()
    checks = (
        (
            lone,
            "are moved into exclusive grids or open land, which hold no homes",
            "give them the code of a sub-grid of homes",
        ),
        (
            over & ~lone,
            "are moved over the limit of their community",
            "choose one of their own community",
        ),
        (
            torn,
            "of several communities are given one new code",
            "use a code of its own in each community",
        ),
    )
    problems = []
    for mask, message, remedy in checks:
        ids = tuple(
            f"{s} of {c} to {n}" for s, c, n in moved[mask][["community", "new"]].itertuples()
        )
        if ids:
            problems.append(
                Problem(
                    "stairwells",
                    "homes stay in their community",
                    f"{len(ids)} stairwells {message}",
                    remedy,
                    ids,
                )
            )
    return problems


def _list_changes(doors: gpd.GeoDataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """List the stairwells that change their sub-grid."""
    mask = (wanted["new"] != doors["subgrid"]).to_numpy()
    homes = pd.DataFrame(doors.loc[mask, ["building", "community"]])
    changes = homes.assign(
        old=doors["subgrid"][mask],
        new=wanted["new"][mask].astype("str"),
        households=doors["households"][mask],
    )
    return changes.assign(by=wanted["by"][mask].astype("str"))
