"""Controls that learn without a network: training mean and ridges on GC, k-mers and motif occupancies."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shiftbench.models import features, ridge, structural
from shiftbench.prediction import QUANTILES, Prediction, gaussian
from simulators.contract import Sample, World

State = structural.State
Facts = dict[str, Any]

ALONE = 108
"""Motifs of the occupancy ridge on real data, where none is known to be true."""


class Control(Protocol):
    """A predictor without a network. `fit` gets the training facts; only an oracle gets the facts of the test set."""

    sees_test_world: bool

    def fit(self, train: Sample, validation: Sample, facts: Facts) -> State:
        """Learned arrays by name."""
        ...

    def predict(self, state: State, sequence: NDArray[np.uint8], facts: Facts) -> Prediction:
        """Prediction for `sequence` uint8 (n, length); `facts` is empty unless `sees_test_world`."""
        ...


class TrainingMean:
    """The floor: mean and empirical quantiles of the training targets, the same for every sequence."""

    sees_test_world = False

    def fit(self, train: Sample, validation: Sample, facts: Facts) -> State:
        """Mean, SD and quantiles of the training targets."""
        return {
            "mean": train.observed.mean(0, dtype=np.float64).astype(np.float32),
            "sd": train.observed.std(0, dtype=np.float64).astype(np.float32),
            "quantiles": np.quantile(train.observed, QUANTILES, axis=0).T.astype(np.float32),
        }

    def predict(self, state: State, sequence: NDArray[np.uint8], facts: Facts) -> Prediction:
        """The same marginal law for every row."""
        n = len(sequence)
        mean, sd = (np.repeat(state[name][None], n, axis=0) for name in ("mean", "sd"))
        return Prediction(mean, np.repeat(state["quantiles"][None], n, axis=0), sd)


class Ridge(ABC):
    """A ridge whose features come from `features(state, sequence)`, with the SD of its validation errors."""

    sees_test_world = False

    def setup(self, train: Sample, facts: Facts) -> State:
        """What the features need to know beside the letters."""
        return {}

    @abstractmethod
    def features(self, state: State, sequence: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features, float32 (n, p)."""

    def fit(self, train: Sample, validation: Sample, facts: Facts) -> State:
        """Ridge on the training rows, its penalty chosen on the validation rows."""
        state = self.setup(train, facts)
        learned = ridge.fit(
            self.features(state, train.sequence),
            train.observed,
            self.features(state, validation.sequence),
            validation.observed,
        )
        return state | learned

    def predict(self, state: State, sequence: NDArray[np.uint8], facts: Facts) -> Prediction:
        """Ridge mean with the same SD for every row."""
        mean = ridge.predict(state, self.features(state, sequence))
        return gaussian(mean, np.broadcast_to(state["sd"], mean.shape).astype(np.float32))


class GcRidge(Ridge):
    """Ridge on GC and its square."""

    def features(self, state: State, sequence: NDArray[np.uint8]) -> NDArray[np.float32]:
        """GC and GC squared."""
        return features.gc(sequence)


class KmerRidge(Ridge):
    """Ridge on the counts of all 4-mers and 5-mers of the forward strand."""

    def features(self, state: State, sequence: NDArray[np.uint8]) -> NDArray[np.float32]:
        """1,280 counts."""
        return features.kmers(sequence, (4, 5))


class PwmRidge(Ridge):
    """Ridge on motif occupancies: half of a world's public motifs with decoys; on real data a fixed draw of JASPAR.

    Where candidates are told, half of them: which are true is not known, so half of the true ones on average.
    """

    def setup(self, train: Sample, facts: Facts) -> State:
        """Ids of the motifs, kept in the state."""
        from simulators import motif

        rng = np.random.Generator(np.random.Philox(key=1))
        if "source_world" in facts:
            program = World.from_json(facts["source_world"]).program
            true = rng.permutation(program.public)[: len(program.public) // 2]
            return {"motifs": structural.with_decoys(program, true, rng)}
        if "candidates" in facts:
            told = np.array(facts["candidates"], np.str_)
            return {"motifs": rng.permutation(told)[: len(told) // 2]}
        return {"motifs": rng.choice(motif.vertebrate_ids(), ALONE, replace=False)}

    def features(self, state: State, sequence: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Log-sum and maximum of the site weights of each motif, with GC."""
        return np.concatenate([structural.occupancies(sequence, state["motifs"]), features.gc(sequence)], axis=1)


class MotifPrior(PwmRidge):
    """Ridge on the occupancies of all public motifs of the world: a reference that holds the generator's own PWMs."""

    def setup(self, train: Sample, facts: Facts) -> State:
        """Ids of the public motifs; never a dark one."""
        return {"motifs": np.array(World.from_json(facts["source_world"]).program.public)}
