"""A zip file read in memory: one meaning or none, and no more unpacked than was promised.

Layout after APPNOTE.TXT 6.3 (PKWARE), sections 4.3.7 to 4.3.16.
"""

import struct
import zlib
from dataclasses import dataclass

from leaderboard.reading.text import shown
from leaderboard.refused import Refused

MANIFEST = "manifest.json"
LIMITS = {
    MANIFEST: 512_000,
    "mean.npy": 24_000_000,
    "sd.npy": 24_000_000,
    "quantiles.npy": 24_000_000,
    "predictions.parquet": 12_000_000,
    "predictions.csv": 24_000_000,
}
"""Names of members that are read, and the most bytes that each may unpack to."""
PACKED = 2_000_000
MEMBERS = 4
UNPACKED = 32_000_000
RATIO, FREE = 100, 4_000_000
"""A member may unpack to so many times its size; so many bytes are free, for constant answers pack well."""
STORED, DEFLATED = 0, 8
NEEDED = 20
"""Version of the format, times 10, that deflate needs."""
_END, _CENTRAL, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_END_SIZE, _CENTRAL_SIZE, _LOCAL_SIZE = 22, 46, 30
_FLAGS = 0x0806
"""Flags that change nothing here: how hard deflate tried, and that names are UTF-8."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, still packed; `size` and `crc` are promised, and checked by `unpack`."""

    name: str
    method: int
    packed: bytes
    size: int
    crc: int


def members(data: bytes) -> dict[str, Member]:
    """Files of an archive by name, none unpacked; `Refused` if its headers leave anything open.

    Members lie one after another from the first byte on, central directory and end follow without a gap; headers agree
    byte by byte; no comment, extra field, data descriptor, encryption, folder or link; names as in `LIMITS`.
    """
    if len(data) > PACKED:
        raise Refused("bundle-size", f"more than {PACKED:,} bytes; expected at most {PACKED:,}")
    found: dict[str, Member] = {}
    place = 0
    for name, central, offset in _directory(data):
        if offset != place:
            found_at = f"{name} begins at byte {offset}; expected {place}, where the member before it ends"
            raise Refused("zip-overlap", found_at) if offset < place else Refused("zip-gap", found_at)
        if name in found:
            raise Refused("zip-duplicate", f"{name} stands twice in the archive; expected once")
        found[name], place = _member(data, name, central, offset)
    if place != _start(data):
        raise Refused("zip-gap", f"bytes that belong to no member begin at byte {place}; expected none")
    if sum(member.size for member in found.values()) > UNPACKED:
        raise Refused("zip-size", f"members unpack to more than {UNPACKED:,} bytes in all; expected less")
    return found


def unpack(member: Member) -> bytes:
    """The bytes of a member; at most one more than promised is unpacked; `Refused` if they differ from the promise."""
    if member.method == STORED:
        content, whole = member.packed, True
    else:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = stream.decompress(member.packed, member.size + 1)
        except zlib.error:
            raise Refused("zip-deflate", f"{member.name}: packed bytes are damaged; pack it anew") from None
        whole = stream.eof and not stream.unused_data
    if not whole or len(content) != member.size:
        raise Refused("zip-length", f"{member.name}: unpacks to another size than the {member.size:,} bytes promised")
    if zlib.crc32(content) != member.crc:
        raise Refused("zip-crc", f"{member.name}: its CRC-32 differs from the one promised; pack it anew")
    return content


def _end(data: bytes) -> tuple[int, ...]:
    """Fields of the end record, which has to be the last 22 bytes."""
    place = data.rfind(_END)
    if place < 0:
        raise Refused("zip-none", "no end of a zip archive; expected a whole zip file")
    if place != len(data) - _END_SIZE or data[-2:] != b"\0\0":
        raise Refused("zip-trailing", "a comment or other bytes after the end of the archive; expected none")
    return struct.unpack("<4xHHHHIIH", data[place:])


def _start(data: bytes) -> int:
    """Where the central directory begins."""
    return _end(data)[5]


def _directory(data: bytes) -> list[tuple[str, bytes, int]]:
    """Name, central header and offset of every member, in the order of offsets."""
    disk, first, here, count, size, start, _ = _end(data)
    if 0xFFFF in (here, count) or 0xFFFFFFFF in (size, start):
        raise Refused("zip-64", "a zip64 archive; expected a plain one")
    if disk or first or here != count:
        raise Refused("zip-disks", "an archive in several parts; expected one")
    if not 1 <= count <= MEMBERS:
        raise Refused("zip-count", f"{count} members; expected {MANIFEST} and its predictions, at most {MEMBERS}")
    stop = len(data) - _END_SIZE
    if start + size != stop:
        raise Refused("zip-central", f"its directory ends at byte {start + size}; expected {stop}")
    found, place = [], start
    for _ in range(count):
        head = data[place : min(place + _CENTRAL_SIZE, stop)]
        if len(head) < _CENTRAL_SIZE or not head.startswith(_CENTRAL):
            raise Refused("zip-central", f"no header of a member at byte {place}; expected one")
        length, extra, comment = struct.unpack("<HHH", head[28:34])
        if extra or comment:
            raise Refused("zip-extra", "an extra field or comment of a member; expected none (zip -X leaves them out)")
        place += _CENTRAL_SIZE + length
        if place > stop:
            raise Refused("zip-central", "a name runs over the end of the directory; expected it inside")
        found.append((_name(data[place - length : place]), head, struct.unpack("<I", head[42:46])[0]))
    if place != stop:
        raise Refused("zip-central", f"{stop - place} bytes left in the directory; expected none")
    return sorted(found, key=lambda one: one[2])


def _name(raw: bytes) -> str:
    name = raw.decode("ascii", errors="backslashreplace")
    if name.endswith(("/", "\\")):
        raise Refused("zip-folder", f"a folder {shown(name)}; expected files only")
    if name not in LIMITS:
        raise Refused("zip-name", f"a member {shown(name)}; expected exactly one of {', '.join(LIMITS)}")
    return name


def _member(data: bytes, name: str, central: bytes, offset: int) -> tuple[Member, int]:
    """A member whose two headers agree, and where it ends."""
    need, flags, method, crc, packed, size = struct.unpack("<HHH4xIII", central[6:28])
    if need > NEEDED:
        raise Refused("zip-version", f"{name} needs version {need / 10:g} of zip; expected at most {NEEDED / 10:g}")
    _check_header(name, central, flags, method)
    local = data[offset : offset + _LOCAL_SIZE]
    start = offset + _LOCAL_SIZE + len(name)
    if not local.startswith(_LOCAL) or len(local) < _LOCAL_SIZE:
        raise Refused("zip-local", f"{name}: no header at byte {offset}; expected one")
    if local[4:28] != central[6:30] or data[offset + _LOCAL_SIZE : start] != name.encode():
        raise Refused("zip-mismatch", f"{name}: its header differs from the directory's; expected the same")
    if local[28:] != b"\0\0":
        raise Refused("zip-extra", f"{name}: an extra field; expected none (zip -X leaves them out)")
    if start + packed > _start(data):
        raise Refused("zip-overlap", f"{name} runs into the directory; expected it to end before")
    _check_size(name, method, packed, size)
    return Member(name, method, data[start : start + packed], size, crc), start + packed


def _check_header(name: str, central: bytes, flags: int, method: int) -> None:
    if flags & 0x2041:
        raise Refused("zip-encrypted", f"{name} is encrypted; expected plain bytes")
    if flags & 0x0008:
        raise Refused("zip-descriptor", f"{name}: its sizes follow its bytes; expected them in its header")
    if flags & ~_FLAGS:
        raise Refused("zip-flags", f"{name}: flags {flags:#06x}; expected none but UTF-8 names")
    if method not in (STORED, DEFLATED):
        raise Refused("zip-method", f"{name}: packed by method {method}; expected 0 (stored) or 8 (deflated)")
    disk, attributes = struct.unpack("<H2xI", central[34:42])
    if disk:
        raise Refused("zip-disks", f"{name} lies in another part; expected one archive")
    if attributes >> 28 not in (0, 0o10):
        raise Refused("zip-link", f"{name} is a link or a special file; expected a regular one")
    if attributes & 0x18:
        raise Refused("zip-folder", f"{name} is marked as a folder; expected a file")


def _check_size(name: str, method: int, packed: int, size: int) -> None:
    if size > LIMITS[name]:
        raise Refused("zip-size", f"{name} unpacks to {size:,} bytes; expected at most {LIMITS[name]:,}")
    if size > max(FREE, RATIO * packed):
        raise Refused("zip-ratio", f"{name} unpacks to over {RATIO} times its {packed:,} bytes; expected less")
    if method == STORED and packed != size:
        raise Refused("zip-length", f"{name}: stored {packed:,} bytes and promised {size:,}; expected the same")
