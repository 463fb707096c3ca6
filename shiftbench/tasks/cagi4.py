"""Natural variants as a task: the eQTL-causal SNP challenge of CAGI4 (allelic MPRA of Tewhey 2016)."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri_exp

from shiftbench.errors import InputError
from shiftbench.spec import Data, did_you_mean
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import DESIGN, LEFT, RIGHT, VALUES, Library, encode, load
from shiftbench.tasks.overlap import clusters, shared
from shiftbench.tasks.provider import Built
from shiftbench.tasks.split import uniform
from simulators import genome
from simulators.contract import Sample

TABLES = {"sample": "train_df.csv", "dataset2": "cagi4_test2.csv"}
"""Table with the alleles of each set, by its name in the challenge; no alleles of dataset1 are public."""
KEY = "4-eQTL-causal_SNPs_answer_key2.txt"
SPLIT = "snv"
CELL = "K562"
ALLELE, INSERT = 150, 200
"""Bases of an allele, and of the insert in whose middle it is set."""
REGULATORY, CAUSAL, CLEAN = "regulatory hit", "emVar", "clean"
FEWEST = 30
"""Variants that a ceiling needs."""

Strata = dict[str, NDArray[np.bool_]]


class Cagi4:
    """Provider of allelic effects: `subset` sample or dataset2, substitutions only.

    A test sample begins with a row for each reference allele (`reference` -1, observed NaN), followed by a row for each
    alternative: `observed` is its log2 activity less that of the reference (skew), `label` and `confident` whether the
    screen called the two different (emVar). `rows` > 0 keeps the variants of the lowest hash, so a smaller set lies in
    a larger one.
    """

    version = 1
    files = (*TABLES.values(), KEY, DESIGN, VALUES)
    optional = ()

    def build(self, data: Data, files: Files) -> Built:
        """Sample of a set; `MissingData` without a table, `InputError` for an unknown role, split, subset or shift."""
        asked = {
            "role": (data.role, ["test"]),
            "split": (data.split, [SPLIT]),
            "subset": (data.subset, [*TABLES]),
            "shift": (data.shift, [""]),
        }
        for option, (found, known) in asked.items():
            if found not in known:
                raise InputError(f"task cagi4: no {option} {found!r}{did_you_mean(found, known)}")
        table = read(files, data.subset)
        single = (table["RefAllele"] + table["AltAllele"]).str.fullmatch("[ACGT]{2}")
        variants = table[single].reset_index(drop=True)
        order = np.argsort(uniform(variants["ID"].tolist(), "cagi4/order"), kind="stable")[: data.rows or None]
        variants = variants.iloc[np.sort(order)].reset_index(drop=True)
        alleles = [np.stack([encode(row) for row in variants[f"{name}_sequence"]]) for name in ("ref", "alt")]
        strata = _strata(variants, ~overlapping(alleles, load(files)))
        error = standard_error(variants)
        sample = _sample(variants, alleles, error, strata)
        facts = _facts(data.subset, table, int(single.sum()), variants, strata, error)
        return Built({"test": sample}, facts | _ceilings(variants, error, strata))


def read(files: Files, subset: str) -> pd.DataFrame:
    """All variants of a set; columns ref_sequence, alt_sequence, skew, emVar and regulatory (0 or 1) among others."""
    table = pd.read_csv(files.path(TABLES[subset]))
    if subset == "dataset2":
        table = table.merge(pd.read_csv(files.path(KEY), sep="\t"), on="ID", validate="1:1")
    return table.rename(columns={"LogSkew.Comb": "skew", "emVar_Hit": "emVar", "Regulatory_Hit": "regulatory"})


def standard_error(variants: pd.DataFrame) -> NDArray[np.float64]:
    """Standard error of each skew from the p values of both alleles, normal law, float64 (n,).

    An allele's error is |log2 change| / z of its two-sided p value; NaN where p is 1 or the set states none.
    """
    if "C.A.logP" not in variants:
        return np.full(len(variants), np.nan)
    errors = []
    for allele in "AB":
        effect, log_p = (variants[f"C.{allele}.{column}"].to_numpy(float) for column in ("log2FC", "logP"))
        known = log_p > 0  # -log10 p, so that p is below 1
        z = -ndtri_exp(np.where(known, -log_p, -1.0) * np.log(10) - np.log(2))
        errors.append(np.where(known, np.abs(effect) / z, np.nan))
    return np.hypot(*errors)


def overlapping(alleles: list[NDArray[np.uint8]], library: Library) -> NDArray[np.bool_]:
    """Whether either allele shares 50 bases on either strand with an insert of the lentiMPRA library, bool (n,)."""
    near = library.insert[shared(library.insert, np.concatenate(alleles))]
    return shared(alleles[0], near) | shared(alleles[1], near)


def _strata(variants: pd.DataFrame, clean: NDArray[np.bool_]) -> Strata:
    found = {REGULATORY: variants["regulatory"] == 1, CAUSAL: variants["emVar"] == 1}
    return {name: stratum.to_numpy() for name, stratum in found.items()} | {CLEAN: clean}


def _sample(
    variants: pd.DataFrame, alleles: list[NDArray[np.uint8]], error: NDArray[np.float64], strata: Strata
) -> Sample:
    n = len(variants)
    none = np.full(n, np.nan)
    sequence = np.stack([encode(LEFT + "N" * INSERT + RIGHT)] * 2 * n)
    start = len(LEFT) + (INSERT - ALLELE) // 2
    sequence[:, start : start + ALLELE] = np.concatenate(alleles)

    def column(of_variants: NDArray[Any], of_references: Any) -> NDArray[Any]:
        return np.concatenate([np.full(n, of_references, of_variants.dtype), of_variants])

    position = variants["pos"].to_numpy(np.int64)
    causal = column(strata[CAUSAL], False)
    gc = genome.gc(np.concatenate(alleles))
    table = {"gc": gc, "position": np.tile(position, 2), "label": causal, "confident": causal}
    names = variants["ID"].tolist()
    told = {f"stratum:{name}": column(stratum, False) for name, stratum in strata.items() if not stratum.all()}
    return Sample(
        id=np.array([*(f"{name}:reference" for name in names), *names]),
        sequence=sequence,
        observed=np.concatenate([none, variants["skew"].to_numpy(float)])[:, None].astype(np.float32),
        noise_sd=np.concatenate([none, error])[:, None].astype(np.float32),
        reference=column(np.arange(n, dtype=np.int32), -1),
        group=np.tile(clusters(np.ascontiguousarray(alleles[0])), 2),
        outputs=(CELL,),
        table=table | told,
    )


def _ceilings(variants: pd.DataFrame, error: NDArray[np.float64], strata: Strata) -> dict[str, Any]:
    """Pearson correlation of a perfect model with the skews, all of them and by stratum, or why there is none.

    Root of the share of the variance that is not squared standard error. emVars are chosen by the measured effect, so
    what is noise among them is not known.
    """
    skew = variants["skew"].to_numpy(float)
    ceiling, missing = {}, {}
    partial = {name: rows for name, rows in strata.items() if not rows.all()}
    for name, rows in {"": np.ones(len(skew), bool), **partial}.items():
        known = rows & np.isfinite(error)
        where = f"@{name}" if name else ""
        if name == CAUSAL:
            missing[f"pearson{where}"] = "emVars are chosen by the size of the measured effect"
            continue
        if known.sum() < FEWEST:
            missing[f"pearson{where}"] = f"{known.sum()} variants with a standard error; {FEWEST} needed"
            continue
        noise, total = float(np.mean(error[known] ** 2)), float(skew[known].var())
        if noise < total:
            ceiling[f"pearson{where}"] = {CELL: float(np.sqrt(1 - noise / total))}
        else:
            missing[f"pearson{where}"] = (
                f"the mean squared standard error, {noise:.3f}, is no less than the variance of the skews, {total:.3f}"
            )
    return {"ceiling": ceiling, "ceiling_missing": missing}


def _facts(
    subset: str, table: pd.DataFrame, single: int, variants: pd.DataFrame, strata: Strata, error: NDArray[np.float64]
) -> dict[str, Any]:
    count = {name: int(stratum.sum()) for name, stratum in strata.items()}
    n, overlap = len(variants), len(variants) - count[CLEAN]
    known = np.isfinite(error)
    noise = f"the median standard error is {np.median(error[known]):.3f}" if known.any() else "no error is stated"
    return {
        "library": f"CAGI4 eQTL-causal SNPs, {subset}: alleles of {ALLELE} bp, skew = log2 activity, alt less ref",
        "cell": "lymphoblastoid lines, combined",
        "predicted_by": CELL,
        "eligible": single,
        "left_out": {"insertions_and_deletions": len(table) - single},
        "variants": n,
        "counts": count,
        "sharing_50_bases": overlap,
        "noise_sd": "from the p values of both alleles, normal law" if known.any() else "not known",
        "noise_sd_unknown": int((~known).sum()),
        "notes": [
            f"{subset}: {n:,} variants, {count[REGULATORY]:,} of them where an allele is active (regulatory hits), "
            f"{count[CAUSAL]:,} where the alleles differ (emVars: the positives of auroc and auprc).",
            f"The skews have an SD of {variants['skew'].std():.3f}; {noise}.",
            f"Measured in lymphoblastoid lines; predicted by the output {CELL}, the nearest of its cell types (blood).",
            f"The {ALLELE} bp lie in the middle of an insert of {INSERT}; the bases beside them are N, since the other "
            "vector is not modelled. No training insert has N.",
            f"{len(table) - single} insertions and deletions are left out: their alleles differ in length, so that "
            "one of them would be moved or filled. Of the challenge's dataset1 no alleles are public.",
            f"{overlap} variants share 50 bases with an insert of the lentiMPRA library; the others are the stratum "
            f"`{CLEAN}`.",
        ],
    }
