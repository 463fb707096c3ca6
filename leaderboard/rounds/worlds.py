"""The worlds of a round: drawn from its secret alone, with every test set and the canaries among them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import count

import numpy as np
from numpy.typing import NDArray

from leaderboard.rounds.secret import derived
from shiftbench.catalog import load_suite
from shiftbench.models.structural import with_decoys
from shiftbench.predict import reverse_letters
from shiftbench.spec import NULL, SEVERITIES
from shiftbench.tasks.round import Terms, ids
from shiftbench.tasks.simulated import measured
from simulators import mpra, shift
from simulators.contract import Sample, World
from simulators.random import key, uniform

REPEATED = 1
"""Rows of every test set of a world that are asked twice as they are, and as many again on the other strand.

As many of each: anyone sees which rows are repeated, and may not learn from it of which set they are.
"""
PERMUTED = 30
"""Rows of a world whose labels are permuted."""
_TWINS, _STRANDS = slice(REPEATED), slice(REPEATED, 2 * REPEATED)

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Law:
    """What a test set is drawn from: the world of a shift, with its name; `part` is "" at severity 0."""

    part: str
    family: str
    dose: str
    severity: float
    world: World


@dataclass(frozen=True, slots=True)
class Kind:
    """A test set before it was mixed with others: its law, the places of its rows, and the rows with their truth."""

    law: Law
    places: Rows
    sample: Sample


@dataclass(frozen=True, slots=True)
class Canaries:
    """Rows of a world that no score counts, beside those of the sets that they repeat, by their places.

    `twins` (k, 2): a row of a set and another with the same letters; `strands` (k, 2): a row of a set and its reverse
    complement; both from all sets alike, in their order;
    `permuted` (m,): rows with `labels` float32 (m, outputs), which are those of other rows; `constant` (4,): one letter
    throughout.
    """

    twins: Rows
    strands: Rows
    permuted: Rows
    labels: NDArray[np.float32]
    constant: Rows


@dataclass(frozen=True, slots=True)
class Hidden:
    """A world of a round: its source, what is asked (letters uint8 (n, length), shuffled), and what lies where."""

    source: World
    sequence: NDArray[np.uint8]
    kinds: tuple[Kind, ...]
    canaries: Canaries


@lru_cache(maxsize=16)
def hidden(secret: bytes, terms: Terms, number: int) -> Hidden:
    """World `number` of a round, kept for the process; the same secret and terms give the same bytes."""
    own = partial(derived, secret, terms, f"world {number}")
    laws = _reachable(secret, terms, number)
    source, seed = laws[0].world, own("rows")
    samples = [measured(mpra.draw(law.world, terms.test, seed=seed, split=f"{law.family}:{law.dose}")) for law in laws]
    kept = measured(mpra.draw(source, PERMUTED, seed=seed, split="permuted"))
    twins = np.concatenate([sample.sequence[_TWINS] for sample in samples])
    turned = reverse_letters(np.concatenate([sample.sequence[_STRANDS] for sample in samples]))
    constant = np.repeat(np.arange(4, dtype=np.uint8)[:, None], twins.shape[1], axis=1)
    blocks = [sample.sequence for sample in samples] + [twins, turned, kept.sequence, constant]
    letters = np.concatenate(blocks)
    order = shuffled(own("order"), len(letters))
    *sets, again, reverse, permuted, single = _places(order, [len(block) for block in blocks])
    labels = kept.observed[shuffled(own("labels"), len(kept.observed))]
    return Hidden(
        source=source,
        sequence=letters[order],
        kinds=tuple(
            Kind(law, rows, _renamed(sample, rows)) for law, rows, sample in zip(laws, sets, samples, strict=True)
        ),
        canaries=Canaries(
            twins=np.stack([np.concatenate([places[_TWINS] for places in sets]), again], axis=1),
            strands=np.stack([np.concatenate([places[_STRANDS] for places in sets]), reverse], axis=1),
            permuted=permuted,
            labels=labels,
            constant=single,
        ),
    )


def labelled(secret: bytes, terms: Terms, number: int, source: World, role: str) -> Sample:
    """Rows of a role as the assay gives them, without what only a simulator knows."""
    drawn = {"train": terms.rows, "validation": terms.validation, "calibration": terms.calibration}[role]
    seed = derived(secret, terms, f"world {number}", "rows")
    sample = measured(mpra.draw(source, drawn, seed=seed, split=role))
    told = {name: sample.table[name] for name in ("gc", "barcodes", "batch")}
    return replace(sample, truth=None, table=told)


def candidates(secret: bytes, terms: Terms, number: int, source: World) -> tuple[str, ...]:
    """Ids of the public motifs of a world among decoys, sorted, so that nobody knows which are true."""
    stream = derived(secret, terms, f"world {number}", "decoys")
    rng = np.random.Generator(np.random.Philox(key=int.from_bytes(stream, "little")))
    return tuple(sorted(with_decoys(source.program, np.array(source.program.public), rng).tolist()))


def shuffled(stream: bytes, n: int) -> Rows:
    """Random order of n rows, intp (n,)."""
    words = key(stream, "order")
    return np.argsort([uniform(words, item, 0) for item in range(n)], kind="stable")


def _reachable(secret: bytes, terms: Terms, number: int) -> list[Law]:
    """The source, then its shifts.

    A world in which a family ends before its dose is drawn again, so that every table of a round is whole.
    """
    for attempt in count():
        source = mpra.world(derived(secret, terms, f"world {number}", f"attempt {attempt}"))
        try:
            return [*_laws(source, terms.suite)]
        except shift.Unreachable:
            continue
    raise AssertionError  # `count` never ends


def _laws(source: World, suite: str) -> Iterator[Law]:
    yield Law("", NULL, "0", 0.0, source)
    for arm in load_suite(suite).task[0].arms:
        family, dose = arm.split(":")
        found = shift.apply(source, family, SEVERITIES[dose])
        yield Law(found.part, family, dose, SEVERITIES[dose], found.world)


def _places(order: Rows, sizes: list[int]) -> list[Rows]:
    """Where the rows of each block lie in the shuffled order."""
    return np.split(np.argsort(order), np.cumsum(sizes)[:-1])


def _renamed(sample: Sample, places: Rows) -> Sample:
    """The rows under the ids that are asked, each a cluster of its own in its world."""
    return replace(sample, id=ids(int(places.max()) + 1)[places], group=places.astype(np.int32))
