"""What an earlier release says of households: its bands and totals, over pieces of both plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from gridplan.arrays import Bools
from gridplan.plan import Plan
from gridplan.publishing.cells import CellSystem
from gridplan.publishing.household_bands import OPEN, read_bands


@dataclass(frozen=True)
class HouseholdOverlay:
    """Household cells with those of an earlier release behind them.

    ``known`` marks old totals, which are shown, and ``bands`` has first and
    last of what each old cell is known to be (0 and OPEN for the others).
    """

    system: CellSystem
    known: Bools
    bands: pd.DataFrame


def overlay_households(system: CellSystem, plan: Plan, old: Plan, out: Plan) -> HouseholdOverlay:
    """Add the sub-grids and totals of an earlier release that agree with today's households.

    Parts are the households of one new sub-grid and one old; a piece is what
    went from one community to another, such as those of one building.
    """
    parts = _count_parts(plan, old)
    frames = [
        _number("part", parts["new"] + "|" + parts["old"], parts["new_community"], parts["value"])
    ]
    totals = {
        "old_community": out.site.communities["households"],
        "old_grid": out.grids["households"].where(out.grids["households"] > 0),
    }
    banded = read_bands(out.subgrids["household_band"])
    wholes: list[Any] = []  # of each level, the cell that each part is summed into
    n = len(system.cells) + len(parts)
    for level, key in _key_parts(parts, old).items():
        now = parts["value"].groupby(key).sum()
        now = now[now.index != ""]
        if level == "old_subgrid":
            band = banded.reindex(now.index)
            now = now[(band["first"] <= now) & (now <= band["last"])]
        elif level in totals:
            # A total that differs from today's is about other households.
            now = now[totals[level].reindex(now.index) == now]
        touched = parts["new_community"].groupby(key).agg(lambda of: "|".join(sorted(set(of))))
        frames.append(_number(level, now.index, touched.reindex(now.index), now))
        place = pd.Series(n + np.arange(len(now)), index=now.index)
        wholes.append(place.reindex(key).to_numpy())
        n += len(now)
    cells = pd.concat([system.cells, *frames], ignore_index=True)
    first = len(system.cells)
    homes = cells.index[cells["level"] == "subgrid"]
    place = pd.Series(homes, index=cells.loc[homes, "of"])
    now = parts["value"].groupby(parts["new"]).sum().reindex(place.index)
    # Where doors do not add up to the sub-grid, they say nothing of it.
    place = place[(now == cells.loc[homes, "value"].to_numpy()).to_numpy()]
    matrices = [_sum_up(first, place.reindex(parts["new"]).to_numpy(), n)]
    matrices += [_sum_up(first, whole, n) for whole in wholes]
    wide = csr_matrix(
        (system.matrix.data, system.matrix.indices, system.matrix.indptr),
        shape=(system.matrix.shape[0], n),
    )
    bands = pd.DataFrame({"first": 0, "last": OPEN}, index=cells.index)
    is_old = cells["level"] == "old_subgrid"
    bands[is_old] = banded.reindex(cells.loc[is_old, "of"]).to_numpy()
    return HouseholdOverlay(
        CellSystem(cells, vstack([wide, *matrices], format="csr"), np.zeros(n)),
        cells["level"].isin(["old_community", "old_grid"]).to_numpy(),
        bands,
    )


def _key_parts(parts: pd.DataFrame, old: Plan) -> dict[str, pd.Series[Any]]:
    """Name the whole that each part is in at each level of sums; "" where it is in none."""
    flows = (parts["old_community"] + ">" + parts["new_community"]).where(
        (parts["old_community"] != parts["new_community"])
        & (parts["old_community"] != "")
        & (parts["new_community"] != ""),
        "",
    )
    grid_of = old.subgrids["grid"].to_dict()
    grid = pd.Series([str(grid_of.get(code, "")) for code in parts["old"]], dtype=object)
    return {
        "piece": flows,
        "old_subgrid": parts["old"],
        "old_community": parts["old_community"],
        "old_grid": grid,
    }


def _count_parts(plan: Plan, old: Plan) -> pd.DataFrame:
    """Count today's households by the sub-grids and communities of both plans."""
    doors = plan.stairwells
    was = old.stairwells.reindex(doors.index)
    table = pd.DataFrame(
        {
            "new": doors["subgrid"].astype("str"),
            "new_community": doors["community"].astype("str"),
            "old": was["subgrid"].fillna("").astype("str"),
            "old_community": was["community"].fillna("").astype("str"),
            "value": doors["households"],
        }
    )
    return table.groupby(["new", "new_community", "old", "old_community"], as_index=False)[
        "value"
    ].sum()


def _number(level: str, of: Any, community: Any, values: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "level": level,
            "of": list(of),
            "measure": "households",
            "value": list(values),
            "community": list(community),
        }
    )


def _sum_up(first: int, whole: Any, width: int) -> csr_matrix:
    """Write the sums of parts that make up a whole; parts without one (NaN) are in no sum."""
    inside = np.flatnonzero(~np.isnan(whole.astype(float)))
    wholes, row = np.unique(whole[inside].astype(np.int64), return_inverse=True)
    signs = np.concatenate([np.ones(len(inside)), -np.ones(len(wholes))])
    rows = np.concatenate([row, np.arange(len(wholes))])
    columns = np.concatenate([first + inside, wholes])
    return csr_matrix((signs, (rows, columns)), shape=(len(wholes), width))
