"""The report: a page that parses, stands alone, escapes, says what the numbers say, and survives gaps."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from shiftbench.report import figures, frame, missing, page, shift_family, shift_tables, shift_words, tables
from shiftbench.report.terminal import compact
from shiftbench.spec import SEVERITIES

VOID = {"meta", "br", "link", "img", "input", "hr"}
LADDERS = {
    "gc": ("genome", {"2": 0.15, "5": 0.75}),
    "rewiring": ("program", {"2": 0.15, "5": 0.75, "full": 1.0, "reverse": 2.0}),
    "depth": ("assay", {"2": 0.15}),
    "turnover_pwm": ("program", {"2": 0.15, "5": 0.75}),
    "gc+depth": ("genome+assay", {"2": 0.15}),
    "null": ("none", {"0": 0.0}),
}
IID = {
    "training_mean": 0.905,
    "gc_ridge": 0.86,
    "kmer_ridge": 0.74,
    "pwm_ridge": 0.70,
    "motif_prior": 0.45,
    "cnn": 0.61,
    "source_oracle": 0.27,
    "oracle": 0.27,
}
LOSS = {
    "gc": {"cnn": 0.08, "motif_prior": 0.12, "training_mean": 0.15},
    "depth": dict.fromkeys(IID, 0.6),
    "gc+depth": dict.fromkeys(IID, 0.7),
    "rewiring": {
        "cnn": 0.14,
        "motif_prior": 0.32,
        "source_oracle": 0.42,
        "pwm_ridge": 0.14,
        "oracle": 0.0,
        "training_mean": 0.0,
    },
}
BLANK = {
    "suite": "shift",
    "task": "mpra",
    "world": 0,
    "split": "",
    "part": "",
    "shift": "",
    "dose": "0",
    "severity": 0.0,
    "view": "plain",
    "target": "observed",
    "level": math.nan,
    "group": "",
    "n": 1000,
    "clusters": 1000,
    "ceiling_target": math.nan,
    "scaled_target": math.nan,
    "scaled": math.nan,
    "scaled_low": math.nan,
    "scaled_high": math.nan,
    "floor": math.nan,
    "ceiling": math.nan,
    "status": "ok",
    "reason": "",
    "better": "lower",
    "version": 1,
    "output": "mean",
}


def simulated() -> list[dict]:
    tests = [("", "", "0", 0.0)] + [
        (shift, part, dose, severity) for shift, (part, ladder) in LADDERS.items() for dose, severity in ladder.items()
    ]
    rows = []
    for shift, part, dose, severity in tests:
        at = BLANK | {"shift": shift, "part": part, "dose": dose, "severity": severity}
        errors = {name: base + LOSS.get(shift, {}).get(name, 0.05) * severity for name, base in IID.items()}
        for name, error in errors.items():
            for wrapper, seed in forms(name):
                value = error + 0.004 * max(seed, 0) + (0.01 if shift == "null" else 0)
                span = errors["training_mean"] - errors["source_oracle"]
                score = (errors["training_mean"] - value) / span
                of = at | {"recipe": name, "wrapper": wrapper, "seed": seed}
                against_oracle = (errors["training_mean"] - value) / (errors["training_mean"] - errors["oracle"])
                rows.append(
                    of
                    | {
                        "metric": "rmse",
                        "value": value,
                        "low": value - 0.02,
                        "high": value + 0.02,
                        "scaled": score,
                        "scaled_low": score - 0.04,
                        "scaled_high": score + 0.04,
                        "scaled_target": against_oracle,
                    }
                )
                kept = 0.905 - (0 if name == "oracle" else LOSS.get(shift, {}).get(name, 0.05)) * severity
                kept -= 0.004 * list(IID).index(name) * severity
                kept += {"ensemble": 0.02, "conformal_normalised": 0.006}.get(wrapper, 0) - 0.01 * (name == "cnn")
                rows.append(
                    of | {"metric": "coverage", "level": 0.9, "value": kept, "low": kept - 0.02, "high": kept + 0.02}
                )
    reason = "family depth reaches severity 0.30 at most in this world; asked for 0.75"
    absent = {
        "shift": "depth",
        "part": "assay",
        "dose": "5",
        "severity": 0.75,
        "metric": "",
        "output": "",
        "target": "",
        "status": "skipped",
        "reason": reason,
        "value": math.nan,
        "low": math.nan,
        "high": math.nan,
    }
    rows += [
        BLANK | absent | {"recipe": name, "wrapper": wrapper, "seed": seed}
        for name in IID
        for wrapper, seed in forms(name)
    ]
    return rows


def forms(name: str) -> list[tuple[str, int]]:
    if name != "cnn":
        return [("none", 0)]
    return [("none", 0), ("none", 1), ("ensemble", -1), ("conformal_normalised", 0), ("conformal_normalised", 1)]


def measured() -> list[dict]:
    rows = []
    names = {"training_mean": math.nan, "gc_ridge": 0.2, "kmer_ridge": 0.45, "pwm_ridge": 0.48, "cnn": 0.62}
    for output, lift in {"HepG2": 0.04, "K562": 0.0, "WTC11": -0.03, "mean": 0.0}.items():
        for name, base in names.items():
            for wrapper, seed in forms(name):
                value = base + lift + 0.01 * max(seed, 0)
                of = BLANK | {
                    "suite": "lentimpra",
                    "task": "lentimpra",
                    "split": "overlap",
                    "output": output,
                    "recipe": name,
                    "wrapper": wrapper,
                    "seed": seed,
                }
                constant = math.isnan(base)
                for metric, less in (("pearson", 0.0), ("spearman", 0.02)):
                    rows.append(
                        of
                        | {
                            "metric": metric,
                            "value": value - less,
                            "low": value - 0.03,
                            "better": "higher",
                            "high": value + 0.03,
                            "status": "undefined" if constant else "ok",
                            "reason": "the prediction is constant" if constant else "",
                            "ceiling": 0.93 + lift / 3,
                        }
                    )
                held = (
                    0.9
                    - lift / 2
                    + {"ensemble": 0.015, "conformal_normalised": 0.005}.get(wrapper, 0.02 * len(name) / 10 - 0.02)
                )
                error = math.sqrt(1 - (0 if constant else base) ** 2)
                rows.append(of | {"metric": "rmse", "value": error, "low": error - 0.02, "high": error + 0.02})
                rows.append(
                    of | {"metric": "coverage", "level": 0.9, "value": held, "low": held - 0.02, "high": held + 0.02}
                )
    return rows


def variants() -> list[dict]:
    rows = []
    for element, base in {"GP1BB": 0.28, "HBB": 0.33, "HBG1": 0.34, "PKLR": 0.24}.items():
        for name, more in {"gc_ridge": -0.2, "kmer_ridge": 0.0, "pwm_ridge": -0.04, "cnn": 0.05}.items():
            for wrapper, seed in forms(name)[:3]:
                for view, lift in {"plain": 0.0, "reverse": -0.02, "strands": 0.01}.items():
                    for metric, scale in (("spearman", 1.0), ("pearson", 1.2), ("confidence_gap", 0.5)):
                        value = (base + more) * scale + lift + 0.015 * max(seed, 0)
                        rows.append(
                            BLANK
                            | {
                                "suite": "cagi5",
                                "task": "cagi5",
                                "split": "all-snv",
                                "group": element,
                                "output": "K562",
                                "recipe": name,
                                "wrapper": wrapper,
                                "seed": seed,
                                "view": view,
                                "metric": metric,
                                "value": value,
                                "low": value - 0.06,
                                "high": value + 0.06,
                                "better": "higher",
                                "ceiling": 0.85,
                            }
                        )
    return rows


MANIFEST = {
    "suite": "all",
    "tier": "smoke",
    "suites": {"shift": 1},
    "started": "2026-01-01T00:00:00Z",
    "tasks": {"mpra": "One cause, one dose: do error bars stay true?", "lentimpra": "Real lentiMPRA, three cell types"},
    "skipped": [
        {
            "node": "shift/mpra/world0/depth:5/test",
            "nodes": 12,
            "command": "",
            "reason": "family depth reaches severity 0.30 at most in this world; asked for 0.75",
        }
    ],
    "failed": [],
    "facts": {"shift/mpra/world0/gc:5/test": {"part": "genome", "parameter": 0.77}},
    "provenance": {"shiftbench": "0.1.0", "packages": {"numpy": "2.4.0"}},
}


def whole() -> pd.DataFrame:
    return pd.DataFrame([*simulated(), *measured(), *variants()])


@pytest.fixture(scope="module")
def html() -> str:
    return page.render(whole(), MANIFEST)


class Reader(HTMLParser):
    """Keeps the open tags, what each tag was, and the text outside style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_reader_sees_a_tag_that_is_not_closed():
    with pytest.raises(AssertionError):
        Reader("<p><b>wrong</p>")


def test_page_is_balanced_and_ids_are_unique(html):
    read = Reader(html)
    assert read.open == []
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 5
    inside = [attributes["href"] for attributes in read.of("a") + read.of("use")]
    assert {link[1:] for link in inside} <= set(ids)


def test_page_stands_alone(html):
    read = Reader(html)
    assert not read.of("script")
    assert not read.of("link")
    for tag, attributes in read.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), f"{tag} has a handler"
            if name in ("src", "href", "style"):
                assert "//" not in (value or "")
    assert "@import" not in html
    assert "http" not in html.replace("https://doi.org", "")


def test_names_and_reasons_are_escaped():
    evil = "<script>alert(1)</script>"
    frame_ = whole().replace({"recipe": {"cnn": evil}, "output": {"K562": "$x<i>"}})
    frame_.loc[frame_["status"] == "skipped", "reason"] = evil
    manifest = MANIFEST | {
        "suite": evil,
        "tasks": {"mpra": evil},
        "failed": [{"node": evil, "reason": evil, "command": evil}],
    }
    text = page.render(frame_, manifest)
    assert "<script" not in text
    assert "<i>" not in text
    assert "&lt;script&gt;" in text
    assert Reader(text).open == []


def test_every_figure_has_words_and_a_table(html):
    read = Reader(html)
    pictures = read.of("svg")
    sizes = [tuple(map(float, one["viewbox"].split()))[2:] for one in pictures]
    assert sizes.count((198, 252)) == 2 * 4  # over the doses, and between the oracles, of each shift of one part
    assert sizes.count((40, 16)) == 3 * 10  # recipes and wrappers of each of three parts
    assert all(one["role"] == "img" and one["aria-label"] for one in pictures)
    assert all("cnn " in one["aria-label"] for one in pictures if not one["aria-label"].startswith("line of"))
    for section in re.findall(r"<section.*?</section>", html, re.DOTALL):
        if "<svg" in section:
            assert "<table" in section
            assert "data as TSV" in section
            assert 'class="said"' in section


def test_sentence_repeats_the_numbers_of_the_frame(html):
    rows = pd.DataFrame(simulated())
    cnn = rows[(rows["recipe"] == "cnn") & (rows["wrapper"] == "none")]

    def mean(metric: str, shift: str, dose: str) -> float:
        of = cnn[(cnn["metric"] == metric) & (cnn["shift"] == shift) & (cnn["dose"] == dose)]
        assert len(of) == 2
        return of["value"].mean()

    before, after, held = mean("rmse", "", "0"), mean("rmse", "rewiring", "5"), mean("coverage", "rewiring", "5")
    said = (
        f"Under rewiring at dose 5 the error of cnn grows from {before:.2f} to {after:.2f} "
        f"(×\u00a0{after / before:.2f}; chance alone moves it by 0.01) and its 90\u00a0% intervals hold "
        f"{100 * held:.0f}\u00a0% of new measurements"
    )
    assert said in Reader(html).text
    assert "it is wrong and does not know it" in html


@pytest.mark.parametrize(
    ("after", "held", "expected"),
    [
        (0.61, 0.90, "it takes little harm"),
        (0.75, 0.90, "it errs more, and its error bars still say so"),
        (0.75, 0.79, "it is wrong and does not know it"),
        (0.61, 0.79, "its error stays, but its error bars are too narrow"),
    ],
)
def test_verdict_follows_error_and_coverage(after, held, expected):
    number = frame.Number(held, held - 0.02, held + 0.02)
    assert shift_words.verdict(frame.Number(0.61), frame.Number(after), number) == expected


def test_an_error_that_shrinks_with_the_values_is_no_little_harm():
    held, before, after = frame.Number(0.97, 0.95, 0.99), frame.Number(0.66), frame.Number(0.47)
    told = shift_words.verdict(before, after, held, (frame.Number(0.55), frame.Number(0.46)))
    assert told == "it tells values apart worse, though its error does not grow"
    same = shift_words.verdict(before, after, held, (frame.Number(0.55), frame.Number(0.53)))
    assert same == shift_words.verdict(before, after, held) == "it takes little harm"


def test_a_dose_that_some_worlds_do_not_reach_says_so():
    rows = pd.DataFrame({"world": [0, 1, 2, 0, 1], "shift": 3 * [""] + 2 * ["depth"], "dose": [*"000", *"33"],
                         "value": [1.0, 1.0, 1.0, 2.0, math.nan]})  # fmt: skip
    assert (frame.worlds(rows), frame.worlds(rows, "depth", "3")) == (3, 1)
    told = shift_words.partly_reached("depth", frame.Dose("3", 0.3), 1, 3)
    assert told.startswith("Dose 3 of depth is reached in 1 of 3 worlds")
    assert [shift_words.partly_reached("depth", frame.Dose("3", 0.3), n, 3) for n in (0, 3)] == ["", ""]


def test_a_wide_interval_gives_no_verdict_of_failing_coverage():
    held = frame.Number(0.85, 0.7, 0.95)
    assert "does not know" not in shift_words.verdict(frame.Number(0.6), frame.Number(0.8), held)


def test_arms_and_unreached_doses_are_not_the_largest_dose(html):
    text = Reader(html).text
    assert "Under depth at dose 2" in text
    assert "Under rewiring at dose 5" in text
    assert "Dose 5 of depth has no numbers: family depth reaches severity 0.30 at most" in text


def test_missing_and_undefined_are_told_with_counts(html):
    text = Reader(html).text
    assert "What is missing" in text
    assert "the prediction is constant" in text
    rows = missing.undefined(frame.complete(whole())).rows
    counts = {(fields[1].text, fields[2].text, fields[4].text): int(fields[0].text) for fields in rows}
    assert counts == {("value", "every metric", "skipped"): 12, ("value", "pearson, spearman", "undefined"): 8}


def test_reasons_that_differ_in_counts_and_outputs_stand_together():
    assert (
        missing.alike("cell1: the interval is infinite in 92 of 296 rows") == "the interval is infinite in # of # rows"
    )
    assert missing.alike("shift gc: severity ends at 0.71") == "shift gc: severity ends at #"
    assert missing.alike("the predictor states no density") == "the predictor states no density"
    at = BLANK | {"recipe": "cnn", "wrapper": "none", "seed": 0, "value": math.nan, "status": "undefined"}
    rows = [at | {"metric": f"m{k}", "reason": f"{k} of {n} rows"} for k in range(9) for n in (10, 20)]
    (told,) = missing.undefined(frame.complete(pd.DataFrame(rows))).rows
    assert told[0].text == "18"
    assert told[2].text.endswith(" and 3 more")
    assert told[5].text == "# of # rows"


def test_the_list_of_undefined_numbers_is_never_page_long():
    at = BLANK | {"recipe": "cnn", "wrapper": "none", "seed": 0, "value": math.nan, "status": "undefined"}
    names = [a + b for a in "abcdefghij" for b in "klmnopqrst"]
    rows = [at | {"metric": "m", "reason": f"no {name}"} for name in names] + [at | {"metric": "m", "reason": "no ak"}]
    table = missing.undefined(frame.complete(pd.DataFrame(rows))).rows
    assert len(table) == missing.MOST + 1
    assert (table[0][0].text, table[0][5].text) == ("2", "no ak")
    assert table[-1][0].text == str(len(names) - missing.MOST)
    assert sum(int(row[0].text) for row in table) == len(rows)


def test_reason_of_a_scaled_score_is_its_own_part():
    reason = "interval: 3 clusters, 5 needed; scaled: ceiling; below floor; scaled_target: not given (oracle)"
    assert frame.why(reason, "scaled") == "ceiling; below floor"
    assert frame.why(reason, "scaled_target") == "not given (oracle)"
    assert frame.why("the prediction is constant", "scaled") == "the prediction is constant"


def test_smoke_warns_and_other_tiers_do_not(html):
    assert "no claim is read from it" in html
    assert "no claim is read from it" not in page.render(whole(), MANIFEST | {"tier": "core"})


def test_alarm_where_a_network_passes_the_ceiling_and_only_there(html):
    assert "Alarm" not in html
    rows = whole()
    rows.loc[(rows["recipe"] == "cnn") & (rows["shift"] == "gc"), "scaled_low"] = 1.2
    assert "cnn scores above the ceiling in rmse" in Reader(page.render(rows, MANIFEST)).text
    rows = whole()
    rows.loc[(rows["recipe"] == "cnn") & (rows["shift"] == "rewiring"), "scaled_low"] = 1.2
    assert "Alarm" not in page.render(rows, MANIFEST), "under a concept shift the source oracle is no bound"
    rows = whole()
    rows.loc[(rows["recipe"] == "cnn") & (rows["task"] == "cagi5"), "scaled_low"] = 1.2
    assert "Alarm" not in page.render(rows, MANIFEST), "a repeat of the experiment is no bound"


def test_same_input_gives_the_same_bytes(tmp_path):
    for name in ("one.html", "two.html"):
        page.write(whole(), MANIFEST, tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


@pytest.mark.parametrize(
    "part", ["empty", "no columns", "shift", "real", "controls", "one row", "skipped", "no values"]
)
def test_partial_frames_do_not_crash(part):
    every = whole()
    frames = {
        "empty": every.iloc[:0],
        "no columns": pd.DataFrame(),
        "shift": every[every["task"] == "mpra"],
        "real": every[every["task"] != "mpra"],
        "controls": every[every["recipe"] != "cnn"],
        "one row": every.iloc[[0]],
        "skipped": every[every["status"] == "skipped"],
        "no values": every.assign(value=math.nan, low=math.nan, high=math.nan),
    }
    text = page.render(frames[part], {})
    assert Reader(text).open == []
    assert ('id="mpra-program"' in text) == (part in ("shift", "controls"))
    assert all(len(row) == len(table.columns) for table in compact(frames[part], {}) for row in table.rows)


def test_an_infinite_width_is_shown_as_such_and_an_interval_may_be_missing():
    entry = tables.entry(frame.Number(math.inf), tables.Notes())
    assert (entry.text, entry.small) == ("∞", "")
    assert tables.entry(frame.Number(math.nan, reason="why"), notes := tables.Notes()).text == "–"
    assert notes.lines() == ("a: why",)


def test_seeds_are_averaged_and_scaled_scores_clipped_and_counted():
    rows = pd.DataFrame(
        [
            BLANK
            | {
                "recipe": "cnn",
                "wrapper": "none",
                "metric": "rmse",
                "seed": seed,
                "value": value,
                "low": value - 0.1,
                "high": value + 0.1,
                "scaled": scaled,
            }
            for seed, value, scaled in ((0, 0.6, -3.0), (1, 0.8, 0.5))
        ]
    )
    of = frame.complete(rows)
    number = frame.numbers(of, ("recipe",))[("cnn",)]
    assert (round(number.value, 6), round(number.low, 6), round(number.high, 6)) == (0.7, 0.6, 0.8)
    assert number.sd == pytest.approx(np.std([0.6, 0.8], ddof=1))
    scaled = frame.numbers(of, ("recipe",), "scaled")[("cnn",)]
    assert (scaled.value, scaled.clipped, scaled.fits) == (-0.25, 1, 2)
    assert shift_tables.heat(shift_tables.sweep(of), "scaled", "").rows[0][2].small == "0.700, 1 clipped"


@pytest.mark.parametrize("column", ["value", "scaled"])
def test_more_fits_do_not_widen_an_interval(column):
    def number(*values: float) -> frame.Number:
        ends = {"low": 0.1, "high": 0.3, "scaled_low": 0.1, "scaled_high": 0.2}
        rows = [
            BLANK
            | {"recipe": "cnn", "wrapper": "none", "metric": "rmse", "seed": seed, "value": value, "scaled": value}
            | {name: value + (width if name.endswith("high") else -width) for name, width in ends.items()}
            for seed, value in enumerate(values)
        ]
        return frame.numbers(frame.complete(pd.DataFrame(rows)), ("recipe",), column)[("cnn",)]

    one, twice, apart = number(0.5), number(0.5, 0.5), number(0.4, 0.6)
    assert (one.low, one.high) == pytest.approx((0.4, 0.8) if column == "value" else (0.4, 0.7))
    assert (twice.low, twice.high) == (one.low, one.high)
    assert (apart.low, apart.high) == pytest.approx((one.low, one.high))


def test_an_interval_that_one_fit_lacks_is_blank_and_clipped_scores_lie_in_theirs():
    blank = BLANK | {"recipe": "cnn", "wrapper": "none", "metric": "rmse", "value": 0.5, "low": 0.4, "high": 0.6}
    wild = {"seed": 1, "low": math.nan, "scaled": -3.0, "scaled_low": -4.0, "scaled_high": -2.0}
    tame = {"seed": 0, "scaled": 0.5, "scaled_low": 0.4, "scaled_high": 0.6}
    rows = frame.complete(pd.DataFrame([blank | tame, blank | wild]))
    assert math.isnan(frame.numbers(rows, ("recipe",))[("cnn",)].low)
    scaled = frame.numbers(rows, ("recipe",), "scaled")[("cnn",)]
    assert (scaled.low, scaled.value, scaled.high) == pytest.approx((-0.3, -0.25, -0.2))


def test_captions_tell_whose_intervals_the_bars_are(html):
    (caption,) = re.findall(r'<p class="caption">(.*?)</p>', section(html, "mpra-genome"))
    assert "95\u00a0% intervals of one fit, mean over fits" in caption
    assert all('class="caption"' not in section(html, f"mpra-{part}") for part in ("program", "assay"))  # said once


@pytest.mark.parametrize(
    ("numbered", "shown"),
    [([1], [1]), ([2, 5], [2, 5]), ([1, 2, 3], [2, 3]), ([1, 2, 3, 4, 5], [2, 5]), ([2, 4, 5], [2, 5]), ([], [])],
)
@pytest.mark.parametrize("arms", [[], ["full"]])
def test_heat_table_shows_a_low_dose_the_largest_and_the_arms(numbered, shown, arms):
    ladder = [frame.Dose(str(dose), SEVERITIES[str(dose)]) for dose in [0, *numbered]] + [
        frame.Dose(name, 1.0) for name in arms
    ]
    assert [dose.name for dose in shift_tables.low_and_largest(ladder)] == [*map(str, shown), *arms]


def test_heat_caption_says_which_doses_are_shown(html):
    assert "Of each shift: a low dose, the largest dose reached, and the named arms" in Reader(html).text


def test_no_oracle_is_missed_where_none_can_exist():
    rows = whole()
    rows.loc[rows["metric"] == "rmse", "reason"] = (
        "scaled: HepG2: not given (source oracle); scaled_target: not given (oracle)"
    )
    told = {}
    for fields in missing.undefined(frame.complete(rows)).rows:
        told.setdefault((fields[1].text, fields[5].text), set()).update(fields[3].text.split(", "))
    assert told["scaled", "no ceiling is known"] == {"lentimpra"}
    assert told["scaled_target", "no ceiling is known"] == {"lentimpra"}
    assert told["scaled_target", "not given (oracle)"] == {"mpra"}


def test_nodes_of_one_trouble_are_counted_after_the_first(html):
    assert "depth:5/test (and 11 more nodes)" in Reader(html).text
    lone = {"node": "lone", "nodes": 1, "command": "", "reason": "why"}
    text = Reader(page.render(whole(), MANIFEST | {"skipped": [lone]})).text
    assert "lone" in text
    assert "more node" not in text


def test_colours_of_recipes_do_not_depend_on_each_other():
    few, many = figures.styles(["cnn", "gc_ridge"]), figures.styles(["oracle", "cnn", "gc_ridge", "zebra"])
    assert few["cnn"] == many["cnn"]
    assert len({style.colour + style.marker + style.dash for style in many.values()}) == len(many)


def section(html: str, anchor: str) -> str:
    """HTML of one section."""
    return dict(re.findall(r'<section id="(\S+?)">(.*?)</section>', html, re.DOTALL))[anchor]


def test_families_are_shown_by_part_and_compounds_apart(html):
    of = frame.complete(whole())
    assert frame.families(of) == {"genome": ["gc"], "program": ["rewiring", "turnover_pwm"], "assay": ["depth"]}
    assert frame.compounds(of) == ["gc+depth"]
    labels = re.findall(r'aria-label="mpra, (\S+?)\. ', section(html, "mpra-program"))
    assert labels == ["rewiring", "turnover_pwm"]
    for part in ("genome", "program", "assay"):
        assert "gc+depth" not in section(html, f"mpra-{part}")
        assert "null" not in Reader(section(html, f"mpra-{part}")).text
    joint = Reader(section(html, "mpra-joint")).text
    assert "gc+depth" in joint
    assert "null" in joint


def test_worst_shift_of_a_part_is_told_without_arms_and_compounds(html):
    rows = pd.DataFrame(simulated())
    top = rows[(rows["recipe"] == "cnn") & (rows["wrapper"] == "none") & (rows["metric"] == "rmse")]
    top = top[(top["shift"] == "rewiring") & (top["dose"] == "5")]["value"].mean()
    assert f"Of 2 shifts of the program, rewiring leaves cnn with the largest error ({top:.2f})" in Reader(html).text


def test_tally_names_every_family_once(html):
    said = re.search(r"What the largest dose of each shift does to cnn: (.*?)\.", Reader(html).text)[1]
    named = [name for told in said.split("; ") for name in told.split(" under ")[1].split(", ")]
    assert sorted(named) == ["depth", "gc", "rewiring", "turnover_pwm"]


def test_null_shift_tells_how_far_chance_moves_an_error(html):
    moved = frame.chance(frame.complete(pd.DataFrame(simulated())), "cnn")
    assert (round(moved.value, 9), moved.fits) == (0.01, 2)
    assert "moves the error of cnn by 0.010 (root mean square over 2 fits): a gap of that size is chance" in html
    without = pd.DataFrame([row for row in simulated() if row["shift"] != "null"])
    assert not frame.chance(frame.complete(without), "cnn").defined
    assert "a gap of that size is chance" not in page.render(without, MANIFEST)


def test_chance_is_taken_fit_by_fit():
    at = BLANK | {"recipe": "cnn", "wrapper": "none", "metric": "rmse"}
    errors = {("", 0): 0.5, ("", 1): 0.9, ("null", 0): 0.53, ("null", 1): 0.86, ("null", 2): 5.0}
    rows = [at | {"shift": shift, "seed": seed, "value": value} for (shift, seed), value in errors.items()]
    moved = frame.chance(frame.complete(pd.DataFrame(rows)), "cnn")
    assert moved.value == pytest.approx(math.sqrt((0.03**2 + 0.04**2) / 2))
    assert moved.fits == 2


def test_harms_of_two_shifts_add_in_the_square():
    found = shift_tables.sweep(frame.complete(pd.DataFrame(simulated())))
    table = shift_tables.joint("", found)
    row = next(row for row in table.rows if row[0].text == "gc+depth")
    first, second, added = (float(entry.text) for entry in row[2:5])
    start = frame.at(found.errors, "", "0", "cnn").value
    assert added == pytest.approx(math.sqrt(first**2 + second**2 - start**2), abs=2e-3)
    assert [row[0].text for row in table.rows] == ["i.i.d.", "null", "gc+depth"]


def test_harm_splits_the_error_into_noise_ignorance_and_failure():
    table = shift_tables.harm("", shift_tables.sweep(frame.complete(pd.DataFrame(simulated()))), ["gc", "rewiring"])
    for row in table.rows:
        whole_, noise, unknown, own = (float(row[at].text.replace("−", "-")) for at in (2, 4, 5, 6))
        assert whole_ == pytest.approx(noise + unknown + own, abs=2e-3)


def test_arms_stand_beyond_the_doses_and_are_not_joined(html):
    ladder = [frame.Dose("0", 0.0), frame.Dose("5", 0.75), frame.Dose("full", 1.0), frame.Dose("reverse", 2.0)]
    at = [shift_family._at(dose) for dose in ladder]
    assert at[:2] == [0.0, 0.75]
    assert 0.75 < at[2] < at[3] < 1.2
    labels = re.findall(r'aria-label="mpra, (\S+?)\. (.*?)"', section(html, "mpra-program"))
    assert ["cnn, arms" in text for _, text in labels] == [True, False]


def test_axes_of_a_part_are_the_same():
    found = shift_tables.sweep(frame.complete(pd.DataFrame(simulated())))
    low, high = shift_family._limits(found.errors, found, ["rewiring", "turnover_pwm"], [("cnn", "none")], False)
    values = [
        frame.at(found.errors, shift, dose.name, "cnn").value
        for shift in ("rewiring", "turnover_pwm")
        for dose in found.ladders[shift]
    ]
    assert low < min(values) < max(values) < high < max(values) + 0.2 * (max(values) - min(values))
