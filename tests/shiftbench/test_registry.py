"""Names: lazy, from outside, and helpful on a typo."""

import functools
import inspect
import textwrap

import pytest
import torch

from shiftbench.errors import InputError
from shiftbench.registry import Registry, load_path


def test_typo_gets_a_suggestion():
    registry = Registry("network", {"cnn": "shiftbench.models.cnn:Cnn"})
    with pytest.raises(InputError, match="no network 'cnm'; did you mean 'cnn'"):
        registry.get("cnm")


def test_builtin_is_imported_only_when_asked_for():
    registry = Registry("network", {"absent": "no_such_module:Thing", "cnn": "shiftbench.models.cnn:Cnn"})
    assert registry.get("cnn").__name__ == "Cnn"
    with pytest.raises(InputError, match="no_such_module"):
        registry.get("absent")


def test_decorator_enters_and_refuses_a_second_owner():
    registry = Registry("network", {})

    @registry.register("mine")
    class Mine:
        pass

    assert registry.get("mine") is Mine
    assert registry.names() == ["mine"]
    with pytest.raises(InputError, match="already taken"):

        @registry.register("mine")
        class Other:
            pass


def test_locator_of_a_decorated_object_can_be_resolved_by_another_registry():
    registry = Registry("network", {})
    registry.register("text")(textwrap.TextWrapper)
    assert registry.locator("text") == "textwrap:TextWrapper"
    assert Registry("network", {}).get("textwrap:TextWrapper") is textwrap.TextWrapper


def test_path(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("class Net: pass\n")
    name = f"{file}:Net"
    assert Registry("network", {}).get(name).__name__ == "Net"
    before = Registry("network", {}).code(name)
    file.write_text("class Net: x = 1\n")
    assert Registry("network", {}).code(name) != before
    assert Registry("network", {}).locator(name) == f"{file.resolve()}:Net"


def test_only_code_from_outside_has_a_digest():
    registry = Registry("network", {"cnn": "shiftbench.models.cnn:Cnn"})
    registry.register("text")(textwrap.TextWrapper)
    assert registry.code("cnn") == ""
    assert len(registry.code("text")) == len(registry.code("textwrap:TextWrapper")) == 32


def test_a_decorated_model_is_told_by_its_own_source():
    registry = Registry("predictor", {})
    registry.register("plain")(textwrap.wrap)
    registry.register("decorated")(torch.no_grad()(textwrap.wrap))
    registry.register("fixed")(functools.partial(torch.no_grad()(textwrap.wrap), width=10))
    registry.register("other")(torch.no_grad()(inspect.unwrap))
    assert registry.code("plain") == registry.code("decorated") == registry.code("fixed") != registry.code("other")


def test_an_object_without_source_is_refused():
    registry = Registry("network", {})
    registry.register("made")(type("Made", (), {"__module__": "nowhere"}))
    with pytest.raises(InputError, match=r"put it into a \.py file"):
        registry.code("made")


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        (None, "Net", "no such file"),
        ("class Net: pass", "Nat", "no 'Nat' in it; did you mean 'Net'"),
        ("import no_such_module", "Net", "import failed with ModuleNotFoundError"),
    ],
)
def test_path_errors_are_one_line(tmp_path, text, wanted, message):
    file = tmp_path / "model.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_path(f"{file}:{wanted}")
    assert "\n" not in str(caught.value)
