"""Claims, curves, robustness and repairs on the page: what is shown, what is marked, and what a run without them is."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from shiftbench.report import (
    claims,
    curves,
    figures,
    frame,
    page,
    panels,
    repair,
    robustness,
    shift_family,
    shift_tables,
)
from tests.shiftbench.test_report import BLANK, MANIFEST, Reader, section, simulated, whole

EVIL = "<script>alert(1)</script>"
VERDICTS = {
    "C1": {"cnn": "out", "bilstm": "out"},
    "C2, full": {"cnn": "not out", "bilstm": "not out"},
    "C3": {"cnn": "out", "bilstm": "undecided", "cnn_prior": "not out"},
}


def judged() -> pd.DataFrame:
    rows = []
    for claim, found in VERDICTS.items():
        verdict = next(iter(found.values())) if len(set(found.values())) == 1 else "undecided"
        for check in ("RMSE rises by more than a tenth", "90 % intervals hold less than .80"):
            for turn, (recipe, own) in enumerate(found.items()):
                known = own != "undecided"
                rows.append(
                    {
                        "suite": "shift", "claim": claim, "text": f"The text of {claim}.", "source": "arXiv:1",
                        "verdict": verdict, "recipe": recipe, "recipe_verdict": own, "says": check,
                        "value": 1.234 + turn,
                        "low": 1.111 if known else math.nan, "high": 1.456 if known else math.nan,
                        "worlds": 3, "seeds": 2, "check_verdict": own, "detectable": 0.25,
                        "reason": "" if known else "1 world",
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def drawn(y_at_dose: float = 0.6) -> pd.DataFrame:
    """Curves of two networks, without a shift and under two, of two seeds that differ by .02."""
    rows = []
    for shift, dose in (("", "0"), ("gc", "5"), ("rewiring", "5")):
        for recipe in ("cnn", "bilstm", "zebra"):
            for seed in (0, 1):
                of = BLANK | {"task": "mpra", "shift": shift, "dose": dose, "recipe": recipe, "wrapper": "none"}
                of |= {"seed": seed, "budget": 0, "group": "all"}
                for kind in curves.KINDS:
                    for x in (0.05, 0.5, 0.95, 1.0):
                        y = (y_at_dose if shift else 0.3) + 0.02 * seed
                        rows.append(of | {"curve": kind.curve, "target": kind.target, "x": x, "y": y * x})
    return pd.DataFrame(rows)


def six() -> pd.DataFrame:
    """The simulated run with five further networks, each worse than the one before."""
    rows = simulated()
    own = [row for row in rows if row["recipe"] == "cnn" and row["wrapper"] == "none"]
    for turn, name in enumerate(("bilstm", "cnn_prior", "bilstm_prior", "transformer", "zebra"), 1):
        rows += [row | {"recipe": name, "value": row["value"] + 0.01 * turn} for row in own]
    return pd.DataFrame(rows)


def measures() -> pd.DataFrame:
    rows = []
    for recipe, more in {"cnn": 0.0, "kmer_ridge": 0.1, "oracle": -0.2}.items():
        for shift, gap in {"rewiring": 0.3, "turnover_pwm": 0.1}.items():
            of = {"suite": "shift", "task": "mpra", "split": "", "recipe": recipe, "wrapper": "none", "budget": 0}
            of |= {"view": "plain", "target": "observed", "level": math.nan, "group": "all", "stratum": ""}
            of |= {"metric": "rmse", "part": "program", "shift": shift, "unit": "world", "worlds": 3, "seeds": 2}
            of |= {"better": "lower", "status": "ok", "reason": "", "severity": 0.75}
            value = 0.5 + more + gap
            rows.append(of | {"measure": "area", "dose": "", "value": value, "low": value - 0.1, "high": value + 0.1})
            rows.append(of | {"measure": "worst_gap", "dose": "5", "value": gap, "low": gap, "high": gap})
            harm = {"value": value, "reason": ""} if shift == "rewiring" else {"value": math.nan, "reason": "never"}
            rows.append(of | {"measure": "at_harm", "dose": "0.5", "low": math.nan, "high": math.nan} | harm)
    return pd.DataFrame(rows)


HELD = {
    ("", "0"): {("none", 0): 0.9},
    ("null", "0"): {("none", 0): 0.905, ("conformal_split", 0): 0.9, ("conformal_split", 32): 0.95},
    ("gc", "5"): {("none", 0): 0.70, ("conformal_split", 0): 0.71, ("conformal_split", 32): 0.885},
    ("rewiring", "5"): {("none", 0): 0.85, ("conformal_split", 0): 0.84, ("conformal_split", 32): 0.83},
}
WIDTH = {("rewiring", "conformal_split", 0): 0.07}


def mended() -> pd.DataFrame:
    """Coverage of a network and the oracle by wrapper and budget; the interval is .01 wide but where `WIDTH` tells."""
    rows = []
    for (shift, dose), found in HELD.items():
        at = BLANK | {"task": "repair", "shift": shift, "dose": dose, "severity": 0.75 * (dose == "5"), "seed": 0}
        at |= {"part": {"gc": "genome", "rewiring": "program"}.get(shift, "none"), "level": 0.9}
        for (wrapper, budget), held in found.items():
            of = at | {"recipe": "cnn", "wrapper": wrapper, "budget": budget}
            wide = WIDTH.get((shift, wrapper, budget), 0.01)
            rows.append(of | {"metric": "coverage", "value": held, "low": held - wide, "high": held + wide})
            rows.append(of | {"metric": "interval_score", "value": 3.0 + budget / 32})
            if wrapper != "none":
                rows.append(of | {"metric": "infinite_share", "value": 0.25 * (budget == 32)})
                rows.append(of | {"metric": "effective_sample_size", "level": math.nan, "value": 12.0})
        of = at | {"recipe": "oracle", "wrapper": "none", "budget": 0}
        rows.append(of | {"metric": "coverage", "value": 0.9, "low": 0.89, "high": 0.91})
        rows.append(of | {"metric": "interval_score", "value": 1.5})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def full() -> str:
    rows = pd.concat([six(), mended()], ignore_index=True)
    given = {"robustness": measures(), "curves": drawn(), "claims": judged()}
    return page.render(rows, MANIFEST | {"tier": "bench"}, **given)


def test_page_with_every_table_is_balanced_and_ids_are_unique(full):
    read = Reader(full)
    assert read.open == []
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(one["role"] == "img" and one["aria-label"] for one in read.of("svg"))


@pytest.mark.parametrize("name", ["robustness", "curves", "claims", "none"])
@pytest.mark.parametrize("blank", [None, "empty"])
def test_a_table_that_is_absent_or_empty_leaves_its_part_out(name, blank):
    given = {"robustness": measures(), "curves": drawn(), "claims": judged()}
    if name != "none":
        given[name] = None if blank is None else given[name].iloc[:0]
    rows = whole()[lambda every: every["task"] == "mpra"]
    text = page.render(rows, MANIFEST | {"tier": "bench"}, **given)
    shown = {
        "robustness": "over dose: RMSE" in text,
        "curves": ">Reliability<" in text,
        "claims": 'id="claims"' in text,
    }
    assert shown == {one: one != name for one in shown}
    assert Reader(text).open == []


def test_names_in_the_further_tables_are_escaped():
    swap = {"cnn": EVIL, "gc": EVIL, "The text of C1.": EVIL, "1 world": EVIL, "conformal_split": EVIL}
    given = {
        name: one.replace(swap) for name, one in (("robustness", measures()), ("curves", drawn()), ("claims", judged()))
    }
    rows = pd.concat([six(), mended()], ignore_index=True).replace(swap)
    text = page.render(rows, MANIFEST | {"tier": "bench"}, **given)
    assert "<script" not in text
    assert Reader(text).open == []


def test_claims_table_shows_each_verdict_in_words_and_shape(full):
    text = section(full, "claims")
    table = claims._table(judged())
    assert table.columns[3:] == ("cnn", "bilstm", "cnn_prior")
    shown = {row[0].text: [entry.text.replace("\u00a0", " ") for entry in row[2:]] for row in table.rows}
    assert shown == {
        "C1": ["● out", "● out", "● out", "–"],
        "C2, full": ["✕ not out", "✕ not out", "✕ not out", "–"],
        "C3": ["○ undecided", "● out", "○ undecided", "✕ not out"],
    }
    for entries in shown.values():
        assert all(entry.replace(" ", "\u00a0") in text for entry in entries)
    assert "Written down before the run" in text
    assert "Of 3 claims, 1 comes out (C1), 1 does not (C2, full) and 1 is undecided" in Reader(text).text


def test_every_check_of_a_claim_stands_behind_a_click(full):
    text = section(full, "claims")
    hidden = text[text.index("<details>") :]
    found = Reader(hidden).text
    assert found.count("RMSE rises by more than a tenth") == sum(map(len, VERDICTS.values()))
    assert "1.111 to 1.456" in found
    assert "3 / 2" in found
    assert "1 world" in found, "why a check has no interval"
    assert "RMSE rises by more" not in text[: text.index("<details>")]


def test_an_undecided_check_tells_what_it_could_have_seen(full):
    checks = section(full, "claims").partition("Every check")[2]
    assert "<small>sees ≥\u00a00.250</small>" in checks
    assert not re.search(r"✕\u00a0not\u00a0out<small>", checks)


def test_smoke_gives_no_verdict_but_one_sentence():
    text = page.render(whole(), MANIFEST | {"tier": "smoke"}, claims=judged())
    (told,) = re.findall(r'<section id="claims">(.*?)</section>', text, re.DOTALL)
    assert "no claim is read from a smoke run" in told
    assert "<table" not in told
    assert not any(shape in told for shape in claims.SHAPES.values())


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.90, 0.89, 0.91, "repaired"),
        (0.88, 0.87, 0.885, "repaired"),  # within .02
        (0.92, 0.915, 0.925, "repaired"),
        (0.879, 0.87, 0.885, "narrow"),
        (0.921, 0.915, 0.925, "wide"),
        (0.85, 0.80, 0.90, "repaired"),  # the interval holds .90
        (0.70, math.nan, math.nan, "narrow"),
        (math.nan, math.nan, math.nan, ""),
    ],
)
def test_marks_of_repair_follow_the_rule(value, low, high, expected):
    assert repair.mark(frame.Number(value, low, high)) == expected


def test_repair_table_marks_every_wrapper_budget_and_shift(full):
    found = repair._read("repair", frame.complete(mended()))
    lines = repair._lines(frame.complete(mended()), "cnn")
    assert lines == [("none", 0), ("conformal_split", 0), ("conformal_split", 32)]
    table = repair._table("", found, "cnn", lines)
    assert table.columns == ("wrapper", "labels", "null", "gc, dose 5", "rewiring, dose 5")
    shown = [[entry.text for entry in row[2:]] for row in table.rows]
    assert shown == [
        ["✓ 90.5", "✗ 70.0", "✗ 85.0"],
        ["✓ 90.0", "✗ 71.0", "✓ 84.0"],
        ["✗ 95.0", "✓ 88.5", "✗ 83.0"],
        ["✓ 90.0", "✓ 90.0", "✓ 90.0"],  # the oracle
    ]
    assert table.rows[0][2].small.startswith("×\u00a02.00")
    assert table.rows[2][2].small.startswith("×\u00a02.67")
    told = [[entry.text for entry in row] for row in repair._told("", found, "cnn", lines).rows]
    assert told == [
        ["conformal_split", "effective rows, 0 labels", "12", "12", "12"],
        ["conformal_split", "effective rows, 32 labels", "12", "12", "12"],
        ["conformal_split", "infinite, 32 labels", *3 * ["25\u00a0%"]],
    ]
    assert "repair: what repairs what" in Reader(section(full, "repair-repair")).text


def test_sentences_of_repair_say_what_the_marks_say():
    found = repair._read("repair", frame.complete(mended()))
    lines = repair._lines(frame.complete(mended()), "cnn")
    told = {place.key[0]: repair.sentence(found, place, "cnn", lines).replace("\u00a0", " ") for place in found.places}
    assert told["null"].endswith("hold 90 % as predicted: nothing to repair.")
    assert "hold 70 % as predicted, too narrow. Without labels of the target nothing repairs it; with 32" in told["gc"]
    assert told["gc"].endswith("with 32 labels of the target conformal_split repairs it.")
    assert told["rewiring"].endswith("conformal_split repairs it; with 32 labels of the target nothing repairs it.")
    said = repair.summary(found, "cnn", lines)
    assert (
        "too narrow under gc at dose 5 and under rewiring at dose 5; of these 2 some wrapper repairs 1 without" in said
    )
    assert said.endswith("1 without labels of the target and 1 with 32.")


def test_a_task_of_repairs_shows_its_doses_only_where_no_other_does(full):
    assert 'id="repair-genome"' not in full
    rows = mended().assign(metric=lambda every: every["metric"].replace("interval_score", "rmse"))
    alone = page.render(rows, MANIFEST)
    assert 'id="repair-genome"' in alone
    assert 'id="repair-repair"' in alone


def test_rows_that_saw_labels_or_are_part_of_a_test_set_move_no_number():
    plain = shift_tables.sweep(frame.complete(pd.DataFrame(simulated())))
    rows = pd.DataFrame(simulated()).assign(budget=0, stratum="")
    more = [rows, rows.assign(budget=32, value=9.0), rows.assign(stratum="high", value=9.0)]
    assert shift_tables.sweep(frame.complete(pd.concat(more))).errors == plain.errors


def test_controls_fold_into_the_best_where_networks_are_many(full):
    assert ">best control<" not in page.render(whole(), MANIFEST)
    found = shift_tables.sweep(frame.complete(six()))
    folded = shift_tables.heat(found, "scaled", "", folded=True)
    assert folded.columns[-1] == "best control"
    assert not set(folded.columns) & set(shift_tables.LEARNERS)
    every = shift_tables.heat(found, "scaled", "")
    for row, whole_row in zip(folded.rows, every.rows, strict=True):
        scores = {
            name: float(entry.text.split(" ")[0].replace("−", "-"))
            for name, entry in zip(every.columns, whole_row, strict=True)
            if name in shift_tables.LEARNERS and "–" not in entry.text
        }
        if scores:
            assert float(row[-1].text.replace("−", "-")) == max(scores.values())
            assert scores[row[-1].small] == max(scores.values())
    text = section(full, "mpra-scaled")
    assert text.index(">best control<") < text.index("<details>") < text.index("gc_ridge")


def test_six_networks_differ_in_colour_dash_or_mark_and_priors_share_the_colour():
    names = [base + prior for base in ("cnn", "bilstm", "transformer") for prior in ("", "_prior")]
    look = figures.styles([*names, "zebra"])
    assert len({(look[name].colour, look[name].dash, look[name].hollow) for name in (*names, "zebra")}) == 7
    assert len({look[name].colour for name in ("cnn", "bilstm", "transformer", "zebra")}) == 4
    for base in ("cnn", "bilstm", "transformer"):
        assert look[base].colour == look[f"{base}_prior"].colour
        assert look[base].dash != look[f"{base}_prior"].dash
        assert figures.wrapped(look[f"{base}_prior"], "ensemble") != look[f"{base}_prior"]


def test_rival_is_the_best_network_of_another_kind():
    assert shift_tables.sweep(frame.complete(six())).rival == "bilstm"
    rows = six()
    twins = rows[~rows["recipe"].isin(["bilstm", "bilstm_prior", "transformer", "zebra"])]
    assert shift_tables.sweep(frame.complete(twins)).rival == "cnn_prior"
    assert shift_tables.sweep(frame.complete(pd.DataFrame(simulated()))).rival == "kmer_ridge"


def test_curves_are_means_of_seeds_and_open_for_two_networks_only(full):
    points = curves.curves(drawn(), "mpra")
    assert points["gc", "5", "", "cnn", "pit", "observed"] == (
        (0.05, 0.5, 0.95, 1.0),
        pytest.approx((0.0305, 0.305, 0.5795, 0.61)),
    )
    assert curves.curves(drawn(), "other") == {}
    shown = section(full, "mpra-genome").split("<h3>")[1]
    head, _, rest = shown.partition("reliability, PIT and risk of")
    names = re.compile(r"mpra, gc, (\w+): dose 5 beside source")
    assert names.findall(head) == ["cnn", "bilstm"]
    assert names.findall(rest) == ["zebra"]
    alt = re.search(r'aria-label="(mpra, gc, cnn: dose 5.*?)"', shown)[1]
    assert "Reliability: source from 0.015 to 0.31, dose 5 from 0.03 to 0.61" in alt


def test_curves_of_wrappers_and_budgets_are_left_out():
    more = pd.concat([drawn(), drawn().assign(wrapper="ensemble", y=9.0), drawn().assign(budget=32, y=9.0)])
    assert curves.curves(more, "mpra") == curves.curves(drawn(), "mpra")


def test_table_of_curves_gives_the_landmarks():
    points = curves.curves(drawn(), "mpra")
    table = curves.table(
        "", points, (frame.Place("source", ("", "0", "")), frame.Place("dose 5", ("gc", "5", ""))), ["cnn"]
    )
    assert [row[1].text for row in table.rows] == ["source", "dose 5"]
    at = table.columns.index("level 50%")
    assert [row[at].text for row in table.rows] == ["0.155", "0.305"]
    assert table.data.count("\n") == 2 * len(curves.KINDS)


def test_positions_stand_on_one_axis_between_the_oracles():
    style = figures.styles(["cnn"])["cnn"]
    row = panels.Row("dose 5", [("cnn", style, frame.Number(0.75))], *map(frame.Number, (0.25, 0.5, 1.0)))
    text = panels.positions("t", [row], (0.0, 1.0), "RMSE", "s")
    (band,) = re.findall(r'<rect x="([\d.]+)".*?width="([\d.]+)"', text)
    wide = panels.WIDE - 16
    assert (float(band[0]), float(band[1])) == pytest.approx((8 + 0.25 * wide, 0.25 * wide), abs=0.06)
    corners = np.array([pair.split(",") for pair in re.search(r'polygon points="(.*?)"', text)[1].split()], float)
    assert corners[:, 0].mean() == pytest.approx(8 + 0.75 * wide, abs=0.3)
    assert "dose 5: oracle 0.25, source oracle 0.5, training mean 1, cnn 0.75" in text


def test_positions_hold_every_network_and_the_ridge(full):
    labels = re.findall(r'aria-label="mpra, gc: errors between (.*?)"', full)
    assert len(labels) == 1
    for name in ("cnn", "bilstm", "zebra", "kmer_ridge", "training mean", "source oracle"):
        assert f" {name} " in labels[0]
    assert "gc_ridge" not in labels[0]
    assert shift_family.IN_GAPS == ("kmer_ridge",)


def test_robustness_gives_area_worst_shift_and_equal_harm():
    (table,) = robustness.tables_of(
        measures(), "mpra", "program", ["rewiring", "turnover_pwm"], ["oracle", "cnn", "kmer_ridge"]
    )
    shown = [[entry.text for entry in row] for row in table.rows]
    assert shown == [
        ["area under RMSE", "rewiring", "0.600", "0.800", "0.900"],
        ["area under RMSE", "turnover_pwm", "0.400", "0.600", "0.700"],
        ["worst shift", "", "+0.300", "+0.300", "+0.300"],
        ["RMSE at harm 0.5", "rewiring", "0.600", "0.800", "0.900"],
    ]
    assert table.rows[0][3].small == "± 0.100"
    assert table.rows[2][3].small == "rewiring"
    assert "never at harm 0.5: turnover_pwm" in table.notes
    assert robustness.tables_of(measures(), "mpra", "assay", ["depth"], ["cnn"]) == []


def test_an_error_within_twice_the_null_shift_has_not_grown():
    from shiftbench.report.shift_words import verdict

    before, after, held = frame.Number(0.60), frame.Number(0.66), frame.Number(0.9, 0.89, 0.91)
    assert verdict(before, after, held, chance=frame.Number(0.02)) == "it errs more, and its error bars still say so"
    assert verdict(before, after, held, chance=frame.Number(0.04)) == "it takes little harm"
