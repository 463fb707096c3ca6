"""Engines behind `concurrent.futures`, and the loop that gives them nodes in topological order."""

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

from shiftbench.errors import InputError
from shiftbench.spec import did_you_mean

P = ParamSpec("P")
T = TypeVar("T")

ENGINES = ("inprocess", "processes")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a node; `reason` and `command` are one line each."""

    state: Literal["made", "reused", "skipped", "failed"]
    reason: str = ""
    command: str = ""


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


def engine(name: str, workers: int) -> Executor:
    """Executor by name: `inprocess`, or `processes` (spawned, `workers` of them, one thread each)."""
    if name == "inprocess":
        return InProcess()
    if name == "processes":
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_prepare_worker)
    raise InputError(f"no engine {name!r}{did_you_mean(name, ENGINES)}")


def _prepare_worker() -> None:
    # The parent ends its workers itself; without this each of them would print a traceback of its own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("shiftbench").setLevel(logging.INFO)
    # Trained weights depend on the number of threads; parallelism is across nodes.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"


def drive(
    needs: Mapping[str, Sequence[str]],
    make: Callable[[str], Outcome],
    executor: Executor,
    *,
    width: int,
    report: Callable[[str, Outcome], None],
    expired: Callable[[], bool] = lambda: False,
) -> dict[str, Outcome]:
    """Outcome of every node, made in topological order, `width` at a time.

    `needs` names for each node those it waits for, in an order that puts them first; `make(name)` must be picklable
    for processes. A node whose need was skipped or failed is skipped with that reason; `expired` stops new starts.
    """
    outcomes: dict[str, Outcome] = {}
    running: dict[Future[Outcome], str] = {}
    waiting = dict.fromkeys(needs)

    def settle(name: str, outcome: Outcome) -> None:
        outcomes[name] = outcome
        report(name, outcome)

    while waiting or running:
        for name in list(waiting):
            if len(running) >= width:
                break
            blocked = [
                outcomes[need]
                for need in needs[name]
                if need in outcomes and outcomes[need].state in ("skipped", "failed")
            ]
            if blocked:
                del waiting[name]
                settle(name, Outcome("skipped", blocked[0].reason, blocked[0].command))
            elif all(need in outcomes for need in needs[name]):
                del waiting[name]
                if expired():
                    settle(
                        name,
                        Outcome("skipped", "the time given by --max-minutes was over", "run the same command again"),
                    )
                else:
                    running[_submit(executor, make, name)] = name
        if running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                settle(running.pop(future), _outcome(future))
    return outcomes


def _submit(executor: Executor, make: Callable[[str], Outcome], name: str) -> Future[Outcome]:
    try:
        return executor.submit(make, name)
    except BrokenProcessPool as error:
        future: Future[Outcome] = Future()
        future.set_exception(error)
        return future


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        return Outcome(
            "failed", "the worker process died (out of memory?)", "run the same command again with --workers 1"
        )
    if error is not None:
        return Outcome("failed", f"{type(error).__name__}: {error}")
    return future.result()
