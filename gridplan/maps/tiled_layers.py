"""Tiled layers: all shapes packed into the page and painted tile by tile, for plans of any size.

The pack is one gzipped stream: a JSON head (figures, layers, where each
begins), then for every layer whole numbers of variable length: per feature its
row and its number of rings, per ring its number of points, and the points as
steps in millionths of a degree from the point before. A step within a city
takes one or two bytes that way.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Ints, Shapes
from gridplan.maps.map_shapes import DIGITS, Sheet
from gridplan.maps.page_elements import make_statement, make_switch, put
from gridplan.tables.schema import Language
from gridplan.tables.words import say

OVERLAYS = (
    "subgrids",
    "out",
    "specials",
    "grids",
    "party",
    "communities",
    "buildings",
    "streets",
    "barriers",
)


def add_tiled_layers(plan_map: Any, sheet: Sheet, lang: Language) -> None:
    """Add the shapes of a plan to its map, packed, with a switch for each kind of shape.

    Kinds that the plan lacks have none.
    """
    pack = pack_sheet(sheet)
    empty = {
        name
        for name, shapes in (
            ("specials", sheet.specials),
            ("grids", sheet.grids),
            ("party", sheet.party),
        )
        if not len(shapes)
    }
    for overlay in (o for o in OVERLAYS if o not in empty):
        put(plan_map, make_switch(say(overlay, lang), f'makeOverlay("{overlay}")'))
    for name in sheet.compounds:
        put(plan_map, make_switch(say(name, lang), f'makeOverlay("{name}")', show=False))
    place = f"gridplan-pack-{plan_map._id}"
    body = f'<script type="text/plain" id="{place}">{pack}</script>'
    put(plan_map, make_statement(f'loadTiles("{place}")', body))


def pack_sheet(sheet: Sheet) -> str:
    """Pack the shapes and figures of a map as gzipped base64 text, the same for the same sheet."""
    codes = {"home": sheet.home_codes, "other_building": sheet.other_codes}
    figures = {"records": sheet.records, "communities": sheet.community_records}
    return pack_shapes(figures, _list_layers(sheet), codes)


def pack_shapes(
    figures: Mapping[str, Any],
    named: Iterable[tuple[str, Shapes, list[str]]],
    codes: Mapping[str, list[str]] | None = None,
) -> str:
    """Pack figures, and shapes under their names, as gzipped base64 text.

    ``codes`` are those of the shapes of some layers, by row.
    """
    layers = []
    bodies = []
    offset = 0
    for name, shapes, names in named:
        for kind, rows, parts in _split_kinds(shapes):
            body = encode_numbers(list_numbers(rows, parts))
            layers.append(
                {
                    "name": name,
                    "kind": kind,
                    "count": len(parts),
                    "at": offset,
                    "names": _find_names(names),
                    "codes": (codes or {}).get(name, []),
                }
            )
            bodies.append(body)
            offset += len(body)
    return pack_stream({**figures, "layers": layers}, b"".join(bodies))


def pack_stream(head: Mapping[str, Any], body: bytes) -> str:
    """Pack figures, and bytes behind them, as gzipped base64 text."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    # The head's length comes first, so that the page knows where the body begins.
    stream = len(text).to_bytes(4, "little") + text + body
    # gzip writes the time of day into its header unless it is given one.
    return base64.b64encode(gzip.compress(stream, compresslevel=7, mtime=0)).decode()


def _list_layers(sheet: Sheet) -> Iterator[tuple[str, Shapes, list[str]]]:
    """List the layers of a sheet in the order of the pack, each with the names of its shapes."""
    yield "communities", sheet.communities, []
    yield "subgrids", sheet.subgrids, []
    for family, shapes in sheet.streets.items():
        yield f"street_{family}", shapes, []
    for family, shapes in sheet.barriers.items():
        yield family, shapes, []
    yield "special", sheet.specials, []
    yield "grids", sheet.grids, []
    for level, shapes in (*sheet.party.items(), *sheet.compounds.items()):
        yield level, shapes, []
    yield "opening", sheet.openings, []
    yield "other_building", sheet.other_buildings, sheet.other_names
    yield "home", sheet.homes, sheet.home_names


def _find_names(names: list[str]) -> dict[str, str]:
    """List the names that are not empty, by row."""
    return {str(row): name for row, name in enumerate(names) if name}


def _split_kinds(shapes: Shapes) -> Iterator[tuple[str, Ints, Shapes]]:
    """Take shapes apart into single points, lines and polygons, with the row each came from."""
    parts, rows = shapely.get_parts(shapes, return_index=True)
    # The numbers are the geometry types of GEOS.
    for kind, number in (("point", 0), ("line", 1), ("polygon", 3)):
        is_kind = (shapely.get_type_id(parts) == number) & ~shapely.is_empty(parts)
        if is_kind.any():
            yield kind, rows[is_kind].astype(np.int64), parts[is_kind]


def list_numbers(rows: Ints, parts: Shapes) -> Ints:
    """List shapes of one kind as whole numbers.

    First the rows, the rings per shape and the points per ring, then the
    points as steps.

    Examples
    --------
    >>> line = shapely.LineString([(0, 0), (0.000003, 0.000001)])
    >>> list_numbers(np.array([7]), np.array([line])).tolist()
    [7, 1, 2, 0, 0, 3, 1]
    """
    if shapely.get_type_id(parts[0]) == 3:
        rings, part_of = shapely.get_rings(parts, return_index=True)
        ring_counts = np.bincount(part_of, minlength=len(parts))
    else:
        # A point or a line counts as one ring, so that the page reads all kinds alike.
        rings = parts
        ring_counts = np.ones(len(parts), dtype=np.int64)
    # Steps run on from one ring to the next: neighbouring shapes are near each other.
    points = np.round(shapely.get_coordinates(rings) * 10**DIGITS).astype(np.int64)
    steps = np.diff(points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    lengths = shapely.get_num_coordinates(rings)
    return np.concatenate([np.diff(rows, prepend=0), ring_counts, lengths, steps.ravel()]).astype(
        np.int64
    )


def encode_numbers(numbers: Ints) -> bytes:
    """Encode whole numbers in as few bytes as each needs.

    The sign is folded in, seven bits go into a byte, and the top bit is set
    where more bytes follow.

    Examples
    --------
    >>> list(encode_numbers(np.array([0, -1, 1, 64])))
    [0, 1, 2, 128, 1]
    """
    # Zigzag: 0, -1, 1, -2 ... become 0, 1, 2, 3 ..., so that small steps stay short.
    folded = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    # Six bytes hold 42 bits; degrees in millionths need fewer than 30.
    lengths = np.ones(len(folded), dtype=np.int64)
    for more in range(1, 6):
        lengths += folded >= np.uint64(1 << (7 * more))
    out = np.zeros(int(lengths.sum()), dtype=np.uint8)
    starts = np.cumsum(lengths) - lengths
    # The bytes of one place are written for all numbers at once.
    for place in range(6):
        has = lengths > place
        seven = (folded[has] >> np.uint64(7 * place)) & np.uint64(127)
        more_follow = np.where(lengths[has] > place + 1, 128, 0).astype(np.uint8)
        out[starts[has] + place] = seven.astype(np.uint8) | more_follow
    return out.tobytes()
