"""Where map and legend stand in a picture: the map as large as it can be, the legend clear of it.

All lengths are millimetres from the lower left corner of the picture, unless
they are said to be metres of the land.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import shapely

from gridplan.arrays import Shapes
from gridplan.plots.sheet.panel import COLUMN, Row, list_rows, split_rows
from gridplan.plots.sheet.paper import Frame
from gridplan.plots.sheet.texts import Typeface
from gridplan.plots.sheet.true_scale import KEY_SIZE
from gridplan.plots.sheet.view import Key
from gridplan.plots.sheet.window import Window

EDGE = 2.0  # mm of air between the land and the frame, and round the legend's texts
BAR = 14.0  # mm of height of scale bar and arrow, at the size of A4
BAR_WIDTH = 46.0  # mm
STEP = 1.04  # from one scale that is tried to the next
LEAST_MAP = 0.45  # of the picture's width or height, that the legend must leave to the map


@dataclass(frozen=True)
class Block:
    """The legend as a block: its size, and its entries column by column.

    The scale bar stands below the only column, or to the right of several.
    """

    width: float
    height: float
    columns: list[list[Row]]
    column: float


@dataclass(frozen=True)
class PictureLayout:
    """Where map and legend stand, and which land the map shows; ``inside`` is a legend on it."""

    map: Frame
    key: Frame
    block: Block
    window: Window
    inside: bool

    @property
    def share(self) -> float:
        """The share of the picture that the legend leaves to the map."""
        key = self.key.width * self.key.height
        whole = self.map.width * self.map.height + (0 if self.inside else key)
        return 1 - key / whole


def measure_block(
    keys: Sequence[Key], notes: Sequence[str], type_: Typeface, size: float, width: float = 0.0
) -> Block:
    """Measure the legend as one column, or as a strip of a width in mm."""
    points = KEY_SIZE * size
    if not width:
        column = COLUMN * size
        rows = list_rows(keys, notes, column - EDGE, type_, points)
        tall = sum(row.get_height(points) for row in rows)
        return Block(column + 2 * EDGE, tall + BAR * size + 2 * EDGE, [rows], column)
    rest = width - 2 * EDGE - BAR_WIDTH * size
    count = max(1, int(rest // (COLUMN * size)))
    column = rest / count
    rows = list_rows(keys, notes, column - EDGE, type_, points)
    columns = split_rows(rows, count, points)
    tall = max(sum(row.get_height(points) for row in part) for part in columns)
    return Block(width, max(tall, BAR * size) + 2 * EDGE, columns, column)


def arrange_picture(
    size: tuple[float, float],
    land: tuple[float, float, float, float],
    covered: Shapes,
    column: Block,
    strip: Block,
) -> PictureLayout:
    """Arrange map and legend so that the land is as large as it can be.

    Parameters
    ----------
    size
        Width and height of the picture.
    land
        West, south, east and north of the land to show, in metres.
    covered
        The land that a legend on the map may not cover, in metres; empty where
        the legend must stand beside it.
    column, strip
        The legend as one column and as a strip.

    Examples
    --------
    >>> import numpy as np
    >>> hill = np.array([shapely.Polygon([(0, 0), (100, 0), (100, 100)])])
    >>> block = Block(20.0, 20.0, [[]], 20.0)
    >>> made = arrange_picture((104, 104), (0, 0, 100, 100), hill, block, block)
    >>> made.inside, made.key.x, made.key.y
    (True, 0.0, 84.0)
    """
    width, height = size
    whole = Frame(0, 0, width, height)
    outside = []
    if width - column.width > LEAST_MAP * width and column.height <= height:
        side = Frame(width - column.width, 0, column.width, height)
        outside.append((Frame(0, 0, width - column.width, height), side, column))
    if height - strip.height > LEAST_MAP * height or not outside:
        below = Frame(0, 0, width, strip.height)
        outside.append((Frame(0, strip.height, width, height - strip.height), below, strip))
    scale, n = min((fit_scale(frame, land), n) for n, (frame, _, _) in enumerate(outside))
    if column.height < height and column.width < width and len(covered):
        step = fit_scale(whole, land)
        while step <= scale:
            for key, window in _list_corners(whole, land, column, step):
                west, south = window.to_land(key.x, key.y)
                east, north = window.to_land(key.x + key.width, key.y + key.height)
                if not shapely.intersects(covered, shapely.box(west, south, east, north)).any():
                    return PictureLayout(whole, key, column, window, inside=True)
            step *= STEP
    frame, key, block = outside[n]
    window = Window(
        (land[0] + land[2]) / 2, (land[1] + land[3]) / 2, frame.width, frame.height, scale
    )
    return PictureLayout(frame, key, block, window, inside=False)


def fit_scale(frame: Frame, land: tuple[float, float, float, float]) -> float:
    """Find the largest scale at which land of so many metres fits in a frame, as 1 to so many."""
    air = min(2 * EDGE, 0.2 * min(frame.width, frame.height))
    return max(
        1000 * (land[2] - land[0]) / (frame.width - air),
        1000 * (land[3] - land[1]) / (frame.height - air),
    )


def _list_corners(
    whole: Frame, land: tuple[float, float, float, float], block: Block, scale: float
) -> Iterator[tuple[Frame, Window]]:
    """List the corners where a legend may stand, with the land pushed away from it by steps."""
    spare_x = whole.width - 2 * EDGE - (land[2] - land[0]) * 1000 / scale
    spare_y = whole.height - 2 * EDGE - (land[3] - land[1]) * 1000 / scale
    x, y = (land[0] + land[2]) / 2, (land[1] + land[3]) / 2
    for push, (right, up) in product((0.0, 1.0), product((True, False), (True, False))):
        key = Frame(
            whole.width - block.width if right else 0.0,
            whole.height - block.height if up else 0.0,
            block.width,
            block.height,
        )
        # The land goes left where the legend is right: the window's middle then goes right.
        metres = push * scale / 1000 / 2
        window = Window(
            x + max(spare_x, 0.0) * metres * (1 if right else -1),
            y + max(spare_y, 0.0) * metres * (1 if up else -1),
            whole.width,
            whole.height,
            scale,
        )
        yield key, window
