"""Verdicts on models: sound ones pass, and of a model with one fault exactly that fault is told."""

import re
from pathlib import Path

import pytest
import torch

import shiftbench
from shiftbench import cli
from shiftbench.checks.examine import check
from shiftbench.checks.finding import Checked, Finding
from shiftbench.errors import InputError
from tests.shiftbench.outside import check_models

MODELS = Path(__file__).parent / "outside/check_models.py"


@pytest.mark.parametrize("name", check_models.GOOD)
def test_a_sound_model_passes(name):
    found = check(f"{MODELS}:{name}", length=check_models.LENGTH, device="cpu")
    assert found.bad == (), str(found)
    assert "ready to run" in found.verdict


@pytest.mark.parametrize(("name", "fault"), check_models.FAULTS.items())
def test_a_fault_is_told_and_nothing_else(name, fault):
    found = check(f"{MODELS}:{name}", length=check_models.LENGTH, device="cpu")
    assert found.bad == (fault,), str(found)
    assert found[fault].advice
    assert f"not ready ({fault})" in found.verdict


def test_numbers_that_follow_from_how_a_model_is_made():
    """GC is the same on both strands, and does not ask where; the flanks are more of a shorter sequence."""
    short, long = (check(check_models.gc, length=length) for length in (60, 230))
    assert short["strand"].number == long["strand"].number == 0
    assert short["flanks"].number > 1.3 * long["flanks"].number > 0
    assert short["shift by 4"].number > short["shift by 1"].number > 0
    both, one = (check(f"{MODELS}:{name}", device="cpu", length=60) for name in ("BothStrands", "Convolution"))
    assert both["strand"].number < 1e-5 < 1e-2 < one["strand"].number


def test_options_reach_the_network():
    narrow, wide = (check(f"{MODELS}:Convolution", device="cpu", length=60, channels=n) for n in (8, 24))
    assert wide["parameters"].number > 2 * narrow["parameters"].number
    assert wide["memory"].number > 2 * narrow["memory"].number
    assert narrow["dropout"].state == "good"
    assert check(f"{MODELS}:Convolution", device="cpu", length=60, dropout=0.0)["dropout"].state == "note"


def test_classes_and_functions_are_checked_as_they_are_and_torch_is_left_as_it_was():
    torch.manual_seed(3)
    before = torch.get_rng_state(), torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    found = shiftbench.check(check_models.Composition, length=60, outputs=1, device="cpu")
    assert (found.name, found.kind, found.bad) == ("Composition", "network", ())
    after = torch.get_rng_state(), torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert shiftbench.check(check_models.letters).kind == "embedding"
    assert shiftbench.check(check_models.gc).kind == "callable"


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("nothing", {}, "no recipe 'nothing'"),
        ("kmer_ridge", {}, "kmer_ridge: of kind control; expected a network, a predictor or an embedding"),
        (7, {}, "found int; expected a torch.nn.Module class"),
        ("cnn", {"length": 20}, "length: 20; expected 40 to 100000"),
        ("cnn", {"outputs": 0}, "outputs: 0; expected 1 to 10000"),
        ("cnn", {"dropout": 1.0}, "dropout: 1.0; expected 0 to 0.999"),
        ("cnn", {"device": "abacus"}, "'abacus' is not on this machine"),
    ],
)
def test_wrong_input_is_one_line(model, options, message):
    with pytest.raises(InputError, match=message):
        check(model, **options)


def test_the_command_line_tells_the_verdict_and_fails_for_a_fault(capsys):
    assert cli.app([*["check", "--device", "cpu", "--length", "60"], f"{MODELS}:gc"], result_action="return_value") == 0
    assert "gc, callable: ready to run; " in capsys.readouterr().out
    assert cli.app(["check", f"{MODELS}:ranks"], result_action="return_value") == 1
    out = capsys.readouterr().out
    assert "bad: batch independence: expected a row is answered without regard to its neighbours; no statistics" in out
    assert "ranks, callable: not ready (batch independence); 1 bad, " in out


def test_a_notebook_shows_findings_escaped_and_on_its_own():
    findings = (Finding("shape", "bad", 2.0, "<b>(8,)</b>", "(batch, outputs)", "reshape & go on"),)
    shown = Checked("Mine", "network", "cpu", 1.0, findings)._repr_html_()
    assert "&lt;b&gt;(8,)&lt;/b&gt;" in shown
    assert "reshape &amp; go on" in shown
    assert "Mine, network: not ready (shape); 1 bad; 1 s on cpu" in shown
    assert not re.search(r"(src|href)=|@import|url\(", shown)
