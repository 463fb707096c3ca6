"""Checks of a network as it is trained: steps at the peak learning rate, gradients, dropout, an easy signal."""

import copy
import math
from functools import partial

import torch
from torch.nn.modules.dropout import _DropoutNd

from shiftbench.checks import signal
from shiftbench.checks.check import Check, Seen
from shiftbench.checks.subject import BATCH, Course, Network
from shiftbench.models.heads import moments
from shiftbench.spec import Budget
from shiftbench.train.loop import ask, train
from shiftbench.train.losses import LOSSES, squared_error

EPOCHS, STEPS, FEWEST = 10, 160, 20
"""Passes and steps of the short training, and how few steps a slow network makes."""
SECONDS = 20.0
"""What the short training may take."""
LEARNED = 0.9
"""Share of the variance of held-out values that may remain."""
GRADIENT_STEPS = 5
"""Steps over which a weight has to get a gradient; some get none in the first."""


def _steps(network: Network) -> int:
    return int(min(STEPS, max(FEWEST, SECONDS / network.step_seconds)))


def _stable(network: Network) -> Seen:
    """Trains the network as a run does, in little, and keeps it."""
    steps = _steps(network) // EPOCHS * EPOCHS
    draw = partial(signal.sample, length=network.length, outputs=network.outputs)
    data = {"train": draw(steps // EPOCHS * BATCH, seed=1), "validation": draw(256, seed=2)}
    trained = train(network.recipe, 0, Budget(epochs=EPOCHS, batch=BATCH), data, network.device)
    made = len(trained.history) * steps // EPOCHS
    network.course = Course(trained, data["validation"], made)
    losses = [epoch["training"] for epoch in trained.history]
    found = f"{made} steps at up to {network.recipe.peak_lr:g}: loss {losses[0]:.3g} to {losses[-1]:.3g}"
    return Seen("good" if math.isfinite(losses[-1]) else "bad", found, losses[-1])


def _learns(network: Network) -> Seen:
    assert network.course
    trained, held_out, steps = network.course
    remains = float(((trained.residual_sd / held_out.observed.std(0)) ** 2).mean())
    found = f"{100 * remains:.0f}\u00a0% of the variance of motif counts remain after {steps} steps"
    few = steps < STEPS // 2 and len(trained.history) == EPOCHS
    return Seen("good" if remains <= LEARNED else "note" if few else "bad", found, remains)


def _gradients(network: Network) -> Seen:
    """Weights that get no gradient, or nothing but 0, in a few steps."""
    module = network.build()
    weights = {name: weight for name, weight in module.named_parameters() if weight.requires_grad and weight.numel()}
    optimiser = torch.optim.AdamW(weights.values(), lr=1e-3)
    module.train()
    data = signal.sample(GRADIENT_STEPS * BATCH, network.length, network.outputs, seed=4)
    reached: set[str] = set()
    for step in range(GRADIENT_STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        encoded = network.encoded(data.sequence[rows])
        raw = ask(module, encoded, encoded.new_zeros((BATCH, 0)))
        loss = (LOSSES[network.recipe.loss] if raw.ndim == 3 else squared_error)(
            raw, torch.from_numpy(data.observed[rows]).to(network.device)
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        reached |= {name for name, weight in weights.items() if weight.grad is not None and weight.grad.any()}
        optimiser.step()
    dead = [name for name in weights if name not in reached]
    named = ", ".join(dead[:4]) + (f" and {len(dead) - 4} more" if len(dead) > 4 else "")
    found = f"{len(weights) - len(dead)} of {len(weights)} get one" + (f"; not {named}" if dead else "")
    return Seen("bad" if dead else "good", found, len(dead))


def _dropout(network: Network) -> Seen:
    """Whether training draws, and whether layers draw that the wrapper of passes with dropout knows."""
    module, encoded = copy.deepcopy(network.module).train(), network.encoded(network.letters)
    layers = [each for each in module.modules() if isinstance(each, _DropoutNd) and each.p > 0]
    with torch.no_grad():
        one, other = (moments(ask(module, encoded.clone(), encoded.new_zeros((len(encoded), 0))))[0] for _ in range(2))
    drawn = float((one - other).abs().max())
    if drawn <= 1e-5 * float(one.abs().max()):  # rounding, where the order of sums is not fixed
        return Seen("note", "training draws nothing at random", drawn)
    if not layers:
        return Seen("note", "training draws, but in no dropout layer of torch.nn", drawn)
    return Seen("good", f"{len(layers)} layers draw in training, none in use", drawn)


TRAINING: tuple[Check[Network], ...] = (
    Check(
        "stable training",
        _stable,
        "no NaN up to the peak learning rate",
        "normalise layers, scale what is added up, or clip inside the loss",
        ("parameters", "shape", "finite"),
    ),
    Check(
        "gradients",
        _gradients,
        "a gradient for every weight",
        "remove layers that are not used; no detach() between weights and answer",
        ("parameters", "shape", "finite"),
    ),
)
EFFECT: tuple[Check[Network], ...] = (
    Check(
        "learns",
        _learns,
        "at most 90\u00a0% of the variance of an easy signal remain",
        "see that every letter reaches the answer",
        ("stable training", "responds"),
    ),
    Check(
        "dropout",
        _dropout,
        "training draws by dropout layers, use does not",
        "without them the wrapper mc_dropout is undefined; all else runs",
        ("finite", "repeatable"),
    ),
)
