"""Simulated data as a table for other programs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from shiftbench.errors import InputError, ShiftbenchError
from shiftbench.simulation import Way, simulate
from simulators import mpra, satmut
from simulators.contract import World
from simulators.prior import PRIOR
from tests.shiftbench.test_execute import DASK


def draw(path, **changed):
    options = {"n": 200, "seed": 7, "world": 0, "shift": "gc:3"} | changed
    simulate("mpra", output=path, **options)
    return pd.read_parquet(path)


def shards(folder, n=130, **changed):
    """Draw without a shift into a folder, 50 rows a shard unless said otherwise."""
    way = Way(**{"rows_per_shard": 50} | changed.pop("way", {}))
    return simulate("mpra", n=n, output=folder, way=way, **{"seed": 7, "world": 0, "shift": ""} | changed)


@pytest.fixture(autouse=True)
def _one_world(monkeypatch):
    made = {}
    monkeypatch.setattr(mpra, "world", lambda seed, make=mpra.world: made.setdefault(seed, make(seed)))


def test_sequences_observations_and_truth(tmp_path):
    table = draw(tmp_path / "x.parquet")
    assert len(table) == 200
    assert set("".join(table.sequence)) == set("ACGT")
    assert set(table.sequence.str.len()) == {230}
    for output in mpra.CELLS:
        assert {f"{kind}_{output}" for kind in ("observed", "noise_sd", "mean", "expected", "sd")} <= set(table.columns)
        replicates = table[[f"replicate{number}_{output}" for number in (1, 2, 3)]]
        assert np.allclose(
            replicates.mean(axis=1, skipna=False), table[f"observed_{output}"], atol=1e-5, equal_nan=True
        )
    assert {"gc", "barcodes"} <= set(table.columns)


def test_the_file_holds_its_world(tmp_path):
    table = draw(tmp_path / "x.parquet")
    world = World.from_json(parquet.read_schema(tmp_path / "x.parquet").metadata[b"world"])
    again = mpra.draw(world, 200, seed=7)
    assert np.array_equal(again.observed[:, 0], table.observed_cell1, equal_nan=True)


def test_the_shift_moves_gc_and_a_prefix_is_a_prefix(tmp_path):
    plain, shifted = draw(tmp_path / "a.parquet", shift=""), draw(tmp_path / "b.parquet")
    assert shifted.gc.mean() > plain.gc.mean() + 0.03
    pd.testing.assert_frame_equal(draw(tmp_path / "c.parquet", n=50), shifted.head(50))


@pytest.mark.parametrize("engine", ["inprocess", "processes", DASK])
def test_shards_hold_the_rows_of_one_file_on_every_engine(tmp_path, engine):
    done = shards(tmp_path / "x", way={"engine": engine, "workers": 2})
    assert (done.rows, done.written, done.kept) == (130, 3, 0)
    names = ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["manifest.json", *names]
    joined = pd.concat([pd.read_parquet(tmp_path / "x" / name) for name in names], ignore_index=True)
    pd.testing.assert_frame_equal(joined, draw(tmp_path / "x.parquet", n=130, shift=""))
    manifest = json.loads((tmp_path / "x/manifest.json").read_text())
    assert (manifest["rows"], manifest["seed"]) == (130, 7)
    assert World.from_json(json.dumps(manifest["world"])) == mpra.world(0)


def test_no_more_than_a_shard_is_drawn_at_a_time(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        mpra, "draw", lambda world, n, make=mpra.draw, **rest: asked.append(n) or make(world, n, **rest)
    )
    shards(tmp_path / "x")
    draw(tmp_path / "x.parquet", n=130, shift="", way=Way(rows_per_shard=50))
    assert asked == [50, 50, 30, 50, 50, 30]
    assert parquet.ParquetFile(tmp_path / "x.parquet").num_row_groups == 3


def test_a_second_call_writes_only_what_is_missing_damaged_or_longer(tmp_path):
    folder = tmp_path / "x"
    shards(folder)
    first, second, third = sorted(folder.glob("*.parquet"))
    content = {path: path.read_bytes() for path in (first, second)}
    second.write_bytes(content[second][:-100])
    first.touch()
    touched = first.stat().st_mtime_ns
    done = shards(folder, n=140)
    assert (done.written, done.kept) == (2, 1)
    assert first.stat().st_mtime_ns == touched
    assert second.read_bytes() == content[second]
    assert len(pd.read_parquet(third)) == 40
    assert shards(folder, n=140).written == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 8}, "seed 7; expected 8"),
        ({"world": 1}, "another world"),
        ({"way": {"rows_per_shard": 40}}, "rows_per_shard 50; expected 40"),
        ({"n": 90}, "beyond 90 items"),
        ({"n": 120}, "30 rows; expected at most 20"),
    ],
)
def test_a_folder_of_another_draw_is_refused_and_left_alone(tmp_path, changed, message):
    shards(tmp_path / "x")
    before = {path: path.read_bytes() for path in (tmp_path / "x").iterdir()}
    with pytest.raises(InputError, match=message) as caught:
        shards(tmp_path / "x", **changed)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in (tmp_path / "x").iterdir()} == before


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(tmp_path, monkeypatch):
    left = iter([True])

    def write(table, where, write=parquet.write_table, **options):
        if not next(left, False):
            Path(where).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        write(table, where, **options)

    with monkeypatch.context() as patch:
        patch.setattr(parquet, "write_table", write)
        with pytest.raises(ShiftbenchError, match=r"2 of 3 shards failed .*No space left on device") as caught:
            shards(tmp_path / "x")
    assert "\n" not in str(caught.value)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["part-00000.parquet"]
    assert (shards(tmp_path / "x").written, shards(tmp_path / "x").written) == (2, 0)


def test_barcodes_are_those_of_the_rows(tmp_path):
    barcodes = tmp_path / "b.parquet"
    table = draw(tmp_path / "x.parquet", n=60, shift="", barcodes=barcodes, way=Way(rows_per_shard=25))
    found = pd.read_parquet(barcodes)
    count = found.groupby("id").size().reindex(table.id, fill_value=0)
    assert count.tolist() == table.barcodes.tolist()
    one = found[found.id == table.id[table.barcodes.idxmax()]]
    assert one.barcode.tolist() == list(range(1, table.barcodes.max() + 1))
    assert {f"{molecule}{r}_{cell}" for molecule in ("dna", "rna") for r in (1, 2, 3) for cell in mpra.CELLS} <= set(
        found
    )
    assert (found.filter(regex="^(dna|rna)") >= 0).all(axis=None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shift": "rewirng:3"}, "did you mean 'rewiring'"),
        ({"shift": "gc:6"}, "no dose '6'"),
        ({"shift": "gc"}, "expected family:dose"),
        ({"shift": "depth:5"}, "depth"),
        ({"n": 0}, "expected at least 1"),
        ({"way": Way(rows_per_shard=0)}, "--rows-per-shard: 0; expected 1 to"),
        ({"way": Way(engine="processes")}, "one file has one writer"),
        ({"way": Way(engine="proceses")}, "did you mean 'processes'"),
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


def test_barcodes_of_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"expected one \.parquet file"):
        shards(tmp_path / "x", barcodes=tmp_path / "b.parquet")
    assert not list(tmp_path.iterdir())


def test_barcodes_into_the_file_itself(tmp_path):
    with pytest.raises(InputError, match="expected another file"):
        draw(tmp_path / "x.parquet", barcodes=tmp_path / "." / "x.parquet")
    assert not list(tmp_path.iterdir())


def test_the_null_shift_is_another_seed(tmp_path):
    with pytest.raises(InputError, match="give another --seed"):
        draw(tmp_path / "x.parquet", shift="null:0")


def test_a_world_tells_its_mechanism_which_a_shift_does_not_change(tmp_path):
    plain, moved, other = (
        simulate(
            "mpra", n=5, seed=7, world=world, shift=shift, output=tmp_path / f"{world}{shift[:2]}.parquet"
        ).mechanism
        for world, shift in ((0, ""), (0, "gc:3"), (1, ""))
    )
    assert plain == moved
    assert plain.keys() == PRIOR.keys()
    assert all(PRIOR[name][0] <= value <= PRIOR[name][1] for name, value in plain.items())
    assert plain["plants"] == mpra.world(0).genome.plants
    assert plain != other


def test_an_arm_that_a_family_lacks_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"--shift gc:reverse: .*no arm reverse"):
        draw(tmp_path / "x.parquet", shift="gc:reverse")


def test_elements_with_all_their_substitutions_in_shards_that_a_concept_shift_does_not_move(tmp_path, monkeypatch):
    monkeypatch.setattr(satmut.Library.__init__, "__defaults__", (500, 7.0))
    way = Way(rows_per_shard=700)
    done = {
        name: simulate("satmut", n=2, seed=1, world=0, shift=shift, output=tmp_path / name, way=way)
        for name, shift in (("plain", ""), ("turned", "rewiring:3"))
    }
    assert [each.rows for each in done.values()] == [1202, 1202]
    parts = {name: sorted((tmp_path / name).glob("part-*.parquet")) for name in done}
    plain, turned = (pd.concat(map(pd.read_parquet, paths), ignore_index=True) for paths in parts.values())
    assert len(parts["plain"]) == 2
    assert plain.sequence.tolist() == turned.sequence.tolist()
    assert plain.element.nunique() == 2
    assert not np.allclose(plain.mean_cell1, turned.mean_cell1, atol=0.05)
    whole = satmut.draw(mpra.world(0), 2, seed=1)
    assert np.array_equal(whole.observed[:, 0], plain.observed_cell1, equal_nan=True)
    again = simulate("satmut", n=2, seed=1, world=0, shift="", output=tmp_path / "plain", way=way)
    assert (again.written, again.kept) == (0, 2)


def test_molecules_have_no_table_of_barcodes(tmp_path):
    with pytest.raises(InputError, match="--barcodes: satmut sums them"):
        simulate(
            "satmut", n=1, seed=0, world=0, shift="", output=tmp_path / "x.parquet", barcodes=tmp_path / "b.parquet"
        )
