"""Options of `shiftbench run` for a user's own variants."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter

from shiftbench.commands.arguments import Flag
from shiftbench.errors import InputError

if TYPE_CHECKING:
    from shiftbench.spec import Variants


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class VariantOptions:
    """Your own variants, predicted by the fits of --table or of another task.

    Parameters
    ----------
    variants
        File with a variant and its measured effect in each row: .vcf, .tsv, .csv, .parquet, also with .gz.
    references
        FASTA file with the elements or chromosomes that the variants lie in.
    trained_on
        Suite/task whose fits predict; default the table, without one lentimpra/lentimpra.
    predicted_by
        Output of these fits that predicts the effects; not needed where there is one.
    variant_element
        Column of the element or chromosome.
    variant_position
        Column of the position, from 1.
    variant_ref
        Column of the reference allele, - for none.
    variant_alt
        Column of the alternative allele, - for none. Inserted letters stand before the position.
    variant_effect
        Column, or INFO key of a VCF, of the measured effect.
    variant_confidence
        Column or INFO key that tells which effects are sure: a p value, barcodes, a confidence.
    variant_repeat
        Column or INFO key of the effect in a repeat of the experiment.
    confident_at_most
        Largest --variant-confidence of a sure effect (p values).
    confident_at_least
        Smallest --variant-confidence of a sure effect (barcodes).
    zero_based
        Positions of a table count from 0.
    window
        Letters of the reference that are shown; default as the fits were trained.
    left
        Adapter before the window, with --window; default as the fits were trained.
    right
        Adapter behind it, likewise.
    """

    variants: str = ""
    references: str = ""
    trained_on: str = ""
    predicted_by: str = ""
    variant_element: str = "element"
    variant_position: str = "position"
    variant_ref: str = "ref"
    variant_alt: str = "alt"
    variant_effect: str = "effect"
    variant_confidence: str = ""
    variant_repeat: str = ""
    confident_at_most: float | None = None
    confident_at_least: float | None = None
    zero_based: Flag = False
    window: int = 0
    left: str = ""
    right: str = ""

    def record(self) -> "Variants | None":
        """The variants with their columns; None if no file is given, `InputError` for an option without one."""
        from shiftbench.spec import Variants

        if not self.variants:
            if given := [name for name in self.__slots__ if getattr(self, name) != _BLANK[name]]:
                raise InputError(
                    f"--{given[0].replace('_', '-')} without --variants; expected the file of your variants"
                )
            return None
        if self.window < 0:
            raise InputError(f"--window: {self.window}; expected 1 or more, or 0 for that of the fits")
        for name in ("left", "right"):
            if not {*getattr(self, name).upper()} <= {*"ACGT"}:
                raise InputError(f"--{name}: {getattr(self, name)!r}; expected letters A C G T")
        return Variants(
            file=self.variants,
            fasta=self.references,
            element=self.variant_element,
            position=self.variant_position,
            ref=self.variant_ref,
            alt=self.variant_alt,
            effect=self.variant_effect,
            confidence=self.variant_confidence,
            repeat=self.variant_repeat,
            at_most=self.confident_at_most,
            at_least=self.confident_at_least,
            zero_based=self.zero_based,
            output=self.predicted_by,
            window=self.window,
            left=self.left.upper(),
            right=self.right.upper(),
        )


_BLANK = {name: field.default for name, field in VariantOptions.__dataclass_fields__.items()}
