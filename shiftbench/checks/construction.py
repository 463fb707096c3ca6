"""Checks of a network as it is built: its constructor, what it answers with, where its tensors lie, what is saved."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from shiftbench.checks import signal
from shiftbench.checks.check import Check, Seen, first_line, within
from shiftbench.checks.finding import State
from shiftbench.checks.subject import Network
from shiftbench.models.heads import moments
from shiftbench.registry import NETWORKS

SHAPE = "(batch, outputs) or (batch, outputs, 2)"
SIZES = (1, 2, 33)
SAME = 1e-4
"""Share of the SD of predictions up to which two of them are the same but for rounding."""
ELSEWHERE = re.compile(r"not on the expected device|to be on the same device|different device", re.IGNORECASE)
"""How torch says that an operation got tensors of two devices."""


def _built(network: Network) -> Seen:
    return Seen("good", type(network.fresh).__name__)


def _parameters(network: Network) -> Seen:
    trained = sum(weight.numel() for weight in network.fresh.parameters() if weight.requires_grad)
    frozen = sum(weight.numel() for weight in network.fresh.parameters() if not weight.requires_grad)
    found = f"{trained:,} trained" + (f", {frozen:,} frozen" if frozen else "")
    return Seen("good" if trained else "bad", found, trained)


def _options(network: Network) -> Seen:
    import inspect

    names = inspect.signature(NETWORKS.get(network.recipe.network)).parameters
    known = [name for name in ("channels", "dropout", "features") if name in names]
    if "features" in known:
        module = network.build(features=7)
        encoded = network.encoded(network.letters[:3])
        with torch.no_grad():
            _shape_of(module(encoded, torch.ones((3, 7), device=encoded.device)), 3, network.outputs)
    if "channels" in known:
        widths = (network.recipe.channels, 2 * network.recipe.channels)
        sizes = [sum(weight.numel() for weight in network.build(channels=n).parameters()) for n in widths]
        if sizes[0] == sizes[1]:
            return Seen("note", "channels changes no weight")
    return Seen("good", ", ".join(known) or "none of them is named, so the network sets its own")


def _shape(network: Network) -> Seen:
    raw = network.raw(network.letters[:8])
    _shape_of(raw, 8, network.outputs)
    return Seen("good", f"{tuple(raw.shape)}: {'means and raw variances' if raw.ndim == 3 else 'means'}")


def _shape_of(raw: Any, rows: int, outputs: int) -> None:
    found = tuple(raw.shape) if isinstance(raw, Tensor) else type(raw).__name__
    if found not in ((rows, outputs), (rows, outputs, 2)):
        raise ValueError(f"gave {found}; expected ({rows}, {outputs}) or ({rows}, {outputs}, 2)")


def _any_length(network: Network) -> Seen:
    other = network.length // 2 + 9
    module, letters = network.build(length=other), signal.letters(4, other, 1)
    _shape_of(network.raw(letters, module), 4, network.outputs)
    return Seen("good", f"built for {other} letters as well", other)


def _any_outputs(network: Network) -> Seen:
    other = network.outputs + 1
    _shape_of(network.raw(network.letters[:4], network.build(outputs=other)), 4, other)
    return Seen("good", f"built for {other} outputs as well", other)


def _dtype(network: Network) -> Seen:
    dtype = str(network.raw(network.letters[:8]).dtype).removeprefix("torch.")
    return Seen("good" if dtype == "float32" else "bad", dtype)


def _finite(network: Network) -> Seen:
    raw = network.raw(network.letters)
    wrong = int((~torch.isfinite(raw)).sum())
    return Seen("bad" if wrong else "good", f"{wrong} of {raw.numel()} numbers are NaN or infinite", wrong)


def _variance(network: Network) -> Seen:
    variance = moments(network.raw(network.letters))[1]
    if variance is None:
        return Seen("not applicable", "a network of means; its intervals come from the errors on validation rows")
    low, high = (float(end) ** 0.5 for end in (variance.min(), variance.max()))
    finite = low > 0 and high < float("inf")
    return Seen("good" if finite else "bad", f"SD from {low:.3g} to {high:.3g} SD of the target", high)


def _sizes(network: Network) -> Seen:
    for rows in SIZES:
        _shape_of(network.raw(network.letters[:rows]), rows, network.outputs)
    return Seen("good", f"batches of {', '.join(map(str, SIZES))}")


def _untouched(network: Network) -> Seen:
    encoded = network.encoded(network.letters)
    before = encoded.clone()
    with torch.no_grad():
        network.module(encoded)
    changed = int((encoded != before).sum())
    return Seen("bad" if changed else "good", f"{changed} of {encoded.numel()} letters changed", changed)


def _devices(network: Network) -> Seen:
    """Tensors that do not follow the network, by name and on the meta device, which any machine has."""
    astray = sorted(_astray(network.build()))
    if astray:
        return Seen("bad", f"not registered, so left behind: {', '.join(astray)}", len(astray))
    raw = network.raw(network.letters[:2])
    if raw.device.type != torch.device(network.device).type:
        return Seen("bad", f"input on {network.device}, output on {raw.device}")
    try:
        network.build().to("meta")(torch.empty((2, 4, network.length), device="meta"))
    except Exception as error:
        if ELSEWHERE.search(str(error)):
            return Seen("bad", f"on another device than the CPU: {first_line(error)}")
    return Seen("good", f"every tensor is registered; output on {raw.device}")


def _astray(module: nn.Module) -> Iterator[str]:
    """Names of tensors of a fresh module that are neither parameters nor buffers."""
    ours = {id(value) for value in (*module.parameters(), *module.buffers())}
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            if name not in ("_parameters", "_buffers", "_modules"):
                yield from (f"{path}.{name}".strip(".") for each in _tensors(value) if id(each) not in ours)


def _tensors(value: Any) -> Iterator[Tensor]:
    """Tensors in a value: itself, or within lists and mappings."""
    if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
        yield value
    elif isinstance(value, Mapping):
        yield from (found for each in value.values() for found in _tensors(each))
    elif isinstance(value, list | tuple):
        yield from (found for each in value for found in _tensors(each))


def _saved(network: Network) -> Seen:
    """Predictions of a second network that was given the weights by way of a file's bytes."""
    from safetensors.torch import load, save

    weights = {name: value.detach().cpu().clone().contiguous() for name, value in network.module.state_dict().items()}
    other = network.build(seed=1)
    other.load_state_dict(load(save(weights)))
    distance = network.distance(network.said, network.predict(network.letters, other))
    return within(distance, SAME, f"predictions differ by {distance:.1e} SD")


def _same_seed(network: Network) -> Seen:
    one, other = (network.build(seed=2).state_dict() for _ in range(2))
    different = [name for name, value in one.items() if not torch.equal(value, other[name])]
    return Seen("bad" if different else "good", _some(different) or "the same weights twice", len(different))


def _some(names: list[str]) -> str:
    """A few names of many."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _mixed(network: Network) -> Seen:
    """In bfloat16 as trained on a GPU; only a note where this is no GPU."""
    kind = torch.device(network.device).type
    worst: State = "bad" if kind == "cuda" else "note"
    try:
        with torch.autocast(kind, torch.bfloat16):
            raw = network.raw(network.letters).float()
    except Exception as error:
        return Seen(worst, first_line(error))
    distance = network.distance(network.said, moments(raw)[0].double().cpu().numpy())
    return within(distance, 0.2, f"predictions differ by {distance:.1e} SD from those in float32", beyond=worst)


FIRST: tuple[Check[Network], ...] = (
    Check("built", _built, "a torch.nn.Module from length and outputs", "give every other argument a default"),
    Check(
        "parameters",
        _parameters,
        "weights to train",
        "enter layers as attributes, lists of them as nn.ModuleList",
        ("built",),
    ),
    Check("shape", _shape, SHAPE, "reshape the answer of the last layer", ("built",)),
    Check("dtype", _dtype, "float32", "end with .float()", ("shape",)),
    Check("finite", _finite, "finite numbers for random letters", "look for logs, roots and divisions", ("shape",)),
)
"""What must hold before a training is tried."""
THEN: tuple[Check[Network], ...] = (
    Check(
        "variance head",
        _variance,
        "a finite SD above 0",
        "leave positivity to the softplus of the loss",
        ("shape", "finite"),
    ),
    Check(
        "options",
        _options,
        "channels, dropout and features have an effect where they are named",
        "use them, or leave them out",
        ("shape",),
    ),
    Check("any length", _any_length, "built for the length that it is given", "derive sizes from length", ("shape",)),
    Check(
        "any outputs",
        _any_outputs,
        "built for as many outputs as it is given",
        "derive the last layer from outputs",
        ("shape",),
    ),
    Check(
        "batch sizes",
        _sizes,
        "any number of rows",
        "name the axes of squeeze(); no batch statistics in use",
        ("shape",),
    ),
    Check(
        "input untouched",
        _untouched,
        "letters are as they were",
        "no operation in place (x += ..., x.mul_()) on the input",
        ("shape",),
    ),
    Check(
        "devices",
        _devices,
        "nothing stays behind when the network moves",
        "register_buffer for constants; device=x.device for what forward() makes",
        ("shape",),
    ),
    Check(
        "same seed", _same_seed, "torch.manual_seed decides all weights", "draw weights from torch alone", ("built",)
    ),
    Check(
        "saved weights",
        _saved,
        "state_dict holds all that predictions hang on",
        "register_buffer or Parameter instead of plain attributes",
        ("finite", "repeatable"),
    ),
    Check(
        "mixed precision",
        _mixed,
        "bfloat16 within 20\u00a0% of the SD",
        "keep the last layer and sums over positions in float32",
        ("finite", "repeatable"),
    ),
)
"""What is looked at with trained weights, if training came out."""
