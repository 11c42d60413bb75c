"""Kinds of barriers that have none of their own, by the name of the file they came from."""

from __future__ import annotations

from dataclasses import replace

from gridplan.site import Reading
from gridplan.tables.ledger import Entry

# What the barriers of a file without a column of kinds are: the first of these
# words in the file's name decides, so 水库 comes before 水 and 高速 before 公路.
KIND_WORDS = {
    "rail": "railway",
    "铁路": "railway",
    "river": "river",
    "河": "river",
    "lake": "lake",
    "湖": "lake",
    "reservoir": "reservoir",
    "水库": "reservoir",
    "canal": "canal",
    "渠": "canal",
    "stream": "stream",
    "water": "water",
    "水": "water",
    "motorway": "motorway",
    "高速": "motorway",
    "wall": "wall",
    "fence": "wall",
    "围墙": "wall",
    "road": "main_road",
    "street": "main_road",
    "highway": "main_road",
    "道路": "main_road",
    "公路": "main_road",
}


def name_barriers(reading: Reading, file: str) -> Reading:
    """Name the kind of barriers that have none after the file they came from."""
    frame = reading.tables["barriers"]
    kind = next((k for word, k in KIND_WORDS.items() if word in file.lower()), None)
    if kind is None:
        return reading
    known = (
        frame["kind"].notna() & (frame["kind"] != "")
        if "kind" in frame.columns
        else frame.geometry.map(lambda _: False)
    )
    named = frame.assign(kind=frame["kind"].where(known, kind) if "kind" in frame.columns else kind)
    entry = Entry(
        "read", "barriers", "inferred", int((~known).sum()), f"kind {kind}, from the name of {file}"
    )
    return replace(
        reading, tables={**reading.tables, "barriers": named}, entries=(*reading.entries, entry)
    )
