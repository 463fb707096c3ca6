"""What a network costs here: memory of a large batch, speed, time of training in the tiers of the suite of shifts."""

import torch
from torch import Tensor, nn

from shiftbench.catalog import bundled_recipes, find_task, load_suite
from shiftbench.checks import signal
from shiftbench.checks.check import Check, Seen
from shiftbench.checks.subject import BATCH, Network
from shiftbench.plan import at_width
from shiftbench.train.loop import ask

LARGE = 512
"""Rows of the batch whose memory is told."""
PER_WEIGHT = 16
"""Bytes of a float32 weight, its gradient and the two moments of the optimiser."""
TIERS = ("smoke", "bench", "core")
ENOUGH = 8 * 2**30
"""Bytes from which on memory is a note: what a small GPU has."""


def _memory(network: Network) -> Seen:
    """Peak of a training step where the device counts it, else weights and all that is kept for the backward pass."""
    module = network.build().train()
    if network.device.startswith("cuda"):
        peak, how = _measured(network, module), "measured"
    else:
        peak, how = _kept(network, module), "weights, gradients, moments and kept activations"
    return Seen("good" if peak < ENOUGH else "note", f"{peak / 2**20:,.0f} MiB for a batch of {LARGE} ({how})", peak)


def _measured(network: Network, module: nn.Module) -> int:
    torch.cuda.reset_peak_memory_stats(network.device)
    before = torch.cuda.memory_allocated(network.device)
    _loss(network, module, LARGE).backward()  # type: ignore[no-untyped-call]
    return torch.cuda.max_memory_allocated(network.device) - before


def _kept(network: Network, module: nn.Module) -> int:
    """Bytes, from a small batch in proportion."""
    weights = {weight.untyped_storage().data_ptr() for weight in module.parameters()}
    kept: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        loss = _loss(network, module, BATCH)
    assert loss.requires_grad
    return sum(kept.values()) * LARGE // BATCH + PER_WEIGHT * sum(weight.numel() for weight in module.parameters())


def _loss(network: Network, module: nn.Module, rows: int) -> Tensor:
    encoded = network.encoded(signal.letters(rows, network.length, 5))
    return ask(module, encoded, encoded.new_zeros((rows, 0))).square().mean()


def _speed(network: Network) -> Seen:
    rows = 256
    encoded = network.encoded(signal.letters(rows, network.length, 5))

    def forward() -> None:
        with torch.inference_mode():
            network.module(encoded.clone())

    answered = rows / network.seconds(forward)
    return Seen("good", f"{answered:,.0f} sequences/s", answered)


def _tiers(network: Network) -> Seen:
    """Training of this recipe in `shift/mpra`: rows x epochs x seeds x worlds at the speed measured here."""
    task, bundled = find_task("shift/mpra", load_suite("shift")), network.recipe.name in bundled_recipes()
    seconds, hours = {network.recipe.channels: network.step_seconds}, {}
    for name in TIERS:
        tier = task.tiers[name]
        channels = at_width(network.recipe, tier).channels if bundled else network.recipe.channels
        if channels not in seconds:
            seconds[channels] = network.time_step(network.build(channels=channels))
        seeds = tier.seeds_of.get(network.recipe.name, tier.seeds)
        hours[name] = tier.rows * tier.epochs * seeds * tier.worlds * seconds[channels] / BATCH / 3600
    told = ", ".join(f"{name} {_spelt(hours[name])}" for name in TIERS)
    return Seen("good", f"{BATCH / network.step_seconds:,.0f} sequences/s; {told}", hours["core"])


def _spelt(hours: float) -> str:
    return f"{3600 * hours:.0f} s" if hours < 1 / 60 else f"{60 * hours:.0f} min" if hours < 1 else f"{hours:.1f} h"


COST: tuple[Check[Network], ...] = (
    Check(
        "memory",
        _memory,
        "under 8 GiB, what a small GPU has",
        "fewer channels, or earlier pooling",
        ("parameters", "shape"),
    ),
    Check("speed", _speed, "told, not judged", "", ("shape",)),
    Check("training time", _tiers, "told, not judged: suite shift, all fits, here", "", ("parameters", "shape")),
)
