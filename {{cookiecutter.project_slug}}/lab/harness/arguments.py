"""Command lines of the lab's tools: errors in one line, a clean end on Ctrl-C."""

import argparse
import signal
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """The parser of `python -m MODULE`, where the module's text is `description`.

    Bad input ends the program with exit code 1 and one line, which begins with `name`.
    """

    def __init__(self, name: str, module: str, description: str) -> None:
        first_line = description.partition("\n")[0]
        super().__init__(prog=f"python -m {module}", description=first_line)
        self.name = name

    def error(self, message: str) -> NoReturn:
        """Exit."""
        sys.exit(f"{self.name}: {message}")


def one_of(accepted: Collection[str]) -> Callable[[str], str]:
    """Return a type for argparse: a name, if it is among the accepted ones."""

    def name(text: str) -> str:
        if text not in accepted:
            raise _refused(text, ", ".join(accepted))
        return text

    return name


def some_of(accepted: Collection[str]) -> Callable[[str], list[str]]:
    """Return a type for argparse: accepted names with commas between."""
    name = one_of(accepted)
    return lambda text: [name(each.strip()) for each in text.split(",")]


def positive(text: str) -> int:
    """Return the whole number in `text`, from 1. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise _refused(text, "a whole number from 1")
    return int(text)


def new_file(text: str) -> Path:
    """Return the path in `text`, if a file can be written there.

    Raises ArgumentTypeError.
    """
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise _refused(text, "a file in a folder that exists")
    return path


def _refused(text: str, accepted: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"{text!r} given; accepted: {accepted}")


def interrupt_on_signals() -> None:
    """Make SIGINT and SIGTERM raise KeyboardInterrupt, so that no server is left.

    A shell may have had SIGINT ignored for what it runs in the background.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
