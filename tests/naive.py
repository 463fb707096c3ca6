"""Slow truths: the plainest code for what the packages compute fast."""

import hashlib
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


# similarity


def diagonal_matches(one, other):
    """Most letters of a row of codes that another has at the same places, moved by any number of letters."""
    shifts = range(1 - len(one), len(other))
    return max(int(_alike(one, other, shift).sum()) for shift in shifts)


def _alike(one, other, shift):
    low, high = max(0, -shift), min(len(one), len(other) - shift)
    mine = one[low:high]
    return (mine == other[low + shift : high + shift]) & (mine <= 3)


def gapped_matches(one, other, gap, longest):
    """Matched letters of the alignment that has most, less `gap` for each gap of up to `longest` letters."""
    none = (-math.inf, 0)
    score = [[none] * (len(other) + 1) for _ in range(len(one) + 1)]
    best = (0, 0)
    for i in range(len(one)):
        for j in range(len(other)):
            ways = [(0, 0), score[i][j]]
            for g in range(1, longest + 1):
                ways += [(score[i][j - g][0] - gap, score[i][j - g][1])] if j >= g else []
                ways += [(score[i - g][j][0] - gap, score[i - g][j][1])] if i >= g else []
            before = max(ways)
            same = int(one[i] == other[j] and one[i] <= 3)
            score[i + 1][j + 1] = (before[0] + same, before[1] + same)
            best = max(best, score[i + 1][j + 1])
    return best[1]


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
    rows = [((float(t) - float(m)) / float(s), float(s)) for m, s, t in zip(mean, sd, target, strict=True)]
    return math.fsum(z * z / 2 + math.log(s) + math.log(2 * math.pi) / 2 for z, s in rows) / len(rows)


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


def mae(predicted, target):
    return float(sum(map(abs, _errors(predicted, target))) / len(target))


def bias(predicted, target):
    return float(sum(_errors(predicted, target)) / len(target))


def unexplained(predicted, target):
    """Squared error over squared deviation of the target, exact; None where the target is constant."""
    value = _exact(target)
    spread = sum((v - sum(value) / len(value)) ** 2 for v in value)
    return sum(e**2 for e in _errors(predicted, target)) / spread if spread else None


def interval_score(low, high, target, level):
    total = Fraction(0)
    for a, b, t in zip(*map(_exact, (low, high, target)), strict=True):
        total += b - a + 2 / (1 - Fraction(level)) * (max(a - t, 0) + max(t - b, 0))
    return float(total / len(target))


def quantile_score(quantiles, target, levels):
    loss = np.longdouble(0)
    for row, t in zip(quantiles, np.asarray(target, np.longdouble), strict=True):
        for q, p in zip(row, levels, strict=True):
            loss += 2 * max(p * (t - q), (p - 1) * (t - q))
    return float(loss / (len(target) * len(levels)))


def variance_ratio(mean, sd, target):
    return float(sum(e**2 for e in _errors(mean, target)) / sum(s**2 for s in _exact(sd)))


def mean_z2(mean, sd, target):
    return float(sum((e / s) ** 2 for e, s in zip(_errors(mean, target), _exact(sd), strict=True)) / len(target))


def parts(values, bins):
    """Rows of each occupied bin of equal count; a row's bin is where the middle of its tied ranks falls."""
    found = {}
    for i, rank in enumerate(midranks(list(values))):
        found.setdefault(math.floor((Fraction(rank) - Fraction(1, 2)) * bins / len(values)), []).append(i)
    return list(found.values())


def ence(mean, sd, target, bins):
    if len(target) < bins:
        return None
    errors, scale, total, binned = _errors(mean, target), _exact(sd), 0.0, parts(sd, bins)
    for rows in binned:
        total += abs(1 - _root(sum(errors[i] ** 2 for i in rows) / sum(scale[i] ** 2 for i in rows)))
    return total / len(binned)


def pit(mean, sd, target):
    z = [(float(t) - float(m)) / float(s) for m, s, t in zip(mean, sd, target, strict=True)]
    return [math.erfc(-each / math.sqrt(2)) / 2 for each in z]


def reached(share, levels):
    """Share of PIT values at or below each level."""
    return [sum(u <= p for u in share) / len(share) for p in levels]


def kolmogorov(share):
    """Largest distance from uniform: at each value, and just below it."""
    at = [abs(sum(o <= u for o in share) / len(share) - u) for u in share]
    return max(at + [abs(sum(o < u for o in share) / len(share) - u) for u in share])


def worst_coverage(low, high, target, by, bins):
    if len(set(by)) < 2:
        return None
    return min(coverage(*([side[i] for i in rows] for side in (low, high, target))) for rows in parts(by, bins))


def width_at_coverage(low, high, target, level):
    """`level` as text, so that it is exact; None if no factor does."""
    ends = list(zip(*map(_exact, (low, high, target)), strict=True))
    needed = sorted(
        math.inf if a == b != t else (abs(2 * t - a - b) / (b - a) if a < b else Fraction(0)) for a, b, t in ends
    )
    factor = needed[math.ceil(Fraction(level) * len(ends)) - 1]
    return None if factor == math.inf else float(factor * sum(b - a for a, b, _ in ends) / len(ends))


def conformal_radius(scores, level):
    """Smallest score s with at least (m + 1) level of the m scores <= s; `level` as text, so that it is exact."""
    needed = (len(scores) + 1) * Fraction(level)
    return min((s for s in scores if sum(o <= s for o in scores) >= needed), default=math.inf)


def weighted_radius(scores, weights, own, level):
    """Smallest score up to which calibration rows hold `level` (text) of all weight, the test row's own included."""
    weights, own = [Fraction(weight) for weight in weights], Fraction(own)
    needed = Fraction(level) * (sum(weights) + own)
    held = lambda t: sum(weight for score, weight in zip(scores, weights, strict=True) if score <= t)  # noqa: E731
    return min((t for t in scores if held(t) >= needed), default=math.inf)


def isotonic_fit(values):
    """Least-squares rising fit by the max-min formula: largest over starts of the smallest mean over ends."""
    n = len(values)
    mean = lambda a, b: sum(values[a : b + 1]) / (b + 1 - a)  # noqa: E731
    return [max(min(mean(a, b) for b in range(i, n)) for a in range(i + 1)) for i in range(n)]


def first_mean(values, loss, k):
    """Mean of the exact `loss` of the first k rows by `values`, over every order of rows that tie."""
    cut = sorted(values)[k - 1]
    inside = [x for v, x in zip(values, loss, strict=True) if v < cut]
    border = [x for v, x in zip(values, loss, strict=True) if v == cut]
    return (sum(inside) + (k - len(inside)) * sum(border) / len(border)) / k


def area(values, loss, generalised=False):
    """Mean over k of the mean loss of the first k rows, or of their sum over n."""
    n = len(loss)
    return sum(first_mean(values, loss, k) * (Fraction(k, n) if generalised else 1) for k in range(1, n + 1)) / n


def squared(mean, target):
    return [e**2 for e in _errors(mean, target)]


def selective_gain(sd, loss, risk):
    """None where the losses are alike, or where sorting by risk gains less than 3 jackknife standard errors."""

    def span(rows):
        some = [loss[i] for i in rows]
        return sum(some) / len(some) - area([risk[i] for i in rows], some)

    n = len(loss)
    if len(set(loss)) == 1:
        return None
    without = [span([j for j in range(n) if j != i]) for i in range(n)]
    error = sum((d - sum(without) / n) ** 2 for d in without) * Fraction(n - 1, n)
    whole = span(range(n))
    if whole < 0 or whole**2 < 9 * error or whole == 0:
        return None
    return float((sum(loss) / n - area(sd, loss)) / whole)


def partial_spearman(a, b, given):
    """Correlation of residuals of ranks, by least squares with an intercept; None where one is determined."""
    design = np.column_stack([np.ones(len(a)), *(midranks(list(c)) for c in given)])
    left = []
    for side in (a, b):
        ranks = np.array(midranks(list(side)))
        residual = ranks - design @ np.linalg.lstsq(design, ranks, rcond=1e-10)[0]
        if (residual**2).sum() <= 1e-8 * ((ranks - ranks.mean()) ** 2).sum() or len(set(side)) == 1:
            return None
        left.append(residual)
    return float(np.corrcoef(*left)[0, 1])


def noise_gap(mean, target, noise):
    """Rows with at most 1/5 of all rows below them, ties half, against those with at most 1/5 above."""
    n, found = len(noise), []
    for sign in (1, -1):
        own = [i for i in range(n) if 5 * (sum(sign * o < sign * noise[i] for o in noise)
               + Fraction(sum(o == noise[i] for o in noise), 2)) <= n]  # fmt: skip
        if len(own) < 3:
            return None
        found.append(spearman([mean[i] for i in own], [target[i] for i in own]))
    return None if None in found else found[0] - found[1]


def side_gap(mean, target, flag):
    """Spearman where the flag is set less that where it is not."""
    found = []
    for side in (True, False):
        rows = [i for i, f in enumerate(flag) if bool(f) == side]
        found.append(spearman([mean[i] for i in rows], [target[i] for i in rows]) if len(rows) > 2 else None)
    return None if None in found else found[0] - found[1]


def auroc(score, label):
    pairs = [(a, b) for a, p in zip(score, label, strict=True) if p for b, q in zip(score, label, strict=True) if not q]
    return sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs) if pairs else None


def auprc(score, label):
    """Sum over thresholds of the gain in recall times the precision there."""
    total, before, positives = 0.0, 0.0, sum(map(bool, label))
    if positives in (0, len(label)):
        return None
    for cut in sorted(set(score), reverse=True):
        called = [bool(p) for s, p in zip(score, label, strict=True) if s >= cut]
        total += (sum(called) / positives - before) * sum(called) / len(called)
        before = sum(called) / positives
    return total


def sign_agreement(mean, target, flag):
    rows = [(m, t) for m, t, f in zip(mean, target, flag, strict=True) if f and t != 0]
    return sum(0.5 if m == 0 else float((m > 0) == (t > 0)) for m, t in rows) / len(rows) if rows else None


def top_share(mean, target):
    k, effect = math.ceil(len(mean) / 10), [abs(t) for t in _exact(target)]
    best = first_mean([-e for e in effect], effect, k)
    return float(first_mean([-abs(m) for m in mean], effect, k) / best) if best else None


def inconsistency(effects):
    return sum(len({v > 0 for v in column}) > 1 for column in zip(*effects, strict=True)) / len(effects[0])


def _exact(values):
    return [Fraction(float(v)) for v in values]


def _errors(predicted, target):
    return [p - t for p, t in zip(_exact(predicted), _exact(target), strict=True)]


def _root(square):
    """Square root of a fraction to double precision, whatever its size."""
    return float(Decimal(square.numerator).sqrt() / Decimal(square.denominator).sqrt())


# statistics


def crossed(table):
    """Standard error of the mean of a two-way table and its degrees of freedom, in sums over cells."""
    a, b = len(table), len(table[0])
    grand = sum(map(sum, table)) / (a * b)
    row = [sum(values) / b for values in table]
    column = [sum(values[j] for values in table) / a for j in range(b)]
    of_rows = b * sum((r - grand) ** 2 for r in row) / (a - 1)
    of_columns = a * sum((c - grand) ** 2 for c in column) / (b - 1)
    left = sum((table[i][j] - row[i] - column[j] + grand) ** 2 for i in range(a) for j in range(b))
    residual = min(left / ((a - 1) * (b - 1)), max(of_rows, of_columns))
    total = of_rows + of_columns - residual
    spread = of_rows**2 / (a - 1) + of_columns**2 / (b - 1) + residual**2 / ((a - 1) * (b - 1))
    return math.sqrt(total / (a * b)), max(total**2 / spread, min(a, b) - 1)


def holm(p, alpha):
    """Which are rejected: the smallest against alpha over their number, and so on until the first that is not."""
    rejected, left = [False] * len(p), sorted(range(len(p)), key=lambda i: p[i])
    while left and p[left[0]] * len(left) <= alpha:
        rejected[left.pop(0)] = True
    return rejected


def benjamini_hochberg(p, alpha):
    """Which are rejected: the k smallest, for the largest k whose k-th p is at most alpha k over their number."""
    passing = [value for k, value in enumerate(sorted(p), 1) if value * (len(p) / k) <= alpha]
    return [bool(passing) and value <= passing[-1] for value in p]


def multinomial(text, clusters, resamples):
    """How often each cluster is drawn in each replicate: SplitMix64 in whole numbers, one stream a replicate."""
    full, weyl = 2**64 - 1, 0x9E3779B97F4A7C15

    def mix(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & full
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & full
        return z ^ (z >> 31)

    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    found = []
    for b in range(resamples):
        state, counts = mix((key + mix((b + 1) * weyl & full)) & full), [0] * clusters
        for i in range(clusters):
            counts[mix((state + (i + 1) * weyl) & full) * clusters >> 64] += 1
        found.append(counts)
    return found


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


# simulators


def philox(counter, key):
    """Philox4x32-10 as in section 3.3 of Salmon et al. 2011, in integers without bound."""
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k, q % 2**32, (p >> 32) ^ d ^ m, p % 2**32
        k, m = (k + 0x9E3779B9) % 2**32, (m + 0xBB67AE85) % 2**32
    return a, b, c, d


def genome_row(genome, matrices, key, item):
    """Letters of one insert and its sites (motif, first letter, minus strand, letters), one choice after the other."""
    from scipy import stats

    def draw(address):
        return philox((address, item, int(key[2]), int(key[3])), (int(key[0]), int(key[1])))

    def units(address):
        w = draw(address)
        return [((w[i] * 2**20 + w[i + 1] // 2**12) + 0.5) / 2**52 for i in (0, 2)]

    def halves(first, n):
        found = [half for i in range((n + 7) // 8) for w in draw(first + i) for half in (w % 2**16, w // 2**16)]
        return found[:n]

    million, length = 2**20, genome.length
    total = genome.gc_mean * (1 - genome.gc_mean) / genome.gc_sd**2 - 1
    shares = zip(units(million), (genome.gc_mean, 1 - genome.gc_mean), strict=True)
    strong, weak = (stats.gamma.ppf(u, mean * total) for u, mean in shares)
    cut = int(strong / (strong + weak) * 2**15 + units(million + 2)[0])
    row = [1 + half % 2 if half // 2 < cut else 3 * (half % 2) for half in halves(0, length)]
    means = (genome.plants, genome.module_plants)
    singles, pairs = (int(stats.poisson.ppf(u, m)) for u, m in zip(units(million + 1), means, strict=True))

    sites, covered = [], set()

    def put(number, places):
        letters = [x for k, begin, _ in places for x in range(begin, begin + len(matrices[k]))]
        if min(letters) >= 0 and max(letters) < length and not covered & set(letters):
            covered.update(letters)
            sites.extend((number + i, *place) for i, place in enumerate(places))

    for j in range(pairs):
        a, b, c, d = draw(3 * million + 2 * j)
        coins = draw(3 * million + 2 * j + 1)[0]
        module = genome.modules[a * len(genome.modules) // 2**32]
        strands = [coins // 2 % 2 == 1, coins // 4 % 2 == 1]
        motifs = [module.first, module.second]
        order = [1, 0] if coins % 2 else [0, 1]
        one, two = (len(matrices[motifs[i]]) for i in order)
        if b / 2**32 < genome.arranged:
            apart = max(one, math.floor(module.spacing + one / 2 - two / 2 + 0.5))
            strands[1] = strands[0] == module.same_strand
        else:
            fit = [x for x in range(one, length - two + 1) if x + two / 2 - one / 2 <= genome.module_reach] or [one]
            apart = fit[c * len(fit) // 2**32]
        begin = d * max(1, length - apart - two + 1) // 2**32
        places = [(motifs[order[0]], begin, strands[order[0]]), (motifs[order[1]], begin + apart, strands[order[1]])]
        put(2**16 + 2 * j, [places[i] for i in order])
    shares = np.cumsum(genome.abundance) / sum(genome.abundance)
    for j in range(singles):
        a, b, c, _ = draw(2 * million + j)
        k = int((np.rint(shares[:-1] * 2**32) <= a).sum())
        put(j, [(k, c * max(1, length - len(matrices[k]) + 1) // 2**32, b % 2 == 1)])

    for number, k, begin, turned in sites:
        columns = matrices[k][::-1, ::-1] if turned else matrices[k]
        chances = [w for i in range((len(columns) + 3) // 4) for w in draw(6 * million + 16 * number + i)]
        for j, half in enumerate(halves(4 * million + 8 * number, len(columns))):
            if chances[j] / 2**32 >= genome.decay:
                row[begin + j] = sum(half >= round(float(x) * 2**16) for x in np.cumsum(columns[j])[:3])
    return row, [site[1:] for site in sites]


def reverse_complement(row):
    return [4 if code == 4 else 3 - code for code in reversed([int(code) for code in row])]


def score_threshold(bits, tail, step):
    """Smallest multiple of `step` reached by at most a share `tail` of all words; the best word's score if none is."""
    words = itertools.product(range(4), repeat=len(bits))
    scores = [sum(round(float(bits[j][letter]) / step) for j, letter in enumerate(word)) for word in words]
    for least in range(min(scores), max(scores)):
        if sum(s >= least for s in scores) <= tail * len(scores):
            return least * step
    return max(scores) * step


def site_weights(row, bits, threshold, temperature=1.0):
    """Weight of a site at every position of each strand, counted from the left; 0 where a window holds N or ends."""
    width = len(bits)
    out = [[0.0] * len(row), [0.0] * len(row)]
    for p in range(len(row) - width + 1):
        window = [int(code) for code in row[p : p + width]]
        if 4 in window:
            continue
        for strand, word in enumerate((window, reverse_complement(window))):
            score = sum(float(bits[j][letter]) for j, letter in enumerate(word))
            out[strand][p] = 2 ** ((score - threshold) / temperature)
    return out


def lane_sum(row, pair, width):
    """Sum and maximum of the site weights of one strand, float32 in the stated order; `pair` tables of two letters."""
    lanes, best = [np.float32(0)] * 16, np.float32(0)
    for p in range(len(row) - width + 1):
        window = [int(code) for code in row[p : p + width]]
        if 4 in window:
            continue
        window += [0] * (-width % 4)
        weight = np.float32(1)
        for start in range(0, len(window), 4):
            a, b, c, d = window[start : start + 4]
            weight *= pair[start // 2][4 * a + b] * pair[start // 2 + 1][4 * c + d]
        lanes[p % 16] += weight
        best = max(best, weight)
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [lanes[lane] + lanes[lane + half] for lane in range(half)]
    return lanes[0], best


def saturated(x):
    return x / (1 + x)


def spacing(distance, best, spread, helix, reach):
    """How much two sites act together at a distance of their centers."""
    if distance > reach:
        return 0.0
    near = 0.25 + 0.75 * math.exp(-(((distance - best) / spread) ** 2) / 2)
    return near * (1 + helix * math.cos(2 * math.pi * (distance - best) / 10.5)) / (1 + helix)


def arrangement(program, width, weights, length):
    """Sums of site weights left after quenching, place sums and pairs of one sequence.

    `weights` one array (2 strands, positions) a motif, public ones first.
    """
    cut = 1 / 16
    sites = [
        {"motif": k, "strand": s, "weight": float(w[s, p]), "center": p + width[k] / 2,
         "strength": max(0.0, float(w[s, p]) - cut) / (1 + float(w[s, p]))}
        for k, w in enumerate(weights) for s in range(2) for p in range(length) if w[s, p] > cut
    ]  # fmt: skip
    total = [float(np.asarray(w, np.float64).sum()) for w in weights]
    for site in sites:
        site["keep"] = 1.0
        for other in sites:
            gap = abs(site["center"] - other["center"]) / program.quench_reach
            if other["motif"] in program.quenchers and site["motif"] not in program.quenchers and gap < 1:
                site["keep"] *= 1 - program.quench * other["strength"] * (1 - gap)
    place = [0.0] * len(weights)
    for site in sites:
        total[site["motif"]] -= max(0.0, site["weight"] - cut) * (1 - site["keep"])
        place[site["motif"]] += site["keep"] * site["strength"] * (2 * site["center"] / length - 1)
    pairs = []
    for j, (a, b) in enumerate(program.pairs):
        value = 0.0
        for rule, mix in zip(program.rules, program.rule_weights, strict=True):
            near = 0.0
            for x in (site for site in sites if site["motif"] == a):
                for y in (site for site in sites if site["motif"] == b):
                    gap = abs(x["center"] - y["center"])
                    if gap >= (width[a] + width[b]) / 2:
                        side = 1 + rule.strand[j] if x["strand"] == y["strand"] else 1 - rule.strand[j]
                        law = spacing(gap, rule.spacing[j], rule.spread[j], program.helix, program.pair_reach)
                        near += x["keep"] * x["strength"] * y["keep"] * y["strength"] * side * law
            value += mix * saturated(near)
        pairs.append(value)
    return total, place[: len(program.public)], pairs


def smooth_field(draws):
    """Field of every 6-mer from standard normals (1 + cells, 4096), of which the first row is shared."""
    words = list(itertools.product(range(4), repeat=6))
    row = {word: i for i, word in enumerate(words)}
    fields = []
    for own in draws[1:]:
        value = {}
        for word in words:
            strands = [row[word], row[tuple(reverse_complement(word))]]
            value[word] = sum(draws[0][i] + 1.5 * own[i] for i in strands)
        smooth = {}
        for word in words:
            near = [(*word[:j], x, *word[j + 1 :]) for j in range(6) for x in range(4) if x != word[j]]
            smooth[word] = value[word] + 0.3 * sum(value[other] for other in near)
        classes = {word: sum(letter in (1, 2) for letter in word) for word in words}
        mean = {k: np.mean([smooth[w] for w in words if classes[w] == k]) for k in range(7)}
        fields.append([smooth[word] - mean[classes[word]] for word in words])
    return np.array(fields).T


def field_sum(row, field):
    """Sum of the field (4096, cells) over the 6-mers without N."""
    words = [tuple(int(c) for c in row[p : p + 6]) for p in range(len(row) - 5)]
    index = [sum(letter * 4 ** (5 - j) for j, letter in enumerate(word)) for word in words if 4 not in word]
    return sum((np.array(field[i]) for i in index), np.zeros(np.array(field).shape[1]))


def gc_share(row):
    known = [int(code) for code in row if code < 4]
    return sum(code in (1, 2) for code in known) / len(known) if known else 0.5


def activity(program, cell, raw):
    """f of one output from its raw parts (motif, pair, gc, dark, orientation)."""
    total = sum(
        math.sqrt(share) * (x - center) / scale
        for share, x, center, scale in zip(
            program.shares, raw, program.centers[cell], program.scales[cell], strict=True
        )
    )
    eta = (total - program.total_center[cell]) / program.total_scale[cell]
    eta *= 1 + program.gc_gain * 10 * max(0.0, raw[2] - program.gc_onset)
    lifted = math.log1p(math.exp(eta + program.link_offset))
    return program.link_scale[cell] * (lifted - program.link_center[cell])


def read_out(assay, batch, f, gc):
    """Noise-free log2 RNA / DNA of an insert in a batch."""
    g = gc - 0.5
    a = math.log2((2 ** (assay.gain * f) + assay.leak) / (1 + assay.leak))
    a += assay.gc_linear * g + assay.gc_square * g**2
    return batch.offset + batch.slope * a + batch.gc_linear * g + batch.gc_square * g**2


def insert(assay, f, gc, draw):
    """Barcodes, batch and counts (replicate, output, DNA and RNA) of an insert by the quantiles of SciPy.

    `draw(purpose, *indices)` gives the two uniforms of a draw.
    """
    from scipy import stats

    def negative_binomial(uniforms, mean, size):
        u, v = uniforms
        return int(stats.poisson.ppf(v, stats.gamma.ppf(u, size) * mean / size))

    kept = (1 - assay.dropout) * math.exp(-assay.barcode_gc * max(0, gc - 0.52))
    n = negative_binomial(draw("barcodes"), assay.barcode_mean * kept, assay.barcode_size)
    row = int(draw("batch")[0] * len(assay.batches))
    batch = assay.batches[row]
    d = assay.dispersion * math.exp(assay.dispersion_gc * abs(gc - 0.52))
    counts = np.full((assay.replicates, len(f), 2), -1)
    for c in range(len(f)) if n >= assay.least_barcodes else ():
        shape = n * assay.shared_size / d
        factor = stats.gamma.ppf(draw("shared", c)[0], shape) / shape
        chance, level = draw("jackpot", c)
        if chance < assay.jackpot_rate:
            factor *= 1 + (assay.jackpot_least * (assay.jackpot_most / assay.jackpot_least) ** level - 1) / n
        rna = n * assay.rna_depth * batch.depth * 2 ** read_out(assay, batch, f[c], gc) * factor
        for r in range(assay.replicates):
            counts[r, c, 0] = negative_binomial(
                draw("dna", c, r), n * assay.dna_depth * batch.depth, n * assay.dna_size / d
            )
            counts[r, c, 1] = negative_binomial(draw("rna", c, r), rna, n * assay.rna_size / d)
    return n, row, counts


def count_moments(assay, batch, f, gc, barcodes, grid, most):
    """E and SD of what a measured insert shows in a batch: sums over barcodes, factor, jackpots and counts."""
    from scipy import stats

    def negative_binomial(mean, size):
        count = np.arange(most)
        mass = stats.nbinom.pmf(count, size, size / (size + mean))
        value = np.log2(count + 1)
        first = float(mass @ value)
        return first, float(mass @ value**2) - first**2

    level, share = np.polynomial.legendre.leggauss(4)
    span = math.log(assay.jackpot_most / assay.jackpot_least)
    jackpots = [(math.exp(math.log(assay.jackpot_least) + span * (x + 1) / 2), assay.jackpot_rate * w / 2)
                for x, w in zip(level, share, strict=True)] if assay.jackpot_rate else []  # fmt: skip
    kept = (1 - assay.dropout) * math.exp(-assay.barcode_gc * max(0, gc - 0.52))
    p = assay.barcode_size / (assay.barcode_size + assay.barcode_mean * kept)
    numbers = np.arange(assay.least_barcodes, assay.least_barcodes + barcodes)
    chance = stats.nbinom.pmf(numbers, assay.barcode_size, p)
    spread = assay.dispersion * math.exp(assay.dispersion_gc * abs(gc - 0.52))
    a = read_out(assay, batch, f, gc)
    values, weights, within = [], [], 0.0
    for n, p in zip(numbers, chance / chance.sum(), strict=True):
        dna, dna_variance = negative_binomial(n * assay.dna_depth * batch.depth, n * assay.dna_size / spread)
        shape = n * assay.shared_size / spread
        law = stats.gamma(shape, scale=1 / shape)
        factors = np.linspace(law.ppf(1e-9), law.isf(1e-9), grid)
        for factor, density in zip(factors, law.pdf(factors) / law.pdf(factors).sum(), strict=True):
            for j, w in [(1.0, 1 - assay.jackpot_rate), *jackpots]:
                rate = n * assay.rna_depth * batch.depth * 2**a * factor * (1 + (j - 1) / n)
                rna, rna_variance = negative_binomial(rate, n * assay.rna_size / spread)
                weight = p * density * w
                values.append(rna - dna)
                weights.append(weight)
                within += weight * (rna_variance + dna_variance) / assay.replicates
    mean = float(np.average(values, weights=weights))
    between = float(np.average((np.array(values) - mean) ** 2, weights=weights))
    return mean, math.sqrt(within + between)


# regression


def weighted_fit(dense, weight, value):
    """Coefficients of weighted least squares, those of least norm where several fit."""
    root = np.sqrt(weight)[:, None]
    return np.linalg.lstsq(root * dense, root * value, rcond=None)[0]


def pooled_errors(dense, weight, value):
    """Textbook SE of weighted least squares with one variance: s^2 (X'WX)^-1, s^2 = e'We / (n - rank)."""
    residual = value - dense @ weighted_fit(dense, weight, value[:, None])[:, 0]
    variance = (weight * residual**2).sum() / (len(dense) - np.linalg.matrix_rank(dense))
    return np.sqrt(variance * np.diag(np.linalg.pinv((dense.T * weight) @ dense)))


def sandwich(dense, weight, sd):
    """SD of weighted least squares over rows that vary independently by `sd` (n, outputs)."""
    gain = np.linalg.inv((dense.T * weight) @ dense) @ (dense.T * weight)
    return np.sqrt(gain**2 @ sd**2)


# shifts


def variation(here, there):
    """Total variation of two histograms."""
    p, q = (np.array(count) / sum(count) for count in (here, there))
    return sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2


def classified_variation(here, there):
    """Total variation that a classifier sees, numbers (n, k): fitted on one half of the draws, judged on the other.

    Least squares on the monomials to degree 3 of ranks among the first half; never above the truth but by chance.
    """
    half = len(here) // 2
    order = np.sort(here[:half], axis=0)

    def terms(x):
        rank = [np.searchsorted(order[:, k], x[:, k]) / half - 0.5 for k in range(x.shape[1])]
        columns = [np.ones(len(x))]
        for degree in (1, 2, 3):
            columns += [np.prod(chosen, axis=0) for chosen in itertools.combinations_with_replacement(rank, degree)]
        return np.stack(columns, axis=1)

    fitted = np.concatenate([terms(here[:half]), terms(there[:half])])
    weights = np.linalg.lstsq(fitted, np.repeat([-1.0, 1.0], half), rcond=None)[0]
    return (terms(there[half:]) @ weights > 0).mean() - (terms(here[half:]) @ weights > 0).mean()


# variants


def variant_window(element, place, alt, width, offset, beyond):
    """Letters of one window without and with a variant; `alt` "-" removes the letter at `place`."""
    around = width if beyond else max(width - len(element), 0) // 2
    full = "N" * around + element + "N" * max(width, len(element))
    last = around + len(element) + (width if beyond else max(width - len(element), 0) - around)
    place += around
    start = place - offset
    while start < 0:
        start += 1
    while start + width > last:
        start -= 1
    changed = full[:place] + alt.replace("-", "") + full[place + 1 :]
    return full[start : start + width], changed[start : start + width]


def changed_window(element, place, removed, inserted, width, offset):
    """Letters of one window inside the element without and with a change that puts letters for others at `place`."""
    around = max(width - len(element), 0) // 2
    end = around + max(len(element), width - around)
    full = "N" * around + element + "N" * 2 * width
    place += around
    start = max(place - offset, 0)
    while start + width > end:
        start -= 1
    changed = full[:place] + inserted + full[place + removed :]
    return full[start : start + width], changed[start : start + width]


# comparisons


def win_probability(first, second, higher):
    """Mean over worlds of the share of (seed, seed, draw) in which the first is better, a tie half; lists a world."""
    worlds = []
    for of_first, of_second in zip(first, second, strict=True):
        wins = []
        for a in of_first:
            for b in of_second:
                for left, right in zip(a, b, strict=True):
                    wins.append(0.5 if left == right else float((left > right) == higher))
        worlds.append(sum(wins) / len(wins))
    return sum(worlds) / len(worlds)


def hierarchical_score(scaled, kinds):
    """Mean over worlds of parts of families of doses; `scaled` (worlds, cells, seeds) of `kinds` (part, family, dose).

    Seeds first, then the clip to -1..1; a cell of NaN is left out.
    """
    worlds = []
    for world in scaled:
        parts = {}
        for (part, family, _), seeds in zip(kinds, world, strict=True):
            if not np.isnan(seeds).any():
                parts.setdefault(part, {}).setdefault(family, []).append(min(max(sum(seeds) / len(seeds), -1), 1))
        means = [sum(sum(v) / len(v) for v in families.values()) / len(families) for families in parts.values()]
        worlds.append(sum(means) / len(means))
    return sum(worlds) / len(worlds)
