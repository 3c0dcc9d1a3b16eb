"""What a person sees: phases, a table of steps, closing lines."""

import os
import sys
import time
from contextlib import contextmanager

COLOURS = {"green": "32", "red": "31", "yellow": "33", "dim": "2", "bold": "1"}
PLAIN = str.maketrans({"✓": "+", "✗": "x", "–": "-", "…": ".", "·": "-"})
# Of the columns, the last too: a line has 96, what GitHub shows without scrolling.
WIDTHS = (28, 24, 7, 8)
NOTE = 23


class Screen:
    """Writes to a stream: in colour only on a terminal, in ASCII where it must.

    Colours also need NO_COLOR to be unset or empty. Where the stream's encoding
    has no ✓, every sign falls back to ASCII and other letters to `?`.
    """

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.coloured = self.live and not os.environ.get("NO_COLOR")
        self.unicode = can_encode(self.stream, "✓✗–…·")
        if hasattr(self.stream, "reconfigure"):
            self.stream.reconfigure(errors="replace")

    def paint(self, text, colour):
        """Give the text in a colour of COLOURS, where colours are shown."""
        if not self.coloured:
            return text
        return f"\033[{COLOURS[colour]}m{text}\033[0m"

    def write(self, text, end="\n"):
        """Write a text at once."""
        if not self.unicode:
            text = text.translate(PLAIN)
        self.stream.write(text + end)
        self.stream.flush()

    def title(self, text):
        """Write a title, with a blank line before and after it."""
        self.write("\n" + self.paint(text, "bold") + "\n")

    @contextmanager
    def phase(self, title):
        """Show one phase with its seconds; gives a `tick` to call while it lasts."""
        started = time.monotonic()
        back = "\r" if self.live else ""
        line = f"  {title:<36}"

        def tick():
            if self.live:
                self.write(f"{back}{line}{time.monotonic() - started:6.0f} s", end="")

        # A log gets the title at once and the seconds later, on the same line.
        self.write(line, end="")
        try:
            yield tick
        except BaseException:
            self.write("")
            raise
        seconds = time.monotonic() - started
        again = f"{back}{line}" if self.live else ""
        self.write(f"{again}{seconds:6.1f} s {self.paint('✓', 'green')}")

    def heading(self):
        """Write the names of the table's columns."""
        step, request, status, milliseconds = WIDTHS
        line = f"    {'step':<{step}}{'request':<{request}}"
        line += f"{'status':>{status}}{'ms':>{milliseconds}}  what came back"
        self.write(self.paint(line, "dim"))

    def row(self, outcome):
        """One row of the table for one step's outcome (see walk.Outcome)."""
        step, request, status, milliseconds = WIDTHS
        sign, colour = SIGNS[outcome.verdict]
        took = f"{outcome.milliseconds:.1f}" if outcome.milliseconds else ""
        line = (
            f"{outcome.title:<{step}}{shortened(outcome.request, request):<{request}}"
        )
        line += f"{outcome.status or '':>{status}}{took:>{milliseconds}}"
        fits = len(outcome.note) <= NOTE
        line += f"  {outcome.note}" if fits else ""
        self.write(f"  {self.paint(sign, colour)} {line}".rstrip())
        if not fits:
            self.write(f"      {outcome.note}")


SIGNS = {"right": ("✓", "green"), "wrong": ("✗", "red"), "not tried": ("–", "yellow")}


def shortened(text, width):
    """Give the text, cut to `width` characters with an ellipsis."""
    return text if len(text) <= width else text[: width - 1] + "…"


def can_encode(stream, text):
    """Whether a stream's encoding has all characters of a text."""
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
