"""The notebook and the lines of the README run as they stand, at tiny size, from a network to its report."""

import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from shiftbench.report import notebook
from shiftbench.report.html import fragment
from tests import tiny
from tests.shiftbench.test_report import whole

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "shiftbench/notebooks/your_model.ipynb"
SUITE = tiny.suite(
    "mpra",
    name="shift",
    task="mpra",
    primary="rmse",
    recipes=tiny.SIMULATED,
    metrics=("rmse", "coverage"),
    shifts=("null", "gc"),
    rows=200,
    validation=60,
    calibration=10,
    test=60,
    seeds=1,
    epochs=1,
    doses=[2],
    resamples=20,
)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Path of a suite of one small task."""
    monkeypatch.delenv("SHIFTBENCH_STORE", raising=False)
    path = tmp_path / "tiny.toml"
    path.write_text(SUITE)
    return path


def test_the_notebook_runs_from_a_network_of_its_own_to_a_report(tiny, tmp_path):
    document = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in document.cells), "committed without outputs"
    (parameters,) = [cell for cell in document.cells if "parameters" in cell.metadata.get("tags", ())]
    parameters.source = f"suite, tier, slices = {str(tiny)!r}, 'smoke', {{}}"
    nbclient.NotebookClient(document, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output.get("data", {}) for cell in document.cells for output in cell.get("outputs", ())]
    shown = [output["text/html"] for output in outputs if "text/html" in output]
    assert "Mine, network: ready to run" in shown[0]
    assert "mpra: RMSE without a shift, and at the largest dose of each family" in shown[1]
    assert re.search(r"<th scope=\"row\">mine</th><td>[\d.]+<small>[\d.]+ to [\d.]+</small></td>", shown[1])
    assert (tmp_path / "runs/tiny-smoke/report.html").is_file()


def ten_lines():
    """Blocks of Python in the documents that build a network and run it."""
    texts = [(ROOT / name).read_text() for name in ("README.md", "shiftbench/README.md")]
    blocks = [block for text in texts for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    return [block for block in blocks if "nn.Linear(" in block and "run_suite(" in block]


def test_the_lines_of_the_documents_lead_from_a_network_to_a_report(tiny, tmp_path):
    (lines,) = dict.fromkeys(ten_lines())
    assert len([line for line in lines.splitlines() if line.strip()]) <= 12
    assert 'run_suite("shift"' in lines
    (tmp_path / "script.py").write_text(lines.replace('run_suite("shift"', f"run_suite({str(tiny)!r}"))
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    verdict, page = done.stdout.strip().splitlines()[-2:]
    assert "Mine, network: ready to run" in verdict
    assert (tmp_path / page).is_file()


def test_a_run_is_shown_with_intervals_and_nothing_from_elsewhere():
    found = notebook.shown(whole(), {})
    table = next(table for table in found if table.title.startswith("mpra: RMSE"))
    assert len(found) == whole()["task"].nunique()
    assert table.columns[:2] == ("recipe", "RMSE")
    assert all(" to " in field.small for row in table.rows for field in row[1:] if not field.mark)
    text = fragment(found, ["a <b>"], Path("runs/x/report.html"))
    assert "a &lt;b&gt;" in text
    assert 'href="runs/x/report.html"' in text
    assert not re.search(r"https?:|src=|@import|url\(", text)
