"""Stairwells: buildings taken apart into the atoms of a plan.

An atom is a stairwell unit (单元): the door that its households share. A
building with a long front has several; a stairwell with more households than
one sub-grid may hold is cut into floor bands. A village house is one atom.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects, Shapes
from gridplan.land.community_land import slice_footprints
from gridplan.rules.band import Band
from gridplan.rules.stairwells import StairwellRules
from gridplan.tables.conform import conform_table, make_empty
from gridplan.tables.ledger import Entry

# a high building whose sides are in less than this proportion is a tower with
# one stairwell
COMPACT = 1.6
TOWER_FLOORS = 10
# m behind the wall that a door stands where it is put on a wall: a wall may be a neighbour's
# too, and the outlines of two sub-grids meet on it
BEHIND = 0.5


def find_stairwells(
    buildings: gpd.GeoDataFrame,
    kinds: pd.Series[str],
    urban: Band,
    rural: Band,
    rules: StairwellRules | None = None,
) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Find the stairwells and floor bands of all homes.

    Parameters
    ----------
    buildings
        The buildings table with households estimated; buildings without
        households have no stairwell.
    kinds
        Class of each community (urban or rural), indexed by community.
    urban, rural
        The bands of households of a sub-grid; a stairwell above ``high`` is
        cut into floor bands.
    rules
        Frontage of a stairwell, height of a floor.

    Returns
    -------
    The stairwells table, sorted by key, with ``subgrid`` empty, and what was
    inferred.

    Examples
    --------
    A tower of 34 storeys and 272 households is one stairwell; its floor bands
    hold whole floors of eight:

    >>> from shapely.geometry import box
    >>> row = {"building": ["t"], "community": "c", "floors": 34.0, "households": 272}
    >>> tower = gpd.GeoDataFrame(row, geometry=[box(0, 0, 25, 25)], crs="EPSG:32650")
    >>> tower = conform_table("buildings", tower)
    >>> bands, _ = find_stairwells(tower, pd.Series({"c": "urban"}), Band(), Band())
    >>> bands["households"].sum(), bands["households"].max()
    (np.int64(272), np.int64(16))
    >>> bands["floor_to"].max(), bands["door"].unique().tolist()
    (np.int64(34), [1])
    """
    rules = rules or StairwellRules()
    homes = buildings[buildings["households"] > 0].sort_index()
    if homes.empty:
        return make_empty("stairwells", buildings.crs), []
    kind = homes["community"].map(kinds).fillna("rural").to_numpy()
    target = np.where(kind == "urban", urban.target, rural.target)
    high = np.where(kind == "urban", urban.high, rural.high)
    households = homes["households"].to_numpy(np.int64)
    floors = np.maximum(1, np.nan_to_num(homes["floors"].to_numpy(float), nan=1.0)).astype(np.int64)
    start, axis, length, width = measure_axes(homes.geometry.to_numpy())
    doors, finer = count_doors(
        homes, households, floors, length, width, np.maximum(1, rules.band_share * target), rules
    )
    rows = _cut_bands(households, floors, doors, target, high, rules)
    table = _write_stairwells(homes, kind, floors, rows, (start, axis, length), rules)
    return table, _list_entries(homes, finer, rows)


def _cut_bands(
    households: Ints,
    floors: Ints,
    doors: Ints,
    target: Ints,
    high: Ints,
    rules: StairwellRules,
) -> pd.DataFrame:
    """Cut the stairwells of all homes into floor bands; a row for each.

    Its columns are ``home`` (row of the building), ``door`` and ``level``
    (numbers from 0), ``doors`` and ``bands`` (how many there are of these),
    and ``behind`` (households behind the door).
    """
    # from buildings to doors: each row is a door of its building
    of_door = np.repeat(np.arange(len(households)), doors)
    number = _count_within(doors)
    behind = _share(households[of_door], number, doors[of_door])
    bands = np.where(
        behind > high[of_door],
        np.ceil(behind / (rules.band_share * target[of_door])).astype(np.int64),
        1,
    )
    # a band is at least one whole floor
    bands = np.minimum(bands, floors[of_door])
    # from doors to floor bands
    of_band = np.repeat(np.arange(len(of_door)), bands)
    home = of_door[of_band]
    return pd.DataFrame(
        {
            "home": home,
            "door": number[of_band],
            "doors": doors[home],
            "level": _count_within(bands),
            "bands": bands[of_band],
            "behind": behind[of_band],
        }
    )


def _write_stairwells(
    homes: gpd.GeoDataFrame,
    kind: Objects,
    floors: Ints,
    rows: pd.DataFrame,
    axes: tuple[Floats, Floats, Floats],
    rules: StairwellRules,
) -> gpd.GeoDataFrame:
    """Write the table of stairwells from their floor bands, each with its place and share."""
    start, axis, length = axes
    home, door, out_of, level, m, behind = (rows[name].to_numpy() for name in rows.columns)
    # whole floors, as even as they come
    first = floors[home] * level // m + 1
    last = floors[home] * (level + 1) // m
    # a stairwell of one band is entered on the ground, whatever its height
    climb = np.where(m > 1, ((first + last) / 2 - 1) * rules.floor_height * rules.climb_factor, 0.0)
    # each door in the middle of its share of the front
    along = (door + 0.5) / out_of
    position = start[home] + axis[home] * (along * length[home])[:, None]
    code = homes.index.to_numpy()[home] + "-" + (door + 1).astype(str)
    code = np.where(m > 1, code + "." + np.char.zfill((level + 1).astype(str), 2), code)
    table = gpd.GeoDataFrame(
        {
            "stairwell": code,
            "building": homes.index.to_numpy()[home],
            "compound": homes["compound"].to_numpy()[home],
            "community": homes["community"].to_numpy()[home],
            "community_kind": kind[home],
            "door": door + 1,
            "floor_from": first,
            "floor_to": last,
            "climb": climb,
            "slice_from": (door + level / m) / out_of,
            "slice_to": (door + (level + 1) / m) / out_of,
            "households": _share_floors(behind, first, last, floors[home]),
            "subgrid": "",
        },
        geometry=_put_inside(
            homes.geometry.to_numpy()[home], position, door / out_of, (door + 1) / out_of
        ),
        crs=homes.crs,
    )
    # sharing out whole numbers may leave a band without a household
    table = table[table["households"] > 0]
    return conform_table("stairwells", table).sort_index()


def measure_axes(footprints: Shapes) -> tuple[Floats, Floats, Floats, Floats]:
    """Measure the long axis of each footprint through the middle of its tightest rectangle.

    Returns the western end of the axis (float64[n, 2]; the southern one if it
    runs due north), its unit direction (float64[n, 2]), its length and the
    rectangle's width (float64[n], metres).

    Examples
    --------
    >>> from shapely.geometry import box
    >>> start, axis, length, width = measure_axes(np.array([box(0, 0, 60, 12)]))
    >>> start.tolist(), axis.round(6).tolist(), length.tolist(), width.tolist()
    ([[0.0, 6.0]], [[1.0, 0.0]], [60.0], [12.0])
    """
    n = len(footprints)
    rectangles = shapely.oriented_envelope(footprints)
    corners = np.zeros((n, 4, 2))
    # a footprint without width has a line or a point for its rectangle
    whole = (shapely.get_type_id(rectangles) == 3) & (shapely.get_num_coordinates(rectangles) == 5)
    corners[whole] = shapely.get_coordinates(rectangles[whole]).reshape(-1, 5, 2)[:, :4]
    corners[~whole] = shapely.get_coordinates(shapely.point_on_surface(footprints[~whole]))[
        :, None, :
    ]
    sides = corners[:, [1, 2]] - corners[:, [0, 1]]
    lengths = np.hypot(sides[..., 0], sides[..., 1])
    long = (lengths[:, 1] > lengths[:, 0] + 1e-9).astype(int)
    rows = np.arange(n)
    length = lengths[rows, long]
    width = lengths[rows, 1 - long]
    with np.errstate(invalid="ignore", divide="ignore"):
        axis = np.nan_to_num(sides[rows, long] / length[:, None])
    # one direction for each axis, so that doors are numbered from west to east
    flip = (axis[:, 0] < -1e-9) | ((np.abs(axis[:, 0]) <= 1e-9) & (axis[:, 1] < 0))
    axis = np.where(flip[:, None], -axis, axis)
    start = corners.mean(axis=1) - axis * (length / 2)[:, None]
    return start, axis, length, width


def count_doors(
    homes: gpd.GeoDataFrame,
    households: Ints,
    floors: Ints,
    length: Floats,
    width: Floats,
    small: Floats,
    rules: StairwellRules,
) -> tuple[Ints, Bools]:
    """Count the stairwells of each building: given, else by frontage and floors.

    ``small`` is the number of households that an atom should not much exceed;
    where one floor of a stairwell would hold more (a corridor building), it is
    cut along the corridor. Returns int64[n] and whether the data's own number
    of stairwells was too coarse and had to be raised (bool[n]).
    """
    stated = homes["stairwell_count"].to_numpy(float)
    by_front = np.maximum(1, np.round(length / rules.length)).astype(np.int64)
    # a tower has its stairs and lifts in the middle, however wide its front
    tower = (floors >= TOWER_FLOORS) & (length < COMPACT * np.maximum(width, 1.0))
    guess = np.where((floors >= rules.from_floors) & ~tower, by_front, 1)
    doors = np.where(np.nan_to_num(stated) >= 1, np.nan_to_num(stated), guess).astype(np.int64)
    # even one floor may hold more than an atom should
    least = np.ceil(households / (floors * np.ceil(small))).astype(np.int64)
    finer = (np.nan_to_num(stated) >= 1) & (least > doors)
    # no stairwell without a household
    return np.minimum(np.maximum(doors, least), households), finer


def _count_within(sizes: Ints) -> Ints:
    """Count the rows of consecutive runs from 0."""
    ends = np.cumsum(sizes)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - sizes, sizes))


def _share(total: Ints, number: Ints, parts: Ints) -> Ints:
    """Give part ``number`` of so many equal parts its whole-numbered share of a total."""
    return np.asarray(total * (number + 1) // parts - total * number // parts)


def _share_floors(total: Ints, first: Ints, last: Ints, floors: Ints) -> Ints:
    """Give the floors from first to last their whole-numbered share of a total."""
    return np.asarray(total * last // floors - total * (first - 1) // floors)


def _put_inside(footprints: Shapes, position: Floats, begin: Floats, end: Floats) -> Shapes:
    """Put each position that is off its footprint just behind the nearest wall of its slice.

    A slice is the footprint between two shares of the long axis.

    So the door of an angular building lies in its own slice, as outlines cut
    it, and on no wall that it shares with the house next door.
    """
    points = shapely.points(position)
    away = np.flatnonzero(~shapely.intersects(footprints, points))
    if len(away):
        slices = slice_footprints(footprints[away], begin[away], end[away])
        slices = np.where(shapely.is_empty(slices), footprints[away], slices)
        behind = shapely.buffer(slices, -BEHIND, join_style="mitre")
        slices = np.where(shapely.is_empty(behind), slices, behind)
        points[away] = shapely.get_point(shapely.shortest_line(slices, points[away]), 0)
    return np.asarray(points)


def _list_entries(homes: gpd.GeoDataFrame, finer: Bools, rows: pd.DataFrame) -> list[Entry]:
    guessed = homes.index[
        homes["stairwell_count"].isna() & (homes["floors"] >= StairwellRules().from_floors)
    ]
    stacked = homes.index[np.unique(rows["home"].to_numpy()[rows["bands"].to_numpy() > 1])]
    reason = "number of stairwells not given: judged from frontage and floors"
    return [
        Entry("stairwells", "buildings", "inferred", len(guessed), reason, list(guessed[:20])),
        Entry(
            "stairwells",
            "buildings",
            "noted",
            len(stacked),
            "stairwells cut into floor bands",
            list(stacked[:20]),
        ),
        Entry(
            "stairwells",
            "buildings",
            "noted",
            int(finer.sum()),
            "more households on one floor of a stairwell than an atom should hold: "
            "cut along the corridor",
            list(homes.index[finer][:20]),
        ),
    ]
