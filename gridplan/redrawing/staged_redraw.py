"""A redraw in two stages: the homes as they are on new land, then what the redraw would move.

So a planner can go through what it proposes, place by place, before any of it
counts. Taking all of it makes the very plan that the redraw makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.plan import Plan
from gridplan.redrawing.former_homes import RedrawInputs, prepare_redraw
from gridplan.redrawing.redraw_plan import RedrawRequest, draw_next, finish_plan
from gridplan.redrawing.revision.renewal import renew_plan
from gridplan.redrawing.triggers import list_triggers
from gridplan.rules.all_rules import Rules
from gridplan.site import Site


@dataclass(frozen=True)
class StagedRedraw:
    """What new land does to a plan.

    ``carried`` is the plan on the new land with every home in its former
    sub-grid; homes that are new, or that a limit or barrier parted from
    theirs, are where the redraw puts them. ``drawn`` is what the redraw makes,
    ``broken`` the table ``triggers`` with the buildings that are gone.
    """

    carried: Plan
    drawn: Plan
    broken: pd.DataFrame


def stage_redraw(
    plan: Plan, site: Site, rules: Rules | None = None, *, progress: Progress = keep_silent
) -> StagedRedraw:
    """Stage the redraw of a plan on newer land; its date and office are given at the end.

    Raises
    ------
    InputError
        If nobody lives on the site, or none of the plan's homes is on it.

    Examples
    --------
    Eight of twelve houses are in one sub-grid, which is too many; one is to go over:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    >>> staged = stage_redraw(plan, plan.site)
    >>> before, after = (p.subgrids["households"].tolist() for p in (staged.carried, staged.drawn))
    >>> before, after, [len(homes) for homes in list_proposals(staged.carried, staged.drawn)]
    ([80, 40], [70, 50], [1])
    """
    rules = rules or plan.rules
    inputs = prepare_redraw(plan, site, rules, progress)
    triggers = list_triggers(inputs, rules)
    order = RedrawRequest("redraw", int(plan.manifest.get("seed", 0)))
    drawn = draw_next(inputs, rules, triggers, order, progress=progress)
    put = drawn.stairwells["subgrid"].reindex(inputs.home.index)
    member = inputs.home.where(inputs.home != "", put).astype("str")
    carried = renew_plan(plan, member, land=inputs.land, progress=progress)
    return StagedRedraw(carried, drawn, _list_broken(inputs, triggers))


def finish_staged(
    plan: Plan,
    site: Site,
    member: pd.Series[Any],
    drawn: Plan,
    rules: Rules | None = None,
    *,
    date: str = "",
    by: str = "",
    progress: Progress = keep_silent,
) -> Plan:
    """Make the plan of what a planner took of a staged redraw.

    ``member`` is the sub-grid of every home of the new land. Where that is all
    that was proposed, the plan is the one that the redraw drew, with the date
    and office.
    """
    rules = rules or plan.rules
    if member.reindex(drawn.stairwells.index).equals(drawn.stairwells["subgrid"].astype("str")):
        *earlier, last = drawn.manifest["history"]
        history = [*earlier, {**last, "date": date, "by": by}]
        return drawn.replace(manifest={**drawn.manifest, "history": history})
    inputs = prepare_redraw(plan, site, rules, progress)
    order = RedrawRequest("redraw", int(plan.manifest.get("seed", 0)), date, by)
    triggers = list_triggers(inputs, rules)
    return finish_plan(inputs, rules, member, [], triggers, order, progress)


def list_proposals(carried: Plan, drawn: Plan) -> list[dict[str, str]]:
    """List what a redraw proposes, place by place: in each the new sub-grid of each home.

    Sub-grids that exchange homes belong to one place; the places are in the
    order of their first sub-grid.
    """
    now = carried.stairwells["subgrid"].astype("str")
    put = drawn.stairwells["subgrid"].reindex(now.index).astype("str")
    moves = [(str(h), a, b) for h, a, b in zip(now.index, now, put, strict=True) if a != b]
    leads: dict[str, str] = {}

    def find(code: str) -> str:
        while leads.setdefault(code, code) != code:
            code = leads[code]
        return code

    for _, before, after in moves:
        one, other = sorted((find(before), find(after)))
        leads[other] = one
    places: dict[str, dict[str, str]] = {}
    for home, before, after in moves:
        places.setdefault(find(before), {})[home] = after
    return [places[code] for code in sorted(places)]


def _list_broken(inputs: RedrawInputs, triggers: pd.DataFrame) -> pd.DataFrame:
    """List what broke: the triggers, and a row for every building that is gone."""
    columns = ["rule", "community", "subgrid", "of", "households", "urgent"]
    rows = triggers[columns]
    if inputs.gone.empty:
        return rows.reset_index(drop=True)
    gone = (
        inputs.gone.groupby(["community", "subgrid", "building"], sort=True)["households"]
        .sum()
        .reset_index()
        .rename(columns={"building": "of"})
        .assign(rule="home_gone", urgent=False)
    )
    return pd.concat([rows, gone[columns]], ignore_index=True).astype(
        {"households": np.int64, "urgent": bool}
    )
