"""The figures of docs/assets/ci (its README.md says how), of what the plays left.

The tests keep the comments in the folder that CI_FIGURES names; run as a program, this
makes a picture of each, and the table of the faults.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

from tests.workflows.faults import FAULTS

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ font: 14px/1.5 system-ui, "DejaVu Sans", sans-serif; margin: 0; padding: 16px;
  color: #1f2328; background: white; width: 820px }}
h2 {{ font-size: 21px; border-bottom: 1px solid #d1d9e0; padding-bottom: 6px }}
table {{ border-collapse: collapse }}
td, th {{ border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left }}
pre {{ background: #f6f8fa; padding: 12px; border-radius: 6px; white-space: pre-wrap }}
code {{ font: 12px/1.45 "DejaVu Sans Mono", monospace; background: #f6f8fa }}
article {{ border: 1px solid #d1d9e0; border-radius: 6px; padding: 4px 16px }}
</style><article>{body}</article>
<script>document.title = document.documentElement.scrollHeight</script>"""
HEAD = """\
| what was broken | where | jobs that went red | the comment said |
|---|---|---|---|
"""
OPTIONS = """--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run
--disable-background-networking --disable-sync --disable-component-update""".split()


def wanted():
    """Return the folder for the figures; None if none are to be made."""
    return os.environ.get("CI_FIGURES")


def keep(name, text):
    if folder := wanted():
        Path(folder, name).write_text(text, encoding="utf-8")


def table():
    """Return the Markdown table of the faults; the plays assert each row."""
    return HEAD + "".join(map(row, FAULTS))


def row(fault):
    told = fault.told.strip("*# ").replace("`", "")
    red = ", ".join(sorted([fault.job, "ready-to-merge"]))
    return f"| {fault.name} | `{fault.path}` | {red} | `{told}` |\n"


def picture(markdown, png, browser="chromium"):
    """Take a picture of a comment as GitHub shows it, its folded parts open."""
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown)
    html = PAGE.format(body=html.replace("<details>", "<details open>"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "comment.html")
        page.write_text(html, encoding="utf-8")
        open_page = [browser, *OPTIONS, f"--user-data-dir={folder}/profile"]
        dom = run([*open_page, "--window-size=890,100", "--dump-dom", page])
        height = re.search(r"<title>(\d+)</title>", dom)[1]
        size = f"--window-size=890,{height}"
        run([*open_page, size, f"--screenshot={png}", page])


def run(command):
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    return done.stdout.decode()


def main(folder):
    (folder / "faults.md").write_text(table(), encoding="utf-8")
    for name in ("green", "broken"):
        markdown = (folder / f"{name}.md").read_text(encoding="utf-8")
        picture(markdown, folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
