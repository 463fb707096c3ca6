"""Checkpoint of a fit under way: one safetensors file, whole or not at all; tensors, and the rest as JSON."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import shiftbench
from shiftbench.whole import whole

log = logging.getLogger("shiftbench.train")

VERSION = 1
"""Raised when a checkpoint holds something else, or the training loop goes on differently from one."""
SECONDS = 60.0
"""Time between two checkpoints."""

State = tuple[dict[str, Tensor], dict[str, Any]]


class Checkpoint:
    """Where one fit is kept while it lasts; nowhere if `path` is None.

    `path` bears the digest of the fit; what else its weights hang on (versions, device) is checked when it is read.
    """

    def __init__(self, path: Path | None, device: str, precision: str, seconds: float | None = None) -> None:
        self.path = path
        self.made_by = {
            "version": VERSION,
            "shiftbench": shiftbench.__version__,
            "torch": torch.__version__,
            "device": device,
            "precision": precision,
        }
        self.seconds = SECONDS if seconds is None else seconds
        self.last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to write."""
        return self.path is not None and time.monotonic() - self.last >= self.seconds

    def write(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Put the state of the fit on disk in place of the last one."""
        from safetensors.torch import save_file

        assert self.path is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A copy of each: tied weights share memory, which the format refuses.
        copies = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        with whole(self.path) as partial:
            save_file(copies, partial, {"made_by": json.dumps(self.made_by), "facts": json.dumps(facts)})
        self.last = time.monotonic()

    def read(self) -> State | None:
        """Tensors and facts of the last checkpoint; None if there is none that can be gone on from."""
        from safetensors import SafetensorError, safe_open

        if self.path is None or not self.path.exists():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                metadata = file.metadata() or {}
                if (made_by := json.loads(metadata.get("made_by", "{}"))) != self.made_by:
                    log.warning("%s: made by %s, not %s; the fit starts anew", self.path, made_by, self.made_by)
                    return None
                return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["facts"])  # noqa: SIM118
        except (OSError, SafetensorError, ValueError) as error:
            log.warning("%s: cannot read (%s); the fit starts anew", self.path, error)
            return None
