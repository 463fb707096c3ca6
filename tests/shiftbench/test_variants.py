"""Statistics of saturation mutagenesis: by hand, and of the published table."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, pearsonr, spearmanr

from shiftbench.calibration import variants
from shiftbench.calibration.variants import Variants
from shiftbench.tasks.files import Files


def made(seed, n=400):
    """Variants of known standard error, a tenth of them with too few barcodes or no effect."""
    rng = np.random.default_rng(seed)
    barcodes = rng.integers(10, 500, n)
    se = 0.9 / np.sqrt(barcodes)
    effect = rng.normal(0, 0.3, n) + se * rng.normal(size=n)
    p_value = 2 * norm.sf(np.abs(effect) / se)
    barcodes[:20], effect[20:40] = 9, np.nan
    return Variants(effect, p_value, barcodes)


def test_statistics_are_those_of_the_variants_that_count():
    one = made(0)
    effect, p_value, barcodes = one.effect[40:], one.p_value[40:], one.barcodes[40:]
    found = {name: values[0] for name, values in variants.summary([one]).items()}
    assert found["SD of effects"] == pytest.approx(effect.std())
    assert found["90 % quantile of absolute effects"] == pytest.approx(np.quantile(np.abs(effect), 0.9))
    assert found["effects of high confidence"] == (p_value <= 1e-5).mean()
    assert found["high confidence, negative"] == (effect[p_value <= 1e-5] < 0).mean()
    assert found["stated SE of an effect x sqrt(barcodes)"] == pytest.approx(0.9, rel=1e-6)
    assert found["median barcodes of a variant"] == np.median(barcodes)


def test_an_element_without_confident_variants_has_no_sign_of_them():
    weak = made(0)
    weak.p_value[:] = 0.5
    found = variants.summary([made(1), weak])
    assert len(found["high confidence, negative"]) == 1
    assert found["effects of high confidence"][1] == 0


def test_a_repeat_is_compared_within_the_strata_of_the_first():
    one, two = made(0), made(1)
    found = variants.repeated([(one, two)])
    both = one.known & two.known
    high, low = both & (one.p_value <= 1e-5), both & (one.p_value > 1e-5)
    assert found["repeat of effects, r"] == pytest.approx([pearsonr(one.effect[both], two.effect[both])[0]])
    assert found["repeat of effects, Spearman, high confidence"] == pytest.approx(
        [spearmanr(one.effect[high], two.effect[high])[0]]
    )
    assert found["repeat of effects, Spearman, low"] == pytest.approx([spearmanr(one.effect[low], two.effect[low])[0]])


def test_published_experiments_have_their_known_ranges(real_data):
    found = variants.real(Files(cache=Path("unused"), offline=True, data_dir=real_data))
    assert {len(found[name]) for name in ("SD of effects", "effects of high confidence")} == {29}
    assert (min(found["effects of high confidence"]), max(found["effects of high confidence"])) == pytest.approx(
        (0.003, 0.479), abs=1e-3
    )
    # Repeat experiments of LDLR, SORT1, PKLR and TERT; the two classes as in earlier work on the same table.
    assert found["repeat of effects, Spearman, high confidence"] == pytest.approx([0.99, 0.97, 0.96, 0.97], abs=0.011)
    assert found["repeat of effects, Spearman, low"] == pytest.approx([0.62, 0.47, 0.62, 0.65], abs=0.04)
