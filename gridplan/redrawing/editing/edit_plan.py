"""Edits by hand: a script checked, previewed and carried out, and the log that repeats it."""

from __future__ import annotations

import datetime
import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import InputError, PlanError, Problem
from gridplan.plan import Plan
from gridplan.redrawing.editing.approvals import write_approvals
from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.redrawing.editing.edit_commands import CommandBatch, write_command
from gridplan.redrawing.editing.edit_script import parse_script
from gridplan.redrawing.editing.edit_verbs import carry_out
from gridplan.redrawing.editing.trial_assignment import (
    FIGURES,
    BoardState,
    EditBoard,
    MadeCommand,
    recall_centres,
)
from gridplan.redrawing.revision.plan_history import note_version
from gridplan.redrawing.revision.renewal import renew_plan
from gridplan.tables.conform import conform_table
from gridplan.tables.html import say_count, show_html

SHOWN_COMMANDS = 3  # commands written out in the history; the rest are counted


@dataclass(frozen=True)
class Preview:
    """What a script would do.

    ``table`` has a row for each sub-grid that it touches, with every figure
    before and after: households, in_band, mean_walk (m), household_metres,
    contiguous, pieces (in which its homes can be walked between); a sub-grid
    that begins or ends has no figure on one side. ``warnings`` say what it
    puts out of rule, ``moved`` counts the households that change their
    sub-grid.
    """

    table: pd.DataFrame
    warnings: tuple[str, ...]
    moved: int

    def __repr__(self) -> str:
        """Write on one line what it would do."""
        moved = say_count(self.moved, "household")
        touched = say_count(len(self.table), "sub-grid")
        warnings = say_count(len(self.warnings), "warning")
        return f"Preview({moved} move, {touched} touched, {warnings})"

    def _repr_html_(self) -> str:
        """Write the table and the warnings for a notebook."""
        warnings = "".join(f"<li>{html.escape(line)}</li>" for line in self.warnings)
        return show_html(repr(self), self.table) + (f"<ul>{warnings}</ul>" if warnings else "")


@dataclass(frozen=True)
class Edited:
    """An edited plan, the preview and log of its edits, and the plan before, to undo it."""

    plan: Plan
    preview: Preview
    log: str
    before: Plan

    def __repr__(self) -> str:
        """Write on one line what was done."""
        return f"Edited({self.plan!r}; {self.preview!r})"

    def _repr_html_(self) -> str:
        """Write what was done for a notebook."""
        return f"{show_html(repr(self.plan))}{self.preview._repr_html_()}"


def edit(
    plan: Plan,
    commands: str | Sequence[str],
    *,
    by: str = "",
    date: str = "",
    progress: Progress = keep_silent,
) -> Edited:
    """Edit a plan by a script; nothing is done if one line of it is wrong.

    An edit by hand may break rules, which the preview says and ``exceptions``
    notes; it is refused where it names what is not there, leads into another
    community, or a lock forbids it. All figures and outlines of the sub-grids
    that it touches are made again, the others stay. ``undo`` takes back the
    command before it; a whole edit is undone by taking ``before``, which is
    the plan itself.

    Parameters
    ----------
    plan
        Any working plan.
    commands
        Lines such as ``move building B12 to 0301-007``; verbs are move, swap,
        split, merge, enclose, lock, unlock, recode, centre, approve, undo, in
        English or Chinese, in any case. Words after # are comments; a log as
        :func:`write_log` writes it is a script.
    by
        The office or post that edits, never a person's name; the log's own
        words win.
    date
        The day, as 2026-11-24; empty if not given, so that the same edit gives
        the same plan.
    progress
        Called with the stage, the steps done and all steps.

    Raises
    ------
    InputError
        If lines are not understood or cannot be carried out; all are
        listed, with their numbers.
    PlanError
        If the plan is a release.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> script = "move building H04 to 0301-001"
    >>> edited = edit(make_board_plan(), script, by="planning office", date="2026-11-24")
    >>> edited.plan.subgrids["households"].to_dict(), edited.preview.moved
    ({'0301-001': 70, '0301-002': 50}, 10)
    >>> print(edited.log)
    # 2026-11-24 planning office: moved 10 households
    move building h04 to 0301-001
    <BLANKLINE>
    """
    board, steps = _run(plan, commands, by, date)
    edited = plan
    for batch, state in steps:
        edited = _commit(edited, batch, state, progress)
    return Edited(edited, _preview(board, board.open(), steps), write_log(edited), plan)


def preview(plan: Plan, commands: str | Sequence[str]) -> Preview:
    """Say what a script would do to the sub-grids that it touches, without doing it.

    Raises
    ------
    InputError, PlanError
        As :func:`edit` does.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> seen = preview(make_board_plan(), "merge 0301-002 into 0301-001")
    >>> seen.warnings
    ('0301-002 ends: nobody is left in it', '0301-001 is out of its band with 120 households')
    """
    board, steps = _run(plan, commands, "", "")
    return _preview(board, board.open(), steps)


def _run(
    plan: Plan, commands: str | Sequence[str], by: str, date: str
) -> tuple[EditBoard, list[tuple[CommandBatch, BoardState]]]:
    """Run a script on the board; returns each batch with the state after it."""
    if plan.is_release:
        raise PlanError(
            "a release holds no households -> edit the working plan, and release it again"
        )
    batches, problems = parse_script(commands)
    # The log writes the office into a heading of one line.
    by = " ".join(by.split())
    # What the log says of date and office wins, so that a log makes the same
    # plan again.
    batches = [replace(b, date=b.date or date, by=b.by or by) for b in batches]
    problems += [p for d in sorted({b.date for b in batches} - {""}) for p in _check_date(d)]
    board = EditBoard(plan)
    state = board.open()
    steps: list[tuple[CommandBatch, BoardState]] = []
    for batch in batches:
        # Members and locks go on; effects, warnings and renames are those of a
        # batch.
        state, refused = _run_batch(
            board, replace(state, made=(), warnings=(), renamed={}, approvals=()), batch
        )
        problems += refused
        steps.append((batch, state))
    if not batches and not problems:
        problems = [
            Problem(
                "script",
                "there are commands",
                "the script has no command",
                "for example: move building B12 to 0301-007",
            )
        ]
    # Commands after a refused one are tried as well, so that all faults are
    # listed at once.
    if problems:
        raise InputError(sorted(problems, key=_find_line))
    return board, steps


def _run_batch(
    board: EditBoard, state: BoardState, batch: CommandBatch
) -> tuple[BoardState, list[Problem]]:
    """Run the commands of a batch one after the other.

    Undo goes back to the state before the last one.
    """
    stack = [state]
    problems = []
    for command in batch.commands:
        if command.verb == "undo":
            if len(stack) > 1:
                stack.pop()
                continue
            remedy = "undo a whole edit: gridplan edit PLAN undo --overwrite, or take Edited.before"
            problems.append(
                Problem(
                    "script",
                    "there is something to undo",
                    f"line {command.line}: no command before it",
                    remedy,
                )
            )
            continue
        try:
            stack.append(carry_out(board, stack[-1], command))
        except RefusedError as error:
            problems += [
                replace(p, message=f"line {command.line}: {p.message}") for p in error.problems
            ]
    return stack[-1], problems


def _find_line(problem: Problem) -> int:
    word = problem.message.removeprefix("line ").partition(":")[0]
    # What is about no line, such as a date, comes first.
    return int(word) if word.isdecimal() else 0


def _check_date(date: str) -> list[Problem]:
    try:
        # Python reads other forms as well, such as 20261124, which the log
        # would not read back.
        good = datetime.date.fromisoformat(date).isoformat() == date
    except ValueError:
        good = False
    remedy = "write year, month and day, as 2026-11-24"
    return [] if good else [Problem("script", "dates are days", f"{date!r} is no date", remedy)]


def _commit(plan: Plan, batch: CommandBatch, state: BoardState, progress: Progress) -> Plan:
    """Make the plan of a state, with its locks, rows of the log and entry in the history."""
    # All of its commands were undone.
    if not state.made:
        return plan
    doors = plan.stairwells
    member = pd.Series(state.member, index=doors.index, dtype="str")
    # A centre that is chosen by hand no longer is found again, though nobody moved.
    freed = set(recall_centres(plan)) - set(state.centres)
    edited = renew_plan(plan, member, centres=state.centres, freed=freed, progress=progress)
    # A sub-grid under a new code is the same one: nobody moved.
    was = doors["subgrid"].map(lambda code: state.renamed.get(code, code)).to_numpy(object)
    moved = int(doors["households"].to_numpy()[was != state.member].sum())
    edited = write_approvals(edited, state.approvals)
    edited = edited.replace(locks=state.locks, edits=_add_rows(plan.edits, batch, state.made))
    lines = [write_command(m.command) for m in state.made]
    what = "; ".join(lines[:SHOWN_COMMANDS]) + (
        f" and {len(lines) - SHOWN_COMMANDS} more" if len(lines) > SHOWN_COMMANDS else ""
    )
    return note_version(plan, edited, "edit", what=what, by=batch.by, date=batch.date, moved=moved)


def _add_rows(
    edits: pd.DataFrame, batch: CommandBatch, made: Sequence[MadeCommand]
) -> pd.DataFrame:
    """Add a batch to the log.

    Its rows are numbered batch.command, so that the same batches can be made
    again.
    """
    # After the last batch of the log, padded so that keys sort as texts.
    number = 1 + max((int(str(key).partition(".")[0]) for key in edits.index), default=0)
    rows = [
        {
            "edit": f"{number:04d}.{n:03d}",
            "date": batch.date,
            "by": batch.by,
            "command": write_command(m.command),
            "moved": m.moved,
            "effect": m.effect,
        }
        for n, m in enumerate(made, 1)
    ]
    new = conform_table("edits", pd.DataFrame(rows))
    return pd.concat([edits, new]) if len(edits) else new


def _preview(
    board: EditBoard, first: BoardState, steps: Sequence[tuple[CommandBatch, BoardState]]
) -> Preview:
    """Compare the sub-grids before a script and after it."""
    last = steps[-1][1] if steps else first
    off = first.member != last.member
    codes = {*first.member[off], *last.member[off]}
    # Another centre changes the figures though nobody moves.
    codes |= {
        c for c in {*first.centres, *last.centres} if first.centres.get(c) != last.centres.get(c)
    }
    sides = {"before": board.measure(first, codes), "after": board.measure(last, codes)}
    index = pd.Index(sorted(codes), dtype="str", name="subgrid")
    table = pd.DataFrame(
        {
            f"{name}_{side}": sides[side][name].reindex(index)
            for name in FIGURES
            for side in ("before", "after")
        },
        index=index,
    )
    renames = {old: new for _, state in steps for old, new in state.renamed.items()}
    was = pd.Series(first.member).map(lambda code: _follow(code, renames)).to_numpy(object)
    moved = int(board.households[was != last.member].sum())
    return Preview(table, tuple(w for _, state in steps for w in state.warnings), moved)


def _follow(code: str, renames: dict[str, str]) -> str:
    """Follow a code through the renames of a script."""
    # Codes that were exchanged lead back to where they began.
    seen: set[str] = set()
    while code in renames and code not in seen:
        seen.add(code)
        code = renames[code]
    return code


def write_log(plan: Plan) -> str:
    """Write the log of a plan's edits as plain text: who, when, what.

    As a script it makes the same plan of the plan before.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> base = make_board_plan()
    >>> locked = edit(base, "lock building h01", by="street office").plan
    >>> edited = edit(locked, "move building h04 to 0301-001", date="2026-11-24")
    >>> print(edited.log)
    # street office: moved no households
    lock building h01
    <BLANKLINE>
    # 2026-11-24: moved 10 households
    move building h04 to 0301-001
    <BLANKLINE>
    >>> edit(base, edited.log).log == edited.log
    True
    """
    if plan.edits.empty:
        return ""
    blocks = []
    for _, rows in plan.edits.groupby(
        plan.edits.index.str.partition(".").get_level_values(0), sort=True
    ):
        who = " ".join(word for word in (rows["date"].iloc[0], rows["by"].iloc[0]) if word)
        moved = int(rows["moved"].sum())
        count = f"{moved} household{'s' if moved != 1 else ''}" if moved else "no households"
        blocks.append(
            "\n".join([f"# {who + ': ' if who else ''}moved {count}", *rows["command"], ""])
        )
    return "\n".join(blocks)
