"""Kernels over rows, side by side: each call has a stretch of rows to itself, in as many threads as Numba would use.

A kernel that releases the GIL compiles in half the time of one that Numba spreads over threads by itself.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numba

STRETCH = 512
"""Fewest rows worth a thread; stretches are multiples of it."""


def over_rows(kernel: Callable[..., Any], n: int, *args: Any) -> None:
    """Call `kernel(low, high, *args)` for stretches that cover the rows 0 .. `n` - 1; no row may need another."""
    threads = numba.get_num_threads()
    step = STRETCH * max(1, n // (4 * threads * STRETCH))
    if threads == 1 or n <= step:
        kernel(0, n, *args)
        return
    calls = [_pool(threads).submit(kernel, low, min(n, low + step), *args) for low in range(0, n, step)]
    for call in calls:
        call.result()


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "rows")


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads of its parent, and would wait for them
    os.register_at_fork(after_in_child=_pool.cache_clear)
