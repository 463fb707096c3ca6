"""The slow twin of the reader of bundles: whole libraries, plain loops, no word about hostile bytes.

What the reader accepts, the twin must accept too, and read the same numbers.
"""

import hashlib
import io
import json
import unicodedata
from functools import cache

import jsonschema
import numpy as np
import pandas as pd
from pyarrow import parquet

from leaderboard.reading.tables import quantile_names
from leaderboard.schema import PATH
from tests.leaderboard.forged import unpacked


class WrongError(Exception):
    """The bundle is not right."""


def hold(condition, what):
    if not condition:
        raise WrongError(what)


@cache
def validator():
    return jsonschema.Draft202012Validator(json.loads(PATH.read_text()))


def read(data, questions):
    """Manifest as plain objects, mean, SD and quantiles (None if there are none); `WrongError` or any error if not."""
    files = unpacked(data)
    told = json.loads(files.pop("manifest.json"))
    check_manifest(told, questions)
    hold(set(files) == set(told["files"]), "members")
    for name, content in files.items():
        hold(hashlib.sha256(content).hexdigest() == told["files"][name], "digest")
    if set(files) <= {"mean.npy", "sd.npy", "quantiles.npy"}:
        found = {name: np.load(io.BytesIO(content), allow_pickle=False) for name, content in files.items()}
        mean, sd, law = found["mean.npy"], found["sd.npy"], found.get("quantiles.npy")
    else:
        ((name, content),) = files.items()
        mean, sd, law = _table(name, content, told, questions)
    check_numbers(told, mean, sd, law)
    return told, mean, sd, law


def check_manifest(told, questions):
    validator().validate(told)
    for text in _texts(told):
        for letter in text:
            hold(letter.isprintable() or unicodedata.category(letter) == "Zs", "text")
        hold(not text[:1] or text[0] not in "=+-@", "formula")
    hold(told["link"] == "" or told["link"].startswith("https://"), "link")
    hold(
        (told["suite"], told["suite_version"], told["round"]) == (questions.suite, questions.version, questions.round),
        "suite",
    )
    hold(tuple(told["outputs"]) == questions.outputs, "outputs")
    hold(len(set(told["seeds"])) == len(told["seeds"]), "seeds")
    alone = len(told["seeds"]) == 1 and told["model"]["kind"] != "network" and told["seeds"][0] in questions.seeds
    hold(set(told["seeds"]) == set(questions.seeds) or alone, "seeds")
    asked = {one.digest: one for one in questions.sets}
    hold(len({test["digest"] for test in told["tests"]}) == len(told["tests"]), "sets")
    for test in told["tests"]:
        one = asked[test["digest"]]
        hold((test["label"], test["rows"]) == (one.label, len(one.ids)), "set")


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _table(name, content, told, questions):
    if name.endswith("csv"):
        frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, skip_blank_lines=False)
    else:
        frame = parquet.read_table(io.BytesIO(content)).replace_schema_metadata(None).to_pandas()
    rows = {}
    for row in frame.to_dict("records"):
        key = (row["test"], row["id"], int(row.get("seed", told["seeds"][0])))
        hold(key not in rows, "twice")
        rows[key] = row
    asked = {one.digest: one for one in questions.sets}
    seeds = told["seeds"] if "seed" in frame else told["seeds"][:1]
    order = [(test, id_) for test in told["tests"] for id_ in asked[test["digest"]].ids]
    hold(len(rows) == len(order) * len(seeds), "rows")

    def number(row, column):
        return float(row[column] if row[column] != "" else "nan")

    def column(ending, seed):
        found = [
            rows[f"{test['label'].removesuffix('/test')}@{test['digest'][:8]}", str(id_), seed] for test, id_ in order
        ]
        return [[number(row, output + ending) for output in told["outputs"]] for row in found]

    mean, sd = (np.array([column(ending, seed) for seed in seeds]).astype(np.float32) for ending in ("", "_sd"))
    law = None
    if quantile_names(told["outputs"][0])[0] in frame:
        endings = [name.removeprefix(told["outputs"][0]) for name in quantile_names(told["outputs"][0])]
        law = np.stack([np.array(column(ending, seeds[0])).astype(np.float32) for ending in endings], axis=-1)
    return mean, sd, law


def check_numbers(told, mean, sd, law):
    rows = sum(test["rows"] for test in told["tests"])
    seeds = {len(told["seeds"])} | ({1} if told["division"]["ensemble"] else set())
    hold(mean.shape == sd.shape and mean.shape[0] in seeds and mean.shape[1:] == (rows, len(told["outputs"])), "shape")
    hold(mean.dtype == sd.dtype == np.float32, "dtype")
    hold(np.isfinite(mean).all() and np.isfinite(sd).all() and (abs(mean) <= 1e3).all(), "numbers")
    hold((sd > 0).all() and (sd <= 1e3).all(), "SD")
    if law is not None:
        hold(
            law.shape == (rows, len(told["outputs"]), 9) and law.dtype == np.float32 and not np.isnan(law).any(), "law"
        )
        hold(all((law[..., at] <= law[..., at + 1]).all() for at in range(8)), "order")
