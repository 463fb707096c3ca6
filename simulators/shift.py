"""Shifts of a world by severity: each family replaces exactly one part, and severity 0 gives the same world.

Severities are computed, not guessed: total variation for a covariate shift, 1 - corr^2 of old and new f for a
concept shift, the share of reliability lost for a measurement shift. Each family solves for its own parameter.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import assay, effects, genome, program
from simulators.contract import Assay, Genome, Program, World
from simulators.distributions import log_gamma, softplus
from simulators.random import key

Floats = NDArray[np.float64]
Part = Genome | Program | Assay
Solved = tuple[Part, float, dict[str, float]]
"""The new part, the severity that it reaches and the parameters that were solved for."""


class Unreachable(ValueError):  # noqa: N818 - a property of the family, not a fault
    """A family cannot reach a severity in a world; the one line says why and how far it goes."""


@dataclass(frozen=True, slots=True)
class Family:
    """One way to shift a world: the `part` that it replaces, what it does in one line, and its solver."""

    name: str
    part: str
    text: str
    solve: Callable[[World, float], Solved]


@dataclass(frozen=True, slots=True)
class Shifted:
    """A shifted world, the severity reached and the parameters that reach it."""

    world: World
    family: str
    part: str
    severity: float
    parameter: dict[str, float] = field(default_factory=dict)


def apply(world: World, family: str, severity: float) -> Shifted:
    """World shifted to `severity` in 0..1; the same object at 0.

    `Unreachable` if the family stops before; `ValueError` for an unknown family or a severity outside 0..1.
    """
    if family not in FAMILIES:
        raise ValueError(f"shift {family!r}: unknown; expected one of {', '.join(FAMILIES)}")
    if not 0 <= severity <= 1:
        raise ValueError(f"shift {family}: severity {severity}; expected 0 to 1")
    found = FAMILIES[family]
    if severity == 0:
        return Shifted(world, family, found.part, 0.0)
    part, reached, parameter = found.solve(world, severity)
    if type(part) is not type(getattr(world, found.part)):
        raise TypeError(f"shift {family}: gave a {type(part).__name__}; expected a new {found.part}")
    return Shifted(msgspec.structs.replace(world, **{found.part: part}), family, found.part, reached, parameter)


def bisect(severity: Callable[[float], float], target: float, low: float, high: float, steps: int = 40) -> float:
    """Parameter in `low`..`high` at which a rising `severity` meets `target`."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if severity(middle) < target else (low, middle)
    return (low + high) / 2


# GC: covariate shift --------------------------------------------------------------------------------------------------

GC_HIGHEST = 0.95
"""Largest mean GC of the background that the family uses."""


def gc(world: World, severity: float) -> Solved:
    """Genome with a higher mean GC of the background; severity = total variation between the two laws.

    Given the number of background letters that are C or G their arrangement is uniform, so the total variation is
    that of two beta-binomial laws, at the mean number of letters that no site covers.
    """
    law = world.genome
    letters = genome.free_letters(law, world.program.release)

    def reached(mean: float) -> float:
        return float(_total_variation(letters, law.gc_mean, mean, law.gc_sd))

    highest = reached(GC_HIGHEST)
    if severity > highest:
        raise Unreachable(f"shift gc: severity {severity:g}; it ends at {highest:.3f}, a mean GC of {GC_HIGHEST}")
    mean = bisect(reached, severity, law.gc_mean, GC_HIGHEST)
    return msgspec.structs.replace(law, gc_mean=mean), reached(mean), {"gc_mean": mean}


@njit(cache=True)
def _total_variation(letters, mean, other, sd):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(letters + 1):
        total += abs(_beta_binomial(k, letters, mean, sd) - _beta_binomial(k, letters, other, sd))
    return total / 2


@njit(cache=True)
def _beta_binomial(k, n, mean, sd):  # type: ignore[no-untyped-def]
    total = mean * (1 - mean) / (sd * sd) - 1
    a, b = mean * total, (1 - mean) * total
    ways = log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0)
    return math.exp(
        ways + log_gamma(k + a) + log_gamma(n - k + b) - log_gamma(n + a + b)
        + log_gamma(a + b) - log_gamma(a) - log_gamma(b)
    )  # fmt: skip


# Rewiring: concept shift ----------------------------------------------------------------------------------------------

TURNING = 2
"""The first parts of a program, motif and pair, which rewiring turns; the others stay."""
TOLERANCE = 0.005
"""How far short of a severity a family may end and still be taken there; the severity reached is told."""


def rewiring(world: World, severity: float) -> Solved:
    """Program whose motif and pair effects are rotated towards an independent draw of the same law.

    W' = cos(t) W + sin(t) W*, t in 0..pi, then parts, sum and link are standardised again on the reference sequences.
    t is solved for every output, so that each has 1 - corr^2(f, f') = `severity` with corr >= 0: a quarter turn is an
    independent draw, beyond it effects are reversed. Dark, GC and orientation parts stay.
    """
    old = world.program
    found = program.reference(world.genome, old)
    own, other = program.parts(old, found), program.parts(_turned(old, 0.0, 1.0), found)
    source = program.link(old, own)
    angles, correlations = np.empty(len(old.cells)), np.empty(len(old.cells))
    for c in range(len(old.cells)):
        columns = (np.ascontiguousarray(raw[:, c]) for raw in (own, other, source))
        angles[c], correlations[c] = _solve_angle(
            *columns, np.array(old.shares), old.link_offset, math.sqrt(1 - severity)
        )
    reached = 1 - correlations**2
    if reached.min() < severity - TOLERANCE:
        worst = old.cells[int(reached.argmin())]
        raise Unreachable(f"shift rewiring: severity {severity:g}; {worst} ends at {reached.min():.3f}, other parts stay")
    turned = _turned(old, np.cos(angles)[:, None], np.sin(angles)[:, None])
    new = program.standardise(turned, program.parts(turned, found))
    parameter = {f"angle_{cell}": float(angle) for cell, angle in zip(old.cells, angles, strict=True)}
    return new, float(reached.mean()), parameter


def _turned(old: Program, cosine: float | Floats, sine: float | Floats) -> Program:
    """Program with the effects cosine W + sine W*; every output may have its own."""

    def turn(table: tuple[tuple[float, ...], ...], purpose: str) -> tuple[tuple[float, ...], ...]:
        own = np.array(table)
        return effects.table(cosine * own + sine * effects.effects(key(0, old.field_seed, purpose), *own.shape))

    return msgspec.structs.replace(
        old,
        motif_weights=turn(old.motif_weights, "rewired motif"),
        pair_weights=turn(old.pair_weights, "rewired pair"),
    )


@njit(cache=True)
def _solve_angle(own, other, source, shares, offset, target):  # type: ignore[no-untyped-def]
    """Angle in 0..pi at which f correlates with `source` by `target`, and that correlation, at least 0; pi if none."""
    low, high = 0.0, math.pi
    if _turned_correlation(high, own, other, source, shares, offset) < target:
        for _ in range(50):
            middle = (low + high) / 2
            if _turned_correlation(middle, own, other, source, shares, offset) > target:
                low = middle
            else:
                high = middle
    return high, max(0.0, _turned_correlation(high, own, other, source, shares, offset))


@njit(cache=True)
def _turned_correlation(angle, own, other, source, shares, offset):  # type: ignore[no-untyped-def]
    """Correlation of `source` with f after a turn; the turning parts are linear in its cosine and sine."""
    n, parts = own.shape
    eta, part = np.zeros(n), np.empty(n)
    for k in range(parts):
        for i in range(n):
            part[i] = math.cos(angle) * own[i, k] + math.sin(angle) * other[i, k] if k < TURNING else own[i, k]
        center, scale = program.moments(part)
        for i in range(n):
            eta[i] += math.sqrt(shares[k]) * (part[i] - center) / (scale if scale > 0 else 1.0)
    center, scale = program.moments(eta)
    for i in range(n):
        eta[i] = softplus((eta[i] - center) / scale + offset)
    return _correlation(eta, source)


@njit(cache=True)
def _correlation(a, b):  # type: ignore[no-untyped-def]
    (mean_a, sd_a), (mean_b, sd_b) = program.moments(a), program.moments(b)
    total = 0.0
    for i in range(a.size):
        total += (a[i] - mean_a) * (b[i] - mean_b)
    return total / (a.size * sd_a * sd_b)


# Depth: measurement shift ---------------------------------------------------------------------------------------------


def depth(world: World, severity: float) -> Solved:
    """Assay with fewer reads, DNA and RNA by the same factor; severity = 1 - lambda' / lambda, mean over outputs.

    lambda = Var f / (Var f + E[sd^2] + Var(expected - f)) on the reference sequences. It falls only so far: at very low
    depth the pseudocount shrinks the noise as well.
    """
    raw = program.parts(world.program, program.reference(world.genome, world.program))
    f = program.link(world.program, raw).astype(np.float32)
    source = _reliability(world.assay, f)

    def thinned(log_factor: float) -> Assay:
        factor = math.exp(-log_factor)
        return msgspec.structs.replace(
            world.assay, dna_depth=world.assay.dna_depth * factor, rna_depth=world.assay.rna_depth * factor
        )

    def reached(log_factor: float) -> float:
        return 1 - float(np.mean(_reliability(thinned(log_factor), f) / source))

    grid = [reached(x) for x in _LOG_FACTORS]
    top = int(np.argmax(grid))
    if severity > grid[top]:
        raise Unreachable(f"shift depth: severity {severity:g}; it ends at {grid[top]:.3f}")
    x = bisect(reached, severity, 0.0, _LOG_FACTORS[top], steps=24)
    return thinned(x), reached(x), {"factor": math.exp(-x)}


_LOG_FACTORS = np.linspace(0.0, math.log(1000.0), 15)
"""Natural logs of the division of the depth among which the least reliable is looked for."""


def _reliability(law: Assay, f: NDArray[np.float32]) -> Floats:
    """Var f / (Var f + E[sd^2] + Var(expected - f)) of every output, float64 (outputs,)."""
    return np.array([_one_reliability(*(column.astype(np.float64) for column in columns)) for columns in zip(
        f.T, *(moment.T for moment in assay.moments(law, f)), strict=True)])  # fmt: skip


@njit(cache=True)
def _one_reliability(f, expected, sd):  # type: ignore[no-untyped-def]
    noise = 0.0
    for x in sd:
        noise += x * x
    signal = program.moments(f)[1] ** 2
    return signal / (signal + noise / sd.size + program.moments(expected - f)[1] ** 2)


FAMILIES = {
    family.name: family
    for family in (
        Family("gc", "genome", "mean GC of the background letters rises", gc),
        Family("rewiring", "program", "motif and pair effects rotate towards an independent draw", rewiring),
        Family("depth", "assay", "fewer DNA and RNA reads a barcode", depth),
    )
}
"""Every family by name."""
