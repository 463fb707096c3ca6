from typing import NamedTuple
import numpy as np
from numba import njit
from numpy.typing import NDArray
from simulators.scan import read, site_weights

class Sites(NamedTuple):
    motif: NDArray[np.int64]
    strand: NDArray[np.int64]
    start: NDArray[np.int64]
    weight: NDArray[np.float32]

@njit
def scan_block(tables, wide, rows, cut):
    b, length = rows.shape
    k = tables.width.size
    total = np.zeros((b, k, 2), np.float32)
    m = np.empty(b * k * 2 * length, np.int64); s = np.empty_like(m); st = np.empty_like(m); w = np.empty(m.size, np.float32)
    first = np.zeros(b + 1, np.int64)
    count = 0
    padded = length + 4 * tables.weight.shape[2] + 8
    code = np.empty(padded, np.int64); known = np.empty(padded, np.int64); weight = np.empty(length)
    for i in range(b):
        read(rows[i], code, known)
        for j in range(k):
            for strand in range(2):
                total[i, j, strand] = site_weights(tables, j, strand, code, known, weight)
                for p in range(length):
                    if weight[p] > cut:
                        m[count] = j; s[count] = strand; st[count] = p; w[count] = weight[p]
                        count += 1
        first[i + 1] = count
    return total, Sites(m, s, st, w), first
