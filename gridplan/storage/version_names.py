"""Names of versions: what an office calls a plan, kept with its files and going where they go.

The name is a file beside the plan's data. It is put in place with the plan,
linked with it into ``PLAN/versions``, and comes back with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from gridplan.engine.whole_files import draft_file
from gridplan.errors import InputError, Problem

NOTE = "version.json"
LONGEST = 60  # letters of a name


@dataclass(frozen=True)
class VersionNote:
    """What a version is called, since when, and by which office or post."""

    name: str
    time: str = ""
    by: str = ""


def make_note(name: str, time: str = "", by: str = "") -> VersionNote:
    """Make the note of a name, its spaces tidied.

    Raises
    ------
    InputError
        If the name is empty, too long, or holds what cannot be printed.

    Examples
    --------
    >>> make_note(" after  the meeting ").name
    'after the meeting'
    """
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > LONGEST or not tidy.isprintable():
        remedy = f"write 1 to {LONGEST} letters on one line"
        message = f"{tidy[:LONGEST]!r} is no name of a version"
        raise InputError([Problem("versions", "names can be read", message, remedy)])
    return VersionNote(tidy, time, by)


def write_note(file: Path, note: VersionNote) -> None:
    """Write a note into a file, whole or not at all; other links to the file stay as they are."""
    with draft_file(file) as draft:
        draft.write_text(json.dumps(asdict(note), ensure_ascii=False) + "\n", encoding="utf-8")


def read_note(place: Path) -> VersionNote | None:
    """Read what the version in a folder is called; nothing where it has no name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_note(Path(folder) / NOTE, make_note("after the meeting"))
    ...     read_note(Path(folder))
    VersionNote(name='after the meeting', time='', by='')
    """
    try:
        content = json.loads((place / NOTE).read_text(encoding="utf-8"))
        return VersionNote(str(content["name"]), str(content["time"]), str(content["by"]))
    # A name that cannot be read must not keep anybody from the version.
    except (OSError, ValueError, KeyError, TypeError):
        return None
