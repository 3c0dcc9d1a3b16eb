"""The site in a browser: phone and desktop, light and dark."""

import contextlib
import itertools
import json
import os
import re
import threading

import pytest
from playwright.sync_api import TimeoutError as NotInTime

from docs.tools import DOCS, name_of, pages, site, timelines
from docs.tools.parsing import commands, fences
from tests.docs.browser import PATIENCE, STICKING_OUT, WINDOWS, chromium, program, tab
from tests.polling import wait_until

pytestmark = pytest.mark.deep
SECONDS = PATIENCE / 1000
# A word of each language's own pages, and of a page that its search must offer.
WORDS = {
    "en": {"quarantine": "the-stamp-protocol", "rotate": "rotate-secrets"},
    "ko": {
        "무효화": "invalidation",
        "롤백": "roll-back",
        "스탬프를": "the-stamp-protocol",
    },
}

# The search has a tree of its own inside the page's.
FOCUSED = """() => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element.tagName;
}"""


COPY = '[data-md-type="copy"]'
# Presses every copy button, and gives what each put on the clipboard.
COPIES = """async () => {
  const copied = [];
  for (const button of document.querySelectorAll('[data-md-type="copy"]')) {
    await navigator.clipboard.writeText("");
    button.click();
    copied.push(await navigator.clipboard.readText());
  }
  return copied;
}"""


@pytest.fixture(scope="module")
def browser():
    path = program()
    if not path:
        missing = "no Chromium: apt install chromium, or set CHROMIUM to one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with chromium(path) as running:
        yield running


@pytest.fixture(scope="module")
def address(once):
    built = once("site", site.build)
    serving = site.server(0, built)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://localhost:{serving.server_port}"
    serving.shutdown()


def urls(language):
    names = (name_of(page).removesuffix(".md") for page in pages(language))
    return [f"{language}/" + ("" if name == "index" else f"{name}/") for name in names]


@pytest.mark.minutes(0.2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_sticks_out_and_nothing_is_complained_of(
    browser, address, language, window, scheme
):
    problems = []
    with tab(browser, window, scheme, language) as (page, complaints):
        for url in urls(language):
            page.goto(f"{address}/{url}", wait_until="load")
            problems += [f"{url}: {what}" for what in page.evaluate(STICKING_OUT)]
            found = page.evaluate("document.body.dataset.mdColorScheme")
            if found != {"light": "default", "dark": "slate"}[scheme]:
                problems.append(f"{url}: {found} by {scheme}")
        # The last page may still be loading something.
        page.wait_for_load_state("networkidle")
        problems += complaints
    assert problems == []


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    "language,word,wanted",
    [(kind, word, to) for kind, words in WORDS.items() for word, to in words.items()],
)
def test_the_search_finds(browser, address, window, language, word, wanted):
    with tab(browser, window, language=language) as (page, complaints):
        page.goto(f"{address}/{language}/", wait_until="networkidle")
        wait_until(lambda: opens_the_search(page), "the search", SECONDS)
        offered = page.locator(f'a[href*="{wanted}"]:has(mark)').first
        wait_until(lambda: is_offered(page, word, offered), wanted, SECONDS)
        assert complaints == []


def opens_the_search(page):
    """Press the key, which does nothing before the page listens to it."""
    page.keyboard.press("/")
    return page.evaluate(FOCUSED) == "INPUT"


def is_offered(page, word, offered):
    """Type the word: what was typed before the index came is not searched again."""
    page.keyboard.press("Control+A")
    page.keyboard.type(word)
    with contextlib.suppress(NotInTime):
        offered.wait_for(timeout=5_000)
    return offered.is_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_landing_page_sends_readers_to_their_language(browser, address, language):
    with tab(browser, "phone", language=language) as (page, complaints):
        page.goto(f"{address}/")
        page.wait_for_url(f"**/{language}/")
        assert complaints == []


@pytest.mark.parametrize("window", WINDOWS)
def test_the_other_language_of_a_page_is_two_clicks_away(browser, address, window):
    with tab(browser, window) as (page, complaints):
        page.goto(f"{address}/en/reference/settings/", wait_until="networkidle")
        page.locator(".md-select button, .md-select__inner").first.hover()
        page.locator('a[hreflang="ko"]').first.click()
        page.wait_for_url("**/ko/reference/settings/")
        assert page.evaluate("document.documentElement.lang") == "ko"
        assert complaints == []


@pytest.mark.minutes(0.5)
def test_the_copy_button_copies_what_a_person_types(browser, address):
    wrong, copied = [], 0
    with tab(browser, "desktop") as (page, complaints):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        for source, url in zip(pages("en"), urls("en")):
            wanted, name = [typed(fence) for fence in fences_of(source)], url
            page.goto(f"{address}/{url}")
            if wanted:
                page.wait_for_selector(COPY, state="attached")
            found = page.evaluate(COPIES)
            copied += len(found)
            wrong += [
                (name, here, there)
                for here, there in itertools.zip_longest(wanted, found)
                if here != there
            ]
        assert complaints == []
    assert wrong == []
    assert copied > 200


def fences_of(source):
    text = source.read_text(encoding="utf-8")
    return fences(name_of(source), text)


def typed(fence):
    """What a person types of a block: its commands, or all of it."""
    if fence.language == "console":
        text = "\n".join(command.text for command in commands(fence.lines))
    else:
        text = "\n".join(fence.lines)
    return text.rstrip()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_it_does_so_after_a_click_on_a_link(browser, address, language):
    with tab(browser, "desktop", language=language) as (page, complaints):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{address}/{language}/walkthrough/02-measure-before-you-cache/")
        page.locator('.md-content a[href*="03-cache-keys"]').last.click()
        page.wait_for_url("**/03-cache-keys/")
        block = page.locator(".highlight", has_text="redis-cli --scan").first
        block.hover()
        block.locator(COPY).click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.split("\n")[0].startswith("grep -q ^REDIS_URL= .env")
        assert "…" not in copied.split("\n")
        assert complaints == []


# How much of each figure lies outside the text's column.
CUT = """() => [...document.querySelectorAll('.md-content img[src*="figures/"]')]
  .map((figure) => {
    const column = figure.closest("article").getBoundingClientRect();
    const { left, right, width } = figure.getBoundingClientRect();
    return width > 0 && left >= column.left - 1 && right <= column.right + 1
      ? "" : `${figure.src}: ${left} to ${right} of ${column.right}`;
  })"""


# What lies over the middle of the page and does not move with it.
FLOATING = """() => [...document.querySelectorAll("body *")]
  .filter((e) => getComputedStyle(e).position === "fixed")
  .filter((e) => {
    const { left, top, right, bottom } = e.getBoundingClientRect();
    return bottom > 60 && top < innerHeight && right > 0 && left < innerWidth;
  })
  .filter((e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .filter((e) => e.textContent.trim())
  .map((e) => e.className)"""


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_shows_figures_whole_and_nothing_over_the_text(
    browser, address, language
):
    cut, floating, shown = [], [], 0
    with tab(browser, "phone", language=language) as (page, complaints):
        for source, url in zip(pages(language), urls(language)):
            if "/figures/" in source.read_text("utf-8"):
                page.goto(f"{address}/{url}", wait_until="load")
                figures = page.evaluate(CUT)
                shown += len(figures)
                cut += filter(None, figures)
                floating += page.evaluate(FLOATING)
        assert complaints == []
    assert cut == []
    assert floating == []
    assert shown > 15


def test_a_figure_opens_alone(browser, address):
    # A figure alone has no icon: the browser looks for one, and complains.
    with tab(browser, "phone") as (page, _):
        page.goto(f"{address}/en/walkthrough/03-cache-keys/", wait_until="load")
        page.locator('img[src*="figures/hit-and-miss"]').tap()
        page.wait_for_url("**/figures/hit-and-miss.svg")
        assert page.evaluate("document.documentElement.tagName") == "svg"


CHAPTER = "walkthrough/04-invalidation/"
# Presses Next to the end, and gives the page's own words at each step: what is done,
# the state of each thing, which is marked as wrong, and the sentence that says why.
STEPPED = """(whole) => {
  const [back, next] = whole.querySelectorAll("button");
  const texts = (of) => [...of].map((each) => each.textContent);
  const shown = () => [
    whole.querySelector(".does").textContent.trim(),
    [...whole.querySelectorAll("tr")].map((row) => texts(row.children)),
    texts(whole.querySelectorAll(".bad th")),
    texts(whole.querySelectorAll(".wrong:not([hidden])")).join(),
  ];
  const found = [shown()];
  while (next.ariaDisabled === "false") {
    next.click();
    found.push(shown());
  }
  return found;
}"""


def timelines_of(language):
    found = json.loads((DOCS / language / timelines.NAME).read_text("utf-8"))
    return [found[name] for name in timelines.shown()]


def shown_of(timeline, marked):
    """What a timeline shows at each step; `marked` is the word before what is wrong."""
    wrong = timeline["wrong"]
    *steps, last = [
        [f"{step['who']} {step['does']}".strip(), step["state"]]
        for step in timeline["steps"]
    ]
    said = [[wrong["who"]], f"{marked}: {wrong['says']}."]
    return [*([*step, [], ""] for step in steps), [*last, *said]]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("language, marked", [("en", "Wrong"), ("ko", "틀림")])
def test_a_timeline_is_stepped_through(browser, address, language, marked, window):
    with tab(browser, window, language=language) as (page, complaints):
        page.goto(f"{address}/{language}/{CHAPTER}")
        page.wait_for_selector(".timeline")
        wanted, found = timelines_of(language), page.locator(".timeline").all()
        for timeline, whole in zip(wanted, found, strict=True):
            assert whole.evaluate(STEPPED) == shown_of(timeline, marked)
        assert page.evaluate(STICKING_OUT) == []
        assert complaints == []


def test_keys_step_through_a_timeline_and_stop_at_its_ends(browser, address):
    with tab(browser, "desktop") as (page, complaints):
        page.goto(f"{address}/en/{CHAPTER}")
        whole = page.locator(".timeline").first
        whole.focus()
        last = len(timelines_of("en")[0]["steps"]) - 1
        for key, at in [("Left", 0), ("Right", 1), ("Right", 2), ("Left", 1)]:
            page.keyboard.press(f"Arrow{key}")
            assert whole.locator(".at").inner_text() == f"Step {at} of {last}"
        for _ in range(last + 1):
            page.keyboard.press("ArrowRight")
        assert whole.locator(".at").inner_text() == f"Step {last} of {last}"
        assert complaints == []


def test_the_steps_are_those_of_the_block_above(browser, address):
    with tab(browser, "desktop") as (page, complaints):
        page.goto(f"{address}/en/walkthrough/03-cache-keys/")
        page.locator('.md-content a[href*="04-invalidation"]').last.click()
        page.wait_for_selector(".timeline")
        blocks = page.locator(".language-console:has(+ .timeline)").all_inner_texts()
        for block, timeline in zip(blocks, timelines_of("en"), strict=True):
            printed = re.findall(r"^ *\d+  +(\S.*)", block, re.MULTILINE)
            assert printed == [step["does"] for step in timeline["steps"][1:]]
        assert complaints == []


def test_without_scripts_a_timeline_is_read(browser, address):
    with tab(browser, "phone", scripts=False) as (page, complaints):
        page.goto(f"{address}/en/{CHAPTER}")
        assert page.locator(".timeline").count() == 0
        blocks = page.locator(".language-console", has_text="STALE, version")
        assert blocks.count() == len(timelines.shown())
        assert complaints == []
