"""Files that are written whole or not at all, forced to disk, and tried before the work."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from gridplan.errors import UnwritableError

_USUAL = 0o666  # rights of a new file, less what the user's mask takes away


@contextmanager
def draft_file(path: str | Path) -> Iterator[Path]:
    """Give a draft to write, beside the file that it becomes when the block ends without an error.

    Folders on the way are made. A device such as ``/dev/stdout`` is no file to
    replace and is given itself.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with draft_file(Path(folder) / "new" / "note.txt") as draft:
    ...         _ = draft.write_text("whole")
    ...     [file.read_text() for file in Path(folder).rglob("*.txt")]
    ['whole']
    """
    target = Path(path)
    if target.exists() and not target.is_file():
        yield target
        return
    made = make_folders(target.parent)
    # the usual end of the name stays, since writers choose the format by it
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix
    )
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        force_file(draft)
        os.chmod(draft, _USUAL & ~_read_mask())  # a temporary file is readable by its owner only
        draft.replace(target)
    # an interrupt too: no litter, whatever stopped the writing
    except BaseException:
        draft.unlink(missing_ok=True)
        drop_empty(made)
        raise


def write_files(contents: Mapping[Path, bytes]) -> list[Path]:
    """Write several files that belong together: all are drafted before the first is replaced."""
    drafts: dict[Path, Path] = {}
    made: list[Path] = []
    try:
        for path, content in contents.items():
            if path.exists() and not path.is_file():
                path.write_bytes(content)
                continue
            made += make_folders(path.parent)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
            drafts[path] = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, _USUAL & ~_read_mask())
        for path, draft in drafts.items():
            draft.replace(path)
    except BaseException:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        drop_empty(made)
        raise
    return list(contents)


def try_file(path: str | Path) -> None:
    """Try whether a file can be written, and leave everything as it was.

    Raises
    ------
    UnwritableError
        If it cannot, with what is in the way.
    """
    target = Path(path)
    if target.is_dir():
        raise UnwritableError(f"{target} is a folder -> name a file in it")
    if target.exists() and not os.access(target, os.W_OK):
        raise UnwritableError(f"{target} may not be written -> name another file")
    if not target.exists() or target.is_file():
        try_folder(target.parent)


def try_folder(path: str | Path) -> None:
    """Try whether files can be written into a folder, and leave everything as it was.

    Raises
    ------
    UnwritableError
        If they cannot, with what is in the way.
    """
    folder = Path(path)
    made: list[Path] = []
    try:
        made = make_folders(folder)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".trial-")
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise explain_unwritable(folder, error) from error
    finally:
        drop_empty(made)


def explain_unwritable(path: Path, error: OSError) -> UnwritableError:
    """Say why nothing can be written to a place, and what to do about it."""
    why = error.strerror or type(error).__name__
    return UnwritableError(
        f"{path} cannot be written: {why} -> give another place, or check the disk "
        "and your rights to it"
    )


def make_folders(folder: Path) -> list[Path]:
    """Make a folder with those above it, and list the ones that were not there before."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        drop_empty(missing)
        raise
    return missing


def drop_empty(folders: Iterable[Path]) -> None:
    """Remove those of some folders that are empty, the innermost first."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def remove_path(path: Path) -> None:
    """Remove a file or a folder with all that is in it; nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def force_to_disk(folder: Path) -> None:
    """Force all files of a folder to disk, and their names.

    A disk may keep a rename and lose what was in the file that was renamed.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)
        elif path.is_file():
            force_file(path)
    sync_folder(folder)


def force_file(path: Path) -> None:
    """Force what is in a file to disk."""
    # Windows syncs only files that are open for writing
    with path.open("rb+" if os.name == "nt" else "rb") as content:
        os.fsync(content.fileno())


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    if hasattr(os, "O_DIRECTORY"):  # Windows cannot, and need not, sync a folder
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@cache
def _read_mask() -> int:
    """Read the mask of rights, which the system gives only when it is set."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
