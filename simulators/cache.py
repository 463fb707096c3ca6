"""Where derived files are kept; imports nothing heavy."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Folder of derived files: SHIFTBENCH_CACHE, else ~/.cache/shiftbench."""
    return Path(os.environ.get("SHIFTBENCH_CACHE") or Path.home() / ".cache" / "shiftbench")
