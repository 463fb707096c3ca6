"""A round as data of a run: named by what it holds, without labels, and refused where it is not whole."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from shiftbench import arrays
from shiftbench.commands.run import run
from shiftbench.errors import InputError
from shiftbench.models.controls import ALONE, PwmRidge
from shiftbench.spec import Data, Round, digest
from shiftbench.tasks.files import Files
from shiftbench.tasks.round import RoundData, Terms, file_of, ids, located

DATA = Data(provider="round", version=1, role="test", round=Round(file="/here/round.json", digest="a" * 64))


def test_a_node_is_named_by_what_the_round_holds_and_not_by_where_it_lies():
    elsewhere = msgspec.structs.replace(DATA, round=Round(file="/there/round.json", digest="a" * 64))
    other = msgspec.structs.replace(DATA, round=Round(file="/here/round.json", digest="b" * 64))
    assert digest(elsewhere) == digest(DATA)
    assert len({digest(DATA), digest(other), digest(msgspec.structs.replace(DATA, round=None))}) == 3


def test_only_rows_that_are_marked_may_lack_a_value(toy):
    sample = toy(5)
    blind = replace(sample, observed=np.full_like(sample.observed, np.nan))
    with pytest.raises(InputError, match="observed is nan"):
        arrays.check_sample(blind, "toy")
    arrays.check_sample(replace(blind, table={"unlabelled": np.ones(5, bool)}), "toy")
    with pytest.raises(InputError, match="row 4"):
        arrays.check_sample(replace(blind, table={"unlabelled": np.arange(5) < 4}), "toy")


def test_what_is_no_round_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match=r"round\.json: cannot read"):
        located(tmp_path)
    with pytest.raises(InputError, match="none given"):
        RoundData().build(msgspec.structs.replace(DATA, round=None), Files(data_dir=None, cache=tmp_path))
    (tmp_path / "round.json").write_text("{}")
    with pytest.raises(InputError, match=r"expected the round\.json that"):
        run(round_file=tmp_path / "round.json")
    with pytest.raises(InputError, match="expected one of them"):
        run(round_file=tmp_path / "round.json", suite="shift")


def test_a_round_that_changes_after_planning_is_not_read(tmp_path):
    (tmp_path / "round.json").write_text("{}")
    of = located(tmp_path)
    (tmp_path / "round.json").write_text("{ }")
    with pytest.raises(InputError, match="changed since the run was planned"):
        RoundData().build(msgspec.structs.replace(DATA, round=of), Files(data_dir=None, cache=tmp_path))


TERMS = {"id": "r", "suite": "board", "suite_version": 1, "simulator": 1, "rows": 1, "validation": 1, "calibration": 1,
         "test": 1, "seeds": [1], "opens": "2025-01-01", "closes": "2025-01-01"}  # fmt: skip


def test_a_round_has_ten_worlds_unless_it_is_for_practice():
    with pytest.raises(msgspec.ValidationError, match="9 worlds; expected at least 10"):
        msgspec.convert(TERMS | {"worlds": 9}, Terms)
    with pytest.raises(msgspec.ValidationError, match="9 worlds; expected at least 10"):
        msgspec.json.decode(msgspec.json.encode(TERMS | {"worlds": 9, "practice": False}), type=Terms)
    whole = msgspec.convert(TERMS | {"worlds": 10}, Terms)
    assert not whole.practice
    assert whole.notice == ""
    practice = msgspec.convert(TERMS | {"worlds": 9, "practice": True}, Terms)
    assert practice.notice == "round r is for practice (9 worlds): its places count for nothing"
    assert b'"practice":true' in msgspec.json.encode(practice)  # so the commitment binds it


def test_the_occupancy_ridge_draws_half_of_the_candidates(toy):
    told = [f"MA{number:04d}.1" for number in range(20)]
    drawn = PwmRidge().setup(toy(5), {"candidates": told})["motifs"]
    assert len(drawn) == len(set(drawn)) == 10
    assert set(drawn) < set(told)
    assert set(drawn) != set(told[:10])  # they are sorted, and sorted halves are no draw
    assert list(PwmRidge().setup(toy(5), {"candidates": told})["motifs"]) == list(drawn)
    assert len(PwmRidge().setup(toy(5), {})["motifs"]) == ALONE  # where nothing is told


def test_names_of_files_and_rows():
    assert file_of(3, "train") == "world03-train.npz"
    assert ids(2).tolist() == ["r00000", "r00001"]
