"""The checks that GitHub runs on every pull request, as commands that run anywhere.

`make ci` runs all checks here, `make ci CHECK=style` one of them, and `make ci-report`
writes the pull request's comment from their results in build/ci. Uses the standard
library alone, because installing the packages is a step that can fail.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "build" / "ci"
