"""A tiny ranked suite from random numbers, with entries of any skill: no store, no simulator, milliseconds."""

import hashlib
from dataclasses import replace
from functools import lru_cache

import msgspec
import numpy as np
import pandas as pd

from leaderboard import bundle as bundles
from leaderboard.answers import Answers
from leaderboard.board import Board, Cell
from leaderboard.bundle import Bundle
from leaderboard.manifest import Answered, Cost, Division, Manifest, Model
from leaderboard.questions import Asked, Questions
from leaderboard.scoring.scored import Scored
from shiftbench.prediction import gaussian
from shiftbench.spec import SEVERITIES
from simulators.contract import Sample, Truth

KINDS = (
    ("", "null", "0"),
    ("genome", "gc", "2"),
    ("genome", "gc", "4"),
    ("genome", "turnover_sites", "3"),
    ("program", "rewiring", "2"),
    ("program", "rewiring", "3"),
    ("program", "cell_type", "3"),
    ("assay", "heteroscedastic", "2"),
    ("assay", "heteroscedastic", "3"),
    ("assay", "batch", "2"),
)
"""Part, family and dose of the cells of a world, as in the suite."""
NOISE = 0.4
"""SD of a measurement in a shifted assay; half of it in the others."""


@lru_cache(maxsize=8)
def board(worlds=2, rows=30, outputs=2, seeds=2, draw=0):
    """A board of that size; f is normal of variance 1, and a program shift blends it with an f of its own."""
    names = tuple(f"cell{number}" for number in range(outputs))
    cells, sets = [], []
    for world in range(100, 100 + worlds):
        for part, family, dose in KINDS:
            label = f"board/board/world{world}/{family}:{dose}/test"
            digest = hashlib.blake2b(f"{draw} {label}".encode(), digest_size=16).hexdigest()
            rng = np.random.default_rng(int(digest[:12], 16))
            sample, source = _sample(rng, rows, names, part, SEVERITIES[dose])
            cells.append(
                Cell(
                    world=str(world),
                    part=part,
                    family=family,
                    dose=dose,
                    severity=SEVERITIES[dose],
                    question=len(sets),
                    rows=np.arange(rows),
                    sample=sample,
                    references=_references(sample, source),
                )
            )
            sets.append(Asked(digest, label, sample.id))
    return Board(Questions("board", 1, "", names, tuple(range(seeds)), tuple(sets)), tuple(cells))


def _sample(rng, rows, names, part, severity):
    """Rows of a cell, and f of the world that was trained on."""
    shape = (rows, len(names))
    source = rng.normal(size=shape)
    share = severity if part == "program" else 0.0
    f = np.sqrt(1 - share) * source + np.sqrt(share) * rng.normal(size=shape)
    sd = np.full(shape, NOISE if part == "assay" else NOISE / 2)
    observed = f + sd * rng.normal(size=shape)
    f, source, sd, observed = (array.astype(np.float32) for array in (f, source, sd, observed))
    sample = Sample(
        id=np.array([f"row{number}" for number in range(rows)]),
        sequence=rng.integers(0, 4, (rows, 40), dtype=np.uint8),
        observed=observed,
        noise_sd=sd,
        reference=np.full(rows, -1, np.int32),
        group=np.arange(rows, dtype=np.int32),
        outputs=names,
        truth=Truth(mean=f, expected=f, sd=sd),
    )
    return sample, source


def _references(sample, source):
    ones = np.ones_like(source)
    return {
        "floor": gaussian(0 * ones, np.sqrt(1 + (NOISE / 2) ** 2).astype(np.float32) * ones),
        "source": gaussian(source, NOISE / 2 * ones),
        "target": gaussian(sample.truth.expected, sample.truth.sd),
    }


def answers(of, skill=0.7, seed=0, *, quantiles=False, sets=None, seeds=None):
    """Answers of a calibrated model: skill 0 is the training mean, 1 the source oracle; `sets` None answers all.

    Predictions of the training seeds share most of their errors, as those of real models do.
    """
    asked = of.questions
    kept = range(len(asked.sets)) if sets is None else sets
    cell_of = {cell.question: cell for cell in of.cells}
    rng = np.random.default_rng((seed, 7))
    means, sds, rows, start = [], [], {}, 0
    for number in kept:
        source = cell_of[number].references["source"].mean
        shape = (len(asked.seeds if seeds is None else seeds), *source.shape)
        off = np.sqrt(0.9) * rng.normal(size=source.shape) + np.sqrt(0.1) * rng.normal(size=shape)
        means.append(skill * source + np.sqrt(skill * (1 - skill)) * off)
        # Never twice the same SD, as a network states it.
        sds.append(np.sqrt(1 - skill + (NOISE / 2) ** 2) * np.exp(0.02 * rng.normal(size=shape)))
        rows[asked.sets[number].digest] = slice(start, start + len(source))
        start += len(source)
    mean, sd = (np.concatenate(parts, axis=1).astype(np.float32) for parts in (means, sds))
    pooled = gaussian(mean.mean(axis=0), sd.mean(axis=0)).quantiles if quantiles else None
    return Answers(mean, sd, pooled, rows)


def manifest(of=None, entry="entry-a", **changes):
    """A manifest that is right for a board (default: `board()`) and for answers to all of it, with `changes`."""
    asked = (board() if of is None else of).questions
    tests = tuple(Answered(label=one.label, digest=one.digest, rows=len(one.ids)) for one in asked.sets)
    fields = {
        "schema_version": 1,
        "suite": asked.suite,
        "suite_version": asked.version,
        "round": asked.round,
        "entry": entry,
        "team": f"team-of-{entry}",
        "title": "A convolutional network",
        "authors": "A. Author",
        "description": "Trained on the rows of the suite.",
        "licence": "BSD-3-Clause",
        "link": "",
        "outputs": asked.outputs,
        "seeds": asked.seeds,
        "tests": tests,
        "model": MODEL,
        "division": DIVISION,
        "training_data": "The training rows of the suite.",
        "pretraining": "none",
        "environment": {"python": "3.11.2", "torch": "2.10.0"},
        "cost": Cost(device="cpu", hardware="2 cores", seconds=600.0, cpu_seconds=600.0),
        "files": {"mean.npy": "0" * 64, "sd.npy": "0" * 64},
    }
    return Manifest(**fields | changes)


MODEL = Model(
    recipe="cnn", network="cnn", wrapper="none", kind="network", selection="best_validation_loss", preset="full",
    rows=50_000, epochs=16, width=1.0, trials=1, parameters=100_000,
)  # fmt: skip
DIVISION = Division(ensemble=False, outside_data=False, generator_aware=False, sees_test_inputs=False, labels=0)


def bundle(of=None, entry="entry-a", skill=0.7, seed=0, *, said=None, **changes):
    """An entry as it is after reading: `said` (default: `answers` of that skill) under a manifest with `changes`."""
    of = board() if of is None else of
    said = answers(of, skill, seed) if said is None else said
    told = manifest(of, entry, **changes)
    tests = tuple(one for one in told.tests if one.digest in said.rows)
    told = told if "tests" in changes else msgspec.structs.replace(told, tests=tests)
    parts = [array for array in (said.mean, said.sd, said.quantiles) if array is not None]
    text = entry.encode() + b"".join(np.ascontiguousarray(array).tobytes() for array in parts)
    return Bundle(told, said, hashlib.sha256(text).hexdigest(), len(text))


def bundle_bytes(folder, of=None, entry="entry-a", skill=0.7, seed=0, **changes):
    """The bytes of such an entry, written through `folder`."""
    made = bundle(of, entry, skill, seed, **changes)
    path = folder / f"{entry}.zip"
    bundles.write(path, made.manifest, made.answers)
    return path.read_bytes()


def with_means(made, mean):
    """A bundle with other means."""
    return replace(made, answers=replace(made.answers, mean=np.asarray(mean, np.float32)), sha256="0" * 64)


def scored(entry, scaled, *, coverage=0.9, source=0.5, labels=0, scale=None, missing=(), copies=()):
    """Numbers of an entry as scoring would give them: `scaled` (worlds, 9, seeds) of the shifted cells of `KINDS`.

    `coverage` of the 90 % intervals at severity 0; `scale` (worlds, 9): which cells have one, by default all.
    """
    scaled = np.asarray(scaled, np.float64)
    scale = np.ones(scaled.shape[:2], bool) if scale is None else np.asarray(scale)
    cells, trainings = [], []
    for world, (of_world, known) in enumerate(zip(scaled, scale, strict=True), 100):
        null = {"world": str(world), "part": "", "family": "null", "dose": "0", "severity": 0.0, "scale": True}
        cells += [
            null | {"metric": "crps", "level": np.nan, "value": 0.3, "scaled": source},
            null | {"metric": "coverage", "level": 0.9, "value": coverage, "scaled": np.nan},
        ]
        for (part, family, dose), seeds, there in zip(KINDS[1:], of_world, known, strict=True):
            place = {"world": str(world), "part": part, "family": family, "dose": dose, "scale": bool(there)}
            number = {"metric": "crps", "level": np.nan, "value": 0.3, "severity": SEVERITIES[dose]}
            cells.append(place | number | {"scaled": seeds.mean() if there else np.nan})
            trainings += [
                place | {"seed": seed, "scaled": value if there else np.nan} for seed, value in enumerate(seeds)
            ]
    told = manifest(entry=entry, division=msgspec.structs.replace(DIVISION, labels=labels))
    frames = [pd.DataFrame(rows) for rows in (cells, trainings, [])]
    return Scored(entry, entry.encode().hex().ljust(64, "0")[:64], told, *frames, tuple(missing), (), tuple(copies))


def mixed(of, said):
    """The same board asked as one shuffled set a world, and the answers to it, as a round does."""
    rng = np.random.default_rng(3)
    sets, cells, order, rows, start = [], [], [], {}, 0
    for world in dict.fromkeys(cell.world for cell in of.cells):
        own = [cell for cell in of.cells if cell.world == world]
        kept = np.concatenate([np.arange(len(cell.rows)) for cell in own])
        which = np.repeat(np.arange(len(own)), [len(cell.rows) for cell in own])
        drawn = rng.permutation(len(which))
        digest = of.questions.sets[own[0].question].digest
        sets.append(
            Asked(digest, f"board/world{world}/test", np.array([f"{number:06}" for number in range(len(drawn))]))
        )
        for number, cell in enumerate(own):
            places = np.empty(len(cell.rows), np.intp)
            there = np.flatnonzero(which[drawn] == number)
            places[kept[drawn][there]] = there
            cells.append(replace(cell, question=len(sets) - 1, rows=places))
        first = [np.arange(said.mean.shape[1])[said.rows[of.questions.sets[cell.question].digest]] for cell in own]
        order.append(np.array([first[cell][row] for cell, row in zip(which[drawn], kept[drawn], strict=True)]))
        rows[digest] = slice(start, start + len(drawn))
        start += len(drawn)
    rows_of = np.concatenate(order)
    quantiles = None if said.quantiles is None else said.quantiles[rows_of]
    answers = Answers(said.mean[:, rows_of], said.sd[:, rows_of], quantiles, rows)
    return Board(replace(of.questions, sets=tuple(sets)), tuple(cells)), answers
