"""Atoms: doors that several releases never part, so that each release is sums of whole atoms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gridplan.plan import Plan


def place_doors(plan: Plan) -> pd.DataFrame:
    """Say in which sub-grid and community each door is, and its households.

    Doors of exclusive sub-grids are left out: what they hold is no secret of a
    home. Where the doors of a sub-grid do not add up to its households, or hold
    none, the sub-grid stands for them as one door.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> place_doors(make_board_plan()).groupby("subgrid")["households"].sum().tolist()
    [60, 60]
    """
    homes = plan.subgrids[plan.subgrids["kind"] != "exclusive"]
    of = plan.stairwells["subgrid"].astype("str")
    sums = plan.stairwells["households"].groupby(of).sum()
    size = homes["households"].astype(np.int64)
    adds_up = (sums.reindex(homes.index).fillna(0) == size) & (size > 0)
    # A door that holds nobody says nothing, and everybody may know that it does.
    inside = of.isin(homes.index[adds_up]) & (plan.stairwells["households"] > 0)
    rest = homes.index[~adds_up]
    names = [*("door:" + of[inside].index.astype("str")), *("subgrid:" + rest.astype("str"))]
    columns = {
        "door": names,
        "subgrid": [*of[inside], *rest.astype("str")],
        "households": [*plan.stairwells.loc[inside, "households"], *size[rest]],
    }
    doors = pd.DataFrame(columns).astype(
        {"door": object, "subgrid": object, "households": np.int64}
    )
    town = homes["community"].astype("str")
    return doors.assign(community=doors["subgrid"].map(town).astype(object)).set_index("door")


def list_atoms(places: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """List the atoms of several plans, the newest first.

    A door whose households differ between plans is in an atom of its number in
    each: what one plan says of it says nothing exact about another.

    Parameters
    ----------
    places
        Doors of each plan as :func:`place_doors` lists them.

    Returns
    -------
    A row for each atom: value, and for plan n its ``subgrid{n}`` and
    ``community{n}``, "" where the atom is in none.

    Examples
    --------
    >>> door = pd.DataFrame({"subgrid": ["a"], "community": ["c"], "households": [9]}, index=["d"])
    >>> list_atoms([door, door.assign(subgrid="b")])[["subgrid0", "subgrid1", "value"]]
      subgrid0 subgrid1  value
    0        a        b      9
    """
    doors = pd.Index(sorted(set().union(*(place.index for place in places))))
    wide = [place.reindex(doors) for place in places]
    count = [place["households"].to_numpy(float) for place in wide]
    keys = [f"{name}{n}" for n in range(len(places)) for name in ("subgrid", "community")]
    frames = []
    for base, value in enumerate(count):
        # Each number that a door ever had is listed with the first plan that has it.
        fresh = ~np.isnan(value)
        for other in count[:base]:
            fresh &= other != value
        columns = {
            f"{name}{n}": np.where(count[n] == value, place[name].fillna(""), "")
            for n, place in enumerate(wide)
            for name in ("subgrid", "community")
        }
        frames.append(pd.DataFrame(columns | {"value": value})[fresh])
    table = pd.concat(frames, ignore_index=True)
    atoms = table.groupby(keys, as_index=False)["value"].sum()
    return atoms.astype({"value": np.int64})
