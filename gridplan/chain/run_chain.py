"""The chain: draw the plan, add what its data allow, and hand it out; again only what is stale."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from gridplan import __version__, storage
from gridplan.chain.chain_notes import NOTES, ChainNotes, StepNote, read_notes
from gridplan.chain.fingerprints import mark_files, mark_tables, mark_value
from gridplan.chain.handouts import FILE_STEPS, RELEASE, FileStep, HandoutInputs
from gridplan.chain.plan_steps import PEOPLE_SECTIONS, PLAN, PLAN_STEPS, PlanStep, take_drawn
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.engine.placement import FileMoves, locate, write_files
from gridplan.errors import OutputExistsError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.storage.formats import READERS
from gridplan.storage.kept_versions import list_versions, stage_version
from gridplan.storage.plan_folder import choose_writer, put_files
from gridplan.tables.schema import Language

Report = Callable[["StepResult"], None]
PATIENCE = 10.0  # seconds of work that a run that is killed may lose, beside the step that ran


@dataclass(frozen=True)
class StepResult:
    """What became of a step: done, up to date, kept or skipped, why, and its figures."""

    name: str
    status: str
    because: str
    seconds: float
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Where the plan comes from: ``draw`` makes it, and ``reads`` is what it is made from.

    ``reads`` are fingerprints and options, without the rules.
    """

    reads: Mapping[str, Any]
    draw: Callable[[], Plan]
    rules: Rules


class Chain:
    """One run of all steps into one folder.

    A step runs again only if what it reads has changed since it ran last. The
    files that it replaces are those of its own last run: what somebody has
    changed since is kept, unless ``overwrite`` is said.
    """

    def __init__(
        self,
        source: Source,
        folder: Path,
        *,
        lang: Language = "en",
        before: Sequence[Path] = (),
        overwrite: bool = False,
        progress: Progress = keep_silent,
        report: Report = lambda result: None,
    ) -> None:
        self._source = source
        self._folder = folder
        self._lang = lang
        self._before = before
        self._overwrite = overwrite
        self._progress = progress
        self._report = report
        self._notes = ChainNotes()
        self._plan: Plan | None = None
        self._results: dict[str, str] = {}
        self._is_pending = False
        self._written = time.monotonic()
        self._rules_mark = mark_value(source.rules.to_dict())

    def run(self) -> bool:
        """Run the steps; returns whether the audit passed.

        Raises
        ------
        OutputExistsError
            If the folder holds a plan that no such run has written, or one
            that was changed by hand while what it was drawn from changed too.
        GridplanError
            Whatever a step refuses; the steps before it are done and kept.
        """
        notes = read_notes(self._folder)
        if notes is None and not self._overwrite:
            storage.refuse_existing(self._folder)
        self._notes = notes or ChainNotes()
        with storage.reserve_plan(self._folder, overwrite=True):
            try:
                self._draw()
                for step in PLAN_STEPS:
                    self._add(step)
            finally:
                # whatever stops a step, those before it are done; rules that no step has
                # read are kept with the plan all the same
                if self._is_pending or (self._notes.data and self._notes.rules != self._rules_mark):
                    self._write()
            for file_step in FILE_STEPS:
                self._hand_out(file_step)
        audit = self._notes.steps.get("audit")
        return audit is None or audit.passed

    # ---- the plan and what is added to it

    def _draw(self) -> None:
        """Draw the plan, or keep the one that is there."""
        began = time.perf_counter()
        sections = self._source.rules.to_dict()
        drawn_by = {name: sections[name] for name in sections if name not in PEOPLE_SECTIONS}
        reads = mark_value([__version__, dict(self._source.reads), drawn_by])
        noted = self._notes.steps.get(PLAN)
        present = any(locate(self._folder, name).exists() for name in READERS)
        is_same = noted is not None and noted.reads == reads
        is_edited = (
            present and noted is not None and (noted.edited or self._marks[PLAN] != noted.results)
        )
        if is_edited and not is_same and not self._overwrite:
            raise OutputExistsError(
                f"the plan in {self._folder} was changed after it was drawn, and so was what it "
                "was drawn from -> give another folder, or draw it again with --overwrite, "
                "which loses these changes"
            )
        if present and noted is not None and (is_same and not (is_edited and self._overwrite)):
            status = "kept" if is_edited else "up to date"
            because = "changed by another command; --overwrite draws it again" if is_edited else ""
            figures = _sum_up_plan(self._load()) if is_edited else noted.figures
            self._results[PLAN] = self._marks[PLAN]
            if is_edited:
                edited = replace(noted, results=self._marks[PLAN], figures=figures, edited=True)
                self._notes = self._notes.note(PLAN, edited)
            self._tell(PLAN, status, because, began, figures)
            return
        plan = self._source.draw()
        # what later steps wrote went with the plan before, whatever the notes say
        self._marks = _mark_results(plan)
        self._results[PLAN] = self._marks[PLAN]
        note = StepNote(reads, self._results[PLAN], figures=_sum_up_plan(plan))
        self._keep(plan, PLAN, note)
        self._tell(PLAN, "done", "", began, note.figures)

    def _add(self, step: PlanStep) -> None:
        """Add what a step makes of the plan, if its data are there and what it reads is new."""
        began = time.perf_counter()
        rules = self._source.rules
        reads = step.mark_reads(rules, self._results)
        noted = self._notes.steps.get(step.name)
        if noted is not None and noted.reads == reads:
            if noted.because:
                return self._tell(step.name, "skipped", noted.because, began, {})
            if self._marks.get(step.name) == noted.results:
                self._results[step.name] = noted.results
                return self._tell(step.name, "up to date", "", began, noted.figures)
        self._progress(step.name, 0, 1)
        plan = self._load()
        because = step.explain_missing(plan, rules)
        if because:
            self._note_lightly(step.name, StepNote(reads, because=because))
            return self._tell(step.name, "skipped", because, began, {})
        plan = step.work(plan, rules)
        self._results[step.name] = mark_tables(step.take_results(plan))
        note = StepNote(reads, self._results[step.name], figures=step.sum_up(plan))
        self._keep(plan, step.name, note)
        return self._tell(step.name, "done", "", began, note.figures)

    @cached_property
    def _marks(self) -> dict[str, str]:
        """The fingerprints of what each step wrote, as the plan on disk has it now."""
        if not any(locate(self._folder, name).exists() for name in READERS):
            return {}
        if self._notes.data and _mark_data(self._folder) == self._notes.data:
            # the files are those that were written: their tables need not be read
            return {name: note.results for name, note in self._notes.steps.items()}
        return _mark_results(self._load())

    def _load(self) -> Plan:
        if self._plan is None:
            self._progress("reading", 0, 1)
            self._plan = storage.read_plan(self._folder)
        return self._plan

    def _update_rules(self, plan: Plan) -> dict[str, Any]:
        """Write into a manifest the rules of this run, by which the plan is judged."""
        return {**plan.manifest, "rules": self._source.rules.to_dict()}

    def _keep(self, plan: Plan, name: str, note: StepNote) -> None:
        """Keep what a step came to: on disk at once, or with that of the quick steps after it."""
        self._plan = plan
        self._notes = self._notes.note(name, note)
        self._is_pending = True
        if name == PLAN or time.monotonic() - self._written > PATIENCE:
            self._write()

    def _write(self) -> None:
        """Write the plan with the notes on it, both or neither."""
        self._progress("writing", 0, 1)
        plan = self._load()
        plan = plan.replace(manifest=self._update_rules(plan))
        # what a release was made from is needed when the next one is compared with it
        is_released = self._notes.released and _mark_data(self._folder) == self._notes.released
        keep = None
        if is_released and find_released(self._folder, self._notes.released) is None:
            keep = stage_version(self._folder)[1]

        def add(staging: Path) -> FileMoves:
            self._notes = replace(self._notes, data=_mark_data(staging), rules=self._rules_mark)
            (staging / NOTES).write_bytes(self._notes.write())
            moves = keep(staging) if keep else FileMoves()
            return FileMoves({**moves.puts, NOTES: NOTES}, moves.drops)

        put_files(self._folder, choose_writer(plan), add)
        self._plan = plan
        self._is_pending = False
        self._written = time.monotonic()

    def _note_lightly(self, name: str, note: StepNote) -> None:
        """Note a step that changed nothing of the plan."""
        self._notes = self._notes.note(name, note)
        # notes on what is not yet on disk would be wrong
        if not self._is_pending:
            write_files({self._folder / NOTES: self._notes.write()})

    # ---- files

    def _hand_out(self, step: FileStep) -> None:
        """Write the files of a step, if what it reads is new."""
        began = time.perf_counter()
        sections = self._source.rules.to_dict()
        reads = mark_value(
            [
                __version__,
                [sections[name] for name in step.sections or sections],
                [self._results.get(name, "") for name in step.after],
                self._lang if step.asks_language else "",
                mark_files(self._before) if step.name == RELEASE else "",
            ]
        )
        noted = self._notes.steps.get(step.name)
        there = self._mark_step_files(step)
        is_whole = noted is not None and bool(there) and there == dict(noted.files)
        if noted is not None and noted.reads == reads and is_whole:
            self._results[step.name] = noted.results
            return self._tell(step.name, "up to date", "", began, noted.figures)
        changed = self._list_changed(there, noted)
        if changed and not self._overwrite:
            if noted is not None:
                self._results[step.name] = noted.results
            because = f"{', '.join(changed)} is not as this command wrote it; --overwrite replaces"
            return self._tell(step.name, "kept", because, began, {})
        self._progress(step.name, 0, 1)
        inputs = HandoutInputs(
            self._load(), self._source.rules, self._folder, self._lang, self._before
        )
        handout = step.work(inputs)
        if step.name == RELEASE and "kept" in handout.figures:
            origin = find_released(self._folder, self._notes.released)
            plan = f"{origin.parent.name}/{origin.name}" if origin else ""
            handout = replace(handout, figures={**handout.figures, "kept_plan": plan})
        files = self._mark_step_files(step)
        self._results[step.name] = mark_value(files)
        note = StepNote(reads, self._results[step.name], files, "", handout.figures, handout.passed)
        if step.name == RELEASE:
            self._notes = replace(self._notes, released=_mark_data(self._folder))
        self._note_lightly(step.name, note)
        return self._tell(step.name, "done", "", began, handout.figures)

    def _mark_step_files(self, step: FileStep) -> dict[str, str]:
        places = {name: self._folder / name for name in step.files}
        return {name: mark_files([place]) for name, place in places.items() if place.exists()}

    @staticmethod
    def _list_changed(there: Mapping[str, str], noted: StepNote | None) -> list[str]:
        """List the files that are there and are not those of this step's last run."""
        written = noted.files if noted else {}
        return [name for name, mark in there.items() if written.get(name) != mark]

    def _tell(
        self, name: str, status: str, because: str, began: float, figures: Mapping[str, Any]
    ) -> None:
        seconds = time.perf_counter() - began
        self._report(StepResult(name, status, because, seconds, dict(figures)))


def find_released(folder: Path, mark: str) -> Path | None:
    """Find the version of a plan that a release was made from, by the mark that was noted."""
    versions = reversed(list_versions(folder))
    return next((version for version in versions if _mark_data(version) == mark), None)


def _mark_results(plan: Plan) -> dict[str, str]:
    """Make the fingerprints of what each step wrote, as a plan has it."""
    marks = {step.name: mark_tables(step.take_results(plan)) for step in PLAN_STEPS}
    return marks | {PLAN: mark_tables(take_drawn(plan))}


def _mark_data(folder: Path) -> str:
    """Make the fingerprint of the files that hold a plan's data."""
    return mark_files(locate(folder, name) for name in READERS)


def _sum_up_plan(plan: Plan) -> dict[str, Any]:
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    return {
        "subgrids": len(homes),
        "households": int(homes["households"].sum()),
        "in_band": int(homes["in_band"].sum()),
    }
