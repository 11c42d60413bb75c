"""The engine: one function mapped over many communities, one after another, in threads or in processes, in the same order.

The compiled kernels and GEOS release the GIL, so threads share the cores without copying a table. Processes are for
whole chunks of a city; their tasks carry file paths and codes, never tables. The result of a task depends on the
task alone, never on the number of workers.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing.connection import wait
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Progress(Protocol):
    """What long work calls to say how far it has come; any function of this form will do."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take the name of the stage, the steps done and all steps."""


def keep_silent(stage: str, done: int, total: int) -> None:
    """Take the progress and show nothing."""


def count_workers(workers: int | None) -> int:
    """Count the workers to use: as many as asked for, or one for each core.

    Examples
    --------
    >>> count_workers(3)
    3
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    return workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or os.cpu_count() or 1


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | None = None,
    stage: str = "",
    progress: Progress = keep_silent,
) -> list[Result]:
    """Map a function over tasks and return the results in the order of the tasks.

    Examples
    --------
    >>> map_tasks(abs, [-1, 2, -3], workers=2)
    [1, 2, 3]
    """
    results = []
    progress(stage, 0, len(tasks))
    if count_workers(workers) == 1 or len(tasks) < 2:
        for task in tasks:
            results.append(function(task))
            progress(stage, len(results), len(tasks))
        return results
    with ThreadPoolExecutor(count_workers(workers)) as pool:
        try:
            for result in pool.map(function, tasks):
                results.append(result)
                progress(stage, len(results), len(tasks))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def map_processes(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | None = None,
    sizes: Sequence[int] | None = None,
    done: int = 0,
    stage: str = "",
    progress: Progress = keep_silent,
) -> list[Result]:
    """Map a function over tasks in processes of their own and return the results in the order of the tasks.

    Parameters
    ----------
    function
        A function of a module, which each process imports anew.
    tasks
        Small things that can be pickled, such as paths and codes.
    workers
        Processes; one for each core if not given. One works in this process.
    sizes, done
        What each task counts in the progress (1 if not given), and what was done before.
    stage, progress
        What to call the work, and whom to tell.

    Examples
    --------
    >>> map_processes(abs, [-1, 2], workers=1)
    [1, 2]
    """
    sizes = [1] * len(tasks) if sizes is None else sizes
    total = done + sum(sizes)
    progress(stage, done, total)
    count = min(count_workers(workers), len(tasks))
    results: dict[int, Result] = {}
    if count <= 1:
        for n, task in enumerate(tasks):
            results[n] = function(task)
            done += sizes[n]
            progress(stage, done, total)
        return list(results.values())
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=_follow_parent) as pool:
        places: dict[Future[Result], int] = {pool.submit(function, task): n for n, task in enumerate(tasks)}
        try:
            for future in as_completed(places):
                n = places[future]
                results[n] = future.result()
                done += sizes[n]
                progress(stage, done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [results[n] for n in range(len(tasks))]


def _follow_parent() -> None:
    """Leave Ctrl-C to the process that started this one, and end as soon as that is gone, even if it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
