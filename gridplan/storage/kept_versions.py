"""Versions of a plan kept beside it, so that the last step can be undone to the very files.

``PLAN/versions/0001`` holds the files of a plan before it was written over,
linked, not copied: the files of the new plan are others, so a link costs
nothing. A version appears and goes together with the plan that replaces it.
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

from gridplan.engine.placement import FileMoves, open_staging
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.storage.companion_files import Summary
from gridplan.storage.plan_folder import (
    OWN_FILES,
    VERSION_FILES,
    More,
    choose_writer,
    put_files,
    put_steps,
    reserve_plan,
)
from gridplan.storage.version_names import NOTE, VersionNote, read_note, write_note

VERSIONS = "versions"
UNDONE = "undone"  # what the last undo took away
KEPT = 20  # versions without a name; older ones of these are removed
_BEFORE = ".before"  # in the hidden folder: the plan that is replaced


def replace_plan(
    plan: Plan, folder: Path, *, overwrite: bool = False, note: VersionNote | None = None
) -> Path | None:
    """Write a plan, and keep the one it replaces as the newest version, which is returned.

    The oldest versions beyond the last 20 are removed, except those that have
    a name. There is no version where there was no plan. ``note`` is what the
    new plan is called.

    Raises
    ------
    OutputExistsError, PlanBusyError, UnwritableError
        As :func:`gridplan.storage.plan_folder.write_plan` raises them.
    """
    write_data = choose_writer(plan)

    def write(staging: Path) -> Summary:
        summary = write_data(staging)
        if note is not None:
            write_note(staging / NOTE, note)
        return summary

    with reserve_plan(folder, overwrite):
        if not any((folder / name).exists() for name in OWN_FILES):
            put_files(folder, write)
            return None
        version, more = stage_version(folder)
        put_files(folder, write, more)
    return version


def stage_version(folder: Path) -> tuple[Path, More]:
    """Choose the place of the newest version of a plan, and what links the plan's files there."""
    versions = list_versions(folder)
    # one above the newest that is kept: the numbers are the order
    number = 1 + max((int(version.name) for version in versions), default=0)
    version = f"{VERSIONS}/{number:04d}"
    # the new version counts among those kept; what somebody named is not removed unasked
    nameless = [place for place in versions if read_note(place) is None]
    oldest = nameless[: max(0, len(nameless) + 1 - KEPT)]
    drops = [f"{VERSIONS}/{old.name}" for old in oldest]
    return folder / version, partial(_stage_version, folder, version, drops)


def _stage_version(folder: Path, version: str, drops: list[str], staging: Path) -> FileMoves:
    """Link the files of the plan that is there into the hidden folder, as its newest version."""
    link_plan(folder, staging / _BEFORE)
    return FileMoves({_BEFORE: version}, drops)


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
    PlanBusyError
        If another run is writing the plan.
    """
    _find_newest(folder)  # before anything is made there
    with reserve_plan(folder, overwrite=True), open_staging(folder) as staging:
        version = _find_newest(folder)
        names = link_plan(version, staging)
        link_plan(folder, staging / _BEFORE)
        puts = {**{name: name for name in names}, _BEFORE: f"{VERSIONS}/{UNDONE}"}
        # what the old plan did not have goes, and so does the version, which is now the plan
        drops = [name for name in VERSION_FILES if name not in names]
        put_steps(staging, folder, FileMoves(puts, [*drops, f"{VERSIONS}/{version.name}"]))
    return version


def _find_newest(folder: Path) -> Path:
    versions = list_versions(folder)
    if not versions:
        raise PlanError(f"{folder} keeps no version before this one -> nothing to undo")
    return versions[-1]


def list_versions(folder: Path) -> list[Path]:
    """List the versions that are kept, the oldest first."""
    home = folder / VERSIONS
    return (
        sorted(v for v in home.iterdir() if v.name.isdecimal() and v.is_dir())
        if home.is_dir()
        else []
    )


def name_version(folder: Path, version: str, note: VersionNote) -> None:
    """Name a version that is kept, or the plan as it stands where ``version`` is empty.

    Raises
    ------
    PlanError
        If there is no such version.
    PlanBusyError
        If another run is writing the plan.
    """
    with reserve_plan(folder, overwrite=True):
        places = {place.name: place for place in list_versions(folder)} | {"": folder}
        if version not in places:
            raise PlanError(f"{folder} keeps no version {version} -> see gridplan history {folder}")
        write_note(places[version] / NOTE, note)


def link_plan(source: Path, target: Path) -> list[str]:
    """Link the files of a plan into another folder; returns their names."""
    target.mkdir(exist_ok=True)
    names = [name for name in VERSION_FILES if (source / name).exists()]
    for name in names:
        _link(source / name, target / name)
    return names


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
