"""What a wrapper is given, made from the few things that a test is about."""

import numpy as np

from shiftbench.wrappers.evidence import Evidence


def evidence(test, calibration=(), observed=None, sequence=None, calibration_sequence=None):
    """Evidence of one prediction or a tuple of them; letters are drawn where the test is not about them."""
    test, calibration = (side if isinstance(side, tuple) else (side,) for side in (test, calibration))
    if observed is None:
        observed = np.zeros((0, 2), np.float32)
    n = test[0].mean.shape[0] if test else 0
    if sequence is None:
        sequence = np.random.default_rng(98).integers(0, 4, (n, 60), dtype=np.uint8)
    if calibration_sequence is None:
        calibration_sequence = np.random.default_rng(99).integers(0, 4, (len(observed), 60), dtype=np.uint8)
    return Evidence(test, calibration, observed, sequence, calibration_sequence)
