"""Bundles that are small and would be large: each is refused before 64 MB are held, and the process has limits."""

import gzip
import io
import os
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from leaderboard import bundle
from leaderboard.reading import caged
from leaderboard.refused import Refused
from tests.leaderboard import forged, made
from tests.leaderboard.forged import BOARD, QUESTIONS, Part, parts, sealed, zipped

MOST = 64 * 2**20
MEMORY = 512
SAID = made.answers(BOARD)


def files(**contents):
    return zipped(parts(sealed(forged.told(), {name.replace("__", "."): part for name, part in contents.items()})))


def manifest(text):
    return zipped(parts(forged.contents() | {"manifest.json": text}))


def promised(name, content, size):
    """A right bundle in which a member unpacks to `content` and promises another size."""
    found = [Part(one.encode(), part) for one, part in forged.contents().items() if one != name]
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = stream.compress(content) + stream.flush()
    return zipped(
        [Part(name.encode(), b"", packed=packed, both={"size": size, "crc": zlib.crc32(content[:size])}), *found]
    )


def csv(text):
    return files(predictions__csv=text)


def header():
    return forged.csv(forged.frame(SAID, forged.told())).split(b"\n")[0] + b"\n"


def parquet(frame, **options):
    return files(predictions__parquet=forged.parquet_bytes(frame, **options))


def rows(number):
    frame = forged.frame(SAID, forged.told())
    return pd.concat([frame[:1]] * number) if number < 1000 else frame.iloc[np.zeros(number, int)]


def npz():
    held = io.BytesIO()
    np.savez_compressed(held, a=np.zeros(20_000_000))
    return held.getvalue()


def long_ids(**options):
    frame = forged.frame(SAID, forged.told())
    return parquet(frame.assign(id="a" * 100_000), **options)


BOMBS = {
    "1 to 1000 and honest": ("zip-ratio", lambda: csv(bytes(20_000_000))),
    "100 MB that promise 500 bytes": ("zip-length", lambda: promised("manifest.json", bytes(100_000_000), 500)),
    "500 KB of blanks as a manifest": ("json-syntax", lambda: manifest(b" " * 500_000)),
    "24 MB of zeros as quantiles": ("npy-size", lambda: files(
        mean__npy=forged.npy(SAID.mean), sd__npy=forged.npy(SAID.sd), quantiles__npy=bytes(3_900_000))),
    "members that share their bytes": ("zip-overlap", lambda: zipped(
        [Part(name, bytes(200_000), central={"offset": 0}) for name in (b"mean.npy", b"sd.npy", b"quantiles.npy")])),
    "5,000 members": ("zip-count", lambda: zipped([Part(b"sd.npy", b"", 0) for _ in range(5000)])),
    "zip in a zip": ("csv-encoding", lambda: csv(forged.bundle() + b"\xff")),
    "gzip of 100 MB as CSV": ("csv-encoding", lambda: csv(gzip.compress(bytes(100_000_000)))),
    "npz of 160 MB": ("npy-size", lambda: files(mean__npy=npz(), sd__npy=forged.npy(SAID.sd))),
    "array of 10^27 numbers": ("npy-shape", lambda: files(
        mean__npy=b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, "
        b"999999999, 999999999), }".ljust(117) + b"\n" + SAID.mean.tobytes(), sd__npy=forged.npy(SAID.sd))),
    "250,000 brackets": ("json-depth", lambda: manifest(b"[" * 250_000 + b"]" * 250_000)),
    "250,000 quotes that never end": ("json-syntax", lambda: manifest(b'{"' + b'\\"' * 249_000)),
    "number of 500,000 digits": ("json-number", lambda: manifest(b"9" * 500_000)),
    "40,000 names": ("manifest-schema", lambda: manifest(
        b"{" + b",".join(b'"a%d":0' % number for number in range(40_000)) + b"}")),
    "text of 500 KB": ("manifest-schema", lambda: manifest(b'"' + b"a" * 500_000 + b'"')),
    "4 million columns": ("csv-line", lambda: csv(b"a," * 2_000_000)),
    "10^7 columns": ("zip-ratio", lambda: csv(b"," * 10_000_000)),
    "4 million lines": ("rows-extra", lambda: csv(header() + b"\n" * 3_900_000)),
    "field of 3 MB": ("csv-line", lambda: csv(header() + b"1" * 3_900_000)),
    "digits that almost are a number": ("csv-number", lambda: csv(
        forged.csv(forged.frame(SAID, forged.told()).assign(cell0="1" * 3000 + "x")))),
    "million rows in a dictionary": ("rows-extra", lambda: parquet(rows(1_000_000))),
    "pages of zeros under Zstandard": ("parquet-codec", lambda: parquet(
        forged.frame(SAID, forged.told()).assign(id="a" * 200_000), compression="zstd", use_dictionary=False)),
    "texts that grow from a prefix": ("parquet-encoding", lambda: long_ids(
        use_dictionary=False, column_encoding={"id": "DELTA_BYTE_ARRAY"})),
    "long text in a dictionary": ("parquet-text", long_ids),
}  # fmt: skip


def peak(data, questions=QUESTIONS):
    """Code of the refusal, and bytes that were held at most, those of Arrow among them."""
    pool, kept = pa.proxy_memory_pool(pa.system_memory_pool()), pa.default_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        bundle.read(data, questions)
    except Refused as refused:
        return refused.code, tracemalloc.get_traced_memory()[1] + pool.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(kept)
    return "accepted", 0


@pytest.mark.parametrize("name", BOMBS)
def test_is_refused_before_it_grows(name):
    wanted, make = BOMBS[name]
    data = make()
    code, held = peak(data)
    assert code == wanted
    assert held < MOST


def test_there_are_twenty():
    assert len(BOMBS) >= 20


def test_the_measure_sees_what_grows(monkeypatch):
    """The control: a reader that unpacks all there is holds more than it may."""
    data = BOMBS["100 MB that promise 500 bytes"][1]()
    monkeypatch.setattr(
        "leaderboard.reading.archive.zlib.decompressobj",
        lambda _: type("Eager", (), {"decompress": _eager, "eof": True, "unused_data": b""})(),
    )
    assert peak(data)[1] > MOST


def _eager(_, packed, __):
    return zlib.decompress(packed, -15)


def test_a_file_of_ten_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "entry-a.zip"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    tracemalloc.start()
    with pytest.raises(Refused) as refused:
        bundle.load(path, QUESTIONS)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.code == "bundle-size"
    assert held < MOST


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "device", "nothing"])
def test_what_is_no_file_is_refused_at_once(kind, tmp_path):
    path = tmp_path / "entry-a.zip"
    {
        "link": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: None,
        "nothing": lambda: None,
    }[kind]()
    with pytest.raises(Refused, match="file-kind"):
        bundle.load(path if kind != "device" else type(path)("/dev/zero"), QUESTIONS)


GROWING = """
from leaderboard.reading import caged
caged._limit(caged.MEMORY if {limited} else 2**40, 20)
held = []
try:
    while len(held) < 600:
        held.append(b"1" * 2**20)
except MemoryError:
    pass
count = len(held)
del held
print(count, *[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits addresses")
@pytest.mark.parametrize("limited", [True, False])
def test_a_process_with_limits_cannot_grow(limited):
    """The second process is the control: without limits it grows."""
    command = [sys.executable, "-c", GROWING.format(limited=limited)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    assert (count < 512) == limited
    assert (peak < MEMORY * 1024) == limited


@pytest.mark.parametrize(
    ("code", "limits"),
    [("bundle-time", {"cpu": 0}), ("bundle-time", {"wall": 0.01}), ("bundle-reader", {"memory": 2**20})],
)
def test_a_reader_that_is_ended_is_a_refusal(code, limits):
    with pytest.raises(Refused) as refused:
        caged.parse(forged.bundle(), QUESTIONS, **limits)
    assert refused.value.code == code


def test_reading_beyond_the_memory_is_a_refusal(monkeypatch):
    def grow(*_):
        raise MemoryError

    monkeypatch.setattr("leaderboard.reading.archive.unpack", grow)
    with pytest.raises(Refused, match="bundle-memory"):
        bundle.read(forged.bundle(), QUESTIONS)
