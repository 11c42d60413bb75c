"""KML and GML, read from memory: nothing is written beside the file, and no address is followed."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from gridplan.errors import InputError, Problem

MARKUP_SUFFIXES = (".kml", ".kmz", ".gml")
# What would have another file or address read: entities, links, and schemas, all by address.
_FOLLOWED = re.compile(
    rb"<!DOCTYPE[^>]*>|<!ENTITY[^>]*>|(?:\w+:)?schemaLocation\s*=\s*(?:\"[^\"]*\"|'[^']*')"
    rb"|<(NetworkLink)\b.*?</NetworkLink>",
    re.DOTALL,
)


def read_markup(path: Path, member: str = "") -> BytesIO:
    """Read a KML, KMZ or GML file, or one in a zip archive, without what it refers to.

    Raises
    ------
    InputError
        If a KMZ holds no KML.
    """
    if member:
        with ZipFile(path) as archive:
            data = archive.read(member)
    else:
        data = path.read_bytes()
    if Path(member or path).suffix.lower() == ".kmz":
        with ZipFile(BytesIO(data)) as archive:
            inner = sorted(m for m in archive.namelist() if m.lower().endswith(".kml"))
            if not inner:
                message = "it holds no KML"
                remedy = "save it again from the program that made it, or as GeoPackage"
                raise InputError([Problem("file", "readable", message, remedy, file=path.name)])
            data = archive.read(inner[0])
    return BytesIO(_FOLLOWED.sub(b"", data))
