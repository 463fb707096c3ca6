"""Samples and predictions survive the disk unchanged."""

import numpy as np
import pytest

from shiftbench import arrays
from shiftbench.errors import InputError
from shiftbench.prediction import LEVELS, Prediction, gaussian
from simulators.contract import Sample, Truth


def test_sample_round_trip(tmp_path, toy):
    plain = toy(5)
    truth = Truth(plain.observed, plain.observed + 1, plain.observed * 0 + 2)
    replicates = np.stack([plain.observed] * 3, axis=1)
    table = {"gc": np.linspace(0, 1, 5), "source": np.array(["x", "y", "x", "z", "z"])}
    fields = {
        name: getattr(plain, name)
        for name in ("id", "sequence", "observed", "noise_sd", "reference", "group", "outputs")
    }
    sample = Sample(**fields, replicates=replicates, table=table, truth=truth)
    arrays.save_sample(tmp_path / "a.npz", sample)
    arrays.save_sample(tmp_path / "b.npz", sample)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    found = arrays.load_sample(tmp_path / "a.npz")
    for name in ("id", "sequence", "observed", "reference", "group", "replicates"):
        assert np.array_equal(getattr(found, name), getattr(sample, name))
    assert found.outputs == sample.outputs
    assert found.truth is not None
    assert np.array_equal(found.truth.expected, truth.expected)
    assert found.table["source"].tolist() == ["x", "y", "x", "z", "z"]
    assert arrays.load_sample(_saved(tmp_path, plain)).truth is None


def _saved(folder, sample):
    arrays.save_sample(folder / "c.npz", sample)
    return folder / "c.npz"


def test_prediction_round_trip(tmp_path):
    mean, sd = np.zeros((4, 2), np.float32), np.ones((4, 2), np.float32)
    kept = np.array([[True, False]] * 4)
    endless = Prediction(mean, np.full((4, 2, 9), np.inf, np.float32), kept=kept)
    for prediction in (gaussian(mean, sd, sd), endless):
        arrays.save_prediction(tmp_path / "p.npz", prediction)
        found = arrays.load_prediction(tmp_path / "p.npz")
        assert np.array_equal(found.quantiles, prediction.quantiles)
        assert (found.sd is None) == (prediction.sd is None)
        assert np.array_equal(found.kept, kept) if prediction is endless else found.kept is None


def test_intervals_of_a_standard_normal():
    unit = gaussian(np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32))
    expected = {0.5: 0.674490, 0.8: 1.281552, 0.9: 1.644854, 0.95: 1.959964}
    for level in LEVELS:
        low, high = unit.interval(level)
        assert high.item() == pytest.approx(expected[level], rel=1e-5)
        assert low.item() == pytest.approx(-expected[level], rel=1e-5)


def test_both_kinds_of_sd_add_up():
    three, four = np.full((1, 1), 3, np.float32), np.full((1, 1), 4, np.float32)
    both = gaussian(three, three, four)
    assert both.sd is not None
    assert both.sd.item() == pytest.approx(5)
    assert both.interval(0.95)[1].item() == pytest.approx(3 + 5 * 1.959964, rel=1e-5)


def test_reference_rows_may_lack_a_measurement(toy):
    sample = toy(3)
    sample.observed[0] = np.nan
    with pytest.raises(InputError, match="row 0"):
        arrays.check_sample(sample, "toy")
    sample.reference[1:] = 0
    arrays.check_sample(sample, "toy")
