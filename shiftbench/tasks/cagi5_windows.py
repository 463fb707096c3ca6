"""Windows of an element in which a model sees a variant: the reference letters, and the same with the variant."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftbench.tasks.cagi5_variants import N


@dataclass(frozen=True, slots=True)
class Frame:
    """How windows are laid: `width` letters, the variant `offsets` letters into them.

    `beyond`: they may reach beyond the element, where all letters are N; else they are moved as far as it takes to stay
    inside it. `text` says it to a reader.
    """

    width: int
    offsets: tuple[int, ...]
    beyond: bool
    text: str


FRAMES = {
    "": Frame(
        200, (100,), False, "200 bases of the element between the adapters of the library, the variant at offset 100"
    ),
    "offsets": Frame(
        200,
        (40, 70, 100, 130, 160),
        False,
        "200 bases of the element between the adapters of the library, the variant at offsets 40, 70, 100, 130 and 160;"
        " predicted effects are averaged over the distinct windows of a variant",
    ),
    "paper-window": Frame(
        230,
        (115,),
        True,
        "230 bases centred on the variant without adapters; beyond the element N stands for the 0.25 a base of the"
        " original protocol, which letter codes cannot say",
    ),
}
"""Ways of laying windows, by the ending of `split`; the first is the primary one."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of r reference sequences and of m (variant, window) pairs.

    `references` uint8 (r, width), all distinct in where they start; `alternatives` uint8 (m, width); `variant` (m,)
    index of the variant; `reference` (m,) row in `references`; `start` (m,) of the window within the element, negative
    where it begins before it.
    """

    references: NDArray[np.uint8]
    alternatives: NDArray[np.uint8]
    variant: NDArray[np.intp]
    reference: NDArray[np.intp]
    start: NDArray[np.int64]


def cut(frame: Frame, element: NDArray[np.uint8], place: NDArray[np.int64], alt: NDArray[np.uint8]) -> Windows:
    """Windows of variants that lie at `place` of an element and put the letter `alt` there, or (4) remove one.

    A window that two offsets share counts once. An element shorter than a window is centred between N. A deletion
    draws the following bases of the element up and ends with the next one, N where there is none. Both alleles of a
    variant have the same window.
    """
    lacking = max(frame.width - len(element), 0)
    before, after = (frame.width // 2,) * 2 if frame.beyond else (lacking // 2, lacking - lacking // 2)
    filled = np.pad(element, (before, after + 1), constant_values=N)  # one more: what a deletion draws up at the end
    last = len(filled) - 1 - frame.width
    starts = np.clip(place[:, None] + before - np.array(frame.offsets), 0, last)
    pairs = np.unique(np.column_stack([np.repeat(np.arange(len(place)), len(frame.offsets)), starts.ravel()]), axis=0)
    variant, start = pairs.T
    distinct, reference = np.unique(start, return_inverse=True)
    longer = np.lib.stride_tricks.sliding_window_view(filled, frame.width + 1)
    return Windows(
        references=longer[distinct, :-1],
        alternatives=_changed(longer[start], place[variant] + before - start, alt[variant]),
        variant=variant,
        reference=reference.ravel(),
        start=start - before,
    )


def _changed(longer: NDArray[np.uint8], inside: NDArray[np.int64], alt: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Windows with the letter at `inside` replaced or removed, uint8 (m, width), from windows one letter longer."""
    column = np.arange(longer.shape[1] - 1)
    skip = (alt == N)[:, None] & (column >= inside[:, None])
    changed = np.take_along_axis(longer, column + skip, axis=1)
    replaced = np.flatnonzero(alt != N)
    changed[replaced, inside[replaced]] = alt[replaced]
    return changed
