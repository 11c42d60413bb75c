"""Triggers: what of a plan is out of rule on the land now, or soon will be, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools
from gridplan.redrawing.former_homes import RedrawInputs
from gridplan.redrawing.revision.islands import find_pieces
from gridplan.tables.conform import conform_table, make_empty

if TYPE_CHECKING:
    from gridplan.rules.all_rules import Rules

COLUMNS = ["community", "subgrid", "rule", "of", "households", "urgent", "reason"]
LIMIT_MOVED = 1.0  # m2 by which a community's outline must differ to be another


def list_triggers(inputs: RedrawInputs, rules: Rules) -> pd.DataFrame:
    """Find what broke since the plan was drawn, what changed, and what is about to break.

    Parameters
    ----------
    inputs
        The land now and the plan before.
    rules
        The bands, and how far ahead growth is looked at.

    Returns
    -------
    The table ``triggers``: by sub-grid of the plan before or by new building.
    What is ``urgent`` is out of rule and can be repaired; a sub-grid that was
    out of rule before, and has not changed since, is not urgent where the land
    was renewed, nor where no plan could repair it.
    """
    state = _sum_subgrids(inputs, rules)
    rows = [
        *_list_sizes(state),
        *_list_apart(state),
        *_list_new(inputs),
        *_list_moved(inputs),
        *_list_growth(state, rules),
        *_list_limits(inputs),
    ]
    if not rows:
        return make_empty("triggers")
    # Within a community the gravest first.
    order = {
        rule: n
        for n, rule in enumerate(
            ["over", "under", "apart", "new", "moved", "gone", "changed", "growth", "land"]
        )
    }
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame = frame.assign(order=frame["rule"].map(order)).sort_values(
        ["community", "order", "subgrid", "of"], ignore_index=True
    )
    # Numbers of one width sort as texts as they do as numbers.
    frame["trigger"] = (frame.index + 1).astype(str).str.zfill(len(str(len(frame))))
    return conform_table("triggers", frame.drop(columns="order"))


def _sum_subgrids(inputs: RedrawInputs, rules: Rules) -> pd.DataFrame:
    """Sum up every sub-grid of homes of the plan before.

    Households before and now, band, pieces before and now.
    """
    plan = inputs.plan
    doors = inputs.stairwells
    old = plan.subgrids[plan.subgrids["kind"] == "residential"]
    by = doors.assign(was=inputs.was)[inputs.was != ""].groupby("was")
    state = pd.DataFrame(
        {"before": old["households"], "community": old["community"]}, index=old.index
    )
    state["now"] = by["households"].sum().reindex(old.index, fill_value=0)
    # The class that counts is that of the land now.
    kind = by["community_kind"].first().reindex(old.index).fillna(old["community_kind"])
    bands = {k: rules.find_band(k) for k in ("urban", "rural")}
    for limit in ("low", "high"):
        state[limit] = [getattr(bands[str(k)], limit) for k in kind]
    state["pieces"] = find_pieces(doors, inputs.neighbours, inputs.was).reindex(
        old.index, fill_value=0
    )
    was = plan.stairwells["subgrid"].astype("str")
    state["pieces_before"] = find_pieces(plan.stairwells, plan.neighbours, was).reindex(
        old.index, fill_value=0
    )
    changed = _find_changed(inputs, state)
    known = plan.exceptions[plan.exceptions["subgrid"].isin(state.index)]
    # On new land any known exception is an old matter; on its own land only
    # what is proven is.
    listed = set(known["subgrid"]) if inputs.renewed else set(known.loc[known["proven"], "subgrid"])
    # An exception that was accepted stays accepted until the homes change.
    state["settled"] = [
        code in listed and not c for code, c in zip(state.index, changed, strict=True)
    ]
    state["changed"] = changed
    return state


def _find_changed(inputs: RedrawInputs, state: pd.DataFrame) -> Bools:
    """Find the sub-grids whose homes are not the ones they were.

    Other doors, or other households behind them.
    """
    if not inputs.renewed:
        return np.zeros(len(state), bool)
    # Homes that went and others that came may leave the count as it was.
    gone = inputs.gone["subgrid"].value_counts().reindex(state.index, fill_value=0).to_numpy() > 0
    doors = inputs.stairwells.assign(was=inputs.was)
    now = (
        doors[doors["was"] != ""]
        .groupby("was")
        .size()
        .reindex(state.index, fill_value=0)
        .to_numpy()
    )
    before = (
        inputs.plan.stairwells.groupby("subgrid")
        .size()
        .reindex(state.index, fill_value=0)
        .to_numpy()
    )
    return np.asarray(gone | (now != before) | (state["now"] != state["before"]).to_numpy())


def _list_sizes(state: pd.DataFrame) -> list[list[Any]]:
    rows = []
    for code, s in state.iterrows():
        grown = f"it had {s.before}" if s.now != s.before else "as before"
        # Nothing is left to repair: its land goes to the sub-grids round it.
        if s.now == 0 and s.before > 0:
            rows.append(
                [
                    s.community,
                    code,
                    "gone",
                    code,
                    s.before,
                    False,
                    f"none of its {s.before} households is left",
                ]
            )
        elif s.now > s.high:
            reason = f"{s.now} households, more than {s.high}; {grown}"
            rows.append([s.community, code, "over", code, s.now, not s.settled, reason])
        elif s.now < s.low:
            reason = f"{s.now} households, fewer than {s.low}; {grown}"
            rows.append([s.community, code, "under", code, s.now, not s.settled, reason])
        elif s.changed:
            reason = f"{s.now} households instead of {s.before}, still {s.low} to {s.high}"
            rows.append([s.community, code, "changed", code, s.now, False, reason])
    return rows


def _list_apart(state: pd.DataFrame) -> list[list[Any]]:
    torn = state[state["pieces"] > 1]
    return [
        [
            s.community,
            code,
            "apart",
            code,
            s.now,
            # In as many pieces as before, and listed for it: an old matter.
            s.pieces != s.pieces_before or not s.settled,
            f"its homes are in {s.pieces} pieces that cannot be walked between within it",
        ]
        for code, s in torn.iterrows()
    ]


def _list_new(inputs: RedrawInputs) -> list[list[Any]]:
    # By building, since that is what a planner knows; its doors come and go
    # together.
    new = inputs.stairwells[inputs.was == ""]
    by = new.groupby(["community", "building"], sort=True)["households"].sum()
    return [
        [c, "", "new", b, int(h), True, f"new homes of {int(h)} households in no sub-grid"]
        for (c, b), h in by.items()
    ]


def _list_moved(inputs: RedrawInputs) -> list[list[Any]]:
    """List the homes that a new limit or barrier parted from the rest of their sub-grid."""
    parted = inputs.stairwells.assign(was=inputs.was)[(inputs.was != "") & (inputs.home == "")]
    by = parted.groupby(["community", "was"], sort=True)["households"].sum()
    return [
        [
            c,
            w,
            "moved",
            w,
            int(h),
            True,
            f"{int(h)} households are cut off from the rest of {w}, in {c}",
        ]
        for (c, w), h in by.items()
    ]


def _list_growth(state: pd.DataFrame, rules: Rules) -> list[list[Any]]:
    ahead = state["now"] * (1.0 + rules.redraw.growth) ** rules.redraw.ahead
    # Half a household is a matter of rounding.
    soon = state[(state["now"] <= state["high"]) & (ahead > state["high"] + 0.5)]
    say = f"in {rules.redraw.ahead:g} years at {rules.redraw.growth:.1%} a year"
    return [
        [
            s.community,
            code,
            "growth",
            code,
            s.now,
            False,
            f"{round(ahead[code])} households {say}, more than {s.high}",
        ]
        for code, s in soon.iterrows()
    ]


def _list_limits(inputs: RedrawInputs) -> list[list[Any]]:
    """List communities that are new, gone, or whose outline moved."""
    if not inputs.renewed:
        return []
    old = inputs.plan.site.communities
    new = inputs.site.communities
    rows: list[list[Any]] = [
        [c, "", "land", c, 0, False, "the community is new"]
        for c in new.index.difference(old.index)
    ]
    rows += [
        [c, "", "land", c, 0, False, "the community is gone"]
        for c in old.index.difference(new.index)
    ]
    # Communities whose code changed count as gone and new, since limits go by
    # code.
    both = new.index.intersection(old.index)
    before = old.geometry.reindex(both).to_crs(new.crs)
    now = new.geometry.reindex(both)
    same = before.geom_equals(now)
    # Outlines may be written again with other corners; only land that changed
    # sides counts.
    apart = before[~same].symmetric_difference(now[~same]).area
    rows += [
        [c, "", "land", c, 0, False, f"its limit moved: {a:.0f} m2 changed sides"]
        for c, a in apart.items()
        if a > LIMIT_MOVED
    ]
    return rows
