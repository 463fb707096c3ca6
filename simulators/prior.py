"""The published hyper-prior: the law from which the mechanism of every world is drawn, by its identity."""

import msgspec
from msgspec import Struct

from simulators.random import key, uniform

PRIOR: dict[str, tuple[float, float, str]] = {
    "plants": (4.0, 6.0, "single sites planted in an insert, mean"),
    "module_plants": (0.5, 1.0, "pairs of sites planted in an insert, mean"),
    "arranged": (0.3, 0.6, "share of planted pairs that keep the spacing and strands of their rule"),
    "temperature": (0.9, 1.15, "bits of score that double a site weight"),
    "shape": (0.6, 0.85, "gamma shape of the sizes of effects: few are strong"),
    "repressors": (0.25, 0.35, "share of effects that are negative, in all cell types alike"),
    "own": (0.45, 0.55, "weight of a cell type's own sizes beside the shared ones"),
    "active": (0.55, 0.65, "share of a cell type's own effects that are not 0"),
    "pair": (0.1, 0.13, "variance share of pairs"),
    "gc": (0.05, 0.08, "variance share of GC"),
    "dark": (0.34, 0.39, "variance share of what no feature, control or prior model receives"),
    "orientation": (0.05, 0.08, "variance share of strand and position of sites"),
    "helix": (0.2, 0.6, "depth of the helical phase, 10.5 letters a turn, in the spacing of pairs"),
    "quench": (0.3, 0.7, "most that one site of a quencher takes from a neighbour"),
    "gc_gain": (0.12, 0.26, "growth of all effects for each tenth of GC above the onset"),
    "barcode_mean": (27.0, 33.0, "barcodes of an insert, mean"),
    "shared_size": (5.0, 7.0, "gamma shape, a barcode, of the factor that replicates share"),
    "jackpot_rate": (0.0005, 0.002, "chance of a jackpot among the reads of an insert"),
}
"""Every parameter of a mechanism: uniform between the two bounds, and what it is. The motif share is the rest."""


class Mechanism(Struct, frozen=True, kw_only=True):
    """One draw from `PRIOR`; fields as there."""

    plants: float
    module_plants: float
    arranged: float
    temperature: float
    shape: float
    repressors: float
    own: float
    active: float
    pair: float
    gc: float
    dark: float
    orientation: float
    helix: float
    quench: float
    gc_gain: float
    barcode_mean: float
    shared_size: float
    jackpot_rate: float

    @property
    def shares(self) -> tuple[float, ...]:
        """Variance shares of the motif, pair, gc, dark and orientation parts; they sum to 1."""
        rest = (self.pair, self.gc, self.dark, self.orientation)
        return (1 - sum(rest), *rest)


def mechanism(identity: str) -> Mechanism:
    """Mechanism of the world with this identity (`Program.identity`); the same identity gives the same mechanism."""
    stream = {name: key(0, identity, "mechanism", name) for name in PRIOR}
    drawn = {name: low + (high - low) * uniform(stream[name], 0, 0) for name, (low, high, _) in PRIOR.items()}
    return msgspec.convert(drawn, Mechanism)
