"""A small OpenStreetMap PBF file, written by hand: some houses, so that it can be damaged."""

import struct
import zlib
from itertools import pairwise


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(key, value):
    """Write a field of a message: a whole number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(key << 3) + _varint(value)
    return _varint(key << 3 | 2) + _varint(len(value)) + value


def _zigzag(number):
    return number * 2 if number >= 0 else -number * 2 - 1


def _blob(kind, data):
    blob = _field(2, len(data)) + _field(3, zlib.compress(data))
    head = _field(1, kind) + _field(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


def write_pbf(houses=6):
    """Write the bytes of a file with houses of six floors in Tangshan."""
    words = [b"", b"building", b"apartments", b"building:levels", b"6"]
    nodes, ways, number = b"", b"", 1
    for house in range(houses):
        refs = []
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)):
            lon, lat = 1_181_800_000 + house * 4_000 + x * 1_000, 396_300_000 + y * 1_000
            parts = ((1, _zigzag(number)), (8, _zigzag(lat)), (9, _zigzag(lon)))
            nodes += _field(1, b"".join(_field(key, value) for key, value in parts))
            refs.append(number)
            number += 1
        refs.append(refs[0])
        steps = [refs[0], *(b - a for a, b in pairwise(refs))]
        way = _field(1, number) + _field(2, bytes([1, 3])) + _field(3, bytes([2, 4]))
        way += _field(8, b"".join(_varint(_zigzag(step)) for step in steps))
        ways += _field(3, way)
        number += 1
    table = b"".join(_field(1, word) for word in words)
    block = _field(1, table) + _field(2, nodes) + _field(2, ways)
    return _blob(b"OSMHeader", _field(4, b"OsmSchema-V0.6")) + _blob(b"OSMData", block)
