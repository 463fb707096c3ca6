"""A round with its truth, from its public files and its secret."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from leaderboard.board import Board, Cell
from leaderboard.rounds import secret as secrets
from leaderboard.rounds.asked import questions
from leaderboard.rounds.worlds import Hidden, Kind, hidden
from shiftbench.models.controls import TrainingMean
from shiftbench.models.oracle import Oracle
from shiftbench.prediction import Prediction
from shiftbench.spec import Round
from shiftbench.tasks import round as data
from simulators.contract import World


def revealed(path: Path, secret: bytes) -> Board:
    """The table of the round in `path`, its folder or its round.json, with the truth of every cell.

    `InputError` if the commitment does not bind the secret, or if a file is not the one that round.json names.
    """
    return board(path, worlds(path, secret))


def worlds(path: Path, secret: bytes) -> list[Hidden]:
    """The worlds of a round, drawn again; `InputError` if the commitment does not bind the secret."""
    of = data.located(path)
    told = data.opening(of)
    secrets.check(secret, told.terms, told.commitment, Path(of.file))
    return [hidden(secret, told.terms, number) for number in range(told.terms.worlds)]


def board(path: Path, known: Sequence[Hidden]) -> Board:
    """The table of a round whose worlds are known; `InputError` as `revealed`."""
    of = data.located(path)
    cells = [cell for number, one in enumerate(known) for cell in _cells(of, number, one)]
    return Board(questions(path), tuple(cells))


def _cells(of: Round, number: int, one: Hidden) -> Iterator[Cell]:
    train = data.read(of, number, "train")
    floor = TrainingMean()
    state = floor.fit(train, train, {})
    for kind in one.kinds:
        law, letters = kind.law, kind.sample.sequence
        yield Cell(
            world=str(number),
            part=law.part,
            family=law.family,
            dose=law.dose,
            severity=law.severity,
            question=number,
            rows=kind.places,
            sample=kind.sample,
            references={
                "floor": floor.predict(state, letters, {}),
                "source": _oracle(one.source, kind),
                "target": _oracle(law.world, kind),
            },
        )


def _oracle(world: World, kind: Kind) -> Prediction:
    return Oracle().predict({}, kind.sample.sequence, {"world": world.to_json()})
