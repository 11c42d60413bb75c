"""Versions of a plan kept beside it, so that the last step can be undone to the very files.

``PLAN/versions/0001`` holds the files of a plan before it was written over,
linked, not copied: the files of the new plan are others, so a link costs
nothing.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gridplan.errors import PlanError
from gridplan.storage.plan_folder import OWN_FILES, refuse_existing

VERSIONS = "versions"
UNDONE = "undone"  # what the last undo took away
KEPT = 20  # versions; older ones are removed


def keep_version(folder: Path) -> Path | None:
    """Keep a folder's plan as its newest version before it is written over; None if empty.

    The oldest versions beyond the last 20 are removed.
    """
    if not any((folder / name).exists() for name in OWN_FILES):
        return None
    versions = list_versions(folder)
    # one above the newest that is kept: the numbers are the order
    target = folder / VERSIONS / f"{1 + max((int(v.name) for v in versions), default=0):04d}"
    _keep_as(folder, target)
    # the new version counts among those kept
    for old in versions[: max(0, len(versions) + 1 - KEPT)]:
        shutil.rmtree(old)
    return target


def _keep_as(folder: Path, target: Path) -> None:
    """Link the files of a plan into another folder, which is there whole or not at all."""
    # under a name that is no number, so that a broken-off copy is never listed
    staging = target.with_name(f".{target.name}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    for name in OWN_FILES:
        if (folder / name).exists():
            _link(folder / name, staging / name)
    shutil.rmtree(target, ignore_errors=True)
    staging.rename(target)


def drop_version(version: Path | None) -> None:
    """Remove a version that was kept for a plan that then was not written."""
    if version is not None:
        shutil.rmtree(version, ignore_errors=True)


def recall_version(folder: Path) -> Path:
    """Put the newest version's files back in place of the plan's; returns where it was.

    What was there is kept in ``PLAN/versions/undone``, so that nothing is
    lost.

    Raises
    ------
    PlanError
        If no version is kept.
    OutputExistsError
        If another program has the plan open.
    """
    versions = list_versions(folder)
    if not versions:
        raise PlanError(f"{folder} keeps no version before this one -> nothing to undo")
    refuse_existing(folder, overwrite=True)
    version = versions[-1]
    _keep_as(folder, folder / VERSIONS / UNDONE)
    for name in OWN_FILES:
        place = folder / name
        old = version / name
        # linked under another name first, so that one rename puts it in place
        fresh = folder / f".{name}.back"
        _remove(fresh)
        if old.exists():
            _link(old, fresh)
        # a folder cannot be renamed over, and what the old plan did not have goes
        if place.is_dir() or not old.exists():
            _remove(place)
        if old.exists():
            fresh.replace(place)
    shutil.rmtree(version)
    return version


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def list_versions(folder: Path) -> list[Path]:
    """List the versions that are kept, the oldest first."""
    home = folder / VERSIONS
    return (
        sorted(v for v in home.iterdir() if v.name.isdecimal() and v.is_dir())
        if home.is_dir()
        else []
    )


def _link(source: Path, target: Path) -> None:
    """Link a file, or all files of a folder; copy where the disk has no links."""
    if source.is_dir():
        target.mkdir()
        for inner in sorted(source.iterdir()):
            _link(inner, target / inner.name)
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
