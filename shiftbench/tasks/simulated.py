"""Simulated MPRA as a task: training and calibration from a world, tests from the same world or a shifted one."""

from functools import lru_cache

from shiftbench.errors import Skipped
from shiftbench.spec import Data
from shiftbench.tasks.files import Files
from shiftbench.tasks.provider import Built
from simulators import mpra, shift
from simulators.contract import World


@lru_cache(maxsize=4)
def _world(number: int) -> World:
    return mpra.world(number)


class Mpra:
    """Provider of simulated MPRA; test sets of all doses have the same streams, so that only one part differs."""

    version = mpra.VERSION
    files: tuple[str, ...] = ()

    def build(self, data: Data, files: Files) -> Built:
        """Samples of a world; raises `Skipped` where a family cannot reach the severity in this world."""
        source = _world(data.world)
        facts = {"source_world": source.to_json().decode()}
        if data.role == "training":
            samples = {
                "train": mpra.draw(source, data.rows, seed=data.seed, split="train"),
                "validation": mpra.draw(source, data.validation, seed=data.seed, split="validation"),
            }
            return Built(samples, facts | {"world": facts["source_world"]})
        world, more = source, {}
        if data.shift:
            try:
                shifted = shift.apply(source, data.shift, data.severity)
            except shift.Unreachable as error:
                raise Skipped(str(error)) from error
            world = shifted.world
            more = {"part": shifted.part, "severity": shifted.severity, "parameter": shifted.parameter}
        sample = mpra.draw(world, data.rows, seed=data.seed, split=data.role)
        return Built({data.role: sample}, facts | more | {"world": world.to_json().decode()})
