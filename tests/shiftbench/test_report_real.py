"""Real data in the report and in the terminal: every test set by itself, ceilings and notes once, plain means.

All frames are made up; the file takes a few seconds.
"""

import io
import math
import re

import pandas as pd
import pytest
from rich.console import Console

from shiftbench.catalog import load_suite
from shiftbench.report import frame, page
from shiftbench.report import real_tests as real
from shiftbench.report.real_families import FAMILIES, family
from shiftbench.report.real_tests import Test as Case
from shiftbench.report.section import Section
from shiftbench.report.sections import sections
from shiftbench.report.tables import Table
from shiftbench.report.terminal import Compact, compact
from shiftbench.report.variant_elements import elements, grouped, mean
from shiftbench.results import COLUMNS
from shiftbench.summary import print_compact

BLANK = {
    name: "" if dtype == "str" else 0 if dtype == "int64" else math.nan for name, dtype in COLUMNS.items()
} | {"dose": "0", "wrapper": "none", "view": "plain", "target": "observed", "status": "ok", "n": 500}  # fmt: skip
RECIPES = {"training_mean": 0.0, "kmer_ridge": 0.4, "pwm_ridge": 0.36, "cnn": 0.5, "bilstm": 0.45}
GC = {"middle": 0.0, "low": -0.02, "high": -0.05, "lowest5": -0.03, "highest5": -0.2}
HELD = {"high": 0.88, "highest5": 0.78}
ABSURD = 0.99
"""Of a stratum: a mean over it and the whole would show."""


def number(metric: str, value: float, **columns: object) -> dict[str, object]:
    """One row of a results frame."""
    row = BLANK | {"metric": metric, "value": value, "low": value - 0.02, "high": value + 0.02}
    return row | ({"level": 0.9} if metric in ("coverage", "width") else {}) | columns


def tails() -> list[dict[str, object]]:
    """lentiMPRA and its GC tails, three outputs and their mean, with an absurd stratum."""
    rows = []
    for task, groups in (("lentimpra", {"all": 0.0}), ("lentimpra_gc", GC)):
        for group, less in groups.items():
            for recipe, base in RECIPES.items():
                for output, lift in {"HepG2": 0.04, "K562": 0.0, "WTC11": -0.04, "mean": 0.0}.items():
                    at = {"suite": "lentimpra", "task": task, "group": group, "recipe": recipe, "output": output}
                    r = base + less + lift
                    top = {"ceiling": 0.95, "ceiling_target": 0.95} if output == "HepG2" else {}
                    rows += [
                        number("pearson", r, **at, **top),
                        number("pearson", ABSURD, stratum="GC fifth 1", **at),
                        number("rmse", 1 - r, **at),
                        number("relative_rmse", 1 - r, **at),
                        number("risk_reduction", 0.3 + less, **at),
                        number("coverage", HELD.get(group, 0.9), **at),
                        number("coverage", 0.5, **at, level=0.5),
                        number("coverage", ABSURD, stratum="GC fifth 1", **at),
                    ]
    return rows


def transfer() -> list[dict[str, object]]:
    """Two test sets that one output predicts, and one of another."""
    values = {("HepG2->K562", "HepG2"): 0.2, ("HepG2->WTC11", "HepG2"): 0.4, ("K562->HepG2", "K562"): 0.3}
    return [
        number(metric, value, suite="lentimpra", task="lentimpra_cells", group=group, output=output, recipe=recipe)
        for (group, output), value in values.items()
        for recipe in ("kmer_ridge", "cnn")
        for metric in ("pearson", "relative_rmse")
    ]


EFFECTS = {"GP1BB": 0.1, "HBB": 0.2, "HBG1": 0.3, "PKLR": 0.2, "PKLR-24h": 0.6, "LDLR": 0.5}
CELLS = {"GP1BB": "HEL 92.1.7", "LDLR": "HepG2"}


def effects() -> list[dict[str, object]]:
    """Elements that all are predicted by the output K562, with numbers of rows that differ much."""
    rows = []
    for task, lift in (("cagi5", 0.0), ("cagi5_offsets", 0.05)):
        for element, base in EFFECTS.items():
            many = 10_000 if element == "LDLR" else 100
            known = {"repeat": 0.8} if element.startswith("PKLR") else {}
            for recipe, more in ({"kmer_ridge": 0.0, "cnn": 0.02, "position_mean": 0.2} | known).items():
                at = {"suite": "cagi5", "task": task, "group": element, "output": "K562", "recipe": recipe, "n": many}
                value = more if recipe == "repeat" else base + more + lift
                for view, shift in (("plain", -0.01), ("reverse", 0.01), ("strands", 0.0)):
                    at["view"] = view
                    rows += [
                        number("spearman", value + shift, **at),
                        number("spearman", ABSURD, **at, stratum="HC"),
                        number("spearman", 0.01, **at, stratum="LC"),
                        number("spearman", 0.7, **at, stratum="p 1e-8"),
                        number("confidence_gap", 0.3, **at),
                    ]
                    if known:
                        rows.append(number("confidence_gap_excess", -0.1, **at))
    return rows


def skews() -> list[dict[str, object]]:
    """An allelic MPRA."""
    at = {"suite": "cagi4", "task": "cagi4", "group": "dataset2", "output": "K562"}
    rows = []
    for recipe, more in {"kmer_ridge": 0.0, "cnn": 0.1}.items():
        values = {"auroc": 0.55 + more, "auprc": 0.3 + more, "sign_agreement": 0.6, "pearson": 0.2}
        rows += [number(metric, value, recipe=recipe, **at) for metric, value in values.items()]
    return rows


def labelled() -> list[dict[str, object]]:
    """Wrappers with and without labels of the high tail."""
    values = {("none", 0): 0.75, ("isotonic", 0): 0.76, ("isotonic", 32): 0.89, ("conformal_weighted_gc", 0): 0.97}
    rows = []
    for group in ("middle", "highest5"):
        for (wrapper, budget), held in values.items():
            at = {"suite": "lentimpra", "task": "lentimpra_repair", "group": group, "output": "mean", "recipe": "cnn"}
            at |= {"wrapper": wrapper, "budget": budget}
            endless = wrapper == "conformal_weighted_gc"
            rows += [
                number("coverage", held, **at),
                number("width", math.nan if endless else 2.5, **at),
                number("infinite_share", 0.4 if endless else 0.0, **at, level=0.9),
            ]
    return rows


SHARED = "A sentence about this library that every test set repeats."
FACTS = {
    **{
        f"lentimpra/lentimpra_gc/world0/{group}/test": {
            "notes": [SHARED, f"Test set {group} alone."],
            "target_sd": {"HepG2": 0.7, "K562": 0.8, "WTC11": 1.1},
            "ceiling_missing": {"K562": "its file is not at hand"},
        }
        for group in GC
    },
    **{
        f"cagi5/{task}/world0/{element}/test": {
            "notes": ["Windows are so long."],
            "cell": CELLS.get(element, "HEL 92.1.7"),
            "vector": "pGL4",
            "match": "proxy",
            "predicted_by": "K562",
            "leakage": "reference in training" if element == "LDLR" else "clean",
            "replicate_correlation": 0.74,
        }
        for task in ("cagi5", "cagi5_offsets")
        for element in EFFECTS
    },
    "cagi4/cagi4/world0/dataset2/test": {
        "counts": {"emVar": 100},
        "variants": 400,
        "ceiling_missing": {"pearson": "no standard errors"},
    },
}
MANIFEST = {"suite": "all", "tier": "bench", "facts": FACTS, "tasks": {"lentimpra": "How well?"}}


def whole(*parts: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame([row for part in parts for row in part])


@pytest.fixture(scope="module")
def html() -> str:
    return page.render(whole(tails(), transfer(), effects(), skews(), labelled()), MANIFEST)


def shown(*parts: list[dict[str, object]]) -> dict[str, Section]:
    """Sections by anchor."""
    rows = frame.complete(whole(*parts))
    return {one.anchor: one for one in sections(rows, {"facts": FACTS})}


def cells(table: Table, row: str) -> dict[str, str]:
    """Text of the row whose first or second field is `row`, by column."""
    fields = next(line for line in table.rows if row in (line[0].text, line[1].text))
    return dict(zip(table.columns, [field.text for field in fields], strict=True))


def words(page_: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page_))


def test_test_sets_of_one_output_are_not_pooled():
    glance = shown(tails(), transfer())["lentimpra-shifts"].tables[0]
    values = {
        name: cells(glance, f"output {name}")["best network"]
        for name in ("HepG2 against K562", "HepG2 against WTC11", "K562 against HepG2")
    }
    assert values == {"HepG2 against K562": "0.20", "HepG2 against WTC11": "0.40", "K562 against HepG2": "0.30"}


def test_elements_of_one_output_are_not_pooled_in_page_and_terminal():
    table = shown(effects())["cagi5-elements"].tables[0]
    assert {element: cells(table, element)["cnn"] for element in EFFECTS} == {
        element: f"{value + 0.02:.2f}" for element, value in EFFECTS.items()
    }
    terminal = {one.title: one for one in compact(whole(transfer()), FACTS)}["lentimpra_cells: Pearson"]
    assert terminal.columns == ("recipe", "HepG2->K562", "HepG2->WTC11", "K562->HepG2")
    assert dict(zip(terminal.columns, terminal.rows[0], strict=True))["HepG2->WTC11"] == "0.40"


def test_a_stratum_is_never_mixed_into_the_whole():
    sections = shown(tails(), effects())
    alike = sections["lentimpra-by-output"]
    assert cells(alike.tables[0], "cnn")["HepG2"] == "90.0"  # the last of both columns of that name: coverage
    assert [field.text for field in alike.tables[0].rows[1]][1:5] == ["0.54", "0.50", "0.46", "0.50"]
    parts = next(table for table in alike.hidden if table.title == "Pearson on parts of the test set")
    assert cells(parts, "GC fifth 1")["cnn"] == f"{ABSURD:.2f}"
    middle = cells(sections["lentimpra-shifts"].tables[0], "middle three fifths (trained on)")
    assert (middle["best network"], middle["coverage, %"]) == ("0.50", "90.0")
    assert compact(whole(tails()), FACTS)[0].rows[0] == ("cnn", "0.50", "0.54", "0.50", "0.46", "90\u00a0%")


def test_a_mean_over_elements_has_no_weights_and_averages_repeats_first():
    rows = frame.complete(whole(effects()))
    rows = rows[(rows["task"] == "cagi5") & (rows["view"] == "strands")]
    found, scores = elements("cagi5", rows, FACTS), real.scores(rows, "spearman")
    plainly = {"GP1BB": 0.12, "HBB": 0.22, "HBG1": 0.32, "PKLR": (0.22 + 0.62) / 2, "LDLR": 0.52}
    every = mean(found, scores, "cnn")
    assert every.value == pytest.approx(sum(plainly.values()) / 5)
    assert (every.fits, every.defined) == (5, True)
    by_rows = sum(plainly[one.element] * (100 if one.element != "LDLR" else 10_000) for one in found) / 10_500
    assert abs(every.value - by_rows) > 0.1
    groups = grouped(found).groups
    assert list(groups) == [
        "the four of earlier work",
        "clean (4 elements)",
        "reference in training (1 elements)",
        "all 5 elements",
    ]
    assert mean(groups["the four of earlier work"], scores, "cnn").value == pytest.approx(0.22)
    assert mean(groups["reference in training (1 elements)"], scores, "repeat").reason


def test_elements_tell_cell_vector_match_and_what_a_repeat_reaches():
    section = shown(effects())["cagi5-elements"]
    row = next(line for line in section.tables[0].rows if line[1].text == "PKLR")
    assert (row[0].text, row[1].small, row[2].text, row[2].small) == ("clean", "HEL 92.1.7, pGL4", "K562", "proxy")
    line = cells(section.tables[0], "PKLR")
    assert (line["r of replicates"], line["repeat experiment"]) == ("0.74", "0.80")
    assert "no experiment repeats this one" in " ".join(section.tables[0].notes)
    assert "cnn reaches a mean Spearman of 0.22 over GP1BB, HBB, HBG1 and PKLR" in section.said[0]
    assert "repeat experiment 0.80 (PKLR alone)" in section.said[0]
    assert "in 5 of 5 experiments on elements without a training sequence: GP1BB, HBB, HBG1" in section.said[1]


def test_confidence_sweep_strands_and_other_windows_have_tables():
    section = shown(effects())["cagi5-elements"]
    gaps = section.tables[1]
    fields = next([field.text for field in line] for line in gaps.rows if line[1].text == "cnn")
    assert fields[2:] == ["0.99", "0.01", "0.30", "−0.10"]
    hidden = {table.title: table for table in section.hidden}
    sweep = hidden["Sweep of the p value, means over elements"]
    assert sweep.columns[2:] == ("HC (p ≤ 1e-5)", "p ≤ 1e-8", "LC")
    strands = hidden["Spearman by strand, means over elements"]
    fields = next([field.text for field in line] for line in strands.rows if line[1].text == "cnn")
    assert fields[2:] == ["0.21", "0.23", "0.22"]
    other = next(table for title, table in hidden.items() if title.startswith("Other windows"))
    row = next(line for line in other.rows if line[0].text == "cnn")
    assert (row[1].text, row[1].small) == ("0.37", "centred 0.32")


def test_annotation_controls_are_controls_with_plain_names():
    rows = whole(effects())
    assert frame.networks(frame.complete(rows)) == ["cnn"]
    assert "mean effect at the position" in shown(effects())["cagi5-elements"].tables[0].columns


def test_notes_and_ceilings_stand_once(html):
    text = words(html)
    assert text.count(SHARED) == 1
    assert text.count("Test set highest5 alone.") == 1
    assert text.count("K562: its file is not at hand") == 1
    table = shown(tails())["lentimpra-by-output"].tables[0]
    assert [line[0].text for line in table.rows].count("ceiling") == 1
    assert cells(table, "ceiling")["K562"] == ""


def test_an_unknown_ceiling_names_the_outputs_it_is_known_of():
    glance = shown(tails())["lentimpra-shifts"].tables[0]
    field = next(line for line in glance.rows if line[1].text == "highest 5\u00a0%")[3]
    assert (field.text, field.small) == ("0.95", "HepG2")
    assert "its file is not at hand" in " ".join(glance.notes)


def test_the_verdict_names_the_tail_that_breaks_coverage():
    said = next(line for line in shown(tails())["lentimpra-shifts"].said if line.startswith("GC content"))
    assert "cnn reaches a Pearson of 0.30 (highest 5\u00a0%) to 0.48 (lowest fifth)" in said
    assert "against 0.50 on middle three fifths (trained on)" in said
    assert "too narrow on highest 5\u00a0% (78\u00a0%) and hold elsewhere (88\u00a0% to 90\u00a0%)" in said
    assert "highest fifth" not in said.partition("too narrow")[2]


def test_a_cell_is_held_against_the_output_asked():
    known = family("lentimpra_cells")
    assert known.baseline(Case("lentimpra_cells", "HepG2->K562", "HepG2")) == Case("lentimpra", "", "HepG2")
    assert family("my_task").baseline(Case("my_task", "far", "mean")) is None
    said = next(line for line in shown(tails(), transfer())["lentimpra-shifts"].said if line.startswith("Cell type"))
    assert "against 0.50 to 0.54 on held-out elements" in said


@pytest.mark.parametrize("suite", ["lentimpra", "turnover"])
def test_every_family_names_sets_that_its_task_has(suite):
    subsets = {task.name: set(task.subsets) for task in load_suite(suite).task}
    known = {task: one for task, one in FAMILIES.items() if task.startswith(suite)}
    assert known.keys() <= subsets.keys()
    for task, one in known.items():
        assert {one.like, one.far} - {""} <= subsets[task], task
        assert subsets[task] <= set(one.names) or not one.like, task


def test_the_leader_is_chosen_where_all_were_scored():
    cases = [Case("t", "a", "mean"), Case("t", "b", "mean")]
    scores = {
        ("t", "a", "", "mean", "few", "none"): frame.Number(0.4),
        ("t", "a", "", "mean", "all", "none"): frame.Number(0.5),
        ("t", "b", "", "mean", "all", "none"): frame.Number(0.1),
    }
    assert real.leader(scores, cases, ["few", "all", "absent"]) == "all"
    assert real.leader(scores, cases, ["absent"]) == ""


def test_repair_keeps_labels_apart_and_tells_endless_intervals():
    section = shown(labelled())["lentimpra_repair-repair"]
    table = section.tables[0]
    assert table.columns == ("wrapper", "labels", "middle three fifths (trained on)", "highest 5\u00a0%")
    shown_rows = [[field.text for field in line] for line in table.rows]
    assert shown_rows == [
        ["none", "0", "✗ 75.0", "✗ 75.0"],
        ["isotonic", "0", "✗ 76.0", "✗ 76.0"],
        ["isotonic", "32", "✓ 89.0", "✓ 89.0"],
        ["conformal_weighted_gc", "0", "✗ 97.0", "✗ 97.0"],
    ]
    assert table.rows[0][2].small.startswith("width 2.50")
    assert table.rows[3][2].small.startswith("∞ in 40\u00a0%")
    assert table.rows[3][2].shade != table.rows[0][2].shade  # too wide is not too narrow
    (said,) = section.said
    assert "are too narrow on middle three fifths (trained on) and on highest 5\u00a0%" in said
    assert "of these 2 some wrapper repairs 0 without labels of the target and 2 with 32" in said
    assert section.more[1].endswith(
        "Without labels of the target nothing repairs it; with 32 labels of the target isotonic repairs it."
    )


def test_natural_variants_tell_their_positives_and_why_there_is_no_ceiling():
    section = shown(skews())["cagi4-alleles"]
    table = section.tables[0]
    assert table.title == "cagi4, dataset2: 100 emVars among 400 variants (25\u00a0%)"
    assert cells(table, "chance")["AUPRC"] == "0.250"
    assert "no standard errors" in " ".join(table.notes)
    assert "cnn finds emVars with an AUPRC of 0.40 (chance: 0.25)" in section.said[0]
    assert "does not tell from chance" not in section.said[0]


def test_figures_have_words_and_a_table(html):
    for anchor in ("lentimpra-by-output", "lentimpra-shifts", "cagi5-elements"):
        section = html.partition(f'<section id="{anchor}">')[2].partition("</section>")[0]
        labels = re.findall(r'<svg[^>]*role="img"[^>]*aria-label="([^"]+)"', section)
        assert labels
        assert all("table below gives the numbers" in label for label in labels)
        assert "<table" in section


def points(group: str, risk: float) -> list[dict[str, object]]:
    """A falling curve of risk, and the same of a wrapper and of other labels, which are not meant."""
    at = {"task": "lentimpra_gc", "group": group, "recipe": "cnn", "curve": "risk_coverage", "target": "observed"}
    at |= {"shift": "", "dose": "0"}
    found = []
    for wrapper, budget, more in (("none", 0, 0.0), ("ensemble", 0, 5.0), ("none", 32, 7.0)):
        for x in (0.2, 0.5, 1.0):
            y = risk * x + more
            found += [
                {**at, "wrapper": wrapper, "budget": budget, "view": "plain", "seed": seed, "x": x, "y": y}
                for seed in (0, 1)
            ]
    return found


def test_curves_of_the_far_tail_stand_beside_those_of_the_middle():
    rows = frame.complete(whole(tails()))
    curves = pd.DataFrame([*points("middle", 0.5), *points("highest5", 1.0), *points("low", 9.0)])
    found = sections(rows, {"facts": FACTS}, points=curves)
    section = next(one for one in found if one.anchor == "lentimpra-shifts")
    assert "cnn: highest 5\u00a0% beside middle three fifths (trained on) (grey)" in section.figures[-1]
    table = next(table for table in section.hidden if table.title.startswith("Reliability"))
    risks = {line[1].text: [field.text for field in line[-3:]] for line in table.rows}
    assert risks == {
        "middle three fifths (trained on)": ["0.500", "0.250", "0.100"],
        "highest 5\u00a0%": ["1.000", "0.500", "0.200"],
    }


def test_partial_frames_do_not_crash():
    for part in (tails(), transfer(), effects(), skews(), labelled(), []):
        text = page.render(whole(part) if part else pd.DataFrame(columns=list(COLUMNS)), {"facts": {}})
        assert ("This run has no numbers to show." in text) == (not part)
    undefined = [row | {"value": math.nan, "low": math.nan, "high": math.nan} for row in (*tails(), *effects())]
    assert "This run has no numbers to show." in page.render(whole(undefined), MANIFEST)


def printed(found: Compact) -> str:
    stream = io.StringIO()
    print_compact(found, Console(file=stream, width=80))
    return stream.getvalue()


def test_terminal_tables_fit_80_columns_with_the_best_first_and_names_whole():
    many = {f"transformer_prior_{turn}": 0.2 + turn / 45 for turn in range(9)} | RECIPES
    rows = [
        number("pearson", base + less, suite="s", task="t", group=group, output="mean", recipe=recipe)
        for recipe, base in many.items()
        for group, less in {f"a rather long test set {turn}": turn / 100 for turn in range(8)}.items()
    ]
    (found,) = compact(whole(rows), {})
    text = printed(found)
    assert max(map(len, text.splitlines())) <= 80
    assert [line.split()[0] for line in text.splitlines() if "0." in line] == sorted(many, key=many.__getitem__)[::-1]
    assert len(found.columns) == 7
    assert "2 more in the report" in text
    assert found.controls == {"training_mean", "kmer_ridge", "pwm_ridge"}


def test_terminal_tells_means_over_elements_and_the_other_kinds():
    titles = {one.title: one for one in compact(whole(effects(), skews()), FACTS)}
    spearman = titles["cagi5: Spearman, means over elements"]
    assert dict(zip(spearman.columns, next(row for row in spearman.rows if row[0] == "cnn"), strict=True)) == {
        "recipe": "cnn",
        "the four of earlier work": "0.22",
        "clean": "0.27",
        "reference in training": "0.52",
        "all 5 elements": "0.32",
        "HC of the four of earlier work": "0.99",
        "LC of the four of earlier work": "0.01",
    }
    assert titles["cagi4: natural variants"].columns == ("recipe", "AUPRC", "right sign", "r of skew")
    assert titles["cagi4: natural variants"].rows[0] == ("cnn", "0.40", "60\u00a0%", "0.20")
