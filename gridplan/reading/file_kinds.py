"""Whether a file is of the kind that its name says, seen from its first bytes.

GDAL opens a file by what is in it, whatever its name: a virtual file named
``town.gpkg`` would make it fetch an address or read other files of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

from gridplan.errors import InputError, Problem

HEAD = 4096  # bytes that are looked at
# JSON that is no data but the description of a service or of steps to be run.
_ACTIVE_JSON = re.compile(
    rb"gdal_streamed_alg|conformsTo|stac_version|/vsi|serviceItemId|\"links\"\s*:\s*\["
)


def _is_json(head: bytes) -> bool:
    plain = head.lstrip(b"\xef\xbb\xbf").lstrip()
    return plain[:1] in (b"{", b"[", b"\x1e") and not _ACTIVE_JSON.search(plain)


def _is_markup(head: bytes) -> bool:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return plain.startswith(b"<") and (b"kml" in plain or b"gml" in plain)


def _is_mapinfo(head: bytes) -> bool:
    # Tables of other types are views of other files and of databases.
    plain = head.lstrip().lower()
    return plain.startswith(b"!table") and b"type native" in plain


KINDS: Mapping[str, Callable[[bytes], bool]] = {
    ".gpkg": lambda head: head.startswith(b"SQLite format 3\0"),
    ".shp": lambda head: head.startswith(b"\x00\x00\x27\x0a"),
    ".fgb": lambda head: head.startswith(b"fgb"),
    ".json": _is_json,
    ".geojson": _is_json,
    ".geojsonl": _is_json,
    ".geojsons": _is_json,
    ".geojsonseq": _is_json,
    ".ndjson": _is_json,
    ".kml": _is_markup,
    ".gml": _is_markup,
    ".tab": _is_mapinfo,
    ".mif": lambda head: head.lstrip()[:7].lower() == b"version",
    ".kmz": lambda head: head.startswith(b"PK\x03\x04"),
}


def check_kind(path: Path, member: str = "") -> None:
    """Check that a file, or a member of a zip archive, begins as a file of its suffix does.

    Raises
    ------
    InputError
        If it begins otherwise: it is damaged, misnamed, or points elsewhere.
    """
    suffix = Path(member or path).suffix.lower()
    if suffix not in KINDS or (not member and not path.is_file()):
        return
    if member:
        with ZipFile(path) as archive, archive.open(member) as file:
            head = file.read(HEAD)
    else:
        with path.open("rb") as file:
            head = file.read(HEAD)
    if not KINDS[suffix](head):
        what = "is empty" if not head else "does not begin as one does"
        message = f"its name ends in {suffix}, and it {what}"
        remedy = (
            "see that the file is whole and named after its kind; "
            "links to other data are not followed"
        )
        raise InputError([Problem("file", "kinds of file", message, remedy, file=path.name)])
