"""The plan folder: written whole or not at all, and read back as the plan that was written.

All files of a plan are first written into a hidden folder inside the plan
folder and forced to disk; only then are they put in place, as
:mod:`gridplan.engine.placement` does it. One run at a time writes into a
folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyogrio

from gridplan.engine.placement import (
    STAGING,
    FileMoves,
    describe_state,
    finish_placing,
    list_placed,
    locate,
    open_staging,
    place_files,
)
from gridplan.engine.reservation import LOCK_FILE, note_state, recall_state, reserve_folder
from gridplan.engine.whole_files import DRAFTS
from gridplan.errors import OutputExistsError, PlanBusyError, PlanError, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES
from gridplan.storage.assembly import advise_planning, assemble_plan
from gridplan.storage.companion_files import Summary, describe_plan, list_subgrids, summarise_plan
from gridplan.storage.formats import GEOPACKAGE, READERS, TABLES, WRITERS
from gridplan.storage.geoparquet import MANIFEST_FILE
from gridplan.storage.qgis_project import write_project
from gridplan.storage.version_names import NOTE

# buildings above which one GeoPackage becomes slow to open and a folder of
# GeoParquet is written
LARGE = 100_000
RULES = "plan.toml"
README = "README.txt"
LIST = "subgrids.csv"
PROJECT = "plan.qgs"
# in the order in which they are put in place: the data first; a version has its name beside them
OWN_FILES = (*(writer.file for writer in WRITERS.values()), PROJECT, RULES, README, LIST)
VERSION_FILES = (*OWN_FILES, NOTE)
# what SQLite keeps beside a database that some program has open
_JOURNALS = (f"{GEOPACKAGE}-wal", f"{GEOPACKAGE}-journal")
_READINGS = 5  # of a plan that is replaced while it is read

# What adds more to a hidden folder than a plan, such as the plan that it replaces, and
# says where that goes.
More = Callable[[Path], FileMoves]


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
        Whether a plan that is already in the folder is replaced. A release is
        written only into a folder that is new or empty, whatever is said here.

    Returns
    -------
    The plan folder; :func:`read_plan` takes it.

    Raises
    ------
    OutputExistsError
        If a file of a plan is there and ``overwrite`` is false, or if another
        program has the plan open.
    PlanBusyError
        If another run is writing there.
    UnwritableError
        If nothing can be written there.
    RuleError
        If there is no such format.
    """
    target = Path(folder)
    if plan.is_release:
        require_empty(target)
    write = choose_writer(plan, format)
    with reserve_plan(target, overwrite):
        return put_files(target, write)


def choose_writer(plan: Plan, format: str = "auto") -> Callable[[Path], Summary]:
    """Choose the function that writes a plan's data into a folder, and sums the plan up."""
    if format not in {"auto", *WRITERS}:
        *others, last = ("auto", *WRITERS)
        raise RuleError(f"format must be {', '.join(others)} or {last}, not {format!r}")
    formats = _choose_formats(format, len(plan.site.buildings))

    def write(staging: Path) -> Summary:
        for name in formats:
            writer = WRITERS[name]
            writer.write(plan, staging / writer.file)
        return summarise_plan(plan)

    return write


def _choose_formats(format: str, buildings: int) -> list[str]:
    """Choose the formats to write: the one asked for, with one that can be read back."""
    usual = "parquet" if buildings > LARGE else "gpkg"
    if format == "auto":
        return [usual]
    return [format] if WRITERS[format].file in READERS else [usual, format]


@contextmanager
def reserve_plan(folder: str | Path, overwrite: bool = False) -> Iterator[None]:
    """Reserve a plan folder from the reading of a plan to the writing of the next.

    Everything that would refuse the writing is tried first. Another run that
    wants to write there is refused meanwhile, and so is the writing itself if
    the plan was changed by what knows of no reservation, such as QGIS. What
    killed runs left behind is put in order.

    Raises
    ------
    OutputExistsError, UnwritableError
        As :func:`write_plan` raises them.
    PlanBusyError
        If another run has reserved the folder; the message says which.

    Examples
    --------
    >>> from gridplan.synthetic.board_plan import make_board_plan
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = write_plan(make_board_plan(), Path(place) / "plan")
    ...     with reserve_plan(folder, overwrite=True):
    ...         plan = read_plan(folder)
    ...         print(write_plan(plan.replace(), folder, overwrite=True).name)
    plan
    """
    target = Path(folder)
    refuse_existing(target, overwrite)
    with reserve_folder(target):
        # once more: another run may have written a plan in between
        refuse_existing(target, overwrite)
        if recall_state(target) is None:
            finish_placing(target)
            note_state(target, describe_files(target))
        yield


def put_files(
    folder: str | Path, write: Callable[[Path], Summary], more: More | None = None
) -> Path:
    """Write a plan's data and papers into a hidden folder, and put all of it in place at once."""
    target = Path(folder)
    with reserve_plan(target, overwrite=True), open_staging(target) as staging:
        _write_papers(write(staging), staging)
        names = (*OWN_FILES, NOTE)
        puts = {name: name for name in names if (staging / name).exists()}
        steps = FileMoves(puts, [name for name in names if name not in puts])
        extra = more(staging) if more else FileMoves()
        put_steps(
            staging, target, FileMoves({**steps.puts, **extra.puts}, [*steps.drops, *extra.drops])
        )
    return target


def put_steps(staging: Path, target: Path, steps: FileMoves) -> None:
    """Put staged files in place, unless the plan has changed since the folder was reserved.

    Raises
    ------
    PlanBusyError
        If it has.
    """
    _refuse_open(target)
    if describe_files(target) != recall_state(target):
        raise PlanBusyError(
            f"the plan in {target} has changed since it was read, by another program -> run again"
        )
    place_files(staging, target, steps)
    note_state(target, describe_files(target))


def describe_files(folder: Path) -> str:
    """Describe the state of a folder's plan, so that a change of it shows."""
    return "|".join(describe_state(locate(folder, name)) for name in READERS)


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
    for _ in range(_READINGS):
        place = _find_data(Path(path))
        state = describe_state(place)
        try:
            files = READERS[GEOPACKAGE if place.is_file() else TABLES](place)
        except (PlanError, OSError):
            if describe_state(place) == state != "":
                raise
            continue
        # half of one plan and half of the next would be no plan
        if describe_state(place) == state:
            return assemble_plan(files)
    raise PlanBusyError(f"{path} changes while it is read -> run again when it is written")


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
    _refuse_open(target)
    taken = [name for name in OWN_FILES if locate(target, name).exists()]
    if taken and not overwrite:
        remedy = "give another folder, or replace them with --overwrite (overwrite=True)"
        raise OutputExistsError(f"{target} has {', '.join(taken)} already -> {remedy}")


def _refuse_open(target: Path) -> None:
    """Refuse to replace a GeoPackage that another program has open."""
    journals = [name for name in _JOURNALS if (target / name).exists()]
    if journals:  # replaying it onto the new file would spoil the new plan
        remedy = (
            "close the plan there (if that program has crashed, open and close it once more), "
            "then run again"
        )
        raise OutputExistsError(
            f"{target}: another program has {GEOPACKAGE} open ({journals[0]} is there) -> {remedy}"
        )


def require_empty(folder: str | Path) -> None:
    """Require that a folder is new or empty: a release is handed out with all that is beside it.

    Raises
    ------
    OutputExistsError
        If anything at all is in the folder, or if the place is taken by a file.
    """
    refuse_existing(folder, overwrite=True)
    target = Path(folder)
    # Hidden files too: earlier versions and half-written plans are what must not leave.
    # The writer's own lock is taken away with the lock itself, and what a killed run left
    # unfinished before anything is written.
    present = sorted(
        entry.name
        for entry in (target.iterdir() if target.exists() else ())
        if entry.name != LOCK_FILE and not entry.name.startswith((STAGING, DRAFTS))
    )
    if present:
        more = ", ..." if len(present) > 3 else ""
        raise OutputExistsError(
            f"{target} is not empty ({', '.join(present[:3])}{more}), and what is beside a "
            "release would be handed out with it -> give a new folder for the release"
        )


def hash_files(paths: Iterable[str | Path]) -> dict[str, str]:
    """Hash a plan's input files with SHA-256 by name; folders and shapefiles file by file.

    Examples
    --------
    >>> import tempfile
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
        entries = list_placed(path).values()  # not what killed runs left beside them
        return [
            file
            for entry in entries
            for file in (sorted(entry.rglob("*")) if entry.is_dir() else [entry])
            if file.is_file()
        ]
    if path.suffix.lower() == ".shp":
        # a shapefile is several files; an index (.shx, .sbn) adds nothing to the data
        parts = (path.with_suffix(end) for end in (".shp", ".dbf", ".prj", ".cpg"))
        return [path, *(part for part in parts if part != path and part.is_file())]
    return [path]


def is_plan(path: str | Path) -> bool:
    """Whether a path is a plan: a folder of one, or a GeoPackage with the layers of one.

    Examples
    --------
    >>> is_plan("nowhere")
    False
    """
    place = Path(path)
    if place.is_file():
        if place.suffix.lower() != ".gpkg":
            return False
        try:
            layers = {str(name) for name, _ in pyogrio.list_layers(place)}
        except (ValueError, RuntimeError, OSError):
            return False  # whoever reads it says what is wrong with it
        return {"stairwells", "subgrids", "neighbours"} <= layers
    return (place / MANIFEST_FILE).is_file() or any(
        locate(place, name).exists() for name in READERS
    )


def _find_data(path: Path) -> Path:
    """Find the GeoPackage or the folder of tables that a path means."""
    # a plan that a killed run left on its way to its place
    if path.name in READERS:
        path = locate(path.parent, path.name)
    if path.is_file():
        if path.suffix.lower() == ".gpkg":
            return path
        raise PlanError(
            f"{path} is not a plan -> give the plan folder or its {GEOPACKAGE}; "
            f"if this is land, {advise_planning(path)}"
        )
    if (path / MANIFEST_FILE).is_file():
        return path
    places = [place for name in READERS if (place := locate(path, name)).exists()]
    if len(places) > 1:
        remedy = f"give {places[0]} or {places[1]}; delete the one that you do not want"
        raise PlanError(f"{path} holds two plans, {GEOPACKAGE} and {TABLES} -> {remedy}")
    if places:
        return places[0]
    # a folder of files named after tables is land too
    if path.is_dir() and any(
        Path(name).stem in ("site", *SITE_TABLES) for name in list_placed(path)
    ):
        raise PlanError(f"{path} is a site, not a plan -> {advise_planning(path)}")
    raise PlanError(f"there is no plan in {path} -> make one: gridplan plan SOURCE -o {path}")


def _write_papers(summary: Summary, folder: Path) -> None:
    """Write what goes beside the data: rules, list for Excel and note on the files."""
    rules = summary.manifest.get("rules")
    if isinstance(rules, Mapping):
        (folder / RULES).write_text(
            Rules.from_dict(rules).to_toml(), encoding="utf-8", newline="\n"
        )
    if (folder / GEOPACKAGE).exists():
        project = write_project(folder / GEOPACKAGE, summary.crs)
        (folder / PROJECT).write_text(project, encoding="utf-8", newline="\n")
    # with a byte-order mark, without which Excel takes UTF-8 for the local code page
    (folder / LIST).write_text(list_subgrids(summary.subgrids), encoding="utf-8-sig", newline="")
    files = [name for name in OWN_FILES if (folder / name).exists()] + [README]
    (folder / README).write_text(describe_plan(summary, files), encoding="utf-8", newline="\n")
