"""From a finished run to an entry: the predictions of one recipe and wrapper, and what the run tells of them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from leaderboard.answers import Answers
from leaderboard.declaration import Declaration
from leaderboard.manifest import Answered, Cost, Division, Manifest, Model, Weights
from leaderboard.questions import Questions
from shiftbench.catalog import bundled_recipes
from shiftbench.comparison.contents import Contender, Contents, Scored
from shiftbench.errors import InputError
from shiftbench.nodes import read_sample, wrap
from shiftbench.prediction import QUANTILES, Prediction
from shiftbench.spec import Fit
from shiftbench.wrappers import WRAPPERS, Wrapper

STEP = 2.0**-12
"""Resolution of packed numbers, log2 units: far below any noise, and half of the bytes."""
PRESETS = {"bench": "cpu", "core": "full"}
"""Tiers whose sizes an entry may have."""
GENERATOR = ("pwm_ridge", "motif_prior")
"""Controls that hold matrices of the generator."""
NORMAL = ndtri(np.asarray(QUANTILES))

Floats = NDArray[np.float32]


def pack(contents: Contents, who: Contender, declared: Declaration, questions: Questions) -> tuple[Manifest, Answers]:
    """Manifest and answers of `who` in a finished run, test sets in the order of `questions`.

    A test set that lacks a prediction, or one of the announced seeds, is left out; the entry is then incomplete.
    `InputError` if nothing is left, or if the run has other sizes than the suite offers.
    """
    found = _scores(contents, who, questions)
    if not found:
        raise InputError(
            f"{contents.folder}: no test set of {questions.suite} version {questions.version} has predictions of {who} "
            f"for seeds {', '.join(map(str, questions.seeds))}; expected a run of the tier bench or core"
        )
    first = next(iter(found.values()))
    fits = _fits(contents, found)
    tests = tuple(
        Answered(label=asked.label, digest=asked.digest, rows=len(asked.ids))
        for asked in questions.sets
        if asked.digest in found
    )
    manifest = Manifest(
        schema_version=1,
        suite=questions.suite,
        suite_version=questions.version,
        round=questions.round,
        outputs=questions.outputs,
        seeds=_seeds(first, questions),
        tests=tests,
        files={},
        **_told(contents, who, declared, fits),
    )
    return manifest, _answers(contents, found, questions)


def _scores(contents: Contents, who: Contender, questions: Questions) -> dict[str, list[Scored]]:
    """Score nodes of `who` by digest of their test set, in the order of seeds; only whole sets that are asked for."""
    asked = {one.digest for one in questions.sets}
    found: dict[str, list[Scored]] = {}
    for contenders in contents.scores.values():
        for scores in contenders.get(who, {}).values():
            for one in scores:
                if one.node.test in asked:
                    found.setdefault(one.node.test, []).append(one)
    return {test: scores for test, scores in found.items() if _whole(scores, questions.seeds)}


def _whole(scores: Sequence[Scored], seeds: Sequence[int]) -> bool:
    """Whether all announced seeds are there; one will do where training leaves nothing to chance, or all are joined."""
    given = [one.seed for one in scores]
    if given == [-1]:
        return not scores[0].lost and len(scores[0].node.predictions) == len(seeds)
    return given == (list(seeds) if scores[0].trained else given[:1])


def _seeds(scores: Sequence[Scored], questions: Questions) -> tuple[int, ...]:
    """Announced seeds behind the answers: all, or the first of them where training leaves nothing to chance."""
    return questions.seeds if scores[0].trained else questions.seeds[:1]


def _fits(contents: Contents, found: Mapping[str, Sequence[Scored]]) -> dict[str, Fit]:
    """Fits behind the scores, by digest."""
    plan = json.loads((contents.folder / "plan.json").read_text())
    nodes = {entry["digest"]: entry["node"] for entry in plan.values()}
    names = {nodes[name]["fit"] for scores in found.values() for one in scores for name in one.node.predictions}
    return {name: msgspec.convert(nodes[name], Fit) for name in sorted(names)}


def _told(contents: Contents, who: Contender, declared: Declaration, fits: Mapping[str, Fit]) -> dict[str, Any]:
    """Fields of the manifest that the run and the entrant tell."""
    run = json.loads((contents.folder / "manifest.json").read_text())
    recipe = next(iter(fits.values())).recipe
    model = _model(contents, who, declared, fits, run["tier"])
    wrapper = WRAPPERS[who.wrapper]
    made = run["provenance"]
    named = declared.entry or f"{declared.team}-{who.recipe}-{who.wrapper}-{model.preset}"
    return {
        "entry": re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-"),
        "model": model,
        "division": Division(
            ensemble=wrapper.scope == "seeds",
            outside_data=declared.outside_data,
            generator_aware=declared.generator_aware or recipe.prior != "" or recipe.network in GENERATOR,
            sees_test_inputs=declared.sees_test_inputs or wrapper.sees_inputs,
            labels=who.budget,  # type: ignore[arg-type]
        ),
        "environment": {"python": made["python"], "shiftbench": made["shiftbench"]} | made["packages"],
        "cost": _cost(contents, fits, run["device"], declared.hardware or _machine(made["platform"]), wrapper),
        "weights": _weights(declared.weights),
    } | {
        name: getattr(declared, name)
        for name in (
            "team", "title", "authors", "description", "licence", "link", "training_data", "pretraining",
        )
    }  # fmt: skip


def _weights(file: Path | None) -> Weights | None:
    """Name and digest of a file of weights; `InputError` if it is not safetensors."""
    if file is None:
        return None
    if file.suffix != ".safetensors":
        raise InputError(f"--weights {file}: expected a file of safetensors; nothing else is named by an entry")
    return Weights(name=file.name, sha256=hashlib.sha256(file.read_bytes()).hexdigest())


def _model(contents: Contents, who: Contender, declared: Declaration, fits: Mapping[str, Fit], tier: str) -> Model:
    if tier not in PRESETS:
        raise InputError(f"{contents.folder}: a run of the tier {tier}; expected {' or '.join(PRESETS)}")
    ours = bundled_recipes().get(who.recipe)
    name, fit = next(iter(fits.items()))
    recipe, trained = fit.recipe, fit.recipe.kind == "network"
    return Model(
        recipe=who.recipe,
        network=re.split(r"[/\\]", recipe.network)[-1],
        wrapper=who.wrapper,
        kind=recipe.kind,
        selection=recipe.selection if trained else "none",
        preset=PRESETS[tier],  # type: ignore[arg-type]
        rows=int(contents.store.entry(fit.training).facts["rows"]["train"]),
        epochs=fit.budget.epochs,
        width=fit.recipe.channels / ours.channels if ours and not recipe.code else 1.0,
        trials=declared.trials,
        parameters=int(contents.store.entry(name).facts.get("parameters", 0)),
    )


def _machine(platform: str) -> str:
    """System and architecture, nothing that tells one machine from others."""
    return " ".join([platform.partition("-")[0], *re.findall("x86_64|AMD64|arm64|aarch64", platform)[:1]])


def _cost(contents: Contents, fits: Mapping[str, Fit], device: str, hardware: str, wrapper: Wrapper) -> Cost:
    """What the fits behind one answer cost: those of one seed, mean over seeds, or all if they are joined."""
    costs = [contents.store.entry(name).cost() for name in fits]
    answers = 1 if wrapper.scope == "seeds" else len({fit.seed for fit in fits.values()})
    seconds, cpu = (sum(cost.get(key, 0.0) for cost in costs) / answers for key in ("seconds", "cpu_seconds"))
    return Cost(device=device, hardware=hardware, seconds=round(seconds, 2), cpu_seconds=round(cpu, 2))


def _answers(contents: Contents, found: Mapping[str, Sequence[Scored]], questions: Questions) -> Answers:
    """Means and SDs of all seeds, and the quantiles of the seed average unless they are those of a normal law."""
    means, sds, quantiles, rows, start = [], [], [], {}, 0
    for asked in questions.sets:
        if asked.digest not in found:
            continue
        sample = read_sample(contents.store.entry(asked.digest))
        if list(sample.id) != list(asked.ids):
            raise InputError(f"{asked.label}: rows of the run differ from those that are asked for; run it again")
        said = [wrap(contents.store, one.node, sample).prediction for one in found[asked.digest]]
        _check_answered(said, asked.label)
        means.append(np.stack([one.mean for one in said]))
        sds.append(np.stack([_sd(one) for one in said]))
        quantiles.append(np.mean([one.quantiles for one in said], axis=0, dtype=np.float64))
        rows[asked.digest] = slice(start, start + len(asked.ids))
        start += len(asked.ids)
    mean, sd, law = np.concatenate(means, axis=1), np.concatenate(sds, axis=1), np.concatenate(quantiles)
    center, spread = (part.mean(axis=0, dtype=np.float64)[..., None] for part in (mean, sd))
    normal = np.allclose(law, center + spread * NORMAL, rtol=0, atol=1e-3)
    return Answers(rounded(mean), np.maximum(rounded(sd), np.float32(STEP)), None if normal else rounded(law), rows)


def _check_answered(said: Sequence[Prediction], label: str) -> None:
    if any(one.kept is not None and not one.kept.all() for one in said):
        raise InputError(f"{label}: some rows have no answer; expected a wrapper that answers all")


def _sd(one: Prediction) -> Floats:
    """SD that is stated, or that of the normal law nearest to the quantiles (least squares, finite levels)."""
    if one.sd is not None:
        return one.sd
    finite = np.isfinite(one.quantiles)
    away = np.where(finite, one.quantiles - one.mean[..., None], 0)
    found: Floats = ((away * NORMAL).sum(-1) / (finite * NORMAL**2).sum(-1)).astype(np.float32)
    return found


def rounded(values: NDArray[np.floating[Any]]) -> Floats:
    """Values on a grid of `STEP`, float32."""
    return (np.round(values.astype(np.float64) / STEP) * STEP).astype(np.float32)
