"""Options of `shiftbench run` for a user's own data, and the suites that they make."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

from shiftbench.commands.arguments import Names
from shiftbench.commands.own_variants import VariantOptions
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from shiftbench.spec import Suite, Table


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class TableOptions:
    """Your own table instead of a suite.

    Parameters
    ----------
    table
        File with a sequence and its measured values in each row: .tsv, .csv, .parquet, also with .gz.
    sequence_column
        Column of the letters; not needed with --fasta.
    target_columns
        Columns of the measured values, as K562,HepG2: one output each.
    noise_column
        Column with the SD of the measurement error, or one for each target.
    replicate_columns
        Columns of the repeated measurements of a target, as K562:first,second (a single target without its name).
    id_column
        Column of names, one for each row.
    group_column
        Column of what belongs together (element, gene, chromosome): no group is trained on and tested.
    split_column
        Column that says train, validation, calibration or test, or the number of a fold.
    fasta
        FASTA file with the sequences, by the names of --id-column.
    """

    table: str = ""
    sequence_column: str = "sequence"
    target_columns: Names = ()
    noise_column: Names = ()
    replicate_columns: Names = ()
    id_column: str = ""
    group_column: str = ""
    split_column: str = ""
    fasta: str = ""

    def record(self) -> "Table | None":
        """The table with its columns; None if no file is given, `InputError` for an option without one."""
        from shiftbench.spec import Table

        if not self.table:
            if given := [name for name in self.__slots__ if getattr(self, name) != _BLANK[name]]:
                raise InputError(f"--{given[0].replace('_', '-')} without --table; expected the file of your table")
            return None
        targets = _names(self.target_columns)
        return Table(
            file=self.table,
            sequence=self.sequence_column,
            targets=targets,
            noise=_names(self.noise_column),
            replicates=_replicates(self.replicate_columns, targets),
            id=self.id_column,
            group=self.group_column,
            split=self.split_column,
            fasta=self.fasta,
        )


_BLANK = {name: field.default for name, field in TableOptions.__dataclass_fields__.items()}


def own_suites(suite: str, table: TableOptions | None, variants: VariantOptions | None) -> "list[Suite] | None":
    """The suite of the user's own files; None if there are none, `InputError` beside a named suite."""
    from msgspec.structs import replace

    from shiftbench.catalog import find_task
    from shiftbench.own.suite import own_suite, plain
    from shiftbench.own.variants_suite import QUESTION, with_variants
    from shiftbench.spec import Task

    found = table.record() if table else None
    effects = variants.record() if variants else None
    if suite and (found or effects):
        raise InputError(f"--suite {suite} and --{'table' if found else 'variants'}; expected one of them")
    tasks = [Task(name=plain(found.file), data="table", table=found)] if found else []
    if variants and effects:
        name = plain(effects.file) + "_variants" * any(task.name == plain(effects.file) for task in tasks)
        tasks.append(Task(name=name, data="variants", variants=effects, trained_on=variants.trained_on))
    if not tasks:
        return None
    files = [own.file for own in (found, effects) if own]
    made = own_suite(files[0], tuple(tasks))
    return [with_variants(made if found else replace(made, question=QUESTION), Path(), find_task)]


def _names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Names that are separated by commas or blanks."""
    return tuple(name.strip() for text in given for name in text.split(",") if name.strip())


def _replicates(given: tuple[str, ...], targets: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Columns by target, from texts like K562:first,second."""
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        target, colon, columns = text.partition(":")
        if not colon and len(targets) != 1:
            raise InputError(
                f"--replicate-columns: {text!r}; expected TARGET:first,second for each of {len(targets)} targets"
            )
        name = target if colon else targets[0]
        found[name] = (*found.get(name, ()), *_names((columns if colon else text,)))
    return found
