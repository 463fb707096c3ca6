"""The eQTL-causal SNPs of CAGI4: standard errors and ceilings on made-up variants, counts on the real ones."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError, Skipped
from shiftbench.spec import Data
from shiftbench.tasks.cagi4 import KEY, TABLES, Cagi4, standard_error
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import INSERT, LEFT, RIGHT, encode, load
from shiftbench.tasks.overlap import shared
from tests.lentimpra_files import invented, joint, listed


def build(files, subset="sample", split="snv", **more):
    return Cagi4().build(Data(provider="cagi4", version=1, role="test", split=split, subset=subset, **more), files)


def toy_variants():
    """60 substitutions and 2 others; skews of SD .5 with errors of .3, each allele's effect with .3 / sqrt(2)."""
    rng = np.random.default_rng(6)
    letters = rng.choice([*"ACGT"], (62, 150))
    letters[5, :60] = [*invented()[1][0][20:80]]  # of a lentiMPRA insert
    letters[7] = letters[6]
    letters[:, 75] = "A"
    effect = rng.normal(0, 1, (62, 2))
    effect[:, 1] = effect[:, 0] + rng.normal(0, 0.5, 62)
    error = 0.3 / np.sqrt(2)
    log_p = -np.log10(2 * norm.sf(np.abs(effect) / error))
    log_p[2, 0] = 0.0
    table = pd.DataFrame(
        {
            "ID": [f"rs{i}" for i in range(62)],
            "pos": np.arange(62) + 1000,
            "RefAllele": ["A"] * 60 + ["AT", "A"],
            "AltAllele": ["C"] * 60 + ["A", "-"],
            "C.A.log2FC": effect[:, 0],
            "C.A.logP": log_p[:, 0],
            "C.B.log2FC": effect[:, 1],
            "C.B.logP": log_p[:, 1],
            "LogSkew.Comb": effect[:, 1] - effect[:, 0],
            "Regulatory_Hit": [1] * 40 + [0] * 22,
            "emVar_Hit": [1] * 10 + [0] * 52,
        }
    )
    table["ref_sequence"] = ["".join(row) for row in letters]
    table["alt_sequence"] = [row[:75] + "C" + row[76:] for row in table["ref_sequence"]]
    return table


@pytest.fixture(scope="module")
def toy_files(tmp_path_factory):
    files = joint(tmp_path_factory.mktemp("toy") / "data", range(439))
    table = toy_variants()
    table.to_csv(files.data_dir / TABLES["sample"], index=False)
    answers = ["LogSkew.Comb", "emVar_Hit"]
    own = [name for name in table if name not in answers and not name.startswith("C.")]
    table[own].to_csv(files.data_dir / TABLES["dataset2"], index=False)
    table.loc[::-1, ["ID", *answers]].to_csv(files.data_dir / KEY, sep="\t", index=False)
    return listed(files, *TABLES.values(), KEY)


def test_every_variant_has_its_reference_and_its_skew(toy_files):
    table = toy_variants().set_index("ID")
    for subset in TABLES:
        sample = build(toy_files, subset).samples["test"]
        check_sample(sample, subset)
        rows = np.flatnonzero(sample.reference >= 0)
        assert len(rows) == 60 == (sample.reference < 0).sum()
        assert sample.outputs == ("K562",)
        for row in rows:
            variant = table.loc[sample.id[row]]
            fill = "N" * 25
            for which, letters in ((row, variant.alt_sequence), (sample.reference[row], variant.ref_sequence)):
                assert np.array_equal(sample.sequence[which], encode(LEFT + fill + letters + fill + RIGHT))
            assert sample.observed[row, 0] == pytest.approx(variant["LogSkew.Comb"], abs=1e-6)
            assert sample.table["label"][row] == sample.table["stratum:emVar"][row] == variant.emVar_Hit
        assert not sample.table["label"][sample.reference < 0].any()
        assert np.isnan(sample.observed[sample.reference < 0]).all()


def test_two_variants_in_one_stretch_are_resampled_together(toy_files):
    sample = build(toy_files).samples["test"]
    group = dict(zip(sample.id.tolist(), sample.group.tolist(), strict=True))
    assert group["rs6"] == group["rs7"] == group["rs6:reference"]
    assert len(set(group.values())) == 59


def test_variants_that_share_bases_with_the_library_are_marked(toy_files):
    built = build(toy_files)
    sample = built.samples["test"]
    assert built.facts["sharing_50_bases"] == 1
    assert sample.id[(sample.reference >= 0) & ~sample.table["stratum:clean"]].tolist() == ["rs5"]


def test_standard_errors_come_back_from_the_p_values(toy_files):
    table = toy_variants()
    assert standard_error(table)[[0, 1, 3]] == pytest.approx(0.3, rel=1e-6)
    assert np.isnan(standard_error(table)[2])  # p = 1
    huge = table.head(1).assign(**{"C.A.log2FC": 8.0, "C.A.logP": 400.0})  # below the smallest float
    assert 0.2 < standard_error(huge)[0] < 0.4
    facts = build(toy_files).facts
    assert facts["noise_sd_unknown"] == 1
    assert np.isnan(build(toy_files, "dataset2").samples["test"].noise_sd).all()


def test_ceiling_is_what_the_noise_leaves(toy_files):
    facts = build(toy_files).facts
    skew = toy_variants()["LogSkew.Comb"][:60].drop(2)
    assert facts["ceiling"]["pearson"]["K562"] == pytest.approx(np.sqrt(1 - 0.09 / skew.var(ddof=0)), rel=1e-5)
    assert facts["ceiling_missing"] == {"pearson@emVar": "emVars are chosen by the size of the measured effect"}
    assert build(toy_files, "dataset2").facts["ceiling"] == {}


def test_smaller_sets_lie_in_larger_ones(toy_files):
    some, whole = (build(toy_files, rows=rows).samples["test"] for rows in (10, 0))
    assert len(some.id) == 20
    assert set(some.id) < set(whole.id)


def test_what_it_refuses(toy_files, tmp_path):
    with pytest.raises(InputError, match="no subset 'dataset1'; did you mean 'dataset2'"):
        build(toy_files, "dataset1")
    with pytest.raises(InputError, match="no split 'all'"):
        build(toy_files, split="all")
    with pytest.raises(Skipped, match=TABLES["sample"]):
        build(Files(data_dir=tmp_path, cache=tmp_path, offline=True))


# The real variants


@pytest.fixture(scope="module")
def files(real_data, tmp_path_factory):
    return Files(data_dir=real_data, cache=tmp_path_factory.mktemp("cache"), offline=True)


def test_real_counts(files):
    facts = {subset: build(files, subset).facts for subset in TABLES}
    assert {name: told["variants"] for name, told in facts.items()} == {"sample": 2_873, "dataset2": 369}
    assert sum(facts["sample"]["left_out"].values()) == 3_044 - 2_873
    assert sum(facts["dataset2"]["left_out"].values()) == 401 - 369
    assert facts["sample"]["counts"]["emVar"] == 104
    assert "regulatory hit" not in facts["sample"]["ceiling_missing"]
    assert "no less than the variance" in facts["sample"]["ceiling_missing"]["pearson"]


def test_real_alleles_differ_in_the_middle_and_clean_ones_share_nothing_with_the_library(files):
    sample = build(files, "dataset2").samples["test"]
    alt = sample.reference >= 0
    differ = sample.sequence[alt] != sample.sequence[sample.reference[alt]]
    assert differ.sum(1).tolist() == [1] * alt.sum()
    assert differ[:, len(LEFT) + 100].all()
    library = load(files).insert
    hit = shared(np.ascontiguousarray(sample.sequence[:, INSERT]), library)
    assert np.array_equal(~(hit[alt] | hit[sample.reference[alt]]), sample.table["stratum:clean"][alt])
    assert hit.any()
