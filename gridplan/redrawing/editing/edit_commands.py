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
    other side is chosen freely again. ``points`` are the corners of a line or outline that was
    drawn, x and y in metres of the plan's CRS, and ``homes`` the stairwells that it moved: where
    they are named, they count, and the corners only say where they come from.
    """

    verb: str
    level: str = ""
    things: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    new: bool = False
    count: int = 0
    points: tuple[tuple[float, float], ...] = ()
    homes: tuple[str, ...] = ()
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
    >>> line = ((12.0, 4.0), (60.5, 80.0))
    >>> write_command(EditCommand("split", "subgrid", ("0301-007",), ("0301-021",), points=line,
    ...     homes=("B12-1",)))
    'split 0301-007 along 12,4 60.5,80 as 0301-021 moving B12-1'
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
    elif command.verb == "enclose":
        line = (
            f"enclose {write_points(command.points)} in {'new as ' if command.new else ''}{others}"
        )
    elif command.verb == "split" and command.points:
        line = f"split {things} along {write_points(command.points)}"
        line += f" as {others}" if others else ""
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
    line += f" moving {quote_codes(command.homes)}" if command.homes else ""
    if not command.note:
        return line
    # A note goes to the end of its line, so that it must not break it, and a #
    # in it would begin a comment.
    note = " ".join(command.note.split())
    escaped = note.replace('"', '""')
    return f"{line} because " + (f'"{escaped}"' if "#" in note or '"' in note else note)


def write_points(points: tuple[tuple[float, float], ...]) -> str:
    """Write the corners of a line to the centimetre, as ``x,y x,y``.

    Examples
    --------
    >>> write_points(((12.0, 4.25), (-0.5, 80.0)))
    '12,4.25 -0.5,80'
    """
    return " ".join(f"{_write_metres(x)},{_write_metres(y)}" for x, y in points)


def _write_metres(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
