"""Numbers that wrappers tell beside their prediction; nothing is computed here."""

from shiftbench.metrics.metric import Metric


def _told(name: str, title: str, formula: str, example: str, source: str) -> Metric:
    return Metric(name, title, "none", (), (), False, formula, example, source, None)


TABLE = (
    _told(
        "effective_sample_size",
        "Effective number of weighted calibration rows",
        "(sum w)^2 / sum w^2 over the calibration rows, w the density ratio of target to source",
        "100 equal weights count as 100 rows, one weight that outgrows all others as 1",
        "Kong 1992, technical report 348, University of Chicago",
    ),
    _told(
        "pooled_share",
        "Share of intervals taken from all groups",
        "intervals (rows x levels) whose group has too few calibration rows / all intervals",
        "0 where every group has rows enough for every level",
        "this project",
    ),
    _told(
        "kept_share",
        "Share of rows that are answered",
        "rows whose SD is at most the 80 % quantile of the calibration rows / all rows",
        "0.8 for rows of the source law; less where the model is less sure",
        "this project",
    ),
)
