"""The job of planning a city: its inputs and rules, kept so that it can be resumed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gridplan import __version__
from gridplan.engine.whole_files import force_file

WORK = ".work"
END = "end"  # the file whose existence asks the search to end
_JOB = "job.json"
_CHUNKS = "chunks.json"
LAYOUT = 3  # of the files of a job; a job of another layout is begun again


@dataclass(frozen=True)
class Job:
    """What a city is planned from and by; ``inputs`` holds the hashes of its files."""

    source: str
    files: Mapping[str, Any]
    mapping: Mapping[str, str]
    crs: str | Mapping[str, str] | None
    datum: str | Mapping[str, str] | None
    encoding: str | None
    not_personal: Sequence[str]
    rules: Mapping[str, Any]
    seed: int
    chunk: int
    inputs: Mapping[str, str]

    @property
    def how(self) -> dict[str, Any]:
        """How tables are read, as :func:`gridplan.reading.read.read_given` takes it."""
        names = ("mapping", "crs", "datum", "encoding", "not_personal")
        return {name: getattr(self, name) for name in names}

    def make_key(self) -> str:
        """Make a key of all that may change the plan or how it is cut; paths do not."""
        # A folder that was moved is the same work; contents are in the hashes of inputs.
        fields = {k: v for k, v in asdict(self).items() if k not in ("source", "files")}
        names = {table: _name(file) for table, file in sorted(self.files.items())}
        text = json.dumps([__version__, LAYOUT, fields, names], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _name(file: Any) -> Any:
    """Name one file, or several, without the folders that they are in."""
    return [_name(one) for one in file] if isinstance(file, list | tuple) else Path(file).name


@dataclass(frozen=True)
class Chunk:
    """Neighbouring communities that are planned together: name, first and last, buildings."""

    name: str
    first: str
    last: str
    buildings: int


def open_work(output: Path, job: Job) -> tuple[Path, bool]:
    """Open the folder of unfinished work; that of another job is cleared first.

    Returns the folder, and whether there is work of this job in it.
    """
    work = output / WORK
    key = job.make_key()
    kept = read_json(work / _JOB)
    if kept is not None and kept["key"] == key:
        return work, True
    # Other rules or files make other chunks: none of the old parts would fit.
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    write_json(work / _JOB, {"key": key, **asdict(job)})
    return work, False


def read_job(work: Path) -> Job:
    """Read the job that a folder of unfinished work belongs to."""
    stored = read_json(work / _JOB)
    stored.pop("key")
    return Job(**stored)


def write_chunks(work: Path, chunks: Sequence[Chunk], crs: str, entries: Any) -> None:
    """Write the list of chunks; with it the cutting is done."""
    write_json(
        work / _CHUNKS,
        {"crs": crs, "entries": entries, "chunks": [asdict(chunk) for chunk in chunks]},
    )


def read_chunks(work: Path) -> tuple[list[Chunk], str, Any] | None:
    """Read the chunks, the CRS and what was noted on the way; none before the cutting ends."""
    stored = read_json(work / _CHUNKS)
    if stored is None:
        return None
    chunks = [Chunk(**chunk) for chunk in stored["chunks"]]
    return chunks, stored["crs"], stored["entries"]


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    # A rename is whole or nothing, where a write may be cut short.
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(
        json.dumps(value, ensure_ascii=False, sort_keys=True, default=str), encoding="utf-8"
    )
    force_file(draft)
    draft.replace(path)


def read_json(path: Path) -> Any:
    """Read a value from JSON; none if there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
