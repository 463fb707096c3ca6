"""How the arrangement of sites matters: quenching, pairs by spacing, helical phase and strand, position."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.contract import Program

CUT = 1 / 16
"""Site weight below which a site takes no part in arrangements; it counts in the sum of its motif all the same."""
TURN = 10.5
"""Letters of one turn of the double helix."""
ANYWHERE = 0.25
"""Share of a pair's effect that does not hang on its spacing, up to the reach of pairs."""


class Grammar(NamedTuple):
    """A program's arrangement as arrays: `rules` float64 (rules, 3, pairs) spacing, spread and strand preference.

    `pairs` int64 (pairs, 2); `mix` float64 (rules,); `quencher` bool (motifs,); `helix`, `reach`, `quench` and
    `quench_reach` as in the program.
    """

    pairs: NDArray[np.int64]
    rules: NDArray[np.float64]
    mix: NDArray[np.float64]
    quencher: NDArray[np.bool_]
    helix: float
    reach: float
    quench: float
    quench_reach: float


def grammar(program: Program) -> Grammar:
    """Arrays of a program's arrangement."""
    pairs = np.array(program.pairs, dtype=np.int64).reshape(-1, 2)
    rules = np.array([(r.spacing, r.spread, r.strand) for r in program.rules], dtype=np.float64)
    quencher = np.zeros(len(program.public) + len(program.dark), np.bool_)
    quencher[list(program.quenchers)] = True
    return Grammar(
        pairs, rules.reshape(-1, 3, len(pairs)), np.array(program.rule_weights, dtype=np.float64), quencher,
        program.helix, program.pair_reach, program.quench, program.quench_reach,
    )  # fmt: skip


def spacing_law(program: Program, pair: int, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Joint effect of two sites of a pair at center distances in letters, 0..1 for the first rule; any shape."""
    law = grammar(program)
    spacing, spread, _ = law.rules[0, :, pair]
    flat = [_spacing(float(d), spacing, spread, law.helix, law.reach) for d in distance.ravel()]
    return np.array(flat).reshape(distance.shape)


@njit(cache=True)
def _spacing(distance, spacing, spread, helix, reach):  # type: ignore[no-untyped-def]
    """A Gaussian about the best distance on a floor, times the phase of the helix; 0 beyond the reach."""
    if distance > reach:
        return 0.0
    off = (distance - spacing) / spread
    near = ANYWHERE + (1 - ANYWHERE) * math.exp(-0.5 * off * off)
    return near * (1 + helix * math.cos(2 * math.pi * (distance - spacing) / TURN)) / (1 + helix)


@njit(cache=True)
def weaken(law, sites, low, high, width, total, strength):  # type: ignore[no-untyped-def]
    """Quench the sites `low` .. `high` - 1 of a sequence.

    Takes what is lost from `total` (motifs,), fills `strength` (sites,) with what is left of each, 0..1.
    """
    for i in range(low, high):
        k = sites.motif[i]
        keep = 1.0
        if not law.quencher[k]:
            for j in range(low, high):
                if law.quencher[sites.motif[j]]:
                    gap = abs(_center(sites, i, width) - _center(sites, j, width)) / 2
                    if gap < law.quench_reach:
                        keep *= 1 - law.quench * _strength(sites.weight[j]) * (1 - gap / law.quench_reach)
        total[k] -= max(0.0, sites.weight[i] - CUT) * (1 - keep)
        strength[i - low] = keep * _strength(sites.weight[i])


@njit(cache=True)
def arrange(law, sites, low, high, width, length, strength, position, pair):  # type: ignore[no-untyped-def]
    """Add to `position` (public motifs,) strength x place in -1..1 and fill `pair` (pairs,), of one sequence."""
    begin = np.zeros(width.size + 1, np.int64)
    for i in range(low, high):
        k = sites.motif[i]
        begin[k + 1] += 1
        if k < position.size:
            position[k] += strength[i - low] * (_center(sites, i, width) - length) / length
    for k in range(width.size):
        begin[k + 1] += begin[k]
    for j in range(pair.size):
        a, b = law.pairs[j]
        pair[j] = 0.0
        if begin[a] == begin[a + 1] or begin[b] == begin[b + 1]:
            continue
        for r in range(law.mix.size):
            total = 0.0
            for i in range(low + begin[a], low + begin[a + 1]):
                for m in range(low + begin[b], low + begin[b + 1]):
                    gap = abs(_center(sites, i, width) - _center(sites, m, width))
                    if gap < width[a] + width[b]:
                        continue  # the sites overlap
                    side = law.rules[r, 2, j] if sites.strand[i] == sites.strand[m] else -law.rules[r, 2, j]
                    near = _spacing(gap / 2, law.rules[r, 0, j], law.rules[r, 1, j], law.helix, law.reach)
                    total += strength[i - low] * strength[m - low] * near * (1 + side)
            pair[j] += law.mix[r] * total / (1 + total)


@njit(cache=True)
def _strength(weight):  # type: ignore[no-untyped-def]
    return max(0.0, weight - CUT) / (1 + weight)


@njit(cache=True)
def _center(sites, i, width):  # type: ignore[no-untyped-def]
    """Center in half letters, so that both strands agree."""
    return 2 * sites.start[i] + width[sites.motif[i]]
