"""Dask distributed as an executor: a cluster of this machine, or one that has an address (extra `dask`)."""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from shiftbench.errors import InputError

try:
    # What happens to workers is told by the driver; the import reads this, here and in each worker.
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")
    import distributed
    from distributed.comm import CommClosedError, resolve_address
except ImportError as error:
    raise InputError("--engine dask: distributed is not installed; pip install 'shiftbench[dask]'") from error

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 15.0
"""Seconds in which a scheduler has to answer."""
_TURN = threading.Lock()
"""Held by the one call that runs in this process: fits side by side in threads would share PyTorch's random numbers."""


class Dask(Executor):
    """Calls run by Dask; a worker or a connection that is lost is a `BrokenExecutor`, as with processes.

    Without an address there are `workers` processes of one thread each, prepared by `prepare`, which end with the
    executor. Workers of an address must see the same packages and the same files; each runs one call at a time,
    whatever its threads. Calls run in the folder from which they were submitted, so that relative paths hold.
    """

    def __init__(self, workers: int, address: str, prepare: Callable[[], None]) -> None:
        self._cluster = None if address else _local(workers)
        self._client = _connect(self._cluster.scheduler_address if self._cluster else address)
        if self._cluster:
            self._client.register_plugin(_Prepare(prepare))
        self._inner = self._client.get_executor(pure=False)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Future of the call."""
        outer: Future[T] = Future()
        try:
            inner = self._inner.submit(_call, Path.cwd(), fn, args, kwargs)
        except Exception as error:
            outer.set_exception(BrokenExecutor(str(error)))
        else:
            inner.add_done_callback(lambda done: _pass_on(done, outer))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the workers; those of a local cluster end."""
        self._inner.shutdown(wait=wait and not cancel_futures)
        self._client.close()
        if self._cluster:
            self._cluster.close()


def workers(address: str) -> int:
    """Number of workers at an address, each of which runs one call at a time; `InputError` if there is none."""
    client = _connect(address)
    try:
        found = len(client.nthreads())
    finally:
        client.close()
    if not found:
        raise InputError(f"--scheduler {address}: it has no workers; start some, or give a number with --workers")
    return found


class _Prepare(distributed.WorkerPlugin):  # type: ignore[misc]
    """Prepares each worker of a local cluster, and those that take the place of a dead one."""

    def __init__(self, prepare: Callable[[], None]) -> None:
        self.prepare = prepare

    def setup(self, worker: Any) -> None:
        self.prepare()


def _local(workers: int) -> Any:
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=":0",  # any free port
        memory_limit=0,  # as with processes, the operating system has the last word
        scheduler_kwargs={"allowed_failures": 0},  # the driver itself finds out who kills workers
        silence_logs=logging.CRITICAL,
    )


def _connect(address: str) -> Any:
    try:
        resolve_address(address)  # a client that fails on a wrong address hangs when it is let go
        return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--scheduler {address}: no scheduler answers ({reason}); expected tcp://host:port") from error


def _call(folder: Path, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    with _TURN:
        os.chdir(folder)
        return fn(*args, **kwargs)


def _pass_on(done: Future[T], outer: Future[T]) -> None:
    """Give the outcome of Dask's future to ours, in the words of `concurrent.futures`."""
    if done.cancelled():
        outer.set_exception(BrokenExecutor("the connection to the scheduler was lost"))
        return
    error = done.exception()
    if error is None:
        outer.set_result(done.result())
    elif isinstance(error, distributed.KilledWorker | CancelledError | CommClosedError):
        outer.set_exception(BrokenExecutor(str(error)))
    else:
        outer.set_exception(error)
