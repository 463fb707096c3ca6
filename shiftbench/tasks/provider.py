"""What a task's data provider gives: samples by role, and facts about them."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from shiftbench.spec import Data
from shiftbench.tasks.files import Files
from simulators.contract import Sample


@dataclass(frozen=True, slots=True)
class Built:
    """Samples of one Data node and what is known about them (JSON values).

    `samples`: `train` and `validation` for role training, else the one sample under the name of the role.
    `facts`: `world` (JSON text of the world of this node, simulated data), `source_world` (of the unshifted one),
    `part`, `severity`, `parameter` of a shift, `drawn` ({role: rows drawn, measured or not}), `laws` (histograms of a
    plain test set), `ceiling` ({metric: {output: value}}, real data), `available` (rows of each role, real data), and
    what else a reader should know.
    """

    samples: dict[str, Sample]
    facts: dict[str, Any] = field(default_factory=dict)


class Provider(Protocol):
    """Makes the samples of a Data node; raises `Skipped` (reason, command) where it cannot."""

    version: int
    files: tuple[str, ...]
    """Names of the public files that it cannot do without."""
    optional: tuple[str, ...] = ()
    """Names of those that add something: `Data.optional` says which of them were at hand."""
    simulated: bool = False
    """Whether it draws worlds, of which a run may ask for any number."""

    def build(self, data: Data, files: Files) -> Built:
        """Samples and facts of `data`, the same bytes at every call."""
        ...
