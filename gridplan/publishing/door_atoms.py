"""Atoms: doors that several releases never part, so that each release is sums of whole atoms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gridplan.plan import Plan


def place_doors(plan: Plan) -> pd.DataFrame:
    """Say in which sub-grid and community each door is, and its households.

    Doors of exclusive sub-grids are left out: what they hold is no secret of a
    home, and so is what holds nobody. Where the doors of a sub-grid do not add up
    to its households, the sub-grid stands for them as one door.

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
    adds_up = sums.reindex(homes.index).fillna(0) == size
    # A door that holds nobody says nothing, and everybody may know that it does.
    inside = of.isin(homes.index[adds_up]) & (plan.stairwells["households"] > 0)
    rest = homes.index[~adds_up]
    names = [*("door:" + of[inside].index.astype("str")), *("subgrid:" + rest.astype("str"))]
    points = plan.stairwells.geometry[inside.to_numpy(bool)]
    spots = [f"{x:.1f} {y:.1f}" for x, y in zip(points.x, points.y, strict=True)]
    columns = {
        "door": names,
        "spot": [*spots, *[""] * len(rest)],
        "subgrid": [*of[inside], *rest.astype("str")],
        "households": [*plan.stairwells.loc[inside, "households"], *size[rest]],
    }
    doors = pd.DataFrame(columns).astype(
        {"door": object, "spot": object, "subgrid": object, "households": np.int64}
    )
    town = homes["community"].astype("str")
    return doors.assign(community=doors["subgrid"].map(town).astype(object)).set_index("door")


def link_doors(places: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Give the doors of older plans the codes of today, where they stand on the same spot alone.

    Codes may change when the files are read again; whoever holds two maps knows
    the house all the same.

    Examples
    --------
    >>> door = pd.DataFrame({"spot": ["3 4"], "households": [9]}, index=["a"])
    >>> [place.index[0] for place in link_doors([door, door.set_axis(["b"])])]
    ['a', 'a']
    """
    linked = list(places[:1])
    for place in places[1:]:
        known = pd.concat([one["spot"] for one in linked])
        known = known[~known.index.duplicated()]
        here = place["spot"]
        # Of a door that either plan has by its code there is nothing to guess.
        strange = known[~known.index.isin(here.index) & (known != "")]
        lost = here[~here.index.isin(known.index) & (here != "")]
        strange, lost = (s[~s.duplicated(keep=False)] for s in (strange, lost))
        code_at = dict(zip(strange, strange.index, strict=True))
        new = {code: code_at[spot] for code, spot in lost.items() if spot in code_at}
        linked.append(place.rename(index=new))
    return linked


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
