"""What to run, where and with what; the defaults are those of the command line."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from shiftbench.errors import InputError
from shiftbench.nodes import Context
from shiftbench.spec import TIERS, did_you_mean
from shiftbench.validate import Selection
from simulators.cache import cache_folder


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, where, and with what."""

    suite: str
    tier: str
    output: Path
    context: Context
    selection: Selection = field(default_factory=Selection)
    engine: str = "processes"
    workers: int = 0
    scheduler: str = ""
    max_minutes: float = 0.0
    quiet: bool = False


def options(
    suite: str = "all",
    tier: str = "smoke",
    *,
    selection: Selection | None = None,
    output: Path | None = None,
    store: Path | None = None,
    data_dir: Path | None = None,
    offline: bool = False,
    engine: str = "processes",
    workers: int = 0,
    scheduler: str = "",
    device: str = "auto",
    max_minutes: float = 0.0,
    quiet: bool = False,
) -> Options:
    """Options with the defaults of the command line; `InputError` for an unknown tier or device, or a wrong number."""
    if tier not in TIERS:
        raise InputError(f"--tier: no {tier!r}{did_you_mean(tier, TIERS)}")
    for name, number in (("--workers", workers), ("--max-minutes", max_minutes)):
        if number < 0:
            raise InputError(f"{name}: {number}; expected 0 or more")
    folder = output or Path("runs") / f"{Path(suite).stem}-{tier}"
    context = Context(
        store=store or default_store(),
        cache=cache_folder(),
        data_dir=data_dir or default_data(),
        offline=offline,
        device=find_device(device),
        traces=folder / "traces",
    )
    return Options(
        suite=suite,
        tier=tier,
        output=folder,
        context=context,
        selection=selection or Selection(),
        engine=engine,
        workers=workers,
        scheduler=scheduler,
        max_minutes=max_minutes,
        quiet=quiet,
    )


def default_store() -> Path:
    """SHIFTBENCH_STORE, else runs/store."""
    return Path(os.environ.get("SHIFTBENCH_STORE") or "runs/store")


def default_data() -> Path | None:
    """SHIFTBENCH_DATA, else none."""
    folder = os.environ.get("SHIFTBENCH_DATA")
    return Path(folder) if folder else None


def find_device(name: str) -> str:
    """The device of this name, or the best one here for `auto`; `InputError` if it is not here."""
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    here = [device for device in present if present[device]]
    if name == "auto":
        return here[0]
    if name.partition(":")[0] not in here:
        raise InputError(f"--device: {name!r} is not on this machine; expected auto, {', '.join(here)}")
    return name
