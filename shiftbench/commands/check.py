"""`shiftbench check`: what a model does, before time is spent on it."""

from typing import TYPE_CHECKING

from shiftbench import summary

if TYPE_CHECKING:
    from shiftbench.checks.finding import Checked


def check(
    model: str,
    *,
    length: int = 230,
    outputs: int = 3,
    channels: int = 0,
    dropout: float | None = None,
    device: str = "auto",
) -> int:
    """Test a model before it is run, in about a minute: shape, devices, determinism, batches, strands, training, speed.

    Parameters
    ----------
    model
        path.py:name or module:name of a network, predictor or embedding of yours, or a name that is known here.
    length
        Letters of a sequence.
    outputs
        Numbers to be predicted for each.
    channels
        Width, where the constructor names it; 0 takes that of the recipe.
    dropout
        Rate, where the constructor names it; default that of the recipe.
    device
        auto, cpu, cuda or mps.
    """
    from shiftbench.checks.examine import check as examine

    checked = examine(model, length=length, outputs=outputs, channels=channels, dropout=dropout, device=device)
    _print(checked)
    return int(bool(checked.bad))


def _print(checked: "Checked") -> None:
    """A row a check, then what to do about each that is not good, then the verdict."""
    rows = [(each.check, each.state, each.found) for each in checked.findings]
    summary.table(checked.name, ("check", "state", "found"), rows)
    for each in checked.findings:
        if each.advice:
            print(f"{each.state}: {each.check}: expected {each.expected}; {each.advice}")  # noqa: T201
    print(checked.verdict)  # noqa: T201
