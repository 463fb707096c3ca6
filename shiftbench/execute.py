"""Engines behind `concurrent.futures`, and the loop that gives them nodes in topological order."""

import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, ParamSpec, TypeVar

from shiftbench.errors import InputError
from shiftbench.spec import did_you_mean

P = ParamSpec("P")
T = TypeVar("T")

ENGINES = ("inprocess", "processes", "dask")
BLOCKING = ("skipped", "failed")
"""States of a node on which nothing can be built."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a node; `reason` and `command` are one line each."""

    state: Literal["made", "reused", "skipped", "failed"]
    reason: str = ""
    command: str = ""
    missing: bool = False
    """Skipped for want of a public file."""


class InProcess(Executor):
    """Runs each call at once in this process: the plainest engine, and the one for a debugger."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """A future that is already done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def width(name: str, workers: int, scheduler: str = "") -> int:
    """How many calls run at a time: `workers`, or if 0 as many as there are cores, or workers at the scheduler.

    `InputError` for an unknown engine, fewer than 0 workers, or a scheduler that does not answer.
    """
    _check(name)
    if workers < 0:
        raise InputError(f"--workers: {workers}; expected 0 or more")
    if scheduler and name != "dask":
        raise InputError(f"--scheduler: {scheduler} with the engine {name}; expected --engine dask")
    if name == "inprocess":
        return 1
    if scheduler and not workers:
        from shiftbench import cluster

        return cluster.workers(scheduler)
    return workers or os.cpu_count() or 1


def engine(name: str, workers: int, scheduler: str = "") -> Executor:
    """Executor by name: `inprocess`, `processes` (spawned, `workers` of them, one thread each), or `dask`.

    Dask runs on the cluster at the address `scheduler`, or on one of its own like `processes`.
    """
    _check(name)
    if name == "dask":
        from shiftbench.cluster import Dask

        return Dask(workers, scheduler, _prepare_worker)
    if name == "processes":
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_prepare_worker)
    return InProcess()


def _check(name: str) -> None:
    if name not in ENGINES:
        raise InputError(f"--engine: no engine {name!r}{did_you_mean(name, ENGINES)}")


def _prepare_worker() -> None:
    # The parent ends its workers itself; without this each of them would print a traceback of its own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("shiftbench").setLevel(logging.INFO)
    # Trained weights depend on the number of threads; parallelism is across nodes.
    for variable in (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ):
        os.environ[variable] = "1"


def drive(
    needs: Mapping[str, Sequence[str]],
    make: Callable[[str], Outcome],
    start: Callable[[int], Executor],
    *,
    width: int,
    report: Callable[[str, Outcome], None],
    expired: Callable[[], bool] = lambda: False,
) -> dict[str, Outcome]:
    """Outcome of every node, made in topological order, `width` at a time, on executors that `start` gives.

    `needs` names for each node those it waits for, in an order that puts them first; `make(name)` must be picklable
    for processes. A node whose need was skipped or failed is skipped with that reason; `expired` stops new starts.
    When a worker dies, the nodes in flight are made again one at a time, so that only the culprit fails.
    """
    drive = _Drive(needs, report, expired)
    executor = start(width)
    try:
        while drive.unfinished():
            for name in drive.next(width):
                drive.running[_submit(executor, make, name)] = name
            if drive.running and not drive.collect():
                executor.shutdown(wait=False, cancel_futures=True)
                executor = start(width)
    except KeyboardInterrupt:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return drive.outcomes


class _Drive:
    """Which nodes wait, run, are under suspicion of having killed a worker, or are settled."""

    def __init__(
        self,
        needs: Mapping[str, Sequence[str]],
        report: Callable[[str, Outcome], None],
        expired: Callable[[], bool],
    ) -> None:
        self.needs, self.report, self.expired = needs, report, expired
        self.outcomes: dict[str, Outcome] = {}
        self.running: dict[Future[Outcome], str] = {}
        self.waiting = dict.fromkeys(needs)
        self.suspects = deque[str]()

    def unfinished(self) -> bool:
        """Whether any node is not settled."""
        return bool(self.waiting or self.running or self.suspects)

    def settle(self, name: str, outcome: Outcome) -> None:
        """Record what became of a node."""
        self.outcomes[name] = outcome
        self.report(name, outcome)

    def next(self, width: int) -> list[str]:
        """Nodes to start now: a suspect alone, else as many as may run beside those that do."""
        if self.suspects:
            return [] if self.running else [self.suspects[0]]
        return list(islice(self._ready(), width - len(self.running)))

    def _ready(self) -> Iterator[str]:
        """Nodes whose needs are made; those that cannot be started are settled."""
        for name in list(self.waiting):
            found = [self.outcomes[need] for need in self.needs[name] if need in self.outcomes]
            blocked = [outcome for outcome in found if outcome.state in BLOCKING]
            if blocked:
                del self.waiting[name]
                self.settle(name, replace(blocked[0], state="skipped"))
            elif len(found) == len(self.needs[name]):
                del self.waiting[name]
                if self.expired():
                    over = Outcome("skipped", "the time given by --max-minutes was over", "run the same command again")
                    self.settle(name, over)
                else:
                    yield name

    def collect(self) -> bool:
        """Settle what is done; False if a worker died, and all that ran has to be made again."""
        done, _ = wait(self.running, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenExecutor) for future in done):
            if self.suspects:
                self.settle(self.suspects.popleft(), Outcome("failed", "its worker process died (out of memory?)"))
            else:
                self.suspects.extend(self.running.values())
            self.running.clear()
            return False
        for future in done:
            if self.suspects:
                self.suspects.popleft()
            self.settle(self.running.pop(future), _outcome(future))
        return True


def _submit(executor: Executor, make: Callable[[str], Outcome], name: str) -> Future[Outcome]:
    try:
        return executor.submit(make, name)
    except BrokenExecutor as error:
        future: Future[Outcome] = Future()
        future.set_exception(error)
        return future


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is not None:
        return Outcome("failed", f"{type(error).__name__}: {error}")
    return future.result()
