"""The pages in headless Chromium, from disk and offline: what a reader sees, types and clicks. About 20 s.

Skipped where chromium, chromedriver or selenium are missing.
"""

import itertools
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from leaderboard.site import build
from tests.leaderboard import shown
from tests.leaderboard.test_site_injection import MARK, PAYLOADS, sheet

selenium = pytest.importorskip("selenium", reason="selenium is not installed (pip install shiftbench[dev])")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium or chromedriver here (Debian: chromium, chromium-driver)"
)
PAGES = (
    "index.html", "shifts.html", "compare.html", "real.html", "rules.html", "entries/cnn-full.html",
    "entries/transformer.html", "entries/partial.html", "shifts/rewiring.html", "shifts/null.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    output = tmp_path_factory.mktemp("browser") / "pages"
    build.write({"": shown.sheet()}, output, pd.read_csv(build.FILE, sep="\t"))
    build.write({"": sheet(PAYLOADS[:100])}, output.parent / "hostile")
    return output


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(switch)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def visit(site, browser):
    """Opens a page, wide and light unless it is said; afterwards nothing may have been fetched or logged."""

    def open_(path="index.html", *, width=1280, scheme="light", script=True, motion="no-preference"):
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        browser.get("about:blank")
        browser.get((site / path).resolve().as_uri() if "#" not in path else f"{site.as_uri()}/{path}")
        return browser

    browser.get_log("browser"), browser.get_log("performance")
    yield open_
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert not complaints(browser)
    assert not [url for url in asked_for(browser) if not url.startswith(("file:", "data:", "about:"))]


def complaints(browser):
    return [line["message"] for line in browser.get_log("browser")]


def asked_for(browser):
    lines = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    return [one["params"]["request"]["url"] for one in lines if one["method"] == "Network.requestWillBeSent"]


def css(browser, query):
    return browser.find_elements("css selector", query)


def titles(browser, table="table.board"):
    return browser.execute_script(
        "return [...document.querySelector(arguments[0]).querySelectorAll('tr[data-row]')]"
        ".filter(row => row.offsetParent !== null).map(row => row.querySelector('a').textContent)",
        table,
    )


def head(browser, name):
    (found,) = [one for one in css(browser, "section:first-of-type ~ section th button") if one.text.strip() == name][
        :1
    ]
    return found


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_a_word(visit, path):
    visit(path)


def test_a_script_that_the_policy_does_not_name_is_seen_and_stopped(site, browser, tmp_path):
    text = (site / "index.html").read_text(encoding="utf-8")
    page = tmp_path / "index.html"
    page.write_text(text.replace("</main>", '<script>document.title = "in"</script><p style="color:red">a</p></main>'))
    browser.get_log("browser")
    browser.get(page.as_uri())
    assert browser.title != "in"
    assert len([line for line in complaints(browser) if "Content Security Policy" in line]) == 2


def test_columns_sort_and_places_come_back(visit):
    page = visit()
    of = [one for one in shown.sheet().ranked if not one.manifest.division.labels]
    assert titles(page) == [one.manifest.title for one in of]
    head(page, "Genome").click()
    assert titles(page) == [
        one.manifest.title for one in sorted(of, key=lambda one: -one.standing.parts["genome"].value)
    ]
    assert [one.get_attribute("aria-sort") for one in css(page, "table.board th[data-sort]")].count("descending") == 1
    head(page, "Genome").click()
    assert titles(page) == [
        one.manifest.title for one in sorted(of, key=lambda one: one.standing.parts["genome"].value)
    ]
    head(page, "Entry").click()
    assert titles(page) == sorted((one.manifest.title for one in of), key=str.lower)
    head(page, "Place").click()
    assert titles(page) == [one.manifest.title for one in of]
    assert len([row for row in css(page, "table.board tr.group") if row.is_displayed()]) >= 2


def test_filters_narrow_the_tables(visit):
    page = visit()
    everything = len(shown.sheet().standing)
    (count,) = css(page, "[data-count]")
    assert count.text == f"{everything} entries"
    for name, value, kept in (
        ("fits", "ensemble", lambda one: one.manifest.division.ensemble),
        ("data", "outside", lambda one: one.manifest.division.outside_data),
        ("generator", "aware", lambda one: one.manifest.division.generator_aware),
        ("inputs", "sees", lambda one: one.manifest.division.sees_test_inputs),
        ("labels", "32", lambda one: one.manifest.division.labels == 32),
        ("preset", "cpu", lambda one: one.manifest.model.preset == "cpu"),
        ("controls", "entry", lambda one: one.manifest.model.kind != "control"),
    ):
        css(page, f"select[name={name}] option[value='{value}']")[0].click()
        expected = {one.manifest.title for one in shown.sheet().standing if kept(one)}
        shown_now = {
            row.find_element("css selector", "a").text for row in css(page, "tr[data-row]") if row.is_displayed()
        }
        assert shown_now == expected, name
        assert count.text.startswith(f"{len(expected)} of {everything} entries"), name
        css(page, "button[type=reset]")[0].click()
    css(page, "#find")[0].send_keys("BiLSTM")
    assert [row.find_element("css selector", "a").text for row in css(page, "tr[data-row]") if row.is_displayed()] == [
        "BiLSTM with motif priors"
    ]
    assert not [row for row in css(page, "tr.group") if row.is_displayed()][1:]


def test_two_entries_are_compared_as_by_scipy(visit):
    of = shown.sheet()
    one, two = of.entries["cnn-full"], of.entries["kmer-ridge"]
    page = visit("compare.html#a=cnn-full&b=kmer-ridge")
    rows = [
        [cell.text for cell in row.find_elements("css selector", "th,td")] for row in css(page, "[data-duel] tbody tr")
    ]
    numbers = {row[0]: row[1:5] for row in rows}
    for name, mine, other in (
        ("Score", one.worlds[0], two.worlds[0]),
        ("Program", one.worlds[1]["program"], two.worlds[1]["program"]),
        ("GC content", one.worlds[2]["gc"], two.worlds[2]["gc"]),
    ):
        apart = np.array([mine[world] - other[world] for world in sorted(mine)])
        ends = stats.ttest_1samp(apart, 0).confidence_interval(0.95)
        told = [float(text.replace("−", "-")) for text in re.findall(r"[−+]?\d\.\d+", " ".join(numbers[name]))]
        assert told == pytest.approx(
            [np.mean(list(mine.values())), np.mean(list(other.values())), apart.mean(), *ends], abs=6e-4
        )
    (verdict,) = css(page, "[data-verdict]")
    assert ("cnn-full", "kmer-ridge") in of.table.decided
    win = of.table.wins["cnn-full"]["kmer-ridge"]
    assert f"In {round(100 * win)} % of single trainings and worlds CNN has the higher score." in verdict.text
    assert verdict.text.startswith("CNN is ahead of k-mer ridge")
    css(page, "#second option")[css(page, "#first")[0].get_property("selectedIndex")].click()
    assert verdict.text == "Choose two entries with the same budget of target labels."


def verdict(page):
    return css(page, "[data-verdict]")[0].text


def test_the_comparison_says_what_the_table_says(visit):
    of = shown.sheet()
    free = [one for one in of.ranked if not one.manifest.division.labels]
    pairs = [(one, two) for one, two in itertools.pairwise(free)]
    apart = [(one.id, two.id) in of.table.decided for one, two in pairs]
    assert len(set(apart)) == 2  # both kinds are seen
    for (one, two), sure in zip(pairs, apart, strict=True):
        said = verdict(visit(f"compare.html#a={one.id}&b={two.id}"))
        assert (" is ahead of " in said, "not told apart" in said) == (sure, not sure), said
    assert "only pairs that both have a place" in verdict(visit("compare.html#a=too-sure&b=cnn-full"))


def test_only_entries_of_one_budget_are_compared(visit):
    page = visit("compare.html#a=cnn-full&b=few-labels")
    offered = [one.text for one in css(page, "#second option") if one.is_enabled()]
    few = [one.manifest.title for one in shown.sheet().standing if one.manifest.division.labels == 32]
    assert few
    assert not [text for text in offered if any(title in text for title in few)]
    assert len(offered) == len(shown.sheet().standing) - len(few)
    assert css(page, "#second")[0].get_property("value") in offered
    assert "Choose two" in verdict(visit("compare.html#a=few-labels"))


def test_wide_pages_cut_nothing(visit, site):
    of = sheet([f"A model of a usual name, ensemble of five, {number}" for number in range(46)])
    for path, text in build.pages_of("", of, {"": of}):
        if path in ("index.html", "compare.html"):
            (site / f"many-{path}").write_text(text, encoding="utf-8")
    page = visit("many-compare.html")
    assert len(css(page, ".matrix tbody tr")) == 23
    for region in css(page, ".scroll"):
        assert region.get_property("scrollWidth") <= region.get_property("clientWidth")
    for width in (1280, 740, 360):
        page = visit("many-index.html", width=width)
        (label,) = [one for one in css(page, ".strip text.label.entry") if one.is_displayed()]
        assert label.text.startswith("A model of a usual name")
        assert label.text.endswith("…") is (width == 360)
        box = page.execute_script("const b = arguments[0].getBBox(); return [b.x, b.x + b.width]", label)
        assert box[0] >= 0
        assert box[1] <= css(page, ".strip svg")[0].get_property("clientWidth")


def test_everything_is_reached_by_keyboard(visit):
    from selenium.webdriver import ActionChains, Keys

    page = visit()
    keys = ActionChains(page)
    keys.send_keys(Keys.TAB).perform()
    first = page.switch_to.active_element
    assert first.text == "Skip to the content"
    assert first.rect["y"] >= 0
    keys.send_keys(Keys.ENTER).perform()
    assert page.switch_to.active_element.get_attribute("id") == "main"
    seen = []
    for _ in range(60):
        keys.send_keys(Keys.TAB).perform()
        one = page.switch_to.active_element
        outline = one.value_of_css_property("outline-style")
        seen.append((one.tag_name, one.text.strip(), outline))
        if one.text.strip() == "Assay":
            break
    assert seen[-1][:2] == ("button", "Assay")
    assert all(outline != "none" for _, _, outline in seen)
    keys.send_keys(Keys.SPACE).perform()
    of = [one for one in shown.sheet().ranked if not one.manifest.division.labels]
    assert titles(page) == [
        one.manifest.title for one in sorted(of, key=lambda one: -one.standing.parts["assay"].value)
    ]


def test_it_follows_the_theme_of_the_reader(visit):
    grounds = {}
    for scheme in ("light", "dark"):
        page = visit(scheme=scheme)
        body = css(page, "body")[0]
        grounds[scheme] = [body.value_of_css_property(name) for name in ("background-color", "color")]
    assert grounds["light"][0] == "rgba(253, 253, 251, 1)"
    assert grounds["dark"][0] == "rgba(19, 22, 26, 1)"
    assert grounds["light"][1] != grounds["dark"][1]


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_it_without_scrolling_sideways(visit, path):
    page = visit(path, width=360)
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360


def test_nothing_moves_for_who_asks_for_it(visit):
    page = visit(motion="reduce")
    assert css(page, ".masthead li a")[0].value_of_css_property("transition-duration") in ("0s", "")


def test_it_can_be_read_without_javascript(visit):
    page = visit(script=False)
    assert css(page, "table.board tr[data-row]")[0].is_displayed()
    assert not css(page, "form[data-filters]")[0].is_displayed()
    page = visit("compare.html", script=False)
    assert "needs JavaScript" in css(page, "main")[0].text
    assert css(page, "table.matrix")[0].is_displayed()


@pytest.mark.parametrize("path", PAGES)
def test_a_screen_reader_has_a_name_for_everything(visit, path):
    page = visit(path)
    page.execute_cdp_cmd("Accessibility.enable", {})
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = {"image", "img", "link", "button", "combobox", "searchbox", "textbox", "table", "region", "svgroot"}
    found = [one for one in nodes if not one["ignored"] and one.get("role", {}).get("value", "").lower() in roles]
    assert len(found) > 5
    assert not [one["role"] for one in found if not one.get("name", {}).get("value", "").strip()]


def test_hostile_text_does_nothing(visit):
    for path in ("../hostile/index.html", "../hostile/compare.html", "../hostile/rules.html"):
        page = visit(path)
        assert page.execute_script(f"return window.{MARK}") is None
        assert not css(page, "main b, main iframe, main img")
