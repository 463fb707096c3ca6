"""Shifts of the program, p(y given x); severity = 1 - corr^2 of old and new f on the source genome, corr >= 0."""

import math

import msgspec
import numpy as np
from numba import njit

from simulators import effects, program
from simulators.contract import Program, World
from simulators.program import activity, moments
from simulators.random import key
from simulators.severity import Solved, Unreachable

ROTATED = 2
"""The first parts of a program, motif and pair, whose effects are rotated; the others stay."""
TOLERANCE = 0.01
"""How far short of a severity an output may end and still be taken there; the severity reached is told."""


def rewiring(world: World, severity: float) -> Solved:
    """Program whose motif and pair effects are rotated towards an independent draw W* of the same law.

    W' = cos(t) W + sin(t) W* with one angle t in 0..pi an output, solved so that each output has the severity: a
    quarter turn is an independent draw, beyond it effects reverse. Parts, sum and link are standardised again, so f
    keeps its mean and SD. GC, dark and orientation parts stay.
    """
    old = world.program
    found = program.reference(world.genome, old)
    other = _independent(old)
    own, far = program.parts(old, found), program.parts(other, found)
    source = program.link(old, own)
    wanted = math.sqrt(1 - severity)
    shares = np.array(old.shares)
    solved = [
        _angle(own[:, c], far[:, c], source[:, c], shares, old.link_offset, wanted) for c in range(len(old.cells))
    ]
    angle, correlation = np.array(solved).T
    if 1 - correlation.max() ** 2 < severity - TOLERANCE:
        c = int(correlation.argmax())
        reason = f"the parts of {old.cells[c]} that are not rewired stay"
        raise Unreachable("rewiring", severity, 1 - correlation[c] ** 2, reason)
    turned = _turned(old, other, angle)
    reached = float(np.mean([1 - r * r for r in correlation]))
    parameter = {f"angle_{cell}": float(t) for cell, t in zip(old.cells, angle, strict=True)}
    return program.standardise(turned, program.parts(turned, found)), reached, parameter


def _independent(old: Program) -> Program:
    """The program with an independent draw of the effects that are rotated."""
    other = {}
    for name in ("motif_weights", "pair_weights"):
        shape = np.array(getattr(old, name)).shape
        other[name] = effects.table(effects.effects(key(0, old.identity, "rewiring", name), *shape))
    return msgspec.structs.replace(old, **other)


def _turned(old: Program, other: Program, angle: effects.Floats) -> Program:
    """Program with the effects of output c rotated by `angle[c]` from `old` towards `other`."""
    new = {}
    for name in ("motif_weights", "pair_weights"):
        new[name] = tuple(
            tuple(_rotate(w, v, t) for w, v in zip(row, far, strict=True))
            for row, far, t in zip(getattr(old, name), getattr(other, name), angle.tolist(), strict=True)
        )
    return msgspec.structs.replace(old, **new)


@njit(cache=True)
def _rotate(source, target, angle):  # type: ignore[no-untyped-def]
    return math.cos(angle) * source + math.sin(angle) * target


@njit(cache=True)
def _angle(old, other, source, shares, offset, wanted):  # type: ignore[no-untyped-def]
    """Angle in 0..pi at which the correlation with `source` falls to `wanted`, and that correlation, at least 0."""
    low, high = 0.0, math.pi
    for _ in range(45):
        middle = (low + high) / 2
        if _correlation(old, other, source, shares, offset, middle) > wanted:
            low = middle
        else:
            high = middle
    return high, max(0.0, _correlation(old, other, source, shares, offset, high))


@njit(cache=True)
def _correlation(old, other, source, shares, offset, angle):  # type: ignore[no-untyped-def]
    """Correlation of `source` with the activity of effects rotated by `angle`; raw parts (n, 5) are linear in them."""
    raw = old.copy()
    for i in range(len(raw)):
        for j in range(ROTATED):
            raw[i, j] = _rotate(old[i, j], other[i, j], angle)
    eta = np.empty(len(raw))
    center, spread = activity(raw, shares, offset, np.empty(raw.shape[1]), np.empty(raw.shape[1]), eta)[1]
    middle, width = moments(source)
    product = 0.0
    for i in range(len(raw)):
        product += (eta[i] - center) * (source[i] - middle)
    return product / (len(raw) * spread * width)
