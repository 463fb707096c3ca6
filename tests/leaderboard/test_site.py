"""Pages of the leaderboard: whole, the same at every build, and with nothing from elsewhere. About 15 s."""

import base64
import hashlib
import io
import math
import re
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from leaderboard.board import Board
from leaderboard.commands import site as verb
from leaderboard.reading.text import check_link, plain_link
from leaderboard.records import entries
from leaderboard.refused import Refused
from leaderboard.rounds import canaries, secret
from leaderboard.scoring.flags import FLAGS
from leaderboard.scoring.scored import Flag
from leaderboard.scoring.standing import Interval, Table
from leaderboard.site import build, duel, entry, pages, sheet, words
from shiftbench.errors import InputError
from tests.leaderboard import made, shown
from tests.leaderboard.markup import Page

LIGHT, DARK = 0, 1


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    output = tmp_path_factory.mktemp("site") / "pages"
    numbers = pd.read_csv(build.FILE, sep="\t")
    round_ = replace(shown.sheet(), kind="round", round="first-2026")
    build.write({"": shown.sheet(), "rounds/first-2026/": round_}, output, numbers)
    return output


def html(site):
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def test_there_is_a_page_for_everything(site):
    names = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert {"index.html", "table.tsv", "shifts.html", "compare.html", "real.html", "rules.html"} <= names
    assert {f"entries/{name}.html" for name in shown.sheet().entries} <= names
    assert {f"shifts/{words.page_of_family(one.name)}" for one in shown.sheet().families} <= names
    assert "rounds/first-2026/entries/cnn-full.html" in names


def test_the_same_entries_give_the_same_bytes(site, tmp_path):
    pages.environment.cache_clear()
    numbers = pd.read_csv(build.FILE, sep="\t")
    again = replace(shown.sheet(), entries=dict(shown.sheet().entries))
    build.write({"": again, "rounds/first-2026/": replace(again, kind="round", round="first-2026")}, tmp_path, numbers)
    files = [path.relative_to(site) for path in site.rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()} == set(files)
    for path in files:
        assert (site / path).read_bytes() == (tmp_path / path).read_bytes(), path


def test_every_page_is_balanced_and_its_ids_are_unique(site):
    for path, page in html(site).items():
        assert not page.faults, path
        ids = page.all("id")
        assert len(ids) == len(set(ids)), path
        for name in ("aria-labelledby", "for"):
            assert set(page.all(name)) <= set(ids), (path, name)
        assert [tag for tag, _ in page.tags].count("h1") == 1, path
        assert page.tags[1] == ("html", {"lang": "en"}) or page.tags[0] == ("html", {"lang": "en"})


def test_an_unbalanced_page_would_be_found():
    assert Page("<main><p>a</main>").faults
    assert Page("<p a=1 a=2></p>").faults
    assert not Page("<main><p>a</p><br></main>").faults


def test_tables_say_what_they_are(site):
    for path, page in html(site).items():
        tags = [tag for tag, _ in page.tags]
        assert tags.count("caption") == tags.count("table"), path
        assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th"), path
        for tag, attributes in page.tags:
            if tag == "svg":
                hidden = attributes.get("aria-hidden") == "true"
                assert hidden or {"role", "aria-labelledby"} <= set(attributes), (path, attributes)


def test_the_policy_names_what_is_inlined_and_nothing_else(site):
    for path, page in html(site).items():
        (policy,) = [one["content"] for tag, one in page.tags if one.get("http-equiv") == "Content-Security-Policy"]
        told = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert told["default-src"] == "'none'"
        assert told["img-src"] == "data:"
        assert "unsafe" not in policy
        run = [(tag, text) for tag, attributes, text in page.texts if attributes.get("type") != "application/json"]
        assert sorted(tag for tag, _ in run) == ["script", "style"], path
        for tag, text in run:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert told[f"{tag}-src"] == f"'sha256-{digest}'", path


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(site):
    for path, page in html(site).items():
        for tag, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")], (
                path
            )
            assert tag not in ("img", "iframe", "object", "embed", "base", "foreignobject"), path
        outside = [one for tag, one in page.tags if urlsplit(one.get("href", "")).scheme]
        for one in outside:
            if one.get("rel") != "icon":
                assert one["href"] == "https://example.org/paper", path
                assert "noopener" in one["rel"], path
        assert len(outside) <= 2, path
    assert "url(" not in pages.inlined("site.css")
    assert "@import" not in pages.inlined("site.css")
    assert not re.search(r"fetch|XMLHttp|innerHTML|eval|import\(", pages.inlined("site.js"))


def test_every_link_leads_somewhere(site):
    found = html(site)
    for path, page in found.items():
        for href in page.all("href"):
            parts = urlsplit(href)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), (path, href)
            if parts.fragment and target.suffix == ".html" and "=" not in parts.fragment:
                assert parts.fragment in found[target].all("id"), (path, href)


def luminance(colour):
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_is_read_easily_in_both_themes(theme):
    roots = re.findall(r":root \{(.*?)\n *\}", pages.inlined("site.css"), re.S)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", roots[theme]))
    for ink in ("ink", "soft", "accent", "second", "good"):
        for ground in ("paper", "wash"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert contrast(colours["ink"], colours["accent-wash"]) >= 4.5


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_table_shows_the_numbers_of_the_standings(site):
    of = shown.sheet()
    text = (site / "index.html").read_text(encoding="utf-8")
    for one in of.standing:
        place = text.index(f'href="entries/{one.id}.html"')
        row = text[text.rindex("<tr", 0, place) : text.index("</tr>", place)]
        if one.standing.place:
            assert f'class="place" data-value="{one.standing.place}"' in row
            assert f'class="score" data-value="{one.standing.score.value:.6f}"' in row
        assert f'data-value="{one.standing.source_law.value:.6f}"' in row


def test_groups_stand_apart_and_the_unranked_say_why(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    of = shown.sheet()
    groups = {(one.manifest.division.labels, one.standing.group) for one in of.ranked}
    assert text.count("<tbody") == len(groups) + 2
    missing = of.entries["partial"].scored.missing
    assert all(text.count(f"<li>{label}</li>") == 1 for label in missing)
    assert "3 missing sets" in text
    assert "gate: " in text


def test_what_stands_no_more_stays_visible(site):
    text = (site / "index.html").read_text(encoding="utf-8").split('id="retired"')[1]
    for name in ("cnn-old", "gone", "transformer"):
        assert f"entries/{name}.html" in text
    challenged = (site / "entries" / "transformer.html").read_text(encoding="utf-8")
    one = shown.sheet().entries["transformer"]
    for found in (one.standing.score, one.reruns[0].score):
        assert f">{words.number(found.value)}</td>" in challenged
    assert one.standing.score.value != one.reruns[0].score.value
    assert "A leak in our own data." in (site / "entries" / "gone.html").read_text(encoding="utf-8")


def test_kinds_of_tables_are_marked(site, tmp_path):
    first, second = (
        (site / name).read_text(encoding="utf-8") for name in ("index.html", "rounds/first-2026/index.html")
    )
    assert "Development, not proof." in first
    assert "Development" not in second.split("</h1>")[1].split("<section")[0]
    build.write({"": replace(shown.sheet(), kind="private", records=(), head="")}, tmp_path)
    private = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Private board." in private
    assert "pull request" not in private
    assert not (tmp_path / "real.html").exists()


def test_the_file_for_spreadsheets_has_every_number(site):
    found = pd.read_csv(io.StringIO((site / "table.tsv").read_text(encoding="utf-8")), sep="\t", keep_default_na=False)
    of = shown.sheet()
    assert set(found["entry"]) == set(of.entries)
    for one in of.standing:
        (row,) = found[found["entry"] == one.id].to_dict("records")
        for name, value in {"score": one.standing.score, **one.standing.families}.items():
            for end, number in (("", value.value), ("_low", value.low), ("_high", value.high)):
                told = row[f"{name}{end}"]
                assert told == "" if math.isnan(number) else float(told) == pytest.approx(number, abs=1e-6)


def test_numbers_by_world_have_the_mean_that_is_shown():
    of = shown.sheet()
    for one in of.ranked:
        whole, parts, families = sheet.by_world(one.scored)
        assert np.mean(list(whole.values())) == pytest.approx(one.standing.score.value)
        for name, worlds in parts.items():
            assert np.mean(list(worlds.values())) == pytest.approx(one.standing.parts[name].value)
        assert np.mean(list(families["null"].values())) == pytest.approx(one.standing.source_law.value)


def test_the_verdict_says_place_score_and_gate():
    of = shown.sheet()
    best = of.ranked[0]
    text = entry.verdict(of, best)
    assert text.startswith("1st of ")
    assert words.share(best.standing.score.value) in text
    assert words.share(best.standing.coverage, 1) in text
    assert "error bars fail" in entry.verdict(of, of.entries["too-sure"])
    assert "incomplete" in entry.verdict(of, of.entries["partial"])
    assert entry.verdict(of, of.entries["gone"]).startswith("Withdrawn: A leak")


def test_commands_hold_nothing_of_an_entrant():
    of = shown.sheet()
    told = made.manifest(entry="x; rm", model=shown.model(recipe="cnn; rm -rf"), title="$(rm)")
    strange = replace(of.entries["cnn-full"].scored, manifest=told)
    said = entry.commands(of, replace(of.entries["cnn-full"], scored=strange))
    assert "rm" not in str(said)
    assert any("--recipes cnn" in line for _, lines in entry.commands(of, of.entries["cnn-full"]) for line in lines)


def test_a_board_without_entries_has_pages(tmp_path):
    of = made.board(2, rows=4, outputs=1)
    found = entries.Folder({})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leaderboard.records.entries.read", lambda *_: found)
        build.build(tmp_path, tmp_path / "out", of)
        with pytest.raises(InputError, match="no entry of board version 1"):
            build.build(tmp_path, tmp_path / "private", of, kind="private")
    assert "No entry is ranked here yet." in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert not [page.faults for page in html(tmp_path / "out").values() if page.faults]


def test_only_older_pages_are_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(InputError, match="expected an empty folder"):
        build.write({"": shown.sheet()}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    site = tmp_path / "site"
    build.write({"": shown.sheet(), "rounds/one/": replace(shown.sheet(), kind="round", round="one")}, site)
    page = (site / "rules.html").read_text(encoding="utf-8")
    (site / "entries" / "of-yesterday.html").write_text(page)
    assert (site / "rounds" / "one" / "table.tsv").is_file()
    foreign = {
        ".git/HEAD": "ref", ".git/index.html": page, ".nojekyll": "", "CNAME": "example.org", "own/table.tsv": "a\tb",
        "own/page.html": "<p>mine</p>", "rounds/one/notes.txt": "mine",
    }  # fmt: skip
    for name, text in foreign.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text, encoding="utf-8")
    build.write({"": shown.sheet()}, site)
    assert {name: (site / name).read_text(encoding="utf-8") for name in foreign} == foreign
    assert not (site / "entries" / "of-yesterday.html").exists()
    assert [path.name for path in (site / "rounds").rglob("*") if path.is_file()] == ["notes.txt"]


def test_every_flag_is_explained_where_it_is_shown():
    of = shown.sheet()
    one = of.entries["cnn-full"]
    marked = tuple(Flag(code, "found") for code in FLAGS | canaries.FLAGS)
    flagged = replace(one, scored=replace(one.scored, flags=marked))
    found = dict(build.pages_of("", replace(of, entries={**of.entries, one.id: flagged}), {"": of}))
    for meaning in (FLAGS | canaries.FLAGS).values():
        for page in ("rules.html", "entries/cnn-full.html"):
            assert str(escape(meaning)) in found[page], (page, meaning)


def test_what_stands_no_more_is_scored_in_one_go(tmp_path, monkeypatch):
    of = made.board(2, rows=12, outputs=1, seeds=1)
    found = shown.folder(of)
    calls = []

    def counted(bundles, *rest):
        calls.append([one.manifest.entry for one in bundles])
        return scored(bundles, *rest)

    scored = build.scores.scored
    monkeypatch.setattr("leaderboard.records.entries.read", lambda *_: found)
    monkeypatch.setattr("leaderboard.scoring.scores.scored", counted)
    sheet_ = build.table(build.Source(tmp_path, of, "development"))
    assert [sorted(names) for names in calls[1:]] == [["cnn-old", "gone", "transformer"]]
    (alone,) = scored([found.entries["gone"].bundle], of)
    assert sheet_.entries["gone"].scored.flags == alone.flags
    assert sheet_.entries["gone"].scored.cells.equals(alone.cells)


def test_a_private_folder_of_bundles_needs_no_ledger(tmp_path):
    of = made.board(2, rows=12, outputs=1)
    folder = tmp_path / "results"
    folder.mkdir()
    for seed, name in enumerate(("mine-one", "mine-two")):
        made.bundle_bytes(folder, of, name, 0.5, seed)
    first = build.build(folder, tmp_path / "site", of, kind="private")
    text = first.read_text(encoding="utf-8")
    assert "Private board." in text
    assert "entries/mine-one.html" in text
    assert "This folder has no ledger." in (first.parent / "entries" / "mine-one.html").read_text(encoding="utf-8")


def test_the_verb_writes_a_private_board(tmp_path, monkeypatch, capsys):
    of = made.board(2, rows=12, outputs=1)
    monkeypatch.setattr("leaderboard.board.development", lambda _: of)
    made.bundle_bytes(tmp_path, of, "mine-one", 0.5)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "text").write_text("ten years of work")
    with pytest.raises(InputError, match="expected an empty folder"):
        verb.site(results=tmp_path, output=tmp_path / "thesis")
    with pytest.raises(InputError, match="--results and --entries are both given"):
        verb.site(results=tmp_path, entries=tmp_path, output=tmp_path / "pages")
    (tmp_path / "no-line").mkdir()
    assert verb.site(results=tmp_path, output=tmp_path / "pages", line=tmp_path / "no-line") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'pages' / 'index.html'}\n"
    assert "Private board." in (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert verb.site(entries=tmp_path, output=tmp_path / "pages", line=tmp_path / "no-line") == 0
    text = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert "Development, not proof." in text
    assert "entries/mine-one.html" in text


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://example.org/a?b=c#d", True),
        ("http://example.org", False),
        ("javascript:alert(1)", False),
        ("https://user@example.org", False),
        ('https://example.org/"onmouseover=', False),
        ("https://localhost/", False),
        ("https://[::1", False),
        ("//example.org", False),
        (" https://example.org", False),
    ],
)
def test_only_plain_addresses_become_links(link, kept):
    assert plain_link(link) is kept
    if kept:
        check_link(link)
    else:
        with pytest.raises(Refused, match="'link'"):
            check_link(link)


def test_words_of_numbers():
    assert words.number(-0.0004) == "0.000"
    assert words.number(-0.25, 2) == "−0.25"
    assert words.number(math.nan) == "–"
    assert words.duration(61) == "1\u00a0min"
    assert words.duration(5400) == "1.5\u00a0h"
    assert words.duration(0.26) == "0.3\u00a0s"
    assert words.count(28_113) == "28\u00a0k"
    assert words.count(2_100_000_000) == "2.1\u00a0B"
    assert [words.ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th",
    ]  # fmt: skip
    assert words.ends(Interval(0.5, math.nan, math.nan)) == ""
    assert words.inside("gc") == "GC content"
    assert words.inside("cell_type") == "cell type"


def test_the_comparison_has_the_verdicts_of_the_table():
    of = shown.sheet()
    numbers = duel.values(of)["numbers"]
    assert numbers["decided"]
    labels = {one["id"]: one["labels"] for one in numbers["entries"]}
    assert all(labels[better] == labels[worse] for better, worse in numbers["decided"])
    for one in of.ranked:
        assert one.standing.best == 1 + sum(worse == one.id for _, worse in numbers["decided"])
    assert {one["id"] for one in numbers["entries"] if one["ranked"]} == {one.id for one in of.ranked}


def test_interval_ends_reach_as_students_t():
    assert sheet.critical(4) == pytest.approx(3.182446, abs=1e-6)
    assert math.isnan(sheet.critical(1))


def test_families_of_a_board_without_numbers_are_still_told():
    found = sheet.families([], Board(made.board(2).questions, made.board(2).cells), {"gc": "more GC"})
    assert found[0].name == "null"
    assert [one.part for one in found[1:]] == ["genome"] * 2 + ["program"] * 2 + ["assay"] * 2
    assert math.isnan(found[1].cells[0].floor)
    assert Table((), {}).standings == ()


def test_a_round_has_its_own_plausibility_line(tmp_path, monkeypatch):
    asked = []

    def score(_file, _secret, _folder, line):
        asked.append(line)
        return SimpleNamespace(scored=())

    file = tmp_path / "round.json"
    monkeypatch.setattr("shiftbench.tasks.round.located", lambda _: SimpleNamespace(file=str(file)))
    monkeypatch.setattr("leaderboard.rounds.revealed", lambda *_: made.board(2))
    monkeypatch.setattr("leaderboard.rounds.secret.read", lambda _: b"")
    monkeypatch.setattr("leaderboard.rounds.scoring.score", score)
    with pytest.raises(InputError, match="nothing is shown before the reveal"):
        verb.table_of_round(file, tmp_path)
    (tmp_path / secret.REVEAL).write_text("")
    assert verb.table_of_round(file, tmp_path).kind == "round"
    (tmp_path / "line").mkdir()
    verb.table_of_round(file, tmp_path)
    assert asked == [None, tmp_path / "line"]
