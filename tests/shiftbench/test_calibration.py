"""The table of worlds beside real data: what counts as on target, the statistics behind it, and how it is written."""

import numpy as np
import pytest

from shiftbench.calibration import __main__ as command
from shiftbench.calibration import quantity, real, simulated
from shiftbench.calibration.quantity import Line
from shiftbench.tasks.files import Files
from simulators import mpra


@pytest.mark.parametrize(
    ("known", "worlds", "verdict"),
    [
        ([0.5], [[0.54]], True),  # within .05
        ([0.5], [[0.56]], False),
        ([2.0], [[2.19]], True),  # within a tenth
        ([2.0], [[2.21]], False),
        ([0.4, 0.6], [[0.36], [0.7]], True),  # the mean over worlds, .53, lies in the range
        ([0.4, 0.6], [[0.30], [0.32]], False),
        ([], [[0.3]], None),
        ([0.5], [[]], None),
    ],
)
def test_on_target(known, worlds, verdict):
    assert Line("x", known, worlds).on_target is verdict


def test_replicates_by_barcodes_against_known_noise():
    rng = np.random.default_rng(0)
    barcodes = np.repeat([3, 7, 15], 20_000)
    truth, noise = rng.normal(0, 2, len(barcodes)), 1 / np.sqrt(barcodes)
    values = truth[:, None] + noise[:, None] * rng.normal(size=(len(barcodes), 3))
    found = quantity.replicates(values, barcodes)
    for name, n in (("1-4", 3), ("5-9", 7), ("10-19", 15)):
        assert found[f"replicate SD, {name} barcodes"][0] == pytest.approx(n**-0.5, rel=0.02)
        assert found[f"replicate r, {name} barcodes"][0] == pytest.approx(4 / (4 + 1 / n), abs=0.01)


def test_a_library_and_what_it_lost():
    rng = np.random.default_rng(1)
    gc = rng.normal(0.5, 0.1, 50_000)
    observed = np.stack([3 * gc + rng.normal(size=gc.size), rng.exponential(size=gc.size)], axis=1)
    found = quantity.library(observed, gc)
    assert found["SD of activity"] == pytest.approx([np.sqrt(1.09), 1], rel=0.02)
    assert found["skew of activity"] == pytest.approx([0, 2], abs=0.15)
    assert found["r of activity and GC"] == pytest.approx([0.3 / np.sqrt(1.09), 0], abs=0.015)
    rich = gc >= np.quantile(gc, 0.95)
    lost = quantity.lost(gc, ~rich)
    assert lost["inserts lost in the 5 % of highest GC"] == [1]
    assert lost["inserts lost"] == pytest.approx([0.05], abs=1e-3)


def test_turning_twice_gives_the_sequence_and_leaves_the_adapters():
    world = mpra.world(0)
    sequence = mpra.draw(world, 5, seed=0).sequence
    turned = simulated.turn(world, sequence)
    assert np.array_equal(simulated.turn(world, turned), sequence)
    assert np.array_equal(turned[:, :15], sequence[:, :15])
    assert np.array_equal(turned[:, 15:215], 3 - sequence[:, 15:215][:, ::-1])


def test_a_small_world_has_every_line_of_the_real_libraries(real_data, tmp_path):
    known = real.measure(Files(data_dir=real_data, cache=tmp_path, offline=True))
    drawn = simulated.measure(mpra.world(0), 2000, 1)
    assert set(known) <= set(drawn)
    assert known["replicate SD, 1-4 barcodes"] == pytest.approx([1.01], abs=0.005)
    assert known["r between libraries"] == pytest.approx([0.895, 0.853], abs=0.001)
    assert known["r between strands"] == pytest.approx([0.740, 0.747], abs=0.001)
    assert known["r between cell types"] == pytest.approx([0.614, 0.494, 0.601], abs=0.001)


def test_a_line_tells_the_range_of_real_values_and_each_world():
    text = command.table([Line("a", [0.5, 0.7], [[0.61], [0.63]]), Line("b", [], [[473.4], []])])
    assert text.splitlines()[2:] == ["| a | .600 (.500 to .700) | .610 | .630 | yes |", "| b | - | 473 | - | - |"]
