"""The table of metrics: what each one is, how to read it, what it needs and which function computes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shiftbench.metrics import coverage, error, scoring
from shiftbench.prediction import LEVELS

VERSION = 1
"""Raised when a number changes for the same prediction."""

ALL_TARGETS = ("observed", "expected", "f")
"""What a prediction is compared with: the measurement, its expectation under the assay, and the noise-free truth."""

Argument = Literal["mean", "sd", "low", "high", "target"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `compute` takes the arrays named in `needs`, in that order, and optionally bootstrap weights.

    `better`: lower, higher, nominal (the level stated) or none (no direction of its own);
    `levels`: nominal levels of the interval, empty where it has none; `scaled`: whether a score between floor and
    ceiling is formed; `floor`: value of a predictor that knows nothing, None if it is that of the training mean.
    `example` is a session in which the function is known by its name.
    """

    name: str
    title: str
    better: Literal["lower", "higher", "nominal", "none"]
    targets: tuple[str, ...]
    needs: tuple[Argument, ...]
    scaled: bool
    formula: str
    example: str
    source: str
    compute: Callable[..., error.Number]
    levels: tuple[float, ...] = ()
    floor: float | None = None


_TABLE = (
    Metric(
        name="rmse",
        title="Root mean square error",
        better="lower",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="sqrt(mean((mu - y)^2))",
        example=">>> rmse([0, 1], [0, 3])\n1.4142135623730951",
        source="textbook",
        compute=error.rmse,
    ),
    Metric(
        name="pearson",
        title="Pearson correlation",
        better="higher",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="cov(mu, y) / (sd(mu) sd(y))",
        example=">>> round(pearson([1, 2, 3], [1, 2, 4]), 6)\n0.981981",
        source="textbook",
        compute=error.pearson,
        floor=0.0,
    ),
    Metric(
        name="spearman",
        title="Spearman rank correlation",
        better="higher",
        targets=ALL_TARGETS,
        needs=("mean", "target"),
        scaled=True,
        formula="pearson(rank(mu), rank(y)), ties share the mean of their ranks",
        example=">>> round(spearman([1, 2, 2, 9], [1, 3, 2, 4]), 6)\n0.948683",
        source="Kendall and Gibbons 1990, Rank Correlation Methods, chapter 3 (ties)",
        compute=error.spearman,
        floor=0.0,
    ),
    Metric(
        name="nll",
        title="Gaussian negative log likelihood",
        better="lower",
        targets=("observed",),
        needs=("mean", "sd", "target"),
        scaled=True,
        formula="mean(log(2 pi sigma^2) / 2 + z^2 / 2), z = (y - mu) / sigma, nats",
        example=">>> round(nll([0], [1], [0]), 6)\n0.918939",
        source="Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 4.1",
        compute=scoring.nll,
    ),
    Metric(
        name="crps",
        title="Continuous ranked probability score of a Gaussian",
        better="lower",
        targets=("observed",),
        needs=("mean", "sd", "target"),
        scaled=True,
        formula="mean(sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))), z = (y - mu) / sigma",
        example=">>> round(crps([0], [1], [0]), 8)\n0.23369498",
        source="Gneiting and Raftery 2007, doi:10.1198/016214506000001437, section 4.2",
        compute=scoring.crps,
    ),
    Metric(
        name="coverage",
        title="Coverage of the central interval",
        better="nominal",
        targets=("observed",),
        needs=("low", "high", "target"),
        scaled=False,
        formula="mean(low <= y <= high)",
        example=">>> coverage([0, 0, 0, 0], [2, 2, 2, 2], [1, 2, 3, -1])\n0.5",
        source="Khosravi et al. 2011, doi:10.1109/TNN.2011.2162110 (PICP)",
        compute=coverage.coverage,
        levels=LEVELS,
    ),
    Metric(
        name="width",
        title="Mean width of the central interval",
        better="none",
        targets=("observed",),
        needs=("low", "high"),
        scaled=False,
        formula="mean(high - low)",
        example=">>> width([0, 0], [1, 3])\n2.0",
        source="Khosravi et al. 2011, doi:10.1109/TNN.2011.2162110 (MPIW)",
        compute=coverage.width,
        levels=LEVELS,
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}
"""All metrics by name, in the order in which they are shown."""
