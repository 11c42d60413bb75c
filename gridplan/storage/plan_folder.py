"""The plan folder: written whole or not at all, and read back as the plan that was written.

All files of a plan are first written into a hidden folder inside the plan
folder and forced to disk; only then are they renamed into place, the data
first and each by one rename. A run that is killed leaves the old plan as it
was.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gridplan.errors import OutputExistsError, PlanError, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES
from gridplan.storage.assembly import advise_planning, assemble_plan
from gridplan.storage.companion_files import Summary, describe_plan, list_subgrids, summarise_plan
from gridplan.storage.formats import GEOPACKAGE, READERS, TABLES, WRITERS
from gridplan.storage.geoparquet import MANIFEST_FILE

# buildings above which one GeoPackage becomes slow to open and a folder of
# GeoParquet is written
LARGE = 100_000
RULES = "plan.toml"
README = "README.txt"
LIST = "subgrids.csv"
# In the order in which they are put in place: the data first, so that a run that
# is killed never leaves new papers beside an old plan.
OWN_FILES = (*(writer.file for writer in WRITERS.values()), RULES, README, LIST)
# what SQLite keeps beside a database that some program has open
_JOURNALS = (f"{GEOPACKAGE}-wal", f"{GEOPACKAGE}-journal")


def write_plan(
    plan: Plan, folder: str | Path, *, format: str = "auto", overwrite: bool = False
) -> Path:
    """Write a plan into a folder, whole or not at all.

    Parameters
    ----------
    plan
        The plan.
    folder
        The plan folder, such as ``outputs/town``; made if it is not there.
        Other files in it are left alone.
    format
        ``gpkg``: one GeoPackage that opens styled in QGIS and can be mailed.
        ``parquet``: a folder of GeoParquet, sorted by community. ``auto``: a
        GeoPackage up to 100,000 buildings. All are in
        ``gridplan/storage/formats.py``.
    overwrite
        Whether a plan that is already in the folder is replaced.

    Returns
    -------
    The plan folder; :func:`read_plan` takes it.

    Raises
    ------
    OutputExistsError
        If a file of a plan is there and ``overwrite`` is false, or if another
        program has the plan open.
    RuleError
        If there is no such format.
    """
    if format not in {"auto", *WRITERS}:
        *others, last = ("auto", *WRITERS)
        raise RuleError(f"format must be {', '.join(others)} or {last}, not {format!r}")
    target = Path(folder)
    refuse_existing(target, overwrite)
    formats = _choose_formats(format, len(plan.site.buildings))

    def write(staging: Path) -> Summary:
        for name in formats:
            writer = WRITERS[name]
            writer.write(plan, staging / writer.file)
        return summarise_plan(plan)

    return put_files(target, write)


def _choose_formats(format: str, buildings: int) -> list[str]:
    """Choose the formats to write: the one asked for, with one that can be read back."""
    usual = "parquet" if buildings > LARGE else "gpkg"
    if format == "auto":
        return [usual]
    return [format] if WRITERS[format].file in READERS else [usual, format]


def put_files(folder: str | Path, write: Callable[[Path], Summary]) -> Path:
    """Write a plan's data into a hidden folder, add the papers, and put all in place at once."""
    target = Path(folder)
    with _open_staging(target) as staging:
        _write_papers(write(staging), staging)
        # before the renames: a disk may keep a rename and lose what was in the file
        _force_to_disk(staging)
        _put_in_place(staging, target)
    return target


def read_plan(path: str | Path) -> Plan:
    """Read a plan from its folder, from a GeoPackage, or from a folder of GeoParquet files.

    Columns that gridplan does not know are left out; whatever is missing or
    cannot be read is reported at once.

    Raises
    ------
    PlanError
        If there is no plan, or if tables, columns, the CRS or values are
        missing or broken.
    """
    place = _find_data(Path(path))
    read = READERS[GEOPACKAGE if place.is_file() else TABLES]
    return assemble_plan(read(place))


def refuse_existing(folder: str | Path, overwrite: bool = False) -> None:
    """Refuse to write where something would be lost; a long run asks this before it begins.

    Raises
    ------
    OutputExistsError
        If files of a plan are in the folder and ``overwrite`` is false, if the
        place is taken by a file, or if another program has the plan open.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise OutputExistsError(
            f"{target} is a file -> give a folder for the plan, such as {target.with_suffix('')}"
        )
    journals = [name for name in _JOURNALS if (target / name).exists()]
    if journals:  # replaying it onto the new file would spoil the new plan
        remedy = (
            "close the plan there (if that program has crashed, open and close it once more), "
            "then run again"
        )
        raise OutputExistsError(
            f"{target}: another program has {GEOPACKAGE} open ({journals[0]} is there) -> {remedy}"
        )
    taken = [name for name in (*OWN_FILES, _name_aside(TABLES)) if (target / name).exists()]
    if taken and not overwrite:
        remedy = "give another folder, or replace them with --overwrite (overwrite=True)"
        raise OutputExistsError(f"{target} has {', '.join(taken)} already -> {remedy}")


def hash_files(paths: Iterable[str | Path]) -> dict[str, str]:
    """Hash a plan's input files with SHA-256 by name; folders and shapefiles file by file.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "town.csv"
    ...     _ = file.write_text("x,y")
    ...     hash_files([file])
    {'town.csv': 'sha256:968e772cf168b7f17f3fbd00e6e1c8b4afb8db2f0c1548d9928f3c3d7a758a75'}
    """
    hashes: dict[str, str] = {}
    for path in map(Path, paths):
        for file in _list_parts(path):
            with file.open("rb") as content:
                digest = f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
            # two inputs of one name, such as houses.shp of two districts
            name = (
                file.name
                if hashes.get(file.name, digest) == digest
                else f"{file.parent.name}/{file.name}"
            )
            hashes[name] = digest
    return hashes


def _list_parts(path: Path) -> list[Path]:
    """List the files that make up one input."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if path.suffix.lower() == ".shp":
        # a shapefile is several files; an index (.shx, .sbn) adds nothing to the data
        parts = (path.with_suffix(end) for end in (".shp", ".dbf", ".prj", ".cpg"))
        return [path, *(part for part in parts if part != path and part.is_file())]
    return [path]


def _find_data(path: Path) -> Path:
    """Find the GeoPackage or the folder of tables that a path means."""
    if path.is_file():
        if path.suffix.lower() == ".gpkg":
            return path
        raise PlanError(
            f"{path} is not a plan -> give the plan folder or its {GEOPACKAGE}; "
            f"if this is land, {advise_planning(path)}"
        )
    if (path / MANIFEST_FILE).is_file():
        return path
    places = [path / name for name in READERS if (path / name).exists()]
    if len(places) > 1:
        remedy = f"give {places[0]} or {places[1]}; delete the one that you do not want"
        raise PlanError(f"{path} holds two plans, {GEOPACKAGE} and {TABLES} -> {remedy}")
    if places:
        return places[0]
    # killed between two renames: the old plan is still here
    if (path / _name_aside(TABLES)).is_dir():
        return path / _name_aside(TABLES)
    # a folder of files named after tables is land too
    if path.is_dir() and any(file.stem in ("site", *SITE_TABLES) for file in path.iterdir()):
        raise PlanError(f"{path} is a site, not a plan -> {advise_planning(path)}")
    raise PlanError(f"there is no plan in {path} -> make one: gridplan plan SOURCE -o {path}")


def _write_papers(summary: Summary, folder: Path) -> None:
    """Write what goes beside the data: rules, list for Excel and note on the files."""
    rules = summary.manifest.get("rules")
    if isinstance(rules, Mapping):
        (folder / RULES).write_text(
            Rules.from_dict(rules).to_toml(), encoding="utf-8", newline="\n"
        )
    # with a byte-order mark, without which Excel takes UTF-8 for the local code page
    (folder / LIST).write_text(list_subgrids(summary.subgrids), encoding="utf-8-sig", newline="")
    files = [name for name in OWN_FILES if (folder / name).exists()] + [README]
    (folder / README).write_text(describe_plan(summary, files), encoding="utf-8", newline="\n")


@contextmanager
def _open_staging(target: Path) -> Iterator[Path]:
    """Make a hidden folder on the target's own disk, so that one rename puts files in place."""
    is_new = not target.exists()
    target.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
    try:
        yield staging
    # an interrupt too: no litter, whatever stopped the writing
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        if is_new and not any(target.iterdir()):
            target.rmdir()
        raise
    shutil.rmtree(staging)


def _put_in_place(staging: Path, target: Path) -> None:
    """Rename the new files into place, then remove what only the old plan had."""
    written = [name for name in OWN_FILES if (staging / name).exists()]
    for name in written:
        new = staging / name
        old = target / name
        aside = target / _name_aside(name)
        if old.is_dir():  # a folder cannot be renamed over another: the old one moves aside
            _remove(aside)
            old.rename(aside)
        new.replace(old)
    # last: a run killed before this leaves the old data or the new, never neither
    for leftover in [
        *(target / name for name in OWN_FILES if name not in written),
        target / _name_aside(TABLES),
    ]:
        _remove(leftover)
    _sync_folder(target)


def _name_aside(name: str) -> str:
    return f".{name}.old"


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _force_to_disk(folder: Path) -> None:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            # Windows syncs only files that are open for writing
            with file.open("rb+") as content:
                os.fsync(content.fileno())


def _sync_folder(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):  # Windows cannot, and need not, sync a folder
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
