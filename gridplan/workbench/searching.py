"""Searching a plan by what people say: 12号楼2单元, a code, the name of a compound."""

from __future__ import annotations

import re
import unicodedata
import weakref
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gridplan.workbench.desk import Desk

_SHOWN = 20  # hits that are sent
_DIGITS = dict(zip("一二三四五六七八九", range(1, 10), strict=True)) | {"两": 2}
_NUMERAL = re.compile("[一二三四五六七八九两]?十[一二三四五六七八九]?|[一二三四五六七八九两]")
_DOOR = re.compile(r"^(.*?)[,，]?(?:第)?(\d+)(?:单元|门|梯)$|^(.*?)[,，]?(?:stairwell|door)(\d+)$")
# Words for a building that people use one for another.
_BUILDING = re.compile(r"(\d+)(?:号楼|栋楼|栋|幢|座|号|#|楼)")


@dataclass(frozen=True)
class Hit:
    """One thing that can be found: what it is, where, and the texts that it is found by."""

    what: str
    code: str
    name: str
    community: str
    place: str
    compound: str = ""
    homes: tuple[str, ...] = ()
    door: int = 0
    texts: tuple[str, ...] = field(default=(), repr=False)

    def to_data(self) -> dict[str, Any]:
        """Return it as the page needs it."""
        names = ("what", "code", "name", "community", "place", "compound", "door")
        return {**{name: getattr(self, name) for name in names}, "homes": list(self.homes)}


@lru_cache(maxsize=50_000)
def normalise(text: str) -> str:
    """Write what is said of one thing in one way.

    Examples
    --------
    >>> normalise("１２ 栋 第二单元"), normalise("十二号楼2单元")
    ('12号楼2单元', '12号楼2单元')
    """
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"\s+", "", text).replace("第", "")
    # Numerals are read before the words that count things; names keep theirs.
    text = re.sub(
        rf"({_NUMERAL.pattern})(?=号楼|栋|幢|座|单元|号$)",
        lambda m: str(_read_numeral(m[1])),
        text,
    )
    return _BUILDING.sub(r"\1号楼", text)


def _read_numeral(text: str) -> int:
    """Read a number below 100 in Chinese numerals."""
    if "十" not in text:
        return _DIGITS[text]
    tens, ones = text.split("十")
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)


def search(desk: Desk, text: str) -> list[dict[str, Any]]:
    """Search communities, compounds, buildings, stairwells and sub-grids of a plan.

    What is called so comes first, then what begins so, then what holds the
    text; at most 20 are returned.
    """
    wanted = normalise(text)
    if not wanted:
        return []
    if desk not in _INDEXES:
        _INDEXES[desk] = _list_things(desk)
    door = _DOOR.match(wanted)
    ranked = []
    for hit in [*_list_subgrids(desk), *_INDEXES[desk]]:
        rank = _rank(hit, wanted, door)
        if rank is not None:
            ranked.append((rank, _ORDER[hit.what], len(hit.code), hit.code, hit))
    ranked.sort(key=lambda row: row[:4])
    return [row[4].to_data() for row in ranked[:_SHOWN]]


_INDEXES: weakref.WeakKeyDictionary[Desk, list[Hit]] = weakref.WeakKeyDictionary()
_ORDER = {"community": 0, "compound": 1, "building": 2, "subgrid": 3, "stairwell": 4}


def _rank(hit: Hit, wanted: str, door: re.Match[str] | None) -> int | None:
    """Rank a thing: 0 where it is called so, 1 where it begins or ends so, 2 where it holds it."""
    if hit.what == "stairwell" and door is not None:
        building, number = (door[1], door[2]) if door[2] else (door[3], door[4])
        if hit.door != int(number):
            return None
        wanted = building
        if not wanted:
            return None
    best: int | None = None
    for text in hit.texts:
        if text == wanted:
            return 0
        if text.startswith(wanted) or text.endswith(wanted):
            # 2号楼 is not the end of 12号楼.
            apart = text.startswith(wanted) or not (
                wanted[0].isdigit() and text[-len(wanted) - 1].isdigit()
            )
            best = 1 if apart else best
        elif best is None and wanted in text and not _BUILDING.fullmatch(wanted):
            best = 2
    return best


def _list_subgrids(desk: Desk) -> list[Hit]:
    """List the sub-grids as they are now; they are known by their codes alone."""
    names = _name_communities(desk)
    return [
        Hit(
            "subgrid",
            code,
            code,
            over,
            names.get(over, over),
            texts=(normalise(code), normalise(code.rpartition("-")[2])),
        )
        for code, over in dict(desk.state.lies_in).items()
    ]


def _name_communities(desk: Desk) -> dict[str, str]:
    table = desk.plan.site.communities
    return {
        str(code): str(name) if isinstance(name, str) and name else str(code)
        for code, name in zip(table.index, table["name"], strict=True)
    }


def _list_things(desk: Desk) -> list[Hit]:
    """List communities, compounds, buildings and stairwells with the texts they are found by."""
    names = _name_communities(desk)
    hits = [
        Hit("community", code, name, code, name, texts=(normalise(name), normalise(code)))
        for code, name in names.items()
    ]
    doors = desk.plan.stairwells
    compounds = desk.plan.site.compounds
    called = {
        str(code): str(name) if isinstance(name, str) else ""
        for code, name in zip(compounds.index, compounds["name"], strict=True)
    }
    buildings = desk.plan.site.buildings
    labels = dict(zip(buildings.index, buildings["building_name"], strict=True))
    by_compound: dict[str, list[str]] = {}
    by_building: dict[str, list[tuple[str, int]]] = {}
    where: dict[str, tuple[str, str]] = {}
    for code, building, compound, community, door in zip(
        doors.index,
        doors["building"],
        doors["compound"],
        doors["community"],
        doors["door"],
        strict=True,
    ):
        compound = str(compound or "")
        by_compound.setdefault(compound, []).append(str(code))
        by_building.setdefault(str(building), []).append((str(code), int(door)))
        where[str(building)] = (compound, str(community))
        where.setdefault(compound, ("", str(community)))
    for compound, homes in sorted(by_compound.items()):
        if compound:
            over = where[compound][1]
            name = called.get(compound, "")
            texts = tuple(normalise(text) for text in (name, compound) if text)
            place = names.get(over, over)
            hits.append(Hit("compound", compound, name, over, place, "", tuple(homes), 0, texts))
    for building, pairs in sorted(by_building.items()):
        compound, over = where[building]
        label = labels.get(building)
        name = str(label) if isinstance(label, str) else ""
        hits += _list_building(
            building, name, (over, names.get(over, over), called.get(compound, "")), pairs
        )
    return hits


def _list_building(
    code: str, name: str, where: tuple[str, str, str], pairs: list[tuple[str, int]]
) -> list[Hit]:
    """List a building and its stairwells."""
    over, place, compound = where
    said = normalise(f"{name}号楼" if name.isdigit() else name)
    texts = [said, normalise(compound) + said] if said else []
    texts.append(normalise(code))
    homes = tuple(home for home, _ in pairs)
    hits = [Hit("building", code, name, over, place, compound, homes, 0, tuple(texts))]
    by_door: dict[int, list[str]] = {}
    for home, door in pairs:
        by_door.setdefault(door, []).append(home)
    hits += [
        Hit(
            "stairwell",
            doors[0],
            name or code,
            over,
            place,
            compound,
            tuple(doors),
            door,
            (*texts, *(normalise(home) for home in doors)),
        )
        for door, doors in sorted(by_door.items())
    ]
    return hits
