"""Deploys this project for real, to a throw-away server, under constant load.

Then one enemy after the other attacks it there (enemy/).

`make rehearse` runs it. It needs Docker, and leaves the rest of this machine alone.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
