"""The store: whole or not at all, checked at reading."""

import json
import multiprocessing
import os
import platform
import stat

import pytest

from shiftbench.errors import StoreError
from shiftbench.spec import Data, digest
from shiftbench.store import Store

NODE = Data(provider="mpra", version=1, role="test", rows=3)


def fill(folder):
    (folder / "numbers.txt").write_text("1 2 3")
    return {"rows": 3}


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def test_round_trip(store):
    assert not store.intact(digest(NODE))
    store.write(NODE, fill, {"seconds": 1.5})
    assert store.intact(digest(NODE))
    entry = store.entry(digest(NODE))
    assert entry.file("numbers.txt").read_text() == "1 2 3"
    assert entry.facts == {"rows": 3}
    assert entry.cost() == {"seconds": 1.5}
    assert json.loads((entry.path / "node.json").read_text())["node"]["provider"] == "mpra"


def test_a_changed_byte_is_found_and_the_node_made_again(store):
    store.write(NODE, fill, {})
    (store.folder(digest(NODE)) / "numbers.txt").write_text("1 2 4")
    with pytest.raises(StoreError, match="expected"):
        store.entry(digest(NODE)).file("numbers.txt")
    assert not store.intact(digest(NODE))
    store.write(NODE, fill, {})
    assert store.intact(digest(NODE))


def test_a_cut_record_is_no_node(store):
    store.write(NODE, fill, {})
    record = store.folder(digest(NODE)) / "node.json"
    record.write_bytes(record.read_bytes()[:10])
    assert not store.intact(digest(NODE))


def test_failure_leaves_nothing(store):
    def broken(folder):
        (folder / "half.txt").write_text("half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        store.write(NODE, broken, {})
    assert not store.folder(digest(NODE)).exists()
    assert list(store.root.iterdir()) == []


def test_the_first_of_two_writers_stays(store):
    store.write(NODE, fill, {"seconds": 1.0})
    store.write(NODE, fill, {"seconds": 2.0})
    assert store.entry(digest(NODE)).cost() == {"seconds": 1.0}
    assert [path.name for path in store.root.iterdir()] == [digest(NODE)[:2]]


def _die_while_writing(root):
    def deadly(folder):
        (folder / "half.txt").write_text("half")
        os._exit(9)

    Store(root).write(NODE, deadly, {})


def test_a_killed_writer_leaves_no_node(store):
    process = multiprocessing.get_context("spawn").Process(target=_die_while_writing, args=(store.root,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert not store.intact(digest(NODE))
    store.write(NODE, fill, {})
    assert store.intact(digest(NODE))


def test_what_outlives_a_killed_maker_goes_when_the_node_is_there(store):
    kept, other = store.unfinished(digest(NODE)), store.unfinished("other")
    for path in (kept, other, kept.with_name(f".other.{platform.node()}-{_dead_process()}")):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    store.prepare()
    assert set(kept.parent.iterdir()) == {kept, other}
    store.write(NODE, fill, {})
    assert list(kept.parent.iterdir()) == [other]
    kept.touch()  # by a second, slower maker
    store.prepare()
    assert list(kept.parent.iterdir()) == [other]


def _dead_process():
    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()
    return process.pid


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_folder_is_one_line(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(StoreError, match="cannot write"):
        Store(tmp_path / "store").prepare()


def test_a_file_in_the_way_is_one_line(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match="--store"):
        Store(tmp_path / "store").prepare()
