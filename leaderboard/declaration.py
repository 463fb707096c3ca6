"""What an entrant declares of an entry, as options of the command line."""

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

from shiftbench.commands.arguments import Flag


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What only you know of the entry; it is shown as declared.

    Parameters
    ----------
    team
        Short name of your team: lower case letters, digits, hyphens.
    title
        Name of the entry as the table shows it.
    authors
        Who made it.
    training_data
        What it was trained on, beside the training rows of the suite if anything.
    pretraining
        What it had seen before (genomes, MPRA libraries); "none" if nothing.
    trials
        Number of configurations that were tried on this suite, this one among them.
    entry
        Id of the entry; default from team, recipe, wrapper and preset.
    description
        A few sentences on the model.
    licence
        Licence of the code.
    link
        https address of code or paper.
    hardware
        What it was trained on, as "1 NVIDIA H100"; default system and architecture.
    outside_data
        It was trained on anything else than the training rows of the suite.
    generator_aware
        It uses what is known of the simulator; told by itself for structural priors.
    sees_test_inputs
        It was fitted or calibrated on test sequences; told by itself for wrappers that do.
    weights
        File of weights (safetensors) that you publish as a release asset; only its name and digest are written.
    """

    team: str
    title: str
    authors: str
    training_data: str
    pretraining: str
    trials: int
    entry: str = ""
    description: str = ""
    licence: str = "BSD-3-Clause"
    link: str = ""
    hardware: str = ""
    outside_data: Flag = False
    generator_aware: Flag = False
    sees_test_inputs: Flag = False
    weights: Path | None = None
