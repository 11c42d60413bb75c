"""Documents that another program has open, found before anything is written over them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gridplan.errors import UnwritableError


def refuse_open_documents(paths: Iterable[Path]) -> None:
    """Refuse to write over a document that Word, WPS, Excel or LibreOffice has open.

    Windows refuses to open such a file for writing; elsewhere the file that the
    program keeps beside it says so.

    Raises
    ------
    UnwritableError
        With the file to close.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     document = Path(folder) / "report.docx"
    ...     refuse_open_documents([document])
    """
    for path in paths:
        if not path.is_file():
            continue
        marks = [path.with_name(name) for name in _name_marks(path.name)]
        there = next((mark for mark in marks if mark.exists()), None)
        if there is not None:
            raise UnwritableError(
                f"{path} is open in another program ({there.name} is beside it) -> close it there, "
                "or delete that file if the program is no longer running, and run again"
            )
        try:
            path.open("r+b").close()
        except PermissionError as error:
            raise UnwritableError(
                f"{path} may not be replaced: another program has it open, or it is write-protected"
                " -> close it there, or name another file, and run again"
            ) from error


def _name_marks(name: str) -> list[str]:
    """Name the files by which programs mark a document as open."""
    # Word drops two letters of a name; short names keep all.
    return [f"~${name}", f"~${name[2:]}", f".~lock.{name}#"]
