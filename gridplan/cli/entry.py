"""The way in: run the command line, and turn every error into one line and an exit status."""

from __future__ import annotations

import io
import os
import re
import sys
from itertools import takewhile

import typer

from gridplan import __version__
from gridplan.cli.app import app
from gridplan.cli.language import in_language, is_chinese
from gridplan.errors import GridplanError, InputError, PlanError
from gridplan.tables.plain_text import drop_controls

WRONG_DATA = 1
WRONG_COMMAND = 2
FAILED = 3  # gridplan itself, or the machine it runs on
STOPPED = 130
_LONG_WORD = re.compile(r"\S{300,}")


def main() -> None:
    """Run the command line; an error is one line, and its trace is shown only with ``--debug``."""
    _show_any_character()
    try:
        app()
    except GridplanError as error:
        # Data or a plan that is wrong is something other than a wrong command.
        _show_error(str(error))
        sys.exit(WRONG_DATA if isinstance(error, InputError | PlanError) else WRONG_COMMAND)
    except (KeyboardInterrupt, SystemExit) as end:
        # typer turns a Ctrl-C within a verb into an exit with this status.
        if not isinstance(end, KeyboardInterrupt) and end.code != STOPPED:
            _end_output()
            raise
        typer.echo(in_language("stopped"), err=True)
        sys.stdout.flush()  # os._exit would drop what is not yet written
        os._exit(STOPPED)  # a plain exit would wait for the threads and processes that still search
    except Exception as error:
        if _is_debugged(sys.argv[1:]):
            import traceback

            traceback.print_exc()
        _show_error(explain_failure(error))
        _end_output()
        sys.exit(FAILED)


def explain_failure(error: Exception) -> str:
    """Explain an error that is not one of gridplan's own: on one line, with what to do about it.

    Examples
    --------
    >>> explain_failure(MemoryError())
    'out of memory -> close other programs, use fewer --workers, or plan in chunks with --chunk'
    >>> explain_failure(PermissionError(13, "Permission denied", "outputs/town"))
    'outputs/town: Permission denied -> check the file, the disk and your rights to them'
    """
    if isinstance(error, MemoryError):
        return (
            "out of memory -> close other programs, use fewer --workers, "
            "or plan in chunks with --chunk"
        )
    if isinstance(error, RecursionError):
        return (
            "the data is nested too deeply -> simplify it; if it is not, please report this: "
            "gridplan --debug VERB ... shows the trace to send along"
        )
    # Without a number it is not from the operating system, but from a library.
    if isinstance(error, OSError) and error.errno is not None:
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"{place}{error.strerror} -> check the file, the disk and your rights to them"
    # On one line, as every error of gridplan is.
    message = " ".join(str(error).split())
    kind = type(error).__name__
    return (
        f"unexpected {kind}{': ' * bool(message)}{message} (gridplan {__version__}) "
        "-> please report this; gridplan --debug VERB ... shows the trace to send along"
    )


def _show_error(message: str) -> None:
    # A message quotes files, whose texts a terminal must not obey, nor fill the screen with.
    short = _LONG_WORD.sub(lambda word: f"{word[0][:100]}…", message)
    word = "error: " if not is_chinese() else in_language("error:")
    typer.echo(f"{word}{in_language(drop_controls(short))}", err=True)


def _show_any_character() -> None:
    """Let a console that lacks a character show a question mark, rather than stop the work."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end_output() -> None:
    """Write what is left of the output; a full disk behind it is an error like any other."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # The exit would try it once more, and complain in several lines.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _show_error(explain_failure(error))
        sys.exit(FAILED)


def _is_debugged(words: list[str]) -> bool:
    """Whether ``--debug`` stands before the verb."""
    # The command line may have failed before typer read it.
    return "--debug" in takewhile(lambda word: word.startswith("-"), words)
