"""What a script asks for, and a command as a line that parses to it again."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.redrawing.editing.script_words import FREELY, quote_codes


@dataclass(frozen=True)
class EditCommand:
    """One command of a script.

    ``level`` says what ``things`` are (building, stairwell, subgrid,
    community, code, all; empty where the script does not say, or where each
    says it of itself, as in ``subgrid:0301-007``), ``others`` is the other
    side of it: where to, with which, the new code, or a post and a day. A centre without the
    other side is chosen freely again.
    """

    verb: str
    level: str = ""
    things: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    new: bool = False
    count: int = 0
    note: str = ""
    line: int = 0


@dataclass(frozen=True)
class CommandBatch:
    """Commands that were made at one time, by one office; both may be empty."""

    commands: tuple[EditCommand, ...]
    date: str = ""
    by: str = ""


def write_command(command: EditCommand) -> str:
    """Write a command as one line that parses to it again.

    Examples
    --------
    >>> write_command(EditCommand("move", "building", ("B 12", "B13"), ("0301-021",), new=True))
    'move building "B 12" B13 to new as 0301-021'
    >>> write_command(EditCommand("lock", "subgrid", ("0301-007",), note="school buses"))
    'lock subgrid 0301-007 because school buses'
    """
    # Only the plain verb and one particle are written, whatever the planner
    # wrote, so that logs of the same edits are the same text.
    things = quote_codes(command.things)
    others = quote_codes(command.others)
    level = f"{command.level} " if command.level else ""
    if command.verb == "move":
        line = f"move {level}{things} to {'new as ' if command.new else ''}{others}"
    elif command.verb == "swap":
        line = f"swap {level}{things} with {level}{others}"
    elif command.verb == "split":
        line = f"split {things} into {command.count}"
    elif command.verb == "merge":
        line = f"merge {things} into {others}"
    elif command.verb == "recode":
        line = f"recode {things} as {others}"
    elif command.verb == "approve":
        things = "all" if command.level == "all" else things
        post, day = command.others
        line = f"approve {things} by {quote_codes([post])} on {day}"
    elif command.verb == "centre":
        line = f"centre of {things} " + (f"at {others}" if others else FREELY)
    else:
        line = f"{command.verb} {level}{things}".strip()
    if not command.note:
        return line
    # A note goes to the end of its line, so that it must not break it, and a #
    # in it would begin a comment.
    note = " ".join(command.note.split())
    escaped = note.replace('"', '""')
    return f"{line} because " + (f'"{escaped}"' if "#" in note or '"' in note else note)
