"""Typed records of a plan: suites and recipes as read from TOML, and the four kinds of node with their digests."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from shiftbench.errors import InputError

KEY_VERSION = 2
"""Raised when the meaning of a node's inputs changes, so that no older node is taken for a newer one."""

Scored = Literal["value", "difference"]
Count = Annotated[int, Meta(ge=0)]
AtLeastOne = Annotated[int, Meta(ge=1)]

SEVERITIES = {"0": 0.0, "1": 0.05, "2": 0.15, "3": 0.30, "4": 0.50, "5": 0.75, "full": 1.0, "reverse": 2.0}
"""Severity of each dose; `full` and `reverse` are arms of concept families."""

NULL = "null"
"""Shift that changes nothing: a second test set of the training law, which shows what chance alone does."""
COMPOUND_DOSES = ("2", "3")
"""Doses at which two families (`a+b`) act together; a compound of two larger ones would leave nothing to predict."""

PRIOR = "_prior"
"""Ending of the name of a recipe that has structural priors, beside the same without."""

TIERS = ("smoke", "bench", "core", "full")


class Tier(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes of one tier of a task; never part of a digest. `rows` = 0 takes all training rows.

    `doses` of every family; `shifts` narrows the families of the task, with their arms, to those named; `recipes`
    narrows the networks likewise; `seeds_of` gives the seeds of recipes that have others than `seeds`.
    """

    rows: Count
    validation: AtLeastOne
    calibration: AtLeastOne
    test: Count
    seeds: AtLeastOne
    worlds: AtLeastOne = 1
    doses: tuple[int, ...] = ()
    shifts: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    seeds_of: dict[str, AtLeastOne] = {}
    epochs: AtLeastOne = 8
    batch: AtLeastOne = 32
    width: Annotated[float, Meta(gt=0)] = 1.0
    resamples: AtLeastOne = 1000


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A user's own table: where it lies, and which of its columns say what.

    `file` TSV, CSV or Parquet (.gz too); with `fasta`, sequences come from there by `id`. `targets` are measured
    values, `noise` the SD of their measurement error (one column for all targets, or one each), `replicates` the
    columns of the repeated measurements of a target. `group` names what shall not be torn apart, `split` the role or
    fold of a row. `digest` is of what the files hold, set at planning; paths are no part of a node's name.
    """

    file: str
    digest: str = ""
    sequence: str = "sequence"
    targets: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    replicates: dict[str, tuple[str, ...]] = {}
    id: str = ""
    group: str = ""
    split: str = ""
    fasta: str = ""


class Variants(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A user's own variants with measured effects: where they lie, which columns say what, and how a model sees them.

    `file` is a VCF or a table (TSV, CSV, Parquet; .gz too), `fasta` holds the elements or chromosomes by name. `digest`
    is of what the files hold, set at planning; paths are no part of a node's name.
    `element`, `position`, `ref`, `alt` are columns of a table; `effect`, `confidence` and `repeat` (the effect in a
    repeat of the experiment) columns of it or INFO keys of a VCF. Positions count from 1, or from 0 with `zero_based`.
    An effect is confident if its `confidence` is `at_most` or `at_least` a bound.
    `output` of the fits predicts; they see `window` letters between `left` and `right`. What is left open of these
    three is that of the task whose fits predict.
    """

    file: str
    fasta: str = ""
    digest: str = ""
    element: str = "element"
    position: str = "position"
    ref: str = "ref"
    alt: str = "alt"
    effect: str = "effect"
    confidence: str = ""
    repeat: str = ""
    zero_based: bool = False
    at_most: float | None = None
    at_least: float | None = None
    output: str = ""
    window: Count = 0
    left: str = ""
    right: str = ""


class Round(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A round of the leaderboard: its `file` round.json, and the SHA-256 of that, which names all other files."""

    file: str
    digest: str


class Task(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A training set and the test sets asked of it.

    `data` names the provider; `trained_on` another task (suite/name) whose fits predict this one, at its sizes, but
    for those of the test set, which `sizes` gives by tier (none: all there is);
    `shifts` families, each at the doses of the tier, of which `doses` keeps some (none: all); `arms` further named
    doses, as family:arm, reported and never averaged;
    `subsets` real subsets, `fewer` a narrower list by tier; `at` the tiers at which the task is run (none: all);
    `scored` value, or difference of a row and its reference;
    `labelled` rows at the head of each test set, with all of their clusters, are scored by nobody: as many of them as
    one of `budgets` says calibrate the wrappers that calibrate (0: rows of the source law do);
    worlds count from `first_world`;
    `table`, `variants` a user's own files, from which all follows that is not said; `round` the round of a suite
    whose tests have no labels.
    """

    name: str
    data: str
    recipes: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    tiers: dict[str, Tier] = {}
    trained_on: str = ""
    sizes: dict[str, AtLeastOne] = {}
    split: str = ""
    shifts: tuple[str, ...] = ()
    doses: tuple[int, ...] = ()
    arms: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ("",)
    fewer: dict[str, tuple[str, ...]] = {}
    at: tuple[str, ...] = ()
    labelled: Count = 0
    budgets: tuple[Count, ...] = (0,)
    views: tuple[str, ...] = ("plain",)
    scored: Scored = "value"
    first_world: Count = 0
    table: Table | None = None
    variants: Variants | None = None
    round: Round | None = None


class Check(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One inequality that a claim rests on, judged for every recipe by itself.

    The number is `metric` (of `target`, at `level`, mean over outputs) of `task` at the test set `at`, by itself or
    compared, as ratio or difference, with that at `against`, or, with `prior`, of the recipe that has structural priors
    with the one that has not.
    Test sets are named shift:dose, subset, or "" (without a shift). Claimed is that it lies `above` or `below` a bound.
    """

    says: str
    task: str
    metric: str
    at: str = ""
    target: str = "observed"
    level: float | None = None
    compare: Literal["", "ratio", "difference"] = ""
    against: str = ""
    prior: bool = False
    above: float | None = None
    below: float | None = None


class Claim(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A statement to be judged, from a `source`, with the checks that it rests on, all written before the run.

    `recipes` are the networks that it is judged for.
    """

    name: str
    text: str
    source: str
    recipes: tuple[str, ...]
    check: tuple[Check, ...]


class Suite(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question, as a file. `include` lists suites run as they are; `primary` is the metric named in advance."""

    name: str
    version: AtLeastOne
    title: str
    question: str
    source: str
    primary: str = ""
    include: tuple[str, ...] = ()
    task: tuple[Task, ...] = ()
    claim: tuple[Claim, ...] = ()


class Recipe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Network with its head, strategy and optimiser settings; a tier sets epochs, batch and the share of `channels`.

    `network` names a network or control, a predictor without training (`callable`), a frozen embedding with a ridge
    head, `path.py:name` or `module:name` of one of them, or a file of predictions; `code` is the digest of its source
    file, or of the predictions, if it is from outside. `prior` structural gives it what is known of motifs beside the
    letters (GC where nothing is). Of all but networks only `name`, `network`, `kind` and `code` count.
    """

    name: str
    network: str
    kind: Literal["network", "control", "callable", "embedding", "predictions"] = "network"
    prior: Literal["", "structural"] = ""
    loss: str = "beta_nll"
    channels: AtLeastOne = 32
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.05
    peak_lr: Annotated[float, Meta(gt=0)] = 8e-3
    weight_decay: Annotated[float, Meta(ge=0)] = 0.01
    patience: AtLeastOne = 6
    selection: Literal["best_validation_loss", "last"] = "best_validation_loss"
    code: str = ""


class Budget(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a fit may spend."""

    epochs: Count
    batch: Count


class Data(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="data"):
    """A training set (train + validation), a calibration set of the same law, or a test set.

    `provider` and `version` say who makes it, `code` is the digest of its source file if it is from outside; `seed` is
    of the draw or split; `world` is the number of the world draw; `rows` = 0 takes all; `shift` and `severity` say
    which world is tested; `subset` and `split` which real rows; `optional` which files beyond the needed were at hand;
    `table` and `variants` which files of the user's own, `round` which round.
    """

    provider: str
    version: int
    role: Literal["training", "calibration", "test"]
    seed: int = 0
    world: int = 0
    rows: Count = 0
    validation: Count = 0
    shift: str = ""
    severity: float = 0.0
    subset: str = ""
    split: str = ""
    optional: tuple[str, ...] = ()
    code: str = ""
    table: Table | None = None
    variants: Variants | None = None
    round: Round | None = None


class Fit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="fit"):
    """A recipe trained on a training set with a seed; `training` and `parents` are digests."""

    training: str
    recipe: Recipe
    seed: int
    budget: Budget
    parents: tuple[str, ...] = ()


class Predict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="prediction"):
    """What a fit says of a test or calibration set under a view; `fit` and `test` are digests."""

    fit: str
    test: str
    view: str = "plain"


class Score(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="score"):
    """Metrics of wrapped predictions beside their floor and ceilings; all but names are digests.

    `calibration_set` is the test set itself where `budget` > 0 of its `labelled` rows calibrate.
    """

    predictions: tuple[str, ...]
    calibration: tuple[str, ...]
    test: str
    calibration_set: str
    references: dict[str, str]
    wrapper: str
    metrics: tuple[str, ...]
    scored: Scored
    version: int
    resamples: int
    labelled: Count = 0
    budget: Count = 0


Node = Data | Fit | Predict | Score


def digest(node: Node) -> str:
    """Name of a node: 32 hex digits of BLAKE2b over the canonical JSON of its inputs.

    Defaults are left out, so that a field added later renames no older node; where a digest of the code or of a file
    stands, its path does not count.
    """
    if isinstance(node, Data) and node.code:
        node = msgspec.structs.replace(node, provider=Path(node.provider).name)
    if isinstance(node, Data):
        own = {name: getattr(node, name) for name in ("table", "variants")}
        bare: dict[str, Any] = {
            name: msgspec.structs.replace(files, file="", fasta="") for name, files in own.items() if files
        }
        if node.round:
            bare["round"] = msgspec.structs.replace(node.round, file="")
        node = msgspec.structs.replace(node, **bare)
    if isinstance(node, Fit) and node.recipe.code:
        recipe = msgspec.structs.replace(node.recipe, network=Path(node.recipe.network).name)
        node = msgspec.structs.replace(node, recipe=recipe)
    text = msgspec.json.encode([KEY_VERSION, _given(node)], order="deterministic")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _given(record: Struct) -> dict[str, Any]:
    """Fields of a record that differ from their defaults, records within likewise, and its kind."""
    fields = {field.name: (getattr(record, field.name), field.default) for field in msgspec.structs.fields(record)}
    given = {name: value for name, (value, default) in fields.items() if value != default}
    return {"kind": type(record).__name__} | {
        name: _given(value) if isinstance(value, Struct) else value for name, value in given.items()
    }


def decode(text: bytes, kind: Any, where: str) -> Any:
    """Record of type `kind` from TOML bytes; `InputError` names the file and the key at fault."""
    try:
        return msgspec.toml.decode(text, type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"{where}: {_explain(str(error), kind)}") from None


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Ending of an error line about an unknown name: the nearest known one and the list of all."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" known: {', '.join(sorted(known))}"


def _explain(message: str, kind: Any) -> str:
    if "unknown field" not in message:
        return message
    found = message.split("`")[1]
    known = [
        field
        for record in (kind, Task, Tier, Recipe, Claim, Check, Table, Variants)
        if hasattr(record, "__struct_fields__")
        for field in record.__struct_fields__
    ]
    return message + did_you_mean(found, sorted(set(known)))
