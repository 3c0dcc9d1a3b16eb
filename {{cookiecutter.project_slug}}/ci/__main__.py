"""`python -m ci [CHECK...]`, `python -m ci report`, `python -m ci ready`."""

import argparse
import sys

from ci.checks import CHECKS
from ci.play import play
from ci.report import ready, report


def _arguments() -> list[str]:
    known = [*CHECKS, "report", "ready"]
    parser = argparse.ArgumentParser(prog="ci", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="CHECK", help=", ".join(known))
    what: list[str] = parser.parse_args().what
    for word in what:
        if word not in known:
            parser.error(f"'{word}' is no check; there are: {', '.join(known)}")
    return what


def main() -> None:
    """Do what the command line asks; exit with one line if a check failed."""
    what = _arguments()
    if what == ["ready"]:
        if blocking := ready():
            sys.exit(f"Not ready to merge, because of: {', '.join(blocking)}")
        print("Ready to merge.")
    elif what == ["report"]:
        report()
    else:
        failed = [name for name in what or CHECKS if play(name)]
        if len(what) != 1:
            report()
        if failed:
            sys.exit(f"Failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
