"""Losses by name, on standardised targets."""

from collections.abc import Callable

from torch import Tensor

from shiftbench.models.heads import moments

Loss = Callable[[Tensor, Tensor], Tensor]


def gaussian_nll(raw: Tensor, target: Tensor) -> Tensor:
    """Mean negative log likelihood of a normal law, without its constant."""
    mean, variance = moments(raw)
    assert variance is not None
    return 0.5 * (variance.log() + (target - mean) ** 2 / variance).mean()


def beta_nll(raw: Tensor, target: Tensor) -> Tensor:
    """Gaussian NLL, each term weighted by its variance^.5 held constant (Seitzer et al. 2022, beta = .5)."""
    mean, variance = moments(raw)
    assert variance is not None
    term = 0.5 * (variance.log() + (target - mean) ** 2 / variance)
    return (variance.detach() ** 0.5 * term).mean()


def squared_error(raw: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of the predicted mean."""
    return ((moments(raw)[0] - target) ** 2).mean()


LOSSES: dict[str, Loss] = {"beta_nll": beta_nll, "gaussian_nll": gaussian_nll, "squared_error": squared_error}
