"""Stretches of rows: all of them once, in no more threads than asked for, also in a forked process."""

import multiprocessing
import threading

import numba
import numpy as np
import pytest

from simulators.threads import STRETCH, over_rows


def count(low, high, seen, workers):
    seen[low:high] += 1
    workers.add(threading.get_ident())


def filled(n):
    seen, workers = np.zeros(n, np.int64), set()
    over_rows(count, n, seen, workers)
    assert (seen == 1).all()
    return workers


@pytest.mark.parametrize("n", [0, 1, STRETCH, STRETCH + 1, 40 * STRETCH + 7])
def test_every_row_is_in_one_stretch(n):
    assert filled(n)  # which asserts that each row was seen once


@pytest.mark.parametrize("threads", range(1, min(3, numba.config.NUMBA_NUM_THREADS) + 1))
def test_no_more_threads_work_than_numba_would_use(threads):
    most = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        workers = set().union(*(filled(60 * STRETCH) for _ in range(5)))
    finally:
        numba.set_num_threads(most)
    assert 1 <= len(workers) <= threads


def test_an_error_in_a_stretch_is_raised():
    def fail(low, high):
        raise ValueError(f"row {low}")

    with pytest.raises(ValueError, match="row 0"):
        over_rows(fail, 40 * STRETCH)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    filled(40 * STRETCH)
    child = multiprocessing.get_context("fork").Process(target=filled, args=(40 * STRETCH,))
    child.start()
    child.join(20)
    hangs = child.is_alive()
    child.kill()
    assert not hangs
    assert child.exitcode == 0
