"""A round of the leaderboard as a suite: the same models, asked for worlds that nobody has seen, and not scored."""

from pathlib import Path

import msgspec

from shiftbench.catalog import load_suite
from shiftbench.errors import InputError
from shiftbench.spec import Suite, Tier
from shiftbench.tasks import round as rounds

TIERS = ("bench", "core")
"""Tiers whose sizes an entry may have."""
SEEING = ("motif_prior", "source_oracle", "oracle")
"""Controls that hold what a round keeps secret."""
MIXED = "mixed"
"""Name of the test set of a world: all doses, shuffled."""


def suite(path: Path) -> Suite:
    """The suite that the round in `path` (its folder or round.json) asks about, with the round's data and seeds.

    `InputError` if it is no round, or one of another version of the suite.
    """
    of = rounds.located(path)
    terms = rounds.opening(of).terms
    asked = load_suite(terms.suite)
    if asked.version != terms.suite_version:
        raise InputError(
            f"{of.file}: asks about {terms.suite} version {terms.suite_version}; this is version {asked.version}, so "
            "install the release that the round was opened with"
        )
    task = asked.task[0]
    changed = {
        "data": "round",
        "round": of,
        "recipes": tuple(name for name in task.recipes if name not in SEEING),
        "metrics": (),
        "shifts": (),
        "arms": (),
        "at": (),
        "subsets": (MIXED,),
        "first_world": 0,
        "tiers": {name: _sizes(task.tiers[name], terms) for name in TIERS},
    }
    return msgspec.structs.replace(
        asked,
        name=f"round-{terms.id}",
        title=f"Practice round {terms.id}" if terms.practice else f"Round {terms.id}",
        source=f"{terms.worlds} worlds drawn from a secret",
        task=(msgspec.structs.replace(task, **changed),),
    )


def _sizes(tier: Tier, terms: rounds.Terms) -> Tier:
    most = {name: min(getattr(tier, name), getattr(terms, name)) for name in ("rows", "validation", "calibration")}
    return msgspec.structs.replace(tier, **most, test=terms.test, worlds=terms.worlds, seeds=len(terms.seeds))


def first_seed(path: Path) -> int:
    """First of the training seeds of a round; they follow one another."""
    return rounds.opening(rounds.located(path)).terms.seeds[0]


def notice(path: Path) -> str:
    """What to tell whoever answers a round for practice; "" of another."""
    return rounds.opening(rounds.located(path)).terms.notice
