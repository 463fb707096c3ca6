"""Motifs of the pinned release and the file that caches them."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyjaspar
import pytest

from simulators import motif

ROOT = Path(__file__).parents[2]
database = pyjaspar.jaspardb


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no motifs kept in the process before or after."""
    monkeypatch.setenv("SHIFTBENCH_CACHE", str(tmp_path / "cache"))
    motif._core.cache_clear()
    yield tmp_path / "cache"
    motif._core.cache_clear()


@pytest.fixture
def built(monkeypatch):
    """Releases read so far by a stand-in of the slow reader, which knows two motifs."""
    p = np.full((2, 3, 4), 0.25)
    p[0, 0] = [0.7, 0.1, 0.1, 0.1]
    releases = []

    def read(release):
        releases.append(release)
        return motif.Motifs(("MA1.1", "MA2.1"), ("one", "two"), ("vertebrates", "plants"), np.array([3, 2]), p)

    monkeypatch.setattr(motif, "_read", read)
    return releases


def test_ids_are_sorted_latest_vertebrate_motifs():
    ids = motif.vertebrate_ids()
    assert list(ids) == sorted(set(ids))
    assert len(ids) > 700
    assert len({name.split(".")[0] for name in ids}) == len(ids)  # one version each
    assert set(motif.load(ids).taxa) == {"vertebrates"}


def test_load_keeps_the_order_and_pads():
    ids = motif.vertebrate_ids()[:5][::-1]
    motifs = motif.load(ids)
    assert motifs.ids == ids
    assert len(motifs) == len(motifs.names) == 5
    assert motifs.probability.shape == (5, motifs.width.max(), 4)
    np.testing.assert_allclose(motifs.probability.sum(axis=2), 1, rtol=1e-12)
    assert (motifs.probability > 0).all()
    for width, bits in zip(motifs.width, motif.log_odds(motifs), strict=True):
        assert (bits[width:] == 0).all()


def test_an_unknown_id_is_named():
    with pytest.raises(ValueError, match=r"motif 'MA9999.9': not a latest CORE matrix of JASPAR2026"):
        motif.load(("MA9999.9",))


def test_an_unknown_release_is_named(cache):
    with pytest.raises(ValueError, match="release 'JASPAR1999'"):
        motif.load(("MA0004.1",), "JASPAR1999")
    assert not cache.exists()


def test_information_and_log_odds_by_hand():
    p = np.array([[[0.5, 0.25, 0.125, 0.125], [0.25, 0.25, 0.25, 0.25]]])
    motifs = motif.Motifs(("m",), ("m",), ("none",), np.array([1]), p)
    np.testing.assert_allclose(motif.log_odds(motifs), [[[1, 0, -1, -1], [0, 0, 0, 0]]], atol=1e-12)
    assert motif.information(motifs)[0] == pytest.approx(0.25, abs=1e-12)


def test_unlike_drops_a_motif_and_its_reverse_complement():
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet([0.3] * 4, 8) + 1e-3, rng.dirichlet([0.3] * 4, 8) + 1e-3
    both = [first, first[::-1, ::-1], np.roll(first, 0, axis=0), second]
    p = np.array([table / table.sum(axis=1, keepdims=True) for table in both])
    names = ("a", "a reversed", "a again", "b")
    motifs = motif.Motifs(names, names, names, np.full(4, 8), p)
    assert motif.unlike(motifs, 2, 0.9) == [0, 3]
    assert motif.unlike(motifs, 2, 1.01) == [0, 1]
    with pytest.raises(ValueError, match=r"2 motifs resemble each other by at most 0.9; expected 3"):
        motif.unlike(motifs, 3, 0.9)


def test_the_cache_is_one_readable_file_without_pickle(cache, built):
    fresh = motif.load(("MA2.1", "MA1.1"))
    (file,) = cache.iterdir()
    with np.load(file, allow_pickle=False) as arrays:
        assert {arrays[name].dtype.kind for name in arrays.files} == {"U", "i", "f"}
    motif._core.cache_clear()
    again = motif.load(fresh.ids)
    assert (again.ids, again.names, again.taxa) == (fresh.ids, fresh.names, fresh.taxa)
    assert again.width.tobytes() == fresh.width.tobytes()
    assert again.probability.tobytes() == fresh.probability.tobytes()
    assert motif.vertebrate_ids() == ("MA1.1",)
    assert built == [motif.RELEASE]


@pytest.mark.parametrize("damage", [b"", b"not an archive", "half", "flipped"])
def test_a_damaged_cache_is_built_again(cache, built, damage):
    motif.vertebrate_ids()
    (file,) = cache.iterdir()
    good = file.read_bytes()
    middle = len(good) // 2
    bad = {"half": good[:middle], "flipped": good[:middle] + bytes([good[middle] ^ 255]) + good[middle + 1 :]}
    file.write_bytes(bad.get(damage, damage))
    motif._core.cache_clear()
    assert motif.load(("MA1.1",)).probability[0, 0, 0] == 0.7
    assert len(built) == 2
    assert file.read_bytes()[:4] == good[:4]
    motif._core.cache_clear()
    motif.vertebrate_ids()
    assert len(built) == 2
    assert [path.name for path in cache.iterdir()] == [file.name]  # nothing temporary stays


def test_releases_have_their_own_files(cache, built):
    motif.vertebrate_ids("JASPAR2024")
    motif.vertebrate_ids()
    assert built == ["JASPAR2024", motif.RELEASE]
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(cache, built):
    cache.write_text("a file in the way")
    assert motif.vertebrate_ids() == ("MA1.1",)
    assert cache.read_text() == "a file in the way"


class Database:
    """Stands in for that of pyjaspar, which takes seconds; `whole` is the real one."""

    def __init__(self, release):
        self.whole = database(release=release)

    def fetch_motifs(self, collection):
        assert collection == "CORE"
        return [self.whole.fetch_motif_by_id(name) for name in motif.vertebrate_ids()[:400:100]][::-1]


def test_pseudocounts_are_a_quarter_of_the_root_a_letter(monkeypatch):
    names = motif.vertebrate_ids()[:400:100]
    monkeypatch.setattr("pyjaspar.jaspardb", Database)
    read = motif._read(motif.RELEASE)
    assert read.ids == names
    np.testing.assert_array_equal(read.probability, motif.load(names).probability)
    for name, table, width in zip(names, read.probability, read.width, strict=True):
        counts = database(release=motif.RELEASE).fetch_motif_by_id(name).counts
        for j in range(width):
            total = sum(counts[letter][j] for letter in "ACGT")
            expected = [(counts[letter][j] + math.sqrt(total) / 4) / (total + math.sqrt(total)) for letter in "ACGT"]
            assert table[j] == pytest.approx(expected, rel=1e-12)
        assert (table[width:] == 0.25).all()


def test_the_cache_folder_costs_no_heavy_import():
    code = "import sys; import simulators.cache; print({'numba', 'scipy', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "set()"


def test_a_motif_resembles_itself_and_not_those_unlike_it():
    ids = motif.vertebrate_ids()[:60]
    motifs = motif.load(ids)
    rows = motif.unlike(motifs, 12, 0.6)
    told = motif.resembles(motifs, motifs[rows[:1]], 0.6)
    assert told[rows[0]]
    assert not told[rows[1:]].any()
    assert motif.resembles(motifs, motifs[rows[:1]], -1.0).all()
