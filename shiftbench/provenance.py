"""What a result was made with: versions, platform, command."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import shiftbench

PACKAGES = ("numpy", "scipy", "numba", "torch", "pandas", "pyjaspar", "scoringrules", "pyarrow")


def provenance() -> dict[str, Any]:
    """Versions of this package, of Python and of the libraries that numbers hang on; platform and command line."""
    return {
        "shiftbench": shiftbench.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "command": ["shiftbench", *sys.argv[1:]],
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
