"""Talks to GitHub's API: the one comment, and the coverage of the main branch."""

import io
import json
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from ci.comment import MARKER

COVERAGE = "tests/coverage.json"
PAGE_SIZE = 100
MAX_PAGES = 10


class Forbidden(Exception):
    """The token may only read, as in a run for a pull request from a fork."""


class GitHub:
    """The repository that this run belongs to, from the variables that GitHub sets.

    Raises KeyError if one is missing. Its methods raise OSError if the API fails.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.api = environment.get("GITHUB_API_URL", "https://api.github.com")
        self.token = environment["GITHUB_TOKEN"]
        self.repository = environment["GITHUB_REPOSITORY"]
        self.own = f"{self.api}/repos/{self.repository}"

    def put_comment(self, number: int, body: str) -> None:
        """Update this program's comment on a pull request, or write the first one.

        Raises Forbidden if the token may only read.
        """
        comments = f"{self.own}/issues/{number}/comments"
        for comment in self._listed(f"{comments}?"):
            if _is_ours(comment):
                self._ask("PATCH", comment["url"], {"body": body})
                return
        self._ask("POST", comments, {"body": body})

    def branch_coverage(self, branch: str) -> float | None:
        """Return the coverage of a branch's latest run in per cent, or None."""
        listing = f"{self.own}/actions/artifacts?name=ci-tests&"
        for artifact in self._listed(listing, "artifacts"):
            run = artifact["workflow_run"]
            # A fork may call its branch main, too.
            own = run["head_repository_id"] == run["repository_id"]
            if own and run["head_branch"] == branch and not artifact["expired"]:
                return self._artifact_coverage(artifact["archive_download_url"])
        return None

    def _artifact_coverage(self, address: str) -> float | None:
        with zipfile.ZipFile(io.BytesIO(self._fetch("GET", address))) as archive:
            if COVERAGE not in archive.namelist():
                return None
            totals = json.loads(archive.read(COVERAGE))["totals"]
            return float(totals["percent_covered"])

    def _listed(self, address: str, name: str | None = None) -> Iterator[Any]:
        """Yield all items of a listing, page by page; `name` is their key, if any."""
        for page in range(1, MAX_PAGES + 1):
            answer = self._ask("GET", f"{address}per_page={PAGE_SIZE}&page={page}")
            found = answer[name] if name else answer
            yield from found
            if len(found) < PAGE_SIZE:
                return

    def _ask(self, method: str, address: str, content: Any = None) -> Any:
        return json.loads(self._fetch(method, address, content))

    def _fetch(self, method: str, address: str, content: Any = None) -> bytes:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(address, data, method=method)
        request.add_header("Accept", "application/vnd.github+json")
        # Not sent on to the other host that an artifact's address redirects to.
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            # The body of the error is not needed.
            error.close()
            if error.code == 403 and method != "GET":
                raise Forbidden from None
            raise


def _is_ours(comment: dict[str, Any]) -> bool:
    # Anyone may write the marker; only Actions writes as this user.
    author, body = comment["user"]["login"], str(comment["body"])
    return bool(author == "github-actions[bot]") and body.startswith(MARKER)
