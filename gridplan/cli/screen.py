"""What a command shows: everything, only remarks, or its figures as JSON.

Every verb takes ``--quiet``; those whose result is figures take ``--json``, those that show a
ledger ``--ledger``. They are added here, so that a verb need not know of them.
"""

from __future__ import annotations

import inspect
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from rich.console import Console
from rich.text import Text

from gridplan.cli.language import in_language
from gridplan.cli.options import LANG_HELP, Lang
from gridplan.tables.plain_text import drop_controls


# Results go to standard output, progress and remarks to standard error, so that
# a result can be sent to a file. Rich would colour numbers and paths by itself.
class _PlainConsole(Console):
    """A console that shows texts from the data without letters that a terminal obeys."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text as rich does, in the language of the command and without controls."""
        return super().render_str(drop_controls(in_language(text)), **options)


out = _PlainConsole(highlight=False)
err = _PlainConsole(stderr=True, highlight=False)

SILENT = 4.0  # seconds without a line, where there is no bar, until the next: under 5 s in all
LOOK = 0.1  # seconds between two looks whether it is time for one
PANEL = "What is shown"
OPTIONS: Mapping[str, Any] = {
    "quiet": Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Show remarks and errors only.", rich_help_panel=PANEL),
    ],
    "as_json": Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print the figures as JSON instead of text; progress goes to standard error.",
            rich_help_panel=PANEL,
        ),
    ],
    "whole_ledger": Annotated[
        bool,
        typer.Option(
            "--ledger",
            help="Show every entry of the ledger, not only sums.",
            rich_help_panel=PANEL,
        ),
    ],
    "lang": Annotated[Lang | None, typer.Option("--lang", help=LANG_HELP, rich_help_panel=PANEL)],
}


@dataclass
class Screen:
    """What the running command shows, and the figures that it has come to so far."""

    quiet: bool = False
    as_json: bool = False
    whole_ledger: bool = False
    figures: dict[str, Any] = field(default_factory=dict)
    spoke: float = 0.0  # when a line was last written that says what goes on
    is_watched: bool = False  # whether a display of progress sees to that
    is_first: bool = True  # whether no verb has run in this process

    def begin(self, quiet: bool = False, as_json: bool = False, whole_ledger: bool = False) -> None:
        """Begin with a verb, or return to the state between verbs."""
        self.spoke = time.perf_counter()
        self.is_watched = False
        self.quiet = quiet
        self.as_json = as_json
        self.whole_ledger = whole_ledger
        self.figures = {}


SCREEN = Screen()


def add_options(function: Callable[..., None], *names: str) -> Callable[..., None]:
    """Add options of the screen to a verb, which itself never sees them."""
    signature = inspect.signature(function)
    # Annotations are text until they are read where the verb was written.
    hints = get_type_hints(function, include_extras=True)
    verb_parameters = [p.replace(annotation=hints[p.name]) for p in signature.parameters.values()]
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if name == "lang" else False,
            annotation=OPTIONS[name],
        )
        for name in names
    ]

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> None:
        wishes = {name: named.pop(name, False) for name in names}
        wishes.pop("lang", None)  # read when the command began
        with use_screen(**wishes):
            function(*arguments, **named)

    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*verb_parameters, *added]
    )
    call.__annotations__ = {**hints, **{name: OPTIONS[name] for name in names}}
    return call


@contextmanager
def use_screen(
    quiet: bool = False, as_json: bool = False, whole_ledger: bool = False
) -> Iterator[None]:
    """Show what was asked for while a verb runs, and its figures as JSON when it has ended."""
    SCREEN.begin(quiet, as_json, whole_ledger)
    # What it took to load the command line was silent too; later verbs of a process have it.
    if SCREEN.is_first:
        SCREEN.spoke -= _count_age()
        SCREEN.is_first = False
    out.quiet = quiet or as_json
    ended = threading.Event()
    reminder = threading.Thread(target=_remind, args=(ended,), daemon=True)
    reminder.start()
    try:
        yield
    except typer.Exit:
        # A strict audit that failed has figures too.
        _print_figures()
        raise
    else:
        _print_figures()
    finally:
        ended.set()
        reminder.join()
        out.quiet = False
        SCREEN.begin()


def _count_age() -> float:
    """Count the seconds since this process began; where the system does not say, those it used."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="ascii")
        uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        # the twenty-second field, in ticks since the machine was started
        began = int(stat.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return time.process_time()
    return max(0.0, uptime - began)


def say_progress(text: str) -> None:
    """Write a line on what goes on, if none was written for a while."""
    now = time.perf_counter()
    if text and not SCREEN.quiet and now - SCREEN.spoke >= SILENT:
        SCREEN.spoke = now
        err.print(text, soft_wrap=True)


def _remind(ended: threading.Event) -> None:
    """Say that something goes on before progress is shown and after it, as loading libraries."""
    while not ended.wait(LOOK):
        if not SCREEN.is_watched:
            say_progress("working ...")


def note_figures(name: str, value: Any) -> None:
    """Note figures under a name, for ``--json``; a table becomes a list of its rows."""
    if SCREEN.as_json:
        SCREEN.figures[name] = _make_plain(value)


def note_written(path: object) -> None:
    """Note a file or folder that was written, for ``--json``: all are one list, ``written``."""
    if SCREEN.as_json:
        SCREEN.figures.setdefault("written", []).append(str(path))


def _print_figures() -> None:
    if SCREEN.as_json and not SCREEN.quiet:
        typer.echo(json.dumps(SCREEN.figures, ensure_ascii=False, indent=2))


def _make_plain(value: Any) -> Any:
    """Make a value of what JSON has: what is not known is null, and no number is a text."""
    import pandas as pd

    if isinstance(value, pd.Series):
        value = value.to_frame("value")
    if isinstance(value, pd.DataFrame):
        table = value.reset_index() if any(value.index.names) else value
        rows = table.drop(columns=["geometry"], errors="ignore").to_dict("records")
        return [_make_plain(row) for row in rows]
    if isinstance(value, Mapping):
        return {str(name): _make_plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_make_plain(part) for part in value]
    if hasattr(value, "item"):  # a number of numpy's
        value = value.item()
    if value is None or pd.isna(value) or value in (float("inf"), float("-inf")):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)
