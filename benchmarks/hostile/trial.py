"""One hostile input: files are made, verbs run in a fork with bounds, and what came is judged.

A fork after the imports costs some hundredths of a second, a fresh process two seconds.
"""

import contextlib
import importlib
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 20  # of processor, which a busy machine does not stretch
LONGEST_WAIT = 240  # seconds by the clock
MEGABYTES = 3000
# What a terminal would obey, or show in another order than it is written.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TRACE = re.compile(r"Traceback \(most recent|^  File \"", re.MULTILINE)
# How an error leads out: a remedy, how the verb is used, or what a rule may be.
REMEDY = re.compile(
    r"->|usage:|\bmust\b|\bthere are\b|\bneeds\b|\bis below\b|\bprints a file\b|; \w+ has ",
    re.IGNORECASE,
)
MOST_LINES = 40  # of an error
LONGEST_ERROR = 12_000  # letters


@dataclass(frozen=True)
class Trial:
    """What is made, the verbs that are run on it, and what must be seen.

    ``says`` are texts of which one must be in the output; ``statuses`` those
    that are right.
    """

    kind: str
    name: str
    make: Callable[[Path], None]
    verbs: tuple[tuple[str, ...], ...]
    says: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (0, 1, 2)


@dataclass
class Outcome:
    """What came of a trial; it is held if ``faults`` is empty."""

    trial: Trial
    status: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0
    output: str = ""
    errors: str = ""
    faults: list = field(default_factory=list)


def _spent(pid):
    """Read the seconds of processor that a process has spent; its children's once they ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(word) for word in words[11:15]) / os.sysconf("SC_CLK_TCK")


def load_program(verbs, folder):
    """Import all that verbs load, so that forks have it: as a fork that ran them says."""
    known = set(sys.modules)
    names = folder / "modules.txt"

    def watch():
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        for words in verbs:
            _run_verb(words)
        names.write_text("\n".join(name for name in sys.modules if name not in known))

    run_apart(watch)
    for name in names.read_text().split():
        with contextlib.suppress(Exception):  # a name made up by whoever imports lazily
            importlib.import_module(name)


def run_trials(trials, folder, jobs=4, report=None):
    """Run trials side by side, each in a folder of its own; returns their outcomes in order."""
    waiting = list(enumerate(trials))[::-1]
    running = {}
    outcomes = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            number, trial = waiting.pop()
            place = folder / f"{number:04}"
            (place / "in").mkdir(parents=True)
            run_apart(trial.make, place / "in")
            before = list_files(place / "in")
            running[_start(trial, place)] = (number, trial, place, before, time.monotonic())
        for pid, (number, trial, place, before, began) in list(running.items()):
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            seconds = time.monotonic() - began
            if not ended and seconds <= LONGEST_WAIT and _spent(pid) <= SECONDS:
                continue
            if not ended:
                seconds = _spent(pid) if seconds <= LONGEST_WAIT else float("inf")
                # A group of its own: workers of the verb end with it.
                os.killpg(pid, signal.SIGKILL)
                _, status, usage = os.wait4(pid, 0)
            del running[pid]
            outcome = Outcome(
                trial,
                os.waitstatus_to_exitcode(status),
                usage.ru_utime + usage.ru_stime if ended else max(seconds, SECONDS + 0.1),
                usage.ru_maxrss / 1024,
                (place / "stdout").read_text(errors="replace"),
                (place / "stderr").read_text(errors="replace"),
            )
            outcome.faults = list(find_faults(outcome, before, list_files(place / "in")))
            outcomes[number] = outcome
            if report:
                report(outcome)
        time.sleep(0.005)
    return [outcomes[number] for number in sorted(outcomes)]


def run_apart(function, *arguments):
    """Call a function in a fork and wait; this process starts no threads, which forks would lack.

    Raises
    ------
    RuntimeError
        If the function failed; its trace is on the screen.
    """
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        try:
            function(*arguments)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError(f"{function} failed")


def list_files(folder):
    """List what is in a folder, with sizes; special files without one."""
    return {
        str(path.relative_to(folder)): path.lstat().st_size if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def _start(trial, place):
    """Start a fork that runs the verbs of a trial one after another until one does not succeed."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        os.setsid()
        os.chdir(place / "in")
        for name, number in (("stdout", 1), ("stderr", 2)):
            os.dup2(os.open(place / name, os.O_WRONLY | os.O_CREAT), number)
        # Whoever called may have put others in their place, as pytest does.
        sys.stdout, sys.stderr = (open(n, "w", closefd=False) for n in (1, 2))  # noqa: SIM115
        _bound_memory()
        for words in trial.verbs:
            status = _run_verb(words)
            if status:
                break
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _bound_memory():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    bound = pages * resource.getpagesize() + MEGABYTES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run_verb(words):
    """Run a verb as the command line does, and return its exit status."""
    from gridplan.cli import entry

    sys.argv = ["gridplan", *words]
    try:
        entry.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def find_faults(outcome, before, after):
    """Say in which ways an outcome is not held."""
    trial, errors = outcome.trial, outcome.errors
    text = outcome.output + errors
    if outcome.seconds > SECONDS:
        yield f"no end within {SECONDS} s"
    elif outcome.megabytes > MEGABYTES:
        yield f"{outcome.megabytes:,.0f} MB"
    elif outcome.status not in trial.statuses:
        yield f"status {outcome.status}"
    if TRACE.search(text):
        yield "a trace"
    if CONTROL.search(text):
        yield f"a control character on the screen: {CONTROL.search(text)[0]!r}"
    changed = {name for name in before if name in after and before[name] != after[name]}
    added = set(after) - set(before)
    if outcome.status in (1, 2) and not _is_report(trial):
        if "error" not in errors.lower():
            yield "no error is said"
        elif not REMEDY.search(errors):
            yield "no remedy is said"
        if errors.count("\n") > MOST_LINES or len(errors) > LONGEST_ERROR:
            yield f"an error of {errors.count(chr(10))} lines, {len(errors):,} letters"
        if added or changed or set(before) - set(after):
            yield f"files changed though it failed: {sorted(added | changed)[:3]}"
    half = [name for name in added if "/." in f"/{name}" or name.endswith((".tmp", ".part"))]
    if half:
        yield f"left behind: {half[:3]}"
    if trial.says and not any(word in text for word in trial.says):
        yield f"says none of {trial.says}"


def _is_report(trial):
    """Whether the last verb reports what is wrong by its status, and not as an error."""
    return trial.verbs[-1][0] in ("audit", "locks") or len(trial.verbs) > 1
