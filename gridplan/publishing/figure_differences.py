"""Figures of posts between releases: what changed by a few is a small count of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import block_diag, csr_matrix, vstack

from gridplan.arrays import Bools
from gridplan.plan import Plan
from gridplan.publishing.cells import MEASURES
from gridplan.publishing.figure_cells import tie_posts
from gridplan.publishing.place_sums import CellSystem


def add_differences(
    system: CellSystem, earlier: Sequence[tuple[Plan, Plan]]
) -> tuple[CellSystem, Bools, Bools]:
    """Add the posts of earlier releases to those of a new one, and how far each changed.

    Counts of members and volunteers are cells by place, and are compared there.

    Returns
    -------
    The larger system, the cells that are hidden whatever happens (differences),
    and those that went out. What an earlier release withheld adds nothing.
    """
    n = len(system.cells)
    never = [np.zeros(n, bool)]
    always = [np.zeros(n, bool)]
    for _, out in earlier:
        before = tie_posts(read_figures(out))
        names = before.cells["measure"]
        more = _find_changes(system, before)
        first = len(system.cells)
        here = more["new"].to_numpy()
        matrix = block_diag([system.matrix, before.matrix, csr_matrix((0, len(more)))])
        signs = np.concatenate([np.ones(len(more)), -np.ones(len(more)), -np.sign(more["value"])])
        columns = [here, first + more["old"], first + len(names) + np.arange(len(more))]
        places = (np.tile(np.arange(len(more)), 3), np.concatenate(columns))
        changes = csr_matrix((signs, places), shape=(len(more), matrix.shape[1]))
        frame = more[["measure", "value"]].assign(level="piece", of="change", community="")
        cells = [system.cells, before.cells.assign(level="before")]
        cells.append(frame.assign(value=frame["value"].abs()))
        lower = [system.lower, before.lower, np.zeros(len(more))]
        system = CellSystem(
            pd.concat(cells, ignore_index=True),
            vstack([matrix, changes], format="csr"),
            np.concatenate(lower),
        )
        never += [np.ones(len(names), bool), np.zeros(len(more), bool)]
        always += [np.zeros(len(names), bool), np.ones(len(more), bool)]
    return system, np.concatenate(always), np.concatenate(never)


def read_figures(release: Plan) -> dict[str, float]:
    """Read the figures that a release shows, by name."""
    table = release.published
    rows = table["measure"].str.startswith("figure:") & table["shown"].astype(bool)
    names = table.loc[rows, "measure"].str.removeprefix("figure:")
    return dict(zip(names, table.loc[rows, "value"].astype(float), strict=True))


def _find_changes(system: CellSystem, before: CellSystem) -> pd.DataFrame:
    """Find the posts that were shown before and are not as many now."""
    new = system.cells[system.cells["level"] == "city"].reset_index(names="new")
    old = before.cells.reset_index(names="old")
    both = new.merge(old[["old", "measure", "value"]], on="measure", suffixes=("", "_old"))
    both = both.assign(value=both["value"] - both["value_old"])
    # What the check does not know of today is no change that anybody sees.
    changed = both["value"].notna() & (both["value"] != 0)
    return both[changed & ~both["measure"].isin(MEASURES)]
