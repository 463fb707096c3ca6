"""Simulated data as a table for other programs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from shiftbench.errors import InputError
from shiftbench.simulation import simulate
from simulators import mpra
from simulators.contract import World


def draw(path, **changed):
    options = {"n": 200, "seed": 7, "world": 0, "shift": "gc:3"} | changed
    simulate("mpra", output=path, **options)
    return pd.read_parquet(path)


def test_sequences_observations_and_truth(tmp_path):
    table = draw(tmp_path / "x.parquet")
    assert len(table) == 200
    assert set("".join(table.sequence)) == set("ACGT")
    assert set(table.sequence.str.len()) == {230}
    for output in mpra.CELLS:
        assert {f"{kind}_{output}" for kind in ("observed", "noise_sd", "mean", "expected", "sd")} <= set(table.columns)
        replicates = table[[f"replicate{number}_{output}" for number in (1, 2, 3)]]
        assert np.allclose(replicates.mean(axis=1), table[f"observed_{output}"], atol=1e-5)
    assert {"gc", "barcodes"} <= set(table.columns)


def test_the_file_holds_its_world(tmp_path):
    table = draw(tmp_path / "x.parquet")
    world = World.from_json(parquet.read_schema(tmp_path / "x.parquet").metadata[b"world"])
    again = mpra.draw(world, 200, seed=7)
    assert np.array_equal(again.observed[:, 0], table.observed_cell1)


def test_the_shift_moves_gc_and_a_prefix_is_a_prefix(tmp_path):
    plain, shifted = draw(tmp_path / "a.parquet", shift=""), draw(tmp_path / "b.parquet")
    assert shifted.gc.mean() > plain.gc.mean() + 0.03
    pd.testing.assert_frame_equal(draw(tmp_path / "c.parquet", n=50), shifted.head(50))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shift": "cg:3"}, "did you mean 'gc'"),
        ({"shift": "gc:6"}, "no dose '6'"),
        ({"shift": "gc"}, "expected family:dose"),
        ({"shift": "depth:5"}, "depth"),
        ({"n": 0}, "expected at least 1"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, options, message):
    with pytest.raises(InputError, match=message) as caught:
        draw(tmp_path / "x.parquet", **options)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_unknown_simulator():
    with pytest.raises(InputError, match="did you mean 'mpra'"):
        simulate("mrpa", n=1, seed=0, world=0, shift="", output=Path("x.parquet"))
