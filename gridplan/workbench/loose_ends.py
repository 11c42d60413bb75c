"""Loose ends of a plan: homes that lie in nothing that the plan has."""

from __future__ import annotations

from pathlib import Path

from gridplan.errors import PlanError
from gridplan.plan import Plan


def refuse_loose_ends(plan: Plan, folder: Path) -> None:
    """Refuse a plan whose homes name things that are not there, as after a hand in its tables.

    Raises
    ------
    PlanError
        With the command that finds all of them.
    """
    doors, site = plan.stairwells, plan.site
    known = {
        "building": site.buildings.index,
        "community": site.communities.index,
        "subgrid": plan.subgrids.index,
    }
    for column, codes in known.items():
        off = doors[column][~doors[column].isin(codes)]
        if len(off):
            raise PlanError(
                f"the plan in {folder} cannot be opened: {len(off)} stairwells name a {column} "
                f"that is not there, {off.iloc[0]} -> gridplan audit {folder} lists all; bring "
                f"back a version that the audit passes with gridplan edit {folder} undo "
                "--overwrite, or draw the plan again"
            )
