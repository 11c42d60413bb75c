"""Locks of the operating system on files: a run that is killed holds nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def open_lock(path: Path) -> int:
    """Open a file that is locked with :func:`take_lock`, and make it if it is not there."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        # what a killed run of another user left behind can be locked all the same
        return os.open(path, os.O_RDONLY)


def is_same(handle: int, path: Path) -> bool:
    """Whether the file that is open is still the one in the folder."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def take_lock(handle: int) -> bool:
    """Take the lock of a file without waiting; False if another run has it.

    On a disk without locks everybody gets it: what is left there is the check
    before placing.
    """
    return try_lock(handle) is not False


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a byte beyond the text, which others can still read

    def try_lock(handle: int) -> bool | None:
        """Take the lock of a file without waiting; False if another run has it.

        None if the disk has no locks.
        """
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def try_lock(handle: int) -> bool | None:
        """Take the lock of a file without waiting; False if another run has it.

        None if the disk has no locks.
        """
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True
