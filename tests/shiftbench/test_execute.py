"""The engines and the order in which they are given nodes."""

import importlib.util
import os
import socket
import sys
import time
from functools import partial
from itertools import pairwise

import pytest

from shiftbench.errors import InputError
from shiftbench.execute import Outcome, drive, engine, width

HAS_DASK = importlib.util.find_spec("distributed") is not None
DASK = pytest.param(
    "dask", marks=pytest.mark.skipif(not HAS_DASK, reason="distributed is not installed: pip install '.[dask]'")
)
NEEDS = {"data": (), "fit": ("data",), "prediction": ("fit", "data"), "other": ()}


def make(name):
    """What the tests make of a node, by its name; at module level so that other processes find it."""
    if name == "bad":
        raise ZeroDivisionError("by nothing")
    if name == "absent":
        return Outcome("skipped", "no file", "fetch it")
    if name == "deadly":
        os._exit(9)
    return Outcome("made")


def run(needs, name="inprocess", width=2, **options):
    order = []
    found = drive(
        needs, make, partial(engine, name), width=width, report=lambda node, outcome: order.append(node), **options
    )
    return found, order


@pytest.mark.parametrize("name", ["inprocess", "processes", DASK])
def test_needs_come_first(name):
    found, order = run(NEEDS, name)
    assert set(found) == set(NEEDS)
    assert all(outcome.state == "made" for outcome in found.values())
    assert order.index("data") < order.index("fit") < order.index("prediction")


def test_what_hangs_on_a_failure_is_skipped_with_its_reason_and_the_rest_is_made():
    found, _ = run({"bad": (), "after": ("bad",), "far": ("after",), "other": ()})
    assert found["bad"] == Outcome("failed", "ZeroDivisionError: by nothing")
    assert found["after"] == found["far"] == Outcome("skipped", "ZeroDivisionError: by nothing")
    assert found["other"].state == "made"


def test_skipping_keeps_the_command():
    found, _ = run({"absent": (), "after": ("absent",)})
    assert found["after"] == Outcome("skipped", "no file", "fetch it")


@pytest.mark.parametrize(
    ("name", "width"), [("processes", 1), ("processes", 2), pytest.param("dask", 2, marks=DASK.marks)]
)
def test_a_worker_that_dies_fails_alone(name, width):
    others = {f"other{number}": () for number in range(4)}
    found, _ = run({"other": (), "deadly": (), "after": ("deadly",)} | others, name, width=width)
    assert found["deadly"].state == "failed"
    assert "worker process died" in found["deadly"].reason
    assert found["after"].state == "skipped"
    assert all(found[name].state == "made" for name in ("other", *others))


def test_no_new_starts_when_time_is_over():
    found, _ = run(NEEDS, expired=lambda: True)
    assert {outcome.state for outcome in found.values()} == {"skipped"}
    assert "--max-minutes" in found["data"].reason


def test_unknown_engine():
    for call in (width, engine):
        with pytest.raises(InputError, match="no engine 'process'; did you mean 'processes'"):
            call("process", 1)


def test_width():
    assert width("inprocess", 5) == 1
    assert width("processes", 5) == 5
    assert width("processes", 0) == os.cpu_count()
    with pytest.raises(InputError, match="--workers: -1; expected 0 or more"):
        width("processes", -1)
    with pytest.raises(InputError, match="expected --engine dask"):
        width("processes", 1, "tcp://localhost:1")


def span() -> tuple[float, float]:
    """When a call begins and ends."""
    begun = time.monotonic()
    time.sleep(0.05)
    return begun, time.monotonic()


@pytest.mark.skipif(not HAS_DASK, reason=DASK.marks[0].kwargs["reason"])
class TestScheduler:
    """A Dask cluster that has an address."""

    @pytest.fixture
    def cluster(self):
        import distributed

        with distributed.LocalCluster(
            n_workers=1, threads_per_worker=3, processes=False, dashboard_address=":0", protocol="tcp"
        ) as cluster:
            yield cluster

    def test_its_workers_are_used_and_it_stays(self, cluster, tmp_path, monkeypatch):
        assert width("dask", 0, cluster.scheduler_address) == 1
        monkeypatch.chdir(tmp_path)
        with engine("dask", 3, cluster.scheduler_address) as executor:
            assert executor.submit(os.getcwd).result() == str(tmp_path)
        assert width("dask", 0, cluster.scheduler_address) == 1

    def test_a_worker_of_many_threads_runs_one_call_at_a_time(self, cluster):
        with engine("dask", 3, cluster.scheduler_address) as executor:
            spans = [future.result() for future in [executor.submit(span) for _ in range(4)]]
        assert all(end <= start for (_, end), (start, _) in pairwise(sorted(spans)))

    @pytest.mark.parametrize("address", ["foo", "tcp://localhost:port", "http://localhost:1"])
    def test_a_wrong_address_starts_no_client(self, address, monkeypatch):
        import distributed

        monkeypatch.delattr(distributed, "Client")
        with pytest.raises(InputError, match="no scheduler answers") as caught:
            width("dask", 0, address)
        assert "\n" not in str(caught.value)

    def test_a_cluster_without_workers(self, cluster):
        cluster.scale(0)
        cluster.sync(cluster._correct_state)
        with pytest.raises(InputError, match="has no workers"):
            width("dask", 0, cluster.scheduler_address)

    def test_no_scheduler_there(self, monkeypatch):
        from shiftbench import cluster

        monkeypatch.setattr(cluster, "PATIENCE", 0.5)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        for call in (width, engine):
            with pytest.raises(InputError, match="no scheduler answers") as caught:
                call("dask", 0, address)
            assert "\n" not in str(caught.value)


def test_without_the_extra_one_line_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "shiftbench.cluster", raising=False)
    with pytest.raises(InputError, match=r"pip install 'shiftbench\[dask\]'") as caught:
        engine("dask", 1)
    assert "\n" not in str(caught.value)
