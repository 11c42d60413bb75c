"""OpenStreetMap files as an editor saves them: deleted objects, and new ones without a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

BLOCK = 2**20  # bytes read at once
_EDITED = re.compile(rb"""action=["']delete["']|visible=["']false["']|\b(?:id|ref)=["']-\d""")
_KINDS = ("node", "way", "relation")


def drop_deleted(path: Path, folder: Path) -> tuple[Path, int]:
    """Write a file of OpenStreetMap's XML without what an editor marked as deleted.

    Objects with negative numbers, which are new and have none yet, get numbers
    above all others, and all objects are put in the order that readers expect.

    Parameters
    ----------
    path
        A file in OSM's XML format.
    folder
        Where the copy is written.

    Returns
    -------
    The file to read, ``path`` itself where no editor left a trace, and the
    number of deleted objects.
    """
    if not _is_edited(path):
        return path, 0
    objects: dict[str, dict[int, ElementTree.Element]] = {kind: {} for kind in _KINDS}
    deleted = 0
    for element in _list_objects(path):
        if element.get("action") == "delete" or element.get("visible") == "false":
            deleted += 1
        else:
            objects[element.tag][int(element.get("id", "0"))] = element
    numbers = {kind: _number_new(objects[kind]) for kind in _KINDS}
    out = folder / "saved.osm"
    with out.open("wb") as file:
        file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n')
        for kind in _KINDS:
            for old in sorted(objects[kind], key=numbers[kind].__getitem__):
                _renumber(objects[kind][old], numbers)
                file.write(ElementTree.tostring(objects[kind][old], encoding="utf-8"))
        file.write(b"</osm>\n")
    return out, deleted


def _is_edited(path: Path) -> bool:
    """Whether a file has marks of an editor; read in blocks, as extracts may be large."""
    with path.open("rb") as file:
        end = b""
        while block := file.read(BLOCK):
            if _EDITED.search(end + block):
                return True
            end = block[-32:]  # a mark may lie across two blocks
    return False


def _list_objects(path: Path) -> Iterator[ElementTree.Element]:
    """List the nodes, ways and relations of a file."""
    for _, element in ElementTree.iterparse(path, events=("end",)):
        if element.tag in _KINDS:
            yield element


def _number_new(objects: dict[int, ElementTree.Element]) -> dict[int, int]:
    """Give each object of one kind a number: old ones stay, new ones follow as they were made."""
    last = max([0, *objects])
    new = sorted((number for number in objects if number <= 0), reverse=True)
    return {number: number for number in objects} | {
        number: last + place + 1 for place, number in enumerate(new)
    }


def _renumber(element: ElementTree.Element, numbers: dict[str, dict[int, int]]) -> None:
    """Write an object's number, and those that it refers to, as they are now."""
    element.set("id", str(numbers[element.tag][int(element.get("id", "0"))]))
    for child in list(element):
        if child.tag not in ("nd", "member"):
            continue
        kind = "node" if child.tag == "nd" else child.get("type", "")
        number = int(child.get("ref", "0"))
        if number > 0 and number not in numbers.get(kind, {}) and child.tag == "member":
            continue  # extracts name members that lie outside of them
        if number in numbers.get(kind, {}):
            child.set("ref", str(numbers[kind][number]))
        else:
            element.remove(child)
