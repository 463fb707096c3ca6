"""`shiftbench leaderboard verify`: find everything again that the folder of entries claims."""

from pathlib import Path

from leaderboard.commands.add import ENTRIES


def verify(
    *,
    entries: Path = ENTRIES,
    head: str = "",
    site: Path | None = None,
    store: Path | None = None,
) -> int:
    """Read every bundle again, recompute every score, and check the ledger; exit code 1 and a line a fault if any.

    Parameters
    ----------
    entries
        Folder of the entries.
    head
        Digest of the ledger as you noted it, now or at any time; without one, records that were removed from the end
        with their bundles cannot be seen.
    site
        Folder of pages to compare, byte for byte, with those that entries and ledger give.
    store
        Folder of finished nodes; default SHIFTBENCH_STORE, else runs/store.
    """
    from leaderboard import board
    from leaderboard.site.build import build
    from leaderboard.verify import TOLERANCE, pages
    from leaderboard.verify import verify as find
    from shiftbench.options import default_store

    truth = board.development(store or default_store())
    found = find(entries, truth, head)
    faults = found.faults
    if site is not None and not faults:
        faults = pages(site, lambda output: build(entries, output, truth))
    for fault in faults:
        print(fault)  # noqa: T201
    print(  # noqa: T201
        f"{entries}: {found.records} records, {found.read} bundles read and scored, largest "
        f"difference {found.difference:.6f} (at most {TOLERANCE}), {found.untold} bundles of other tables compared by "
        f"their bytes, {len(faults)} faults"
    )
    print(f"head {found.head}")  # noqa: T201
    return 1 if faults else 0
