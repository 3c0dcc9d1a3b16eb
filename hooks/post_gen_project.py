"""Say what comes next.

Standard library only, offline, and safe to run again.
"""

import json
import sys

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

NEXT = """
{name} is in {slug}/. Next:

    cd {slug}
    make setup    # a virtual environment, an .env with new secrets, a database
    make run      # the API, its docs at http://localhost:8000/api/v1/docs
    make help     # everything else
"""


def main():
    # A Korean Windows console can't show an emoji: show its escape instead.
    sys.stdout.reconfigure(errors="backslashreplace")
    print(NEXT.format(name=ANSWERS["project_name"], slug=ANSWERS["project_slug"]))


main()
