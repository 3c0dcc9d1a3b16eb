#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main():
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # The seed may take its time; a migration has its own limit (common/management). All
    # wait for locks as briefly as the API: else everybody would wait behind them.
    os.environ["DATABASE_STATEMENT_TIMEOUT"] = "0"
    os.environ["DATABASE_IDLE_TIMEOUT"] = "0"
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here: run `make setup`, then use .venv.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
