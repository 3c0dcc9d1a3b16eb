"""Deploys this project for real, to a throw-away server, under constant load.

`make rehearse` runs it; it needs Docker, and nothing else on this machine changes.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
