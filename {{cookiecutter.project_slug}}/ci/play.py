"""Runs a check: shows the output of its steps, and writes their results to files."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import IO

from ci import PROJECT, RESULTS, Outcome
from ci.checks import CHECKS, INSTALLED_FROM, Step


def play(name: str) -> int:
    """Run all steps of a check; return how many failed.

    Writes build/ci/NAME/result.json, and the output of each step in a file beside it.
    After a failure the next steps still run, unless installing the packages failed.
    """
    folder = RESULTS / name
    # Files of an earlier run would be taken for this one's.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    outcomes = []
    for step in CHECKS[name]():
        outcomes.append(_run(step, folder))
        _write(folder, name, outcomes, time.monotonic() - began)
        if step.name == "install" and outcomes[-1]["exit_code"]:
            break
    return sum(outcome["exit_code"] != 0 for outcome in outcomes)


def _run(step: Step, folder: Path) -> Outcome:
    """Run a step; return its result, to be written as JSON."""
    print(f"\n=== {step.name} ===", flush=True)
    log = folder / f"{step.name.replace('/', '-').replace(' ', '-')}.log"
    began = time.monotonic()
    exit_code = _show_and_keep(step, log)
    seconds = time.monotonic() - began
    print(
        f"{'FAILED' if exit_code else 'ok'}: {step.name}, {seconds:.1f} s", flush=True
    )
    return {
        "name": step.name,
        "exit_code": exit_code,
        "seconds": round(seconds, 1),
        "log": log.name,
        "mend": step.mend,
        "shows": step.shows,
    }


def _show_and_keep(step: Step, log: Path) -> int:
    """Run a step's command; its output goes to the terminal and into `log`."""
    command = list(map(str, step.command))
    with open(log, "w", encoding="utf-8") as kept:
        if "/" not in command[0] and not shutil.which(command[0]):
            _say(_missing(command[0]), kept)
            return 127
        with subprocess.Popen(
            command,
            cwd=PROJECT,
            # The tests write their reports there.
            env={**os.environ, "REPORTS": str(log.parent), **step.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout
            for line in process.stdout:
                _say(line.rstrip("\n").replace(f"{PROJECT}/", ""), kept)
    return process.returncode


def _missing(program: str) -> str:
    where = INSTALLED_FROM.get(program)
    return f"{program} is not installed" + (f": see https://{where}" if where else "")


def _say(line: str, kept: IO[str]) -> None:
    print(line, flush=True)
    print(line, file=kept)


def _write(folder: Path, name: str, outcomes: list[Outcome], seconds: float) -> None:
    result = {"check": name, "seconds": round(seconds, 1), "steps": outcomes}
    path = folder / "result.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
