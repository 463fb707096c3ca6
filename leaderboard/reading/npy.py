"""Arrays in NPY format 1.0, float32 little-endian in C order; nothing else is read, nothing is evaluated.

Format: NumPy, "A simple file format for NumPy arrays" (NEP 1).
"""

import re
from math import prod

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading.text import shown
from leaderboard.refused import Refused

MAGIC = b"\x93NUMPY"
HEADER = 1024
"""Most bytes of a header."""
_FIELDS = re.compile(
    r"\{'descr': ?'([^'\\]{1,16})', ?'fortran_order': ?(True|False), ?'shape': ?\(([0-9, ]{0,64})\),? ?\} *\n"
)


def fits(size: int, shape: tuple[int, ...]) -> bool:
    """Whether a file of so many bytes can hold such an array."""
    return 4 * prod(shape) < size <= 4 * prod(shape) + HEADER


def read(data: bytes, shapes: tuple[tuple[int, ...], ...], name: str) -> NDArray[np.float32]:
    """The array of a file, of one of `shapes`, not to be written to; `Refused` for any other file."""
    if data[:6] != MAGIC:
        raise Refused("npy-magic", f"{name}: no NPY file; expected one as numpy.save writes it")
    if data[6:8] != b"\x01\x00":
        raise Refused("npy-version", f"{name}: NPY version {shown(tuple(data[6:8]))}; expected (1, 0)")
    start = 10 + int.from_bytes(data[8:10], "little")
    if start > min(HEADER, len(data)):
        raise Refused("npy-header", f"{name}: a header of {start} bytes; expected at most {HEADER}, inside the file")
    found = _FIELDS.fullmatch(data[10:start].decode("latin-1"))
    if not found:
        raise Refused("npy-header", f"{name}: header {shown(data[10:start])}; expected one as numpy.save writes it")
    descr, fortran, sizes = found.groups()
    if descr != "<f4":
        raise Refused("npy-dtype", f"{name}: dtype {shown(descr)}; expected '<f4' (float32)")
    if fortran == "True":
        raise Refused("npy-order", f"{name}: Fortran order; expected C order (numpy.ascontiguousarray)")
    shape = _shape(sizes)
    if shape not in shapes:
        wanted = " or ".join(map(str, shapes))
        raise Refused("npy-shape", f"{name}: shape ({shown(sizes)[1:-1]}); expected {wanted}, as manifest.json tells")
    if len(data) - start != 4 * prod(shape):
        raise Refused("npy-size", f"{name}: {len(data) - start:,} bytes of numbers; expected {4 * prod(shape):,}")
    return np.frombuffer(data, "<f4", offset=start).reshape(shape)


def _shape(text: str) -> tuple[int, ...]:
    """Sizes between the brackets; () if they are none."""
    sizes = text.replace(" ", "").removesuffix(",").split(",")
    return tuple(map(int, sizes)) if all(re.fullmatch(r"[1-9]\d{0,8}", size) for size in sizes) else ()
