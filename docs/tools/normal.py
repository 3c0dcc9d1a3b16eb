"""Compare what a command printed with what a page shows."""

import re

ANY_LINES = "..."
ANY_TEXT = "…"
DAY = r"\d{4}-\d\d-\d\d"
MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# What differs from run to run, and what stands for it. The order matters.
VARYING = [
    (r"\x1b\[[0-9;]*m", ""),
    (r"eyJ[\w-]{4,}(?:\.[\w-]+)*", "<token>"),
    (rf"{DAY}[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
    (rf"\d\d/(?:{MONTH})/\d{{4}}[: ]\d\d:\d\d:\d\d(?: [+-]\d{{4}})?", "<time>"),
    (rf"\w{{3}}, \d\d (?:{MONTH}) \d{{4}} \d\d:\d\d:\d\d GMT", "<time>"),
    (rf"(?:{MONTH}) +\d+, \d{{4}} - \d\d:\d\d:\d\d", "<time>"),
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<hex>"),
    (r"\b[0-9a-f]{16,}\b", "<hex>"),
    (r"\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]{22,}\b", "<word>"),
    (r"\bPython 3\.\d+(?:\.\d+)?", "Python <version>"),
    (r"\b(curl|CPython|gunicorn)([/ ])\d[\w.]*", r"\1\2<version>"),
    (
        r"\b\d+(?:[.,]\d+)? ?(?:ms|µs|us|s|sec|seconds?|min|minutes?|[KMG]i?B)\b",
        "<measure>",
    ),
    (r"\bin \d+\.\d+s\b", "in <measure>"),
    (r"(?i)\b(pid:? |\[)\d{3,7}\b(?=\]|\)|$)", r"\1<pid>"),
]
COMPILED = [(re.compile(pattern), stands) for pattern, stands in VARYING]


def normal(line):
    """The line without what differs from run to run."""
    for pattern, stands in COMPILED:
        line = pattern.sub(stands, line)
    return line.rstrip()


def matches(shown, printed):
    """Whether a page's lines are what was printed, up to what varies.

    `...` alone stands for any lines, `…` in a line for any text.
    """
    pattern = "".join(line_pattern(line) for line in shown)
    text = "".join(f"{normal(line)}\n" for line in trimmed(printed))
    return re.fullmatch(pattern, text) is not None


def line_pattern(line):
    if line.strip() == ANY_LINES:
        return r"(?:[^\n]*\n)*?"
    parts = normal(line).split(ANY_TEXT)
    return r"[^\n]*".join(map(re.escape, parts)) + "\n"


def trimmed(lines):
    """The lines without empty ones at the end."""
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines
