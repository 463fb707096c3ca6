"""Constants of a program: parts, sum and f standardised on reference sequences, the dark share held."""

import math

import msgspec
import numpy as np
from numba import njit

from simulators.contract import Program
from simulators.effects import table
from simulators.program import DARK, GC, PARTS, SD, Basis, Floats, bend, link_law, parts


def standardise(program: Program, raw: Floats) -> Program:
    """Program whose parts, sum and f have mean 0 and their nominal SD on the sequences behind `raw`."""
    shape = (len(program.cells), len(PARTS))
    centers, scales, eta = np.empty(shape), np.empty(shape), np.empty(len(raw))
    shares = np.array(program.shares)
    law = [activity(raw[:, c], shares, link_law(program), centers[c], scales[c], eta) for c in range(shape[0])]
    return msgspec.structs.replace(
        program,
        centers=table(centers),
        scales=table(scales),
        total_center=tuple(total[0] for total, _ in law),
        total_scale=tuple(total[1] for total, _ in law),
        link_center=tuple(final[0] for _, final in law),
        link_scale=tuple(SD / final[1] for _, final in law),
    )


def balance_dark(program: Program, basis: Basis) -> Program:
    """Program whose field weights make motifs and 6-mer field equal in the variance of the dark part."""
    weights = np.array(program.dark_weights, dtype=np.float64)
    spread = []
    for last in (0.0, 1.0):
        half = weights * (1 - last)
        half[:, -1] = last
        dark = parts(msgspec.structs.replace(program, dark_weights=table(half)), basis)[..., DARK]
        spread.append([moments(dark[:, c])[1] for c in range(len(weights))])
    weights[:, -1] = [a / b for a, b in zip(*spread, strict=True)]
    return msgspec.structs.replace(program, dark_weights=table(weights))


@njit(cache=True)
def activity(raw, shares, law, center, scale, eta):  # type: ignore[no-untyped-def]
    """Standardise one output, `raw` (n, parts): fill `center`, `scale` (parts,) and `eta` (n,), softplus of the sum.

    Gives mean and SD of the sum and of `eta`. The parts are correlated, so those other than the dark one share one
    more factor that makes the variance of their sum 1 - the dark share: every output is dark to the same degree.
    """
    n, count = raw.shape
    eta[:] = 0.0
    for part in range(count):
        center[part], sd = moments(raw[:, part])
        scale[part] = sd if sd > 0 else 1.0  # a part that never varies adds nothing
        if part != DARK:
            for i in range(n):
                eta[i] += math.sqrt(shares[part]) / scale[part] * (raw[i, part] - center[part])
    sd = moments(eta)[1]
    factor = sd / math.sqrt(1 - shares[DARK]) if sd > 0 else 1.0
    for part in range(count):
        if part != DARK:
            scale[part] *= factor
    for i in range(n):
        eta[i] = eta[i] / factor + math.sqrt(shares[DARK]) / scale[DARK] * (raw[i, DARK] - center[DARK])
    total = moments(eta)
    for i in range(n):
        eta[i] = bend((eta[i] - total[0]) / total[1], raw[i, GC], law)
    return total, moments(eta)


@njit(cache=True)
def moments(values):  # type: ignore[no-untyped-def]
    """Mean and SD of a vector, summed in order (the same bits everywhere)."""
    mean = 0.0
    for x in values:
        mean += x
    mean /= values.size
    square = 0.0
    for x in values:
        square += (x - mean) * (x - mean)
    return mean, math.sqrt(square / values.size)
