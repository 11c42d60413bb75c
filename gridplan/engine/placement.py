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
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gridplan.engine.reservation import recall_state, reserve_folder
from gridplan.engine.whole_files import (
    clear_drafts,
    draft_file,
    force_to_disk,
    remove_path,
    sync_folder,
)
from gridplan.errors import PlanBusyError

PLACING = ".placing"
STAGING = ".writing-"
_JOURNAL = "journal.json"
_OLD = ".replaced"  # folders that have stepped aside
_PATIENCE = 30.0  # seconds that several files wait for another run to leave their folder


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


def put_together(target: Path, write: Callable[[Path], FileMoves]) -> None:
    """Write several files into a folder, all or none of them, and one run at a time.

    ``write`` fills the hidden folder that it is given, and says what of it goes
    where. The folder is made if it is not there.

    Raises
    ------
    PlanBusyError, UnwritableError
        As :func:`gridplan.engine.reservation.reserve_folder` raises them.
    """
    with reserve_folder(target):
        if recall_state(target) is None:  # else whoever reserved it before has done so
            finish_placing(target)
        with open_staging(target) as staging:
            place_files(staging, target, write(staging))


def write_files(contents: Mapping[Path, bytes]) -> list[Path]:
    """Write several files that belong together: none is replaced before all are on the disk.

    Files of one folder are put in place with a journal, so that a run that is
    killed leaves all of the old or all of the new.
    """
    by_folder: dict[Path, dict[str, bytes]] = {}
    for path, content in contents.items():
        if path.exists() and not path.is_file():  # a device is no file to replace
            path.write_bytes(content)
        else:
            by_folder.setdefault(path.parent, {})[path.name] = content
    for folder, files in by_folder.items():
        if len(files) == 1:  # one rename needs neither a journal nor the folder for itself
            with draft_file(folder / next(iter(files))) as draft:
                draft.write_bytes(next(iter(files.values())))
        else:
            _put_patiently(folder, files)
    return list(contents)


def _put_patiently(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put files in place, and wait for another run that does so: the work is done already."""

    def write(staging: Path) -> FileMoves:
        for name, content in files.items():
            (staging / name).write_bytes(content)
        return FileMoves({name: name for name in files})

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return put_together(folder, write)
        except PlanBusyError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


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
    clear_drafts(target)


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


def list_placed(target: str | Path) -> dict[str, Path]:
    """List what a folder holds by name, in order, wherever a killed run has left it.

    Hidden files are left out.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "town.csv").write_text("x,y")
    ...     list(list_placed(folder))
    ['town.csv']
    """
    folder = Path(target)
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    steps = _read_steps(folder / PLACING)
    if steps is not None:
        names |= {place for place in steps.puts.values() if "/" not in place}
    places = {name: locate(folder, name) for name in sorted(names)}
    return {name: path for name, path in places.items() if path.exists()}


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
