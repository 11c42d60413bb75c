"""Parallel engine: one function mapped over many tasks, in threads, processes or on a cluster.

The compiled kernels and GEOS release the GIL, so threads share the cores
without copying a table. Processes, of this machine or of a Dask cluster, are
for whole chunks of a city; their tasks carry file paths and codes, never
tables. The result of a task depends on the task alone, never on the engine or
the number of workers.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from importlib import import_module
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeVar

from gridplan.engine.compiling import relay_reports, send_reports
from gridplan.errors import EngineError, MissingPackageError

Task = TypeVar("Task")
Result = TypeVar("Result")

ENGINES = ("serial", "processes", "dask")
ANSWERS = 30.0  # s that a scheduler has to answer in
TRIED = 5.0  # s that it has when it is tried before the work
READY = 60.0  # s that the first worker of a scheduler has to appear in


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
    if workers is not None:
        return workers
    # In a container or a batch job fewer cores may be ours than the machine has;
    # only Linux says how many.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
    # Without a pool there is nothing to start, and tracebacks stay short.
    if count_workers(workers) == 1 or len(tasks) < 2:
        for task in tasks:
            results.append(function(task))
            progress(stage, len(results), len(tasks))
        return results
    with ThreadPoolExecutor(count_workers(workers)) as pool:
        try:
            # pool.map gives results in the order of the tasks, whichever ends first.
            for result in pool.map(function, tasks):
                results.append(result)
                progress(stage, len(results), len(tasks))
        except BaseException:
            # Ctrl-C must not wait for tasks that have not begun.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def map_processes(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    engine: str = "processes",
    scheduler: str | None = None,
    workers: int | None = None,
    sizes: Sequence[int] | None = None,
    done: int = 0,
    stage: str = "",
    progress: Progress = keep_silent,
) -> list[Result]:
    """Map a function over tasks in separate processes; returns results in the order of the tasks.

    Parameters
    ----------
    function
        A function of a module, which each process imports again.
    tasks
        Small things that can be pickled, such as paths and codes.
    engine
        "serial" works in this process, "processes" in some of this machine,
        "dask" on a Dask cluster.
    scheduler
        Address of a Dask scheduler; processes of this machine make a cluster
        if not given.
    workers
        Processes; one for each core if not given. A single one of "processes"
        works in this process. A scheduler has its own.
    sizes, done
        What each task counts in the progress (1 if not given), and what was
        done before.
    stage, progress
        What to call the work, and what to report to.

    Raises
    ------
    MissingPackageError
        If Dask is asked for and not installed.
    EngineError
        If the scheduler does not answer or has no workers, or a worker is lost
        again and again.

    Examples
    --------
    >>> map_processes(abs, [-1, 2], engine="serial")
    [1, 2]
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {engine}")
    sizes = [1] * len(tasks) if sizes is None else sizes
    total = done + sum(sizes)
    counted = done
    progress(stage, counted, total)
    # More processes than tasks would start for nothing.
    count = min(count_workers(workers), len(tasks))
    results: dict[int, Result] = {}
    if not tasks:
        finished: Iterator[tuple[int, Result]] = iter(())
    elif engine == "dask":
        finished = _work_on_cluster(function, tasks, count, scheduler)
    elif engine == "processes" and count > 1:
        finished = _work_in_pool(function, tasks, count)
    else:
        # A generator, so that each result is counted as it comes.
        finished = ((n, function(task)) for n, task in enumerate(tasks))
    # Results come as they end; the order of the tasks is restored below.
    for n, result in finished:
        results[n] = result
        counted += sizes[n]
        progress(stage, counted, total)
    return [results[n] for n in range(len(tasks))]


def _work_in_pool(
    function: Callable[[Task], Result], tasks: Sequence[Task], count: int
) -> Iterator[tuple[int, Result]]:
    """Work on tasks in processes of this machine; yields number and result of each as it ends."""
    # Forking a process that has threads may deadlock.
    spawn = multiprocessing.get_context("spawn")
    with (
        relay_reports(spawn) as reports,
        ProcessPoolExecutor(
            count, mp_context=spawn, initializer=_start_worker, initargs=reports
        ) as pool,
    ):
        places: dict[Future[Result], int] = {
            pool.submit(function, task): n for n, task in enumerate(tasks)
        }
        try:
            for future in as_completed(places):
                yield places[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _work_on_cluster(
    function: Callable[[Task], Result], tasks: Sequence[Task], count: int, scheduler: str | None
) -> Iterator[tuple[int, Result]]:
    """Work on tasks on a Dask cluster; yields the number and the result of each as it ends."""
    distributed = need_dask()
    with ExitStack() as stack:
        if scheduler is None:
            cluster = distributed.LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                dashboard_address=None,  # a port that is taken would stop the work
                memory_limit=0,  # Dask would restart a worker in the middle of a large chunk
                silence_logs=logging.ERROR,
            )
            client = stack.enter_context(distributed.Client(stack.enter_context(cluster)))
        else:
            client = stack.enter_context(_reach_scheduler(distributed, scheduler))
        # Not pure: equal calls must run again, since files may have changed.
        futures = client.map(function, tasks, pure=False)
        places = {future.key: n for n, future in enumerate(futures)}
        try:
            for future in distributed.as_completed(futures):
                yield places[future.key], future.result()
        except distributed.KilledWorker as error:
            raise EngineError(
                f"a task was lost with every worker that took it: {error}"
                " -> give the workers more memory"
            ) from None
        finally:
            # A cluster that others share must not go on with what nobody waits for.
            client.cancel(futures)


def need_dask() -> Any:
    """Load Dask's package for clusters, or refuse to go on without it.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    try:
        return import_module("distributed")
    except ImportError:
        raise MissingPackageError("Dask is not installed -> pip install 'gridplan[dask]'") from None


def try_scheduler(address: str, seconds: float = TRIED) -> None:
    """Try whether a Dask scheduler answers at an address; long work asks this before it begins.

    Raises
    ------
    MissingPackageError
        If Dask is not installed.
    EngineError
        If nothing answers within so many seconds.
    """
    client = _open_client(need_dask(), address, seconds)
    client.close()


def _open_client(distributed: Any, address: str, seconds: float) -> Any:
    """Open a client of a running scheduler."""
    # Dask reports each try that fails, and goes on reporting in the background.
    logs = [logging.getLogger(name) for name in ("distributed", "asyncio")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        return distributed.Client(address, timeout=seconds)
    # Of any kind: what another program answers may read as a message of exabytes.
    except Exception as error:
        why = " ".join(str(error).split())
        raise EngineError(
            f"no Dask scheduler answers at {address} ({why}) -> check the address, "
            "or start one with: dask scheduler"
        ) from None
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def _reach_scheduler(distributed: Any, address: str) -> Any:
    """Reach the scheduler of a running cluster that has workers; returns a client of it."""
    client = _open_client(distributed, address, ANSWERS)
    # A scheduler without workers takes tasks and never answers.
    try:
        client.wait_for_workers(1, timeout=READY)
    except TimeoutError:
        client.close()
        raise EngineError(
            f"the Dask scheduler at {address} has no workers"
            f" -> start some with: dask worker {address}"
        ) from None
    return client


def _start_worker(sender: Connection, lock: Any) -> None:
    """Follow the parent process, and let it know what is compiled here."""
    _follow_parent()
    send_reports(sender, lock)


def _follow_parent() -> None:
    """Leave Ctrl-C to the parent process, and end as soon as that is gone, even if killed."""
    # The terminal sends Ctrl-C to the whole group of processes at once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    # The sentinel is ready when the parent is gone, whatever ended it.
    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)  # a plain exit would end only this thread

    threading.Thread(target=watch, daemon=True).start()
