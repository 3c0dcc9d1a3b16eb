"""An AWS and a Docker that say what a test wants, and a clock that nobody waits for."""

import json
import os

# Answers call by call: the files 1, 2, ...; what is in 2.error is an error.
PROGRAM = """\
#!/bin/sh
cd '{folder}' || exit
printf '%s\\n' "${{0##*/}} $*" >>asked
case "$*" in *--password-stdin*) cat >password ;; esac
call=$(($(wc -l <asked)))
if [ -e "$call.error" ]; then cat "$call.error" >&2; exit 254; fi
cat "$call"
"""


def stand_in(folder, monkeypatch):
    """Return a function that sets what AWS and Docker answer; `asked` has the calls."""
    for name in ("aws", "docker"):
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(PROGRAM.format(folder=folder))
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DEPLOY_POLL_SECONDS", "0")
    asked = folder / "asked"

    def answer(*answers):
        for call, each in enumerate(answers, 1):
            is_error = isinstance(each, str)
            text = each if is_error else json.dumps(each)
            (folder / f"{call}{'.error' * is_error}").write_text(text)

    answer.folder, answer.asked = folder, lambda: asked.read_text().splitlines()
    return answer


class Clock:
    """Stands in for the module `time`: only who sleeps lets time pass."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
