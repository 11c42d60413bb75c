"""The land that a map shows, and how it comes to paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Shapes


@dataclass(frozen=True)
class Window:
    """The land that a frame of paper shows: its middle in metres, its size in mm, its scale."""

    x: float
    y: float
    width: float
    height: float
    scale: float

    @property
    def box(self) -> Any:
        """The land as a rectangle, in metres."""
        half, tall = (side * self.scale / 2000 for side in (self.width, self.height))
        return shapely.box(self.x - half, self.y - tall, self.x + half, self.y + tall)

    def to_paper(self, shapes: Shapes) -> Shapes:
        """Bring shapes from metres to millimetres from the lower left corner of the frame."""
        west, south, _, _ = shapely.bounds(self.box)
        factor = 1000 / self.scale
        moved = shapely.transform(shapes, lambda xy: (xy - np.array([west, south])) * factor)
        return np.asarray(moved, dtype=object)

    def to_land(self, x: float, y: float) -> tuple[float, float]:
        """Bring a point from millimetres of the frame to metres."""
        west, south, _, _ = shapely.bounds(self.box)
        return west + x * self.scale / 1000, south + y * self.scale / 1000
