"""Names of files and layers: which table of a site each is, in the words of common exporters.

The words are in ``layer_words.csv``. A name that is a table's wins over all
others; of what is neither, the screen and the ledger give the names.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gridplan.reading.checks import INPUT_TABLES
from gridplan.tables.ledger import Entry

# Geofabrik's layer of places holds the names of settlements, which nobody walks to.
_GEOFABRIK = re.compile(r"^(gis_)?osm_(?P<what>.+?)(_a)?(_free)?(_\d+)?$")
_SETTLEMENTS = "places"
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_EASTERN = "\u3040"  # the first letter of scripts without spaces
_WORDS = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]+|(?:(?![\u3040-\u9fff\uac00-\ud7a3])[^\W\d_])+")
_OF_A_PLAN = frozenset({"subgrids", "stairwells", "manifest"})
REMARK = "files"  # step of the ledger whose entries a command shows on the screen


@dataclass(frozen=True)
class LayerRole:
    """What a layer is: a table, and the tag of OpenStreetMap that its column of kinds holds."""

    table: str
    tag: str = ""
    default: str = ""


def find_role(name: str) -> LayerRole | None:
    """Find which table a layer or file is by its name; None where no word is known.

    Examples
    --------
    >>> find_role("gis_osm_roads_free_1")
    LayerRole(table='streets', tag='highway', default='road')
    >>> find_role("Tangshan_铁路").tag, find_role("landmarks")
    ('railway', None)
    >>> [find_role(name).table for name in ("RoadCenterlines", "Здания", "Железные_дороги")]
    ['streets', 'buildings', 'barriers']
    """
    if name in INPUT_TABLES:
        return LayerRole(name)
    # A capital inside a name begins a word: RoadCenterlines.
    plain = _CAPITAL.sub("_", unicodedata.normalize("NFC", name)).lower()
    geofabrik = _GEOFABRIK.match(plain)
    if geofabrik:
        plain = geofabrik["what"]
        if plain == _SETTLEMENTS:
            return None
    words = _WORDS.findall(plain)
    known = [role for word in reversed(words) if (role := _find_word(word)) is not None]
    # A railway is one in two words too: the last of them says only what it is like.
    rails = [role for role in known if role.tag == "railway"]
    if known and known[0].table == "streets" and rails:
        return rails[0]
    return known[0] if known else None


def _find_word(word: str) -> LayerRole | None:
    roles = _read_roles()
    if word in roles:
        return roles[word]
    # Words of Chinese, Japanese and Korean are written without spaces between them.
    return next((roles[w] for w in roles if w in word), None) if word > _EASTERN else None


@cache
def _read_roles() -> dict[str, LayerRole]:
    text = files("gridplan.reading").joinpath("layer_words.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["word"]: LayerRole(row["table"], row["tag"], row["default"]) for row in rows}


def choose_roles(names: Iterable[str]) -> dict[str, LayerRole]:
    """Choose the role of each layer of a source; layers without one are left out.

    A layer that is named exactly after its table leaves out others that would
    be the same table; barriers and places may be many.

    Examples
    --------
    >>> list(choose_roles(["buildings", "houses", "railways", "rivers", "trees"]))
    ['buildings', 'railways', 'rivers']
    """
    found = {name: role for name in names if (role := find_role(name)) is not None}
    exact = {name for name in found if name in INPUT_TABLES} - {"barriers", "places"}
    return {name: role for name, role in found.items() if name in exact or role.table not in exact}


def note_unread(others: Sequence[str], source: str) -> list[Entry]:
    """Name the layers that are no table of a site, for the screen and the ledger."""
    if not others:
        return []
    if set(others) >= _OF_A_PLAN:
        reason = f"layers of {source} that hold the plan and not the land: {', '.join(others)}"
        return [Entry("read", "site", "noted", len(others), reason, tuple(others))]
    reason = (
        f"not used from {source}: {', '.join(others)} (no name of a table; "
        "to use one, name it: --communities, --boundary, --places ... FILE)"
    )
    return [Entry(REMARK, "site", "noted", len(others), reason, tuple(others))]
