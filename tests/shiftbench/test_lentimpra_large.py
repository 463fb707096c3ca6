"""Large lentiMPRA libraries: three layouts, values and orientations as test sets, ten folds, and ceilings."""

import numpy as np
import pytest

from shiftbench.arrays import check_sample
from shiftbench.errors import InputError, Skipped
from shiftbench.spec import Data
from shiftbench.tasks import lentimpra_ceiling as ceiling
from shiftbench.tasks.files import Files
from shiftbench.tasks.lentimpra import CELLS, INSERT, load
from shiftbench.tasks.lentimpra_folds import LentiMpraFolds
from shiftbench.tasks.lentimpra_table import AT_HAND, FOLDED, REPLICATED, read
from shiftbench.tasks.lentimpra_task import LentiMpra
from shiftbench.tasks.overlap import shared
from tests.lentimpra_files import construct, invented, joint, listed, turned, write_rows

ZENODO = ("seq_id", "chromosome", "start", "end", "strand", "seq", "expression", "averaged_expression", "fold")
SINGLE = ("seq_id", "seq", "mean_value")
MARKS = {"HepG2": ("", "_Reversed:"), "K562": ("", "_Reversed:"), "WTC11": ("_F", "_R")}


def build(files, subset, role="test", **more):
    data = Data(provider="lentimpra", version=2, role=role, split="overlap", subset=subset, **more)
    return LentiMpra().build(data, files)


def folds(files, role, split, **more):
    return LentiMpraFolds().build(Data(provider="lentimpra_folds", version=1, role=role, split=split, **more), files)


def elements(cell):
    """Name, letters and fold of 160 elements: 120 of the joint library, 20 half of one of its inserts, 20 new."""
    letters = invented()[1]
    rng = np.random.default_rng(CELLS.index(cell))
    fresh = ["".join(rng.choice([*"ACGT"], 200)) for _ in range(60)]
    texts = letters[100:220] + [letters[95 + i][:100] + fresh[i][100:] for i in range(0, 40, 2)] + fresh[40:]
    return [(f"seq{i}", text, 9 + i % 2) for i, text in enumerate(texts)]


def measured(cell):
    """Rows of the large library, both orientations: name, insert, value, fold."""
    rng = np.random.default_rng(10 + CELLS.index(cell))
    rows = []
    for name, text, fold in elements(cell):
        for mark, insert in zip(MARKS[cell], (text, turned(text)), strict=True):
            rows.append((f"{name}{mark}", insert, round(float(rng.normal()), 3), fold))
    return rows


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The joint library, HepG2 and WTC11 by fold, and all three as whole tables of the ten folds."""
    files = joint(tmp_path_factory.mktemp("toy") / "data", range(439))
    folder = files.data_dir
    for cell, of_fold in AT_HAND.items():
        for name, fold in of_fold.items():
            rows = [(row, construct(text), value) for row, text, value, place in measured(cell) if place == fold]
            extra = [("seq9_shuffled_1", construct("ACGT" * 50), 0.5)] if cell == "WTC11" and fold == 10 else []
            write_rows(folder / name, SINGLE, rows + extra)
    for cell, name in FOLDED.items():
        rows = [
            (row, "1", 5, 205, "+", text, value, value, place // 2 % 10 + 1)
            for place, (row, text, value, _) in enumerate(measured(cell))
        ]
        write_rows(folder / name, ZENODO, rows)
    rng = np.random.default_rng(3)
    rows = []
    for row, text, value, _ in measured("K562"):
        replicates = (value + rng.normal(0, 0.5, 3)).round(3).tolist()
        rows.append((row, construct(text), *replicates, round(float(np.mean(replicates)), 4)))
    write_rows(folder / REPLICATED["K562"], ("name", "sequence", "log2.1", "log2.2", "log2.3", "log2.mean"), rows)
    names = [name for of_fold in AT_HAND.values() for name in of_fold]
    return listed(files, *names, *FOLDED.values(), *REPLICATED.values())


# Tables


@pytest.mark.parametrize("cell", ["HepG2", "WTC11"])
def test_one_fold_a_file_and_a_column_of_folds_give_the_same_rows(toy, cell):
    by_file = read({toy.path(name): fold for name, fold in AT_HAND[cell].items()})
    whole = read({toy.path(FOLDED[cell]): 0})
    one = {name: i for i, name in enumerate(by_file.name) if by_file.natural[i]}
    assert set(one) == set(whole.name)
    rows = [one[name] for name in whole.name]
    assert np.array_equal(by_file.sequence[rows], whole.sequence)
    assert np.array_equal(by_file.observed[rows], whole.observed)
    assert np.array_equal(by_file.reverse[rows], whole.reverse)
    assert set(by_file.fold) == {9, 10}
    assert set(whole.fold) == set(range(1, 11))
    assert whole.replicates is None


def test_elements_are_names_without_the_orientation(toy):
    for cell in CELLS:
        table = read({toy.path(FOLDED[cell]): 0})
        assert set(table.element) == {name for name, _, _ in elements(cell)}
        assert table.reverse.sum() == 160
        assert np.array_equal(table.insert[1::2], 3 - table.insert[::2, ::-1])


def test_replicates_are_read_where_there_are_any(toy):
    table = read({toy.path(REPLICATED["K562"]): 0})
    assert table.replicates.shape == (320, 3)
    assert table.replicates.mean(1) == pytest.approx(table.observed, abs=1e-3)
    assert set(table.fold) == {0}


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (("id", "seq", "mean_value"), ("a", "A" * 200, 1), "columns are id, seq, mean_value; expected seq_id, seq"),
        (SINGLE, ("a", "A" * 199, 1), "line 2: 199 letters; expected 230 or 200"),
        (SINGLE, ("a", "A" * 200, "x"), "line 2: could not convert string to float: 'x'"),
        (SINGLE, ("a", "A" * 200, "nan"), "line 2: value nan"),
        (SINGLE, ("a", "A" * 200), "line 2: float"),
        ((*SINGLE, "fold"), ("a", "A" * 200, 1, 11), "fold 11; expected a number and a fold of 1 to 10"),
    ],
)
def test_tables_that_are_refused(tmp_path, header, row, message):
    path = tmp_path / "table.tsv"
    write_rows(path, header, [row])
    with pytest.raises(InputError, match=message):
        read({path: 0})


# Test sets for the fits of the joint library


@pytest.mark.parametrize("cell", ["HepG2", "WTC11"])
def test_values_of_a_large_library_overlap_nothing_fitted_on(toy, cell):
    built = build(toy, f"large:{cell}")
    sample = built.samples["test"]
    check_sample(sample, cell)
    known = [*build(toy, "", "training").samples.values(), *build(toy, "", "calibration").samples.values()]
    used = np.concatenate([each.sequence[:, INSERT] for each in known])
    everything = read({toy.path(FOLDED[cell]): 0})
    near = shared(everything.insert, used)
    assert near.any()
    assert set(sample.id) == set(everything.name[~near])
    value = {name: value for name, _, value, _ in measured(cell)}
    assert sample.observed[:, 0].tolist() == pytest.approx([value[name] for name in sample.id])
    assert np.array_equal(sample.table["stratum:reverse"], sample.table["reverse"])
    assert not (sample.table["stratum:forward"] & sample.table["stratum:reverse"]).any()
    assert sample.outputs == (cell,)
    assert f"{near.sum():,} of the 320 natural inserts" in built.facts["notes"][0]


@pytest.mark.parametrize("cell", ["HepG2", "WTC11"])
def test_orientation_is_reverse_minus_forward(toy, cell):
    sample = build(toy, f"orientation:{cell}").samples["test"]
    check_sample(sample, cell)
    value = {name: value for name, _, value, _ in measured(cell)}
    forward, reverse = MARKS[cell]
    changed = np.flatnonzero(sample.reference >= 0)
    assert len(changed) * 2 == len(sample.id) > 20
    assert np.isnan(sample.observed[sample.reference < 0]).all()
    for row in changed:
        name = sample.id[row].removesuffix(reverse)
        assert sample.id[sample.reference[row]] == name + forward
        assert sample.observed[row, 0] == pytest.approx(value[name + reverse] - value[name + forward], abs=1e-6)
        assert sample.group[row] == sample.group[sample.reference[row]]
    few = build(toy, f"orientation:{cell}", rows=5).samples["test"]
    assert len(few.id) == 10
    assert set(few.id) <= set(sample.id)


def test_without_the_files_the_test_set_is_skipped_with_the_reason(tmp_path):
    files = joint(tmp_path / "data", range(439))
    with pytest.raises(Skipped, match=r"val_HepG2\.tsv"):
        build(files, "large:HepG2")


# Ten folds


def test_ten_worlds_test_every_fold_once_and_keep_orientations_together(toy):
    seen = []
    for world in range(10):
        built = [folds(toy, role, "K562", seed=world) for role in ("training", "calibration", "test")]
        found = {name: sample for each in built for name, sample in each.samples.items()}
        assert {name: len(sample.id) for name, sample in found.items()} == built[2].facts["available"]
        ids = [set(sample.id) for sample in found.values()]
        assert len(set.union(*ids)) == sum(map(len, ids)) == 320
        stems = [{name.removesuffix("_Reversed:") for name in each} for each in ids]
        assert len(set.union(*stems)) == sum(map(len, stems)) == 160
        assert len(found["test"].id) == 32
        assert len(found["validation"].id) + len(found["calibration"].id) == 32
        seen += found["test"].id.tolist()
    assert len(set(seen)) == 320


def test_folds_by_number(toy):
    assert folds(toy, "test", "HepG2").facts["fold"] == 10
    assert folds(toy, "test", "HepG2", seed=1).facts["fold"] == 1
    built = folds(toy, "test", "HepG2:4", seed=7)
    assert built.facts["fold"] == 4
    assert {int(name[3:].removesuffix("_Reversed:")) % 10 + 1 for name in built.samples["test"].id} == {4}


def test_given_folds_are_audited(toy):
    library = read({toy.path(FOLDED["WTC11"]): 0})
    touched = []
    for fold in range(1, 11):
        test, train = library.fold == fold, ~np.isin(library.fold, [fold, fold % 10 + 1])
        near = shared(library.insert[test], library.insert[train])
        facts = folds(toy, "test", f"WTC11:{fold}").facts
        assert facts["shared_with_training"] == near.sum()
        assert facts["elements_in_two_folds"] == 0
        assert f"{near.sum():,} of 32 test sequences" in facts["notes"][0]
        touched.append(near.sum())
    assert max(touched) > 0


@pytest.mark.parametrize(
    ("split", "message"),
    [("HepG3", "no cell type 'HepG3'; did you mean 'HepG2'"), ("K562:11", "no fold '11'; expected 1 to 10")],
)
def test_unknown_folds(toy, split, message):
    with pytest.raises(InputError, match=message):
        folds(toy, "test", split)


def test_a_table_without_a_fold_is_refused(toy, tmp_path):
    rows = [(f"seq{i}", "1", 5, 205, "+", "ACGTA" * 40, 0.1, 0.1, i) for i in range(1, 10)]
    write_rows(tmp_path / FOLDED["K562"], ZENODO, rows)
    files = listed(Files(data_dir=tmp_path, cache=tmp_path, offline=True), FOLDED["K562"])
    with pytest.raises(InputError, match="no rows of fold 10"):
        folds(files, "test", "K562")


def test_libraries_that_are_not_at_hand_name_the_command(tmp_path):
    with pytest.raises(Skipped, match=r"Agarwal_K562\.tsv") as caught:
        folds(Files(data_dir=tmp_path, cache=tmp_path, offline=True), "test", "K562")
    assert caught.value.command == "shiftbench data fetch Agarwal_K562.tsv"


# Ceilings


def test_reliability_of_replicates_is_that_of_their_mean():
    """Spearman and Brown on 20,000 rows of signal variance 1 and noise variance .6: 1 / (1 + .2); 4 SE are .012."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(20_000, 1))
    values = (truth + rng.normal(0, np.sqrt(0.6), (20_000, 3))).astype(np.float32)
    assert ceiling.replicated(values) == pytest.approx(1 / 1.2, abs=0.012)
    assert ceiling.replicated(values[:, :2]) == pytest.approx(1 / 1.3, abs=0.012)


def known(library, noise, rng):
    """Two libraries of the same true values, SD 1, with noise of this SD; and those values."""
    truth = rng.normal(size=(len(library.name), 3))
    first, second = (truth + rng.normal(0, noise, truth.shape) for _ in range(2))
    rows = np.arange(len(library.name))
    found = ceiling.Twice({"HepG2": rows}, {"HepG2": second[:, 0].astype(np.float32)})
    return first.astype(np.float32), found, truth


class Repeated:
    """The invented library many times over with other values."""

    def __init__(self, library, observed):
        times = len(observed) // len(library.name)
        self.name, self.eligible = np.tile(library.name, times), np.tile(library.eligible, times)
        self.observed = observed


def test_ceilings_are_the_correlations_of_a_perfect_model(toy):
    """Against the true values themselves, 43,900 rows, noise SD .6: sampling error below .004 (4 SE)."""
    library, rng = load(toy), np.random.default_rng(1)
    many = Repeated(library, np.zeros((439 * 100, 3)))
    many.observed, found, truth = known(many, 0.6, rng)
    many.observed[:, 1] = 0.7 * truth[:, 0] + 0.7 * rng.normal(size=len(truth))
    facts = ceiling.values(many, found, cells=("HepG2",))
    assert facts["ceiling"]["pearson"]["HepG2"] == pytest.approx(
        np.corrcoef(truth[:, 0], many.observed[:, 0])[0, 1], abs=0.004
    )
    moved = ceiling.transfer(many, found, "HepG2", "K562")["ceiling"]["pearson"]["HepG2"]
    perfect = np.corrcoef(truth[many.eligible, 0], many.observed[many.eligible, 1])[0, 1]
    assert moved == pytest.approx(perfect, abs=0.01)
    assert abs(np.corrcoef(many.observed[:, 0], many.observed[:, 1])[0, 1] - perfect) > 0.05  # the uncorrected one
    change = rng.normal(0, 0.8, len(truth))
    effect = change + rng.normal(0, 0.6 * np.sqrt(2), len(truth))
    turned_over = ceiling.difference(many, found, "HepG2", effect[:, None])["ceiling"]["pearson"]["HepG2"]
    assert turned_over == pytest.approx(np.corrcoef(change, effect)[0, 1], abs=0.015)


def test_a_difference_of_noise_alone_has_no_ceiling(toy):
    library, rng = load(toy), np.random.default_rng(2)
    observed, found, _ = known(library, 0.6, rng)
    facts = ceiling.difference(Repeated(library, observed), found, "HepG2", rng.normal(0, 0.6, (400, 1)))
    assert facts["ceiling"] == {}
    assert "explains the whole difference" in facts["ceiling_missing"]["HepG2"]


def test_ceilings_within_strata_need_enough_sequences(toy):
    library, rng = load(toy), np.random.default_rng(3)
    observed, found, _ = known(library, 0.6, rng)
    many, few = np.arange(439) < 300, np.arange(439) < 50
    facts = ceiling.values(Repeated(library, observed), found, {"many": many, "few": few})
    assert set(facts["ceiling"]) == {"pearson", "pearson@many"}
    r = np.corrcoef(observed[:300, 0], found.large["HepG2"][:300])[0, 1]
    assert facts["ceiling"]["pearson@many"]["HepG2"] == pytest.approx(np.sqrt(r), abs=1e-6)


def test_k562_has_a_ceiling_once_its_replicates_are_at_hand(toy):
    assert "K562" in build(toy, "").facts["ceiling_missing"]
    facts = build(toy, "", optional=(*REPLICATED.values(),)).facts
    table = read({toy.path(REPLICATED["K562"]): 0})
    reliability = ceiling.replicated(table.replicates)
    assert reliability == pytest.approx(1 / (1 + 0.25 / 3), abs=0.05)
    assert facts["ceiling_of_replicates"] == {"K562": pytest.approx(np.sqrt(reliability))}
    assert facts["ceiling_sequences"]["K562"] >= 100
    found = ceiling.Twice({"K562": np.arange(9)}, {"K562": np.zeros(9, np.float32)}, {"K562": 0.81})
    stand_in = ceiling.values(load(toy), found)["ceiling"]["pearson"]
    assert stand_in == {"K562": pytest.approx(0.9)}


# The files at hand; about 10 seconds


@pytest.mark.parametrize(("cell", "rows", "pairs"), [("HepG2", 24_590, 12_295), ("WTC11", 9_239, 4_615)])
def test_real_orientations_are_reverse_complements_in_one_fold(real_files, cell, rows, pairs):
    table = read({real_files.path(name): fold for name, fold in AT_HAND[cell].items()})
    assert len(table.name) == rows
    forward = {name: i for i, name in enumerate(table.element) if not table.reverse[i]}
    both = [(forward[name], i) for i, name in enumerate(table.element) if table.reverse[i] and name in forward]
    one, other = np.array(both).T
    assert len(one) == pairs
    assert np.array_equal(table.insert[other], 3 - table.insert[one][:, ::-1])
    assert np.array_equal(table.fold[one], table.fold[other])


@pytest.mark.parametrize("cell", ["HepG2", "WTC11"])
def test_real_large_test_sets_share_no_50_bases_with_anything_fitted_on(real_files, cell):
    known_ = [
        *build(real_files, "", "training").samples.values(),
        *build(real_files, "", "calibration").samples.values(),
    ]
    used = np.concatenate([each.sequence[:, INSERT] for each in known_])
    for subset in (f"large:{cell}", f"orientation:{cell}"):
        sample = build(real_files, subset).samples["test"]
        assert len(sample.id) > 3000
        assert not shared(sample.sequence[:, INSERT].copy(), used).any()


def test_real_ceilings_of_transfer_and_orientation(real_files):
    optional = LentiMpra.optional[:4]
    moved = build(real_files, "HepG2->K562", optional=optional).facts
    assert moved["ceiling"]["pearson"]["HepG2"] == pytest.approx(moved["label_correlation"] / 0.9463, abs=1e-3)
    turned_ = build(real_files, "orientation:HepG2", optional=optional).facts
    assert 0.7 < turned_["ceiling"]["pearson"]["HepG2"] < 0.85
