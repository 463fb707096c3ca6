"""A user's table as sequences with measured values: every field checked, what is left out counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.own import fasta
from shiftbench.own.sheet import MISSING, Sheet, read
from shiftbench.score import MEAN
from shiftbench.spec import Table

LONGEST = 20_000
"""Letters that a sequence may have."""
NARROWEST = 16
"""Columns of the letters at least: two poolings over four leave one of them."""
ROLES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("calibration", "calib", "cal"), "calibration"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""What a split column may call the part of a row, in any case of letters."""

_CODE = np.full(256, 4, np.uint8)
for _four in (b"ACGT", b"acgt"):
    _CODE[np.frombuffer(_four, np.uint8)] = range(4)

Floats = NDArray[np.float32]
Texts = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table that have a value of every target, in the order of the file.

    `file` is its name; `id` str (n,), the line if no column tells; `sequence` uint8 (n, longest), A0 C1 G2 T3 N4, a
    shorter one in the middle with N on both sides; `start`, `length` int32 (n,), where its own letters are;
    `observed` float32 (n, targets); `noise_sd` the same, NaN if nothing tells; `replicates` float32 (n, R, targets) or
    None; `group`, `split` str (n,), "" if no column tells, `split` being train, validation, calibration, test or the
    number of a fold;
    `read` rows of the file; `left_out`: those that are not kept, by reason;
    `notes`: what else a reader should know.
    """

    file: str
    targets: tuple[str, ...]
    id: Texts
    sequence: NDArray[np.uint8]
    start: NDArray[np.int32]
    length: NDArray[np.int32]
    observed: Floats
    noise_sd: Floats
    replicates: Floats | None
    group: Texts
    split: Texts
    read: int
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def letters(self) -> NDArray[np.uint8]:
        """Codes with each sequence from the first column on, uint8 (n, longest), N behind a shorter one."""
        longest = self.sequence.shape[1]
        if not self.start.any():
            return self.sequence
        place = (self.start[:, None] + np.arange(longest, dtype=np.int32)) % longest
        return np.take_along_axis(self.sequence, place, axis=1)


def load(table: Table) -> Rows:
    """Rows of the files of `table`, read once a process; `InputError` names file, line and column of what is wrong."""
    return _load(msgspec.json.encode(table))


@lru_cache(maxsize=4)
def _load(table: bytes) -> Rows:
    return _rows(msgspec.json.decode(table, type=Table))


def _rows(table: Table) -> Rows:
    sheet = read(Path(table.file))
    if not table.targets:
        raise InputError(f"{sheet.path}: --target-columns: none; expected the names of the columns of measured values")
    twice = next((name for at, name in enumerate(table.targets) if name in table.targets[:at]), "")
    if twice or MEAN in table.targets:
        found = f"{twice!r} twice" if twice else f"{MEAN!r}, the name of the mean over targets"
        raise InputError(f"{sheet.path}: --target-columns: {found}; expected each once under a name of its own")
    replicates = _replicates(sheet, table)
    observed = np.stack([_target(sheet, name, replicates) for name in table.targets], axis=1)
    replicates, told = _alike(replicates, dict(zip(table.targets, observed.T, strict=True)))
    noise = _noise(sheet, table, replicates)
    ids = _ids(sheet, table)
    letters, notes = _letters(sheet, table, ids)
    notes += told
    for row, codes in enumerate(letters):
        if (codes == 4).all():
            raise sheet.error(row, table.id or table.sequence, "N alone; expected known letters, so remove the row")
    unknown = np.isnan(observed)
    missing = dict(zip(table.targets, unknown.sum(axis=0).tolist(), strict=True))
    if any(missing.values()):
        notes.append(f"Values that are missing: {', '.join(f'{name} {count:,}' for name, count in missing.items())}.")
    kept = np.flatnonzero(~unknown.any(axis=1))
    sequence, start, length = _padded([letters[row] for row in kept])
    return Rows(
        file=sheet.path.name,
        targets=table.targets,
        id=np.array([ids[row] for row in kept], dtype=np.str_),
        sequence=sequence,
        start=start,
        length=length,
        observed=observed[kept].astype(np.float32),
        noise_sd=noise[kept].astype(np.float32),
        replicates=_stacked(replicates, table.targets, kept),
        group=_labels(sheet, table.group, "--group-column", kept),
        split=_roles(sheet, table.split, _labels(sheet, table.split, "--split-column", kept), kept),
        read=len(observed),
        left_out=_left_out(unknown),
        notes=tuple(notes),
    )


def _target(sheet: Sheet, name: str, replicates: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Values of a target: its column, or the mean of its replicates where the table has no such column."""
    if name not in sheet.frame and name in replicates:
        return np.asarray(replicates[name].mean(axis=1))
    return sheet.numbers(name, "--target-columns")


def _replicates(sheet: Sheet, table: Table) -> dict[str, NDArray[np.float64]]:
    """Repeated measurements (n, R) by target."""
    found = {}
    for target, columns in table.replicates.items():
        if target not in table.targets or len(columns) < 2:
            told = f"{target!r} has {len(columns)} columns"
            raise InputError(f"{sheet.path}: --replicate-columns: {told}; expected two or more for one of the targets")
        found[target] = np.stack([sheet.numbers(name, "--replicate-columns") for name in columns], axis=1)
    return found


def _alike(
    replicates: dict[str, NDArray[np.float64]], observed: dict[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Replicates whose mean is their target within half of its SD, and what is told of others."""
    odd = []
    for name, values in replicates.items():
        known = np.isfinite(values).all(axis=1) & np.isfinite(observed[name])
        apart = values[known].mean(axis=1) - observed[name][known]
        if known.any() and np.sqrt(np.square(apart).mean()) > 0.5 * observed[name][known].std() > 0:
            odd.append(name)
    told = [f"Replicates of {name} are no measurements of its column: nothing is taken from them." for name in odd]
    return {name: values for name, values in replicates.items() if name not in odd}, told


def _stacked(
    replicates: dict[str, NDArray[np.float64]], targets: Sequence[str], kept: NDArray[np.intp]
) -> Floats | None:
    """Replicates float32 (n, R, targets), if every target has as many in every row."""
    if {*replicates} != {*targets} or len({values.shape[1] for values in replicates.values()}) != 1:
        return None
    stacked = np.stack([replicates[name][kept] for name in targets], axis=2)
    return stacked.astype(np.float32) if np.isfinite(stacked).all() else None


def _noise(sheet: Sheet, table: Table, replicates: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """SD of the measurement error (n, targets): of the table, else SD of the replicates over root of R, or NaN."""
    count = len(table.targets)
    if len(table.noise) not in (0, 1, count):
        told = f"{len(table.noise)} columns; expected one, or one for each of {count} targets"
        raise InputError(f"{sheet.path}: --noise-column: {told}")
    if table.noise:
        columns = [sheet.numbers(name, "--noise-column", least=0.0) for name in table.noise]
        return np.stack(columns * count if len(columns) == 1 else columns, axis=1)
    unknown = np.full(len(sheet.frame), np.nan)
    spread = {name: values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]) for name, values in replicates.items()}
    return np.stack([spread.get(name, unknown) for name in table.targets], axis=1)


def _ids(sheet: Sheet, table: Table) -> list[str]:
    if not table.id:
        return [f"{sheet.unit} {place}" for place in sheet.place]
    ids = sheet.texts(table.id, "--id-column")
    for wrong, told in ((ids == "", "found none"), (ids.duplicated(), "stands here a second time")):
        if wrong.any():
            row = int(np.argmax(wrong))
            name = ids.iloc[row]
            found = f"{name!r} {told}" if name else told
            raise sheet.error(row, table.id, f"{found}; expected an id of its own for each row")
    return [str(name) for name in ids]


def _letters(sheet: Sheet, table: Table, ids: list[str]) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Codes of every row, from its own column or from the FASTA file, and what is to be told of them."""
    if table.fasta:
        return _from_fasta(sheet, table, ids)
    texts = sheet.texts(table.sequence, "--sequence-column")
    wrong = ~texts.str.fullmatch("[ACGTNacgtn]+") | (texts.str.len() > LONGEST)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise sheet.error(row, table.sequence, _wrong_letters(texts.iloc[row]))
    return [_CODE[np.frombuffer(text.encode(), np.uint8)] for text in texts], []


def _wrong_letters(text: str) -> str:
    if not text:
        return "found no sequence; expected letters of DNA, so mend or remove the row"
    if len(text) > LONGEST:
        return f"found {len(text):,} letters; expected {LONGEST:,} at most, so cut it"
    at = next(place for place, letter in enumerate(text) if letter not in "ACGTNacgtn")
    hint = "T for U" if text[at] in "Uu" else "N for an unknown one"
    return f"found {text[at]!r} at letter {at + 1}; expected A, C, G, T or N ({hint})"


def _from_fasta(sheet: Sheet, table: Table, ids: list[str]) -> tuple[list[NDArray[np.uint8]], list[str]]:
    if not table.id:
        raise InputError(f"{sheet.path}: --fasta without --id-column; expected the column that names its entries")
    found = fasta.read(Path(table.fasta))
    for row, name in enumerate(ids):
        if name not in found.letters:
            raise sheet.error(row, table.id, f"{name!r} has no entry in {table.fasta}; expected one of that name")
        if (size := len(found.letters[name])) > LONGEST:
            raise sheet.error(row, table.id, f"{name!r} has {size:,} letters; expected {LONGEST:,} at most, so cut it")
    spare = len(found.names) - len(ids)
    told = f"{spare:,} entries of {Path(table.fasta).name} have no row in the table and are left out."
    return [found.letters[name] for name in ids], [told] if spare else []


def _padded(letters: list[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
    """Codes (n, longest) with a shorter sequence in the middle, one more N behind it where they are odd; its place."""
    length = np.array([len(codes) for codes in letters], np.int32)
    longest = max(int(length.max(initial=0)), NARROWEST)
    start = ((longest - length) // 2).astype(np.int32)
    padded = np.full((len(letters), longest), 4, np.uint8)
    for row, codes in enumerate(letters):
        padded[row, start[row] : start[row] + length[row]] = codes
    return padded, start, length


def _labels(sheet: Sheet, column: str, option: str, kept: NDArray[np.intp]) -> Texts:
    if not column:
        return np.full(len(kept), "", dtype="<U1")
    texts = sheet.texts(column, option)
    empty = texts.str.lower().isin(MISSING).to_numpy()
    if empty.any():
        row = int(np.argmax(empty))
        said = repr(texts.iloc[row]) if texts.iloc[row] else "nothing"
        raise sheet.error(row, column, f"found {said}; expected a value in each row ({option})")
    return np.array(texts.iloc[kept].tolist(), dtype=np.str_)


def _roles(sheet: Sheet, column: str, found: Texts, kept: NDArray[np.intp]) -> Texts:
    """Roles by one name each, or numbers of folds; `InputError` for a word that is neither."""
    known = np.array([ROLES.get(text.lower(), text.removesuffix(".0")) for text in found], dtype=np.str_)
    fold = np.char.isdigit(known)
    wrong = ~fold & ~np.isin(known, [*ROLES.values(), ""]) | (fold & (not fold.all()))
    if wrong.any():
        row = int(np.argmax(wrong))
        expected = "train, validation, calibration, test in each row, or in each the number of a fold"
        raise sheet.error(int(kept[row]), column, f"found {str(found[row])!r}; expected {expected}")
    return known


def _left_out(unknown: NDArray[np.bool_]) -> dict[str, int]:
    """Rows without a value of any target, and those that lack one of several."""
    none, some = unknown.all(axis=1), unknown.any(axis=1)
    counts = {"without any value": int(none.sum()), "without one of the values": int((some & ~none).sum())}
    return {reason: count for reason, count in counts.items() if count}
