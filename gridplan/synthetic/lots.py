"""Lots of a village: courtyard houses in rows, sites of public buildings, and lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Floats, Ints, Shapes
from gridplan.synthetic.shapes import COURT, RECTANGLE, WING, find_chords, inset, stamp, turn

# m
HOUSE_WIDTH = (11.5, 15.5)
HOUSE_GAP = (1.6, 4.0)
# m, depth of a house with its yard, width of the lane before it
YARD = (17.0, 20.0)
LANE = (4.5, 6.5)
# m of yard that a shed needs, share of the corners with so much that have one
SHED_ROOM = 3.6
SHED_SHARE = 0.33
# m
SHED_WIDTH = (2.8, 5.2)
SHED_DEPTH = (2.2, 5.0)
LANE_EVERY = (70.0, 110.0)  # m between lanes that run north


@dataclass(frozen=True)
class Lots:
    """Lots of a cluster in an upright frame: south sides of rows, lots, lanes, public sites."""

    low: Floats
    row: Ints
    middle: Floats
    width: Floats
    lanes: Floats
    public: Floats


def lay_out_lots(
    rng: np.random.Generator,
    land: Any,
    middle: Floats,
    radii: tuple[float, float],
    yard: float,
    lane: float,
    public: bool,
) -> Lots:
    """Lay out lots in rows on the land near a centre, around lanes and public sites."""
    reach = max(radii)
    region = inset(
        shapely.intersection(land, shapely.box(*(middle - reach), *(middle + reach))), 0.0
    )
    # 81 lanes cover any village; the middle one is put just west of the centre
    steps = np.cumsum(rng.uniform(*LANE_EVERY, 81))
    lanes = middle[0] + steps - steps[40] - 0.4 * LANE_EVERY[0]
    pitch = yard + lane
    count = int(reach / pitch) + 1
    low = middle[1] + np.arange(-count, count + 1) * pitch
    # the lane before a row must be on the land too; rows below 20 m hold hardly a house
    west_ends, east_ends = find_chords(region, low - lane, low + yard)
    good = east_ends > west_ends + 20.0
    low = low[good]
    west_ends = west_ends[good]
    east_ends = east_ends[good]
    # slots for houses of mean width without gaps; those beyond a row's end are dropped
    slots = int((east_ends - west_ends).max(initial=0.0) / sum(HOUSE_WIDTH) * 2) + 2
    width = rng.uniform(*HOUSE_WIDTH, (len(low), slots))
    gap = rng.uniform(*HOUSE_GAP, (len(low), slots))
    x = west_ends[:, None] + np.cumsum(width + gap, axis=1) - width / 2
    # an ellipse, since villages are wider than they are deep
    near = ((x - middle[0]) / radii[0]) ** 2 + (
        (low[:, None] + yard / 2 - middle[1]) / radii[1]
    ) ** 2 <= 1.0
    clear = np.abs(x[..., None] - lanes).min(axis=-1) > width / 2 + 3.0
    fits = near & clear & (x + width / 2 < east_ends[:, None])
    sites = _find_sites(low, lanes, middle, yard) if public else np.zeros((0, 4))
    for site in sites:
        fits &= ~(
            (np.abs(low[:, None] + yard / 2 - site[1]) < yard)
            & (np.abs(x - site[0]) < (width + site[2]) / 2 + 3.0)
        )
    row, slot = np.nonzero(fits)
    lots = np.column_stack([x[row, slot], low[row] + yard])  # the middle of the north side
    # lanes between houses only, and at least the one nearest the centre, as the main lane
    held = lanes[(lanes > x[fits].min(initial=np.inf)) & (lanes < x[fits].max(initial=-np.inf))]
    nearest = lanes[np.argmin(np.abs(lanes - middle[0]))]
    return Lots(low, row, lots, width[row, slot], np.union1d(held, nearest), sites)


def _find_sites(low: Floats, lanes: Floats, middle: Floats, yard: float) -> Floats:
    """Find sites of office, school and clinic near the centre: middle and size, float64[3, 4]."""
    k = int(np.argmin(np.abs(low + yard / 2 - middle[1])))
    east = np.sort(lanes[lanes > middle[0]])
    west = np.sort(lanes[lanes <= middle[0]])
    # office and school between the two central lanes, one row apart; the clinic one lane west
    x = np.array([(east[0] + west[-1]) / 2, (east[0] + west[-1]) / 2, (west[-1] + west[-2]) / 2])
    rows = np.array([k, min(k + 1, len(low) - 1), k])
    return np.column_stack([x, low[rows] + yard / 2, (26.0, 42.0, 16.0), (11.0, 12.0, 9.0)])


def stamp_houses(
    rng: np.random.Generator, north: Floats, width: Floats, yard: float, angle: float
) -> tuple[Shapes, Shapes]:
    """Stamp houses of three outlines at the north side of their lots, and sheds in their yards.

    Returns the houses, and the sheds of all yards that have room for some.
    """
    kind = rng.choice(3, len(north), p=(0.45, 0.25, 0.3))
    deep = np.where(
        kind == 2, rng.uniform(7.5, 10.0, len(north)), rng.uniform(12.5, yard - 2.5, len(north))
    )
    back = rng.uniform(0.3, 1.2, len(north))
    middle = turn(north - np.column_stack([np.zeros(len(north)), back + deep / 2]), angle)
    mirror = rng.choice((-1.0, 1.0), len(north))
    # a degree at most: houses of a row that turned further would overlap
    yaw = angle + rng.normal(0.0, 0.008, len(north)).clip(-0.02, 0.02)
    houses = np.empty(len(north), dtype=object)
    for k, outline in enumerate((WING, COURT, RECTANGLE)):
        members = kind == k
        size = np.column_stack([width[members] * mirror[members], deep[members]])
        houses[members] = stamp(outline, middle[members], size, yaw[members])
    sheds = _stamp_sheds(rng, north, width, yard - back - deep, yard, angle)
    # mirrored outlines run clockwise; normalising makes every house turn the same way
    return np.asarray(shapely.normalize(houses)), sheds


def _stamp_sheds(
    rng: np.random.Generator, north: Floats, width: Floats, room: Floats, yard: float, angle: float
) -> Shapes:
    """Stamp sheds and garages in one or both corners of yards with ``room`` metres to spare."""
    corner = np.array([[-1.0], [1.0]])
    built = (rng.uniform(size=(2, len(north))) < SHED_SHARE) & (room > SHED_ROOM)
    deep = rng.uniform(
        SHED_DEPTH[0], np.clip(room - 1.0, SHED_DEPTH[0], SHED_DEPTH[1]), (2, len(north))
    )
    wide = rng.uniform(*SHED_WIDTH, (2, len(north)))
    x = north[:, 0] + corner * (width - wide) / 2
    y = north[:, 1] - yard + 0.4 + deep / 2
    middle = turn(np.stack([x[built], y[built]], axis=1), angle)
    return stamp(RECTANGLE, middle, np.stack([wide[built], deep[built]], axis=1), angle)


def draw_lanes(
    lots: Lots, kept: Ints, lane: float
) -> tuple[list[Any], list[tuple[Floats, Floats]]]:
    """Draw a lane before each row and lanes to the north across them, joined in common points.

    Returns the lanes and where the main ones could go on: an end and a
    direction.
    """
    rows = np.unique(lots.row[kept])
    if not len(rows):
        return [], []
    x = lots.middle[kept, 0]
    half = lots.width[kept] / 2
    y = lots.low[rows] - lane / 2
    spans = [
        ((x - half)[lots.row[kept] == r].min(), (x + half)[lots.row[kept] == r].max()) for r in rows
    ]
    # every row's lane is extended to the main lane, so that the village is one network
    main = lots.lanes[np.argmin(np.abs(lots.lanes - x.mean()))]
    lines: list[Any] = []
    crossed: dict[float, list[float]] = {float(v): [] for v in lots.lanes}
    for (west, east), level in zip(spans, y, strict=True):
        west = min(west, main)
        east = max(east, main)
        inner = [float(v) for v in lots.lanes if west <= v <= east]
        for v in inner:
            crossed[v].append(level)
        # a vertex at each crossing: streets join only in common points
        along = sorted({west, *inner, east})
        if len(along) > 1:
            lines.append(shapely.LineString([(v, level) for v in along]))
    for v, levels in crossed.items():
        if len(levels) > 1:
            lines.append(shapely.LineString([(v, level) for level in sorted(levels)]))
    # a way out in each direction; those that reach no road are dropped by the caller
    k = len(rows) // 2
    stems = [
        (np.array([main, y[-1]]), np.array([0.0, 1.0])),
        (np.array([main, y[0]]), np.array([0.0, -1.0])),
        (np.array([max(spans[k][1], main), y[k]]), np.array([1.0, 0.0])),
        (np.array([min(spans[k][0], main), y[k]]), np.array([-1.0, 0.0])),
    ]
    return lines, stems


def find_door(lots: Lots, kept: Ints, lane: float) -> Floats:
    """Find the end of a lane that a cluster is reached by: the west end of its first row."""
    if not len(kept):
        return np.array([lots.lanes[0], lots.low[0]])
    first = lots.row[kept] == lots.row[kept].min()
    main = lots.lanes[np.argmin(np.abs(lots.lanes - lots.middle[kept, 0].mean()))]
    west = (lots.middle[kept, 0] - lots.width[kept] / 2)[first].min()
    return np.array([min(west, main), lots.low[lots.row[kept].min()] - lane / 2])
