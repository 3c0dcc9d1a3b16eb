#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main():
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # A migration or the seed may take its time. It waits for locks as briefly as the
    # API: else everybody would wait behind it.
    statement = "MIGRATION_STATEMENT_TIMEOUT" if sys.argv[1:2] == ["migrate"] else ""
    os.environ["DATABASE_STATEMENT_TIMEOUT"] = os.environ.get(statement, "0")
    os.environ["DATABASE_IDLE_TIMEOUT"] = "0"
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here: run `make setup`, then use .venv.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
