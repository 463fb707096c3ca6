"""Drawing sequences: against the same law in vectorised NumPy, and against simdna where an interpreter has it."""

import json
import os
import subprocess
import time

import numba
import numpy as np
import pytest

from simulators import genome, motif
from simulators.contract import Genome
from simulators.random import key

ROUNDS, N = 9, 100_000  # so many that waking a second core does not count
SIMDNA = os.environ.get("SHIFTBENCH_SIMDNA_PYTHON")
"""Interpreter that can import simdna 0.4.3.2 (it needs setuptools < 81)."""


def law(plants=6.0):
    """200 letters, sites of 50 motifs, every sixteenth vertebrate one."""
    return Genome(
        length=200, left="", right="", gc_mean=0.42, gc_sd=0.087, plants=plants, motifs=motif.vertebrate_ids()[:800:16],
        abundance=(1.0,) * 50,
    )  # fmt: skip


def draw(law, n):
    return genome.draw(law, motif.RELEASE, key(0, "benchmark"), n)


def draw_by_numpy(law, n):
    """The same law in whole arrays, SFC64; sites one slot after the other, letters by ragged fancy indexing."""
    rng = np.random.Generator(np.random.SFC64(0))
    motifs = motif.load(law.motifs)
    total = law.gc_mean * (1 - law.gc_mean) / law.gc_sd**2 - 1
    cut = (rng.beta(law.gc_mean * total, (1 - law.gc_mean) * total, (n, 1)) * 2**15).astype(np.uint16)
    bits = rng.integers(0, 2**16, (n, law.length), dtype=np.uint16)
    bit = (bits & 1).astype(np.uint8)
    sequence = np.where(bits >> 1 < cut, 1 + bit, 3 * bit)
    wanted = rng.poisson(law.plants, n)
    slots = wanted.max()
    site = rng.integers(0, len(motifs), (n, slots), dtype=np.int16)
    turned = rng.integers(0, 2, (n, slots), dtype=np.uint8)
    width = motifs.width[site]
    start = (rng.random((n, slots), dtype=np.float32) * (law.length - width + 1)).astype(np.int64)
    kept = np.arange(slots) < wanted[:, None]
    for slot in range(1, slots):
        apart = (start[:, :slot] >= (start + width)[:, slot, None]) | (
            (start + width)[:, :slot] <= start[:, slot, None]
        )
        kept[:, slot] &= (apart | ~kept[:, :slot]).all(axis=1)
    row, slot = np.nonzero(kept)
    width, k, turned = width[row, slot], site[row, slot], turned[row, slot]
    which = np.repeat(np.arange(len(row)), width)
    column = np.arange(len(which)) - np.repeat(np.cumsum(width) - width, width)
    below = np.minimum(np.cumsum(motifs.probability, axis=2)[:, :, :3] * 2**16, 2**16 - 1).astype(np.uint16)
    draws = rng.integers(0, 2**16, (len(which), 1), dtype=np.uint16)
    letter = (draws >= below[k[which], column]).sum(axis=1, dtype=np.uint8)
    back = turned[which] == 1
    place = start[row, slot][which] + np.where(back, width[which] - 1 - column, column)
    sequence[row[which], place] = np.where(back, 3 - letter, letter)
    return sequence, np.where(kept, site, -1)


BY_SIMDNA = """
import json, random, sys, time
import numpy as np
from simdna import pwm, synthetic as s, util
random.seed(0), np.random.seed(0)
given = json.load(sys.stdin)
embedders = []
for rows in given["matrices"]:
    matrix = pwm.PWM(str(len(embedders)))
    matrix.addRows(rows)
    matrix.finalise(pseudocountProb=0)
    embedders.append(s.SubstringEmbedder(s.ReverseComplementWrapper(s.PwmSampler(matrix))))
gc = given["gc"]
letters = util.DiscreteDistribution({"A": (1 - gc) / 2, "C": gc / 2, "G": gc / 2, "T": (1 - gc) / 2})
background = s.ZeroOrderBackgroundGenerator(given["length"], discreteDistribution=letters)
chosen = s.RandomSubsetOfEmbedders(s.UniformIntegerGenerator(3, 5), embedders)
makers = s.GenerateSequenceNTimes(s.EmbedInABackground(background, [chosen]), given["n"])
wall, cpu = time.perf_counter(), time.process_time()
made = [x.seq for x in makers.generateSequences()]
json.dump([time.perf_counter() - wall, time.process_time() - cpu, len(made), len(made[0])], sys.stdout)
"""


def cost(way, law):
    """Seconds a sequence, wall and CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    way(law, N)
    return (time.perf_counter() - wall) / N, (time.process_time() - cpu) / N


def simdna(law):
    """Seconds a sequence, wall and CPU, with 3 to 5 different motifs in each, in its own interpreter."""
    motifs = motif.load(law.motifs)
    matrices = [rows[:width].tolist() for rows, width in zip(motifs.probability, motifs.width, strict=True)]
    given = {"matrices": matrices, "gc": law.gc_mean, "length": law.length, "n": 1000}
    done = subprocess.run(
        [SIMDNA, "-c", BY_SIMDNA], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    wall, cpu, n, length = json.loads(done.stdout)
    assert (n, length) == (1000, law.length)
    return wall / n, cpu / n


def compare(benchmark, ours, other, rounds):
    """Medians of interleaved rounds and their ratios into the record of the benchmark."""
    found = np.array([[ours(), other()] for _ in range(rounds + 1)][1:])  # (round, way, wall or CPU)
    (wall, cpu), (other_wall, other_cpu) = np.median(found, axis=0)
    benchmark.extra_info |= {
        "threads": numba.get_num_threads(),
        "ns_a_sequence": {"wall": 1e9 * wall, "cpu": 1e9 * cpu},
        "peer_ns_a_sequence": {"wall": 1e9 * other_wall, "cpu": 1e9 * other_cpu},
        "times_faster": {"wall": other_wall / wall, "cpu": other_cpu / cpu},
    }


@pytest.mark.benchmark(group="sequences")
def test_against_numpy(benchmark):
    planted, by_numpy = draw(law(), N), draw_by_numpy(law(), N)
    assert (planted.site >= 0).mean() == pytest.approx((by_numpy[1] >= 0).sum() / planted.site.size, rel=0.02)
    assert genome.gc(planted.sequence).std() == pytest.approx(genome.gc(by_numpy[0]).std(), rel=0.03)
    if benchmark.enabled:
        compare(benchmark, lambda: cost(draw, law()), lambda: cost(draw_by_numpy, law()), ROUNDS)
    benchmark(draw, law(), N)


@pytest.mark.benchmark(group="sequences")
@pytest.mark.skipif(not SIMDNA, reason="SHIFTBENCH_SIMDNA_PYTHON names no interpreter")
def test_against_simdna(benchmark):
    if benchmark.enabled:
        compare(benchmark, lambda: cost(draw, law(4.0)), lambda: simdna(law()), 3)
    benchmark(draw, law(4.0), N)
