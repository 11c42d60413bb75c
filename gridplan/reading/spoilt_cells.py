"""Cells of a sheet that hold no value: errors such as #N/A, formulas that nobody reckoned."""

from __future__ import annotations

import posixpath
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ERROR = re.compile(rb'\bt="e"')
_FORMULA = re.compile(rb"<f[ />]")
_PLACE = re.compile(r"([A-Z]+)(\d+)")
NO_VALUE = "a formula without a value"


def find_spoilt_cells(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Find the cells of a sheet that hold an error or a formula without a value.

    Rows and columns count from 0. Only .xlsx and .xlsm say so; of other kinds,
    nothing is known.
    """
    try:
        with zipfile.ZipFile(path) as book:
            part = book.read(_find_part(book, sheet))
    except (OSError, KeyError, zipfile.BadZipFile, ElementTree.ParseError, StopIteration):
        return {}
    # Most sheets have neither, which is soon seen.
    if not (_ERROR.search(part) or _FORMULA.search(part)):
        return {}
    spoilt = {}
    for cell in ElementTree.fromstring(part).iter(f"{_MAIN}c"):
        value = cell.findtext(f"{_MAIN}v") or ""
        why = ""
        if cell.get("t") == "e":
            why = value or "#N/A"
        elif cell.find(f"{_MAIN}f") is not None and not value:
            why = NO_VALUE
        found = _PLACE.fullmatch(cell.get("r", ""))
        if why and found:
            spoilt[int(found[2]) - 1, _number_column(found[1])] = why
    return spoilt


def _find_part(book: zipfile.ZipFile, sheet: str) -> str:
    """Find the part of a workbook that holds a sheet."""
    root = ElementTree.fromstring(book.read("xl/workbook.xml"))
    link = next(s.get(_LINK) for s in root.iter(f"{_MAIN}sheet") if s.get("name") == sheet)
    links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    target = next(one.get("Target", "") for one in links if one.get("Id") == link)
    return posixpath.normpath(posixpath.join("xl", target)).lstrip("/")


def _number_column(letters: str) -> int:
    """Find the number of a column of a sheet, from 0.

    Examples
    --------
    >>> _number_column("A"), _number_column("AA")
    (0, 26)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
