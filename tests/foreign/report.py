"""A line about a test of another system, for the end of the run."""

import time
from contextlib import contextmanager


class Report:
    """One line for the end of the run, with the seconds of its steps."""

    def __init__(self, name):
        self.name = name
        self.parts = []

    def add(self, text):
        self.parts.append(text)

    @contextmanager
    def timed(self, step):
        began = time.monotonic()
        yield
        self.add(f"{step} {time.monotonic() - began:.0f} s")

    def line(self):
        return f"{self.name}: {'; '.join(self.parts)}"
