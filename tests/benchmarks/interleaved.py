"""Ways of doing one thing, timed in turns: medians of CPU and wall time, whose ratios hold on a shared machine."""

import statistics
import time


def medians(ways, rounds):
    """Median CPU and wall seconds of every way by name, over `rounds` turns after one that warms up."""
    spent = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            cpu, wall = time.process_time(), time.perf_counter()
            way()
            if turn:
                spent[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: tuple(statistics.median(column) for column in zip(*times, strict=True)) for name, times in spent.items()
    }
