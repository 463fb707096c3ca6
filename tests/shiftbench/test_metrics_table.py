import doctest
import subprocess
import sys

import pytest

from shiftbench.metrics.table import ALL_TARGETS, METRICS
from shiftbench.prediction import LEVELS


@pytest.mark.parametrize("name", METRICS)
def test_worked_example_holds(name):
    metric = METRICS[name]
    session = doctest.DocTestParser().get_doctest(metric.example, {name: metric.compute}, name, None, None)
    result = doctest.DocTestRunner(verbose=False).run(session)
    assert result.attempted >= 1
    assert result.failed == 0


@pytest.mark.parametrize("name", METRICS)
def test_record_is_whole(name):
    metric = METRICS[name]
    assert metric.name == name == metric.compute.__name__
    assert all([metric.title, metric.formula, metric.source])
    assert set(metric.targets) <= set(ALL_TARGETS)
    assert metric.levels == (LEVELS if "low" in metric.needs else ())
    assert metric.scaled == (metric.better in ("lower", "higher"))
    assert (metric.floor is not None) == (metric.better == "higher")


def test_table_loads_nothing_heavy():
    heavy = "{'torch', 'scipy', 'numba', 'pandas', 'scoringrules', 'matplotlib'}"
    code = f"import sys, shiftbench.metrics.table; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
