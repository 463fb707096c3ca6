"""Shifts of the program, p(y given x); severity = 1 - r |r|, r = corr of old and new f on the source genome.

Every family but `turnover_pwm` turns weights: W' = S + cos(t) (W - S) + sin(t) (W* - S), where S stays, W* is another
draw of the same law and t in 0..pi is the angle. Parts, sum and link are standardised again, so f keeps its mean and
SD on the source genome. r is not pushed below 0 but by the arm `reverse`, which turns by pi.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numba import njit

from simulators import effects, program, standard
from simulators.contract import Program, World
from simulators.effects import Floats
from simulators.severity import REVERSE, Solved, Unreachable, bisect, climb
from simulators.standard import activity, moments

WEIGHTS = ("motif", "pair", "dark", "orientation", "position")
"""Purposes of the effects; a program holds the table `<purpose>_weights` of each."""
TOLERANCE = 0.02
"""How far short of a severity an output may end and still be taken there; the severity reached is told."""
BLENDS = (0.03, 0.1, 0.2, 0.35, 0.6, 1.0)
"""Shares of the way to permuted motifs that are tried first."""

Weights = dict[str, Floats]


def rewiring(world: World, severity: float) -> Solved:
    """Program whose motif and pair effects turn towards an independent draw, one angle an output.

    A quarter turn is an independent draw, beyond it effects reverse. GC, dark, orientation and position parts stay;
    the arm `reverse` changes the sign of all but GC.
    """
    old = world.program
    purposes = WEIGHTS if severity == REVERSE else ("motif", "pair")
    still = {purpose: np.zeros_like(_weights(old, purpose)) for purpose in purposes}
    other = {name: effects.effects(old.identity, f"rewiring {name}", *w.shape) for name, w in still.items()}
    return _by_output("rewiring", world, severity, still, other, "the parts of {} that are not rewired stay")


def cell_type(world: World, severity: float) -> Solved:
    """Program whose cell types turn towards others that were never seen, one angle an output.

    What a cell type has of its own turns; S is what all cell types share. GC and the 6-mer field stay.
    """
    old = world.program
    still = {purpose: _weights(old, purpose) for purpose in WEIGHTS}
    other = {purpose: _weights(old, purpose) for purpose in WEIGHTS}
    for purpose in WEIGHTS:
        cells, n = still[purpose].shape
        n -= purpose == "dark"  # the last dark weight is of the field
        still[purpose][:, :n] = effects.shared(old.identity, purpose, n)
        other[purpose][:, :n] = effects.effects(old.identity, purpose, 2 * cells, n)[cells:]
    return _by_output("cell_type", world, severity, still, other, "what {} shares with other cell types stays")


def grammar_rule(world: World, severity: float) -> Solved:
    """Program whose pairs turn from their rule of arrangement to another draw of it, orientation and position likewise.

    One angle for all outputs, which have their rules in common; severity is the mean over outputs.
    """
    old = world.program
    rule = effects.rule(old.identity, "grammar_rule", len(old.pairs))
    drawn = msgspec.structs.replace(old, rules=(rule,), rule_weights=(1.0,))
    still = {purpose: np.zeros_like(_weights(old, purpose)) for purpose in ("orientation", "position")}
    other = {
        purpose: effects.effects(old.identity, f"grammar_rule {purpose}", *w.shape) for purpose, w in still.items()
    }
    found = program.reference(world.genome, old)
    turning = _turning(
        old,
        program.parts(_weighted(old, still | {"pair": np.zeros_like(_weights(old, "pair"))}), found),
        program.parts(old, found),
        program.parts(_weighted(drawn, other), program.reference(world.genome, drawn)),
    )
    angle = math.pi if severity == REVERSE else turning.common_angle(severity)
    angles = np.full(len(old.cells), angle)
    mix = (*(math.cos(angle) * w for w in old.rule_weights), math.sin(angle))
    new = msgspec.structs.replace(_turned(old, still, other, angles), rules=(*old.rules, rule), rule_weights=mix)
    new, reached = turning.standardise(new, angles)
    if severity != REVERSE and reached < severity - TOLERANCE:
        raise Unreachable("grammar_rule", severity, reached, "parts that have no rule of arrangement stay")
    return (new,), reached, {"angle": angle}


def turnover_pwm(world: World, severity: float) -> Solved:
    """Program whose public motifs are blended with permuted ones, at an equal chance of a site.

    Severity is the mean over outputs, from new scans of the reference sequences.
    """
    if world.program.turnover >= 1:
        raise Unreachable("turnover_pwm", severity, 0.0, "all public motifs are permuted in the source")
    wanted = math.sqrt(severity)  # the root goes about linearly with the blend
    blend, _ = climb(lambda x: math.sqrt(_blended(world, x)[1]), wanted, BLENDS, max(1e-4, 0.004 * wanted))
    new, reached = _blended(world, blend)
    if reached < severity - TOLERANCE:
        raise Unreachable(
            "turnover_pwm", severity, reached, "then all public motifs are permuted; dark ones, 6-mers and GC stay"
        )
    return (new,), reached, {"turnover": new.turnover}


@lru_cache(maxsize=32)
def _blended(world: World, share: float) -> tuple[Program, float]:
    """Program that has gone a share of the way to permuted motifs, standardised, and its severity."""
    old = world.program
    new = msgspec.structs.replace(old, turnover=old.turnover + share * (1 - old.turnover))
    source = program.link(old, program.parts(old, program.reference(world.genome, old)))
    raw = program.parts(new, program.reference(world.genome, new))
    new = standard.standardise(new, raw)
    return new, _severity(source, program.link(new, raw))


def _by_output(family: str, world: World, severity: float, still: Weights, other: Weights, reason: str) -> Solved:
    """Program turned by the angle at which each output has the severity; S = `still`, W* = `other`."""
    old = world.program
    found = program.reference(world.genome, old)
    raw = (program.parts(_weighted(old, weights), found) for weights in (still, {}, other))
    turning = _turning(old, *raw)
    angles = np.full(len(old.cells), math.pi) if severity == REVERSE else turning.angles(severity)
    if severity != REVERSE:
        largest = 1 - turning.correlation(angles) ** 2
        if largest.min() < severity - TOLERANCE:
            c = int(largest.argmin())
            raise Unreachable(family, severity, float(largest[c]), reason.format(old.cells[c]))
    new, reached = turning.standardise(_turned(old, still, other, angles), angles)
    return (new,), reached, {f"angle_{cell}": float(t) for cell, t in zip(old.cells, angles, strict=True)}


# Turning ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Turning:
    """Raw parts (outputs, n, parts) of S, W and W* on the reference sequences, and the old f (outputs, n)."""

    old: Program
    still: Floats
    own: Floats
    other: Floats
    source: Floats

    def correlation(self, angles: Floats) -> Floats:
        """Correlation of old and new f, at least 0, one value an output."""
        return np.array([max(0.0, self._call(_correlation, c, t)) for c, t in enumerate(angles.tolist())])

    def angles(self, severity: float) -> Floats:
        """Angle of each output at which it has the severity, or pi."""
        wanted = math.sqrt(1 - severity)
        return np.array([self._call(_angle, c, wanted) for c in range(len(self.source))])

    def common_angle(self, severity: float) -> float:
        """Angle at which the mean over outputs is the severity, or pi."""

        def lost(angle: float) -> float:
            return float(np.mean(1 - self.correlation(np.full(len(self.source), angle)) ** 2))

        return bisect(lost, severity, 0.0, math.pi)

    def standardise(self, new: Program, angles: Floats) -> tuple[Program, float]:
        """The program turned by `angles` with constants of its own, and the severity."""
        raw = np.ascontiguousarray(_turn(self.still, self.own, self.other, angles).swapaxes(0, 1))
        new = standard.standardise(new, raw)
        return new, _severity(self.source.T, program.link(new, raw))

    def _call(self, of: Callable[..., float], c: int, value: float) -> float:
        parts = self.still[c], self.own[c], self.other[c]
        return float(of(*parts, self.source[c], np.array(self.old.shares), program.link_law(self.old), value))


def _turning(old: Program, still: Floats, own: Floats, other: Floats) -> _Turning:
    """From raw parts (n, outputs, parts)."""
    source = program.link(old, own)
    return _Turning(old, *(np.ascontiguousarray(x.swapaxes(0, 1)) for x in (still, own, other, source)))


def _weights(law: Program, purpose: str) -> Floats:
    return np.array(getattr(law, f"{purpose}_weights"), dtype=np.float64)


def _weighted(law: Program, weights: Weights) -> Program:
    return msgspec.structs.replace(law, **{f"{purpose}_weights": effects.table(w) for purpose, w in weights.items()})


def _turned(old: Program, still: Weights, other: Weights, angles: Floats) -> Program:
    """Program with the weights of output c turned by `angles[c]`; those of purposes that are not named stay."""
    return _weighted(old, {name: _turn(still[name], _weights(old, name), other[name], angles) for name in still})


def _turn(still: Floats, own: Floats, other: Floats, angles: Floats) -> Floats:
    """Arrays whose first axis is the outputs, turned by one angle an output."""
    shape = (len(angles), *[1] * (own.ndim - 1))
    one, two = (np.array([of(t) for t in angles.tolist()]).reshape(shape) for of in (math.cos, math.sin))
    return np.asarray(still + one * (own - still) + two * (other - still))


def _severity(source: Floats, f: Floats) -> float:
    """Mean over outputs of 1 - r |r| between two activities of the same sequences, (n, outputs)."""
    lost = []
    for c in range(f.shape[1]):
        r = float(_product(np.ascontiguousarray(source[:, c]), np.ascontiguousarray(f[:, c])))
        lost.append(1 - r * abs(r))
    return sum(lost) / len(lost)


@njit(cache=True)
def _angle(still, own, other, source, shares, law, wanted):  # type: ignore[no-untyped-def]
    """Angle in 0..pi at which the correlation with `source` falls to `wanted`, or pi."""
    low, high = 0.0, math.pi
    for _ in range(45):
        middle = (low + high) / 2
        if _correlation(still, own, other, source, shares, law, middle) > wanted:
            low = middle
        else:
            high = middle
    return high


@njit(cache=True)
def _correlation(still, own, other, source, shares, law, angle):  # type: ignore[no-untyped-def]
    """Correlation of `source` with the activity of turned effects, in which raw parts (n, parts) are linear."""
    one, two = math.cos(angle), math.sin(angle)
    raw = np.empty_like(own)
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            raw[i, j] = still[i, j] + one * (own[i, j] - still[i, j]) + two * (other[i, j] - still[i, j])
    eta = np.empty(len(raw))
    activity(raw, shares, law, np.empty(raw.shape[1]), np.empty(raw.shape[1]), eta)
    return _product(source, eta)


@njit(cache=True)
def _product(x, y):  # type: ignore[no-untyped-def]
    """Correlation of two vectors."""
    first, second = moments(x), moments(y)
    total = 0.0
    for i in range(x.size):
        total += (x[i] - first[0]) * (y[i] - second[0])
    return total / (x.size * first[1] * second[1])
