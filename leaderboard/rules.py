"""Rules by the code of their refusal; the table in the README is written from here.

python -m leaderboard.rules --write leaderboard/README.md
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from shiftbench import marks

RULES: dict[str, str] = {
    # the file
    "file-kind": "The file is a regular one: no link, folder, pipe or device.",
    "file-name": "The file is called by its entry: `<entry>.zip`.",
    "bundle-size": "At most 2,000,000 bytes, packed.",
    "bundle-memory": "Reading takes at most 512 MiB of addresses.",
    "bundle-time": "Reading takes at most 20 s of CPU and 60 s of wall time.",
    "bundle-reader": "Reading comes to an end of its own.",
    # the archive
    "zip-none": "The file is a zip archive.",
    "zip-trailing": "Nothing follows the end of the archive, no comment either.",
    "zip-64": "No zip64.",
    "zip-disks": "One archive, not one of several parts.",
    "zip-count": "One to four members.",
    "zip-central": "The central directory lies between members and end, and holds whole headers only.",
    "zip-extra": "No extra fields, no comments of members (`zip -X` leaves them out).",
    "zip-folder": "No folders.",
    "zip-name": "Members are called manifest.json, mean.npy, sd.npy, quantiles.npy, predictions.parquet or "
    "predictions.csv, letter by letter; nothing else is read.",
    "zip-duplicate": "No member twice.",
    "zip-gap": "Members follow one another from the first byte on.",
    "zip-overlap": "No two members share bytes.",
    "zip-local": "Every member has its header where the directory says.",
    "zip-mismatch": "The two headers of a member agree byte by byte.",
    "zip-encrypted": "Nothing is encrypted.",
    "zip-descriptor": "Sizes stand before the bytes, not after them.",
    "zip-flags": "No flags but those of UTF-8 names and of the effort of packing.",
    "zip-version": "No member needs more than version 2.0 of the format.",
    "zip-method": "Members are stored or deflated.",
    "zip-link": "No links, no special files.",
    "zip-size": "A manifest unpacks to at most 512,000 bytes, Parquet to 12,000,000, NPY and CSV to 24,000,000, all "
    "members to 32,000,000.",
    "zip-ratio": "Beyond 4,000,000 bytes a member unpacks to at most 100 times its packed size.",
    "zip-length": "A member unpacks to the size that its header promises.",
    "zip-deflate": "Packed bytes are whole.",
    "zip-crc": "Unpacked bytes have the promised CRC-32.",
    # JSON
    "json-encoding": "UTF-8, no byte order mark, no NUL.",
    "json-syntax": "JSON by RFC 8259.",
    "json-depth": "Brackets at most 8 deep.",
    "json-duplicate": "No name twice in one object.",
    "json-number": "Numbers are finite and at most 32 characters long.",
    # text
    "text-control": "Text is visible: no control, format, bidirectional, private-use or unassigned characters.",
    "text-space": "No space at the ends of a text.",
    "text-formula": "No text begins with = + - or @.",
    "text-link": "A link is empty or a plain https address.",
    # the manifest
    "manifest-missing": "There is a manifest.json.",
    "manifest-version": "`schema_version` is 1.",
    "manifest-schema": "The manifest is as `schema/manifest-1.json` says: every field, no other, in type and range.",
    "suite-other": "Suite and version are those of the table.",
    "round-other": "The round is that of the table.",
    "outputs-other": "Outputs are those of the table, in its order.",
    "seeds-duplicate": "No seed twice.",
    "seeds-other": "Seeds are those announced, all of them; the first alone will do for what is no network.",
    "seeds-joined": "One answer for several seeds is an ensemble, and declared as one.",
    "tests-duplicate": "No test set twice.",
    "tests-unknown": "Only test sets that are asked.",
    "tests-label": "A test set has the label that belongs to its digest.",
    "tests-rows": "A test set has as many rows as asked.",
    "files-listed": "The manifest names exactly the members beside it.",
    "files-format": "One format: mean.npy and sd.npy, with quantiles.npy or without; or Parquet; or CSV.",
    "files-digest": "The SHA-256 of every member is the one that the manifest tells.",
    # NPY
    "npy-magic": "An NPY file.",
    "npy-version": "NPY version 1.0.",
    "npy-header": "A header of at most 1,024 bytes, as numpy.save writes it.",
    "npy-dtype": "float32, little-endian.",
    "npy-order": "C order.",
    "npy-shape": "(seeds or 1, rows, outputs), mean and SD alike; quantiles (rows, outputs, 9).",
    "npy-size": "As many bytes as the shape takes.",
    # Parquet
    "parquet-magic": "A plain Parquet file.",
    "parquet-footer": "A footer of at most 256,000 bytes.",
    "parquet-type": "test and id are strings, seed int32 or int64, numbers float or double; nothing nested.",
    "parquet-groups": "1 to 64 row groups, which add up.",
    "parquet-codec": "Pages are not packed (`compression=None`), for the zip packs them anyway.",
    "parquet-encoding": "Pages are plain or by dictionary.",
    "parquet-size": "Pages lie inside the file and hold as many values as there are rows.",
    "parquet-text": "Labels and ids of at most 400 bytes.",
    "parquet-damaged": "The file can be read.",
    # CSV
    "csv-encoding": "UTF-8, no byte order mark, no NUL.",
    "csv-quote": "Fields without quotes.",
    "csv-line": "Lines of at most 4,096 characters.",
    "csv-fields": "As many fields in every line as in the header, split by commas.",
    "csv-number": "Decimal numbers with a point; a quantile may be inf, -inf or, beside the first seed, empty.",
    # rows
    "table-columns": "Columns test, id, seed, one an output, and `<output>_sd`; quantiles `<output>_q0.025` to "
    "`<output>_q0.975` all or none; no column seed where there is one answer.",
    "rows-extra": "No more rows than asked.",
    "rows-missing": "Every id of every set of the manifest, for every seed.",
    "row-test": "The test of a row is label@digest of a set of the manifest.",
    "row-id": "The id of a row is one of its test set.",
    "row-seed": "The seed of a row is one of the manifest.",
    "row-duplicate": "No row twice.",
    "quantiles-rows": "Quantiles stand on the rows of the first seed alone.",
    # numbers
    "value-finite": "Means and SDs are finite.",
    "value-range": "Means within 1,000 of 0, SDs up to 1,000, finite quantiles within 10,000.",
    "sd-positive": "SDs are above 0 in float32.",
    "quantiles-nan": "Quantiles are numbers or infinite.",
    "quantiles-order": "Quantiles never fall from one level to the next.",
    # the ledger
    "ledger-size": "A ledger has at most 33,554,432 bytes.",
    "ledger-line": "A line is one record: JSON without spaces, every field once, in order and in range, a newline at "
    "its end.",
    "ledger-order": "Records are numbered from 1; none is missing, none moved.",
    "ledger-chain": "A record holds the digest of the record before.",
    "ledger-digest": "The digest of a record is the SHA-256 of the rest of it.",
    "ledger-date": "Dates never go back.",
    "ledger-future": "No date is after today (UTC).",
    "ledger-field": "A record tells what its action needs and nothing else, the same as before where it repeats it.",
    "ledger-double": "No entry id is used twice, not after a withdrawal either.",
    "ledger-unknown": "What is superseded, withdrawn or challenged was added before.",
    "ledger-ended": "What is superseded, withdrawn or challenged still stands.",
    "ledger-team": "An entry supersedes one of its own team.",
    "ledger-table": "What is superseded, withdrawn or challenged is in the same table: suite, version and round.",
    "ledger-round": "A round is opened once, then revealed once; until then it takes one submission a team.",
    "round-closed": "A round takes entries from its first to its last day, and none once its secret is public.",
    "ledger-note": "Whoever withdraws an entry says why.",
    "ledger-rerun": "A re-run has the id of the entry that it challenges.",
    "ledger-missing": "Every bundle that the ledger lists is in the folder.",
    "ledger-stray": "Every bundle in the folder is listed by the ledger.",
    "ledger-bundle": "A bundle has the bytes, the id and the team with which it was entered.",
    "ledger-score": "The score that was recorded is the one that is recomputed, within 0.00001.",
    "ledger-head": "A digest of the ledger that was noted is still in it.",
    "site-page": "The pages are those that entries and ledger give, byte for byte.",
}
"""Every code with which something is refused, and what would have been right."""


def tables() -> dict[str, str]:
    """Rules and flags in Markdown, by the name of their marks."""
    from leaderboard.rounds import canaries
    from leaderboard.scoring import flags

    told = {"rules": ("rule", RULES), "flags": ("meaning", flags.FLAGS | canaries.FLAGS)}
    return {
        name: marks.markdown(("code", head), [(f"`{code}`", text) for code, text in rows.items()])
        for name, (head, rows) in told.items()
    }


def main(*, write: Annotated[Path | None, Parameter(name="--write")] = None) -> None:
    """Print rules and flags, or write them between the marks of a document.

    Parameters
    ----------
    write
        Markdown file with the lines <!-- rules -->, <!-- end of rules -->, and the same of flags.
    """
    for name, text in tables().items():
        if write is None:
            print(text)  # noqa: T201
        else:
            marks.write(write, name, text)


if __name__ == "__main__":
    App(default_command=main)()
