"""The manifest of an entry: everything that is declared, none of it a score."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

VERSION = 1
"""Raised when a field changes."""

File = Literal["mean.npy", "sd.npy", "quantiles.npy", "predictions.parquet", "predictions.csv"]
"""What may lie beside the manifest."""

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
NodeDigest = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
Line = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=2000)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Amount = Annotated[float, Meta(ge=0, le=1e15)]


class Answered(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A test set that the entry answers: its label, the digest of its data, its number of rows."""

    label: Annotated[str, Meta(max_length=200)]
    digest: NodeDigest
    rows: Annotated[int, Meta(ge=1, le=100_000)]


class Model(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was trained and how: `recipe`, its `network` and `wrapper`, selection rule, sizes and tuning.

    `rows` and `epochs` of one fit, `width` the share of the channels; `trials` configurations that were tried on this
    suite, this one among them; `preset` "cpu" for the small sizes of the suite, "full" for its own.
    """

    recipe: Line
    network: Line
    wrapper: Line
    kind: Literal["network", "control", "callable", "embedding", "predictions"]
    selection: Literal["best_validation_loss", "last", "none"]
    preset: Literal["cpu", "full"]
    rows: Count
    epochs: Count
    width: Annotated[float, Meta(gt=0, le=16)]
    trials: Count
    parameters: Count


class Division(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What sets entries apart; declared, since predictions cannot prove it.

    `ensemble`: several fits are joined into one answer; `outside_data`: trained on anything but the training rows;
    `generator_aware`: uses what is known of the simulator (its JASPAR release, its law); `sees_test_inputs`: fitted or
    calibrated on test sequences; `labels`: labelled rows of each test law used.
    """

    ensemble: bool
    outside_data: bool
    generator_aware: bool
    sees_test_inputs: bool
    labels: Literal[0, 32, 256]


class Cost(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the fits of one seed cost on the hardware that is named: seconds of wall time and of CPU, all worlds."""

    device: Line
    hardware: Line
    seconds: Amount
    cpu_seconds: Amount


class Weights(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A release asset with the weights (safetensors), named by digest; it is never executed here."""

    name: Line
    sha256: Digest


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that an entry declares.

    `seeds`: of the fits, in the order of the answers; `training_data`, `pretraining`: what it was trained on, and what
    it had seen before; `environment`: versions by package; `files`: SHA-256 of every other member of the bundle.
    """

    schema_version: Literal[1]
    suite: Annotated[str, Meta(max_length=40)]
    suite_version: Annotated[int, Meta(ge=1, le=10_000)]
    round: Annotated[str, Meta(max_length=40)]
    entry: Slug
    team: Slug
    title: Line
    authors: Line
    description: Text
    licence: Line
    link: Annotated[str, Meta(max_length=300)]
    outputs: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(min_length=1, max_length=16)]
    seeds: Annotated[tuple[Annotated[int, Meta(ge=0, le=2**31 - 1)], ...], Meta(min_length=1, max_length=64)]
    tests: Annotated[tuple[Answered, ...], Meta(min_length=1, max_length=1000)]
    model: Model
    division: Division
    training_data: Text
    pretraining: Text
    environment: Annotated[dict[Line, Line], Meta(max_length=40)]
    cost: Cost
    weights: Weights | None = None
    files: Annotated[
        dict[File, Digest],
        Meta(min_length=1, max_length=3, extra_json_schema={"propertyNames": {"enum": list(get_args(File))}}),
    ]
