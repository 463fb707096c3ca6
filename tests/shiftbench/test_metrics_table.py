import doctest
import subprocess
import sys
from typing import get_args

import pytest

from shiftbench import listing
from shiftbench.metrics.metric import ALL_TARGETS, Argument
from shiftbench.metrics.table import METRICS
from shiftbench.prediction import LEVELS

COMPUTED = [name for name, metric in METRICS.items() if metric.compute]
INTERVAL = {"low", "high", "truth_low", "truth_high", "level"}


@pytest.mark.parametrize("name", COMPUTED)
def test_worked_example_holds(name):
    metric = METRICS[name]
    session = doctest.DocTestParser().get_doctest(metric.example, {name: metric.compute}, name, None, None)
    result = doctest.DocTestRunner(verbose=False).run(session)
    assert result.attempted >= 1
    assert result.failed == 0


@pytest.mark.parametrize("name", METRICS)
def test_record_is_whole(name):
    metric = METRICS[name]
    assert all([metric.name == name, metric.title, metric.formula, metric.example, metric.source])
    assert set(metric.targets) <= set(ALL_TARGETS)
    assert bool(metric.targets) == bool(metric.needs)
    assert metric.compute is not None or not metric.targets
    assert metric.compute is None or metric.compute.__name__ == name
    assert set(metric.needs) <= set(get_args(Argument))
    assert set(metric.levels) <= set(LEVELS)
    assert bool(metric.levels) == bool(INTERVAL & set(metric.needs))
    assert not metric.scaled or metric.better in ("lower", "higher")


@pytest.mark.parametrize("name", METRICS)
def test_show_prints_formula_direction_example_and_source(name):
    metric, told = METRICS[name], listing.describe(name)
    for field in ("formula", "example", "source"):
        assert f"  {field}: " + getattr(metric, field).replace("\n", "\n  ") in told
    direction = {
        "nominal": "nearer to the stated level" if metric.nominal is None else f"nearer to {metric.nominal:g}",
        "none": "neither",
    }
    assert f"  better: {direction.get(metric.better, metric.better)}" in told
    assert metric.example.startswith(">>> ") == (metric.compute is not None)


def test_table_loads_nothing_heavy():
    heavy = "{'torch', 'scipy', 'numba', 'pandas', 'scoringrules', 'matplotlib'}"
    code = f"import sys, shiftbench.metrics.table; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
