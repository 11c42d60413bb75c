"""Progress of long verbs: a bar in a terminal, lines elsewhere, and the compiling of kernels."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from gridplan.cli.language import in_language
from gridplan.cli.screen import LOOK, SCREEN, err, say_progress
from gridplan.engine import compiling
from gridplan.engine.deadline import Deadline
from gridplan.engine.parallel_map import Progress as StageDisplay

SEARCHING = {"division", "planning"}  # stages that end with the best so far
COMPILING = "compiling, once on this machine, 30 to 100 s"


class StageClock:
    """What long functions call: it keeps the seconds of each stage, and calls a display."""

    def __init__(self, display: StageDisplay) -> None:
        self._display = display
        self._stage = ""
        self._began = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage has come."""
        if stage != self._stage:
            self.close()
            self._stage = stage
        self._display(stage, done, total)

    @property
    def stage(self) -> str:
        """The stage that is running."""
        return self._stage

    def close(self) -> None:
        """End the stage that is running."""
        # A stage may come again, once for each community: its seconds add up.
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._began
        self._began = now
        self._stage = ""


class Display(Protocol):
    """What shows how far a stage has come."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show a step of a stage."""

    def remind(self) -> None:
        """Show, where nothing moves by itself, that the work goes on."""


class _Bar:
    """A display of progress: one bar, which begins again at each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("start", total=None)
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage has come."""
        if stage != self._stage:
            self._stage = stage
            # A stage of one step has no share that could be shown: the bar pulses. A new task,
            # since a reset one would keep the total of the stage before.
            self._progress.remove_task(self._task)
            name = in_language(stage)
            self._task = self._progress.add_task(name, total=total if total > 1 else None)
        self._progress.update(self._task, completed=done)

    def remind(self) -> None:
        """Do nothing: a bar moves by itself."""


class _Lines:
    """A display for a file or a pipe, where a bar cannot be drawn: a line after some silence."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._text = "working ..."

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Keep what would be said."""
        self._text = f"{stage} {done:,} of {total:,}" if total > 1 else stage

    def remind(self) -> None:
        """Write a line if none was written for a while."""
        text = in_language(self._text)
        say_progress(f"{time.perf_counter() - self._began:5.0f} s    {text}")


class _Silence:
    """The display of --quiet."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show nothing."""

    def remind(self) -> None:
        """Show nothing."""


class _RateColumn(ProgressColumn):
    """The steps done in a second, once some are."""

    def render(self, task: Task) -> Text:
        """Write the rate of a task."""
        speed = task.finished_speed or task.speed  # None until the second step
        return Text("" if not speed else f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")


class KernelWatch:
    """Shows that kernels are being compiled, which happens in the middle of any stage.

    It hears of it from this process and from those that work for it. How many kernels it will
    be is not known before, since one is compiled when it is first called.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._last: tuple[str, int, int] = ("", 0, 1)
        self._compiled: set[str] = set()
        self._depths: dict[int, int] = {}  # by process: a kernel compiles those that it calls

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Pass a step on, unless kernels are being compiled: then it is shown afterwards."""
        self._last = (stage, done, total)
        if not any(self._depths.values()):
            self._display(*self._last)

    def notify(self, process: int, begins: bool, kernel: str) -> None:
        """Take a report of a process."""
        if begins:
            self._depths[process] = self._depths.get(process, 0) + 1
        else:
            # The begin of this end may have come before the watch.
            depth = max(0, self._depths.get(process, 0) - 1)
            self._depths[process] = depth if kernel else 0
            # Numba's own functions are compiled too, and are not counted.
            if kernel.startswith("gridplan."):
                self._compiled.add(kernel)
        if any(self._depths.values()):
            self._display(f"{COMPILING}: {len(self._compiled)} kernels", 0, 1)
        elif self._last[0]:
            self._display(*self._last)

    def listen(self) -> None:
        """Listen, to this process from when numba is loaded."""
        compiling.listen(self.notify)

    def stop(self) -> None:
        """Listen no longer."""
        compiling.forget(self.notify)


@contextmanager
def show_progress() -> Iterator[StageClock]:
    """Show progress on standard error while the block runs.

    All progress of all verbs comes through here: another display is another
    class beside ``_Bar``, chosen in ``_open_display``.
    """
    with _open_display() as display:
        watch = KernelWatch(display)
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(watch, display, ended), daemon=True)
        watcher.start()
        SCREEN.is_watched = True
        clock = StageClock(watch)
        try:
            yield clock
        finally:
            SCREEN.is_watched = False
            ended.set()
            watcher.join()
            watch.stop()
        clock.close()


def _watch(watch: KernelWatch, display: Display, ended: threading.Event) -> None:
    """Look now and then whether numba is loaded and whether there was silence for long."""
    while not ended.wait(LOOK):
        watch.listen()
        display.remind()


@contextmanager
def _open_display() -> Iterator[Display]:
    if SCREEN.quiet:
        yield _Silence()
        return
    if not err.is_terminal:
        yield _Lines()
        return
    columns = (
        *(SpinnerColumn(), TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn()),
        *(_RateColumn(), TimeRemainingColumn()),
    )
    # A chunk of a city takes a minute, so the rate is taken over ten.
    # A bar that ends leaves no trace: what stays is the line of times.
    with Progress(*columns, console=err, transient=True, speed_estimate_period=600) as progress:
        yield _Bar(progress)


@contextmanager
def end_on_interrupt(deadline: Deadline, clock: StageClock) -> Iterator[None]:
    """Let a first Ctrl-C end only the search; any other stops the command at once."""

    # Only a search has something to show for the time it took.
    def handle(number: int, frame: Any) -> None:
        if deadline.is_asked or clock.stage not in SEARCHING:
            raise KeyboardInterrupt
        deadline.ask()
        err.print(
            "ending the search; the plan is finished with the best so far. "
            "Ctrl-C again stops at once",
            soft_wrap=True,
        )

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)  # a caller in Python has a handler of its own
