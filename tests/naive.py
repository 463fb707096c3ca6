"""Slow truths: the plainest code for what the packages compute fast."""

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

# overlap


def overlap_kmers(row, k):
    """Set of k-mers of one row of codes on both strands, as tuples; windows with a code above 3 have none."""
    letters = [int(code) for code in row]
    found = set()
    for start in range(len(letters) - k + 1):
        word = tuple(letters[start : start + k])
        if max(word) <= 3:
            found |= {word, tuple(3 - code for code in reversed(word))}
    return found


def overlap_clusters(sequence, k):
    """Component label of every row by joining sets of rows until no two share a k-mer; labels by lowest row."""
    groups = [({i}, overlap_kmers(row, k)) for i, row in enumerate(sequence)]
    joined = True
    while joined:
        joined = False
        for i in range(len(groups)):
            for j in range(len(groups) - 1, i, -1):
                if groups[i][1] & groups[j][1]:
                    rows, words = groups.pop(j)
                    groups[i] = (groups[i][0] | rows, groups[i][1] | words)
                    joined = True
    label = {row: number for number, group in enumerate(sorted(groups, key=lambda g: min(g[0]))) for row in group[0]}
    return [label[row] for row in range(len(sequence))]


# metrics


def repeat(values, counts):
    """Rows of a bootstrap replicate written out: each value as often as it was drawn."""
    return [value for value, count in zip(values, counts, strict=True) for _ in range(int(count))]


def rmse(predicted, target):
    squares = [(Fraction(float(p)) - Fraction(float(t))) ** 2 for p, t in zip(predicted, target, strict=True)]
    return _root(sum(squares) / len(squares))


def pearson(predicted, target):
    """Exact rational moments; None where the correlation does not exist."""
    x, y = ([Fraction(float(v)) for v in side] for side in (predicted, target))
    if len(x) == 0 or len(set(x)) == 1 or len(set(y)) == 1:
        return None
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    cross = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    square = cross**2 / (sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y))
    return math.copysign(_root(square), cross)


def midranks(values):
    return [1 + sum(o < v for o in values) + (sum(o == v for o in values) - 1) / 2 for v in values]


def spearman(predicted, target):
    return pearson(midranks(list(predicted)), midranks(list(target)))


def nll(mean, sd, target):
    rows = zip(mean, sd, target, strict=True)
    logs = [math.log(math.exp(-(((t - m) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))) for m, s, t in rows]
    return -math.fsum(logs) / len(logs)


def crps(mean, sd, target, steps=20_000, reach=12.0):
    """The defining integral of (F(u) - [u >= y])^2, midpoint rule on both sides of y."""
    total = 0.0
    for m, s, t in zip(mean, sd, target, strict=True):
        z = (t - m) / s
        for start, end, step_at in ((min(-reach, z), z, 0.0), (z, max(reach, z), 1.0)):
            width = (end - start) / steps
            nodes = (start + (i + 0.5) * width for i in range(steps))
            total += s * width * math.fsum((math.erfc(-u / math.sqrt(2)) / 2 - step_at) ** 2 for u in nodes)
    return total / len(target)


def coverage(low, high, target):
    return sum(bool(a <= t <= b) for a, b, t in zip(low, high, target, strict=True)) / len(target)


def width(low, high):
    return math.fsum(float(b) - float(a) for a, b in zip(low, high, strict=True)) / len(low)


def conformal_radius(scores, level):
    """Smallest score s with at least (m + 1) level of the m scores <= s; `level` as text, so that it is exact."""
    needed = (len(scores) + 1) * Fraction(level)
    return min((s for s in scores if sum(o <= s for o in scores) >= needed), default=math.inf)


def _root(square):
    """Square root of a fraction to double precision, whatever its size."""
    return float(Decimal(square.numerator).sqrt() / Decimal(square.denominator).sqrt())


# k-mers


def kmer_counts(sequence, sizes):
    """Counts of every k-mer of `sizes` in each row; a k-mer with N counts nowhere."""
    rows = []
    for row in sequence.tolist():
        counts = []
        for k in sizes:
            found = ["".join("ACGTN"[code] for code in row[start : start + k]) for start in range(len(row) - k + 1)]
            counts += [found.count("".join(letters)) for letters in itertools.product("ACGT", repeat=k)]
        rows.append(counts)
    return np.array(rows, dtype=float)
