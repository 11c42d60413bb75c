"""What a view of a sheet is made of: colours of sub-grids, shapes and marks over them, legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridplan.arrays import Shapes
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.tables.palette import EXCLUSIVE, OPEN_LAND
from gridplan.tables.schema import Language
from gridplan.tables.words import say

Key = tuple[str, Any, str]  # how it is drawn, in which colour or colours, what it means


@dataclass(frozen=True)
class Overlay:
    """Shapes over the sub-grids: ``area`` or ``line``, and how matplotlib draws them."""

    kind: str
    shapes: Shapes
    look: dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """A sign at a point of the land, in metres, and a short text in it."""

    x: float
    y: float
    sign: str  # "post", "gap", "host", "point"
    colour: str
    text: str = ""


@dataclass(frozen=True)
class Caption:
    """A text that a view wants beside the codes: the land or point that it is of, in metres.

    Captions are placed before the codes of sub-grids.
    """

    land: Any
    text: str
    colour: str


@dataclass(frozen=True)
class View:
    """How a plan is shown: one colour for each sub-grid, in the plan's order, and what is over it.

    ``title`` says what is shown, ``notes`` what the reader must know.
    ``has_codes`` says whether sub-grids are labelled.
    """

    title: str
    fills: list[str]
    keys: list[Key]
    overlays: Sequence[Overlay] = ()
    marks: Sequence[Mark] = ()
    captions: Sequence[Caption] = ()
    notes: Sequence[str] = field(default=())
    has_codes: bool = True


def fill_homes(plan: Plan, colours: Sequence[str]) -> list[str]:
    """Give residential sub-grids the colours of a list, in their order, and other land its own."""
    unlived = {"exclusive": EXCLUSIVE, "open": OPEN_LAND}
    return [
        unlived.get(kind, colour)
        for kind, colour in zip(plan.subgrids["kind"], colours, strict=True)
    ]


def list_unlived_keys(plan: Plan, lang: Language) -> list[Key]:
    """List what the legend says of exclusive grids and open land, where there are any."""
    there = set(plan.subgrids["kind"])
    kinds = (("exclusive", EXCLUSIVE, "exclusive"), ("open", OPEN_LAND, "open_open"))
    return [("fill", colour, say(word, lang)) for kind, colour, word in kinds if kind in there]


def require_column(plan: Plan, column: str, what: str) -> Any:
    """Return a column of the residential sub-grids, NaN elsewhere; refuse one that is blank.

    Raises
    ------
    PlanError
        If a release leaves the column out, or it was never filled.
    """
    table = plan.subgrids
    values = table[column].to_numpy(float).copy()
    values[(table["kind"] != "residential").to_numpy()] = np.nan
    if plan.is_release:
        raise PlanError(
            f"the map cannot show {what}: a release leaves it out -> map the working plan"
        )
    if np.isnan(values).all():
        raise PlanError(f"the map cannot show {what}: the plan does not hold it")
    return values
