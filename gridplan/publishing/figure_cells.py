"""Figures of the city as cells, or as functions of cells: hidden when what they are made of is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from gridplan.publishing.place_sums import CITY, CellSystem
from gridplan.publishing.published_figures import list_figures

# What leaves of it -> the figures that equal it, are made from it, or would
# show how large it is. A share or a sum of hours is hidden with what it is of.
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "members": (
        "members",
        "branches",
        "groups",
        "general_branches",
        "central_households",
        "subgrids_with_centre",
    ),
    "volunteers": ("volunteers", "volunteer_party_share"),
    "volunteers_party": ("volunteers_party", "volunteer_party_share"),
    "volunteers_other": ("volunteer_party_share",),
    "members_checked_in": ("members_checked_in", "checkin_hours"),
    "central_households": ("central_households", "subgrids_with_centre"),
    "grid_leaders": ("grid_leaders", "leader_span"),
    "grid_workers": ("grid_workers", "party_share"),
    "workers_party": ("party_share",),
    "workers_other": ("party_share",),
}
# A cell of posts -> the parts that add up to it. Only the first of each is a
# figure, and the Party's part of the workers follows from their share.
POSTS = {
    "grid_workers": (
        ("grid_workers_full", "grid_workers_part"),
        ("workers_party", "workers_other"),
    )
}
FEWEST_SENDERS = 3  # institutions; with two, each knows what the other sends


def list_posts() -> list[str]:
    """List the figures that count posts or people: each is a count of persons by another name."""
    return [
        name
        for name, figure in list_figures().items()
        if figure.unit in ("posts", "people") and figure.how.partition(":")[0] != "mean"
    ]


def tie_posts(values: Mapping[str, float]) -> CellSystem:
    """Tie the city's counts of posts by the sums of their parts.

    Parameters
    ----------
    values
        Figures by name, NaN where one is suppressed; those that are missing have no
        cell. With the workers and their Party share come the workers of the Party and the
        others.

    Examples
    --------
    >>> system = tie_posts({"grid_workers": 5.0, "party_share": 0.4})
    >>> system.cells.set_index("measure")["value"].to_dict()
    {'grid_workers': 5.0, 'workers_party': 2.0, 'workers_other': 3.0}
    """
    known = {name: float(values[name]) for name in list_posts() if name in values}
    workers = known.get("grid_workers", np.nan)
    if {"grid_workers", "grid_workers_full"} <= set(known):
        known["grid_workers_part"] = workers - known["grid_workers_full"]
    if "grid_workers" in known and "party_share" in values:
        known["workers_party"] = float(np.round(workers * values["party_share"]))
        known["workers_other"] = workers - known["workers_party"]
    cells = pd.DataFrame(
        {"level": "city", "of": CITY, "community": "", "measure": list(known)}
    ).assign(value=list(known.values()))
    place = {name: n for n, name in enumerate(known)}
    sums = [
        [(place[total], -1.0), *((place[part], 1.0) for part in parts)]
        for total, pairs in POSTS.items()
        for parts in pairs
        if {total, *parts} <= set(place)
    ]
    rows = np.repeat(np.arange(len(sums)), [len(one) for one in sums])
    columns = [column for one in sums for column, _ in one]
    signs = [sign for one in sums for _, sign in one]
    matrix = csr_matrix((signs, (rows, columns)), shape=(len(sums), len(cells)))
    return CellSystem(cells, matrix, np.zeros(len(cells)))
