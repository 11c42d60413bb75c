"""The engine: one function mapped over many communities, one after another or in threads, in the same order.

The compiled kernels and GEOS release the GIL, so threads share the cores without copying a table. The result of
a task depends on the task alone, never on the number of workers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
        for result in pool.map(function, tasks):
            results.append(result)
            progress(stage, len(results), len(tasks))
    return results
