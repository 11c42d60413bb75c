"""Urban communities of the synthetic town: street blocks, and what each is used for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints, Shapes
from gridplan.synthetic.estates import (
    DENSER,
    DENSITIES,
    SPARSER,
    STOREY,
    STYLES,
    Plot,
    draw_compound,
    draw_shops,
    fit_floors,
    place_rows,
)
from gridplan.synthetic.lattice import Lattice
from gridplan.synthetic.names import name_estates
from gridplan.synthetic.shapes import (
    CENTIMETRE,
    COURT,
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
from gridplan.synthetic.terrain import Quad, find_quad
from gridplan.tables.whole_shares import share_total

# m from the middle of a street, of a primary street, to the kerb of a plot
KERB = 9.0
MAIN_KERB = 17.0
# m2: larger blocks are always split by a lane, those between at times
LARGE = 64_000.0
MEDIUM = 36_000.0
OCCUPIED = 0.95  # of flats
STYLE_CHANCES = (0.22, 0.38, 0.18, 0.14, 0.08)
CIVIC_AREA = 34_000.0  # m2, about what the public buildings of a community need

# Public buildings: use, width, depth (m), floors, outline, kind of place, kind
# of institution, name.
_PUBLIC = (
    ("civic", 26.0, 14.0, 2, RECTANGLE, "service_centre", "", "党群服务中心"),
    ("civic", 20.0, 13.0, 1, RECTANGLE, "canteen", "", "幸福食堂"),
    ("school", 72.0, 42.0, 4, COURT, "school", "school", "小学"),
    ("retail", 56.0, 40.0, 3, RECTANGLE, "market", "enterprise", "便民市场"),
    ("hospital", 48.0, 20.0, 5, RECTANGLE, "hospital", "hospital", "社区医院"),
    ("kindergarten", 36.0, 26.0, 3, COURT, "kindergarten", "", "幼儿园"),
)


_WORKS = ("机械厂", "纺织厂", "食品厂", "建材厂", "物流园")


def draw_urban(
    rng: np.random.Generator,
    lattice: Lattice,
    number: int,
    title: str,
    households: int,
    sheets: Sheets,
) -> None:
    """Draw an urban community with exactly so many households.

    Parameters
    ----------
    rng
        The community's own generator.
    lattice, number
        The land, and which of its communities.
    title
        Name that its public buildings begin with.
    households
        Households that live there.
    sheets
        Where the rows are added; ``homes`` of buildings holds the households.
    """
    plots = _lay_out_plots(rng, lattice, number, sheets)
    # a plot of the right size near the middle: a metre further away counts as much as 20 m2
    civic = int(np.argmin([abs(plot.land.area - CIVIC_AREA) + 20 * plot.remote for plot in plots]))
    _draw_public(rng, plots.pop(civic), title, sheets)
    styles = choose_styles(rng, np.array([plot.land.area for plot in plots]), households / OCCUPIED)
    names = name_estates(rng, [STYLES[style].word for style in styles])
    homes = Sheets()
    # every third open plot is a park, the others are works; only the first park has a lake
    works = iter(_WORKS * len(plots))
    opened = 0
    for plot, style, name in zip(plots, styles, names, strict=True):
        if style >= 0:
            draw_compound(rng, plot, style, name, sheets, homes)
        elif opened % 3 == 0:
            _draw_park(rng, plot, title, opened == 0, sheets)
        else:
            _draw_works(rng, plot, title + next(works), sheets)
        opened += style < 0
    _settle(rng, homes.collect("homes"), households, sheets)


def _lay_out_plots(
    rng: np.random.Generator, lattice: Lattice, number: int, sheets: Sheets
) -> list[Plot]:
    """Lay out the streets inside a community and the plots between them, the central ones first."""
    plots: list[Plot] = []
    middle = np.zeros(2)
    for k, cell in enumerate(lattice.quads[number]):
        quad = find_quad(lattice, cell)
        # a little off the middle, since no real crossing is exactly there
        heart = (quad.landings.mean(axis=0) + rng.normal(0, 0.02 * lattice.side, 2)).round(
            CENTIMETRE
        )
        middle = heart if k == 0 else middle
        inner = shapely.linestrings(
            np.stack([np.broadcast_to(heart, (4, 2)), quad.landings], axis=1)
        )
        sheets.add("streets", inner, kind="residential", name="", bridge=False, tunnel=False)
        ring = [shapely.LineString(side) for side in quad.sides]
        mains = [
            line
            for line, kind in zip(ring, quad.kinds, strict=True)
            if kind in ("primary", "secondary")
        ]
        wide = [line for line, kind in zip(ring, quad.kinds, strict=True) if kind == "primary"]
        blocks, lanes = _split_blocks(rng, _cut_blocks(quad, heart))
        sheets.add("streets", lanes, kind="residential", name="", bridge=False, tunnel=False)
        east = quad.corners[1] - quad.corners[0]
        angle = float(np.arctan2(east[1], east[0]))
        streets = shapely.MultiLineString([*ring, *inner, *lanes])
        near_wide = (
            shapely.buffer(shapely.union_all(wide), MAIN_KERB) if wide else shapely.Polygon()
        )
        for block in blocks:
            land = inset(shapely.difference(inset(block, KERB), near_wide), 0.0)
            # slivers between a wide road and a lane stay empty
            if land.area > 1_000.0:
                remote = float(land.centroid.distance(shapely.Point(middle)))
                plots.append(
                    Plot(land, angle, shapely.MultiLineString(mains), streets, heart, remote)
                )
    return sorted(plots, key=lambda plot: plot.remote)


def _cut_blocks(quad: Quad, heart: Floats) -> list[Any]:
    """Cut a quad into the four blocks between its rim and the crossing in its middle."""
    blocks = []
    for k in range(4):
        before = quad.sides[k - 1]
        after = quad.sides[k]
        ring = [before[quad.landing[k - 1] :], after[1 : quad.landing[k] + 1], heart[None]]
        blocks.append(shapely.Polygon(np.concatenate(ring)))
    return blocks


def _split_blocks(rng: np.random.Generator, blocks: list[Any]) -> tuple[list[Any], list[Any]]:
    """Split large blocks by a lane across their longer way; returns the blocks and the lanes."""
    blocks_ready = []
    lanes = []
    waiting = list(blocks)
    while waiting:
        block = waiting.pop(0)
        if block.area < LARGE and not (block.area > MEDIUM and rng.uniform() < 0.4):
            blocks_ready.append(block)
            continue
        ring = shapely.get_coordinates(shapely.oriented_envelope(block).exterior)
        a = ring[1] - ring[0]
        b = ring[2] - ring[1]
        along, across = (a, b) if np.hypot(*a) > np.hypot(*b) else (b, a)
        centre = shapely.get_coordinates(block.centroid)[0] + along * rng.uniform(-0.08, 0.08)
        cut = shapely.LineString([centre - across, centre + across])
        lanes.append(shapely.intersection(block, cut))
        # polygonised, since the cut may leave a block that is not convex in three pieces
        halves = shapely.get_parts(
            shapely.polygonize([shapely.node(shapely.MultiLineString([block.exterior, cut]))])
        )
        # in order of place: that of polygonising may change with the version of GEOS
        waiting += sorted(halves, key=lambda half: (half.centroid.x, half.centroid.y))
    return blocks_ready, lanes


def choose_styles(rng: np.random.Generator, areas: Floats, flats: float) -> Ints:
    """Choose how each plot is built, so that together they take so many flats; -1 is left open.

    Examples
    --------
    >>> choose_styles(np.random.default_rng(0), np.array([4e4, 4e4, 4e4]), 3500).tolist()
    [4, 4, 4]
    """
    styles = rng.choice(len(STYLES), len(areas), p=STYLE_CHANCES)
    hectares = areas / 1e4
    # the least dense first, so that no plot is raised further than all must be
    while (DENSITIES[styles] * hectares).sum() < flats and styles.min() < len(STYLES) - 1:
        k = int(np.argmin(DENSITIES[styles]))
        styles[k] = DENSER[styles[k]]
    # where there is more room than needed, some are built less densely
    for k in rng.permutation(len(areas)):
        lower = int(SPARSER[styles[k]])
        while (
            lower != styles[k]
            and (DENSITIES[styles] * hectares).sum()
            - (DENSITIES[styles[k]] - DENSITIES[lower]) * hectares[k]
            >= flats
        ):
            styles[k] = lower
            lower = int(SPARSER[lower])
    # plots are in order of distance, so it is the outermost that stay open
    for k in range(len(areas))[::-1]:
        room = np.where(styles >= 0, DENSITIES[styles], 0.0) * hectares
        if room.sum() - room[k] >= flats:
            styles[k] = -1
    return np.asarray(styles)


def _settle(rng: np.random.Generator, homes: pd.DataFrame, households: int, sheets: Sheets) -> None:
    """Give the homes their floors and the households of the community."""
    style = homes["style"].to_numpy(np.int64)
    units = (homes["stairs"] * homes["flats"]).to_numpy(float)
    floors, built = fit_floors(
        rng, homes["floors"].to_numpy(float), units, style, households / OCCUPIED
    )
    # households in proportion to flats, of which up to a tenth are empty by chance
    weights = floors * units * rng.uniform(0.9, 1.0, len(homes)) * built
    lived = share_total(households, weights)
    facts = {
        name: np.array([getattr(s, name) for s in STYLES])[style]
        for name in ("persons", "members", "elders")
    }
    columns: dict[str, Any] = {
        "use": "apartments",
        "floors": floors,
        "height": floors * STOREY,
        "stairs": homes["stairs"].to_numpy(float),
        "homes": lived,
        "compound": homes["compound"].to_numpy(object),
        "building_name": homes["building_name"].to_numpy(object),
    }
    chosen = {
        name: values[built] if isinstance(values, np.ndarray) else values
        for name, values in (columns | facts).items()
    }
    sheets.add("buildings", homes["geometry"].to_numpy(object)[built], **chosen)


def _draw_public(rng: np.random.Generator, plot: Plot, title: str, sheets: Sheets) -> None:
    """Draw the public buildings of a community on one plot, in rows from its north side."""
    region = turn_shape(inset(plot.land, 6.0), -plot.angle)
    top = float(region.bounds[3])
    x = np.nan
    right = np.nan
    deep = 0.0
    placed: list[tuple[int, Floats]] = []
    for k, (_, width, depth, *_rest) in enumerate(_PUBLIC):
        for _ in range(2):  # in this row, else in the next
            if np.isfinite(x) and x + width <= right and depth <= deep:
                break
            top = top - (deep + 14.0 if deep else 0.0)
            deep = depth
            starts, ends = find_chords(region, np.array([top - depth - 0.2]), np.array([top - 0.2]))
            x = starts[0]
            right = ends[0]
        # what does not fit is left out: a small community has no hospital
        if not (np.isfinite(x) and x + width <= right):
            continue
        placed.append((k, np.array([x + width / 2, top - 0.2 - depth / 2])))
        x += width + 12.0
    for k, middle in placed:
        use, width, depth, floors, outline, place, institution, name = _PUBLIC[k]
        shape = stamp(
            outline, turn(middle[None], plot.angle), np.array([[width, depth]]), plot.angle
        )
        sheets.add("buildings", shape, use=use, floors=float(floors))
        # floor area, of which a building round a yard has 82 % of a full one
        area = width * depth * floors * (0.82 if outline is COURT else 1.0)
        centre = shapely.point_on_surface(shape)
        sheets.add(
            "places",
            centre,
            kind=place,
            name=title + name,
            floor_area=round(area * rng.uniform(0.6, 1.0) if k == 0 else area),
        )
        if institution:
            sheets.add("institutions", centre, kind=institution, name=title + name, size=area / 150)


def _draw_works(rng: np.random.Generator, plot: Plot, name: str, sheets: Sheets) -> None:
    """Draw a factory: shops before it and office and rows of long halls behind its shops."""
    land = draw_shops(rng, plot, sheets)
    region = inset(land, 12.0)
    if region.is_empty:
        return
    turned = turn_shape(region, -plot.angle)
    depth = rng.uniform(22.0, 30.0)
    low = place_rows(turned, depth, depth + 16.0)
    if not len(low):
        return
    middle, length = pack_rows(turned, low, depth, 18.0, lambda n: rng.uniform(45.0, 90.0, n))
    shapes = stamp(
        RECTANGLE,
        turn(middle, plot.angle),
        np.column_stack([length, np.full(len(length), depth)]),
        plot.angle,
    )
    shapes = shapes[keep_inside(region.buffer(0.5), shapes)]
    sheets.add("buildings", shapes, use="industrial", floors=1.0)
    sheets.add(
        "institutions", shapely.point_on_surface(region), kind="enterprise", name=name, size=120.0
    )


def _draw_park(rng: np.random.Generator, plot: Plot, title: str, wet: bool, sheets: Sheets) -> None:
    """Draw a park, with a lake in it if it is to be wet and is large enough."""
    sheets.add(
        "places", plot.land, kind="park", name=title + "公园", floor_area=round(plot.land.area)
    )
    radius = 0.5 * np.sqrt(plot.land.area / np.pi)
    if not wet or radius < 35.0:
        return
    # a circle of 24 points with two waves, so that the shore is not round
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wobble = (
        1
        + 0.18 * np.sin(2 * turns + rng.uniform(0, 6))
        + 0.1 * np.sin(3 * turns + rng.uniform(0, 6))
    )
    centre = shapely.get_coordinates(plot.land.centroid)[0]
    shore = centre + (radius * wobble)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
    lake = shapely.intersection(shapely.Polygon(shore.round(CENTIMETRE)), inset(plot.land, 12.0))
    lakes: Shapes = np.array([inset(lake, 0.0)], dtype=object)
    sheets.add(
        "barriers", shapely.set_precision(lakes, 0.01), kind="lake", name="公园湖", hard=True
    )
