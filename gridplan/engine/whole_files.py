"""Files that are written whole or not at all, forced to disk, and tried before the work."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gridplan.engine.file_lock import is_same, open_lock, take_lock, try_lock
from gridplan.errors import UnwritableError

DRAFTS = ".gridplan-draft-"
_LOCK = ".lock"


@contextmanager
def draft_file(path: str | Path) -> Iterator[Path]:
    """Give a draft to write, which becomes the file when the block ends without an error.

    Folders on the way are made. A device such as ``/dev/stdout`` is no file to
    replace and is given itself. The draft is in a hidden folder beside the
    file; what a killed run left of one is cleared by the next that drafts there.

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
    try:
        clear_drafts(target.parent)
        with _open_draft_folder(target.parent) as folder:
            draft = folder / target.name  # writers choose the format by the end of the name
            yield draft
            force_file(draft)
            draft.replace(target)
        sync_folder(target.parent)
    # an interrupt too: no litter, whatever stopped the writing
    except BaseException:
        drop_empty(made)
        raise


@contextmanager
def _open_draft_folder(parent: Path) -> Iterator[Path]:
    """Make a hidden folder for a draft, locked for as long as the draft is being written."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=DRAFTS, dir=parent))
        handle = _lock_drafts(folder, take_lock)
        # none where another run took the folder for litter before it was locked
        if handle is not None:
            break
    try:
        yield folder
    finally:
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
            shutil.rmtree(folder, ignore_errors=True)  # where an open file cannot be removed


def clear_drafts(parent: Path) -> None:
    """Clear what killed runs left of their drafts in a folder; those being written stay.

    On a disk without locks nobody knows which they are, and all stay.
    """
    for folder in sorted(parent.glob(f"{DRAFTS}*")):
        with suppress(OSError):  # another user's, in a folder that all share
            handle = _lock_drafts(folder, lambda handle: try_lock(handle) is True)
            if handle is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)


def _lock_drafts(folder: Path, take: Callable[[int], bool]) -> int | None:
    """Lock a folder of drafts; none where another run has it, or where it is gone."""
    lock = folder / _LOCK
    try:
        handle = open_lock(lock)
    except FileNotFoundError:
        return None
    if take(handle) and is_same(handle, lock):
        return handle
    os.close(handle)
    return None


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
        with _open_draft_folder(folder):
            pass
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
