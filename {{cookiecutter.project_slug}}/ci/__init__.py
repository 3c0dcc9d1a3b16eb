"""The checks that GitHub runs on every pull request, as commands that run anywhere.

`make ci` runs all checks here, `make ci CHECK=style` one of them, and `make ci-report`
writes the pull request's comment from their results in build/ci. Uses the standard
library only, because installing the packages is a step that can fail.
"""

from pathlib import Path
from typing import TypedDict

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "build" / "ci"


class Outcome(TypedDict):
    """How a step went, as stored in result.json. `log` is a file beside it."""

    name: str
    exit_code: int
    seconds: float
    log: str
    mend: str
    shows: str
