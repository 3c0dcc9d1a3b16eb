"""Makes the report, for the screen, the job's summary and the pull request."""

import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

from ci import RESULTS, comment
from ci.github import Forbidden, GitHub

READ_ONLY = (
    "This run may not write comments, because the pull request comes from a fork "
    "(or from Dependabot): the report is in the run's summary."
)
UNREADABLE = (OSError, KeyError, ValueError, zipfile.BadZipFile)


def report(environment: Mapping[str, str] = os.environ) -> None:
    """Write build/ci/comment.md, the job's summary and the pull request's comment."""
    event = _read_event(environment)
    pull_request = event.get("pull_request")
    text = comment.write(RESULTS, _describe(environment, pull_request))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "comment.md").write_text(text, encoding="utf-8")
    print(text)
    if environment.get("GITHUB_STEP_SUMMARY"):
        with open(environment["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8") as summary:
            summary.write(text)
    if pull_request and environment.get("GITHUB_TOKEN"):
        _put_comment(environment, pull_request["number"], text)


def _put_comment(environment: Mapping[str, str], number: int, text: str) -> None:
    """Write the comment, or print why not: the report is in the summary, too.

    An outage of GitHub's API must not make the checks fail.
    """
    try:
        GitHub(environment).put_comment(number, text)
    except Forbidden:
        print(f"::notice::{READ_ONLY}")
    except UNREADABLE as error:
        print(f"::warning::The comment could not be written: {error}")


def _read_event(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the event that started this run on GitHub; {} anywhere else."""
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    with open(path, encoding="utf-8") as event:
        started: dict[str, Any] = json.load(event)
    return started


def _describe(
    environment: Mapping[str, str], pull_request: dict[str, Any] | None
) -> comment.Run:
    """Return the comment.Run that GitHub's variables describe."""
    if not environment.get("GITHUB_REPOSITORY"):
        return comment.Run()
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    home = f"{server}/{environment['GITHUB_REPOSITORY']}"
    commit = environment.get("GITHUB_SHA", "")
    if pull_request:
        # GITHUB_SHA is its merge into main, for the tests; people know its own commit.
        commit = pull_request["head"]["sha"]
    return comment.Run(
        needs=json.loads(environment.get("NEEDS") or "{}"),
        files=f"{home}/blob/{commit}",
        log=f"{home}/actions/runs/{environment.get('GITHUB_RUN_ID', '')}",
        commit=commit,
        earlier_coverage=_earlier_coverage(environment, pull_request),
    )


def _earlier_coverage(
    environment: Mapping[str, str], pull_request: dict[str, Any] | None
) -> float | None:
    if not pull_request or not environment.get("GITHUB_TOKEN"):
        return None
    try:
        return GitHub(environment).branch_coverage(pull_request["base"]["ref"])
    except UNREADABLE as error:
        # The report is worth having without the comparison.
        print(f"::notice::The main branch's coverage could not be read: {error}")
        return None


def ready(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names of the jobs that block the merge of a pull request."""
    needs = json.loads(environment["NEEDS"])
    return [name for name, job in needs.items() if job["result"] != "success"]
