"""Right bundles by a grammar, wrong ones by mutation, and what the reader makes of them.

    python -m tests.leaderboard.fuzz --valid 5000 --mutated 20000 --seed 1

prints one JSON object: counts, findings, events, peak memory. A finding is a right bundle refused or read otherwise, a
wrong one accepted, or an error that is no refusal; an event any file opened, program started or code compiled.
"""

import argparse
import copy
import io
import json
import os
import re
import resource
import string
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from leaderboard import bundle
from leaderboard.answers import Answers
from leaderboard.manifest import Answered
from leaderboard.reading import caged
from leaderboard.reading.parse import spans
from leaderboard.refused import Refused
from tests.leaderboard import forged, made, oracle
from tests.leaderboard.forged import BOARD, QUESTIONS, Part, zipped
from tests.leaderboard.weaker import WEAKER

READ = bundle.read

FORMS = ("npy", "csv", "parquet")
LETTERS = string.ascii_letters + string.digits + " .,;:_()/é漢Ω\u00a0" + "'\"<>&{}%"
NASTY = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**20, 0.5, -0.0, 1e308, "", " ", "a", "=1", "\x00", "\u202e",
    "a" * 3000,    [], {}, [[]], {"a": 1}, "0" * 32, "0" * 64, "../x", "https://example.org", "javascript:x",
)  # fmt: skip
WATCHED = (
    "open", "exec", "compile", "import", "pickle.find_class", "subprocess.Popen", "socket.connect", "os.system",
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.fork",
    "os.posix_spawn", "tempfile.mkstemp", "tempfile.mkdtemp", "ctypes.dlopen",
)  # fmt: skip

MARKER = "/shiftbench-marker"
"""A name that is asked for before and after, so that a trace of the process shows when it read."""


class Watch:
    """Events of the interpreter while something is read; an audit hook cannot be taken out, so it is switched."""

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self._hear)

    def _hear(self, event, args):
        if self.on and event in WATCHED:
            self.seen.append(f"{event} {str(args)[:100]}")


def text(rng, most):
    """A line that is right: visible, no formula, no space at its ends."""
    letters = "".join(rng.choice(list(LETTERS), rng.integers(1, most)))
    return "x" + letters.strip() + "."


def manifest(rng, sets, ensemble):
    """A right manifest of these sets; `ensemble` if its seeds are joined."""
    told = forged.told()
    told["tests"] = [told["tests"][number] for number in sets]
    told["seeds"] = [int(seed) for seed in rng.permutation(QUESTIONS.seeds)]
    told["division"] = told["division"] | {"ensemble": ensemble, "labels": int(rng.choice([0, 32, 256]))}
    for name in ("title", "authors", "licence"):
        told[name] = text(rng, 190)
    for name in ("description", "training_data", "pretraining"):
        told[name] = text(rng, 1900) if rng.random() < 0.7 else ""
    told["environment"] = {text(rng, 30): text(rng, 30) for _ in range(rng.integers(0, 9))}
    told["link"] = "https://example.org/a?b=c" if rng.random() < 0.5 else ""
    told["model"] = told["model"] | {"trials": int(rng.integers(0, 2**53)), "width": float(rng.uniform(0.1, 16))}
    told["weights"] = {"name": text(rng, 30), "sha256": "0" * 64} if rng.random() < 0.3 else None
    if rng.random() < 0.2:
        del told["weights"]
    if rng.random() < 0.1 and not ensemble:
        told["seeds"], told["model"]["kind"] = [QUESTIONS.seeds[0]], "control"
    return told


def right(rng, form):
    """Contents of a right bundle, its manifest and answers."""
    sets = rng.permutation(len(QUESTIONS.sets))[: rng.integers(1, len(QUESTIONS.sets) + 1)]
    ensemble = bool(rng.random() < 0.2)
    told = manifest(rng, sets, ensemble)
    answers = made.answers(
        BOARD, float(rng.uniform(0, 1)), int(rng.integers(2**31)), quantiles=rng.random() < 0.4, sets=sets
    )
    seeds = 1 if ensemble else len(told["seeds"])
    mean, sd, law = answers.mean[:seeds], answers.sd[:seeds], answers.quantiles
    kind = rng.random()
    if kind < 0.1:
        mean, sd = np.full_like(mean, rng.normal()), np.full_like(sd, 1e-30)
    elif kind < 0.2:
        mean, sd = np.where(rng.random(mean.shape) < 0.3, np.float32(-1000), mean), np.full_like(sd, 1000)
    if law is not None and rng.random() < 0.5:
        law = law.copy()
        law[..., 0], law[..., -1] = -np.inf, np.inf
    said = Answers(mean, sd, law, spans(made.manifest(tests=_answered(told))))
    return files(rng, form, told, said), told, said


def _answered(told):
    return tuple(Answered(**test) for test in told["tests"])


def files(rng, form, told, said):
    """Members beside the manifest, spelled in one of many right ways."""
    if form == "npy":
        return forged.arrays(said)
    frame = forged.frame(said, told)
    frame = frame.iloc[rng.permutation(len(frame))] if rng.random() < 0.7 else frame
    frame = frame[list(rng.permutation(frame.columns))] if rng.random() < 0.5 else frame
    if form == "csv":
        content = forged.csv(frame)
        content = content.replace(b"\n", b"\r\n") if rng.random() < 0.3 else content
        return {"predictions.csv": content.rstrip() if rng.random() < 0.3 else content}
    types = {name: "float64" for name in frame.columns if frame[name].dtype == np.float32 and rng.random() < 0.5}
    if "seed" in frame and rng.random() < 0.5:
        types["seed"] = "int32"
    options = {
        "use_dictionary": bool(rng.random() < 0.7),
        "row_group_size": int(rng.choice([10, 1000])),
        "data_page_version": str(rng.choice(["1.0", "2.0"])),
        "store_schema": bool(rng.random() < 0.5),
        "write_statistics": bool(rng.random() < 0.5),
    }
    return {"predictions.parquet": forged.parquet_bytes(frame.astype(types), **options)}


def packed(rng, contents):
    """An archive of these contents in one of many right ways."""
    names = list(rng.permutation(list(contents)))
    both = {
        "time": int(rng.integers(2**16)),
        "date": int(rng.integers(2**16)),
        "flags": int(rng.choice([0, 2, 4, 6, 0x800])),
    }
    central = {"outside": int(rng.choice([0, 0o644 << 16, 0o100600 << 16, 0x20])), "inside": int(rng.integers(2))}
    return [
        Part(name.encode(), contents[name], int(rng.choice([0, 8])), both=dict(both), central=dict(central))
        for name in names
    ]


def spelled(rng, told):
    """JSON of a manifest in one of many right ways."""
    names = list(rng.permutation(list(told)))
    options = {"indent": [None, 1, 4][rng.integers(3)], "ensure_ascii": bool(rng.random() < 0.5)}
    return json.dumps({name: told[name] for name in names}, **options).encode()


def flipped(rng, data, most=8):
    """Some bits of `data` turned."""
    data = bytearray(data)
    for place in rng.integers(0, len(data), rng.integers(1, most)):
        data[place] ^= 1 << int(rng.integers(8))
    return bytes(data)


def cut(rng, data):
    """A piece of `data` taken out, doubled, or overwritten, or bytes put in."""
    start, stop = sorted(int(place) for place in rng.integers(0, len(data) + 1, 2))
    stop = min(stop, start + int(rng.choice([1, 4, 100, 10**6])))
    kind = rng.integers(5)
    noise = rng.bytes(max(1, stop - start))
    new = (b"", data[start:stop] * 2, noise, data[start:stop] + noise, b"")[kind]
    return data[:start] + new + (b"" if kind == 4 else data[stop:])


FIELDS = ("need", "flags", "method", "time", "date", "crc", "packed", "size", "name_length", "extra_length")
WIDE = ("crc", "packed", "size")


def zip_trick(rng, members):
    """An archive with a field, a member or a byte that should not be there."""
    part = members[rng.integers(len(members))]
    kind = rng.integers(8)
    options = {}
    if kind < 3:
        name = str(rng.choice(FIELDS))
        where = (part.local, part.central, part.both)[kind]
        where[name] = int(rng.choice([0, 1, 7, 8, 0x41, 0xFFFF, int(rng.integers(2**16))]))
        if name in WIDE and rng.random() < 0.5:
            where[name] = int(rng.integers(2**32))
    elif kind == 3:
        part.central[str(rng.choice(["offset", "disk", "inside", "made"]))] = int(rng.integers(2**16))
    elif kind == 4:
        part.central["outside"] = int(rng.integers(2**32))
    elif kind == 5:
        options[str(rng.choice(["before", "between", "gap", "after", "comment"]))] = rng.bytes(int(rng.integers(1, 50)))
    elif kind == 6:
        options["end"] = {
            str(rng.choice(["disk", "first", "here", "count", "size", "start"])): int(rng.integers(2**16))
        }
    else:
        members = [*members, copy.deepcopy(part)]
    return zipped(members, **options)


def name_trick(rng, members):
    """An archive with a member of another name."""
    part = members[rng.integers(len(members))]
    name = part.name.decode()
    place = int(rng.integers(len(name)))
    letters = "/\\.\0 :aа\u202e"
    letter = letters[rng.integers(len(letters))]
    tricks = (
        f"../{name}", f"/{name}", f"C:\\{name}", f"{name}/", name.upper(), name + letter, letter + name,
        name[:place] + letter + name[place:], name[:place] + name[place + 1 :], f"a/../{name}", name * 200, "",
    )  # fmt: skip
    part.name = tricks[rng.integers(len(tricks))].encode()
    return zipped(members)


def json_edit(rng, told):
    """A manifest with one value, name or field changed, which may leave it right."""
    told = copy.deepcopy(told)
    group, name = told, None
    while True:
        keys = list(group) if isinstance(group, dict) else list(range(len(group)))
        if not keys:
            break
        name = keys[rng.integers(len(keys))]
        if not isinstance(group[name], (dict, list)) or not group[name] or rng.random() < 0.2:
            break
        group = group[name]
    kind = rng.integers(4)
    if name is None or (kind == 0 and isinstance(group, dict)):
        group["further"] = 1
    elif kind == 1:
        del group[name]
    elif kind == 2 and isinstance(group[name], str):
        place = int(rng.integers(len(group[name]) + 1))
        letters = "a\x07\u202e\u200b=+\ud800 "
        letter = letters[rng.integers(len(letters))]
        group[name] = group[name][:place] + letter + group[name][place:]
    else:
        group[name] = NASTY[rng.integers(len(NASTY))]
    return told


def bytes_edit(rng, text_):
    """JSON with something in it that only a strict reader minds, or with a bit turned."""
    place = int(rng.integers(len(text_)))
    kind = rng.integers(5)
    if kind == 0:
        return flipped(rng, text_, 4)
    inserted = (b"NaN", b'"team": "x",', b"[" * 50, b"1e999", b"\xff", b"\x00", b"9" * 400, b"//")[rng.integers(8)]
    return (b"", text_[:place] + inserted + text_[place:], text_[:place], b"\xef\xbb\xbf" + text_, text_ + text_)[kind]


def array_edit(rng, content):
    """An NPY file with another header or other numbers, which may leave it right."""
    head = int.from_bytes(content[8:10], "little") + 10
    kind = rng.integers(5)
    if kind == 0:
        return flipped(rng, content[:head], 4) + content[head:]
    if kind == 1:
        array = np.load(io.BytesIO(content))
        array.ravel()[rng.integers(array.size)] = rng.choice([np.nan, np.inf, -np.inf, 0, -1, 1e30, 5])
        return forged.npy(array)
    if kind == 2:
        array = np.load(io.BytesIO(content))
        turned = (
            array.astype("f8"),
            array.astype(">f4"),
            array.astype("f2"),
            array.T,
            array[..., None],
            array[:1],
            array.ravel(),
        )
        return forged.npy(turned[rng.integers(len(turned))])
    return cut(rng, content) if kind == 3 else flipped(rng, content)


def table_edit(rng, form, told, said):
    """A table with rows or cells changed, which may leave it right."""
    frame = forged.frame(said, told).astype(object)
    row, column = int(rng.integers(len(frame))), str(rng.choice(frame.columns))
    kind = rng.integers(6)
    if kind == 0:
        frame = frame.drop(index=row)
    elif kind == 1:
        frame = frame.iloc[[*range(len(frame)), row]]
    elif kind == 2:
        frame = frame.drop(columns=column)
    elif kind == 3:
        frame = frame.rename(columns={column: column + "x"})
    else:
        frame.loc[row, column] = [float("nan"), "x", 1e39, -1.0, 0, 1, "1,5", "", "row1", 7.5][rng.integers(10)]
    if form == "csv":
        return forged.csv(frame)
    strings = frame.astype({name: str for name in frame.columns if name in ("test", "id")})
    return forged.parquet_bytes(strings.infer_objects())


MUTATIONS = ("flip", "cut", "zip", "name", "json", "json bytes", "content", "content bytes")


def mutated(rng, form, kind):
    """A bundle with a mutation, and what it is if it is accepted: "same" as before, "right", or None: nothing."""
    contents, told, said = right(rng, form)
    if kind in ("json", "json bytes"):
        sealed = json.loads(forged.sealed(told, contents)["manifest.json"])
        changed = json_edit(rng, sealed) if kind == "json" else sealed
        spelling = json.dumps(changed).encode()
        spelling = bytes_edit(rng, spelling) if kind == "json bytes" else spelling
        return zipped(packed(rng, {"manifest.json": spelling} | contents)), "right", said
    if kind in ("content", "content bytes"):
        name = str(rng.choice(list(contents)))
        if kind == "content" and form != "npy":
            try:
                contents[name] = table_edit(rng, form, told, said)
            except (TypeError, ValueError, ArithmeticError):  # what cannot even be written as Parquet
                contents[name] = cut(rng, contents[name])
        elif kind == "content":
            contents[name] = array_edit(rng, contents[name])
        else:
            contents[name] = flipped(rng, contents[name]) if rng.random() < 0.7 else cut(rng, contents[name])
        return zipped(packed(rng, forged.sealed(told, contents))), "right", said
    members = packed(rng, forged.sealed(told, contents))
    if kind == "zip":
        return zip_trick(rng, members), "same", said
    if kind == "name":
        return name_trick(rng, members), None, said
    data = zipped(members)
    return (flipped(rng, data) if kind == "flip" else cut(rng, data)), "same", said


def examine(data, allowed, said, watch):
    """Verdict on one bundle, and a finding if it is wrong, else ""."""
    try:
        watch.on = True
        found = bundle.read(data, QUESTIONS)
    except Refused as refused:
        watch.on = False
        return refused.code, "" if allowed != "must" else f"refused: {refused}"
    except Exception as error:
        watch.on = False
        return "error", f"{type(error).__name__}: {error}"
    finally:
        watch.on = False
    if allowed is None:
        return "accepted", "accepted"
    try:
        told, mean, sd, law = oracle.read(data, QUESTIONS)
    except Exception as error:
        return "accepted", f"the twin refuses it: {type(error).__name__}: {error}"
    if not forged.same(found.answers, Answers(mean, sd, law, found.answers.rows)):
        return "accepted", "the twin reads other numbers"
    if told["entry"] != found.manifest.entry or told["title"] != found.manifest.title:
        return "accepted", "the twin reads another manifest"
    if allowed in ("same", "must") and not forged.same(found.answers, said):
        return "accepted", "other numbers than before"
    return "accepted", ""


def apart(data, allowed, said, watch):
    """`examine` in a process of its own: a library that is ended by what it reads takes that process alone.

    Then the reader with limits has to say so, by a refusal.
    """
    here, there = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        verdict = examine(data, allowed, said, watch)
        os.write(there, json.dumps([*verdict, watch.seen]).encode()[:60_000])
        os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if told:
        code, finding, watch.seen[:] = json.loads(told)
        return code, finding
    try:
        caged.parse(data, QUESTIONS)
    except Refused as refused:
        return f"ended, {refused.code}", "" if refused.code == "bundle-reader" else f"{refused}"
    return "error", "ended once, and read with limits"


def fuzz(valid, mutations, seed, watch):
    """Counts of verdicts by kind and findings of so many bundles; each draws from (seed, number) alone."""
    findings, counts = [], Counter()
    for form in FORMS:  # what is imported late is imported now
        examine(forged.bundle(form), "right", None, watch)
    watch.seen.clear()
    os.path.lexists(MARKER)
    for number in range(valid + mutations):
        rng = np.random.default_rng((seed, number))
        form = FORMS[rng.integers(3)]
        if number < valid:
            kind, allowed = "valid", "must"
            contents, told, said = right(rng, form)
            sealed = forged.sealed(told, contents)
            sealed["manifest.json"] = spelled(rng, json.loads(sealed["manifest.json"]))
            data = zipped(packed(rng, sealed))
        else:
            kind = MUTATIONS[number % len(MUTATIONS)]
            data, allowed, said = mutated(rng, form, kind)
        judge = apart if kind == "content bytes" and form == "parquet" else examine
        code, finding = judge(data, allowed, said, watch)
        counts[f"{kind} {code if code in ('accepted', 'error') else 'refused'}"] += 1
        counts[f"code {code}"] += 1
        if finding:
            findings.append(f"{number} {kind} {form}: {finding}"[:300])
    os.path.lexists(MARKER)
    return {"findings": findings, "events": watch.seen[:20], "counts": dict(sorted(counts.items()))}


def control(name, seed, watch):
    """Number of findings about a reader without a check, or about one that writes a file; none would be a fault."""
    if name == "writes":
        path = Path(tempfile.gettempdir()) / "written"
        place, weaker = (bundle, "read"), lambda *given: (path.touch(), path.unlink(), READ(*given))[2]
    else:
        *place, weaker, _ = WEAKER[name]
    kept = getattr(*place)
    setattr(*place, weaker)
    found = fuzz(0, 120, seed, watch)
    setattr(*place, kept)
    return len(found["findings"]) + len(found["events"])


def largest():
    """Most memory that this process held, MB; the kernel's own count goes back to before it was started."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) // 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--valid", type=int, default=50)
    parser.add_argument("--mutated", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--controls", nargs="*", default=(), help="checks that are taken out, one at a time")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (3 * 2**29, 3 * 2**29))
    watch = Watch()
    found = {"seed": asked.seed} | fuzz(asked.valid, asked.mutated, asked.seed, watch)
    found["rss_mb"] = largest()
    found["controls"] = {name: control(name, asked.seed, watch) for name in asked.controls}
    print(json.dumps(found, indent=1, ensure_ascii=True))  # noqa: T201


if __name__ == "__main__":
    main()
