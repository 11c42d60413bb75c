"""Posts between releases, place by place: what changed by a few is a small count of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import block_diag, csr_matrix, vstack

from gridplan.arrays import Bools
from gridplan.plan import Plan
from gridplan.publishing.cells import MEASURES
from gridplan.publishing.place_sums import UPPER, CellSystem
from gridplan.publishing.post_cells import read_posts, tie_posts
from gridplan.tables.level_indicators import place_bodies

KEY = ["level", "of", "measure"]
PLACES = ("community", *UPPER)


def add_differences(
    system: CellSystem, earlier: Sequence[tuple[Plan, Plan]]
) -> tuple[CellSystem, Bools, Bools]:
    """Add the posts of earlier releases to those of a new one, and how far each changed.

    Counts of members and volunteers are cells of their own, and are compared there.

    Returns
    -------
    The larger system, the cells that are hidden whatever happens (differences),
    and those that went out, whose number of today is no news. What an earlier release
    withheld adds nothing.
    """
    n = len(system.cells)
    never = [np.zeros(n, bool)]
    always = [np.zeros(n, bool)]
    for _, out in earlier:
        shown = read_posts(out).dropna(subset=["value"])
        before = tie_posts(shown, place_bodies(out.site.communities))
        both = _match_places(system, before)
        same = both.loc[both["value"] == both["value_old"], "new"].to_numpy()
        never[0][same[same < n]] = True
        # What the check does not know of today is no change that anybody sees.
        more = both[both["value"].notna() & (both["value"] != both["value_old"])]
        change = (more["value"] - more["value_old"]).to_numpy(float)
        first = len(system.cells)
        matrix = block_diag([system.matrix, before.matrix, csr_matrix((0, len(more)))])
        signs = np.concatenate([np.ones(len(more)), -np.ones(len(more)), -np.sign(change)])
        places = [more["new"], first + more["old"]]
        places.append(first + len(before.cells) + np.arange(len(more)))
        rows = np.tile(np.arange(len(more)), 3)
        changes = csr_matrix(
            (signs, (rows, np.concatenate(places))), shape=(len(more), matrix.shape[1])
        )
        frame = more[["of", "measure"]].assign(level="piece", community="", value=np.abs(change))
        cells = [system.cells, before.cells.assign(level="before"), frame]
        lower = [system.lower, before.lower, np.zeros(len(more))]
        system = CellSystem(
            pd.concat(cells, ignore_index=True),
            vstack([matrix, changes], format="csr"),
            np.concatenate(lower),
        )
        never += [np.ones(len(before.cells), bool), np.zeros(len(more), bool)]
        always += [np.zeros(len(before.cells), bool), np.ones(len(more), bool)]
    return system, np.concatenate(always), np.concatenate(never)


def read_figures(release: Plan) -> dict[str, float]:
    """Read the figures that a release shows, by name."""
    table = release.published
    rows = table["measure"].str.startswith("figure:") & table["shown"].astype(bool)
    names = table.loc[rows, "measure"].str.removeprefix("figure:")
    return dict(zip(names, table.loc[rows, "value"].astype(float), strict=True))


def _match_places(system: CellSystem, before: CellSystem) -> pd.DataFrame:
    """Match the posts that were shown before with those of the same place today."""
    new = system.cells[system.cells["level"].isin(PLACES)].reset_index(names="new")
    old = before.cells.reset_index(names="old")
    both = new.merge(old[[*KEY, "old", "value"]], on=KEY, suffixes=("", "_old"))
    return both[~both["measure"].isin(MEASURES)]
