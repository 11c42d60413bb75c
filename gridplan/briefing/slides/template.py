"""An office's own deck as a template: opened with care, checked for the layouts that are needed."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gridplan.briefing.slides.layouts import LAYOUTS, list_spots
from gridplan.errors import InputError, Problem

LARGEST = 200_000_000  # bytes of all parts together
MOST_PARTS = 2000
_LINKS = re.compile(rb"<Relationship\b[^>]*>")
_ACTIVE = ("vbaproject", "activex", "/embeddings/ole", ".bin", "/oleobject")
_REMEDY = "write slides without a template, change their master in a program, and give that file"


def open_template(path: Path) -> Any:
    """Open a template without its slides.

    Raises
    ------
    InputError
        If it is no .pptx, holds programs or links to elsewhere, or lacks a layout.
    """
    from pptx import Presentation

    _check_parts(path)
    try:
        presentation: Any = Presentation(str(path))
        lacking = _list_lacking(presentation)
    except Exception as error:  # whatever a broken file does to the reader
        raise _refuse(path, "it cannot be read as slides") from error
    if lacking:
        raise _refuse(path, "layouts or places are lacking", _REMEDY, lacking)
    slides = presentation.slides._sldIdLst
    for slide in list(slides):
        presentation.part.drop_rel(slide.rId)
        slides.remove(slide)
    for groups in presentation.part._element.findall("{*}extLst"):
        presentation.part._element.remove(groups)  # of slides that are gone
    return presentation


def _refuse(
    path: Path, message: str, remedy: str = "give a .pptx file", ids: Sequence[str] = ()
) -> InputError:
    """Say what is wrong with a template, in one line."""
    return InputError([Problem("template", "slides", message, remedy, tuple(ids), str(path))])


def _check_parts(path: Path) -> None:
    """Check a file before anything in it is read: size, programs, links, definitions of types."""
    try:
        with zipfile.ZipFile(path) as file:
            parts = file.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST:
                raise _refuse(path, "it is too large", "take pictures and slides out of it")
            names = [part.filename for part in parts]
            if "ppt/presentation.xml" not in names:
                raise _refuse(path, "it holds no slides")
            active = [name for name in names if any(mark in name.lower() for mark in _ACTIVE)]
            active = [name for name in active if "printersettings" not in name.lower()]
            if active:
                raise _refuse(path, "it holds programs or objects", "save it without them", active)
            for name in names:
                if name.endswith((".xml", ".rels")):
                    _check_text(path, name, file.read(name))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise _refuse(path, "it cannot be read as slides") from error
    except RuntimeError as error:  # a part that asks for a password
        raise _refuse(path, "it is locked by a password", "save it without one") from error


def _check_text(path: Path, name: str, text: bytes) -> None:
    """Check one part: no definitions of types, no links that load something from elsewhere."""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise _refuse(path, "a part defines types of its own", "save the file again", [name])
    outside = [tag for tag in _LINKS.findall(text) if b"External" in tag]
    if any(b"/hyperlink" not in tag for tag in outside):
        remedy = "put what it loads into the file itself"
        raise _refuse(path, "a part loads something from elsewhere", remedy, [name])


def _list_lacking(presentation: Any) -> list[str]:
    """List the layouts, and places of layouts, that a deck needs and a template lacks."""
    lacking = []
    for key, (name, _) in LAYOUTS.items():
        layout = presentation.slide_layouts.get_by_name(name)
        if layout is None:
            lacking.append(name)
            continue
        there = {spot.placeholder_format.idx for spot in layout.placeholders}
        needed = [spot for spot in list_spots(key) if spot.kind not in ("dt", "ftr", "sldNum")]
        lacking += [f"{name}: {spot.name}" for spot in needed if spot.idx not in there]
    return lacking
