"""Real variant effects as a task: saturation mutagenesis of 21 regulatory elements (Kircher 2019)."""

import numpy as np
from numpy.typing import NDArray

from shiftbench.errors import InputError
from shiftbench.spec import Data, did_you_mean
from shiftbench.tasks import cagi5_controls as controls
from shiftbench.tasks.cagi5_ceilings import HANDOUT
from shiftbench.tasks.cagi5_controls import ANNOTATED
from shiftbench.tasks.cagi5_elements import EXPERIMENTS
from shiftbench.tasks.cagi5_facts import facts
from shiftbench.tasks.cagi5_sets import LISTED, choose, named
from shiftbench.tasks.cagi5_strata import CONFIDENT, standard_error, strata
from shiftbench.tasks.cagi5_variants import VARIANTS, Variants, read
from shiftbench.tasks.cagi5_windows import FRAMES, Windows, cut
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import LEFT, RIGHT
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform
from shiftbench.tasks.variant_sample import BLOCK, Columns, Effects, assemble
from simulators.contract import Sample


class Cagi5:
    """Provider of the variant effects of one experiment (`subset`), in one set and one frame of windows (`split`).

    Splits: all-snv, paper-test, challenge, deletions, alone (one window, the variant in its middle) or followed by
    /offsets or /paper-window. A test sample begins with one row for each distinct window of reference letters
    (`reference` -1, observed NaN); a variant's row has the same window with its letter changed or removed and
    `reference` = the row of its window. Its one output is that of the cell type which stands for the experiment's.
    `rows` > 0 keeps the variants of the lowest hash, so a smaller set lies in a larger one.
    """

    version = 2
    files = (VARIANTS,)
    optional = (HANDOUT, LISTED, ANNOTATED)

    def build(self, data: Data, files: Files) -> Built:
        """Sample of an experiment; `MissingData` without a table, `InputError` for an unknown role, split or subset."""
        if data.role != "test" or data.shift:
            raise InputError(f"task cagi5: role {data.role!r}, shift {data.shift!r}; expected 'test' and none")
        chosen, frame = named(data.split)
        if data.subset not in EXPERIMENTS:
            raise InputError(f"task cagi5: no subset {data.subset!r}{did_you_mean(data.subset, list(EXPERIMENTS))}")
        experiment = EXPERIMENTS[data.subset]
        variants = read(files.path(VARIANTS), experiment)
        selected = choose(chosen, data.subset, variants, files)
        names = [f"{data.subset}:{variants.position[i]}:{variants.ref_letter[i]}>{variants.alt_letter[i]}"
                 for i in selected.rows]  # fmt: skip
        kept = np.sort(np.argsort(uniform(names, "cagi5/order"), kind="stable")[: data.rows or None])
        rows = selected.rows[kept]
        told = strata(variants, selected.rows, sweep=not frame)
        predicted = {name: column[rows] for name, column in _controls(variants, data, files).items()}
        table = _table(variants, rows, {name: stratum[kept] for name, stratum in told.items()}, predicted)
        windows = cut(FRAMES[frame], variants.reference, variants.place[rows], variants.alt[rows])
        sample = _sample(np.array(names)[kept], variants, rows, table, windows)
        return Built({"test": sample}, facts(data, files, variants, selected, rows, table, windows))


def _controls(variants: Variants, data: Data, files: Files) -> Columns:
    """What each annotation control predicts of all variants of the experiment, NaN where nothing."""
    nothing = np.full(len(variants.place), np.nan)
    repeated = EXPERIMENTS[data.subset].repeat
    return {
        "position_mean": controls.position_mean(variants),
        "conservation": controls.conservation(variants, files) if ANNOTATED in data.optional else nothing,
        "repeat": controls.repeat(variants, read(files.path(VARIANTS), EXPERIMENTS[repeated])) if repeated else nothing,
    }


def _table(variants: Variants, rows: NDArray[np.intp], told: Columns, predicted: Columns) -> Columns:
    """What is known of the variants `rows`, whatever their windows."""
    return {
        "position": variants.position[rows],
        "ref": variants.ref_letter[rows],
        "alt": variants.alt_letter[rows],
        "barcodes": variants.barcodes[rows],
        "p_value": variants.p_value[rows],
        "confident": variants.p_value[rows] <= CONFIDENT,
        "repeat": predicted["repeat"],
        **{f"stratum:{name}": stratum for name, stratum in told.items()},
        **{f"control:{name}": column for name, column in predicted.items()},
    }


def _sample(
    ids: NDArray[np.str_], variants: Variants, rows: NDArray[np.intp], table: Columns, windows: Windows
) -> Sample:
    """Variants `rows` in their windows; those of 200 letters between the adapters of the library."""
    name, _, _ = ids[0].partition(":")
    effects = Effects(
        id=ids,
        element=np.full(len(rows), name),
        effect=variants.effect[rows],
        noise_sd=standard_error(variants)[rows].astype(np.float32),
        block=(variants.place[rows] // BLOCK).astype(np.int32),
        table=table,
    )
    left, right = (LEFT, RIGHT) if windows.references.shape[1] == 230 - len(LEFT) - len(RIGHT) else ("", "")
    return assemble(effects, windows, EXPERIMENTS[name].asked.output, left, right)
