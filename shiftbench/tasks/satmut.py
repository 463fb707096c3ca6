"""Simulated variant effects as a task: saturation mutagenesis in the world trained on or a shifted one."""

import numpy as np

from shiftbench.errors import InputError
from shiftbench.spec import NULL, Data
from shiftbench.tasks.files import Files
from shiftbench.tasks.provider import Built
from shiftbench.tasks.simulated import measured, source_world, tested
from simulators import satmut


class Satmut:
    """Provider of the effects of all substitutions of `rows` elements; test sets only, for fits of simulated MPRA.

    Elements are chosen by the program of the world trained on, so that a concept shift changes effects alone. A
    substitution that no molecule tells has no effect: it is left out, and facts count them.
    """

    version = satmut.VERSION
    """Of the worlds, and of what is drawn from them."""
    files: tuple[str, ...] = ()
    simulated = True

    def build(self, data: Data, files: Files) -> Built:
        """Sample of a world; `Skipped` where a family cannot reach the severity, `InputError` for no test set."""
        if data.role != "test" or data.rows < 1:
            raise InputError(
                f"task satmut: role {data.role!r} of {data.rows} elements; expected 'test' of at least 1, "
                "trained on a simulated mpra task, with sizes"
            )
        source = source_world(data.world)
        world, facts = tested(source, data)
        split = NULL if data.shift == NULL else data.role
        sample = satmut.draw(world, data.rows, seed=data.seed, split=split, source=source)
        variant = sample.reference >= 0
        counts = {
            "drawn": {data.role: len(sample.id)},
            "elements": data.rows,
            "variants": int(variant.sum()),
            "undetermined": int(np.isnan(sample.observed[variant]).any(axis=1).sum()),
            "high_confidence": {name: int(sample.table[f"high_confidence_{name}"].sum()) for name in sample.outputs},
        }
        worlds = {"source_world": source.to_json().decode(), "world": world.to_json().decode()}
        return Built({data.role: measured(sample)}, facts | counts | worlds)
