"""What a perfect model would reach on test rows of a user's table, from their replicates or their stated noise."""

from typing import Any

import numpy as np

from shiftbench.tasks.lentimpra_ceiling import LEAST, replicated
from simulators.contract import Sample

SOURCES = {
    "replicates": "reliability of the mean of the replicates of the same rows (Spearman and Brown)",
    "noise": "1 - mean squared noise SD / variance of the values of the same rows",
}


def ceilings(sample: Sample) -> dict[str, Any]:
    """Facts on the ceilings of a test set by output: root of the reliability r, and the error that noise alone makes.

    A model without error has a correlation of sqrt(r), an R2 of r, and an RMSE of sqrt(1 - r) SDs of the values.
    """
    found: dict[str, dict[str, float]] = {name: {} for name in ("pearson", "r2", "rmse", "relative_rmse")}
    missing, sources = {}, set()
    for at, output in enumerate(sample.outputs):
        share, source = _reliability(sample, at)
        if not isinstance(share, float):
            missing[output] = source
            continue
        sources.add(SOURCES[source])
        relative = float(np.sqrt(1 - share))
        found["pearson"][output], found["r2"][output] = float(np.sqrt(share)), share
        found["relative_rmse"][output] = relative
        found["rmse"][output] = relative * float(sample.observed[:, at].std(dtype=np.float64))
    facts = {"ceiling": {name: values for name, values in found.items() if values}, "ceiling_missing": missing}
    return facts | ({"ceiling_source": "; ".join(sorted(sources))} if sources else {})


def _reliability(sample: Sample, at: int) -> tuple[float | None, str]:
    """Share of the variance of an output that is no noise, above 0, with its source; or None with the reason."""
    values, noise = sample.observed[:, at].astype(np.float64), sample.noise_sd[:, at].astype(np.float64)
    if len(values) < LEAST:
        return None, f"{len(values)} rows; expected {LEAST} for a reliability"
    if sample.replicates is not None:
        share, source = replicated(sample.replicates[:, :, at]), "replicates"
    elif np.isfinite(noise).any():
        share, source = float(1 - np.nanmean(noise**2) / values.var()), "noise"
    else:
        return None, "no replicates and no noise column"
    return (share, source) if 0 < share <= 1 else (None, f"by {source}, noise explains all of the variance")
