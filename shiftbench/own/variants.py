"""A user's own variants as a task: measured effects, in windows like the sequences of the fits that predict them."""

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError, Skipped
from shiftbench.own.variants_elements import Element, Rows, blocks
from shiftbench.own.variants_facts import facts
from shiftbench.own.variants_load import KINDS, Loaded, load
from shiftbench.own.variants_windows import frame, inside, join, lay
from shiftbench.spec import Data, did_you_mean
from shiftbench.tasks.cagi5_windows import Frame, Windows
from shiftbench.tasks.files import Files
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform
from shiftbench.tasks.variant_sample import BLOCK, Effects, assemble

FRAMES = ("", "offsets")
"""Ways of laying windows, by the ending of `split`; the first is the primary one."""

Parts = list[tuple[Element, Rows]]


class OwnVariants:
    """Provider of the effects of a user's own variants: test sets only, by element (`subset`), of one kind (`split`).

    Splits: substitutions (of one letter) or indels (all else), alone (one window, the variant in its middle) or
    followed by /offsets (five windows). The sample is as `assemble` says. `rows` > 0 keeps the variants of the lowest
    hash, so a smaller set lies in a larger one.
    """

    version = 1
    files: tuple[str, ...] = ()

    def build(self, data: Data, files: Files) -> Built:
        """Sample of a test set; `Skipped` if no window shows its variants, `InputError` for what is unknown."""
        asked = data.variants
        if data.role != "test" or data.shift or asked is None:
            raise InputError(f"task variants: role {data.role!r}, shift {data.shift!r}; expected 'test' and variants")
        kind, _, ending = data.split.partition("/")
        if kind not in KINDS or ending not in FRAMES:
            expected = " or ".join(map(repr, KINDS))
            raise InputError(
                f"task variants: split is {data.split!r}; expected {expected}, alone or ending in /offsets"
            )
        loaded = load(asked)
        known = loaded.sets(kind)
        if data.subset not in known:
            raise InputError(f"task variants: no subset {data.subset!r}{did_you_mean(data.subset, list(known))}")
        laid = frame(ending, asked.window)
        parts = _shown(loaded, known[data.subset], laid)
        unseen = sum(len(rows) for _, rows in known[data.subset]) - sum(len(rows) for _, rows in parts)
        if not parts:
            raise Skipped(f"task variants, {data.subset}: none of {unseen} variants shows wholly in its window")
        parts = _fewer(loaded, parts, data.rows)
        windows = join([_lay(loaded, element, rows, laid) for element, rows in parts])
        sample = assemble(_effects(loaded, parts), windows, asked.output, asked.left, asked.right)
        return Built({"test": sample}, facts(asked, data, loaded, parts, windows, laid, unseen))


def _lay(loaded: Loaded, element: Element, rows: Rows, laid: Frame) -> Windows:
    placed = loaded.placed
    place = placed.place[rows] - element.first
    return lay(laid, element.letters, place, placed.removed[rows], placed.inserted[rows])


def _shown(loaded: Loaded, parts: Parts, laid: Frame) -> Parts:
    """The variants whose windows show them whole."""
    placed, found = loaded.placed, []
    for element, rows in parts:
        windows = _lay(loaded, element, rows, laid)
        place = placed.place[rows] - element.first
        kept = rows[inside(windows, laid.width, place, placed.removed[rows], placed.inserted[rows])]
        if len(kept):
            found.append((element, kept))
    return found


def _fewer(loaded: Loaded, parts: Parts, limit: int) -> Parts:
    """The `limit` variants of the lowest hash of all parts, 0 for all of them."""
    every = np.concatenate([rows for _, rows in parts])
    if not limit or limit >= len(every):
        return parts
    order = np.argsort(uniform(_names(loaded, every).tolist(), "variants/order"), kind="stable")
    kept = every[order[:limit]]
    chosen = [(element, rows[np.isin(rows, kept)]) for element, rows in parts]
    return [(element, rows) for element, rows in chosen if len(rows)]


def _names(loaded: Loaded, rows: Rows) -> NDArray[np.str_]:
    known = [loaded.known[name][rows].tolist() for name in ("element", "position", "ref", "alt")]
    return np.array([f"{name}:{position}:{ref}>{alt}" for name, position, ref, alt in zip(*known, strict=True)])


def _effects(loaded: Loaded, parts: Parts) -> Effects:
    rows = np.concatenate([rows for _, rows in parts])
    return Effects(
        id=_names(loaded, rows),
        element=np.concatenate([np.full(len(rows), element.name) for element, rows in parts]),
        effect=loaded.placed.rows.effect[rows].astype(np.float32),
        noise_sd=np.full(len(rows), np.nan, np.float32),
        block=np.concatenate([*blocks(parts, loaded.placed.place, BLOCK)]),
        table={name: column[rows] for name, column in loaded.known.items()},
    )
