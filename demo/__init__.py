"""`make demo`: render the template, set it up, start it and walk its API.

This file runs before any other of the package, and on any Python: it says in one
line what is missing, where the others would end in a traceback.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "The demo needs Python 3.11 or newer; this is %d.%d. "
        "Choose another: make demo PYTHON=python3.13" % sys.version_info[:2]
    )

import importlib.util

for _package in ("cookiecutter", "httpx"):
    if importlib.util.find_spec(_package) is None:
        sys.exit(
            "The demo needs the package %s, which %s does not have. "
            "`make demo` installs it into .venv." % (_package, sys.executable)
        )
