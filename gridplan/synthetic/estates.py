"""Residential compounds of the synthetic town: slabs, towers, old estates, walls and shops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints
from gridplan.synthetic.shapes import (
    CENTIMETRE,
    CROSS,
    RECTANGLE,
    Sheets,
    find_chords,
    inset,
    keep_inside,
    pack_rows,
    stamp,
    turn,
    turn_shape,
)

STOREY = 3.0  # m
# m inside the kerb: the wall, the lane within it, the first homes
WALL = 2.0
RING = 7.0
HOMES = 12.0
# m
SHOP_DEPTH = 13.0
GATE = 10.0
TRIES = 6  # orders of long and short slabs that are tried for the rows of a compound


@dataclass(frozen=True)
class EstateStyle:
    """How the homes of a compound are built.

    ``density`` is the households that a hectare within the kerbs takes at
    middling floors (measured on drawn estates); ``light`` the distance between
    rows as a share of their height; ``persons`` the people of a household;
    ``members`` the Party members among residents (12.3 % in an old estate of
    Tangshan, 6.9 % in the country).
    """

    word: str
    floors: tuple[int, int]
    stairs: tuple[int, int]
    flats: tuple[int, int]
    bay: tuple[float, float]
    depth: tuple[float, float]
    gap: float
    light: float
    density: float
    persons: float
    members: float
    elders: float


STYLES = (
    EstateStyle(
        "old", (3, 4), (2, 4), (2, 3), (11.0, 13.0), (9.5, 11.0), 6.0, 1.2, 165.0, 1.8, 0.123, 0.33
    ),
    EstateStyle(
        "walkup",
        (5, 7),
        (2, 5),
        (2, 2),
        (14.5, 17.0),
        (12.0, 13.5),
        9.0,
        1.3,
        110.0,
        2.4,
        0.07,
        0.24,
    ),
    EstateStyle(
        "mid",
        (9, 11),
        (2, 4),
        (2, 2),
        (16.0, 19.0),
        (13.0, 14.0),
        12.0,
        1.15,
        128.0,
        2.7,
        0.058,
        0.17,
    ),
    EstateStyle(
        "high",
        (15, 18),
        (2, 3),
        (2, 3),
        (17.0, 20.0),
        (13.5, 14.5),
        13.0,
        1.0,
        187.0,
        2.7,
        0.055,
        0.15,
    ),
    EstateStyle(
        "tower",
        (20, 32),
        (1, 1),
        (4, 8),
        (24.0, 30.0),
        (0.0, 0.0),
        22.0,
        0.5,
        300.0,
        2.6,
        0.05,
        0.13,
    ),
)
# The style that each is raised to where a plot must take more, and lowered to where less
# will do: numbers in STYLES, the last and the first of which stay as they are.
DENSER = np.array([3, 2, 3, 4, 4])
SPARSER = np.array([0, 1, 1, 2, 3])
DENSITIES = np.array([style.density for style in STYLES])


@dataclass(frozen=True)
class Plot:
    """A piece of town between streets: land within the kerbs, angle of rows, streets around."""

    land: Any
    angle: float
    main_streets: Any
    streets: Any
    heart: Floats  # the crossing in the middle of the quad, towards which gates open
    remote: float  # m from the middle of the community


def draw_compound(
    rng: np.random.Generator, plot: Plot, style: int, name: str, sheets: Sheets, homes: Sheets
) -> None:
    """Draw a compound: shops, a wall with gates, and homes, on a sheet of their own."""
    land = draw_shops(rng, plot, sheets) if rng.uniform() < 0.8 else plot.land
    # where the shops have taken all but a sliver, there is no room for a compound
    court = inset(land, WALL)
    if court.is_empty:
        return
    sheets.add("compounds", shapely.set_precision(court, 0.01), name=name)
    gates = _draw_wall(plot, court, sheets)
    if rng.uniform() < 0.4:
        sheets.add(
            "places", shapely.points(gates[:1]), kind="volunteer_post", name=name + "志愿服务站"
        )
    region = inset(land, HOMES)
    if not region.is_empty:
        _draw_homes(rng, region, plot.angle, style, name, homes)


def _draw_homes(
    rng: np.random.Generator, region: Any, angle: float, number: int, name: str, homes: Sheets
) -> None:
    """Draw rows of homes that face south, as far apart as the sun demands."""
    style = STYLES[number]
    bay = rng.uniform(*style.bay)
    depth = rng.uniform(*style.depth)
    floors = int(rng.integers(style.floors[0], style.floors[1] + 1))
    flats = int(rng.integers(style.flats[0], style.flats[1] + 1))
    tower = style.word == "tower"
    depth = bay if tower else depth
    # rows are placed in a frame in which they are horizontal, then turned back
    turned = turn_shape(region, -angle)
    # rows keep a distance in proportion to their height, so that winter sun reaches the ground
    # floor; by the floors sampled here, which fit_floors changes only later
    pitch = depth + style.light * STOREY * floors
    low = place_rows(turned, depth, pitch)
    if not len(low):
        return

    def draw(count: int) -> Floats:
        return np.asarray(rng.integers(style.stairs[0], style.stairs[1] + 1, count) * bay)

    middle, length = pack_rows(turned, low, depth, style.gap, draw, 1 if tower else TRIES)
    if not len(length):
        return
    template = CROSS if tower and flats >= 6 else RECTANGLE
    shapes = stamp(
        template, turn(middle, angle), np.column_stack([length, np.full(len(length), depth)]), angle
    )
    # half a metre to spare: rounded corners of a row that just fits would be outside
    inside = keep_inside(region.buffer(0.5), shapes)
    lower = rng.uniform(size=len(length)) < 0.15  # a few blocks are a floor or more lower
    homes.add(
        "homes",
        shapes[inside],
        floors=(floors - lower * max(1, floors // 8))[inside],
        stairs=np.rint(length / bay).astype(np.int64)[inside],
        flats=flats,
        style=number,
        compound=name,
        building_name=pd.Series(np.arange(1, inside.sum() + 1)).astype("str").to_numpy(dtype=object)
        + "号楼",
    )


def place_rows(region: Any, depth: float, pitch: float) -> Floats:
    """Place rows at a pitch so that their total length is greatest; returns their south sides.

    Examples
    --------
    >>> place_rows(shapely.box(0, 0, 100, 60), depth=10.0, pitch=38.0).round(1).tolist()
    [0.1, 47.6]
    """
    south = region.bounds[1] + 0.1
    north = region.bounds[3] - depth - 0.1
    if north <= south:
        return np.array([])
    # a start more than a pitch to the north would only drop a row
    starts = np.linspace(south, min(north, south + pitch), 9)
    tries = [np.arange(start, north + 1e-6, pitch) for start in starts]
    totals = _measure_rows(region, tries, depth)
    good = np.flatnonzero(totals >= totals.max() - 2.0)
    # the middle one of those within 2 m of the best leaves equal strips at both ends
    best = tries[good[len(good) // 2]]
    # stretching the pitch is better for light than a bare strip at one end
    wider = [best.mean() + (best - best.mean()) * stretch for stretch in (1.0, 1.1, 1.25, 1.4)]
    wider = [low for low in wider if low[0] >= south and low[-1] <= north]
    totals = _measure_rows(region, wider, depth)
    return np.asarray(wider[np.flatnonzero(totals >= 0.97 * totals[0])[-1]])


def _measure_rows(region: Any, tries: list[Floats], depth: float) -> Floats:
    """Measure the total length of the rows of each try, metres."""
    # all tries in one call of shapely, which is far faster than line by line
    low = np.concatenate(tries)
    west_ends, east_ends = find_chords(region, low, low + depth)
    of = np.repeat(np.arange(len(tries)), [len(orders) for orders in tries])
    return np.asarray(
        np.bincount(of, np.nan_to_num(np.maximum(east_ends - west_ends, 0.0)), len(tries))
    )


def _draw_wall(plot: Plot, court: Any, sheets: Sheets) -> Floats:
    """Draw a wall round a compound, two gates and the lane within; returns the gates."""
    ring = court.exterior
    lane = inset(court, RING - WALL)
    points = shapely.get_coordinates(ring)
    sides = np.hypot(*np.diff(points, axis=0).T)
    middles = (points[1:] + points[:-1]) / 2
    # gates only in long sides: a gap as wide as a short side would remove its corners
    long = np.flatnonzero(sides > min(25.0, sides.max() * 0.9))
    near = long[np.argsort(np.hypot(*(middles[long] - plot.heart).T), kind="stable")][:2]
    gates: Floats = middles[near].round(CENTIMETRE)
    gaps = shapely.union_all(shapely.buffer(shapely.points(gates), GATE / 2))
    # merged first: the ring begins somewhere, and the wall there must not be cut in two
    walls = shapely.get_parts(shapely.line_merge(shapely.difference(ring, gaps)))
    sheets.add("barriers", shapely.set_precision(walls, 0.01), kind="wall", hard=False)
    sheets.add("openings", shapely.points(gates), kind="gate")
    way: dict[str, Any] = {"kind": "service", "name": "", "bridge": False, "tunnel": False}
    if lane.is_empty:
        return gates
    sheets.add("streets", lane.exterior, **way)
    # through each gate a path joins the street outside and the lane, so all homes are reached
    for gate in shapely.points(gates):
        ends = [shapely.shortest_line(gate, to) for to in (plot.streets, lane.exterior)]
        path = [
            shapely.get_coordinates(ends[0])[1],
            shapely.get_coordinates(gate)[0],
            shapely.get_coordinates(ends[1])[1],
        ]
        sheets.add("streets", shapely.LineString(path), **way)
    return gates


def draw_shops(rng: np.random.Generator, plot: Plot, sheets: Sheets) -> Any:
    """Draw a row of shops along the longest side on a main street; returns the land behind them."""
    points = shapely.get_coordinates(plot.land.exterior)
    middles = shapely.points((points[1:] + points[:-1]) / 2)
    sides = np.hypot(*np.diff(points, axis=0).T) * (
        shapely.distance(plot.main_streets, middles) < 30.0
    )
    # sides that are not on a main street have the length 0 here; shops need some frontage
    k = int(np.argmax(sides))
    if sides[k] < 60.0:
        return plot.land
    step = points[k + 1] - points[k]
    angle = float(np.arctan2(step[1], step[0]))
    turned = turn_shape(plot.land, -angle)
    line = float(turn(points[k], -angle)[1])
    # the land must be north of its side in the turned frame; where it is not, turn it round
    if turned.centroid.y < line:
        angle += np.pi
        turned = turn_shape(plot.land, -angle)
        line = -line
    west, _, east, north = turned.bounds
    low = np.array([line + 1.0])
    middle, length = pack_rows(turned, low, SHOP_DEPTH - 2, 3.0, lambda n: rng.uniform(18, 42, n))
    shapes = stamp(
        RECTANGLE,
        turn(middle, angle),
        np.column_stack([length, np.full(len(length), SHOP_DEPTH - 2)]),
        angle,
    )
    inside = keep_inside(plot.land, shapes)
    sheets.add(
        "buildings",
        shapes[inside],
        use="retail",
        floors=rng.integers(1, 4, len(length))[inside].astype(float),
    )
    behind = shapely.intersection(
        turned, shapely.box(west - 1, line + SHOP_DEPTH + 1, east + 1, north + 1)
    )
    return turn_shape(inset(behind, 0.0), angle)


def fit_floors(
    rng: np.random.Generator,
    floors: Floats,
    units: Floats,
    style: Ints,
    wanted: float,
) -> tuple[Floats, Bools]:
    """Fit the floors of the homes of a community so that their flats are about as many as wanted.

    Floors stay within those of their style, and are scaled together. Where
    even the least are too many, homes are left out by lot; where the most are
    too few, all rise beyond.

    Returns
    -------
    Floors, and which homes are built.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> units = np.array([6.0, 6.0])
    >>> fit_floors(rng, np.array([6.0, 6.0]), units, np.array([1, 1]), 80)[0].tolist()
    [7.0, 7.0]
    """
    low = np.array([s.floors[0] for s in STYLES], float)[style]
    high = np.array([s.floors[1] for s in STYLES], float)[style]
    built = np.ones(len(floors), bool)
    # rounded floors step, so no formula gives the scale: try a ladder of steps of 3 %
    scales = np.geomspace(0.4, 2.5, 61)
    tried = np.clip(np.rint(floors[None, :] * scales[:, None]), low, high)
    flats = tried @ units
    if flats[-1] < wanted:
        return np.ceil(high * wanted / max(flats[-1], 1.0)), built
    if flats[0] > wanted:
        order = rng.permutation(len(floors))
        # a home is left out once those before it suffice, so flats are never too few
        enough = np.cumsum(low[order] * units[order]) - low[order] * units[order] >= wanted
        built[order[enough]] = False
        return low, built
    # argmax of booleans is the first scale that gives enough, hence the lowest buildings
    return np.asarray(tried[int(np.argmax(flats >= wanted))]), built
