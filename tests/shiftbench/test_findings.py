import pandas as pd
import pytest

from shiftbench import claims, findings
from shiftbench.errors import InputError
from shiftbench.results import COLUMNS, absent, write


def row(value, **more):
    fixed = {"suite": "s", "task": "t", "wrapper": "none", "output": "mean", "target": "observed", "group": "all"}
    return absent("ok", "") | fixed | {"value": value, "recipe": "cnn", "ceiling_target": float("nan")} | more


def tables(rows, judged=()):
    claim = pd.DataFrame(list(judged), columns=list(claims.TABLE)).astype(claims.TABLE)
    return dict(findings.tables(claim, pd.DataFrame(rows, columns=list(COLUMNS))))


def line(text, *starts):
    (found,) = [one for one in text.splitlines() if one.startswith("| " + " | ".join(starts) + " |")]
    return [cell.strip() for cell in found.strip("|").split("|")][len(starts) :]


def test_real_data_stand_by_test_set_with_their_ceiling():
    rows = [
        row(value, task="lentimpra_gc", group=group, seed=seed, metric="pearson", ceiling_target=0.94)
        for group, values in {"middle": (0.5, 0.6), "high": (0.3, 0.4)}.items()
        for seed, value in enumerate(values)
    ]
    rows += [row(0.9, task="lentimpra_gc", group="high", metric="pearson", stratum="source HepG2")]
    text = tables(rows)["Pearson correlation on real data, ceiling where known"]
    assert line(text, "lentimpra_gc", "middle") == ["0.550", "0.940"]
    assert line(text, "lentimpra_gc", "high") == ["0.350", "0.940"]


def test_outputs_never_stand_in_for_a_mean_that_is_undefined():
    undefined = {"status": "undefined", "task": "turnover", "metric": "pearson"}
    rows = [row(0.5, group="mouse", task="turnover", metric="pearson", output="HUES64")]
    assert tables([*rows, row(float("nan"), group="mouse", **undefined)]) == {}
    assert tables(rows), "the only output is the mean"


def test_strands_are_not_averaged_with_views_of_one():
    rows = [
        row(value, suite="cagi4", task="cagi4", group="sample", metric="auroc", view=view, level=float("nan"))
        for view, value in (("plain", 0.5), ("reverse", 0.6), ("strands", 0.7))
    ]
    (text,) = tables(rows).values()
    assert line(text, "cagi4", "sample") == ["0.700"]


def test_elements_are_averaged_without_weights_and_never_pooled():
    rows = [
        row(value, suite="cagi5", task="cagi5", group=group, output=cell, stratum=stratum, metric="spearman",
            view="strands", level=float("nan"), n=n)
        for group, cell, n, stratum, value in (
            ("A", "K562", 10, "", 0.2), ("B", "HepG2", 9000, "", 0.4), ("A", "K562", 5, "HC", 0.6),
        )
    ]  # fmt: skip
    text = tables(rows)["Variant effects, cagi5: Spearman, both strands"]
    assert line(text, "mean of 2", "all") == ["0.300"]
    assert line(text, "A", "all") == ["0.200"]
    assert line(text, "mean of 1", "HC") == ["0.600"]


def test_repair_is_shown_by_labels_beside_what_is_not_wrapped():
    rows = [
        row(value, task="repair", shift="gc", dose="5", wrapper=wrapper, budget=budget, metric=metric, level=0.9)
        for metric, wrapper, budget, value in (
            ("coverage", "none", 0, 0.7), ("coverage", "isotonic", 0, 0.8), ("coverage", "isotonic", 32, 0.91),
            ("interval_score", "none", 0, 4.0), ("interval_score", "isotonic", 32, 3.0),
        )
    ]  # fmt: skip
    found = tables(rows)
    share, score = (
        "Share of measurements inside 90 % intervals, CNN",
        "Interval score (width and misses, lower is better)",
    )
    assert line(found[f"{share}, 0 labels of the target"], "repair", "gc 5") == ["0.700", "0.800"]
    assert line(found[f"{share}, 32 labels of the target"], "repair", "gc 5") == ["0.910"]
    assert line(found[f"{score} over that without a wrapper, CNN, 32 labels of the target"], "repair", "gc 5") == [
        "0.750"
    ]


def test_verdicts_and_their_numbers():
    fixed = dict.fromkeys(claims.TABLE, "") | {"claim": "C1", "text": "a claim", "says": "rises"}
    fixed |= {"verdict": "undecided"}
    numbers = {"value": 1.2, "low": 1.1, "high": 1.3, "worlds": 3, "seeds": 3, "detectable": 0.2}
    judged = [
        fixed | numbers | {"recipe": "cnn", "recipe_verdict": "out", "check_verdict": "out"},
        fixed | numbers | {"recipe": "bilstm", "recipe_verdict": "not out", "check_verdict": "not out", "low": 0.5},
    ]
    found = tables([], judged)
    assert line(found["Verdicts on the claims"], "C1", "a claim")[:2] == ["out", "**not out**"]
    checks = line(found["Checks behind them: number with its 95 % interval"], "C1", "rises")
    assert checks[:2] == ["1.20 (1.10 to 1.30) out", "1.20 (0.50 to 1.30) **not out**"]


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(InputError, match=r"claims.parquet: not there; expected the folder of a finished run"):
        findings.read([tmp_path])


def test_a_claim_is_told_by_the_run_that_judged_it(tmp_path):
    fixed = dict.fromkeys(claims.TABLE, "") | dict.fromkeys(("low", "high", "detectable"), 0.5)
    fixed |= {"suite": "s", "worlds": 3, "seeds": 3}
    for name, values in (("first", (1.2, float("nan"))), ("second", (float("nan"), float("nan")))):
        (tmp_path / name).mkdir()
        judged = [fixed | {"claim": claim, "value": value} for claim, value in zip(("C1", "C2"), values, strict=True)]
        frame = pd.DataFrame(judged, columns=list(claims.TABLE)).astype(claims.TABLE)
        frame.to_parquet(tmp_path / name / "claims.parquet")
        write([], tmp_path / name / "results.parquet")
    found, _ = findings.read([tmp_path / "first", tmp_path / "second"])
    assert found[found.claim == "C1"].value.tolist() == [1.2]
    assert len(found[found.claim == "C2"]) == 2
