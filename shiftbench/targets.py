"""What the predictions of a test set are compared with: rows, values, strata, and the draws of the bootstrap."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import Undefined
from shiftbench.stats.bootstrap import cluster_counts
from simulators import genome
from simulators.contract import Sample

STRATUM = "stratum:"
"""Beginning of the names of columns that mark the rows of a stratum."""
ALL = ""
"""Stratum of all rows."""

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Target:
    """One output of a target: `rows` (k,) that have a value, `values` (k,), draws `counts` (B, k), `cluster` (k,)."""

    rows: Rows
    values: Floats
    counts: NDArray[np.uint16]
    cluster: NDArray[np.int32]

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(np.unique(self.cluster))

    def only(self, kept: NDArray[np.bool_]) -> "Target":
        """The rows where `kept` (k,) is true."""
        if kept.all():
            return self
        return Target(self.rows[kept], self.values[kept], np.compress(kept, self.counts, axis=1), self.cluster[kept])


class TestSet:
    """A test set as a scorer takes it.

    Rows are compared as values or, `scored` difference, as what they differ from their reference row. The first
    `labelled` rows, with all of their clusters, are left out; so are rows without a value. Of a variant that is seen
    through several windows (column `variant`) the predicted differences are averaged and its first row stands for it.
    """

    __test__ = False  # not a test of pytest's

    def __init__(
        self, test: Sample, scored: Literal["value", "difference"], labelled: int, resamples: int, draws: str
    ) -> None:
        self.sample, self.difference = test, scored == "difference"
        eligible = self._eligible(labelled)
        counts = cluster_counts(test.group[eligible], resamples, draws)
        self.targets = {
            (name, stratum): [self._target(eligible, counts, chosen, column) for column in array.T]
            for name, array in self._arrays().items()
            for stratum, chosen in _strata(test)
        }
        """Per target and stratum a record an output; the same draws serve all of them."""

    def _eligible(self, labelled: int) -> Rows:
        test = self.sample
        eligible = ~np.isin(test.group, np.unique(test.group[:labelled]))
        if self.difference:
            eligible &= test.reference >= 0
            if "variant" in test.table:
                first = np.unique(test.table["variant"], return_index=True)[1]
                eligible &= np.isin(np.arange(len(eligible)), first)
        return np.flatnonzero(eligible)

    def _arrays(self) -> dict[str, NDArray[np.float32]]:
        test, values = self.sample, {"observed": self.sample.observed}
        if test.truth is not None:
            f = test.truth.mean
            values |= {"expected": test.truth.expected, "f": f - f[test.reference] if self.difference else f}
        return values

    def _target(
        self, eligible: Rows, counts: NDArray[np.uint16], chosen: NDArray[np.bool_], column: NDArray[np.float32]
    ) -> Target:
        present = chosen[eligible] & ~np.isnan(column[eligible])
        rows = eligible[present]
        shared = counts if present.all() else np.compress(present, counts, axis=1)
        return Target(rows, column[rows].astype(np.float64), shared, self.sample.group[rows])

    def compared(self, mean: NDArray[np.float32], column: int) -> Floats:
        """What is compared of a predicted mean (n, outputs): the value of each row or its difference, float64 (n,)."""
        values = mean[:, column].astype(np.float64)
        if not self.difference:
            return values
        test = self.sample
        values = np.where(test.reference >= 0, values - values[test.reference], np.nan)
        if "variant" not in test.table:
            return values
        number = np.asarray(test.table["variant"], np.int64)
        seen = number >= 0
        of = np.where(seen, number, 0)
        total, count = np.bincount(of[seen], values[seen]), np.bincount(of[seen])
        averaged: Floats = np.where(seen, total[of] / np.maximum(count[of], 1), np.nan)
        return averaged

    def known(self, name: str, column: int) -> Floats:
        """What the data tell beside the targets, float64 (n,); `Undefined` where they do not."""
        test = self.sample
        if name in ("f", "expected") and test.truth is not None:
            return self._arrays()[name][:, column].astype(np.float64)
        if name == "gc":
            share = test.table["gc"] if "gc" in test.table else genome.gc(test.sequence)
            return np.asarray(share, np.float64)
        if name == "noise" and test.truth is not None:
            return test.truth.sd[:, column].astype(np.float64)
        if name == "replicate_sd" and test.replicates is not None:
            values = test.replicates[:, :, column].astype(np.float64)
            return np.asarray(values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]))
        if name in ("noise", "replicate_sd"):
            return _finite(test.noise_sd[:, column].astype(np.float64), name)
        if name == "replicates" and test.replicates is not None:
            return np.full(len(test.observed), float(test.replicates.shape[1]))
        if name in test.table:
            return np.asarray(test.table[name], np.float64)
        raise Undefined(f"the data do not tell {name}")

    def risk(self, compared: Floats, target: str, column: int) -> Floats:
        """Squared error that the oracle expects of each row (n,); `Undefined` on real data and for differences."""
        truth = self.sample.truth
        if truth is None or self.difference:
            raise Undefined("no oracle tells the conditional risk")
        if target == "f":
            return np.square(compared - truth.mean[:, column])
        noise = np.square(truth.sd[:, column], dtype=np.float64) if target == "observed" else 0.0
        return np.square(compared - truth.expected[:, column]) + noise


def _strata(test: Sample) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """All rows, then each stratum that the table marks."""
    yield ALL, np.ones(len(test.observed), bool)
    for name, column in test.table.items():
        if name.startswith(STRATUM):
            yield name.removeprefix(STRATUM), np.asarray(column, bool)


def _finite(values: Floats, name: str) -> Floats:
    if np.isnan(values).all():
        raise Undefined(f"the data do not tell {name}")
    return values
