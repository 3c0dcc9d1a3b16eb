"""A headless Chromium that looks at the built site."""

import os
import shutil
from contextlib import contextmanager

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WINDOWS = {
    "phone": {"width": 360, "height": 740},
    "desktop": {"width": 1280, "height": 900},
}
# Milliseconds, longer than any page takes.
PATIENCE = 300_000
# Without updates, and as root in containers.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def program():
    """Where Chromium or Chrome is on this machine, or None."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, PROGRAMS)), None
    )


@contextmanager
def chromium(path):
    """Yield a browser of Playwright's."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser, window, scheme="light", language="en", scripts=True):
    """Yield a page of this size and colour scheme, and what it complained of."""
    context = browser.new_context(
        viewport=WINDOWS[window],
        color_scheme=scheme,
        locale="ko-KR" if language == "ko" else "en-US",
        is_mobile=window == "phone",
        has_touch=window == "phone",
        java_script_enabled=scripts,
    )
    context.set_default_timeout(PATIENCE)
    page, complaints = context.new_page(), []
    page.on(
        "console",
        lambda said: said.type == "error"
        and complaints.append(f"console on {page.url}: {said.text}"),
    )
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    # A request that leaving the page broke off is no fault.
    page.on(
        "requestfailed",
        lambda asked: "ABORTED" in asked.failure
        or complaints.append(f"not loaded: {asked.url}"),
    )
    page.on(
        "response",
        lambda came: came.status >= 400
        and complaints.append(f"{came.status}: {came.url}"),
    )
    try:
        yield page, complaints
    finally:
        context.close()


# Which elements stick out of the window to the right, but for those that scroll.
STICKING_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (e) => {
    for (let p = e.parentElement; p; p = p.parentElement) {
      const x = getComputedStyle(p).overflowX;
      if (x === "auto" || x === "scroll" || x === "hidden" || x === "clip") return true;
    }
    return false;
  };
  return [...document.querySelectorAll("main *, article *")]
    .filter((e) => e.getBoundingClientRect().right > wide + 1 && !scrolls(e))
    .map((e) => `${e.tagName} ${e.className}: ${e.textContent.trim().slice(0, 60)}`)
    .concat(document.documentElement.scrollWidth > wide + 1
      ? [`the page is ${document.documentElement.scrollWidth} wide, not ${wide}`] : []);
}"""
