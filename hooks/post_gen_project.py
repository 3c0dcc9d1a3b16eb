"""Keep the README of the chosen language and say what comes next.

Standard library only, offline, and safe to run again.
"""

import json
import sys
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

NEXT = """
{name} is in {slug}/. Next:

    cd {slug}
    make setup    # a virtual environment, an .env with new secrets, a database
    make run      # the API, its docs at http://localhost:8000/api/v1/docs
    make help     # everything else
"""


def keep_readme_of(language):
    korean = Path("README.ko.md")
    if language == "ko" and korean.exists():
        korean.replace("README.md")
    korean.unlink(missing_ok=True)


def main():
    # A Korean Windows console can't show an emoji: show its escape instead.
    sys.stdout.reconfigure(errors="backslashreplace")
    keep_readme_of(ANSWERS["language"])
    print(NEXT.format(name=ANSWERS["project_name"], slug=ANSWERS["project_slug"]))


main()
