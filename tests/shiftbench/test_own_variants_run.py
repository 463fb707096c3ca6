"""Own variants from options and suite files to numbers: which tasks they give, what predicts them, one whole run."""

import numpy as np
import pandas as pd
import pytest

from shiftbench.catalog import find_task, load_suite
from shiftbench.commands.arguments import Machine, Places
from shiftbench.commands.own import TableOptions, own_suites
from shiftbench.commands.own_variants import VariantOptions
from shiftbench.commands.run import run
from shiftbench.errors import InputError
from shiftbench.own.variants_elements import LEAST, REST
from shiftbench.own.variants_suite import AT_SMOKE
from shiftbench.tasks.lentimpra import LEFT, RIGHT

OTHERS = {letter: [each for each in "ACGT" if each != letter] for letter in "ACGT"}
ENDS = ("ACGGTACC", "TTGGCATG")


def element(length, seed):
    rng = np.random.default_rng(seed)
    letters = rng.choice([*"ACGT"], length)
    for at in rng.integers(0, length - 4, length // 12):
        letters[at : at + 4] = [*"GGAA"]
    return "".join(letters)


def activity(letters):
    """A toy law of few k-mers, which a ridge on 4-mers and 5-mers learns."""
    return letters.count("GGAA") - 0.6 * letters.count("TATA") + 0.3 * letters.count("CA")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A table of 600 sequences with two outputs between adapters, and all substitutions of two elements."""
    folder, rng = tmp_path_factory.mktemp("toy"), np.random.default_rng(0)
    inserts = [element(60, seed) for seed in range(600)]
    noise = rng.normal(0, 0.2, (600, 2))
    frame = pd.DataFrame({"sequence": [ENDS[0] + insert + ENDS[1] for insert in inserts]})
    frame["a"], frame["b"] = [activity(each) for each in inserts] + noise[:, 0], noise[:, 1]
    frame.to_csv(folder / "library.tsv", sep="\t", index=False)
    elements = {"long": element(90, 1001), "short": element(50, 1002)}
    (folder / "elements.fa").write_text("".join(f">{name}\n{known}\n" for name, known in elements.items()))
    rows = []
    for name, known in elements.items():
        for at, ref in enumerate(known):
            for alt in (*OTHERS[ref], *["-"] * (name == "long" and at % 3 == 0)):
                change = activity(known[:at] + alt.replace("-", "") + known[at + 1 :]) - activity(known)
                rows.append((name, at + 1, ref, alt, change + rng.normal(0, 0.1), abs(change)))
    columns = ["element", "position", "ref", "alt", "effect", "sure"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "effects.csv", index=False)
    return folder


def options(files, table=True, **more):
    library = TableOptions(table=str(files / "library.tsv"), target_columns=("a", "b")) if table else None
    known = {"variants": str(files / "effects.csv"), "references": str(files / "elements.fa")}
    sure = {"variant_confidence": "sure", "confident_at_least": 0.25}
    return library, VariantOptions(**known | sure | more)


def suite(files, **more):
    (found,) = own_suites("", *options(files, **more))
    return found


def test_variants_beside_a_table_are_predicted_by_its_fits_in_windows_like_its_sequences(files):
    found = suite(files, predicted_by="a")
    tasks = {task.name: task for task in found.task if task.variants}
    assert list(tasks) == ["effects", "effects_indels", "effects_offsets"]
    for task in tasks.values():
        assert task.trained_on == "library/library"
        assert find_task(task.trained_on, found).table is not None
        shown = task.variants
        assert (shown.output, shown.window, shown.left, shown.right) == ("a", 60, *ENDS)
        assert task.scored == "difference"
        assert {"training_mean", "position_mean", "centre_distance"} <= set(task.recipes)
        assert "repeat" not in task.recipes
    assert [tasks[name].split for name in tasks] == ["substitutions", "indels", "substitutions/offsets"]
    assert tasks["effects"].subsets == ("long", "short")
    assert tasks["effects_indels"].subsets == ("long",)
    assert "smoke" not in tasks["effects_offsets"].at


def test_variants_alone_are_predicted_by_the_joint_library(files):
    found = suite(files, table=False, predicted_by="K562")
    assert found.name == "effects"
    shown = found.task[0].variants
    assert found.task[0].trained_on == "lentimpra/lentimpra"
    assert (shown.output, shown.window, shown.left, shown.right) == ("K562", 200, LEFT, RIGHT)
    assert not {"oracle", "source_oracle", "motif_prior"} & set(found.task[0].recipes)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "library/library: no output named; expected --predicted-by with one of a, b"),
        ({"table": False}, "no output named; expected --predicted-by with one of HepG2, K562, WTC11"),
        ({"table": False, "predicted_by": "Hep2G"}, "no output 'Hep2G'; did you mean 'HepG2'"),
        (
            {"predicted_by": "a", "window": 50, "left": "ACG"},
            "--window 50 with adapters of 3 and 0 letters is 53; expected 76, as library/library trains on",
        ),
        ({"predicted_by": "a", "left": "ACG"}, "--left or --right without --window; expected all of them, or none"),
        ({"predicted_by": "a", "window": -1}, "--window: -1; expected 1 or more"),
        ({"predicted_by": "a", "window": 76, "left": "AXG"}, "--left: 'AXG'; expected letters A C G T"),
        ({"trained_on": "shift/mpra"}, r"what shift/mpra trains on is not told; expected --window .* --predicted-by"),
        ({"trained_on": "shift/mpr"}, "suite shift: no task 'mpr'; did you mean"),
        ({"variants": ""}, "--references without --variants; expected the file of your variants"),
    ],
)
def test_what_predicts_must_be_told_and_fit(files, more, message):
    with pytest.raises(InputError, match=message):
        suite(files, **more)


def test_windows_may_be_given(files):
    shown = suite(files, predicted_by="b", window=76).task[-1].variants
    assert (shown.output, shown.window, shown.left, shown.right) == ("b", 76, "", "")
    told = suite(files, trained_on="shift/mpra", window=200, left="acg", predicted_by="cell").task[-1].variants
    assert (told.window, told.left) == (200, "ACG")


def test_a_suite_beside_own_files_is_refused(files):
    with pytest.raises(InputError, match="--suite cagi5 and --table; expected one of them"):
        own_suites("cagi5", *options(files))
    with pytest.raises(InputError, match="--suite cagi5 and --variants; expected one of them"):
        own_suites("cagi5", *options(files, table=False))


def test_suite_file_gives_the_same_tasks(files):
    (files / "mine.toml").write_text(
        """
name = "library"
version = 1
title = "mine"
question = "which"
source = "mine"
[[task]]
name = "library"
data = "table"
[task.table]
file = "library.tsv"
targets = ["a", "b"]
[[task]]
name = "effects"
data = "variants"
[task.variants]
file = "effects.csv"
fasta = "elements.fa"
confidence = "sure"
at_least = 0.25
output = "a"
"""
    )
    assert load_suite(str(files / "mine.toml")).task == suite(files, predicted_by="a").task


def test_many_elements_are_fewer_at_smoke_the_largest_first(files):
    lengths = {f"e{number}": LEAST + number for number in range(AT_SMOKE + 3)} | {"few": 9}
    elements = {name: element(length, length) for name, length in lengths.items()}
    (files / "many.fa").write_text("".join(f">{name}\n{known}\n" for name, known in elements.items()))
    rows = [
        (name, at + 1, ref, OTHERS[ref][0], 0.1 * at)
        for name, known in elements.items()
        for at, ref in enumerate(known)
    ]
    pd.DataFrame(rows, columns=["element", "position", "ref", "alt", "effect"]).to_parquet(files / "many.parquet")
    task = suite(
        files,
        variants=str(files / "many.parquet"),
        references=str(files / "many.fa"),
        predicted_by="a",
        variant_confidence="",
        confident_at_least=None,
    ).task[-1]
    assert task.subsets == (*[f"e{number}" for number in reversed(range(AT_SMOKE + 3))], REST)
    assert task.fewer == {"smoke": task.subsets[:AT_SMOKE]}


def test_run_from_two_files_to_a_report(files, tmp_path):
    library, variants = options(files, predicted_by="a")
    assert (
        run(
            table=library,
            variants=variants,
            recipes=("kmer_ridge",),
            tasks=("effects", "effects_indels"),
            output=tmp_path / "out",
            places=Places(store=tmp_path / "store", offline=True),
            machine=Machine(engine="inprocess", quiet=True),
        )
        == 0
    )
    found = pd.read_parquet(tmp_path / "out" / "results.parquet")
    shown = found[(found["metric"] == "spearman") & (found["view"] == "plain")].set_index(
        ["task", "group", "stratum", "recipe"]
    )["value"]
    assert shown["effects", "long", "", "kmer_ridge"] > 0.3
    assert shown["effects", "long", "HC", "kmer_ridge"] > 0.5
    assert np.isfinite(shown["effects", "short", "", "position_mean"])
    assert np.isfinite(shown["effects_indels", "long", "", "kmer_ridge"])
    flat = found[(found["metric"] == "spearman") & (found["recipe"] == "training_mean")]
    assert set(flat["status"]) == {"undefined"}  # one effect for all, no rank: undefined, never 0
    page = (tmp_path / "out" / "report.html").read_text()
    for text in (
        "effects of variants by element",
        "distance to the centre",
        "270 variants",
        "High confidence (HC): sure",
    ):
        assert text in page
    assert "the four of earlier work" not in page
