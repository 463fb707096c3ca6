"""Which sequences share an exact k-mer on either strand: clusters for honest splits, and the audit of a split."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Sequences = NDArray[np.uint8]

_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)
_TOP, _MIDDLE = np.uint64(62), np.uint64(32)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def clusters(sequence: Sequences, k: int = 50) -> NDArray[np.int32]:
    """Label of the connected component of every row; rows that share a k-mer on either strand are connected.

    `sequence` uint8 (n, L), A0 C1 G2 T3, other codes match nothing; `k` 1 to 64. Labels int32 (n,), 0, 1, ... in the
    order of the lowest row. K-mers are compared exactly (128 bits), so none is merged by a hash collision.
    About 20 bytes of memory per slot, two to three slots a k-mer. `ValueError` for another `k`.
    """
    root = _link(sequence, k, _masks(k), *_table(sequence, k))
    return np.unique(root, return_inverse=True)[1].astype(np.int32)


def shared(a: Sequences, b: Sequences, k: int = 50) -> NDArray[np.bool_]:
    """Whether a row of `a` has a k-mer, on either strand, that some row of `b` has; bool (len(a),)."""
    masks = _masks(k)
    keys, owner = _table(b, k)
    _link(b, k, masks, keys, owner)
    return _present(a, k, masks, keys, owner)


def _table(sequence: Sequences, k: int) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    windows = len(sequence) * max(sequence.shape[1] - k + 1, 0)
    size = 1 << max(4, (windows * 3 // 2).bit_length())
    return np.empty((size, 2), np.uint64), np.zeros(size, np.int32)


def _masks(k: int) -> NDArray[np.uint64]:
    """Masks of the high and the low word of a k-mer, and the two places where a complement letter enters."""
    if not 1 <= k <= 64:
        raise ValueError(f"k is {k}; expected 1 to 64 letters")
    full, enters = (1 << 2 * k) - 1, 1 << 2 * (k - 1)
    word = (1 << 64) - 1
    return np.array([full >> 64, full & word, enters >> 64, enters & word], dtype=np.uint64)


@njit(cache=True)
def _canonical(row: Sequences, k: int, masks: NDArray[np.uint64], keys: NDArray[np.uint64]) -> int:
    """Fill `keys` (windows, 2) with the smaller of each k-mer and its reverse complement; returns how many."""
    high = low = back_high = back_low = np.uint64(0)
    run = count = 0
    for code in row:
        if code > 3:
            run = 0
            continue
        letter = np.uint64(code)
        high = ((high << _TWO) | (low >> _TOP)) & masks[0]
        low = ((low << _TWO) | letter) & masks[1]
        back_low = (back_low >> _TWO) | ((back_high & _THREE) << _TOP)
        back_high = (back_high >> _TWO) | (masks[2] * (_THREE - letter))
        back_low |= masks[3] * (_THREE - letter)
        run += 1
        if run >= k:
            forward = high < back_high or (high == back_high and low <= back_low)
            keys[count, 0] = high if forward else back_high
            keys[count, 1] = low if forward else back_low
            count += 1
    return count


@njit(cache=True)
def _slot(high: np.uint64, low: np.uint64, keys: NDArray[np.uint64], owner: NDArray[np.int32]) -> np.uint64:
    """Slot that holds this k-mer, or the empty one where it belongs (linear probing)."""
    last = np.uint64(len(owner) - 1)
    hashed = (high * _MIX) ^ low
    hashed = (hashed ^ (hashed >> _MIDDLE)) * _MIX
    slot = (hashed ^ (hashed >> _MIDDLE)) & last
    while owner[slot] != 0 and (keys[slot, 0] != high or keys[slot, 1] != low):
        slot = (slot + _ONE) & last
    return slot


@njit(cache=True)
def _root(row: int, parent: NDArray[np.int32]) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@njit(cache=True)
def _link(
    sequence: Sequences, k: int, masks: NDArray[np.uint64], keys: NDArray[np.uint64], owner: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Enter every k-mer with its first row + 1 as owner; returns the lowest row of the component of every row."""
    parent = np.arange(len(sequence)).astype(np.int32)
    own = np.empty((max(sequence.shape[1], 1), 2), np.uint64)
    for row in range(len(sequence)):
        for i in range(_canonical(sequence[row], k, masks, own)):
            slot = _slot(own[i, 0], own[i, 1], keys, owner)
            if owner[slot] == 0:
                keys[slot, 0], keys[slot, 1] = own[i, 0], own[i, 1]
                owner[slot] = row + 1
            else:
                one, other = _root(owner[slot] - 1, parent), _root(row, parent)
                parent[max(one, other)] = min(one, other)
    for row in range(len(sequence)):
        parent[row] = _root(row, parent)
    return parent


@njit(cache=True)
def _present(
    sequence: Sequences, k: int, masks: NDArray[np.uint64], keys: NDArray[np.uint64], owner: NDArray[np.int32]
) -> NDArray[np.bool_]:
    found = np.zeros(len(sequence), np.bool_)
    own = np.empty((max(sequence.shape[1], 1), 2), np.uint64)
    for row in range(len(sequence)):
        for i in range(_canonical(sequence[row], k, masks, own)):
            if owner[_slot(own[i, 0], own[i, 1], keys, owner)] != 0:
                found[row] = True
                break
    return found
