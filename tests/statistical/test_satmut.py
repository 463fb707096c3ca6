"""Effects of saturation mutagenesis against what their truth states, and molecules against their rates."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from simulators import assay, mpra, mutagenesis, regression, satmut
from simulators.random import key
from simulators.satmut import Library

pytestmark = pytest.mark.statistical

EXPERIMENTS = 40


def carried(dense):
    rows = [np.flatnonzero(row[1:]) + 1 for row in dense]
    return regression.Carried(np.cumsum([0, *map(len, rows)]), np.concatenate(rows), dense.shape[1])


def test_the_regression_is_unbiased_where_effects_add_up():
    """z-tests of 30 coefficients over 2,000 draws of noise at 5 standard errors: false alarms 2e-5.

    Controls: the same for means of carriers minus others, since column 2 often travels with column 1; and for a true
    effect that is off by .15 of the sampling SD.
    """
    rng = np.random.default_rng(0)
    dense = rng.random((300, 30)) < 0.1
    dense[:, 0] = True
    dense[:, 2] |= dense[:, 1] & (rng.random(300) < 0.7)
    weight, sd, effect = rng.integers(1, 20, 300).astype(float), rng.uniform(0.3, 1, 300), rng.normal(size=30)
    value = (dense @ effect)[:, None] + sd[:, None] * rng.normal(size=(300, 2000))
    found = regression.design(carried(dense), weight)
    estimate = regression.coefficients(found, value)
    spread = regression.sampling_sd(found, np.ascontiguousarray(sd[:, None]))[:, 0]

    def worst(estimate, effect):
        return np.abs((estimate.mean(axis=1) - effect) / spread * 2000**0.5)[1:].max()

    assert worst(estimate, effect) < 5
    assert worst(estimate, effect + 0.15 * spread) > 5
    with_, without = (dense.T.astype(float), 1 - dense.T)
    alone = np.stack(
        [with_[j] @ value / with_[j].sum() - without[j] @ value / max(1, without[j].sum()) for j in range(30)]
    )
    assert worst(alone, effect) > 5


@pytest.fixture(scope="module")
def world():
    drawn = mpra.world(0)
    return replace(drawn, genome=replace(drawn.genome, length=40))


@pytest.fixture(scope="module")
def repeats(world):
    """Experiments of one element in all cell types; every one has a library of its own."""
    library = Library(molecules=900, barcodes=4.0)
    drawn = [satmut.draw(world, 1, seed=1, experiment=k, library=library) for k in range(EXPERIMENTS)]
    columns = [[s.observed, s.truth.expected, s.truth.sd, s.noise_sd] for s in drawn]
    return np.moveaxis(np.array(columns, float)[:, :, 1:], 1, 0)


def far(z):
    """Distance from 1 of the mean square of z, in standard errors over experiments."""
    square = np.nanmean(z**2, axis=(1, 2))
    return abs(square.mean() - 1) / (square.std(ddof=1) / EXPERIMENTS**0.5)


def test_effects_vary_by_the_true_sampling_sd(repeats):
    """A t-test over 40 experiments at 4.5 standard errors: false alarm 3e-5; controls: the SE that the protocol states
    (it takes replicates of a barcode for independent), and an SD of nine tenths."""
    observed, expected, sd, stated = repeats
    assert far((observed - expected) / sd) < 4.5
    assert far((observed - expected) / stated) > 4.5
    assert far((observed - expected) / (0.9 * sd)) > 4.5


def test_effects_are_centred_on_what_is_expected_of_them(repeats):
    """z-tests of 360 means over 40 experiments at 5.5 standard errors: false alarm 1e-5; control: half an SD off."""
    observed, expected, sd, _ = repeats
    z = (observed - expected) / sd

    def worst(z):
        return np.nanmax(np.abs(np.nanmean(z, axis=0)) * np.isfinite(z).sum(axis=0) ** 0.5)

    assert worst(z) < 5.5
    assert worst(z + 0.5) > 5.5


@pytest.mark.parametrize("count", [1, 2, 4])
def test_moments_given_the_number_of_barcodes(world, count):
    """z-tests of mean and SD at 4.5 standard errors: 4e-5 false alarms over the three; controls: SD x .9, mean + .1."""
    law = satmut._protocol(world.assay, key(0, "protocol"), Library(barcodes=5.0))
    n = 60_000
    f, gc = np.full((n, 1), 0.8, np.float32), np.full(n, 0.5)
    read = assay.measure(law, f, gc, key(0, "given barcodes"))
    y = read.observed[read.barcodes == count, 0].astype(float)
    assert len(y) > 1000
    expected, sd = (float(x[0, 0]) for x in satmut._given_barcodes(law, f[:1], gc[:1], np.array([count], np.int32)))

    def misses(expected, sd):
        kurtosis = stats.kurtosis(y, fisher=False)
        return (abs(y.mean() - expected) / (y.std() / len(y) ** 0.5),
                abs(y.std() - sd) / (y.std() * ((kurtosis - 1) / 4 / len(y)) ** 0.5))  # fmt: skip

    assert max(misses(expected, sd)) < 4.5
    assert misses(expected, 0.9 * sd)[1] > 4.5
    assert misses(expected + 0.1, sd)[0] > 4.5


def test_molecules_have_their_rate_and_their_bias():
    """z-tests at 4.5 standard errors: the number of substitutions, and each of the four transitions against all
    transversions of its letter, over 40 draws of rates; controls: a rate 2 % higher, transversions the likelier."""
    reference = np.repeat(np.arange(4, dtype=np.uint8), 50)
    molecules = [mutagenesis.mutate(reference, 5000, key(k, "rates"), key(k, "molecules")) for k in range(40)]
    total = np.array([np.count_nonzero(rows != reference) for rows in molecules], float)
    expected = 5000 * 200 * mutagenesis.RATE
    error = (40 * expected) ** 0.5
    assert abs(total.sum() - 40 * expected) < 4.5 * error
    assert abs(total.sum() - 40 * 1.02 * expected) > 4.5 * error
    for letter, transition in enumerate((2, 3, 0, 1)):
        counts = np.array([np.bincount(rows[:, reference == letter].ravel(), minlength=4) for rows in molecules])
        share = counts[:, transition] / (counts.sum(axis=1) - counts[:, letter])
        assert (share.mean() - 0.5) / (share.std(ddof=1) / 40**0.5) > 4.5
