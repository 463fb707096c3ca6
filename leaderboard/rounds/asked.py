"""What a round asks, from its round.json alone."""

from pathlib import Path

from leaderboard.questions import Asked, Questions
from shiftbench import rounds
from shiftbench.plan import plan
from shiftbench.spec import Data
from shiftbench.tasks import round as data
from shiftbench.validate import Selection


def questions(path: Path) -> Questions:
    """The test sets of the round in `path`, its folder or its round.json; `InputError` if it is none."""
    of = data.located(path)
    told = data.opening(of)
    planned = plan([rounds.suite(path)], rounds.TIERS[-1], Selection())
    tests = {
        node.world: (name, planned.labels[name])
        for name, node in planned.nodes.items()
        if isinstance(node, Data) and node.role == "test"
    }
    return Questions(
        suite=told.terms.suite,
        version=told.terms.suite_version,
        round=told.terms.id,
        outputs=told.outputs,
        seeds=told.terms.seeds,
        sets=tuple(Asked(*tests[number], data.ids(world.asked)) for number, world in enumerate(told.worlds)),
    )
