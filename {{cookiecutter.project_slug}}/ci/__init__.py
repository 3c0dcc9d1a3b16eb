"""What GitHub plays on every pull request, as commands that run anywhere.

`make ci` plays every check here, `make ci CHECK=style` one of them, and `make
ci-report` makes the pull request's comment of what they left in build/ci. Uses the
standard library alone, because installing the packages is a step that may fail, too.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "build" / "ci"
