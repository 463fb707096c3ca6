"""Controls that repeat what is written beside a variant."""

from dataclasses import replace

import numpy as np
import pytest

from shiftbench.models.annotation import Conservation, PositionMean, Repeat, annotations
from shiftbench.score import Scorer
from shiftbench.wrappers.evidence import Wrapped
from tests.shiftbench.test_targets import one, sample, variants

N = 12


def table():
    known = np.where(np.arange(N) < 9, np.linspace(-1, 1, N), np.nan)
    return sample(N, table={"control:position_mean": known, "gc": np.full(N, 0.5)})


def test_the_column_of_its_name_for_every_output():
    test = table()
    told = annotations(test)
    assert list(told) == ["position_mean"]
    control = PositionMean()
    state = control.fit(replace(test, outputs=("a", "b")), test, {})
    prediction = control.predict(state, test.sequence, {"annotations": told})
    assert prediction.mean.shape == (N, 2)
    np.testing.assert_allclose(prediction.mean[:9, 1], np.linspace(-1, 1, N)[:9], rtol=1e-6)
    assert prediction.kept.sum(0).tolist() == [9, 9]
    assert prediction.sd is None


@pytest.mark.parametrize("control", [Conservation, Repeat])
def test_without_its_column_it_answers_nothing(control):
    test = table()
    prediction = control().predict({"outputs": np.array(1)}, test.sequence, {"annotations": annotations(test)})
    assert not prediction.kept.any()


def test_it_is_scored_where_it_answers():
    test, _, effect = variants(1)
    column = np.concatenate([[np.nan, np.nan], effect])
    column[5:15] = np.nan
    test = replace(test, table=test.table | {"control:repeat": column})
    prediction = Repeat().predict({"outputs": np.array(1)}, test.sequence, {"annotations": annotations(test)})
    scorer = Scorer(test, {}, metrics=("spearman",), scored="difference", resamples=20)
    found = one(scorer.rows(Wrapped(prediction)))
    assert (found["n"], round(found["value"], 9)) == (30, 1.0)
