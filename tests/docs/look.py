"""python -m tests.docs.look [PAGE …]: take screenshots of the built site, to look at.

They go to build/docs/screenshots: each page at phone and desktop width, light and dark.
"""

import sys
import threading

from docs.tools import site
from tests.baking import ROOT
from tests.docs.browser import WINDOWS, chromium, program, tab

FOLDER = ROOT / "build/docs/screenshots"
USUAL = ["", "walkthrough/03-cache-keys/", "reference/settings/"]


def main(names):
    FOLDER.mkdir(parents=True, exist_ok=True)
    serving = site.server(0)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    address = f"http://localhost:{serving.server_port}"
    with chromium(program()) as browser:
        for language in ("en", "ko"):
            for name in names:
                take(browser, address, language, name)
    serving.shutdown()


def take(browser, address, language, name):
    for window in WINDOWS:
        for scheme in ("light", "dark"):
            with tab(browser, window, scheme, language) as (page, complaints):
                page.goto(f"{address}/{language}/{name}", wait_until="networkidle")
                slug = name.strip("/").replace("/", "-") or "index"
                path = FOLDER / f"{language}-{slug}-{window}-{scheme}.png"
                page.screenshot(path=path, full_page=True)
                print(path.relative_to(ROOT), *complaints, sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1:] or USUAL)
