"""Steps run again in memory after a plan was changed by hand: only what is stale.

The chain of ``make`` writes into its folder as it goes. Where somebody works on a
plan, the plan on disk is to be the old one or the new one, so that nothing is
written here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gridplan.auditing.audit_plan import audit
from gridplan.chain.chain_notes import ChainNotes, StepNote
from gridplan.chain.fingerprints import mark_tables
from gridplan.chain.plan_steps import PLAN, PLAN_STEPS, PlanStep, take_drawn
from gridplan.chain.run_chain import StepResult
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.plan import Plan

AUDIT = "audit"


@dataclass(frozen=True)
class StepOutlook:
    """Whether a step will run, and why.

    ``status`` is stale, current or lacking. ``because`` is ``after`` (a step that it
    reads runs again), ``empty`` (it has no rows), ``changed`` (what it read has
    changed) or ``unknown`` (nothing says what it read); of a step that lacks data
    it is the sentence that says which.
    """

    name: str
    status: str
    because: str = ""


@dataclass(frozen=True)
class Refreshed:
    """A plan that is up to date, the notes on what its steps read, and what became of each."""

    plan: Plan
    notes: ChainNotes
    results: tuple[StepResult, ...]


def judge_steps(plan: Plan, notes: ChainNotes) -> list[StepOutlook]:
    """Judge for each step whether it has to run again, without running any.

    Parameters
    ----------
    plan
        The plan as it stands.
    notes
        What was noted when the steps ran last; without any, a table that holds
        rows is taken for stale.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> [step.status for step in judge_steps(make_board_plan(), ChainNotes())][:2]
    ['lacking', 'lacking']
    """
    results = {PLAN: mark_tables(take_drawn(plan))}
    outlooks: list[StepOutlook] = []
    running: set[str] = set()
    for step in PLAN_STEPS:
        results[step.name] = mark_tables(step.take_results(plan))
        outlook = _judge_step(step, plan, notes, results, running)
        outlooks.append(outlook)
        if outlook.status == "stale":
            running.add(step.name)
    return outlooks


def _judge_step(
    step: PlanStep, plan: Plan, notes: ChainNotes, results: dict[str, str], running: set[str]
) -> StepOutlook:
    """Judge one step by the marks of the steps before it."""
    # What a step before brings may be what it lacks now.
    if running.intersection(step.after):
        return StepOutlook(step.name, "stale", "after")
    missing = step.explain_missing(plan, plan.rules)
    if missing:
        return StepOutlook(step.name, "lacking", missing)
    noted = notes.steps.get(step.name)
    if _is_current(step, plan, noted, results):
        return StepOutlook(step.name, "current")
    if not any(len(table) for table in step.take_results(plan).values()):
        return StepOutlook(step.name, "stale", "empty")
    return StepOutlook(step.name, "stale", "changed" if noted else "unknown")


def _is_current(
    step: PlanStep, plan: Plan, noted: StepNote | None, results: dict[str, str]
) -> bool:
    """Whether a step read what is there now, and what it wrote is still there."""
    return (
        noted is not None
        and not noted.because
        and noted.reads == step.mark_reads(plan.rules, results)
        and noted.results == results[step.name]
    )


def refresh_plan(
    plan: Plan,
    notes: ChainNotes,
    *,
    progress: Progress = keep_silent,
    report: Callable[[StepResult], None] = lambda result: None,
) -> Refreshed:
    """Run the steps that are stale, then audit the plan; the plan given stays as it is.

    Parameters
    ----------
    plan
        A working plan; its own rules count.
    notes
        What was noted when the steps ran last.
    progress
        Called with the name of the step, the steps done and all steps.
    report
        Called with what became of each step.

    Raises
    ------
    GridplanError
        Whatever a step refuses.
    """
    results = {PLAN: mark_tables(take_drawn(plan))}
    told: list[StepResult] = []

    def tell(name: str, status: str, because: str, began: float, note: StepNote | None) -> None:
        seconds = time.perf_counter() - began
        told.append(StepResult(name, status, because, seconds, dict(note.figures) if note else {}))
        report(told[-1])

    for number, step in enumerate(PLAN_STEPS):
        began = time.perf_counter()
        progress(step.name, number, len(PLAN_STEPS) + 1)
        results[step.name] = mark_tables(step.take_results(plan))
        missing = step.explain_missing(plan, plan.rules)
        noted = notes.steps.get(step.name)
        if missing:
            tell(step.name, "skipped", missing, began, None)
        elif _is_current(step, plan, noted, results):
            tell(step.name, "up to date", "", began, noted)
        else:
            reads = step.mark_reads(plan.rules, results)
            plan = step.work(plan, plan.rules)
            results[step.name] = mark_tables(step.take_results(plan))
            note = StepNote(reads, results[step.name], figures=step.sum_up(plan))
            notes = notes.note(step.name, note)
            tell(step.name, "done", "", began, note)
    began = time.perf_counter()
    progress(AUDIT, len(PLAN_STEPS), len(PLAN_STEPS) + 1)
    verdict = audit(plan, plan.rules)
    counts = {f"{word}s": int(n) for word, n in verdict.summary["findings"].items()}
    note = StepNote("", figures=counts, passed=verdict.passed)
    tell(AUDIT, "done", "", began, note)
    return Refreshed(plan, notes.note(AUDIT, note), tuple(told))
