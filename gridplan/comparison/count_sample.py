"""What to count next: the buildings whose count would teach most, as a sheet for the field.

And what the counts bring, once the sheet is read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from gridplan.comparison.count_sheets import COUNTED, SHEET, read_sheet
from gridplan.errors import InputError
from gridplan.errors import Problem as Wrong
from gridplan.land.household_errors import find_shares, measure_variance
from gridplan.land.total_groups import list_settled_together
from gridplan.plan import Plan
from gridplan.redrawing.redraw_plan import redraw
from gridplan.rules.all_rules import Rules
from gridplan.tables.likely_band import Likely, find_likely


@dataclass(frozen=True)
class CountedPlan:
    """A plan after a round of counting, and what was likely before and after it."""

    plan: Plan
    counted: int
    before: Likely | None
    after: Likely | None

    def __str__(self) -> str:
        """Write what the round brought."""
        before, after = (
            str(likely) if likely else "not known" for likely in (self.before, self.after)
        )
        return f"{self.counted} buildings counted; in band before: {before}; now: {after}"


def propose_counts(plan: Plan, buildings: int = 30) -> pd.DataFrame:
    """Propose the buildings whose count would teach most, one of a compound as far as possible.

    A count teaches much where the building is unsure and its sub-grid may as
    well be in band as out of it.

    Parameters
    ----------
    plan
        A working plan.
    buildings
        How many to propose.

    Returns
    -------
    A sheet for the field, by order of worth: order, building, community,
    subgrid, compound, use, floors, the estimate with its range, longitude and
    latitude (degrees), and ``households_counted``, which is empty. It holds
    no names. Buildings that were counted are not proposed again.

    Examples
    --------
    Of the board everything is counted:

    >>> from gridplan.synthetic import make_board_plan
    >>> len(propose_counts(make_board_plan()))
    0
    """
    table = plan.site.buildings.sort_index()
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"].sort_index()
    row, column, share = find_shares(plan.stairwells.sort_index(), table, plan.subgrids)
    worth = _measure_worth(table, homes, row, column, share)
    first = pd.Series(column, index=row).groupby(level=0).first()
    rows = np.flatnonzero(worth > 0)
    code = homes.index.to_numpy(object)[first.reindex(rows).to_numpy(np.int64)]
    compound = table["compound"].to_numpy(object)[rows]
    order = pd.DataFrame(
        {
            "row": rows,
            "worth": -np.round(worth[rows], 9),
            # who is in no compound counts as one of the sub-grid's
            "place": [c or s for c, s in zip(compound, code, strict=True)],
            "subgrid": code,
        }
    )
    order = order.sort_values(["worth", "row"])
    # the best of each compound first, then the second best
    order["turn"] = order.groupby("place").cumcount()
    chosen = order.sort_values(["turn", "worth", "row"]).head(buildings)
    return _write_sheet(plan, table.iloc[chosen["row"].to_numpy()], chosen["subgrid"].to_numpy())


def _measure_worth(table: Any, homes: Any, row: Any, column: Any, share: Any) -> Any:
    """Measure what each building's count is worth: its part of the doubt about its sub-grids."""
    variance = measure_variance(table)[0]
    chance = homes["chance_in_band"].fillna(1.0).to_numpy(float)
    part = share**2 * variance[row]
    whole = np.bincount(column, part, minlength=len(homes))
    doubt = chance * (1.0 - chance)
    shares = doubt[column] * part / np.maximum(whole[column], 1e-9)
    # what says nothing of its own band may still teach the others
    worth = np.bincount(row, shares, minlength=len(table)) + 1e-6 * variance
    there = np.bincount(row, minlength=len(table)) > 0
    known = table["households_observed"].notna().to_numpy()
    return np.where(known | ~there | (variance <= 0), 0.0, worth)


def _write_sheet(plan: Plan, table: Any, subgrid: Any) -> pd.DataFrame:
    middle = shapely.centroid(table.geometry.to_numpy())
    turn = Transformer.from_crs(plan.crs, "EPSG:4326", always_xy=True).transform
    x, y = turn(shapely.get_x(middle), shapely.get_y(middle))
    sheet = pd.DataFrame(
        {
            "order": np.arange(1, len(table) + 1),
            "building": table.index.to_numpy(object),
            "subgrid": subgrid,
            "longitude": np.round(x, 6),
            "latitude": np.round(y, 6),
            COUNTED: "",
        }
    )
    for name in SHEET:
        if name not in sheet:
            sheet[name] = table[name].to_numpy()
    return sheet[list(SHEET)]


def read_counts(path: Path | str, plan: Plan) -> pd.Series[Any]:
    """Read the counts of a filled sheet: households by building; empty rows are left out.

    The sheet is CSV, or a workbook of Excel, in which what is wrong is named by
    sheet and cell.

    Raises
    ------
    InputError
        If the file has no such columns, or rows that cannot be counts, all at once.
    """
    file = Path(path)
    sheet = read_sheet(file)
    page = str(sheet.index.name or "sheet")
    sheet = sheet[(sheet[COUNTED].str.strip() != "").to_numpy()]
    # of a workbook the cells are named, of CSV the buildings
    place = sheet.index.to_series()
    sheet = sheet.reset_index(drop=True)
    code = sheet["building"].str.strip().str.removeprefix("'")
    place = code.where((place == "").to_numpy(), place.to_numpy())
    number = pd.to_numeric(sheet[COUNTED].str.strip(), errors="coerce")
    checks = (
        (~code.isin(plan.site.buildings.index), "the plan has no such buildings", "correct them"),
        (code.duplicated(keep=False), "buildings are in several rows", "keep one row of each"),
        (
            ~((number >= 0) & (number == np.floor(number))),
            "counts are no whole numbers of households",
            "write 0 where nobody lives, and leave empty what was not counted",
        ),
    )
    problems = [
        Wrong(page, "counts", what, remedy, tuple(place[mask]), file=file.name)
        for mask, what, remedy in checks
        if mask.any()
    ]
    if problems:
        raise InputError(problems)
    return pd.Series(number.to_numpy(float), index=code.to_numpy(object), name=COUNTED)


def add_counts(
    plan: Plan, counts: pd.Series[Any], rules: Rules | None = None, *, date: str = "", by: str = ""
) -> CountedPlan:
    """Add counts to a plan: estimates learn from them, and what is out of band is repaired.

    Parameters
    ----------
    plan
        A working plan.
    counts
        Households by building, as :func:`read_counts` gives them.
    rules
        Those of the plan if not given.
    date, by
        The day and the office, for the history.

    Returns
    -------
    The next plan, and how much was likely in band before and after.
    """
    table = plan.site.buildings
    observed = counts.reindex(table.index).fillna(table["households_observed"])
    site = plan.site.replace(buildings=table.assign(households_observed=observed))
    new = redraw(plan, site, rules, date=date, by=by)
    return CountedPlan(new, len(counts), _find_likely(plan), _find_likely(new))


def _find_likely(plan: Plan) -> Likely | None:
    return find_likely(plan.subgrids, list_settled_together(plan.site))
