"""Windows in which a model sees substitutions, deletions and insertions of any length, all as long as the reference."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.cagi5_variants import N
from shiftbench.tasks.cagi5_windows import Frame, Windows, cut
from shiftbench.tasks.lentimpra import encode

OFFSETS = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Where a variant lies in the windows of the frame `offsets`, as shares of their width."""


def frame(name: str, width: int) -> Frame:
    """Frame of `width` letters: "" with the variant in the middle, or "offsets" with it at five places."""
    shares = OFFSETS if name else (0.5,)
    offsets = tuple(int(width * share) for share in shares)
    averaged = "; predicted effects are averaged over the distinct windows of a variant" if name else ""
    text = f"{width} letters of the reference, the variant at offset {', '.join(map(str, offsets))}{averaged}"
    return Frame(width, offsets, False, text)


def lay(
    laid: Frame,
    letters: NDArray[np.uint8],
    place: NDArray[np.int64],
    removed: NDArray[np.int64],
    inserted: NDArray[np.str_],
) -> Windows:
    """Windows of variants that take `removed` letters away at `place` and put `inserted` there.

    A substitution as `cut`. A deletion draws the following letters of the reference up, N where there is none; an
    insertion pushes the last letters out. Both alleles have the same window, which an insertion may leave unchanged.
    """
    single = (removed == 1) & (np.strings.str_len(inserted) == 1)
    codes = [encode(text) for text in inserted.tolist()]
    alt = np.array([code[0] if one else N for code, one in zip(codes, single.tolist(), strict=True)], np.uint8)
    windows = cut(laid, letters, place, alt)
    alternatives = windows.alternatives.copy()
    for row in np.flatnonzero(~single[windows.variant]):
        number = windows.variant[row]
        start, at = int(windows.start[row]), int(place[number])
        alternatives[row] = _changed(letters, start, laid.width, at, int(removed[number]), codes[number])
    return dataclasses.replace(windows, alternatives=alternatives)


def _changed(
    letters: NDArray[np.uint8], start: int, width: int, place: int, removed: int, inserted: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """`width` letters from `start` on, which may be negative, of the reference with the change at `place`."""
    follows = letters[place + removed : place + removed + width]
    shown = np.concatenate([letters[max(start, 0) : place], inserted, follows])[: width + min(start, 0)]
    return np.pad(shown, (max(-start, 0), width - max(-start, 0) - len(shown)), constant_values=N)


def inside(
    windows: Windows, width: int, place: NDArray[np.int64], removed: NDArray[np.int64], inserted: NDArray[np.str_]
) -> NDArray[np.bool_]:
    """Variants (n,) whose change lies wholly inside every window of theirs, and shows in it."""
    of = windows.variant
    last = place[of] + np.maximum(removed, np.strings.str_len(inserted))[of]
    seen = (last <= windows.start + width) & (windows.alternatives != windows.references[windows.reference]).any(axis=1)
    found = np.ones(len(place), bool)
    found[of[~seen]] = False
    return found


def join(parts: Sequence[Windows]) -> Windows:
    """Windows of several references as one, variants and references numbered through."""
    variants = np.cumsum([0, *(int(part.variant.max(initial=-1)) + 1 for part in parts)])
    references = np.cumsum([0, *(len(part.references) for part in parts)])
    return Windows(
        references=np.concatenate([part.references for part in parts]),
        alternatives=np.concatenate([part.alternatives for part in parts]),
        variant=np.concatenate([part.variant + first for part, first in zip(parts, variants[:-1], strict=True)]),
        reference=np.concatenate([part.reference + first for part, first in zip(parts, references[:-1], strict=True)]),
        start=np.concatenate([part.start for part in parts]),
    )
