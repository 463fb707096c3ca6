"""A round from end to end; and that nothing public can be changed, and nothing is told too early."""

import datetime
import json
import shutil

import msgspec
import numpy as np
import pytest
from scipy import stats

from leaderboard import bundle
from leaderboard.answers import Answers
from leaderboard.records import adding, entries, record, window
from leaderboard.refused import Refused
from leaderboard.rounds import canaries, opening, questions, reveal, revealed, scoring, truth
from leaderboard.rounds import secret as secrets
from leaderboard.rounds import worlds as drawing
from leaderboard.rounds.worlds import _places, shuffled
from shiftbench import arrays
from shiftbench import rounds as suites
from shiftbench.catalog import load_suite
from shiftbench.errors import InputError
from shiftbench.nodes import read_sample
from shiftbench.options import options
from shiftbench.plan import plan
from shiftbench.predict import reverse_letters
from shiftbench.run import run
from shiftbench.spec import SEVERITIES, Data, Score
from shiftbench.store import Store
from shiftbench.tasks import round as data
from shiftbench.validate import Selection
from tests.leaderboard import made as making
from tests.leaderboard import rounds as playing

SECRET = bytes(range(32))
DAY = datetime.timedelta(days=1)


@pytest.fixture
def copied(played, tmp_path):
    """The public folder of the round, to be changed."""
    shutil.copytree(played.folder, tmp_path / "round")
    return tmp_path / "round"


def test_a_round_is_opened_answered_revealed_and_ranked(played, copied, monkeypatch):
    assert "pack one recipe as your entry: shiftbench submit" in played.said
    assert played.said.count("accepted") == 4  # by submit and by check, of two entries
    assert played.said.count("for practice (2 worlds): its places count for nothing") == 2  # when opened, when run
    with pytest.raises(InputError, match="nothing is scored before the reveal"):
        playing.called("leaderboard", "round", "score", copied, "--entries", played.entries)
    monkeypatch.setattr(record, "today", lambda: data.opening(data.located(copied)).terms.closes + DAY)
    playing.called("leaderboard", "round", "reveal", copied, "--secret", played.secret_file)
    assert "commitment holds" in playing.called("leaderboard", "round", "reveal", copied)  # anyone can
    results, score = [], scoring.score
    monkeypatch.setattr(scoring, "score", lambda *asked: results.append(score(*asked)) or results[0])
    said = playing.called("leaderboard", "round", "score", copied, "--entries", played.entries)
    assert "entry-one" in said
    assert "entry-two" in said
    assert "for practice (2 worlds)" in said
    (result,) = results
    assert {one.id for one in result.table.standings} == {"entry-one", "entry-two"} == set(result.canaries)
    by_name = {one.id: one for one in result.scored}
    floor = by_name["entry-one"].cells
    crps = floor[floor.metric == "crps"]
    np.testing.assert_allclose(crps.value, crps.floor, rtol=0.05)  # trained on the same rows, as a normal law
    flags = {flag.code for one in result.scored for flag in one.flags}
    assert not flags & set(canaries.FLAGS)


def test_questions_come_from_round_json_alone_and_are_those_of_the_run(played, tmp_path):
    (tmp_path / data.NAME).write_bytes(played.file.read_bytes())
    asked = questions(tmp_path / data.NAME)
    nodes = json.loads((played.run / "plan.json").read_text())
    assert {one.label: one.digest for one in asked.sets}.items() <= {
        label: node["digest"] for label, node in nodes.items()
    }.items()
    for one in asked.sets:
        sample = read_sample(Store(played.store).entry(one.digest))
        assert list(sample.id) == list(one.ids)
        assert np.isnan(sample.observed).all()
        assert sample.truth is None
    assert asked.seeds == opening.training_seeds("tiny")
    assert len(asked.seeds) == len(set(asked.seeds)) == 5
    assert opening.training_seeds("other") != asked.seeds


def test_a_round_asks_the_same_kinds_of_sets_as_the_suite(played):
    board = revealed(played.folder, played.secret)
    arms = [tuple(arm.split(":")) for arm in load_suite("board").task[0].arms]
    for world in ("0", "1"):
        cells = [cell for cell in board.cells if cell.world == world]
        assert [(cell.family, cell.dose) for cell in cells] == [("null", "0"), *arms]
        assert [cell.part for cell in cells] == [kind[0] for kind in making.KINDS]
        assert all(cell.severity == SEVERITIES[cell.dose] for cell in cells)
        rows = np.concatenate([cell.rows for cell in cells])
        assert len(np.unique(rows)) == len(rows)
    public = data.read(data.located(played.folder), 0, "test")
    for cell in board.cells[:10]:
        assert (public.sequence[cell.rows] == cell.sample.sequence).all()
        assert (public.id[cell.rows] == cell.sample.id).all()
        for role in ("floor", "source", "target"):
            assert np.isfinite(cell.references[role].mean).all()


def test_training_rows_are_those_of_the_assay_and_smaller_tiers_are_the_first(played):
    of = data.located(played.folder)
    whole = data.read(of, 0, "train")
    assert whole.truth is None
    assert set(whole.table) == {"gc", "barcodes", "batch"}
    assert whole.replicates is not None
    assert np.isfinite(whole.noise_sd).any()
    kept = data.first(whole, 100)
    assert 0 < len(kept.id) <= 100
    assert (kept.group < 100).all()
    assert (kept.id == whole.id[: len(kept.id)]).all()
    few = playing.terms(rows=100)
    world = truth.worlds(played.folder, played.secret)[0].source
    again = drawing.labelled(played.secret, few, 0, world, "train")
    for name in ("id", "sequence", "observed", "noise_sd", "replicates", "group"):
        np.testing.assert_array_equal(getattr(again, name), getattr(kept, name))


def test_the_same_secret_gives_the_same_bytes_and_another_one_others(tmp_path):
    small = playing.terms(worlds=1, rows=40, validation=20, calibration=20, test=12)
    folders = [tmp_path / name for name in ("first", "again", "other")]
    for folder, secret in zip(folders, (SECRET, SECRET, SECRET[::-1]), strict=True):
        drawing.hidden.cache_clear()
        folder.mkdir()
        opening.write(folder, secret, small)
    first, again, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == again
    assert first.keys() == other.keys()
    assert not any(first[name] == other[name] for name in first)


def test_any_change_of_a_public_file_is_refused_at_the_run_and_at_the_reveal(played, copied, tmp_path, monkeypatch):

    def same(folder, secret, terms):
        shutil.copytree(played.folder, folder, dirs_exist_ok=True)

    monkeypatch.setattr(opening, "write", same)  # that it gives the same bytes is tested by itself
    reveal.verify(copied, played.secret)  # nothing is refused where nothing was changed
    rng = np.random.default_rng(0)
    for path in sorted(copied.glob("*.npz")):
        whole = path.read_bytes()
        place = int(rng.integers(len(whole)))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(InputError, match=f"{path.name}: SHA-256"):
            reveal.verify(copied, played.secret)
        of, role = data.located(copied), path.stem.split("-")[1]
        with pytest.raises(InputError, match=f"{path.name}: SHA-256"):
            data.read(of, int(path.stem[5:7]), role)
        path.write_bytes(whole)


def test_a_run_fails_on_a_changed_file(copied, tmp_path):
    path = copied / data.file_of(1, "train")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    asked = options("round-tiny", "bench", output=tmp_path / "run", store=tmp_path / "store", engine="inprocess",
                    selection=Selection(recipes=("gc_ridge",)), quiet=True)  # fmt: skip
    ran = run(asked, [suites.suite(copied)])
    assert ran.failed
    assert any("SHA-256" in trouble["reason"] for trouble in ran.manifest["failed"])


def test_a_changed_round_json_is_another_round_and_is_refused_at_the_reveal(played, copied):
    file, secret = copied / data.NAME, played.secret
    told = json.loads(file.read_text())
    known = {one.digest for one in questions(played.folder).sets}
    for change in (
        lambda new: new["terms"].update(closes="2025-02-01"),
        lambda new: new["terms"].update(rows=299),
        lambda new: new["terms"].update(seeds=[1, 2, 3, 4, 5]),
        lambda new: new.update(commitment="0" * 64),
        lambda new: new["worlds"][0].update(candidates=new["worlds"][0]["candidates"][1:]),
        lambda new: new["files"].update({data.file_of(0, "test"): "0" * 64}),
        lambda new: new.update(outputs=["a", "b", "c"]),
    ):
        new = json.loads(json.dumps(told))
        change(new)
        file.write_text(json.dumps(new))
        assert not known & {one.digest for one in questions(copied).sets}
        with pytest.raises(InputError):
            reveal.reveal(copied, secret)
        assert not (copied / secrets.REVEAL).exists()
    for text in ("", "{", json.dumps(told | {"more": 1}), json.dumps(told | {"worlds": told["worlds"][:1]})):
        file.write_text(text)
        with pytest.raises(InputError, match=data.NAME):
            questions(copied)


def test_an_entry_of_another_round_is_refused(played, tmp_path):
    other = json.loads(played.file.read_text())
    other["terms"]["id"] = "other"
    (tmp_path / data.NAME).write_text(json.dumps(other))
    with pytest.raises(Refused):
        bundle.read((played.entries / "entry-one.zip").read_bytes(), questions(tmp_path))


def test_a_team_has_one_entry_in_a_round(played, tmp_path):
    asked = questions(played.folder)
    shutil.copytree(played.entries, tmp_path / "entries")
    first = bundle.load(played.entries / "entry-one.zip", asked)
    second = msgspec.structs.replace(first.manifest, entry="entry-three", files={})
    bundle.write(tmp_path / "three.zip", second, first.answers)
    with pytest.raises(Refused, match="one a team"):
        adding.add(tmp_path / "entries", tmp_path / "three.zip", asked, playing.today())
    again = bundle.load(tmp_path / "three.zip", asked)
    with pytest.raises(InputError, match="one entry a team"):
        scoring._check_teams([first, again], tmp_path)


def test_an_entry_after_the_last_day_is_refused_until_it_is_withdrawn(played, tmp_path):
    found = entries.read(played.entries, questions(played.folder)).entries
    day = found["entry-one"].past.entered.date
    terms, late = (playing.terms(opens=last, closes=last) for last in (day, day - DAY))
    scoring._check_days(found.values(), terms, tmp_path)
    with pytest.raises(Refused, match=f"--withdraw entry-one .*entered on {day}"):
        scoring._check_days(found.values(), late, tmp_path)
    shutil.copytree(played.entries, tmp_path / "entries")
    for name in found:
        adding.withdraw(tmp_path / "entries", name, "late", day)
    withdrawn = entries.read(tmp_path / "entries", questions(played.folder)).entries
    assert len(withdrawn) == 2
    scoring._check_days(withdrawn.values(), late, tmp_path)


def test_the_days_of_entries_are_checked_when_a_round_is_scored(played, monkeypatch):
    monkeypatch.setattr(scoring, "verify", lambda *asked: None)  # which is tested by itself
    monkeypatch.setattr(window, "terms", lambda path: playing.terms())
    with pytest.raises(Refused, match="entered on"):
        scoring.score(played.folder, played.secret, played.entries)


def opened(tmp_path, *more):
    """Try to open a round of one tiny world, and tell what is left of it."""
    sizes = {"rows": 40, "validation": 20, "calibration": 20, "test": 12}
    words = ("leaderboard", "round", "open", "small", *more, "--secret", tmp_path / "secret",
             *(part for name, size in sizes.items() for part in (f"--{name}", size)))  # fmt: skip
    return playing.called(*words)


def test_what_cannot_be_written_is_refused_before_a_secret_is_drawn(tmp_path, played):
    file, public = tmp_path / "file", tmp_path / "public"
    file.write_text("")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ledger.jsonl").mkdir()
    one = ("--worlds", 1, "--practice")
    for more, why in (
        ((*one, "--output", file), "--output .*file"),
        ((*one, "--output", file / "below"), "--output .*below: Not a directory"),
        ((*one, "--output", public, "--entries", file), "file is no folder that can be written"),
        ((*one, "--output", public, "--entries", file / "below"), "file is no folder that can be written"),
        ((*one, "--output", public, "--entries", tmp_path / "broken"), "--entries .*broken: Is a directory"),
        (("--worlds", 9, "--output", public), "9 worlds; expected at least 10"),
    ):
        with pytest.raises(InputError, match=why) as refused:
            opened(tmp_path, *more)
        assert "\n" not in str(refused.value)
        assert not (tmp_path / "secret").exists()
        assert not public.exists()
    deep = tmp_path / "no" / "where"
    said = opened(tmp_path, *one, "--output", public, "--entries", deep)
    assert "for practice (1 world)" in said
    assert (deep / "ledger.jsonl").is_file()
    assert json.loads((public / data.NAME).read_text())["terms"]["practice"] is True


def test_a_round_that_is_in_the_ledger_is_not_opened_again(tmp_path, played):
    with pytest.raises(Refused, match="open once"):
        playing.called("leaderboard", "round", "open", "tiny", "--practice", "--output", tmp_path / "public",
                       "--secret", tmp_path / "secret", "--entries", played.entries)  # fmt: skip
    assert not (tmp_path / "secret").exists()


def test_a_reveal_that_cannot_be_written_is_one_line(played, copied, monkeypatch):
    monkeypatch.setattr(reveal, "verify", lambda *asked: None)
    (copied / secrets.REVEAL).mkdir()
    with pytest.raises(InputError, match=r"reveal\.json: cannot write"):
        reveal.reveal(copied, played.secret)


def test_a_reveal_waits_for_the_last_day_and_needs_the_secret(played):
    with pytest.raises(InputError, match="is not over"):
        playing.called("leaderboard", "round", "reveal", played.folder)
    with pytest.raises(InputError, match="commitment"):
        reveal.reveal(played.folder, SECRET)
    with pytest.raises(InputError, match="commitment"):
        revealed(played.folder, SECRET)


def test_sets_of_a_round_share_no_stream_so_no_letters_tell_which_belong_together(played):
    known = truth.worlds(played.folder, played.secret)[0]
    letters = np.concatenate([kind.sample.sequence for kind in known.kinds])
    assert len(np.unique(letters, axis=0)) == len(letters)


def repeated(letters):
    """Places of rows that stand there again, as they are or on the other strand, as anyone sees them."""
    first, found = {}, set()
    for place, row in enumerate(letters):
        for turned in (row, reverse_letters(row[None])[0]):
            other = first.setdefault(turned.tobytes(), place)
            found |= {place, other} if other != place else set()
    return np.array(sorted(found))


def repeats_p(known, letters):
    """Chance that the sets have as unlike shares of the repeated rows as here, if these are drawn from all alike."""
    seen = repeated(letters)
    return stats.chisquare([np.isin(kind.places, seen).sum() for kind in known.kinds]).pvalue


def test_repeated_rows_do_not_tell_their_set(played):
    for number, known in enumerate(truth.worlds(played.folder, played.secret)):
        letters = data.read(data.located(played.folder), number, "test").sequence
        told = (known.canaries.twins, known.canaries.strands, known.canaries.constant)
        assert set(repeated(letters)) == {place for rows in told for place in rows.ravel()}
        assert repeats_p(known, letters) > 0.9  # as many of each set: a statistic of 0
        for pairs in (known.canaries.twins, known.canaries.strands):
            assert [int(np.isin(kind.places, pairs).sum()) for kind in known.kinds] == [drawing.REPEATED] * 10
        # As many rows of one set alone are seen.
        assert repeats_p(known, np.concatenate([letters, known.kinds[0].sample.sequence[:20]])) < 1e-6


def order_p(secret, sizes=(38,) * 10 + (10, 10, 30, 4), mixed=True):
    """Chance of places that differ as much between sets, by rank (Kruskal-Wallis), 1 world."""
    total = sum(sizes)
    order = shuffled(secret, total) if mixed else np.arange(total)
    return stats.kruskal(*_places(order, list(sizes))).pvalue


def test_neither_order_nor_ids_nor_sizes_tell_the_dose(played):
    found = [order_p(number.to_bytes(16, "little")) for number in range(150)]
    assert stats.kstest(found, "uniform").pvalue > 1e-4
    assert order_p(b"", mixed=False) < 1e-6  # what is not shuffled is seen
    for number, known in enumerate(truth.worlds(played.folder, played.secret)):
        public = data.read(data.located(played.folder), number, "test")
        n = len(known.sequence)
        assert list(public.id) == list(data.ids(n))  # numbers of the shuffled order and nothing else
        blank = {"id": data.ids(n), "sequence": np.zeros((n, known.sequence.shape[1]), np.uint8)}
        path = played.run / "blank.npz"
        arrays.save(path, blank)
        assert path.stat().st_size == (played.folder / data.file_of(number, "test")).stat().st_size
        path.unlink()


def test_a_cheater_with_the_file_of_answers_is_flagged(played):
    asked, known = questions(played.folder), truth.worlds(played.folder, played.secret)
    board = truth.board(played.folder, known)
    means, rows, start = [], {}, 0
    for number, one in enumerate(asked.sets):
        labels = np.zeros((len(one.ids), len(asked.outputs)), np.float32)
        for cell in board.cells:
            if cell.question == number:
                labels[cell.rows] = cell.sample.observed
        of = known[number].canaries
        cells = {row: (cell, at) for cell in board.cells if cell.question == number for at, row in enumerate(cell.rows)}
        for row, again in of.twins:
            cell, at = cells[row]
            labels[again] = cell.sample.replicates[at, 0]
        labels[of.permuted] = of.labels
        means.append(labels)
        rows[one.digest] = slice(start, start + len(labels))
        start += len(labels)
    mean = np.concatenate(means)[None]
    found = canaries.told(Answers(mean, np.ones_like(mean), None, rows), asked, [one.canaries for one in known])
    assert {flag.code for flag in canaries.flags(found)} == {"canary-labels", "canary-twins"}


def test_a_round_leaves_out_what_needs_its_worlds(played):
    planned = plan([suites.suite(played.folder)], "core", Selection())
    recipes = {row["recipe"] for _, row in planned.scores}
    assert {"training_mean", "pwm_ridge", "cnn", "cnn_prior"} <= recipes
    assert not recipes & {"source_oracle", "oracle", "motif_prior"}
    scores = [node for node in planned.nodes.values() if isinstance(node, Score)]
    assert not any(node.metrics for node in scores)
    assert {node.wrapper for node in scores} == set(load_suite("board").task[0].wrappers)
    assert all(node.seed == node.world for node in planned.nodes.values() if isinstance(node, Data))
