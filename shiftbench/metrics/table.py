"""The table of metrics: every one by its name, in the order in which they are shown."""

from shiftbench.metrics import (
    calibration,
    consistency,
    correlation,
    coverage,
    dream,
    error,
    noise,
    perturbation,
    robustness,
    scoring,
    selective,
    split,
    told,
    variants,
)

VERSION = 3
"""Raised when a number changes for the same prediction."""

METRICS = {
    metric.name: metric
    for metric in (
        *error.TABLE,
        *correlation.TABLE,
        *scoring.TABLE,
        *calibration.TABLE,
        *coverage.TABLE,
        *split.TABLE,
        *selective.TABLE,
        *noise.TABLE,
        *robustness.TABLE,
        *variants.TABLE,
        *consistency.TABLE,
        *dream.TABLE,
        *perturbation.TABLE,
        *told.TABLE,
    )
}
"""All metrics by name, in the order in which they are shown."""
