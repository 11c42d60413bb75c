"""Crash points: what every verb that writes would leave if it were killed at any step on a file.

Each verb runs once on a village. Before every step on a file under its folder
(opening for writing, renaming, linking, removing, making a folder, a layer or
a batch written by GDAL or Arrow), and after every opening, the folder is
copied: the copy is what a run killed at that moment would leave. Steps that
change nothing, such as forcing to disk, leave the same and are not counted
twice. A copy is held if

* each result in it (a plan, a set of tables, a page) is whole: the old or the
  new one, found as gridplan finds it;
* the next run that writes there leaves the same result and nothing hidden.

One copy of each verb is taken further: the verb itself runs again on it, and
must end with the new result.
"""

import builtins
import hashlib
import io
import os
import shutil
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from gridplan.engine.placement import FileMoves, list_placed, put_together
from gridplan.engine.whole_files import clear_drafts

STEPS = ("rename", "replace", "link", "symlink", "unlink", "remove", "rmdir", "mkdir", "truncate")
WORK = ".work"  # of a city, which the next run takes up
LEAVINGS = (".placing", ".writing-*", ".gridplan-draft-*", ".in-use", ".trial-*")


class Camera:
    """Copies a folder at every step on a file in it."""

    def __init__(self, folder, album):
        self.folder, self.album = Path(folder).resolve(), Path(album)
        self.copies, self.seen = [], None
        self.lock = threading.RLock()
        self.is_busy = False

    def take(self):
        """Copy the folder, unless it is as it was at the step before."""
        with self.lock:
            if self.is_busy:
                return
            self.is_busy = True
            try:
                state = self.describe()
                if state != self.seen:
                    self.copies.append(self.copy(state))
                    self.seen = state
            finally:
                self.is_busy = False

    def describe(self):
        """Describe all files and folders, so that any change shows."""
        state = {}
        for path in sorted(self.folder.rglob("*")):
            stat = path.lstat()
            name = str(path.relative_to(self.folder))
            state[name] = None if path.is_dir() else (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return state

    def copy(self, state):
        """Copy the folder; files that are as they were are links to the copy before."""
        copy = self.album / f"{len(self.copies):05d}"
        copy.mkdir(parents=True)
        for name, mark in state.items():
            if mark is None:
                (copy / name).mkdir()
            elif self.copies and self.seen.get(name) == mark:
                os.link(self.copies[-1] / name, copy / name)
            else:
                shutil.copy2(self.folder / name, copy / name)
        return copy

    def is_inside(self, path, named):
        """Whether a step is about a file in the folder."""
        if named.get("dir_fd") is not None:  # a name in a folder that only the system knows
            return True
        try:
            place = os.path.abspath(os.fsdecode(path))
        except TypeError:
            return False
        return Path(place).is_relative_to(self.folder)

    def before(self, step):
        """Copy the folder before a step on one of its files."""

        def stand_in(*words, **named):
            if any(self.is_inside(word, named) for word in words[:2]):
                self.take()
            return step(*words, **named)

        return stand_in

    def around(self, opening):
        """Copy the folder before a file is opened for writing, and when it has been."""

        def stand_in(file, mode="r", *words, **named):
            writes = any(letter in mode for letter in "wax+") and self.is_inside(file, named)
            if writes:
                self.take()
            opened = opening(file, mode, *words, **named)
            if writes:
                self.take()
            return opened

        return stand_in

    def beside(self, write):
        """Copy the folder before and after GDAL or Arrow writes."""

        def stand_in(*words, **named):
            self.take()
            written = write(*words, **named)
            self.take()
            return written

        return stand_in

    @contextmanager
    def watch(self):
        """Watch all steps while the block runs."""
        import pyarrow.parquet
        import pyogrio

        patches = [mock.patch.object(os, name, self.before(getattr(os, name))) for name in STEPS]
        opening = self.around(io.open)
        patches += [mock.patch.object(place, "open", opening) for place in (io, builtins)]
        writer = pyarrow.parquet.ParquetWriter
        for place, name in (
            (pyogrio, "write_dataframe"),
            (writer, "write_table"),
            (writer, "write_batch"),
            (writer, "close"),
        ):
            patches.append(mock.patch.object(place, name, self.beside(getattr(place, name))))
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in reversed(patches):
                patch.stop()
            self.take()


def view(folder, paths):
    """View results as gridplan finds them: digests of all files by name."""
    seen = {}
    for path in paths:
        place = Path(folder) / path
        parent = place.parent
        entry = list_placed(parent).get(place.name) if parent.is_dir() else None
        if entry is not None:
            seen |= {f"{path}{inner}": digest for inner, digest in _digest(entry)}
    return seen


def _digest(entry):
    if not entry.is_dir():
        yield "", hashlib.sha256(entry.read_bytes()).hexdigest()
        return
    for name, path in list_placed(entry).items():
        if name != "versions":  # each goes with the plan that replaced it: judged afterwards
            for inner, digest in _digest(path):
                yield f"/{name}{inner}", digest


def view_whole(folder, paths):
    """View results in their places, with the versions that plans keep."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for path in paths
        for file in sorted([Path(folder) / path, *(Path(folder) / path).rglob("*")])
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    }


def clean(folder):
    """Do what the next run that writes into each folder does first."""
    for place in [Path(folder), *sorted(p for p in Path(folder).rglob("*") if p.is_dir())]:
        is_hidden = any(part.startswith(".") for part in place.parts[-4:])
        if place.is_dir() and not is_hidden and any(map(list, map(place.glob, LEAVINGS))):
            put_together(place, lambda staging: FileMoves())
            clear_drafts(place)


def list_leavings(folder):
    """List what is hidden and nobody takes up."""
    return [
        str(path.relative_to(folder))
        for pattern in LEAVINGS
        for path in Path(folder).rglob(pattern)
        if WORK not in path.parts
    ]


@dataclass
class Case:
    """A verb with its words, what it writes (each a set of paths that go together), and before."""

    verb: str
    words: list
    results: list
    before: list = field(default_factory=list)  # commands that make what is there before
    again: bool = True  # whether the same words can run once more on what is old


def photograph(folder, act, album):
    """Carry out an act, and copy the folder at every step; returns the copies."""
    camera = Camera(folder, album)
    camera.take()
    with camera.watch():
        act()
    return camera.copies


def judge(copies, results):
    """Judge each copy for each set of results; returns how many were tried, and what is wrong."""
    wrong = []
    for number, paths in enumerate(results):
        old, new = view(copies[0], paths), view(copies[-1], paths)
        if old == new:
            wrong.append(f"result {number} did not change")
        seen = []
        for copy in copies:
            now = view(copy, paths)
            if now not in (old, new):
                names = {*now, *old, *new}
                odd = [n for n in names if now.get(n) not in (old.get(n), new.get(n))]
                kept = sorted(n for n in names if now.get(n) == old.get(n))[:3]
                wrong.append(f"{copy.name}: result {number} is half: {odd[:3]}, old {kept}")
            seen.append(now == new)
        if seen != sorted(seen):
            wrong.append(f"result {number} is new and then old")
    for copy in copies:
        before = [view(copy, paths) for paths in results]
        clean(copy)
        if [view(copy, paths) for paths in results] != before:
            wrong.append(f"{copy.name}: the next run changes the result")
        whole = [view_whole(copy, paths) for paths in results]
        for paths, state in zip(results, whole, strict=True):
            if state not in (view_whole(copies[0], paths), view_whole(copies[-1], paths)):
                wrong.append(f"{copy.name}: versions do not go with the plan")
        if left := list_leavings(copy):
            wrong.append(f"{copy.name}: left behind {left[:3]}")
    return len(copies), wrong


def run_verb(words, folder):
    """Run a verb in a folder, in this process."""
    from typer.testing import CliRunner

    from gridplan.cli import app

    here = Path.cwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(app, [str(word) for word in words])
    finally:
        os.chdir(here)
    if done.exit_code or done.exception:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.output} {done.exception!r}")


def try_case(case, base, scratch):
    """Try one verb; returns how many crash points were tried, and what is wrong."""
    folder, album = scratch / "run", scratch / "album"
    for place in (folder, album):
        shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(base, folder)
    for words in case.before:
        run_verb(words, folder)
    copies = photograph(folder, lambda: run_verb(case.words, folder), album)
    new = [view(copies[-1], paths) for paths in case.results]
    # the last copy that is still the old state, with all that was begun beside it
    old = [
        c for c in copies if all(view(c, p) != n for p, n in zip(case.results, new, strict=True))
    ]
    again = scratch / "again"
    shutil.rmtree(again, ignore_errors=True)
    if case.again and old:
        shutil.copytree(old[-1], again)
    tried, wrong = judge(copies, case.results)
    if again.exists():
        try:
            run_verb(case.words, again)
        except RuntimeError as error:
            wrong.append(f"the verb itself, once more: {error}")
        else:
            if [view(again, paths) for paths in case.results] != new:
                wrong.append("the verb itself, once more, ends with another result")
            if left := list_leavings(again):
                wrong.append(f"the verb itself, once more, leaves behind {left[:3]}")
        tried += 1
    return tried, wrong


VILLAGE = ["--communities", "2", "--urban-share", "0", "--households", "150", "--seed", "1"]
OTHER = ["--communities", "2", "--urban-share", "0", "--households", "160", "--seed", "6"]
SNOW = '[event.snow]\nkind = "snow"\nstart = 2026-01-12T06:00:00\nhours = 12\n'
DAY = ["--date", "2026-01-01"]


def list_cases():
    """List the verbs that write, and what each writes."""
    plan, new, city = [["plan"]], [["new"]], [["cityplan"]]
    over = "--overwrite"
    chunked = ["plan", "city", "-o", "cityplan", "--chunk", "60", "--engine", "serial"]
    grids = ["--site", "town.gpkg", "--code", "WGBM"]
    lock = ["edit", "plan", "lock all", *DAY]
    figures = ["--csv", "tables", "--map", "map.html", "--plot", "plot.png"]
    three = [["tables"], ["map.html"], ["plot.png"]]
    once = ["--replications", "1"]
    briefs = [["release/brief.md", "release/brief.html", "release/brief.csv"]]
    return [
        Case("plan", ["plan", "town.gpkg", "-o", "new"], new),
        Case("plan, again", ["plan", "town.gpkg", "-o", "plan", over, "--seed", "2"], plan),
        Case(
            "plan, as GeoParquet",
            ["plan", "town.gpkg", "-o", "plan", over, "--format", "parquet"],
            plan,
        ),
        Case(
            "plan, back to GeoPackage",
            ["plan", "town.gpkg", "-o", "plan", over, "--format", "gpkg"],
            plan,
            [["plan", "town.gpkg", "-o", "plan", over, "--format", "parquet"]],
        ),
        Case("plan, a city", chunked, city),
        Case("plan, a city again", [*chunked, over, "--seed", "3"], city, [chunked]),
        Case("import", ["import", "old.gpkg", *grids, "-o", "new", *DAY], new),
        Case("import, again", ["import", "old.gpkg", *grids, "-o", "plan", over, *DAY], plan),
        Case("synth, a file", ["synth", "new.gpkg", "--communities", "1"], [["new.gpkg"]]),
        Case("synth, a file again", ["synth", "town.gpkg", over, *OTHER], [["town.gpkg"]]),
        Case("synth, a folder", ["synth", "new", *VILLAGE, "--workers", "1"], new),
        Case(
            "synth, a folder again",
            ["synth", "city", over, *OTHER, "--workers", "1"],
            [["city"]],
        ),
        Case("synth, the example", ["synth", "new", "--example"], new),
        Case("redraw", ["redraw", "plan", "--site", "town2.gpkg", "-o", "new", *DAY], new),
        Case("redraw, again", ["redraw", "plan", "--site", "town2.gpkg", over, *DAY], plan),
        Case(
            "repair",
            ["repair", "plan", "-o", "new", *DAY],
            new,
            [["edit", "plan", "split 130203100200-001", over, *DAY]],
        ),
        Case("edit", [*lock, "-o", "new"], new),
        Case("edit, again", [*lock, over], plan),
        Case("edit, undo", ["edit", "plan", "undo", over], plan, [[*lock, over]]),
        Case("organise", ["organise", "bare", over], [["bare"]]),
        Case("staff", ["staff", "organised", over], [["organised"]]),
        Case("pair", ["pair", "staffed", over], [["staffed"]]),
        Case("rate", ["rate", "plan", over], plan),
        Case("reach", ["reach", "plan", over], plan),
        Case(
            "propose",
            ["propose", "plan", "--kind", "canteen", "--add", "1", over],
            plan,
            [["reach", "plan", over]],
        ),
        Case("release", ["release", "plan", "-o", "new"], new),
        Case("brief", ["brief", "release"], briefs, [["release", "plan", "-o", "release"]]),
        Case(
            "brief, again",
            ["brief", "release", "--lang", "en"],
            briefs,
            [["release", "plan", "-o", "release"], ["brief", "release"]],
        ),
        Case("map", ["map", "plan", "-o", "map.html"], [["map.html"]]),
        Case(
            "map, again",
            ["map", "plan", "-o", "map.html", "--lang", "zh"],
            [["map.html"]],
            [["map", "plan", "-o", "map.html"]],
        ),
        Case("audit", ["audit", "plan", "--csv", "a.csv"], [["a.csv"]]),
        Case("prove", ["prove", "plan", "--csv", "a.csv"], [["a.csv"]]),
        Case(
            "budget",
            ["budget", "plan", "--csv", "a.csv", "--plot", "plot.png", "--share", "0.1"],
            [["a.csv"], ["plot.png"]],
        ),
        Case("compare", ["compare", "plan", "second", "--csv", "tables"], [["tables"]]),
        Case("history", ["history", "plan", "--csv", "a.csv"], [["a.csv"]]),
        Case(
            "frontier",
            [
                "frontier",
                "plan",
                "--community",
                "130203100200",
                "-o",
                "a.png",
                "--csv",
                "a.csv",
                "--effort",
                "quick",
            ],
            [["a.png"], ["a.csv"]],
        ),
        Case(
            "alternatives",
            ["alternatives", "plan", "-o", "new", "--effort", "quick", "--most", "2"],
            new,
        ),
        Case(
            "alternatives, again",
            [
                "alternatives",
                "plan",
                "-o",
                "new",
                "--effort",
                "quick",
                "--most",
                "2",
                over,
                "--seed",
                "4",
            ],
            new,
            [["alternatives", "plan", "-o", "new", "--effort", "quick", "--most", "1"]],
        ),
        Case("simulate", ["simulate", "plan", *once, *figures], three),
        Case(
            "simulate, again",
            ["simulate", "plan", *once, *figures, "--seed", "5"],
            three,
            [["simulate", "plan", *once, *figures]],
        ),
        Case("surge", ["surge", "plan", "events.toml", *once, "--no-worth", *figures], three),
        Case("years", ["years", "plan", *once, "--years", "2", *figures], three),
    ]


def make_base(folder):
    """Make what the verbs work on: a village, a year later, old grids, and plans of them."""
    import pyogrio
    import shapely

    run_verb(["synth", "town.gpkg", *VILLAGE], folder)
    run_verb(["synth", "town2.gpkg", *VILLAGE[:-3], "170", "--seed", "1"], folder)
    run_verb(["synth", "city", *VILLAGE, "--workers", "1"], folder)
    land = pyogrio.read_dataframe(folder / "town.gpkg", layer="communities")
    halves = [
        (f"{row.community[-3:]}-{n}", row.geometry.intersection(half))
        for row in land.itertuples()
        for n, half in enumerate(_cut_in_two(shapely.box(*row.geometry.bounds)))
    ]
    old = land.iloc[[0] * len(halves)].reset_index(drop=True)[["geometry"]]
    old = old.assign(WGBM=[code for code, _ in halves]).set_geometry([s for _, s in halves])
    pyogrio.write_dataframe(old.set_crs(land.crs, allow_override=True), folder / "old.gpkg")
    run_verb(["plan", "town.gpkg", "-o", "bare", "--seed", "1"], folder)
    run_verb(["organise", "bare", "-o", "organised"], folder)
    run_verb(["staff", "organised", "-o", "staffed"], folder)
    run_verb(["pair", "staffed", "-o", "plan"], folder)
    run_verb(["plan", "town2.gpkg", "-o", "second"], folder)
    (folder / "events.toml").write_text(SNOW, encoding="utf-8")


def _cut_in_two(shape):
    from shapely import box

    west, south, east, north = shape.bounds
    middle = (west + east) / 2
    return box(west, south, middle, north), box(middle, south, east, north)


def run():
    """Try every verb, and print how many crash points each has and how many are held."""
    rows = []
    print(f"{'verb':28}{'tried':>8}{'held':>8}")
    with tempfile.TemporaryDirectory() as place:
        base, scratch = Path(place) / "base", Path(place) / "scratch"
        base.mkdir()
        make_base(base)
        for case in list_cases():
            tried, wrong = try_case(case, base, scratch)
            rows.append((case.verb, tried, wrong))
            held = tried - min(tried, len(wrong))
            print(f"{case.verb:28}{tried:8,}{held:8,}", *wrong[:3], sep="  ", flush=True)
    broken = sum(bool(wrong) for _, _, wrong in rows)
    print(
        f"\n{sum(tried for _, tried, _ in rows):,} points of {len(rows)} verbs; "
        f"{broken} verbs are not held"
    )
    return not broken
