"""Selective prediction: rows of small stated SD are answered, the others are not."""

from dataclasses import replace

import numpy as np

from shiftbench.wrappers.evidence import Evidence, Wrapped
from shiftbench.wrappers.law import stated_sd

SHARE = 0.8
"""Share of the calibration rows that would be answered."""


def selective(evidence: Evidence) -> Wrapped:
    """The same law, kept where its SD is at most the 80 % quantile of the SD of the calibration rows; uses no target.

    Told: `kept_share`, the share of test rows answered. `Skipped` if no SD is stated.
    Source: Geifman and El-Yaniv 2017, arXiv:1705.08500 (threshold on confidence from a held-out set).
    """
    test, calibration = evidence.pair()
    kept = stated_sd(test) <= np.quantile(stated_sd(calibration), SHARE, axis=0)
    if test.kept is not None:
        kept &= test.kept
    return Wrapped(replace(test, kept=kept), {"kept_share": kept.mean(axis=0).tolist()})
