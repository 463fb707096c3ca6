"""Random cases for metrics: everything that a prediction and its data can tell, a fifth of them nasty."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from shiftbench.prediction import LEVELS, QUANTILES

NASTY = ("few", "ties", "constant", "huge", "tiny", "far", "missing", "endless", "exact", "zero", "one class")
"""What is wrong with a nasty case: 1 to 3 rows, few values, one side constant, units of 1e150 and 1e-150, an offset of
1e8, a NaN, infinite ends, targets on an end, an SD of 0, labels all alike."""
UNITLESS = ("gc", "barcodes", "replicates", "label", "confident", "level")
SPREADS = ("aleatoric", "epistemic", "noise", "replicate_sd")


@dataclass(frozen=True)
class Case:
    """Arguments by name (see `metrics.metric.Argument`), `weights` (4, n) of which one row is all zero, and its kind.

    `unit` is the size of a log2 unit in the case, 1 save in huge and tiny ones.
    """

    kind: str
    arguments: dict
    weights: np.ndarray
    unit: float

    def of(self, metric):
        """What `metric` needs, in its order."""
        return [self.arguments[name] for name in metric.needs]

    def copied(self, metric, counts):
        """What `metric` needs, every row as often as `counts` (n,) says."""
        return [np.repeat(a, counts, axis=0) if np.ndim(a) else a for a in self.of(metric)]


def case(seed):
    """Case of that number; every fifth is nasty, and its kind goes round."""
    rng = np.random.default_rng(seed)
    kind = "tame" if seed % 5 else NASTY[seed // 5 % len(NASTY)]
    n = int(rng.integers(1, 4) if kind == "few" else rng.integers(4, 40))
    base = _base(rng, n, kind)
    unit = {"huge": 1e150, "tiny": 1e-150}.get(kind, 1.0)
    arguments = _derived(rng, base, kind, unit)
    if kind == "missing":
        name = rng.choice([name for name, values in arguments.items() if np.ndim(values)])
        arguments[name][rng.integers(n)] = np.nan
    weights = rng.multinomial(n, np.full(n, 1 / n), size=4)
    weights[3] = 0
    return Case(kind, arguments, weights.astype(np.uint16), unit)


def _base(rng, n, kind):
    """What is drawn: truth, noise and prediction, unit 1."""
    f, noise = rng.normal(size=n), np.exp(0.5 * rng.normal(size=n))
    base = {
        "f": f,
        "expected": f + 0.1 * np.sin(f),
        "target": f + noise * rng.normal(size=n),
        "mean": 0.8 * f + 0.3 * rng.normal(size=n),
        "noise": noise,
        "aleatoric": noise * np.exp(0.3 * rng.normal(size=n)),
        "epistemic": 0.3 * np.exp(rng.normal(size=n)),
        "replicate_sd": noise * np.sqrt(rng.chisquare(2, n) / 2),
        "repeat": np.where(rng.random(n) < 0.2, np.nan, f + noise * rng.normal(size=n)),
        "gc": rng.uniform(0.2, 0.8, n),
        "barcodes": 1.0 + rng.poisson(8, n),
        "replicates": np.full(n, 3.0),
        "label": (rng.random(n) < 0.4).astype(float),
        "confident": (rng.random(n) < 0.6).astype(float),
    }
    if kind == "ties":
        base |= {name: np.round(values) for name, values in base.items() if name not in SPREADS}
        base |= {name: np.ceil(base[name]) for name in SPREADS}
    if kind == "constant":
        side = rng.choice(["target", "mean", "f", "gc", "noise", "aleatoric", "replicate_sd", "barcodes"])
        base[side] = np.full(n, 0.1 if side != "barcodes" else 7.0)
    if kind == "far":
        base |= {name: base[name] + 1e8 for name in ("f", "expected", "target", "mean", "repeat")}
    if kind == "zero":
        base["aleatoric"][rng.integers(n)] = base["epistemic"][:] = 0.0
    if kind == "one class":
        base |= {name: np.full(n, float(rng.integers(2))) for name in ("label", "confident")}
    return base


def _derived(rng, base, kind, unit):
    """All arguments, in units of `unit`: a skewed law, its intervals, and the risk."""
    arguments = {name: values * (1 if name in UNITLESS else unit) for name, values in base.items()}
    n, level = base["f"].size, float(rng.choice(LEVELS))
    mean, sd = arguments["mean"], np.hypot(arguments["aleatoric"], arguments["epistemic"])
    steps = ndtri(np.asarray(QUANTILES)) * np.where(np.asarray(QUANTILES) > 0.5, 1.3, 1.0)
    quantiles = mean[:, None] + sd[:, None] * steps
    if kind == "endless":
        quantiles[rng.random(n) < 0.3, 0] = -np.inf
        quantiles[rng.random(n) < 0.3, -2:] = np.inf
    at = QUANTILES.index(round((1 - level) / 2, 6))
    if kind == "exact":
        arguments["target"] = np.where(rng.random(n) < 0.5, quantiles[:, at], quantiles[:, -1 - at])
    reach = ndtri(0.5 + level / 2) * arguments["epistemic"]
    risk = np.square((base["mean"] - base["expected"]) * unit) + np.square(arguments["noise"])
    return arguments | {
        "sd": sd,
        "level": level,
        "quantiles": quantiles,
        "low": quantiles[:, at].copy(),
        "high": quantiles[:, -1 - at].copy(),
        "truth_low": mean - reach,
        "truth_high": mean + reach,
        "risk": risk,
    }
