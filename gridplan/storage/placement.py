"""The one way to put files in place: whatever stops it, what is there is the old or the new.

New files are written into a hidden folder, ``.writing-*``, and forced to disk.
One rename makes it ``.placing``, with a journal of what goes where: from then
on the new files are the plan, wherever they are. They are moved to their
places one by one; a run that is killed on the way is finished by the next one
that writes, and until then :func:`locate` finds each file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gridplan.engine.whole_files import force_to_disk, remove_path, sync_folder

PLACING = ".placing"
STAGING = ".writing-"
_JOURNAL = "journal.json"
_OLD = ".replaced"  # folders that have stepped aside


@dataclass(frozen=True)
class FileMoves:
    """What goes from the hidden folder to which place, and what is dropped."""

    puts: Mapping[str, str] = field(default_factory=dict)
    drops: Collection[str] = ()


@contextmanager
def open_staging(target: Path) -> Iterator[Path]:
    """Make a hidden folder on the target's own disk, so that renames put files in place."""
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=target))
    try:
        yield staging
    finally:
        # after an interrupt too; nothing is left of it where the files were put in place
        if staging.exists():
            remove_path(staging)


def place_files(staging: Path, target: Path, steps: FileMoves) -> None:
    """Put staged files in place of the old ones, all or none; the caller holds the folder."""
    journal = {"puts": dict(steps.puts), "drops": list(steps.drops)}
    (staging / _JOURNAL).write_text(json.dumps(journal, ensure_ascii=False), encoding="utf-8")
    # before the rename: a disk may keep a rename and lose what was in the files
    force_to_disk(staging)
    staging.rename(target / PLACING)
    sync_folder(target)
    finish_placing(target)


def finish_placing(target: Path) -> None:
    """Finish what was being put in place, and clear what killed runs have left behind."""
    placing = target / PLACING
    if placing.is_dir():
        steps = _read_steps(placing)
        if steps is not None:
            _carry_out(placing, target, steps)
        # one rename ends it; what is removed after that is litter
        placing.rename(Path(tempfile.mkdtemp(prefix=STAGING, dir=target)) / "done")
    for litter in sorted(target.glob(f"{STAGING}*")):
        remove_path(litter)


def _carry_out(placing: Path, target: Path, steps: FileMoves) -> None:
    """Carry out the steps of a journal; those that were carried out before change nothing."""
    touched = {target}
    for name, place in steps.puts.items():
        new = placing / name
        if new.exists():
            (target / place).parent.mkdir(exist_ok=True)
            _set_aside(target / place, placing)
            new.replace(target / place)
            touched.add((target / place).parent)
    for place in steps.drops:
        _set_aside(target / place, placing)
        (target / place).unlink(missing_ok=True)
    for folder in sorted(touched):
        sync_folder(folder)


def _set_aside(place: Path, placing: Path) -> None:
    """Move a folder aside, since none can be renamed over another or removed at once."""
    if place.is_dir():
        (placing / _OLD).mkdir(exist_ok=True)
        place.rename(Path(tempfile.mkdtemp(dir=placing / _OLD)) / place.name)


def locate(target: str | Path, name: str) -> Path:
    """Locate a file of a plan: in its place, or on the way to it if a run was killed.

    Examples
    --------
    >>> locate("outputs/town", "plan.gpkg").as_posix()
    'outputs/town/plan.gpkg'
    """
    placing = Path(target) / PLACING
    steps = _read_steps(placing)
    if steps is not None:
        for inner, place in steps.puts.items():
            if place == name and (placing / inner).exists():
                return placing / inner
        if name in steps.drops:
            return placing / _OLD / "dropped"  # where nothing is
    return Path(target) / name


def _read_steps(placing: Path) -> FileMoves | None:
    """Read the journal; none where nothing is being put in place."""
    try:
        journal = json.loads((placing / _JOURNAL).read_text(encoding="utf-8"))
        return FileMoves(dict(journal["puts"]), list(journal["drops"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def describe_state(data: Path) -> str:
    """Describe the state of a plan's data by size and time, so that a change shows.

    Examples
    --------
    >>> describe_state(Path("nowhere"))
    ''
    """
    files = sorted(data.iterdir()) if data.is_dir() else [data] if data.is_file() else []
    stats = [(file.name, file.stat()) for file in files]
    return ";".join(f"{name}:{stat.st_size}:{stat.st_mtime_ns}" for name, stat in stats)
