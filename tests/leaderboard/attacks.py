"""Named attacks on the reader of bundles: what each is, the code that refuses it, and its bytes."""

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa

from leaderboard.reading.tables import quantile_names
from tests.leaderboard import forged, made
from tests.leaderboard.forged import BOARD, Part, parts, sealed, zipped

SAID = made.answers(BOARD)
LAW = made.answers(BOARD, quantiles=True)
SHAPE = SAID.mean.shape
ATTACKS = {}
"""Code and maker of the bytes, by name."""


def attack(code, name=None):
    def enter(make):
        title = name or make.__name__.replace("_", " ")
        assert title not in ATTACKS
        ATTACKS[title] = (code, make)
        return make

    return enter


def right(form="npy", **options):
    return forged.contents(form, **options)


def renamed(old, new, **changes):
    """A right bundle with one member called otherwise."""
    return zipped([Part(new if name == old else name.encode(), part, **changes) for name, part in right().items()])


def further(name, content=b"", **changes):
    """A right bundle with one more member."""
    return zipped([*parts(right()), Part(name, content, **changes)])


def one(member, **changes):
    """A right bundle with one member forged."""
    return zipped([Part(n.encode(), c, **(changes if n == member else {})) for n, c in right().items()])


def manifest(**changes):
    return zipped(parts(sealed(forged.told() | changes, forged.arrays(SAID))))


def nested(group, **changes):
    return manifest(**{group: forged.told()[group] | changes})


def raw_manifest(change):
    """A right bundle whose manifest is changed as text or bytes."""
    contents = right()
    contents["manifest.json"] = change(contents["manifest.json"])
    return zipped(parts(contents))


def replaced(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return raw_manifest(change)


def files(told=None, **contents):
    """A sealed bundle of these members, dots in names written as two underscores."""
    told = forged.told() if told is None else told
    return zipped(parts(sealed(told, {name.replace("__", "."): content for name, content in contents.items()})))


def with_mean(content, said=SAID):
    return files(mean__npy=content, sd__npy=forged.npy(said.sd))


BODY = SAID.mean.tobytes()


def header(text, body=BODY, version=b"\x01\x00"):
    size = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + version + size + text + body


def described(descr="'<f4'", order="False", shape=str(SHAPE)):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()


def table(change=lambda frame: frame, form="csv", said=SAID, told=None, **options):
    told = forged.told() if told is None else told
    frame = change(forged.frame(said, told))
    content = (forged.csv if form == "csv" else forged.parquet_bytes)(frame, **options)
    return zipped(parts(sealed(told, {f"predictions.{form}": content})))


def text_table(change):
    content = change(forged.csv(forged.frame(SAID, forged.told())))
    return files(predictions__csv=content)


def set_cell(column, value, row=3):
    def change(frame):
        frame = frame.astype({column: object})
        frame.loc[row, column] = value
        return frame

    return change


# names and kinds of members
for title, name in {
    "path to the parent": b"../mean.npy",
    "path to the parent, Windows": b"..\\mean.npy",
    "absolute path": b"/mean.npy",
    "absolute path of a system file": b"/etc/passwd",
    "drive letter": b"C:mean.npy",
    "network path": b"\\\\host\\mean.npy",
    "device name": b"CON.npy",
    "NUL in a name": b"mean.npy\0.txt",
    "newline in a name": b"mean.npy\n",
    "escape sequence in a name": b"\x1b[2Jmean.npy",
    "case clash": b"MEAN.npy",
    "space before a name": b" mean.npy",
    "dot after a name": b"mean.npy.",
    "folder before a name": b"entry/mean.npy",
    "dot folder": b"./mean.npy",
    "empty name": b"",
    "name of 5,000 letters": b"a" * 5000,
    "homoglyph in a name": "me\u0430n.npy".encode(),
    "name with a reversed ending": "\u202eypn.naem".encode(),
    "alternate stream": b"mean.npy:stream",
    "percent-encoded path": b"%2e%2e%2fmean.npy",
}.items():
    ATTACKS[title] = ("zip-name", lambda name=name: renamed("mean.npy", name))
for title, name in {
    "zip in a zip": b"entry.zip",
    "weights of torch": b"model.pt",
    "pickle": b"model.pkl",
    "weights in safetensors": b"model.safetensors",
    "npz": b"mean.npz",
    "code": b"setup.py",
    "hidden file": b".bashrc",
}.items():
    ATTACKS[title] = ("zip-name", lambda name=name: further(name, b"cposix\nsystem\n(S'id'\ntR."))
ATTACKS["folder"] = ("zip-folder", lambda: further(b"entry/", method=0))
ATTACKS["folder, Windows"] = ("zip-folder", lambda: further(b"entry\\", method=0))
ATTACKS["folder by attribute"] = ("zip-folder", lambda: one("mean.npy", central={"outside": 0x10}))
ATTACKS["symbolic link"] = ("zip-link", lambda: one("mean.npy", central={"outside": 0o120777 << 16}))
ATTACKS["device"] = ("zip-link", lambda: one("mean.npy", central={"outside": 0o020666 << 16}))
ATTACKS["pipe"] = ("zip-link", lambda: one("mean.npy", central={"outside": 0o010666 << 16}))

# structure of the archive
ATTACKS["member twice"] = ("zip-duplicate", lambda: further(b"mean.npy", right()["mean.npy"]))
ATTACKS["manifest twice"] = ("zip-duplicate", lambda: further(b"manifest.json", b"{}"))
ATTACKS["size in the directory only"] = ("zip-mismatch", lambda: one("mean.npy", local={"size": 7}))
ATTACKS["name in the directory only"] = ("zip-mismatch", lambda: one("sd.npy", local_name=b"../../"))
ATTACKS["longer name in the local header"] = ("zip-mismatch", lambda: one("sd.npy", local_name=b"sd.npy.exe"))
ATTACKS["method in the directory only"] = ("zip-mismatch", lambda: one("mean.npy", local={"method": 0}))
ATTACKS["digest in the directory only"] = ("zip-mismatch", lambda: one("mean.npy", local={"crc": 1}))
ATTACKS["wrong CRC"] = ("zip-crc", lambda: one("manifest.json", both={"crc": 1}))
ATTACKS["promised size too small"] = ("zip-length", lambda: one("manifest.json", both={"size": 7}))
ATTACKS["promised size too large"] = ("zip-length", lambda: one("manifest.json", both={"size": 9999}))
ATTACKS["stored with another size"] = ("zip-length", lambda: one("manifest.json", method=0, both={"size": 7}))
ATTACKS["damaged deflate"] = ("zip-deflate", lambda: one("manifest.json", packed=b"\xff" * 40))
ATTACKS["bytes after deflate"] = (
    "zip-length",
    lambda: one("manifest.json", packed=forged._packed(Part(b"", right()["manifest.json"])) + b"PASS"),
)
ATTACKS["cut deflate"] = (
    "zip-length",
    lambda: one("manifest.json", packed=forged._packed(Part(b"", right()["manifest.json"]))[:-9]),
)
ATTACKS["encrypted"] = ("zip-encrypted", lambda: one("mean.npy", both={"flags": 1}))
ATTACKS["strongly encrypted"] = ("zip-encrypted", lambda: one("mean.npy", both={"flags": 0x40}))
ATTACKS["data descriptor"] = ("zip-descriptor", lambda: one("mean.npy", both={"flags": 8}))
ATTACKS["patch data"] = ("zip-flags", lambda: one("mean.npy", both={"flags": 0x20}))
ATTACKS["later version of zip"] = ("zip-version", lambda: one("mean.npy", both={"need": 63}))
ATTACKS["bzip2"] = ("zip-method", lambda: one("mean.npy", method=12))
ATTACKS["LZMA"] = ("zip-method", lambda: one("mean.npy", method=14))
ATTACKS["member of another part"] = ("zip-disks", lambda: one("mean.npy", central={"disk": 1}))
ATTACKS["archive in parts"] = ("zip-disks", lambda: zipped(parts(right()), end={"disk": 1}))
ATTACKS["extra field"] = ("zip-extra", lambda: one("mean.npy", extra=b"ux\x04\x00abcd"))
ATTACKS["extra field in the local header"] = (
    "zip-extra",
    lambda: one("mean.npy", extra=b"", local={"extra_length": 4}),
)
ATTACKS["comment of a member"] = ("zip-extra", lambda: one("mean.npy", comment=b"=cmd()"))
ATTACKS["comment"] = ("zip-trailing", lambda: zipped(parts(right()), comment=b"PASS"))
ATTACKS["bytes after the end"] = ("zip-trailing", lambda: zipped(parts(right()), after=b"#!/bin/sh"))
ATTACKS["second archive after the end"] = ("zip-central", lambda: forged.bundle() + forged.bundle())
ATTACKS["bytes before the beginning"] = ("zip-gap", lambda: zipped(parts(right()), before=b"#!/bin/sh\n"))
ATTACKS["bytes between members"] = ("zip-gap", lambda: zipped(parts(right()), between=b"PASS"))
ATTACKS["bytes before the directory"] = ("zip-gap", lambda: zipped(parts(right()), gap=b"PASS"))
ATTACKS["overlapping members"] = ("zip-overlap", lambda: one("sd.npy", central={"offset": 0}))
ATTACKS["member over the directory"] = ("zip-overlap", lambda: one("sd.npy", both={"packed": 10**6}))
ATTACKS["member outside the file"] = ("zip-gap", lambda: one("sd.npy", central={"offset": 2**31}))
ATTACKS["no local header"] = ("zip-local", lambda: one("sd.npy", local={"signature": b"PK\x07\x08"}))
ATTACKS["zip64"] = ("zip-64", lambda: zipped(parts(right()), end={"here": 0xFFFF, "count": 0xFFFF}))
ATTACKS["directory outside the file"] = ("zip-central", lambda: zipped(parts(right()), end={"start": 2**31}))
ATTACKS["directory too short"] = ("zip-central", lambda: zipped(parts(right()), end={"here": 4, "count": 4}))
ATTACKS["directory too long"] = ("zip-central", lambda: zipped(parts(right()), end={"here": 2, "count": 2}))
ATTACKS["no header in the directory"] = ("zip-central", lambda: one("sd.npy", central={"signature": b"PK\x01\x03"}))
ATTACKS["name over the end"] = ("zip-central", lambda: one("sd.npy", central={"name_length": 60000}))
ATTACKS["many members"] = (
    "zip-count",
    lambda: zipped([*parts(right()), *(Part(b"sd.npy", b"", method=0) for _ in range(5_000))]),
)
ATTACKS["no members"] = ("zip-count", lambda: zipped([]))
ATTACKS["empty file"] = ("zip-none", lambda: b"")
ATTACKS["gzip"] = ("zip-none", lambda: gzip.compress(b"{}"))
ATTACKS["cut archive"] = ("zip-none", lambda: forged.bundle()[:-30])
ATTACKS["ZIP of 3 MB"] = ("bundle-size", lambda: forged.bundle() + bytes(3_000_000))
ATTACKS["bomb of 1 to 1000"] = ("zip-ratio", lambda: further(b"predictions.csv", bytes(20_000_000)))
ATTACKS["bomb of 24 MB manifest"] = ("zip-size", lambda: one("manifest.json", both={"size": 24_000_000}))
ATTACKS["promises of 72 MB"] = ("zip-size", lambda: zipped(
    [Part(name, b"", packed=bytes(300_000), both={"size": 24_000_000}) for name in (b"mean.npy", b"sd.npy")]
))  # fmt: skip


@attack("zip-none")
def tar():
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as file:
        file.addfile(tarfile.TarInfo("manifest.json"))
    return held.getvalue()


@attack("zip-name")
def weights_of_torch_as_a_zip():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({}))
    return held.getvalue()


# JSON
ATTACKS["no manifest"] = ("manifest-missing", lambda: zipped(parts(forged.arrays(SAID))))
ATTACKS["manifest alone"] = ("files-listed", lambda: zipped(parts(right())[:1]))
ATTACKS["byte order mark"] = ("json-encoding", lambda: raw_manifest(lambda text: b"\xef\xbb\xbf" + text))
ATTACKS["UTF-16"] = ("json-encoding", lambda: raw_manifest(lambda text: text.decode().encode("utf-16")))
ATTACKS["UTF-16 without a mark"] = (
    "json-encoding",
    lambda: raw_manifest(lambda text: text.decode().encode("utf-16-be")),
)
ATTACKS["UTF-32"] = ("json-encoding", lambda: raw_manifest(lambda text: text.decode().encode("utf-32-le")))
ATTACKS["overlong UTF-8"] = ("json-encoding", lambda: replaced(b"A. Author", b"A\xc0\xae Author"))
ATTACKS["surrogates in UTF-8"] = ("json-encoding", lambda: replaced(b"A. Author", b"\xed\xa0\x80"))
ATTACKS["10^5 brackets"] = ("json-depth", lambda: raw_manifest(lambda _: b"[" * 100_000))
ATTACKS["10^5 objects"] = ("json-depth", lambda: raw_manifest(lambda _: b'{"a":' * 80_000))
ATTACKS["brackets after strings with escapes"] = (
    "json-depth",
    lambda: raw_manifest(lambda _: rb'["\\", "\"]", ' + b"[" * 9 + b"]" * 10),
)
ATTACKS["quotes without end"] = ("json-syntax", lambda: raw_manifest(lambda _: b'{"' + b'\\"' * 250_000))
ATTACKS["closing brackets first"] = ("json-syntax", lambda: raw_manifest(lambda _: b"]" * 9 + b"[" * 9))
ATTACKS["name twice"] = ("json-duplicate", lambda: replaced(b'"team"', b'"team": "other-team", "team"'))
ATTACKS["name twice by escape"] = ("json-duplicate", lambda: replaced(b'"team"', rb'"\u0074eam": "other", "team"'))
ATTACKS["NaN"] = ("json-number", lambda: replaced(b'"seconds": 600.0', b'"seconds": NaN'))
ATTACKS["Infinity"] = ("json-number", lambda: replaced(b'"seconds": 600.0', b'"seconds": Infinity'))
ATTACKS["1e400"] = ("json-number", lambda: replaced(b'"seconds": 600.0', b'"seconds": 1e400'))
ATTACKS["whole number of 5,000 digits"] = (
    "json-number",
    lambda: replaced(b'"epochs": 16', b'"epochs": ' + b"9" * 5000),
)
ATTACKS["real number of 5,000 digits"] = (
    "json-number",
    lambda: replaced(b'"seconds": 600.0', b'"seconds": 0.' + b"1" * 5000),
)
ATTACKS["tags of YAML"] = ("json-syntax", lambda: raw_manifest(lambda _: b"!!python/object/apply:os.system [id]"))
ATTACKS["comments"] = ("json-syntax", lambda: raw_manifest(lambda text: b"// PASS\n" + text))
ATTACKS["two documents"] = ("json-syntax", lambda: raw_manifest(lambda text: text + b"{}"))
ATTACKS["single quotes"] = ("json-syntax", lambda: raw_manifest(lambda text: text.replace(b'"', b"'")))
ATTACKS["empty manifest"] = ("json-syntax", lambda: raw_manifest(lambda _: b""))
ATTACKS["newline in a string"] = ("json-syntax", lambda: replaced(b"A. Author", b"A.\nAuthor"))

# text
for title, code, value in (
    ("escape sequence", "text-control", "\x1b]0;PASS\x07"),
    ("newline", "text-control", "one\ntwo"),
    ("text turned right to left", "text-control", "a\u202eb"),
    ("isolates of direction", "text-control", "a\u2066b"),
    ("space without width", "text-control", "a\u200bb"),
    ("byte order mark in a text", "text-control", "a\ufeffb"),
    ("tag characters", "text-control", "a\U000e0041b"),
    ("private use", "text-control", "a\ue000b"),
    ("half a surrogate pair", "text-control", "a\ud800b"),
    ("no character", "text-control", "a\uffffb"),
    ("line separator", "text-control", "a\u2028b"),
    ("soft hyphen", "text-control", "a\u00adb"),
    ("formula", "text-formula", "=HYPERLINK(1)"),
    ("formula by plus", "text-formula", "+1"),
    ("formula by minus", "text-formula", "-1"),
    ("formula by at", "text-formula", "@SUM(1)"),
    ("formula in wide letters", "text-formula", "\uff1d1"),
    ("formula after a space", "text-space", " =1"),
    ("space at the end", "text-space", "a\u00a0"),
):
    ATTACKS[title] = (code, lambda value=value: manifest(title=value))
    ATTACKS[f"{title}, deeper"] = (code, lambda value=value: nested("model", recipe=value))
ATTACKS["control character in a name"] = ("text-control", lambda: manifest(environment={"a\x07": "1"}))
ATTACKS["formula in a name"] = ("text-formula", lambda: manifest(environment={"=1": "1"}))
for title, link in {
    "javascript": "javascript:alert(1)",
    "data address": "data:text/html,x",
    "plain http": "http://example.org",
    "address that leaves its attribute": 'https://example.org/" onclick="x',
    "address with a space": "https://example.org/ x",
    "address in other letters": "https://ex\u0430mple.org",
    "scheme alone": "https://",
}.items():
    ATTACKS[title] = ("text-link", lambda link=link: manifest(link=link))

# the manifest
ATTACKS["empty object"] = ("manifest-schema", lambda: raw_manifest(lambda _: b"{}"))
ATTACKS["list"] = ("manifest-schema", lambda: raw_manifest(lambda _: b"[]"))
ATTACKS["null"] = ("manifest-schema", lambda: raw_manifest(lambda _: b"null"))
ATTACKS["unknown field"] = ("manifest-schema", lambda: manifest(score=1.0))
ATTACKS["score in a deeper field"] = ("manifest-schema", lambda: nested("cost", score=1.0))
ATTACKS["text for a number"] = ("manifest-schema", lambda: nested("model", epochs="16"))
ATTACKS["truth for a number"] = ("manifest-schema", lambda: nested("model", epochs=True))
ATTACKS["number for truth"] = ("manifest-schema", lambda: nested("division", ensemble=1))
ATTACKS["negative trials"] = ("manifest-schema", lambda: nested("model", trials=-1))
ATTACKS["negative seconds"] = ("manifest-schema", lambda: nested("cost", seconds=-1.0))
ATTACKS["budget that is none"] = ("manifest-schema", lambda: nested("division", labels=64))
ATTACKS["homoglyph in a team"] = ("manifest-schema", lambda: manifest(team="te\u0430m-one"))
ATTACKS["capitals in an entry"] = ("manifest-schema", lambda: manifest(entry="Entry-A"))
ATTACKS["path as an entry"] = ("manifest-schema", lambda: manifest(entry="../entry"))
ATTACKS["title of 10,000 letters"] = ("manifest-schema", lambda: manifest(title="a" * 10_000))
ATTACKS["hundred packages"] = (
    "manifest-schema",
    lambda: manifest(environment={f"package{number}": "1" for number in range(100)}),
)
ATTACKS["weights by path"] = ("manifest-schema", lambda: manifest(weights={"name": "x.pt", "path": "/x.pt"}))
ATTACKS["digest that is none"] = ("manifest-schema", lambda: replaced(b'"mean.npy": "', b'"mean.npy": "x'))
ATTACKS["member outside by the manifest"] = ("manifest-schema", lambda: replaced(b'"mean.npy"', b'"../mean.npy"'))
ATTACKS["later version"] = ("manifest-version", lambda: manifest(schema_version=2))
ATTACKS["another suite"] = ("suite-other", lambda: manifest(suite="shift"))
ATTACKS["another version of the suite"] = ("suite-other", lambda: manifest(suite_version=2))
ATTACKS["another round"] = ("round-other", lambda: manifest(round="spring"))
ATTACKS["outputs in another order"] = ("outputs-other", lambda: manifest(outputs=["cell1", "cell0"]))
ATTACKS["one output"] = ("outputs-other", lambda: manifest(outputs=["cell0"]))
ATTACKS["seed twice"] = ("seeds-duplicate", lambda: manifest(seeds=[0, 0]))
ATTACKS["chosen seeds"] = ("seeds-other", lambda: manifest(seeds=[7, 8]))
ATTACKS["one seed of two"] = ("seeds-other", lambda: manifest(seeds=[0]))
ATTACKS["best seed of a file of predictions"] = (
    "seeds-other",
    lambda: manifest(seeds=[1], model=forged.told()["model"] | {"kind": "predictions"}),
)
ATTACKS["seeds beyond those announced"] = ("seeds-other", lambda: manifest(seeds=[0, 1, 2]))
ATTACKS["joined seeds that are not declared"] = (
    "seeds-joined",
    lambda: files(mean__npy=forged.npy(SAID.mean[:1]), sd__npy=forged.npy(SAID.sd[:1])),
)
TESTS = forged.told()["tests"]
ATTACKS["set twice"] = ("tests-duplicate", lambda: manifest(tests=[*TESTS, TESTS[0]]))
ATTACKS["set that is not asked"] = ("tests-unknown", lambda: manifest(tests=[TESTS[0] | {"digest": "0" * 32}]))
ATTACKS["label of another set"] = ("tests-label", lambda: manifest(tests=[TESTS[0] | {"label": TESTS[1]["label"]}]))
ATTACKS["fewer rows"] = ("tests-rows", lambda: manifest(tests=[TESTS[0] | {"rows": 3}]))
ATTACKS["no sets"] = ("manifest-schema", lambda: manifest(tests=[]))
ATTACKS["predictions of other sets"] = ("npy-shape", lambda: manifest(tests=TESTS[:-1]))
ATTACKS["member that is not named"] = ("files-listed", lambda: further(b"quantiles.npy", b"x"))
ATTACKS["member that is missing"] = ("files-listed", lambda: zipped(parts(right())[:2]))
ATTACKS["two formats"] = (
    "files-format",
    lambda: files(**{"mean__npy": b"", "sd__npy": b"", "predictions__csv": b""}),
)
ATTACKS["mean without SD"] = ("files-format", lambda: files(mean__npy=forged.npy(SAID.mean)))
ATTACKS["predictions that were edited"] = (
    "files-digest",
    lambda: zipped(parts(right() | {"mean.npy": forged.npy(SAID.mean + 1)})),
)

# NPY
ATTACKS["pickle as NPY"] = ("npy-magic", lambda: with_mean(pickle.dumps(SAID.mean).ljust(len(BODY) + 128, b".")))
ATTACKS["safetensors with overlapping tensors"] = ("npy-magic", lambda: with_mean(_safetensors(0)))
ATTACKS["safetensors of a giant header"] = ("npy-magic", lambda: with_mean(_safetensors(2**62)))
ATTACKS["text as NPY"] = ("npy-magic", lambda: with_mean(b"PASS".ljust(len(BODY) + 128)))
ATTACKS["NPY 2.0"] = ("npy-version", lambda: with_mean(header(described(), version=b"\x02\x00")))
ATTACKS["objects"] = ("npy-dtype", lambda: with_mean(header(described("'|O'"))))
ATTACKS["float64"] = ("npy-dtype", lambda: with_mean(header(described("'<f8'"))))
ATTACKS["float16"] = ("npy-dtype", lambda: with_mean(header(described("'<f2'"))))
ATTACKS["big-endian"] = ("npy-dtype", lambda: with_mean(header(described("'>f4'"))))
ATTACKS["whole numbers"] = ("npy-dtype", lambda: with_mean(header(described("'<i4'"))))
ATTACKS["times"] = ("npy-dtype", lambda: with_mean(header(described("'<M8[s]'"))))
ATTACKS["complex numbers"] = ("npy-dtype", lambda: with_mean(header(described("'<c8'"))))
ATTACKS["records"] = ("npy-header", lambda: with_mean(header(described("[('a', '<f4')]"))))
ATTACKS["code in a header"] = ("npy-header", lambda: with_mean(header(described("__import__('os').getpid()"))))
ATTACKS["header without end"] = ("npy-header", lambda: with_mean(b"\x93NUMPY\x01\x00\xff\xff" + b"(" * (len(BODY) + 9)))
ATTACKS["header of 10^5 bytes"] = ("npy-size", lambda: with_mean(header(described() + b" " * 60_000)))
ATTACKS["header outside the file"] = ("npy-header", lambda: with_mean(b"\x93NUMPY\x01\x00\xff\xff" + BODY))
ATTACKS["brackets in a header"] = ("npy-header", lambda: with_mean(header(b"{" * 100)))
ATTACKS["Fortran order"] = ("npy-order", lambda: with_mean(header(described(order="True"))))
ATTACKS["shape turned"] = ("npy-shape", lambda: with_mean(header(described(shape=str((SHAPE[1], SHAPE[0], SHAPE[2]))))))
ATTACKS["flat shape"] = ("npy-shape", lambda: with_mean(header(described(shape=f"({SAID.mean.size},)"))))
ATTACKS["shape of 10^30"] = ("npy-shape", lambda: with_mean(header(described(shape=f"({10**30}, 1, 1)"))))
ATTACKS["negative shape"] = ("npy-header", lambda: with_mean(header(described(shape="(-1, 40, 2)"))))
ATTACKS["shape with a leading zero"] = ("npy-shape", lambda: with_mean(header(described(shape="(2, 40, 02)"))))
ATTACKS["empty shape"] = ("npy-shape", lambda: with_mean(header(described(shape="()"))))
ATTACKS["missing rows"] = ("npy-shape", lambda: with_mean(forged.npy(SAID.mean[:, :-1])))
ATTACKS["twice the rows"] = ("npy-size", lambda: with_mean(forged.npy(np.repeat(SAID.mean, 4, axis=1))))
ATTACKS["bytes after an array"] = ("npy-size", lambda: with_mean(header(described()) + b"PASS"))
ATTACKS["cut array"] = ("npy-size", lambda: with_mean(header(described())[:-4]))
ATTACKS["mean and SD of different seeds"] = ("npy-shape", lambda: files(
    forged.told(division=made.DIVISION) | {"division": forged.told()["division"] | {"ensemble": True}},
    mean__npy=forged.npy(SAID.mean), sd__npy=forged.npy(SAID.sd[:1]),
))  # fmt: skip
ATTACKS["quantiles at other levels"] = ("npy-size", lambda: files(
    **{name.replace(".", "__"): part for name, part in forged.arrays(SAID).items()},
    quantiles__npy=forged.npy(LAW.quantiles[..., :5]),
))  # fmt: skip


def _safetensors(length):
    told = json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}, "b": {
        "dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()  # fmt: skip
    return (struct.pack("<Q", length or len(told)) + told).ljust(len(BODY) + 128, b"\0")


# numbers
def number(value, which="mean", place=(1, 3, 0)):
    def make():
        changed = {name: np.array(getattr(LAW, name)) for name in ("mean", "sd", "quantiles")}
        changed[which][place] = value
        return files(**{f"{name}__npy": forged.npy(array) for name, array in changed.items()})

    return make


ATTACKS["NaN as a mean"] = ("value-finite", number(np.nan))
ATTACKS["infinite mean"] = ("value-finite", number(np.inf))
ATTACKS["NaN as an SD"] = ("value-finite", number(np.nan, "sd"))
ATTACKS["infinite SD"] = ("value-finite", number(np.inf, "sd"))
ATTACKS["label oracle by a giant mean"] = ("value-range", number(1001.0))
ATTACKS["giant negative mean"] = ("value-range", number(-3e38))
ATTACKS["giant SD"] = ("value-range", number(1001.0, "sd"))
ATTACKS["SD of 0"] = ("sd-positive", number(0.0, "sd"))
ATTACKS["SD of minus 0"] = ("sd-positive", number(-0.0, "sd"))
ATTACKS["negative SD"] = ("sd-positive", number(-1.0, "sd"))
ATTACKS["NaN as a quantile"] = ("quantiles-nan", number(np.nan, "quantiles", (3, 0, 4)))
ATTACKS["giant quantile"] = ("value-range", number(1e5, "quantiles", (3, 0, 8)))
ATTACKS["quantiles that fall"] = ("quantiles-order", number(-100.0, "quantiles", (3, 0, 5)))
ATTACKS["quantiles from infinity to minus infinity"] = ("quantiles-order", number(-np.inf, "quantiles", (3, 0, 8)))

# CSV
ATTACKS["byte order mark in CSV"] = ("csv-encoding", lambda: text_table(lambda text: b"\xef\xbb\xbf" + text))
ATTACKS["CSV in UTF-16"] = ("csv-encoding", lambda: text_table(lambda text: text.decode().encode("utf-16")))
ATTACKS["CSV in Latin-1"] = ("csv-encoding", lambda: text_table(lambda text: text.replace(b"row1", b"r\xf6w1")))
ATTACKS["NUL in CSV"] = ("csv-encoding", lambda: text_table(lambda text: text.replace(b"row1", b"row1\0")))
ATTACKS["field in quotes"] = ("csv-quote", lambda: text_table(lambda text: text.replace(b"row1", b'"row1"')))
ATTACKS["quote without end"] = ("csv-quote", lambda: text_table(lambda text: text + b'"'))
ATTACKS["semicolons"] = ("table-columns", lambda: text_table(lambda text: text.replace(b",", b";")))
ATTACKS["tabs"] = ("table-columns", lambda: text_table(lambda text: text.replace(b",", b"\t")))
ATTACKS["decimal comma"] = (
    "csv-fields",
    lambda: text_table(lambda text: text.replace(b"\n", b",5\n").replace(b",5", b"", 1)),
)
ATTACKS["cut line"] = ("csv-fields", lambda: text_table(lambda text: text[: text.rfind(b",")]))
ATTACKS["blank line"] = ("rows-extra", lambda: text_table(lambda text: text + b"\n"))
ATTACKS["no lines"] = ("table-columns", lambda: text_table(lambda _: b""))
ATTACKS["header alone"] = ("rows-missing", lambda: text_table(lambda text: text.split(b"\n")[0] + b"\n"))
ATTACKS["long header"] = ("csv-line", lambda: text_table(lambda text: b"a," * 5000 + text))
ATTACKS["long line"] = ("csv-line", lambda: text_table(lambda text: text.replace(b"row1", b"row1" * 2000)))
ATTACKS["doubled line ends"] = ("table-columns", lambda: text_table(lambda text: text.replace(b"\n", b"\r\r\n")))
for title, value in {
    "NaN in CSV": "nan", "empty field": "", "infinity in CSV": "inf", "number in words": "one", "underscores": "1_0",
    "hexadecimal": "0x1p3", "other digits": "\u0661", "space before a number": " 1", "percent": "1%",
    "two points": "1.2.3",    "formula in CSV": "=1+1", "exponent of 5 digits": "1e99999", "truth": "True",
}.items():  # fmt: skip
    ATTACKS[title] = ("csv-number", lambda value=value: table(set_cell("cell0", value)))
ATTACKS["1e400 in CSV"] = ("value-finite", lambda: table(set_cell("cell0", "1e400")))
ATTACKS["1e39 in CSV"] = ("value-finite", lambda: table(set_cell("cell0", "1e39")))
ATTACKS["SD of 1e-50"] = ("sd-positive", lambda: table(set_cell("cell0_sd", "1e-50")))
ATTACKS["seed that is none"] = ("csv-number", lambda: table(set_cell("seed", "-1")))

# rows
for form in ("csv", "parquet"):
    for title, code, change in (
        ("row missing", "rows-missing", lambda frame: frame[:-1]),
        ("row twice", "row-duplicate", lambda frame: pd.concat([frame[:-1], frame[:1]])),
        ("row too many", "rows-extra", lambda frame: pd.concat([frame, frame[:1]])),
        ("unknown set", "row-test", set_cell("test", "board@00000000")),
        ("set without digest", "row-test", lambda frame: frame.assign(test=frame["test"].str.split("@").str[0])),
        ("unknown id", "row-id", set_cell("id", "row99")),
        ("homoglyph in an id", "row-id", set_cell("id", "r\u043ew3")),
        ("id with a space", "row-id", set_cell("id", "row3 ")),
        ("unknown seed", "row-seed", lambda frame: frame.assign(seed=frame["seed"] + 1)),
        ("no column of an SD", "table-columns", lambda frame: frame.drop(columns="cell1_sd")),
        ("no column of seeds", "rows-extra", lambda frame: frame.drop(columns="seed")),
        ("unknown column", "table-columns", lambda frame: frame.assign(score=1.0)),
        ("one column of quantiles", "table-columns", lambda frame: frame.assign(**{"cell0_q0.5": 0.0})),
        ("column twice", "table-columns", lambda frame: frame.rename(columns={"cell1": "cell0"})),
        (
            "quantiles of all seeds",
            "quantiles-rows",
            lambda frame: frame.assign(
                **{name: 0.0 for output in ("cell0", "cell1") for name in quantile_names(output)}
            ),
        ),
    ):
        if form == "parquet" and title == "column twice":
            continue
        ATTACKS[f"{title}, {form}"] = (code, lambda change=change, form=form: table(change, form))


@attack("row-seed")
def rows_without_seed():
    return table(lambda frame: frame.assign(seed=frame["seed"].astype("Int64").where(frame.index != 3)), "parquet")


@attack("quantiles-nan")
def empty_quantiles():
    names = [name for output in ("cell0", "cell1") for name in quantile_names(output)]
    return table(lambda frame: frame.assign(**dict.fromkeys(names, "")))


# Parquet
def parquet(change):
    return files(predictions__parquet=change(right("parquet")["predictions.parquet"]))


ATTACKS["text as Parquet"] = ("parquet-magic", lambda: parquet(lambda _: b"PASS"))
ATTACKS["encrypted Parquet"] = ("parquet-magic", lambda: parquet(lambda data: data[:-4] + b"PARE"))
ATTACKS["footer of 2 GB"] = ("parquet-footer", lambda: parquet(lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1"))
ATTACKS["footer over the file"] = ("parquet-footer", lambda: parquet(lambda data: data[:-8] + b"\xff\xff\x01\x00PAR1"))
ATTACKS["damaged footer"] = ("parquet-damaged", lambda: parquet(lambda data: data[:-40] + b"\xff" * 32 + data[-8:]))
ATTACKS["damaged pages"] = ("parquet-damaged", lambda: parquet(lambda data: data[:4] + b"\xff" * 60 + data[64:]))
for codec in ("snappy", "zstd", "gzip", "lz4"):
    ATTACKS[f"pages packed by {codec}"] = (
        "parquet-codec",
        lambda codec=codec: table(form="parquet", compression=codec),
    )
ATTACKS["pages of prefixes"] = ("parquet-encoding", lambda: table(
    form="parquet", use_dictionary=False, column_encoding={"id": "DELTA_BYTE_ARRAY"},
))  # fmt: skip
ATTACKS["row group a row"] = ("parquet-groups", lambda: table(form="parquet", row_group_size=1))
ATTACKS["float16 in Parquet"] = ("parquet-type", lambda: table(
    lambda frame: frame.astype({"cell0": "float16"}), "parquet"
))  # fmt: skip
ATTACKS["numbers as text"] = ("parquet-type", lambda: table(lambda frame: frame.astype({"cell0": str}), "parquet"))
ATTACKS["whole numbers in Parquet"] = ("parquet-type", lambda: table(
    lambda frame: frame.assign(cell0=1), "parquet"
))  # fmt: skip
ATTACKS["ids as numbers"] = ("parquet-type", lambda: table(lambda frame: frame.assign(id=1), "parquet"))
ATTACKS["ids as bytes"] = ("parquet-type", lambda: table(
    lambda frame: frame.assign(id=frame["id"].map(lambda text: text.encode())), "parquet"
))  # fmt: skip
ATTACKS["seeds as real numbers"] = (
    "parquet-type",
    lambda: table(lambda frame: frame.astype({"seed": float}), "parquet"),
)
ATTACKS["times in Parquet"] = ("parquet-type", lambda: table(
    lambda frame: frame.assign(seed=pd.Timestamp(0)), "parquet"
))  # fmt: skip
ATTACKS["lists in Parquet"] = ("table-columns", lambda: table(
    lambda frame: frame.assign(cell0=[[1.0]] * len(frame)), "parquet"
))  # fmt: skip
ATTACKS["records in Parquet"] = ("table-columns", lambda: table(
    lambda frame: frame.assign(cell0=[{"a": 1.0}] * len(frame)), "parquet"
))  # fmt: skip
ATTACKS["numbers inside records"] = ("parquet-type", lambda: table(
    lambda frame: frame.drop(columns="cell0").assign(x=[{"cell0": 1.0}] * len(frame)), "parquet"
))  # fmt: skip
ATTACKS["long text in Parquet"] = ("parquet-text", lambda: table(set_cell("id", "a" * 5000), "parquet"))
ATTACKS["missing id in Parquet"] = ("row-id", lambda: table(set_cell("id", None), "parquet"))
ATTACKS["missing number in Parquet"] = ("value-finite", lambda: table(
    lambda frame: frame.assign(cell0=frame["cell0"].where(frame.index != 3)), "parquet"
))  # fmt: skip
ATTACKS["infinity in Parquet"] = ("value-finite", lambda: table(
    lambda frame: frame.assign(cell0=np.inf), "parquet"
))  # fmt: skip


@attack("parquet-size")
def more_values_than_rows():
    return parquet(lambda data: data.replace(b"\x15\x00\x16\xa0\x01", b"\x15\x00\x16\xa2\x01", 1))


@attack("parquet-type")
def strings_of_another_type():
    def change(frame):
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        return arrow.set_column(0, "test", arrow.column(0).cast(pa.large_binary()))

    return table(change, "parquet")
