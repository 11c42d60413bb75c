"""Stairwells: how buildings come apart."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate
from shapely.geometry import Polygon, box

from gridplan.land.stairwells import find_stairwells
from gridplan.rules.band import Band
from gridplan.synthetic.board_plan import make_table

URBAN = Band(20, 30, 40)
RURAL = Band(35, 50, 65)
KINDS = pd.Series({"c1": "urban", "v1": "rural"})


def find(*rows):
    table = make_table("buildings", [{"community": "c1", **row} for row in rows])
    return find_stairwells(table, KINDS, URBAN, RURAL)


def test_a_village_house_is_one_atom_at_its_middle():
    atoms, _ = find(
        {
            "building": "h",
            "floors": 1,
            "households": 1,
            "community": "v1",
            "geometry": box(0, 0, 10, 8),
        }
    )
    assert atoms.index.tolist() == ["h-1"]
    assert atoms.geometry["h-1"].coords[0] == (5.0, 4.0)
    assert atoms.loc["h-1", ["households", "climb", "floor_from", "floor_to"]].tolist() == [
        1,
        0.0,
        1,
        1,
    ]


def test_a_slab_of_54_metres_has_three_stairwells_along_its_front():
    """Six floors, two flats a floor and stairwell: 36 households, twelve behind each door."""
    atoms, entries = find(
        {"building": "s", "floors": 6, "households": 36, "geometry": box(0, 0, 54, 12)}
    )
    assert atoms.index.tolist() == ["s-1", "s-2", "s-3"]
    assert atoms["households"].tolist() == [12, 12, 12]
    assert [p.coords[0] for p in atoms.geometry] == [(9.0, 6.0), (27.0, 6.0), (45.0, 6.0)]
    assert atoms["slice_from"].round(3).tolist() == [0.0, 0.333, 0.667]
    assert atoms["slice_to"].round(3).tolist() == [0.333, 0.667, 1.0]
    assert [(e.action, e.count) for e in entries if e.count] == [("inferred", 1)]


def test_every_door_of_a_horseshoe_lies_in_its_own_slice():
    """Six stairwells along 90 m; the axis crosses the court, so the middle four step into the base.

    They stand behind its wall, not on it: a house in the court may share that wall.

    The base lies along the north, the arms reach south::

        ##################
        ####          ####
        ####----------####  the axis
        ####          ####
    """
    court = box(15, 0, 75, 28)
    atoms, _ = find(
        {
            "building": "u",
            "floors": 6,
            "households": 72,
            "stairwell_count": 6,
            "geometry": box(0, 0, 90, 40) - court,
        }
    )
    assert [p.coords[0] for p in atoms.geometry] == [
        (7.5, 20),
        (22.5, 28.5),
        (37.5, 28.5),
        (52.5, 28.5),
        (67.5, 28.5),
        (82.5, 20),
    ]


def test_the_doors_of_a_corner_building_step_back_along_their_own_slice():
    """An L whose short arm is at its eastern end: the nearest wall is that of the arm."""
    atoms, _ = find(
        {
            "building": "l",
            "floors": 6,
            "households": 48,
            "stairwell_count": 4,
            "geometry": box(0, 0, 80, 60) - box(0, 12, 65, 60),
        }
    )
    assert [p.coords[0] for p in atoms.geometry] == [(10, 11.5), (30, 11.5), (50, 11.5), (70, 30)]


def test_the_number_of_stairwells_in_the_data_wins():
    atoms, entries = find(
        {
            "building": "s",
            "floors": 6,
            "households": 36,
            "stairwell_count": 2,
            "geometry": box(0, 0, 54, 12),
        }
    )
    assert atoms["households"].tolist() == [18, 18]
    assert not [e for e in entries if e.count]


def test_a_tower_of_34_storeys_becomes_floor_bands_over_one_door():
    atoms, _ = find(
        {"building": "t", "floors": 34, "households": 272, "geometry": box(0, 0, 25, 25)}
    )
    assert atoms["households"].sum() == 272
    assert atoms["door"].unique().tolist() == [1]
    assert atoms.index[0] == "t-1.01"
    assert (atoms["households"] <= URBAN.high).all()
    assert atoms["floor_from"].tolist()[1:] == [f + 1 for f in atoms["floor_to"].tolist()[:-1]]
    assert atoms["climb"].is_monotonic_increasing
    assert atoms.geometry.nunique() == 1


def test_a_corridor_building_is_cut_along_its_corridor():
    """One door given, two floors, 100 households: no whole floor fits a sub-grid."""
    atoms, entries = find(
        {
            "building": "d",
            "floors": 2,
            "households": 100,
            "stairwell_count": 1,
            "geometry": box(0, 0, 80, 14),
        }
    )
    assert atoms["households"].sum() == 100
    assert atoms["households"].max() <= URBAN.high
    assert [e.reason for e in entries if e.count and "corridor" in e.reason]


def test_a_building_without_households_has_no_atom():
    atoms, _ = find({"building": "x", "households": 0, "geometry": box(0, 0, 5, 5)})
    assert len(atoms) == 0


def test_the_door_of_an_l_shaped_building_lies_in_it():
    shape = Polygon([(0, 0), (40, 0), (40, 6), (6, 6), (6, 40), (0, 40)])
    atoms, _ = find({"building": "l", "floors": 1, "households": 1, "geometry": shape})
    assert shape.buffer(1e-6).covers(atoms.geometry.iloc[0])


@settings(deadline=None)
@given(
    floors=st.integers(1, 40),
    households=st.integers(1, 600),
    length=st.floats(6, 120),
    doors=st.none() | st.integers(1, 12),
    turn=st.floats(0, 180),
)
def test_no_household_is_lost_and_every_floor_is_served_once(
    floors, households, length, doors, turn
):
    shape = rotate(box(0, 0, length, 12), turn)
    row = {
        "building": "b",
        "floors": floors,
        "households": households,
        "stairwell_count": doors,
        "geometry": shape,
    }
    atoms, _ = find(row)
    assert atoms["households"].sum() == households
    assert (atoms["households"] > 0).all()
    for _, door in atoms.groupby("door"):
        served = np.concatenate(
            [np.arange(a, b + 1) for a, b in zip(door["floor_from"], door["floor_to"], strict=True)]
        )
        assert len(served) == len(np.unique(served))
        assert served.max() <= floors
    if floors > 1:
        assert atoms["households"].max() <= URBAN.high
