"""What a page needs to show a plan: an overview of all communities, and one community whole.

Coordinates are whole centimetres from the plan's south-western corner, so
that they are short and exact enough to aim at; no figure is computed from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Shapes
from gridplan.land.community_land import slice_footprints
from gridplan.plan import Plan
from gridplan.planning.prepare import take_inner
from gridplan.workbench.desk import Desk
from gridplan.workbench.drawing import Drawn

_CM = 100.0
_BESIDE = 60.0  # metres around a community within which streets and buildings are shown


@dataclass(frozen=True)
class Origin:
    """The south-western corner of a plan, in metres of its own CRS."""

    x: float
    y: float

    def pack(self, shape: Any) -> list[list[int]]:
        """Pack a shape as lists of x, y, x, y ...: a list for each ring or line."""
        return self.pack_all([shape])[0]

    def pack_all(self, shapes: Iterable[Any]) -> list[list[list[int]]]:
        """Pack many shapes at once, each as :meth:`pack` packs it.

        Rings come first, the outer ring of each polygon before its holes, then lines.

        Examples
        --------
        >>> Origin(0.0, 0.0).pack_all([shapely.box(0, 0, 1, 1), shapely.Point(), None])
        [[[100, 0, 100, 100, 0, 100, 0, 0, 100, 0]], [], []]
        """
        shapes_in = np.array(list(shapes), dtype=object)
        packed: list[list[list[int]]] = [[] for _ in shapes_in]
        parts, owner = shapely.get_parts(shapes_in, return_index=True)
        dimension = shapely.get_dimensions(parts)
        rings, part = shapely.get_rings(parts[dimension == 2], return_index=True)
        lines = dimension == 1
        curves = np.concatenate([rings, parts[lines]])
        owners = np.concatenate([owner[dimension == 2][part], owner[lines]])
        xy, curve = shapely.get_coordinates(curves, return_index=True)
        numbers = self.pack_points(xy)
        ends = 2 * np.searchsorted(curve, np.arange(len(curves)), side="right")
        begin = 0
        for whose, end in zip(owners.tolist(), ends.tolist(), strict=True):
            if end > begin:
                packed[whose].append(numbers[begin:end])
            begin = end
        return packed

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Turn centimetres of the page into metres of the plan's CRS."""
        return self.x + x / _CM, self.y + y / _CM

    def pack_points(self, xy: Floats) -> list[int]:
        """Pack points as one list of x, y, x, y ..."""
        cm = np.rint((xy - [self.x, self.y]) * _CM).astype(np.int64)
        numbers: list[int] = cm.ravel().tolist()
        return numbers


def find_origin(plan: Plan) -> Origin:
    """Find the corner that all coordinates of a plan's pages are counted from."""
    west, south, _, _ = plan.site.communities.total_bounds
    return Origin(float(np.floor(west)), float(np.floor(south)))


def describe_plan(desk: Desk, origin: Origin, figures: pd.DataFrame) -> dict[str, Any]:
    """Describe a plan by its communities: outline, households, and what is out of rule."""
    plan = desk.plan
    over = pd.Series(desk.state.lies_in).reindex(figures.index)
    out = ~(figures["in_band"].astype(bool) & figures["contiguous"].astype(bool))
    sums = pd.DataFrame({"households": figures["households"], "out": out, "community": over})
    grouped = sums.groupby("community").agg(
        households_now=("households", "sum"), out=("out", "sum"), subgrids=("out", "size")
    )
    table = plan.site.communities.join(grouped)
    names = _fill_names(table)
    rows = [
        {
            "code": str(code),
            "name": name,
            "kind": str(kind),
            "households": _count(households),
            "subgrids": _count(subgrids),
            "out": _count(out_of),
            "outline": outline,
        }
        for code, name, kind, households, subgrids, out_of, outline in zip(
            table.index,
            names,
            table["kind"],
            table["households_now"],
            table["subgrids"],
            table["out"],
            origin.pack_all(shapely.simplify(table.geometry.to_numpy(), 2.0)),
            strict=True,
        )
    ]
    return {"communities": rows}


def describe_community(desk: Desk, community: str, drawn: Drawn, origin: Origin) -> dict[str, Any]:
    """Describe one community: homes, buildings, sub-grids, exclusive grids, streets.

    ``drawn`` has the newest outlines.
    """
    plan = desk.plan
    rows = np.flatnonzero(desk.board.community == community)
    doors = plan.stairwells.iloc[rows]
    codes = sorted(code for code, over in desk.state.lies_in.items() if over == community)
    problem, _ = desk.board.get_problem(community)
    inner = take_inner(plan.neighbours, doors)
    homes = _describe_homes(doors, desk.state.member[rows], codes, origin, plan.site.buildings)
    pairs = np.column_stack(
        [doors.index.get_indexer(inner["focal"]), doors.index.get_indexer(inner["neighbour"])]
    )
    outline = plan.site.communities.geometry[community]
    return {
        "code": community,
        "as_of": desk.number,
        "band": [problem.band.low, problem.band.target, problem.band.high],
        "straight": problem.matrix is None,
        "walked": bool(len(plan.neighbours)),
        "outline": origin.pack(outline),
        "codes": codes,
        "centres": [desk.state.centres.get(code, "") for code in codes],
        "outlines": describe_outlines(drawn, codes, origin),
        "lone": _describe_lone(drawn, community, origin),
        "pairs": [int(v) for v in pairs.ravel()],
        "around": _describe_around(plan, outline, doors, origin),
        **_describe_compounds(plan, doors),
        **homes,
    }


def describe_outlines(drawn: Drawn, codes: Iterable[str], origin: Origin) -> dict[str, Any]:
    """Describe the outlines of some sub-grids; those that are not drawn yet are left out."""
    shapes = {code: shape for code in codes if (shape := drawn.find(code)) is not None}
    return dict(zip(shapes, origin.pack_all(shapes.values()), strict=True))


def _describe_homes(
    doors: Any, member: Any, codes: list[str], origin: Origin, buildings: Any
) -> dict[str, Any]:
    """Describe stairwells as columns, with the piece of the footprint that each lies in."""
    place = {code: n for n, code in enumerate(codes)}
    names = list(dict.fromkeys(doors["building"]))
    number = {name: n for n, name in enumerate(names)}
    keys = list(zip(doors["building"], doors["slice_from"], doors["slice_to"], strict=True))
    pieces = list(dict.fromkeys(keys))
    piece = {key: n for n, key in enumerate(pieces)}
    footprints = buildings.geometry.reindex([key[0] for key in pieces]).to_numpy().copy()
    begin = np.array([key[1] for key in pieces])
    end = np.array([key[2] for key in pieces])
    cut = (begin > 0) | (end < 1)
    if cut.any():
        footprints[cut] = slice_footprints(footprints[cut], begin[cut], end[cut])
    xy = origin.pack_points(shapely.get_coordinates(doors.geometry.to_numpy()))
    table = buildings.reindex(names)
    return {
        "homes": [str(code) for code in doors.index],
        "households": [int(v) for v in doors["households"]],
        "subgrid": [place[str(code)] for code in member],
        "xy": xy,
        "climb": [round(float(v), 3) for v in doors["climb"]],
        "door": [int(v) for v in doors["door"]],
        "floors": [int(v) for v in doors[["floor_from", "floor_to"]].to_numpy().ravel()],
        "stack": _number_stacks(doors),
        "building": [number[name] for name in doors["building"]],
        "piece": [piece[key] for key in keys],
        "pieces": origin.pack_all(footprints),
        "buildings": [
            {"code": str(code), "name": str(name or ""), "estimated": str(how) != "observed"}
            for code, name, how in zip(
                table.index, table["building_name"], table["households_origin"], strict=True
            )
        ],
    }


def _describe_compounds(plan: Plan, doors: Any) -> dict[str, Any]:
    """Describe the compounds of stairwells, and which each lies in; -1 where in none."""
    codes = sorted({str(code) for code in doors["compound"]} - {""})
    number = {code: n for n, code in enumerate(codes)}
    names = plan.site.compounds["name"].reindex(codes)
    return {
        "compounds": [
            {"code": code, "name": str(name) if isinstance(name, str) else ""}
            for code, name in zip(codes, names, strict=True)
        ],
        "compound": [number.get(str(code), -1) for code in doors["compound"]],
    }


def _number_stacks(doors: Any) -> list[int]:
    """Give each door a number, which the stairwells one above the other behind it share."""
    keys = list(zip(doors["building"], doors["door"], strict=True))
    number = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    return [number[key] for key in keys]


def _describe_lone(drawn: Drawn, community: str, origin: Origin) -> list[dict[str, Any]]:
    """Describe exclusive grids and open land, which hold no homes."""
    table = drawn.subgrids
    lone = table[(table["community"] == community) & (table["kind"] != "residential")]
    return [
        {
            "code": str(code),
            "kind": str(kind),
            "name": str(name or ""),
            "outline": outline,
        }
        for code, kind, name, outline in zip(
            lone.index,
            lone["kind"],
            lone["institution"],
            origin.pack_all(lone.geometry),
            strict=True,
        )
    ]


def _describe_around(plan: Plan, outline: Any, doors: Any, origin: Origin) -> dict[str, Any]:
    """Describe what is drawn behind the homes: streets, barriers, buildings without homes."""
    near = shapely.buffer(outline, _BESIDE)
    lived = set(doors["building"])
    plain = _meet(plan.site.buildings, near)
    plain = plain[~plain.index.isin(lived)]
    streets = _meet(plan.site.streets, near)
    barriers = _meet(plan.site.barriers, near)
    return {
        "plain": origin.pack_all(plain.geometry),
        "streets": [
            {"name": str(name or ""), "kind": str(kind), "lines": lines}
            for name, kind, lines in zip(
                streets["name"], streets["kind"], origin.pack_all(streets.geometry), strict=True
            )
        ],
        "barriers": [
            {"kind": str(kind), "name": str(name or ""), "lines": lines}
            for kind, name, lines in zip(
                barriers["kind"], barriers["name"], origin.pack_all(barriers.geometry), strict=True
            )
        ],
    }


def _meet(table: Any, land: Any) -> Any:
    """Take the rows of a table that meet some land."""
    shapes: Shapes = table.geometry.to_numpy()
    rows = shapely.STRtree(shapes).query(land, predicate="intersects")
    return table.iloc[np.sort(rows)]


def _fill_names(table: Any) -> list[str]:
    names = zip(table.index, table["name"], strict=True)
    return [str(name) if isinstance(name, str) and name else str(code) for code, name in names]


def _count(value: Any) -> int:
    return 0 if pd.isna(value) else int(value)
