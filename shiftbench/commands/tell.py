"""`shiftbench list`, `show` and `doctor`: what there is, and whether it is sound."""

from typing import Literal

from shiftbench import summary
from shiftbench.commands.arguments import Flag

Kind = Literal[
    "suites",
    "tasks",
    "recipes",
    "networks",
    "predictors",
    "embeddings",
    "providers",
    "wrappers",
    "metrics",
    "simulators",
    "shifts",
    "files",
    "tiers",
]


def list_(kind: Kind = "suites") -> int:
    """List the names that can be used, of one kind."""
    from shiftbench import listing

    summary.table(f"{kind} (shiftbench show NAME tells more)", ("name", "what it is"), listing.names(kind))
    return 0


def show(name: str) -> int:
    """Show a suite, task, recipe, wrapper, metric, simulator, shift or data file: what it is, formula, source."""
    from shiftbench import listing

    print(listing.describe(name))  # noqa: T201
    return 0


def doctor(*, kernels: Flag = False) -> int:
    """Check this installation: packages, names, store, cache, devices.

    Parameters
    ----------
    kernels
        Compile the simulators now (about a minute, once) and say how long they take to be ready.
    """
    from shiftbench.doctor import examine
    from shiftbench.options import default_data, default_store
    from simulators.cache import cache_folder

    findings = examine(cache_folder(), default_store(), default_data(), kernels=kernels)
    summary.table(
        "doctor", ("check", "state", "found"), [(found.check, found.state, found.found) for found in findings]
    )
    return int(any(finding.state == "bad" for finding in findings))
