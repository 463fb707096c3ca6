"""The table of metrics: every one by its name, in the order in which they are shown."""

from shiftbench.metrics import correlation, coverage, error, noise, scoring, selective

VERSION = 1
"""Raised when a number changes for the same prediction."""

METRICS = {
    metric.name: metric
    for metric in (
        *error.TABLE,
        *correlation.TABLE,
        *scoring.TABLE,
        *coverage.TABLE,
        *selective.TABLE,
        *noise.TABLE,
    )
}
"""All metrics by name, in the order in which they are shown."""
