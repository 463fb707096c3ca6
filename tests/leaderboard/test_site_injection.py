"""Hostile text in every field of manifest, ledger and flags, past all checks at entry: none of it lives. About 15 s."""

import json
import unicodedata
from dataclasses import replace
from functools import lru_cache
from html import unescape

import msgspec
import pytest
from rich.console import Console

from leaderboard.manifest import Weights
from leaderboard.reading.text import FORMULA, field, visible
from leaderboard.scoring import listed
from leaderboard.scoring.scored import Flag
from leaderboard.scoring.standing import Table
from leaderboard.site import build
from leaderboard.site.sheet import Rerun
from shiftbench import summary
from shiftbench.report.terminal import Compact
from tests.leaderboard import shown
from tests.leaderboard.markup import Page

MARK = "pwned"
SEEDS = (
    f"<script>window.{MARK}=1</script>", f"<ScRiPt>window.{MARK}=1</sCrIpT >", f"<img src=x onerror={MARK}()>",
    f"<svg/onload={MARK}()>", f"<svg><animate onbegin={MARK}() attributeName=x dur=1s>", f"<body onload={MARK}()>",
    f"<iframe srcdoc='<script>{MARK}()</script>'>", "<base href=https://evil.example/>", "<meta http-equiv=refresh>",
    f"<a href=javascript:{MARK}()>a</a>", f"javascript:{MARK}()", f"JaVaScRiPt:{MARK}()", f"data:text/html,<b>{MARK}",
    f"vbscript:{MARK}()", f'" onmouseover="{MARK}()', f"' onfocus='{MARK}()' autofocus='", f'"><b>{MARK}</b>',
    f"'><b>{MARK}</b>", f"`onclick={MARK}()`", "</title><b>b</b>", "</style><b>b</b>", "</script><b>b</b>",
    f"</script><script>window.{MARK}=1</script>", "</textarea><b>", "</option></select><b>", "</table><b>",
    "<!-- <b>", "--><b>b</b><!--", "]]><b>", "<![CDATA[<b>]]>", "<?xml version='1'?>", "&lt;script&gt;", "&#60;b&#62;",
    "&amp;lt;b&amp;gt;", "\\u003cscript\\u003e", "%3Cscript%3E", "{{ 7 * 7 }}", "{% include 'x' %}", "{# comment #}",
    "{{ ''.__class__.__mro__ }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "[[${7*7}]]", "[link](javascript:alert(1))",
    "![image](https://evil.example/x.png)", "`code`", "| a | b |", "# heading", "**bold**", "<details open>", "~~~",
    '=HYPERLINK("https://evil.example","x")', "=1+1", "+1+1", "-1+1", "@SUM(1;1)", "=cmd|' /C calc'!A0", "\t=1+1",
    "\r=1+1", "\n=1+1", "＝1+1", "|calc", "%0A=1", '"=1+1"', "a\tb\tc", "a\nb", "a\r\nb", 'a"b', "a,b;c", "a\x00b",
    "\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07", "\x1b[2J", "\x9b31m", "\x07\x08\x7f",
    "[red]markup[/red]", "[link=https://a.b]x[/link]", "[/]", "\u202eabc\u202c", "\u2066abc\u2069", "\u200babc",
    "\ufeffabc", "a\u2028b\u2029c", "e\u0301\u0301\u0301\u0301", "\u0430pple", "\U000e0041tag", "\ue000private",
    "../../etc/passwd", "..\\..\\windows", "/etc/passwd", "C:\\con", "file:///etc/passwd", "//evil.example/x",
    "https://evil.example/\" onclick=\"x", "https://evil.example/a'b", "https://evil.example/<b>", "__proto__",
    "constructor", "null", "NaN", "undefined", "true", "0", "1e999", "-0", "'; DROP TABLE entries; --", "$(reboot)",
)  # fmt: skip
WRAPS = ("{}", "before {} after")
PAYLOADS = [wrap.format(seed) for wrap in WRAPS for seed in SEEDS][:200]


def test_there_are_two_hundred_different_ones():
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 200


def poisoned(number, text, link):
    """An entry whose every field of text holds `text`, and its lines of the ledger."""
    one = shown.sheet().entries["transformer"]
    told = one.manifest
    manifest = msgspec.structs.replace(
        told,
        suite=text, round=text, entry=f"{number} {text}", team=text, title=text, authors=text, description=text,
        licence=text, link=link, outputs=(text,), training_data=text, pretraining=text, environment={text: text},
        tests=(msgspec.structs.replace(told.tests[0], label=text),),
        model=msgspec.structs.replace(
            told.model, recipe=text, network=text, wrapper=text, selection=text, kind="callable", preset="full"
        ),
        cost=msgspec.structs.replace(told.cost, device=text, hardware=text),
        weights=Weights(name=text, sha256=text),
    )  # fmt: skip
    scored = replace(
        one.scored, id=f"{number} {text}", sha256=text, manifest=manifest, missing=(text,), flags=(Flag(text, text),)
    )
    standing = replace(one.standing, id=scored.id, unranked=f"incomplete ({text})", flags=(text,), copies=(scored.id,))
    lines = [
        msgspec.structs.replace(line, entry=scored.id, team=text, note=text, supersedes=text, sha256=text, digest=text)
        for line in one.records
    ]
    rerun = Rerun(text, text, text, standing.score, text)
    return replace(
        one, scored=scored, standing=standing, by=scored.id, note=text, records=tuple(lines), reruns=(rerun,)
    )


def sheet(texts, link=""):
    """The table of an entry for each text; half of them have a place."""
    of = shown.sheet()
    entries = {one.id: one for one in (poisoned(n, text, link or text) for n, text in enumerate(texts))}
    standings = [
        replace(one.standing, place=n + 1 if n % 2 else 0, unranked="" if n % 2 else one.standing.unranked)
        for n, one in enumerate(entries.values())
    ]
    entries = {
        name: replace(one, standing=standing) for (name, one), standing in zip(entries.items(), standings, strict=True)
    }
    ranked = [name for name, one in entries.items() if one.standing.place]
    wins = {name: {other: 0.5 for other in ranked if other != name} for name in ranked}
    records = tuple(line for one in entries.values() for line in one.records)
    return replace(
        of, table=Table(tuple(standings), wins), entries=entries, records=records, suite="board", head="0" * 64
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "site"
    build.write({"": sheet(PAYLOADS)}, folder)
    return folder


@pytest.fixture(scope="module")
def harmless():
    """Pages of as many entries whose text is harmless, and of these the first two: text by path."""
    of = sheet([f"harmless text {number}" for number in range(len(PAYLOADS))])
    found = {}
    for path, text in build.pages_of("", of, {"": of}):
        found[path] = text
        if sum(name.startswith("entries/") for name in found) == 2:
            return found
    raise AssertionError("no pages of entries")


@lru_cache(maxsize=1)
def read(folder):
    """Text and parsed page by path."""
    texts = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    return {path: (text, Page(text)) for path, text in texts.items()}


def test_every_page_keeps_its_shape(hostile, harmless):
    found = read(hostile)
    shapes = {path: Page(text).shape for path, text in harmless.items() if path.endswith(".html")}
    without, with_place = (shape for path, shape in shapes.items() if path.startswith("entries/"))
    for number, payload in enumerate(PAYLOADS):
        path = f"entries/{build.words.page_of(f'{number} {payload}')}"
        shapes[path] = with_place if number % 2 else without
    assert set(shapes) >= set(found)
    for path, (_, page) in found.items():
        assert not page.faults, path
        assert page.shape == shapes[path], path


def test_a_field_that_is_not_escaped_would_be_found(harmless):
    text = next(text for path, text in harmless.items() if path.startswith("entries/"))
    assert "harmless text 0" in text
    for seed in SEEDS[:9]:
        assert Page(text.replace("harmless text 0", seed, 1)).shape != Page(text).shape, seed


def test_no_link_leads_out(hostile):
    for path, (_, page) in read(hostile).items():
        for href in set(page.all("href")):
            inside = ((hostile / path).parent / href.split("#")[0]).is_file()
            assert inside or href.startswith(("#", "data:image/svg+xml,")), href


def test_text_reaches_the_reader_as_it_is(hostile):
    text = (hostile / "index.html").read_text(encoding="utf-8")
    for payload in SEEDS[:60]:
        assert visible(payload) in unescape(text), payload


def test_nothing_unseen_is_in_a_page(hostile):
    for path, (text, _) in read(hostile).items():
        for letter in set(text) - {"\n"}:
            assert unicodedata.category(letter) not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"), (path, letter)


def test_the_numbers_of_the_comparison_are_data_alone(hostile):
    text = (hostile / "compare.html").read_text(encoding="utf-8")
    block = text.split('<script type="application/json" id="numbers">')[1].split("</script>")[0]
    assert not set("<>&'") & set(block)
    assert {one["id"] for one in json.loads(block)["entries"]} == {
        f"{number} {text}" for number, text in enumerate(PAYLOADS)
    }


def test_no_field_of_the_table_file_is_a_formula(hostile):
    lines = (hostile / "table.tsv").read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    heads = lines[0].split("\t")
    assert len(lines) == len(PAYLOADS) + 1
    for line in lines[1:]:
        fields = dict(zip(heads, line.split("\t"), strict=True))
        for name in ("entry", "team", "title", "unranked", "recipe", "wrapper", "kind", "flags", "sha256"):
            value = fields[name]
            assert not value or unicodedata.normalize("NFKC", value[0])[0] not in FORMULA, (name, value)
            assert '"' not in value
            assert not [letter for letter in value if unicodedata.category(letter)[0] == "C"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_field_for_spreadsheets_is_text(payload):
    kept = field(payload)
    assert not kept or unicodedata.normalize("NFKC", kept[0])[0] not in f"{FORMULA}\t\r"
    assert len(kept.splitlines()) <= 1
    assert "\t" not in kept


def test_a_terminal_gets_text_alone(capsys):
    table = Table(tuple(one.standing for one in sheet(PAYLOADS).entries.values()), {})
    console = Console(force_terminal=False, width=200)
    summary.print_compact(Compact("entries", listed.COLUMNS, tuple(listed.rows(table)), frozenset()), console)
    said = capsys.readouterr().out
    assert not [letter for letter in set(said) - {"\n"} if unicodedata.category(letter) == "Cc"]
    assert "[red]markup[/red]" in said.replace("\n", "")
