"""What was recomputed of one entry: numbers by cell, curves, and flags."""

from dataclasses import dataclass

import pandas as pd

from leaderboard.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that a reader should know, and that removes nobody: a `code` of the rules, and one line."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Scored:
    """Numbers of an entry, all recomputed from its answers.

    `id`: entry id; `sha256`: of the bundle; `cells`: one row a cell of the board and metric, of the mean over outputs
    and over seeds: world, part, family, dose (text), severity, metric, level (NaN or 0..1), value, seed_sd, floor,
    source, target, scaled, scaled_low (mean over seeds of the lower end of its 95 % interval over test rows),
    scaled_target, scale (whether floor and source oracle are far enough apart for a scale), reason ("" or why scaled or
    value is undefined); `trainings`: scaled CRPS of every cell and training: world, part, family, dose, seed (-1: of
    several that were joined), scaled, scale;
    `reliability`: rows family, dose, severity, level, held (mean over worlds, outputs and seeds); `missing`: labels of
    the sets without an answer; `flags`; `copies`: ids of earlier entries of which this is a near-copy.
    """

    id: str
    sha256: str
    manifest: Manifest
    cells: pd.DataFrame
    trainings: pd.DataFrame
    reliability: pd.DataFrame
    missing: tuple[str, ...]
    flags: tuple[Flag, ...] = ()
    copies: tuple[str, ...] = ()
