"""`compare`: every pair of contenders at every test set, as tables of differences, ranks and variances.

Columns of `Comparison.pairs`, one row a pair, test set and number:

- `suite`, `task`, `test`, `metric`, `target`, `level`, `stratum`: which number; `better`: higher, lower or nominal
- `first`, `second`: the contenders; `first_value`, `second_value`: mean over worlds and seeds; `difference`: first less
  second, with its interval `low`, `high` by itself, standard `error`, degrees of `freedom` and `p`, NaN where there is
  no test; of a number with a nominal value all of these are distances from that
- `adjusted`: p value after the correction named by `family`, for `size` tests
- `verdict`: first or second (that one is better), not separated, tie (the same numbers throughout), undecided (no test)
- `holds`: for which units; `detectable`: smallest difference that would have been found in this family with a chance
  of .8; `win`: share of single trainings and draws of test rows in which the first beats the second (`winning`)
- `worlds`; `first_seeds`, `second_seeds`: fewest in a world; `clusters`; `seeds_needed` of each, `worlds_needed`: what
  would separate two contenders of this difference; `reason`: why there is no test or why nothing would

`ranks`: `place`, `best`, `worst`, `group` of each contender (`ranks.Rank`) with its `value`. `ledger`: variances
`world`, `seed`, `item`, `residual` of each contender and of each difference (`ledger.Ledger`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from shiftbench.comparison import words
from shiftbench.comparison.chosen import Asked, Choice, chosen
from shiftbench.comparison.contents import Contender, Contents, Place, contender, read
from shiftbench.comparison.difference import parts
from shiftbench.comparison.evidence import Evidence, evidence
from shiftbench.comparison.ledger import ledger
from shiftbench.comparison.pairs import COLUMNS, KEYS, Pair, Row, key, pairs, rows
from shiftbench.comparison.ranks import ranks
from shiftbench.errors import InputError
from shiftbench.report.html import fragment
from shiftbench.report.tables import plain
from shiftbench.results import write_frame
from shiftbench.stated import Cell
from shiftbench.whole import whole

FEW = 24
"""So many pairs are read one by one; more are summed up."""
RANKS = KEYS | {"contender": "str", "value": "float64"} | dict.fromkeys(("place", "best", "worst", "group"), "int64")
LEDGER = (
    KEYS
    | {"of": "str"}
    | dict.fromkeys(("world", "seed", "item", "residual"), "float64")
    | dict.fromkeys(("worlds", "seeds", "items"), "int64")
    | {"reason": "str"}
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Tables of a comparison at a confidence `level` (columns in the module's text); `folder`: of the run.

    `absent`: lines that tell which contender the run never asked for where.
    """

    folder: Path
    contenders: tuple[str, ...]
    level: float
    pairs: pd.DataFrame
    ranks: pd.DataFrame
    ledger: pd.DataFrame
    absent: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        tables = words.tables(self)
        said = [*(words.lines(self) if self.few else ()), *words.units(self)]
        return fragment([plain(*table) for table in tables], said)

    @property
    def few(self) -> bool:
        """Whether a reader is told of each pair at each test set."""
        return len(self.pairs) <= FEW

    def write(self, path: Path) -> None:
        """Write the table of pairs as TSV or Parquet."""
        check_output(path)
        if path.suffix == ".parquet":
            write_frame(self.pairs, path)
            return
        with whole(path) as partial:
            self.pairs.to_csv(partial, sep="\t", index=False)


def check_output(path: Path) -> None:
    """`InputError` unless the name tells the format."""
    if path.suffix not in (".tsv", ".parquet"):
        raise InputError(f"--output {path}: expected a name that ends in .tsv or .parquet")


def compare(
    run: Path | str,
    recipes: Sequence[str],
    *,
    metrics: Sequence[str] = (),
    tasks: Sequence[str] = (),
    tests: Sequence[str] = (),
    level: float = 0.95,
    store: Path | str | None = None,
) -> Comparison:
    """Compare recipes of the finished run in folder `run`, on the same worlds and test rows.

    Parameters
    ----------
    run
        Folder of the run.
    recipes
        Two or more of recipe, recipe/wrapper or recipe/wrapper/budget.
    metrics
        Names of metrics, `all`, or metric@target, metric@level, metric@stratum. Without any, what each suite named in
        advance is compared; where it named nothing, the first metric of each task. The tests of what was named are
        corrected by Holm, for all pairs and test sets of the suite, whichever of these are shown; all others together
        after Benjamini and Hochberg.
    tasks, tests
        Only these tasks and test sets (`gc:5`, `gc` for all doses, a subset of real rows).
    level
        Confidence level, above .5 and below 1.
    store
        Folder of finished nodes, if it is not where the run says.

    Raises
    ------
    InputError
        For unknown names, fewer than two recipes or one twice, and folders that are not there.
    """
    if not 0.5 < level < 1:
        raise InputError(f"--level: {level}; expected a confidence level such as 0.95")
    contents = read(Path(run), None if store is None else Path(store))
    who = _contenders(contents, recipes)
    places = chosen(contents, Asked(tuple(metrics), tuple(tasks), tuple(tests)))
    found: list[tuple[Choice, list[Pair], list[Row]]] = []
    for place, choices in places.items():
        here = [one for one in who if one in contents.planned[place]]
        if len(here) > 1 and any(one in contents.scores[place] for one in here):
            at = evidence(contents, place, [choice.cell for choice in choices], here)
            found += [
                (choice, pairs(at, choice.cell, here, level), [*_ledgers(at, choice.cell, here)]) for choice in choices
            ]
    if not any(every for choice, every, _ in found if choice.shown):
        raise InputError(
            f"{run}: nothing to compare, no two of {', '.join(map(str, who))} were run on the same test set"
        )
    return _tables(Path(run), who, level, found, _absent(contents, places, who))


def _contenders(contents: Contents, recipes: Sequence[str]) -> list[Contender]:
    who = [contender(text, contents.contenders()) for text in recipes]
    if len(set(who)) < max(len(who), 2):
        raise InputError(f"compare: found {', '.join(map(str, who))}; expected two or more, each once")
    return who


def _tables(
    run: Path,
    who: Sequence[Contender],
    level: float,
    found: Sequence[tuple[Choice, list[Pair], list[Row]]],
    absent: tuple[str, ...],
) -> Comparison:
    """Correct for the size of each family, and keep what is shown."""
    told: dict[int, Row] = {}
    for primary, correction in ((True, "Holm"), (False, "Benjamini-Hochberg")):
        for suite in {pair.key["suite"] for _, every, _ in found for pair in every}:
            members = [
                p for choice, every, _ in found if choice.primary == primary for p in every if p.key["suite"] == suite
            ]
            told |= dict(zip(map(id, members), rows(members, correction, level), strict=True))  # type: ignore[arg-type]
    shown = [(every, ledgers) for choice, every, ledgers in found if choice.shown]
    in_order = [[told[id(pair)] for pair in every] for every, _ in shown]
    accounts = [
        row for every, ledgers in shown for row in (*ledgers, *(_of_pair(pair) for pair in every if pair.ledger))
    ]
    return Comparison(
        run,
        tuple(map(str, who)),
        level,
        _frame([row for group in in_order for row in group], COLUMNS),
        _frame([row for group in in_order for row in _ranked(group)], RANKS),
        _frame(accounts, LEDGER),
        absent,
    )


def _absent(contents: Contents, places: Mapping[Place, Sequence[Choice]], who: Sequence[Contender]) -> tuple[str, ...]:
    """Where which contenders were never asked for, a line a task."""
    shown = [place for place, choices in places.items() if any(choice.shown for choice in choices)]
    lines = []
    for one in who:
        for task in dict.fromkeys(place.task for place in shown):
            of = [place for place in shown if place.task == task]
            missing = [place.test for place in of if one not in contents.planned[place]]
            if missing:
                tests = "" if len(missing) == len(of) else f" {', '.join(missing)}"
                lines.append(f"{task}{tests}: {one} was not run there")
    return tuple(lines)


def _frame(records: Sequence[Row], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(records, columns=list(columns)).astype(columns)


def _ranked(group: Sequence[Row]) -> Iterator[Row]:
    """Ranks of all contenders at one number, from its rows of pairs."""
    if not group:
        return
    values = {row[of]: row[f"{of}_value"] for row in group for of in ("first", "second")}
    better = [
        (row["first"], row["second"])[:: 1 if row["verdict"] == "first" else -1]
        for row in group
        if row["verdict"] in ("first", "second")
    ]
    named = {name: group[0][name] for name in KEYS}
    for rank in ranks(values, better, higher=named["better"] == "higher"):
        told = asdict(rank)
        name = told.pop("name")
        yield named | {"contender": name, "value": values[name]} | told


def _ledgers(at: Evidence, cell: Cell, who: Sequence[Contender]) -> Iterator[Row]:
    """Variances of each contender by itself."""
    for one in who:
        if numbers := at.numbers[cell][one]:
            account = ledger({world: parts((of,)) for world, of in numbers.items()})
            yield key(at.place, cell) | {"of": str(one)} | asdict(account)


def _of_pair(pair: Pair) -> Row:
    assert pair.ledger is not None
    return pair.key | {"of": f"{pair.first} - {pair.second}"} | asdict(pair.ledger)
