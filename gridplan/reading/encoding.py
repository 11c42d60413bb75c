"""In which encoding the text of a file is written, judged from its bytes, never guessed.

UTF-8 proves itself: text of another encoding with more than a few Chinese
characters is practically never valid UTF-8. GBK and its successor GB18030
prove nothing, since almost any bytes are valid in them, so these are asked
about.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from gridplan.errors import InputError, Problem

# Values of byte 29 of a .dbf that name no encoding: none, and those that writers
# put there whatever the text.
_EMPTY_LANGUAGES = frozenset({0x00, 0x01, 0x02, 0x03, 0x57})
_HEADER = 32  # bytes of the header before the descriptions of fields
_FIELD = 32  # bytes of the description of one field


@dataclass(frozen=True)
class Sidecars:
    """The text of a shapefile: its ``.dbf``, and what its ``.cpg`` says, if it has one."""

    dbf: bytes
    cpg: str


def read_sidecars(path: Path, member: str = "") -> Sidecars:
    """Read the ``.dbf`` and ``.cpg`` of a shapefile, or of a ``member`` of a zip archive."""
    sidecars = {}
    if member:
        with ZipFile(path) as archive:
            stem = member.rsplit(".", 1)[0].lower()
            # writers on Windows mix HOUSES.DBF with houses.shp
            names = {n.lower(): n for n in archive.namelist()}
            for suffix in (".dbf", ".cpg"):
                if stem + suffix in names:
                    sidecars[suffix] = archive.read(names[stem + suffix])
    else:
        for file in sorted(path.parent.iterdir()):
            if file.stem == path.stem and file.suffix.lower() in {".dbf", ".cpg"}:
                sidecars[file.suffix.lower()] = file.read_bytes()
    return Sidecars(
        sidecars.get(".dbf", b""), sidecars.get(".cpg", b"").decode("ascii", "ignore").strip()
    )


def find_shapefile_encoding(
    sidecars: Sidecars, file: str, encoding: str | None = None
) -> str | None:
    """Find the encoding to read a shapefile with; None leaves it to what the file says of itself.

    Parameters
    ----------
    sidecars
        The text of the shapefile.
    file
        Name of the file, for messages.
    encoding
        The user's word for text that is not UTF-8.

    Raises
    ------
    InputError
        If the text is not UTF-8 and nobody says what it is.
    """
    words = [w for w in _list_texts(sidecars.dbf) if not w.isascii()]
    if not words:
        return None
    is_utf8 = all(map(_is_utf8, words))
    says_utf8 = sidecars.cpg.upper().replace("-", "") in {"UTF8", "65001"}
    declares = bool(sidecars.cpg) or sidecars.dbf[29] not in _EMPTY_LANGUAGES
    # both agree: GDAL reads it right
    if says_utf8 and is_utf8:
        return None
    if encoding is not None and not is_utf8:
        # the user's word counts before the file's own, which is often wrong
        return check_encoding(encoding, file)
    # the file names a code page, and GDAL knows what to do with it
    if declares and not says_utf8:
        return None
    if is_utf8:
        return "UTF-8"
    promise = "UTF-8, as its .cpg says" if says_utf8 else "UTF-8, and no .cpg says what it is"
    raise InputError([_describe_encoding(words, file, promise)])


def _list_texts(dbf: bytes) -> Iterator[bytes]:
    """List the field names and the distinct text values of a ``.dbf``, as bytes."""
    if len(dbf) < _HEADER:
        return
    rows, start, width = (
        int.from_bytes(dbf[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12))
    )
    offset = 1  # each record begins with a mark of deletion
    # a header may promise more rows than the file holds
    rows = min(rows, (len(dbf) - start) // width if width else 0)
    table = (
        np.frombuffer(dbf, np.uint8, rows * width, start).reshape(rows, width)
        if rows
        else np.empty((0, width), np.uint8)
    )
    for position in range(_HEADER, start - _FIELD + 1, _FIELD):
        field = dbf[position : position + _FIELD]
        # a carriage return ends the descriptions; some writers pad the header after it
        if field[:1] == b"\r":
            break
        yield field[:11].split(b"\0")[0]
        length = field[16]
        if field[11:12] == b"C" and length:
            column = table[:, offset : offset + length]
            # ASCII is the same in every encoding and says nothing
            foreign = np.ascontiguousarray(column[(column >= 0x80).any(axis=1)])
            for value in np.unique(foreign.view(f"S{length}")) if len(foreign) else ():
                yield bytes(value).rstrip(b" \0")
        offset += length


def _is_utf8(text: bytes) -> bool:
    """Whether bytes are UTF-8, but for a last character that the field's width cuts off."""
    try:
        # incremental: an incomplete last character is no error
        codecs.getincrementaldecoder("utf-8")().decode(text, final=False)
    except UnicodeDecodeError:
        return False
    return True


def decode_text(data: bytes, file: str, encoding: str | None = None) -> str:
    """Decode the text of a file: UTF-8 with or without a byte-order mark, else as the user says.

    Raises
    ------
    InputError
        If the text is not UTF-8 and nobody says what it is, or it is not what
        the user says.

    Examples
    --------
    >>> decode_text("编号,层数".encode(), "houses.csv")
    '编号,层数'
    >>> decode_text("编号,层数".encode("gbk"), "houses.csv", encoding="gb18030")
    '编号,层数'
    """
    try:
        # valid UTF-8 is hardly ever anything else, so it comes first
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if encoding is None:
            raise InputError([_describe_encoding([data], file, "UTF-8")]) from None
    try:
        return data.decode(check_encoding(encoding, file))
    except UnicodeDecodeError as error:
        message = f"its text is not {encoding}, as said (byte {error.start})"
        remedy = "give the encoding that the file was written in, or save it as UTF-8"
        raise InputError([Problem("text", "encoding", message, remedy, file=file)]) from None


def check_encoding(encoding: str, file: str) -> str:
    """Refuse the name of an encoding that does not exist.

    Examples
    --------
    >>> check_encoding("GBK", "houses.shp")
    'GBK'
    """
    try:
        codecs.lookup(encoding)
    except LookupError:
        remedy = "use utf-8, gb18030, big5 or another name that Python knows"
        raise InputError(
            [Problem("text", "encoding", f"there is no encoding {encoding!r}", remedy, file=file)]
        ) from None
    return encoding


def _describe_encoding(words: list[bytes], file: str, missed: str) -> Problem:
    """Describe that the encoding is missing, and whether the bytes could be GB18030."""
    try:
        for word in words:
            # most bytes that are not UTF-8 can be read as GB18030, so it is only a
            # guess
            codecs.getincrementaldecoder("gb18030")().decode(word, final=False)
        guess = "it may be GBK or GB18030"
    except UnicodeDecodeError:
        guess = "it is not GB18030 either"
    remedy = (
        'say which it is, encoding="gb18030" (--encoding gb18030) for most Chinese files, '
        "or save it as UTF-8"
    )
    return Problem("text", "encoding", f"its text is not {missed}; {guess}", remedy, file=file)
